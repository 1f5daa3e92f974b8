/* sampling.c - what stored traces stand for, and how wrong plain numbers are. */
#include "analyzers/sampling.h"

#include "analyzers/weigh.h"
#include "base/hash.h"
#include "schema/facts.h"
#include "trees/weights.h"

#include <stdlib.h>

static enum nj_status
sampling_begin(struct nj_run *run, void *state)
{
    struct nj_sampling *s = state;
    const struct nj_series_shape shape = {.measures_len = 1,
                                          .summed_len = 1,
                                          .events_len = 1,
                                          .is_counted = nj_series_must_count(run, 1)};

    nj_series_init(&s->series, &shape, run->names);
    nj_tally_init(&s->origins, sizeof(struct nj_sampling_origin));
    nj_tally_init(&s->hours, sizeof(struct nj_sampling_hour));
    nj_tally_init(&s->orphans, sizeof(struct nj_sampling_orphans));
    nj_tally_init(&s->calls, sizeof(struct nj_sampling_call));
    nj_tally_init(&s->thresholds, sizeof(uint64_t));
    return NJ_OK;
}

static void
sampling_fini(void *state)
{
    struct nj_sampling *s = state;

    nj_series_fini(&s->series);
    nj_tally_fini(&s->origins);
    nj_tally_fini(&s->hours);
    nj_tally_fini(&s->orphans);
    nj_tally_fini(&s->calls);
    nj_tally_fini(&s->thresholds);
}

/* The key of a record by three of its numbers. */
static uint64_t
key_of(uint64_t a, uint64_t b, double weight)
{
    uint64_t parts[3] = {a, b, 0};

    memcpy(&parts[2], &weight, sizeof weight);
    return nj_hash((struct nj_slice){(const char *)parts, sizeof parts});
}

static bool
origin_add(struct nj_sampling *s, const struct nj_sampling_origin *more)
{
    struct nj_sampling_origin *origin =
        nj_tally_at(&s->origins, key_of(more->source, more->status, more->weight));

    if (!origin)
        return false;
    uint64_t traces = origin->traces;
    *origin = *more;
    origin->traces += traces;
    return true;
}

static bool
hour_add(struct nj_sampling *s, const struct nj_sampling_hour *more)
{
    struct nj_sampling_hour *hour =
        nj_tally_at(&s->hours, key_of((uint64_t)more->hour, 0, more->weight));

    if (!hour)
        return false;
    uint64_t traces = hour->traces;
    *hour = *more;
    hour->traces += traces;
    return true;
}

static bool
orphans_add(struct nj_sampling *s, const struct nj_sampling_orphans *more)
{
    struct nj_sampling_orphans *orphans =
        nj_tally_at(&s->orphans, (uint64_t)more->service << 32 | more->part);

    if (!orphans)
        return false;
    uint64_t spans = orphans->spans;
    *orphans = *more;
    orphans->spans += spans;
    return true;
}

static bool
call_add(struct nj_sampling *s, const struct nj_sampling_call *more)
{
    struct nj_sampling_call *call =
        nj_tally_at(&s->calls, (uint64_t)more->child << 32 | more->parent);

    if (!call)
        return false;
    uint64_t spans = call->spans;
    *call = *more;
    call->spans += spans;
    return true;
}

static bool
threshold_add(struct nj_sampling *s, uint32_t service, uint64_t threshold_after)
{
    uint64_t *highest = nj_tally_at(&s->thresholds, service);

    if (!highest)
        return false;
    if (threshold_after > *highest)
        *highest = threshold_after;
    return true;
}

/* Spans whose parent is missing, and who calls whom, to judge them by. */
static bool
parents_add(struct nj_sampling *s, const struct nj_trace *trace, uint64_t randomness)
{
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint32_t service = trace->service[i], parent = trace->parent[i];
        if (!trace->row[i] || !(trace->row[i]->flags & NJ_ROW_HAS_PARENT))
            continue;
        s->child_spans++;
        if (trace->flags[i] & NJ_SPAN_ORPHAN) {
            struct nj_sampling_orphans orphans = {service, (uint32_t)(randomness >> 40), 1};
            if (!orphans_add(s, &orphans))
                return false;
        } else if (parent != NJ_NO_SPAN) {
            struct nj_sampling_call call = {service, trace->service[parent], 1};
            if (!call_add(s, &call))
                return false;
        }
    }
    return true;
}

