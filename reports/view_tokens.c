/* view_tokens.c - `nightjar tokens`: tokens and cost. */
#include "reports/view.h"

static const struct nj_view_column columns[] = {
    {NJ_COL_tokens_agent, "agent", NJ_CELL_TEXT},
    {NJ_COL_tokens_key, "model or operation", NJ_CELL_TEXT},
    {NJ_COL_tokens_calls, "calls", NJ_CELL_INT},
    {NJ_COL_tokens_traces, "traces", NJ_CELL_INT},
    {NJ_COL_tokens_input, "input", NJ_CELL_INT},
    {NJ_COL_tokens_cached, "cached", NJ_CELL_INT},
    {NJ_COL_tokens_output, "output", NJ_CELL_INT},
    {NJ_COL_tokens_reasoning, "reasoning", NJ_CELL_INT},
    {NJ_COL_tokens_cost, "cost", NJ_CELL_REAL},
    {NJ_COL_tokens_total_weighted, "happened", NJ_CELL_REAL},
    {NJ_COL_tokens_total_lo, "from", NJ_CELL_REAL},
    {NJ_COL_tokens_total_hi, "to", NJ_CELL_REAL},
    {NJ_COL_tokens_cost_weighted, "its cost", NJ_CELL_REAL},
    {NJ_COL_tokens_per_trace_mean, "a trace", NJ_CELL_REAL},
    {NJ_COL_tokens_per_trace_p95, "p95", NJ_CELL_INT},
    {NJ_COL_tokens_failed_attempts, "failed attempts", NJ_CELL_INT},
    {NJ_COL_tokens_failed_traces, "failed traces", NJ_CELL_INT},
    {NJ_COL_tokens_growth_slope, "growth a step", NJ_CELL_REAL},
    {NJ_COL_tokens_per_second, "a second", NJ_CELL_REAL},
};

static bool
is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    return nj_slice_eq(nj_table_text(t, r, NJ_COL_tokens_group_by),
                       nj_slice_of(options->by ? options->by : "agent")) &&
           (!options->agent_glob ||
            nj_view_wants(options, nj_table_text(t, r, NJ_COL_tokens_agent)));
}

static void
tokens_grids(const struct nj_results *results, const struct nj_view_options *options,
             void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    static const struct nj_view_table view = {NJ_TABLE_tokens, NULL,      columns,
                                              NJ_LEN(columns), is_wanted, 0};
    nj_view_put_table(&view, results, options, write, out);
}

static void
tokens_json(const struct nj_results *results, const struct nj_view_options *options,
            struct nj_jsonw *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_tokens);

    nj_jsonw_object(out);
    nj_jsonw_key(out, "rows");
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(t); r++)
        if (is_wanted(t, r, options))
            nj_json_row(out, t, r, 0, NJ_COLS_LEN_tokens);
    nj_jsonw_array_end(out);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_tokens = {"tokens", tokens_grids, tokens_json};
