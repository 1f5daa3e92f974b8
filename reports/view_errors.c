/* view_errors.c - `nightjar errors`: what error caused what. */
#include "reports/view.h"

static const struct nj_view_column summary_columns[] = {
    {NJ_COL_errors_summary_traces, "traces", NJ_CELL_INT},
    {NJ_COL_errors_summary_failed_traces, "failed", NJ_CELL_INT},
    {NJ_COL_errors_summary_weight, "traces weighted", NJ_CELL_REAL},
    {NJ_COL_errors_summary_failed_rate, "rate", NJ_CELL_RATIO},
    {NJ_COL_errors_summary_failed_lo, "from", NJ_CELL_RATIO},
    {NJ_COL_errors_summary_failed_hi, "to", NJ_CELL_RATIO},
    {NJ_COL_errors_summary_non_fatal_rate, "survived errors", NJ_CELL_RATIO},
};

static const struct nj_view_column origin_columns[] = {
    {NJ_COL_errors_summary_error_spans, "error spans", NJ_CELL_INT},
    {NJ_COL_errors_summary_origins, "origins", NJ_CELL_INT},
    {NJ_COL_errors_summary_surfaced, "surfaced", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_retry, "retried", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_fallback, "fallback", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_ignored, "continued", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_cancelled, "cancelled", NJ_CELL_INT},
    {NJ_COL_errors_summary_absorbed_detached, "detached", NJ_CELL_INT},
};

static const struct nj_view_column cost_columns[] = {
    {NJ_COL_errors_summary_failed_attempts, "failed attempts", NJ_CELL_INT},
    {NJ_COL_errors_summary_wasted_ns, "time in them", NJ_CELL_DURATION},
    {NJ_COL_errors_summary_wasted_critical_ns, "on the critical path, with waits",
     NJ_CELL_DURATION},
    {NJ_COL_errors_summary_wasted_tokens, "tokens in them", NJ_CELL_INT},
    {NJ_COL_errors_summary_failed_trace_tokens, "tokens of failed traces", NJ_CELL_INT},
};

static const struct nj_view_column chain_columns[] = {
    {NJ_COL_error_chains_state, "state", NJ_CELL_TEXT},
    {NJ_COL_error_chains_how, "how", NJ_CELL_TEXT},
    {NJ_COL_error_chains_count, "count", NJ_CELL_INT},
    {NJ_COL_error_chains_traces, "traces", NJ_CELL_INT},
    {NJ_COL_error_chains_weight, "weighted", NJ_CELL_REAL},
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

static const struct nj_view_column agent_columns[] = {
    {NJ_COL_error_agents_agent, "agent", NJ_CELL_TEXT},
    {NJ_COL_error_agents_origins, "origins", NJ_CELL_INT},
    {NJ_COL_error_agents_surfaced, "surfaced", NJ_CELL_INT},
    {NJ_COL_error_agents_arriving, "arriving", NJ_CELL_INT},
    {NJ_COL_error_agents_absorbed, "absorbed", NJ_CELL_INT},
    {NJ_COL_error_agents_absorption, "absorption", NJ_CELL_RATIO},
    {NJ_COL_error_agents_lo, "from", NJ_CELL_RATIO},
    {NJ_COL_error_agents_hi, "to", NJ_CELL_RATIO},
};

static const struct nj_view_column possible_columns[] = {
    {NJ_COL_error_possible_count, "count", NJ_CELL_INT},
    {NJ_COL_error_possible_cause, "cause", NJ_CELL_SECRET},
    {NJ_COL_error_possible_effect, "effect", NJ_CELL_SECRET},
    {NJ_COL_error_possible_why, "why", NJ_CELL_TEXT},
    {NJ_COL_error_possible_exemplar, "example trace", NJ_CELL_TEXT},
};

static bool
chain_is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    return nj_view_wants(options, nj_table_text(t, r, NJ_COL_error_chains_agent));
}

static bool
is_surfaced(const struct nj_table *t, size_t r)
{
    return nj_slice_eq(nj_table_text(t, r, NJ_COL_error_chains_state), NJ_SLICE("surfaced"));
}

static bool
surfaced_is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    return is_surfaced(t, r) && chain_is_wanted(t, r, options);
}

static bool
absorbed_is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    return !is_surfaced(t, r) && chain_is_wanted(t, r, options);
}

static bool
agent_is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    return nj_view_wants(options, nj_table_text(t, r, NJ_COL_error_agents_agent));
}

#define VIEW(id, title, columns, wants, rows_max)                                              \
    {                                                                                          \
        NJ_TABLE_##id, title, columns, NJ_LEN(columns), wants, rows_max                        \
    }

/* For programs: all chains. */
static const struct nj_view_table chains =
    VIEW(error_chains, NULL, chain_columns, chain_is_wanted, 0);

/* For people, in this order; what has no rows is left out. */
static const struct nj_view_table tables[] = {
    VIEW(errors_summary, NULL, summary_columns, NULL, 0),
    VIEW(errors_summary, NULL, origin_columns, NULL, 0),
    VIEW(errors_summary, NULL, cost_columns, NULL, 0),
    VIEW(error_chains, "reached the caller of the trace", chain_columns, surfaced_is_wanted,
         20),
    VIEW(error_chains, "absorbed on the way", chain_columns, absorbed_is_wanted, 20),
    VIEW(error_edges, "does an error of one agent fail its caller?", edge_columns, NULL, 20),
    VIEW(error_agents, "errors by agent: its own, those that reached it, those it absorbed",
         agent_columns, agent_is_wanted, 20),
    VIEW(error_possible, "possible, and not counted in anything above", possible_columns, NULL,
         10),
};

static bool
has_rows(const struct nj_view_table *view, const struct nj_results *results,
         const struct nj_view_options *options)
{
    const struct nj_table *t = nj_results_view(results, view->id);

    for (size_t r = 0; r < nj_table_len(t); r++)
        if (!view->wants || view->wants(t, r, options))
            return true;
    return false;
}

static void
errors_grids(const struct nj_results *results, const struct nj_view_options *options,
             void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    if (options->is_raw) {
        nj_view_put_table(&chains, results, options, write, out);
        return;
    }
    for (size_t i = 0; i < NJ_LEN(tables); i++) {
        if (!has_rows(&tables[i], results, options))
            continue;
        nj_view_put_table(&tables[i], results, options, write, out);
        nj_buf_put_char(out, '\n');
    }
    nj_buf_put_text(
        out, "This is execution-error causality, as far as spans record it (A: recorded, B: "
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
    nj_json_table(out, "possible", results, NJ_TABLE_error_possible);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_errors = {"errors", errors_grids, errors_json};
