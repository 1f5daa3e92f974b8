/* path_lineage.h - through which two siblings two spans of a trace are related (floor 3). */
#ifndef NJ_ANALYZERS_PATH_LINEAGE_H
#define NJ_ANALYZERS_PATH_LINEAGE_H

#include "base/arena.h"
#include "schema/trace.h"

/* The trace cut into paths that follow the largest subtree, so that any way up crosses at most
 * log2(n) of them (Sleator and Tarjan 1983). */
struct nj_lineage {
    const struct nj_trace *trace;
    const uint32_t *heavy; /* child with the largest subtree, NJ_NO_SPAN at a leaf */
    const uint32_t *head;  /* top of the path that the span is on */
};

/* O(n), in `arena`. */
enum nj_status nj_lineage_build(struct nj_lineage *out, const struct nj_trace *trace,
                                struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;

/* The children of the nearest common ancestor above (or at) `a` and `b`. false: one is an
 * ancestor of the other, or they are in different trees. O(log n). */
bool nj_lineage_siblings(const struct nj_lineage *lineage, uint32_t a, uint32_t b,
                         uint32_t *above_a, uint32_t *above_b);

#endif
