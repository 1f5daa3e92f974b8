/* sampling_store.c - tables of the store as a whole: what weights rest on, how uneven they are,
 * what is missing. */
#include "analyzers/sampling.h"

#include "analyzers/weigh.h"
#include "base/clock.h"
#include "base/special.h"
#include "trees/weights.h"

#include <math.h>
#include <stdlib.h>

/* The share of traces whose weight is looked at for unevenness. */
#define TOP 0.01

uint32_t
nj_sampling_group(const struct nj_sampling *state, uint64_t key)
{
    const void *group = nj_tally_find(&state->series.groups, key);

    return group ? (uint32_t)nj_tally_index(&state->series.groups, group) : UINT32_MAX;
}

static struct nj_slice
source_of(const struct nj_sampling_run *s, uint32_t source)
{
    return source == NJ_NO_NAME ? NJ_SLICE("none") : nj_names_get(s->run->names, source);
}

/* Traces by what their weights rest on, and by status. */
static void
origins_count(struct nj_sampling_run *s)
{
    for (size_t i = 0; i < s->state->origins.len; i++) {
        const struct nj_sampling_origin *o = nj_tally_get(&s->state->origins, i);
        struct nj_slice source = source_of(s, o->source);
        bool is_usable = o->status == NJ_WEIGHT_OK || o->status == NJ_WEIGHT_ZERO;
        s->found.by_status[o->status] += o->traces;
        if (!is_usable)
            continue;
        if (nj_slice_starts(source, NJ_SLICE("recovered:")))
            s->found.recovered += o->traces;
        else if (nj_slice_eq(source, NJ_SLICE("assumed")))
            s->found.assumed += o->traces;
        else if (nj_slice_starts(source, NJ_SLICE("strata:")))
            s->found.stratified += o->traces;
        else
            s->found.known += o->traces;
    }
}

/* What most weights rest on. */
static const char *
mode_of(const struct nj_sampling_findings *f)
{
    const struct {
        const char *name;
        uint64_t traces;
    } modes[] = {{"none", 0},
                 {"stratified", f->stratified},
                 {"known", f->known},
                 {"recovered", f->recovered},
                 {"assumed", f->assumed}};
    size_t best = 0;

    for (size_t i = 1; i < NJ_LEN(modes); i++)
        if (modes[i].traces > modes[best].traces)
            best = i;
    return modes[best].name;
}

/* Strata of known number of which there is no trace to estimate from. */
static void
parts_look(struct nj_sampling_run *s)
{
    size_t len;
    const struct nj_weigh_part *parts = nj_weigher_parts(s->run->weigher, &len);

    for (size_t i = 0; i < len; i++)
        s->found.empty_parts += parts[i].stored == 0;
}

struct source {
    struct nj_slice name;
    uint64_t traces;
};

static int
source_cmp(const void *a, const void *b)
{
    return nj_slice_cmp(((const struct source *)a)->name, ((const struct source *)b)->name);
}

static enum nj_status
sources_put(struct nj_sampling_run *s)
{
    struct nj_table *t = nj_results_table(s->results, NJ_TABLE_sampling_sources);
    size_t len = s->state->origins.len;
    struct source *sources = NJ_NEW_RAW(s->arena, struct source, len);

    if (!sources)
        return nj_fail(s->run->err, NJ_ENOMEM, "no memory for sources of weights");
    for (size_t i = 0; i < len; i++) {
        const struct nj_sampling_origin *o = nj_tally_get(&s->state->origins, i);
        sources[i] = (struct source){source_of(s, o->source), o->traces};
    }
    if (len > 1)
        qsort(sources, len, sizeof *sources, source_cmp);
    for (size_t at = 0, next; at < len; at = next) {
        uint64_t traces = 0;
        for (next = at; next < len && nj_slice_eq(sources[next].name, sources[at].name);)
            traces += sources[next++].traces;
        size_t row = nj_table_add(t);
        nj_table_put_text(t, row, NJ_COL_sampling_sources_source, sources[at].name);
        nj_table_put_int(t, row, NJ_COL_sampling_sources_traces, (int64_t)traces);
        nj_table_put_real(t, row, NJ_COL_sampling_sources_share,
                          (double)traces / (double)s->state->traces);
    }
    return NJ_OK;
}

