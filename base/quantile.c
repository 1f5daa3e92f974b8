/* quantile.c - intervals of weighted quantiles. */
#include "base/quantile.h"

#include "base/special.h"
#include "base/sum.h"

#include <math.h>

#define LIMIT        0.975 /* two-sided 95 % */
#define NEAR_ROWS    20    /* of which the heaviest cluster stands for what was not seen */
#define NEAR_WEIGHTS 2.0   /* times the heaviest weight: what they carry at least */
#define TAIL_SCAN                                                                              \
    256 /* up to here limits are scanned: with few clusters they need not be monotone */

/* The variance of the share of weight up to a value t, updated value by value:
 *   V(t; f) = sum_c k_c (A_c(t) - f B_c)^2 / W^2
 * with A_c the weight that cluster c has up to t, B_c its whole weight, k_c its share in the
 * spread. */
struct spread {
    const struct nj_sample *sample;
    double process;       /* m / (m - 1) of m clusters */
    bool is_process;      /* for all; else where the probability is not known */
    double *seen;         /* A_c, of rows */
    struct nj_sum aa, ab; /* sums of k A^2 and k A B */
    double bb;            /* sum of k B^2 */
};

static double
share_of(const struct spread *s, double rest)
{
    return s->is_process || rest == 1 ? s->process : rest;
}

static enum nj_status
spread_begin(struct spread *s, const struct nj_sample *sample, enum nj_spread spread,
             struct nj_arena *scratch, struct nj_error *err)
{
    struct nj_sum bb = {0};
    double m = sample->units;

    *s = (struct spread){.sample = sample,
                         .process = m > 1 ? m / (m - 1) : 1,
                         .is_process = spread == NJ_SPREAD_PROCESS};
    for (size_t i = 0; i < sample->classes_len; i++) {
        const struct nj_cell_class *c = &sample->classes[i];
        nj_sum_add(&bb, share_of(s, c->rest) * c->weight * c->weight * c->bb);
    }
    if (sample->unit) {
        s->seen = NJ_NEW(scratch, double, (size_t)m);
        if (!s->seen)
            return nj_fail(err, NJ_ENOMEM, "no memory for the spread of %zu values",
                           sample->len);
        for (size_t c = 0; c < (size_t)m; c++)
            nj_sum_add(&bb, share_of(s, sample->unit_rest[c]) * sample->unit_weight[c] *
                                sample->unit_weight[c]);
    }
    s->bb = nj_sum_of(&bb);
    return NJ_OK;
}

static void
spread_restart(struct spread *s)
{
    if (s->seen)
        memset(s->seen, 0, (size_t)s->sample->units * sizeof *s->seen);
    s->aa = s->ab = (struct nj_sum){0};
}

static void
row_add(struct spread *s, size_t row)
{
    const struct nj_sample *sample = s->sample;
    uint32_t c = sample->unit[row];
    double w = sample->carriers[sample->item[row].carrier].weight;
    double k = share_of(s, sample->unit_rest[c]);

    nj_sum_add(&s->aa, k * w * (2 * s->seen[c] + w));
    nj_sum_add(&s->ab, k * w * sample->unit_weight[c]);
    s->seen[c] += w;
}

static void
cell_add(struct spread *s, size_t at)
{
    const struct nj_cell *cell = &s->sample->cell[at];
    double k = share_of(s, cell->rest) * cell->weight * cell->weight;

    nj_sum_add(&s->aa, k * cell->aa);
    nj_sum_add(&s->ab, k * cell->ab);
}

/* Adds all rows or cells of the next value and returns the rank after them. */
static size_t
spread_step(struct spread *s, size_t at)
{
    uint64_t key = s->sample->key[at];

    do {
        if (s->sample->cell)
            cell_add(s, at++);
        else
            row_add(s, at++);
    } while (at < s->sample->len && s->sample->key[at] == key);
    return at;
}

/* Of the sum of weights, not of the share. */
static double
spread_variance(const struct spread *s, double f)
{
    return fmax(0, nj_sum_of(&s->aa) - 2 * f * nj_sum_of(&s->ab) + f * f * s->bb);
}

