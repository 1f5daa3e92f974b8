/* errors_tables.c - sums of errors to tables, most frequent first. */
#include "analyzers/errors_sums.h"
#include "analyzers/metric_row.h"

#include <math.h>
#include <stdlib.h>

/* Below so many errors at a boundary a rate says nothing. */
enum { RATE_MIN = 5 };

/* Sums over the traces of a group. */
struct mass {
    uint64_t traces;
    double weight, weight_sq;
};

/* A group of a series, and where its row stands. */
struct entry {
    uint32_t group, id;
    struct mass mass;
    struct nj_slice text;
};

struct tables {
    struct nj_error_sums *sums;
    struct nj_run *run;
    struct nj_results *results;
    struct nj_arena *arena;
    struct mass all;
};

static struct nj_slice
name_of(const struct tables *t, uint32_t name)
{
    return nj_names_get(t->sums->names, name);
}

static struct mass
mass_of(const struct tables *t, const struct nj_series *series, uint32_t group)
{
    struct nj_data data = nj_series_strata(series, group, NJ_SUM_OF_EVENT, 0, t->arena);
    struct nj_series_group counts;
    struct mass mass = {0};

    nj_series_get(series, group, &counts);
    mass.traces = counts.traces;
    for (size_t i = 0; i < data.len; i++) {
        double w = data.strata[i].weight, units = data.strata[i].units;
        mass.weight += w * units;
        mass.weight_sq += w * w * units;
    }
    return mass;
}

/* Share of a group of traces in all: Wilson's interval for as many plain traces as would place
 * it as well. */
static struct nj_estimate
share_of(const struct mass *part, const struct mass *all)
{
    double n = nj_share_size((struct nj_mass){part->weight, part->weight_sq},
                             (struct nj_mass){all->weight, all->weight_sq});

    return nj_wilson(part->weight / all->weight * n, n);
}

/* Share of events among observations, which count as independent of each other. */
static struct nj_estimate
rate_of(const struct tables *t, const struct nj_series *series, uint32_t group, unsigned event)
{
    struct nj_data data = nj_series_strata(series, group, NJ_SUM_OF_EVENT, event, t->arena);
    double x = 0, y = 0, squares = 0, n;

    for (size_t i = 0; i < data.len; i++) {
        const struct nj_stratum *s = &data.strata[i];
        x += s->weight * s->x;
        y += s->weight * s->y;
        squares += s->weight * s->weight * s->x;
    }
    n = squares > 0 ? x * x / squares : 0;
    return nj_wilson(y / x * n, n);
}

static void
estimate_put(struct nj_table *table, size_t row, unsigned first, const struct nj_estimate *e)
{
    nj_table_put_real(table, row, first, e->est);
    nj_table_put_real(table, row, first + 1, e->lo);
    nj_table_put_real(table, row, first + 2, e->hi);
}

static int
entry_cmp(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->mass.weight != y->mass.weight)
        return x->mass.weight > y->mass.weight ? -1 : 1;
    if (x->mass.traces != y->mass.traces)
        return x->mass.traces > y->mass.traces ? -1 : 1;
    return nj_slice_cmp(x->text, y->text);
}

/* All groups of one kind in their order, in the arena. NULL: no memory. */
static struct entry *
entries_of(const struct tables *t, enum nj_error_group kind, size_t *out_len)
{
    const struct nj_series *series =
        kind <= NJ_ERROR_GROUP_PLAYER ? &t->sums->traces : &t->sums->errors;
    struct entry *entries = NJ_NEW_RAW(t->arena, struct entry, nj_series_len(series) + 1);

    *out_len = 0;
    for (uint32_t g = 0; entries && g < nj_series_len(series); g++) {
        struct nj_series_group group;
        nj_series_get(series, g, &group);
        if (group.key >> 32 != kind)
            continue;
        entries[*out_len] = (struct entry){.group = g,
                                           .id = (uint32_t)group.key,
                                           .mass = mass_of(t, series, g),
                                           .text = name_of(t, (uint32_t)group.key)};
        ++*out_len;
    }
    if (entries)
        qsort(entries, *out_len, sizeof *entries, entry_cmp);
    return entries;
}

