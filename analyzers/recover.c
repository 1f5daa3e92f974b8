/* recover.c - fits a step to the hashes of trace ids. */
#include "analyzers/recover.h"

#include "base/hash.h"
#include "base/rank.h"
#include "base/special.h"

#include <math.h>

enum { STAGES_MAX = 4, IDS_MIN = 20 };
/* What 95 % limits of a jump allow: chi-squared with 2 degrees of freedom; the likelihood is
 * not smooth at a jump, with 1 the limits were too narrow. */
#define LIMIT_LLR (5.991464547107979 / 2)
/* Above its threshold a sampler keeps ids evenly; less likely than this, it is another hash. */
#define EVEN_P 1e-4

static double
x_log_ratio(double x, double a, double b)
{
    return x > 0 ? x * log(a / b) : 0;
}

/* Log-likelihood of `below` of n values under the threshold t, with their own densities,
 * against an even density. */
static double
step_llr(double below, double n, double t)
{
    double a = below / n;

    if (!(t > 0 && t < 1) || a / t >= (1 - a) / (1 - t))
        return 0;
    return x_log_ratio(below, a, t) + x_log_ratio(n - below, 1 - a, 1 - t);
}

/* Values of one hash, ascending, and the best step among those from `first` on; what is below
 * is no longer looked at. */
struct fit {
    const double *u;
    size_t len, first;
    double from;      /* threshold of the stage before */
    double threshold; /* in [from, 1) */
    double llr;
};

/* The threshold right before value i, on the scale of the stage. */
static double
stage_scale(const struct fit *fit, double u)
{
    return (u - fit->from) / (1 - fit->from);
}

static void
step_fit(struct fit *fit)
{
    double n = (double)(fit->len - fit->first);

    fit->llr = 0;
    fit->threshold = fit->from;
    for (size_t i = fit->first; i < fit->len; i++) {
        if (i > fit->first && fit->u[i] == fit->u[i - 1])
            continue;
        double llr = step_llr((double)(i - fit->first), n, stage_scale(fit, fit->u[i]));
        if (llr > fit->llr) {
            fit->llr = llr;
            fit->threshold = fit->u[i];
        }
    }
}

/* Thresholds nest where a sampler keeps some traces at a higher rate than the rest (a head rate
 * and a background rate): the last one is above which everything is kept by its id. */
static struct fit
steps_fit(const double *u, size_t len, double *first_llr)
{
    struct fit fit = {.u = u, .len = len};

    step_fit(&fit);
    *first_llr = fit.llr;
    for (int stage = 1; stage < STAGES_MAX && fit.llr > NJ_RECOVER_LLR; stage++) {
        struct fit next = {.u = u, .len = len, .first = fit.first, .from = fit.threshold};
        while (next.first < len && u[next.first] < next.from)
            next.first++;
        if (len - next.first < IDS_MIN)
            break;
        step_fit(&next);
        if (next.llr <= NJ_RECOVER_LLR)
            break;
        fit = next;
    }
    return fit;
}

static size_t
above_count(const struct fit *fit)
{
    size_t lo = fit->first, hi = fit->len;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (fit->u[mid] < fit->threshold)
            lo = mid + 1;
        else
            hi = mid;
    }
    return fit->len - lo;
}

/* p value of "even above the threshold" (Kolmogorov and Smirnov). */
static double
evenness(const struct fit *fit)
{
    size_t above = above_count(fit), first = fit->len - above;
    double distance = 0;

    for (size_t i = 0; i < above; i++) {
        double v = (fit->u[first + i] - fit->threshold) / (1 - fit->threshold);
        distance = fmax(
            distance, fmax((double)(i + 1) / (double)above - v, v - (double)i / (double)above));
    }
    return nj_kolmogorov_upper(distance, (double)above);
}

/* The outermost thresholds whose likelihood is within the limit. Between two values the
 * likelihood rises to the upper one, so only the lower end is searched for. */
