/* series_close.c - what a finished series says of its groups: designs, strata, samples. */
#include "analyzers/series_state.h"

#include "base/loghist.h"

#include <stdlib.h>

static struct nj_carrier
class_carrier(const struct nj_series *series, uint32_t class, uint64_t cluster)
{
    const uint64_t unknown = (uint64_t)1 << 63;
    const struct nj_series_class *of = nj_tally_get(&series->classes, class);
    uint64_t bits = of->bits & ~unknown;
    double weight;

    memcpy(&weight, &bits, sizeof weight);
    struct nj_carrier carrier = nj_carrier_of(cluster, weight, of->bits == bits);
    carrier.known = of->known;
    return carrier;
}

/* Bits of doubles >= 0 sort as the doubles do; of two equal weights the known one comes first,
 * then by the part of known size. */
static bool
classes_sort(struct nj_series *series)
{
    size_t len = series->classes.len;
    struct nj_arena *scratch = nj_arena_new(1 << 16);
    struct nj_keyed *items = scratch ? NJ_NEW_RAW(scratch, struct nj_keyed, len) : NULL;

    series->class_order = malloc((len + 1) * sizeof *series->class_order);
    bool is_done = items && series->class_order;
    for (uint32_t i = 0; is_done && i < len; i++) {
        const struct nj_series_class *of = nj_tally_get(&series->classes, i);
        items[i] = (struct nj_keyed){of->known.number, i, 0};
    }
    is_done = is_done && nj_keyed_sort(items, len, scratch, NULL) == NJ_OK;
    for (size_t i = 0; is_done && i < len; i++) {
        const struct nj_series_class *of = nj_tally_get(&series->classes, items[i].carrier);
        items[i].key = of->bits << 1 | of->bits >> 63;
    }
    is_done = is_done && nj_keyed_sort(items, len, scratch, NULL) == NJ_OK;
    for (size_t i = 0; is_done && i < len; i++)
        series->class_order[items[i].carrier] = (uint32_t)i;
    nj_arena_free(scratch);
    return is_done;
}

static bool
pending_fold(struct nj_series *series)
{
    for (size_t i = 0; i < series->pending.len; i++) {
        const struct nj_series_unit *unit = nj_tally_get(&series->pending, i);
        if (!nj_series_moments_add(series, unit->group, unit->class, unit->x, unit->y))
            return false;
    }
    return true;
}

/* Turns counts into the places where each run starts; one element more than `len`. */
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

/* Values by combo, each combo's in one run. */
static bool
values_group(struct nj_series *series, unsigned measure)
{
    struct nj_series_values *v = &series->values[measure];
    size_t combos = series->combos.len;
    struct nj_series_value *sorted = malloc((v->kept.len + 1) * sizeof *sorted);
    size_t *at = calloc(combos + 1, sizeof *at);

    v->combo_at = calloc(combos + 1, sizeof *v->combo_at);
    bool is_done = sorted && at && v->combo_at;
    if (is_done) {
        for (const struct nj_block *b = v->kept.first; b; b = b->next)
            for (size_t i = 0; i < b->len; i++)
                v->combo_at[((const struct nj_series_value *)b->data)[i].combo]++;
        counts_to_places(v->combo_at, combos);
        memcpy(at, v->combo_at, combos * sizeof *at);
        for (const struct nj_block *b = v->kept.first; b; b = b->next) {
            const struct nj_series_value *list = (const struct nj_series_value *)b->data;
            for (size_t i = 0; i < b->len; i++)
                sorted[at[list[i].combo]++] = list[i];
        }
        nj_blocks_fini(&v->kept);
        v->list = sorted;
    } else {
        free(sorted);
    }
    free(at);
    return is_done;
}

