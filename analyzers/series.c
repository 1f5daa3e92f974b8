/* series.c - collecting the values of groups, trace by trace, and merging. */
#include "analyzers/series_state.h"

#include "base/hash.h"
#include "base/loghist.h"

#include <stdlib.h>

/* So many weights are told apart; further ones lose all but 12 significant bits. */
enum { CLASSES_MAX = 1 << 16 };

bool
nj_series_must_count(const struct nj_run *run, unsigned values_per_span)
{
    uint64_t max = run->options->kept_values_max;

    return run->corpus->spans_len > (max ? max : NJ_SERIES_KEPT_DEFAULT) / values_per_span;
}

void
nj_series_init(struct nj_series *series, const struct nj_series_shape *shape,
               struct nj_names *names)
{
    NJ_CHECK(shape->measures_len <= NJ_SERIES_MEASURES &&
             shape->summed_len <= shape->measures_len && shape->events_len <= NJ_SERIES_EVENTS);
    *series = (struct nj_series){.shape = *shape, .names = names};
    const struct nj_series_moments *moments = NULL;
    const struct nj_series_unit *unit = NULL;
    nj_tally_init(&series->groups, sizeof(struct nj_series_total));
    nj_tally_init(&series->classes, sizeof(struct nj_series_class));
    nj_tally_init(&series->moments,
                  sizeof *moments + nj_series_sums(series) * sizeof moments->of[0]);
    nj_tally_init(&series->pending, sizeof *unit + nj_series_sums(series) * sizeof unit->y[0]);
    nj_tally_init(&series->cells, sizeof(struct nj_series_cell));
    nj_tally_init(&series->wholes, sizeof(struct nj_series_whole));
    nj_tally_init(&series->combos, sizeof(struct nj_series_combo));
    for (unsigned m = 0; m < NJ_SERIES_MEASURES; m++)
        series->values[m].kept = (struct nj_blocks){.size = sizeof(struct nj_series_value)};
}

void
nj_series_fini(struct nj_series *series)
{
    struct nj_tally *tallies[] = {&series->groups,  &series->classes, &series->moments,
                                  &series->pending, &series->cells,   &series->wholes,
                                  &series->combos};

    for (size_t i = 0; i < NJ_LEN(tallies); i++)
        nj_tally_fini(tallies[i]);
    for (size_t m = 0; m < NJ_SERIES_MEASURES; m++) {
        nj_blocks_fini(&series->values[m].kept);
        free(series->values[m].list);
        free(series->values[m].combo_at);
    }
    free(series->traces);
    free(series->touched);
    free(series->counted);
    free(series->carriers);
    free(series->class_order);
    free(series->group_at);
    free(series->group_combos);
}

/* Room for `more` elements after `len`; `list` is the address of a pointer. */
static bool
room_make(void *list, size_t len, size_t more, size_t *cap, size_t size)
{
    void *moved, *old;
    size_t wanted = *cap ? *cap : 64;

    if (len + more <= *cap)
        return true;
    while (wanted < len + more)
        wanted *= 2;
    memcpy(&old, list, sizeof old);
    moved = realloc(old, wanted * size);
    if (!moved)
        return false;
    memcpy(list, &moved, sizeof moved);
    *cap = wanted;
    return true;
}

uint32_t
nj_series_group(struct nj_series *series, uint64_t key)
{
    struct nj_series_total *total = nj_tally_at(&series->groups, key);

    if (!total || series->groups.len > NJ_SERIES_GROUPS_LIMIT)
        return UINT32_MAX;
    return (uint32_t)nj_tally_index(&series->groups, total);
}

static uint64_t
class_bits(const struct nj_series *series, const struct nj_carrier *carrier)
{
    const uint64_t unknown = (uint64_t)1 << 63;
    uint64_t bits;

    memcpy(&bits, &carrier->weight, sizeof bits);
    if (series->classes.len >= CLASSES_MAX)
        bits = (bits + ((uint64_t)1 << 40)) & ~(((uint64_t)1 << 41) - 1);
    return carrier->rest == 1 ? bits | unknown : bits;
}

