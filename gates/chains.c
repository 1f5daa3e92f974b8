/* chains.c - which kinds of errors are new, gone, more or less frequent than before. */
#include "gates/chains.h"

#include "base/estimate.h"
#include "base/fisher.h"
#include "base/search.h"

#include <math.h>
#include <stdlib.h>

enum side { BEFORE, NOW, SIDES };

/* In the order in which they are shown: worst first. */
enum change { NEW, MORE, GONE, LESS, RARE, SAME };

struct seen {
    struct nj_mass mass;
    uint64_t traces;
};

/* One key of one level, and what was seen of it on each side. */
struct key {
    struct nj_slice level, text;
    struct seen seen[SIDES];
    double p, q;
    enum change change;
};

struct comparison {
    struct key *keys;
    size_t len;
    struct seen all[SIDES];
    double error_weight[SIDES]; /* that a trace with an error has, on average */
    double rate;
};

/* The unit of the levels is text, as in the tables; their order is that of the report. */
static const char *const levels[] = {"origin", "site", "chain"};

static size_t
level_rank(struct nj_slice level)
{
    size_t rank = 0;

    while (rank < NJ_LEN(levels) && !nj_slice_eq(level, nj_slice_of(levels[rank])))
        rank++;
    return rank;
}

static int
key_cmp(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    size_t i = level_rank(x->level), j = level_rank(y->level);

    return i != j ? (i < j ? -1 : 1) : nj_slice_cmp(x->text, y->text);
}

static int
change_cmp(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    size_t i = level_rank(x->level), j = level_rank(y->level);

    if (i != j)
        return i < j ? -1 : 1;
    if (x->change != y->change)
        return x->change < y->change ? -1 : 1;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return nj_slice_cmp(x->text, y->text);
}

static void
seen_add(struct seen *into, const struct seen *more)
{
    into->mass.weight += more->mass.weight;
    into->mass.weight_sq += more->mass.weight_sq;
    into->traces += more->traces;
}

static double
real_or_zero(const struct nj_table *t, size_t row, unsigned column)
{
    return nj_table_is_null(t, row, column) ? 0 : nj_table_real(t, row, column);
}

/* Appends the keys of one result, and its traces to all of that side. */
static void
result_read(struct comparison *c, const struct nj_results *results, enum side side)
{
    const struct nj_table *summary = nj_results_view(results, NJ_TABLE_errors_summary);
    const struct nj_table *keys = nj_results_view(results, NJ_TABLE_error_keys);

    for (size_t r = 0; r < nj_table_len(summary); r++)
        seen_add(
            &c->all[side],
            &(struct seen){{real_or_zero(summary, r, NJ_COL_errors_summary_weight),
                            real_or_zero(summary, r, NJ_COL_errors_summary_weight_sq)},
                           (uint64_t)nj_table_int(summary, r, NJ_COL_errors_summary_traces)});
    for (size_t r = 0; r < nj_table_len(keys); r++) {
        struct key *key = &c->keys[c->len++];
        *key = (struct key){.level = nj_table_text(keys, r, NJ_COL_error_keys_level),
                            .text = nj_table_text(keys, r, NJ_COL_error_keys_key)};
        key->seen[side] =
            (struct seen){{real_or_zero(keys, r, NJ_COL_error_keys_weight),
                           real_or_zero(keys, r, NJ_COL_error_keys_weight_sq)},
                          (uint64_t)nj_table_int(keys, r, NJ_COL_error_keys_traces)};
    }
}

/* One entry a key, in the order of key_cmp. */
static void
keys_merge(struct comparison *c)
{
    size_t kept = 0;

    if (c->len > 0)
        qsort(c->keys, c->len, sizeof *c->keys, key_cmp);
    for (size_t i = 0; i < c->len; i++) {
        if (kept == 0 || key_cmp(&c->keys[kept - 1], &c->keys[i]) != 0) {
            c->keys[kept++] = c->keys[i];
            continue;
        }
        for (int side = 0; side < SIDES; side++)
            seen_add(&c->keys[kept - 1].seen[side], &c->keys[i].seen[side]);
    }
    c->len = kept;
}

