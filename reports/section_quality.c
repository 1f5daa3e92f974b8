/* section_quality.c - what was dropped, repaired or guessed. */
#include "reports/section_table.h"

static const struct nj_view_column diag_columns[] = {
    {NJ_COL_diagnostics_id, "diagnostic", NJ_CELL_TEXT},
    {NJ_COL_diagnostics_severity, "severity", NJ_CELL_TEXT},
    {NJ_COL_diagnostics_count, "count", NJ_CELL_INT},
    {NJ_COL_diagnostics_help, "meaning", NJ_CELL_TEXT},
    {NJ_COL_diagnostics_places, "first places", NJ_CELL_LINES},
};

static const struct nj_view_column agent_columns[] = {
    {NJ_COL_agents_agent, "agent", NJ_CELL_TEXT},
    {NJ_COL_agents_how, "name found by", NJ_CELL_TEXT},
    {NJ_COL_agents_spans, "spans", NJ_CELL_INT},
    {NJ_COL_agents_invocations, "invocations", NJ_CELL_INT},
};

static bool
quality_has_content(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_summary)) > 0;
}

/* Spans by the rule that found their agent: "62 % inherited, 3 % by service". */
static void
how_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_agents);
    static const char *const rules[] = {"inherited", "service.name", "unknown"};
    double all = 0, by[NJ_LEN(rules)] = {0};

    for (size_t r = 0; r < nj_table_len(t); r++) {
        double spans = nj_table_real(t, r, NJ_COL_agents_spans);
        all += spans;
        for (size_t i = 0; i < NJ_LEN(rules); i++)
            if (nj_slice_eq(nj_table_text(t, r, NJ_COL_agents_how), nj_slice_of(rules[i])))
                by[i] += spans;
    }
    if (!(all > 0))
        return;
    nj_html_put(h, "<p>The agent of a span is named by the span itself in ");
    nj_html_ratio(h, (all - by[0] - by[1] - by[2]) / all);
    nj_html_put(h, ", inherited from a caller in ");
    nj_html_ratio(h, by[0] / all);
    nj_html_put(h, ", taken from the service in ");
    nj_html_ratio(h, by[1] / all);
    nj_html_put(h, " and not known in ");
    nj_html_ratio(h, by[2] / all);
    nj_html_put(h, " of spans.</p>\n");
}

static void
quality_write(const struct nj_page *page, struct nj_html *h)
{
    static const struct nj_page_table diags = {
        "Diagnostics", NJ_TABLE_diagnostics, diag_columns, NJ_LEN(diag_columns), NULL, 100};
    static const struct nj_page_table agents = {"How agents were found",
                                                NJ_TABLE_agents,
                                                agent_columns,
                                                NJ_LEN(agent_columns),
                                                NULL,
                                                100};
    const struct nj_table *s = nj_results_view(page->results, NJ_TABLE_summary);

    nj_html_put(h, "<p>");
    double complete = nj_table_real(s, 0, NJ_COL_summary_complete_traces);
    nj_html_count(h, complete);
    nj_html_put(h, " of ");
    nj_html_counted(h, nj_table_real(s, 0, NJ_COL_summary_traces), "trace");
    nj_html_printf(h, " %s complete.</p>\n", complete == 1 ? "is" : "are");
    how_write(page, h);
    if (nj_table_len(nj_results_view(page->results, NJ_TABLE_diagnostics)) > 0)
        nj_page_table_write(page, h, &diags);
    else
        nj_html_put(h, "<p>Nothing was dropped or repaired.</p>\n");
    nj_html_put(h, "<details><summary>How the agents' names were found</summary>\n");
    nj_page_table_write(page, h, &agents);
    nj_html_put(h, "</details>\n");
}

const struct nj_section nj_section_quality = {
    .id = "quality",
    .title = "Data quality",
    .empty = "Nothing was analysed.",
    .has_content = quality_has_content,
    .write = quality_write,
};
