/* filling.c - random spans, and stores filled with them. */
#include "tests/filling.h"

#include "store/sqlite_reader.h"

#include <stdio.h>

enum { DEPTH_MAX = 3 };

static uint64_t
below(uint64_t *seed, uint64_t limit)
{
    return test_random(seed) % limit;
}

static struct nj_slice
random_text(struct nj_arena *arena, uint64_t *seed, size_t len_max)
{
    static const char *const texts[] = {"",
                                        "a",
                                        "gpt-4o",
                                        "ünïcode \xF0\x9F\x9A\x80",
                                        "bad \xFF utf8",
                                        "{\"role\":\"user\"}",
                                        "line\nbreak",
                                        "</script>"};
    size_t len = below(seed, len_max + 1);

    if (below(seed, 3) == 0)
        return nj_slice_of(texts[below(seed, NJ_LEN(texts))]);
    char *text = nj_arena_alloc(arena, len + 1, 1);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)below(seed, 256);
    return (struct nj_slice){text, len};
}

static int64_t
random_integer(uint64_t *seed)
{
    static const int64_t odd[] = {0, -1, 1, INT64_MAX, INT64_MIN, 127, 128, -64, -65};

    return below(seed, 2) ? odd[below(seed, NJ_LEN(odd))] : (int64_t)test_random(seed);
}

static double
random_real(uint64_t *seed)
{
    static const double odd[] = {0.0, -0.0, 0.1, 1e300, -1e-300, 1.0 / 3.0};
    double real;

    if (below(seed, 2))
        return odd[below(seed, NJ_LEN(odd))];
    uint64_t bits = test_random(seed);
    memcpy(&real, &bits, sizeof real);
    return real;
}

static struct nj_value random_value(struct nj_arena *arena, uint64_t *seed, unsigned depth);

/* The elements of an array or a map in byte form. */
static struct nj_slice
random_elements(struct nj_arena *arena, uint64_t *seed, bool is_map, unsigned depth)
{
    struct nj_buf buf = {0};

    for (uint64_t i = below(seed, 4); i > 0; i--) {
        struct nj_attr attr = {random_text(arena, seed, 12),
                               random_value(arena, seed, depth + 1)};
        if (is_map)
            nj_pair_write(&buf, &attr);
        else
            nj_value_write(&buf, &attr.value);
    }
    struct nj_slice copy = nj_arena_copy(arena, nj_buf_slice(&buf));
    nj_buf_fini(&buf);
    return copy;
}

static struct nj_value
random_value(struct nj_arena *arena, uint64_t *seed, unsigned depth)
{
    uint64_t types = depth < DEPTH_MAX ? NJ_VALUE_MAP + 1 : NJ_VALUE_ARRAY;
    struct nj_value value = {.type = (enum nj_value_type)below(seed, types)};

    switch (value.type) {
    case NJ_VALUE_NULL:
        break;
    case NJ_VALUE_STRING:
    case NJ_VALUE_BYTES:
        value.bytes = random_text(arena, seed, 200);
        break;
    case NJ_VALUE_BOOL:
        value.boolean = below(seed, 2) == 1;
        break;
    case NJ_VALUE_INT:
        value.integer = random_integer(seed);
        break;
    case NJ_VALUE_DOUBLE:
        value.real = random_real(seed);
        break;
    case NJ_VALUE_ARRAY:
    case NJ_VALUE_MAP:
        value.bytes = random_elements(arena, seed, value.type == NJ_VALUE_MAP, depth);
        break;
    }
    return value;
}

static struct nj_attrs
random_attrs(struct nj_arena *arena, uint64_t *seed, size_t len_max)
{
    static const char *const keys[] = {
        "gen_ai.agent.name", "gen_ai.request.model", "gen_ai.usage.input_tokens", "error.type",
        "input.value",       "service.name",         "http.status_code",          ""};
    size_t len = below(seed, len_max + 1);
    struct nj_attr *list = NJ_NEW(arena, struct nj_attr, len + 1);

    assert_non_null(list);
    for (size_t i = 0; i < len; i++) {
        list[i].key = below(seed, 2) ? nj_slice_of(keys[below(seed, NJ_LEN(keys))])
                                     : random_text(arena, seed, 30);
        list[i].value = random_value(arena, seed, 0);
    }
    return (struct nj_attrs){list, len, (uint32_t)below(seed, 3)};
}