/* Strata of whole traces, in which y counts traces as x does. */
static struct nj_data
traces_of(struct nj_sampling_run *s)
{
    uint32_t group = nj_sampling_group(s->state, NJ_SAMPLING_TRACES);
    struct nj_data data = {0};

    if (group == UINT32_MAX)
        return data;
    data = nj_series_strata(&s->state->series, group, NJ_SUM_OF_EVENT, 0, s->arena);
    struct nj_stratum *strata = NJ_NEW_RAW(s->arena, struct nj_stratum, data.len);
    if (!strata)
        return (struct nj_data){0};
    for (size_t i = 0; i < data.len; i++) {
        strata[i] = data.strata[i];
        strata[i].y = strata[i].x;
        strata[i].xy = strata[i].yy = strata[i].xx;
    }
    return nj_data_of_strata(strata, data.len);
}

/* Weights of stored traces: smallest, median, largest, and how much the heaviest carry. */
static void
weights_put(struct nj_sampling_run *s, struct nj_data traces, struct nj_table *t, size_t row)
{
    double weighted = 0, total = 0, seen = 0, top_weight = 0;
    int64_t rates = 0;

    for (size_t i = 0; i < traces.len; i++) {
        const struct nj_stratum *c = &traces.strata[i];
        if (!(c->weight > 0))
            continue;
        weighted += c->x;
        total += c->weight * c->x;
        rates += i == 0 || c->weight != traces.strata[i - 1].weight;
    }
    for (size_t i = 0; i < traces.len; i++) {
        const struct nj_stratum *c = &traces.strata[i];
        if (!(c->weight > 0))
            continue;
        if (seen == 0)
            nj_table_put_real(t, row, NJ_COL_sampling_weight_min, c->weight);
        if (seen < weighted / 2 && seen + c->x >= weighted / 2)
            nj_table_put_real(t, row, NJ_COL_sampling_weight_median, c->weight);
        nj_table_put_real(t, row, NJ_COL_sampling_weight_max, c->weight);
        seen += c->x;
    }
    double top = ceil(TOP * weighted);
    s->found.top_traces = (uint64_t)top;
    for (size_t i = traces.len; i-- > 0 && top > 0;) {
        double part = fmin(top, traces.strata[i].x);
        top_weight += part * traces.strata[i].weight;
        top -= part;
    }
    s->found.top_share = total > 0 ? top_weight / total : (double)NAN;
    nj_table_put_int(t, row, NJ_COL_sampling_rates, rates);
    nj_table_put_real(t, row, NJ_COL_sampling_top_share, s->found.top_share);
}

/* Kolmogorov's test of even randomness, over bins. */
static double
uniformity_of(const struct nj_sampling *state)
{
    double distance = 0, n = (double)state->even_traces;
    uint64_t seen = 0;

    if (state->even_traces == 0)
        return (double)NAN;
    for (size_t i = 0; i < NJ_SAMPLING_BINS; i++) {
        seen += state->bins[i];
        double even = (double)(i + 1) / NJ_SAMPLING_BINS;
        distance = fmax(distance, fabs((double)seen / n - even));
    }
    return nj_kolmogorov_upper(distance, n);
}

/* The service that calls `child` most often, by text among equals; NJ_NO_NAME: none is known.
 */
static uint32_t
usual_parent(const struct nj_sampling_run *s, uint32_t child)
{
    const struct nj_sampling_call *best = NULL;

    for (size_t i = 0; i < s->state->calls.len; i++) {
        const struct nj_sampling_call *c = nj_tally_get(&s->state->calls, i);
        if (c->child != child)
            continue;
        if (!best || c->spans > best->spans ||
            (c->spans == best->spans &&
             nj_slice_cmp(nj_names_get(s->run->names, c->parent),
                          nj_names_get(s->run->names, best->parent)) < 0))
            best = c;
    }
    return best ? best->parent : NJ_NO_NAME;
}