/* The threshold that each service's own spans record. */
static bool
thresholds_add(struct nj_sampling *s, const struct nj_trace *trace)
{
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        struct nj_fact_cursor fact;
        if (!nj_trace_fact_find(trace, i, NJ_FACT_TRACE_STATE, &fact))
            continue;
        struct nj_tracestate state = nj_tracestate_read(fact.bytes);
        if (state.has_threshold && !threshold_add(s, trace->service[i], state.threshold + 1))
            return false;
    }
    return true;
}

/* The value of a row of weights.def on span i; false: none. */
static bool
recorded_find(const struct nj_trace *trace, uint32_t i, enum nj_weight_row row,
              struct nj_slice *out)
{
    struct nj_fact_cursor fact;
    bool is_next = false;

    if (!nj_trace_has_facts(trace, i, NJ_FACT_BIT(WEIGHT_VALUE)))
        return false;
    fact = nj_facts_open(nj_trace_facts(trace, i));
    while (nj_facts_next(&fact)) {
        if (fact.fact == NJ_FACT_WEIGHT_SOURCE)
            is_next = fact.integer == (int64_t)row;
        else if (fact.fact == NJ_FACT_WEIGHT_VALUE && is_next) {
            *out = fact.bytes;
            return true;
        }
    }
    return false;
}

/* Whether the sampler noted another rule than the policy finds. */
static bool
is_label_other(const struct nj_trace *trace)
{
    struct nj_slice source = nj_names_get(trace->corpus->names, trace->weight.source);
    struct nj_slice prefix = NJ_SLICE("policy:"), label;

    if (!nj_slice_starts(source, prefix))
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (recorded_find(trace, i, NJ_WEIGHT_ROW_TAIL_POLICY, &label))
            return !nj_slice_eq(label, nj_slice_from(source, prefix.len));
    return false;
}

/* Whether the root says that the trace had more spans than are here. */
static bool
is_truncated(const struct nj_trace *trace)
{
    struct nj_slice text;
    struct nj_value value = {.type = NJ_VALUE_STRING};
    int64_t said, spans = 0;

    if (!recorded_find(trace, trace->root, NJ_WEIGHT_ROW_REFINERY_SPANS, &text))
        return false;
    value.bytes = text;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        spans += trace->row[i] != NULL;
    return nj_value_int(&value, &said) && spans < said;
}

/* Randomness that should be even from 0 to 1: above the recorded threshold, or of traces whose
 * ids nobody is known to have chosen by. */
static void
randomness_count(struct nj_sampling *s, const struct nj_trace *trace,
                 const struct nj_weight_reading *reading)
{
    uint64_t from = reading->has_threshold ? reading->threshold : 0;
    bool is_unsampled = trace->weight.status == NJ_WEIGHT_UNKNOWN && trace->text.len == 0;

    if (reading->is_inconsistent || reading->has_rv || reading->is_mixed ||
        !(reading->has_threshold || is_unsampled))
        return;
    double share = (double)(reading->randomness - from) / (double)(NJ_THRESHOLD_END - from);
    size_t bin = (size_t)(share * NJ_SAMPLING_BINS);
    s->bins[bin < NJ_SAMPLING_BINS ? bin : NJ_SAMPLING_BINS - 1]++;
    s->even_traces++;
}