static enum nj_status
latency_put(const struct tables *t, uint32_t group, struct nj_table *table, size_t row)
{
    struct nj_sample sample;
    enum nj_status st =
        nj_series_sample(&t->sums->errors, group, 0, t->arena, &sample, t->run->err);
    size_t middle, high;

    if (st < 0)
        return st;
    middle = nj_sample_rank(&sample, 0.5);
    high = nj_sample_rank(&sample, 0.95);
    if (middle == NJ_NO_RANK)
        return NJ_OK;
    nj_table_put_int(table, row, NJ_COL_error_chains_latency_p50,
                     nj_key_int(sample.key[middle]));
    nj_table_put_int(table, row, NJ_COL_error_chains_latency_p95, nj_key_int(sample.key[high]));
    return NJ_OK;
}

static void
chain_texts_put(const struct tables *t, const struct nj_error_chain *chain,
                struct nj_table *table, size_t row)
{
    char trace_hex[NJ_TRACE_HEX + 1], span_hex[NJ_SPAN_HEX + 1];
    const char *how = nj_error_how_name((enum nj_error_how)chain->how);
    const struct {
        unsigned column;
        struct nj_slice text;
    } texts[] = {
        {NJ_COL_error_chains_origin_key, name_of(t, chain->origin_key)},
        {NJ_COL_error_chains_fingerprint, name_of(t, chain->site)},
        {NJ_COL_error_chains_agent, name_of(t, chain->agent)},
        {NJ_COL_error_chains_operation, name_of(t, chain->operation)},
        {NJ_COL_error_chains_type, name_of(t, chain->type)},
        {NJ_COL_error_chains_template, name_of(t, chain->template)},
        {NJ_COL_error_chains_path, name_of(t, chain->path)},
        {NJ_COL_error_chains_surface, name_of(t, chain->surface)},
        {NJ_COL_error_chains_state,
         nj_slice_of(nj_error_state_name((enum nj_error_state)chain->state))},
        {NJ_COL_error_chains_conf, nj_slice_of(nj_conf_name((enum nj_conf)chain->conf))},
        {NJ_COL_error_chains_exemplar,
         nj_trace_id_show(&chain->trace, name_of(t, chain->trace_text), trace_hex)},
        {NJ_COL_error_chains_exemplar_span,
         nj_span_id_show(chain->span_id, name_of(t, chain->span_text), span_hex)},
    };

    for (size_t i = 0; i < NJ_LEN(texts); i++)
        nj_table_put_text(table, row, texts[i].column, texts[i].text);
    if (how)
        nj_table_put_text(table, row, NJ_COL_error_chains_how, nj_slice_of(how));
    if (chain->suspect)
        nj_table_put_text(table, row, NJ_COL_error_chains_suspect, name_of(t, chain->suspect));
}

static enum nj_status
chain_put(const struct tables *t, const struct entry *entry, struct nj_table *table)
{
    const struct nj_error_chain *chain = nj_tally_find(&t->sums->chains, entry->id);
    struct nj_estimate share = share_of(&entry->mass, &t->all);
    size_t row = nj_table_add(table);
    struct nj_series_group group;

    nj_series_get(&t->sums->errors, entry->group, &group);
    nj_table_put_text(table, row, NJ_COL_error_chains_chain, entry->text);
    chain_texts_put(t, chain, table, row);
    nj_table_put_int(table, row, NJ_COL_error_chains_count, (int64_t)group.observations);
    nj_table_put_int(table, row, NJ_COL_error_chains_traces, (int64_t)group.traces);
    nj_table_put_real(table, row, NJ_COL_error_chains_weight, entry->mass.weight);
    estimate_put(table, row, NJ_COL_error_chains_share, &share);
    nj_table_put_real(table, row, NJ_COL_error_chains_spans_mean,
                      (double)chain->spans / (double)group.observations);
    nj_table_put_int(table, row, NJ_COL_error_chains_spans_max, chain->spans_max);
    nj_table_put_real(table, row, NJ_COL_error_chains_agents_mean,
                      (double)chain->agents / (double)group.observations);
    nj_table_put_int(table, row, NJ_COL_error_chains_agents_max, chain->agents_max);
    nj_table_put_int(table, row, NJ_COL_error_chains_depth_max, chain->steps_max);
    return latency_put(t, entry->group, table, row);
}

