/* errors_retry.c - operations that failed and were tried again. */
#include "analyzers/errors_link.h"
#include "analyzers/errors_text.h"
#include "analyzers/errors_tree.h"
#include "schema/facts.h"

enum { OPERATIONS_MAX = 8 };

/* The latest span of each (calling agent, kind, operation), by open addressing. */
struct latest {
    uint32_t *spans; /* index + 1; 0: empty */
    uint32_t mask;
};

struct retries {
    struct nj_errors *e;
    uint32_t *silent; /* by span without an error of its own: the one that it ended with */
};

/* The error that a span is a failed attempt by: its own, or one that it did not record. */
static uint32_t
failure_of(const struct retries *r, uint32_t span)
{
    return r->e->node_of[span] != NJ_NO_NODE ? r->e->node_of[span] : r->silent[span];
}

static bool
is_same_operation(const struct nj_trace *trace, uint32_t a, uint32_t b)
{
    return trace->kind[a] == trace->kind[b] &&
           nj_error_operation(trace, a) == nj_error_operation(trace, b);
}

/* The agent for whom a span does its work: not the agent that the span itself is. */
static uint32_t
caller_of(const struct nj_error_tree *tree, uint32_t i)
{
    return tree->parent[i] == NJ_NO_SPAN ? i : tree->scope[tree->parent[i]];
}

