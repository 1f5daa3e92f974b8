/* view_latency.c - `nightjar latency`: how long agents take. */
#include "reports/view.h"

#include <math.h>

static const double shown_p[] = {0.5, 0.9, 0.95, 0.99};

/* First row of latency_quantiles that belongs to `row` of latency or a later one; they are in
 * order of rows. */
static size_t
quantiles_first(const struct nj_table *q, size_t row)
{
    size_t lo = 0, hi = nj_table_len(q);

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (nj_table_int(q, mid, NJ_COL_latency_quantiles_row) < (int64_t)row)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool
is_of_row(const struct nj_table *q, size_t i, size_t row)
{
    return i < nj_table_len(q) &&
           nj_table_int(q, i, NJ_COL_latency_quantiles_row) == (int64_t)row;
}

/* The quantile `p` of a measure of one row of latency; SIZE_MAX: none. */
static size_t
quantile_find(const struct nj_table *q, size_t row, const char *measure, double p)
{
    for (size_t i = quantiles_first(q, row); is_of_row(q, i, row); i++)
        if (fabs(nj_table_real(q, i, NJ_COL_latency_quantiles_p) - p) < 1e-9 &&
            nj_slice_eq(nj_table_text(q, i, NJ_COL_latency_quantiles_measure),
                        nj_slice_of(measure)))
            return i;
    return SIZE_MAX;
}

static bool
row_is_wanted(const struct nj_table *t, size_t r, const struct nj_view_options *options)
{
    const char *by = options->by ? options->by : "agent";

    return nj_slice_eq(nj_table_text(t, r, NJ_COL_latency_group_by), nj_slice_of(by)) &&
           nj_view_wants(options, nj_table_text(t, r, NJ_COL_latency_agent));
}

static void
columns_put(struct nj_grid *g)
{
    nj_grid_column(g, "agent", "agent", false);
    nj_grid_column(g, "kind", "kind", false);
    nj_grid_column(g, "operation", "operation", false);
    nj_grid_column(g, "n", "n", true);
    nj_grid_column(g, "traces", "traces", true);
    nj_grid_column(g, "errors", "error_rate", true);
    nj_grid_column(g, "mean", "mean_ns", true);
    nj_grid_column(g, "self", "self_mean_ns", true);
    nj_grid_column(g, "p50", "p50_ns", true);
    nj_grid_column(g, "p90", "p90_ns", true);
    nj_grid_column(g, "p95", "p95_ns", true);
    nj_grid_column(g, "from", "p95_lo_ns", true);
    nj_grid_column(g, "to", "p95_hi_ns", true);
    nj_grid_column(g, "plain p95", "p95_naive_ns", true);
    nj_grid_column(g, "p99", "p99_ns", true);
    nj_grid_column(g, "max", "max_ns", true);
}

static void
quantiles_put(struct nj_grid *g, const struct nj_table *q, size_t r)
{
    for (size_t k = 0; k < NJ_LEN(shown_p); k++) {
        size_t at = quantile_find(q, r, "duration", shown_p[k]);
        bool is_p95 = shown_p[k] == 0.95;
        static const unsigned p95[] = {NJ_COL_latency_quantiles_est,
                                       NJ_COL_latency_quantiles_lo, NJ_COL_latency_quantiles_hi,
                                       NJ_COL_latency_quantiles_naive};
        for (size_t c = 0; c < (is_p95 ? NJ_LEN(p95) : 1); c++) {
            if (at == SIZE_MAX)
                nj_grid_empty(g);
            else
                nj_grid_cell_duration(g, q, at, p95[c]);
        }
    }
}

static void
latency_grids(const struct nj_results *results, const struct nj_view_options *options,
              void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_latency);
    const struct nj_table *q = nj_results_view(results, NJ_TABLE_latency_quantiles);
    struct nj_grid g;

    nj_grid_init(&g, NULL, options->is_raw);
    columns_put(&g);
    for (size_t r = 0; r < nj_table_len(t); r++) {
        if (!row_is_wanted(t, r, options))
            continue;
        nj_grid_cell_text(&g, t, r, NJ_COL_latency_agent);
        nj_grid_cell_text(&g, t, r, NJ_COL_latency_kind);
        nj_grid_cell_text(&g, t, r, NJ_COL_latency_operation);
        nj_grid_cell_int(&g, t, r, NJ_COL_latency_n);
        nj_grid_cell_int(&g, t, r, NJ_COL_latency_traces);
        nj_grid_cell_ratio(&g, t, r, NJ_COL_latency_error_rate);
        nj_grid_cell_duration(&g, t, r, NJ_COL_latency_mean);
        nj_grid_cell_duration(&g, t, r, NJ_COL_latency_self_mean);
        quantiles_put(&g, q, r);
        nj_grid_cell_duration(&g, t, r, NJ_COL_latency_max);
    }
    write(&g, out);
    nj_grid_fini(&g);
}

