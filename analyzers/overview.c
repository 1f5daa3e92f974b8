/* overview.c - what was analysed: traces, spans, agents and how their names were found. */
#include "analyzers/analyzer.h"
#include "analyzers/tally.h"

#include <stdlib.h>

/* Counts of one agent name: spans by rule that found it. */
struct agent_count {
    uint32_t agent;
    uint64_t spans[NJ_HOW_LEN];
    uint64_t invocations[NJ_HOW_LEN];
};

struct overview {
    uint64_t traces, complete_traces, spans, failed_traces, traces_with_errors, error_spans;
    int64_t start_ns, end_ns;
    int64_t finest_ns, coarsest_ns; /* steps of the clocks behind traces */
    uint64_t kind_spans[NJ_KINDS_LEN], kind_errors[NJ_KINDS_LEN];
    struct nj_tally agents;  /* name id -> struct agent_count */
    struct nj_tally weights; /* bits of a weight -> number of traces */
    struct nj_tally models;  /* provider and model, name ids -> number of spans */
};

static enum nj_status
overview_begin(struct nj_run *run, void *state)
{
    struct overview *o = state;

    (void)run;
    o->start_ns = o->finest_ns = INT64_MAX;
    o->end_ns = INT64_MIN;
    nj_tally_init(&o->agents, sizeof(struct agent_count));
    nj_tally_init(&o->weights, sizeof(uint64_t));
    nj_tally_init(&o->models, sizeof(uint64_t));
    return NJ_OK;
}

static void
overview_fini(void *state)
{
    struct overview *o = state;

    nj_tally_fini(&o->agents);
    nj_tally_fini(&o->weights);
    nj_tally_fini(&o->models);
}

static enum nj_status
out_of_memory(struct nj_run *run)
{
    return nj_fail(run->err, NJ_ENOMEM, "overview: no memory for the agents");
}

static bool
model_count(struct overview *o, const struct nj_trace *trace, uint32_t i)
{
    if (trace->model[i] == NJ_NO_NAME)
        return true;
    uint64_t *n = nj_tally_at(&o->models, (uint64_t)trace->provider[i] << 32 | trace->model[i]);
    if (n)
        ++*n;
    return n != NULL;
}

static bool
span_count(struct overview *o, const struct nj_trace *trace, uint32_t i)
{
    struct agent_count *agent = nj_tally_at(&o->agents, trace->agent[i]);
    bool is_error = trace->status[i] == NJ_STATUS_ERROR;

    if (!agent || !model_count(o, trace, i))
        return false;
    agent->agent = trace->agent[i];
    agent->spans[trace->how[i]]++;
    if ((trace->flags[i] & (NJ_SPAN_OPENS_AGENT | NJ_SPAN_SAME_INVOCATION)) ==
        NJ_SPAN_OPENS_AGENT)
        agent->invocations[trace->how[i]]++;
    o->spans++;
    o->error_spans += is_error;
    o->kind_spans[trace->kind[i]]++;
    o->kind_errors[trace->kind[i]] += is_error;
    if (trace->raw_start_ns[i] < o->start_ns)
        o->start_ns = trace->raw_start_ns[i];
    if (trace->raw_end_ns[i] > o->end_ns)
        o->end_ns = trace->raw_end_ns[i];
    return true;
}

static enum nj_status
overview_trace(struct nj_run *run, void *state, const struct nj_trace *trace)
{
    struct overview *o = state;
    uint64_t bits, errors = o->error_spans, *traces_of_weight;

    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (!(trace->flags[i] & NJ_SPAN_RECONSTRUCTED) && !span_count(o, trace, i))
            return out_of_memory(run);
    if (trace->granularity_ns < o->finest_ns)
        o->finest_ns = trace->granularity_ns;
    if (trace->granularity_ns > o->coarsest_ns)
        o->coarsest_ns = trace->granularity_ns;
    memcpy(&bits, &trace->weight.value, sizeof bits);
    traces_of_weight = nj_tally_at(&o->weights, bits);
    if (!traces_of_weight)
        return out_of_memory(run);
    ++*traces_of_weight;
    o->traces++;
    o->complete_traces += trace->is_complete;
    o->failed_traces += trace->status[trace->root] == NJ_STATUS_ERROR;
    o->traces_with_errors += o->error_spans > errors;
    return NJ_OK;
}

