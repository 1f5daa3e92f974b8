/* path_cohorts.h - what the critical paths of fast and of slow traces are made of (floor 3). */
#ifndef NJ_ANALYZERS_PATH_COHORTS_H
#define NJ_ANALYZERS_PATH_COHORTS_H

#include "analyzers/path_totals.h"

/* Size of a record in totals->cohorts. */
size_t nj_path_cohort_bytes(void);

/* Adds the path (scope root) of a trace whose weight has this class. false: no memory. */
bool nj_path_cohorts_add(struct nj_path_totals *totals, struct nj_run *run,
                         const struct nj_trace *trace, const struct nj_critical_path *path,
                         uint32_t class);

/* Classes of `from` have the numbers classes[i] in `into`. false: no memory. */
bool nj_path_cohorts_merge(struct nj_path_totals *into, const struct nj_path_totals *from,
                           const uint32_t *classes);

/* Table critical_path_cohorts. carriers[i] is the weight of class i. Sorts totals->cohorts.
 * false: no memory. */
bool nj_path_cohorts_put(struct nj_path_totals *totals, const struct nj_carrier *carriers,
                         struct nj_table *table);

#endif
