/* weigh.c - weights for every trace: by known numbers, by policy, as recorded, from the trace
 * ids, assumed. */
#include "analyzers/weigh.h"

#include "analyzers/sampling_policy.h"
#include "analyzers/weigh_recover.h"
#include "analyzers/weigh_strata.h"
#include "analyzers/weigh_subset.h"
#include "trees/weights.h"

#include <stdlib.h>

enum { PROBE_TRACES = 64, ARENA_BYTES = 1 << 16 };

struct nj_weigher {
    struct nj_arena *arena;
    struct nj_sampling_policy policy;
    struct nj_weigh_strata strata;
    struct nj_weigh_recovery recovery;
    struct nj_weigh_subset subset;
    double assume_weight;   /* 0: nothing is assumed */
    uint32_t assume_source; /* name id */
};

/* Looks at all traces where some of them, or their ids, give a reason to. */
static enum nj_status
corpus_study(struct nj_weigher *w, const struct nj_corpus *corpus, struct nj_error *err)
{
    struct nj_arena *scratch = nj_arena_new(1 << 20);
    struct nj_trace_info *infos = NULL;
    struct nj_scanned *some = NULL, *all = NULL;
    size_t some_len = 0, all_len = 0, known = 0, mixed = 0;
    bool wants_recovery = false;
    enum nj_status st = scratch ? corpus->infos(corpus, scratch, &infos, err)
                                : nj_fail(err, NJ_ENOMEM, "no memory to look at traces");

    if (st == NJ_OK)
        st = nj_scan_some(&some, &some_len, PROBE_TRACES, corpus, infos, scratch, err);
    for (size_t i = 0; i < some_len && st == NJ_OK; i++) {
        known += some[i].is_known;
        mixed += some[i].is_mixed;
    }
    if (st == NJ_OK && 2 * known < some_len)
        st = nj_weigh_recovery_probe(&wants_recovery, infos, corpus->traces_len, scratch, err);
    if (st == NJ_OK && (wants_recovery || mixed > 0))
        st = nj_scan_all(&all, &all_len, corpus, scratch, err);
    if (st == NJ_OK && wants_recovery)
        st = nj_weigh_recovery_fit(&w->recovery, all, all_len, corpus->names, w->arena, scratch,
                                   err);
    if (st == NJ_OK && mixed > 0)
        st = nj_weigh_subset_find(&w->subset, all, all_len, corpus->names, w->arena, err);
    nj_arena_free(scratch);
    return st;
}

enum nj_status
nj_weigher_new(struct nj_weigher **out, const struct nj_corpus *corpus,
               const struct nj_options *options, struct nj_error *err)
{
    struct nj_weigher *w = calloc(1, sizeof *w);
    enum nj_status st = NJ_OK;

    *out = w;
    if (!w || !(w->arena = nj_arena_new(ARENA_BYTES)))
        return nj_fail(err, NJ_ENOMEM, "no memory for weights");
    if (options->sampling_policy)
        st = nj_sampling_policy_read(&w->policy, options->sampling_policy, corpus->names,
                                     w->arena, err);
    if (st == NJ_OK && options->assume_rate > 0) {
        w->assume_weight = 1 / options->assume_rate;
        w->assume_source = nj_names_intern(corpus->names, NJ_SLICE("assumed"));
        if (w->assume_source == UINT32_MAX)
            st = nj_fail(err, NJ_ENOMEM, "no memory for weights");
    }
    if (st == NJ_OK && w->policy.strata_len > 0)
        st = nj_weigh_strata_count(&w->strata, &w->policy, corpus, options, w->arena, err);
    else if (st == NJ_OK && corpus->traces_len > 0 && w->policy.rules_len == 0)
        st = corpus_study(w, corpus, err);
    return st;
}

void
nj_weigher_free(struct nj_weigher *weigher)
{
    if (weigher)
        nj_arena_free(weigher->arena);
    free(weigher);
}

static struct nj_weigh_stratum
stratum_of(const struct nj_trace *trace)
{
    bool has_root = !(trace->flags[trace->root] & NJ_SPAN_RECONSTRUCTED);

    return (struct nj_weigh_stratum){has_root ? trace->service[trace->root] : NJ_NO_NAME,
                                     has_root ? trace->raw_start_ns[trace->root] / NJ_HOUR_NS
                                              : INT64_MIN};
}

/* The weight by what `w` knows of the store, where nothing better is recorded. */
static void
unknown_fill(const struct nj_weigher *w, struct nj_trace *trace)
{
    struct nj_weight *weight = &trace->weight;

    if (trace->text.len == 0 &&
        nj_weigh_recovery_apply(&w->recovery, stratum_of(trace), &trace->id, weight))
        return;
    if (w->assume_weight > 0) {
        weight->value = w->assume_weight;
        weight->source = w->assume_source;
        weight->status = NJ_WEIGHT_OK;
    }
}

enum nj_status
nj_weigher_apply(const struct nj_weigher *w, struct nj_run *run, struct nj_trace *trace)
{
    const struct nj_sampling_rule *rule = NULL, *stratum = NULL;
    struct nj_weight *weight = &trace->weight;
    enum nj_status st = nj_weight_of_trace(weight, trace, run->err);

    if (st == NJ_OK && w->policy.strata_len > 0 && weight->status != NJ_WEIGHT_ZERO)
        st = nj_sampling_policy_stratum(&stratum, &w->policy, run, trace);
    if (st == NJ_OK && !stratum && w->policy.rules_len > 0)
        st = nj_sampling_policy_match(&rule, &w->policy, run, trace);
    if (st < 0)
        return st;
    if (stratum) {
        nj_weigh_strata_apply(&w->strata, &w->policy, stratum, weight);
    } else if (rule) {
        weight->has_conflict =
            weight->status == NJ_WEIGHT_OK && nj_weights_differ(weight->value, 1 / rule->rate);
        weight->value = 1 / rule->rate;
        weight->source = rule->source;
        weight->status = NJ_WEIGHT_OK;
    } else if (weight->status == NJ_WEIGHT_UNKNOWN) {
        unknown_fill(w, trace);
    } else if (weight->status == NJ_WEIGHT_OK) {
        nj_weigh_subset_apply(&w->subset, stratum_of(trace), trace);
    }
    return NJ_OK;
}

const struct nj_weigh_part *
nj_weigher_parts(const struct nj_weigher *weigher, size_t *len)
{
    *len = weigher->strata.len;
    return weigher->strata.parts;
}

const struct nj_weigh_recovered *
nj_weigher_recovered(const struct nj_weigher *weigher, size_t *len)
{
    *len = weigher->recovery.len;
    return weigher->recovery.list;
}
