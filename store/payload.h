/* payload.h - the full content of spans and scopes as bytes (floor 2).
 *
 * Spans stand one behind the other in a chunk. What a row says is not written again, and a list
 * of attribute keys that stands in the chunk already is only referred to. */
#ifndef NJ_STORE_PAYLOAD_H
#define NJ_STORE_PAYLOAD_H

#include "base/arena.h"
#include "base/names.h"
#include "schema/row.h"
#include "store/shape.h"

/* Appends the content of `span`, of which `row` was made, to a chunk and gives its digest:
 * XXH3-64 of everything that the importer said, the same for the same record, whatever file,
 * store or version it comes from. `scope_digest` is that of its scope. */
uint64_t nj_payload_write(struct nj_buf *chunk, struct nj_shapes *shapes,
                          const struct nj_span *span, const struct nj_row *row,
                          const struct nj_names *names, uint64_t scope_digest);
/* Reads the record at row->payload's offset of a chunk into `arena`. Trace id and text are left
 * to the caller. false: the bytes are not whole. Memory runs out: *is_failed. */
bool nj_payload_read(struct nj_span *out, struct nj_slice chunk, const struct nj_row *row,
                     const struct nj_names *names, struct nj_arena *arena, bool *is_failed);

void nj_scope_write(struct nj_buf *buf, const struct nj_scope *scope);
bool nj_scope_read(struct nj_scope *out, struct nj_slice bytes, struct nj_arena *arena,
                   bool *is_failed);

/* The key of a record: its chunk, and the offset in it. */
static inline uint64_t
nj_payload_key(uint64_t chunk, uint64_t offset)
{
    return chunk << 32 | offset;
}

#endif
