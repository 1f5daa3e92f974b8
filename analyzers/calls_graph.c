/* calls_graph.c - who invoked whom. */
#include "analyzers/calls_graph.h"

#include "base/hash.h"
#include "base/sum.h"

#include <stdlib.h>

enum { EVENT_FAILED, EVENT_FAILED_CALLER, EVENTS };

struct end {
    uint32_t name;
    uint8_t callee; /* enum nj_callee */
};

struct edge {
    struct end caller, callee;
    uint64_t total_ns;
    struct nj_call_amounts amounts; /* of the calls and what is theirs */
};

static const char *const callee_names[] = {NULL, "agent", "tool", "model", "service"};

void
nj_call_graph_init(struct nj_call_graph *graph, struct nj_run *run)
{
    const struct nj_series_shape shape = {
        .measures_len = 1, .events_len = EVENTS, .is_counted = nj_series_must_count(run, 1)};

    nj_series_init(&graph->series, &shape, run->names);
    nj_tally_init(&graph->edges, sizeof(struct edge));
}

void
nj_call_graph_fini(struct nj_call_graph *graph)
{
    nj_series_fini(&graph->series);
    nj_tally_fini(&graph->edges);
}

static bool
is_model_call(const struct nj_trace *trace, uint32_t i)
{
    return trace->kind[i] == NJ_KIND_LLM || trace->kind[i] == NJ_KIND_EMBEDDING;
}

/* What span i calls, if it is a call. */
static struct end
callee_of(const struct nj_trace *trace, uint32_t i, const bool *has_model_below)
{
    uint32_t parent = trace->parent[i];
    uint16_t flags = trace->flags[i];

    if ((flags & NJ_SPAN_OPENS_AGENT) && !(flags & NJ_SPAN_SAME_INVOCATION))
        return (struct end){trace->agent[i], NJ_CALLEE_AGENT};
    if (trace->kind[i] == NJ_KIND_TOOL && !(flags & NJ_SPAN_AGENT_AS_TOOL))
        return (struct end){trace->tool[i] ? trace->tool[i] : trace->operation[i],
                            NJ_CALLEE_TOOL};
    if (is_model_call(trace, i) && !has_model_below[i] && trace->model[i] != NJ_NO_NAME)
        return (struct end){trace->model[i], NJ_CALLEE_MODEL};
    if (parent != NJ_NO_SPAN && trace->service[i] != NJ_NO_NAME &&
        trace->service[i] != trace->service[parent])
        return (struct end){trace->service[i], NJ_CALLEE_SERVICE};
    return (struct end){NJ_NO_NAME, NJ_CALLEE_NONE};
}

static uint64_t
edge_key(struct end caller, struct end callee)
{
    const uint64_t ends[] = {(uint64_t)caller.name << 3 | caller.callee,
                             (uint64_t)callee.name << 3 | callee.callee};
    return nj_hash((struct nj_slice){(const char *)ends, sizeof ends});
}

/* One trace on its way into the graph. */
struct calls {
    const struct nj_trace *trace;
    bool *has_model_below;
    struct end *callee; /* of the call that a span belongs to */
    uint32_t *call;     /* that call */
    uint32_t *edge;     /* and its edge */
};

static bool
calls_init(struct calls *c, const struct nj_trace *trace, struct nj_arena *arena)
{
    uint32_t n = trace->spans_len;

    *c = (struct calls){trace, NJ_NEW(arena, bool, n), NJ_NEW_RAW(arena, struct end, n),
                        NJ_NEW_RAW(arena, uint32_t, n), NJ_NEW_RAW(arena, uint32_t, n)};
    if (!c->has_model_below || !c->callee || !c->call || !c->edge)
        return false;
    for (uint32_t i = n; i-- > 0;)
        if (trace->parent[i] != NJ_NO_SPAN)
            c->has_model_below[trace->parent[i]] |=
                c->has_model_below[i] || is_model_call(trace, i);
    return true;
}

/* Counts span i as a call. */
static bool
call_add(struct nj_call_graph *graph, struct calls *c, uint32_t i)
{
    const struct nj_trace *trace = c->trace;
    uint32_t parent = trace->parent[i];
    bool has_caller = parent != NJ_NO_SPAN;
    struct end caller = has_caller ? c->callee[parent] : (struct end){0};
    uint64_t key = edge_key(caller, c->callee[i]);
    struct edge *edge = nj_tally_at(&graph->edges, key);
    uint32_t group = nj_series_group(&graph->series, key);
    bool is_failed = trace->status[i] == NJ_STATUS_ERROR;
    bool fails_caller =
        is_failed && has_caller && trace->status[c->call[parent]] == NJ_STATUS_ERROR;

    if (!edge || group == UINT32_MAX)
        return false;
    edge->caller = caller;
    edge->callee = c->callee[i];
    edge->total_ns += (uint64_t)nj_trace_raw_ns(trace, i);
    c->call[i] = i;
    c->edge[i] = (uint32_t)nj_tally_index(&graph->edges, edge);
    return nj_series_add(
        &graph->series,
        &(struct nj_observation){.groups = {group},
                                 .groups_len = 1,
                                 .value = {nj_trace_raw_ns(trace, i)},
                                 .events = (uint32_t)is_failed << EVENT_FAILED |
                                           (uint32_t)fails_caller << EVENT_FAILED_CALLER});
}

