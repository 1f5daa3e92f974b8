/* otlp.c - spans as OTLP JSON. Integers of 64 bits are strings, bytes are base64, ids hex. */
#include "reports/otlp.h"

#include "base/base64.h"
#include "schema/ids.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* A list or map whose values are being written. */
struct level {
    const uint8_t *at, *end;
    bool is_map;
};

static void
int_text(struct nj_jsonw *w, const char *key, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    nj_jsonw_key_text(w, key, nj_slice_of(text));
}

static void
double_put(struct nj_jsonw *w, double value)
{
    nj_jsonw_key(w, "doubleValue");
    if (value == 0 && signbit(value))
        nj_jsonw_raw(w, NJ_SLICE("-0.0"));
    else if (isfinite(value))
        nj_jsonw_real(w, value);
    else
        nj_jsonw_text(w, isnan(value) ? NJ_SLICE("NaN")
                         : value > 0  ? NJ_SLICE("Infinity")
                                      : NJ_SLICE("-Infinity"));
}

static void
bytes_put(struct nj_jsonw *w, struct nj_slice bytes)
{
    struct nj_buf text = {0};

    nj_base64_encode(&text, bytes);
    nj_jsonw_key_text(w, "bytesValue", nj_buf_slice(&text));
    w->buf->is_failed |= text.is_failed;
    nj_buf_fini(&text);
}

/* Writes an AnyValue; a list or map is only opened, and true returned. */
static bool
value_begin(struct nj_jsonw *w, const struct nj_value *value, bool can_open)
{
    bool is_map = value->type == NJ_VALUE_MAP;

    nj_jsonw_object(w);
    if ((is_map || value->type == NJ_VALUE_ARRAY) && can_open) {
        nj_jsonw_key(w, is_map ? "kvlistValue" : "arrayValue");
        nj_jsonw_object(w);
        nj_jsonw_key(w, "values");
        nj_jsonw_array(w);
        return true;
    }
    if (value->type == NJ_VALUE_STRING)
        nj_jsonw_key_text(w, "stringValue", value->bytes);
    else if (value->type == NJ_VALUE_BOOL)
        nj_jsonw_key_bool(w, "boolValue", value->boolean);
    else if (value->type == NJ_VALUE_INT)
        int_text(w, "intValue", value->integer);
    else if (value->type == NJ_VALUE_DOUBLE)
        double_put(w, value->real);
    else if (value->type == NJ_VALUE_BYTES)
        bytes_put(w, value->bytes);
    nj_jsonw_object_end(w);
    return false;
}

static struct level
level_of(const struct nj_value *value)
{
    const uint8_t *at = (const uint8_t *)value->bytes.ptr;

    return (struct level){at, value->bytes.len ? at + value->bytes.len : at,
                          value->type == NJ_VALUE_MAP};
}

/* The next value of a list or map, with its key written; false at the end. */
static bool
level_next(struct nj_jsonw *w, struct level *level, struct nj_value *value)
{
    struct nj_attr pair;

    if (level->at >= level->end)
        return false;
    if (!level->is_map)
        return nj_value_read(&level->at, level->end, value);
    if (!nj_pair_read(&level->at, level->end, &pair))
        return false;
    nj_jsonw_object(w);
    nj_jsonw_key_text(w, "key", pair.key);
    nj_jsonw_key(w, "value");
    *value = pair.value;
    return true;
}

static void
value_put(struct nj_jsonw *w, const struct nj_value *value)
{
    struct level levels[NJ_VALUE_DEPTH_MAX];
    size_t depth = 0;
    struct nj_value v;

    if (value_begin(w, value, true))
        levels[depth++] = level_of(value);
    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        if (level_next(w, level, &v)) {
            if (value_begin(w, &v, depth < NJ_VALUE_DEPTH_MAX))
                levels[depth++] = level_of(&v);
            else if (level->is_map)
                nj_jsonw_object_end(w);
            continue;
        }
        nj_jsonw_array_end(w);
        nj_jsonw_object_end(w);
        nj_jsonw_object_end(w);
        depth--;
        if (depth > 0 && levels[depth - 1].is_map)
            nj_jsonw_object_end(w);
    }
}

static void
attrs_put(struct nj_jsonw *w, const struct nj_attrs *attrs)
{
    if (attrs->len > 0) {
        nj_jsonw_key(w, "attributes");
        nj_jsonw_array(w);
        for (size_t i = 0; i < attrs->len; i++) {
            nj_jsonw_object(w);
            nj_jsonw_key_text(w, "key", attrs->list[i].key);
            nj_jsonw_key(w, "value");
            value_put(w, &attrs->list[i].value);
            nj_jsonw_object_end(w);
        }
        nj_jsonw_array_end(w);
    }
    if (attrs->dropped)
        nj_jsonw_key_int(w, "droppedAttributesCount", attrs->dropped);
}

static void
text_unless_empty(struct nj_jsonw *w, const char *key, struct nj_slice text)
{
    if (text.len > 0)
        nj_jsonw_key_text(w, key, text);
}

static void
time_unless_none(struct nj_jsonw *w, const char *key, int64_t time_ns)
{
    if (time_ns != NJ_NO_TIME)
        int_text(w, key, time_ns);
}

