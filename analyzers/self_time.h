/* self_time.h - how long spans worked themselves (floor 3). */
#ifndef NJ_ANALYZERS_SELF_TIME_H
#define NJ_ANALYZERS_SELF_TIME_H

#include "base/arena.h"
#include "schema/trace.h"

/* For every span its own time minus the union of its children's, all as recorded; in `arena`.
 * O(n), n log n where siblings are out of order. NULL: no memory. */
const int64_t *nj_self_times(const struct nj_trace *trace, struct nj_arena *arena);

#endif