static void
amounts_add(struct nj_call_amounts *to, const struct nj_call_amounts *more)
{
    to->self_ns += more->self_ns;
    to->critical_ns += more->critical_ns;
    to->tokens += more->tokens;
}

bool
nj_call_graph_add(struct nj_call_graph *graph, const struct nj_trace *trace,
                  const struct nj_call_amounts *amounts, struct nj_arena *scratch)
{
    struct calls c;

    if (!calls_init(&c, trace, scratch) || !nj_series_begin(&graph->series, trace))
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint32_t parent = trace->parent[i];
        c.callee[i] = callee_of(trace, i, c.has_model_below);
        if (c.callee[i].callee != NJ_CALLEE_NONE) {
            if (!call_add(graph, &c, i))
                return false;
        } else { /* roots always open an agent */
            c.callee[i] = c.callee[parent];
            c.call[i] = c.call[parent];
            c.edge[i] = c.edge[parent];
        }
        struct edge *edge = nj_tally_get(&graph->edges, c.edge[i]);
        amounts_add(&edge->amounts, &amounts[i]);
    }
    return nj_series_end(&graph->series, scratch);
}

bool
nj_call_graph_merge(struct nj_call_graph *into, struct nj_call_graph *from)
{
    for (size_t i = 0; i < from->edges.len; i++) {
        const struct edge *f = nj_tally_get(&from->edges, i);
        struct edge *t = nj_tally_at(&into->edges, nj_tally_key(&from->edges, i));
        if (!t)
            return false;
        t->caller = f->caller;
        t->callee = f->callee;
        t->total_ns += f->total_ns;
        amounts_add(&t->amounts, &f->amounts);
    }
    return nj_series_merge(&into->series, &from->series);
}

/* An edge on its way into the table. */
struct line {
    const struct edge *edge;
    struct nj_slice caller, callee;
    uint32_t group;
};

static int
text_cmp(const struct line *x, const struct line *y)
{
    int c = nj_slice_cmp(x->callee, y->callee);

    if (c == 0)
        c = (int)x->edge->callee.callee - (int)y->edge->callee.callee;
    if (c == 0)
        c = nj_slice_cmp(x->caller, y->caller);
    return c ? c : (int)x->edge->caller.callee - (int)y->edge->caller.callee;
}

static int
by_callee(const void *a, const void *b)
{
    return text_cmp(a, b);
}

/* What takes most of the critical paths first, then what takes most time at all. */
static int
by_time(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->edge->amounts.critical_ns != y->edge->amounts.critical_ns)
        return x->edge->amounts.critical_ns > y->edge->amounts.critical_ns ? -1 : 1;
    if (x->edge->total_ns != y->edge->total_ns)
        return x->edge->total_ns > y->edge->total_ns ? -1 : 1;
    return text_cmp(x, y);
}

static int64_t
cell_of(uint64_t amount)
{
    return amount > INT64_MAX ? INT64_MAX : (int64_t)amount;
}

static void
end_put(struct nj_table *table, size_t row, unsigned name, unsigned kind, struct nj_slice text,
        enum nj_callee callee)
{
    if (callee == NJ_CALLEE_NONE)
        return;
    nj_table_put_text(table, row, name, text);
    nj_table_put_text(table, row, kind, nj_slice_of(callee_names[callee]));
}

/* Sum of weights of the calls. */
static double
weight_of(const struct nj_series *series, uint32_t group, struct nj_arena *arena)
{
    struct nj_data data = nj_series_strata(series, group, NJ_SUM_OF_EVENT, 0, arena);
    struct nj_sum sum = {0};

    for (size_t i = 0; i < data.len; i++)
        nj_sum_add(&sum, data.strata[i].weight * data.strata[i].x);
    return nj_sum_of(&sum);
}

static enum nj_status
line_put(const struct nj_call_graph *graph, const struct line *line, struct nj_table *table,
         struct nj_arena *scratch, struct nj_error *err)
{
    enum { PROPAGATION_MIN = 5 };
    const struct edge *e = line->edge;
    struct nj_series_group g;
    struct nj_sample sample;
    size_t row = nj_table_add(table);