static struct nj_trace_id
random_trace_id(uint64_t *seed)
{
    struct nj_trace_id id;
    uint64_t halves[2] = {test_random(seed), test_random(seed)};

    memcpy(id.bytes, halves, sizeof id.bytes);
    return id;
}

static void
random_lists(struct nj_arena *arena, uint64_t *seed, struct nj_span *span)
{
    size_t events_len = below(seed, 3), links_len = below(seed, 3);
    struct nj_event *events = NJ_NEW(arena, struct nj_event, events_len + 1);
    struct nj_link *links = NJ_NEW(arena, struct nj_link, links_len + 1);

    assert_true(events && links);
    for (size_t i = 0; i < events_len; i++)
        events[i] = (struct nj_event){random_integer(seed), random_text(arena, seed, 20),
                                      random_attrs(arena, seed, 3)};
    for (size_t i = 0; i < links_len; i++) {
        links[i] = (struct nj_link){.trace_id = random_trace_id(seed),
                                    .span_id = test_random(seed),
                                    .trace_text = random_text(arena, seed, 9),
                                    .flags = (uint32_t)below(seed, 3),
                                    .attrs = random_attrs(arena, seed, 2)};
        links[i].span_text = random_text(arena, seed, 9);
        links[i].trace_state = random_text(arena, seed, 9);
    }
    span->events = events;
    span->events_len = events_len;
    span->links = links;
    span->links_len = links_len;
}

struct nj_span
filling_span(struct nj_arena *arena, uint64_t *seed, uint64_t n, unsigned traces_len)
{
    uint64_t trace_seed = below(seed, traces_len) + 1;
    bool has_text = trace_seed % 4 == 0;
    struct nj_span span = {
        .trace_id = random_trace_id(&trace_seed),
        .span_id = test_random(seed),
        .parent_id = test_random(seed),
        .has_parent = below(seed, 3) > 0,
        .name = random_text(arena, seed, 30),
        .start_ns = below(seed, 10) ? 1767225600000000000 + (int64_t)below(seed, 1000000000)
                                    : NJ_NO_TIME,
        .otel_kind = (enum nj_otel_kind)below(seed, NJ_OTEL_CONSUMER + 1),
        .status = (enum nj_status_code)below(seed, NJ_STATUS_ERROR + 1),
        .flags = (uint32_t)below(seed, 3),
        .attrs = random_attrs(arena, seed, 12),
        .events_dropped = (uint32_t)below(seed, 2),
        .links_dropped = (uint32_t)below(seed, 2),
    };
    span.end_ns =
        below(seed, 10) ? 1767225600000000000 + (int64_t)below(seed, 2000000000) : NJ_NO_TIME;
    span.parent_id = span.has_parent ? span.parent_id : 0;
    span.trace_state = below(seed, 4) ? (struct nj_slice){"", 0} : NJ_SLICE("ot=th:8");
    if (span.status == NJ_STATUS_ERROR)
        span.status_message = random_text(arena, seed, 40);
    if (has_text) {
        char text[24];
        (void)snprintf(text, sizeof text, "run-%llu", (unsigned long long)trace_seed);
        span.trace_text = nj_arena_copy(arena, nj_slice_of(text));
        span.span_text = random_text(arena, seed, 20);
        span.parent_text =
            span.has_parent ? random_text(arena, seed, 20) : (struct nj_slice){"", 0};
    }
    random_lists(arena, seed, &span);
    struct nj_attr *list = NJ_NEW(arena, struct nj_attr, span.attrs.len + 1);
    assert_non_null(list);
    list[0] = (struct nj_attr){NJ_SLICE("n"), {.type = NJ_VALUE_INT, .integer = (int64_t)n}};
    if (span.attrs.len)
        memcpy(list + 1, span.attrs.list, span.attrs.len * sizeof *list);
    span.attrs.list = list;
    span.attrs.len++;
    return span;
}

