/* mastra_telemetry_sqlite.c - the database of Mastra before it traced by itself: OpenTelemetry
 * spans in the table mastra_traces, their parts in JSON. */
#include "base/clock.h"
#include "importers/json_value.h"
#include "importers/mastra_traces.h"
#include "importers/sqlite_span.h"

static const struct nj_field_spec fields[] = {
    {"traceId", NJ_FIELD_TRACE_ID, NULL},       {"id", NJ_FIELD_SPAN_ID, NULL},
    {"parentSpanId", NJ_FIELD_PARENT_ID, NULL}, {"name", NJ_FIELD_NAME, NULL},
    {"startTime", NJ_FIELD_START, NULL},        {"endTime", NJ_FIELD_END, NULL},
    {"attributes", NJ_FIELD_ATTRS, ""},         {"scope", NJ_FIELD_SPECIAL, NULL},
    {"kind", NJ_FIELD_SPECIAL, NULL},           {"status", NJ_FIELD_SPECIAL, NULL},
    {"events", NJ_FIELD_SPECIAL, NULL},         {"links", NJ_FIELD_SPECIAL, NULL},
};

/* A cursor on the JSON of a column; false: there is nothing in it. */
static bool
column_open(struct nj_sqlite_spans *s, const char *name, struct nj_json *json)
{
    struct nj_slice text = nj_sqlite_spans_text(s, name);

    nj_json_init(json, text, false, s->draft.arena);
    return text.len > 0 && nj_json_peek(json) != NJ_JSON_NULL;
}

/* {"code": 2, "message": "…"} */
static void
status_read(struct nj_sqlite_spans *s)
{
    struct nj_span *span = &s->draft.span;
    struct nj_slice key, text;
    struct nj_json json;

    if (!column_open(s, "status", &json))
        return;
    bool is_good = nj_json_object(&json);
    while (nj_json_object_next(&json, &key) && nj_json_any_text(&json, &text)) {
        if (nj_slice_eq(key, NJ_SLICE("message")))
            span->status_message = text;
        else if (nj_slice_eq(key, NJ_SLICE("code")))
            is_good &= nj_status_code_parse(text, &span->status);
    }
    if (!is_good || json.error)
        nj_sqlite_spans_damage(s, NJ_DIAG_ATTRIBUTE_INVALID, NJ_SLICE("status"));
}

/* {"key": "…", "value": {"stringValue": "…"}} */
static void
pair_read(struct nj_json *json, struct nj_attr_list *into)
{
    struct nj_slice key, kind, name = {0};
    struct nj_value value = {.type = NJ_VALUE_NULL};

    if (!nj_json_object(json))
        return;
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("key")))
            (void)nj_json_any_text(json, &name);
        else if (nj_json_peek(json) != NJ_JSON_OBJECT)
            (void)nj_json_value(json, &value);
        else if (nj_json_object(json))
            while (nj_json_object_next(json, &kind) && nj_json_value(json, &value)) {
            }
    }
    if (!json->error && name.len > 0)
        nj_attr_list_put(into, name, value);
}

/* Attributes as OTLP lists them, or as an object. */
static void
attributes_read(struct nj_json *json, struct nj_attr_list *into)
{
    if (nj_json_peek(json) != NJ_JSON_ARRAY) {
        (void)nj_json_attrs(json, "", into);
        return;
    }
    (void)nj_json_array(json);
    while (nj_json_array_next(json))
        pair_read(json, into);
}

static void
event_read(struct nj_draft *draft, struct nj_json *json)
{
    static const char *const times[] = {"timeUnixNano", "time", NULL};
    struct nj_event event = {.time_ns = NJ_NO_TIME};
    struct nj_slice key, text;
    struct nj_value value;

    if (!nj_json_object(json))
        return;
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("name")))
            (void)nj_json_any_text(json, &event.name);
        else if (nj_slice_eq(key, NJ_SLICE("attributes")))
            attributes_read(json, &draft->event_attrs);
        else if (nj_json_name_find(times, key) && nj_json_any_text(json, &text))
            event.time_ns = nj_time_parse(text, &event.time_ns) ? event.time_ns : NJ_NO_TIME;
        else
            (void)nj_json_value(json, &value);
    }
    if (!json->error)
        nj_draft_event(draft, &event);
}