/* The span that was the latest of i's key, NJ_NO_SPAN for the first; i takes its place. */
static uint32_t
latest_swap(struct latest *latest, const struct nj_errors *e, uint32_t i)
{
    const struct nj_trace *trace = e->trace;
    uint32_t caller = caller_of(&e->tree, i);
    uint64_t key =
        (uint64_t)caller << 32 ^ (uint64_t)trace->kind[i] << 56 ^ nj_error_operation(trace, i);
    uint32_t slot = (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & latest->mask;
    uint32_t found = NJ_NO_SPAN;

    for (; latest->spans[slot]; slot = (slot + 1) & latest->mask) {
        found = latest->spans[slot] - 1;
        if (caller_of(&e->tree, found) == caller && is_same_operation(trace, found, i))
            break;
        found = NJ_NO_SPAN;
    }
    latest->spans[slot] = i + 1;
    return found;
}

static bool
is_next_sibling(const struct nj_errors *e, uint32_t earlier, uint32_t later)
{
    return nj_error_tree_next_sibling(&e->tree, earlier) == later;
}

/* Nothing began after it in its parent: that did not go on without it. */
static bool
is_last_child(const struct nj_errors *e, uint32_t i)
{
    const struct nj_error_tree *tree = &e->tree;
    uint32_t last = tree->children[tree->child_at[tree->parent[i] + 1] - 1];

    return e->trace->raw_start_ns[last] < e->trace->raw_end_ns[i] || last == i;
}

/* Next to each other, or in steps that are next to each other, of which the earlier one broke
 * off with it. */
static bool
is_adjacent(const struct nj_errors *e, uint32_t earlier, uint32_t later)
{
    uint32_t a = e->tree.parent[earlier], b = e->tree.parent[later];

    if (is_next_sibling(e, earlier, later))
        return true;
    return a != NJ_NO_SPAN && b != NJ_NO_SPAN && a != b && nj_error_is_step(e->trace, a) &&
           nj_error_is_step(e->trace, b) && is_next_sibling(e, a, b) &&
           is_last_child(e, earlier);
}

static bool
is_explicit(const struct nj_trace *trace, uint32_t i)
{
    struct nj_fact_cursor fact;
    return nj_trace_fact_find(trace, i, NJ_FACT_RETRY_COUNT, &fact) && fact.integer > 0;
}

/* Steps have the same name whatever they do: one repeats another only if it does again what
 * failed there. */
static bool
repeats_what_failed(const struct nj_errors *e, uint32_t earlier, uint32_t later)
{
    const struct nj_error_tree *tree = &e->tree;
    uint32_t failed[OPERATIONS_MAX], failed_len = 0;

    if (!nj_error_is_step(e->trace, later))
        return true;
    for (uint32_t c = tree->child_at[earlier]; c < tree->child_at[earlier + 1]; c++)
        if (e->node_of[tree->children[c]] != NJ_NO_NODE && failed_len < OPERATIONS_MAX)
            failed[failed_len++] = tree->children[c];
    for (uint32_t c = tree->child_at[later]; c < tree->child_at[later + 1]; c++)
        for (uint32_t k = 0; k < failed_len; k++)
            if (is_same_operation(e->trace, failed[k], tree->children[c]))
                return true;
    return false;
}

/* A step that failed on something in it that had not failed in the one before it did not try
 * that one again: steps are alike by name only. */
static bool
is_new_failure(const struct nj_errors *e, uint32_t earlier, uint32_t later)
{
    const struct nj_error_tree *tree = &e->tree;
    uint32_t before = e->node_of[earlier], now = e->node_of[later];

    if (before == NJ_NO_NODE || now == NJ_NO_NODE || !nj_error_is_step(e->trace, later) ||
        repeats_what_failed(e, earlier, later) ||
        nj_error_match_alone(&e->nodes[before], &e->nodes[now]) > 0)
        return false;
    for (uint32_t c = tree->child_at[later]; c < tree->child_at[later + 1]; c++) {
        uint32_t node = e->node_of[tree->children[c]];
        if (node != NJ_NO_NODE && nj_error_match_alone(&e->nodes[now], &e->nodes[node]) > 1)
            return true;
    }
    return false;
}

/* Two failures of one operation that have nothing to do with each other. Surroundings may fail
 * in one way and then in another, and the operation is tried again all the same. */
static bool
is_unrelated(const struct nj_error_node *a, const struct nj_error_node *b)
{
    if (!(a->flags & b->flags & NJ_ERROR_IS_SPECIFIC) || nj_error_match_alone(a, b) > 0 ||
        nj_error_match_alone(b, a) > 0)
        return false;
    return nj_error_class_of(a) != NJ_ERROR_ENVIRONMENT ||
           nj_error_class_of(b) != NJ_ERROR_ENVIRONMENT;
}

static bool
is_attempt(const struct nj_errors *e, uint32_t node)
{
    return node != NJ_NO_NODE &&
           !(e->nodes[node].flags & (NJ_ERROR_IS_CANCELLED | NJ_ERROR_IS_SEMANTIC));
}

/* An error that a span may have ended with without recording it: it was thrown, not returned as
 * a result, and the span ended right after it. */
static bool
can_be_silent(const struct retries *r, const struct nj_error_brood *brood, uint32_t child)
{
    const struct nj_errors *e = r->e;
    uint32_t node = failure_of(r, child);
    int64_t end_ns = e->trace->raw_end_ns[brood->parent];

    return is_attempt(e, node) && e->nodes[node].strength == NJ_STRENGTH_EXPLICIT &&
           brood->last_end_ns <= e->trace->raw_end_ns[child] &&
           nj_error_is_last_activity(brood, e->trace, child, end_ns);
}

/* The last such error among the children of a span that recorded nothing. */
static uint32_t
silent_failure(const struct retries *r, uint32_t span)
{
    const struct nj_errors *e = r->e;
    struct nj_error_brood brood = nj_error_brood_of(&e->tree, e->trace, span);
    uint32_t last = NJ_NO_SPAN;

    for (uint32_t c = e->tree.child_at[span]; c < e->tree.child_at[span + 1]; c++)
        if (can_be_silent(r, &brood, e->tree.children[c]) &&
            (last == NJ_NO_SPAN || nj_error_ends_later(e->trace, e->tree.children[c], last)))
            last = e->tree.children[c];
    return last == NJ_NO_SPAN ? NJ_NO_NODE : failure_of(r, last);
}

/* Parents come before their children. false: no memory. */
static bool
silent_fill(struct retries *r)
{
    const struct nj_errors *e = r->e;
    const uint32_t len = e->trace->spans_len;
    uint8_t *is_busy = NJ_NEW(e->arena, uint8_t, len); /* a child failed */

    r->silent = NJ_NEW_RAW(e->arena, uint32_t, len);
    if (!r->silent || !is_busy)
        return false;
    for (uint32_t i = 0; i < len; i++)
        r->silent[i] = NJ_NO_NODE;
    for (uint32_t i = len; i-- > 0;) {
        if (is_busy[i] && e->node_of[i] == NJ_NO_NODE && e->trace->status[i] == NJ_STATUS_UNSET)
            r->silent[i] = silent_failure(r, i);
        if (e->tree.parent[i] != NJ_NO_SPAN && is_attempt(e, failure_of(r, i)))
            is_busy[e->tree.parent[i]] = 1;
    }
    return true;
}

static void
attempt_link(struct nj_errors *e, uint32_t earlier, uint32_t later)
{
    e->nodes[earlier].next_attempt = later;
    nj_error_edge_add(e, (struct nj_error_edge){.from = earlier,
                                                .to = later,
                                                .type = NJ_EDGE_RETRY,
                                                .conf = NJ_CONF_B,
                                                .why = NJ_WHY_ATTEMPT});
}

/* `later` follows `earlier` with the same operation for the same caller. */
static void
pair_judge(struct retries *r, uint32_t earlier, uint32_t later)
{
    struct nj_errors *e = r->e;
    uint32_t node = failure_of(r, earlier), next = failure_of(r, later);
    struct nj_error_node *failed = &e->nodes[node];
    bool is_marked = is_explicit(e->trace, later), is_near = is_adjacent(e, earlier, later);

    if (e->trace->raw_end_ns[earlier] > e->trace->raw_start_ns[later] + NJ_ERRORS_EPSILON_NS)
        return;
    if ((next == NJ_NO_NODE || next != e->node_of[later]) && !is_marked &&
        !repeats_what_failed(e, earlier, later))
        return;
    if (next == NJ_NO_NODE && e->trace->status[later] == NJ_STATUS_ERROR)
        return; /* it steered its framework, which is no success */
    if (next == NJ_NO_NODE) {
        failed->recovered = later;
        failed->recovered_conf = is_marked ? NJ_CONF_A : is_near ? NJ_CONF_B : NJ_CONF_C;
    } else if ((is_marked || is_near) && is_attempt(e, next) &&
               e->tree.parent[earlier] != NJ_NO_SPAN &&
               e->tree.parent[earlier] == e->tree.parent[later] &&
               (is_marked || (!is_unrelated(failed, &e->nodes[next]) &&
                              !is_new_failure(e, earlier, later)))) {
        attempt_link(e, node, next);
    }
}

/* What recovered the last attempt of a group recovered them all. Attempts follow each other in
 * the tree's order, so a walk backwards sees the later one first. */
static void
recoveries_spread(struct nj_errors *e)
{
    for (uint32_t k = e->tree.order_len; k-- > 0;) {
        uint32_t n = e->node_of[e->tree.order[k]];
        if (n == NJ_NO_NODE || e->nodes[n].next_attempt == NJ_NO_NODE)
            continue;
        e->nodes[n].recovered = e->nodes[e->nodes[n].next_attempt].recovered;
        e->nodes[n].recovered_conf = e->nodes[e->nodes[n].next_attempt].recovered_conf;
    }
}

bool
nj_error_retries_find(struct nj_errors *e)
{
    struct retries r = {.e = e};
    struct latest latest = {0};
    uint32_t slots = 16;

    while (slots / 2 < e->tree.order_len)
        slots *= 2;
    latest.mask = slots - 1;
    latest.spans = NJ_NEW(e->arena, uint32_t, slots);
    if (!latest.spans || !silent_fill(&r))
        return false;
    for (uint32_t k = 0; k < e->tree.order_len; k++) {
        uint32_t i = e->tree.order[k], earlier = latest_swap(&latest, e, i);
        if (earlier != NJ_NO_SPAN && is_attempt(e, failure_of(&r, earlier)))
            pair_judge(&r, earlier, i);
    }
    recoveries_spread(e);
    return true;
}
