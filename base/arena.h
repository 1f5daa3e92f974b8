/* arena.h - region allocator: allocate freely, free once (floor 0). */
#ifndef NJ_BASE_ARENA_H
#define NJ_BASE_ARENA_H

#include "base/slice.h"

#include <stddef.h>

struct nj_arena;

/* An empty arena that takes memory in blocks of `block_bytes`. NULL: no memory. */
struct nj_arena *nj_arena_new(size_t block_bytes);
void nj_arena_free(struct nj_arena *arena);

/* Give back everything that was allocated; the largest block is kept for the next round. */
void nj_arena_reset(struct nj_arena *arena);

/* `count` elements of `size` bytes, zeroed and aligned for any type; NULL when memory is
 * exhausted or the product overflows. Never freed singly. */
void *nj_arena_alloc(struct nj_arena *arena, size_t count, size_t size);

/* The same without zeroing, for memory that is written at once. */
void *nj_arena_alloc_raw(struct nj_arena *arena, size_t count, size_t size);

/* A copy of the bytes of `text`, NUL-terminated; `.ptr` is NULL when memory is exhausted. */
struct nj_slice nj_arena_copy(struct nj_arena *arena, struct nj_slice text);

/* Bytes handed out since the last reset (for limits and statistics). */
size_t nj_arena_used_bytes(const struct nj_arena *arena);

#define NJ_NEW(arena, type, count) ((type *)nj_arena_alloc((arena), (count), sizeof(type)))
#define NJ_NEW_RAW(arena, type, count)                                                         \
    ((type *)nj_arena_alloc_raw((arena), (count), sizeof(type)))

#endif
