/* errors_count.h - how many errors there were and what became of them, over all traces
 * (floor 3). */
#ifndef NJ_ANALYZERS_ERRORS_COUNT_H
#define NJ_ANALYZERS_ERRORS_COUNT_H

#include "analyzers/critical_path.h"
#include "analyzers/errors_graph.h"
#include "schema/results.h"

/* Sums; what errors_summary shows without weights. */
enum nj_error_count {
#define NJ_ERROR_COUNT(symbol) NJ_ERROR_COUNT_##symbol,
#include "analyzers/errors_count.def"
#undef NJ_ERROR_COUNT
    NJ_ERROR_COUNTS_LEN
};

struct nj_error_counts {
    uint64_t of[NJ_ERROR_COUNTS_LEN];
};

/* Adds one trace. `path` is its critical path. false: no memory. */
bool nj_error_counts_add(struct nj_error_counts *counts, const struct nj_errors *errors,
                         const struct nj_critical_path *path);
void nj_error_counts_merge(struct nj_error_counts *into, const struct nj_error_counts *from);
/* Into row `row` of table errors_summary. */
void nj_error_counts_put(const struct nj_error_counts *counts, struct nj_table *table,
                         size_t row);

#endif
