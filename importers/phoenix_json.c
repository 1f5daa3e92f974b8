/* phoenix_json.c - spans as Phoenix's REST interface and CLI give them, as rows of its data
 * frames, and as OpenTelemetry's SDK for Python prints them: a name, a context with ids, flat
 * attributes. */
#include "importers/phoenix_span.h"

#include "importers/importer.h"
#include "importers/json_flatten.h"
#include "importers/json_sniff.h"
#include "importers/json_span.h"
#include "importers/json_value.h"

const char *const nj_phoenix_whole[] = {"metadata", "llm.prompt_template.variables",
                                        "tool.parameters", NULL};

static const struct nj_field_spec fields[] = {
    {"name", NJ_FIELD_NAME, NULL},
    {"context", NJ_FIELD_SPECIAL, NULL},
    {"span_kind", NJ_FIELD_TEXT, "openinference.span.kind"},
    {"parent_id", NJ_FIELD_SPECIAL, NULL},
    {"start_time", NJ_FIELD_START, NULL},
    {"end_time", NJ_FIELD_END, NULL},
    {"status_code", NJ_FIELD_STATUS, NULL},
    {"status_message", NJ_FIELD_MESSAGE, NULL},
    {"attributes", NJ_FIELD_SPECIAL, NULL},
    {"events", NJ_FIELD_SPECIAL, NULL},
    {"links", NJ_FIELD_SPECIAL, NULL},
    {"context.trace_id", NJ_FIELD_TRACE_ID, NULL}, /* of a data frame */
    {"context.span_id", NJ_FIELD_SPAN_ID, NULL},
    {"trace_id", NJ_FIELD_TRACE_ID, NULL}, /* of the context */
    {"span_id", NJ_FIELD_SPAN_ID, NULL},
    {"trace_state", NJ_FIELD_SPECIAL, NULL},
    {"kind", NJ_FIELD_KIND, "phoenix.kind"}, /* of the SDK */
    {"status", NJ_FIELD_SPECIAL, NULL},
    {"resource", NJ_FIELD_SPECIAL, NULL},
};

static void
parent_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_span *span = &reader->draft.span;
    struct nj_slice text;

    if (!nj_json_any_text(json, &text) || nj_slice_eq(text, NJ_SLICE("None")))
        return; /* None is what became of null in a data frame */
    if (nj_slice_starts(text, NJ_SLICE("0x")))
        text = nj_slice_from(text, 2);
    span->has_parent = nj_span_id_parse(text, &span->parent_id, &span->parent_text);
}

/* The SDK prints an empty trace state as a list. */
static void
trace_state_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice text;

    if (nj_json_any_text(json, &text) && !nj_slice_eq(text, NJ_SLICE("[]")))
        reader->draft.span.trace_state = text;
}

/* {"status_code": "ERROR", "description": "…"} */
static void
status_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice key, text;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        nj_span_reader_member(reader, NJ_SLICE("status_code"), json);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("status_code")))
            nj_span_reader_member(reader, key, json);
        else if (nj_json_any_text(json, &text))
            reader->draft.span.status_message = text;
    }
}

/* An object of attributes, flat or nested. */
static void
attributes_read(struct nj_span_reader *reader, struct nj_json *json, struct nj_attr_list *into)
{
    if (nj_json_peek(json) == NJ_JSON_OBJECT) {
        (void)nj_json_flatten(json, nj_phoenix_whole, into);
        return;
    }
    nj_span_reader_damage(reader, json, "an object of attributes");
    (void)nj_json_skip(json);
}

/* {"attributes": {…}, "schema_url": ""} */
static void
resource_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice key;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        attributes_read(reader, json, &reader->resource_attrs);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("attributes")))
            attributes_read(reader, json, &reader->resource_attrs);
        else
            (void)nj_json_any_text(json, &reader->scope.resource_schema_url);
    }
}

/* {"trace_id": "…", "span_id": "…", "trace_state": "[]"} */
static void
context_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice key;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        nj_span_reader_damage(reader, json, "a context with ids");
        (void)nj_json_skip(json);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key))
        nj_span_reader_member(reader, key, json);
}

static void
special_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    if (nj_slice_eq(key, NJ_SLICE("parent_id")))
        parent_read(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("attributes")))
        attributes_read(reader, json, &reader->draft.attrs);
    else if (nj_slice_eq(key, NJ_SLICE("events")))
        nj_span_reader_events(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("links")))
        nj_span_reader_links(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("trace_state")))
        trace_state_read(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("status")))
        status_read(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("resource")))
        resource_read(reader, json);
    else
        context_read(reader, json);
}

static const struct nj_span_format format = {fields, NJ_LEN(fields), "phoenix.", special_read};

/* A member "attributes.llm.model_name" of a row is the attribute llm.model_name. */
static void
column_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    static const char prefix[] = "attributes.";
    struct nj_value value;

    if (!nj_slice_starts(key, nj_slice_of(prefix))) {
        nj_span_reader_member(reader, key, json);
        return;
    }
    if (nj_json_value(json, &value) && !nj_value_is_empty(&value))
        nj_attr_list_put(&reader->draft.attrs, nj_slice_from(key, sizeof prefix - 1), value);
}

static enum nj_status
record(void *context, struct nj_json *json, struct nj_error *err)
{
    struct nj_span_reader *reader = context;
    struct nj_slice key;

    nj_span_reader_clear(reader);
    reader->record = json->at;
    if (nj_json_object(json))
        while (nj_json_object_next(json, &key))
            column_read(reader, key, json);
    return nj_span_reader_send(reader, json, err);
}

static int
sniff(struct nj_slice head, bool is_whole)
{
    static const struct nj_json_look looks[] = {
        {"", "name context", "span_kind parent_id start_time attributes", "resourceSpans"},
        {"data", "name context", "span_kind parent_id start_time attributes", ""},
        {"", "context.span_id context.trace_id", "", ""},
        {"data", "context.span_id context.trace_id", "", ""},
        {"spans", "name context span_kind", "", ""},
    };

    (void)is_whole;
    return nj_json_sniff(head, looks, NJ_LEN(looks), "context span_kind parent_id");
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    static const char *const lists[] = {"data", "spans", NULL};
    static const char *const marks[] = {"context", "context.span_id", "span_kind", NULL};
    static const struct nj_json_shape shape = {lists, NULL, marks};
    struct nj_span_reader reader;
    struct nj_json_records records = {
        .shape = &shape, .input = input, .sink = sink, .context = &reader, .record = record};

    enum nj_status st = nj_span_reader_init(&reader, &format, &records, err);
    if (st == NJ_OK)
        st = nj_json_records_read(&records, err);
    nj_span_reader_fini(&reader);
    return st;
}

const struct nj_importer nj_importer_phoenix_json = {
    .name = "phoenix-json",
    .summary = "Phoenix: spans by REST, traces of its CLI, data frames; OpenTelemetry's Python "
               "console",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
