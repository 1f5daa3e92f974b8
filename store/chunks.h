/* chunks.h - full contents of spans out of a store, a few chunks kept open; only files of
 * store/ include it. */
#ifndef NJ_STORE_CHUNKS_H
#define NJ_STORE_CHUNKS_H

#include "store/db.h"

struct nj_chunks;

/* Reads the chunks of `db`, which must outlive it. */
enum nj_status nj_chunks_open(struct nj_chunks **out, sqlite3 *db,
                              struct nj_error *err) NJ_CHECKED;
void nj_chunks_close(struct nj_chunks *chunks);
/* The whole chunk that `payload` is in; borrowed until the next call. NJ_ESTORE: there is no
 * such chunk. */
enum nj_status nj_chunks_get(struct nj_chunks *chunks, uint64_t payload, struct nj_slice *out,
                             struct nj_error *err) NJ_CHECKED;

#endif
