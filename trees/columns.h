/* columns.h - the columns of a trace while they are written; inside this folder only. */
#ifndef NJ_TREES_COLUMNS_H
#define NJ_TREES_COLUMNS_H

#include "trees/forest.h"

/* One a span. */
#define NJ_TREE_COLUMNS(X)                                                                     \
    X(uint64_t, span_id)                                                                       \
    X(uint64_t, facts_set)                                                                     \
    X(uint32_t, parent)                                                                        \
    X(uint32_t, children)                                                                      \
    X(uint32_t, depth)                                                                         \
    X(int64_t, start_ns)                                                                       \
    X(int64_t, end_ns)                                                                         \
    X(int64_t, raw_start_ns)                                                                   \
    X(int64_t, raw_end_ns)                                                                     \
    X(uint32_t, name)                                                                          \
    X(uint32_t, operation)                                                                     \
    X(uint32_t, agent)                                                                         \
    X(uint32_t, service)                                                                       \
    X(uint32_t, host)                                                                          \
    X(uint32_t, model)                                                                         \
    X(uint32_t, provider)                                                                      \
    X(uint32_t, tool)                                                                          \
    X(uint32_t, scope)                                                                         \
    X(uint32_t, scope_name)                                                                    \
    X(uint16_t, flags)                                                                         \
    X(uint8_t, kind)                                                                           \
    X(uint8_t, how)                                                                            \
    X(uint8_t, status)                                                                         \
    X(uint8_t, otel_kind)

struct nj_columns {
#define X(type, column) type *column;
    NJ_TREE_COLUMNS(X)
#undef X
    uint32_t *child_at; /* one more than spans */
    int64_t (*tokens)[NJ_TOKENS_LEN];
    const struct nj_row **row;
};

/* Columns for `len` spans, shown by `trace`. NJ_ENOMEM. */
enum nj_status nj_columns_alloc(struct nj_columns *columns, struct nj_trace *trace,
                                uint32_t len, struct nj_arena *arena,
                                struct nj_error *err) NJ_CHECKED;
/* Span i is `node`; its parent, at index `parent`, is written already. */
void nj_columns_write(const struct nj_columns *columns, uint32_t i, const struct nj_node *node,
                      uint32_t parent, const struct nj_corpus *corpus);
/* Children in compressed rows, from the parents of `len` spans. */
void nj_columns_join_children(const struct nj_columns *columns, uint32_t len);

/* agents.c: agents, invocations and usage of a trace whose other columns are written. */
enum nj_status nj_agents_fill(const struct nj_columns *columns, const struct nj_trace *trace,
                              struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;

#endif
