/* estimate.c - totals, ratios and shares with clustered variances. */
#include "base/estimate.h"

#include "base/special.h"
#include "base/sum.h"

#include <stdlib.h>

#define LIMIT 0.975 /* two-sided 95 % */

static const struct nj_estimate none = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};

static int
real_cmp(double a, double b)
{
    return (a > b) - (a < b);
}

static int
term_cmp(const void *a, const void *b)
{
    const struct nj_term *l = a, *r = b;
    int c =
        (l->carrier.cluster > r->carrier.cluster) - (l->carrier.cluster < r->carrier.cluster);

    c = c ? c : real_cmp(l->carrier.weight, r->carrier.weight);
    c = c ? c : real_cmp(l->carrier.rest, r->carrier.rest);
    c = c ? c : real_cmp(l->x, r->x);
    return c ? c : real_cmp(l->y, r->y);
}

void
nj_terms_sort(struct nj_term *terms, size_t len)
{
    if (len > 1)
        qsort(terms, len, sizeof *terms, term_cmp);
}

/* A cluster's terms added up. Of several weights the largest speaks for the cluster: it gives
 * the larger variance. */
struct unit {
    double weight, rest;
    double x, y;             /* weighted */
    double plain_x, plain_y; /* of all stored terms */
    size_t terms;            /* with weight > 0; 0: the cluster is not part of the sample */
};

static bool
unit_next(const struct nj_term *terms, size_t len, size_t *at, struct unit *unit)
{
    if (*at == len)
        return false;
    *unit = (struct unit){0};
    for (uint64_t cluster = terms[*at].carrier.cluster;
         *at < len && terms[*at].carrier.cluster == cluster; ++*at) {
        const struct nj_term *term = &terms[*at];
        unit->plain_x += term->x;
        unit->plain_y += term->y;
        if (!(term->carrier.weight > 0))
            continue;
        unit->terms++;
        unit->weight = fmax(unit->weight, term->carrier.weight);
        unit->rest = fmax(unit->rest, term->carrier.rest);
        unit->x += term->carrier.weight * term->x;
        unit->y += term->carrier.weight * term->y;
    }
    return true;
}

struct nj_design
nj_terms_design(const struct nj_term *terms, size_t len)
{
    struct nj_design design = {.is_census = true};
    struct nj_sum weight = {0}, units = {0}, squares = {0};
    struct unit unit;

    for (size_t i = 0; i < len; i++)
        nj_sum_add(&weight, terms[i].carrier.weight);
    for (size_t at = 0; unit_next(terms, len, &at, &unit);) {
        design.terms += unit.terms;
        design.units += unit.terms > 0;
        design.is_census &= unit.rest == 0;
        nj_sum_add(&units, unit.weight);
        nj_sum_add(&squares, unit.weight * unit.weight);
    }
    design.weight = nj_sum_of(&weight);
    double sum = nj_sum_of(&units);
    design.kish = design.units ? sum * sum / nj_sum_of(&squares) : 0;
    return design;
}

/* How much a cluster's squared deviation counts. Where the probability is not known, both
 * spreads are the same. */
static double
unit_share(const struct unit *unit, size_t units, enum nj_spread spread)
{
    if (spread == NJ_SPREAD_PROCESS || unit->rest == 1)
        return (double)units / ((double)units - 1);
    return unit->rest;
}

static struct nj_estimate
t_interval(double est, double variance, size_t units)
{
    double se = sqrt(fmax(0, variance));
    double reach = units > 1 ? nj_t_quantile(LIMIT, (double)units - 1) * se : (double)NAN;

    return (struct nj_estimate){est, est - reach, est + reach, units > 1 ? se : (double)NAN};
}

struct nj_estimate
nj_terms_total(const struct nj_term *terms, size_t len, enum nj_spread spread)
{
    struct nj_design design = nj_terms_design(terms, len);
    struct nj_sum total = {0}, variance = {0};
    struct unit unit;

    if (design.units == 0)
        return none;
    for (size_t at = 0; unit_next(terms, len, &at, &unit);)
        nj_sum_add(&total, unit.y);
    /* a process that makes more or fewer units next time is described by their mean */
    double mean = nj_sum_of(&total) / (double)design.units;
    for (size_t at = 0; unit_next(terms, len, &at, &unit);) {
        if (unit.terms == 0)
            continue;
        double share = unit_share(&unit, design.units, spread);
        bool is_process = spread == NJ_SPREAD_PROCESS || unit.rest == 1;
        double gap = is_process ? unit.y - mean : unit.y;
        if (share > 0)
            nj_sum_add(&variance, share * gap * gap);
    }
    return t_interval(nj_sum_of(&total), nj_sum_of(&variance), design.units);
}

struct ratio {
    struct nj_design design;
    double x, est; /* weighted denominator, y / x */
};

