/* mlflow_span.c - one span of MLflow in JSON, of any version. */
#include "importers/mlflow_span.h"

#include "importers/json_value.h"

static const struct nj_field_spec fields[] = {
    {"trace_id", NJ_FIELD_SPECIAL, NULL},
    {"span_id", NJ_FIELD_SPAN_ID, NULL},
    {"parent_span_id", NJ_FIELD_PARENT_ID, NULL},
    {"name", NJ_FIELD_NAME, NULL},
    {"start_time_unix_nano", NJ_FIELD_START_NS, NULL},
    {"end_time_unix_nano", NJ_FIELD_END_NS, NULL},
    {"status", NJ_FIELD_SPECIAL, NULL},
    {"attributes", NJ_FIELD_SPECIAL, NULL},
    {"events", NJ_FIELD_SPECIAL, NULL},
    {"links", NJ_FIELD_SPECIAL, NULL},
    {"context", NJ_FIELD_SPECIAL, NULL}, /* version 2 */
    {"parent_id", NJ_FIELD_PARENT_ID, NULL},
    {"start_time", NJ_FIELD_START_NS, NULL},
    {"end_time", NJ_FIELD_END_NS, NULL},
    {"status_code", NJ_FIELD_STATUS, NULL},
    {"status_message", NJ_FIELD_MESSAGE, NULL},
};

struct nj_slice
nj_mlflow_trace_id(struct nj_slice text)
{
    bool is_named = text.len == NJ_TRACE_HEX + 3 && nj_slice_starts(text, NJ_SLICE("tr-"));
    return is_named ? nj_slice_from(text, 3) : text;
}

static void
trace_id_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_span *span = &reader->draft.span;
    struct nj_slice text;

    if (!nj_json_any_text(json, &text))
        return;
    if (nj_slice_starts(text, NJ_SLICE("0x")))
        text = nj_slice_from(text, 2);
    reader->has_trace =
        nj_trace_id_parse(nj_mlflow_trace_id(text), &span->trace_id, &span->trace_text);
}

/* An object of members that the table knows. */
static void
members_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice key;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        nj_span_reader_damage(reader, json, "a context");
        (void)nj_json_skip(json);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key))
        nj_span_reader_member(reader, key, json);
}

/* "OK", or {"code": "STATUS_CODE_OK", "message": ""}. */
static void
status_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_span *span = &reader->draft.span;
    struct nj_slice key, text = {0};
    bool is_known = true;

    if (nj_json_peek(json) == NJ_JSON_OBJECT) {
        (void)nj_json_object(json);
        while (nj_json_object_next(json, &key)) {
            if (nj_slice_eq(key, NJ_SLICE("code")) || nj_slice_eq(key, NJ_SLICE("status_code")))
                is_known =
                    nj_json_any_text(json, &text) && nj_status_code_parse(text, &span->status);
            else
                (void)nj_json_any_text(json, &span->status_message);
        }
    } else {
        is_known = nj_json_any_text(json, &text) && nj_status_code_parse(text, &span->status);
    }
    if (!is_known)
        nj_attr_list_put_text(&reader->draft.attrs, "mlflow.status", text);
}

/* A value as it is, or, where a text holds JSON, what that says. */
static bool
decoded_read(struct nj_json *json, struct nj_value *out)
{
    struct nj_value inner;

    if (!nj_json_value(json, out))
        return false;
    if (out->type != NJ_VALUE_STRING || out->bytes.len == 0)
        return true;
    struct nj_json inside = nj_json_inside(json, out->bytes);
    if (nj_json_value(&inside, &inner) && nj_json_at_end(&inside))
        *out = inner;
    return true;
}

static void
attributes_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice key;
    struct nj_value value;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        (void)nj_json_attrs(json, "attributes", &reader->draft.attrs);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key))
        if (decoded_read(json, &value))
            nj_attr_list_put(&reader->draft.attrs, key, value);
}

static void
special_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    if (nj_slice_eq(key, NJ_SLICE("trace_id")))
        trace_id_read(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("context")))
        members_read(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("status")))
        status_read(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("attributes")))
        attributes_read(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("events")))
        nj_span_reader_events(reader, json);
    else
        nj_span_reader_links(reader, json);
}

const struct nj_span_format nj_mlflow_format = {fields, NJ_LEN(fields), "mlflow.",
                                                special_read};
