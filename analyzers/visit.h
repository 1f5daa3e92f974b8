/* visit.h - what happens to every trace before analyzers see it: tree, selection, weight, path;
 * one nj_visit a thread (floor 3). */
#ifndef NJ_ANALYZERS_VISIT_H
#define NJ_ANALYZERS_VISIT_H

#include "analyzers/analyzer.h"
#include "analyzers/critical_path.h"
#include "analyzers/weigh.h"

struct nj_visit {
    struct nj_run *run;
    const struct nj_corpus *corpus;
    const struct nj_options *options;
    const struct nj_weigher *weigher;
    struct nj_diags *of_trace, *total; /* diagnostics of the current trace; of all */
    struct nj_critical_path path;
    uint64_t skipped_traces, edge_traces;
};

typedef enum nj_status nj_visit_fn(void *context, struct nj_run *run,
                                   const struct nj_trace *trace);

/* Makes the arenas of `run`; `err` must outlive the visit. Call fini whatever is returned. */
enum nj_status nj_visit_init(struct nj_visit *visit, struct nj_run *run,
                             const struct nj_corpus *corpus, const struct nj_options *options,
                             const struct nj_weigher *weigher, struct nj_error *err);
void nj_visit_fini(struct nj_visit *visit);
/* Empties the scratch arena, builds the trace and, where it is selected, calls `fn`. Traces
 * over the size limit are counted and passed over. */
enum nj_status nj_visit_trace(struct nj_visit *visit, const struct nj_raw_trace *raw,
                              nj_visit_fn *fn, void *context);
void nj_visit_merge(struct nj_visit *into, const struct nj_visit *from);
/* Counts of skipped and cut traces into table summary. */
void nj_visit_finish(const struct nj_visit *visit, struct nj_results *results);

#endif
