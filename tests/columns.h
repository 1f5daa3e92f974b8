/* columns.h - a linked trace made directly of columns, for tests that need odd shapes and exact
 * times without rows and repairs. */
#ifndef NJ_TESTS_COLUMNS_H
#define NJ_TESTS_COLUMNS_H

#include "tests/test.h"

#include "base/arena.h"
#include "schema/trace.h"

/* A span of a test; parents stand before their children in the list. */
struct column_span {
    uint32_t parent; /* index, or NJ_NO_SPAN */
    int64_t start_ns, end_ns;
    uint16_t flags;
    uint8_t kind, status;
    uint32_t agent, operation, tool, model; /* name ids */
    int64_t tokens;                         /* input tokens */
    uint64_t id;                            /* 0: index + 1 */
    struct nj_slice facts;
};

/* A span of these times, and one with more columns set: SPAN_OF(0, 5, 9, .flags = …). */
#define SPAN(up, from, to)                                                                     \
    {                                                                                          \
        .parent = (up), .start_ns = (from), .end_ns = (to)                                     \
    }
#define SPAN_OF(up, from, to, ...)                                                             \
    {                                                                                          \
        .parent = (up), .start_ns = (from), .end_ns = (to), __VA_ARGS__                        \
    }
#define ROOT(from, to) SPAN(NJ_NO_SPAN, from, to)

struct columns {
    uint64_t *span_id;
    uint32_t *parent, *children, *child_at, *depth, *name, *operation, *agent, *service, *none;
    uint32_t *model, *tool, *scope;
    int64_t *start_ns, *end_ns;
    uint16_t *flags;
    uint8_t *kind, *zero, *status;
    int64_t (*tokens)[NJ_TOKENS_LEN];
    const struct nj_row **row;
    uint64_t *facts_set;
};

static inline void
columns_alloc(struct columns *c, struct nj_arena *arena, uint32_t len)
{
    uint32_t **words[] = {&c->parent, &c->children,  &c->child_at, &c->depth,
                          &c->name,   &c->operation, &c->agent,    &c->service,
                          &c->none,   &c->model,     &c->tool,     &c->scope};
    for (size_t i = 0; i < NJ_LEN(words); i++)
        *words[i] = NJ_NEW(arena, uint32_t, (size_t)len + 2);
    c->span_id = NJ_NEW(arena, uint64_t, len);
    c->start_ns = NJ_NEW(arena, int64_t, len);
    c->end_ns = NJ_NEW(arena, int64_t, len);
    c->flags = NJ_NEW(arena, uint16_t, len);
    c->kind = NJ_NEW(arena, uint8_t, len);
    c->zero = NJ_NEW(arena, uint8_t, len);
    c->status = NJ_NEW(arena, uint8_t, len);
    c->tokens = nj_arena_alloc(arena, len, sizeof *c->tokens);
    c->row = nj_arena_alloc(arena, len, sizeof *c->row);
    c->facts_set = NJ_NEW(arena, uint64_t, len);
}

static inline void
columns_fill(struct columns *c, struct nj_arena *arena, const struct column_span *spans,
             uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        const struct column_span *s = &spans[i];
        c->span_id[i] = s->id ? s->id : i + 1;
        c->parent[i] = s->parent;
        c->depth[i] = s->parent == NJ_NO_SPAN ? 0 : c->depth[s->parent] + 1;
        c->start_ns[i] = s->start_ns;
        c->end_ns[i] = s->end_ns;
        c->flags[i] = s->flags;
        c->kind[i] = s->kind;
        c->status[i] = s->status;
        c->agent[i] = s->agent;
        c->operation[i] = c->name[i] = s->operation;
        c->tool[i] = s->tool;
        c->model[i] = s->model;
        bool opens = s->parent == NJ_NO_SPAN || (s->flags & NJ_SPAN_OPENS_AGENT);
        c->scope[i] = opens ? i : c->scope[s->parent];
        for (int t = 0; t < NJ_TOKENS_LEN; t++)
            c->tokens[i][t] = -1;
        if (s->flags & NJ_SPAN_HAS_USAGE)
            c->tokens[i][NJ_TOKEN_INPUT] = s->tokens;
        if (s->facts.len > 0) {
            struct nj_row *row = NJ_NEW(arena, struct nj_row, 1);
            *row = (struct nj_row){.span_id = c->span_id[i], .facts = s->facts};
            c->row[i] = row;
            c->facts_set[i] = nj_facts_set(s->facts);
        }
    }
}

/* Order of children: start, end descending, id. Orders by the struct that holds them all, since
 * qsort has no context. */
struct column_child {
    int64_t start_ns, end_ns;
    uint64_t id;
    uint32_t parent, index;
};