static bool
ratio_of(const struct nj_term *terms, size_t len, struct ratio *out)
{
    struct nj_sum x = {0}, y = {0};
    struct unit unit;

    out->design = nj_terms_design(terms, len);
    for (size_t at = 0; unit_next(terms, len, &at, &unit);) {
        nj_sum_add(&x, unit.x);
        nj_sum_add(&y, unit.y);
    }
    out->x = nj_sum_of(&x);
    out->est = nj_sum_of(&y) / out->x;
    return out->design.units > 0 && out->x > 0;
}

static double
ratio_variance(const struct nj_term *terms, size_t len, const struct ratio *ratio,
               enum nj_spread spread)
{
    struct nj_sum sum = {0};
    struct unit unit;

    for (size_t at = 0; unit_next(terms, len, &at, &unit);) {
        double z = (unit.y - ratio->est * unit.x) / ratio->x;
        if (unit.terms > 0 && z != 0)
            nj_sum_add(&sum, unit_share(&unit, ratio->design.units, spread) * z * z);
    }
    return nj_sum_of(&sum);
}

struct nj_estimate
nj_terms_ratio(const struct nj_term *terms, size_t len, enum nj_spread spread)
{
    struct ratio ratio;

    if (!ratio_of(terms, len, &ratio))
        return none;
    return t_interval(ratio.est, ratio_variance(terms, len, &ratio, spread),
                      ratio.design.units);
}

/* Effective number of observations behind a share r of this variance. */
static double
share_n_eff(double r, double variance, double kish)
{
    return r > 0 && r < 1 && variance > 0 ? r * (1 - r) / variance : kish;
}

struct nj_estimate
nj_terms_share(const struct nj_term *terms, size_t len, enum nj_spread spread, double *n_eff)
{
    struct ratio ratio;
    double observations = 0;

    if (n_eff)
        *n_eff = 0;
    if (!ratio_of(terms, len, &ratio))
        return none;
    for (size_t i = 0; i < len; i++)
        observations += terms[i].carrier.weight > 0 ? terms[i].x : 0;

    double r = fmin(1, fmax(0, ratio.est)), units = (double)ratio.design.units;
    double process = ratio_variance(terms, len, &ratio, NJ_SPREAD_PROCESS);
    if (n_eff)
        *n_eff = share_n_eff(r, process, ratio.design.kish);
    if (ratio.design.units < 2)
        return (struct nj_estimate){r, 0, 1, (double)NAN};

    double variance =
        spread == NJ_SPREAD_PROCESS ? process : ratio_variance(terms, len, &ratio, spread);
    struct nj_estimate out = {r, r, r, sqrt(variance)};
    if (spread == NJ_SPREAD_FINITE && ratio.design.is_census)
        return out;
    double n = share_n_eff(r, variance, ratio.design.kish);
    if (r > 0 && r < 1 && observations > 1) {
        double t = nj_t_quantile(LIMIT, observations - 1) / nj_t_quantile(LIMIT, units - 1);
        n *= t * t;
    }
    out.lo = r > 0 ? nj_beta_quantile(1 - LIMIT, n * r, n * (1 - r) + 1) : 0;
    out.hi = r < 1 ? nj_beta_quantile(LIMIT, n * r + 1, n * (1 - r)) : 1;
    return out;
}

double
nj_terms_plain(const struct nj_term *terms, size_t len)
{
    struct nj_sum x = {0}, y = {0};

    for (size_t i = 0; i < len; i++) {
        nj_sum_add(&x, terms[i].x);
        nj_sum_add(&y, terms[i].y);
    }
    return nj_sum_of(&x) > 0 ? nj_sum_of(&y) / nj_sum_of(&x) : (double)NAN;
}

struct nj_estimate
nj_terms_bias(const struct nj_term *terms, size_t len, enum nj_spread spread)
{
    struct ratio ratio;
    struct nj_sum plain_x = {0}, variance = {0};
    struct unit unit;

    if (!ratio_of(terms, len, &ratio))
        return none;
    for (size_t i = 0; i < len; i++)
        nj_sum_add(&plain_x, terms[i].x);
    double plain = nj_terms_plain(terms, len);
    for (size_t at = 0; unit_next(terms, len, &at, &unit);) {
        double d = (unit.plain_y - plain * unit.plain_x) / nj_sum_of(&plain_x) -
                   (unit.y - ratio.est * unit.x) / ratio.x;
        /* a cluster of weight 0 was kept outside the design: its share in it is not known */
        double share = unit.terms ? unit_share(&unit, ratio.design.units, spread) : 1;
        if (d != 0)
            nj_sum_add(&variance, share * d * d);
    }
    return t_interval(plain - ratio.est, nj_sum_of(&variance), ratio.design.units);
}

struct nj_estimate
nj_wilson(double k, double n)
{
    if (!(n > 0))
        return none;
    double z = nj_normal_quantile(LIMIT), r = k / n, z2 = z * z / n;
    double middle = (r + z2 / 2) / (1 + z2);
    double reach = z / (1 + z2) * sqrt(r * (1 - r) / n + z2 / (4 * n));

    return (struct nj_estimate){r, fmax(0, middle - reach), fmin(1, middle + reach),
                                sqrt(r * (1 - r) / n)};
}
