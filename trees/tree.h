/* tree.h - from the stored spans of one trace to a linked, repaired nj_trace (floor 2).
 *
 * What is repaired, and how, is the table in docs/methods/trees.md; every repair counts a
 * diagnostic in trace->diags. Nothing here depends on the order of the rows. */
#ifndef NJ_TREES_TREE_H
#define NJ_TREES_TREE_H

#include "base/arena.h"
#include "schema/trace.h"

enum nj_overrun {
    NJ_OVERRUN_AUTO,   /* clip within the tolerance, detach beyond it */
    NJ_OVERRUN_CLIP,   /* always clip */
    NJ_OVERRUN_DETACH, /* always detach */
};

struct nj_tree_options {
    enum nj_overrun overrun;
    bool is_skew_off;              /* leave clocks of other hosts alone */
    bool is_follows_from_blocking; /* FOLLOWS_FROM children block their parent */
    uint32_t spans_max;            /* larger traces are refused; 0: the default limit */
};

/* Builds *out in `arena` from the stored spans of one trace. Linear after a sort, nothing is
 * recursive. The result borrows `raw`, `corpus` and `arena`. NJ_ENOMEM, NJ_ELIMIT (more spans
 * than the limit, also counted in `diags`). `diags` receives the repairs of this trace and is
 * what out->diags points to; the caller empties it between traces.
 * Weights are filled in by weights.h. */
enum nj_status nj_tree_build(struct nj_trace *out, const struct nj_raw_trace *raw,
                             const struct nj_corpus *corpus,
                             const struct nj_tree_options *options, struct nj_arena *arena,
                             struct nj_diags *diags, struct nj_error *err) NJ_CHECKED;

#endif
