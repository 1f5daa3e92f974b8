/* quantile.c - intervals of weighted quantiles. */
#include "base/quantile.h"

#include "base/special.h"

#include <math.h>

#define LIMIT    0.975 /* two-sided 95 % */
#define TOP_ROWS 20    /* of which the heaviest cluster stands for what was not seen */
#define TAIL_SCAN                                                                              \
    256 /* up to here limits are scanned: with few clusters they need not be monotone */

/* The variance of the share of weight up to a value (or from it on, when rows come from the
 * top), updated row by row:
 *   V(t; f) = sum_c k_c (A_c(t) - f B_c)^2 / W^2
 * with A_c the weight that cluster c has there, B_c its whole weight, k_c its share in the
 * spread. */
struct spread {
    const struct nj_sample *sample;
    const double *share; /* k_c */
    double *seen;        /* A_c */
    double aa, ab, bb;   /* sums of k A^2, k A B, k B^2 */
};

static enum nj_status
spread_begin(struct spread *s, const struct nj_sample *sample, enum nj_spread spread,
             struct nj_arena *scratch, struct nj_error *err)
{
    double m = (double)sample->units_len, process = m > 1 ? m / (m - 1) : 1;
    double *share = NJ_NEW_RAW(scratch, double, sample->units_len);

    *s = (struct spread){sample, share, NJ_NEW(scratch, double, sample->units_len), 0, 0, 0};
    if (!share || !s->seen)
        return nj_fail(err, NJ_ENOMEM, "no memory for the variance of %zu values", sample->len);
    for (uint32_t c = 0; c < sample->units_len; c++) {
        bool is_process = spread == NJ_SPREAD_PROCESS || sample->unit_rest[c] == 1;
        share[c] = is_process ? process : sample->unit_rest[c];
        s->bb += share[c] * sample->unit_weight[c] * sample->unit_weight[c];
    }
    return NJ_OK;
}

static void
spread_restart(struct spread *s)
{
    memset(s->seen, 0, s->sample->units_len * sizeof *s->seen);
    s->aa = s->ab = 0;
}

static void
spread_add(struct spread *s, size_t row)
{
    uint32_t c = s->sample->unit[row];
    double w = s->sample->weight[row], k = s->share[c];

    s->aa += k * w * (2 * s->seen[c] + w);
    s->ab += k * w * s->sample->unit_weight[c];
    s->seen[c] += w;
}

/* Of the sum of weights, not of the share. */
static double
spread_variance(const struct spread *s, double f)
{
    return fmax(0, s->aa - 2 * f * s->ab + f * f * s->bb);
}

/* Adds all rows of the next value and returns the rank after them. */
static size_t
spread_step(struct spread *s, size_t at)
{
    uint64_t key = s->sample->key[at];

    do
        spread_add(s, at++);
    while (at < s->sample->len && s->sample->key[at] == key);
    return at;
}

/* n_eff, and the Woodruff limits for one standard error. */
static void
precision_fill(struct spread *process, struct nj_quantile *quantiles, size_t len)
{
    const struct nj_sample *sample = process->sample;
    double total = sample->weight_sum;
    size_t at = 0;

    for (size_t q = 0; q < len; q++) {
        while (at <= quantiles[q].at)
            at = spread_step(process, at);
        double f = sample->reach[at - 1] / total;
        double se = sqrt(spread_variance(process, f)) / total;
        bool has_se = f < 1 && se > 0 && sample->units_len > 1;
        double squares = process->bb * ((double)sample->units_len - 1) / sample->units_len;
        quantiles[q].n_eff = has_se ? f * (1 - f) / (se * se) : total * total / squares;
        if (has_se && f - se > 0)
            quantiles[q].se_lo = nj_sample_rank(sample, f - se);
        if (has_se && f + se < 1)
            quantiles[q].se_hi = nj_sample_rank(sample, f + se);
    }
}

/* Francisco and Fuller (1991): the values whose cumulative share does not differ from p. */
static void
score_interval(struct spread *s, struct nj_quantile *quantile, double t)
{
    double total = s->sample->weight_sum;
    bool has_lo = false;

    spread_restart(s);
    for (size_t at = 0, next; at < s->sample->len; at = next) {
        next = spread_step(s, at);
        double gap = s->sample->reach[next - 1] - quantile->p * total;
        double se = sqrt(spread_variance(s, quantile->p));
        if (!has_lo && gap >= -t * se) {
            quantile->lo = at;
            has_lo = true;
        }
        if (gap > t * se) {
            quantile->hi = at;
            return;
        }
    }
}

/* The sample from the top, one element a value: the weight above it, its variance. */
struct tail {
    double *above, *variance;
    size_t *rank;
    size_t len;
    double heaviest; /* cluster weight among the top rows */
};

static double
heaviest_of_top(struct spread *s)
{
    const struct nj_sample *sample = s->sample;
    size_t at = sample->len;
    double heaviest = 0;

    spread_restart(s);
    for (size_t rows = 0; at > 0 && (rows < TOP_ROWS || sample->key[at - 1] == sample->key[at]);
         rows++) {
        double *seen = &s->seen[sample->unit[--at]];
        *seen += sample->weight[at];
        heaviest = fmax(heaviest, *seen);
    }
    spread_restart(s);
    return heaviest;
}

