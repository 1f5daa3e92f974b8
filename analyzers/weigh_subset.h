/* weigh_subset.h - whole traces where every service has a threshold of its own (floor 3).
 *
 * Where services keep spans by different thresholds, a trace is whole only if its randomness
 * reaches the highest of them, and what lies below looks whole although spans are missing. So
 * in a service's hours in which thresholds differ inside traces, traces that reach the highest
 * one count, with its weight, and the others do not (the complete subset of Ertl 2021). */
#ifndef NJ_ANALYZERS_WEIGH_SUBSET_H
#define NJ_ANALYZERS_WEIGH_SUBSET_H

#include "analyzers/weigh_scan.h"

/* `= {0}`: thresholds do not differ. */
struct nj_weigh_subset {
    const struct nj_weigh_highest *list; /* in an order for searching */
    size_t len;
    uint32_t source; /* name id */
};

enum nj_status nj_weigh_subset_find(struct nj_weigh_subset *out,
                                    const struct nj_scanned *traces, size_t len,
                                    struct nj_names *names, struct nj_arena *arena,
                                    struct nj_error *err) NJ_CHECKED;

/* Corrects trace->weight where the trace is of a stratum with several thresholds. */
void nj_weigh_subset_apply(const struct nj_weigh_subset *subset,
                           struct nj_weigh_stratum stratum, struct nj_trace *trace);

#endif
