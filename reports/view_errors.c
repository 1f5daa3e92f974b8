/* view_errors.c - `nightjar errors`: what error caused what. */
#include "reports/view.h"

static const struct nj_view_column summary_columns[] = {
    {NJ_COL_errors_summary_traces, "traces", NJ_CELL_INT},
    {NJ_COL_errors_summary_failed_traces, "failed", NJ_CELL_INT},
    {NJ_COL_errors_summary_failed_rate, "rate", NJ_CELL_RATIO},
    {NJ_COL_errors_summary_failed_lo, "from", NJ_CELL_RATIO},
    {NJ_COL_errors_summary_failed_hi, "to", NJ_CELL_RATIO},
    {NJ_COL_errors_summary_non_fatal_rate, "survived errors", NJ_CELL_RATIO},
    {NJ_COL_errors_summary_error_spans, "error spans", NJ_CELL_INT},
    {NJ_COL_errors_summary_origins, "origins", NJ_CELL_INT},
    {NJ_COL_errors_summary_surfaced, "surfaced", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_retry, "retried", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_fallback, "fallback", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_ignored, "continued", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_cancelled, "cancelled", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_detached, "detached", NJ_CELL_INT},
    {NJ_COL_errors_summary_wasted_ns, "in failed attempts", NJ_CELL_DURATION},
};

static const struct nj_view_column chain_columns[] = {
    {NJ_COL_error_chains_state, "state", NJ_CELL_TEXT},
    {NJ_COL_error_chains_how, "how", NJ_CELL_TEXT},
    {NJ_COL_error_chains_count, "count", NJ_CELL_INT},
    {NJ_COL_error_chains_traces, "traces", NJ_CELL_INT},
    {NJ_COL_error_chains_share, "share", NJ_CELL_RATIO},
    {NJ_COL_error_chains_conf, "conf", NJ_CELL_TEXT},
    {NJ_COL_error_chains_path, "agents", NJ_CELL_LINES},
    {NJ_COL_error_chains_operation, "operation", NJ_CELL_TEXT},
    {NJ_COL_error_chains_type, "type", NJ_CELL_TEXT},
    {NJ_COL_error_chains_template, "message", NJ_CELL_SECRET},
    {NJ_COL_error_chains_latency_p50, "to surface", NJ_CELL_DURATION},
    {NJ_COL_error_chains_exemplar, "example trace", NJ_CELL_TEXT},
};

static const struct nj_view_column edge_columns[] = {
    {NJ_COL_error_edges_from_agent, "from", NJ_CELL_TEXT},
    {NJ_COL_error_edges_to_agent, "to", NJ_CELL_TEXT},
    {NJ_COL_error_edges_type, "type", NJ_CELL_TEXT},
    {NJ_COL_error_edges_arriving, "errors", NJ_CELL_INT},
    {NJ_COL_error_edges_passed, "passed on", NJ_CELL_INT},
    {NJ_COL_error_edges_probability, "probability", NJ_CELL_RATIO},
    {NJ_COL_error_edges_lo, "from", NJ_CELL_RATIO},
    {NJ_COL_error_edges_hi, "to", NJ_CELL_RATIO},
};

static bool
chain_is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    return nj_view_wants(options, nj_table_text(t, r, NJ_COL_error_chains_agent));
}

static const struct nj_view_table summary = {NJ_TABLE_errors_summary, NULL, summary_columns,
                                             NJ_LEN(summary_columns), NULL, 0};
static const struct nj_view_table chains = {
    NJ_TABLE_error_chains, NULL, chain_columns, NJ_LEN(chain_columns), chain_is_wanted, 30};
static const struct nj_view_table edges = {NJ_TABLE_error_edges,
                                           "does an error of one agent fail its caller?",
                                           edge_columns,
                                           NJ_LEN(edge_columns),
                                           NULL,
                                           20};

static void
errors_grids(const struct nj_results *results, const struct nj_view_options *options,
             void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    if (options->is_raw) {
        nj_view_put_table(&chains, results, options, write, out);
        return;
    }
    nj_view_put_table(&summary, results, options, write, out);
    nj_buf_put_char(out, '\n');
    nj_view_put_table(&chains, results, options, write, out);
    nj_buf_put_char(out, '\n');
    nj_view_put_table(&edges, results, options, write, out);
    nj_buf_put_text(
        out, "\nThis is execution-error causality, as far as spans record it (A: recorded, B: "
             "consistent with\nthe records). Errors of reasoning leave no status; an OK trace "
             "may still be a wrong answer.\n");
}

static void
errors_json(const struct nj_results *results, const struct nj_view_options *options,
            struct nj_jsonw *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_error_chains);
    const struct nj_table *s = nj_results_view(results, NJ_TABLE_errors_summary);

    nj_jsonw_object(out);
    nj_jsonw_key(out, "summary");
    if (nj_table_len(s) > 0)
        nj_json_row(out, s, 0, 0, NJ_COLS_LEN_errors_summary);
    else
        nj_jsonw_null(out);
    nj_jsonw_key(out, "chains");
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(t); r++)
        if (chain_is_wanted(t, r, options))
            nj_json_row(out, t, r, 0, NJ_COLS_LEN_error_chains);
    nj_jsonw_array_end(out);
    nj_json_table(out, "edges", results, NJ_TABLE_error_edges);
    nj_json_table(out, "agents", results, NJ_TABLE_error_agents);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_errors = {"errors", errors_grids, errors_json};
