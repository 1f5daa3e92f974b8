/* path_samples.h - quantiles of a key's critical time per trace (floor 3). */
#ifndef NJ_ANALYZERS_PATH_SAMPLES_H
#define NJ_ANALYZERS_PATH_SAMPLES_H

#include "analyzers/path_totals.h"

struct nj_path_samples;

/* Sorts the values of all keys by key, in `arena`. Classes weigh what `carriers` say. For
 * counted totals sorts totals->cells. NJ_ENOMEM. */
enum nj_status nj_path_samples_new(struct nj_path_samples **out, struct nj_path_totals *totals,
                                   const struct nj_carrier *carriers, struct nj_arena *arena,
                                   struct nj_error *err) NJ_CHECKED;

/* Weighted quantiles of the times of `key` in the traces of one scope that have it on their
 * path; `own` is what counts for the scope beside NJ_PATH_IN_BOTH. false in *has_values: no
 * trace of those has a weight. NJ_ENOMEM. */
enum nj_status nj_path_samples_quantiles(struct nj_path_samples *samples, uint32_t key,
                                         enum nj_path_in own, const double *p, int64_t *out_ns,
                                         size_t len, bool *has_values, struct nj_arena *scratch,
                                         struct nj_error *err) NJ_CHECKED;

#endif
