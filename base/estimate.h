/* estimate.h - totals, means, ratios and shares of a weighted sample, with their uncertainty
 * (floor 0). Quantiles: quantile.h.
 *
 * Data come as terms: one for each thing that was sampled (a trace), with the number `x` of
 * observations in it and the sum `y` of their values. The total of y, the mean y / x, a rate
 * (y counts events) and a share (y and x in the same unit) are then the same few formulas.
 * Where terms would be too many to keep, strata do: sums over all clusters of one weight.
 *
 * Traces of one cluster were kept or dropped together, so every variance sums within clusters
 * first. Two variances answer two questions: NJ_SPREAD_FINITE, what happened (what was kept for
 * certain adds nothing); NJ_SPREAD_PROCESS, what the system does, of which this is a sample.
 *
 * Nothing here depends on the order of the terms once they are sorted: sort first. */
#ifndef NJ_BASE_ESTIMATE_H
#define NJ_BASE_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nj_spread { NJ_SPREAD_FINITE, NJ_SPREAD_PROCESS };

/* A part of what happened whose size is known from elsewhere. Its weights are that size over
 * `quota`, so its number is no estimate, and only what differs within it is uncertain
 * (post-stratification; Saerndal, Swensson and Wretman 1992, 7.6). */
struct nj_known {
    uint32_t number; /* from 1 on; 0: no such part */
    uint32_t quota;  /* traces of it that are stored, with or without what is estimated */
};

/* One that has a spread of its own. */
static inline bool
nj_is_known(struct nj_known known)
{
    return known.number > 0 && known.quota > 1;
}

/* How a sampled thing came into the sample. */
struct nj_carrier {
    uint64_t cluster; /* the unit of the sampling decision */
    double weight;    /* 1 / inclusion probability; 0: stored, but not counted */
    double rest;      /* 1 - inclusion probability; 1 where that is not known */
    struct nj_known known;
    uint32_t number; /* of the cluster, from 1; 0: clusters are not numbered */
};

static inline struct nj_carrier
nj_carrier_of(uint64_t cluster, double weight, bool is_known)
{
    double rest = weight > 1 ? 1 - 1 / weight : 0;
    return (struct nj_carrier){cluster, weight, is_known ? rest : 1, {0, 0}, 0};
}

struct nj_term {
    struct nj_carrier carrier;
    double x; /* observations, or the denominator */
    double y; /* sum of values, number of events, or the numerator */
};

/* All clusters of one weight, added up. Sums of squares are over clusters. */
struct nj_stratum {
    double weight, rest; /* as in nj_carrier */
    double units;        /* clusters */
    double x, y;
    double xx, xy, yy;
    struct nj_known known; /* all of one part, and of that part all that has x or y */
};

/* How the squares of a part of known size count: z is what a unit deviates by, times its
 * weight, over all units of the part, those without z included. The variance is finite   (1 -
 * f) n / (n - 1) (sum z^2 - (sum z)^2 / n) process  n / (n - 1) (sum z^2 - (sum z)^2 / n) +
 * (sum z)^2 / (n w) where n is the quota, f = 1 / w; the last term is what parts differ by, in
 * a process that makes as many but other units. */
struct nj_known_factors {
    double squares, sum; /* of sum z^2, and of (sum z)^2 */
};
/* Of a part that nj_is_known. */
struct nj_known_factors nj_known_factors_of(struct nj_known known, double weight, double rest,
                                            enum nj_spread spread);

/* 95 % limits; NaN stands for "no limit" and "no number". `se` is the standard error that
 * belongs to the spread that was asked for. */
struct nj_estimate {
    double est, lo, hi, se;
};

/* The same with limits no further than the number can be: from 0 on for times and counts, within
 * 0 and 1 for shares. What a symmetric limit claims beyond them is not there, so nothing is lost
 * of what the interval holds. NaN stays. */