/* For each group the combos that it is part of. */
static bool
groups_link(struct nj_series *series)
{
    size_t groups = series->groups.len, links = 0;
    size_t *at = calloc(groups + 1, sizeof *at);

    series->group_at = calloc(groups + 1, sizeof *series->group_at);
    for (size_t c = 0; c < series->combos.len; c++)
        links += ((const struct nj_series_combo *)nj_tally_get(&series->combos, c))->len;
    series->group_combos = malloc((links + 1) * sizeof *series->group_combos);
    bool is_done = at && series->group_at && series->group_combos;
    for (int pass = 0; is_done && pass < 2; pass++) {
        for (size_t c = 0; c < series->combos.len; c++) {
            const struct nj_series_combo *combo = nj_tally_get(&series->combos, c);
            for (uint32_t g = 0; g < combo->len; g++) {
                if (pass == 0)
                    series->group_at[combo->groups[g]]++;
                else
                    series->group_combos[at[combo->groups[g]]++] = (uint32_t)c;
            }
        }
        if (pass == 0) {
            counts_to_places(series->group_at, groups);
            memcpy(at, series->group_at, groups * sizeof *at);
        }
    }
    free(at);
    return is_done;
}

enum nj_status
nj_series_close(struct nj_series *series, struct nj_error *err)
{
    bool is_done = pending_fold(series) && classes_sort(series) && groups_link(series) &&
                   nj_tally_sort_keys(&series->cells);

    series->carriers = malloc((series->traces_len + 1) * sizeof *series->carriers);
    is_done = is_done && series->carriers;
    for (unsigned m = 0; is_done && m < series->shape.measures_len; m++)
        is_done = values_group(series, m);
    for (size_t i = 0; is_done && i < series->traces_len; i++)
        series->carriers[i] =
            class_carrier(series, series->traces[i].class, series->traces[i].cluster);
    struct nj_arena *scratch = nj_arena_new(1 << 16);
    is_done = is_done && scratch &&
              nj_carriers_number(series->carriers, series->traces_len, scratch, err) == NJ_OK;
    nj_arena_free(scratch);
    return is_done ? NJ_OK : nj_fail(err, NJ_ENOMEM, "no memory to sort the values of groups");
}

size_t
nj_series_len(const struct nj_series *series)
{
    return series->groups.len;
}

void
nj_series_get(const struct nj_series *series, uint32_t group, struct nj_series_group *out)
{
    const struct nj_series_total *total = nj_tally_get(&series->groups, group);

    *out = (struct nj_series_group){.key = nj_tally_key(&series->groups, group),
                                    .observations = total->observations,
                                    .traces = total->traces};
    memcpy(out->events, total->events, sizeof out->events);
    for (unsigned m = 0; m < NJ_SERIES_MEASURES; m++) {
        out->min[m] = total->seen[m] ? total->min[m] : NJ_NO_VALUE;
        out->max[m] = total->seen[m] ? total->max[m] : NJ_NO_VALUE;
    }
}

static int
stratum_cmp(const void *a, const void *b)
{
    const struct nj_stratum *l = a, *r = b;
    int c = (l->weight > r->weight) - (l->weight < r->weight);

    c = c ? c : (l->rest > r->rest) - (l->rest < r->rest);
    return c ? c : (l->known.number > r->known.number) - (l->known.number < r->known.number);
}

struct nj_data
nj_series_strata(const struct nj_series *series, uint32_t group, enum nj_series_sum what,
                 unsigned which, struct nj_arena *arena)
{
    size_t classes = series->classes.len, len = 0;
    unsigned sum = what == NJ_SUM_OF_EVENT ? series->shape.summed_len + which : which;
    struct nj_stratum *strata = NJ_NEW_RAW(arena, struct nj_stratum, classes);

    NJ_CHECK(sum < nj_series_sums(series));
    for (uint32_t c = 0; strata && c < classes; c++) {
        const struct nj_series_moments *m =
            nj_tally_find(&series->moments, nj_series_moments_key(group, c));
        if (!m)
            continue;
        struct nj_carrier carrier = class_carrier(series, c, 0);
        strata[len++] = (struct nj_stratum){carrier.weight,
                                            carrier.rest,
                                            (double)m->units,
                                            (double)m->x,
                                            nj_wide_real(m->of[sum].y),
                                            nj_wide_real(m->xx),
                                            nj_wide_real(m->of[sum].xy),
                                            nj_wide_real(m->of[sum].yy),
                                            carrier.known};
    }
    if (len > 1)
        qsort(strata, len, sizeof *strata, stratum_cmp);
    return nj_data_of_strata(strata, len);
}

