/* grow.h - lists that get longer (floor 0). */
#ifndef NJ_BASE_GROW_H
#define NJ_BASE_GROW_H

#include <stddef.h>
#include <stdlib.h>

/* `list` of `*cap` elements of `size` bytes with room for one more than `len`; it may have
 * moved. NULL: no memory, and the list is as it was. */
static inline void *
nj_grow(void *list, size_t len, size_t *cap, size_t size)
{
    size_t more = *cap ? *cap * 2 : 64;

    if (len < *cap)
        return list;
    void *grown = more > (size_t)-1 / size ? NULL : realloc(list, more * size);
    if (grown)
        *cap = more;
    return grown;
}

#endif
