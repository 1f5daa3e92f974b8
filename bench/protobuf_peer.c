/* protobuf_peer.c - the same extraction as read_spans.c with protobuf-c and an arena for its
 * allocations, as a yardstick. usage: nj_protobuf_peer FILE [REPEATS], for length-prefixed files. */
#include "bench/checksum.h"

#include <otlp_trace.pb-c.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ARENA_BYTES = 256 << 20 };

/* Bytes handed out from one block, all given back at once. */
struct bump {
    char *ptr;
    size_t used;
};

static void *
bump_alloc(void *context, size_t size)
{
    struct bump *b = context;
    size_t need = (size + 15) & ~(size_t)15;

    if (ARENA_BYTES - b->used < need)
        return NULL;
    b->used += need;
    return b->ptr + b->used - need;
}

static void
bump_free(void *context, void *ptr)
{
    (void)context;
    (void)ptr;
}

static void
add_text(struct nj_checksum *c, const char *text)
{
    nj_checksum_text(c, text ? text : "", text ? strlen(text) : 0);
}

/* Types by the numbers of nj_value, so that both programs add up the same. */
static void
add_value(struct nj_checksum *c, const Otlp__AnyValue *v)
{
    enum { NONE, STRING, BOOL, INT, DOUBLE } type = NONE;
    uint64_t bits = 0;

    if (v && v->value_case == OTLP__ANY_VALUE__VALUE_STRING_VALUE)
        type = STRING;
    else if (v && v->value_case == OTLP__ANY_VALUE__VALUE_BOOL_VALUE)
        type = BOOL;
    else if (v && v->value_case == OTLP__ANY_VALUE__VALUE_INT_VALUE)
        type = INT;
    else if (v && v->value_case == OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE)
        type = DOUBLE;
    nj_checksum_number(c, type);
    if (type == STRING)
        add_text(c, v->string_value);
    else if (type == BOOL)
        bits = v->bool_value != 0;
    else if (type == INT)
        bits = (uint64_t)v->int_value;
    else if (type == DOUBLE)
        memcpy(&bits, &v->double_value, sizeof bits);
    nj_checksum_number(c, bits);
}

static void
add_attrs(struct nj_checksum *c, Otlp__KeyValue *const *list, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        add_text(c, list[i]->key);
        add_value(c, list[i]->value);
    }
    c->attrs += len;
}

static uint64_t
id_of(const ProtobufCBinaryData *bytes)
{
    uint64_t id = 0;

    for (size_t i = 0; i < bytes->len; i++)
        id = id << 8 | bytes->data[i];
    return id;
}

static void
add_span(struct nj_checksum *c, const Otlp__Span *s)
{
    c->spans++;
    nj_checksum_text(c, (const char *)s->trace_id.data, s->trace_id.len);
    nj_checksum_number(c, id_of(&s->span_id) + id_of(&s->parent_span_id));
    nj_checksum_number(c, s->start_time_unix_nano + s->end_time_unix_nano * 3);
    nj_checksum_number(c, (uint64_t)s->kind + 8u * (uint64_t)(s->status ? s->status->code : 0));
    add_text(c, s->name);
    add_text(c, s->status ? s->status->message : "");
    add_attrs(c, s->attributes, s->n_attributes);
    c->events += s->n_events;
    for (size_t i = 0; i < s->n_events; i++) {
        nj_checksum_number(c, s->events[i]->time_unix_nano);
        add_text(c, s->events[i]->name);
        add_attrs(c, s->events[i]->attributes, s->events[i]->n_attributes);
    }
}

static void
add_request(struct nj_checksum *c, const Otlp__TracesData *data)
{
    for (size_t r = 0; r < data->n_resource_spans; r++) {
        const Otlp__ResourceSpans *resource = data->resource_spans[r];
        for (size_t k = 0; k < resource->n_scope_spans; k++)
            for (size_t i = 0; i < resource->scope_spans[k]->n_spans; i++)
                add_span(c, resource->scope_spans[k]->spans[i]);
    }
}

static char *
file_read(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;

    if (file && fseek(file, 0, SEEK_END) == 0) {
        *len = (size_t)ftell(file);
        rewind(file);
        bytes = malloc(*len + 1);
        if (bytes && fread(bytes, 1, *len, file) != *len) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (file)
        (void)fclose(file);
    return bytes;
}

/* All records of the file; false: damaged. */
static int
records_read(const unsigned char *at, const unsigned char *end, struct bump *bump,
             struct nj_checksum *c)
{
    ProtobufCAllocator allocator = {bump_alloc, bump_free, bump};

    while (end - at >= 4) {
        size_t len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
        at += 4;
        bump->used = 0;
        Otlp__TracesData *data =
            len <= (size_t)(end - at) ? otlp__traces_data__unpack(&allocator, len, at) : NULL;
        if (!data)
            return 0;
        add_request(c, data);
        at += len;
    }
    return 1;
}

int
main(int argc, char **argv)
{
    size_t len = 0;
    char *bytes = argc > 1 ? file_read(argv[1], &len) : NULL;
    struct bump bump = {malloc(ARENA_BYTES), 0};

    if (!bytes || !bump.ptr)
        return 2;
    for (int i = 0; i < (argc > 2 ? atoi(argv[2]) : 1); i++) {
        struct nj_checksum c = {0};
        clock_t begin = clock();
        if (!records_read((const unsigned char *)bytes, (const unsigned char *)bytes + len, &bump, &c))
            return 1;
        double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
        printf("%.3f GB/s %.0f ns/span, %llu spans %llu attributes %llu events %016llx\n",
               (double)len / seconds / 1e9, seconds * 1e9 / (double)c.spans,
               (unsigned long long)c.spans, (unsigned long long)c.attrs,
               (unsigned long long)c.events, (unsigned long long)c.sum);
    }
    free(bytes);
    free(bump.ptr);
    return 0;
}