static bool
counts_add(struct nj_tally *into, const struct nj_tally *from)
{
    for (size_t i = 0; i < from->len; i++) {
        uint64_t *n = nj_tally_at(into, nj_tally_key(from, i));
        if (!n)
            return false;
        *n += *(const uint64_t *)nj_tally_get(from, i);
    }
    return true;
}

static enum nj_status
overview_merge(struct nj_run *run, void *into, void *from)
{
    struct overview *a = into;
    const struct overview *b = from;

    a->traces += b->traces;
    a->complete_traces += b->complete_traces;
    a->spans += b->spans;
    a->failed_traces += b->failed_traces;
    a->traces_with_errors += b->traces_with_errors;
    a->error_spans += b->error_spans;
    a->start_ns = b->start_ns < a->start_ns ? b->start_ns : a->start_ns;
    a->end_ns = b->end_ns > a->end_ns ? b->end_ns : a->end_ns;
    a->finest_ns = b->finest_ns < a->finest_ns ? b->finest_ns : a->finest_ns;
    a->coarsest_ns = b->coarsest_ns > a->coarsest_ns ? b->coarsest_ns : a->coarsest_ns;
    for (size_t k = 0; k < NJ_KINDS_LEN; k++) {
        a->kind_spans[k] += b->kind_spans[k];
        a->kind_errors[k] += b->kind_errors[k];
    }
    if (!counts_add(&a->weights, &b->weights) || !counts_add(&a->models, &b->models))
        return out_of_memory(run);
    for (size_t i = 0; i < b->agents.len; i++) {
        const struct agent_count *y = nj_tally_get(&b->agents, i);
        struct agent_count *x = nj_tally_at(&a->agents, y->agent);
        if (!x)
            return out_of_memory(run);
        x->agent = y->agent;
        for (size_t h = 0; h < NJ_HOW_LEN; h++) {
            x->spans[h] += y->spans[h];
            x->invocations[h] += y->invocations[h];
        }
    }
    return NJ_OK;
}

/* Sum of weights, added from small to large so that it does not depend on the order of traces.
 */
static double
weight_total(const struct overview *o)
{
    double total = 0;

    for (size_t i = 0; i < o->weights.len; i++) {
        uint64_t bits = nj_tally_key(&o->weights, i);
        double weight;
        memcpy(&weight, &bits, sizeof weight);
        total += weight * (double)*(const uint64_t *)nj_tally_get(&o->weights, i);
    }
    return total;
}

static void
summary_put(const struct overview *o, struct nj_table *table)
{
    size_t row = nj_table_add(table);
    const struct {
        unsigned column;
        uint64_t value;
    } counts[] = {
        {NJ_COL_summary_traces, o->traces},
        {NJ_COL_summary_complete_traces, o->complete_traces},
        {NJ_COL_summary_spans, o->spans},
        {NJ_COL_summary_failed_traces, o->failed_traces},
        {NJ_COL_summary_traces_with_errors, o->traces_with_errors},
        {NJ_COL_summary_error_spans, o->error_spans},
    };

    for (size_t i = 0; i < NJ_LEN(counts); i++)
        nj_table_put_int(table, row, counts[i].column, (int64_t)counts[i].value);
    if (o->spans > 0) {
        nj_table_put_int(table, row, NJ_COL_summary_start_ns, o->start_ns);
        nj_table_put_int(table, row, NJ_COL_summary_end_ns, o->end_ns);
        nj_table_put_int(table, row, NJ_COL_summary_finest_clock_ns, o->finest_ns);
        nj_table_put_int(table, row, NJ_COL_summary_coarsest_clock_ns, o->coarsest_ns);
    }
    nj_table_put_real(table, row, NJ_COL_summary_weight, weight_total(o));
}