/* The record of a class in `classes`; NULL: no memory. */
static const struct nj_series_class *
class_add(struct nj_series *series, uint64_t bits, struct nj_known known)
{
    const uint64_t parts[] = {bits, known.number};
    uint64_t key =
        known.number ? nj_hash((struct nj_slice){(const char *)parts, sizeof parts}) : bits;
    struct nj_series_class *class = nj_tally_at(&series->classes, key);

    if (class)
        *class = (struct nj_series_class){bits, known};
    return class;
}

bool
nj_series_begin(struct nj_series *series, const struct nj_trace *trace)
{
    struct nj_carrier carrier = nj_trace_carrier(trace);
    const struct nj_series_class *class =
        class_add(series, class_bits(series, &carrier), carrier.known);
    uint32_t text = trace->text.len ? nj_names_intern(series->names, trace->text) : NJ_NO_NAME;

    if (!class || text == UINT32_MAX)
        return false;
    series->current = (struct nj_series_trace){
        trace->id, carrier.cluster, text, (uint32_t)nj_tally_index(&series->classes, class)};
    series->is_current_grouped = trace->weight.is_grouped;
    series->touched_len = series->counted_len = 0;
    return true;
}

static bool
value_keep(struct nj_series *series, unsigned measure, int64_t value, uint32_t combo)
{
    struct nj_series_value *kept = nj_blocks_add(&series->values[measure].kept);

    if (kept)
        *kept = (struct nj_series_value){value, (uint32_t)series->traces_len, combo};
    return kept != NULL;
}

static bool
value_count(struct nj_series *series, unsigned measure, int64_t value,
            const struct nj_observation *o)
{
    uint32_t cell = nj_loghist_cell(value, NJ_LOGHIST_BITS);

    if (!room_make(&series->counted, series->counted_len, o->groups_len, &series->counted_cap,
                   sizeof *series->counted))
        return false;
    for (unsigned g = 0; g < o->groups_len; g++)
        series->counted[series->counted_len++] =
            (struct nj_keyed){nj_series_cell_key(o->groups[g], measure, cell, 0), 0, 0};
    return true;
}

static uint32_t
combo_find(struct nj_series *series, const struct nj_observation *o)
{
    struct nj_slice bytes = {(const char *)o->groups, o->groups_len * sizeof o->groups[0]};
    struct nj_series_combo *combo = nj_tally_at(&series->combos, nj_hash(bytes));

    if (!combo)
        return UINT32_MAX;
    if (combo->len == 0) {
        memcpy(combo->groups, o->groups, bytes.len);
        combo->len = o->groups_len;
    }
    return (uint32_t)nj_tally_index(&series->combos, combo);
}

static void
total_add(struct nj_series_total *total, const struct nj_series_shape *shape,
          const struct nj_observation *o)
{
    total->x++;
    for (unsigned m = 0; m < shape->measures_len; m++) {
        int64_t value = o->value[m];
        if (value == NJ_NO_VALUE)
            continue;
        if (m < shape->summed_len)
            total->y[m] += (uint64_t)value;
        if (total->seen[m] == 0 || value < total->min[m])
            total->min[m] = value;
        if (total->seen[m] == 0 || value > total->max[m])
            total->max[m] = value;
        total->seen[m]++;
    }
    for (unsigned e = 0; e < shape->events_len; e++) {
        uint64_t is_true = o->events >> e & 1;
        total->events[e] += is_true;
        total->y[shape->summed_len + e] += is_true;
    }
}

bool
nj_series_add(struct nj_series *series, const struct nj_observation *o)
{
    const struct nj_series_shape *shape = &series->shape;
    uint32_t combo = 0;

    NJ_CHECK(o->groups_len > 0 && o->groups_len <= NJ_SERIES_GROUPS_MAX);
    if (!room_make(&series->touched, series->touched_len, o->groups_len, &series->touched_cap,
                   sizeof *series->touched))
        return false;
    for (unsigned g = 0; g < o->groups_len; g++) {
        struct nj_series_total *total = nj_tally_get(&series->groups, o->groups[g]);
        if (total->x == 0)
            series->touched[series->touched_len++] = o->groups[g];
        total_add(total, shape, o);
    }
    if (!shape->is_counted && (combo = combo_find(series, o)) == UINT32_MAX)
        return false;
    for (unsigned m = 0; m < shape->measures_len; m++) {
        if (o->value[m] == NJ_NO_VALUE)
            continue;
        if (shape->is_counted ? !value_count(series, m, o->value[m], o)
                              : !value_keep(series, m, o->value[m], combo))
            return false;
    }
    return true;
}