/* The first of the sorted cells whose key is not below `key`. */
static size_t
cells_from(const struct nj_series *series, uint64_t key)
{
    size_t lo = 0, hi = series->cells.len;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (nj_tally_key(&series->cells, mid) < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static uint32_t
cell_class(uint64_t key)
{
    return (uint32_t)(key & (((uint64_t)1 << NJ_SERIES_CLASS_BITS) - 1));
}

/* A cell of the series as a sample wants it; `order` sorts the weights of one value. */
struct counted {
    uint32_t cell, order;
    struct nj_cell of;
};

static int
counted_cmp(const void *a, const void *b)
{
    const struct counted *l = a, *r = b;

    if (l->cell != r->cell)
        return l->cell < r->cell ? -1 : 1;
    return (l->order > r->order) - (l->order < r->order);
}

static enum nj_status
sample_of_cells(const struct nj_series *series, uint32_t group, unsigned measure,
                struct nj_arena *arena, struct nj_sample *out, struct nj_error *err)
{
    size_t first = cells_from(series, nj_series_cell_key(group, measure, 0, 0));
    size_t last = cells_from(series, nj_series_cell_key(group, measure + 1, 0, 0));
    size_t len = last - first, classes_len = 0;
    struct counted *counted = NJ_NEW_RAW(arena, struct counted, len);
    struct nj_cell *cells = NJ_NEW_RAW(arena, struct nj_cell, len);
    struct counted *units = NJ_NEW_RAW(arena, struct counted, series->classes.len);
    struct nj_cell_class *classes =
        NJ_NEW_RAW(arena, struct nj_cell_class, series->classes.len);

    if (!counted || !cells || !units || !classes)
        return nj_fail(err, NJ_ENOMEM, "no memory for a histogram of %zu cells", len);
    for (size_t i = first; i < last; i++) {
        const struct nj_series_cell *c = nj_tally_get(&series->cells, i);
        uint64_t key = nj_tally_key(&series->cells, i);
        struct nj_carrier carrier = class_carrier(series, cell_class(key), 0);
        uint32_t cell =
            (uint32_t)(key >> NJ_SERIES_CLASS_BITS) & ((1 << NJ_SERIES_CELL_BITS) - 1);
        uint64_t value = nj_key_of_int(nj_loghist_middle(cell, NJ_LOGHIST_BITS));
        counted[i - first] =
            (struct counted){cell,
                             series->class_order[cell_class(key)],
                             {value, carrier.weight, carrier.rest, (double)c->rows,
                              (double)c->aa, (double)c->ab, (double)c->most, carrier.known}};
    }
    for (uint32_t c = 0; c < series->classes.len; c++) {
        const struct nj_series_whole *whole =
            nj_tally_find(&series->wholes, nj_series_whole_key(group, measure, c));
        if (!whole)
            continue;
        struct nj_carrier carrier = class_carrier(series, c, 0);
        units[classes_len++] =
            (struct counted){0,
                             series->class_order[c],
                             {0, carrier.weight, carrier.rest, (double)whole->traces,
                              (double)whole->squares, 0, 0, carrier.known}};
    }
    qsort(counted, len, sizeof *counted, counted_cmp);
    qsort(units, classes_len, sizeof *units, counted_cmp);
    for (size_t i = 0; i < len; i++)
        cells[i] = counted[i].of;
    for (size_t i = 0; i < classes_len; i++)
        classes[i] =
            (struct nj_cell_class){units[i].of.weight, units[i].of.rest, units[i].of.rows,
                                   units[i].of.aa, units[i].of.known};
    return nj_sample_of_cells(out, cells, len, classes, classes_len, arena, err);
}

enum nj_status
nj_series_sample(const struct nj_series *series, uint32_t group, unsigned measure,
                 struct nj_arena *arena, struct nj_sample *out, struct nj_error *err)
{
    const struct nj_series_values *v = &series->values[measure];
    size_t len = 0;

    if (series->shape.is_counted)
        return sample_of_cells(series, group, measure, arena, out, err);
    for (size_t c = series->group_at[group]; c < series->group_at[group + 1]; c++) {
        uint32_t combo = series->group_combos[c];
        len += v->combo_at[combo + 1] - v->combo_at[combo];
    }
    struct nj_keyed *items = NJ_NEW_RAW(arena, struct nj_keyed, len);
    if (!items)
        return nj_fail(err, NJ_ENOMEM, "no memory for a sample of %zu values", len);
    len = 0;
    for (size_t c = series->group_at[group]; c < series->group_at[group + 1]; c++) {
        uint32_t combo = series->group_combos[c];
        for (size_t i = v->combo_at[combo]; i < v->combo_at[combo + 1]; i++)
            items[len++] =
                (struct nj_keyed){nj_key_of_int(v->list[i].value), v->list[i].trace, 0};
    }
    return nj_sample_build(out, items, len, series->carriers, arena, err);
}

size_t
nj_series_sample_bytes(const struct nj_series *series)
{
    enum { LEAST = 1 << 20, A_VALUE = 96 };
    uint64_t most = 0;

    for (uint32_t g = 0; g < series->groups.len && !series->shape.is_counted; g++) {
        const struct nj_series_total *total = nj_tally_get(&series->groups, g);
        most = total->observations > most ? total->observations : most;
    }
    return most * A_VALUE > LEAST ? (size_t)most * A_VALUE : LEAST;
}

/* A trace behind the row or cell `at`. */
static struct nj_slice
trace_show(const struct nj_series *series, const struct nj_sample *sample, size_t at,
           char hex[NJ_TRACE_HEX + 1])
{
    if (series->shape.is_counted) {
        const struct nj_series_cell *cell = nj_tally_get(&series->cells, at);
        return nj_trace_id_show(&cell->id, nj_names_get(series->names, cell->text), hex);
    }
    const struct nj_series_trace *trace = &series->traces[sample->item[at].carrier];
    return nj_trace_id_show(&trace->id, nj_names_get(series->names, trace->text), hex);
}

static bool
has_weight(const struct nj_series *series, size_t at)
{
    uint32_t class;

    if (!series->shape.is_counted)
        return true; /* a sample has no rows without */
    class = cell_class(nj_tally_key(&series->cells, at));
    return class_carrier(series, class, 0).weight > 0;
}

struct nj_slice
nj_series_exemplar(const struct nj_series *series, uint32_t group, unsigned measure,
                   const struct nj_sample *sample, size_t rank, char hex[NJ_TRACE_HEX + 1])
{
    char other[NJ_TRACE_HEX + 1];
    struct nj_slice best = {NULL, 0};
    size_t at = rank, end = rank;

    if (series->shape.is_counted) {
        uint32_t cell = nj_loghist_cell(nj_key_int(sample->key[rank]), NJ_LOGHIST_BITS);
        at = cells_from(series, nj_series_cell_key(group, measure, cell, 0));
        end = cells_from(series, nj_series_cell_key(group, measure, cell + 1, 0));
    } else {
        while (end < sample->len && sample->key[end] == sample->key[rank])
            end++;
    }
    for (; at < end; at++) {
        if (!has_weight(series, at))
            continue;
        struct nj_slice shown = trace_show(series, sample, at, other);
        if (best.ptr && nj_slice_cmp(shown, best) >= 0)
            continue;
        best = shown;
        if (shown.ptr == other) {
            memcpy(hex, other, sizeof other);
            best.ptr = hex;
        }
    }
    return best;
}
