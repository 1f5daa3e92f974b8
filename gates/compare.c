/* compare.c - one metric against accepted nights. */
#include "gates/compare.h"

#include "base/grow.h"
#include "base/special.h"

#include <math.h>

#define NONE       ((double)NAN)
#define EVENTS_MIN 10.0
/* So many are expected where none is seen: chance does not explain it. */
#define EXPECTED_MIN 10.0
#define Z95          1.959963984540054
#define POWER        0.8

double
nj_t_upper(double t, double df)
{
    if (isnan(t))
        return NONE;
    if (!(df > 0) || df > 1e6)
        return nj_normal_cdf(-t);
    double tail = nj_beta_lower(df / (df + t * t), df / 2, 0.5) / 2;
    return t >= 0 ? tail : 1 - tail;
}

/* The accepted nights of a series, put together. */
struct pool {
    double nights, est, se2, n_eff, traces, events, lo, hi;
};

static double
or_zero(double v)
{
    return isfinite(v) ? v : 0;
}

static struct pool
pool_of(const struct nj_histories *all, const struct nj_history *h)
{
    struct pool pool = {.lo = NONE, .hi = NONE};
    double weight = 0;

    for (size_t k = 0; k < all->nights_len; k++) {
        const struct nj_point *p = &h->points[k];
        if (!all->is_accepted[k] || !p->is_there)
            continue;
        double w = p->n_eff > 0 ? p->n_eff : 1;
        pool.nights++;
        pool.est += w * p->est;
        pool.se2 += or_zero(p->se) * or_zero(p->se);
        pool.n_eff += w;
        pool.traces += or_zero(p->traces);
        pool.events += or_zero(p->events);
        pool.lo = fmin(pool.lo, p->lo);
        pool.hi = fmax(pool.hi, p->hi);
        weight += w;
    }
    if (weight > 0) {
        pool.est /= weight;
        pool.se2 /= pool.nights * pool.nights;
    }
    return pool;
}

/* How far the estimate is beyond its tolerance, on the scale of the test. */
static double
tolerance_on(const struct nj_comparison *c, double tolerance, bool is_up)
{
    if (!c->is_log)
        return tolerance;
    return is_up ? log1p(tolerance) : -log1p(-fmin(tolerance, 1));
}

static void
z_test(struct nj_comparison *c, double d, double df, double tolerance, bool is_up)
{
    double excess = (is_up ? d : -d) - tolerance_on(c, tolerance, is_up);
    double wide = df > 0 && df < 1e6 ? nj_t_quantile(0.975, df) : Z95;

    c->z = c->sd > 0 ? excess / c->sd : excess > 0 ? (double)INFINITY : -(double)INFINITY;
    c->p = c->sd > 0 ? nj_t_upper(c->z, df) : excess > 0 ? 0 : 1;
    c->change = c->is_log ? expm1(d) : d;
    c->lo = c->is_log ? expm1(d - wide * c->sd) : d - wide * c->sd;
    c->hi = c->is_log ? expm1(d + wide * c->sd) : d + wide * c->sd;
}

static void
random_effects(struct nj_comparison *c, const struct nj_histories *all, const struct nj_fit *f,
               double tolerance, bool is_up)
{
    c->is_log = !f->is_linear;
    c->baseline = f->unit * (f->is_linear ? f->mean : exp(f->mean));
    c->sd = nj_fit_sd(f, f->s[all->nights_len]);
    z_test(c, f->residual[all->nights_len], f->df, tolerance, is_up);
}

/* Standard deviation of p1 - p0 under p1 - p0 = d (Farrington and Manning 1990). */
static double
restricted_sd(double p1, double n1, double p0, double n0, double d)
{
    double t = n0 / n1, a = 1 + t, b = -(1 + t + p1 + t * p0 + d * (t + 2));
    double c = d * d + d * (2 * p1 + t + 1) + p1 + t * p0, e = -p1 * d * (1 + d);
    double v = b * b * b / (27 * a * a * a) - b * c / (6 * a * a) + e / (2 * a);
    double u = copysign(sqrt(fmax(0, b * b / (9 * a * a) - c / (3 * a))), v);
    double cosine = u > 0 || u < 0 ? fmax(-1, fmin(1, v / (u * u * u))) : 1;
    double w = (acos(-1.0) + acos(cosine)) / 3;
    double q1 = fmax(0, fmin(1, 2 * u * cos(w) - b / (3 * a))), q0 = fmax(0, fmin(1, q1 - d));

    return sqrt(q1 * (1 - q1) / n1 + q0 * (1 - q0) / n0);
}