static void
quantile_json(struct nj_jsonw *out, const struct nj_table *q, size_t i)
{
    nj_jsonw_object(out);
    nj_jsonw_key(out, "p");
    nj_json_cell(out, q, i, NJ_COL_latency_quantiles_p);
    nj_jsonw_key(out, "est");
    nj_json_cell(out, q, i, NJ_COL_latency_quantiles_est);
    nj_jsonw_key(out, "lo");
    nj_json_cell(out, q, i, NJ_COL_latency_quantiles_lo);
    nj_jsonw_key(out, "hi");
    nj_json_cell(out, q, i, NJ_COL_latency_quantiles_hi);
    nj_jsonw_key(out, "naive");
    nj_json_cell(out, q, i, NJ_COL_latency_quantiles_naive);
    nj_jsonw_key(out, "n_eff");
    nj_json_cell(out, q, i, NJ_COL_latency_quantiles_n_eff);
    nj_jsonw_key(out, "exemplar");
    nj_json_cell(out, q, i, NJ_COL_latency_quantiles_exemplar);
    nj_jsonw_object_end(out);
}

static void
measure_json(struct nj_jsonw *out, const struct nj_table *q, size_t row, const char *key,
             const char *measure)
{
    nj_jsonw_key(out, key);
    nj_jsonw_array(out);
    for (size_t i = quantiles_first(q, row); is_of_row(q, i, row); i++)
        if (nj_slice_eq(nj_table_text(q, i, NJ_COL_latency_quantiles_measure),
                        nj_slice_of(measure)))
            quantile_json(out, q, i);
    nj_jsonw_array_end(out);
}

static void
row_json(struct nj_jsonw *out, const struct nj_table *t, const struct nj_table *q, size_t r)
{
    static const unsigned plain[] = {NJ_COL_latency_agent,     NJ_COL_latency_kind,
                                     NJ_COL_latency_operation, NJ_COL_latency_n,
                                     NJ_COL_latency_traces,    NJ_COL_latency_weight,
                                     NJ_COL_latency_n_eff,     NJ_COL_latency_errors};

    nj_jsonw_object(out);
    for (size_t c = 0; c < NJ_LEN(plain); c++) {
        nj_jsonw_key(out, nj_table_spec(t)->columns[plain[c]].name);
        nj_json_cell(out, t, r, plain[c]);
    }
    nj_json_interval(out, "error_rate", t, r, NJ_COL_latency_error_rate,
                     NJ_COL_latency_error_rate_lo, NJ_COL_latency_error_rate_hi);
    nj_json_interval(out, "mean", t, r, NJ_COL_latency_mean, NJ_COL_latency_mean_lo,
                     NJ_COL_latency_mean_hi);
    nj_json_interval(out, "self_mean", t, r, NJ_COL_latency_self_mean,
                     NJ_COL_latency_self_mean_lo, NJ_COL_latency_self_mean_hi);
    nj_jsonw_key(out, "min");
    nj_json_cell(out, t, r, NJ_COL_latency_min);
    nj_jsonw_key(out, "max");
    nj_json_cell(out, t, r, NJ_COL_latency_max);
    measure_json(out, q, r, "quantiles", "duration");
    measure_json(out, q, r, "self_quantiles", "self");
    measure_json(out, q, r, "first_token_quantiles", "first_token");
    measure_json(out, q, r, "wait_quantiles", "wait");
    nj_jsonw_object_end(out);
}

static void
latency_json(const struct nj_results *results, const struct nj_view_options *options,
             struct nj_jsonw *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_latency);
    const struct nj_table *q = nj_results_view(results, NJ_TABLE_latency_quantiles);

    nj_jsonw_object(out);
    nj_jsonw_key(out, "rows");
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(t); r++)
        if (row_is_wanted(t, r, options))
            row_json(out, t, q, r);
    nj_jsonw_array_end(out);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_latency = {"latency", latency_grids, latency_json};