static void
limits_find(const struct fit *fit, double *lo, double *hi)
{
    double n = (double)(fit->len - fit->first), wanted = fit->llr - LIMIT_LLR;
    bool has_lo = false;

    *lo = *hi = fit->threshold;
    for (size_t i = fit->first; i < fit->len; i++) {
        double below = (double)(i - fit->first);
        if ((i > fit->first && fit->u[i] == fit->u[i - 1]) ||
            step_llr(below, n, stage_scale(fit, fit->u[i])) < wanted)
            continue;
        *hi = fit->u[i];
        if (has_lo)
            continue;
        has_lo = true;
        double a = i > fit->first ? fit->u[i - 1] : fit->from, b = fit->u[i];
        for (int k = 0; k < 60; k++) {
            double mid = (a + b) / 2;
            if (step_llr(below, n, stage_scale(fit, mid)) < wanted)
                a = mid;
            else
                b = mid;
        }
        *lo = b;
    }
}

/* The values of a hash, sorted, of ids that `only` (NULL: all) keeps. */
static enum nj_status
values_sort(double **out, size_t *out_len, enum nj_id_hash hash, const struct nj_trace_id *ids,
            size_t len, const struct nj_recovered *only, struct nj_arena *scratch,
            struct nj_error *err)
{
    struct nj_keyed *items = NJ_NEW_RAW(scratch, struct nj_keyed, len);
    double *values = NJ_NEW_RAW(scratch, double, len);
    size_t kept = 0;

    if (!items || !values)
        return nj_fail(err, NJ_ENOMEM, "no memory for the hashes of %zu trace ids", len);
    for (size_t i = 0; i < len; i++)
        if (!only || nj_recovered_keeps(only, &ids[i]))
            items[kept++] =
                (struct nj_keyed){nj_key_of_real(nj_id_hash_of(hash, &ids[i])), 0, 0};
    enum nj_status st = nj_keyed_sort(items, kept, scratch, err);
    for (size_t i = 0; i < kept; i++)
        values[i] = nj_key_real(items[i].key);
    *out = values;
    *out_len = kept;
    return st;
}

static void
recovered_fill(struct nj_recovered *out, enum nj_id_hash hash, const struct fit *fit,
               double llr)
{
    double lo, hi;

    limits_find(fit, &lo, &hi);
    out->hash = hash;
    out->llr = llr;
    out->threshold = fit->threshold;
    out->p = 1 - fit->threshold;
    out->lo = 1 - hi;
    out->hi = 1 - lo;
    out->above = above_count(fit);
    out->estimated = out->p > 0 ? (double)out->above / out->p : 0;
}

/* Whether a step could be a sampler's: even above it, and not too high. */
static bool
is_plausible(const struct fit *fit)
{
    return 1 - fit->threshold >= NJ_RECOVER_RATE_MIN && evenness(fit) >= EVEN_P;
}

/* Hashes of the same bits in the same order: a step of one shows in the other. */
static bool
are_kin(unsigned a, unsigned b)
{
    static const uint8_t family[NJ_ID_HASHES_LEN] = {
        [NJ_ID_HASH_LOW64] = 1,  [NJ_ID_HASH_JAVA] = 1,   [NJ_ID_HASH_JAEGER] = 1,
        [NJ_ID_HASH_HIGH64] = 2, [NJ_ID_HASH_DOTNET] = 2,
    };
    return a == b || (family[a] && family[a] == family[b]);
}

/* Among ids that the first sampler keeps, the best step of another hash. */
static enum nj_status
second_fit(struct nj_recovered *out, const struct nj_trace_id *ids, size_t len,
           struct nj_arena *scratch, struct nj_error *err)
{
    const struct nj_recovered first = *out;
    double best = NJ_RECOVER_LLR;

    for (unsigned h = 0; h < NJ_ID_HASHES_LEN; h++) {
        double *u, llr;
        size_t kept;
        if (are_kin(h, first.hash) || !(first.apt >> h & 1))
            continue;
        enum nj_status st =
            values_sort(&u, &kept, (enum nj_id_hash)h, ids, len, &first, scratch, err);
        if (st < 0)
            return st;
        if (kept < IDS_MIN)
            return NJ_OK;
        struct fit fit = steps_fit(u, kept, &llr);
        if (llr <= best || !is_plausible(&fit))
            continue;
        best = llr;
        out->has_second = true;
        out->second = (enum nj_id_hash)h;
        out->second_threshold = fit.threshold;
        out->second_p = 1 - fit.threshold;
        out->above = above_count(&fit);
        out->estimated = (double)out->above / (out->p * out->second_p);
    }
    return NJ_OK;
}

