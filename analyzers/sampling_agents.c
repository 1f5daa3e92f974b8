/* sampling_agents.c - weighted numbers beside plain ones, for whole traces and every agent. */
#include "analyzers/sampling.h"

#include "analyzers/sampling_rows.h"

#include <stdlib.h>

struct agent {
    struct nj_slice name;
    uint32_t group;
};

static int
agent_cmp(const void *a, const void *b)
{
    return nj_slice_cmp(((const struct agent *)a)->name, ((const struct agent *)b)->name);
}

/* More than half of what happened has no known rate. */
static bool
is_unknown(struct nj_data data)
{
    double unknown = 0, all = 0;

    for (size_t i = 0; i < data.len; i++) {
        const struct nj_stratum *s = &data.strata[i];
        all += s->weight * s->x;
        unknown += s->rest == 1 ? s->weight * s->x : 0;
    }
    return unknown * 2 > all;
}

/* Rows of one name: errors of group `errors`, values of group `values` (UINT32_MAX: none). */
static enum nj_status
subject_put(struct nj_sampling_run *s, struct nj_slice name, uint32_t errors, uint32_t values)
{
    const struct nj_series *series = &s->state->series;
    const struct nj_options *options = s->run->options;
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct nj_sampling_outcome outcome = {0};
    struct nj_sample sample = {0};
    struct nj_sampling_subject subject = {.agent = name, .sample = &sample};
    enum nj_status st = NJ_OK;

    if (!arena)
        return nj_fail(s->run->err, NJ_ENOMEM, "no memory for rows of sampling");
    subject.errors = nj_series_strata(series, errors, NJ_SUM_OF_EVENT, 0, arena);
    subject.is_unknown = is_unknown(subject.errors);
    if (values != UINT32_MAX) {
        subject.values = nj_series_strata(series, values, NJ_SUM_OF_MEASURE, 0, arena);
        st = nj_series_sample(series, values, 0, arena, &sample, s->run->err);
    }
    if (st == NJ_OK)
        st = nj_sampling_rows_put(s->results, &subject, &outcome, arena, s->run->err);
    if (st == NJ_OK && options->rate_lo > 0)
        st = nj_sampling_bounds_put(s->results, &subject, options->rate_lo, options->rate_hi,
                                    arena, s->run->err);
    s->found.biased_rows += outcome.biased;
    s->found.unbounded_rows += outcome.unbounded;
    if (values != errors)
        s->found.is_error_share_biased = outcome.is_error_rate_biased;
    nj_arena_free(arena);
    return st;
}

static enum nj_status
whole_put(struct nj_sampling_run *s)
{
    uint32_t traces = nj_sampling_group(s->state, NJ_SAMPLING_TRACES);
    struct nj_series_group counts;

    if (traces == UINT32_MAX)
        return NJ_OK;
    nj_series_get(&s->state->series, traces, &counts);
    s->found.error_traces = counts.events[0];
    return subject_put(s, NJ_SLICE("*"), traces,
                       nj_sampling_group(s->state, NJ_SAMPLING_ROOTED));
}

enum nj_status
nj_sampling_agents_put(struct nj_sampling_run *s)
{
    size_t groups = nj_series_len(&s->state->series), len = 0;
    struct agent *agents = NJ_NEW_RAW(s->arena, struct agent, groups);
    enum nj_status st = whole_put(s);

    if (!agents)
        return nj_fail(s->run->err, NJ_ENOMEM, "no memory for rows of sampling");
    for (uint32_t g = 0; g < groups; g++) {
        struct nj_series_group group;
        nj_series_get(&s->state->series, g, &group);
        if (group.key >= NJ_SAMPLING_FIRST_AGENT)
            agents[len++] = (struct agent){
                nj_names_get(s->run->names, (uint32_t)(group.key - NJ_SAMPLING_FIRST_AGENT)),
                g};
    }
    if (len > 1)
        qsort(agents, len, sizeof *agents, agent_cmp);
    for (size_t i = 0; i < len && st == NJ_OK; i++)
        st = subject_put(s, agents[i].name, agents[i].group, agents[i].group);
    return st;
}
