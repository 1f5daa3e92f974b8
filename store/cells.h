/* cells.h - a row as the store keeps it: a few cells of its own, and the class that it shares
 * with all spans of the same name, agent, model, scope and so on (floor 2).
 *
 * Spans of agents are of few kinds: a million of them have some hundred classes. So there is
 * little to write and to read for each. */
#ifndef NJ_STORE_CELLS_H
#define NJ_STORE_CELLS_H

#include "base/hash.h"
#include "schema/row.h"

enum { NJ_CLASS_NAMES = 6 };

/* No padding: it is hashed as it stands. */
struct nj_class {
    uint32_t names[NJ_CLASS_NAMES]; /* name, operation, agent, model, provider, tool */
    uint32_t scope, flags;
    uint8_t kind, how, status, otel_kind;
};
_Static_assert(sizeof(struct nj_class) == 4 * (NJ_CLASS_NAMES + 3), "no padding");

struct nj_cells {
    uint64_t span_id, parent_id, digest, payload;
    int64_t start_ns, end_ns;
    int64_t tokens[NJ_TOKENS_LEN];
    uint32_t class;
    uint32_t facts_len;
    bool has_parent;
};

static inline uint64_t
nj_class_digest(const struct nj_class *class)
{
    return XXH3_64bits(class, sizeof *class);
}

static inline struct nj_class
nj_class_of(const struct nj_row *row)
{
    return (struct nj_class){
        .names = {row->name, row->operation, row->agent, row->model, row->provider, row->tool},
        .scope = row->scope,
        .flags = row->flags,
        .kind = row->kind,
        .how = row->how,
        .status = row->status,
        .otel_kind = row->otel_kind,
    };
}

/* Takes from a row what nj_class_of leaves. */
static inline struct nj_cells
nj_cells_of(const struct nj_row *row, uint32_t class)
{
    struct nj_cells cells = {
        .span_id = row->span_id,
        .parent_id = row->parent_id,
        .digest = row->digest,
        .payload = row->payload,
        .start_ns = row->start_ns,
        .end_ns = row->end_ns,
        .class = class,
        .facts_len = (uint32_t)row->facts.len,
        .has_parent = (row->flags & NJ_ROW_HAS_PARENT) != 0,
    };
    memcpy(cells.tokens, row->tokens, sizeof cells.tokens);
    return cells;
}

/* What a row takes from its class. */
static inline void
nj_class_apply(const struct nj_class *class, struct nj_row *row)
{
    row->name = class->names[0];
    row->operation = class->names[1];
    row->agent = class->names[2];
    row->model = class->names[3];
    row->provider = class->names[4];
    row->tool = class->names[5];
    row->scope = class->scope;
    row->flags = class->flags;
    row->kind = class->kind;
    row->how = class->how;
    row->status = class->status;
    row->otel_kind = class->otel_kind;
}

#endif
