/* weigh.h - weights for every trace: what is recorded, and what the options and the store as a
 * whole add to it (floor 3). Precedence and reasons: docs/methods/sampling.md. */
#ifndef NJ_ANALYZERS_WEIGH_H
#define NJ_ANALYZERS_WEIGH_H

#include "analyzers/analyzer.h"
#include "analyzers/recover.h"
#include "analyzers/weigh_scan.h"

struct nj_weigher;

/* Prepares what needs a look at the whole corpus or at files that options name (rates recovered
 * from trace ids, sampling policy, traces of strata, assumed rate). Shared by all threads.
 * NJ_EUSAGE for a policy file that cannot be used. */
enum nj_status nj_weigher_new(struct nj_weigher **out, const struct nj_corpus *corpus,
                              const struct nj_options *options,
                              struct nj_error *err) NJ_CHECKED;
void nj_weigher_free(struct nj_weigher *weigher);

/* Fills trace->weight. Any number of threads at once, each with its own run, whose source must
 * stand at the trace. */
enum nj_status nj_weigher_apply(const struct nj_weigher *weigher, struct nj_run *run,
                                struct nj_trace *trace) NJ_CHECKED;

/* A rate that was looked for in the ids of one stratum's traces, found or not. */
struct nj_weigh_recovered {
    struct nj_weigh_stratum of; /* service NJ_NO_NAME and hour INT64_MIN: all traces */
    bool is_all;
    struct nj_recovered found;
};
/* A stratum whose number of traces is known from elsewhere. */
struct nj_weigh_part {
    struct nj_slice name;
    double population; /* traces that happened */
    uint32_t stored;   /* traces that are stored and count */
};
/* In the order of the policy. */
const struct nj_weigh_part *nj_weigher_parts(const struct nj_weigher *weigher, size_t *len);

/* In the order of (all, service by text, hour). */
const struct nj_weigh_recovered *nj_weigher_recovered(const struct nj_weigher *weigher,
                                                      size_t *len);

#endif
