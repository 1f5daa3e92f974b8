/* bias.c - intervals for the bias of plain quantiles, and bounds under unknown weights. */
#include "base/bias.h"

#include "base/hash.h"
#include "base/special.h"

#include <math.h>
#include <stdlib.h>

enum { ROUNDS = 200, LEVELS = 4096, LEVEL_BITS = 12, QUANTILES_MAX = 8 };
#define SLACK (1 - 1e-12) /* as for quantiles */

/* Quantiles of the exponential distribution at the middles of LEVELS equal parts, scaled to
 * mean 1 and variance 1. */
static void
levels_fill(double levels[LEVELS])
{
    double mean = 0, square = 0;

    for (int i = 0; i < LEVELS; i++) {
        levels[i] = -log1p(-(i + 0.5) / LEVELS);
        mean += levels[i] / LEVELS;
    }
    for (int i = 0; i < LEVELS; i++)
        square += (levels[i] - mean) * (levels[i] - mean) / LEVELS;
    for (int i = 0; i < LEVELS; i++)
        levels[i] = 1 + (levels[i] - mean) / sqrt(square);
}

/* One row of the bootstrap. */
struct boot_row {
    uint64_t cluster;
    double weight, reach; /* reach: how far factors go from 1 */
};

struct boot {
    const struct nj_sample *sample;
    struct boot_row *rows; /* all stored ones */
    size_t len;
    double levels[LEVELS];
    uint64_t seed;
};

static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 32) * 0xD6E8FEB86659FD93u;
    x = (x ^ x >> 32) * 0xD6E8FEB86659FD93u;
    return x ^ x >> 32;
}

static double
factor(const struct boot *boot, const struct boot_row *row, uint64_t round)
{
    uint64_t hash = mix(row->cluster ^ boot->seed ^ round * 0x9E3779B97F4A7C15u);

    return 1 + row->reach * (boot->levels[hash >> (64 - LEVEL_BITS)] - 1);
}

static enum nj_status
boot_init(struct boot *boot, const struct nj_sample *sample, enum nj_spread spread,
          struct nj_arena *scratch, struct nj_error *err)
{
    XXH3_state_t hash;

    boot->sample = sample;
    boot->len = sample->stored_len;
    boot->rows = NJ_NEW_RAW(scratch, struct boot_row, boot->len);
    if (!boot->rows)
        return nj_fail(err, NJ_ENOMEM, "no memory for the bias of %zu values", boot->len);
    XXH3_INITSTATE(&hash);
    XXH3_64bits_reset(&hash);
    for (size_t i = 0; i < boot->len; i++) {
        const struct nj_carrier *carrier = &sample->carriers[sample->stored[i].carrier];
        double rest = spread == NJ_SPREAD_PROCESS ? 1 : carrier->rest;
        boot->rows[i] = (struct boot_row){carrier->cluster, carrier->weight, sqrt(rest)};
        XXH3_64bits_update(&hash, &sample->stored[i].key, sizeof sample->stored[i].key);
        XXH3_64bits_update(&hash, &carrier->weight, sizeof carrier->weight);
        XXH3_64bits_update(&hash, &carrier->cluster, sizeof carrier->cluster);
    }
    boot->seed = XXH3_64bits_digest(&hash);
    levels_fill(boot->levels);
    return NJ_OK;
}

/* Keys of the plain and the weighted quantiles under the factors of one round. */
static void
round_quantiles(const struct boot *boot, uint64_t round, const double *ps, size_t len,
                uint64_t plain[], uint64_t weighted[])
{
    double plain_sum = 0, weighted_sum = 0, plain_at = 0, weighted_at = 0;
    size_t p = 0, w = 0;

    for (size_t i = 0; i < boot->len; i++) {
        double f = factor(boot, &boot->rows[i], round);
        plain_sum += f;
        weighted_sum += f * boot->rows[i].weight;
    }
    for (size_t i = 0; i < boot->len && (p < len || w < len); i++) {
        double f = factor(boot, &boot->rows[i], round);
        plain_at += f;
        weighted_at += f * boot->rows[i].weight;
        bool is_last = i + 1 == boot->len;
        for (; p < len && (plain_at >= ps[p] * plain_sum * SLACK || is_last); p++)
            plain[p] = boot->sample->stored[i].key;
        for (; w < len && (weighted_at >= ps[w] * weighted_sum * SLACK || is_last); w++)
            weighted[w] = boot->sample->stored[i].key;
    }
}

static int
real_cmp(const void *a, const void *b)
{
    double l = *(const double *)a, r = *(const double *)b;

    return (l > r) - (l < r);
}

