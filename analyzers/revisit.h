/* revisit.h - reads a trace once more, after all have been seen (floor 3). */
#ifndef NJ_ANALYZERS_REVISIT_H
#define NJ_ANALYZERS_REVISIT_H

#include "analyzers/analyzer.h"
#include "analyzers/critical_path.h"

/* A trace that was kept for being looked at again. */
struct nj_kept_trace {
    uint64_t number; /* its place in the corpus */
    double weight;
};

/* Opens the trace, builds its tree and walks its critical path into run->scratch, which is
 * emptied first, and hands both to `look`; they are gone when that returns. For use in finish.
 * The status of `look`, NJ_ENOMEM, and what reading a corpus can fail with. */
enum nj_status nj_trace_revisit(struct nj_run *run, const struct nj_kept_trace *kept,
                                enum nj_status (*look)(struct nj_run *run,
                                                       const struct nj_trace *trace,
                                                       const struct nj_critical_path *path,
                                                       const void *context),
                                const void *context) NJ_CHECKED;

#endif
