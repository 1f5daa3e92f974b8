/* chains.h - which kinds of errors are new, gone, more or less frequent than before (floor 4).
 * Definition: docs/methods/errors.md. */
#ifndef NJ_GATES_CHAINS_H
#define NJ_GATES_CHAINS_H

#include "schema/results.h"

/* Rate of false discoveries that the comparison allows itself, by default. */
#define NJ_CHAINS_RATE 0.01

struct nj_chain_counts {
    size_t worse;      /* kinds of origins (type|template) that are new or more frequent: what
                          a gate judges */
    size_t worse_all;  /* the same over the levels origin, site and chain */
    size_t better_all; /* gone or less frequent, over all levels */
    size_t rare;       /* kinds of origins that are new but too rare to judge */
};

/* Compares tables error_keys of what was `before` (one result, or several nights, which count
 * as one sample) with those of `now`, and fills table error_changes of `now` anew. Of `before`
 * only the tables errors_summary (weight and weight_sq) and error_keys are read; results
 * without them count as having seen no trace. With no trace on one of the sides nothing can
 * have changed.
 *
 * Each kind at each of three levels by the one-sided exact test of Fisher (1935) in both
 * directions on numbers of traces, weighted ones by as many plain ones as would tell as much;
 * each level and direction is a family of which `rate` may be false (nj_discoveries_find).
 * NJ_ENOMEM. */
enum nj_status nj_chains_compare(struct nj_results *now, const struct nj_results *const *before,
                                 size_t before_len, double rate, struct nj_chain_counts *out,
                                 struct nj_error *err) NJ_CHECKED;

#endif
