/* view_calls.c - `nightjar calls`: who calls whom, and the merged call tree. */
#include "reports/view.h"

static const struct nj_view_column edge_columns[] = {
    {NJ_COL_call_edges_caller, "caller", NJ_CELL_TEXT},
    {NJ_COL_call_edges_callee, "callee", NJ_CELL_TEXT},
    {NJ_COL_call_edges_callee_kind, "kind", NJ_CELL_TEXT},
    {NJ_COL_call_edges_calls, "calls", NJ_CELL_INT},
    {NJ_COL_call_edges_traces, "traces", NJ_CELL_INT},
    {NJ_COL_call_edges_errors, "errors", NJ_CELL_INT},
    {NJ_COL_call_edges_propagation, "fails caller", NJ_CELL_RATIO},
    {NJ_COL_call_edges_p50, "p50", NJ_CELL_DURATION},
    {NJ_COL_call_edges_p95, "p95", NJ_CELL_DURATION},
    {NJ_COL_call_edges_total_ns, "total", NJ_CELL_DURATION},
    {NJ_COL_call_edges_self_ns, "self", NJ_CELL_DURATION},
    {NJ_COL_call_edges_critical_ns, "critical", NJ_CELL_DURATION},
    {NJ_COL_call_edges_tokens, "tokens", NJ_CELL_INT},
};

static const struct nj_view_column parallel_columns[] = {
    {NJ_COL_parallelism_active, "agents at once", NJ_CELL_INT},
    {NJ_COL_parallelism_ns, "time", NJ_CELL_DURATION},
    {NJ_COL_parallelism_weighted_ns, "weighted", NJ_CELL_DURATION},
};

static bool
edge_is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    return nj_view_wants(options, nj_table_text(t, r, NJ_COL_call_edges_caller)) ||
           nj_view_wants(options, nj_table_text(t, r, NJ_COL_call_edges_callee));
}

static void
calls_grids(const struct nj_results *results, const struct nj_view_options *options,
            void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    static const struct nj_view_table edges = {
        NJ_TABLE_call_edges, NULL, edge_columns, NJ_LEN(edge_columns), edge_is_wanted, 60};
    static const struct nj_view_table parallel = {
        NJ_TABLE_parallelism, NULL, parallel_columns, NJ_LEN(parallel_columns), NULL, 0};

    nj_view_put_table(&edges, results, options, write, out);
    if (options->is_raw)
        return;
    nj_buf_put_char(out, '\n');
    nj_view_put_table(&parallel, results, options, write, out);
}

static void
calls_json(const struct nj_results *results, const struct nj_view_options *options,
           struct nj_jsonw *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_call_edges);

    nj_jsonw_object(out);
    nj_json_table(out, "nodes", results, NJ_TABLE_call_nodes);
    nj_jsonw_key(out, "edges");
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(t); r++)
        if (edge_is_wanted(t, r, options))
            nj_json_row(out, t, r, 0, NJ_COLS_LEN_call_edges);
    nj_jsonw_array_end(out);
    nj_json_table(out, "tree", results, NJ_TABLE_call_tree);
    nj_json_table(out, "parallelism", results, NJ_TABLE_parallelism);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_calls = {"calls", calls_grids, calls_json};
