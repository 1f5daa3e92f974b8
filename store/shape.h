/* shape.h - lists of attribute keys, written once a chunk (floor 2).
 *
 * Spans of one operation mostly have the same attributes, in the same order and of the same
 * types. So a record says where in its chunk its list of keys stands, and holds values only. */
#ifndef NJ_STORE_SHAPE_H
#define NJ_STORE_SHAPE_H

#include "schema/span.h"

enum { NJ_SHAPE_SLOTS = 256 };

/* What is known of a chunk: lists that stand in it, by a hint under which they may be asked for
 * again. All zeros for an empty chunk. */
struct nj_shapes {
    struct {
        uint64_t digest;
        size_t at_plus_1;
    } slots[NJ_SHAPE_SLOTS];
    size_t end; /* of the last list */
};

/* Appends a reference to the keys and types of `attrs`, or the list itself where it does not
 * stand under this hint; gives the digest of the list. */
uint64_t nj_shape_write(struct nj_buf *chunk, struct nj_shapes *shapes, uint32_t hint,
                        const struct nj_attrs *attrs);

#endif