/* Different sessions by chain: the rows of the table are told by the names of their keys. */
static enum nj_status
sessions_put(const struct tables *t)
{
    struct nj_table *table = nj_results_table(t->results, NJ_TABLE_error_chains);
    struct nj_tally counts;
    bool is_done = true;

    nj_tally_init(&counts, sizeof(uint64_t));
    for (size_t k = 0; k < t->sums->sessions.len && is_done; k++) {
        uint64_t *n =
            nj_tally_at(&counts, *(const uint32_t *)nj_tally_get(&t->sums->sessions, k));
        is_done = n != NULL;
        if (n)
            ++*n;
    }
    for (size_t r = 0; counts.len > 0 && r < nj_table_len(table) && is_done; r++) {
        uint32_t name =
            nj_names_intern(t->sums->names, nj_table_text(table, r, NJ_COL_error_chains_chain));
        const uint64_t *n = nj_tally_find(&counts, name);
        if (n)
            nj_table_put_int(table, r, NJ_COL_error_chains_sessions, (int64_t)*n);
    }
    nj_tally_fini(&counts);
    return is_done ? NJ_OK : NJ_ENOMEM;
}

static enum nj_status
chains_put(const struct tables *t)
{
    struct nj_table *table = nj_results_table(t->results, NJ_TABLE_error_chains);
    enum nj_status st = NJ_OK;
    size_t len;
    struct entry *entries = entries_of(t, NJ_ERROR_GROUP_CHAIN, &len);

    if (!entries)
        return NJ_ENOMEM;
    for (size_t i = 0; i < len && st >= 0; i++)
        st = chain_put(t, &entries[i], table);
    return st;
}

static int
maybe_cmp(const void *a, const void *b)
{
    const struct nj_error_maybe *x = *(const struct nj_error_maybe *const *)a;
    const struct nj_error_maybe *y = *(const struct nj_error_maybe *const *)b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x > y) - (x < y); /* their places in the sorted tally */
}

/* Most frequent first, then by text. */
static enum nj_status
maybes_put(const struct tables *t)
{
    struct nj_table *table = nj_results_table(t->results, NJ_TABLE_error_possible);
    struct nj_tally *maybes = &t->sums->maybes;
    const struct nj_error_maybe **list =
        NJ_NEW_RAW(t->arena, const struct nj_error_maybe *, maybes->len + 1);

    if (!list || !nj_tally_sort_names(maybes, t->sums->names))
        return NJ_ENOMEM;
    for (size_t k = 0; k < maybes->len; k++)
        list[k] = nj_tally_get(maybes, k);
    qsort(list, maybes->len, sizeof *list, maybe_cmp);
    for (size_t k = 0; k < maybes->len; k++) {
        char hex[NJ_TRACE_HEX + 1];
        size_t row = nj_table_add(table);
        nj_table_put_text(table, row, NJ_COL_error_possible_cause, name_of(t, list[k]->cause));
        nj_table_put_text(table, row, NJ_COL_error_possible_effect,
                          name_of(t, list[k]->effect));
        nj_table_put_text(table, row, NJ_COL_error_possible_why,
                          nj_slice_of(nj_why_text((enum nj_why)list[k]->why)));
        nj_table_put_int(table, row, NJ_COL_error_possible_count, (int64_t)list[k]->count);
        nj_table_put_text(
            table, row, NJ_COL_error_possible_exemplar,
            nj_trace_id_show(&list[k]->trace, name_of(t, list[k]->trace_text), hex));
    }
    return NJ_OK;
}

static enum nj_status
keys_put(const struct tables *t)
{
    static const struct {
        enum nj_error_group group;
        const char *level;
    } levels[] = {{NJ_ERROR_GROUP_ORIGIN, "origin"},
                  {NJ_ERROR_GROUP_SITE, "site"},
                  {NJ_ERROR_GROUP_CHAIN, "chain"}};
    struct nj_table *table = nj_results_table(t->results, NJ_TABLE_error_keys);

    for (size_t l = 0; l < NJ_LEN(levels); l++) {
        size_t len;
        struct entry *entries = entries_of(t, levels[l].group, &len);
        if (!entries)
            return NJ_ENOMEM;
        for (size_t i = 0; i < len; i++) {
            size_t row = nj_table_add(table);
            nj_table_put_text(table, row, NJ_COL_error_keys_level,
                              nj_slice_of(levels[l].level));
            nj_table_put_text(table, row, NJ_COL_error_keys_key, entries[i].text);
            nj_table_put_int(table, row, NJ_COL_error_keys_traces,
                             (int64_t)entries[i].mass.traces);
            nj_table_put_real(table, row, NJ_COL_error_keys_weight, entries[i].mass.weight);
            nj_table_put_real(table, row, NJ_COL_error_keys_weight_sq,
                              entries[i].mass.weight_sq);
        }
    }
    return NJ_OK;
}

