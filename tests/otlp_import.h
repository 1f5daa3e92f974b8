/* otlp_import.h - OTLP JSON out of memory into text, for the tests of its importer. */
#ifndef NJ_TESTS_OTLP_IMPORT_H
#define NJ_TESTS_OTLP_IMPORT_H

#include "importers/importer.h"
#include "tests/span_text.h"
#include "tests/test.h"

extern const struct nj_importer nj_importer_otlp_json;

#define ACCEPT NJ_FIXTURES "/accept/otlp-json/"

/* One import: its spans as text, its status and its diagnostics. */
struct import {
    struct span_text record;
    struct nj_error err;
    enum nj_status status;
};

static inline void
import_at(struct import *in, struct nj_slice bytes, size_t step, uint64_t resume_offset)
{
    struct nj_input input = {.path = "x", .resume_offset = resume_offset};

    *in = (struct import){0};
    span_text_init(&in->record);
    assert_int_equal(nj_stream_open_memory(&input.stream, bytes, &in->err), NJ_OK);
    if (step)
        nj_stream_limit_step(input.stream, step);
    assert_int_equal(nj_stream_skip_to(input.stream, resume_offset, &in->err), NJ_OK);
    in->status = nj_stream_want(input.stream, NJ_SNIFF_BYTES, &in->err);
    if (in->status != NJ_EFORMAT)
        assert_int_equal(in->status, NJ_OK);
    nj_error_clear(&in->err);
    in->status = nj_importer_otlp_json.read(&input, &in->record.sink, &in->err);
    nj_stream_close(input.stream);
}

static inline void
import_text(struct import *in, const char *text)
{
    import_at(in, nj_slice_of(text), 0, 0);
}

static inline uint64_t
count_of(const struct import *in, enum nj_diag_id id)
{
    return in->record.sink.diags->counts[id].count;
}

static inline const char *
place_of(const struct import *in, enum nj_diag_id id)
{
    return in->record.sink.diags->counts[id].places[0];
}

static inline void
import_fini(struct import *in)
{
    span_text_fini(&in->record);
}

static inline void
assert_text(const struct nj_buf *got, const struct nj_buf *want, const char *name)
{
    if (!nj_slice_eq(nj_buf_slice(got), nj_buf_slice(want)))
        fail_msg("%s: got\n%.*s", name, NJ_FMT(nj_buf_slice(got)));
}

#define SPAN(id)                                                                               \
    "{\"traceId\":\"0123456789abcdef0123456789abcdef\",\"spanId\":\"00000000000000" id         \
    "\",\"name\":\"s" id "\",\"startTimeUnixNano\":\"1000\",\"endTimeUnixNano\":\"2000\"}"
#define LINE(spans) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" spans "]}]}]}"

#endif
