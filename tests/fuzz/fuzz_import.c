/* fuzz_import.c - an importer over any bytes: it ends, it stays inside its memory, it hands
 * over spans that are whole, and when it gives up it says why. Built once for each line of
 * importers/registry.def; NJ_FUZZ_IMPORTER names the importer. */
#include "base/hash.h"
#include "importers/importer.h"

#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
volatile uint64_t nj_fuzz_sum; /* so that nothing is left out as unused */
extern const struct nj_importer NJ_FUZZ_IMPORTER;

/* Reads every byte, so that a sanitizer sees what is not there. */
static void
touch(struct nj_slice text)
{
    if (text.len)
        nj_fuzz_sum += nj_hash(text);
}

static void
touch_attrs(const struct nj_attrs *attrs)
{
    for (size_t i = 0; i < attrs->len; i++) {
        const struct nj_value *v = &attrs->list[i].value;
        touch(attrs->list[i].key);
        if (v->type == NJ_VALUE_STRING || v->type == NJ_VALUE_BYTES)
            touch(v->bytes);
        if (v->type != NJ_VALUE_ARRAY && v->type != NJ_VALUE_MAP)
            continue;
        const uint8_t *at = (const uint8_t *)v->bytes.ptr, *end = at + v->bytes.len;
        struct nj_attr member;
        while (v->bytes.len && at < end)
            if (v->type == NJ_VALUE_MAP ? !nj_pair_read(&at, end, &member)
                                        : !nj_value_read(&at, end, &member.value))
                abort();
    }
}

struct counting_sink {
    struct nj_sink sink;
    uint32_t scopes;
    uint64_t offset;
};

static enum nj_status
sink_scope(struct nj_sink *sink, const struct nj_scope *scope, uint32_t *out,
           struct nj_error *err)
{
    (void)err;
    touch(scope->name);
    touch(scope->version);
    touch(scope->schema_url);
    touch(scope->resource_schema_url);
    touch_attrs(&scope->resource);
    touch_attrs(&scope->attrs);
    *out = ((struct counting_sink *)sink)->scopes++;
    return NJ_OK;
}

static enum nj_status
sink_span(struct nj_sink *sink, const struct nj_span *span, struct nj_error *err)
{
    (void)err;
    if (span->scope >= ((struct counting_sink *)sink)->scopes ||
        span->otel_kind > NJ_OTEL_CONSUMER || span->status > NJ_STATUS_ERROR)
        abort();
    touch(span->trace_text);
    touch(span->span_text);
    touch(span->parent_text);
    touch(span->name);
    touch(span->trace_state);
    touch(span->status_message);
    touch_attrs(&span->attrs);
    for (size_t i = 0; i < span->events_len; i++) {
        touch(span->events[i].name);
        touch_attrs(&span->events[i].attrs);
    }
    for (size_t i = 0; i < span->links_len; i++) {
        touch(span->links[i].trace_text);
        touch(span->links[i].span_text);
        touch(span->links[i].trace_state);
        touch_attrs(&span->links[i].attrs);
    }
    return NJ_OK;
}

static enum nj_status
sink_checkpoint(struct nj_sink *sink, uint64_t offset, struct nj_error *err)
{
    struct counting_sink *counting = (struct counting_sink *)sink;

    (void)err;
    if (offset < counting->offset)
        abort();
    counting->offset = offset;
    return NJ_OK;
}

/* Databases are opened by their path, so their bytes go into a file of their own. */
static const char *
file_make(struct nj_slice bytes)
{
    static char path[] = "/tmp/nj_fuzz_XXXXXX";
    static int fd = -1;

    if (!nj_slice_starts(bytes, NJ_SLICE("SQLite format 3")))
        return "fuzz";
    if (fd < 0)
        fd = mkstemp(path);
    if (fd < 0 || ftruncate(fd, 0) != 0 ||
        pwrite(fd, bytes.ptr, bytes.len, 0) != (ssize_t)bytes.len)
        abort();
    return path;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct counting_sink sink = {
        .sink = {sink_scope, sink_span, sink_checkpoint, nj_diags_new()}};
    struct nj_error err = {0};
    struct nj_slice bytes = {(const char *)data, size};
    struct nj_input input = {.path = file_make(bytes)};

    if (!sink.sink.diags || nj_stream_open_memory(&input.stream, bytes, &err) < 0)
        abort();
    /* databases are not read through the stream; what is compressed may be much longer */
    bool is_database = nj_slice_starts(bytes, NJ_SLICE("SQLite"));
    size_t step_min = size > 0 && (data[0] == 0x28 || data[0] == 0x1f) ? 512 : 1;
    if (!is_database && size > 2 && data[size - 1] % 4 == 0)
        nj_stream_limit_step(input.stream, step_min + data[size / 2]);
    if (nj_stream_want(input.stream, NJ_SNIFF_BYTES, &err) < 0)
        nj_error_clear(&err);
    struct nj_slice head = nj_stream_window(input.stream);
    bool is_whole = head.len < NJ_SNIFF_BYTES;
    if (!is_whole)
        head.len = NJ_SNIFF_BYTES;
    /* databases are recognised by their tables */
    int sure = NJ_FUZZ_IMPORTER.sniff ? NJ_FUZZ_IMPORTER.sniff(head, is_whole) : 0;
    if (sure < 0 || sure > 100)
        abort();
    if (NJ_FUZZ_IMPORTER.read(&input, &sink.sink, &err) < 0 && err.causes_len == 0)
        abort();
    nj_stream_close(input.stream);
    free(sink.sink.diags);
    return 0;
}
