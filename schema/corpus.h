/* corpus.h - stored traces as the analysis sees them: whole traces by number, from whatever
 * keeps them (floor 1). The SQLite store implements it, and so may a remote source. */
#ifndef NJ_SCHEMA_CORPUS_H
#define NJ_SCHEMA_CORPUS_H

#include "base/arena.h"
#include "base/names.h"
#include "schema/row.h"

/* One trace as stored: rows in no promised order, not linked. Lives until the next call. */
struct nj_raw_trace {
    uint64_t number; /* 0-based; an order of storage, never printed */
    struct nj_trace_id id;
    struct nj_slice text; /* the id where it is not hex, else empty */
    const struct nj_row *rows;
    uint32_t rows_len;
};

/* What a resource and scope mean for analysis; index is nj_row.scope. */
struct nj_scope_info {
    uint32_t service;        /* name id; NJ_NO_NAME when absent or "unknown_service…" */
    uint32_t host;           /* name id of host.id, host.ip or host.name */
    uint32_t granularity_ns; /* of the clock behind its spans: 1, 1000 or 1000000 */
    uint32_t scope_name;     /* instrumentation library */
};

/* A reader of traces [first, last). One thread a reader. */
struct nj_source {
    /* NJ_OK and *out, NJ_DONE after the last. */
    enum nj_status (*next)(struct nj_source *source, struct nj_raw_trace *out,
                           struct nj_error *err);
    void (*close)(struct nj_source *source);
};

/* What is known of a trace without reading its spans. */
struct nj_trace_info {
    struct nj_trace_id id;
    struct nj_slice text;
    int64_t start_ns; /* earliest start of its spans */
    uint32_t spans_len;
};

struct nj_corpus {
    struct nj_names *names; /* shared; grows while traces are analysed */
    const struct nj_scope_info *scopes;
    uint32_t scopes_len;
    uint64_t traces_len, spans_len;
    /* Traces [first, last) by number. */
    enum nj_status (*open)(const struct nj_corpus *corpus, uint64_t first, uint64_t last,
                           struct nj_source **out, struct nj_error *err);
    /* All trace ids in number order, into `arena`; for passes that need only ids. */
    enum nj_status (*infos)(const struct nj_corpus *corpus, struct nj_arena *arena,
                            struct nj_trace_info **out, struct nj_error *err);
    /* The full content of one span as its importer gave it, into `arena`. Any thread that owns
     * the source may call it for rows of that source's current trace. */
    enum nj_status (*payload)(struct nj_source *source, const struct nj_row *row,
                              struct nj_arena *arena, struct nj_span *out,
                              struct nj_error *err);
    /* The full content of scope `index` (nj_row.scope), likewise. */
    enum nj_status (*scope)(struct nj_source *source, uint32_t index, struct nj_arena *arena,
                            struct nj_scope *out, struct nj_error *err);
};

#endif