static enum nj_status
tail_build(struct tail *tail, struct spread *s, struct nj_arena *scratch, struct nj_error *err)
{
    size_t len = s->sample->len;
    double total = s->sample->weight_sum;

    *tail = (struct tail){NJ_NEW_RAW(scratch, double, len), NJ_NEW_RAW(scratch, double, len),
                          NJ_NEW_RAW(scratch, size_t, len), 0, heaviest_of_top(s)};
    if (!tail->above || !tail->variance || !tail->rank)
        return nj_fail(err, NJ_ENOMEM, "no memory for the tail of %zu values", len);
    double above = 0;
    for (size_t end = len; end > 0;) {
        size_t at = end;
        while (at > 0 && s->sample->key[at - 1] == s->sample->key[end - 1])
            at--;
        tail->above[tail->len] = above;
        tail->variance[tail->len] = spread_variance(s, above / total);
        tail->rank[tail->len++] = at;
        for (size_t row = at; row < end; row++) {
            spread_add(s, row);
            above += s->sample->weight[row];
        }
        end = at;
    }
    return NJ_OK;
}

/* Limits of the weight above a value (Fay and Feuer 1997). */
static double
tail_upper(const struct tail *tail, size_t i)
{
    double y = tail->above[i] + tail->heaviest;
    double v = tail->variance[i] + tail->heaviest * tail->heaviest;

    return v / (2 * y) * nj_chi2_quantile(LIMIT, 2 * y * y / v);
}

static double
tail_lower(const struct tail *tail, size_t i)
{
    double y = tail->above[i], v = tail->variance[i];

    if (!(y > 0) || !(v > 0))
        return y;
    return v / (2 * y) * nj_chi2_quantile(1 - LIMIT, 2 * y * y / v);
}

/* The smallest value whose upper limit stays below `wanted`, counted from the top + 1. */
static size_t
tail_upper_count(const struct tail *tail, double wanted)
{
    size_t lo = 0, hi = tail->len;

    if (tail->len <= TAIL_SCAN) {
        while (hi > 0 && !(tail_upper(tail, hi - 1) < wanted))
            hi--;
        return hi;
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (tail_upper(tail, mid) < wanted)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The largest value whose lower limit exceeds `wanted`, counted from the top. */
static size_t
tail_lower_count(const struct tail *tail, double wanted)
{
    size_t lo = 0, hi = tail->len;

    if (tail->len <= TAIL_SCAN) {
        while (lo < tail->len && !(tail_lower(tail, lo) > wanted))
            lo++;
        return lo;
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (tail_lower(tail, mid) > wanted)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static void
tail_interval(const struct tail *tail, double total, struct nj_quantile *quantile)
{
    double wanted = (1 - quantile->p) * total;
    size_t upper = tail_upper_count(tail, wanted), lower = tail_lower_count(tail, wanted);

    if (upper > 0)
        quantile->hi = tail->rank[upper - 1];
    if (lower > 0 && lower < tail->len)
        quantile->lo = tail->rank[lower - 1];
}

static enum nj_status
intervals_fill(const struct nj_sample *sample, struct spread *s, struct nj_quantile *quantiles,
               size_t len, struct nj_arena *scratch, struct nj_error *err)
{
    double t = nj_t_quantile(LIMIT, (double)sample->units_len - 1);
    struct tail tail = {0};

    for (size_t q = 0; q < len; q++) {
        if (quantiles[q].p < NJ_TAIL_FROM) {
            score_interval(s, &quantiles[q], t);
            continue;
        }
        if (tail.len == 0) {
            enum nj_status st = tail_build(&tail, s, scratch, err);
            if (st < 0)
                return st;
        }
        tail_interval(&tail, sample->weight_sum, &quantiles[q]);
    }
    return NJ_OK;
}

enum nj_status
nj_sample_quantiles(const struct nj_sample *sample, enum nj_spread spread,
                    struct nj_quantile *quantiles, size_t len, struct nj_arena *scratch,
                    struct nj_error *err)
{
    struct spread process, wanted;
    bool is_exact = spread == NJ_SPREAD_FINITE && sample->is_census;
    enum nj_status st;

    for (size_t q = 0; q < len; q++) {
        size_t at = nj_sample_rank(sample, quantiles[q].p);
        size_t limit = is_exact ? at : NJ_NO_RANK;
        quantiles[q] = (struct nj_quantile){
            quantiles[q].p, at,    nj_sample_plain_rank(sample, quantiles[q].p),
            limit,          limit, NJ_NO_RANK,
            NJ_NO_RANK,     0};
    }
    if (sample->len == 0)
        return NJ_OK;
    if ((st = spread_begin(&process, sample, NJ_SPREAD_PROCESS, scratch, err)) < 0)
        return st;
    precision_fill(&process, quantiles, len);
    if (is_exact || sample->units_len < 2)
        return NJ_OK;
    if ((st = spread_begin(&wanted, sample, spread, scratch, err)) < 0)
        return st;
    return intervals_fill(sample, &wanted, quantiles, len, scratch, err);
}