static void
agents_put(struct nj_run *run, const struct overview *o, struct nj_table *table)
{
    for (size_t i = 0; i < o->agents.len; i++) {
        const struct agent_count *agent = nj_tally_get(&o->agents, i);
        for (int how = 0; how < NJ_HOW_LEN; how++) {
            if (agent->spans[how] == 0)
                continue;
            size_t row = nj_table_add(table);
            nj_table_put_text(table, row, NJ_COL_agents_agent,
                              nj_names_get(run->names, agent->agent));
            nj_table_put_text(table, row, NJ_COL_agents_how,
                              nj_slice_of(nj_how_name((enum nj_how)how)));
            nj_table_put_int(table, row, NJ_COL_agents_spans, (int64_t)agent->spans[how]);
            nj_table_put_int(table, row, NJ_COL_agents_invocations,
                             (int64_t)agent->invocations[how]);
        }
    }
}

struct model {
    struct nj_slice provider, model;
    uint64_t spans;
};

static int
model_cmp(const void *a, const void *b)
{
    const struct model *l = a, *r = b;
    int c = nj_slice_cmp(l->provider, r->provider);

    return c ? c : nj_slice_cmp(l->model, r->model);
}

static enum nj_status
models_put(struct nj_run *run, const struct overview *o, struct nj_table *table)
{
    struct model *models = malloc((o->models.len + 1) * sizeof *models);

    if (!models)
        return out_of_memory(run);
    for (size_t i = 0; i < o->models.len; i++) {
        uint64_t key = nj_tally_key(&o->models, i);
        uint32_t provider = (uint32_t)(key >> 32);
        models[i] = (struct model){provider == NJ_NO_NAME ? (struct nj_slice){0}
                                                          : nj_names_get(run->names, provider),
                                   nj_names_get(run->names, (uint32_t)key),
                                   *(const uint64_t *)nj_tally_get(&o->models, i)};
    }
    qsort(models, o->models.len, sizeof *models, model_cmp);
    for (size_t i = 0; i < o->models.len; i++) {
        size_t row = nj_table_add(table);
        if (models[i].provider.len)
            nj_table_put_text(table, row, NJ_COL_models_provider, models[i].provider);
        nj_table_put_text(table, row, NJ_COL_models_model, models[i].model);
        nj_table_put_int(table, row, NJ_COL_models_spans, (int64_t)models[i].spans);
    }
    free(models);
    return NJ_OK;
}

static enum nj_status
overview_finish(struct nj_run *run, void *state, struct nj_results *results)
{
    struct overview *o = state;
    struct nj_table *kinds = nj_results_table(results, NJ_TABLE_kinds);

    /* bits of doubles >= 0 sort like the doubles */
    if (!nj_tally_sort_keys(&o->weights) || !nj_tally_sort_names(&o->agents, run->names))
        return out_of_memory(run);
    summary_put(o, nj_results_table(results, NJ_TABLE_summary));
    agents_put(run, o, nj_results_table(results, NJ_TABLE_agents));
    for (int k = 0; k < NJ_KINDS_LEN; k++) {
        if (o->kind_spans[k] == 0)
            continue;
        size_t row = nj_table_add(kinds);
        nj_table_put_text(kinds, row, NJ_COL_kinds_kind,
                          nj_slice_of(nj_kind_name((enum nj_kind)k)));
        nj_table_put_int(kinds, row, NJ_COL_kinds_spans, (int64_t)o->kind_spans[k]);
        nj_table_put_int(kinds, row, NJ_COL_kinds_errors, (int64_t)o->kind_errors[k]);
    }
    return models_put(run, o, nj_results_table(results, NJ_TABLE_models));
}

const struct nj_analyzer nj_analyzer_overview = {
    .name = "overview",
    .summary = "what was analysed: traces, spans, agents and how their names were found",
    .state_bytes = sizeof(struct overview),
    .begin = overview_begin,
    .trace = overview_trace,
    .merge = overview_merge,
    .finish = overview_finish,
    .fini = overview_fini,
};
