/* score.h - did a quantile change? Two weighted, clustered samples against each other, without
 * a density and without a variance between nights (floor 4). */
#ifndef NJ_GATES_SCORE_H
#define NJ_GATES_SCORE_H

#include "base/arena.h"
#include "base/status.h"
#include "schema/results.h"

/* Values in ascending order; weights of the nights of a baseline stay as they are. */
struct nj_score_sample {
    double *value, *weight;
    uint32_t *cluster; /* dense, from 0 */
    size_t len, clusters_len;
    double weight_sum;
    double grid_n; /* a grid of quantiles: independent observations behind it; else 0 */
};

/* The values of a group out of table distributions of these results, put together. Lives in
 * `arena`. `len` is 0 when none of them has the group. NJ_ENOMEM. */
enum nj_status nj_score_sample_make(struct nj_score_sample *out,
                                    const struct nj_results *const *results, size_t results_len,
                                    const struct nj_slice key[3], struct nj_arena *arena,
                                    struct nj_error *err) NJ_CHECKED;

/* z of "the quantile p of `now` is `factor` times that of `base`": base is scaled, and shares
 * beyond the pooled quantile are compared, with the linearised variance by cluster (Mood 1954
 * for independent values). Falls as the factor grows. `sums` has room for the clusters of the
 * larger sample. */
double nj_score_z(const struct nj_score_sample *base, const struct nj_score_sample *now,
                  double p, double factor, double *sums);

/* The factor at which z is `z`, by bisection; NaN: there is none between 1/1000 and 1000. */
double nj_score_factor(const struct nj_score_sample *base, const struct nj_score_sample *now,
                       double p, double z, double *sums);

double nj_score_quantile(const struct nj_score_sample *sample, double p);

#endif