static inline int
column_child_cmp(const void *a, const void *b)
{
    const struct column_child *x = a, *y = b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    if (x->end_ns != y->end_ns)
        return x->end_ns > y->end_ns ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static inline void
columns_link(struct columns *c, struct nj_arena *arena, uint32_t len)
{
    struct column_child *list = nj_arena_alloc(arena, len, sizeof *list);
    uint32_t n = 0;

    for (uint32_t i = 0; i < len; i++) {
        if (c->parent[i] == NJ_NO_SPAN)
            continue;
        list[n++] =
            (struct column_child){c->start_ns[i], c->end_ns[i], c->span_id[i], c->parent[i], i};
        c->child_at[c->parent[i] + 1]++;
    }
    qsort(list, n, sizeof *list, column_child_cmp);
    for (uint32_t i = 0; i < n; i++)
        c->children[i] = list[i].index;
    for (uint32_t i = 0; i < len; i++)
        c->child_at[i + 1] += c->child_at[i];
}

/* A trace over `spans` in `arena`; `corpus` may be NULL. The main root is the longest, then the
 * earliest, then the one with the smallest id. */
static inline struct nj_trace
columns_trace(struct nj_arena *arena, const struct nj_corpus *corpus,
              const struct column_span *spans, uint32_t len)
{
    struct columns c;
    uint32_t root = NJ_NO_SPAN, roots_len = 0;

    columns_alloc(&c, arena, len);
    columns_fill(&c, arena, spans, len);
    columns_link(&c, arena, len);
    for (uint32_t i = 0; i < len; i++) {
        if (c.parent[i] != NJ_NO_SPAN)
            continue;
        roots_len++;
        int64_t longer = root == NJ_NO_SPAN ? 1
                                            : (c.end_ns[i] - c.start_ns[i]) -
                                                  (c.end_ns[root] - c.start_ns[root]);
        if (longer > 0 || (longer == 0 && c.start_ns[i] < c.start_ns[root]) ||
            (longer == 0 && c.start_ns[i] == c.start_ns[root] &&
             c.span_id[i] < c.span_id[root]))
            root = i;
    }
    struct nj_trace trace = {
        .corpus = corpus,
        .spans_len = len,
        .root = root,
        .roots_len = roots_len,
        .is_complete = true,
        .granularity_ns = 1,
        .weight = {.value = 1},
        .span_id = c.span_id,
        .parent = c.parent,
        .children = c.children,
        .child_at = c.child_at,
        .depth = c.depth,
        .start_ns = c.start_ns,
        .end_ns = c.end_ns,
        .raw_start_ns = c.start_ns,
        .raw_end_ns = c.end_ns,
        .name = c.name,
        .operation = c.operation,
        .agent = c.agent,
        .service = c.service,
        .host = c.none,
        .model = c.model,
        .provider = c.none,
        .tool = c.tool,
        .scope = c.scope,
        .scope_name = c.none,
        .flags = c.flags,
        .kind = c.kind,
        .how = c.zero,
        .status = c.status,
        .otel_kind = c.zero,
        .tokens = (const int64_t(*)[NJ_TOKENS_LEN])c.tokens,
        .row = c.row,
        .facts_set = c.facts_set,
    };
    assert_true(nj_trace_calls_find(&trace, arena));
    return trace;
}

/* How random trees look. */
struct column_shape {
    uint32_t spans_max;
    int64_t length_ns;      /* of the root */
    unsigned detached_in;   /* one span in so many is detached; 0: none */
    uint32_t agents, tools; /* names to draw from, ids from 1 */
};

/* Random spans, parents first, blocking children inside their parents; touching and equal times
 * are frequent, and so are markers without length. */
static inline uint32_t
columns_random(struct column_span *out, const struct column_shape *shape, uint64_t *seed)
{
    uint32_t len = 1 + (uint32_t)(test_random(seed) % shape->spans_max);

    out[0] = (struct column_span){.parent = NJ_NO_SPAN,
                                  .end_ns = shape->length_ns,
                                  .agent = 1 + (uint32_t)(test_random(seed) % shape->agents)};
    for (uint32_t i = 1; i < len; i++) {
        uint32_t p = (uint32_t)(test_random(seed) % i);
        uint64_t span = (uint64_t)(out[p].end_ns - out[p].start_ns) + 1;
        int64_t a = out[p].start_ns + (int64_t)(test_random(seed) % span);
        int64_t b = out[p].start_ns + (int64_t)(test_random(seed) % span);
        if (test_random(seed) % 4 == 0 && i > 1 && out[i - 1].parent == p &&
            out[i - 1].end_ns <= out[p].end_ns) {
            a = out[i - 1].end_ns; /* touches the one before */
            b = a + (int64_t)(test_random(seed) % (uint64_t)(out[p].end_ns - a + 1));
        }
        out[i] =
            (struct column_span){.parent = p,
                                 .start_ns = a < b ? a : b,
                                 .end_ns = a < b ? b : a,
                                 .kind = (uint8_t)(test_random(seed) % NJ_KINDS_LEN),
                                 .agent = 1 + (uint32_t)(test_random(seed) % shape->agents),
                                 .operation = 1 + (uint32_t)(test_random(seed) % shape->tools),
                                 .tool = (uint32_t)(test_random(seed) % shape->tools)};
        if (shape->detached_in && test_random(seed) % shape->detached_in == 0) {
            out[i].flags = NJ_SPAN_DETACHED;
            out[i].end_ns += (int64_t)(test_random(seed) % (uint64_t)shape->length_ns);
        }
    }
    return len;
}

#endif