static inline struct nj_estimate
nj_estimate_within(struct nj_estimate estimate, double least, double most)
{
    estimate.lo = estimate.lo < least ? least : estimate.lo;
    estimate.hi = estimate.hi > most ? most : estimate.hi;
    return estimate;
}

/* What the weights alone tell. */
struct nj_design {
    double units;   /* clusters with weight > 0 */
    double weight;  /* sum of their weights: how many there were */
    double kish;    /* effective number of units: (sum w)^2 / sum w^2 (Kish 1965) */
    bool is_census; /* every unit was certain to be kept */
};

/* Terms or strata; one of the two is NULL. */
struct nj_data {
    const struct nj_term *terms;
    const struct nj_stratum *strata;
    size_t len;
};

/* By (cluster, weight, x, y), in place: n log n. */
void nj_terms_sort(struct nj_term *terms, size_t len);

/* Terms that have been sorted. */
static inline struct nj_data
nj_data_of_terms(const struct nj_term *terms, size_t len)
{
    return (struct nj_data){terms, NULL, len};
}

/* Strata in an order that does not depend on input, such as by weight. */
static inline struct nj_data
nj_data_of_strata(const struct nj_stratum *strata, size_t len)
{
    return (struct nj_data){NULL, strata, len};
}

struct nj_design nj_data_design(struct nj_data data);

/* Total of y over all that happened: sum of w y (Horvitz and Thompson 1952), t interval. Terms
 * know of no parts of known size; strata do. */
struct nj_estimate nj_data_total(struct nj_data data, enum nj_spread spread);

/* The ratio sum w y / sum w x (Hajek 1971: a mean, where x counts), linearised variance
 * (Saerndal, Swensson and Wretman 1992, 5.6), t interval. */
struct nj_estimate nj_data_ratio(struct nj_data data, enum nj_spread spread);

/* The limits of an estimate whose third standardised moment is `skewness`, from `n_eff`
 * independent units: those of a transformation that takes the skewness away (Hall 1992), with t
 * of n_eff - 1 degrees of freedom. They are never narrower than those of t, and the skewness
 * that a small sample shows is taken for too small. Symmetric limits of means of long-tailed
 * values miss on one side. Skewness NaN: not known, the limits stay as they are. */
struct nj_estimate nj_estimate_skewed(struct nj_estimate estimate, double skewness,
                                      double n_eff);

/* The same ratio where y <= x counts events: beta interval of Korn and Graubard (1998), which
 * stays within 0 and 1 and has a width when no event was seen. *n_eff, where not NULL, is the
 * number of independent observations that would be as good, by the process variance. */
struct nj_estimate nj_data_share_textbook(struct nj_data data, enum nj_spread spread,
                                          double *n_eff);

/* The same, but where what is rarer, events or their absence, was only seen among units lighter
 * than the heaviest, the limit towards more of it is at least that of one more, unseen, of the
 * heaviest unit (Fay and Feuer 1997): light units say little of heavy ones. Where light units
 * are events throughout, they were kept as such, and heavy ones are not feared to have any. */
struct nj_estimate nj_data_share(struct nj_data data, enum nj_spread spread, double *n_eff);

/* Plain ratio sum y / sum x over all that is stored, minus the weighted one: how far plain
 * numbers are off. Linearised jointly, t interval. */
struct nj_estimate nj_data_bias(struct nj_data data, enum nj_spread spread);

/* sum y / sum x of all that is stored; NaN where there is nothing. */
double nj_data_plain(struct nj_data data);

/* Part of a weighted sample, by the sums of its weights and of their squares. */
struct nj_mass {
    double weight, weight_sq;
};

/* The number of plain observations that would place the share part / all as well: p (1 - p)
 * over the linearised variance of the ratio of weights; Kish's number (1965) where the share is
 * 0 or 1. With all weights 1 it is the number of observations. */
double nj_share_size(struct nj_mass part, struct nj_mass all);

/* k events among n plain observations (Wilson 1927). */
struct nj_estimate nj_wilson(double k, double n);

#endif
