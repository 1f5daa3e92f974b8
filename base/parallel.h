/* parallel.h - independent pieces of work on some threads (floor 0). */
#ifndef NJ_BASE_PARALLEL_H
#define NJ_BASE_PARALLEL_H

#include <stddef.h>

/* Threads to use where `asked` were asked for: that many, or one a core for 0; 1 to 256. */
unsigned nj_threads_of(unsigned asked);

/* Calls work(context, i) once for every i < len, on this thread and up to `threads` - 1 others,
 * in no order; returns when all is done. Threads that cannot be started are done without. */
void nj_parallel(unsigned threads, size_t len, void (*work)(void *context, size_t i),
                 void *context);

#endif