bool
nj_series_moments_add(struct nj_series *series, uint32_t group, uint32_t class, uint64_t x,
                      const uint64_t *y)
{
    struct nj_series_moments *m =
        nj_tally_at(&series->moments, nj_series_moments_key(group, class));

    if (!m)
        return false;
    m->units++;
    m->x += x;
    nj_wide_add_product(&m->xx, x, x);
    for (unsigned i = 0; i < nj_series_sums(series); i++) {
        nj_wide_add(&m->of[i].y, y[i]);
        nj_wide_add_product(&m->of[i].xy, x, y[i]);
        nj_wide_add_product(&m->of[i].yy, y[i], y[i]);
    }
    return true;
}

static bool
unit_add(struct nj_series *series, uint32_t group, uint32_t class, uint64_t cluster, uint64_t x,
         const uint64_t *y)
{
    const uint64_t parts[] = {(uint64_t)group << 32 | class, cluster};
    struct nj_slice bytes = {(const char *)parts, sizeof parts};
    struct nj_series_unit *unit = nj_tally_at(&series->pending, nj_hash(bytes));

    if (!unit)
        return false;
    unit->group = group;
    unit->class = class;
    unit->cluster = cluster;
    unit->x += x;
    for (unsigned i = 0; i < nj_series_sums(series); i++)
        unit->y[i] += y[i];
    return true;
}

/* Whether the id of `a` comes before the one of `b` as they are shown. */
static bool
shown_before(const struct nj_series_cell *a, const struct nj_series_cell *b,
             const struct nj_names *names)
{
    char hex_a[NJ_TRACE_HEX + 1], hex_b[NJ_TRACE_HEX + 1];

    if (a->text == NJ_NO_NAME && b->text == NJ_NO_NAME) /* digits sort as the bytes do */
        return nj_trace_id_before(&a->id, &b->id);
    return nj_slice_cmp(nj_trace_id_show(&a->id, nj_names_get(names, a->text), hex_a),
                        nj_trace_id_show(&b->id, nj_names_get(names, b->text), hex_b)) < 0;
}

static bool
cell_add(struct nj_series *series, struct nj_series_cell *cell,
         const struct nj_series_cell *more)
{
    if (!cell)
        return false;
    bool is_new = cell->rows == 0;
    cell->rows += more->rows;
    cell->aa += more->aa;
    cell->ab += more->ab;
    if (more->most > cell->most)
        cell->most = more->most;
    if (is_new || shown_before(more, cell, series->names)) {
        cell->id = more->id;
        cell->text = more->text;
    }
    return true;
}

static bool
whole_add(struct nj_series *series, uint64_t key, const struct nj_series_whole *more)
{
    struct nj_series_whole *whole = nj_tally_at(&series->wholes, key);

    if (!whole)
        return false;
    whole->traces += more->traces;
    whole->squares += more->squares;
    return true;
}

/* What else an item of `counted` has room for, once it is sorted. */
static void
hash_keep(struct nj_keyed *item, uint64_t hash)
{
    item->carrier = (uint32_t)hash;
    item->tag = (uint32_t)(hash >> 32);
}

static uint64_t
hash_of(const struct nj_keyed *item)
{
    return (uint64_t)item->tag << 32 | item->carrier;
}

/* The cells that the trace hit, sorted, into the histogram: for each group and measure the
 * rows below a cell are `a`, all are `b`. */
