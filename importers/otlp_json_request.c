/* otlp_json_request.c - trace requests of OTLP JSON in memory, in any of the wrappers that
 * tools write. */
#include "importers/otlp_json.h"

enum { PIECE_BYTES_MAX = 16 << 20 };

/* A request, the wrappers of Jaeger's and Tempo's query interfaces, a bare element of
 * resourceSpans, and what a collector may write into the same file. */
static const struct nj_json_key document_keys[] = {
    NJ_JSON_KEY("resourceSpans", NJ_OTLP_REQUEST),
    NJ_JSON_KEY("resource_spans", NJ_OTLP_REQUEST),
    NJ_JSON_KEY("batches", NJ_OTLP_REQUEST),
    NJ_JSON_KEY("result", NJ_OTLP_WRAPPER),
    NJ_JSON_KEY("trace", NJ_OTLP_WRAPPER),
    NJ_JSON_KEY("resource", NJ_OTLP_BARE),
    NJ_JSON_KEY("scopeSpans", NJ_OTLP_BARE),
    NJ_JSON_KEY("scope_spans", NJ_OTLP_BARE),
    NJ_JSON_KEY("instrumentationLibrarySpans", NJ_OTLP_BARE),
    NJ_JSON_KEY("resourceLogs", NJ_OTLP_OTHER),
    NJ_JSON_KEY("resource_logs", NJ_OTLP_OTHER),
    NJ_JSON_KEY("resourceMetrics", NJ_OTLP_OTHER),
    NJ_JSON_KEY("resource_metrics", NJ_OTLP_OTHER),
    NJ_JSON_KEY("resourceProfiles", NJ_OTLP_OTHER),
};
const struct nj_otlp_keys nj_otlp_document_keys = {document_keys, NJ_LEN(document_keys)};

static const struct nj_json_key resource_spans_keys[] = {
    NJ_JSON_KEY("resource", NJ_OTLP_RESOURCE),
    NJ_JSON_KEY("scopeSpans", NJ_OTLP_SCOPES),
    NJ_JSON_KEY("schemaUrl", NJ_OTLP_URL),
    NJ_JSON_KEY("scope_spans", NJ_OTLP_SCOPES),
    NJ_JSON_KEY("schema_url", NJ_OTLP_URL),
    NJ_JSON_KEY("instrumentationLibrarySpans", NJ_OTLP_SCOPES),
    NJ_JSON_KEY("deprecatedScopeSpans", NJ_OTLP_SCOPES),
    NJ_JSON_KEY("deprecated_scope_spans", NJ_OTLP_SCOPES),
};
const struct nj_otlp_keys nj_otlp_resource_keys = {resource_spans_keys,
                                                   NJ_LEN(resource_spans_keys)};

static const struct nj_json_key scope_spans_keys[] = {
    NJ_JSON_KEY("scope", NJ_OTLP_SCOPE),
    NJ_JSON_KEY("spans", NJ_OTLP_SPANS),
    NJ_JSON_KEY("schemaUrl", NJ_OTLP_URL),
    NJ_JSON_KEY("schema_url", NJ_OTLP_URL),
    NJ_JSON_KEY("instrumentationLibrary", NJ_OTLP_SCOPE),
    NJ_JSON_KEY("instrumentation_library", NJ_OTLP_SCOPE),
};
const struct nj_otlp_keys nj_otlp_scope_keys = {scope_spans_keys, NJ_LEN(scope_spans_keys)};

enum around_key { AROUND_ATTRIBUTES, AROUND_DROPPED, AROUND_NAME, AROUND_VERSION };

/* Of a resource or a scope. */
static const struct nj_json_key around_keys[] = {
    NJ_JSON_KEY("name", AROUND_NAME),
    NJ_JSON_KEY("version", AROUND_VERSION),
    NJ_JSON_KEY("attributes", AROUND_ATTRIBUTES),
    NJ_JSON_KEY("droppedAttributesCount", AROUND_DROPPED),
    NJ_JSON_KEY("dropped_attributes_count", AROUND_DROPPED),
};

enum nj_status
nj_otlp_json_init(struct nj_otlp_json *r, struct nj_error *err)
{
    *r = (struct nj_otlp_json){.err = err, .piece_bytes_max = PIECE_BYTES_MAX};
    r->batch = &r->spans;
    enum nj_status st = nj_span_batch_init(&r->spans, err);
    if (st == NJ_OK)
        st = nj_span_batch_init(&r->around, err);
    if (st < 0)
        nj_otlp_json_fini(r);
    return st;
}

void
nj_otlp_json_fini(struct nj_otlp_json *r)
{
    nj_span_batch_fini(&r->spans);
    nj_span_batch_fini(&r->around);
    nj_buf_fini(&r->nested);
}