static bool
weight_count(struct nj_sampling *s, const struct nj_trace *trace)
{
    const struct nj_weight *weight = &trace->weight;
    struct nj_weight_reading reading;
    struct nj_sampling_origin origin = {weight->source, weight->status, weight->value, 1};
    struct nj_sampling_hour hour = {trace->raw_start_ns[trace->root] / NJ_HOUR_NS,
                                    weight->value, 1};

    nj_weight_read(&reading, trace);
    s->traces++;
    s->conflicting += weight->has_conflict;
    s->grouped += weight->is_grouped;
    s->mixed += reading.is_mixed;
    s->partial += reading.is_partial;
    s->rate_limited += reading.is_rate_limited;
    s->label_conflicts += is_label_other(trace);
    s->truncated += is_truncated(trace);
    randomness_count(s, trace, &reading);
    return origin_add(s, &origin) && hour_add(s, &hour) &&
           parents_add(s, trace, reading.randomness) &&
           (!reading.has_threshold || thresholds_add(s, trace));
}

static bool
observation_add(struct nj_sampling *s, const uint64_t *keys, unsigned len, int64_t duration,
                bool is_error)
{
    struct nj_observation o = {.groups_len = len, .value = {duration}, .events = is_error};

    for (unsigned i = 0; i < len; i++) {
        o.groups[i] = nj_series_group(&s->series, keys[i]);
        if (o.groups[i] == UINT32_MAX)
            return false;
    }
    return nj_series_add(&s->series, &o);
}

static bool
values_add(struct nj_sampling *s, const struct nj_trace *trace)
{
    const unsigned invocation = NJ_SPAN_OPENS_AGENT | NJ_SPAN_SAME_INVOCATION;
    const uint64_t whole[] = {NJ_SAMPLING_TRACES};
    uint16_t root_flags = trace->flags[trace->root];
    bool has_error = false, is_done = true;

    for (uint32_t i = 0; i < trace->spans_len && is_done; i++) {
        has_error |= trace->status[i] == NJ_STATUS_ERROR;
        if (trace->flags[i] & (NJ_SPAN_RECONSTRUCTED | NJ_SPAN_OPEN) ||
            (trace->flags[i] & invocation) != NJ_SPAN_OPENS_AGENT)
            continue;
        const uint64_t agent[] = {NJ_SAMPLING_FIRST_AGENT + (uint64_t)trace->agent[i]};
        is_done = observation_add(s, agent, 1, nj_trace_raw_ns(trace, i),
                                  trace->status[i] == NJ_STATUS_ERROR);
    }
    is_done = is_done && observation_add(s, whole, 1, 0, has_error);
    s->rootless += (root_flags & NJ_SPAN_RECONSTRUCTED) != 0;
    if (!is_done || root_flags & (NJ_SPAN_RECONSTRUCTED | NJ_SPAN_OPEN))
        return is_done;
    const uint64_t rooted[] = {NJ_SAMPLING_ROOTED,
                               has_error ? NJ_SAMPLING_ROOTED_ERROR : NJ_SAMPLING_ROOTED_OK};
    return observation_add(s, rooted, 2, nj_trace_raw_ns(trace, trace->root), has_error);
}

static enum nj_status
sampling_trace(struct nj_run *run, void *state, const struct nj_trace *trace)
{
    struct nj_sampling *s = state;
    bool is_done = weight_count(s, trace) && nj_series_begin(&s->series, trace) &&
                   values_add(s, trace) && nj_series_end(&s->series, run->scratch);

    return is_done ? NJ_OK : nj_fail(run->err, NJ_ENOMEM, "no memory for what sampling shows");
}

static bool
records_merge(struct nj_sampling *a, const struct nj_sampling *b)
{
    for (size_t i = 0; i < b->origins.len; i++)
        if (!origin_add(a, nj_tally_get(&b->origins, i)))
            return false;
    for (size_t i = 0; i < b->hours.len; i++)
        if (!hour_add(a, nj_tally_get(&b->hours, i)))
            return false;
    for (size_t i = 0; i < b->orphans.len; i++)
        if (!orphans_add(a, nj_tally_get(&b->orphans, i)))
            return false;
    for (size_t i = 0; i < b->calls.len; i++)
        if (!call_add(a, nj_tally_get(&b->calls, i)))
            return false;
    for (size_t i = 0; i < b->thresholds.len; i++)
        if (!threshold_add(a, (uint32_t)nj_tally_key(&b->thresholds, i),
                           *(const uint64_t *)nj_tally_get(&b->thresholds, i)))
            return false;
    return true;
}