static void
events_put(struct nj_jsonw *w, const struct nj_span *span)
{
    nj_jsonw_key(w, "events");
    nj_jsonw_array(w);
    for (size_t i = 0; i < span->events_len; i++) {
        const struct nj_event *e = &span->events[i];
        nj_jsonw_object(w);
        time_unless_none(w, "timeUnixNano", e->time_ns);
        text_unless_empty(w, "name", e->name);
        attrs_put(w, &e->attrs);
        nj_jsonw_object_end(w);
    }
    nj_jsonw_array_end(w);
}

static void
links_put(struct nj_jsonw *w, const struct nj_span *span)
{
    char trace[NJ_TRACE_HEX + 1], id[NJ_SPAN_HEX + 1];

    nj_jsonw_key(w, "links");
    nj_jsonw_array(w);
    for (size_t i = 0; i < span->links_len; i++) {
        const struct nj_link *l = &span->links[i];
        nj_jsonw_object(w);
        nj_jsonw_key_text(w, "traceId", nj_trace_id_show(&l->trace_id, l->trace_text, trace));
        nj_jsonw_key_text(w, "spanId", nj_span_id_show(l->span_id, l->span_text, id));
        text_unless_empty(w, "traceState", l->trace_state);
        attrs_put(w, &l->attrs);
        if (l->flags)
            nj_jsonw_key_int(w, "flags", l->flags);
        nj_jsonw_object_end(w);
    }
    nj_jsonw_array_end(w);
}

static void
span_put(struct nj_jsonw *w, const struct nj_span *span)
{
    char trace[NJ_TRACE_HEX + 1], id[NJ_SPAN_HEX + 1];

    nj_jsonw_object(w);
    nj_jsonw_key_text(w, "traceId", nj_trace_id_show(&span->trace_id, span->trace_text, trace));
    nj_jsonw_key_text(w, "spanId", nj_span_id_show(span->span_id, span->span_text, id));
    text_unless_empty(w, "traceState", span->trace_state);
    if (span->has_parent)
        nj_jsonw_key_text(w, "parentSpanId",
                          nj_span_id_show(span->parent_id, span->parent_text, id));
    if (span->flags)
        nj_jsonw_key_int(w, "flags", span->flags);
    nj_jsonw_key_text(w, "name", span->name);
    if (span->otel_kind)
        nj_jsonw_key_int(w, "kind", span->otel_kind);
    time_unless_none(w, "startTimeUnixNano", span->start_ns);
    time_unless_none(w, "endTimeUnixNano", span->end_ns);
    attrs_put(w, &span->attrs);
    if (span->events_len > 0)
        events_put(w, span);
    if (span->events_dropped)
        nj_jsonw_key_int(w, "droppedEventsCount", span->events_dropped);
    if (span->links_len > 0)
        links_put(w, span);
    if (span->links_dropped)
        nj_jsonw_key_int(w, "droppedLinksCount", span->links_dropped);
    if (span->status || span->status_message.len) {
        nj_jsonw_key(w, "status");
        nj_jsonw_object(w);
        if (span->status)
            nj_jsonw_key_int(w, "code", span->status);
        text_unless_empty(w, "message", span->status_message);
        nj_jsonw_object_end(w);
    }
    nj_jsonw_object_end(w);
}

void
nj_otlp_begin(struct nj_otlp *otlp, struct nj_jsonw *w)
{
    *otlp = (struct nj_otlp){.w = w};
    nj_jsonw_object(w);
    nj_jsonw_key(w, "resourceSpans");
    nj_jsonw_array(w);
}

static void
scope_close(struct nj_otlp *otlp)
{
    struct nj_jsonw *w = otlp->w;

    if (!otlp->has_scope)
        return;
    nj_jsonw_array_end(w); /* spans */
    nj_jsonw_object_end(w);
    nj_jsonw_array_end(w); /* scopeSpans */
    nj_jsonw_object_end(w);
}

static void
scope_open(struct nj_otlp *otlp, const struct nj_scope *scope)
{
    struct nj_jsonw *w = otlp->w;

    nj_jsonw_object(w);
    nj_jsonw_key(w, "resource");
    nj_jsonw_object(w);
    attrs_put(w, &scope->resource);
    nj_jsonw_object_end(w);
    text_unless_empty(w, "schemaUrl", scope->resource_schema_url);
    nj_jsonw_key(w, "scopeSpans");
    nj_jsonw_array(w);
    nj_jsonw_object(w);
    nj_jsonw_key(w, "scope");
    nj_jsonw_object(w);
    text_unless_empty(w, "name", scope->name);
    text_unless_empty(w, "version", scope->version);
    attrs_put(w, &scope->attrs);
    nj_jsonw_object_end(w);
    text_unless_empty(w, "schemaUrl", scope->schema_url);
    nj_jsonw_key(w, "spans");
    nj_jsonw_array(w);
}

void
nj_otlp_span(struct nj_otlp *otlp, const struct nj_span *span, const struct nj_scope *scope)
{
    if (!otlp->has_scope || otlp->scope != span->scope) {
        scope_close(otlp);
        scope_open(otlp, scope);
        otlp->has_scope = true;
        otlp->scope = span->scope;
    }
    span_put(otlp->w, span);
}

void
nj_otlp_end(struct nj_otlp *otlp)
{
    scope_close(otlp);
    nj_jsonw_array_end(otlp->w);
    nj_jsonw_object_end(otlp->w);
}
