/* columns.h - the columns of the table `spans`, in their order; only files of store/ include
 * it. */
#ifndef NJ_STORE_COLUMNS_H
#define NJ_STORE_COLUMNS_H

#include "schema/row.h"

#define NJ_SPAN_COLUMNS                                                                        \
    "trace, start_ns, span_id, digest, parent_id, duration_ns, name, operation, agent, model," \
    " provider, tool, scope, flags, kind, how, status, otel_kind, input_tokens,"               \
    " cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, payload, facts"

enum nj_span_column {
    NJ_SPAN_TRACE,
    NJ_SPAN_START,
    NJ_SPAN_SPAN_ID,
    NJ_SPAN_DIGEST,
    NJ_SPAN_PARENT,
    NJ_SPAN_DURATION,
    NJ_SPAN_NAME,
    NJ_SPAN_OPERATION,
    NJ_SPAN_AGENT,
    NJ_SPAN_MODEL,
    NJ_SPAN_PROVIDER,
    NJ_SPAN_TOOL,
    NJ_SPAN_SCOPE,
    NJ_SPAN_FLAGS,
    NJ_SPAN_KIND,
    NJ_SPAN_HOW,
    NJ_SPAN_STATUS,
    NJ_SPAN_OTEL_KIND,
    NJ_SPAN_TOKENS,
    NJ_SPAN_PAYLOAD = NJ_SPAN_TOKENS + NJ_TOKENS_LEN,
    NJ_SPAN_FACTS,
};

#endif
