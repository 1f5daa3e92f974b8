/* mastra_sqlite.c - the database of Mastra's own tracing store. */
#include "importers/importer.h"
#include "importers/json_value.h"
#include "importers/mastra_traces.h"
#include "importers/sqlite_span.h"

/* Chunks of a streamed answer, and points in time. */
#define IS_CHUNK "(spanType IN ('model_chunk', 'llm_chunk') OR isEvent = 1)"

static const struct nj_field_spec fields[] = {
    {"traceId", NJ_FIELD_TRACE_ID, NULL},
    {"spanId", NJ_FIELD_SPAN_ID, NULL},
    {"parentSpanId", NJ_FIELD_PARENT_ID, NULL},
    {"name", NJ_FIELD_NAME, NULL},
    {"spanType", NJ_FIELD_ATTR, "mastra.span.type"},
    {"attributes", NJ_FIELD_ATTRS, "mastra."},
    {"startedAt", NJ_FIELD_START, NULL},
    {"endedAt", NJ_FIELD_END, NULL},
};

/* Spans in the order of their ids, and chunks in the order of their parents'. */
struct reading {
    struct nj_sqlite_spans spans, chunks;
    bool has_chunk;
    uint32_t scope;
};

static enum nj_status
chunk_next(struct reading *r, struct nj_error *err)
{
    enum nj_status st = nj_sqlite_spans_next(&r->chunks, err);

    r->has_chunk = st == NJ_OK;
    return st < 0 ? st : NJ_OK;
}

/* Failures: what went wrong is in a column of its own, or a tool said that it had no success.
 */
static void
error_read(struct nj_draft *draft, struct nj_slice error)
{
    struct nj_span *span = &draft->span;
    struct nj_json json;
    struct nj_slice key;

    for (size_t i = 0; i < draft->attrs.len; i++) {
        const struct nj_attr *attr = &draft->attrs.list[i];
        if (nj_slice_eq(attr->key, NJ_SLICE("mastra.success")) &&
            attr->value.type == NJ_VALUE_BOOL && !attr->value.boolean)
            span->status = NJ_STATUS_ERROR;
    }
    if (error.len == 0)
        return;
    span->status = NJ_STATUS_ERROR;
    span->status_message = error;
    nj_json_init(&json, error, false, draft->arena);
    if (nj_json_peek(&json) != NJ_JSON_OBJECT || !nj_json_object(&json))
        return;
    while (nj_json_object_next(&json, &key))
        if (!nj_slice_eq(key, NJ_SLICE("message")))
            (void)nj_json_skip(&json);
        else if (!nj_json_any_text(&json, &span->status_message))
            span->status_message = error;
}

/* A copy of what a value borrows, for as long as the span is put together. */
static struct nj_value
value_keep(struct nj_draft *draft, struct nj_value value)
{
    if (value.type == NJ_VALUE_STRING || value.type == NJ_VALUE_BYTES ||
        value.type == NJ_VALUE_ARRAY || value.type == NJ_VALUE_MAP) {
        value.bytes = nj_arena_copy(draft->arena, value.bytes);
        draft->is_failed |= !value.bytes.ptr;
    }
    return value;
}

/* A column of the current chunk as an attribute of its event. */
static void
chunk_attr_put(struct reading *r, struct nj_slice key, const char *column)
{
    struct nj_value value = {.type = NJ_VALUE_STRING,
                             .bytes = nj_sqlite_spans_text(&r->chunks, column)};

    if (value.bytes.len)
        nj_attr_list_put(&r->spans.draft.event_attrs, key, value_keep(&r->spans.draft, value));
}

/* The current chunk as an event of the current span. */
static void
chunk_put(struct reading *r)
{
    struct nj_draft *draft = &r->spans.draft, *chunk = &r->chunks.draft;
    struct nj_event event = {.time_ns = chunk->span.start_ns == NJ_NO_TIME
                                            ? draft->span.start_ns
                                            : chunk->span.start_ns,
                             .name = nj_arena_copy(draft->arena, chunk->span.name)};

    chunk_attr_put(r, NJ_SLICE("mastra.span.id"), "spanId");
    chunk_attr_put(r, NJ_SLICE("mastra.endedAt"), "endedAt");
    for (size_t i = 0; i < chunk->attrs.len; i++)
        nj_attr_list_put(&draft->event_attrs,
                         nj_arena_copy(draft->arena, chunk->attrs.list[i].key),
                         value_keep(draft, chunk->attrs.list[i].value));
    draft->is_failed |= !event.name.ptr;
    nj_draft_event(draft, &event);
}

