/* quantile.h - quantiles of a weighted, clustered sample and how sure they are (floor 0).
 *
 * The quantile p is the smallest observed value whose cumulative weight reaches p of the whole
 * (the left-continuous inverse, definition 1 of Hyndman and Fan 1996): always a value that was
 * observed, so that there is a trace to show for it. Equal values count as one step. */
#ifndef NJ_BASE_QUANTILE_H
#define NJ_BASE_QUANTILE_H

#include "base/estimate.h"
#include "base/rank.h"

/* A sample, sorted: rows, or the cells of a histogram. Everything lives in the arena that it
 * was built in. Ranks are indices into its rows or cells; those of weight 0 are left out, but
 * stay in `stored`, of which plain numbers are taken. */
struct nj_sample {
    size_t len;
    const uint64_t *key; /* ascending */
    const double *reach; /* weight of this row and all before it */
    double weight_sum;
    double units; /* clusters */
    bool is_census;
    bool is_real; /* keys are of nj_key_of_real; set by the caller, else of nj_key_of_int */
    bool
        is_textbook; /* intervals as published, to compare with other software; by the caller */
    size_t stored_len;
    const struct nj_keyed *stored; /* of rows: all items, sorted */

    const struct nj_keyed *item; /* of rows: those with a weight */
    const struct nj_carrier *carriers;
    const double *weight;      /* of each row */
    const uint32_t *unit;      /* cluster of each row, dense from 0 */
    const double *unit_weight; /* sum over the rows of a cluster */
    const double *unit_rest;   /* 1 - inclusion probability; 1: not known */

    const struct nj_cell *cell; /* of cells: those with a weight */
    const struct nj_cell *stored_cell;
    const struct nj_cell_class *classes;
    size_t classes_len;

    uint32_t parts_len; /* largest number of a part of known size */
};

/* Numbers the clusters of carriers, which spares samples of them a search each. Numbers do not
 * show in results. NJ_ENOMEM. */
enum nj_status nj_carriers_number(struct nj_carrier *carriers, size_t len,
                                  struct nj_arena *scratch, struct nj_error *err) NJ_CHECKED;

/* Sorts `items` in place and builds *out of them; both arrays must live as long as it.
 * items[i].carrier is an index into `carriers`; ties are put in the order of (cluster, weight),
 * so the result does not depend on the order of items or carriers. O(n). NJ_ENOMEM, NJ_ELIMIT
 * (more than 2^31 rows). */
enum nj_status nj_sample_build(struct nj_sample *out, struct nj_keyed *items, size_t len,
                               const struct nj_carrier *carriers, struct nj_arena *arena,
                               struct nj_error *err) NJ_CHECKED;

/* The rows of one value and weight, counted. For every cluster that has a rows up to this value
 * (b in all), with a' rows below it, the sums of a^2 - a'^2 and of (a - a') b: enough for every
 * variance, and free of order. */
struct nj_cell {
    uint64_t key; /* the value that stands for the cell */
    double weight, rest;
    double rows, aa, ab;
    double most; /* rows that one cluster has in this cell or above it, at most */
    struct nj_known known;
};

/* All clusters of one weight and part of known size: how many, and the sum of b^2. */
struct nj_cell_class {
    double weight, rest;
    double clusters, bb;
    struct nj_known known;
};

/* Builds *out of cells, ascending by (key, weight, rest, known), and classes, ascending by
 * (weight, rest, known), which must live as long as it. NJ_ENOMEM. */
enum nj_status nj_sample_of_cells(struct nj_sample *out, const struct nj_cell *cells,
                                  size_t len, const struct nj_cell_class *classes,
                                  size_t classes_len, struct nj_arena *arena,
                                  struct nj_error *err) NJ_CHECKED;

/* A key as the number that it stands for. */
static inline double
nj_sample_value(const struct nj_sample *sample, uint64_t key)
{
    return sample->is_real ? nj_key_real(key) : (double)nj_key_int(key);
}

/* The rank of the weighted quantile; NJ_NO_RANK when there are no rows. */
size_t nj_sample_rank(const struct nj_sample *sample, double p);
/* The key of the plain quantile of all that is stored; of an empty sample 0. */
uint64_t nj_sample_plain(const struct nj_sample *sample, double p);

/* The limits of `mean`, which is the weighted mean of the sample, for what its skewness makes
 * of them (nj_estimate_skewed); the third central moment is estimated from the clusters. Of
 * cells they stay as they are: there are too many values for it to matter. */
struct nj_estimate nj_sample_skew_limits(const struct nj_sample *sample,
                                         struct nj_estimate mean, enum nj_spread spread,
                                         double n_eff, struct nj_arena *scratch);

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
