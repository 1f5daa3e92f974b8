/* calls.c - analyzer: who calls whom, the merged call tree, and how many agents work at once.
 */
#include "analyzers/calls_graph.h"
#include "analyzers/calls_parallel.h"
#include "analyzers/calls_wall.h"
#include "analyzers/critical_path.h"
#include "analyzers/self_time.h"
#include "base/hash.h"

struct calls {
    struct nj_call_tree tree;
    struct nj_call_graph graph;
    struct nj_tally parallel; /* number of agents and weight, hashed -> struct parallel */
};

/* Time with so many agents at work in traces of one weight. */
struct parallel {
    uint64_t active, ns;
    double weight;
};

static enum nj_status
out_of_memory(struct nj_run *run)
{
    return nj_fail(run->err, NJ_ENOMEM, "no memory for the call graph");
}

static enum nj_status
calls_begin(struct nj_run *run, void *state)
{
    struct calls *calls = state;

    nj_tally_init(&calls->parallel, sizeof(struct parallel));
    nj_call_tree_init(&calls->tree, run->names);
    nj_call_graph_init(&calls->graph, run);
    return NJ_OK;
}

static uint64_t
tokens_of(const struct nj_trace *trace, uint32_t i)
{
    int64_t input = trace->tokens[i][NJ_TOKEN_INPUT],
            output = trace->tokens[i][NJ_TOKEN_OUTPUT];

    if (!(trace->flags[i] & NJ_SPAN_HAS_USAGE))
        return 0;
    return (uint64_t)(input > 0 ? input : 0) + (uint64_t)(output > 0 ? output : 0);
}

/* What every span adds; NULL: no memory. */
static const struct nj_call_amounts *
amounts_find(struct nj_run *run, const struct nj_trace *trace)
{
    uint32_t n = trace->spans_len;
    struct nj_call_amounts *amounts = NJ_NEW_RAW(run->scratch, struct nj_call_amounts, n);
    int64_t *wall_ns = NJ_NEW_RAW(run->scratch, int64_t, n);
    const int64_t *self_ns = nj_self_times(trace, run->scratch);

    if (!amounts || !wall_ns || !self_ns || !nj_wall_divide(wall_ns, trace, run->scratch))
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        amounts[i] = (struct nj_call_amounts){.spans = 1,
                                              .wall_ns = (uint64_t)wall_ns[i],
                                              .self_ns = (uint64_t)self_ns[i],
                                              .tokens = tokens_of(trace, i)};
    for (uint32_t s = 0; s < run->path->segments_len; s++) {
        const struct nj_segment *segment = &run->path->segments[s];
        amounts[segment->span].critical_ns += (uint64_t)(segment->end_ns - segment->start_ns);
    }
    return amounts;
}

static bool
parallel_add(struct calls *calls, const struct parallel *more)
{
    uint64_t parts[2] = {more->active, 0};

    memcpy(&parts[1], &more->weight, sizeof more->weight);
    struct parallel *at = nj_tally_at(
        &calls->parallel, nj_hash((struct nj_slice){(const char *)parts, sizeof parts}));
    if (!at)
        return false;
    *at = (struct parallel){more->active, at->ns + more->ns, more->weight};
    return true;
}

static bool
parallel_count(struct calls *calls, const struct nj_trace *trace, struct nj_arena *scratch)
{
    uint64_t ns[NJ_PARALLEL_MAX + 1] = {0};
    bool is_done = nj_parallel_add(ns, trace, scratch);

    for (uint64_t k = 0; k <= NJ_PARALLEL_MAX && is_done; k++)
        if (ns[k] > 0)
            is_done = parallel_add(calls, &(struct parallel){k, ns[k], trace->weight.value});
    return is_done;
}

static enum nj_status
calls_trace(struct nj_run *run, void *state, const struct nj_trace *trace)
{
    struct calls *calls = state;
    const struct nj_call_amounts *amounts = amounts_find(run, trace);
    bool is_done = amounts && nj_call_tree_add(&calls->tree, trace, amounts, run->scratch) &&
                   nj_call_graph_add(&calls->graph, trace, amounts, run->scratch) &&
                   parallel_count(calls, trace, run->scratch);

    return is_done ? NJ_OK : out_of_memory(run);
}

static enum nj_status
calls_merge(struct nj_run *run, void *into, void *from)
{
    struct calls *to = into;
    struct calls *more = from;

    for (size_t i = 0; i < more->parallel.len; i++)
        if (!parallel_add(to, nj_tally_get(&more->parallel, i)))
            return out_of_memory(run);
    return nj_call_tree_merge(&to->tree, &more->tree) &&
                   nj_call_graph_merge(&to->graph, &more->graph)
               ? NJ_OK
               : out_of_memory(run);
}

/* By number of agents, then from small weights to large. */
static int
parallel_cmp(const void *context, uint64_t key_a, const void *a, uint64_t key_b, const void *b)
{
    const struct parallel *x = a, *y = b;

    (void)context;
    (void)key_a;
    (void)key_b;
    if (x->active != y->active)
        return x->active < y->active ? -1 : 1;
    return (x->weight > y->weight) - (x->weight < y->weight);
}

/* false: no memory. */
static bool
parallel_put(struct calls *calls, struct nj_table *table)
{
    if (!nj_tally_sort(&calls->parallel, parallel_cmp, NULL))
        return false;
    for (size_t i = 0; i < calls->parallel.len;) {
        const struct parallel *first = nj_tally_get(&calls->parallel, i);
        uint64_t ns = 0;
        double weighted = 0;
        for (; i < calls->parallel.len; i++) {
            const struct parallel *p = nj_tally_get(&calls->parallel, i);
            if (p->active != first->active)
                break;
            ns += p->ns;
            weighted += p->weight * (double)p->ns;
        }
        size_t row = nj_table_add(table);
        nj_table_put_int(table, row, NJ_COL_parallelism_active, (int64_t)first->active);
        nj_table_put_int(table, row, NJ_COL_parallelism_ns, (int64_t)ns);
        nj_table_put_real(table, row, NJ_COL_parallelism_weighted_ns, weighted);
    }
    return true;
}

static enum nj_status
calls_finish(struct nj_run *run, void *state, struct nj_results *results)
{
    struct calls *calls = state;
    enum nj_status st = nj_call_graph_put(&calls->graph, run, results);

    if (st < 0)
        return st;
    return parallel_put(calls, nj_results_table(results, NJ_TABLE_parallelism)) &&
                   nj_call_tree_put(&calls->tree, run->scratch,
                                    nj_results_table(results, NJ_TABLE_call_tree))
               ? NJ_OK
               : out_of_memory(run);
}

static void
calls_fini(void *state)
{
    struct calls *calls = state;

    nj_tally_fini(&calls->parallel);
    nj_call_tree_fini(&calls->tree);
    nj_call_graph_fini(&calls->graph);
}

const struct nj_analyzer nj_analyzer_calls = {
    .name = "calls",
    .summary = "who calls whom: agents, tools, models and services, and the merged call tree",
    .state_bytes = sizeof(struct calls),
    .begin = calls_begin,
    .trace = calls_trace,
    .merge = calls_merge,
    .finish = calls_finish,
    .fini = calls_fini,
};
