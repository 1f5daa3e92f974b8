/* path_graph.c - which starts and ends had to wait for which. */
#include "analyzers/path_graph.h"

#include "analyzers/path_blockers.h"

struct builder {
    const struct nj_trace *trace;
    bool skips_wrappers;
    struct nj_waits waits;
    uint32_t *by_end, *by_start, *spare, *kids_len;
    struct nj_start *start;
    uint8_t *marks;
};

/* Decides what child `c` waited for; `timing` is the sibling that ended last before it. */
static void
start_find(struct builder *b, uint32_t c, uint32_t timing)
{
    const struct nj_trace *trace = b->trace;
    int64_t t_ns = trace->start_ns[c];
    struct nj_waited waited = nj_waits_last(&b->waits, trace, c, t_ns);
    struct nj_start *start = &b->start[c];

    start->ready_ns =
        timing == NJ_NO_SPAN ? trace->start_ns[trace->parent[c]] : trace->end_ns[timing];
    start->on = timing;
    start->after = NJ_AFTER_ALL;
    if (waited.on == NJ_NO_SPAN)
        return;
    if (timing != NJ_NO_SPAN && timing != waited.on &&
        nj_waits_has(&b->waits, timing, waited.on)) {
        start->after = NJ_AFTER_ONE;
    } else {
        start->after = NJ_AFTER_WAITS;
        start->ready_ns = waited.is_cut ? t_ns : trace->end_ns[waited.on];
    }
    if (start->after == NJ_AFTER_ONE || waited.on != timing || waited.is_cut)
        b->marks[trace->parent[c]] |= NJ_GRAPH_BRANCHY;
}

static void
cuts_mark(struct builder *b, uint32_t c)
{
    uint32_t len;
    const struct nj_clue *list = nj_waits_of(&b->waits, c, &len);

    if (b->start[c].after != NJ_AFTER_WAITS)
        return;
    for (uint32_t i = 0; i < len; i++) {
        uint32_t p = list[i].on;
        if (b->trace->start_ns[p] < b->trace->start_ns[c] &&
            b->trace->end_ns[p] > b->trace->start_ns[c])
            b->marks[p] |= NJ_GRAPH_CUT;
    }
}

/* Finds and orders the children of `x` that count. */
static void
kids_find(struct builder *b, uint32_t x)
{
    const struct nj_trace *trace = b->trace;
    uint32_t at = trace->child_at[x], n = 0;
    struct nj_blockers kids =
        nj_blockers_list(trace, x, b->skips_wrappers, b->by_end + at, b->spare + at);
    uint32_t *by_start = b->by_start + at, *by_end = b->by_end + at;

    for (uint32_t i = 0; i < kids.len; i++)
        b->marks[by_end[i]] |= NJ_GRAPH_COUNTS;
    for (uint32_t i = at; i < trace->child_at[x + 1]; i++)
        if (b->marks[trace->children[i]] & NJ_GRAPH_COUNTS)
            by_start[n++] = trace->children[i];
    b->kids_len[x] = kids.len;
    if (kids.overlaps)
        b->marks[x] |= NJ_GRAPH_BRANCHY;
    for (uint32_t i = 0, ended = kids.len; i < kids.len; i++) {
        while (ended > 0 && trace->end_ns[by_end[ended - 1]] <= trace->start_ns[by_start[i]])
            ended--;
        /* of equal ends the first in the list is the candidate */
        start_find(b, by_start[i], ended < kids.len ? by_end[ended] : NJ_NO_SPAN);
        cuts_mark(b, by_start[i]);
    }
}

enum nj_status
nj_event_graph_build(struct nj_event_graph *out, const struct nj_trace *trace,
                     const struct nj_options *options, struct nj_arena *arena,
                     struct nj_error *err)
{
    uint32_t n = trace->spans_len;
    struct builder b = {.trace = trace,
                        .skips_wrappers = options->has_transparent_wrappers,
                        .by_end = NJ_NEW_RAW(arena, uint32_t, n),
                        .by_start = NJ_NEW_RAW(arena, uint32_t, n),
                        .spare = NJ_NEW_RAW(arena, uint32_t, n),
                        .kids_len = NJ_NEW(arena, uint32_t, n),
                        .start = NJ_NEW_RAW(arena, struct nj_start, n),
                        .marks = NJ_NEW(arena, uint8_t, n)};
    struct nj_clues clues;

    if (!b.by_end || !b.by_start || !b.spare || !b.kids_len || !b.start || !b.marks)
        return nj_fail(err, NJ_ENOMEM, "no memory for the event graph of %u spans", n);
    enum nj_status st = nj_clues_find(&clues, trace, arena, err);
    if (st >= 0)
        st = nj_waits_among(&b.waits, trace, &clues, arena, err);
    if (st < 0)
        return st;
    b.marks[trace->root] |= NJ_GRAPH_COUNTS;
    for (uint32_t i = 0; i < n; i++)
        if (b.marks[i] & NJ_GRAPH_COUNTS)
            kids_find(&b, i);
    *out = (struct nj_event_graph){trace,      b.waits, b.by_end, b.by_start,
                                   b.kids_len, b.start, b.marks};
    return NJ_OK;
}
