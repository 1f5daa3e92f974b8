/* view_sampling.c - `nightjar sampling`: what stored traces stand for, and how wrong plain
 * numbers are. */
#include "reports/view.h"

static const struct nj_view_column store_columns[] = {
    {NJ_COL_sampling_mode, "weights", NJ_CELL_TEXT},
    {NJ_COL_sampling_traces, "stored", NJ_CELL_INT},
    {NJ_COL_sampling_estimated, "happened", NJ_CELL_REAL},
    {NJ_COL_sampling_estimated_lo, "from", NJ_CELL_REAL},
    {NJ_COL_sampling_estimated_hi, "to", NJ_CELL_REAL},
    {NJ_COL_sampling_kish_n_eff, "n eff", NJ_CELL_REAL},
    {NJ_COL_sampling_weight_min, "w min", NJ_CELL_REAL},
    {NJ_COL_sampling_weight_median, "median", NJ_CELL_REAL},
    {NJ_COL_sampling_weight_max, "max", NJ_CELL_REAL},
    {NJ_COL_sampling_unknown, "unknown", NJ_CELL_INT},
    {NJ_COL_sampling_inconsistent, "inconsistent", NJ_CELL_INT},
    {NJ_COL_sampling_zero, "zero", NJ_CELL_INT},
    {NJ_COL_sampling_orphans_lost, "spans lost", NJ_CELL_INT},
};

static const struct nj_view_column source_columns[] = {
    {NJ_COL_sampling_sources_source, "source of weights", NJ_CELL_TEXT},
    {NJ_COL_sampling_sources_traces, "traces", NJ_CELL_INT},
    {NJ_COL_sampling_sources_share, "share", NJ_CELL_RATIO},
};

static const struct nj_view_column recovered_columns[] = {
    {NJ_COL_sampling_recovered_stratum, "rate in ids of", NJ_CELL_TEXT},
    {NJ_COL_sampling_recovered_hash, "hash", NJ_CELL_TEXT},
    {NJ_COL_sampling_recovered_p, "rate", NJ_CELL_RATIO},
    {NJ_COL_sampling_recovered_lo, "from", NJ_CELL_RATIO},
    {NJ_COL_sampling_recovered_hi, "to", NJ_CELL_RATIO},
    {NJ_COL_sampling_recovered_llr, "evidence", NJ_CELL_REAL},
    {NJ_COL_sampling_recovered_is_accepted, "accepted", NJ_CELL_INT},
};

static const struct nj_view_column stratum_columns[] = {
    {NJ_COL_sampling_strata_stratum, "traces", NJ_CELL_TEXT},
    {NJ_COL_sampling_strata_rate, "kept", NJ_CELL_RATIO},
    {NJ_COL_sampling_strata_traces, "stored", NJ_CELL_INT},
    {NJ_COL_sampling_strata_stored_share, "of what is stored", NJ_CELL_RATIO},
    {NJ_COL_sampling_strata_estimated_share, "of what happened", NJ_CELL_RATIO},
};

static const struct nj_view_column warning_columns[] = {
    {NJ_COL_sampling_warnings_id, "warning", NJ_CELL_TEXT},
    {NJ_COL_sampling_warnings_count, "count", NJ_CELL_INT},
    {NJ_COL_sampling_warnings_text, "meaning", NJ_CELL_TEXT},
};

static const unsigned row_columns[] = {
    NJ_COL_sampling_rows_naive,  NJ_COL_sampling_rows_weighted, NJ_COL_sampling_rows_lo,
    NJ_COL_sampling_rows_hi,     NJ_COL_sampling_rows_bias,     NJ_COL_sampling_rows_bias_lo,
    NJ_COL_sampling_rows_bias_hi};

/* A table, and a blank line behind it, where there are rows. */
static void
table_put(const struct nj_view_table *table, const struct nj_results *results,
          const struct nj_view_options *options,
          void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    if (nj_table_len(nj_results_view(results, table->id)) == 0)
        return;
    nj_view_put_table(table, results, options, write, out);
    nj_buf_put_char(out, '\n');
}