static enum nj_status
bootstrap(const struct nj_sample *sample, enum nj_spread spread, const double *ps, size_t len,
          struct nj_estimate *out, struct nj_arena *scratch, struct nj_error *err)
{
    struct boot *boot = NJ_NEW(scratch, struct boot, 1);
    double(*gaps)[ROUNDS] = nj_arena_alloc_raw(scratch, len, sizeof *gaps);
    uint64_t plain[QUANTILES_MAX], weighted[QUANTILES_MAX];

    if (!boot || !gaps)
        return nj_fail(err, NJ_ENOMEM, "no memory for the bias of %zu values", sample->len);
    enum nj_status st = boot_init(boot, sample, spread, scratch, err);
    if (st < 0)
        return st;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        round_quantiles(boot, round, ps, len, plain, weighted);
        for (size_t p = 0; p < len; p++)
            gaps[p][round] =
                nj_sample_value(sample, plain[p]) - nj_sample_value(sample, weighted[p]);
    }
    for (size_t p = 0; p < len; p++) {
        qsort(gaps[p], ROUNDS, sizeof gaps[p][0], real_cmp);
        out[p].lo = gaps[p][ROUNDS / 40 - 1];
        out[p].hi = gaps[p][ROUNDS - ROUNDS / 40];
    }
    return NJ_OK;
}

/* Half widths of the intervals of one process standard error; NaN where they leave the data. */
static enum nj_status
half_widths(const struct nj_sample *sample, const double *ps, size_t len, double out[],
            struct nj_arena *scratch, struct nj_error *err)
{
    struct nj_quantile quantiles[QUANTILES_MAX];

    for (size_t p = 0; p < len; p++)
        quantiles[p] = (struct nj_quantile){.p = ps[p]};
    enum nj_status st =
        nj_sample_quantiles(sample, NJ_SPREAD_PROCESS, quantiles, len, scratch, err);
    for (size_t p = 0; p < len && st == NJ_OK; p++) {
        const struct nj_quantile *q = &quantiles[p];
        out[p] = (double)NAN;
        if (q->se_lo != NJ_NO_RANK && q->se_hi != NJ_NO_RANK)
            out[p] = (nj_sample_value(sample, sample->key[q->se_hi]) -
                      nj_sample_value(sample, sample->key[q->se_lo])) /
                     2;
    }
    return st;
}

/* The sample as plain numbers see it: every stored row or cell of weight 1. */
static enum nj_status
plain_sample(struct nj_sample *out, const struct nj_sample *sample, struct nj_arena *scratch,
             struct nj_error *err)
{
    if (sample->stored_cell) {
        struct nj_cell *cells = NJ_NEW_RAW(scratch, struct nj_cell, sample->stored_len);
        struct nj_cell_class *classes =
            NJ_NEW_RAW(scratch, struct nj_cell_class, sample->classes_len);
        if (!cells || !classes)
            return nj_fail(err, NJ_ENOMEM, "no memory for plain quantiles");
        for (size_t i = 0; i < sample->stored_len; i++) {
            cells[i] = sample->stored_cell[i];
            cells[i].weight = cells[i].rest = 1;
            cells[i].known = (struct nj_known){0};
        }
        for (size_t i = 0; i < sample->classes_len; i++)
            classes[i] = (struct nj_cell_class){.weight = 1,
                                                .rest = 1,
                                                .clusters = sample->classes[i].clusters,
                                                .bb = sample->classes[i].bb};
        return nj_sample_of_cells(out, cells, sample->stored_len, classes, sample->classes_len,
                                  scratch, err);
    }
    struct nj_keyed *items = NJ_NEW_RAW(scratch, struct nj_keyed, sample->stored_len);
    struct nj_carrier *carriers = NJ_NEW_RAW(scratch, struct nj_carrier, sample->stored_len);
    if (!items || !carriers)
        return nj_fail(err, NJ_ENOMEM, "no memory for plain quantiles");
    for (uint32_t i = 0; i < sample->stored_len; i++) {
        carriers[i] =
            nj_carrier_of(sample->carriers[sample->stored[i].carrier].cluster, 1, false);
        items[i] = (struct nj_keyed){sample->stored[i].key, i, 0};
    }
    return nj_sample_build(out, items, sample->stored_len, carriers, scratch, err);
}

static enum nj_status
widths_add(const struct nj_sample *sample, const double *ps, size_t len,
           struct nj_estimate *out, struct nj_arena *scratch, struct nj_error *err)
{
    double weighted[QUANTILES_MAX], plain[QUANTILES_MAX], z = nj_normal_quantile(0.975);
    struct nj_sample as_stored;
    enum nj_status st = plain_sample(&as_stored, sample, scratch, err);

