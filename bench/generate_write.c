/* generate_write.c - made-up spans as OTLP requests: JSON as the collector writes it, and
 * protobuf. */
#include "base/jsonw.h"
#include "bench/generate.h"

#include <inttypes.h>

/* Spans of one service inside a batch, in order. */
static size_t
group_find(const struct batch *batch, unsigned service, const struct nj_span *group[512])
{
    size_t len = 0;

    for (size_t i = 0; i < batch->len; i++)
        if (batch->spans[i]->scope == service)
            group[len++] = batch->spans[i];
    return len;
}

/* Writes JSON with or without a blank behind commas and colons. */
struct writer {
    struct nj_buf *buf;
    const char *comma, *colon;
};

static void
key_put(struct writer *w, bool is_first, const char *key)
{
    nj_buf_put_text(w->buf, is_first ? "\"" : w->comma);
    if (!is_first)
        nj_buf_put_char(w->buf, '"');
    nj_buf_put_text(w->buf, key);
    nj_buf_put_char(w->buf, '"');
    nj_buf_put_text(w->buf, w->colon);
}

static void
text_put(struct writer *w, struct nj_slice text)
{
    struct nj_jsonw jsonw = nj_jsonw_of(w->buf);
    nj_jsonw_text(&jsonw, text);
}

static void
value_put(struct writer *w, const struct nj_value *value)
{
    struct nj_buf *buf = w->buf;
    char real[33];

    nj_buf_put_char(buf, '{');
    switch (value->type) {
    case NJ_VALUE_STRING:
        key_put(w, true, "stringValue");
        text_put(w, value->bytes);
        break;
    case NJ_VALUE_INT:
        key_put(w, true, "intValue");
        nj_buf_printf(buf, "\"%" PRId64 "\"", value->integer);
        break;
    case NJ_VALUE_DOUBLE:
        key_put(w, true, "doubleValue");
        nj_buf_put(buf, real, nj_real_print(real, value->real));
        break;
    case NJ_VALUE_BOOL:
        key_put(w, true, "boolValue");
        nj_buf_put_text(buf, value->boolean ? "true" : "false");
        break;
    case NJ_VALUE_ARRAY: { /* made-up lists have one text */
        const uint8_t *at = (const uint8_t *)value->bytes.ptr;
        struct nj_value only;
        key_put(w, true, "arrayValue");
        nj_buf_put_char(buf, '{');
        key_put(w, true, "values");
        nj_buf_put_text(buf, "[{");
        key_put(w, true, "stringValue");
        if (nj_value_read(&at, at + value->bytes.len, &only))
            text_put(w, only.bytes);
        nj_buf_put_text(buf, "}]}");
        break;
    }
    case NJ_VALUE_NULL:
    case NJ_VALUE_BYTES:
    case NJ_VALUE_MAP:
        break;
    }
    nj_buf_put_char(buf, '}');
}

static void
attrs_put(struct writer *w, const struct nj_attrs *attrs)
{
    nj_buf_put_char(w->buf, '[');
    for (size_t i = 0; i < attrs->len; i++) {
        if (i)
            nj_buf_put_text(w->buf, w->comma);
        nj_buf_put_char(w->buf, '{');
        key_put(w, true, "key");
        text_put(w, attrs->list[i].key);
        key_put(w, false, "value");
        value_put(w, &attrs->list[i].value);
        nj_buf_put_char(w->buf, '}');
    }
    nj_buf_put_char(w->buf, ']');
}

static void
events_put(struct writer *w, const struct nj_span *span)
{
    key_put(w, false, "events");
    nj_buf_put_char(w->buf, '[');
    for (size_t i = 0; i < span->events_len; i++) {
        nj_buf_put_text(w->buf, i ? w->comma : "");
        nj_buf_put_char(w->buf, '{');
        key_put(w, true, "timeUnixNano");
        nj_buf_printf(w->buf, "\"%" PRId64 "\"", span->events[i].time_ns);
        key_put(w, false, "name");
        text_put(w, span->events[i].name);
        key_put(w, false, "attributes");
        attrs_put(w, &span->events[i].attrs);
        nj_buf_put_char(w->buf, '}');
    }
    nj_buf_put_char(w->buf, ']');
}

static void
id_put(struct writer *w, uint64_t id)
{
    char hex[NJ_SPAN_HEX + 1] = "";
    if (id)
        nj_span_id_print(hex, id);
    nj_buf_printf(w->buf, "\"%s\"", hex);
}