void
nj_otlp_json_send(struct nj_otlp_json *r)
{
    r->spans_len += r->spans.spans_len;
    if (r->status >= 0)
        r->status = nj_span_batch_send(&r->spans, &r->resource, r->sink, r->err);
}

/* Enters an object or array; what is none is counted and passed over. */
static bool
enter(struct nj_otlp_json *r, struct nj_json *json, enum nj_json_type want,
      const char *expected)
{
    enum nj_json_type type = nj_json_peek(json);

    if (type == want)
        return want == NJ_JSON_OBJECT ? nj_json_object(json) : nj_json_array(json);
    if (type == NJ_JSON_INVALID)
        return false;
    if (type != NJ_JSON_NULL)
        nj_otlp_json_note(r, json, NJ_DIAG_RECORD_INVALID, expected);
    (void)nj_json_skip(json);
    return false;
}

static void
around_read(struct nj_otlp_json *r, struct nj_json *json, struct nj_scope *scope,
            struct nj_attrs *attrs)
{
    struct nj_json_order order = {0};
    int id;

    while ((id = nj_json_member(json, around_keys, NJ_LEN(around_keys), &order)) !=
           NJ_JSON_END) {
        if (id == AROUND_ATTRIBUTES)
            nj_otlp_json_attrs(r, json, attrs);
        else if (id == AROUND_DROPPED)
            nj_otlp_json_u32(r, json, &attrs->dropped);
        else if (id == AROUND_NAME && scope)
            nj_otlp_json_text(r, json, &scope->name);
        else if (id == AROUND_VERSION && scope)
            nj_otlp_json_text(r, json, &scope->version);
        else
            (void)nj_json_skip(json);
    }
}

void
nj_otlp_json_resource(struct nj_otlp_json *r, struct nj_json *json)
{
    if (enter(r, json, NJ_JSON_OBJECT, "a resource object"))
        around_read(r, json, NULL, &r->resource.resource);
}

void
nj_otlp_json_scope(struct nj_otlp_json *r, struct nj_json *json, struct nj_scope *scope)
{
    if (enter(r, json, NJ_JSON_OBJECT, "a scope object"))
        around_read(r, json, scope, &scope->attrs);
}

/* Whether a span, and not a link, begins here: it has a start and its JSON is whole. */
static bool
span_begins(const struct nj_json *json, const char *at)
{
    static const struct nj_json_key start_keys[] = {
        NJ_JSON_KEY("startTimeUnixNano", 1),
        NJ_JSON_KEY("start_time_unix_nano", 1),
    };
    struct nj_json probe = *json;
    bool has_start = false;
    struct nj_json_order order = {0};
    int id;

    probe.at = at;
    if (!nj_json_object(&probe))
        return false;
    while ((id = nj_json_member(&probe, start_keys, NJ_LEN(start_keys), &order)) !=
           NJ_JSON_END) {
        has_start |= id == 1;
        (void)nj_json_skip(&probe);
    }
    return has_start && !probe.error;
}

/* After an error of JSON in the span that began at `from`: one wrong byte must not cost the
 * spans behind it. The names of ids cannot stand in a text without a backslash, so the next
 * span is looked for by them. false: there is none, and the error stays. */
static bool
span_resync(struct nj_otlp_json *r, struct nj_json *json, const char *from, unsigned depth)
{
    static const struct nj_slice names[] = {{"{\"traceId\"", 10}, {"{\"trace_id\"", 11}};
    struct nj_json next = *json;

    next.error = NULL;
    next.depth = depth;
    next.is_opened = false;
    const char *p = from;
    while (p < json->end && (p = memchr(p + 1, '{', (size_t)(json->end - p - 1))) != NULL) {
        struct nj_slice rest = {p, (size_t)(json->end - p)};
        if ((!nj_slice_starts(rest, names[0]) && !nj_slice_starts(rest, names[1])) ||
            !span_begins(&next, p))
            continue;
        nj_otlp_json_note(r, json, NJ_DIAG_RECORD_INVALID, json->error);
        next.at = p;
        *json = next;
        return true;
    }
    return false;
}

void
nj_otlp_json_spans(struct nj_otlp_json *r, struct nj_json *json)
{
    for (bool more = true; more;) {
        const char *from = json->at;
        unsigned depth = json->depth;
        nj_otlp_json_span(r, json);
        if (!json->error && nj_json_at_end(json))
            return;
        more = !json->error && nj_json_array_next(json);
        if (json->error)
            more = span_resync(r, json, from, depth);
    }
}

/* A member of a name that is not known. There, lists are of spans or hold them: one whose name
 * is damaged is a loss. */
static void
unknown_skip(struct nj_otlp_json *r, struct nj_json *json)
{
    if (nj_json_peek(json) == NJ_JSON_ARRAY)
        nj_otlp_json_note(r, json, NJ_DIAG_RECORD_INVALID, "a list of a known name");
    (void)nj_json_skip(json);
}

