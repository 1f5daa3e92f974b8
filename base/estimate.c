/* estimate.c - totals, ratios and shares with clustered variances. */
#include "base/estimate.h"

#include "base/special.h"
#include "base/sum.h"

#include <stdlib.h>

#define LIMIT 0.975 /* two-sided 95 % */
/* Small samples show less skewness than there is: measured, for lognormal values. */
#define UNSEEN_SKEW 20.0

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

struct nj_known_factors
nj_known_factors_of(struct nj_known known, double weight, double rest, enum nj_spread spread)
{
    double n = known.quota;

    if (spread == NJ_SPREAD_FINITE)
        return (struct nj_known_factors){rest * n / (n - 1), -rest / (n - 1)};
    return (struct nj_known_factors){n / (n - 1), 1 / (n * weight) - 1 / (n - 1)};
}

void
nj_terms_sort(struct nj_term *terms, size_t len)
{
    if (len > 1)
        qsort(terms, len, sizeof *terms, term_cmp);
}

struct walk {
    struct nj_data data;
    size_t at;
};

/* The terms of the next cluster as a stratum of their own. Of several weights the largest
 * speaks for the cluster: it gives the larger variance. */
static void
unit_read(struct walk *walk, struct nj_stratum *out)
{
    uint64_t cluster = walk->data.terms[walk->at].carrier.cluster;
    double weight = 0, x = 0, y = 0, plain_x = 0, plain_y = 0;

    *out = (struct nj_stratum){.units = 1};
    for (; walk->at < walk->data.len; walk->at++) {
        const struct nj_term *term = &walk->data.terms[walk->at];
        if (term->carrier.cluster != cluster)
            break;
        weight = fmax(weight, term->carrier.weight);
        out->rest = fmax(out->rest, term->carrier.rest);
        x += term->carrier.weight * term->x;
        y += term->carrier.weight * term->y;
        plain_x += term->x;
        plain_y += term->y;
    }
    out->weight = weight;
    out->x = weight > 0 ? x / weight : plain_x;
    out->y = weight > 0 ? y / weight : plain_y;
    out->xx = out->x * out->x;
    out->xy = out->x * out->y;
    out->yy = out->y * out->y;
}

static bool
walk_next(struct walk *walk, struct nj_stratum *out)
{
    if (walk->at == walk->data.len)
        return false;
    if (walk->data.terms)
        unit_read(walk, out);
    else
        *out = walk->data.strata[walk->at++];
    return true;
}

struct nj_design
nj_data_design(struct nj_data data)
{
    struct nj_design design = {.is_census = true};
    struct nj_sum units = {0}, weights = {0}, squares = {0};
    struct nj_stratum s;

    for (struct walk walk = {data, 0}; walk_next(&walk, &s);) {
        if (!(s.weight > 0))
            continue;
        design.is_census &= s.rest == 0;
        nj_sum_add(&units, s.units);
        nj_sum_add(&weights, s.units * s.weight);
        nj_sum_add(&squares, s.units * s.weight * s.weight);
    }
    design.units = nj_sum_of(&units);
    design.weight = nj_sum_of(&weights);
    design.kish = design.units > 0 ? design.weight * design.weight / nj_sum_of(&squares) : 0;
    return design;
}

/* Sum over the clusters of a stratum of (y - b x)^2. */
static double
squares_about(const struct nj_stratum *s, double b)
{
    if (s->units == 1) /* without cancellation */
        return (s->y - b * s->x) * (s->y - b * s->x);
    return fmax(0, s->yy - 2 * b * s->xy + b * b * s->xx);
}

/* How much a cluster's squared deviation counts. Where the probability is not known, both
 * spreads are the same. */
static double
stratum_share(const struct nj_stratum *s, double units, enum nj_spread spread)
{
    if (spread == NJ_SPREAD_PROCESS || s->rest == 1)
        return units / (units - 1);
    return s->rest;
}

/* What a stratum adds to a variance: of weighted deviations the squares added up, and what they
 * add up to. */
static double
stratum_variance(const struct nj_stratum *s, double squares, double sum, double units,
                 enum nj_spread spread)
{
    struct nj_known_factors f;

    if (!nj_is_known(s->known))
        return stratum_share(s, units, spread) * squares;
    f = nj_known_factors_of(s->known, s->weight, s->rest, spread);
    return fmax(0, f.squares * squares + f.sum * sum * sum);
}

