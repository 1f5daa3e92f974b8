/* path_merge.c - critical time by key of two threads or machines added up. */
#include "analyzers/path_cohorts.h"

#include <stdlib.h>

/* Numbers of keys and classes of `from` in `into`. */
struct renumbering {
    uint32_t *keys, *classes;
};

static bool
renumber(struct nj_path_totals *into, const struct nj_path_totals *from, struct renumbering *r)
{
    r->keys = malloc((from->keys.len + 1) * sizeof *r->keys);
    r->classes = malloc((from->classes.len + 1) * sizeof *r->classes);
    if (!r->keys || !r->classes)
        return false;
    for (size_t i = 0; i < from->keys.len; i++) {
        const struct nj_path_key *key = nj_tally_get(&from->keys, i);
        r->keys[i] = nj_path_key_find(into, (enum nj_path_by)key->by, key->id);
        if (r->keys[i] == UINT32_MAX)
            return false;
    }
    for (size_t i = 0; i < from->classes.len; i++) {
        const void *class = nj_tally_at(&into->classes, nj_tally_key(&from->classes, i));
        if (!class || into->classes.len > 1 << NJ_PATH_CLASS_BITS)
            return false;
        r->classes[i] = (uint32_t)nj_tally_index(&into->classes, class);
    }
    return true;
}

static bool
sums_merge(struct nj_path_totals *into, const struct nj_path_totals *from,
           const struct renumbering *r)
{
    for (size_t i = 0; i < from->sums.len; i++) {
        const struct nj_path_sums *f = nj_tally_get(&from->sums, i);
        struct nj_path_place at = nj_path_place_of(nj_tally_key(&from->sums, i));
        struct nj_path_sums *t = nj_tally_at(
            &into->sums, nj_path_sums_key(at.in, r->keys[at.key], r->classes[at.class]));
        if (!t)
            return false;
        t->traces += f->traces;
        nj_wide_add_wide(&t->ns, f->ns);
        nj_wide_add_wide(&t->square, f->square);
        nj_wide_add_wide(&t->with_whole, f->with_whole);
        for (int s = 0; s < NJ_PATH_SAVINGS; s++)
            nj_wide_add_wide(&t->lost[s], f->lost[s]);
    }
    return true;
}

static bool
wholes_merge(struct nj_path_totals *into, const struct nj_path_totals *from,
             const struct renumbering *r)
{
    for (size_t i = 0; i < from->wholes.len; i++) {
        const struct nj_path_whole *f = nj_tally_get(&from->wholes, i);
        struct nj_path_place at = nj_path_place_of(nj_tally_key(&from->wholes, i));
        struct nj_path_whole *t =
            nj_tally_at(&into->wholes, nj_path_sums_key(at.in, 0, r->classes[at.class]));
        if (!t)
            return false;
        t->traces += f->traces;
        t->units += f->units;
        nj_wide_add_wide(&t->ns, f->ns);
        nj_wide_add_wide(&t->square, f->square);
        nj_wide_add_wide(&t->ambiguous, f->ambiguous);
        nj_wide_add_wide(&t->waiting, f->waiting);
        nj_wide_add_wide(&t->gap, f->gap);
        nj_wide_add_wide(&t->asked, f->asked);
        t->asked_traces += f->asked_traces;
    }
    return true;
}

static bool
values_merge(struct nj_path_totals *into, struct nj_path_totals *from,
             const struct renumbering *r)
{
    for (struct nj_block *b = from->values.first; b; b = b->next) {
        struct nj_path_value *list = (struct nj_path_value *)b->data;
        for (size_t i = 0; i < b->len; i++) {
            list[i].key = r->keys[list[i].key];
            list[i].class = r->classes[list[i].class];
        }
    }
    nj_blocks_take(&into->values, &from->values);
    for (size_t i = 0; i < from->cells.len; i++) {
        const struct nj_path_cell *f = nj_tally_get(&from->cells, i);
        uint64_t key = nj_tally_key(&from->cells, i);
        struct nj_path_place at = nj_path_place_of_cell(key);
        struct nj_path_cell *t =
            nj_tally_at(&into->cells, nj_path_cell_key(at.in, r->keys[at.key], at.cell,
                                                       r->classes[at.class]));
        if (!t)
            return false;
        if (t->traces == 0 || f->least_ns < t->least_ns)
            t->least_ns = f->least_ns;
        t->traces += f->traces;
    }
    return true;
}

static bool
rest_merge(struct nj_path_totals *into, const struct nj_path_totals *from,
           const struct renumbering *r)
{
    for (size_t i = 0; i < from->units.len; i++) {
        const struct nj_path_unit *u = nj_tally_get(&from->units, i);
        uint32_t key = u->key == NJ_PATH_WHOLE ? u->key : r->keys[u->key];
        if (!nj_path_unit_add(into, u->cluster, key, r->classes[u->class],
                              (enum nj_path_scope)u->scope, u->ns))
            return false;
    }
    for (size_t i = 0; i < from->nodes.len; i++) {
        struct nj_call_node *node = nj_tally_at(&into->nodes, nj_tally_key(&from->nodes, i));
        if (!node)
            return false;
        *node = *(const struct nj_call_node *)nj_tally_get(&from->nodes, i);
    }
    into->has_items = into->has_items || from->has_items;
    return true;
}

bool
nj_path_totals_merge(struct nj_path_totals *into, struct nj_path_totals *from)
{
    struct renumbering r = {0};
    bool is_done = renumber(into, from, &r) && sums_merge(into, from, &r) &&
                   wholes_merge(into, from, &r) && values_merge(into, from, &r) &&
                   rest_merge(into, from, &r) && nj_path_cohorts_merge(into, from, r.classes);

    free(r.keys);
    free(r.classes);
    return is_done;
}
