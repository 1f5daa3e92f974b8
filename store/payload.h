/* payload.h - the full content of a span, and of a scope, as bytes (floor 2).
 *
 * What a row already says is not written again. Bytes of equal spans are equal, wherever they
 * stand: nothing in them depends on the store. */
#ifndef NJ_STORE_PAYLOAD_H
#define NJ_STORE_PAYLOAD_H

#include "base/arena.h"
#include "base/names.h"
#include "schema/row.h"

/* Appends the content of `span`, of which `row` was made, and gives its digest: XXH3-64 of
 * everything that the importer said, the same for the same record, whatever file, store or
 * version it comes from. `scope_digest` is that of its scope. */
uint64_t nj_payload_write(struct nj_buf *buf, const struct nj_span *span,
                          const struct nj_row *row, const struct nj_names *names,
                          uint64_t scope_digest);
/* Reads what stands at the front of `bytes` into `arena`. Trace id and text are left to the
 * caller. false: the bytes are not whole. Memory runs out: *is_failed. */
bool nj_payload_read(struct nj_span *out, struct nj_slice bytes, const struct nj_row *row,
                     const struct nj_names *names, struct nj_arena *arena, bool *is_failed);

/* The same for a scope. */
void nj_scope_write(struct nj_buf *buf, const struct nj_scope *scope);
bool nj_scope_read(struct nj_scope *out, struct nj_slice bytes, struct nj_arena *arena,
                   bool *is_failed);

#endif