/* A part of the ids that depends on nothing but themselves. */
static enum nj_status
ids_thin(const struct nj_trace_id **ids, size_t *len, struct nj_arena *scratch,
         struct nj_error *err)
{
    uint64_t limit = UINT64_MAX / *len * NJ_RECOVER_IDS_MAX;
    struct nj_trace_id *thin;
    size_t kept = 0;

    if (*len <= NJ_RECOVER_IDS_MAX)
        return NJ_OK;
    if (!(thin = NJ_NEW_RAW(scratch, struct nj_trace_id, *len)))
        return nj_fail(err, NJ_ENOMEM, "no memory for %zu trace ids", *len);
    for (size_t i = 0; i < *len; i++)
        if (nj_hash((struct nj_slice){(const char *)(*ids)[i].bytes, NJ_TRACE_ID_BYTES}) <
            limit)
            thin[kept++] = (*ids)[i];
    *ids = thin;
    *len = kept;
    return NJ_OK;
}

/* The hash that the ids speak for most, and how much they speak for the next. `hashed` is
 * emptied for every hash: as much memory for each would cost more than sorting. */
static enum nj_status
hash_choose(struct nj_recovered *out, double *next_best, const struct nj_trace_id *ids,
            size_t len, struct nj_arena *hashed, struct nj_error *err)
{
    *next_best = 0;
    for (unsigned h = 0; h < NJ_ID_HASHES_LEN; h++) {
        double *u, llr;
        size_t kept;
        if (!(out->apt >> h & 1))
            continue;
        nj_arena_reset(hashed);
        enum nj_status st =
            values_sort(&u, &kept, (enum nj_id_hash)h, ids, len, NULL, hashed, err);
        if (st < 0)
            return st;
        struct fit fit = steps_fit(u, kept, &llr);
        if (llr > NJ_RECOVER_LLR && !is_plausible(&fit))
            continue;
        if (llr > out->llr) {
            *next_best = out->llr;
            recovered_fill(out, (enum nj_id_hash)h, &fit, llr);
        } else {
            *next_best = fmax(*next_best, llr);
        }
    }
    return NJ_OK;
}

enum nj_status
nj_recover(struct nj_recovered *out, const struct nj_trace_id *ids, size_t len,
           struct nj_arena *scratch, struct nj_error *err)
{
    double next_best = 0;
    size_t all = len;
    enum nj_status st;

    *out = (struct nj_recovered){.ids = all, .p = 1, .lo = 1, .hi = 1};
    if (len < IDS_MIN)
        return NJ_OK;
    if ((st = ids_thin(&ids, &len, scratch, err)) < 0)
        return st;
    struct nj_arena *hashed = nj_arena_new(3 * len * sizeof(struct nj_keyed));
    if (!hashed)
        return nj_fail(err, NJ_ENOMEM, "no memory for the hashes of %zu trace ids", len);
    out->apt = nj_id_hashes_apt(ids, len);
    st = hash_choose(out, &next_best, ids, len, hashed, err);
    nj_arena_free(hashed);
    if (st >= 0 && out->llr > NJ_RECOVER_LLR)
        st = second_fit(out, ids, len, scratch, err);
    /* the next best hash may be close behind only if it decided as well */
    out->is_accepted = out->llr > NJ_RECOVER_LLR &&
                       (out->llr > next_best + NJ_RECOVER_MARGIN || out->has_second);
    out->above = (size_t)((double)out->above * (double)all / (double)len);
    out->estimated *= (double)all / (double)len;
    return st;
}

bool
nj_recovered_keeps(const struct nj_recovered *recovered, const struct nj_trace_id *id)
{
    return nj_id_hash_of(recovered->hash, id) >= recovered->threshold &&
           (!recovered->has_second ||
            nj_id_hash_of(recovered->second, id) >= recovered->second_threshold);
}

double
nj_recovered_rate(const struct nj_recovered *recovered)
{
    return recovered->has_second ? recovered->p * recovered->second_p : recovered->p;
}

double
nj_recovered_llr(const struct nj_recovered *recovered, const struct nj_trace_id *ids,
                 size_t len)
{
    size_t below = 0;

    for (size_t i = 0; i < len; i++)
        below += nj_id_hash_of(recovered->hash, &ids[i]) < recovered->threshold;
    return len ? step_llr((double)below, (double)len, recovered->threshold) : 0;
}
