/* errors_side.c - causes beside the tree: an agent that used what another one left, and an
 * evaluation that failed after an error that nobody repaired. */
#include "analyzers/errors_link.h"
#include "analyzers/errors_text.h"
#include "analyzers/errors_tree.h"
#include "schema/facts.h"

struct sides {
    struct nj_errors *e;
    uint32_t *last_absorbed; /* by span: the last unrecovered error absorbed in its subtree */
    uint32_t *leaving;     /* by span that recorded nothing: an error that went up through it */
    uint8_t *has_record;   /* by span: a link or a hash says whose output it used */
    uint32_t *last_source; /* by node: source of the last edge drawn to it */
};

/* Spans by the hash of what they put out; the latest one counts. */
struct outputs {
    struct {
        int64_t hash;
        uint32_t span; /* index + 1; 0: empty */
    } * slots;
    uint32_t mask;
};

static bool
is_recovered(const struct nj_error_node *node)
{
    return node->recovered != NJ_NO_SPAN && node->recovered_conf != NJ_CONF_C;
}

static uint32_t
later_of(const struct nj_errors *e, uint32_t a, uint32_t b)
{
    if (a == NJ_NO_NODE || b == NJ_NO_NODE)
        return a == NJ_NO_NODE ? b : a;
    return nj_error_ends_later(e->trace, e->nodes[a].span, e->nodes[b].span) ? a : b;
}

static void
last_absorbed_fill(struct sides *s)
{
    struct nj_errors *e = s->e;
    uint32_t *last = s->last_absorbed;

    for (uint32_t i = 0; i < e->trace->spans_len; i++)
        last[i] = NJ_NO_NODE;
    for (uint32_t i = e->trace->spans_len; i-- > 0;) {
        uint32_t parent = e->tree.parent[i], node = e->node_of[i];
        if (parent == NJ_NO_SPAN)
            continue;
        last[parent] = later_of(e, last[parent], last[i]);
        if (node != NJ_NO_NODE && e->nodes[node].absorbed_at != NJ_NO_SPAN &&
            !is_recovered(&e->nodes[node]) && !(e->nodes[node].flags & NJ_ERROR_IS_CANCELLED))
            last[parent] = later_of(e, last[parent], node);
    }
}

/* At most so many errors wait in a span without status as the upward pass lets wait there, so
 * all walks together are linear. */
static void
leaving_fill(struct sides *s)
{
    const struct nj_errors *e = s->e;

    for (uint32_t i = 0; i < e->trace->spans_len; i++)
        s->leaving[i] = NJ_NO_NODE;
    for (uint32_t k = 0; k < e->edges_len; k++) {
        const struct nj_error_edge *edge = &e->edges[k];
        uint32_t at = e->tree.parent[e->nodes[edge->from].span];
        if (edge->type != NJ_EDGE_BRIDGED || edge->conf == NJ_CONF_C || edge->is_missing_parent)
            continue;
        for (; at != e->nodes[edge->to].span; at = e->tree.parent[at])
            s->leaving[at] = later_of(e, s->leaving[at], edge->from);
    }
}

static void
evaluations_link(struct sides *s)
{
    struct nj_errors *e = s->e;

    for (uint32_t n = 0; n < e->nodes_len; n++) {
        uint32_t span = e->nodes[n].span, from = s->last_absorbed[span];
        bool is_child = from != NJ_NO_NODE && e->tree.parent[e->nodes[from].span] == span;
        if ((e->nodes[n].flags & NJ_ERROR_IS_SEMANTIC) && from != NJ_NO_NODE)
            nj_error_edge_add(
                e, (struct nj_error_edge){.from = from,
                                          .to = n,
                                          .type = is_child ? NJ_EDGE_UP : NJ_EDGE_BRIDGED,
                                          .conf = NJ_CONF_C,
                                          .why = NJ_WHY_EVALUATION});
    }
}

/* What span `a` can have handed on: its own error, else one that it swallowed. */
static uint32_t
source_of(const struct sides *s, uint32_t a)
{
    uint32_t node = s->e->node_of[a];

    if (node == NJ_NO_NODE)
        return s->last_absorbed[a];
    if (is_recovered(&s->e->nodes[node]) || s->e->nodes[node].next_attempt != NJ_NO_NODE)
        return NJ_NO_NODE;
    return node;
}

