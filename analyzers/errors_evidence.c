/* errors_evidence.c - which spans are errors: status, codes, structured results, evaluations.
 */
#include "analyzers/errors_evidence.h"

#include "analyzers/errors_text.h"
#include "base/hash.h"
#include "base/search.h"
#include "base/template.h"
#include "schema/facts.h"

#include <stdio.h>

enum { TEXT_MAX = 1024, MESSAGE_MAX = 512, TEMPLATE_SLOTS = 1024 };

/* An exception belongs to the end of its span when it is this near to it. */
#define END_TOLERANCE_NS (INT64_C(50) * 1000 * 1000)

struct exception {
    int64_t at_ns;
    struct nj_slice type, message;
};

/* What the facts of one span say about errors. */
struct findings {
    struct nj_slice status_message, error_type, tool_text, finish_reason, label;
    int64_t http, grpc;
    bool has_grpc, is_tool_failed, has_exception;
};

/* The text from the end of a span, put together from several places. */
struct fatal {
    char text[TEXT_MAX];
    size_t len;
    bool is_joined; /* text holds more than the status message */
    bool has_exception;
    struct exception last;
};

/* Templates of messages seen lately, since most errors of a large trace are alike. */
struct template_cache {
    struct {
        struct nj_slice message, template;
    } slots[TEMPLATE_SLOTS];
};

static bool
is_any(struct nj_slice text, const char *const *list)
{
    for (; *list; list++)
        if (nj_slice_eq(text, nj_slice_of(*list)))
            return true;
    return false;
}

static struct nj_slice
cut(struct nj_slice text, size_t max)
{
    if (text.len > max)
        text.len = max;
    return text;
}

static void
finding_add(struct findings *f, const struct nj_fact_cursor *c)
{
    static const char *const fatal_reasons[] = {"content_filter", "error", "refusal",
                                                "malformed_function_call", NULL};
    static const char *const failed_labels[] = {"fail",  "failed", "incorrect",
                                                "wrong", "error",  NULL};

    if (c->fact == NJ_FACT_STATUS_MESSAGE)
        f->status_message = cut(c->bytes, MESSAGE_MAX);
    else if (c->fact == NJ_FACT_ERROR_TYPE)
        f->error_type = nj_error_type_base(c->bytes);
    else if (c->fact == NJ_FACT_EXCEPTION_TIME)
        f->has_exception = true;
    else if (c->fact == NJ_FACT_HTTP_STATUS)
        f->http = c->integer;
    else if (c->fact == NJ_FACT_GRPC_STATUS) {
        f->grpc = c->integer;
        f->has_grpc = true;
    } else if (c->fact == NJ_FACT_TOOL_FAILED)
        f->is_tool_failed = c->integer == 1;
    else if (c->fact == NJ_FACT_TOOL_FAILED_TEXT)
        f->tool_text = cut(c->bytes, MESSAGE_MAX);
    else if (c->fact == NJ_FACT_FINISH_REASON && is_any(c->bytes, fatal_reasons))
        f->finish_reason = c->bytes;
    else if (c->fact == NJ_FACT_EVALUATION_LABEL && is_any(c->bytes, failed_labels))
        f->label = c->bytes;
}

/* Conventions of HTTP and gRPC: what a server answers to a bad request is no error of its own.
 */
static bool
has_failed_code(const struct findings *f, uint8_t otel_kind)
{
    static const uint32_t server_codes =
        1u << 2 | 1u << 4 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 15;

    if (f->http >= 500 || (f->http >= 400 && otel_kind == NJ_OTEL_CLIENT))
        return true;
    if (!f->has_grpc || f->grpc <= 0 || f->grpc > 16)
        return false;
    return otel_kind == NJ_OTEL_SERVER ? (server_codes >> f->grpc & 1) != 0 : true;
}

/* The next exception of the span; the cursor moves past it. */
static bool
exception_next(struct nj_fact_cursor *cursor, struct exception *out)
{
    struct nj_fact_cursor ahead = *cursor;
    bool is_found = false;

    while (nj_facts_next(&ahead)) {
        if (ahead.fact == NJ_FACT_EXCEPTION_TIME && is_found)
            return true;
        if (ahead.fact == NJ_FACT_EXCEPTION_TIME) {
            *out = (struct exception){.at_ns = ahead.integer};
            is_found = true;
        } else if (ahead.fact == NJ_FACT_EXCEPTION_TYPE && is_found) {
            out->type = nj_error_type_base(ahead.bytes);
        } else if (ahead.fact == NJ_FACT_EXCEPTION_MESSAGE && is_found) {
            out->message = cut(ahead.bytes, MESSAGE_MAX);
        }
        *cursor = ahead;
    }
    return is_found;
}

