/* section_tokens.c - tokens and cost by agent and model. */
#include "reports/section_table.h"

static const struct nj_view_column agent_columns[] = {
    {NJ_COL_tokens_agent, "agent", NJ_CELL_TEXT},
    {NJ_COL_tokens_calls, "calls", NJ_CELL_INT},
    {NJ_COL_tokens_input, "input", NJ_CELL_INT},
    {NJ_COL_tokens_cached, "cached", NJ_CELL_INT},
    {NJ_COL_tokens_output, "output", NJ_CELL_INT},
    {NJ_COL_tokens_reasoning, "reasoning", NJ_CELL_INT},
    {NJ_COL_tokens_per_trace_mean, "mean a trace", NJ_CELL_REAL},
    {NJ_COL_tokens_per_trace_p95, "p95 a trace", NJ_CELL_INT},
    {NJ_COL_tokens_cost, "cost", NJ_CELL_REAL},
    {NJ_COL_tokens_failed_traces, "in failed traces", NJ_CELL_INT},
    {NJ_COL_tokens_growth_slope, "growth a step", NJ_CELL_REAL},
    {NJ_COL_tokens_per_second, "output a second", NJ_CELL_REAL},
};

static const struct nj_view_column model_columns[] = {
    {NJ_COL_tokens_key, "model", NJ_CELL_TEXT},
    {NJ_COL_tokens_calls, "calls", NJ_CELL_INT},
    {NJ_COL_tokens_input, "input", NJ_CELL_INT},
    {NJ_COL_tokens_cached, "cached", NJ_CELL_INT},
    {NJ_COL_tokens_output, "output", NJ_CELL_INT},
    {NJ_COL_tokens_reasoning, "reasoning", NJ_CELL_INT},
    {NJ_COL_tokens_cost, "cost", NJ_CELL_REAL},
    {NJ_COL_tokens_per_second, "output a second", NJ_CELL_REAL},
};

static bool
is_agent(const struct nj_page *page, const struct nj_table *t, size_t r)
{
    return nj_slice_eq(nj_table_text(t, r, NJ_COL_tokens_group_by), NJ_SLICE("agent")) &&
           nj_page_wants(page, nj_table_text(t, r, NJ_COL_tokens_agent));
}

static bool
is_model(const struct nj_page *page, const struct nj_table *t, size_t r)
{
    (void)page;
    return nj_slice_eq(nj_table_text(t, r, NJ_COL_tokens_group_by), NJ_SLICE("model"));
}

static bool
tokens_has_content(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_tokens)) > 0;
}

static void
tokens_write(const struct nj_page *page, struct nj_html *h)
{
    static const struct nj_page_table agents = {
        "Tokens by agent", NJ_TABLE_tokens, agent_columns, NJ_LEN(agent_columns), is_agent, 60};
    static const struct nj_page_table models = {
        "Tokens by model", NJ_TABLE_tokens, model_columns, NJ_LEN(model_columns), is_model, 30};

    nj_html_put(
        h,
        "<p>Counted once, at the calls that used them; input includes what came from a cache, "
        "output includes reasoning.</p>\n");
    nj_page_table_write(page, h, &agents);
    nj_html_put(h, "<h3>By model</h3>\n");
    nj_page_table_write(page, h, &models);
}

const struct nj_section nj_section_tokens = {
    .id = "tokens",
    .title = "Tokens and cost",
    .empty = "No span records tokens.",
    .has_content = tokens_has_content,
    .write = tokens_write,
};