    nj_series_get(&graph->series, line->group, &g);
    enum nj_status st = nj_series_sample(&graph->series, line->group, 0, scratch, &sample, err);
    if (st < 0)
        return st;
    end_put(table, row, NJ_COL_call_edges_caller, NJ_COL_call_edges_caller_kind, line->caller,
            (enum nj_callee)e->caller.callee);
    end_put(table, row, NJ_COL_call_edges_callee, NJ_COL_call_edges_callee_kind, line->callee,
            (enum nj_callee)e->callee.callee);
    const struct {
        unsigned column;
        uint64_t amount;
    } cells[] = {
        {NJ_COL_call_edges_calls, g.observations},
        {NJ_COL_call_edges_traces, g.traces},
        {NJ_COL_call_edges_errors, g.events[EVENT_FAILED]},
        {NJ_COL_call_edges_total_ns, e->total_ns},
        {NJ_COL_call_edges_self_ns, e->amounts.self_ns},
        {NJ_COL_call_edges_critical_ns, e->amounts.critical_ns},
        {NJ_COL_call_edges_tokens, e->amounts.tokens},
    };
    for (size_t i = 0; i < NJ_LEN(cells); i++)
        nj_table_put_int(table, row, cells[i].column, cell_of(cells[i].amount));
    nj_table_put_real(table, row, NJ_COL_call_edges_weight,
                      weight_of(&graph->series, line->group, scratch));
    if (g.events[EVENT_FAILED] >= PROPAGATION_MIN && e->caller.callee != NJ_CALLEE_NONE)
        nj_table_put_real(table, row, NJ_COL_call_edges_propagation,
                          (double)g.events[EVENT_FAILED_CALLER] /
                              (double)g.events[EVENT_FAILED]);
    if (sample.len > 0) {
        nj_table_put_int(table, row, NJ_COL_call_edges_p50,
                         nj_key_int(sample.key[nj_sample_rank(&sample, 0.5)]));
        nj_table_put_int(table, row, NJ_COL_call_edges_p95,
                         nj_key_int(sample.key[nj_sample_rank(&sample, 0.95)]));
    }
    return NJ_OK;
}

/* Lines sorted by callee become one node each. */
static void
nodes_put(const struct nj_call_graph *graph, const struct line *lines, size_t len,
          struct nj_table *table)
{
    for (size_t lo = 0, hi; lo < len; lo = hi) {
        uint64_t calls = 0, errors = 0, total_ns = 0, self_ns = 0;
        for (hi = lo; hi < len && lines[hi].edge->callee.name == lines[lo].edge->callee.name &&
                      lines[hi].edge->callee.callee == lines[lo].edge->callee.callee;
             hi++) {
            struct nj_series_group g;
            nj_series_get(&graph->series, lines[hi].group, &g);
            calls += g.observations;
            errors += g.events[EVENT_FAILED];
            total_ns += lines[hi].edge->total_ns;
            self_ns += lines[hi].edge->amounts.self_ns;
        }
        size_t row = nj_table_add(table);
        end_put(table, row, NJ_COL_call_nodes_node, NJ_COL_call_nodes_node_kind,
                lines[lo].callee, (enum nj_callee)lines[lo].edge->callee.callee);
        nj_table_put_int(table, row, NJ_COL_call_nodes_spans, cell_of(calls));
        nj_table_put_int(table, row, NJ_COL_call_nodes_errors, cell_of(errors));
        nj_table_put_int(table, row, NJ_COL_call_nodes_total_ns, cell_of(total_ns));
        nj_table_put_int(table, row, NJ_COL_call_nodes_self_ns, cell_of(self_ns));
    }
}

enum nj_status
nj_call_graph_put(struct nj_call_graph *graph, struct nj_run *run, struct nj_results *results)
{
    struct nj_table *table = nj_results_table(results, NJ_TABLE_call_edges);
    size_t len = graph->edges.len;
    struct line *lines = malloc((len + 1) * sizeof *lines);
    struct nj_arena *scratch = nj_arena_new(nj_series_sample_bytes(&graph->series));
    enum nj_status st = lines && scratch ? nj_series_close(&graph->series, run->err)
                                         : nj_fail(run->err, NJ_ENOMEM, "no memory for calls");

    for (size_t i = 0; i < len && st == NJ_OK; i++) {
        const struct edge *edge = nj_tally_get(&graph->edges, i);
        lines[i] =
            (struct line){edge, nj_names_get(run->names, edge->caller.name),
                          nj_names_get(run->names, edge->callee.name),
                          nj_series_group(&graph->series, nj_tally_key(&graph->edges, i))};
    }
    if (st == NJ_OK && len > 0) {
        qsort(lines, len, sizeof *lines, by_callee);
        nodes_put(graph, lines, len, nj_results_table(results, NJ_TABLE_call_nodes));
        qsort(lines, len, sizeof *lines, by_time);
    }
    for (size_t i = 0; i < len && st == NJ_OK; i++) {
        nj_arena_reset(scratch);
        st = line_put(graph, &lines[i], table, scratch, run->err);
    }
    free(lines);
    nj_arena_free(scratch);
    return st;
}
