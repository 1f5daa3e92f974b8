/* errors_paths.c - how far every error got: cycles are cut, then the surest way of each to the
 * main root, or to where it was absorbed. */
#include "analyzers/errors_link.h"

/* Edges by the node they leave, A and B only, and an order in which causes come first. */
struct flow {
    uint32_t *edge_at, *edges; /* of node n: edges[edge_at[n] .. edge_at[n + 1]) */
    uint32_t *waits;           /* causes that are not in `sorted` yet */
    uint32_t *sorted;
    uint32_t sorted_len;
};

static bool
is_strong(const struct nj_error_edge *edge)
{
    return edge->conf != NJ_CONF_C;
}

static bool
flow_new(struct flow *flow, const struct nj_errors *e)
{
    flow->edge_at = NJ_NEW_RAW(e->arena, uint32_t, (size_t)e->nodes_len + 2);
    flow->edges = NJ_NEW_RAW(e->arena, uint32_t, (size_t)e->edges_len + 1);
    flow->waits = NJ_NEW_RAW(e->arena, uint32_t, e->nodes_len);
    flow->sorted = NJ_NEW_RAW(e->arena, uint32_t, e->nodes_len);
    return flow->edge_at && flow->edges && flow->waits && flow->sorted;
}

/* Counts edges into rows, then takes nodes whose causes are all taken (Kahn 1962). */
static void
flow_sort(struct flow *flow, const struct nj_errors *e)
{
    uint32_t *at = flow->edge_at;

    memset(at, 0, ((size_t)e->nodes_len + 2) * sizeof *at);
    memset(flow->waits, 0, e->nodes_len * sizeof *flow->waits);
    for (uint32_t k = 0; k < e->edges_len; k++)
        if (is_strong(&e->edges[k])) {
            at[e->edges[k].from + 2]++;
            flow->waits[e->edges[k].to]++;
        }
    for (uint32_t n = 0; n < e->nodes_len; n++)
        at[n + 2] += at[n + 1];
    for (uint32_t k = 0; k < e->edges_len; k++)
        if (is_strong(&e->edges[k]))
            flow->edges[at[e->edges[k].from + 1]++] = k;
    flow->sorted_len = 0;
    for (uint32_t n = 0; n < e->nodes_len; n++)
        if (flow->waits[n] == 0)
            flow->sorted[flow->sorted_len++] = n;
    for (uint32_t k = 0; k < flow->sorted_len; k++) {
        uint32_t n = flow->sorted[k];
        for (uint32_t o = at[n]; o < at[n + 1]; o++)
            if (--flow->waits[e->edges[flow->edges[o]].to] == 0)
                flow->sorted[flow->sorted_len++] = e->edges[flow->edges[o]].to;
    }
}

/* Edges that follow the tree cannot close a cycle; those of the other kinds that lie between
 * nodes that Kahn's walk could not take are dropped. */
static void
cycles_cut(struct flow *flow, struct nj_errors *e)
{
    uint32_t kept = 0;

    for (uint32_t k = 0; k < e->edges_len; k++) {
        const struct nj_error_edge *edge = &e->edges[k];
        bool is_extra = edge->type == NJ_EDGE_SIDE || edge->type == NJ_EDGE_CANCEL ||
                        edge->is_missing_parent;
        bool is_inside = flow->waits[edge->from] > 0 && flow->waits[edge->to] > 0;
        if (is_strong(edge) && is_extra && is_inside) {
            if (e->nodes[edge->to].cause == edge->from)
                e->nodes[edge->to].cause = NJ_NO_NODE;
            continue;
        }
        e->edges[kept++] = *edge;
    }
    e->edges_len = kept;
    flow_sort(flow, e);
    NJ_CHECK(flow->sorted_len == e->nodes_len);
}

/* Whether going on over edge a is better than over b: to the root, surely, along the tree. */
static bool
is_better_way(const struct nj_errors *e, const struct nj_error_edge *a,
              const struct nj_error_edge *b)
{
    const struct nj_error_node *x = &e->nodes[a->to], *y = &e->nodes[b->to];
    uint8_t conf_a = a->conf > x->chain_conf ? a->conf : x->chain_conf;
    uint8_t conf_b = b->conf > y->chain_conf ? b->conf : y->chain_conf;

    if (x->reaches_root != y->reaches_root)
        return x->reaches_root;
    if (conf_a != conf_b)
        return conf_a < conf_b;
    if (a->type != b->type)
        return a->type < b->type;
    return e->trace->span_id[x->span] < e->trace->span_id[y->span];
}

static void
way_choose(struct nj_errors *e, const struct flow *flow, uint32_t n)
{
    struct nj_error_node *node = &e->nodes[n];
    const struct nj_error_edge *best = NULL;
    const struct nj_error_node *next;

    node->out = node->turn = NJ_NO_NODE;
    node->steps = 0;
    node->reach = 1;
    node->terminal = n;
    node->chain_conf = NJ_CONF_A;
    node->reaches_root = node->span == e->tree.root;
    for (uint32_t o = flow->edge_at[n]; o < flow->edge_at[n + 1]; o++) {
        const struct nj_error_edge *edge = &e->edges[flow->edges[o]];
        if (edge->type == NJ_EDGE_CANCEL)
            node->reach++;
        else if (!node->reaches_root && (!best || is_better_way(e, edge, best)))
            best = edge;
    }
    if (!best)
        return;
    next = &e->nodes[best->to];
    node->out = (uint32_t)(best - e->edges);
    node->terminal = next->terminal;
    node->reaches_root = next->reaches_root;
    node->chain_conf = best->conf > next->chain_conf ? best->conf : next->chain_conf;
    node->steps = next->steps + 1;
    node->reach += next->reach;
    node->turn =
        e->trace->agent[next->span] != e->trace->agent[node->span] ? best->to : next->turn;
}

/* Known ends are reused, so every node is walked over at most twice. */
void
nj_error_first_causes_set(struct nj_errors *e)
{
    for (uint32_t n = 0; n < e->nodes_len; n++)
        e->nodes[n].first = NJ_NO_NODE;
    for (uint32_t n = 0; n < e->nodes_len; n++) {
        uint32_t end = n, at = n;
        while (e->nodes[end].first == NJ_NO_NODE && e->nodes[end].cause != NJ_NO_NODE)
            end = e->nodes[end].cause;
        if (e->nodes[end].first != NJ_NO_NODE)
            end = e->nodes[end].first;
        while (e->nodes[at].first == NJ_NO_NODE) {
            e->nodes[at].first = end;
            if (at != end)
                at = e->nodes[at].cause;
        }
    }
}

bool
nj_error_paths_set(struct nj_errors *e)
{
    struct flow flow;

    if (!flow_new(&flow, e))
        return false;
    flow_sort(&flow, e);
    if (flow.sorted_len < e->nodes_len) {
        cycles_cut(&flow, e);
        nj_error_first_causes_set(e);
    }
    for (uint32_t n = 0; n < e->nodes_len; n++)
        e->nodes[n].flags &= (uint16_t)~NJ_ERROR_HAS_CAUSE;
    for (uint32_t k = 0; k < e->edges_len; k++)
        if (is_strong(&e->edges[k]))
            e->nodes[e->edges[k].to].flags |= NJ_ERROR_HAS_CAUSE;
    for (uint32_t k = flow.sorted_len; k-- > 0;)
        way_choose(e, &flow, flow.sorted[k]);
    return true;
}
