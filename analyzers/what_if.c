/* what_if.c - how much sooner a trace would end if some of its spans were faster. */
#include "analyzers/what_if.h"

/* Most of a trace is one thing after the other: there times only add up. A span is flat when it
 * and all below it are; all others are knots, and what is above a knot is one. A question looks
 * again only at knots with something in them that it asks about; all others are as long as they
 * were. Times are relative to the root and shifted so that products fit. */
struct nj_what_if {
    const struct nj_event_graph *graph;
    int64_t origin_ns; /* the root's start */
    unsigned shift;
    uint32_t *knots; /* parents first */
    uint32_t knots_len;
    uint32_t *top; /* of a span in a flat subtree: its root; a knot: itself; else NJ_NO_SPAN */
    int64_t *own;  /* own time of a span in a flat subtree */
    bool *is_knot;
    bool has_cuts; /* there are knots that a sibling looks into */
    /* of the question that was asked */
    uint32_t question;
    uint32_t *changed_at; /* of a knot: the last question that changes its length */
    uint32_t *changed;    /* those of this one, children first */
    uint32_t changed_len;
    uint32_t
        *tops; /* what `asked` is not 0 for; an own time of 0 may be there more than once */
    uint32_t tops_len;
    /* while answering, in 1 / NJ_WHAT_IF_UNIT; the last three are of one parent's children */
    int64_t *asked;  /* of a flat root: time asked about in it; of a knot: 1 */
    int64_t *length; /* of a knot */
    int64_t *begin, *end;
    int64_t *reach; /* with by_end: latest end among this child and those behind it */
};

static int64_t
time_of(const struct nj_what_if *w, int64_t t_ns)
{
    return (t_ns - w->origin_ns) >> w->shift;
}

static int64_t
between(const struct nj_what_if *w, int64_t from_ns, int64_t to_ns)
{
    return time_of(w, to_ns) - time_of(w, from_ns);
}

static int64_t
length_of(const struct nj_what_if *w, uint32_t x)
{
    return between(w, w->graph->trace->start_ns[x], w->graph->trace->end_ns[x]);
}

/* Marks knots, from the leaves up, and gives flat spans their own time. */
static void
knots_mark(struct nj_what_if *w)
{
    const struct nj_event_graph *g = w->graph;

    for (uint32_t x = g->trace->spans_len; x-- > 0;) {
        const uint32_t *kids = g->by_end + g->trace->child_at[x];
        if (!(g->marks[x] & NJ_GRAPH_COUNTS))
            continue;
        w->is_knot[x] = (g->marks[x] & (NJ_GRAPH_BRANCHY | NJ_GRAPH_CUT)) != 0;
        w->has_cuts = w->has_cuts || (g->marks[x] & NJ_GRAPH_CUT);
        w->own[x] = length_of(w, x);
        for (uint32_t i = 0; i < g->kids_len[x]; i++) {
            w->is_knot[x] = w->is_knot[x] || w->is_knot[kids[i]];
            w->own[x] -= length_of(w, kids[i]);
        }
    }
}

static void
tops_find(struct nj_what_if *w)
{
    const struct nj_event_graph *g = w->graph;

    for (uint32_t x = 0; x < g->trace->spans_len; x++) {
        uint32_t p = g->trace->parent[x];
        bool is_counted = (g->marks[x] & NJ_GRAPH_COUNTS) != 0;
        bool is_top = x == g->trace->root || (p != NJ_NO_SPAN && w->is_knot[p]);
        w->top[x] = !is_counted ? NJ_NO_SPAN : is_top ? x : w->top[p];
        if (is_counted && w->is_knot[x])
            w->knots[w->knots_len++] = x;
    }
}

enum nj_status
nj_what_if_new(struct nj_what_if **out, const struct nj_event_graph *graph,
               struct nj_arena *arena, struct nj_error *err)
{
    struct nj_what_if *w = NJ_NEW(arena, struct nj_what_if, 1);
    uint32_t n = graph->trace->spans_len, root = graph->trace->root;

