/* path_blockers.h - the children that can keep a span waiting, latest end first (floor 3). */
#ifndef NJ_ANALYZERS_PATH_BLOCKERS_H
#define NJ_ANALYZERS_PATH_BLOCKERS_H

#include "schema/trace.h"

/* Order of candidates on a path: end descending, start ascending, id ascending; < 0: a first.
 */
int nj_blocker_cmp(const struct nj_trace *trace, uint32_t a, uint32_t b);
/* Order in which spans begin: start ascending, end descending, id ascending. */
int nj_starter_cmp(const struct nj_trace *trace, uint32_t a, uint32_t b);

/* Sorts spans by one of these; `spare` has room for `len`. */
void nj_spans_sort(const struct nj_trace *trace,
                   int (*cmp)(const struct nj_trace *trace, uint32_t a, uint32_t b),
                   uint32_t *list, uint32_t *spare, uint32_t len);

/* Its parent waited for it: neither detached nor asynchronous. */
static inline bool
nj_span_blocks(const struct nj_trace *trace, uint32_t i)
{
    return (trace->flags[i] & (NJ_SPAN_DETACHED | NJ_SPAN_ASYNC)) == 0;
}

/* Spans without length are markers: no path ever leads through them. */
static inline bool
nj_span_has_length(const struct nj_trace *trace, uint32_t i)
{
    return trace->end_ns[i] > trace->start_ns[i];
}

struct nj_blockers {
    uint32_t len;
    bool overlaps; /* some of them are active at the same time */
};

/* Writes the blocking children of `x` that have a length to list[0 .. len), in the order of
 * nj_blocker_cmp. `list` and `spare` have room for all children of x. With `skips_wrappers`
 * children without children are left out when they cover a sibling that has some. O(c log c),
 * O(c) where none overlap. */
struct nj_blockers nj_blockers_list(const struct nj_trace *trace, uint32_t x,
                                    bool skips_wrappers, uint32_t *list, uint32_t *spare);

static inline bool
nj_span_has_children(const struct nj_trace *trace, uint32_t i)
{
    return trace->child_at[i + 1] > trace->child_at[i];
}

#endif
