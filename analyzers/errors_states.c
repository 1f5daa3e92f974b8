/* errors_states.c - origins: which errors began a chain, what became of them, in which order to
 * look at them, and what failed attempts cost. */
#include "analyzers/errors_link.h"
#include "analyzers/errors_text.h"
#include "analyzers/errors_tree.h"
#include "base/search.h"

#include <stdlib.h>

/* What an origin is ranked by, first field first; smaller is better. */
struct rank_key {
    uint8_t state, conf, is_minor, how, weakness;
    int64_t at_ns; /* negated for what was absorbed: the latest first */
    uint64_t span_id;
    bool is_verdict; /* an evaluation that failed, after the lead that takes its place */
    struct nj_error_origin origin;
};

static uint32_t
group_find(struct nj_errors *e, uint32_t n)
{
    uint32_t top = n;

    while (e->nodes[top].group != top)
        top = e->nodes[top].group;
    while (e->nodes[n].group != top) {
        uint32_t next = e->nodes[n].group;
        e->nodes[n].group = top;
        n = next;
    }
    return top;
}

/* The origins of the attempts of one operation are one: that of the first attempt. */
static void
groups_fill(struct nj_errors *e)
{
    for (uint32_t n = 0; n < e->nodes_len; n++)
        e->nodes[n].group = n;
    for (uint32_t k = 0; k < e->tree.order_len; k++) {
        uint32_t n = e->node_of[e->tree.order[k]], later;
        if (n == NJ_NO_NODE || e->nodes[n].next_attempt == NJ_NO_NODE)
            continue;
        later = group_find(e, e->nodes[e->nodes[n].next_attempt].first);
        e->nodes[later].group = group_find(e, e->nodes[n].first);
    }
    for (uint32_t n = 0; n < e->nodes_len; n++)
        group_find(e, n);
}

static bool
is_origin(const struct nj_errors *e, uint32_t n)
{
    uint32_t group = e->nodes[n].group;

    if (e->nodes[n].flags & NJ_ERROR_HAS_CAUSE)
        return false;
    return group == n || (e->nodes[group].flags & NJ_ERROR_HAS_CAUSE);
}

/* The next sibling did the work in another way: the same kind of thing by another name, or
 * something that calls itself a fallback. One agent after another is a plan, not a fallback. */
static bool
has_fallback(const struct nj_errors *e, uint32_t span)
{
    const struct nj_trace *trace = e->trace;
    uint32_t next = nj_error_tree_next_sibling(&e->tree, span);
    struct nj_slice name;

    if (next == NJ_NO_SPAN || e->node_of[next] != NJ_NO_NODE ||
        nj_error_operation(trace, next) == nj_error_operation(trace, span))
        return false;
    name = nj_names_get(trace->corpus->names, trace->name[next]);
    if (nj_slice_find(name, NJ_SLICE("fallback")) != NJ_NOT_FOUND)
        return true;
    return trace->kind[next] == trace->kind[span] && trace->kind[span] != NJ_KIND_AGENT &&
           trace->kind[span] != NJ_KIND_OTHER;
}

static enum nj_error_how
how_absorbed(const struct nj_errors *e, const struct nj_error_node *last)
{
    if (last->flags & NJ_ERROR_IS_CANCELLED)
        return NJ_ABSORBED_CANCELLED;
    if (last->recovered != NJ_NO_SPAN && last->recovered_conf != NJ_CONF_C)
        return NJ_ABSORBED_RETRY;
    if (last->absorbed_at == NJ_NO_SPAN)
        return NJ_ABSORBED_DETACHED;
    return has_fallback(e, last->span) ? NJ_ABSORBED_FALLBACK : NJ_ABSORBED_IGNORED;
}

static struct rank_key
rank_key_of(const struct nj_errors *e, uint32_t n)
{
    const struct nj_error_node *node = &e->nodes[n];
    const struct nj_error_node *last = &e->nodes[node->terminal];
    bool is_cancelled = (node->flags & NJ_ERROR_IS_CANCELLED) != 0;
    struct rank_key key = {
        .conf = node->chain_conf,
        .is_minor = (node->flags & (NJ_ERROR_IS_CANCELLED | NJ_ERROR_IS_SEMANTIC)) != 0,
        .weakness = (uint8_t)(NJ_STRENGTH_EXPLICIT - node->strength),
        .at_ns = node->at_ns,
        .span_id = e->trace->span_id[node->span]};

    key.state = node->reaches_root ? NJ_STATE_SURFACED
                : is_cancelled     ? NJ_STATE_CANCELLED
                                   : NJ_STATE_ABSORBED;
    if (!node->reaches_root) {
        key.how = (uint8_t)(is_cancelled ? NJ_ABSORBED_CANCELLED : how_absorbed(e, last));
        key.at_ns = -node->at_ns;
    }
    key.origin = (struct nj_error_origin){
        .node = n, .state = key.state, .how = key.how, .conf = key.conf};
    return key;
}

/* A failed evaluation says that the answer is wrong and nothing of why. An error that was
 * thrown and that nobody repaired is what to look at first then: it is listed right before the
 * verdict, and stays what it is. What a tool returned as a failure was there for its caller to
 * act upon, and gets no such place. */