static enum nj_status
edges_put(const struct tables *t)
{
    struct nj_table *table = nj_results_table(t->results, NJ_TABLE_error_edges);
    size_t len;
    struct entry *entries = entries_of(t, NJ_ERROR_GROUP_EDGE, &len);

    if (!entries)
        return NJ_ENOMEM;
    for (size_t i = 0; i < len; i++) {
        const struct nj_error_pair *pair = nj_tally_find(&t->sums->pairs, entries[i].id);
        struct nj_estimate rate =
            rate_of(t, &t->sums->errors, entries[i].group, NJ_ERROR_PASSED);
        size_t row = nj_table_add(table);
        struct nj_series_group group;
        nj_series_get(&t->sums->errors, entries[i].group, &group);
        nj_table_put_text(table, row, NJ_COL_error_edges_from_agent, name_of(t, pair->from));
        nj_table_put_text(table, row, NJ_COL_error_edges_to_agent, name_of(t, pair->to));
        nj_table_put_text(table, row, NJ_COL_error_edges_type,
                          nj_slice_of(nj_edge_type_name((enum nj_edge_type)pair->type)));
        nj_table_put_int(table, row, NJ_COL_error_edges_arriving, (int64_t)group.observations);
        nj_table_put_int(table, row, NJ_COL_error_edges_passed,
                         (int64_t)group.events[NJ_ERROR_PASSED]);
        if (group.observations >= RATE_MIN)
            estimate_put(table, row, NJ_COL_error_edges_probability, &rate);
    }
    return NJ_OK;
}

/* There is one for every agent before the series is closed. */
static uint32_t
caller_group(struct nj_error_sums *sums, uint32_t agent)
{
    return nj_series_group(&sums->errors, nj_error_group_key(NJ_ERROR_GROUP_CALLER, agent));
}

static enum nj_status
agents_put(const struct tables *t)
{
    struct nj_table *table = nj_results_table(t->results, NJ_TABLE_error_agents);
    struct nj_error_sums *sums = t->sums;

    if (!nj_tally_sort_names(&sums->agents, sums->names))
        return NJ_ENOMEM;
    for (size_t i = 0; i < sums->agents.len; i++) {
        const struct nj_error_agent *agent = nj_tally_get(&sums->agents, i);
        uint32_t name = (uint32_t)nj_tally_key(&sums->agents, i);
        uint32_t caller = caller_group(sums, name);
        size_t row = nj_table_add(table);
        struct nj_series_group group;
        nj_series_get(&sums->errors, caller, &group);
        nj_table_put_text(table, row, NJ_COL_error_agents_agent, name_of(t, name));
        nj_table_put_int(table, row, NJ_COL_error_agents_origins, (int64_t)agent->origins);
        nj_table_put_int(table, row, NJ_COL_error_agents_surfaced, (int64_t)agent->surfaced);
        nj_table_put_int(table, row, NJ_COL_error_agents_arriving, (int64_t)group.observations);
        nj_table_put_int(table, row, NJ_COL_error_agents_absorbed,
                         (int64_t)(group.observations - group.events[NJ_ERROR_PASSED]));
        if (group.observations >= RATE_MIN) {
            struct nj_estimate passed = rate_of(t, &sums->errors, caller, NJ_ERROR_PASSED);
            struct nj_estimate absorbed = {1 - passed.est, 1 - passed.hi, 1 - passed.lo,
                                           passed.se};
            estimate_put(table, row, NJ_COL_error_agents_absorption, &absorbed);
        }
    }
    return NJ_OK;
}