static void
span_put(struct writer *w, const struct nj_span *span)
{
    char hex[NJ_TRACE_HEX + 1];

    nj_trace_id_print(hex, &span->trace_id);
    nj_buf_put_char(w->buf, '{');
    key_put(w, true, "traceId");
    nj_buf_printf(w->buf, "\"%s\"", hex);
    key_put(w, false, "spanId");
    id_put(w, span->span_id);
    key_put(w, false, "parentSpanId");
    id_put(w, span->has_parent ? span->parent_id : 0);
    key_put(w, false, "flags");
    nj_buf_printf(w->buf, "%" PRIu32, span->flags);
    key_put(w, false, "name");
    text_put(w, span->name);
    key_put(w, false, "kind");
    nj_buf_printf(w->buf, "%d", (int)span->otel_kind);
    key_put(w, false, "startTimeUnixNano");
    nj_buf_printf(w->buf, "\"%" PRId64 "\"", span->start_ns);
    key_put(w, false, "endTimeUnixNano");
    nj_buf_printf(w->buf, "\"%" PRId64 "\"", span->end_ns);
    key_put(w, false, "attributes");
    attrs_put(w, &span->attrs);
    if (span->events_len)
        events_put(w, span);
    key_put(w, false, "status");
    nj_buf_put_char(w->buf, '{');
    if (span->status == NJ_STATUS_ERROR) {
        key_put(w, true, "message");
        text_put(w, span->status_message);
        key_put(w, false, "code");
        nj_buf_put_char(w->buf, '2');
    }
    nj_buf_put_text(w->buf, "}}");
}

void
request_write_json(struct nj_buf *out, const struct batch *batch,
                   const struct nj_attrs resources[SERVICES_LEN], bool is_spaced)
{
    struct writer w = {out, is_spaced ? ", " : ",", is_spaced ? ": " : ":"};
    const struct nj_span *group[512];
    bool is_first = true;

    nj_buf_put_char(out, '{');
    key_put(&w, true, "resourceSpans");
    nj_buf_put_char(out, '[');
    for (unsigned service = 0; service < SERVICES_LEN; service++) {
        size_t len = group_find(batch, service, group);
        if (len == 0)
            continue;
        nj_buf_put_text(out, is_first ? "{" : w.comma);
        if (!is_first)
            nj_buf_put_char(out, '{');
        is_first = false;
        key_put(&w, true, "resource");
        nj_buf_put_char(out, '{');
        key_put(&w, true, "attributes");
        attrs_put(&w, &resources[service]);
        nj_buf_put_char(out, '}');
        key_put(&w, false, "scopeSpans");
        nj_buf_put_text(out, "[{");
        key_put(&w, true, "scope");
        nj_buf_put_char(out, '{');
        key_put(&w, true, "name");
        text_put(&w, NJ_SLICE("opentelemetry.instrumentation.agents"));
        key_put(&w, false, "version");
        text_put(&w, NJ_SLICE("0.51b0"));
        nj_buf_put_char(out, '}');
        key_put(&w, false, "spans");
        nj_buf_put_char(out, '[');
        for (size_t i = 0; i < len; i++) {
            nj_buf_put_text(out, i ? w.comma : "");
            span_put(&w, group[i]);
        }
        nj_buf_put_char(out, ']');
        key_put(&w, false, "schemaUrl");
        text_put(&w, NJ_SLICE("https://opentelemetry.io/schemas/1.37.0"));
        nj_buf_put_text(out, "}]}");
    }
    nj_buf_put_text(out, "]}");
}

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

static void
tag_put(struct nj_buf *out, unsigned field, enum wire wire)
{
    nj_buf_put_varint(out, field << 3 | (unsigned)wire);
}

static void
bytes_put(struct nj_buf *out, unsigned field, struct nj_slice bytes)
{
    tag_put(out, field, WIRE_BYTES);
    nj_buf_put_varint(out, bytes.len);
    nj_buf_put_slice(out, bytes);
}

static void
number_put(struct nj_buf *out, unsigned field, uint64_t number)
{
    tag_put(out, field, WIRE_VARINT);
    nj_buf_put_varint(out, number);
}

static void
fixed64_put(struct nj_buf *out, unsigned field, uint64_t number)
{
    tag_put(out, field, WIRE_FIXED64);
    nj_buf_put_u64le(out, number);
}

/* Puts a message and empties it. */
static void
message_put(struct nj_buf *out, unsigned field, struct nj_buf *message)
{
    bytes_put(out, field, nj_buf_slice(message));
    out->is_failed |= message->is_failed;
    message->len = 0;
}