    if (!w)
        return nj_fail(err, NJ_ENOMEM, "no memory for what-if questions");
    *w = (struct nj_what_if){.graph = graph,
                             .origin_ns = graph->trace->start_ns[root],
                             .changed_at = NJ_NEW(arena, uint32_t, n),
                             .knots = NJ_NEW_RAW(arena, uint32_t, n),
                             .changed = NJ_NEW_RAW(arena, uint32_t, n),
                             .tops = NJ_NEW_RAW(arena, uint32_t, n),
                             .top = NJ_NEW_RAW(arena, uint32_t, n),
                             .own = NJ_NEW_RAW(arena, int64_t, n),
                             .is_knot = NJ_NEW(arena, bool, n),
                             .asked = NJ_NEW(arena, int64_t, n),
                             .length = NJ_NEW_RAW(arena, int64_t, n),
                             .begin = NJ_NEW_RAW(arena, int64_t, n),
                             .end = NJ_NEW_RAW(arena, int64_t, n),
                             .reach = NJ_NEW_RAW(arena, int64_t, n)};
    if (!w->knots || !w->changed_at || !w->changed || !w->tops || !w->top || !w->own ||
        !w->is_knot || !w->asked || !w->length || !w->begin || !w->end || !w->reach)
        return nj_fail(err, NJ_ENOMEM, "no memory for what-if questions on %u spans", n);
    int64_t length_ns = graph->trace->end_ns[root] - graph->trace->start_ns[root];
    while ((length_ns >> w->shift) > INT64_MAX / (2 * NJ_WHAT_IF_UNIT))
        w->shift++;
    knots_mark(w);
    tops_find(w);
    *out = w;
    return NJ_OK;
}

unsigned
nj_what_if_shift(const struct nj_what_if *what_if)
{
    return what_if->shift;
}

/* How far span p, a sibling of what is being computed, is at t_ns. */
static int64_t
progress_at(const struct nj_what_if *w, uint32_t p, int64_t t_ns, int64_t kept)
{
    const struct nj_trace *trace = w->graph->trace;
    const uint32_t *by_end = w->graph->by_end + trace->child_at[p];
    uint32_t lo = 0, hi = w->graph->kids_len[p];
    int64_t factor = w->asked[p] ? kept : NJ_WHAT_IF_UNIT;

    if (trace->end_ns[p] <= t_ns)
        return w->end[p];
    while (lo < hi) { /* the first that had ended */
        uint32_t mid = lo + (hi - lo) / 2;
        if (trace->end_ns[by_end[mid]] <= t_ns)
            hi = mid;
        else
            lo = mid + 1;
    }
    if (lo == w->graph->kids_len[p])
        return w->begin[p] + factor * between(w, trace->start_ns[p], t_ns);
    return w->begin[p] + w->reach[trace->child_at[p] + lo] +
           factor * between(w, trace->end_ns[by_end[lo]], t_ns);
}

/* When what `c` waited for is ready; `all` is when all ended siblings are. */
static int64_t
ready_at(const struct nj_what_if *w, uint32_t c, int64_t all, int64_t kept)
{
    const struct nj_event_graph *g = w->graph;
    const struct nj_start *start = &g->start[c];
    int64_t t_ns = g->trace->start_ns[c], ready = 0;

    if (start->after == NJ_AFTER_ALL)
        return all;
    if (start->after == NJ_AFTER_ONE)
        return w->end[start->on];
    uint32_t len;
    const struct nj_clue *waits = nj_waits_of(&g->waits, c, &len);
    for (uint32_t i = 0; i < len; i++) {
        if (g->trace->start_ns[waits[i].on] >= t_ns)
            continue;
        int64_t at = progress_at(w, waits[i].on, t_ns, kept);
        ready = at > ready ? at : ready;
    }
    return ready;
}