/* A missing parent is explained where its service keeps only traces of more randomness. */
static uint64_t
orphans_explained(const struct nj_sampling_run *s, uint64_t *lost)
{
    uint64_t explained = 0;

    *lost = 0;
    for (size_t i = 0; i < s->state->orphans.len; i++) {
        const struct nj_sampling_orphans *o = nj_tally_get(&s->state->orphans, i);
        uint32_t parent = usual_parent(s, o->service);
        const uint64_t *threshold = nj_tally_find(&s->state->thresholds, parent);
        uint64_t end = ((uint64_t)o->part + 1) << 40; /* randomness is below it */
        bool is_explained = parent != NJ_NO_NAME && threshold && end <= *threshold;
        explained += is_explained ? o->spans : 0;
        *lost += is_explained ? 0 : o->spans;
    }
    return explained;
}

static void
counts_put(struct nj_sampling_run *s, struct nj_table *t, size_t row)
{
    const struct nj_sampling *state = s->state;
    uint64_t explained = orphans_explained(s, &s->found.orphans_lost);
    const struct {
        unsigned column;
        uint64_t value;
    } counts[] = {
        {NJ_COL_sampling_traces, state->traces},
        {NJ_COL_sampling_inconsistent, s->found.by_status[NJ_WEIGHT_INCONSISTENT]},
        {NJ_COL_sampling_zero, s->found.by_status[NJ_WEIGHT_ZERO]},
        {NJ_COL_sampling_unknown, s->found.by_status[NJ_WEIGHT_UNKNOWN]},
        {NJ_COL_sampling_invalid, s->found.by_status[NJ_WEIGHT_INVALID]},
        {NJ_COL_sampling_conflicting, state->conflicting},
        {NJ_COL_sampling_orphans_explained, explained},
        {NJ_COL_sampling_orphans_lost, s->found.orphans_lost},
        {NJ_COL_sampling_rootless, state->rootless},
        {NJ_COL_sampling_truncated, state->truncated},
    };

    for (size_t i = 0; i < NJ_LEN(counts); i++)
        nj_table_put_int(t, row, counts[i].column, (int64_t)counts[i].value);
    s->found.uniformity_p = uniformity_of(state);
    nj_table_put_real(t, row, NJ_COL_sampling_uniformity_p, s->found.uniformity_p);
}

static void
estimate_put(struct nj_sampling_run *s, struct nj_data traces, struct nj_table *t, size_t row)
{
    struct nj_design design = nj_data_design(traces);
    struct nj_estimate total = nj_data_total(traces, NJ_SPREAD_FINITE);
    bool is_none = strcmp(mode_of(&s->found), "none") == 0;

    nj_table_put_text(t, row, NJ_COL_sampling_mode, nj_slice_of(mode_of(&s->found)));
    nj_table_put_real(t, row, NJ_COL_sampling_estimated, total.est);
    if (!is_none) { /* at least those that are stored have happened */
        nj_table_put_real(t, row, NJ_COL_sampling_estimated_lo,
                          isnan(total.lo) ? total.lo
                                          : fmax(total.lo, (double)s->state->traces));
        nj_table_put_real(t, row, NJ_COL_sampling_estimated_hi, total.hi);
    }
    nj_table_put_int(t, row, NJ_COL_sampling_units, (int64_t)design.units);
    nj_table_put_real(t, row, NJ_COL_sampling_kish_n_eff, design.kish);
    nj_table_put_real(t, row, NJ_COL_sampling_deff,
                      design.kish > 0 ? design.units / design.kish : (double)NAN);
}

