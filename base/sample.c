/* sample.c - weighted samples: rows sorted, cells counted, and their quantiles. */
#include "base/quantile.h"

#include "base/sum.h"

#include <math.h>

/* Puts rows of one value in the order of (cluster, weight). */
static enum nj_status
ties_sort(struct nj_keyed *items, size_t len, const struct nj_carrier *carriers,
          struct nj_arena *scratch, struct nj_error *err)
{
    uint64_t key = items[0].key;
    enum nj_status st = NJ_OK;

    for (int by_cluster = 0; by_cluster < 2 && st == NJ_OK; by_cluster++) {
        for (size_t i = 0; i < len; i++) {
            const struct nj_carrier *carrier = &carriers[items[i].carrier];
            items[i].key = by_cluster ? carrier->cluster : nj_key_of_real(carrier->weight);
        }
        st = nj_keyed_sort(items, len, scratch, err);
    }
    for (size_t i = 0; i < len; i++)
        items[i].key = key;
    return st;
}

static enum nj_status
rows_sort(struct nj_keyed *items, size_t len, const struct nj_carrier *carriers,
          struct nj_arena *scratch, struct nj_error *err)
{
    enum nj_status st = nj_keyed_sort(items, len, scratch, err);

    for (size_t at = 0, end; at < len && st == NJ_OK; at = end) {
        for (end = at + 1; end < len && items[end].key == items[at].key;)
            end++;
        if (end - at > 1)
            st = ties_sort(items + at, end - at, carriers, scratch, err);
    }
    return st;
}

/* Dense numbers for clusters, by open addressing. */
struct units {
    struct unit_slot {
        uint64_t cluster;
        uint32_t number; /* + 1; 0: free */
    } * slots;
    size_t mask;
    uint32_t len;
};

static enum nj_status
units_new(struct units *units, size_t rows, struct nj_arena *arena, struct nj_error *err)
{
    size_t cap = 16;

    while (cap < 2 * rows)
        cap *= 2;
    *units = (struct units){NJ_NEW(arena, struct unit_slot, cap), cap - 1, 0};
    if (!units->slots)
        return nj_fail(err, NJ_ENOMEM, "no memory for the clusters of %zu values", rows);
    return NJ_OK;
}

static struct unit_slot *
unit_slot_of(const struct units *units, uint64_t cluster)
{
    uint64_t mixed = (cluster ^ cluster >> 29) * 0x9E3779B97F4A7C15u;

    return &units->slots[(size_t)(mixed >> 20) & units->mask];
}

static uint32_t
unit_number(struct units *units, uint64_t cluster)
{
    struct unit_slot *slot = unit_slot_of(units, cluster);

    while (slot->number && slot->cluster != cluster)
        slot = slot == &units->slots[units->mask] ? units->slots : slot + 1;
    if (slot->number == 0)
        *slot = (struct unit_slot){cluster, ++units->len};
    return slot->number - 1;
}

enum nj_status
nj_carriers_number(struct nj_carrier *carriers, size_t len, struct nj_arena *scratch,
                   struct nj_error *err)
{
    struct units units;
    enum nj_status st = units_new(&units, len, scratch, err);

    for (size_t i = 0; i < len && st == NJ_OK; i++)
        carriers[i].number = unit_number(&units, carriers[i].cluster) + 1;
    return st;
}

/* What the carriers of rows say, gathered in one look: they lie in no order. */
struct gathered {
    double *weight, *rest;
    uint32_t *number;
    uint32_t highest; /* number */
    bool is_numbered;
};

/* Rows ahead of their turn whose places are fetched into the cache. */
enum { AHEAD = 16 };

/* Looks at all items; those with a weight become the sample's, as they are or as a copy. */
static enum nj_status
rows_gather(struct gathered *g, struct nj_keyed *items, size_t len,
            const struct nj_carrier *carriers, struct nj_arena *arena, struct nj_sample *out)
{
    *g = (struct gathered){NJ_NEW_RAW(arena, double, len), NJ_NEW_RAW(arena, double, len),
                           NJ_NEW_RAW(arena, uint32_t, len), 0, true};
    struct nj_keyed *item = items;
    size_t weighted = 0;

    if (!g->weight || !g->rest || !g->number)
        return NJ_ENOMEM;
    for (size_t i = 0; i < len; i++) {
        const struct nj_carrier *carrier = &carriers[items[i].carrier];
        if (i + AHEAD < len)
            __builtin_prefetch(&carriers[items[i + AHEAD].carrier]);
        if (!(carrier->weight > 0) && item == items) {
            if (!(item = NJ_NEW_RAW(arena, struct nj_keyed, len)))
                return NJ_ENOMEM;
            memcpy(item, items, weighted * sizeof *item);
        }
        if (!(carrier->weight > 0))
            continue;
        item[weighted] = items[i];
        g->weight[weighted] = carrier->weight;
        g->rest[weighted] = carrier->rest;
        g->number[weighted++] = carrier->number;
        g->is_numbered &= carrier->number > 0;
        g->highest = carrier->number > g->highest ? carrier->number : g->highest;
        out->is_census &= carrier->rest == 0;
        if (carrier->known.number > out->parts_len)
            out->parts_len = carrier->known.number;
    }
    out->len = weighted;
    out->item = item;
    return NJ_OK;
}

