/* view_diff.c - `nightjar diff`: what differs between two results, worst first. */
#include "base/clock.h"
#include "base/plural.h"
#include "reports/view.h"

enum { UNSURE_MAX = 10 };

static const struct nj_view_column error_columns[] = {
    {NJ_COL_error_changes_change, "change", NJ_CELL_TEXT},
    {NJ_COL_error_changes_traces_before, "traces before", NJ_CELL_INT},
    {NJ_COL_error_changes_traces_now, "after", NJ_CELL_INT},
    {NJ_COL_error_changes_share_before, "share before", NJ_CELL_RATIO},
    {NJ_COL_error_changes_share_now, "after", NJ_CELL_RATIO},
    {NJ_COL_error_changes_q, "q", NJ_CELL_REAL},
    {NJ_COL_error_changes_key, "agent|operation|type|message", NJ_CELL_SECRET},
    {NJ_COL_error_changes_exemplar, "example trace", NJ_CELL_TEXT},
};

static bool
is_unsure(const struct nj_table *t, size_t r)
{
    struct nj_slice verdict = nj_table_text(t, r, NJ_COL_changes_verdict);
    return nj_slice_eq(verdict, NJ_SLICE("same")) || nj_slice_eq(verdict, NJ_SLICE("few"));
}

static bool
site_is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    (void)options;
    return nj_slice_eq(nj_table_text(t, r, NJ_COL_error_changes_level), NJ_SLICE("site"));
}

static void
row_fill(struct nj_grid *g, const struct nj_table *t, size_t r)
{
    nj_grid_cell_text(g, t, r, NJ_COL_changes_verdict);
    nj_grid_cell_text(g, t, r, NJ_COL_changes_area);
    nj_grid_cell_text(g, t, r, NJ_COL_changes_name);
    nj_grid_cell_value(g, t, r, NJ_COL_changes_before, NJ_COL_changes_unit);
    nj_grid_cell_value(g, t, r, NJ_COL_changes_after, NJ_COL_changes_unit);
    nj_grid_cell_change(g, t, r, NJ_COL_changes_change, NJ_COL_changes_unit);
    nj_grid_cell_change(g, t, r, NJ_COL_changes_change_lo, NJ_COL_changes_unit);
    nj_grid_cell_change(g, t, r, NJ_COL_changes_change_hi, NJ_COL_changes_unit);
    nj_grid_cell_real(g, t, r, NJ_COL_changes_q);
}

static void
columns_put(struct nj_grid *g, const char *title, bool is_raw)
{
    static const struct {
        const char *header, *raw;
        bool is_right;
    } columns[] = {
        {"verdict", "verdict", false}, {"area", "area", false},   {"what", "name", false},
        {"before", "before", true},    {"after", "after", true},  {"change", "change", true},
        {"from", "change_lo", true},   {"to", "change_hi", true}, {"q", "q", true}};

    nj_grid_init(g, title, is_raw);
    for (size_t i = 0; i < NJ_LEN(columns); i++)
        nj_grid_column(g, columns[i].header, columns[i].raw, columns[i].is_right);
}

static bool
is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    return nj_view_wants(options, nj_table_text(t, r, NJ_COL_changes_agent));
}

static void
diff_grids(const struct nj_results *results, const struct nj_view_options *options,
           void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    static const struct nj_view_table errors = {NJ_TABLE_error_changes, "kinds of errors",
                                                error_columns,          NJ_LEN(error_columns),
                                                site_is_wanted,         30};
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_changes);
    const struct nj_table *e = nj_results_view(results, NJ_TABLE_error_changes);
    size_t unsure = 0, sure = 0, others = 0;
    struct nj_grid g;

    columns_put(&g, NULL, options->is_raw);
    for (size_t r = 0; r < nj_table_len(t); r++) {
        if (!is_wanted(t, r, options))
            continue;
        if (!is_unsure(t, r))
            sure++;
        else if (unsure++ >= UNSURE_MAX && !options->is_raw && ++others)
            continue;
        row_fill(&g, t, r);
    }
    write(&g, out);
    nj_grid_fini(&g);
    if (options->is_raw)
        return;
    nj_buf_printf(out,
                  "\n%zu difference%s beyond chance (false discovery rate 5 %%); %zu more "
                  "number%s without one%s.\n",
                  sure, nj_plural((double)sure), unsure, nj_plural((double)unsure),
                  others ? ", not all shown" : "");
    if (nj_table_len(e) > 0) {
        nj_buf_put_char(out, '\n');
        nj_view_put_table(&errors, results, options, write, out);
    }
}

static void
diff_json(const struct nj_results *results, const struct nj_view_options *options,
          struct nj_jsonw *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_changes);

    nj_jsonw_object(out);
    nj_jsonw_key(out, "changes");
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(t); r++)
        if (is_wanted(t, r, options))
            nj_json_row(out, t, r, 0, NJ_COLS_LEN_changes);
    nj_jsonw_array_end(out);
    if (options->is_redacted)
        nj_jsonw_key_null(out, "errors");
    else
        nj_json_table(out, "errors", results, NJ_TABLE_error_changes);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_diff = {"diff", diff_grids, diff_json};