void
nj_otlp_json_scope_spans(struct nj_otlp_json *r, struct nj_json *json)
{
    struct nj_scope *scope = nj_span_batch_scope(r->batch);
    struct nj_json_order order = {0};
    int id;

    if (!scope || !enter(r, json, NJ_JSON_OBJECT, "an object with spans"))
        return;
    while ((id = nj_json_member(json, scope_spans_keys, NJ_LEN(scope_spans_keys), &order)) !=
           NJ_JSON_END) {
        if (id == NJ_OTLP_SPANS) {
            if (enter(r, json, NJ_JSON_ARRAY, "an array of spans") && nj_json_array_next(json))
                nj_otlp_json_spans(r, json);
        } else if (id == NJ_OTLP_SCOPE)
            nj_otlp_json_scope(r, json, scope);
        else if (id == NJ_OTLP_URL)
            nj_otlp_json_text(r, json, &scope->schema_url);
        else
            unknown_skip(r, json);
    }
}

void
nj_otlp_json_resource_spans(struct nj_otlp_json *r, struct nj_json *json)
{
    struct nj_json_order order = {0};
    int id;

    r->resource = (struct nj_scope){0};
    if (!enter(r, json, NJ_JSON_OBJECT, "an object with a resource and scopeSpans"))
        return;
    while ((id = nj_json_member(json, resource_spans_keys, NJ_LEN(resource_spans_keys),
                                &order)) != NJ_JSON_END) {
        if (id == NJ_OTLP_RESOURCE)
            nj_otlp_json_resource(r, json);
        else if (id == NJ_OTLP_URL)
            nj_otlp_json_text(r, json, &r->resource.resource_schema_url);
        else if (id != NJ_OTLP_SCOPES)
            unknown_skip(r, json);
        else if (enter(r, json, NJ_JSON_ARRAY, "an array of scopeSpans"))
            while (nj_json_array_next(json) && r->status >= 0)
                nj_otlp_json_scope_spans(r, json);
    }
    nj_otlp_json_send(r);
}

static void
request_read(struct nj_otlp_json *r, struct nj_json *json)
{
    if (enter(r, json, NJ_JSON_ARRAY, "an array of resourceSpans"))
        while (nj_json_array_next(json) && r->status >= 0)
            nj_otlp_json_resource_spans(r, json);
}

static enum nj_otlp_shape
object_read(struct nj_otlp_json *r, struct nj_json *json)
{
    struct nj_json before = *json;
    enum nj_otlp_shape shape = NJ_OTLP_NOTHING;
    struct nj_json_order order = {0};

    if (!nj_json_object(json))
        return shape;
    for (unsigned open = 1; open > 0 && !json->error && r->status >= 0;) {
        int id = nj_json_member(json, document_keys, NJ_LEN(document_keys), &order);
        if (id == NJ_JSON_END) {
            open--;
        } else if (id == NJ_OTLP_REQUEST) {
            shape = NJ_OTLP_TRACES;
            request_read(r, json);
        } else if (id == NJ_OTLP_WRAPPER && open < NJ_OTLP_WRAPPERS_MAX &&
                   nj_json_peek(json) == NJ_JSON_OBJECT) {
            open += nj_json_object(json);
        } else if (id == NJ_OTLP_BARE && open == 1 && shape == NJ_OTLP_NOTHING) {
            *json = before;
            nj_otlp_json_resource_spans(r, json);
            return NJ_OTLP_TRACES;
        } else {
            if (id == NJ_OTLP_OTHER)
                shape = NJ_OTLP_OTHER_SIGNAL;
            (void)nj_json_skip(json);
        }
    }
    return shape;
}

enum nj_otlp_shape
nj_otlp_json_document(struct nj_otlp_json *r, struct nj_json *json)
{
    enum nj_otlp_shape shape = NJ_OTLP_NOTHING;

    if (nj_json_peek(json) == NJ_JSON_OBJECT)
        return object_read(r, json);
    if (nj_json_peek(json) != NJ_JSON_ARRAY || !nj_json_array(json)) {
        (void)nj_json_skip(json);
        return shape;
    }
    while (nj_json_array_next(json) && r->status >= 0) {
        enum nj_otlp_shape one = NJ_OTLP_NOTHING;
        if (nj_json_peek(json) == NJ_JSON_OBJECT)
            one = object_read(r, json);
        else
            (void)nj_json_skip(json);
        if (one == NJ_OTLP_NOTHING && !json->error)
            nj_otlp_json_note(r, json, NJ_DIAG_RECORD_INVALID, "a trace request");
        if (one == NJ_OTLP_TRACES || shape == NJ_OTLP_NOTHING)
            shape = one;
    }
    return shape;
}