/* Dense numbers of the rows' clusters in the order of first appearance, by a table of the
 * numbers that the carriers have. Gives how many they are. */
static uint32_t
units_renumber(uint32_t *unit, const struct gathered *g, size_t len, uint32_t *table)
{
    uint32_t units = 0;

    for (size_t i = 0; i < len; i++) {
        uint32_t *number = &table[g->number[i]];
        if (*number == 0)
            *number = ++units;
        unit[i] = *number - 1;
    }
    return units;
}

/* The same by a search for each, where there are no numbers or few rows. */
static enum nj_status
units_search(uint32_t *unit, const struct nj_sample *sample, struct nj_arena *arena,
             uint32_t *len, struct nj_error *err)
{
    struct units units;
    enum nj_status st = units_new(&units, sample->len, arena, err);

    for (size_t i = 0; i < sample->len && st == NJ_OK; i++) {
        if (i + AHEAD < sample->len)
            __builtin_prefetch(unit_slot_of(
                &units, sample->carriers[sample->item[i + AHEAD].carrier].cluster));
        unit[i] = unit_number(&units, sample->carriers[sample->item[i].carrier].cluster);
    }
    *len = units.len;
    return st;
}

/* Clusters of the rows. */
static enum nj_status
units_fill(struct nj_sample *out, const struct gathered *g, struct nj_arena *arena,
           struct nj_error *err)
{
    uint32_t *unit = NJ_NEW_RAW(arena, uint32_t, out->len), units = 0;
    bool is_small = g->is_numbered && g->highest / 8 <= out->len;
    uint32_t *table = is_small ? NJ_NEW(arena, uint32_t, (size_t)g->highest + 1) : NULL;
    enum nj_status st = NJ_OK;

    if (unit && table)
        units = units_renumber(unit, g, out->len, table);
    else if (unit)
        st = units_search(unit, out, arena, &units, err);
    double *unit_weight = NJ_NEW(arena, double, units);
    double *unit_rest = NJ_NEW(arena, double, units);
    if (st < 0 || !unit || !unit_weight || !unit_rest)
        return nj_fail(err, NJ_ENOMEM, "no memory for the clusters of %zu values", out->len);
    for (size_t i = 0; i < out->len; i++) {
        uint32_t c = unit[i];
        unit_weight[c] += g->weight[i];
        unit_rest[c] = g->rest[i] > unit_rest[c] ? g->rest[i] : unit_rest[c];
    }
    out->unit = unit;
    out->weight = g->weight;
    out->unit_weight = unit_weight;
    out->unit_rest = unit_rest;
    out->units = units;
    return NJ_OK;
}

enum nj_status
nj_sample_build(struct nj_sample *out, struct nj_keyed *items, size_t len,
                const struct nj_carrier *carriers, struct nj_arena *arena, struct nj_error *err)
{
    struct nj_sum reach = {0};
    struct gathered gathered;
    enum nj_status st;

    *out = (struct nj_sample){
        .carriers = carriers, .stored = items, .stored_len = len, .is_census = true};
    if (len > INT32_MAX)
        return nj_fail(err, NJ_ELIMIT, "a sample of %zu values is too large", len);
    if ((st = rows_sort(items, len, carriers, arena, err)) < 0)
        return st;
    if (rows_gather(&gathered, items, len, carriers, arena, out) < 0)
        return nj_fail(err, NJ_ENOMEM, "no memory for a sample of %zu values", len);
    if ((st = units_fill(out, &gathered, arena, err)) < 0)
        return st;
    uint64_t *keys = NJ_NEW_RAW(arena, uint64_t, out->len);
    double *reaches = NJ_NEW_RAW(arena, double, out->len);
    if (!keys || !reaches)
        return nj_fail(err, NJ_ENOMEM, "no memory for a sample of %zu values", len);
    for (size_t i = 0; i < out->len; i++) {
        nj_sum_add(&reach, out->weight[i]);
        keys[i] = out->item[i].key;
        reaches[i] = nj_sum_of(&reach);
    }
    out->key = keys;
    out->reach = reaches;
    out->weight_sum = nj_sum_of(&reach);
    return NJ_OK;
}

