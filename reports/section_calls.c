/* section_calls.c - who calls whom, and how many agents work at once. */
#include "reports/section_table.h"

static const struct nj_view_column columns[] = {
    {NJ_COL_call_edges_caller, "caller", NJ_CELL_TEXT},
    {NJ_COL_call_edges_callee, "calls", NJ_CELL_TEXT},
    {NJ_COL_call_edges_callee_kind, "kind", NJ_CELL_TEXT},
    {NJ_COL_call_edges_calls, "times", NJ_CELL_INT},
    {NJ_COL_call_edges_traces, "traces", NJ_CELL_INT},
    {NJ_COL_call_edges_errors, "failed", NJ_CELL_INT},
    {NJ_COL_call_edges_propagation, "fails the caller", NJ_CELL_RATIO},
    {NJ_COL_call_edges_p50, "p50", NJ_CELL_DURATION},
    {NJ_COL_call_edges_p95, "p95", NJ_CELL_DURATION},
    {NJ_COL_call_edges_critical_ns, "critical time", NJ_CELL_DURATION},
    {NJ_COL_call_edges_tokens, "tokens", NJ_CELL_INT},
};

/* Of agents that are shown; what nobody called has no caller. */
static bool
is_wanted(const struct nj_page *page, const struct nj_table *t, size_t r)
{
    return !nj_table_is_null(t, r, NJ_COL_call_edges_caller) &&
           nj_page_wants(page, nj_table_text(t, r, NJ_COL_call_edges_caller));
}

static bool
calls_has_content(const struct nj_page *page)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_call_edges);

    for (size_t r = 0; r < nj_table_len(t); r++)
        if (is_wanted(page, t, r))
            return true;
    return false;
}

/* One sentence: weighted shares of the time in which any agent works. */
static void
parallelism_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_parallelism);
    double all = 0, several = 0;
    int64_t most = 0;

    for (size_t r = 0; r < nj_table_len(t); r++) {
        int64_t active = nj_table_int(t, r, NJ_COL_parallelism_active);
        double ns = nj_table_real(t, r, NJ_COL_parallelism_weighted_ns);
        all += active > 0 ? ns : 0;
        several += active > 1 ? ns : 0;
        most = active > most && ns > 0 ? active : most;
    }
    if (!(all > 0))
        return;
    nj_html_put(h, "<p>");
    if (several > 0) {
        nj_html_put(h, "Two or more agents worked at once in ");
        nj_html_ratio(h, several / all);
        nj_html_printf(h, " of the time in which any did, at most %lld.", (long long)most);
    } else {
        nj_html_put(h, "No two agents ever worked at once.");
    }
    nj_html_put(h, "</p>\n");
}

static void
calls_write(const struct nj_page *page, struct nj_html *h)
{
    static const struct nj_page_table table = {"Who calls whom", NJ_TABLE_call_edges, columns,
                                               NJ_LEN(columns),  is_wanted,           25};

    parallelism_write(page, h);
    nj_page_table_write(page, h, &table);
}

const struct nj_section nj_section_calls = {
    .id = "calls",
    .title = "Who calls whom",
    .empty = "No agent calls another agent, a tool or a model.",
    .has_content = calls_has_content,
    .write = calls_write,
};
