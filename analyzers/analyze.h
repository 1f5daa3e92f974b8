/* analyze.h - the one pass: every trace once, all analyzers, all cores (floor 3). */
#ifndef NJ_ANALYZERS_ANALYZE_H
#define NJ_ANALYZERS_ANALYZE_H

#include "analyzers/visit.h"

/* Called from time to time by one thread: traces done of all. */
struct nj_progress {
    void (*tell)(void *context, uint64_t traces_done, uint64_t traces_len, uint64_t spans_done);
    void *context;
};

/* Runs `analyzers` (NULL-terminated; NULL: all) over all traces of `corpus` and fills the
 * tables of `results`. Repairs of trees are added to `diags`. `progress` may be NULL. The first
 * error of any thread stops all. */
enum nj_status nj_analyze(const struct nj_corpus *corpus, const struct nj_options *options,
                          const struct nj_analyzer *const *analyzers,
                          const struct nj_progress *progress, struct nj_diags *diags,
                          struct nj_results *results, struct nj_error *err) NJ_CHECKED;

/* One trace after the other in the order of (start, id), on this thread: for --per-trace, show
 * and exports. `fn` gets the run with path filled in; NJ_DONE from it ends the walk early. */
enum nj_status nj_each_trace(const struct nj_corpus *corpus, const struct nj_options *options,
                             nj_visit_fn *fn, void *context, struct nj_diags *diags,
                             struct nj_error *err) NJ_CHECKED;

#endif