static struct nj_estimate
t_interval(double est, double variance, double units)
{
    double se = units > 1 ? sqrt(fmax(0, variance)) : (double)NAN;
    double reach = units > 1 ? nj_t_quantile(LIMIT, units - 1) * se : (double)NAN;

    return (struct nj_estimate){est, est - reach, est + reach, se};
}

/* What the variance of a total needs to know of all strata. */
struct total {
    double units, mean;   /* mean: what a unit adds to the total */
    double traces, level; /* of parts of known size: traces that happened; mean of one */
};

static struct total
total_of(struct nj_data data, double est, double units)
{
    struct total t = {.units = units, .mean = est / units};
    struct nj_sum traces = {0}, sum = {0};
    struct nj_stratum s;

    for (struct walk walk = {data, 0}; walk_next(&walk, &s);) {
        if (!nj_is_known(s.known))
            continue;
        nj_sum_add(&traces, s.weight * s.known.quota);
        nj_sum_add(&sum, s.weight * s.y);
    }
    t.traces = nj_sum_of(&traces);
    t.level = t.traces > 0 ? nj_sum_of(&sum) / t.traces : 0;
    return t;
}

/* What a stratum adds to the variance of a total. A process that makes more or fewer units next
 * time is described by their mean. */
static double
total_variance(const struct nj_stratum *s, const struct total *t, enum nj_spread spread)
{
    bool is_process = spread == NJ_SPREAD_PROCESS || s->rest == 1;
    double square = s->weight * s->weight, n = s->known.quota;

    if (nj_is_known(s->known)) {
        double within = square * n / (n - 1) * fmax(0, s->yy - s->y * s->y / n);
        double gap = s->y / n - t->level;
        return is_process ? within + s->weight * n * gap * gap : s->rest * within;
    }
    double middle = is_process ? t->mean / s->weight : 0;
    double squares = s->units == 1 ? (s->y - middle) * (s->y - middle)
                                   : s->yy - 2 * middle * s->y + s->units * middle * middle;
    return stratum_share(s, t->units, spread) * square * fmax(0, squares);
}

struct nj_estimate
nj_data_total(struct nj_data data, enum nj_spread spread)
{
    struct nj_design design = nj_data_design(data);
    struct nj_sum total = {0}, variance = {0};
    struct nj_stratum s;

    if (!(design.units > 0))
        return none;
    for (struct walk walk = {data, 0}; walk_next(&walk, &s);)
        nj_sum_add(&total, s.weight * s.y);
    struct total t = total_of(data, nj_sum_of(&total), design.units);
    for (struct walk walk = {data, 0}; design.units > 1 && walk_next(&walk, &s);)
        if (s.weight > 0)
            nj_sum_add(&variance, total_variance(&s, &t, spread));
    return t_interval(nj_sum_of(&total), nj_sum_of(&variance), design.units);
}

struct ratio {
    struct nj_data data;
    struct nj_design design;
    double x, est; /* weighted denominator; y / x */
};

static bool
ratio_of(struct nj_data data, struct ratio *out)
{
    struct nj_sum x = {0}, y = {0};
    struct nj_stratum s;

    for (struct walk walk = {data, 0}; walk_next(&walk, &s);) {
        nj_sum_add(&x, s.weight * s.x);
        nj_sum_add(&y, s.weight * s.y);
    }
    *out = (struct ratio){data, nj_data_design(data), nj_sum_of(&x),
                          nj_sum_of(&y) / nj_sum_of(&x)};
    return out->x > 0;
}

static double
ratio_variance(const struct ratio *ratio, enum nj_spread spread)
{
    struct nj_sum sum = {0};
    struct nj_stratum s;

    for (struct walk walk = {ratio->data, 0}; ratio->design.units > 1 && walk_next(&walk, &s);)
        nj_sum_add(&sum, stratum_variance(
                             &s, s.weight * s.weight * squares_about(&s, ratio->est),
                             s.weight * (s.y - ratio->est * s.x), ratio->design.units, spread));
    return nj_sum_of(&sum) / (ratio->x * ratio->x);
}

struct nj_estimate
nj_data_ratio(struct nj_data data, enum nj_spread spread)
{
    struct ratio ratio;

    if (!ratio_of(data, &ratio))
        return none;
    return t_interval(ratio.est, ratio_variance(&ratio, spread), ratio.design.units);
}

