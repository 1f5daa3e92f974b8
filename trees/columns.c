/* columns.c - writes the columns of a trace. */
#include "trees/columns.h"

enum nj_status
nj_columns_alloc(struct nj_columns *columns, struct nj_trace *trace, uint32_t len,
                 struct nj_arena *arena, struct nj_error *err)
{
    bool is_whole = true;

#define X(type, column)                                                                        \
    columns->column = NJ_NEW_RAW(arena, type, len);                                            \
    is_whole = is_whole && columns->column;                                                    \
    trace->column = columns->column;
    NJ_TREE_COLUMNS(X)
#undef X
    columns->child_at = NJ_NEW(arena, uint32_t, (size_t)len + 1);
    columns->tokens = nj_arena_alloc_raw(arena, len, sizeof *columns->tokens);
    columns->row = nj_arena_alloc_raw(arena, len, sizeof *columns->row);
    trace->child_at = columns->child_at;
    trace->tokens = (const int64_t(*)[NJ_TOKENS_LEN])columns->tokens;
    trace->row = columns->row;
    if (!is_whole || !columns->child_at || !columns->tokens || !columns->row)
        return nj_fail(err, NJ_ENOMEM, "no memory for the columns of %u spans", (unsigned)len);
    return NJ_OK;
}

void
nj_columns_write(const struct nj_columns *c, uint32_t i, const struct nj_node *node,
                 uint32_t parent, const struct nj_corpus *corpus)
{
    static const struct nj_row none = {.tokens = {-1, -1, -1, -1, -1}};
    const struct nj_row *row = node->row ? node->row : &none;

    c->span_id[i] = node->id;
    c->parent[i] = parent;
    c->depth[i] = parent == NJ_NO_SPAN ? 0 : c->depth[parent] + 1;
    c->start_ns[i] = node->start_ns;
    c->end_ns[i] = node->end_ns;
    c->raw_start_ns[i] = node->raw_start_ns;
    c->raw_end_ns[i] = node->raw_end_ns;
    c->flags[i] = node->flags;
    c->service[i] = node->service;
    c->host[i] = node->host;
    c->name[i] = row->name;
    c->operation[i] = row->operation;
    c->model[i] = row->model;
    c->provider[i] = row->provider;
    c->tool[i] = row->tool;
    c->scope_name[i] = node->row ? corpus->scopes[row->scope].scope_name : NJ_NO_NAME;
    c->kind[i] = row->kind;
    c->status[i] = row->status;
    c->otel_kind[i] = row->otel_kind;
    memcpy(c->tokens[i], row->tokens, sizeof c->tokens[i]);
    c->row[i] = node->row;
    c->facts_set[i] = node->facts_set;
}

void
nj_columns_join_children(const struct nj_columns *c, uint32_t len)
{
    uint32_t *at = c->child_at;

    for (uint32_t i = 0; i < len; i++)
        if (c->parent[i] != NJ_NO_SPAN)
            at[c->parent[i]]++;
    for (uint32_t i = 0, sum = 0; i <= len; i++) {
        sum += i < len ? at[i] : 0;
        at[i] = sum; /* the end of i's children, until they are put in from the last */
    }
    for (uint32_t i = len; i-- > 0;)
        if (c->parent[i] != NJ_NO_SPAN)
            c->children[--at[c->parent[i]]] = i;
}