/* What a trace weighs that has an error, on average over the origins of a side: traces with
 * errors are often sampled in another way than the rest. */
static void
error_weights_set(struct comparison *c)
{
    for (int side = 0; side < SIDES; side++) {
        struct nj_mass sum = {0, 0};
        for (size_t i = 0; i < c->len && level_rank(c->keys[i].level) == 0; i++) {
            sum.weight += c->keys[i].seen[side].mass.weight;
            sum.weight_sq += c->keys[i].seen[side].mass.weight_sq;
        }
        if (sum.weight > 0)
            c->error_weight[side] = sum.weight_sq / sum.weight;
        else
            c->error_weight[side] = c->all[side].mass.weight_sq / c->all[side].mass.weight;
    }
}

/* As many plain traces as tell as much about how frequent the key is. Where it was not seen at
 * all, a trace with it would have weighed what traces with errors do there. */
static struct nj_count
count_of(const struct comparison *c, const struct key *key, enum side side)
{
    const struct seen *seen = &key->seen[side], *all = &c->all[side];
    double p = fmin(1, seen->mass.weight / all->mass.weight), n;

    n = seen->mass.weight > 0 ? nj_share_size(seen->mass, all->mass)
                              : all->mass.weight / c->error_weight[side];
    n = floor(n + 1e-6);
    return (struct nj_count){(uint64_t)(p * n + 0.5), (uint64_t)n};
}

/* Tests one level in one direction. */
static enum nj_status
family_judge(struct comparison *c, struct key *keys, size_t len, bool is_more,
             struct nj_error *err)
{
    struct nj_hypothesis *family = calloc(len, sizeof *family);
    enum nj_status st;

    if (!family)
        return nj_fail(err, NJ_ENOMEM, "no memory to compare %zu kinds of errors", len);
    for (size_t i = 0; i < len; i++) {
        struct nj_count before = count_of(c, &keys[i], is_more ? BEFORE : NOW);
        struct nj_count now = count_of(c, &keys[i], is_more ? NOW : BEFORE);
        family[i].p = nj_fisher_more(before, now);
        family[i].p_least = nj_fisher_least(before, now);
    }
    st = nj_discoveries_find(family, len, c->rate, err);
    for (size_t i = 0; i < len && st == NJ_OK; i++) {
        bool was_there = keys[i].seen[BEFORE].traces > 0;
        bool is_there = keys[i].seen[NOW].traces > 0;
        bool is_rare = is_more && !was_there && !family[i].is_testable;
        if (!family[i].is_rejected && !is_rare)
            continue;
        keys[i].p = family[i].p;
        keys[i].q = is_rare ? (double)NAN : family[i].q;
        keys[i].change = is_rare   ? RARE
                         : is_more ? (was_there ? MORE : NEW)
                                   : (is_there ? LESS : GONE);
    }
    free(family);
    return st;
}

static enum nj_status
levels_judge(struct comparison *c, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    for (size_t i = 0; i < c->len; i++)
        c->keys[i].change = SAME;
    for (size_t first = 0, end; first < c->len && st == NJ_OK; first = end) {
        size_t rank = level_rank(c->keys[first].level);
        for (end = first + 1; end < c->len && level_rank(c->keys[end].level) == rank;)
            end++;
        st = family_judge(c, c->keys + first, end - first, true, err);
        if (st == NJ_OK)
            st = family_judge(c, c->keys + first, end - first, false, err);
    }
    return st;
}

/* A trace that has the key: the example of the most frequent chain with it. */
static struct nj_slice
exemplar_of(const struct nj_results *now, const struct key *key)
{
    static const unsigned columns[] = {NJ_COL_error_chains_origin_key,
                                       NJ_COL_error_chains_fingerprint,
                                       NJ_COL_error_chains_chain};
    const struct nj_table *chains = nj_results_view(now, NJ_TABLE_error_chains);
    size_t level = level_rank(key->level);

    for (size_t r = 0; level < NJ_LEN(columns) && r < nj_table_len(chains); r++)
        if (nj_slice_eq(nj_table_text(chains, r, columns[level]), key->text))
            return nj_table_text(chains, r, NJ_COL_error_chains_exemplar);
    return (struct nj_slice){0};
}