/* The same for the weight above t: of B_c - A_c. */
static double
spread_variance_above(const struct spread *s, double f)
{
    double aa = s->bb - 2 * nj_sum_of(&s->ab) + nj_sum_of(&s->aa);
    double ab = s->bb - nj_sum_of(&s->ab);

    return fmax(0, aa - 2 * f * ab + f * f * s->bb);
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
        bool has_se = f < 1 && se > 0 && sample->units > 1;
        double squares = process->bb / process->process;
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

/* The sample from the top, one element a value. */
struct tail {
    double *above, *variance; /* weight above the value, and its variance */
    double *heaviest;         /* what one more cluster above it could weigh */
    size_t *rank;
    size_t len;
};

/* Rows from the top down to some value. */
struct top {
    size_t at; /* where they begin */
    double rows, weight;
    double heaviest; /* the largest weight that a cluster has among them */
};

/* Adds the rows or cells of the next value. */
static void
top_grow(struct top *top, struct spread *s, bool has_clusters)
{
    const struct nj_sample *sample = s->sample;
    uint64_t key = sample->key[top->at - 1];

    for (; top->at > 0 && sample->key[top->at - 1] == key; top->at--) {
        size_t i = top->at - 1;
        if (sample->cell) {
            const struct nj_cell *cell = &sample->cell[i];
            top->rows += cell->rows;
            top->weight += cell->rows * cell->weight;
            top->heaviest = fmax(top->heaviest, cell->weight * cell->most);
            continue;
        }
        double weight = sample->carriers[sample->item[i].carrier].weight;
        top->rows++;
        top->weight += weight;
        if (has_clusters)
            top->heaviest = fmax(top->heaviest, s->seen[sample->unit[i]] += weight);
    }
}

static double
heaviest_row(const struct nj_sample *sample)
{
    double heaviest = 0;

    for (size_t i = 0; i < sample->len; i++)
        heaviest =
            fmax(heaviest, sample->cell ? sample->cell[i].weight
                                        : sample->carriers[sample->item[i].carrier].weight);
    return heaviest;
}

/* What one more cluster above a value could weigh: as much as the heaviest among all rows above
 * it and those next below, which are so many, and carry so much, that heavy ones would show.
 * In a textbook's interval it is the heaviest of the topmost rows, whatever the value. */
static void
heaviest_fill(struct tail *tail, struct spread *s)
{
    struct top above = {.at = s->sample->len}, seen = above;
    double wanted = s->sample->is_textbook ? 0 : NEAR_WEIGHTS * heaviest_row(s->sample);

    spread_restart(s);
    for (size_t i = 0; i < tail->len; i++) {
        while (seen.at > 0 &&
               (seen.rows < above.rows + NEAR_ROWS || seen.weight < above.weight + wanted))
            top_grow(&seen, s, true);
        tail->heaviest[i] = seen.heaviest;
        if (!s->sample->is_textbook)
            top_grow(&above, s, false);
    }
    spread_restart(s);
}

static enum nj_status
tail_build(struct tail *tail, struct spread *s, struct nj_arena *scratch, struct nj_error *err)
{
    const struct nj_sample *sample = s->sample;
    size_t len = 0;

    for (size_t i = 0; i < sample->len; i++)
        len += i == 0 || sample->key[i] != sample->key[i - 1];
    *tail =
        (struct tail){NJ_NEW_RAW(scratch, double, len), NJ_NEW_RAW(scratch, double, len),
                      NJ_NEW_RAW(scratch, double, len), NJ_NEW_RAW(scratch, size_t, len), len};
    if (!tail->above || !tail->variance || !tail->heaviest || !tail->rank)
        return nj_fail(err, NJ_ENOMEM, "no memory for the tail of %zu values", sample->len);
    heaviest_fill(tail, s);
    for (size_t at = 0, next; at < sample->len; at = next) {
        next = spread_step(s, at);
        bool is_last = next == sample->len;
        double above = is_last ? 0 : sample->weight_sum - sample->reach[next - 1];
        len--;
        tail->above[len] = above;
        tail->variance[len] =
            is_last ? 0 : spread_variance_above(s, above / sample->weight_sum);
        tail->rank[len] = at;
    }
    return NJ_OK;
}

/* Limits of the weight above a value (Fay and Feuer 1997). */
static double
tail_upper(const struct tail *tail, size_t i)
{
    double y = tail->above[i] + tail->heaviest[i];
    double v = tail->variance[i] + tail->heaviest[i] * tail->heaviest[i];

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
    double t = nj_t_quantile(LIMIT, sample->units - 1);
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
        quantiles[q] =
            (struct nj_quantile){quantiles[q].p, at,    nj_sample_plain(sample, quantiles[q].p),
                                 limit,          limit, NJ_NO_RANK,
                                 NJ_NO_RANK,     0};
    }
    if (sample->len == 0)
        return NJ_OK;
    if ((st = spread_begin(&process, sample, NJ_SPREAD_PROCESS, scratch, err)) < 0)
        return st;
    precision_fill(&process, quantiles, len);
    if (is_exact || !(sample->units > 1))
        return NJ_OK;
    if ((st = spread_begin(&wanted, sample, spread, scratch, err)) < 0)
        return st;
    return intervals_fill(sample, &wanted, quantiles, len, scratch, err);
}
