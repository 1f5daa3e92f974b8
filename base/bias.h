/* bias.h - how far plain quantiles are off, and what quantiles can be when weights are only
 * known within bounds (floor 0). */
#ifndef NJ_BASE_BIAS_H
#define NJ_BASE_BIAS_H

#include "base/quantile.h"

/* Up to so many rows the limits come from a bootstrap. */
enum { NJ_BIAS_ROWS_MAX = 50000 };

/* Plain minus weighted quantile at each of `ps` (ascending), with 95 % limits, into `out`: est,
 * lo, hi; NaN where there is none. Both quantiles are taken of the same 200 random reweightings
 * of the clusters (Rubin 1981; for NJ_SPREAD_FINITE Beaumont and Patak 2012), whose factors are
 * a hash of the cluster, the round and the data, so that the same data give the same limits.
 * Beyond NJ_BIAS_ROWS_MAX rows, and of cells, the standard errors of both are added as if they
 * were independent, which is wider. NJ_ENOMEM. */
enum nj_status nj_sample_bias(const struct nj_sample *sample, enum nj_spread spread,
                              const double *ps, size_t len, struct nj_estimate *out,
                              struct nj_arena *scratch, struct nj_error *err) NJ_CHECKED;

/* A value whose weight lies somewhere in [lo, hi]. */
struct nj_bounded {
    double value, lo, hi;
};

struct nj_bounds {
    double lo, hi; /* NaN: there are no rows */
};

/* The smallest and the largest that a weighted mean, and a weighted quantile, can be for rows
 * ascending by value (Aronow and Lee 2013). O(n). */
struct nj_bounds nj_bounds_mean(const struct nj_bounded *rows, size_t len);
struct nj_bounds nj_bounds_quantile(const struct nj_bounded *rows, size_t len, double p);

#endif
