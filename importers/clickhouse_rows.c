/* clickhouse_rows.c - rows of the table otel_traces that OpenTelemetry's ClickHouse exporter
 * fills, as ClickHouse writes them: JSONEachRow, or the data of FORMAT JSON. */
#include "importers/importer.h"
#include "importers/json_flatten.h"
#include "importers/json_sniff.h"
#include "importers/json_span.h"
#include "importers/json_value.h"

static const struct nj_field_spec fields[] = {
    {"Timestamp", NJ_FIELD_START, NULL},
    {"TraceId", NJ_FIELD_TRACE_ID, NULL},
    {"SpanId", NJ_FIELD_SPAN_ID, NULL},
    {"ParentSpanId", NJ_FIELD_PARENT_ID, NULL},
    {"TraceState", NJ_FIELD_TRACE_STATE, NULL},
    {"SpanName", NJ_FIELD_NAME, NULL},
    {"SpanKind", NJ_FIELD_KIND, NULL},
    {"Duration", NJ_FIELD_DURATION_NS, NULL},
    {"StatusCode", NJ_FIELD_STATUS, NULL},
    {"StatusMessage", NJ_FIELD_MESSAGE, NULL},
    {"ServiceName", NJ_FIELD_SPECIAL, NULL},
    {"ResourceAttributes", NJ_FIELD_SPECIAL, NULL},
    {"SpanAttributes", NJ_FIELD_SPECIAL, NULL},
    {"ScopeName", NJ_FIELD_SPECIAL, NULL},
    {"ScopeVersion", NJ_FIELD_SPECIAL, NULL},
    {"Events", NJ_FIELD_SPECIAL, NULL},
    {"Events.Timestamp", NJ_FIELD_SPECIAL, NULL},
    {"Events.Name", NJ_FIELD_SPECIAL, NULL},
    {"Events.Attributes", NJ_FIELD_SPECIAL, NULL},
    {"Links", NJ_FIELD_SPECIAL, NULL},
    {"Links.TraceId", NJ_FIELD_SPECIAL, NULL},
    {"Links.SpanId", NJ_FIELD_SPECIAL, NULL},
    {"Links.TraceState", NJ_FIELD_SPECIAL, NULL},
    {"Links.Attributes", NJ_FIELD_SPECIAL, NULL},
};

/* Columns of events and of links. Nested columns are lists of equal length side by side, or one
 * list of objects. */
enum { EVENT_TIME, EVENT_NAME, EVENT_ATTRIBUTES, EVENT_COLUMNS };
enum { LINK_TRACE, LINK_SPAN, LINK_STATE, LINK_ATTRIBUTES, LINK_COLUMNS };
static const char *const event_columns[] = {"Timestamp", "Name", "Attributes", NULL};
static const char *const link_columns[] = {"TraceId", "SpanId", "TraceState", "Attributes",
                                           NULL};

struct reading {
    struct nj_span_reader reader; /* first: the span format gets this address */
    struct nj_slice service;
    struct nj_slice events[EVENT_COLUMNS], links[LINK_COLUMNS]; /* JSON texts */
};

static size_t
column_find(const char *const *columns, struct nj_slice name)
{
    size_t i = 0;

    while (columns[i] && !nj_slice_eq(nj_slice_of(columns[i]), name))
        i++;
    return i;
}

/* A map of attributes; in a column of type JSON it is nested. */
static void
attributes_read(struct nj_span_reader *reader, struct nj_json *json, struct nj_attr_list *into)
{
    static const char *const whole[] = {NULL};

    if (nj_json_peek(json) == NJ_JSON_OBJECT) {
        (void)nj_json_flatten(json, whole, into);
        return;
    }
    nj_span_reader_damage(reader, json, "a map of attributes");
    (void)nj_json_skip(json);
}

/* One event out of the JSON of its columns; those without `at` have none. */
static void
event_put(struct nj_span_reader *reader, struct nj_json *columns)
{
    struct nj_event event = {.time_ns = NJ_NO_TIME};

    if (columns[EVENT_TIME].at)
        event.time_ns = nj_span_reader_time(reader, &columns[EVENT_TIME]);
    if (columns[EVENT_NAME].at)
        (void)nj_json_any_text(&columns[EVENT_NAME], &event.name);
    if (columns[EVENT_ATTRIBUTES].at)
        attributes_read(reader, &columns[EVENT_ATTRIBUTES], &reader->draft.event_attrs);
    nj_draft_event(&reader->draft, &event);
}

static void
link_put(struct nj_span_reader *reader, struct nj_json *columns)
{
    struct nj_link link = {0};
    struct nj_slice trace = {0}, span = {0};

    if (columns[LINK_TRACE].at)
        (void)nj_json_any_text(&columns[LINK_TRACE], &trace);
    if (columns[LINK_SPAN].at)
        (void)nj_json_any_text(&columns[LINK_SPAN], &span);
    if (columns[LINK_STATE].at)
        (void)nj_json_any_text(&columns[LINK_STATE], &link.trace_state);
    if (columns[LINK_ATTRIBUTES].at)
        attributes_read(reader, &columns[LINK_ATTRIBUTES], &reader->draft.link_attrs);
    if (nj_trace_id_parse(trace, &link.trace_id, &link.trace_text) &&
        nj_span_id_parse(span, &link.span_id, &link.span_text)) {
        nj_draft_link(&reader->draft, &link);
        return;
    }
    nj_draft_link_drop(&reader->draft);
    nj_span_reader_damage(reader, &columns[LINK_SPAN], "a link with two ids");
}