static bool
is_share(const struct nj_table *t, size_t r, unsigned column)
{
    return nj_slice_eq(nj_table_text(t, r, column), NJ_SLICE("error_rate"));
}

/* What numbers can be where a rate is only known as a range. */
static void
bounds_put(const struct nj_results *results, const struct nj_view_options *options,
           void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    static const unsigned columns[] = {NJ_COL_sampling_bounds_lo, NJ_COL_sampling_bounds_hi};
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_sampling_bounds);
    struct nj_grid g;

    if (nj_table_len(t) == 0)
        return;
    nj_grid_init(&g, NULL, options->is_raw);
    nj_grid_column(&g, "bounds of", "agent", false);
    nj_grid_column(&g, "metric", "metric", false);
    nj_grid_column(&g, "at least", "lo", true);
    nj_grid_column(&g, "at most", "hi", true);
    for (size_t r = 0; r < nj_table_len(t); r++) {
        struct nj_slice metric = nj_table_text(t, r, NJ_COL_sampling_bounds_metric);
        if (!nj_view_wants(options, nj_table_text(t, r, NJ_COL_sampling_bounds_agent)))
            continue;
        nj_grid_cell_text(&g, t, r, NJ_COL_sampling_bounds_agent);
        nj_grid_cell_text(&g, t, r, NJ_COL_sampling_bounds_metric);
        for (size_t c = 0; c < NJ_LEN(columns); c++) {
            if (nj_slice_eq(metric, NJ_SLICE("traces")))
                nj_grid_cell_real(&g, t, r, columns[c]);
            else if (is_share(t, r, NJ_COL_sampling_bounds_metric))
                nj_grid_cell_ratio(&g, t, r, columns[c]);
            else
                nj_grid_cell_duration(&g, t, r, columns[c]);
        }
    }
    write(&g, out);
    nj_grid_fini(&g);
    nj_buf_put_char(out, '\n');
}

/* Rows mix shares and times, so the format depends on the metric. */
static void
rows_put(const struct nj_results *results, const struct nj_view_options *options,
         void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    static const char *const headers[] = {"plain", "weighted", "from", "to",
                                          "bias",  "from",     "to"};
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_sampling_rows);
    struct nj_grid g;

    nj_grid_init(&g, NULL, options->is_raw);
    nj_grid_column(&g, "agent", "agent", false);
    nj_grid_column(&g, "metric", "metric", false);
    for (size_t c = 0; c < NJ_LEN(headers); c++)
        nj_grid_column(&g, headers[c], nj_table_spec(t)->columns[row_columns[c]].name, true);
    nj_grid_column(&g, "n eff", "n_eff", true);
    nj_grid_column(&g, "flag", "flag", false);
    for (size_t r = 0; r < nj_table_len(t); r++) {
        if (!nj_view_wants(options, nj_table_text(t, r, NJ_COL_sampling_rows_agent)))
            continue;
        nj_grid_cell_text(&g, t, r, NJ_COL_sampling_rows_agent);
        nj_grid_cell_text(&g, t, r, NJ_COL_sampling_rows_metric);
        for (size_t c = 0; c < NJ_LEN(row_columns); c++) {
            if (is_share(t, r, NJ_COL_sampling_rows_metric))
                nj_grid_cell_ratio(&g, t, r, row_columns[c]);
            else
                nj_grid_cell_duration(&g, t, r, row_columns[c]);
        }
        nj_grid_cell_real(&g, t, r, NJ_COL_sampling_rows_n_eff);
        nj_grid_cell_text(&g, t, r, NJ_COL_sampling_rows_flag);
    }
    write(&g, out);
    nj_grid_fini(&g);
}