/* What made a span fail in the eyes of its callers, whether it recorded that or not. */
static uint32_t
failure_of(const struct sides *s, uint32_t span)
{
    return s->e->node_of[span] != NJ_NO_NODE ? s->e->node_of[span] : s->leaving[span];
}

/* Where the trouble of span `b`, or of the agent that it belongs to, began. */
static uint32_t
target_of(const struct sides *s, uint32_t b)
{
    uint32_t node = failure_of(s, b);

    if (node == NJ_NO_NODE)
        node = failure_of(s, s->e->tree.scope[b]);
    return node == NJ_NO_NODE ? NJ_NO_NODE : s->e->nodes[node].first;
}

static bool
can_follow(const struct nj_errors *e, uint32_t source, uint32_t target)
{
    uint32_t x = e->nodes[source].span, y = e->nodes[target].span;

    return e->tree.post[y] > e->tree.post[x] &&
           e->trace->raw_end_ns[y] > e->trace->raw_end_ns[x] &&
           !nj_error_tree_holds(&e->tree, x, y) && !nj_error_tree_holds(&e->tree, y, x);
}

/* Keeps that span b used an output with an error in it. */
static void
handover_add(struct nj_errors *e, uint32_t a, uint32_t b, bool is_passed)
{
    struct nj_error_handover *list =
        nj_error_room(e, e->handovers, e->handovers_len, &e->handovers_cap, sizeof *list);

    if (!list)
        return;
    e->handovers = list;
    e->handovers[e->handovers_len++] = (struct nj_error_handover){a, b, is_passed};
}

/* How sure it is that the error in what was used made its user fail. */
static struct nj_error_edge
relation_edge(const struct nj_errors *e, uint32_t source, uint32_t target, bool is_recorded)
{
    struct nj_error_edge edge = {source,    target,          NJ_EDGE_SIDE,
                                 NJ_CONF_C, NJ_WHY_SEQUENCE, false};
    bool is_callers = nj_error_class_of(&e->nodes[target]) == NJ_ERROR_CALLER;

    if (is_recorded) {
        bool is_quoted = nj_error_quotes(&e->nodes[target], &e->nodes[source]);
        edge.why = is_quoted ? NJ_WHY_OUTPUT_TEXT : NJ_WHY_OUTPUT;
        edge.conf = is_quoted ? NJ_CONF_A : is_callers ? NJ_CONF_B : NJ_CONF_C;
    }
    return edge;
}

/* Span b used what span a left; `is_recorded`: a link or equal hashes say so. Without that only
 * another agent that failed on what it was asked is worth a thought. */
static void
relation_judge(struct sides *s, uint32_t a, uint32_t b, bool is_recorded)
{
    struct nj_errors *e = s->e;
    struct nj_error_edge edge = {0};
    uint32_t source, target;

    if (e->tree.scope[a] == e->tree.scope[b] || (source = source_of(s, a)) == NJ_NO_NODE)
        return;
    target = target_of(s, b);
    if (target != NJ_NO_NODE && !can_follow(e, source, target))
        target = NJ_NO_NODE;
    if (target != NJ_NO_NODE)
        edge = relation_edge(e, source, target, is_recorded);
    if (is_recorded)
        handover_add(e, a, b, target != NJ_NO_NODE && edge.conf != NJ_CONF_C);
    if (target == NJ_NO_NODE || s->last_source[target] == source ||
        (!is_recorded && (nj_error_class_of(&e->nodes[target]) != NJ_ERROR_CALLER ||
                          nj_error_operation(e->trace, a) == nj_error_operation(e->trace, b))))
        return;
    if (e->sideways == NJ_SIDEWAYS_SUSPECT)
        edge.conf = NJ_CONF_C;
    s->last_source[target] = source;
    if (edge.conf != NJ_CONF_C && e->nodes[source].out == NJ_NO_NODE)
        e->nodes[source].out = e->edges_len;
    nj_error_edge_add(e, edge);
}

