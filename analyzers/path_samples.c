/* path_samples.c - quantiles of a key's critical time per trace. */
#include "analyzers/path_samples.h"

#include "base/quantile.h"

#include <stdlib.h>

struct nj_path_samples {
    const struct nj_path_totals *totals;
    const struct nj_carrier *carriers;
    size_t *at; /* values (or cells) of key k in NJ_PATH_INS groups: at[k * NJ_PATH_INS + in] */
    const struct nj_path_value **values; /* by key and in; NULL where counted */
};

static size_t
group_of(uint32_t key, unsigned in)
{
    return (size_t)key * NJ_PATH_INS + in;
}

/* Where the groups start, from how many each has. */
static void
counts_to_places(size_t *counts, size_t len)
{
    size_t at = 0;

    for (size_t i = 0; i <= len; i++) {
        size_t count = counts[i];
        counts[i] = at;
        at += count;
    }
}

static bool
values_group(struct nj_path_samples *s, struct nj_arena *arena)
{
    const struct nj_path_totals *t = s->totals;
    size_t groups = t->keys.len * NJ_PATH_INS;
    size_t *next = NJ_NEW_RAW(arena, size_t, groups + 1);

    s->values = nj_arena_alloc_raw(arena, t->values.len + 1, sizeof *s->values);
    if (!next || !s->values)
        return false;
    for (const struct nj_block *b = t->values.first; b; b = b->next) {
        const struct nj_path_value *list = (const struct nj_path_value *)b->data;
        for (size_t i = 0; i < b->len; i++)
            s->at[group_of(list[i].key, list[i].in)]++;
    }
    counts_to_places(s->at, groups);
    memcpy(next, s->at, (groups + 1) * sizeof *next);
    for (const struct nj_block *b = t->values.first; b; b = b->next) {
        const struct nj_path_value *list = (const struct nj_path_value *)b->data;
        for (size_t i = 0; i < b->len; i++)
            s->values[next[group_of(list[i].key, list[i].in)]++] = &list[i];
    }
    return true;
}

/* Cells of a key and of one `in`, by value, then by weight. */
static int
cell_cmp(const void *context, uint64_t key_a, const void *a, uint64_t key_b, const void *b)
{
    const struct nj_carrier *carriers = context;
    struct nj_path_place l = nj_path_place_of_cell(key_a), r = nj_path_place_of_cell(key_b);

    (void)a, (void)b;
    if (l.key != r.key)
        return l.key < r.key ? -1 : 1;
    if (l.in != r.in)
        return l.in < r.in ? -1 : 1;
    if (l.cell != r.cell)
        return l.cell < r.cell ? -1 : 1;
    return (carriers[l.class].weight > carriers[r.class].weight) -
           (carriers[l.class].weight < carriers[r.class].weight);
}

static bool
cells_group(struct nj_path_samples *s, struct nj_path_totals *totals)
{
    if (!nj_tally_sort(&totals->cells, cell_cmp, s->carriers))
        return false;
    for (size_t i = 0; i < totals->cells.len; i++) {
        struct nj_path_place place = nj_path_place_of_cell(nj_tally_key(&totals->cells, i));
        s->at[group_of(place.key, place.in)]++;
    }
    counts_to_places(s->at, totals->keys.len * NJ_PATH_INS);
    return true;
}

enum nj_status
nj_path_samples_new(struct nj_path_samples **out, struct nj_path_totals *totals,
                    const struct nj_carrier *carriers, struct nj_arena *arena,
                    struct nj_error *err)
{
    struct nj_path_samples *s = NJ_NEW(arena, struct nj_path_samples, 1);
    size_t groups = totals->keys.len * NJ_PATH_INS;

    if (s) {
        *s = (struct nj_path_samples){.totals = totals, .carriers = carriers};
        s->at = NJ_NEW(arena, size_t, groups + 1);
    }
    if (!s || !s->at || !(totals->is_counted ? cells_group(s, totals) : values_group(s, arena)))
        return nj_fail(err, NJ_ENOMEM, "no memory to sort critical times");
    *out = s;
    return NJ_OK;
}

