/* otlp_json_walk.c - trace requests of OTLP JSON in a stream: documents of any size in constant
 * memory. What fits is taken whole; what does not is entered, down to single spans. */
#include "importers/otlp_json.h"

#include <inttypes.h>

enum { AROUND_BYTES_MAX = 16 << 20 }; /* of a resource or scope */
/* Of a single span, which may be larger than a piece. */
#define SPAN_BYTES_MAX (NJ_STREAM_WINDOW_MAX / 2)

static void
note(struct nj_otlp_json *r, const struct nj_json_walk *walk, enum nj_diag_id id,
     const char *expected)
{
    nj_diag_at(r->sink->diags, id, "%s: byte %" PRIu64 ": expected %s", r->path,
               nj_json_walk_offset(walk), expected);
}

/* Takes the next value and puts a cursor over it; where the input ends inside it, what there
 * is. false: too long, or an error. */
static bool
piece_take(struct nj_otlp_json *r, struct nj_json_walk *walk, size_t max, struct nj_json *json)
{
    struct nj_slice text;

    if (!nj_json_walk_take(walk, max, &text)) {
        if (!walk->is_end || walk->is_too_long)
            return false;
        struct nj_slice window = nj_stream_window(walk->stream);
        text = nj_slice_from(window, walk->at);
        if (text.len == 0)
            return false;
        walk->at = window.len;
        r->is_cut = true;
    }
    nj_span_batch_clear(&r->spans);
    r->line = 0;
    r->offset = nj_json_walk_offset(walk) - text.len;
    nj_json_init(json, text, true, r->spans.arena);
    return true;
}

/* After a cursor has read a piece: its brackets matched, or the input is cut, so the walk goes
 * on behind it. */
static void
piece_done(struct nj_otlp_json *r, const struct nj_json *json)
{
    if (json->error)
        nj_otlp_json_note(r, json, r->is_cut ? NJ_DIAG_INPUT_CUT : NJ_DIAG_RECORD_INVALID,
                          json->error);
    nj_otlp_json_send(r);
}

/* Takes a resource, scope or URL that has to outlive the pieces behind it: in r->around. */
static bool
around_take(struct nj_otlp_json *r, struct nj_json_walk *walk, struct nj_json *json)
{
    struct nj_slice text;

    if (!nj_json_walk_take(walk, AROUND_BYTES_MAX, &text)) {
        if (!walk->error) {
            note(r, walk, NJ_DIAG_RECORD_TOO_LONG, "a shorter resource or scope");
            (void)nj_json_walk_skip(walk);
        }
        return false;
    }
    struct nj_slice copy = nj_arena_copy(r->around.arena, text);
    if (!copy.ptr) {
        r->status = nj_fail(r->err, NJ_ENOMEM, "out of memory for a resource");
        return false;
    }
    r->line = 0;
    r->offset = nj_json_walk_offset(walk) - text.len;
    nj_json_init(json, copy, false, r->around.arena);
    r->batch = &r->around;
    return true;
}

static void
around_done(struct nj_otlp_json *r, const struct nj_json *json)
{
    r->batch = &r->spans;
    if (json->error)
        nj_otlp_json_note(r, json, NJ_DIAG_RECORD_INVALID, json->error);
    if (r->around.is_failed && r->status >= 0)
        r->status = nj_fail(r->err, NJ_ENOMEM, "out of memory for a resource");
}

/* Enters an array; what is none is counted and passed over. */
static bool
array_enter(struct nj_otlp_json *r, struct nj_json_walk *walk, const char *expected)
{
    enum nj_json_type type = nj_json_walk_peek(walk);

    if (type == NJ_JSON_ARRAY)
        return nj_json_walk_array(walk);
    if (type != NJ_JSON_NULL && type != NJ_JSON_INVALID)
        note(r, walk, NJ_DIAG_RECORD_INVALID, expected);
    (void)nj_json_walk_skip(walk);
    return false;
}

