/* metric_row.c - rows of the metrics table for numbers that a trace has one of in a group. */
#include "analyzers/metric_row.h"

#include <math.h>

enum nj_status
nj_metric_estimate(struct nj_metric_estimates *out, const struct nj_series *series,
                   uint32_t group, unsigned measure, struct nj_arena *arena,
                   struct nj_error *err)
{
    struct nj_data strata = nj_series_strata(series, group, NJ_SUM_OF_MEASURE, measure, arena);
    enum nj_status st = nj_series_sample(series, group, measure, arena, &out->sample, err);

    out->strata = strata;
    out->mean = nj_data_ratio(strata, NJ_SPREAD_FINITE);
    out->total = nj_data_total(strata, NJ_SPREAD_FINITE);
    out->p95 = (struct nj_quantile){.p = 0.95};
    if (st == NJ_OK)
        out->mean = nj_sample_skew_limits(&out->sample, out->mean, NJ_SPREAD_FINITE,
                                          nj_data_design(strata).kish, arena);
    out->mean = nj_estimate_within(out->mean, 0, INFINITY);
    out->total = nj_estimate_within(out->total, 0, INFINITY);
    return st < 0
               ? st
               : nj_sample_quantiles(&out->sample, NJ_SPREAD_FINITE, &out->p95, 1, arena, err);
}

static double
value_at(const struct nj_metric_estimates *e, size_t rank)
{
    return rank == NJ_NO_RANK ? (double)NAN : (double)nj_key_int(e->sample.key[rank]);
}

/* Half of Woodruff's interval for one standard error, on the log scale; nothing counts as one.
 */
static double
p95_se(const struct nj_metric_estimates *e)
{
    return (log(fmax(1, value_at(e, e->p95.se_hi))) - log(fmax(1, value_at(e, e->p95.se_lo)))) /
           2;
}

static size_t
row_put(struct nj_table *t, const char *metric, const struct nj_metric_of *of,
        const struct nj_estimate *e)
{
    struct nj_estimate limits = nj_estimate_within(*e, 0, INFINITY);
    size_t row = nj_table_add(t);

    nj_table_put_text(t, row, NJ_COL_metrics_metric, nj_slice_of(metric));
    nj_table_put_text(t, row, NJ_COL_metrics_group_by, nj_slice_of(of->group_by));
    if (of->agent.len)
        nj_table_put_text(t, row, NJ_COL_metrics_agent, of->agent);
    if (of->key.len)
        nj_table_put_text(t, row, NJ_COL_metrics_key, of->key);
    nj_table_put_real(t, row, NJ_COL_metrics_est, e->est / of->unit);
    nj_table_put_real(t, row, NJ_COL_metrics_lo, limits.lo / of->unit);
    nj_table_put_real(t, row, NJ_COL_metrics_hi, limits.hi / of->unit);
    nj_table_put_int(t, row, NJ_COL_metrics_n, (int64_t)of->traces);
    nj_table_put_int(t, row, NJ_COL_metrics_traces, (int64_t)of->traces);
    return row;
}

void
nj_metric_mean_put(struct nj_results *results, const char *metric,
                   const struct nj_metric_of *of, struct nj_data data)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_metrics);
    struct nj_estimate mean = nj_data_ratio(data, NJ_SPREAD_FINITE);
    struct nj_estimate process = nj_data_ratio(data, NJ_SPREAD_PROCESS);
    size_t row = row_put(t, metric, of, &mean);

    nj_table_put_real(t, row, NJ_COL_metrics_naive, nj_data_plain(data) / of->unit);
    nj_table_put_real(t, row, NJ_COL_metrics_se, process.se / process.est);
    nj_table_put_real(t, row, NJ_COL_metrics_n_eff, nj_data_design(data).kish);
}

void
nj_metric_share_put(struct nj_results *results, const char *metric,
                    const struct nj_metric_of *of, struct nj_data data, uint64_t events)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_metrics);
    double n_eff;
    struct nj_estimate share = nj_data_share(data, NJ_SPREAD_FINITE, &n_eff);
    size_t row = row_put(t, metric, of, &share);

    nj_table_put_real(t, row, NJ_COL_metrics_naive, nj_data_plain(data));
    nj_table_put_real(t, row, NJ_COL_metrics_se, nj_data_ratio(data, NJ_SPREAD_PROCESS).se);
    nj_table_put_real(t, row, NJ_COL_metrics_n_eff, n_eff);
    nj_table_put_real(t, row, NJ_COL_metrics_events, (double)events);
}

void
nj_metric_put(struct nj_results *results, const struct nj_metric_of *of,
              const struct nj_metric_estimates *e)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_metrics);
    struct nj_estimate p95 = {value_at(e, e->p95.at), value_at(e, e->p95.lo),
                              value_at(e, e->p95.hi), (double)NAN};
    size_t row;

    nj_metric_mean_put(results, of->mean_id, of, e->strata);
    if (!of->p95_id)
        return;
    row = row_put(t, of->p95_id, of, &p95);
    nj_table_put_real(t, row, NJ_COL_metrics_naive,
                      (double)nj_key_int(e->p95.plain) / of->unit);
    nj_table_put_real(t, row, NJ_COL_metrics_se, p95_se(e));
    nj_table_put_real(t, row, NJ_COL_metrics_n_eff, e->p95.n_eff);
}

void
nj_metric_put_share(struct nj_results *results, const struct nj_metric_of *of,
                    const struct nj_series *series, uint32_t group, unsigned event,
                    struct nj_arena *arena)
{
    struct nj_data strata = nj_series_strata(series, group, NJ_SUM_OF_EVENT, event, arena);
    struct nj_table *t = nj_results_table(results, NJ_TABLE_metrics);
    struct nj_series_group counts;
    double n_eff;
    struct nj_estimate share = nj_data_share(strata, NJ_SPREAD_FINITE, &n_eff);
    size_t row = row_put(t, of->mean_id, of, &share);

    nj_series_get(series, group, &counts);
    nj_table_put_real(t, row, NJ_COL_metrics_naive, nj_data_plain(strata));
    nj_table_put_real(t, row, NJ_COL_metrics_se, nj_data_ratio(strata, NJ_SPREAD_PROCESS).se);
    nj_table_put_real(t, row, NJ_COL_metrics_n_eff, n_eff);
    nj_table_put_real(t, row, NJ_COL_metrics_events, (double)counts.events[event]);
}
