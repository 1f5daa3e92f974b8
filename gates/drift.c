/* drift.c - cumulative sums and the date of a change. */
#include "gates/drift.h"

#include <math.h>

#define REFERENCE_MIN 0.5
/* Deviations of the baseline's mean that the reference allows for. */
#define LEVEL_DOUBT 2.5
/* What one night can add: it takes three to be red, so that a bad night is not drift. */
#define NIGHT_MAX 3.5

static double
spread_of(const struct nj_fit *f, size_t k)
{
    return sqrt(f->s[k] * f->s[k] + f->tau2);
}

double
nj_drift_cusum(const struct nj_histories *all, const struct nj_fit *f, double tolerance,
               bool is_up, size_t *nights)
{
    double sum = 0, level_sd = sqrt((f->tau2 + f->s2) / (double)f->nights);
    bool has_begun = false;

    *nights = 0;
    for (size_t k = 0; k <= all->nights_len; k++) {
        bool is_accepted = k < all->nights_len && all->is_accepted[k];
        has_begun |= is_accepted;
        if (!has_begun || !isfinite(f->residual[k]))
            continue;
        double sd = spread_of(f, k);
        double reference = fmax(tolerance, REFERENCE_MIN * sd + LEVEL_DOUBT * level_sd);
        double excess = (is_up ? f->residual[k] : -f->residual[k]) - reference;
        if (!(sd > 0))
            continue;
        sum = fmax(0, sum + fmin(excess / sd, NIGHT_MAX));
        *nights += !is_accepted;
    }
    return sum;
}

size_t
nj_drift_begin(const struct nj_histories *all, const struct nj_fit *f, bool is_up)
{
    double whole = 0, whole_w = 0, before = 0, before_w = 0, best = 0;
    size_t begin = SIZE_MAX;

    for (size_t k = 0; k <= all->nights_len; k++) {
        double sd = spread_of(f, k), w = sd > 0 ? 1 / (sd * sd) : 0;
        if (isfinite(f->residual[k]) && w > 0) {
            whole += w * f->residual[k];
            whole_w += w;
        }
    }
    for (size_t k = 0; k <= all->nights_len; k++) {
        double sd = spread_of(f, k), w = sd > 0 ? 1 / (sd * sd) : 0;
        if (!isfinite(f->residual[k]) || !(w > 0))
            continue;
        double after_w = whole_w - before_w;
        if (before_w > 0 && after_w > 0) {
            double step = (whole - before) / after_w - before / before_w;
            double gain = step * step / (1 / after_w + 1 / before_w);
            if ((step > 0) == is_up && gain > best) {
                best = gain;
                begin = k;
            }
        }
        before += w * f->residual[k];
        before_w += w;
    }
    return begin;
}
