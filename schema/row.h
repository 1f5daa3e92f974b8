/* row.h - one span as the store keeps it and hands it out: typed columns, facts, and the key
 * of its full content (floor 1). conventions.h makes a row of an nj_span. */
#ifndef NJ_SCHEMA_ROW_H
#define NJ_SCHEMA_ROW_H

#include "schema/ids.h"
#include "schema/kinds.h"
#include "schema/span.h"

/* Counts of tokens of one span, -1 where not recorded. Input includes cached, output includes
 * reasoning, whatever the dialect said. */
enum nj_token {
    NJ_TOKEN_INPUT,
    NJ_TOKEN_CACHED,      /* read from a cache, part of input */
    NJ_TOKEN_CACHE_WRITE, /* written to a cache, part of input */
    NJ_TOKEN_OUTPUT,
    NJ_TOKEN_REASONING, /* part of output */
    NJ_TOKENS_LEN
};

/* How the agent of a span was found: one of the eight rules on the span itself, or not at all;
 * trees add INHERITED, SERVICE and UNKNOWN. Names for print: nj_how_name. */
enum nj_how {
    NJ_HOW_NONE,
    NJ_HOW_GEN_AI_AGENT_NAME,
    NJ_HOW_AGENT_NAME,
    NJ_HOW_AGENT_NAME_PLAIN, /* agent_name */
    NJ_HOW_ENTITY,           /* graph.node.*, traceloop / agentops entity, agent spans only */
    NJ_HOW_METADATA,         /* lc_agent_name, langgraph_checkpoint_ns */
    NJ_HOW_FUNCTION_ID,      /* ai.telemetry.functionId, resource.name */
    NJ_HOW_SPAN_NAME,        /* agent spans only */
    NJ_HOW_AGENT_ID,
    NJ_HOW_INHERITED,
    NJ_HOW_SERVICE,
    NJ_HOW_UNKNOWN,
    NJ_HOW_LEN
};
const char *nj_how_name(enum nj_how how);

enum nj_row_flag {
    NJ_ROW_HAS_PARENT = 1 << 0,
    NJ_ROW_NO_START = 1 << 1,  /* no start recorded; start_ns is 0 */
    NJ_ROW_NO_END = 1 << 2,    /* no end recorded; end_ns equals start_ns */
    NJ_ROW_PENDING = 1 << 3,   /* not a span of its own: kept, but left out of trees */
    NJ_ROW_SHARED = 1 << 4,    /* Zipkin: shares its id with the client's span */
    NJ_ROW_SPAN_TEXT = 1 << 5, /* span id is text: fact SPAN_TEXT */
};

/* All uint32_t name columns are ids in the corpus's names, NJ_NO_NAME where there is none.
 * Times are as recorded (raw), nanoseconds since the epoch. */
struct nj_row {
    uint64_t span_id, parent_id;
    uint64_t digest; /* XXH3-64 of the whole content: same digest, same record */
    int64_t start_ns, end_ns;
    int64_t tokens[NJ_TOKENS_LEN];
    uint32_t name;      /* as recorded */
    uint32_t operation; /* the name with run ids and numbers masked, for grouping */
    uint32_t agent;     /* found on the span itself by rule `how` */
    uint32_t model, provider, tool;
    uint32_t scope; /* index into the corpus's scopes */
    uint32_t flags; /* enum nj_row_flag */
    uint8_t kind, how, status, otel_kind;
    struct nj_slice facts; /* see facts.h */
    uint64_t payload;      /* key of the full content, for nj_corpus.payload */
};

#endif
