/* calls_parallel.h - how many agents work at once (floor 3).
 *
 * An invocation of an agent works while it is open and no agent that it invoked is: whoever
 * waits for a sub-agent does not work. */
#ifndef NJ_ANALYZERS_CALLS_PARALLEL_H
#define NJ_ANALYZERS_CALLS_PARALLEL_H

#include "base/arena.h"
#include "schema/trace.h"

/* From this many on they are counted together. */
enum { NJ_PARALLEL_MAX = 256 };

/* Adds to ns[k] the time with k agents at work, between the first start and the last end of all
 * invocations. O(m log m) for m invocations. false: no memory. */
bool nj_parallel_add(uint64_t ns[NJ_PARALLEL_MAX + 1], const struct nj_trace *trace,
                     struct nj_arena *arena);

#endif
