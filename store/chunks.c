/* chunks.c - full contents of spans out of a store, a few chunks kept open. */
#include "store/chunks.h"

#include <stdlib.h>
#include <zstd.h>

/* Spans of a trace stand close together in the input, so they come from few chunks. */
enum { CHUNKS_KEPT = 8 };

/* The longest record decides: a chunk ends with the span that fills it. */
#define CHUNK_BYTES_MAX ((int64_t)1 << 31)

struct chunk {
    int64_t number; /* -1: free */
    uint64_t used;  /* when, in calls */
    char *bytes;
    size_t len;
};

struct nj_chunks {
    sqlite3_stmt *stmt;
    ZSTD_DCtx *context;
    uint64_t calls;
    struct chunk kept[CHUNKS_KEPT];
};

enum nj_status
nj_chunks_open(struct nj_chunks **out, sqlite3 *db, struct nj_error *err)
{
    struct nj_chunks *chunks = calloc(1, sizeof *chunks);
    enum nj_status st = NJ_OK;

    if (!chunks)
        return nj_fail(err, NJ_ENOMEM, "no memory to read the contents of spans");
    for (size_t i = 0; i < CHUNKS_KEPT; i++)
        chunks->kept[i].number = -1;
    chunks->context = ZSTD_createDCtx();
    if (!chunks->context)
        st = nj_fail(err, NJ_ENOMEM, "no memory to read the contents of spans");
    if (st == NJ_OK)
        st = nj_db_prepare(&chunks->stmt, db,
                           "SELECT raw_bytes, bytes FROM chunks WHERE number = ?", err);
    if (st < 0) {
        nj_chunks_close(chunks);
        return st;
    }
    *out = chunks;
    return NJ_OK;
}

void
nj_chunks_close(struct nj_chunks *chunks)
{
    if (!chunks)
        return;
    (void)sqlite3_finalize(chunks->stmt);
    (void)ZSTD_freeDCtx(chunks->context);
    for (size_t i = 0; i < CHUNKS_KEPT; i++)
        free(chunks->kept[i].bytes);
    free(chunks);
}

/* Takes the current row of the statement into `chunk`. */
static enum nj_status
chunk_unpack(struct nj_chunks *chunks, struct chunk *chunk, struct nj_error *err)
{
    int64_t raw_bytes = sqlite3_column_int64(chunks->stmt, 0);
    struct nj_slice stored = nj_db_blob(chunks->stmt, 1);

    if (raw_bytes <= 0 || raw_bytes > CHUNK_BYTES_MAX || (size_t)raw_bytes < stored.len)
        return nj_fail(err, NJ_ESTORE, "the store is damaged: a chunk of %lld bytes",
                       (long long)raw_bytes);
    free(chunk->bytes);
    chunk->number = -1;
    chunk->len = (size_t)raw_bytes;
    chunk->bytes = malloc(chunk->len);
    if (!chunk->bytes)
        return nj_fail(err, NJ_ENOMEM, "no memory for a chunk of %zu bytes", chunk->len);
    if (stored.len == chunk->len) {
        memcpy(chunk->bytes, stored.ptr, stored.len);
        return NJ_OK;
    }
    size_t len =
        ZSTD_decompressDCtx(chunks->context, chunk->bytes, chunk->len, stored.ptr, stored.len);
    if (len != chunk->len)
        return nj_fail(err, NJ_ESTORE, "the store is damaged: a chunk cannot be decompressed");
    return NJ_OK;
}

static enum nj_status
chunk_load(struct nj_chunks *chunks, int64_t number, struct chunk **out, struct nj_error *err)
{
    struct chunk *oldest = &chunks->kept[0];

    for (size_t i = 0; i < CHUNKS_KEPT; i++) {
        if (chunks->kept[i].number == number) {
            *out = &chunks->kept[i];
            return NJ_OK;
        }
        if (chunks->kept[i].used < oldest->used)
            oldest = &chunks->kept[i];
    }
    (void)sqlite3_bind_int64(chunks->stmt, 1, number);
    enum nj_status st = nj_db_step(chunks->stmt, err);
    if (st == NJ_OK)
        st = chunk_unpack(chunks, oldest, err);
    else if (st == NJ_DONE)
        st = nj_fail(err, NJ_ESTORE, "the store is damaged: chunk %lld is missing",
                     (long long)number);
    (void)sqlite3_reset(chunks->stmt);
    if (st < 0)
        return st;
    oldest->number = number;
    *out = oldest;
    return NJ_OK;
}

enum nj_status
nj_chunks_get(struct nj_chunks *chunks, uint64_t payload, struct nj_slice *out,
              struct nj_error *err)
{
    struct chunk *chunk;
    uint64_t offset = payload & UINT32_MAX;
    enum nj_status st = chunk_load(chunks, (int64_t)(payload >> 32), &chunk, err);

    if (st < 0)
        return st;
    if (offset >= chunk->len)
        return nj_fail(err, NJ_ESTORE,
                       "the store is damaged: offset %llu of a chunk of %zu bytes",
                       (unsigned long long)offset, chunk->len);
    chunk->used = ++chunks->calls;
    *out = (struct nj_slice){chunk->bytes + offset, chunk->len - (size_t)offset};
    return NJ_OK;
}