struct nj_scope
filling_scope(struct nj_arena *arena, uint64_t number)
{
    uint64_t seed = number;
    struct nj_scope scope = {.resource = random_attrs(arena, &seed, 5),
                             .name = random_text(arena, &seed, 10),
                             .version = NJ_SLICE("1.2"),
                             .attrs = random_attrs(arena, &seed, 2)};
    return scope;
}

/* A batch goes into the writer on the spot. */
struct exit {
    struct nj_writer *writer;
    struct nj_packer *packer;
};

static enum nj_status
exit_put(void *context, struct nj_batch *batch, struct nj_error *err)
{
    struct exit *exit = context;
    enum nj_status st = nj_batch_pack(batch, exit->packer, err);

    if (st == NJ_OK)
        st = nj_writer_put(exit->writer, batch, err);
    nj_batch_free(batch);
    return st;
}

static struct nj_batch *
exit_take(void *context, struct nj_error *err)
{
    struct nj_batch *batch = nj_batch_new();

    (void)context;
    (void)err;
    assert_non_null(batch);
    return batch;
}

void
filling_import(struct nj_store *store, const char *path, filling_feed *feed, void *context)
{
    struct nj_store_input about = {
        .path = nj_slice_of(path), .format = NJ_SLICE("test"), .bytes = 10};
    struct nj_diags *diags = nj_diags_new();
    struct nj_error err = {0};
    struct nj_writer_input input;
    struct nj_encoder *encoder;
    struct exit exit = {.packer = nj_packer_new()};
    struct nj_batch_exit batches = {exit_put, exit_take, &exit};

    assert_true(diags && exit.packer);
    assert_int_equal(nj_writer_open(&exit.writer, store, &err), NJ_OK);
    assert_int_equal(nj_writer_announce(exit.writer, &about, &input, &err), NJ_OK);
    assert_int_equal(nj_writer_commit(exit.writer, &err), NJ_OK);
    assert_int_equal(nj_writer_begin(exit.writer, &input, &about, &err), NJ_OK);
    assert_int_equal(nj_encoder_new(&encoder, &batches,
                                    NJ_ENCODE_CHECKPOINTS | NJ_ENCODE_CONTENTS, diags, &err),
                     NJ_OK);
    feed(nj_encoder_sink(encoder), context);
    assert_int_equal(nj_encoder_finish(encoder, &err), NJ_OK);
    assert_int_equal(nj_writer_end(exit.writer, 10,
                                   NJ_SLICE("00112233445566778899aabbccddeeff"), diags, &err),
                     NJ_OK);
    assert_int_equal(nj_writer_close(exit.writer, &err), NJ_OK);
    nj_encoder_free(encoder);
    nj_packer_free(exit.packer);
    free(diags);
}

