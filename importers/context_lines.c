/* context_lines.c - plain context lines: what a hand-made exporter writes, one JSON object a
 * span, with the ids of the trace, the span and its parent's span as any text. */
#include "importers/importer.h"
#include "importers/json_sniff.h"
#include "importers/json_span.h"
#include "importers/json_value.h"

static const struct nj_field_spec fields[] = {
    {"trace_id", NJ_FIELD_TRACE_ID, NULL},
    {"span_id", NJ_FIELD_SPAN_ID, NULL},
    {"parent_span_id", NJ_FIELD_PARENT_ID, NULL},
    {"parent_id", NJ_FIELD_PARENT_ID, NULL},
    {"name", NJ_FIELD_NAME, NULL},
    {"agent", NJ_FIELD_TEXT, "agent.name"},
    {"kind", NJ_FIELD_KIND, "span.type"},
    {"type", NJ_FIELD_ATTR, "span.type"},
    {"start", NJ_FIELD_START, NULL},
    {"start_time", NJ_FIELD_START, NULL},
    {"end", NJ_FIELD_END, NULL},
    {"end_time", NJ_FIELD_END, NULL},
    {"status", NJ_FIELD_STATUS, NULL},
    {"error.message", NJ_FIELD_MESSAGE, NULL},
    {"error", NJ_FIELD_SPECIAL, NULL},
    {"tags", NJ_FIELD_ATTRS, ""},
    {"attributes", NJ_FIELD_ATTRS, ""},
    {"resource", NJ_FIELD_RESOURCE, NULL},
};

/* "error": the message, or an object that holds it. */
static void
error_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    struct nj_span *span = &reader->draft.span;
    size_t first = reader->draft.attrs.len;

    (void)key;
    if (nj_json_peek(json) == NJ_JSON_STRING) {
        (void)nj_json_string(json, &span->status_message);
        return;
    }
    if (!nj_json_attrs(json, "error.", &reader->draft.attrs))
        return;
    for (size_t i = first; i < reader->draft.attrs.len; i++)
        if (nj_slice_eq(reader->draft.attrs.list[i].key, NJ_SLICE("error.message")))
            span->status_message = nj_value_text(&reader->draft.attrs.list[i].value);
}

static const struct nj_span_format format = {fields, NJ_LEN(fields), "", error_read};

/* Exporters that know only tags put status and message there. */
static void
tags_promote(struct nj_draft *draft)
{
    struct nj_span *span = &draft->span;

    for (size_t i = 0; i < draft->attrs.len; i++) {
        const struct nj_attr *attr = &draft->attrs.list[i];
        if (span->status == NJ_STATUS_UNSET && nj_slice_eq(attr->key, NJ_SLICE("status")))
            (void)nj_status_code_parse(nj_value_text(&attr->value), &span->status);
        if (span->status_message.len == 0 && nj_slice_eq(attr->key, NJ_SLICE("error.message")))
            span->status_message = nj_value_text(&attr->value);
        if (nj_slice_eq(attr->key, NJ_SLICE("error")) && nj_value_is_true(&attr->value))
            span->status = NJ_STATUS_ERROR;
    }
    if (span->status == NJ_STATUS_UNSET && span->status_message.len > 0)
        span->status = NJ_STATUS_ERROR;
}

static enum nj_status
line_read(void *context, struct nj_json *json, struct nj_error *err)
{
    struct nj_span_reader *reader = context;

    nj_span_reader_clear(reader);
    nj_span_reader_read(reader, json);
    tags_promote(&reader->draft);
    return nj_span_reader_send(reader, json, err);
}

static int
sniff(struct nj_slice head, bool is_whole)
{
    static const struct nj_json_look looks[] = {
        {"", "trace_id span_id", "start end agent tags start_time end_time",
         "start_time_unix_nano startTimeUnixNano context run_type Timestamp attributes_json"},
    };

    (void)is_whole;
    return nj_json_sniff(head, looks, NJ_LEN(looks), "trace_id span_id start");
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    static const char *const marks[] = {"trace_id", "span_id", NULL};
    static const struct nj_json_shape shape = {NULL, NULL, marks};
    struct nj_span_reader reader;
    struct nj_json_records records = {
        .shape = &shape, .input = input, .sink = sink, .context = &reader, .record = line_read};

    enum nj_status st = nj_span_reader_init(&reader, &format, &records, err);
    if (st == NJ_OK)
        st = nj_json_records_read(&records, err);
    nj_span_reader_fini(&reader);
    return st;
}

const struct nj_importer nj_importer_context_lines = {
    .name = "context-lines",
    .summary = "plain context lines: a JSON object a span, with trace_id, span_id, start, end",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