static bool
is_fatal(const struct exception *x, const struct findings *f, int64_t end_ns, int64_t span_ns)
{
    int64_t tolerance_ns = span_ns / 20 > END_TOLERANCE_NS ? span_ns / 20 : END_TOLERANCE_NS;

    return x->at_ns >= end_ns - tolerance_ns ||
           (x->message.len > 0 && nj_slice_find(f->status_message, x->message) != NJ_NOT_FOUND);
}

static void
fatal_put(struct fatal *fatal, struct nj_slice piece)
{
    size_t room = TEXT_MAX - fatal->len;
    size_t len = piece.len < room ? piece.len : room;

    if (len > 0)
        memcpy(fatal->text + fatal->len, piece.ptr, len);
    fatal->len += len;
}

static void
fatal_add(struct fatal *fatal, const struct exception *x)
{
    struct nj_slice text = {fatal->text, fatal->len};

    if (!fatal->has_exception || x->at_ns >= fatal->last.at_ns)
        fatal->last = *x;
    fatal->has_exception = true;
    if (x->message.len > 0 && nj_slice_find(text, x->message) != NJ_NOT_FOUND)
        return;
    fatal->is_joined = true;
    if (fatal->len > 0)
        fatal_put(fatal, NJ_SLICE("\n"));
    fatal_put(fatal, x->type);
    fatal_put(fatal, NJ_SLICE(": "));
    fatal_put(fatal, x->message);
}

/* Collects the text of the span's end; returns whether it is weak: nothing was left, and
 * exceptions from before the end stand in. */
static bool
fatal_collect(struct fatal *fatal, const struct findings *f, const struct nj_trace *trace,
              uint32_t span)
{
    struct nj_fact_cursor cursor = nj_facts_open(nj_trace_facts(trace, span));
    struct exception x;

    fatal->len = 0;
    fatal->is_joined = fatal->has_exception = false;
    fatal_put(fatal, f->status_message);
    while (f->has_exception && exception_next(&cursor, &x))
        if (is_fatal(&x, f, trace->raw_end_ns[span], nj_trace_raw_ns(trace, span)))
            fatal_add(fatal, &x);
    if (fatal->len > 0 || fatal->has_exception || !f->has_exception)
        return false;
    cursor = nj_facts_open(nj_trace_facts(trace, span));
    while (exception_next(&cursor, &x))
        fatal_add(fatal, &x);
    return true;
}

static struct nj_slice
template_of(struct template_cache *cache, struct nj_slice message, struct nj_arena *arena)
{
    size_t slot = nj_hash(message) % TEMPLATE_SLOTS;
    char text[NJ_TEMPLATE_OUT];

    if (message.len == 0)
        return message;
    if (!nj_slice_eq(cache->slots[slot].message, message)) {
        struct nj_slice made = {text, nj_template_make(text, message)};
        cache->slots[slot].message = message;
        cache->slots[slot].template = nj_arena_copy(arena, made);
    }
    return cache->slots[slot].template;
}

/* The words for evidence that carries none of its own. */
static struct nj_slice
structured_type(const struct findings *f, struct nj_arena *arena)
{
    char text[32];
    int len = 0;

    if (f->is_tool_failed)
        return NJ_SLICE("tool_error");
    if (f->http >= 400 && f->http < 1000)
        len = snprintf(text, sizeof text, "HTTP %d", (int)f->http);
    else if (f->has_grpc && f->grpc > 0 && f->grpc <= 16)
        len = snprintf(text, sizeof text, "gRPC %d", (int)f->grpc);
    if (len > 0)
        return nj_arena_copy(arena, (struct nj_slice){text, (size_t)len});
    if (f->finish_reason.len > 0)
        return f->finish_reason;
    return f->label.len > 0 ? NJ_SLICE("failed evaluation") : (struct nj_slice){0};
}

/* Type, message and text of a node from what was found. false: no memory. */
static bool
words_fill(struct nj_error_node *node, const struct findings *f, const struct fatal *fatal,
           struct nj_arena *arena)
{
    struct nj_slice message, rest, parsed;