static void
recovered_put(struct nj_sampling_run *s)
{
    struct nj_table *t = nj_results_table(s->results, NJ_TABLE_sampling_recovered);
    size_t len;
    const struct nj_weigh_recovered *list = nj_weigher_recovered(s->run->weigher, &len);

    for (size_t i = 0; i < len; i++) {
        const struct nj_recovered *f = &list[i].found;
        struct nj_slice service = nj_names_get(s->run->names, list[i].of.service);
        struct nj_buf text = {0};
        char time[NJ_TIME_TEXT];
        nj_buf_put_slice(&text, list[i].is_all    ? NJ_SLICE("*")
                                : service.len > 0 ? service
                                                  : NJ_SLICE("(no root)"));
        if (list[i].of.hour != INT64_MIN) {
            nj_time_print(time, list[i].of.hour * NJ_HOUR_NS);
            nj_buf_printf(&text, " %s", time);
        }
        size_t row = nj_table_add(t);
        if (!text.is_failed)
            nj_table_put_text(t, row, NJ_COL_sampling_recovered_stratum, nj_buf_slice(&text));
        nj_buf_fini(&text);
        nj_table_put_text(t, row, NJ_COL_sampling_recovered_hash,
                          nj_slice_of(nj_id_hash_name(f->hash)));
        nj_table_put_real(t, row, NJ_COL_sampling_recovered_p, f->p);
        nj_table_put_real(t, row, NJ_COL_sampling_recovered_lo, f->lo);
        nj_table_put_real(t, row, NJ_COL_sampling_recovered_hi, f->hi);
        nj_table_put_real(t, row, NJ_COL_sampling_recovered_llr, f->llr);
        nj_table_put_real(t, row, NJ_COL_sampling_recovered_estimated, f->estimated);
        nj_table_put_int(t, row, NJ_COL_sampling_recovered_is_accepted, f->is_accepted);
        s->found.has_second_sampler |= f->is_accepted && f->has_second;
    }
}

/* A number of the store for gates. */
static void
metric_put(struct nj_sampling_run *s, const char *metric, double est, double n, double events)
{
    struct nj_table *t = nj_results_table(s->results, NJ_TABLE_metrics);
    size_t row = nj_table_add(t);

    nj_table_put_text(t, row, NJ_COL_metrics_metric, nj_slice_of(metric));
    nj_table_put_text(t, row, NJ_COL_metrics_group_by, NJ_SLICE("store"));
    nj_table_put_real(t, row, NJ_COL_metrics_est, est);
    nj_table_put_int(t, row, NJ_COL_metrics_n, (int64_t)n);
    nj_table_put_int(t, row, NJ_COL_metrics_traces, (int64_t)s->state->traces);
    if (isfinite(events)) {
        struct nj_estimate wilson = nj_wilson(events, n);
        nj_table_put_real(t, row, NJ_COL_metrics_lo, wilson.lo);
        nj_table_put_real(t, row, NJ_COL_metrics_hi, wilson.hi);
        nj_table_put_real(t, row, NJ_COL_metrics_se, wilson.se);
        nj_table_put_real(t, row, NJ_COL_metrics_events, events);
        nj_table_put_real(t, row, NJ_COL_metrics_naive, est);
        nj_table_put_real(t, row, NJ_COL_metrics_n_eff, n);
    }
}

static void
metrics_put(struct nj_sampling_run *s, struct nj_data traces)
{
    const struct nj_sampling_findings *f = &s->found;
    double n = (double)s->state->traces, none = (double)NAN;
    struct nj_design design = nj_data_design(traces);
    const struct {
        const char *metric;
        double events, of;
    } shares[] = {
        {"orphan_share", (double)f->orphans_lost, (double)s->state->child_spans},
        {"missing_root_share", (double)s->state->rootless, n},
        {"unknown_share",
         (double)(f->by_status[NJ_WEIGHT_UNKNOWN] + f->by_status[NJ_WEIGHT_INVALID]), n},
        {"inconsistent_share", (double)f->by_status[NJ_WEIGHT_INCONSISTENT], n},
    };

    metric_put(s, "traces", design.weight, n, none);
    metric_put(s, "n_eff", design.kish, n, none);
    metric_put(s, "weight_top_share", f->top_share, n, none);
    for (size_t i = 0; i < NJ_LEN(shares); i++)
        if (shares[i].of > 0)
            metric_put(s, shares[i].metric, shares[i].events / shares[i].of, shares[i].of,
                       shares[i].events);
}

enum nj_status
nj_sampling_store_put(struct nj_sampling_run *s)
{
    struct nj_table *t = nj_results_table(s->results, NJ_TABLE_sampling);
    struct nj_data traces = traces_of(s);
    size_t row = nj_table_add(t);

    origins_count(s);
    parts_look(s);
    estimate_put(s, traces, t, row);
    weights_put(s, traces, t, row);
    counts_put(s, t, row);
    recovered_put(s);
    metrics_put(s, traces);
    return sources_put(s);
}
