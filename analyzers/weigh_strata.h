/* weigh_strata.h - weights out of numbers of traces that are known from elsewhere (floor 3).
 *
 * Where it is known how many traces of a kind happened, each stored one stands for that number
 * over the stored ones (post-stratification). Traces that were kept for other reasons than
 * chance are neither counted nor weighed. */
#ifndef NJ_ANALYZERS_WEIGH_STRATA_H
#define NJ_ANALYZERS_WEIGH_STRATA_H

#include "analyzers/sampling_policy.h"
#include "analyzers/weigh.h"

/* `= {0}`: no strata. */
struct nj_weigh_strata {
    struct nj_weigh_part *parts; /* one for each stratum of the policy, in their order */
    size_t len;
};

/* Counts the stored traces of every stratum: builds the tree of every trace of the corpus,
 * those that a selection leaves out included, because what happened is counted without it.
 * NJ_ENOMEM, and whatever the corpus fails with. */
enum nj_status nj_weigh_strata_count(struct nj_weigh_strata *out,
                                     const struct nj_sampling_policy *policy,
                                     const struct nj_corpus *corpus,
                                     const struct nj_options *options, struct nj_arena *arena,
                                     struct nj_error *err) NJ_CHECKED;

/* The weight of a trace of this stratum, whose recorded weight is in *weight. A conflict is
 * what is recorded and differs by more than chance, or more stored traces than happened. */
void nj_weigh_strata_apply(const struct nj_weigh_strata *strata,
                           const struct nj_sampling_policy *policy,
                           const struct nj_sampling_rule *stratum, struct nj_weight *weight);

#endif