static void
link_read(struct nj_draft *draft, struct nj_json *json)
{
    struct nj_link link = {0};
    struct nj_slice key, text = {0};
    struct nj_value value;
    bool has_trace = false, has_span = false;

    if (!nj_json_object(json))
        return;
    while (nj_json_object_next(json, &key)) {
        bool is_trace = nj_slice_eq(key, NJ_SLICE("traceId"));
        if (nj_slice_eq(key, NJ_SLICE("attributes")))
            attributes_read(json, &draft->link_attrs);
        else if (!is_trace && !nj_slice_eq(key, NJ_SLICE("spanId")))
            (void)nj_json_value(json, &value);
        else if (nj_json_any_text(json, &text) && is_trace)
            has_trace = nj_trace_id_parse(text, &link.trace_id, &link.trace_text);
        else
            has_span = nj_span_id_parse(text, &link.span_id, &link.span_text);
    }
    if (!json->error && has_trace && has_span)
        nj_draft_link(draft, &link);
    else
        nj_draft_link_drop(draft);
}

/* A column that holds a list. */
static void
list_read(struct nj_sqlite_spans *s, const char *name,
          void (*read)(struct nj_draft *draft, struct nj_json *json))
{
    struct nj_json json;

    if (!column_open(s, name, &json))
        return;
    if (nj_json_array(&json))
        while (nj_json_array_next(&json))
            read(&s->draft, &json);
    if (!json.error)
        return;
    nj_draft_event_drop(&s->draft);
    nj_sqlite_spans_damage(s, NJ_DIAG_ATTRIBUTE_INVALID, nj_slice_of(name));
}

static enum nj_status
span_send(struct nj_sqlite_spans *s, struct nj_error *err)
{
    struct nj_scope scope = {.name = nj_sqlite_spans_text(s, "scope")};
    struct nj_span *span = &s->draft.span;

    (void)nj_otel_kind_parse(nj_sqlite_spans_text(s, "kind"), &span->otel_kind);
    status_read(s);
    list_read(s, "events", event_read);
    list_read(s, "links", link_read);
    enum nj_status st = s->sink->scope(s->sink, &scope, &span->scope, err);
    return st == NJ_OK ? nj_sqlite_spans_send(s, err) : st;
}

enum nj_status
nj_mastra_traces_read(struct nj_sqlite *db, const char *path, struct nj_sink *sink,
                      struct nj_error *err)
{
    struct nj_sqlite_spans spans = {.path = path,
                                    .table = "mastra_traces",
                                    .fields = fields,
                                    .fields_len = NJ_LEN(fields),
                                    .prefix = "mastra.",
                                    .sink = sink};
    enum nj_status st = nj_sqlite_spans_open(
        &spans, db, "SELECT * FROM mastra_traces ORDER BY traceId, id", err);

    while (st == NJ_OK && (st = nj_sqlite_spans_next(&spans, err)) == NJ_OK)
        st = span_send(&spans, err);
    nj_sqlite_spans_close(&spans);
    return st == NJ_DONE ? NJ_OK : st;
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    struct nj_sqlite *db;
    enum nj_status st = nj_sqlite_input_rescue(&db, input, sink->diags, err);

    if (st < 0)
        return st;
    st = nj_mastra_traces_read(db, input->path, sink, err);
    nj_sqlite_close(db);
    return st;
}

const struct nj_importer nj_importer_mastra_telemetry_sqlite = {
    .name = "mastra-telemetry-sqlite",
    .summary = "Mastra's older SQLite store (table mastra_traces)",
    .sqlite_tables = "mastra_traces",
    .read = read_input,
};
