/* section_behaviour.c - what only agents do wrong: loops, ping-pong, retries. */
#include "reports/section_table.h"

static const struct nj_view_column columns[] = {
    {NJ_COL_behaviour_id, "finding", NJ_CELL_TEXT},
    {NJ_COL_behaviour_agent, "agent", NJ_CELL_TEXT},
    {NJ_COL_behaviour_count, "count", NJ_CELL_INT},
    {NJ_COL_behaviour_traces, "traces", NJ_CELL_INT},
    {NJ_COL_behaviour_cost_ns, "time", NJ_CELL_DURATION},
    {NJ_COL_behaviour_text, "worst case", NJ_CELL_TEXT},
    {NJ_COL_behaviour_exemplar, "example trace", NJ_CELL_TEXT},
};

static bool
is_wanted(const struct nj_page *page, const struct nj_table *t, size_t r)
{
    return nj_page_wants(page, nj_table_text(t, r, NJ_COL_behaviour_agent));
}

static bool
behaviour_has_content(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_behaviour)) > 0;
}

static void
behaviour_write(const struct nj_page *page, struct nj_html *h)
{
    static const struct nj_page_table table = {"Findings",      NJ_TABLE_behaviour, columns,
                                               NJ_LEN(columns), is_wanted,          100};
    nj_page_table_write(page, h, &table);
}

const struct nj_section nj_section_behaviour = {
    .id = "behaviour",
    .title = "Behaviour",
    .empty = "No loops, ping-pong, retry storms or other findings.",
    .has_content = behaviour_has_content,
    .write = behaviour_write,
};
