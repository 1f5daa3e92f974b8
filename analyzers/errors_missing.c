/* errors_missing.c - errors below a span that is not in the trace: the error around them that
 * has the same words is what became of them. */
#include "analyzers/errors_link.h"
#include "analyzers/errors_text.h"
#include "analyzers/errors_tree.h"

/* Beyond so many the trace is in pieces, and chance would find too much. */
enum { ORPHANS_MAX = 64 };

static bool
encloses(const struct nj_trace *trace, uint32_t outer, uint32_t inner)
{
    return trace->raw_start_ns[outer] - NJ_ERRORS_EPSILON_NS <= trace->raw_start_ns[inner] &&
           trace->raw_end_ns[inner] <= trace->raw_end_ns[outer] + NJ_ERRORS_EPSILON_NS;
}

static bool
is_orphan_error(const struct nj_errors *e, uint32_t node)
{
    uint32_t span = e->nodes[node].span;
    return e->tree.parent[span] == NJ_NO_SPAN && (e->trace->flags[span] & NJ_SPAN_ORPHAN) &&
           span != e->tree.root && !(e->nodes[node].flags & NJ_ERROR_IS_CANCELLED);
}

static bool
is_shorter(const struct nj_trace *trace, uint32_t a, uint32_t b)
{
    int64_t ns_a = nj_trace_raw_ns(trace, a), ns_b = nj_trace_raw_ns(trace, b);
    return ns_a != ns_b ? ns_a < ns_b : trace->span_id[a] < trace->span_id[b];
}

/* A chain of causes from `node` leads through `other`. */
static bool
is_caused_by(const struct nj_errors *e, uint32_t node, uint32_t other)
{
    while (node != NJ_NO_NODE && node != other)
        node = e->nodes[node].cause;
    return node == other;
}

static void
orphan_link(struct nj_errors *e, uint32_t orphan)
{
    uint32_t span = e->nodes[orphan].span, best = NJ_NO_NODE;

    for (uint32_t n = 0; n < e->nodes_len; n++) {
        uint32_t around = e->nodes[n].span;
        if ((e->nodes[n].flags & (NJ_ERROR_HAS_CAUSE | NJ_ERROR_IS_SEMANTIC)) ||
            nj_error_tree_holds(&e->tree, span, around) || !encloses(e->trace, around, span))
            continue;
        if ((best == NJ_NO_NODE || is_shorter(e->trace, around, e->nodes[best].span)) &&
            nj_error_match(e, n, orphan) >= 2)
            best = n;
    }
    if (best == NJ_NO_NODE || is_caused_by(e, orphan, best))
        return;
    e->nodes[orphan].out = e->edges_len;
    e->nodes[best].cause = orphan;
    nj_error_edge_add(e, (struct nj_error_edge){.from = orphan,
                                                .to = best,
                                                .type = NJ_EDGE_BRIDGED,
                                                .conf = NJ_CONF_B,
                                                .why = NJ_WHY_MESSAGE_MISSING,
                                                .is_missing_parent = true});
}

void
nj_error_missing_link(struct nj_errors *e)
{
    uint32_t orphans[ORPHANS_MAX], len = 0;

    for (uint32_t k = 0; k < e->tree.order_len; k++) {
        uint32_t node = e->node_of[e->tree.order[k]];
        if (node == NJ_NO_NODE || !is_orphan_error(e, node))
            continue;
        if (len == ORPHANS_MAX)
            return;
        orphans[len++] = node;
    }
    for (uint32_t k = 0; k < len; k++)
        orphan_link(e, orphans[k]);
}
