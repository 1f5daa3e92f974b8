/* weigh_strata.c - weights out of numbers of traces that are known from elsewhere. */
#include "analyzers/weigh_strata.h"

#include "trees/tree.h"
#include "trees/weights.h"

#include <math.h>
#include <stdlib.h>

enum { SCRATCH_BYTES = 1 << 20 };
/* A recorded weight that is further from the mean one, in standard errors, is another one. */
#define ODD_ERRORS 4.0

/* Counts one trace for its stratum. */
static enum nj_status
trace_count(struct nj_weigh_strata *out, const struct nj_sampling_policy *policy,
            struct nj_run *run, const struct nj_trace *trace)
{
    const struct nj_sampling_rule *stratum;
    struct nj_weight weight;
    enum nj_status st = nj_weight_of_trace(&weight, trace, run->err);

    if (st < 0 || weight.status == NJ_WEIGHT_ZERO)
        return st;
    st = nj_sampling_policy_stratum(&stratum, policy, run, trace);
    if (st == NJ_OK && stratum)
        out->parts[stratum - policy->strata].stored++;
    return st;
}

static enum nj_status
traces_count(struct nj_weigh_strata *out, const struct nj_sampling_policy *policy,
             struct nj_run *run, struct nj_diags *diags)
{
    const struct nj_corpus *corpus = run->corpus;
    struct nj_raw_trace raw;
    struct nj_trace trace;
    enum nj_status st = corpus->open(corpus, 0, corpus->traces_len, &run->source, run->err);

    while (st == NJ_OK && (st = run->source->next(run->source, &raw, run->err)) == NJ_OK) {
        nj_arena_reset(run->scratch);
        st = nj_tree_build(&trace, &raw, corpus, &run->options->tree, run->scratch, diags,
                           run->err);
        if (st == NJ_ELIMIT) { /* analyzers leave it out as well */
            nj_error_clear(run->err);
            st = NJ_OK;
        } else if (st >= 0 && trace.spans_len > 0) {
            st = trace_count(out, policy, run, &trace);
        }
    }
    if (run->source)
        run->source->close(run->source);
    run->source = NULL;
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_weigh_strata_count(struct nj_weigh_strata *out, const struct nj_sampling_policy *policy,
                      const struct nj_corpus *corpus, const struct nj_options *options,
                      struct nj_arena *arena, struct nj_error *err)
{
    struct nj_run run = {.options = options,
                         .corpus = corpus,
                         .names = corpus->names,
                         .scratch = nj_arena_new(SCRATCH_BYTES),
                         .err = err};
    struct nj_diags *diags = nj_diags_new();
    enum nj_status st = NJ_OK;

    out->len = policy->strata_len;
    out->parts = NJ_NEW(arena, struct nj_weigh_part, out->len);
    if (!out->parts || !run.scratch || !diags)
        st = nj_fail(err, NJ_ENOMEM, "no memory to count the traces of strata");
    for (size_t i = 0; i < out->len && st == NJ_OK; i++) {
        out->parts[i].name = policy->strata[i].name;
        out->parts[i].population = policy->strata[i].population;
    }
    if (st == NJ_OK)
        st = traces_count(out, policy, &run, diags);
    free(diags);
    nj_arena_free(run.scratch);
    return st;
}

void
nj_weigh_strata_apply(const struct nj_weigh_strata *strata,
                      const struct nj_sampling_policy *policy,
                      const struct nj_sampling_rule *stratum, struct nj_weight *weight)
{
    size_t at = (size_t)(stratum - policy->strata);
    const struct nj_weigh_part *part = &strata->parts[at];
    double stored = part->stored, mean = part->population / stored;
    double slack = 0.01 + ODD_ERRORS * sqrt(fmax(0, 1 - 1 / mean) / stored);

    weight->has_conflict = mean < 1 || (weight->status == NJ_WEIGHT_OK &&
                                        fabs(weight->value - mean) > slack * mean);
    weight->value = fmax(1, mean);
    weight->source = stratum->source;
    weight->status = NJ_WEIGHT_OK;
    weight->known = (struct nj_known){(uint32_t)at + 1, part->stored};
}
