/* chunks.c - full contents of spans out of a store, a few chunks kept open. */
#include "store/chunks.h"

#include <stdlib.h>
#include <zstd.h>

/* Spans of a trace stand close together in the input, so they come from few chunks. 64 of the
 * usual ones are 16 MiB; longer ones push out more than one. */
enum { CHUNKS_KEPT = 64, KEPT_BYTES_MAX = 32 << 20 };

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
    size_t kept_bytes;
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
    chunk->len = (size_t)raw_bytes;
    chunk->bytes = malloc(chunk->len);
    chunks->kept_bytes += chunk->len;
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

static void
chunk_drop(struct nj_chunks *chunks, struct chunk *chunk)
{
    chunks->kept_bytes -= chunk->len;
    free(chunk->bytes);
    *chunk = (struct chunk){.number = -1};
}

/* The kept chunk of this number, or NULL; *oldest is the one that was used longest ago. */
static struct chunk *
chunk_find(struct nj_chunks *chunks, int64_t number, struct chunk **oldest)
{
    *oldest = &chunks->kept[0];
    for (size_t i = 0; i < CHUNKS_KEPT; i++) {
        if (chunks->kept[i].number == number)
            return &chunks->kept[i];
        if (chunks->kept[i].used < (*oldest)->used)
            *oldest = &chunks->kept[i];
    }
    return NULL;
}

/* Empties the oldest place, and more of them as long as too much is kept. */
static struct chunk *
chunk_make_room(struct nj_chunks *chunks, struct chunk *oldest)
{
    chunk_drop(chunks, oldest);
    for (size_t i = 0; i < CHUNKS_KEPT && chunks->kept_bytes > KEPT_BYTES_MAX; i++) {
        struct chunk *next = oldest;
        for (size_t k = 0; k < CHUNKS_KEPT; k++)
            if (chunks->kept[k].number >= 0 &&
                (next->number < 0 || chunks->kept[k].used < next->used))
                next = &chunks->kept[k];
        chunk_drop(chunks, next);
    }
    return oldest;
}

static enum nj_status
chunk_load(struct nj_chunks *chunks, int64_t number, struct chunk **out, struct nj_error *err)
{
    struct chunk *oldest, *chunk = chunk_find(chunks, number, &oldest);

    if (chunk) {
        *out = chunk;
        return NJ_OK;
    }
    chunk = chunk_make_room(chunks, oldest);
    (void)sqlite3_bind_int64(chunks->stmt, 1, number);
    enum nj_status st = nj_db_step(chunks->stmt, err);
    if (st == NJ_OK)
        st = chunk_unpack(chunks, chunk, err);
    else if (st == NJ_DONE)
        st = nj_fail(err, NJ_ESTORE, "the store is damaged: chunk %lld is missing",
                     (long long)number);
    (void)sqlite3_reset(chunks->stmt);
    if (st < 0)
        return st;
    chunk->number = number;
    *out = chunk;
    return NJ_OK;
}

enum nj_status
nj_chunks_get(struct nj_chunks *chunks, uint64_t payload, struct nj_slice *out,
              struct nj_error *err)
{
    struct chunk *chunk;
    enum nj_status st = chunk_load(chunks, (int64_t)(payload >> 32), &chunk, err);

    if (st < 0)
        return st;
    chunk->used = ++chunks->calls;
    *out = (struct nj_slice){chunk->bytes, chunk->len};
    return NJ_OK;
}