static enum nj_status
sampling_merge(struct nj_run *run, void *into, void *from)
{
    struct nj_sampling *a = into;
    struct nj_sampling *b = from;

    a->traces += b->traces;
    a->conflicting += b->conflicting;
    a->mixed += b->mixed;
    a->partial += b->partial;
    a->rate_limited += b->rate_limited;
    a->grouped += b->grouped;
    a->label_conflicts += b->label_conflicts;
    a->rootless += b->rootless;
    a->truncated += b->truncated;
    a->child_spans += b->child_spans;
    a->even_traces += b->even_traces;
    for (size_t i = 0; i < NJ_SAMPLING_BINS; i++)
        a->bins[i] += b->bins[i];
    return records_merge(a, b) && nj_series_merge(&a->series, &b->series)
               ? NJ_OK
               : nj_fail(run->err, NJ_ENOMEM, "no memory to merge what sampling shows");
}

static enum nj_status
sampling_finish(struct nj_run *run, void *state, struct nj_results *results)
{
    struct nj_sampling_run s = {.run = run, .state = state, .results = results};
    enum nj_status st = nj_series_close(&s.state->series, run->err);

    if (st < 0)
        return st;
    if (!(s.arena = nj_arena_new(1 << 20)))
        return nj_fail(run->err, NJ_ENOMEM, "no memory for the tables of sampling");
    st = nj_sampling_store_put(&s);
    if (st == NJ_OK)
        st = nj_sampling_strata_put(&s);
    if (st == NJ_OK)
        st = nj_sampling_agents_put(&s);
    if (st == NJ_OK)
        nj_sampling_warnings_put(&s);
    nj_arena_free(s.arena);
    return st;
}

/* A weight holds without a readable `rv`, but the unit of the decision is then not known. */
static const char *
status_word(const struct nj_weight *weight, const struct nj_weight_reading *reading)
{
    static const char *const words[] = {"ok", "unknown", "zero", "inconsistent", "invalid"};

    return weight->status == NJ_WEIGHT_OK && reading->is_rv_invalid ? "invalid_rv"
                                                                    : words[weight->status];
}

/* One line of --explain-weights. */
static enum nj_status
sampling_print(struct nj_run *run, const struct nj_trace *trace, struct nj_jsonw *out)
{
    const struct nj_weight *weight = &trace->weight;
    bool is_usable = weight->status == NJ_WEIGHT_OK || weight->status == NJ_WEIGHT_ZERO;
    struct nj_weight_reading reading;
    char hex[NJ_TRACE_HEX + 1];

    nj_weight_read(&reading, trace);
    nj_jsonw_object(out);
    nj_jsonw_key_text(out, "trace_id", nj_trace_id_show(&trace->id, trace->text, hex));
    nj_jsonw_key(out, "weight");
    if (is_usable)
        nj_jsonw_real(out, weight->value);
    else
        nj_jsonw_null(out);
    nj_jsonw_key(out, "source");
    if (weight->source == NJ_NO_NAME)
        nj_jsonw_null(out);
    else
        nj_jsonw_text(out, nj_names_get(run->names, weight->source));
    nj_jsonw_key_text(out, "status", nj_slice_of(status_word(weight, &reading)));
    nj_jsonw_key(out, "randomness");
    nj_jsonw_uint(out, reading.randomness);
    nj_jsonw_key_bool(out, "conflict", weight->has_conflict);
    nj_jsonw_object_end(out);
    return NJ_OK;
}

const struct nj_analyzer nj_analyzer_sampling = {
    .name = "sampling",
    .summary = "what stored traces stand for, and how wrong plain numbers are",
    .state_bytes = sizeof(struct nj_sampling),
    .begin = sampling_begin,
    .trace = sampling_trace,
    .merge = sampling_merge,
    .finish = sampling_finish,
    .fini = sampling_fini,
    .print_trace = sampling_print,
};
