/* heap.h - how the process gets its memory from the system (floor 0). */
#ifndef NJ_BASE_HEAP_H
#define NJ_BASE_HEAP_H

/* Asks for a heap of huge pages that keeps what was freed. Call it once, before any thread
 * starts. Where the system gives no such pages, or the C library is not glibc, nothing changes;
 * it cannot fail. */
void nj_heap_prepare(void);

#endif
