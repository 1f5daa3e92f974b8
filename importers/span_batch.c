/* span_batch.c - spans that wait until what stands around them is known. */
#include "importers/span_batch.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 64 << 10, POOL_BYTES_MIN = 16 << 10 };

enum nj_status
nj_span_batch_init(struct nj_span_batch *batch, struct nj_error *err)
{
    *batch = (struct nj_span_batch){.arena = nj_arena_new(BLOCK_BYTES)};
    return batch->arena ? NJ_OK : nj_fail(err, NJ_ENOMEM, "out of memory");
}

void
nj_span_batch_fini(struct nj_span_batch *batch)
{
    nj_arena_free(batch->arena);
    free(batch->spans);
    free(batch->scopes);
    *batch = (struct nj_span_batch){0};
}

void
nj_span_batch_clear(struct nj_span_batch *batch)
{
    nj_arena_reset(batch->arena);
    batch->attrs = batch->events = batch->links = (struct nj_pool){0};
    batch->spans_len = batch->scopes_len = 0;
}

bool
nj_pool_grow(struct nj_pool *pool, struct nj_arena *arena, size_t size)
{
    size_t len = pool->at - pool->from;
    size_t cap = len * 2 + size > POOL_BYTES_MIN ? len * 2 + size : POOL_BYTES_MIN;
    char *block = nj_arena_alloc_raw(arena, cap, 1);

    if (!block)
        return false;
    if (len)
        memcpy(block, pool->block + pool->from, len);
    *pool = (struct nj_pool){block, 0, len, cap};
    return true;
}

/* `list` with room for more than `len` elements; NULL: no memory, and the list stays. */
static void *
list_grow(void *list, size_t len, size_t *cap, size_t size)
{
    if (len < *cap)
        return list;
    size_t more = *cap ? *cap * 2 : 64;
    void *p = more > SIZE_MAX / 2 / size ? NULL : realloc(list, more * size);
    if (p)
        *cap = more;
    return p;
}

struct nj_scope *
nj_span_batch_scope(struct nj_span_batch *batch)
{
    struct nj_scope *scopes =
        list_grow(batch->scopes, batch->scopes_len, &batch->scopes_cap, sizeof *batch->scopes);

    if (!scopes) {
        batch->is_failed = true;
        return NULL;
    }
    batch->scopes = scopes;
    scopes[batch->scopes_len] = (struct nj_scope){0};
    return &scopes[batch->scopes_len++];
}

struct nj_span *
nj_span_batch_new(struct nj_span_batch *batch)
{
    struct nj_span *spans =
        batch->scopes_len
            ? list_grow(batch->spans, batch->spans_len, &batch->spans_cap, sizeof *batch->spans)
            : NULL;

    if (!spans) {
        batch->is_failed = true;
        return NULL;
    }
    batch->spans = spans;
    spans += batch->spans_len;
    *spans = (struct nj_span){.start_ns = NJ_NO_TIME,
                              .end_ns = NJ_NO_TIME,
                              .scope = (uint32_t)(batch->scopes_len - 1)};
    return spans;
}

enum nj_status
nj_span_batch_send(struct nj_span_batch *batch, const struct nj_scope *resource,
                   struct nj_sink *sink, struct nj_error *err)
{
    enum nj_status st = NJ_OK;
    uint32_t number = 0;
    size_t known = SIZE_MAX; /* the scope that `number` stands for */

    if (batch->is_failed)
        return nj_fail(err, NJ_ENOMEM, "out of memory for the spans of a resource");
    for (size_t i = 0; i < batch->spans_len && st >= 0; i++) {
        struct nj_span *span = &batch->spans[i];
        if (span->scope != known) {
            known = span->scope;
            struct nj_scope *scope = &batch->scopes[known];
            scope->resource = resource->resource;
            scope->resource_schema_url = resource->resource_schema_url;
            st = sink->scope(sink, scope, &number, err);
        }
        span->scope = number;
        if (st >= 0)
            st = sink->span(sink, span, err);
    }
    batch->spans_len = batch->scopes_len = 0;
    batch->attrs.from = batch->attrs.at = 0;
    batch->events.from = batch->events.at = 0;
    batch->links.from = batch->links.at = 0;
    return st;
}
