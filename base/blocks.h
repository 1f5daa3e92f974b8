/* blocks.h - a long list of equal elements that never move: growing copies nothing, and another
 * list is appended by taking its blocks (floor 0). */
#ifndef NJ_BASE_BLOCKS_H
#define NJ_BASE_BLOCKS_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

struct nj_block {
    struct nj_block *next;
    size_t len, cap;
    alignas(max_align_t) unsigned char data[];
};

/* `{.size = sizeof(element)}` is empty. Read it block by block, elements in the order of adding:
 * for (b = blocks.first; b; b = b->next), b->len elements at b->data. */
struct nj_blocks {
    size_t size, len; /* of an element; how many there are */
    struct nj_block *first, *last;
};

/* Makes room for one more in a new block; NULL: no memory. */
struct nj_block *nj_blocks_grow(struct nj_blocks *blocks);

/* Room for one more element, not initialised; NULL: no memory. */
static inline void *
nj_blocks_add(struct nj_blocks *blocks)
{
    struct nj_block *last = blocks->last;

    if ((!last || last->len == last->cap) && !(last = nj_blocks_grow(blocks)))
        return NULL;
    blocks->len++;
    return last->data + last->len++ * blocks->size;
}

/* Appends all elements of `from`, of the same size, and empties it. O(1). */
void nj_blocks_take(struct nj_blocks *into, struct nj_blocks *from);

/* Frees all elements; the list may be used again. */
void nj_blocks_fini(struct nj_blocks *blocks);

#endif