/* Where the current chunk stands among the spans: before, in or after the current one. */
static int
chunk_compare(const struct reading *r)
{
    int c = nj_slice_cmp(nj_sqlite_spans_text(&r->chunks, "traceId"),
                         nj_sqlite_spans_text(&r->spans, "traceId"));
    return c ? c
             : nj_slice_cmp(nj_sqlite_spans_text(&r->chunks, "parentSpanId"),
                            nj_sqlite_spans_text(&r->spans, "spanId"));
}

/* A chunk whose span is not there stays a record of its own, marked as no span. */
static enum nj_status
chunk_send(struct reading *r, struct nj_error *err)
{
    r->chunks.draft.span.scope = r->scope;
    enum nj_status st = nj_sqlite_spans_send(&r->chunks, err);
    return st < 0 ? st : chunk_next(r, err);
}

static enum nj_status
span_send(struct reading *r, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    while (st == NJ_OK && r->has_chunk && chunk_compare(r) < 0)
        st = chunk_send(r, err);
    while (st == NJ_OK && r->has_chunk && chunk_compare(r) == 0) {
        chunk_put(r);
        st = chunk_next(r, err);
    }
    if (st < 0)
        return st;
    error_read(&r->spans.draft, nj_sqlite_spans_text(&r->spans, "error"));
    r->spans.draft.span.scope = r->scope;
    return nj_sqlite_spans_send(&r->spans, err);
}

static enum nj_status
spans_read(struct reading *r, struct nj_sqlite *db, struct nj_error *err)
{
    static const struct nj_scope scope = {.name = {"mastra", 6}};
    enum nj_status st = r->spans.sink->scope(r->spans.sink, &scope, &r->scope, err);

    if (st == NJ_OK)
        st = nj_sqlite_spans_open(&r->spans, db,
                                  "SELECT * FROM mastra_ai_spans WHERE NOT " IS_CHUNK
                                  " ORDER BY traceId, spanId",
                                  err);
    if (st == NJ_OK)
        st = nj_sqlite_spans_open(&r->chunks, db,
                                  "SELECT * FROM mastra_ai_spans WHERE " IS_CHUNK
                                  " ORDER BY traceId, parentSpanId, startedAt, spanId",
                                  err);
    if (st == NJ_OK)
        st = chunk_next(r, err);
    while (st == NJ_OK && (st = nj_sqlite_spans_next(&r->spans, err)) == NJ_OK)
        st = span_send(r, err);
    if (st == NJ_DONE)
        for (st = NJ_OK; st == NJ_OK && r->has_chunk;)
            st = chunk_send(r, err);
    nj_sqlite_spans_close(&r->spans);
    nj_sqlite_spans_close(&r->chunks);
    return st;
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    struct nj_sqlite_spans common = {.path = input->path,
                                     .table = "mastra_ai_spans",
                                     .fields = fields,
                                     .fields_len = NJ_LEN(fields),
                                     .prefix = "mastra.",
                                     .sink = sink};
    struct reading r = {.spans = common, .chunks = common};
    struct nj_sqlite *db;
    enum nj_status st = nj_sqlite_input_rescue(&db, input, sink->diags, err);

    if (st < 0)
        return st;
    st = spans_read(&r, db, err);
    /* as long as it had both tables, only one was filled */
    if (st == NJ_OK && r.spans.row == 0 && r.chunks.row == 0 &&
        nj_sqlite_has_table(db, "mastra_traces"))
        st = nj_mastra_traces_read(db, input->path, sink, err);
    nj_sqlite_close(db);
    return st;
}

const struct nj_importer nj_importer_mastra_sqlite = {
    .name = "mastra-sqlite",
    .summary = "Mastra's SQLite store (table mastra_ai_spans); stream chunks become events",
    .sqlite_tables = "mastra_ai_spans",
    .read = read_input,
};
