/* arena.c - region allocator. With NJ_DEBUG_ARENA every allocation is a block of its own, so
 * that a sanitizer sees a write past its end. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    size_t used, cap;
    alignas(max_align_t) unsigned char data[];
};

struct nj_arena {
    struct block *head;
    size_t block_bytes;
    size_t used_bytes;
};

struct nj_arena *
nj_arena_new(size_t block_bytes)
{
    struct nj_arena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->block_bytes = block_bytes;
    return arena;
}

static void
blocks_free(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void
nj_arena_reset(struct nj_arena *arena)
{
    struct block *keep = NULL;

    arena->used_bytes = 0;
#ifndef NJ_DEBUG_ARENA
    for (struct block **at = &arena->head, **best = NULL; *at || best;) {
        if (*at) {
            if (!best || (*at)->cap > (*best)->cap)
                best = at;
            at = &(*at)->next;
            continue;
        }
        keep = *best;
        *best = keep->next;
        break;
    }
#endif
    blocks_free(arena->head);
    arena->head = keep;
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
    }
}

void
nj_arena_free(struct nj_arena *arena)
{
    if (!arena)
        return;
    blocks_free(arena->head);
    free(arena);
}

void *
nj_arena_alloc_raw(struct nj_arena *arena, size_t count, size_t size)
{
    const size_t align = alignof(max_align_t);

    if (size && count > SIZE_MAX / 2 / size)
        return NULL;
#ifdef NJ_DEBUG_ARENA
    size_t need = count * size;
    struct block *b = NULL;
    size_t cap = need;
#else
    size_t need = (count * size + align - 1) & ~(align - 1);
    struct block *b = arena->head;
    size_t cap = need > arena->block_bytes ? need : arena->block_bytes;
#endif
    if (!b || b->cap - b->used < need) {
        b = malloc(sizeof *b + cap + (cap == 0));
        if (!b)
            return NULL;
        b->next = arena->head;
        b->used = 0;
        b->cap = cap;
        arena->head = b;
    }
    void *p = b->data + b->used;
    b->used += need;
    arena->used_bytes += need;
    (void)align;
    return p;
}

void *
nj_arena_alloc(struct nj_arena *arena, size_t count, size_t size)
{
    void *p = nj_arena_alloc_raw(arena, count, size);
    return p ? memset(p, 0, count * size) : NULL;
}

struct nj_slice
nj_arena_copy(struct nj_arena *arena, struct nj_slice text)
{
    char *p = nj_arena_alloc_raw(arena, text.len + 1, 1);

    if (!p)
        return (struct nj_slice){0};
    if (text.len)
        memcpy(p, text.ptr, text.len);
    p[text.len] = '\0';
    return (struct nj_slice){p, text.len};
}

size_t
nj_arena_used_bytes(const struct nj_arena *arena)
{
    return arena->used_bytes;
}