    as_stored.is_real = sample->is_real;
    if (st == NJ_OK)
        st = half_widths(sample, ps, len, weighted, scratch, err);
    if (st == NJ_OK)
        st = half_widths(&as_stored, ps, len, plain, scratch, err);
    for (size_t p = 0; p < len && st == NJ_OK; p++) {
        out[p].lo = out[p].est - z * hypot(weighted[p], plain[p]);
        out[p].hi = out[p].est + z * hypot(weighted[p], plain[p]);
    }
    return st;
}

static bool
has_one_weight(const struct nj_sample *sample)
{
    double first = 0;

    for (size_t i = 0; i < sample->stored_len; i++) {
        double weight = sample->stored_cell
                            ? sample->stored_cell[i].weight
                            : sample->carriers[sample->stored[i].carrier].weight;
        if (i > 0 && weight != first)
            return false;
        first = weight;
    }
    return true;
}

enum nj_status
nj_sample_bias(const struct nj_sample *sample, enum nj_spread spread, const double *ps,
               size_t len, struct nj_estimate *out, struct nj_arena *scratch,
               struct nj_error *err)
{
    NJ_CHECK(len <= QUANTILES_MAX);
    for (size_t p = 0; p < len; p++)
        out[p] = (struct nj_estimate){(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    if (sample->len == 0)
        return NJ_OK;
    for (size_t p = 0; p < len; p++)
        out[p].est = nj_sample_value(sample, nj_sample_plain(sample, ps[p])) -
                     nj_sample_value(sample, sample->key[nj_sample_rank(sample, ps[p])]);
    if (has_one_weight(sample)) { /* weights change nothing */
        for (size_t p = 0; p < len; p++)
            out[p].lo = out[p].hi = out[p].est;
        return NJ_OK;
    }
    if (sample->units < 2)
        return NJ_OK;
    return sample->stored_cell || sample->stored_len > NJ_BIAS_ROWS_MAX
               ? widths_add(sample, ps, len, out, scratch, err)
               : bootstrap(sample, spread, ps, len, out, scratch, err);
}

struct nj_bounds
nj_bounds_mean(const struct nj_bounded *rows, size_t len)
{
    double all_lo = 0, all_hi = 0, all_lo_x = 0, all_hi_x = 0;
    double lo = 0, hi = 0, lo_x = 0, hi_x = 0;
    struct nj_bounds out = {(double)NAN, (double)NAN};

    for (size_t i = 0; i < len; i++) {
        all_lo += rows[i].lo;
        all_hi += rows[i].hi;
        all_lo_x += rows[i].lo * rows[i].value;
        all_hi_x += rows[i].hi * rows[i].value;
    }
    /* the smallest mean gives small values their high weight and large ones their low one, from
     * some value on; the largest the other way round */
    for (size_t k = 0; k <= len; k++) {
        double small = hi + (all_lo - lo), large = lo + (all_hi - hi);
        if (small > 0)
            out.lo = fmin(out.lo, (hi_x + (all_lo_x - lo_x)) / small);
        if (large > 0)
            out.hi = fmax(out.hi, (lo_x + (all_hi_x - hi_x)) / large);
        if (k == len)
            break;
        lo += rows[k].lo;
        hi += rows[k].hi;
        lo_x += rows[k].lo * rows[k].value;
        hi_x += rows[k].hi * rows[k].value;
    }
    return out;
}

struct nj_bounds
nj_bounds_quantile(const struct nj_bounded *rows, size_t len, double p)
{
    double all_lo = 0, all_hi = 0, lo = 0, hi = 0;
    struct nj_bounds out = {(double)NAN, (double)NAN};

    for (size_t i = 0; i < len; i++) {
        all_lo += rows[i].lo;
        all_hi += rows[i].hi;
    }
    for (size_t i = 0; i < len; i++) {
        lo += rows[i].lo;
        hi += rows[i].hi;
        if (i + 1 < len && rows[i + 1].value == rows[i].value)
            continue;
        /* the share up to here, at most and at least */
        double most = hi + (all_lo - lo), least = lo + (all_hi - hi);
        if (isnan(out.lo) && most > 0 && hi >= p * most * SLACK)
            out.lo = rows[i].value;
        if (isnan(out.hi) && least > 0 && lo >= p * least * SLACK)
            out.hi = rows[i].value;
    }
    return out;
}