/* Rates of the one row of errors_summary. */
static enum nj_status
summary_put(struct tables *t)
{
    struct nj_table *table = nj_results_table(t->results, NJ_TABLE_errors_summary);
    size_t row = nj_table_len(table) - 1, len;
    struct entry *all = entries_of(t, NJ_ERROR_GROUP_ALL, &len);
    struct nj_data data;
    struct nj_estimate failed;

    if (!all)
        return NJ_ENOMEM;
    if (len > 0) {
        t->all = all->mass;
        data = nj_series_strata(&t->sums->traces, all->group, NJ_SUM_OF_EVENT,
                                NJ_ERROR_TRACE_FAILED, t->arena);
        failed = nj_data_share(data, NJ_SPREAD_FINITE, NULL);
        estimate_put(table, row, NJ_COL_errors_summary_failed_rate, &failed);
    }
    nj_table_put_real(table, row, NJ_COL_errors_summary_weight, t->all.weight);
    nj_table_put_real(table, row, NJ_COL_errors_summary_weight_sq, t->all.weight_sq);
    all = entries_of(t, NJ_ERROR_GROUP_NOT_FAILED, &len);
    if (!all)
        return NJ_ENOMEM;
    if (len > 0)
        nj_table_put_real(
            table, row, NJ_COL_errors_summary_non_fatal_rate,
            rate_of(t, &t->sums->traces, all->group, NJ_ERROR_TRACE_HAS_ORIGIN).est);
    return NJ_OK;
}

/* Two rows of metrics of a group of traces: how many of them failed, how often something was
 * tried again in them. */
static void
metrics_put(const struct tables *t, const struct entry *entry, bool is_agent)
{
    const struct nj_series *series = &t->sums->traces;
    struct nj_metric_of of = {.group_by = is_agent ? "agent" : "store",
                              .agent = is_agent ? entry->text : (struct nj_slice){0},
                              .unit = 1,
                              .traces = entry->mass.traces};
    struct nj_data failed = nj_series_strata(series, entry->group, NJ_SUM_OF_EVENT,
                                             NJ_ERROR_TRACE_FAILED, t->arena);
    struct nj_data retries =
        nj_series_strata(series, entry->group, NJ_SUM_OF_MEASURE, 0, t->arena);
    struct nj_series_group group;

    nj_series_get(series, entry->group, &group);
    nj_metric_share_put(t->results, "failed_rate", &of, failed,
                        group.events[NJ_ERROR_TRACE_FAILED]);
    nj_metric_mean_put(t->results, "retries_mean", &of, retries);
}

static enum nj_status
all_metrics_put(const struct tables *t)
{
    static const enum nj_error_group kinds[] = {NJ_ERROR_GROUP_ALL, NJ_ERROR_GROUP_PLAYER};

    for (size_t k = 0; k < NJ_LEN(kinds); k++) {
        size_t len;
        struct entry *entries = entries_of(t, kinds[k], &len);
        if (!entries)
            return NJ_ENOMEM;
        for (size_t i = 0; i < len; i++)
            metrics_put(t, &entries[i], kinds[k] == NJ_ERROR_GROUP_PLAYER);
    }
    return NJ_OK;
}

enum nj_status
nj_error_sums_put(struct nj_error_sums *sums, struct nj_run *run, struct nj_results *results)
{
    struct tables t = {
        .sums = sums, .run = run, .results = results, .arena = nj_arena_new(1 << 18)};
    enum nj_status (*const parts[])(const struct tables *) = {
        chains_put, sessions_put, maybes_put, edges_put, agents_put, keys_put, all_metrics_put};
    enum nj_status st = t.arena ? nj_series_close(&sums->traces, run->err) : NJ_ENOMEM;

    for (size_t i = 0; i < sums->agents.len && st >= 0; i++)
        if (caller_group(sums, (uint32_t)nj_tally_key(&sums->agents, i)) == UINT32_MAX)
            st = NJ_ENOMEM;
    if (st >= 0)
        st = nj_series_close(&sums->errors, run->err);
    if (st >= 0)
        st = summary_put(&t);
    for (size_t i = 0; i < NJ_LEN(parts) && st >= 0; i++)
        st = parts[i](&t);
    nj_arena_free(t.arena);
    return st < 0 ? nj_fail(run->err, st, "errors: tables") : NJ_OK;
}
