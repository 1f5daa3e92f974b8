/* quantile.h - quantiles of a weighted, clustered sample and how sure they are (floor 0).
 *
 * The quantile p is the smallest observed value whose cumulative weight reaches p of the whole
 * (the left-continuous inverse, definition 1 of Hyndman and Fan 1996): always a value that was
 * observed, so that there is a trace to show for it. Equal values count as one step. */
#ifndef NJ_BASE_QUANTILE_H
#define NJ_BASE_QUANTILE_H

#include "base/estimate.h"
#include "base/rank.h"

/* A sample, sorted; everything lives in the arena that it was built in. Ranks are indices into
 * its rows. Rows of weight 0 are left out, but stay in `stored_key`, of which plain numbers are
 * taken. */
struct nj_sample {
    size_t len;
    const uint64_t *key;     /* ascending */
    const double *weight;    /* of each row */
    const double *reach;     /* weight of this row and all before it */
    const uint32_t *unit;    /* cluster of each row, dense from 0 */
    const uint32_t *tag;     /* as given */
    const uint32_t *carrier; /* as given */
    uint32_t units_len;
    const double *unit_weight; /* sum over the rows of a cluster */
    const double *unit_rest;   /* 1 - inclusion probability; 1: not known */
    double weight_sum;
    bool is_census;
    size_t stored_len;
    const uint64_t *stored_key;
};

/* Sorts `items` in place and builds *out of them. items[i].carrier is an index into `carriers`;
 * ties are put in the order of (cluster, weight), so the result does not depend on the order of
 * items or carriers. O(n). NJ_ENOMEM, NJ_ELIMIT (more than 2^31 rows). */
enum nj_status nj_sample_build(struct nj_sample *out, struct nj_keyed *items, size_t len,
                               const struct nj_carrier *carriers, struct nj_arena *arena,
                               struct nj_error *err) NJ_CHECKED;

/* The rank of the weighted quantile; NJ_NO_RANK when there are no rows. */
size_t nj_sample_rank(const struct nj_sample *sample, double p);
/* Rank in stored_key of the plain quantile. */
size_t nj_sample_plain_rank(const struct nj_sample *sample, double p);

/* From this quantile on the interval is the one for tails. */
#define NJ_TAIL_FROM 0.9

struct nj_quantile {
    double p;         /* filled in by the caller */
    size_t at, plain; /* ranks of the weighted and (in stored_key) of the plain quantile */
    size_t lo, hi;    /* ranks of the 95 % limits; NJ_NO_RANK: no limit */
    size_t se_lo,
        se_hi;    /* one process standard error down and up; NJ_NO_RANK: beyond the data */
    double n_eff; /* independent observations that would place it as well */
};

/* Fills in `quantiles`, which are ascending by p. Below NJ_TAIL_FROM the interval inverts the
 * score test of the cumulative share (Francisco and Fuller 1991). From there on it inverts the
 * gamma interval for a weighted sum of rare counts (Fay and Feuer 1997) in the threshold: it
 * has no upper limit where the sample cannot tell, instead of a wrong one. `se_lo` and `se_hi`
 * are Woodruff's (1952) interval for one standard error. n_eff is F (1 - F) / V(F) at the
 * estimate, with the process variance. Without rows all ranks are NJ_NO_RANK. O(n). NJ_ENOMEM.
 */
enum nj_status nj_sample_quantiles(const struct nj_sample *sample, enum nj_spread spread,
                                   struct nj_quantile *quantiles, size_t len,
                                   struct nj_arena *scratch, struct nj_error *err) NJ_CHECKED;

#endif