static bool
cells_add(struct nj_series *series, struct nj_arena *scratch)
{
    const unsigned group_shift = NJ_SERIES_CELL_BITS + NJ_SERIES_CLASS_BITS;
    struct nj_keyed *list = series->counted;
    const struct nj_series_trace *t = &series->current;

    if (nj_keyed_sort(series->counted, series->counted_len, scratch, NULL) < 0)
        return false;
    for (size_t i = 0; i < series->counted_len; i++)
        hash_keep(&list[i], nj_tally_expect_slot(&series->cells, list[i].key | t->class));
    for (size_t i = 0; i < series->counted_len; i++)
        nj_tally_expect_record(&series->cells, hash_of(&list[i]));
    for (size_t first = 0, last; first < series->counted_len; first = last) {
        for (last = first; last < series->counted_len &&
                           list[last].key >> group_shift == list[first].key >> group_shift;)
            last++;
        uint64_t b = last - first, a = 0;
        for (size_t at = first, next; at < last; at = next) {
            for (next = at; next < last && list[next].key == list[at].key;)
                next++;
            uint64_t rows = next - at;
            struct nj_series_cell cell = {rows,     (a + rows) * (a + rows) - a * a,
                                          rows * b, t->id,
                                          t->text,  (uint32_t)(b - a)};
            struct nj_series_cell *into =
                nj_tally_at_hash(&series->cells, list[at].key | t->class, hash_of(&list[at]));
            if (!cell_add(series, into, &cell))
                return false;
            a += rows;
        }
        const struct nj_series_whole one = {1, b * b};
        if (!whole_add(series, list[first].key >> group_shift << group_shift | t->class, &one))
            return false;
    }
    return true;
}

bool
nj_series_end(struct nj_series *series, struct nj_arena *scratch)
{
    if (series->touched_len == 0)
        return true;
    for (size_t i = 0; i < series->touched_len; i++) {
        uint32_t group = series->touched[i];
        struct nj_series_total *total = nj_tally_get(&series->groups, group);
        total->traces++;
        total->observations += total->x;
        bool is_done = series->is_current_grouped
                           ? unit_add(series, group, series->current.class,
                                      series->current.cluster, total->x, total->y)
                           : nj_series_moments_add(series, group, series->current.class,
                                                   total->x, total->y);
        if (!is_done)
            return false;
        total->x = 0;
        memset(total->y, 0, nj_series_sums(series) * sizeof total->y[0]);
    }
    if (series->shape.is_counted)
        return cells_add(series, scratch);
    if (series->traces_len == UINT32_MAX ||
        !room_make(&series->traces, series->traces_len, 1, &series->traces_cap,
                   sizeof *series->traces))
        return false;
    series->traces[series->traces_len++] = series->current;
    return true;
}

/* Numbers of another series in this one. */
struct maps {
    uint32_t *groups, *classes, *combos;
};

static void
totals_merge(struct nj_series_total *a, const struct nj_series_total *b)
{
    a->observations += b->observations;
    a->traces += b->traces;
    for (unsigned e = 0; e < NJ_SERIES_EVENTS; e++)
        a->events[e] += b->events[e];
    for (unsigned m = 0; m < NJ_SERIES_MEASURES; m++) {
        if (b->seen[m] == 0)
            continue;
        if (a->seen[m] == 0 || b->min[m] < a->min[m])
            a->min[m] = b->min[m];
        if (a->seen[m] == 0 || b->max[m] > a->max[m])
            a->max[m] = b->max[m];
        a->seen[m] += b->seen[m];
    }
}

static bool
maps_fill(struct maps *maps, struct nj_series *into, const struct nj_series *from)
{
    maps->groups = malloc((from->groups.len + 1) * sizeof *maps->groups);
    maps->classes = malloc((from->classes.len + 1) * sizeof *maps->classes);
    maps->combos = malloc((from->combos.len + 1) * sizeof *maps->combos);
    if (!maps->groups || !maps->classes || !maps->combos)
        return false;
    for (size_t i = 0; i < from->groups.len; i++) {
        maps->groups[i] = nj_series_group(into, nj_tally_key(&from->groups, i));
        if (maps->groups[i] == UINT32_MAX)
            return false;
        totals_merge(nj_tally_get(&into->groups, maps->groups[i]),
                     nj_tally_get(&from->groups, i));
    }
    for (size_t i = 0; i < from->classes.len; i++) {
        const struct nj_series_class *of = nj_tally_get(&from->classes, i);
        const struct nj_series_class *class = class_add(into, of->bits, of->known);
        if (!class)
            return false;
        maps->classes[i] = (uint32_t)nj_tally_index(&into->classes, class);
    }
    for (size_t i = 0; i < from->combos.len; i++) {
        const struct nj_series_combo *combo = nj_tally_get(&from->combos, i);
        struct nj_observation o = {.groups_len = combo->len};
        for (uint32_t g = 0; g < combo->len; g++)
            o.groups[g] = maps->groups[combo->groups[g]];
        if ((maps->combos[i] = combo_find(into, &o)) == UINT32_MAX)
            return false;
    }
    return true;
}