/* A member of a name that is not known, as for requests in memory. */
static void
unknown_skip(struct nj_otlp_json *r, struct nj_json_walk *walk)
{
    if (nj_json_walk_peek(walk) == NJ_JSON_ARRAY)
        note(r, walk, NJ_DIAG_RECORD_INVALID, "a list of a known name");
    (void)nj_json_walk_skip(walk);
}

static void
spans_enter(struct nj_otlp_json *r, struct nj_json_walk *walk, const struct nj_scope *scope)
{
    struct nj_json json;

    if (!array_enter(r, walk, "an array of spans"))
        return;
    while (nj_json_walk_array_next(walk) && r->status >= 0) {
        if (!piece_take(r, walk, SPAN_BYTES_MAX, &json)) {
            if (walk->error)
                return;
            note(r, walk, NJ_DIAG_RECORD_TOO_LONG, "a span of at most 512 MiB");
            (void)nj_json_walk_skip(walk);
            continue;
        }
        struct nj_scope *around = nj_span_batch_scope(&r->spans);
        if (around) {
            *around = *scope;
            nj_otlp_json_spans(r, &json);
        }
        piece_done(r, &json);
    }
}

/* What comes behind spans that have been sent is too late for them. */
static void
late_note(struct nj_otlp_json *r, const struct nj_json_walk *walk, uint64_t sent)
{
    if (r->spans_len > sent)
        note(r, walk, NJ_DIAG_RECORD_TOO_LONG,
             "resource, scope and schema URL before a long list of spans");
}

static void
scope_spans_enter(struct nj_otlp_json *r, struct nj_json_walk *walk)
{
    struct nj_scope scope = {0};
    struct nj_slice key;
    struct nj_json json;
    uint64_t sent = r->spans_len;

    (void)nj_json_walk_object(walk);
    while (nj_json_walk_object_next(walk, &key) && r->status >= 0) {
        int id = nj_json_key_find(nj_otlp_scope_keys.list, nj_otlp_scope_keys.len, key);
        if (id == NJ_OTLP_SPANS) {
            spans_enter(r, walk, &scope);
        } else if (id == NJ_JSON_OTHER) {
            unknown_skip(r, walk);
        } else if (around_take(r, walk, &json)) {
            late_note(r, walk, sent);
            if (id == NJ_OTLP_SCOPE)
                nj_otlp_json_scope(r, &json, &scope);
            else
                nj_otlp_json_text(r, &json, &scope.schema_url);
            around_done(r, &json);
        }
    }
}

static void
scopes_enter(struct nj_otlp_json *r, struct nj_json_walk *walk)
{
    struct nj_json json;

    if (!array_enter(r, walk, "an array of scopeSpans"))
        return;
    while (nj_json_walk_array_next(walk) && r->status >= 0) {
        if (piece_take(r, walk, r->piece_bytes_max, &json)) {
            nj_otlp_json_scope_spans(r, &json);
            piece_done(r, &json);
        } else if (!walk->error && nj_json_walk_peek(walk) == NJ_JSON_OBJECT) {
            scope_spans_enter(r, walk);
        } else {
            (void)nj_json_walk_skip(walk);
        }
    }
}

/* The members of an element of resourceSpans from `key` on, whose value comes next. */
static void
resource_spans_members(struct nj_otlp_json *r, struct nj_json_walk *walk, struct nj_slice key)
{
    struct nj_json json;
    uint64_t sent = r->spans_len;

    nj_span_batch_clear(&r->around);
    r->resource = (struct nj_scope){0};
    do {
        int id = nj_json_key_find(nj_otlp_resource_keys.list, nj_otlp_resource_keys.len, key);
        if (id == NJ_OTLP_SCOPES) {
            scopes_enter(r, walk);
        } else if (id == NJ_JSON_OTHER) {
            unknown_skip(r, walk);
        } else if (around_take(r, walk, &json)) {
            late_note(r, walk, sent);
            if (id == NJ_OTLP_RESOURCE)
                nj_otlp_json_resource(r, &json);
            else
                nj_otlp_json_text(r, &json, &r->resource.resource_schema_url);
            around_done(r, &json);
        }
    } while (r->status >= 0 && nj_json_walk_object_next(walk, &key));
}

