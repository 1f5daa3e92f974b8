/* calls_wall.h - elapsed time divided among the spans that were active (floor 3).
 *
 * The time that anything of a trace was active is divided, to the nanosecond, so that nothing
 * counts twice. Where siblings overlap, every moment is divided evenly among those that are
 * active; what falls to a span is divided between its own time and its children in the
 * proportion in which they fill it. Roots and spans that nobody waited for are siblings of each
 * other at the top. */
#ifndef NJ_ANALYZERS_CALLS_WALL_H
#define NJ_ANALYZERS_CALLS_WALL_H

#include "base/arena.h"
#include "schema/trace.h"

/* own_ns[i]: what falls to span i itself. Adds up to the time that any root or detached span
 * was active. spans_len elements. O(n log n), O(n) where nothing overlaps. false: no memory. */
bool nj_wall_divide(int64_t *own_ns, const struct nj_trace *trace, struct nj_arena *arena);

#endif
