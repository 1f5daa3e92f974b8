/* protobuf_peer.c - the same extraction as read_spans.c with protobuf-c and an arena for its
 * allocations, as a yardstick. usage: nj_protobuf_peer FILE [REPEATS], for length-prefixed
 * files. */
#include "bench/clock.h"

#include <otlp_trace.pb-c.h>

#include <stdlib.h>

enum { ARENA_BYTES = 256 << 20 };

/* Bytes handed out from one block, all given back at once. */
struct bump {
    char *ptr;
    size_t used;
};

struct buffer {
    unsigned char *bytes;
    size_t cap;
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
    enum { NONE, STRING, BOOL, INT, DOUBLE, BYTES, ARRAY, MAP };
    static const unsigned char types[] = {
        [OTLP__ANY_VALUE__VALUE_STRING_VALUE] = STRING,
        [OTLP__ANY_VALUE__VALUE_BOOL_VALUE] = BOOL,
        [OTLP__ANY_VALUE__VALUE_INT_VALUE] = INT,
        [OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE] = DOUBLE,
        [OTLP__ANY_VALUE__VALUE_ARRAY_VALUE] = ARRAY,
        [OTLP__ANY_VALUE__VALUE_KVLIST_VALUE] = MAP,
        [OTLP__ANY_VALUE__VALUE_BYTES_VALUE] = BYTES,
    };
    unsigned type = v ? types[v->value_case] : NONE;
    uint64_t bits = 0;

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

/* One record of the file, which is read as it comes, as the importer reads it. 1: there was
 * one; 0: the file ends; -1: damaged. */
static int
record_read(FILE *file, struct buffer *in, struct bump *bump, struct nj_checksum *c)
{
    ProtobufCAllocator allocator = {bump_alloc, bump_free, bump};
    unsigned char head[4];

    if (fread(head, 1, sizeof head, file) != sizeof head)
        return 0;
    size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (len > in->cap) {
        free(in->bytes);
        in->bytes = malloc(len * 2);
        in->cap = in->bytes ? len * 2 : 0;
    }
    if (len > in->cap || fread(in->bytes, 1, len, file) != len)
        return -1;
    bump->used = 0;
    Otlp__TracesData *data = otlp__traces_data__unpack(&allocator, len, in->bytes);
    if (!data)
        return -1;
    add_request(c, data);
    return 1;
}

int
main(int argc, char **argv)
{
    struct bump bump = {malloc(ARENA_BYTES), 0};
    struct buffer in = {NULL, 0};
    int got = 0;

    if (argc < 2 || !bump.ptr)
        return 2;
    for (int i = 0; i < (argc > 2 ? atoi(argv[2]) : 1) && got == 0; i++) {
        struct nj_checksum c = {0};
        struct nj_cpu begin = nj_cpu_now();
        FILE *file = fopen(argv[1], "rb");
        if (!file)
            return 2;
        while ((got = record_read(file, &in, &bump, &c)) == 1)
            ;
        long bytes = ftell(file);
        (void)fclose(file);
        nj_round_print((double)bytes, begin, &c);
    }
    free(in.bytes);
    free(bump.ptr);
    return got == 0 ? 0 : 1;
}