static void
links_judge(struct sides *s)
{
    const struct nj_trace *trace = s->e->trace;

    for (uint32_t k = 0; k < trace->links_len; k++) {
        uint32_t b = trace->links[k].from, a = trace->links[k].target;
        if (a == NJ_NO_SPAN || ((trace->flags[a] | trace->flags[b]) & NJ_SPAN_RECONSTRUCTED))
            continue;
        s->has_record[b] = 1;
        relation_judge(s, a, b, true);
    }
}

static uint32_t *
outputs_at(struct outputs *outputs, int64_t hash)
{
    uint32_t slot =
        (uint32_t)(((uint64_t)hash * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & outputs->mask;

    while (outputs->slots[slot].span && outputs->slots[slot].hash != hash)
        slot = (slot + 1) & outputs->mask;
    outputs->slots[slot].hash = hash;
    return &outputs->slots[slot].span;
}

/* Outputs are used after they were made: in the tree's order a span finds the latest before it.
 * false: no memory. */
static bool
hashes_judge(struct sides *s)
{
    const struct nj_errors *e = s->e;
    struct outputs outputs = {.mask = 15};

    while (outputs.mask / 4 < e->tree.order_len)
        outputs.mask = outputs.mask * 2 + 1;
    outputs.slots = nj_arena_alloc(e->arena, (size_t)outputs.mask + 1, sizeof *outputs.slots);
    if (!outputs.slots)
        return false;
    for (uint32_t k = 0; k < e->tree.order_len; k++) {
        uint32_t i = e->tree.order[k];
        struct nj_fact_cursor fact;
        if (nj_trace_fact_find(e->trace, i, NJ_FACT_INPUT_HASH, &fact)) {
            uint32_t a = *outputs_at(&outputs, fact.integer);
            if (a > 0 && e->trace->raw_end_ns[a - 1] <=
                             e->trace->raw_start_ns[i] + NJ_ERRORS_EPSILON_NS) {
                s->has_record[i] = 1;
                relation_judge(s, a - 1, i, true);
            }
        }
        if (nj_trace_fact_find(e->trace, i, NJ_FACT_OUTPUT_HASH, &fact))
            *outputs_at(&outputs, fact.integer) = i + 1;
    }
    return true;
}

/* Agents that ran one after the other for the same caller. false: no memory. */
static bool
sequences_judge(struct sides *s)
{
    const struct nj_errors *e = s->e;
    uint32_t *last = NJ_NEW(e->arena, uint32_t, e->trace->spans_len); /* by scope; index + 1 */

    if (!last)
        return false;
    for (uint32_t k = 0; k < e->tree.order_len; k++) {
        uint32_t b = e->tree.order[k], parent = e->tree.parent[b], scope, a;
        if (e->trace->kind[b] != NJ_KIND_AGENT || parent == NJ_NO_SPAN)
            continue;
        scope = e->tree.scope[parent];
        a = last[scope];
        last[scope] = b + 1;
        if (a > 0 && !s->has_record[b] &&
            e->trace->raw_end_ns[a - 1] <= e->trace->raw_start_ns[b] + NJ_ERRORS_EPSILON_NS)
            relation_judge(s, a - 1, b, false);
    }
    return true;
}

bool
nj_error_sideways_link(struct nj_errors *e)
{
    struct sides s = {.e = e,
                      .last_absorbed = NJ_NEW_RAW(e->arena, uint32_t, e->trace->spans_len),
                      .leaving = NJ_NEW_RAW(e->arena, uint32_t, e->trace->spans_len),
                      .has_record = NJ_NEW(e->arena, uint8_t, e->trace->spans_len),
                      .last_source = NJ_NEW_RAW(e->arena, uint32_t, e->nodes_len)};

    if (!s.last_absorbed || !s.leaving || !s.has_record || !s.last_source)
        return false;
    for (uint32_t n = 0; n < e->nodes_len; n++)
        s.last_source[n] = NJ_NO_NODE;
    last_absorbed_fill(&s);
    leaving_fill(&s);
    evaluations_link(&s);
    links_judge(&s);
    return hashes_judge(&s) && sequences_judge(&s);
}
