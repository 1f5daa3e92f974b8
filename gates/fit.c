/* fit.c - level and spread of series over accepted nights. */
#include "gates/fit.h"

#include "base/special.h"

#include <math.h>
#include <stdlib.h>

#define NONE ((double)NAN)
/* n_eff (1 - p) below this: the quantile is a matter of a few traces. */
#define BEYOND_MIN 4.0
#define OWN_SPREAD 0.999
/* The quantile of few values strays further than a normal variable does: its variance counts as
 * 1 + FEW_VALUES / (values beyond it) times as large. Chosen by simulation (bench/gates_sim.c).
 */
#define FEW_VALUES 4

double
nj_fit_sd(const struct nj_fit *f, double s)
{
    return sqrt(s * s + f->tau2 + (f->tau2 + f->s2) / (double)f->nights);
}

bool
nj_point_is_enough(const struct nj_metric *metric, const struct nj_point *p)
{
    if (!p->is_there || !isfinite(p->est))
        return false;
    if (metric->quantile > 0)
        return isfinite(p->se) && p->n_eff * (1 - metric->quantile) >= BEYOND_MIN;
    return true;
}

/* Counts of the store have no sampling error of their own within a night but that of a count;
 * elsewhere 0 stands for "every value was the same". */
static double
se_of(const struct nj_point *p)
{
    return isfinite(p->se) ? p->se : 0;
}

/* y and s of every night, on one scale for the whole series. */
static void
scale_put(struct nj_fit *f, const struct nj_histories *all, const struct nj_history *h,
          double *y)
{
    double sum = 0;
    bool has_zero = false;

    f->unit = 1;
    f->is_linear = h->metric->unit == NJ_UNIT_RATIO;
    for (size_t k = 0; k <= all->nights_len; k++) {
        const struct nj_point *p = &h->points[k];
        bool is_accepted = k < all->nights_len && all->is_accepted[k];
        bool is_few = !is_accepted && isfinite(p->n_eff) && p->traces < all->min_traces;
        bool is_used = !is_few && nj_point_is_enough(h->metric, p);
        y[k] = is_used ? p->est : NONE;
        f->s[k] = is_used ? se_of(p) : NONE;
        has_zero |= is_used && p->est <= 0;
        if (is_used && is_accepted) {
            f->nights++;
            sum += p->est;
        }
    }
    if (f->is_linear)
        return;
    if (has_zero) { /* relative to the mean: the same to first order, and 0 has a place */
        f->is_linear = true;
        f->unit = f->nights && sum > 0 ? sum / (double)f->nights : 1;
    }
    for (size_t k = 0; k <= all->nights_len; k++) {
        if (has_zero) {
            y[k] /= f->unit;
            f->s[k] *= y[k];
        } else {
            y[k] = log(y[k]);
        }
    }
}

/* Mean over accepted nights of values that are there. */
static double
mean_of(const struct nj_histories *all, const double *values)
{
    double sum = 0, n = 0;

    for (size_t k = 0; k < all->nights_len; k++) {
        if (!all->is_accepted[k] || !isfinite(values[k]))
            continue;
        sum += values[k];
        n++;
    }
    return n > 0 ? sum / n : NONE;
}

static double
variance_of(const struct nj_histories *all, const double *values, double mean)
{
    double sum = 0, n = 0;

    for (size_t k = 0; k < all->nights_len; k++) {
        if (!all->is_accepted[k] || !isfinite(values[k]))
            continue;
        sum += (values[k] - mean) * (values[k] - mean);
        n++;
    }
    return n > 1 ? sum / (n - 1) : NONE;
}

static int
real_cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
median_of(double *values, size_t len)
{
    if (len == 0)
        return NONE;
    qsort(values, len, sizeof *values, real_cmp);
    return len % 2 ? values[len / 2] : (values[len / 2 - 1] + values[len / 2]) / 2;
}

static bool
is_same_family(const struct nj_history *a, const struct nj_history *b)
{
    bool is_over =
        (isnan(a->over) && isnan(b->over)) || !(a->over < b->over || a->over > b->over);
    return a->metric == b->metric && is_over && nj_slice_eq(a->group_by, b->group_by);
}