typedef void put_function(struct nj_span_reader *reader, struct nj_json *columns);

/* Lists side by side: the first of each, the second of each, … as long as the first list. */
static void
lists_read(struct nj_span_reader *reader, const struct nj_json *outer,
           const struct nj_slice *texts, size_t len, put_function *put)
{
    struct nj_json columns[LINK_COLUMNS] = {0};
    bool is_there = true;

    for (size_t i = 0; i < len; i++)
        if (texts[i].len > 0) {
            columns[i] = nj_json_inside(outer, texts[i]);
            if (!nj_json_array(&columns[i]))
                columns[i].at = NULL;
        }
    while (is_there) {
        is_there = false;
        for (size_t i = 0; i < len; i++) {
            bool has_next = columns[i].at && nj_json_array_next(&columns[i]);
            columns[i].at = has_next ? columns[i].at : NULL;
            is_there |= has_next;
        }
        if (is_there)
            put(reader, columns);
    }
}

/* A list of objects. */
static void
objects_read(struct nj_span_reader *reader, struct nj_json *json, const char *const *names,
             size_t len, put_function *put)
{
    struct nj_slice key, text;

    if (nj_json_peek(json) != NJ_JSON_ARRAY) {
        nj_span_reader_damage(reader, json, "a list of events or links");
        (void)nj_json_skip(json);
        return;
    }
    (void)nj_json_array(json);
    while (nj_json_array_next(json)) {
        struct nj_json columns[LINK_COLUMNS] = {0};
        if (!nj_json_object(json))
            return;
        while (nj_json_object_next(json, &key)) {
            size_t i = column_find(names, key);
            if (nj_json_raw(json, &text) && i < len)
                columns[i] = nj_json_inside(json, text);
        }
        put(reader, columns);
    }
}

static void
special_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    struct reading *r = (struct reading *)reader;

    if (nj_slice_eq(key, NJ_SLICE("ServiceName")))
        (void)nj_json_any_text(json, &r->service);
    else if (nj_slice_eq(key, NJ_SLICE("ScopeName")))
        (void)nj_json_any_text(json, &reader->scope.name);
    else if (nj_slice_eq(key, NJ_SLICE("ScopeVersion")))
        (void)nj_json_any_text(json, &reader->scope.version);
    else if (nj_slice_eq(key, NJ_SLICE("ResourceAttributes")))
        attributes_read(reader, json, &reader->resource_attrs);
    else if (nj_slice_eq(key, NJ_SLICE("SpanAttributes")))
        attributes_read(reader, json, &reader->draft.attrs);
    else if (nj_slice_eq(key, NJ_SLICE("Events")))
        objects_read(reader, json, event_columns, EVENT_COLUMNS, event_put);
    else if (nj_slice_eq(key, NJ_SLICE("Links")))
        objects_read(reader, json, link_columns, LINK_COLUMNS, link_put);
    else if (nj_slice_starts(key, NJ_SLICE("Events.")))
        (void)nj_json_raw(json, &r->events[column_find(event_columns, nj_slice_from(key, 7))]);
    else
        (void)nj_json_raw(json, &r->links[column_find(link_columns, nj_slice_from(key, 6))]);
}

static const struct nj_span_format format = {fields, NJ_LEN(fields), "clickhouse.",
                                             special_read};

/* The column repeats what the resource says, or says it alone. */
static void
service_put(struct reading *r)
{
    struct nj_attr_list *resource = &r->reader.resource_attrs;

    for (size_t i = 0; i < resource->len; i++)
        if (nj_slice_eq(resource->list[i].key, NJ_SLICE("service.name")))
            return;
    if (r->service.len > 0)
        nj_attr_list_put_text(resource, "service.name", r->service);
}

static enum nj_status
record(void *context, struct nj_json *json, struct nj_error *err)
{
    struct reading *r = context;

    nj_span_reader_clear(&r->reader);
    *r = (struct reading){.reader = r->reader};
    nj_span_reader_read(&r->reader, json);
    service_put(r);
    if (!json->error) {
        lists_read(&r->reader, json, r->events, EVENT_COLUMNS, event_put);
        lists_read(&r->reader, json, r->links, LINK_COLUMNS, link_put);
    }
    return nj_span_reader_send(&r->reader, json, err);
}

static int
sniff(struct nj_slice head, bool is_whole)
{
    static const struct nj_json_look looks[] = {
        {"", "TraceId SpanId", "SpanName Timestamp Duration", ""},
        {"data", "TraceId SpanId", "SpanName Timestamp Duration", ""},
    };

    (void)is_whole;
    return nj_json_sniff(head, looks, NJ_LEN(looks), "TraceId SpanId SpanName");
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    static const char *const lists[] = {"data", NULL};
    static const char *const marks[] = {"TraceId", "SpanId", NULL};
    static const struct nj_json_shape shape = {lists, NULL, marks};
    struct reading r = {.service = {0}};
    struct nj_json_records records = {
        .shape = &shape, .input = input, .sink = sink, .context = &r, .record = record};

    enum nj_status st = nj_span_reader_init(&r.reader, &format, &records, err);
    if (st == NJ_OK)
        st = nj_json_records_read(&records, err);
    nj_span_reader_fini(&r.reader);
    return st;
}

const struct nj_importer nj_importer_clickhouse_rows = {
    .name = "clickhouse-rows",
    .summary = "ClickHouse rows of otel_traces: JSONEachRow or FORMAT JSON",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
