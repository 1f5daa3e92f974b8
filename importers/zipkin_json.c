/* zipkin_json.c - Zipkin v2 JSON: a list of spans, a list of lists, or a span a line. */
#include "importers/importer.h"
#include "importers/json_sniff.h"
#include "importers/json_span.h"
#include "importers/json_value.h"
#include "importers/otel_tags.h"

static const struct nj_field_spec fields[] = {
    {"traceId", NJ_FIELD_TRACE_ID, NULL},       {"id", NJ_FIELD_SPAN_ID, NULL},
    {"parentId", NJ_FIELD_PARENT_ID, NULL},     {"name", NJ_FIELD_NAME, NULL},
    {"kind", NJ_FIELD_KIND, "zipkin.kind"},     {"timestamp", NJ_FIELD_START_US, NULL},
    {"duration", NJ_FIELD_DURATION_US, NULL},   {"localEndpoint", NJ_FIELD_SPECIAL, NULL},
    {"remoteEndpoint", NJ_FIELD_SPECIAL, NULL}, {"tags", NJ_FIELD_SPECIAL, NULL},
    {"annotations", NJ_FIELD_SPECIAL, NULL},    {"shared", NJ_FIELD_ATTR, "zipkin.shared"},
};

/* Members of an endpoint, and what they are called here and there. */
static const struct {
    const char *key, *local, *remote;
} endpoint_names[] = {
    {"serviceName", "service.name", "peer.service"},
    {"ipv4", "host.ip", "peer.ipv4"},
    {"ipv6", "zipkin.host.ipv6", "peer.ipv6"},
    {"port", "zipkin.host.port", "peer.port"},
};

static void
endpoint_read(struct nj_span_reader *reader, bool is_local, struct nj_json *json)
{
    struct nj_attr_list *into = is_local ? &reader->resource_attrs : &reader->draft.attrs;
    struct nj_slice key, name;
    struct nj_value value;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        (void)nj_json_attrs(json, is_local ? "zipkin.localEndpoint." : "zipkin.remoteEndpoint.",
                            &reader->draft.attrs);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key) && nj_json_value(json, &value)) {
        name = key;
        for (size_t i = 0; i < NJ_LEN(endpoint_names); i++)
            if (nj_slice_eq(key, nj_slice_of(endpoint_names[i].key)))
                name =
                    nj_slice_of(is_local ? endpoint_names[i].local : endpoint_names[i].remote);
        if (value.type != NJ_VALUE_NULL)
            nj_attr_list_put(into, name, value);
    }
}

/* That there is a tag `error` says that the span failed; its value may say why. */
static bool
error_take(struct nj_span_reader *reader, const struct nj_value *value)
{
    struct nj_span *span = &reader->draft.span;
    struct nj_slice text = nj_value_text(value);
    bool is_word = text.len == 0 || nj_slice_eq(text, NJ_SLICE("true"));

    if (nj_slice_eq(text, NJ_SLICE("false")))
        return false;
    if (!reader->has_status)
        span->status = NJ_STATUS_ERROR;
    if (!is_word && span->status_message.len == 0)
        span->status_message = text;
    return is_word || nj_slice_eq(span->status_message, text);
}

static void
tags_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_attr_list *attrs = &reader->draft.attrs;
    size_t kept = attrs->len, first = kept;

    if (!nj_json_attrs(json, nj_json_peek(json) == NJ_JSON_OBJECT ? "" : "tags", attrs))
        return;
    for (size_t i = first; i < attrs->len; i++) {
        struct nj_attr attr = attrs->list[i];
        bool is_taken = nj_slice_eq(attr.key, NJ_SLICE("error"))
                            ? error_take(reader, &attr.value)
                            : nj_otel_tag_take(reader, attr.key, &attr.value);
        if (!is_taken)
            attrs->list[kept++] = attr;
    }
    attrs->len = kept;
}

/* One annotation: a name and a time. */
static void
annotation_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_event event = {.time_ns = NJ_NO_TIME};
    struct nj_slice key;
    struct nj_value value;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        (void)nj_json_skip(json);
        nj_span_reader_damage(reader, json, "an annotation");
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("timestamp")))
            event.time_ns = nj_span_reader_number(reader, json, 3);
        else if (nj_slice_eq(key, NJ_SLICE("value")))
            (void)nj_json_any_text(json, &event.name);
        else if (nj_json_value(json, &value))
            nj_attr_list_put(&reader->draft.event_attrs, key, value);
    }
    nj_draft_event(&reader->draft, &event);
}

static void
annotations_read(struct nj_span_reader *reader, struct nj_json *json)
{
    if (nj_json_peek(json) != NJ_JSON_ARRAY) {
        (void)nj_json_attrs(json, "zipkin.annotations.", &reader->draft.attrs);
        return;
    }
    (void)nj_json_array(json);
    while (nj_json_array_next(json))
        annotation_read(reader, json);
}

static void
special_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    if (nj_slice_eq(key, NJ_SLICE("tags")))
        tags_read(reader, json);
    else if (nj_slice_eq(key, NJ_SLICE("annotations")))
        annotations_read(reader, json);
    else
        endpoint_read(reader, nj_slice_eq(key, NJ_SLICE("localEndpoint")), json);
}

static const struct nj_span_format format = {fields, NJ_LEN(fields), "zipkin.", special_read};

static int
sniff(struct nj_slice head, bool is_whole)
{
    static const struct nj_json_look looks[] = {
        {"", "traceId id", "localEndpoint timestamp duration kind tags annotations name",
         "startTime projectId observations spanId type binaryAnnotations"},
    };

    (void)is_whole;
    return nj_json_sniff(head, looks, NJ_LEN(looks), "traceId id localEndpoint");
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    static const char *const marks[] = {"traceId", "parentId", NULL};
    static const struct nj_json_shape shape = {NULL, NULL, marks};

    return nj_json_spans_read(&format, &shape, input, sink, err);
}

const struct nj_importer nj_importer_zipkin_json = {
    .name = "zipkin-json",
    .summary = "Zipkin v2 JSON: a list of spans, a list of traces",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