    message = fatal->has_exception && fatal->last.message.len > 0 ? fatal->last.message
              : f->status_message.len > 0                         ? f->status_message
                                                                  : f->tool_text;
    parsed = nj_error_type_parse(message, &rest);
    node->type = fatal->has_exception && fatal->last.type.len > 0 ? fatal->last.type
                 : f->error_type.len > 0                          ? f->error_type
                                                                  : parsed;
    if (parsed.len > 0 && rest.len > 0 && nj_slice_eq(parsed, node->type))
        message = rest;
    node->message = message;
    node->text = fatal->is_joined
                     ? nj_arena_copy(arena, (struct nj_slice){fatal->text, fatal->len})
                     : f->status_message;
    if (fatal->is_joined && !node->text.ptr)
        return false;
    if (node->text.len == 0)
        node->text = f->tool_text;
    if (nj_error_is_cancellation(node->type, message) || (f->has_grpc && f->grpc == 1))
        node->flags |= NJ_ERROR_IS_CANCELLED;
    if (!nj_error_text_is_empty(message) && nj_error_type_is_specific(node->type))
        node->flags |= NJ_ERROR_IS_SPECIFIC;
    if (node->type.len == 0) {
        node->type = structured_type(f, arena);
        return node->type.len == 0 || node->type.ptr != NULL;
    }
    return true;
}

/* Whether the span steers its framework instead of failing. */
static bool
is_control_flow(const struct findings *f, const struct fatal *fatal)
{
    if (fatal->has_exception && fatal->last.type.len > 0)
        return nj_error_type_is_control_flow(fatal->last.type);
    return nj_error_type_is_control_flow(f->error_type) ||
           nj_error_text_is_control_flow(f->status_message);
}

static enum nj_strength
strength_of(const struct findings *f, uint8_t status, uint8_t otel_kind)
{
    if (status == NJ_STATUS_ERROR || f->error_type.len > 0)
        return NJ_STRENGTH_EXPLICIT;
    if (has_failed_code(f, otel_kind) || f->is_tool_failed || f->finish_reason.len > 0 ||
        f->label.len > 0)
        return NJ_STRENGTH_STRUCTURED;
    return NJ_STRENGTH_HANDLED;
}

/* Looks at one span that has findings. false: no memory. */
static bool
span_judge(struct nj_errors *e, const struct findings *f, struct template_cache *cache,
           uint32_t span)
{
    const struct nj_trace *trace = e->trace;
    struct nj_error_node *node = &e->nodes[e->nodes_len];
    struct fatal fatal;
    bool is_weak = fatal_collect(&fatal, f, trace, span);

    if (is_control_flow(f, &fatal)) {
        e->control_flow[e->control_flow_len++] = span;
        return true;
    }
    *node = (struct nj_error_node){
        .span = span,
        .strength = strength_of(f, trace->status[span], trace->otel_kind[span]),
        .flags = is_weak ? NJ_ERROR_IS_WEAK : 0,
        .at_ns = trace->raw_end_ns[span],
        .recovered = NJ_NO_SPAN,
        .next_attempt = NJ_NO_NODE,
        .out = NJ_NO_NODE,
        .cause = NJ_NO_NODE,
        .absorbed_at = NJ_NO_SPAN,
        .suspect = NJ_NO_SPAN};
    if (fatal.has_exception && !is_weak)
        node->at_ns = fatal.last.at_ns;
    if (f->http > 0 && f->http < 1000)
        node->http = (int32_t)f->http;
    if (node->strength == NJ_STRENGTH_HANDLED)
        node->flags |= NJ_ERROR_IS_HANDLED;
    if (node->strength == NJ_STRENGTH_STRUCTURED && f->label.len > 0 && !f->is_tool_failed &&
        f->finish_reason.len == 0 && !has_failed_code(f, trace->otel_kind[span]))
        node->flags |= NJ_ERROR_IS_SEMANTIC;
    if (!words_fill(node, f, &fatal, e->arena))
        return false;
    node->template = template_of(cache, node->message, e->arena);
    e->node_of[span] = e->nodes_len++;
    return node->message.len == 0 || node->template.ptr != NULL;
}

static bool
has_findings(const struct findings *f, uint8_t status)
{
    return status == NJ_STATUS_ERROR || f->error_type.len > 0 || f->has_exception ||
           f->http >= 400 || (f->has_grpc && f->grpc != 0) || f->is_tool_failed ||
           f->finish_reason.len > 0 || f->label.len > 0;
}

