/* latency.c - how long agents take: durations, self times, first tokens and waits by agent,
 * kind, operation, model, tool and root. */
#include "analyzers/latency.h"

#include "analyzers/self_time.h"
#include "schema/facts.h"

#include <stdlib.h>

enum { KEY_BITS = 28, KIND_BITS = 4 };

uint64_t
nj_latency_key(const struct nj_latency_group *group)
{
    NJ_CHECK(group->agent >> KEY_BITS == 0 && group->key >> KEY_BITS == 0);
    uint64_t key = (uint64_t)group->by << KIND_BITS | group->kind;

    return (key << KEY_BITS | group->agent) << KEY_BITS | group->key;
}

struct nj_latency_group
nj_latency_group_of(uint64_t key)
{
    const uint64_t mask = ((uint64_t)1 << KEY_BITS) - 1;

    return (struct nj_latency_group){
        (enum nj_latency_by)(key >> (2 * KEY_BITS + KIND_BITS)),
        (enum nj_kind)(key >> 2 * KEY_BITS & ((1 << KIND_BITS) - 1)),
        (uint32_t)(key >> KEY_BITS & mask), (uint32_t)(key & mask)};
}

static enum nj_status
latency_begin(struct nj_run *run, void *state)
{
    const struct nj_series_shape shape = {.measures_len = NJ_LATENCY_MEASURES,
                                          .summed_len = NJ_LATENCY_SELF + 1,
                                          .events_len = NJ_LATENCY_SLOW +
                                                        (unsigned)run->options->slow_over_len,
                                          .is_counted = nj_series_must_count(run, 2)};

    nj_series_init(state, &shape, run->names);
    return NJ_OK;
}

static void
latency_fini(void *state)
{
    nj_series_fini(state);
}

/* What a trace's spans are asked more than once. */
struct spans {
    const struct nj_trace *trace;
    bool *has_model_call;   /* a span below is a call of a model */
    int64_t *linked_end_ns; /* latest end, not after the start, of the spans that it links to */
    const int64_t *self_ns;
};

static bool
is_model_call(const struct nj_trace *trace, uint32_t i)
{
    return trace->kind[i] == NJ_KIND_LLM || trace->kind[i] == NJ_KIND_EMBEDDING;
}

static bool
spans_init(struct spans *s, const struct nj_trace *trace, struct nj_arena *arena)
{
    *s = (struct spans){trace, NJ_NEW(arena, bool, trace->spans_len),
                        NJ_NEW_RAW(arena, int64_t, trace->spans_len),
                        nj_self_times(trace, arena)};
    if (!s->has_model_call || !s->linked_end_ns || !s->self_ns)
        return false;
    for (uint32_t i = trace->spans_len; i-- > 0;) {
        uint32_t parent = trace->parent[i];
        s->linked_end_ns[i] = NJ_NO_TIME;
        if (parent != NJ_NO_SPAN)
            s->has_model_call[parent] |= s->has_model_call[i] || is_model_call(trace, i);
    }
    for (uint32_t k = 0; k < trace->links_len; k++) {
        const struct nj_trace_link *link = &trace->links[k];
        if (link->target == NJ_NO_SPAN)
            continue;
        int64_t end = trace->raw_end_ns[link->target];
        if (end <= trace->raw_start_ns[link->from] && end > s->linked_end_ns[link->from])
            s->linked_end_ns[link->from] = end;
    }
    return true;
}

static int64_t
first_token_ns(const struct nj_trace *trace, uint32_t i)
{
    struct nj_fact_cursor fact;
    bool is_found = nj_trace_fact_find(trace, i, NJ_FACT_FIRST_TOKEN_NS, &fact);

    return is_found && fact.integer >= 0 ? fact.integer : NJ_NO_VALUE;
}

/* How long the span waited before it started, where the record tells: after the work that it
 * links to, after the message that it consumes, or after the request that it serves. */
static int64_t
wait_ns(const struct spans *s, uint32_t i)
{
    const struct nj_trace *trace = s->trace;
    uint32_t parent = trace->parent[i];
    int64_t since = s->linked_end_ns[i];

    if (since == NJ_NO_TIME && parent != NJ_NO_SPAN) {
        if (trace->otel_kind[i] == NJ_OTEL_CONSUMER &&
            trace->otel_kind[parent] == NJ_OTEL_PRODUCER)
            since = trace->raw_end_ns[parent];
        else if (trace->otel_kind[i] == NJ_OTEL_SERVER &&
                 trace->otel_kind[parent] == NJ_OTEL_CLIENT)
            since = trace->raw_start_ns[parent];
    }
    bool is_known = since != NJ_NO_TIME && since <= trace->raw_start_ns[i];
    return is_known ? trace->raw_start_ns[i] - since : NJ_NO_VALUE;
}

