/* span.h - a span as an importer hands it over: everything that the file said (floor 1). */
#ifndef NJ_SCHEMA_SPAN_H
#define NJ_SCHEMA_SPAN_H

#include "schema/diag.h"
#include "schema/ids.h"
#include "schema/value.h"

enum nj_status_code { NJ_STATUS_UNSET, NJ_STATUS_OK, NJ_STATUS_ERROR };

/* OTLP's span kinds, with its numbers. */
enum nj_otel_kind {
    NJ_OTEL_UNSPECIFIED,
    NJ_OTEL_INTERNAL,
    NJ_OTEL_SERVER,
    NJ_OTEL_CLIENT,
    NJ_OTEL_PRODUCER,
    NJ_OTEL_CONSUMER,
};

struct nj_attrs {
    const struct nj_attr *list;
    size_t len;
    uint32_t dropped; /* as the exporter counted */
};

/* Whether there is an attribute of this key whose value shows as `text`. */
static inline bool
nj_attrs_have(const struct nj_attrs *attrs, struct nj_slice key, struct nj_slice text)
{
    for (size_t i = 0; i < attrs->len; i++)
        if (nj_slice_eq(attrs->list[i].key, key) && nj_value_shows(&attrs->list[i].value, text))
            return true;
    return false;
}

struct nj_event {
    int64_t time_ns;
    struct nj_slice name;
    struct nj_attrs attrs;
};

struct nj_link {
    struct nj_trace_id trace_id;
    uint64_t span_id;
    struct nj_slice trace_text, span_text; /* empty where the id is hex */
    struct nj_slice trace_state;
    uint32_t flags;
    struct nj_attrs attrs; /* a FOLLOWS_FROM reference has `opentracing.ref_type` in them */
};

/* What stands around a span: its resource and its instrumentation scope. */
struct nj_scope {
    struct nj_attrs resource;
    struct nj_slice resource_schema_url;
    struct nj_slice name, version, schema_url;
    struct nj_attrs attrs;
};

/* Borrowed from the importer during one call of the sink; the sink copies what it keeps. */
struct nj_span {
    struct nj_trace_id trace_id;
    uint64_t span_id;
    uint64_t parent_id;                                 /* meaningful only with has_parent */
    struct nj_slice trace_text, span_text, parent_text; /* empty where the id is hex */
    bool has_parent;
    uint32_t scope; /* from sink->scope */
    struct nj_slice name, trace_state, status_message;
    int64_t start_ns, end_ns; /* since the epoch; NJ_NO_TIME where not recorded */
    enum nj_otel_kind otel_kind;
    enum nj_status_code status;
    uint32_t flags; /* OTLP's, bits 0-7 the W3C trace flags */
    struct nj_attrs attrs;
    const struct nj_event *events;
    size_t events_len;
    uint32_t events_dropped;
    const struct nj_link *links;
    size_t links_len;
    uint32_t links_dropped;
};

/* Where an importer puts what it reads; one sink an input. */
struct nj_sink {
    /* A scope, before the first span in it; the same content gets the same number. */
    enum nj_status (*scope)(struct nj_sink *sink, const struct nj_scope *scope, uint32_t *out,
                            struct nj_error *err);
    /* Once a span. */
    enum nj_status (*span)(struct nj_sink *sink, const struct nj_span *span,
                           struct nj_error *err);
    /* Everything before byte `offset` of the (decompressed) input has been handed over, so an
     * interrupted import may go on from there. Only importers of line-like formats call it. */
    enum nj_status (*checkpoint)(struct nj_sink *sink, uint64_t offset, struct nj_error *err);
    struct nj_diags *diags; /* oddities of this input */
};

#endif