static struct findings
findings_of(const struct nj_trace *trace, uint32_t span)
{
    struct nj_fact_cursor cursor = nj_facts_open(nj_trace_facts(trace, span));
    struct findings f = {0};

    while (nj_facts_next(&cursor))
        finding_add(&f, &cursor);
    return f;
}

/* Without one of these a span that did not fail has no findings. */
static const uint64_t speaking_facts = NJ_FACT_BIT(ERROR_TYPE) | NJ_FACT_BIT(EXCEPTION_TIME) |
                                       NJ_FACT_BIT(HTTP_STATUS) | NJ_FACT_BIT(GRPC_STATUS) |
                                       NJ_FACT_BIT(TOOL_FAILED) | NJ_FACT_BIT(FINISH_REASON) |
                                       NJ_FACT_BIT(EVALUATION_LABEL);

static bool
may_be_judged(const struct nj_trace *trace, uint32_t i, struct findings *out)
{
    if (trace->flags[i] & NJ_SPAN_RECONSTRUCTED)
        return false;
    if (trace->status[i] != NJ_STATUS_ERROR && !nj_trace_has_facts(trace, i, speaking_facts))
        return false;
    *out = findings_of(trace, i);
    if (!has_findings(out, trace->status[i]))
        return false;
    return strength_of(out, trace->status[i], trace->otel_kind[i]) > NJ_STRENGTH_HANDLED ||
           out->has_exception;
}

bool
nj_error_evidence_find(struct nj_errors *e)
{
    const struct nj_trace *trace = e->trace;
    struct template_cache *cache;
    uint32_t *judged = NJ_NEW_RAW(e->arena, uint32_t, trace->spans_len);
    struct findings f;
    uint32_t candidates = 0;

    if (!judged)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (may_be_judged(trace, i, &f))
            judged[candidates++] = i;
    if (candidates == 0)
        return true;
    e->nodes = NJ_NEW_RAW(e->arena, struct nj_error_node, candidates);
    e->node_of = NJ_NEW_RAW(e->arena, uint32_t, trace->spans_len);
    e->control_flow = NJ_NEW_RAW(e->arena, uint32_t, candidates);
    e->handled = NJ_NEW_RAW(e->arena, uint32_t, candidates);
    cache = NJ_NEW(e->arena, struct template_cache, 1);
    if (!e->nodes || !e->node_of || !e->control_flow || !e->handled || !cache)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        e->node_of[i] = NJ_NO_NODE;
    for (uint32_t k = 0; k < candidates; k++) {
        f = findings_of(trace, judged[k]);
        if (!span_judge(e, &f, cache, judged[k]))
            return false;
    }
    return true;
}

/* An exception that no child explains, at the very end of the span, whose words the parent
 * failed with. */
static bool
is_failure_after_all(const struct nj_errors *e, uint32_t node)
{
    const struct nj_error_tree *tree = &e->tree;
    const struct nj_error_node *n = &e->nodes[node];
    uint32_t parent = tree->parent[n->span];

    if (parent == NJ_NO_SPAN || e->node_of[parent] == NJ_NO_NODE ||
        (e->nodes[e->node_of[parent]].flags & NJ_ERROR_IS_HANDLED))
        return false;
    for (uint32_t c = tree->child_at[n->span]; c < tree->child_at[n->span + 1]; c++)
        if (e->node_of[tree->children[c]] != NJ_NO_NODE)
            return false;
    return e->trace->raw_end_ns[n->span] - n->at_ns <=
               nj_trace_raw_ns(e->trace, n->span) / 50 &&
           nj_error_match_alone(&e->nodes[e->node_of[parent]], n) >= 2;
}

void
nj_error_evidence_settle(struct nj_errors *e)
{
    uint32_t kept = 0;

    for (uint32_t n = 0; n < e->nodes_len; n++)
        if ((e->nodes[n].flags & NJ_ERROR_IS_HANDLED) && is_failure_after_all(e, n))
            e->nodes[n].strength = NJ_STRENGTH_STRUCTURED;
    for (uint32_t n = 0; n < e->nodes_len; n++) {
        struct nj_error_node *node = &e->nodes[n];
        if (node->strength < NJ_STRENGTH_STRUCTURED) {
            e->handled[e->handled_len++] = node->span;
            e->node_of[node->span] = NJ_NO_NODE;
            continue;
        }
        node->flags &= (uint16_t)~NJ_ERROR_IS_HANDLED;
        e->node_of[node->span] = kept;
        e->nodes[kept++] = *node;
    }
    e->nodes_len = kept;
}
