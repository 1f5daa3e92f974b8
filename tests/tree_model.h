/* tree_model.h - the rules of docs/methods/trees.md once more, as slowly and plainly as can be,
 * for traces in which every span id stands once. */
#ifndef NJ_TESTS_TREE_MODEL_H
#define NJ_TESTS_TREE_MODEL_H

#include "tests/build.h"
#include "tests/test.h"

enum { MODEL_SPANS_MAX = 128, MODEL_NONE = -1 };

struct model_span {
    const struct nj_row *row; /* NULL: reconstructed */
    uint64_t id;
    int parent;
    int64_t start, end, raw_start, raw_end, shift;
    uint32_t host, service;
    uint16_t flags;
    bool is_timed, is_placed;
};

struct model {
    const struct nj_raw_trace *raw;
    const struct nj_corpus *corpus;
    struct nj_tree_options options;
    struct model_span spans[MODEL_SPANS_MAX];
    int len;
    int64_t grain;
};

static inline int
model_find(const struct model *m, uint64_t id)
{
    for (int i = 0; i < m->len; i++)
        if (m->spans[i].id == id)
            return i;
    return MODEL_NONE;
}

static inline void
model_link(struct model *m)
{
    int recorded;

    for (uint32_t i = 0; i < m->raw->rows_len; i++) {
        const struct nj_row *row = &m->raw->rows[i];
        const struct nj_scope_info *scope = &m->corpus->scopes[row->scope];
        if (row->flags & NJ_ROW_PENDING)
            continue;
        m->spans[m->len++] = (struct model_span){.row = row,
                                                 .id = row->span_id,
                                                 .parent = MODEL_NONE,
                                                 .host = scope->host,
                                                 .service = scope->service};
        m->grain = scope->granularity_ns > m->grain ? scope->granularity_ns : m->grain;
    }
    recorded = m->len;
    for (int i = 0; i < recorded; i++) {
        const struct nj_row *row = m->spans[i].row;
        if (!(row->flags & NJ_ROW_HAS_PARENT) || row->parent_id == row->span_id)
            continue;
        int parent = model_find(m, row->parent_id);
        if (parent == MODEL_NONE) {
            parent = m->len++;
            m->spans[parent] = (struct model_span){
                .id = row->parent_id, .parent = MODEL_NONE, .flags = NJ_SPAN_RECONSTRUCTED};
        }
        if (!m->spans[parent].row)
            m->spans[i].flags |= NJ_SPAN_ORPHAN;
        m->spans[i].parent = parent;
    }
}

static inline bool
model_is_earlier(const struct nj_row *a, const struct nj_row *b)
{
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns;
    if (a->end_ns != b->end_ns)
        return a->end_ns > b->end_ns;
    return a->span_id < b->span_id;
}

/* A span that can be reached from itself is on a ring; the earliest of its ring is set free. */
static inline void
model_cut(struct model *m)
{
    for (int i = 0; i < m->len; i++) {
        int first = i, at = m->spans[i].parent;
        for (int n = 0; at != MODEL_NONE && at != i && n < m->len; n++) {
            if (m->spans[at].row && m->spans[first].row &&
                model_is_earlier(m->spans[at].row, m->spans[first].row))
                first = at;
            at = m->spans[at].parent;
        }
        if (at == i)
            m->spans[first].parent = MODEL_NONE;
    }
}

static inline int64_t
model_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The hull of the recorded times of the children that have a start; false: none has. */
static inline bool
model_hull(const struct model *m, int of, int64_t *start, int64_t *end)
{
    bool has_any = false;

    for (int i = 0; i < m->len; i++) {
        const struct nj_row *row = m->spans[i].row;
        if (m->spans[i].parent != of || (row->flags & NJ_ROW_NO_START))
            continue;
        int64_t last = model_max(row->start_ns, row->end_ns);
        *start = has_any && *start < row->start_ns ? *start : row->start_ns;
        *end = has_any && *end > last ? *end : last;
        has_any = true;
    }
    return has_any;
}

