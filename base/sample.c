/* sample.c - sorting a weighted sample and finding its quantiles. */
#include "base/quantile.h"

#include "base/sum.h"

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

/* The columns of a sample while it is built. */
struct columns {
    uint64_t *key, *stored_key;
    double *weight, *reach, *unit_weight, *unit_rest;
    uint32_t *unit, *tag, *carrier;
};

static enum nj_status
columns_new(struct columns *c, size_t len, struct nj_arena *arena, struct nj_error *err)
{
    *c = (struct columns){
        .key = NJ_NEW_RAW(arena, uint64_t, len),
        .stored_key = NJ_NEW_RAW(arena, uint64_t, len),
        .weight = NJ_NEW_RAW(arena, double, len),
        .reach = NJ_NEW_RAW(arena, double, len),
        .unit_weight = NJ_NEW(arena, double, len),
        .unit_rest = NJ_NEW(arena, double, len),
        .unit = NJ_NEW_RAW(arena, uint32_t, len),
        .tag = NJ_NEW_RAW(arena, uint32_t, len),
        .carrier = NJ_NEW_RAW(arena, uint32_t, len),
    };
    if (!c->key || !c->stored_key || !c->weight || !c->reach || !c->unit_weight ||
        !c->unit_rest || !c->unit || !c->tag || !c->carrier)
        return nj_fail(err, NJ_ENOMEM, "no memory for a sample of %zu values", len);
    return NJ_OK;
}

/* Dense numbers for clusters, by open addressing. */
struct units {
    uint64_t *cluster; /* of each slot */
    uint32_t *number;  /* of each slot, + 1; 0: free */
    size_t mask;
    uint32_t len;
};

static enum nj_status
units_new(struct units *units, size_t rows, struct nj_arena *arena, struct nj_error *err)
{
    size_t cap = 16;

    while (cap < 2 * rows)
        cap *= 2;
    *units = (struct units){NJ_NEW_RAW(arena, uint64_t, cap), NJ_NEW(arena, uint32_t, cap),
                            cap - 1, 0};
    if (!units->cluster || !units->number)
        return nj_fail(err, NJ_ENOMEM, "no memory for the clusters of %zu values", rows);
    return NJ_OK;
}

static uint32_t
unit_number(struct units *units, uint64_t cluster)
{
    uint64_t mixed = (cluster ^ cluster >> 29) * 0x9E3779B97F4A7C15u;
    size_t slot = (size_t)(mixed >> 20) & units->mask;

    while (units->number[slot] && units->cluster[slot] != cluster)
        slot = (slot + 1) & units->mask;
    if (units->number[slot] == 0) {
        units->cluster[slot] = cluster;
        units->number[slot] = ++units->len;
    }
    return units->number[slot] - 1;
}

enum nj_status
nj_sample_build(struct nj_sample *out, struct nj_keyed *items, size_t len,
                const struct nj_carrier *carriers, struct nj_arena *arena, struct nj_error *err)
{
    struct columns c;
    struct units units;
    struct nj_sum reach = {0};
    enum nj_status st;

    if (len > INT32_MAX)
        return nj_fail(err, NJ_ELIMIT, "a sample of %zu values is too large", len);
    if ((st = rows_sort(items, len, carriers, arena, err)) < 0 ||
        (st = columns_new(&c, len, arena, err)) < 0 ||
        (st = units_new(&units, len, arena, err)) < 0)
        return st;

    size_t rows = 0;
    *out = (struct nj_sample){.stored_len = len, .is_census = true};
    for (size_t i = 0; i < len; i++) {
        const struct nj_carrier *carrier = &carriers[items[i].carrier];
        c.stored_key[i] = items[i].key;
        if (!(carrier->weight > 0))
            continue;
        uint32_t unit = unit_number(&units, carrier->cluster);
        nj_sum_add(&reach, carrier->weight);
        c.key[rows] = items[i].key;
        c.weight[rows] = carrier->weight;
        c.reach[rows] = nj_sum_of(&reach);
        c.unit[rows] = unit;
        c.tag[rows] = items[i].tag;
        c.carrier[rows++] = items[i].carrier;
        c.unit_weight[unit] += carrier->weight;
        c.unit_rest[unit] = fmax(c.unit_rest[unit], carrier->rest);
        out->is_census &= carrier->rest == 0;
    }
    out->len = rows;
    out->key = c.key;
    out->weight = c.weight;
    out->reach = c.reach;
    out->unit = c.unit;
    out->tag = c.tag;
    out->carrier = c.carrier;
    out->units_len = units.len;
    out->unit_weight = c.unit_weight;
    out->unit_rest = c.unit_rest;
    out->weight_sum = nj_sum_of(&reach);
    out->stored_key = c.stored_key;
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

size_t
nj_sample_plain_rank(const struct nj_sample *sample, double p)
{
    double wanted = ceil(p * (double)sample->stored_len * SLACK);

    if (sample->stored_len == 0)
        return NJ_NO_RANK;
    return wanted > 1 ? (size_t)wanted - 1 : 0;
}
