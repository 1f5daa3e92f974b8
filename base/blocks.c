/* blocks.c - lists of blocks: the first ones are small, for most lists stay short. */
#include "base/blocks.h"

#include <stdlib.h>

enum { BYTES_MIN = 1 << 10, BYTES_MAX = 256 << 10 };

struct nj_block *
nj_blocks_grow(struct nj_blocks *blocks)
{
    size_t bytes = blocks->len * blocks->size;

    bytes = bytes < BYTES_MIN ? BYTES_MIN : bytes > BYTES_MAX ? BYTES_MAX : bytes;
    size_t cap = bytes / blocks->size + 1;
    struct nj_block *block = malloc(sizeof *block + cap * blocks->size);
    if (!block)
        return NULL;
    block->next = NULL;
    block->len = 0;
    block->cap = cap;
    if (blocks->last)
        blocks->last->next = block;
    else
        blocks->first = block;
    blocks->last = block;
    return block;
}

void
nj_blocks_take(struct nj_blocks *into, struct nj_blocks *from)
{
    if (!from->first)
        return;
    if (into->last)
        into->last->next = from->first;
    else
        into->first = from->first;
    into->last = from->last;
    into->len += from->len;
    from->first = from->last = NULL;
    from->len = 0;
}

void
nj_blocks_fini(struct nj_blocks *blocks)
{
    while (blocks->first) {
        struct nj_block *next = blocks->first->next;
        free(blocks->first);
        blocks->first = next;
    }
    blocks->last = NULL;
    blocks->len = 0;
}