/* The inverse of Hall's transformation T + g T^2 / 3 + g^2 T^3 / 27 + g / 6. */
static double
hall_inverse(double y, double g)
{
    double inner = g * (y - g / 6);

    return fabs(g) < 1e-6 ? y : 3 * (cbrt(1 + inner) - 1) / g;
}

struct nj_estimate
nj_estimate_skewed(struct nj_estimate estimate, double skewness, double n_eff)
{
    if (!(estimate.se > 0) || !isfinite(skewness) || !(n_eff > 1))
        return estimate;
    double t = nj_t_quantile(LIMIT, n_eff - 1), g = skewness * (1 + UNSEEN_SKEW / n_eff);
    estimate.lo = estimate.est - estimate.se * fmax(t, hall_inverse(t, g));
    estimate.hi = estimate.est - estimate.se * fmin(-t, hall_inverse(-t, g));
    return estimate;
}

/* Effective number of observations behind a share r of this variance. */
static double
share_n_eff(double r, double variance, double kish)
{
    return r > 0 && r < 1 && variance > 0 ? r * (1 - r) / variance : kish;
}

static double
observations_count(struct nj_data data)
{
    struct nj_sum sum = {0};
    struct nj_stratum s;

    for (struct walk walk = {data, 0}; walk_next(&walk, &s);)
        nj_sum_add(&sum, s.weight > 0 ? s.x : 0);
    return nj_sum_of(&sum);
}

struct nj_estimate
nj_data_share_textbook(struct nj_data data, enum nj_spread spread, double *n_eff)
{
    struct ratio ratio;

    if (n_eff)
        *n_eff = 0;
    if (!ratio_of(data, &ratio))
        return none;

    double r = fmin(1, fmax(0, ratio.est)), units = ratio.design.units;
    double variance = ratio_variance(&ratio, NJ_SPREAD_PROCESS);
    if (n_eff)
        *n_eff = share_n_eff(r, variance, ratio.design.kish);
    if (!(units > 1))
        return (struct nj_estimate){r, 0, 1, (double)NAN};
    if (spread == NJ_SPREAD_FINITE)
        variance = ratio_variance(&ratio, spread);
    struct nj_estimate out = {r, r, r, sqrt(variance)};
    if (spread == NJ_SPREAD_FINITE && ratio.design.is_census)
        return out;
    double n = share_n_eff(r, variance, ratio.design.kish);
    double observations = observations_count(data);
    if (r > 0 && r < 1 && observations > 1) {
        double t = nj_t_quantile(LIMIT, observations - 1) / nj_t_quantile(LIMIT, units - 1);
        n *= t * t;
    }
    out.lo = r > 0 ? nj_beta_quantile(1 - LIMIT, n * r, n * (1 - r) + 1) : 0;
    out.hi = r < 1 ? nj_beta_quantile(LIMIT, n * r + 1, n * (1 - r)) : 1;
    return out;
}

/* Units as what an unseen one could be like. `is_other`: what y does not count is looked at. */
struct unseen {
    enum nj_spread spread;
    bool is_other;
    double lightest, heaviest; /* weights that chance kept */
    double heaviest_event;     /* of units with an event */
    double events, squares;    /* sums of y and y^2: how many events come together */
};

static double
events_of(const struct nj_stratum *s, bool is_other)
{
    return is_other ? s->x - s->y : s->y;
}

static void
unseen_look(struct unseen *u, struct nj_data data)
{
    struct nj_stratum s;

    u->lightest = INFINITY;
    for (struct walk walk = {data, 0}; walk_next(&walk, &s);) {
        double events = events_of(&s, u->is_other);
        bool is_certain = u->spread == NJ_SPREAD_FINITE && s.rest == 0;
        if (!(s.weight > 0))
            continue;
        u->events += events;
        u->squares += u->is_other ? s.xx - 2 * s.xy + s.yy : s.yy;
        u->lightest = fmin(u->lightest, s.weight);
        if (!is_certain)
            u->heaviest = fmax(u->heaviest, s.weight);
        if (events > 0)
            u->heaviest_event = fmax(u->heaviest_event, s.weight);
    }
}

