/* packed.h - what a row of a skeleton has besides its key, as bytes; only files of store/
 * include it (floor 2).
 *
 * Nobody asks a skeleton with SQL, and SQLite's price is by the column. Bytes are as this
 * machine has them: a skeleton is gone with its process. */
#ifndef NJ_STORE_PACKED_H
#define NJ_STORE_PACKED_H

#include "base/buf.h"
#include "store/cells.h"

/* Appends all of `cells` but start, span id, digest and the place of the content. Facts are to
 * follow. */
void nj_packed_write(struct nj_buf *buf, const struct nj_cells *cells);
/* Reads what was written into `cells`, whose start is set, and gives the facts that follow.
 * false: the bytes are not whole. */
bool nj_packed_read(struct nj_slice bytes, struct nj_cells *cells, struct nj_slice *facts);

#endif
