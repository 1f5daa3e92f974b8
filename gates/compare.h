/* compare.h - how much one metric changed, and whether by more than it may (floor 4).
 *
 * The hypothesis is always "the change is within the tolerance"; p is one-sided. Three ways, by
 * what there is: a random-effects z over NJ_FIT_NIGHTS_MIN nights or more; for fewer the score
 * test of quantile samples, or of two shares (Farrington and Manning 1990); else a z of two
 * means. */
#ifndef NJ_GATES_COMPARE_H
#define NJ_GATES_COMPARE_H

#include "gates/fit.h"
#include "gates/score.h"

enum nj_comparison_gap {
    NJ_GAP_NONE,
    NJ_GAP_NEW,      /* no accepted night has it */
    NJ_GAP_MISSING,  /* these traces do not have it, although they should */
    NJ_GAP_ABSENT,   /* they do not have it, which may be chance */
    NJ_GAP_TRACES,   /* too few traces */
    NJ_GAP_QUANTILE, /* too few traces beyond the quantile */
    NJ_GAP_EVENTS,   /* too few events in both */
};

struct nj_comparison {
    enum nj_comparison_gap gap;
    size_t nights;         /* accepted nights with a value */
    double baseline;       /* in the metric's unit */
    double change, lo, hi; /* relative; for shares the difference. 95 % limits */
    double p;              /* of "within the tolerance" */
    double sd;             /* of the change on the scale of the test */
    bool is_log;           /* that scale: the logarithm of the ratio; else as `change` */
    double z;
};

/* Everything that comparisons of one run share. */
struct nj_comparing {
    const struct nj_histories *all;
    const struct nj_fits *fits;
    uint64_t min_traces;
    double *sums; /* scratch of the score test, made when needed */
    size_t sums_len;
};

/* Compares series `i` of `c->all`. `tolerance` >= 0: the allowed rise, or fall where not is_up;
 * relative, or a difference for shares. NJ_ENOMEM. */
enum nj_status nj_compare(struct nj_comparison *out, struct nj_comparing *c, size_t i,
                          double tolerance, bool is_up, struct nj_error *err) NJ_CHECKED;

/* The smallest change beyond the tolerance that a test at level `alpha` finds with 80 %
 * probability, as `change` counts. */
double nj_comparison_detectable(const struct nj_comparison *comparison, double tolerance,
                                bool is_up, double alpha);

/* One-sided P(T > t) of Student's t. */
double nj_t_upper(double t, double df);

#endif