/* Whether all units as light as those with an event are events throughout. */
static bool
is_kept_for_events(const struct unseen *u, struct nj_data data)
{
    struct nj_stratum s;

    if (!(u->events > 0))
        return false;
    for (struct walk walk = {data, 0}; walk_next(&walk, &s);)
        if (s.weight > 0 && s.weight <= u->heaviest_event && events_of(&s, u->is_other) < s.x)
            return false;
    return true;
}

/* The upper limit of a share if one more event was there, of the heaviest unit. */
static double
unseen_limit(const struct ratio *ratio, enum nj_spread spread, bool is_other)
{
    struct unseen u = {.spread = spread, .is_other = is_other};

    unseen_look(&u, ratio->data);
    if (!(u.heaviest > u.heaviest_event) || u.heaviest == u.lightest ||
        is_kept_for_events(&u, ratio->data))
        return 0;
    double more = u.heaviest * (u.events > 0 ? fmax(1, u.squares / u.events) : 1);
    double y = (is_other ? 1 - ratio->est : ratio->est) * ratio->x + more;
    double v = ratio_variance(ratio, spread) * ratio->x * ratio->x + more * more;
    return fmin(1, v / (2 * y) * nj_chi2_quantile(LIMIT, 2 * y * y / v) / ratio->x);
}

struct nj_estimate
nj_data_share(struct nj_data data, enum nj_spread spread, double *n_eff)
{
    struct nj_estimate out = nj_data_share_textbook(data, spread, n_eff);
    struct ratio ratio;

    if (!ratio_of(data, &ratio) || !(ratio.design.units > 1))
        return out;
    if (out.est > 0.5)
        out.lo = fmin(out.lo, 1 - unseen_limit(&ratio, spread, true));
    else
        out.hi = fmax(out.hi, unseen_limit(&ratio, spread, false));
    return out;
}

/* Plain sums of x and y. */
static void
plain_sums(struct nj_data data, double *x, double *y)
{
    struct nj_sum xs = {0}, ys = {0};

    for (size_t i = 0; i < data.len; i++) {
        nj_sum_add(&xs, data.terms ? data.terms[i].x : data.strata[i].x);
        nj_sum_add(&ys, data.terms ? data.terms[i].y : data.strata[i].y);
    }
    *x = nj_sum_of(&xs);
    *y = nj_sum_of(&ys);
}

double
nj_data_plain(struct nj_data data)
{
    double x, y;

    plain_sums(data, &x, &y);
    return x > 0 ? y / x : (double)NAN;
}

struct nj_estimate
nj_data_bias(struct nj_data data, enum nj_spread spread)
{
    struct nj_sum variance = {0};
    struct nj_stratum s;
    struct ratio ratio;
    double x, y;

    if (!ratio_of(data, &ratio))
        return none;
    plain_sums(data, &x, &y);
    double plain = y / x;
    for (struct walk walk = {data, 0}; ratio.design.units > 1 && walk_next(&walk, &s);) {
        /* (y - plain x) / n - w (y - est x) / X = a y - b x, for each cluster */
        double a = 1 / x - s.weight / ratio.x;
        double b = plain / x - s.weight * ratio.est / ratio.x;
        double squares = s.units == 1 ? (a * s.y - b * s.x) * (a * s.y - b * s.x)
                                      : a * a * s.yy - 2 * a * b * s.xy + b * b * s.xx;
        if (!(s.weight > 0)) /* kept outside the design: no known share in it */
            nj_sum_add(&variance, fmax(0, squares));
        else if (spread == NJ_SPREAD_FINITE)
            nj_sum_add(&variance, stratum_variance(&s, fmax(0, squares), a * s.y - b * s.x,
                                                   ratio.design.units, spread));
        else /* how many of each part are stored is no fixed number in another sample */
            nj_sum_add(&variance,
                       stratum_share(&s, ratio.design.units, spread) * fmax(0, squares));
    }
    return t_interval(plain - ratio.est, nj_sum_of(&variance), ratio.design.units);
}

double
nj_share_size(struct nj_mass part, struct nj_mass all)
{
    double p = part.weight / all.weight;
    double variance =
        ((1 - 2 * p) * part.weight_sq + p * p * all.weight_sq) / (all.weight * all.weight);

    return p > 0 && p < 1 && variance > 0 ? p * (1 - p) / variance
                                          : all.weight * all.weight / all.weight_sq;
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