static void
request_enter(struct nj_otlp_json *r, struct nj_json_walk *walk)
{
    struct nj_slice key;
    struct nj_json json;

    if (!array_enter(r, walk, "an array of resourceSpans"))
        return;
    while (nj_json_walk_array_next(walk) && r->status >= 0) {
        if (piece_take(r, walk, r->piece_bytes_max, &json)) {
            nj_otlp_json_resource_spans(r, &json);
            piece_done(r, &json);
        } else if (!walk->error && nj_json_walk_peek(walk) == NJ_JSON_OBJECT) {
            if (nj_json_walk_object(walk) && nj_json_walk_object_next(walk, &key))
                resource_spans_members(r, walk, key);
        } else {
            (void)nj_json_walk_skip(walk);
        }
    }
}

static enum nj_otlp_shape
object_enter(struct nj_otlp_json *r, struct nj_json_walk *walk)
{
    enum nj_otlp_shape shape = NJ_OTLP_NOTHING;
    struct nj_slice key;

    (void)nj_json_walk_object(walk);
    for (unsigned open = 1; open > 0 && !walk->error && r->status >= 0;) {
        if (!nj_json_walk_object_next(walk, &key)) {
            open--;
            continue;
        }
        int id = nj_json_key_find(nj_otlp_document_keys.list, nj_otlp_document_keys.len, key);
        if (id == NJ_OTLP_REQUEST) {
            shape = NJ_OTLP_TRACES;
            request_enter(r, walk);
        } else if (id == NJ_OTLP_WRAPPER && open < NJ_OTLP_WRAPPERS_MAX &&
                   nj_json_walk_peek(walk) == NJ_JSON_OBJECT) {
            open += nj_json_walk_object(walk);
        } else if (id == NJ_OTLP_BARE && open == 1 && shape == NJ_OTLP_NOTHING) {
            resource_spans_members(r, walk, key);
            return NJ_OTLP_TRACES;
        } else {
            if (id == NJ_OTLP_OTHER)
                shape = NJ_OTLP_OTHER_SIGNAL;
            (void)nj_json_walk_skip(walk);
        }
    }
    return shape;
}

/* The next document, or an element of an array of them. */
static enum nj_otlp_shape
document_walk(struct nj_otlp_json *r, struct nj_json_walk *walk)
{
    enum nj_otlp_shape shape;
    struct nj_json json;

    if (piece_take(r, walk, r->piece_bytes_max, &json)) {
        shape = nj_otlp_json_document(r, &json);
        piece_done(r, &json);
        return shape;
    }
    if (!walk->error && nj_json_walk_peek(walk) == NJ_JSON_OBJECT)
        return object_enter(r, walk);
    (void)nj_json_walk_skip(walk);
    return NJ_OTLP_NOTHING;
}

enum nj_otlp_shape
nj_otlp_json_walk(struct nj_otlp_json *r, struct nj_json_walk *walk)
{
    enum nj_otlp_shape shape = NJ_OTLP_NOTHING;

    if (nj_json_walk_peek(walk) != NJ_JSON_ARRAY)
        return document_walk(r, walk);
    (void)nj_json_walk_array(walk);
    while (nj_json_walk_array_next(walk) && r->status >= 0) {
        enum nj_otlp_shape one = document_walk(r, walk);
        if (one == NJ_OTLP_NOTHING && !walk->error)
            note(r, walk, NJ_DIAG_RECORD_INVALID, "a trace request");
        if (one == NJ_OTLP_TRACES || shape == NJ_OTLP_NOTHING)
            shape = one;
    }
    return shape;
}