/* length[x] of a knot whose children that are knots have theirs. */
static void
knot_answer(struct nj_what_if *w, uint32_t x, int64_t kept)
{
    const struct nj_event_graph *g = w->graph;
    const struct nj_trace *trace = g->trace;
    uint32_t at = trace->child_at[x], len = g->kids_len[x], ended = len;
    const uint32_t *by_start = g->by_start + at, *by_end = g->by_end + at;
    int64_t factor = w->asked[x] ? kept : NJ_WHAT_IF_UNIT, all = 0;

    for (uint32_t i = 0; i < len; i++) {
        uint32_t c = by_start[i];
        for (; ended > 0 && trace->end_ns[by_end[ended - 1]] <= trace->start_ns[c]; ended--) {
            all = w->end[by_end[ended - 1]] > all ? w->end[by_end[ended - 1]] : all;
            w->reach[at + ended - 1] = all;
        }
        int64_t length =
            w->is_knot[c] && w->changed_at[c] == w->question
                ? w->length[c]
                : NJ_WHAT_IF_UNIT * length_of(w, c) - (NJ_WHAT_IF_UNIT - kept) * w->asked[c];
        w->begin[c] = ready_at(w, c, all, kept) +
                      factor * between(w, g->start[c].ready_ns, trace->start_ns[c]);
        w->end[c] = w->begin[c] + length;
    }
    for (; ended > 0; ended--) {
        all = w->end[by_end[ended - 1]] > all ? w->end[by_end[ended - 1]] : all;
        w->reach[at + ended - 1] = all;
    }
    int64_t last_ns = len > 0 ? trace->end_ns[by_end[0]] : trace->start_ns[x];
    w->length[x] = all + factor * between(w, last_ns, trace->end_ns[x]);
}

/* Marks the knots from x up as changed by this question. */
static void
change_mark(struct nj_what_if *w, uint32_t x)
{
    const uint32_t *parent = w->graph->trace->parent;

    for (; x != NJ_NO_SPAN && w->changed_at[x] != w->question; x = parent[x])
        w->changed_at[x] = w->question;
}

/* The knots that the question changes: around what is asked about, and those that siblings look
 * into, because these look at more than a length. */
static void
changes_list(struct nj_what_if *w)
{
    const struct nj_event_graph *g = w->graph;

    w->question++;
    for (uint32_t i = 0; i < w->tops_len; i++) {
        uint32_t top = w->tops[i];
        change_mark(w, w->is_knot[top] ? top : g->trace->parent[top]);
    }
    for (uint32_t i = 0; i < w->knots_len && w->has_cuts; i++)
        if (g->marks[w->knots[i]] & NJ_GRAPH_CUT)
            change_mark(w, w->knots[i]);
    w->changed_len = 0;
    for (uint32_t i = w->knots_len; i-- > 0;)
        if (w->changed_at[w->knots[i]] == w->question)
            w->changed[w->changed_len++] = w->knots[i];
}

void
nj_what_if_ask(struct nj_what_if *w, const uint32_t *spans, uint32_t len)
{
    for (uint32_t i = 0; i < w->tops_len; i++)
        w->asked[w->tops[i]] = 0;
    w->tops_len = 0;
    for (uint32_t i = 0; i < len; i++) {
        uint32_t top = w->top[spans[i]];
        if (top == NJ_NO_SPAN)
            continue;
        if (w->asked[top] == 0)
            w->tops[w->tops_len++] = top;
        w->asked[top] += w->is_knot[top] ? 1 : w->own[spans[i]];
    }
    changes_list(w);
}

int64_t
nj_what_if_saving(struct nj_what_if *w, uint32_t saved)
{
    uint32_t root = w->graph->trace->root;
    int64_t kept = NJ_WHAT_IF_UNIT - (int64_t)saved;

    for (uint32_t i = 0; i < w->changed_len; i++)
        knot_answer(w, w->changed[i], kept);
    if (!w->is_knot[root])
        return (int64_t)saved * w->asked[root];
    return w->changed_at[root] == w->question
               ? NJ_WHAT_IF_UNIT * length_of(w, root) - w->length[root]
               : 0;
}