void
filling_random(struct nj_sink *sink, void *context)
{
    struct filling_seed *from = context;
    struct nj_arena *arena = nj_arena_new(64 << 10);
    struct nj_error err = {0};
    uint64_t seed = from->seed;

    assert_non_null(arena);
    for (uint64_t i = 0; i < from->len; i++) {
        struct nj_scope scope = filling_scope(arena, i % 4);
        struct nj_span span = filling_span(arena, &seed, i, (unsigned)(from->len / 50 + 1));
        assert_int_equal(sink->scope(sink, &scope, &span.scope, &err), NJ_OK);
        assert_int_equal(sink->span(sink, &span, &err), NJ_OK);
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static void
expect_text(struct nj_slice got, struct nj_slice want)
{
    assert_int_equal(got.len, want.len);
    if (want.len)
        assert_memory_equal(got.ptr, want.ptr, want.len);
}

static void
expect_attrs(const struct nj_attrs *got, const struct nj_attrs *want)
{
    struct nj_buf bytes[2] = {{0}, {0}};

    assert_int_equal(got->len, want->len);
    assert_int_equal(got->dropped, want->dropped);
    for (size_t i = 0; i < want->len; i++) {
        nj_pair_write(&bytes[0], &got->list[i]);
        nj_pair_write(&bytes[1], &want->list[i]);
    }
    expect_text(nj_buf_slice(&bytes[0]), nj_buf_slice(&bytes[1]));
    nj_buf_fini(&bytes[0]);
    nj_buf_fini(&bytes[1]);
}

static void
expect_link(const struct nj_link *got, const struct nj_link *want)
{
    assert_memory_equal(got->trace_id.bytes, want->trace_id.bytes, NJ_TRACE_ID_BYTES);
    assert_true(got->span_id == want->span_id);
    expect_text(got->trace_text, want->trace_text);
    expect_text(got->span_text, want->span_text);
    expect_text(got->trace_state, want->trace_state);
    assert_int_equal(got->flags, want->flags);
    expect_attrs(&got->attrs, &want->attrs);
}

void
filling_expect_equal(const struct nj_span *got, const struct nj_span *want)
{
    assert_memory_equal(got->trace_id.bytes, want->trace_id.bytes, NJ_TRACE_ID_BYTES);
    assert_true(got->span_id == want->span_id && got->parent_id == want->parent_id);
    assert_int_equal(got->has_parent, want->has_parent);
    expect_text(got->trace_text, want->trace_text);
    expect_text(got->span_text, want->span_text);
    expect_text(got->parent_text, want->parent_text);
    expect_text(got->name, want->name);
    expect_text(got->trace_state, want->trace_state);
    expect_text(got->status_message, want->status_message);
    assert_true(got->start_ns == want->start_ns && got->end_ns == want->end_ns);
    assert_int_equal(got->otel_kind, want->otel_kind);
    assert_int_equal(got->status, want->status);
    assert_int_equal(got->flags, want->flags);
    expect_attrs(&got->attrs, &want->attrs);
    assert_int_equal(got->events_dropped, want->events_dropped);
    assert_int_equal(got->links_dropped, want->links_dropped);
    assert_int_equal(got->events_len, want->events_len);
    for (size_t i = 0; i < want->events_len; i++) {
        assert_true(got->events[i].time_ns == want->events[i].time_ns);
        expect_text(got->events[i].name, want->events[i].name);
        expect_attrs(&got->events[i].attrs, &want->events[i].attrs);
    }
    assert_int_equal(got->links_len, want->links_len);
    for (size_t i = 0; i < want->links_len; i++)
        expect_link(&got->links[i], &want->links[i]);
}

static void
table_dump(struct nj_buf *out, struct nj_sqlite *db, const char *table)
{
    struct nj_sqlite_rows *rows;
    struct nj_error err = {0};
    char sql[160];
    enum nj_status st;

    (void)snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY 1, 2, 3, 4", table);
    assert_int_equal(nj_sqlite_query(&rows, db, sql, &err), NJ_OK);
    nj_buf_printf(out, "%s\n", table);
    while ((st = nj_sqlite_next(rows, &err)) == NJ_OK) {
        for (int i = 0; i < nj_sqlite_columns(rows); i++) {
            struct nj_slice text = nj_sqlite_text(rows, i);
            for (size_t k = 0; k < text.len; k++)
                nj_buf_printf(out, text.ptr[k] >= ' ' && text.ptr[k] < 127 ? "%c" : "\\%02x",
                              (unsigned)(unsigned char)text.ptr[k]);
            nj_buf_put_char(out, '|');
        }
        nj_buf_put_char(out, '\n');
    }
    assert_int_equal(st, NJ_DONE);
    nj_sqlite_rows_close(rows);
}

char *
filling_dump(const char *path)
{
    static const char *const tables[] = {"names", "scopes", "classes", "traces",
                                         "spans", "chunks", "inputs",  "input_diagnostics"};
    struct nj_buf out = {0};
    struct nj_sqlite *db;
    struct nj_error err = {0};

    assert_int_equal(nj_sqlite_open(&db, path, &err), NJ_OK);
    for (size_t i = 0; i < NJ_LEN(tables); i++)
        table_dump(&out, db, tables[i]);
    nj_sqlite_close(db);
    nj_buf_put_char(&out, '\0');
    assert_false(out.is_failed);
    return out.ptr;
}
