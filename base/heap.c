/* heap.c - a heap of huge pages.
 *
 * Batch tools touch hundreds of megabytes once. By pages of 4 KiB that is a fault for each, and
 * in a virtual machine those faults are a fifth of all work. Address space is reserved far
 * ahead, and costs nothing until it is touched. */
#define _DEFAULT_SOURCE /* sbrk, madvise */
#include "base/heap.h"

#include <stdint.h>
#include <stdlib.h>

#ifdef __GLIBC__

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    RESERVED_BYTES = 512 << 20,
    MAPPED_BYTES_MIN = 32 << 20, /* the most that glibc takes */
    PROBE_BYTES = 1 << 20,       /* more than a new heap has at hand */
    GROWN_BYTES = 1 << 20,       /* when that is used up */
};

void
nj_heap_prepare(void)
{
    /* One heap for all threads: those of threads are grown page by page. */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
    (void)mallopt(M_TRIM_THRESHOLD, INT32_MAX);
    (void)mallopt(M_TOP_PAD, RESERVED_BYTES);
    void *probe = malloc(PROBE_BYTES); /* fails where address space is limited */
    (void)mallopt(M_TOP_PAD, GROWN_BYTES);
    char *end = sbrk(0);
    uintptr_t from = (uintptr_t)probe & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);

    /* Where the heap could not grow, the probe lies elsewhere. */
    if (probe && from < (uintptr_t)end && (uintptr_t)end - from <= 2 * (size_t)RESERVED_BYTES)
        (void)madvise((char *)probe - ((uintptr_t)probe - from), (uintptr_t)end - from,
                      MADV_HUGEPAGE);
    free(probe);
}

#else

void
nj_heap_prepare(void)
{
}

#endif
