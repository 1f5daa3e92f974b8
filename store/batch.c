/* batch.c - the life of a batch, and the compression of its chunk. */
#include "store/batch.h"

#include "base/grow.h"

#include <stdlib.h>
#include <zstd.h>

/* Level 1: the higher ones cost more processor time than the import of the span itself. */
enum { PACK_LEVEL = 1 };

struct nj_packer {
    ZSTD_CCtx *context;
    struct nj_buf room; /* for the largest that compressing may give */
};

struct nj_batch *
nj_batch_new(void)
{
    return calloc(1, sizeof(struct nj_batch));
}

void
nj_batch_free(struct nj_batch *batch)
{
    if (!batch)
        return;
    free(batch->rows);
    free(batch->scopes);
    free(batch->classes);
    nj_buf_fini(&batch->bytes);
    nj_buf_fini(&batch->payload);
    nj_buf_fini(&batch->packed);
    free(batch);
}

void
nj_batch_clear(struct nj_batch *batch)
{
    batch->rows_len = 0;
    batch->scopes_len = 0;
    batch->classes_len = 0;
    batch->bytes.len = 0;
    batch->payload.len = 0;
    batch->packed.len = 0;
    batch->is_packed = false;
    batch->is_checkpoint = false;
    batch->names = NULL;
}

struct nj_batch_row *
nj_batch_add_row(struct nj_batch *batch)
{
    void *list = nj_grow(batch->rows, batch->rows_len, &batch->rows_cap, sizeof *batch->rows);

    if (!list)
        return NULL;
    batch->rows = list;
    return &batch->rows[batch->rows_len++];
}

struct nj_batch_scope *
nj_batch_add_scope(struct nj_batch *batch)
{
    void *list =
        nj_grow(batch->scopes, batch->scopes_len, &batch->scopes_cap, sizeof *batch->scopes);

    if (!list)
        return NULL;
    batch->scopes = list;
    return &batch->scopes[batch->scopes_len++];
}

struct nj_class *
nj_batch_add_class(struct nj_batch *batch)
{
    void *list = nj_grow(batch->classes, batch->classes_len, &batch->classes_cap,
                         sizeof *batch->classes);

    if (!list)
        return NULL;
    batch->classes = list;
    return &batch->classes[batch->classes_len++];
}

struct nj_packer *
nj_packer_new(void)
{
    struct nj_packer *packer = calloc(1, sizeof *packer);

    if (!packer)
        return NULL;
    packer->context = ZSTD_createCCtx();
    if (!packer->context) {
        free(packer);
        return NULL;
    }
    return packer;
}

void
nj_packer_free(struct nj_packer *packer)
{
    if (!packer)
        return;
    (void)ZSTD_freeCCtx(packer->context);
    nj_buf_fini(&packer->room);
    free(packer);
}

enum nj_status
nj_batch_pack(struct nj_batch *batch, struct nj_packer *packer, struct nj_error *err)
{
    size_t bound = ZSTD_compressBound(batch->payload.len);

    batch->packed.len = 0;
    if (batch->payload.len == 0) {
        batch->is_packed = true;
        return NJ_OK;
    }
    /* Batches wait in a queue, so each keeps only what it needs. */
    char *room = nj_buf_reserve(&packer->room, bound);
    if (!room)
        return nj_fail(err, NJ_ENOMEM, "no memory to compress %zu bytes", batch->payload.len);
    size_t len = ZSTD_compressCCtx(packer->context, room, bound, batch->payload.ptr,
                                   batch->payload.len, PACK_LEVEL);
    if (ZSTD_isError(len))
        return nj_fail(err, NJ_EBUG, "compressing: %s", ZSTD_getErrorName(len));
    if (len < batch->payload.len)
        nj_buf_put(&batch->packed, room, len);
    if (batch->packed.is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for %zu compressed bytes", len);
    batch->is_packed = true;
    return NJ_OK;
}