static double
shares_z(const struct nj_point *now, const struct pool *base, double d)
{
    double sd = restricted_sd(now->est, now->n_eff, base->est, base->n_eff, d);
    double excess = now->est - base->est - d;

    return sd > 0 ? excess / sd : excess > 0 ? 1e9 : excess < 0 ? -1e9 : 0;
}

/* The difference at which the score test gives `z`. */
static double
shares_limit(const struct nj_point *now, const struct pool *base, double z)
{
    double lo = -1, hi = 1;

    for (int i = 0; i < 50; i++) {
        double mid = (lo + hi) / 2;
        if (shares_z(now, base, mid) > z)
            lo = mid;
        else
            hi = mid;
    }
    return (lo + hi) / 2;
}

static void
shares_test(struct nj_comparison *c, const struct nj_point *now, const struct pool *base,
            double tolerance, bool is_up)
{
    c->baseline = base->est;
    c->change = now->est - base->est;
    c->z = is_up ? shares_z(now, base, tolerance) : -shares_z(now, base, -tolerance);
    c->p = nj_normal_cdf(-c->z);
    c->lo = shares_limit(now, base, Z95);
    c->hi = shares_limit(now, base, -Z95);
    c->sd = (c->hi - c->lo) / (2 * Z95);
}

/* Two means or counts with their standard errors. A count that has none counts as Poisson's. */
static void
means_test(struct nj_comparison *c, const struct nj_history *h, const struct nj_point *now,
           const struct pool *base, double tolerance, bool is_up)
{
    bool is_share = h->metric->unit == NJ_UNIT_RATIO;
    double s = now->se, b = sqrt(base->se2);

    c->baseline = base->est;
    if (!is_share && !isfinite(s) && now->est > 0) {
        s = 1 / sqrt(fmax(1, now->n));
        b = base->est > 0 ? 1 / sqrt(base->est * base->nights) : 0;
    }
    s = or_zero(s);
    c->is_log = !is_share && now->est > 0 && base->est > 0;
    if (c->is_log || is_share || base->est > 0) {
        double unit = is_share ? 1 : base->est, ratio = now->est / unit;
        c->sd = c->is_log || is_share ? hypot(s, b) : hypot(s * ratio, b);
        z_test(c,
               c->is_log  ? log(ratio)
               : is_share ? now->est - base->est
                          : ratio - 1,
               0, tolerance, is_up);
        return;
    }
    /* nothing before: any number of it is beyond any share of nothing */
    c->sd = now->est * s;
    z_test(c, now->est, 0, 0, is_up);
    c->change = c->lo = c->hi = now->est > 0 ? NONE : 0;
}

/* Room for one sum a cluster. */
static bool
sums_reserve(struct nj_comparing *c, size_t len)
{
    if (len > c->sums_len) {
        c->sums = NJ_NEW_RAW(c->all->arena, double, len);
        c->sums_len = c->sums ? len : 0;
    }
    return c->sums != NULL;
}

/* Whether there were values on both sides. */
static enum nj_status
quantiles_test(struct nj_comparison *out, bool *is_done, struct nj_comparing *c,
               const struct nj_history *h, double tolerance, bool is_up, struct nj_error *err)
{
    const struct nj_histories *all = c->all;
    const struct nj_slice key[3] = {h->agent, h->kind, h->key};
    const struct nj_results **nights =
        NJ_NEW(all->arena, const struct nj_results *, all->nights_len + 1);
    struct nj_score_sample base = {0}, now = {0};
    struct pool pool = pool_of(all, h);
    double p = h->metric->quantile;
    size_t len = 0;
    enum nj_status st = nights ? NJ_OK : NJ_ENOMEM;

    for (size_t k = 0; k < all->nights_len && nights; k++)
        if (all->is_accepted[k])
            nights[len++] = all->nights[k]->rows;
    if (st == NJ_OK)
        st = nj_score_sample_make(&base, nights, len, key, all->arena, err);
    if (st == NJ_OK)
        st = nj_score_sample_make(&now, &all->now, 1, key, all->arena, err);
    size_t clusters =
        base.clusters_len > now.clusters_len ? base.clusters_len : now.clusters_len;
    *is_done = base.len > 0 && now.len > 0;
    if (st < 0 || !*is_done)
        return st;
    if (!sums_reserve(c, clusters))
        return nj_fail(err, NJ_ENOMEM, "no memory for a comparison");
    if (base.grid_n > 0)
        base.grid_n = pool.n_eff;
    if (now.grid_n > 0)
        now.grid_n = nj_history_now(all, h)->n_eff;
    out->is_log = true;
    out->baseline = nj_score_quantile(&base, p);
    double factor = is_up ? 1 + tolerance : fmax(1 - tolerance, 1e-3);
    double z = nj_score_z(&base, &now, p, factor, c->sums);
    out->z = is_up ? z : -z;
    out->p = nj_normal_cdf(-out->z);
    out->change = nj_score_quantile(&now, p) / out->baseline - 1;
    out->lo = nj_score_factor(&base, &now, p, Z95, c->sums) - 1;
    out->hi = nj_score_factor(&base, &now, p, -Z95, c->sums) - 1;
    out->sd = (log1p(out->hi) - log1p(out->lo)) / (2 * Z95);
    return NJ_OK;
}