enum nj_status
nj_sample_of_cells(struct nj_sample *out, const struct nj_cell *cells, size_t len,
                   const struct nj_cell_class *classes, size_t classes_len,
                   struct nj_arena *arena, struct nj_error *err)
{
    struct nj_cell *weighted = NJ_NEW_RAW(arena, struct nj_cell, len);
    uint64_t *keys = NJ_NEW_RAW(arena, uint64_t, len);
    double *reaches = NJ_NEW_RAW(arena, double, len);
    struct nj_sum reach = {0};

    if (!weighted || !keys || !reaches)
        return nj_fail(err, NJ_ENOMEM, "no memory for a histogram of %zu cells", len);
    *out = (struct nj_sample){.key = keys,
                              .reach = reaches,
                              .is_census = true,
                              .stored_len = len,
                              .cell = weighted,
                              .stored_cell = cells,
                              .classes = classes,
                              .classes_len = classes_len};
    for (size_t i = 0; i < len; i++) {
        if (!(cells[i].weight > 0))
            continue;
        nj_sum_add(&reach, cells[i].weight * cells[i].rows);
        weighted[out->len] = cells[i];
        keys[out->len] = cells[i].key;
        reaches[out->len++] = nj_sum_of(&reach);
    }
    for (size_t i = 0; i < classes_len; i++) {
        if (!(classes[i].weight > 0))
            continue;
        out->units += classes[i].clusters;
        if (classes[i].known.number > out->parts_len)
            out->parts_len = classes[i].known.number;
        out->is_census &= classes[i].rest == 0;
    }
    out->weight_sum = nj_sum_of(&reach);
    return NJ_OK;
}

/* Cumulative sums carry rounding; a quantile may not move by it. */
#define SLACK (1 - 1e-12)

size_t
nj_sample_rank(const struct nj_sample *sample, double p)
{
    double wanted = p * sample->weight_sum * SLACK;
    size_t lo = 0, hi = sample->len;

    if (sample->len == 0)
        return NJ_NO_RANK;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (sample->reach[mid] >= wanted)
            hi = mid;
        else
            lo = mid + 1;
    }
    if (lo == sample->len)
        lo--;
    while (lo > 0 && sample->key[lo - 1] == sample->key[lo])
        lo--;
    return lo;
}

uint64_t
nj_sample_plain(const struct nj_sample *sample, double p)
{
    double rows = 0, wanted, seen = 0;

    if (sample->stored_len == 0)
        return 0;
    if (!sample->stored_cell) {
        wanted = ceil(p * (double)sample->stored_len * SLACK);
        return sample->stored[wanted > 1 ? (size_t)wanted - 1 : 0].key;
    }
    for (size_t i = 0; i < sample->stored_len; i++)
        rows += sample->stored_cell[i].rows;
    wanted = p * rows * SLACK;
    size_t at = 0;
    while (at + 1 < sample->stored_len && (seen += sample->stored_cell[at].rows) < wanted)
        at++;
    return sample->stored_cell[at].key;
}

/* The third central moment of the weighted mean in standard errors; NaN: not known. */
static double
skewness_of(const struct nj_sample *sample, double mean, enum nj_spread spread,
            struct nj_arena *scratch)
{
    struct nj_sum squares = {0}, cubes = {0};
    double m = sample->units, *gap;

    if (sample->cell || !(m > 2) || !(gap = NJ_NEW(scratch, double, (size_t)m)))
        return (double)NAN;
    for (size_t i = 0; i < sample->len; i++)
        gap[sample->unit[i]] +=
            sample->weight[i] * (nj_sample_value(sample, sample->key[i]) - mean);
    for (size_t c = 0; c < (size_t)m; c++) {
        double rest = sample->unit_rest[c], square = gap[c] * gap[c];
        bool is_process = spread == NJ_SPREAD_PROCESS || rest == 1;
        nj_sum_add(&squares, (is_process ? m / (m - 1) : rest) * square);
        /* moments of a coin of probability 1 - rest */
        nj_sum_add(&cubes, (is_process ? m * m / ((m - 1) * (m - 2)) : rest * (2 * rest - 1)) *
                               square * gap[c]);
    }
    double variance = nj_sum_of(&squares);
    return variance > 0 ? nj_sum_of(&cubes) / (variance * sqrt(variance)) : 0;
}

struct nj_estimate
nj_sample_skew_limits(const struct nj_sample *sample, struct nj_estimate mean,
                      enum nj_spread spread, double n_eff, struct nj_arena *scratch)
{
    return nj_estimate_skewed(mean, skewness_of(sample, mean.est, spread, scratch), n_eff);
}
