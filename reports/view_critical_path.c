/* view_critical_path.c - `nightjar critical-path`: where the time of whole traces goes. */
#include "reports/view.h"

static const struct nj_view_column total_columns[] = {
    {NJ_COL_critical_path_total_scope, "scope", NJ_CELL_TEXT},
    {NJ_COL_critical_path_total_traces, "traces", NJ_CELL_INT},
    {NJ_COL_critical_path_total_duration_ns, "duration", NJ_CELL_DURATION},
    {NJ_COL_critical_path_total_ambiguous_ns, "guessed", NJ_CELL_DURATION},
    {NJ_COL_critical_path_total_wait_ns, "waiting", NJ_CELL_DURATION},
    {NJ_COL_critical_path_total_gap_ns, "unexplained", NJ_CELL_DURATION},
};

static const struct nj_view_column columns[] = {
    {NJ_COL_critical_path_group_by, "by", NJ_CELL_TEXT},
    {NJ_COL_critical_path_key, "what", NJ_CELL_LINES},
    {NJ_COL_critical_path_traces, "traces", NJ_CELL_INT},
    {NJ_COL_critical_path_share, "share", NJ_CELL_RATIO},
    {NJ_COL_critical_path_criticality, "on path", NJ_CELL_RATIO},
    {NJ_COL_critical_path_mean, "mean", NJ_CELL_DURATION},
    {NJ_COL_critical_path_p50, "p50", NJ_CELL_DURATION},
    {NJ_COL_critical_path_p95, "p95", NJ_CELL_DURATION},
    {NJ_COL_critical_path_saving_10, "10 % faster", NJ_CELL_RATIO},
    {NJ_COL_critical_path_saving_25, "25 %", NJ_CELL_RATIO},
    {NJ_COL_critical_path_saving_50, "50 %", NJ_CELL_RATIO},
    {NJ_COL_critical_path_saving_100, "gone", NJ_CELL_RATIO},
};

static const struct nj_view_column cohort_columns[] = {
    {NJ_COL_critical_path_cohorts_cohort, "cohort", NJ_CELL_TEXT},
    {NJ_COL_critical_path_cohorts_kind, "kind", NJ_CELL_TEXT},
    {NJ_COL_critical_path_cohorts_traces, "traces", NJ_CELL_INT},
    {NJ_COL_critical_path_cohorts_share, "share", NJ_CELL_RATIO},
    {NJ_COL_critical_path_cohorts_mean, "mean", NJ_CELL_DURATION},
};

static const struct nj_view_column what_if_columns[] = {
    {NJ_COL_what_if_group_by, "what if", NJ_CELL_TEXT},
    {NJ_COL_what_if_key, "", NJ_CELL_LINES},
    {NJ_COL_what_if_faster, "were faster by", NJ_CELL_RATIO},
    {NJ_COL_what_if_traces, "traces with it", NJ_CELL_INT},
    {NJ_COL_what_if_saving, "saves", NJ_CELL_RATIO},
    {NJ_COL_what_if_mean, "a trace", NJ_CELL_DURATION},
    {NJ_COL_what_if_duration, "leaves", NJ_CELL_DURATION},
};

static bool
is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    struct nj_slice by = nj_table_text(t, r, NJ_COL_critical_path_group_by);
    struct nj_slice scope = nj_table_text(t, r, NJ_COL_critical_path_scope);

    return (!options->scope || nj_slice_eq(scope, nj_slice_of(options->scope))) &&
           nj_slice_eq(by, nj_slice_of(options->by ? options->by : "agent")) &&
           (!nj_slice_eq(by, NJ_SLICE("agent")) ||
            nj_view_wants(options, nj_table_text(t, r, NJ_COL_critical_path_key)));
}

/* Both scopes have totals where they differ; the rows below are those of one. */
static void
scopes_tell(const struct nj_results *results, const struct nj_view_options *options,
            struct nj_buf *out)
{
    const struct nj_table *totals = nj_results_view(results, NJ_TABLE_critical_path_total);

    if (nj_table_len(totals) < 2 || !options->scope)
        return;
    nj_buf_put_text(out, strcmp(options->scope, "root") == 0
                             ? "root: what callers waited for, divided below; trace: until "
                               "all work was done, divided by --scope trace\n"
                             : "trace: until all work was done, divided below; root: what "
                               "callers waited for, divided by --scope root\n");
}

static const struct nj_view_table what_if = {NJ_TABLE_what_if,        NULL, what_if_columns,
                                             NJ_LEN(what_if_columns), NULL, 0};

/* A name that is nowhere is more often mistyped than fast. */
static void
what_if_put(const struct nj_results *results, const struct nj_view_options *options,
            void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_what_if);

    if (nj_table_len(t) == 0)
        return;
    nj_view_put_table(&what_if, results, options, write, out);
    if (nj_table_int(t, 0, NJ_COL_what_if_traces) == 0) {
        nj_buf_put_text(out, "there is no ");
        nj_terminal_put(out, nj_table_text(t, 0, NJ_COL_what_if_group_by));
        nj_buf_put_text(out, " of this name here\n");
    }
    nj_buf_put_char(out, '\n');
}

static void
critical_path_grids(const struct nj_results *results, const struct nj_view_options *options,
                    void (*write)(const struct nj_grid *grid, struct nj_buf *out),
                    struct nj_buf *out)
{
    static const struct nj_view_table total = {
        NJ_TABLE_critical_path_total, NULL, total_columns, NJ_LEN(total_columns), NULL, 0};
    static const struct nj_view_table main_table = {NJ_TABLE_critical_path, NULL,      columns,
                                                    NJ_LEN(columns),        is_wanted, 40};
    static const struct nj_view_table cohorts = {NJ_TABLE_critical_path_cohorts,
                                                 "by latency cohort and kind",
                                                 cohort_columns,
                                                 NJ_LEN(cohort_columns),
                                                 NULL,
                                                 0};

    if (options->is_raw) { /* one table: the answer to --what-if where it was asked */
        bool is_asked = nj_table_len(nj_results_view(results, NJ_TABLE_what_if)) > 0;
        nj_view_put_table(is_asked ? &what_if : &main_table, results, options, write, out);
        return;
    }
    what_if_put(results, options, write, out);
    nj_view_put_table(&total, results, options, write, out);
    scopes_tell(results, options, out);
    nj_buf_put_char(out, '\n');
    nj_view_put_table(&main_table, results, options, write, out);
    nj_buf_put_char(out, '\n');
    nj_view_put_table(&cohorts, results, options, write, out);
}

static void
critical_path_json(const struct nj_results *results, const struct nj_view_options *options,
                   struct nj_jsonw *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_critical_path);
    const struct nj_table *asked = nj_results_view(results, NJ_TABLE_what_if);

    nj_jsonw_object(out);
    nj_json_table(out, "totals", results, NJ_TABLE_critical_path_total);
    nj_jsonw_key(out, "rows");
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(t); r++)
        if (is_wanted(t, r, options))
            nj_json_row(out, t, r, 0, NJ_COLS_LEN_critical_path);
    nj_jsonw_array_end(out);
    nj_json_table(out, "cohorts", results, NJ_TABLE_critical_path_cohorts);
    nj_jsonw_key(out, "what_if");
    if (nj_table_len(asked) > 0)
        nj_json_row(out, asked, 0, 0, NJ_COLS_LEN_what_if);
    else
        nj_jsonw_null(out);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_critical_path = {"critical-path", critical_path_grids,
                                              critical_path_json};