static void
any_value_put(struct nj_buf *out, const struct nj_value *value)
{
    uint64_t bits;

    switch (value->type) {
    case NJ_VALUE_STRING:
        bytes_put(out, 1, value->bytes);
        break;
    case NJ_VALUE_BOOL:
        number_put(out, 2, value->boolean);
        break;
    case NJ_VALUE_INT:
        number_put(out, 3, (uint64_t)value->integer);
        break;
    case NJ_VALUE_DOUBLE:
        memcpy(&bits, &value->real, sizeof bits);
        fixed64_put(out, 4, bits);
        break;
    case NJ_VALUE_ARRAY: { /* made-up lists have one text */
        const uint8_t *at = (const uint8_t *)value->bytes.ptr;
        struct nj_buf element = {0}, array = {0};
        struct nj_value only;
        if (nj_value_read(&at, at + value->bytes.len, &only))
            bytes_put(&element, 1, only.bytes);
        message_put(&array, 1, &element);
        message_put(out, 5, &array);
        nj_buf_fini(&element);
        nj_buf_fini(&array);
        break;
    }
    case NJ_VALUE_NULL:
    case NJ_VALUE_BYTES:
    case NJ_VALUE_MAP:
        break;
    }
}

static void
key_values_put(struct nj_buf *out, unsigned field, const struct nj_attrs *attrs)
{
    struct nj_buf pair = {0}, value = {0};

    for (size_t i = 0; i < attrs->len; i++) {
        any_value_put(&value, &attrs->list[i].value);
        bytes_put(&pair, 1, attrs->list[i].key);
        message_put(&pair, 2, &value);
        message_put(out, field, &pair);
    }
    nj_buf_fini(&pair);
    nj_buf_fini(&value);
}

static void
wire_id_put(struct nj_buf *out, unsigned field, uint64_t id)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(id >> (56 - 8 * i));
    bytes_put(out, field, (struct nj_slice){(const char *)bytes, sizeof bytes});
}

static void
span_message(struct nj_buf *out, const struct nj_span *span)
{
    struct nj_buf part = {0};

    bytes_put(out, 1, (struct nj_slice){(const char *)span->trace_id.bytes, NJ_TRACE_ID_BYTES});
    wire_id_put(out, 2, span->span_id);
    if (span->has_parent)
        wire_id_put(out, 4, span->parent_id);
    bytes_put(out, 5, span->name);
    number_put(out, 6, (uint64_t)span->otel_kind);
    fixed64_put(out, 7, (uint64_t)span->start_ns);
    fixed64_put(out, 8, (uint64_t)span->end_ns);
    key_values_put(out, 9, &span->attrs);
    for (size_t i = 0; i < span->events_len; i++) {
        fixed64_put(&part, 1, (uint64_t)span->events[i].time_ns);
        bytes_put(&part, 2, span->events[i].name);
        key_values_put(&part, 3, &span->events[i].attrs);
        message_put(out, 11, &part);
    }
    if (span->status == NJ_STATUS_ERROR) {
        bytes_put(&part, 2, span->status_message);
        number_put(&part, 3, NJ_STATUS_ERROR);
    }
    message_put(out, 15, &part);
    tag_put(out, 16, WIRE_FIXED32);
    for (unsigned i = 0; i < 4; i++)
        nj_buf_put_char(out, (char)(span->flags >> (8 * i)));
    nj_buf_fini(&part);
}

void
request_write_protobuf(struct nj_buf *out, const struct batch *batch,
                       const struct nj_attrs resources[SERVICES_LEN])
{
    struct nj_buf resource_spans = {0}, scope_spans = {0}, part = {0};
    const struct nj_span *group[512];

    for (unsigned service = 0; service < SERVICES_LEN; service++) {
        size_t len = group_find(batch, service, group);
        if (len == 0)
            continue;
        key_values_put(&part, 1, &resources[service]);
        message_put(&resource_spans, 1, &part);
        bytes_put(&part, 1, NJ_SLICE("opentelemetry.instrumentation.agents"));
        bytes_put(&part, 2, NJ_SLICE("0.51b0"));
        message_put(&scope_spans, 1, &part);
        for (size_t i = 0; i < len; i++) {
            span_message(&part, group[i]);
            message_put(&scope_spans, 2, &part);
        }
        bytes_put(&scope_spans, 3, NJ_SLICE("https://opentelemetry.io/schemas/1.37.0"));
        message_put(&resource_spans, 2, &scope_spans);
        message_put(out, 1, &resource_spans);
    }
    nj_buf_fini(&resource_spans);
    nj_buf_fini(&scope_spans);
    nj_buf_fini(&part);
}