/* Series [from, to) of one metric and grouping; y holds their values. */
struct family {
    const struct nj_histories *all;
    struct nj_fit *fits;
    size_t from, to;
    double **y; /* by series, from 0 */
    double *scratch;
};

static bool
is_fitted(const struct nj_fit *f)
{
    return f->nights >= NJ_FIT_NIGHTS_MIN;
}

/* The fleet's shift in each night; taken out of every series, but of the last night no more
 * than what is usual: what goes beyond is news, not weather. */
static void
fleet_take(struct family *fam, struct nj_fleet *fleet)
{
    const struct nj_histories *all = fam->all;

    for (size_t k = 0; k <= all->nights_len; k++) {
        size_t len = 0;
        for (size_t i = fam->from; i < fam->to; i++) {
            double d = fam->y[i - fam->from][k] - fam->fits[i].mean;
            if (is_fitted(&fam->fits[i]) && isfinite(d))
                fam->scratch[len++] = d;
        }
        fleet->shift[k] = len >= NJ_FLEET_GROUPS_MIN ? median_of(fam->scratch, len) : NONE;
    }
    fleet->mean = mean_of(all, fleet->shift);
    fleet->sd = sqrt(variance_of(all, fleet->shift, fleet->mean));
    fleet->df = (double)all->accepted_len - 1;
    for (size_t k = 0; k <= all->nights_len; k++) {
        bool is_accepted = k < all->nights_len && all->is_accepted[k];
        double most = NJ_FLEET_USUAL * fleet->sd, shift = fleet->shift[k];
        if (!isfinite(shift) || !isfinite(most))
            continue;
        if (!is_accepted)
            shift = fmax(-most, fmin(most, shift));
        if (k == all->nights_len)
            fleet->taken = shift;
        for (size_t i = fam->from; i < fam->to; i++)
            fam->y[i - fam->from][k] -= shift;
    }
}

/* Mean of s^2 over accepted nights. The standard error of a quantile is itself a rough
 * estimate, of the distance between a few values; where it comes out small in a night that is
 * judged, what the accepted nights say of as many traces counts. */
static void
sampling_fit(const struct family *fam, size_t i)
{
    const struct nj_histories *all = fam->all;
    const struct nj_point *points = all->list[i].points;
    const double *y = fam->y[i - fam->from];
    double beyond = 1 - all->list[i].metric->quantile;
    struct nj_fit *f = &fam->fits[i];
    double s2 = 0, n_eff = 0;

    for (size_t k = 0; k < all->nights_len; k++) {
        if (!all->is_accepted[k] || !isfinite(y[k]))
            continue;
        s2 += f->s[k] * f->s[k];
        n_eff += points[k].n_eff;
    }
    f->s2 = f->nights ? s2 / (double)f->nights : NONE;
    for (size_t k = 0; k <= all->nights_len; k++) {
        double nights = (double)f->nights, usual = f->s2 * n_eff / nights / points[k].n_eff;
        double own = f->s[k] * f->s[k];
        if ((k < all->nights_len && all->is_accepted[k]) || !isfinite(usual))
            continue;
        if (all->list[i].metric->quantile > 0)
            f->s[k] = sqrt((own + nights * usual) / (nights + 1) *
                           (1 + FEW_VALUES / (points[k].n_eff * beyond)));
        else if (isfinite(points[k].events)) /* no event in a night is no certainty */
            f->s[k] = sqrt(fmax(own, usual));
    }
}

