/* path_model.h - the critical path as its definition says it, slowly: every choice looks at all
 * spans. The oracle of the tests of the walk. */
#ifndef NJ_TESTS_PATH_MODEL_H
#define NJ_TESTS_PATH_MODEL_H

#include "tests/columns.h"

#include "analyzers/critical_path.h"

enum { MODEL_PIECES_MAX = 512, MODEL_CLUES_MAX = 64 };

/* A segment as a test writes it. */
struct piece {
    uint32_t span;
    int64_t start_ns, end_ns;
    uint8_t part;
};

struct model_clue {
    uint32_t waiter, on;
};

struct model {
    const struct nj_trace *trace;
    struct model_clue clues[MODEL_CLUES_MAX];
    size_t clues_len;
    struct piece pieces[MODEL_PIECES_MAX]; /* latest first */
    size_t len;
};

static inline bool
model_blocks(const struct nj_trace *t, uint32_t i)
{
    return !(t->flags[i] & (NJ_SPAN_DETACHED | NJ_SPAN_ASYNC));
}

static inline bool
model_is_inside(const struct nj_trace *t, uint32_t i, uint32_t outer)
{
    while (i != NJ_NO_SPAN && i != outer)
        i = t->parent[i];
    return i == outer;
}

static inline uint32_t
model_item(const struct nj_trace *t, uint32_t i)
{
    while (t->parent[i] != NJ_NO_SPAN && model_blocks(t, i))
        i = t->parent[i];
    return i;
}

/* Whether a goes before b: later end, earlier start, smaller id. */
static inline bool
model_is_better(const struct nj_trace *t, uint32_t a, uint32_t b)
{
    if (b == NJ_NO_SPAN || t->end_ns[a] != t->end_ns[b])
        return b == NJ_NO_SPAN || t->end_ns[a] > t->end_ns[b];
    if (t->start_ns[a] != t->start_ns[b])
        return t->start_ns[a] < t->start_ns[b];
    return t->span_id[a] < t->span_id[b];
}

/* Whether `p` is a candidate at x; x NJ_NO_SPAN: among items. */
static inline bool
model_is_candidate(const struct nj_trace *t, uint32_t x, uint32_t p)
{
    if (t->end_ns[p] <= t->start_ns[p])
        return false;
    return x == NJ_NO_SPAN ? model_item(t, p) == p : t->parent[p] == x && model_blocks(t, p);
}

/* Whether s has recorded evidence that it waited for p. */
static inline bool
model_waited(const struct model *m, uint32_t x, uint32_t s, uint32_t p)
{
    const struct nj_trace *t = m->trace;

    for (size_t i = 0; i < m->clues_len; i++) {
        const struct model_clue *c = &m->clues[i];
        if (x == NJ_NO_SPAN) {
            uint32_t item = model_item(t, c->on);
            if (model_item(t, c->waiter) == s && c->on == p && item != s &&
                t->end_ns[item] > t->start_ns[item])
                return true;
        } else if (model_is_candidate(t, x, p) && p != s && t->parent[s] == x &&
                   model_is_inside(t, c->waiter, s) && model_is_inside(t, c->on, p)) {
            return true;
        }
    }
    return false;
}

/* What s, or the end of x, waited for at t_ns; *is_timing says on what grounds. */
static inline uint32_t
model_choose(const struct model *m, uint32_t x, int64_t t_ns, uint32_t s, bool *is_timing)
{
    const struct nj_trace *t = m->trace;
    uint32_t timing = NJ_NO_SPAN, recorded = NJ_NO_SPAN;

    for (uint32_t p = 0; p < t->spans_len; p++) {
        if (model_is_candidate(t, x, p) && t->end_ns[p] <= t_ns &&
            model_is_better(t, p, timing))
            timing = p;
        if (s != NJ_NO_SPAN && t->start_ns[p] < t_ns && model_waited(m, x, s, p) &&
            model_is_better(t, p, recorded))
            recorded = p;
    }
    *is_timing = recorded == NJ_NO_SPAN || (timing != NJ_NO_SPAN && timing != recorded &&
                                            model_waited(m, x, timing, recorded));
    return *is_timing ? timing : recorded;
}

static inline int64_t
model_cut(const struct nj_trace *t, uint32_t p, int64_t t_ns)
{
    return t->end_ns[p] < t_ns ? t->end_ns[p] : t_ns;
}

static inline void
model_put(struct model *m, uint32_t span, int64_t from_ns, int64_t to_ns, enum nj_part part)
{
    if (from_ns < to_ns)
        m->pieces[m->len++] = (struct piece){span, from_ns, to_ns, (uint8_t)part};
}

static inline void
model_walk(struct model *m, uint32_t x, int64_t t_ns, uint32_t s)
{
    for (;;) {
        bool is_timing;
        uint32_t p = model_choose(m, x, t_ns, s, &is_timing);
        if (p == NJ_NO_SPAN) {
            model_put(m, x, m->trace->start_ns[x], t_ns, NJ_PART_SELF);
            return;
        }
        int64_t end_ns = model_cut(m->trace, p, t_ns);
        model_put(m, x, end_ns, t_ns, NJ_PART_SELF);
        model_walk(m, p, end_ns, NJ_NO_SPAN);
        t_ns = m->trace->start_ns[p];
        s = p;
    }
}

/* From inside an item up to its start. */
static inline uint32_t
model_climb(struct model *m, uint32_t x, int64_t t_ns)
{
    uint32_t item = model_item(m->trace, x), below = NJ_NO_SPAN;

    for (;; x = m->trace->parent[x]) {
        model_walk(m, x, below == NJ_NO_SPAN ? t_ns : m->trace->start_ns[below], below);
        below = x;
        if (x == item)
            return item;
    }
}

static inline void
model_walk_items(struct model *m)
{
    const struct nj_trace *t = m->trace;
    int64_t first_ns = INT64_MAX;
    uint32_t last = NJ_NO_SPAN;

    for (uint32_t i = 0; i < t->spans_len; i++) {
        if (!model_is_candidate(t, NJ_NO_SPAN, i))
            continue;
        first_ns = t->start_ns[i] < first_ns ? t->start_ns[i] : first_ns;
        last = model_is_better(t, i, last) ? i : last;
    }
    if (last == NJ_NO_SPAN)
        return;
    uint32_t s = model_climb(m, last, t->end_ns[last]);
    for (;;) {
        int64_t t_ns = t->start_ns[s];
        bool is_timing;
        uint32_t p = model_choose(m, NJ_NO_SPAN, t_ns, s, &is_timing);
        uint32_t up = t->parent[s];
        if (is_timing && up != NJ_NO_SPAN && t->start_ns[up] < t_ns &&
            t->end_ns[model_item(t, up)] > t->start_ns[model_item(t, up)]) {
            p = up;
            is_timing = false;
        }
        if (p == NJ_NO_SPAN) {
            model_put(m, s, first_ns, t_ns, NJ_PART_GAP);
            return;
        }
        int64_t end_ns = model_cut(t, p, t_ns);
        model_put(m, s, end_ns, t_ns, is_timing ? NJ_PART_GAP : NJ_PART_WAIT);
        s = model_climb(m, p, end_ns);
    }
}

/* Fills m->pieces; m->trace and m->clues are set. */
static inline void
model_run(struct model *m, enum nj_path_scope scope)
{
    m->len = 0;
    if (scope == NJ_SCOPE_ROOT)
        model_walk(m, m->trace->root, m->trace->end_ns[m->trace->root], NJ_NO_SPAN);
    else
        model_walk_items(m);
}

#endif
