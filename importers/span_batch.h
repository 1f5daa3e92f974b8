/* span_batch.h - spans that wait until what stands around them is known (floor 3).
 *
 * JSON may name a resource, a scope and their schema URLs before or behind the spans in them,
 * so the spans of a resource are put together here and sent when it ends. */
#ifndef NJ_IMPORTERS_SPAN_BATCH_H
#define NJ_IMPORTERS_SPAN_BATCH_H

#include "base/arena.h"
#include "schema/span.h"

/* Lists that grow at their end, one after the other; a list that is finished never moves. */
struct nj_pool {
    char *block;
    size_t from, at, cap; /* bytes; the list being made is block[from .. at) */
};

struct nj_span_batch {
    struct nj_arena *arena; /* texts and lists of the spans that wait */
    struct nj_pool attrs, events, links;
    struct nj_span *spans; /* .scope is an index of `scopes` */
    struct nj_scope *scopes;
    size_t spans_len, spans_cap, scopes_len, scopes_cap;
    bool is_failed; /* memory ran out */
};

enum nj_status nj_span_batch_init(struct nj_span_batch *batch, struct nj_error *err) NJ_CHECKED;
void nj_span_batch_fini(struct nj_span_batch *batch);
/* Forgets all spans and scopes and empties the arena. */
void nj_span_batch_clear(struct nj_span_batch *batch);

/* A new scope, empty; spans made from now on are in it. NULL: no memory. */
struct nj_scope *nj_span_batch_scope(struct nj_span_batch *batch);
/* An empty span without times, to be filled; it counts when it is kept. Lives until the next
 * call. NULL: no memory, or there is no scope. */
struct nj_span *nj_span_batch_new(struct nj_span_batch *batch);
static inline void
nj_span_batch_keep(struct nj_span_batch *batch)
{
    batch->spans_len++;
}

bool nj_pool_grow(struct nj_pool *pool, struct nj_arena *arena, size_t size);

/* Begins a list, in bytes. */
static inline void
nj_pool_begin(struct nj_pool *pool)
{
    pool->from = pool->at;
}

/* Room for one more element of `size` bytes at the end of the list; NULL: no memory. */
static inline void *
nj_pool_add(struct nj_pool *pool, struct nj_arena *arena, size_t size)
{
    if (pool->cap - pool->at < size && !nj_pool_grow(pool, arena, size))
        return NULL;
    void *room = pool->block + pool->at;
    pool->at += size;
    return room;
}

/* The list being made. */
static inline void *
nj_pool_list(const struct nj_pool *pool)
{
    return pool->at > pool->from ? pool->block + pool->from : NULL;
}

static inline void
nj_span_batch_attr(struct nj_span_batch *batch, struct nj_slice key, struct nj_value value)
{
    struct nj_attr *attr = nj_pool_add(&batch->attrs, batch->arena, sizeof *attr);
    if (attr)
        *attr = (struct nj_attr){key, value};
    else
        batch->is_failed = true;
}

/* Puts `resource` around every scope, hands scopes and spans to the sink and forgets them; the
 * arena stays. NJ_ENOMEM also when memory ran out before. */
enum nj_status nj_span_batch_send(struct nj_span_batch *batch, const struct nj_scope *resource,
                                  struct nj_sink *sink, struct nj_error *err) NJ_CHECKED;

#endif
