/* columns.h - the columns of the table `spans`, in their order: of a store, and of a skeleton;
 * only files of store/ include it. */
#ifndef NJ_STORE_COLUMNS_H
#define NJ_STORE_COLUMNS_H

#include "schema/row.h"

#define NJ_SPAN_COLUMNS                                                                        \
    "trace, start_ns, span_id, digest, parent_id, duration_ns, class, input_tokens,"           \
    " cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, payload, facts"

enum nj_span_column {
    NJ_SPAN_TRACE,
    NJ_SPAN_START,
    NJ_SPAN_SPAN_ID,
    NJ_SPAN_DIGEST,
    NJ_SPAN_PARENT,
    NJ_SPAN_DURATION,
    NJ_SPAN_CLASS,
    NJ_SPAN_TOKENS,
    NJ_SPAN_PAYLOAD = NJ_SPAN_TOKENS + NJ_TOKENS_LEN,
    NJ_SPAN_FACTS,
    NJ_SPAN_COLUMNS_LEN,
};

/* The key is the same; the rest is in packed.h. */
#define NJ_SKELETON_COLUMNS "trace, start_ns, span_id, digest, packed"

enum { NJ_SKELETON_PACKED = NJ_SPAN_DIGEST + 1, NJ_SKELETON_COLUMNS_LEN };

#endif