static void
changes_put(const struct comparison *c, struct nj_results *now)
{
    static const char *const names[] = {"new", "more", "gone", "less", "rare"};
    struct nj_table *t = nj_results_table(now, NJ_TABLE_error_changes);

    for (size_t i = 0; i < c->len; i++) {
        const struct key *key = &c->keys[i];
        struct nj_slice exemplar = {0};
        size_t row;
        if (key->change == SAME)
            continue;
        row = nj_table_add(t);
        nj_table_put_text(t, row, NJ_COL_error_changes_level, key->level);
        nj_table_put_text(t, row, NJ_COL_error_changes_key, key->text);
        nj_table_put_text(t, row, NJ_COL_error_changes_change, nj_slice_of(names[key->change]));
        nj_table_put_int(t, row, NJ_COL_error_changes_traces_before,
                         (int64_t)key->seen[BEFORE].traces);
        nj_table_put_int(t, row, NJ_COL_error_changes_traces_now,
                         (int64_t)key->seen[NOW].traces);
        nj_table_put_real(t, row, NJ_COL_error_changes_share_before,
                          key->seen[BEFORE].mass.weight / c->all[BEFORE].mass.weight);
        nj_table_put_real(t, row, NJ_COL_error_changes_share_now,
                          key->seen[NOW].mass.weight / c->all[NOW].mass.weight);
        nj_table_put_real(t, row, NJ_COL_error_changes_p, key->p);
        nj_table_put_real(t, row, NJ_COL_error_changes_q, key->q);
        if (key->change == NEW || key->change == MORE)
            exemplar = exemplar_of(now, key);
        if (exemplar.len > 0)
            nj_table_put_text(t, row, NJ_COL_error_changes_exemplar, exemplar);
    }
}

static struct nj_chain_counts
counts_of(const struct comparison *c)
{
    struct nj_chain_counts counts = {0};

    for (size_t i = 0; i < c->len; i++) {
        enum change change = c->keys[i].change;
        bool is_origin = level_rank(c->keys[i].level) == 0;
        counts.worse_all += change == NEW || change == MORE;
        counts.worse += is_origin && (change == NEW || change == MORE);
        counts.better_all += change == GONE || change == LESS;
        counts.rare += is_origin && change == RARE;
    }
    return counts;
}

enum nj_status
nj_chains_compare(struct nj_results *now, const struct nj_results *const *before,
                  size_t before_len, double rate, struct nj_chain_counts *out,
                  struct nj_error *err)
{
    struct comparison c = {.rate = rate};
    size_t room = nj_table_len(nj_results_view(now, NJ_TABLE_error_keys));
    enum nj_status st = NJ_OK;

    *out = (struct nj_chain_counts){0};
    nj_table_clear(nj_results_table(now, NJ_TABLE_error_changes));
    for (size_t i = 0; i < before_len; i++)
        room += nj_table_len(nj_results_view(before[i], NJ_TABLE_error_keys));
    if (room == 0)
        return NJ_OK;
    c.keys = calloc(room, sizeof *c.keys);
    if (!c.keys)
        return nj_fail(err, NJ_ENOMEM, "no memory to compare %zu kinds of errors", room);
    for (size_t i = 0; i < before_len; i++)
        result_read(&c, before[i], BEFORE);
    result_read(&c, now, NOW);
    keys_merge(&c);
    if (c.all[BEFORE].mass.weight > 0 && c.all[NOW].mass.weight > 0) {
        error_weights_set(&c);
        st = levels_judge(&c, err);
        if (st == NJ_OK) {
            *out = counts_of(&c);
            qsort(c.keys, c.len, sizeof *c.keys, change_cmp);
            changes_put(&c, now);
        }
    }
    free(c.keys);
    return st == NJ_OK ? nj_results_check(now, err) : st;
}
