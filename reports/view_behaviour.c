/* view_behaviour.c - `nightjar behaviour`: what only agents do wrong. */
#include "reports/view.h"

static const struct nj_view_column columns[] = {
    {NJ_COL_behaviour_id, "finding", NJ_CELL_TEXT},
    {NJ_COL_behaviour_agent, "agent", NJ_CELL_TEXT},
    {NJ_COL_behaviour_count, "count", NJ_CELL_INT},
    {NJ_COL_behaviour_traces, "traces", NJ_CELL_INT},
    {NJ_COL_behaviour_cost_ns, "time", NJ_CELL_DURATION},
    {NJ_COL_behaviour_text, "worst case", NJ_CELL_TEXT},
    {NJ_COL_behaviour_exemplar, "trace", NJ_CELL_TEXT},
};

static bool
is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    return nj_view_wants(options, nj_table_text(t, r, NJ_COL_behaviour_agent));
}

static void
behaviour_grids(const struct nj_results *results, const struct nj_view_options *options,
                void (*write)(const struct nj_grid *grid, struct nj_buf *out),
                struct nj_buf *out)
{
    static const struct nj_view_table view = {NJ_TABLE_behaviour, NULL,      columns,
                                              NJ_LEN(columns),    is_wanted, 0};
    nj_view_put_table(&view, results, options, write, out);
}

static void
behaviour_json(const struct nj_results *results, const struct nj_view_options *options,
               struct nj_jsonw *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_behaviour);

    nj_jsonw_object(out);
    nj_jsonw_key(out, "findings");
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(t); r++)
        if (is_wanted(t, r, options))
            nj_json_row(out, t, r, 0, NJ_COLS_LEN_behaviour);
    nj_jsonw_array_end(out);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_behaviour = {"behaviour", behaviour_grids, behaviour_json};