static int
rows_cmp(const void *a, const void *b)
{
    const struct nj_cell *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight < y->weight ? -1 : 1;
    return (x->rest > y->rest) - (x->rest < y->rest);
}

static struct nj_cell
row_of(const struct nj_path_samples *s, uint32_t class, int64_t ns, uint64_t traces)
{
    const struct nj_carrier *c = &s->carriers[class];
    return (struct nj_cell){
        .key = nj_key_of_int(ns), .weight = c->weight, .rest = c->rest, .rows = (double)traces};
}

/* All times of one group to `out`; how many. */
static size_t
group_read(const struct nj_path_samples *s, size_t group, struct nj_cell *out)
{
    const struct nj_tally *cells = &s->totals->cells;
    size_t len = 0;

    for (size_t i = s->at[group]; i < s->at[group + 1]; i++) {
        if (s->values) {
            out[len++] = row_of(s, s->values[i]->class, s->values[i]->ns, 1);
        } else {
            const struct nj_path_cell *cell = nj_tally_get(cells, i);
            struct nj_path_place place = nj_path_place_of_cell(nj_tally_key(cells, i));
            out[len++] = row_of(s, place.class, cell->least_ns, cell->traces);
        }
    }
    return len;
}

/* Sorts by rows_cmp: by value in linear time, then what is equal. NULL: no memory. */
static struct nj_cell *
rows_sort(const struct nj_cell *rows, size_t len, struct nj_arena *scratch)
{
    struct nj_cell *sorted = NJ_NEW_RAW(scratch, struct nj_cell, len);
    struct nj_keyed *items = NJ_NEW_RAW(scratch, struct nj_keyed, len);

    if (!sorted || !items || len > UINT32_MAX)
        return NULL;
    for (size_t i = 0; i < len; i++)
        items[i] = (struct nj_keyed){rows[i].key, (uint32_t)i, 0};
    if (nj_keyed_sort(items, len, scratch, NULL) < 0)
        return NULL;
    for (size_t i = 0; i < len; i++)
        sorted[i] = rows[items[i].carrier];
    for (size_t at = 0, end; at < len; at = end) {
        bool is_sorted = true;
        for (end = at + 1; end < len && sorted[end].key == sorted[at].key; end++)
            is_sorted = is_sorted && rows_cmp(&sorted[end - 1], &sorted[end]) <= 0;
        if (!is_sorted)
            qsort(sorted + at, end - at, sizeof *sorted, rows_cmp);
    }
    return sorted;
}

enum nj_status
nj_path_samples_quantiles(struct nj_path_samples *s, uint32_t key, enum nj_path_in own,
                          const double *p, int64_t *out_ns, size_t len, bool *has_values,
                          struct nj_arena *scratch, struct nj_error *err)
{
    size_t both = group_of(key, NJ_PATH_IN_BOTH), mine = group_of(key, own), rows;
    size_t most = s->at[both + 1] - s->at[both] + s->at[mine + 1] - s->at[mine];
    struct nj_cell *list = NJ_NEW_RAW(scratch, struct nj_cell, most);
    struct nj_sample sample;

    if (!list)
        return nj_fail(err, NJ_ENOMEM, "no memory for quantiles of critical times");
    rows = group_read(s, both, list);
    rows += group_read(s, mine, list + rows);
    if (!(list = rows_sort(list, rows, scratch)))
        return nj_fail(err, NJ_ENOMEM, "no memory for quantiles of critical times");
    enum nj_status st = nj_sample_of_cells(&sample, list, rows, NULL, 0, scratch, err);
    if (st < 0)
        return st;
    *has_values = sample.len > 0;
    for (size_t q = 0; q < len && sample.len > 0; q++)
        out_ns[q] = nj_key_int(sample.key[nj_sample_rank(&sample, p[q])]);
    return NJ_OK;
}