static inline void
model_raw_time(struct model *m, int i)
{
    struct model_span *s = &m->spans[i];
    const struct nj_row *row = s->row;
    int64_t start = 0, end = 0;

    if (!row) {
        (void)model_hull(m, i, &s->raw_start, &s->raw_end);
        return;
    }
    bool has_end = !(row->flags & NJ_ROW_NO_END);
    s->raw_start = row->start_ns;
    if (row->flags & NJ_ROW_NO_START) {
        if (s->parent != MODEL_NONE)
            s->raw_start = m->spans[s->parent].raw_start;
        else
            s->raw_start = model_hull(m, i, &start, &end) ? start : has_end ? row->end_ns : 0;
        if (has_end && s->raw_start > row->end_ns)
            s->raw_start = row->end_ns;
    }
    s->raw_end = has_end ? model_max(row->end_ns, s->raw_start) : s->raw_start;
    s->flags |= has_end ? 0 : NJ_SPAN_OPEN;
}

static inline void
model_shift(struct model *m, struct model_span *s, const struct model_span *p)
{
    bool has_hosts = s->host && p->host, has_services = s->service && p->service;
    bool differs = has_hosts ? s->host != p->host : has_services && s->service != p->service;
    int64_t length = s->raw_end - s->raw_start, room = p->end - p->start;

    if (m->options.is_skew_off)
        return;
    if (!differs)
        s->shift = p->shift;
    else if (s->flags & NJ_SPAN_ASYNC)
        s->shift = 0;
    else if (length > room)
        s->shift = model_max(0, p->start - s->raw_start);
    else if (s->raw_start < p->start || s->raw_end > p->end)
        s->shift = p->start + (room - length) / 2 - s->raw_start;
    s->flags |= s->shift ? NJ_SPAN_SHIFTED : 0;
}

static inline void
model_clip(struct model *m, struct model_span *s, const struct model_span *p)
{
    int64_t over = s->end - p->end;
    int64_t tolerance = model_max(1000000, model_max(m->grain, (p->end - p->start) / 100));
    bool is_clipped = m->options.overrun == NJ_OVERRUN_CLIP ||
                      (m->options.overrun == NJ_OVERRUN_AUTO && over <= tolerance);

    if (s->start >= p->start && s->end <= p->end)
        return;
    if (s->start >= p->end || s->end <= p->start || (over > 0 && !is_clipped)) {
        s->flags |= NJ_SPAN_DETACHED;
        return;
    }
    s->flags |= NJ_SPAN_CLIPPED;
    s->start = model_max(s->start, p->start);
    s->end = s->end < p->end ? s->end : p->end;
}

static inline void
model_time(struct model *m, int i)
{
    struct model_span *s = &m->spans[i];
    const struct model_span *p = s->parent == MODEL_NONE ? NULL : &m->spans[s->parent];

    if (s->is_timed)
        return;
    if (p)
        model_time(m, s->parent);
    model_raw_time(m, i);
    if (p && p->row && p->row->otel_kind == NJ_OTEL_PRODUCER &&
        s->row->otel_kind == NJ_OTEL_CONSUMER)
        s->flags |= NJ_SPAN_ASYNC;
    if (p)
        model_shift(m, s, p);
    s->start = s->raw_start + s->shift;
    s->end = s->raw_end + s->shift;
    if (p && !(s->flags & NJ_SPAN_ASYNC))
        model_clip(m, s, p);
    s->is_timed = true;
}

/* The first of those whose parent has been taken and that have not. */
static inline int
model_next(struct model *m)
{
    int best = MODEL_NONE;

    for (int i = 0; i < m->len; i++) {
        const struct model_span *s = &m->spans[i],
                                *b = &m->spans[best == MODEL_NONE ? i : best];
        if (s->is_placed || (s->parent != MODEL_NONE && !m->spans[s->parent].is_placed))
            continue;
        bool is_first = s->start != b->start ? s->start < b->start
                        : s->end != b->end   ? s->end > b->end
                                             : s->id <= b->id;
        best = is_first ? i : best;
    }
    m->spans[best].is_placed = true;
    return best;
}

static inline void
model_build(struct model *m, const struct nj_raw_trace *raw, const struct nj_corpus *corpus,
            struct nj_tree_options options)
{
    *m = (struct model){.raw = raw, .corpus = corpus, .options = options, .grain = 1};
    model_link(m);
    model_cut(m);
    for (int i = 0; i < m->len; i++)
        model_time(m, i);
}

#endif