/* The groups that span i belongs to. */
static unsigned
groups_of(const struct spans *s, uint32_t i, struct nj_latency_group out[NJ_SERIES_GROUPS_MAX])
{
    const struct nj_trace *t = s->trace;
    const unsigned invocation = NJ_SPAN_OPENS_AGENT | NJ_SPAN_SAME_INVOCATION;
    uint32_t tool = t->tool[i] != NJ_NO_NAME ? t->tool[i] : t->operation[i];
    unsigned len = 0;

    out[len++] = (struct nj_latency_group){NJ_LATENCY_KIND, t->kind[i], t->agent[i], 0};
    out[len++] = (struct nj_latency_group){NJ_LATENCY_OPERATION, t->kind[i], t->agent[i],
                                           t->operation[i]};
    if ((t->flags[i] & invocation) == NJ_SPAN_OPENS_AGENT)
        out[len++] = (struct nj_latency_group){NJ_LATENCY_AGENT, NJ_KIND_AGENT, t->agent[i], 0};
    if (is_model_call(t, i) && !s->has_model_call[i] && t->model[i] != NJ_NO_NAME)
        out[len++] = (struct nj_latency_group){NJ_LATENCY_MODEL, t->kind[i], 0, t->model[i]};
    if (t->kind[i] == NJ_KIND_TOOL)
        out[len++] = (struct nj_latency_group){NJ_LATENCY_TOOL, NJ_KIND_TOOL, 0, tool};
    if (i == t->root)
        out[len++] =
            (struct nj_latency_group){NJ_LATENCY_ROOT, NJ_KIND_OTHER, 0, t->operation[i]};
    return len;
}

static bool
span_add(struct nj_run *run, struct nj_series *series, const struct spans *s, uint32_t i)
{
    const struct nj_trace *trace = s->trace;
    struct nj_latency_group groups[NJ_SERIES_GROUPS_MAX];
    int64_t duration = nj_trace_raw_ns(trace, i);
    struct nj_observation o = {
        .groups_len = groups_of(s, i, groups),
        .value = {duration, s->self_ns[i], first_token_ns(trace, i), wait_ns(s, i)},
        .events = (trace->status[i] == NJ_STATUS_ERROR) << NJ_LATENCY_ERROR};

    for (size_t k = 0; k < run->options->slow_over_len; k++)
        o.events |= (uint32_t)((double)duration > run->options->slow_over_ns[k])
                    << (NJ_LATENCY_SLOW + k);
    for (unsigned g = 0; g < o.groups_len; g++) {
        o.groups[g] = nj_series_group(series, nj_latency_key(&groups[g]));
        if (o.groups[g] == UINT32_MAX)
            return false;
    }
    return nj_series_add(series, &o);
}

/* Spans without an end took nobody knows how long: they are left out, and a diagnostic counts
 * them. */
static enum nj_status
latency_trace(struct nj_run *run, void *state, const struct nj_trace *trace)
{
    struct nj_series *series = state;
    struct spans spans;
    bool is_done = spans_init(&spans, trace, run->scratch) && nj_series_begin(series, trace);

    for (uint32_t i = 0; is_done && i < trace->spans_len; i++)
        if (!(trace->flags[i] & (NJ_SPAN_RECONSTRUCTED | NJ_SPAN_OPEN)))
            is_done = span_add(run, series, &spans, i);
    is_done = is_done && nj_series_end(series, run->scratch);
    return is_done ? NJ_OK : nj_fail(run->err, NJ_ENOMEM, "no memory for latencies");
}

static enum nj_status
latency_merge(struct nj_run *run, void *into, void *from)
{
    return nj_series_merge(into, from)
               ? NJ_OK
               : nj_fail(run->err, NJ_ENOMEM, "no memory to merge latencies");
}

static enum nj_status
latency_finish(struct nj_run *run, void *state, struct nj_results *results)
{
    enum nj_status st = nj_series_close(state, run->err);

    return st < 0 ? st : nj_latency_rows(run, state, results);
}

const struct nj_analyzer nj_analyzer_latency = {
    .name = "latency",
    .summary = "how long agents take: percentiles with intervals, by agent, kind, operation, "
               "model, tool and root",
    .state_bytes = sizeof(struct nj_series),
    .begin = latency_begin,
    .trace = latency_trace,
    .merge = latency_merge,
    .finish = latency_finish,
    .fini = latency_fini,
};
