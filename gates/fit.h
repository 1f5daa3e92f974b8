/* fit.h - what is normal: the level of a series over accepted nights, how much nights differ,
 * and what the whole fleet did in each (floor 4).
 *
 * y is the logarithm of a time or count and a share as it is; s its standard error within the
 * night. The nights' own spread tau^2 comes on top: a night is a draw from a level that moves
 * (random effects). */
#ifndef NJ_GATES_FIT_H
#define NJ_GATES_FIT_H

#include "gates/history.h"

/* From this many accepted nights on the spread between nights can be estimated. */
enum { NJ_FIT_NIGHTS_MIN = 5 };
/* Groups that it takes to tell the fleet from one of its members. */
enum { NJ_FLEET_GROUPS_MIN = 5 };
/* Deviations of its own from the fleet's habit that are taken out at most. */
#define NJ_FLEET_USUAL 3.0

struct nj_fit {
    bool is_linear; /* y is a share, or est / mean - 1 where a night had 0 */
    double unit;    /* est = unit * y where is_linear, unit * exp(y) elsewhere */
    size_t nights;  /* accepted nights with a value */
    double mean;    /* of y over them, the fleet's shifts taken out */
    double s2;      /* mean of s^2 over them */
    double tau2, df;
    double *residual; /* y - mean - shift, one a night and last that of now; NaN: no value */
    double *s;        /* standard error within each */
};

/* What moved all groups of a metric at once, a night. */
struct nj_fleet {
    const struct nj_metric *metric;
    double over;
    size_t groups; /* of agents; under NJ_FLEET_GROUPS_MIN nothing is taken out */
    double *shift; /* median over agents of y - mean, one a night and last that of now */
    double mean, sd, df;
    double taken; /* part of the shift of now that the accepted nights make usual */
};

struct nj_fits {
    struct nj_fit *list; /* one a history; nights < NJ_FIT_NIGHTS_MIN: no model */
    struct nj_fleet *fleets;
    size_t fleets_len;
};

/* Fits all series with NJ_FIT_NIGHTS_MIN nights or more. tau^2 = max(0, mean over series of
 * (variance of y - mean of s^2)), pooled over the series of a metric that are alike
 * (DerSimonian and Laird 1986 in spirit); a series whose nights differ by more than that
 * explains (chi^2 at 0.1 %) keeps its own. NJ_ENOMEM. */
enum nj_status nj_fits_make(struct nj_fits *out, const struct nj_histories *all,
                            struct nj_error *err) NJ_CHECKED;

/* The fleet of a series; NULL: it belongs to none. */
const struct nj_fleet *nj_fits_fleet(const struct nj_fits *fits, const struct nj_history *h);

/* Standard deviation of what a new night with standard error `s` differs from the mean by. */
double nj_fit_sd(const struct nj_fit *fit, double s);

/* Whether a night's number can carry a comparison: enough traces above a quantile, a standard
 * error where there should be one. */
bool nj_point_is_enough(const struct nj_metric *metric, const struct nj_point *point);

#endif