static void
sampling_grids(const struct nj_results *results, const struct nj_view_options *options,
               void (*write)(const struct nj_grid *grid, struct nj_buf *out),
               struct nj_buf *out)
{
    static const struct nj_view_table store = {NJ_TABLE_sampling,     NULL, store_columns,
                                               NJ_LEN(store_columns), NULL, 0};
    static const struct nj_view_table sources = {
        NJ_TABLE_sampling_sources, NULL, source_columns, NJ_LEN(source_columns), NULL, 0};
    static const struct nj_view_table recovered = {
        NJ_TABLE_sampling_recovered, NULL, recovered_columns,
        NJ_LEN(recovered_columns),   NULL, 0};
    static const struct nj_view_table strata = {NJ_TABLE_sampling_strata, NULL, stratum_columns,
                                                NJ_LEN(stratum_columns),  NULL, 0};
    static const struct nj_view_table warnings = {
        NJ_TABLE_sampling_warnings, NULL, warning_columns, NJ_LEN(warning_columns), NULL, 0};

    if (!options->is_raw) {
        nj_view_put_table(&store, results, options, write, out);
        nj_buf_put_char(out, '\n');
        table_put(&sources, results, options, write, out);
        table_put(&recovered, results, options, write, out);
        table_put(&strata, results, options, write, out);
        bounds_put(results, options, write, out);
    }
    rows_put(results, options, write, out);
    if (!options->is_raw) {
        nj_buf_put_char(out, '\n');
        nj_view_put_table(&warnings, results, options, write, out);
    }
}

static void
weights_json(const struct nj_results *results, const struct nj_table *s, struct nj_jsonw *out)
{
    const struct nj_table *sources = nj_results_view(results, NJ_TABLE_sampling_sources);
    static const struct {
        const char *key;
        unsigned column;
    } parts[] = {{"min", NJ_COL_sampling_weight_min},
                 {"median", NJ_COL_sampling_weight_median},
                 {"max", NJ_COL_sampling_weight_max}};

    nj_jsonw_key(out, "weights");
    nj_jsonw_object(out);
    for (size_t i = 0; i < NJ_LEN(parts); i++) {
        nj_jsonw_key(out, parts[i].key);
        nj_json_cell(out, s, 0, parts[i].column);
    }
    nj_jsonw_key(out, "sources");
    nj_jsonw_object(out);
    for (size_t r = 0; r < nj_table_len(sources); r++) {
        nj_jsonw_key_slice(out, nj_table_text(sources, r, NJ_COL_sampling_sources_source));
        nj_json_cell(out, sources, r, NJ_COL_sampling_sources_share);
    }
    nj_jsonw_object_end(out);
    nj_jsonw_object_end(out);
}

static void
sampling_json(const struct nj_results *results, const struct nj_view_options *options,
              struct nj_jsonw *out)
{
    const struct nj_table *s = nj_results_view(results, NJ_TABLE_sampling);
    const struct nj_table *rows = nj_results_view(results, NJ_TABLE_sampling_rows);

    nj_jsonw_object(out);
    if (nj_table_len(s) > 0) {
        nj_jsonw_key(out, "mode");
        nj_json_cell(out, s, 0, NJ_COL_sampling_mode);
        nj_jsonw_key(out, "traces");
        nj_json_cell(out, s, 0, NJ_COL_sampling_traces);
        nj_json_interval(out, "estimated_traces", s, 0, NJ_COL_sampling_estimated,
                         NJ_COL_sampling_estimated_lo, NJ_COL_sampling_estimated_hi);
        for (unsigned c = NJ_COL_sampling_units; c < NJ_COLS_LEN_sampling; c++) {
            nj_jsonw_key(out, nj_table_spec(s)->columns[c].name);
            nj_json_cell(out, s, 0, c);
        }
        weights_json(results, s, out);
    }
    nj_json_table(out, "recovered", results, NJ_TABLE_sampling_recovered);
    nj_jsonw_key(out, "rows");
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(rows); r++)
        if (nj_view_wants(options, nj_table_text(rows, r, NJ_COL_sampling_rows_agent)))
            nj_json_row(out, rows, r, 0, NJ_COLS_LEN_sampling_rows);
    nj_jsonw_array_end(out);
    nj_json_table(out, "strata", results, NJ_TABLE_sampling_strata);
    nj_json_table(out, "bounds", results, NJ_TABLE_sampling_bounds);
    nj_json_table(out, "warnings", results, NJ_TABLE_sampling_warnings);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_sampling = {"sampling", sampling_grids, sampling_json};