static void
leads_raise(const struct nj_errors *e, struct rank_key *keys, const uint32_t *key_of)
{
    for (uint32_t k = 0; k < e->edges_len; k++) {
        const struct nj_error_edge *edge = &e->edges[k];
        uint32_t lead, verdict;
        if (edge->why != NJ_WHY_EVALUATION)
            continue;
        lead = key_of[e->nodes[e->nodes[edge->from].first].group];
        verdict = key_of[edge->to];
        if (lead == NJ_NO_NODE || verdict == NJ_NO_NODE ||
            keys[lead].origin.state == NJ_STATE_SURFACED ||
            keys[verdict].origin.state != NJ_STATE_SURFACED || keys[lead].weakness > 0)
            continue;
        struct nj_error_origin origin = keys[lead].origin;
        keys[verdict].is_verdict = true;
        keys[lead] = keys[verdict];
        keys[lead].is_verdict = false;
        keys[lead].origin = origin;
    }
}

#define COMPARE(a, b) ((a) != (b) ? ((a) < (b) ? -1 : 1) : 0)

static int
rank_cmp(const void *a, const void *b)
{
    const struct rank_key *x = a, *y = b;
    const int order[] = {
        COMPARE(x->state, y->state),       COMPARE(x->conf, y->conf),
        COMPARE(x->is_minor, y->is_minor), COMPARE(x->how, y->how),
        COMPARE(x->weakness, y->weakness), COMPARE(x->at_ns, y->at_ns),
        COMPARE(x->span_id, y->span_id),   COMPARE(x->is_verdict, y->is_verdict)};

    for (size_t i = 0; i < NJ_LEN(order); i++)
        if (order[i])
            return order[i];
    return COMPARE(x->origin.node, y->origin.node);
}

static bool
origins_rank(struct nj_errors *e)
{
    uint32_t len = 0, *key_of = NJ_NEW_RAW(e->arena, uint32_t, e->nodes_len);
    struct rank_key *keys;

    for (uint32_t n = 0; n < e->nodes_len; n++)
        len += is_origin(e, n);
    keys = NJ_NEW_RAW(e->arena, struct rank_key, len);
    e->origins = NJ_NEW_RAW(e->arena, struct nj_error_origin, len);
    if (!keys || !key_of || !e->origins)
        return false;
    for (uint32_t n = 0; n < e->nodes_len; n++) {
        key_of[n] = is_origin(e, n) ? e->origins_len : NJ_NO_NODE;
        if (key_of[n] != NJ_NO_NODE)
            keys[e->origins_len++] = rank_key_of(e, n);
    }
    leads_raise(e, keys, key_of);
    qsort(keys, len, sizeof *keys, rank_cmp);
    for (uint32_t k = 0; k < len; k++)
        e->origins[k] = keys[k].origin;
    return true;
}

/* The other members of each origin's group, one run an origin, in the tree's order. */
static bool
equivalents_fill(struct nj_errors *e)
{
    uint32_t *origin_of = NJ_NEW_RAW(e->arena, uint32_t, e->nodes_len), at = 0;

    e->equivalents = NJ_NEW_RAW(e->arena, uint32_t, e->nodes_len);
    if (!origin_of || !e->equivalents)
        return false;
    for (uint32_t n = 0; n < e->nodes_len; n++)
        origin_of[n] = NJ_NO_NODE;
    for (uint32_t k = 0; k < e->origins_len; k++)
        origin_of[e->origins[k].node] = k;
    for (uint32_t n = 0; n < e->nodes_len; n++)
        if (e->nodes[n].group != n && origin_of[e->nodes[n].group] != NJ_NO_NODE)
            e->origins[origin_of[e->nodes[n].group]].equivalents_len++;
    for (uint32_t k = 0; k < e->origins_len; k++) {
        e->origins[k].equivalents_at = at;
        at += e->origins[k].equivalents_len;
        e->origins[k].equivalents_len = 0;
    }
    for (uint32_t k = 0; k < e->tree.order_len; k++) {
        uint32_t n = e->node_of[e->tree.order[k]];
        if (n == NJ_NO_NODE || e->nodes[n].group == n ||
            origin_of[e->nodes[n].group] == NJ_NO_NODE)
            continue;
        struct nj_error_origin *origin = &e->origins[origin_of[e->nodes[n].group]];
        e->equivalents[origin->equivalents_at + origin->equivalents_len++] = n;
    }
    return true;
}

/* Attempts that were repeated, each with all that it held; parents come before children. */
static bool
attempts_count(struct nj_errors *e)
{
    const struct nj_trace *trace = e->trace;

    e->in_failed_attempt = NJ_NEW(e->arena, uint8_t, trace->spans_len);
    if (!e->in_failed_attempt)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint32_t parent = e->tree.parent[i], n = e->node_of[i];
        bool is_inside = parent != NJ_NO_SPAN && e->in_failed_attempt[parent];
        bool is_attempt =
            n != NJ_NO_NODE &&
            (e->nodes[n].next_attempt != NJ_NO_NODE ||
             (e->nodes[n].recovered != NJ_NO_SPAN && e->nodes[n].recovered_conf != NJ_CONF_C));
        if (!is_inside && !is_attempt)
            continue;
        e->in_failed_attempt[i] = 1;
        if (!is_inside) {
            e->failed_attempts++;
            e->wasted_ns += (uint64_t)nj_trace_raw_ns(trace, i);
        }
        for (int t = 0; (trace->flags[i] & NJ_SPAN_HAS_USAGE) && t < NJ_TOKENS_LEN; t++)
            if ((t == NJ_TOKEN_INPUT || t == NJ_TOKEN_OUTPUT) && trace->tokens[i][t] > 0)
                e->wasted_tokens += (uint64_t)trace->tokens[i][t];
    }
    return true;
}

bool
nj_error_states_set(struct nj_errors *e)
{
    groups_fill(e);
    return origins_rank(e) && equivalents_fill(e) && attempts_count(e);
}
