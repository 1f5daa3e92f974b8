/* metric_row.h - rows of the metrics table for numbers that a trace has one of in a group: a
 * mean and a 95th percentile (floor 3). */
#ifndef NJ_ANALYZERS_METRIC_ROW_H
#define NJ_ANALYZERS_METRIC_ROW_H

#include "analyzers/series.h"

/* What is measured, and of whom; empty texts are null in the table. */
struct nj_metric_of {
    const char *mean_id, *p95_id; /* ids of metrics.def; p95_id may be NULL */
    const char *group_by;
    struct nj_slice agent, key;
    double unit; /* of a metric, in parts of a value: 1, or 1e9 for billionths */
    uint64_t traces;
};

/* Estimates of one measure of one group, in values. */
struct nj_metric_estimates {
    struct nj_data strata;
    struct nj_estimate mean, total; /* what happened */
    struct nj_sample sample;
    struct nj_quantile p95;
};

/* Fills *out, which lives as long as `arena`. NJ_ENOMEM. */
enum nj_status nj_metric_estimate(struct nj_metric_estimates *out,
                                  const struct nj_series *series, uint32_t group,
                                  unsigned measure, struct nj_arena *arena,
                                  struct nj_error *err) NJ_CHECKED;

/* One row of table metrics: the mean of a measure; the share of traces with an event, of which
 * there were `events`. `data` are the strata of the measure or event; mean_id, p95_id and, for
 * a share, unit are not looked at. */
void nj_metric_mean_put(struct nj_results *results, const char *metric,
                        const struct nj_metric_of *of, struct nj_data data);
void nj_metric_share_put(struct nj_results *results, const char *metric,
                         const struct nj_metric_of *of, struct nj_data data, uint64_t events);

/* Rows of table metrics for the mean and the percentile. */
void nj_metric_put(struct nj_results *results, const struct nj_metric_of *of,
                   const struct nj_metric_estimates *estimates);

/* A row for the share of observations of a group with an event. `arena` as above. */
void nj_metric_put_share(struct nj_results *results, const struct nj_metric_of *of,
                         const struct nj_series *series, uint32_t group, unsigned event,
                         struct nj_arena *arena);

#endif
