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

/* Next to each other, or in steps that are next to each other. */
static bool
is_adjacent(const struct nj_errors *e, uint32_t earlier, uint32_t later)
{
    uint32_t a = e->tree.parent[earlier], b = e->tree.parent[later];

    if (is_next_sibling(e, earlier, later))
        return true;
    return a != NJ_NO_SPAN && b != NJ_NO_SPAN && a != b && nj_error_is_step(e->trace, a) &&
           nj_error_is_step(e->trace, b) && is_next_sibling(e, a, b);
}

static bool
is_explicit(const struct nj_trace *trace, uint32_t i)
{
    struct nj_fact_cursor fact;
    return nj_facts_find(nj_trace_facts(trace, i), NJ_FACT_RETRY_COUNT, &fact) &&
           fact.integer > 0;
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

/* Two failures of one operation that have nothing to do with each other. */
static bool
is_unrelated(const struct nj_error_node *a, const struct nj_error_node *b)
{
    return (a->flags & b->flags & NJ_ERROR_IS_SPECIFIC) && nj_error_match_alone(a, b) == 0 &&
           nj_error_match_alone(b, a) == 0;
}

/* The node of the next attempt when `later` fails as `failed` did: itself, beside it in the
 * tree; in the next one of steps that recorded nothing about the first failure, the step or
 * what failed in it. */
static uint32_t
next_attempt_of(const struct nj_errors *e, const struct nj_error_node *failed, uint32_t later)
{
    uint32_t a = e->tree.parent[failed->span], b = e->tree.parent[later];

    if (a == NJ_NO_SPAN || b == NJ_NO_SPAN)
        return NJ_NO_NODE;
    if (a == b)
        return e->node_of[later];
    if (e->node_of[a] != NJ_NO_NODE || !is_adjacent(e, failed->span, later))
        return NJ_NO_NODE;
    return e->node_of[b] != NJ_NO_NODE ? e->node_of[b] : e->node_of[later];
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

/* Span `later` follows the failed `node` with the same operation in the same scope. */
static void
pair_judge(struct nj_errors *e, uint32_t node, uint32_t later)
{
    struct nj_error_node *failed = &e->nodes[node];
    uint32_t other = e->node_of[later];
    bool is_marked = is_explicit(e->trace, later);
    bool is_near = is_adjacent(e, failed->span, later);

    if (e->trace->raw_end_ns[failed->span] >
        e->trace->raw_start_ns[later] + NJ_ERRORS_EPSILON_NS)
        return;
    if (other == NJ_NO_NODE && e->trace->status[later] == NJ_STATUS_ERROR)
        return; /* it steered its framework, which is no success */
    if (other == NJ_NO_NODE && !is_marked && !repeats_what_failed(e, failed->span, later))
        return;
    if (other == NJ_NO_NODE) {
        failed->recovered = later;
        failed->recovered_conf = is_marked ? NJ_CONF_A : is_near ? NJ_CONF_B : NJ_CONF_C;
    } else if ((is_marked || is_near) &&
               !(e->nodes[other].flags & (NJ_ERROR_IS_CANCELLED | NJ_ERROR_IS_SEMANTIC)) &&
               !is_unrelated(failed, &e->nodes[other])) {
        other = next_attempt_of(e, failed, later);
        if (other != NJ_NO_NODE)
            attempt_link(e, node, other);
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
    struct latest latest = {0};
    uint32_t slots = 16;

    while (slots / 2 < e->tree.order_len)
        slots *= 2;
    latest.mask = slots - 1;
    latest.spans = NJ_NEW(e->arena, uint32_t, slots);
    if (!latest.spans)
        return false;
    for (uint32_t k = 0; k < e->tree.order_len; k++) {
        uint32_t i = e->tree.order[k], earlier = latest_swap(&latest, e, i);
        uint32_t n = earlier == NJ_NO_SPAN ? NJ_NO_NODE : e->node_of[earlier];
        if (n != NJ_NO_NODE &&
            !(e->nodes[n].flags & (NJ_ERROR_IS_CANCELLED | NJ_ERROR_IS_SEMANTIC)))
            pair_judge(e, n, i);
    }
    recoveries_spread(e);
    return true;
}
