/* read_spans.c - how fast an importer reads a file: into a sink that only adds up.
 * usage: nj_read_spans FILE [REPEATS]; prints what bench/clock.h says, over decompressed
 * bytes. */
#include "base/heap.h"
#include "bench/clock.h"
#include "importers/importer.h"

#include <stdlib.h>

struct adding_sink {
    struct nj_sink sink;
    struct nj_checksum sums;
};

static enum nj_status
add_scope(struct nj_sink *sink, const struct nj_scope *scope, uint32_t *out,
          struct nj_error *err)
{
    (void)sink;
    (void)scope;
    (void)err;
    *out = 0;
    return NJ_OK;
}

static void
add_attrs(struct nj_checksum *c, const struct nj_attrs *attrs)
{
    for (size_t i = 0; i < attrs->len; i++) {
        const struct nj_value *v = &attrs->list[i].value;
        uint64_t bits = 0;
        nj_checksum_text(c, attrs->list[i].key.ptr, attrs->list[i].key.len);
        nj_checksum_number(c, v->type);
        if (v->type == NJ_VALUE_STRING)
            nj_checksum_text(c, v->bytes.ptr, v->bytes.len);
        else if (v->type == NJ_VALUE_INT || v->type == NJ_VALUE_DOUBLE)
            memcpy(&bits, &v->integer, sizeof bits);
        else if (v->type == NJ_VALUE_BOOL)
            bits = v->boolean;
        nj_checksum_number(c, bits);
    }
    c->attrs += attrs->len;
}

static enum nj_status
add_span(struct nj_sink *sink, const struct nj_span *span, struct nj_error *err)
{
    struct nj_checksum *c = &((struct adding_sink *)sink)->sums;

    (void)err;
    c->spans++;
    nj_checksum_text(c, (const char *)span->trace_id.bytes, NJ_TRACE_ID_BYTES);
    nj_checksum_number(c, span->span_id + (span->has_parent ? span->parent_id : 0));
    nj_checksum_number(c, (uint64_t)span->start_ns + (uint64_t)span->end_ns * 3);
    nj_checksum_number(c, (uint64_t)span->otel_kind + 8u * (uint64_t)span->status);
    nj_checksum_text(c, span->name.ptr, span->name.len);
    nj_checksum_text(c, span->status_message.ptr, span->status_message.len);
    add_attrs(c, &span->attrs);
    c->events += span->events_len;
    for (size_t i = 0; i < span->events_len; i++) {
        nj_checksum_number(c, (uint64_t)span->events[i].time_ns);
        nj_checksum_text(c, span->events[i].name.ptr, span->events[i].name.len);
        add_attrs(c, &span->events[i].attrs);
    }
    return NJ_OK;
}

static enum nj_status
add_checkpoint(struct nj_sink *sink, uint64_t offset, struct nj_error *err)
{
    (void)sink;
    (void)offset;
    (void)err;
    return NJ_OK;
}

/* Reads the file once. */
static enum nj_status
read_once(const char *path, struct adding_sink *sink, uint64_t *bytes, struct nj_error *err)
{
    struct nj_input input = {.path = path};

    enum nj_status st = nj_stream_open(&input.stream, path, err);
    if (st < 0)
        return st;
    st = nj_stream_want(input.stream, NJ_SNIFF_BYTES, err);
    struct nj_slice head = nj_stream_window(input.stream);
    if (head.len > NJ_SNIFF_BYTES)
        head.len = NJ_SNIFF_BYTES;
    const struct nj_importer *importer = nj_importer_sniff(head, false);
    if (st == NJ_OK && !importer)
        st = nj_fail(err, NJ_EFORMAT, "%s: no importer recognises it", path);
    if (st == NJ_OK)
        st = importer->read(&input, &sink->sink, err);
    *bytes = nj_stream_offset(input.stream);
    nj_stream_close(input.stream);
    return st;
}

int
main(int argc, char **argv)
{
    int repeats = argc > 2 ? atoi(argv[2]) : 1;
    struct nj_error err = {0};

    nj_heap_prepare();
    if (argc < 2)
        return 2;
    for (int i = 0; i < repeats; i++) {
        struct adding_sink sink = {{add_scope, add_span, add_checkpoint, nj_diags_new()}, {0}};
        uint64_t bytes = 0;
        struct nj_cpu begin = nj_cpu_now();
        if (read_once(argv[1], &sink, &bytes, &err) < 0) {
            fprintf(stderr, "%s\n", err.causes[0]);
            return 1;
        }
        nj_round_print((double)bytes, begin, &sink.sums);
        for (size_t d = 0; i == 0 && d < NJ_DIAGS_LEN; d++) {
            const struct nj_diag_count *count = &sink.sink.diags->counts[d];
            if (count->count)
                printf("  %s %llu %s\n", nj_diag_specs[d].id, (unsigned long long)count->count,
                       count->places[0]);
        }
        free(sink.sink.diags);
    }
    return 0;
}