/* tau^2 and its degrees of freedom, for all series of the family. */
static void
spread_fit(struct family *fam)
{
    double pooled = 0, df = 0, n = 0;

    for (size_t i = fam->from; i < fam->to; i++) {
        struct nj_fit *f = &fam->fits[i];
        const double *y = fam->y[i - fam->from];
        f->mean = mean_of(fam->all, y);
        sampling_fit(fam, i);
        if (!is_fitted(f))
            continue;
        pooled += variance_of(fam->all, y, f->mean) - f->s2;
        df += (double)f->nights - 1;
        n++;
    }
    pooled = n > 0 ? fmax(0, pooled / n) : NONE;
    for (size_t i = fam->from; i < fam->to; i++) {
        struct nj_fit *f = &fam->fits[i];
        double own_df = (double)f->nights - 1;
        double own = variance_of(fam->all, fam->y[i - fam->from], f->mean);
        f->tau2 = pooled;
        f->df = df;
        if (is_fitted(f) &&
            own * own_df > (pooled + f->s2) * nj_chi2_quantile(OWN_SPREAD, own_df)) {
            f->tau2 = own - f->s2;
            f->df = own_df;
        }
    }
}

static bool
family_begin(struct family *fam)
{
    size_t len = fam->to - fam->from, width = fam->all->nights_len + 1;

    fam->y = NJ_NEW(fam->all->arena, double *, len);
    fam->scratch = NJ_NEW(fam->all->arena, double, len);
    if (!fam->y || !fam->scratch)
        return false;
    for (size_t i = fam->from; i < fam->to; i++) {
        struct nj_fit *f = &fam->fits[i];
        double *y = NJ_NEW(fam->all->arena, double, width);
        f->s = NJ_NEW(fam->all->arena, double, width);
        f->residual = y;
        fam->y[i - fam->from] = y;
        if (!y || !f->s)
            return false;
        scale_put(f, fam->all, &fam->all->list[i], y);
        f->mean = mean_of(fam->all, y);
    }
    return true;
}

static bool
family_fit(struct family *fam, struct nj_fits *out)
{
    const struct nj_history *first = &fam->all->list[fam->from];
    size_t fitted = 0;

    if (!family_begin(fam))
        return false;
    for (size_t i = fam->from; i < fam->to; i++)
        fitted += is_fitted(&fam->fits[i]);
    /* what moves shares moves them by their size, or one against the other */
    if (fitted >= NJ_FLEET_GROUPS_MIN && nj_slice_eq(first->group_by, NJ_SLICE("agent")) &&
        first->metric->unit != NJ_UNIT_RATIO) {
        struct nj_fleet *fleet = &out->fleets[out->fleets_len++];
        *fleet = (struct nj_fleet){
            first->metric, first->over,
            fitted,        NJ_NEW(fam->all->arena, double, fam->all->nights_len + 1),
            NONE,          NONE,
            NONE,          0};
        if (!fleet->shift)
            return false;
        fleet_take(fam, fleet);
    }
    spread_fit(fam);
    for (size_t i = fam->from; i < fam->to; i++)
        for (size_t k = 0; k <= fam->all->nights_len; k++)
            fam->fits[i].residual[k] -= fam->fits[i].mean;
    return true;
}

enum nj_status
nj_fits_make(struct nj_fits *out, const struct nj_histories *all, struct nj_error *err)
{
    size_t families = 0;
    bool ok;

    for (size_t i = 0; i < all->len; i++)
        families += i == 0 || !is_same_family(&all->list[i - 1], &all->list[i]);
    *out = (struct nj_fits){NJ_NEW(all->arena, struct nj_fit, all->len + 1),
                            NJ_NEW(all->arena, struct nj_fleet, families + 1), 0};
    ok = out->list && out->fleets;
    for (size_t i = 0, next; ok && i < all->len; i = next) {
        next = i + 1;
        while (next < all->len && is_same_family(&all->list[i], &all->list[next]))
            next++;
        struct family fam = {.all = all, .fits = out->list, .from = i, .to = next};
        ok = family_fit(&fam, out);
    }
    return ok ? NJ_OK : nj_fail(err, NJ_ENOMEM, "no memory for the comparison");
}

const struct nj_fleet *
nj_fits_fleet(const struct nj_fits *fits, const struct nj_history *h)
{
    for (size_t i = 0; i < fits->fleets_len; i++) {
        const struct nj_fleet *f = &fits->fleets[i];
        bool is_over = isnan(f->over) || !(f->over < h->over || f->over > h->over);
        if (f->metric == h->metric && is_over && nj_slice_eq(h->group_by, NJ_SLICE("agent")))
            return f;
    }
    return NULL;
}
