/* sampling_strata.c - what is stored against what happened: traces by rule, or by status, speed
 * and rate. */
#include "analyzers/sampling.h"

#include <math.h>
#include <stdlib.h>

/* With more rates than this a stratum shows their mean. */
enum { RATES_MAX = 12 };
/* Slow is what takes longer than this share of traces. */
#define SLOW_FROM 0.95

struct stratum {
    struct nj_slice name;
    uint8_t order;
    double weight; /* of each trace; NaN where several are added up */
    double traces, estimated;
};

struct strata {
    struct nj_sampling_run *s;
    struct stratum *list;
    size_t len, cap;
};

static void
stratum_add(struct strata *strata, const struct stratum *more)
{
    for (size_t i = 0; i < strata->len; i++) {
        struct stratum *old = &strata->list[i];
        bool is_same =
            old->order == more->order && nj_slice_eq(old->name, more->name) &&
            (old->weight == more->weight || (isnan(old->weight) && isnan(more->weight)));
        if (is_same) {
            old->traces += more->traces;
            old->estimated += more->estimated;
            return;
        }
    }
    if (strata->len < strata->cap)
        strata->list[strata->len++] = *more;
}

static int
stratum_cmp(const void *a, const void *b)
{
    const struct stratum *l = a, *r = b;

    if (l->order != r->order)
        return l->order < r->order ? -1 : 1;
    int c = nj_slice_cmp(l->name, r->name);
    return c ? c : (l->weight > r->weight) - (l->weight < r->weight);
}

static void
strata_put(struct strata *strata)
{
    struct nj_table *t = nj_results_table(strata->s->results, NJ_TABLE_sampling_strata);
    double traces = 0, estimated = 0;

    if (strata->len > 1)
        qsort(strata->list, strata->len, sizeof *strata->list, stratum_cmp);
    for (size_t i = 0; i < strata->len; i++) {
        traces += strata->list[i].traces;
        estimated += strata->list[i].estimated;
    }
    for (size_t i = 0; i < strata->len; i++) {
        const struct stratum *of = &strata->list[i];
        double rate = isnan(of->weight) ? of->traces / of->estimated : 1 / of->weight;
        size_t row = nj_table_add(t);
        nj_table_put_text(t, row, NJ_COL_sampling_strata_stratum, of->name);
        nj_table_put_real(t, row, NJ_COL_sampling_strata_rate, rate);
        nj_table_put_int(t, row, NJ_COL_sampling_strata_traces, (int64_t)of->traces);
        nj_table_put_real(t, row, NJ_COL_sampling_strata_stored_share, of->traces / traces);
        nj_table_put_real(t, row, NJ_COL_sampling_strata_estimated_share,
                          of->estimated / estimated);
    }
}

/* Rules and strata of a policy are the strata where there is one. */
static bool
rules_add(struct strata *strata)
{
    const struct nj_tally *origins = &strata->s->state->origins;
    bool has_rules = false;

    for (size_t i = 0; i < origins->len; i++) {
        const struct nj_sampling_origin *o = nj_tally_get(origins, i);
        struct nj_slice name = nj_names_get(strata->s->run->names, o->source);
        bool is_rule = nj_slice_starts(name, NJ_SLICE("policy:")) ||
                       nj_slice_starts(name, NJ_SLICE("strata:"));
        struct stratum of = {is_rule ? nj_slice_from(name, 7) : NJ_SLICE("(no rule)"), !is_rule,
                             o->weight, (double)o->traces, o->weight * (double)o->traces};
        has_rules |= is_rule;
        stratum_add(strata, &of);
    }
    if (!has_rules)
        strata->len = 0;
    return has_rules;
}

/* The traces of one group, the slower part of them apart. */
static enum nj_status
speeds_add(struct strata *strata, uint64_t key, int64_t slow_over_ns, bool has_many_rates)
{
    static const char *const names[2][2] = {{"ordinary", "slow"}, {"error", "error, slow"}};
    static const uint8_t orders[2][2] = {{3, 2}, {1, 0}};
    struct nj_sampling_run *s = strata->s;
    uint32_t group = nj_sampling_group(s->state, key);
    bool is_error = key == NJ_SAMPLING_ROOTED_ERROR;
    struct nj_sample sample;

    if (group == UINT32_MAX)
        return NJ_OK;
    enum nj_status st =
        nj_series_sample(&s->state->series, group, 0, s->arena, &sample, s->run->err);
    for (size_t i = 0; st == NJ_OK && i < sample.stored_len; i++) {
        const struct nj_cell *cell = sample.stored_cell ? &sample.stored_cell[i] : NULL;
        int64_t value = nj_key_int(cell ? cell->key : sample.stored[i].key);
        bool is_slow = value > slow_over_ns;
        double rows = cell ? cell->rows : 1;
        double weight = cell ? cell->weight : sample.carriers[sample.stored[i].carrier].weight;
        struct stratum of = {nj_slice_of(names[is_error][is_slow]), orders[is_error][is_slow],
                             has_many_rates ? (double)NAN : weight, rows, rows * weight};
        stratum_add(strata, &of);
    }
    return st;
}

static enum nj_status
speeds_put(struct strata *strata)
{
    struct nj_sampling_run *s = strata->s;
    uint32_t group = nj_sampling_group(s->state, NJ_SAMPLING_ROOTED);
    struct nj_sample sample;

    if (group == UINT32_MAX)
        return NJ_OK;
    enum nj_status st =
        nj_series_sample(&s->state->series, group, 0, s->arena, &sample, s->run->err);
    size_t slow = st == NJ_OK ? nj_sample_rank(&sample, SLOW_FROM) : NJ_NO_RANK;
    int64_t slow_over_ns = slow == NJ_NO_RANK ? INT64_MAX : nj_key_int(sample.key[slow]);
    bool has_many_rates = s->state->series.classes.len > RATES_MAX;
    if (st == NJ_OK)
        st = speeds_add(strata, NJ_SAMPLING_ROOTED_ERROR, slow_over_ns, has_many_rates);
    if (st == NJ_OK)
        st = speeds_add(strata, NJ_SAMPLING_ROOTED_OK, slow_over_ns, has_many_rates);
    return st;
}

enum nj_status
nj_sampling_strata_put(struct nj_sampling_run *s)
{
    /* rules and their weights, or four kinds of traces and their weights */
    size_t cap = s->state->origins.len + 4 * (RATES_MAX + 1);
    struct strata strata = {s, NJ_NEW_RAW(s->arena, struct stratum, cap), 0, cap};
    enum nj_status st = NJ_OK;

    if (!strata.list)
        return nj_fail(s->run->err, NJ_ENOMEM, "no memory for strata");
    if (!rules_add(&strata))
        st = speeds_put(&strata);
    if (st == NJ_OK)
        strata_put(&strata);
    return st;
}