static bool
moments_merge(struct nj_series *into, const struct nj_series *from, const struct maps *maps)
{
    for (size_t i = 0; i < from->moments.len; i++) {
        uint64_t key = nj_tally_key(&from->moments, i);
        const struct nj_series_moments *b = nj_tally_get(&from->moments, i);
        struct nj_series_moments *a =
            nj_tally_at(&into->moments, nj_series_moments_key(maps->groups[key >> 32],
                                                              maps->classes[(uint32_t)key]));
        if (!a)
            return false;
        a->units += b->units;
        a->x += b->x;
        nj_wide_add_wide(&a->xx, b->xx);
        for (unsigned s = 0; s < nj_series_sums(into); s++) {
            nj_wide_add_wide(&a->of[s].y, b->of[s].y);
            nj_wide_add_wide(&a->of[s].xy, b->of[s].xy);
            nj_wide_add_wide(&a->of[s].yy, b->of[s].yy);
        }
    }
    for (size_t i = 0; i < from->pending.len; i++) {
        const struct nj_series_unit *b = nj_tally_get(&from->pending, i);
        if (!unit_add(into, maps->groups[b->group], maps->classes[b->class], b->cluster, b->x,
                      b->y))
            return false;
    }
    return true;
}

/* A key of cells or wholes of another series in this one. */
static uint64_t
key_map(uint64_t key, const struct maps *maps)
{
    const unsigned group_shift =
        NJ_SERIES_MEASURE_BITS + NJ_SERIES_CELL_BITS + NJ_SERIES_CLASS_BITS;
    const uint64_t class_mask = ((uint64_t)1 << NJ_SERIES_CLASS_BITS) - 1;
    uint64_t middle = key & (((uint64_t)1 << group_shift) - 1) & ~class_mask;

    return (uint64_t)maps->groups[key >> group_shift] << group_shift | middle |
           maps->classes[key & class_mask];
}

static bool
cells_merge(struct nj_series *into, const struct nj_series *from, const struct maps *maps)
{
    for (size_t i = 0; i < from->cells.len; i++)
        if (!cell_add(into,
                      nj_tally_at(&into->cells, key_map(nj_tally_key(&from->cells, i), maps)),
                      nj_tally_get(&from->cells, i)))
            return false;
    for (size_t i = 0; i < from->wholes.len; i++)
        if (!whole_add(into, key_map(nj_tally_key(&from->wholes, i), maps),
                       nj_tally_get(&from->wholes, i)))
            return false;
    return true;
}

static bool
values_merge(struct nj_series *into, struct nj_series *from, const struct maps *maps)
{
    if (from->traces_len > UINT32_MAX - into->traces_len ||
        !room_make(&into->traces, into->traces_len, from->traces_len, &into->traces_cap,
                   sizeof *into->traces))
        return false;
    for (unsigned m = 0; m < into->shape.measures_len; m++) {
        for (struct nj_block *b = from->values[m].kept.first; b; b = b->next) {
            struct nj_series_value *list = (struct nj_series_value *)b->data;
            for (size_t i = 0; i < b->len; i++) {
                list[i].trace += (uint32_t)into->traces_len;
                list[i].combo = maps->combos[list[i].combo];
            }
        }
        nj_blocks_take(&into->values[m].kept, &from->values[m].kept);
    }
    for (size_t i = 0; i < from->traces_len; i++) {
        into->traces[into->traces_len] = from->traces[i];
        into->traces[into->traces_len++].class = maps->classes[from->traces[i].class];
    }
    return true;
}

bool
nj_series_merge(struct nj_series *into, struct nj_series *from)
{
    struct maps maps = {NULL, NULL, NULL};
    bool is_done = maps_fill(&maps, into, from) && moments_merge(into, from, &maps) &&
                   cells_merge(into, from, &maps) && values_merge(into, from, &maps);

    free(maps.groups);
    free(maps.classes);
    free(maps.combos);
    return is_done;
}