static enum nj_comparison_gap
gap_of(const struct nj_comparing *c, const struct nj_history *h, const struct pool *base)
{
    const struct nj_point *now = nj_history_now(c->all, h);
    bool is_of_store = !isfinite(now->se) && !isfinite(now->n_eff) && h->agent.len == 0;

    if (base->nights < 1)
        return NJ_GAP_NEW;
    if (!now->is_there)
        return base->traces / base->nights >= EXPECTED_MIN ? NJ_GAP_MISSING : NJ_GAP_ABSENT;
    if (is_of_store)
        return NJ_GAP_NONE;
    if (now->traces < (double)c->min_traces || base->traces < (double)c->min_traces)
        return NJ_GAP_TRACES;
    if (!nj_point_is_enough(h->metric, now) ||
        (h->metric->quantile > 0 && base->n_eff * (1 - h->metric->quantile) < 4))
        return NJ_GAP_QUANTILE;
    if (isfinite(now->events) && now->events < EVENTS_MIN && base->events < EVENTS_MIN)
        return NJ_GAP_EVENTS;
    return NJ_GAP_NONE;
}

/* Few events say little of a rise, but many traces with few events say that it cannot be large:
 * the limits of both sides, as wide as they can be. */
static void
rare_events(struct nj_comparison *c, const struct nj_point *now, const struct pool *base,
            double tolerance)
{
    c->baseline = base->est;
    c->change = now->est - base->est;
    c->lo = now->lo - fmin(base->hi, 1);
    c->hi = now->hi - fmax(base->lo, 0);
    if (c->hi <= tolerance) {
        c->gap = NJ_GAP_NONE;
        c->p = 1;
    }
}

enum nj_status
nj_compare(struct nj_comparison *out, struct nj_comparing *c, size_t i, double tolerance,
           bool is_up, struct nj_error *err)
{
    const struct nj_histories *all = c->all;
    const struct nj_history *h = &all->list[i];
    const struct nj_fit *fit = &c->fits->list[i];
    const struct nj_point *now = nj_history_now(all, h);
    struct pool base = pool_of(all, h);
    bool is_done = false;
    enum nj_status st = NJ_OK;

    *out = (struct nj_comparison){.gap = gap_of(c, h, &base),
                                  .nights = (size_t)base.nights,
                                  .baseline = base.nights > 0 ? base.est : NONE,
                                  .change = NONE,
                                  .lo = NONE,
                                  .hi = NONE,
                                  .p = NONE,
                                  .sd = NONE,
                                  .z = NONE};
    if (out->gap == NJ_GAP_EVENTS)
        rare_events(out, now, &base, tolerance);
    if (out->gap != NJ_GAP_NONE || out->p >= 1)
        return NJ_OK;
    if (fit->nights >= NJ_FIT_NIGHTS_MIN) {
        random_effects(out, all, fit, tolerance, is_up);
        return NJ_OK;
    }
    if (h->metric->quantile > 0)
        st = quantiles_test(out, &is_done, c, h, tolerance, is_up, err);
    if (st < 0 || is_done)
        return st;
    if (isfinite(now->events) && now->n_eff > 0)
        shares_test(out, now, &base, tolerance, is_up);
    else
        means_test(out, h, now, &base, tolerance, is_up);
    return NJ_OK;
}

double
nj_comparison_detectable(const struct nj_comparison *c, double tolerance, bool is_up,
                         double alpha)
{
    double reach = (nj_normal_quantile(1 - alpha) + nj_normal_quantile(POWER)) * c->sd;
    double d = tolerance_on(c, tolerance, is_up) + reach;

    if (!isfinite(d))
        return NONE;
    if (!c->is_log)
        return d;
    return is_up ? expm1(d) : -expm1(-d);
}
