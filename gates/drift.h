/* drift.h - what grows too slowly for one night, and when it began (floor 4). */
#ifndef NJ_GATES_DRIFT_H
#define NJ_GATES_DRIFT_H

#include "gates/fit.h"

/* Where the cumulative sum is red, and where it is worth a look. */
#define NJ_DRIFT_RED  7.0
#define NJ_DRIFT_WARN 5.0

/* One-sided CUSUM (Page 1954) of a series over the nights since the first accepted one, now
 * last: each adds what exceeds the reference in standard deviations, and the sum never falls
 * below 0; one night adds at most half of what is red. The reference is the tolerance, but at
 * least half a deviation and what the level of a finite baseline may be off by: a level that
 * was estimated too low must not look like drift. *nights: how many of them were not accepted.
 */
double nj_drift_cusum(const struct nj_histories *all, const struct nj_fit *fit,
                      double tolerance, bool is_up, size_t *nights);

/* The first night of the worse level: where one step divides the series best (maximum
 * likelihood, the nights' variances known). SIZE_MAX: no night of it is worse. */
size_t nj_drift_begin(const struct nj_histories *all, const struct nj_fit *fit, bool is_up);

#endif
