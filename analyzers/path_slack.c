/* path_slack.c - how much later each span could end without moving the end of the root. */
#include "analyzers/what_if.h"

#include <stdlib.h>

/* A sibling started at t_ns because of the span, while it was active: the span must be as far
 * as it was then at the latest slack_ns later. */
struct cut {
    uint32_t span;
    int64_t t_ns, slack_ns;
};

struct slack {
    const struct nj_event_graph *graph;
    int64_t *slack_ns; /* of spans whose parent is done */
    int64_t *limit_ns; /* latest end that recorded waits allow */
    int64_t *start_ns; /* how much later it could start, as far as its cuts say */
    struct cut *cuts;  /* of span p: cuts[cut_at[p] .. cut_end[p]) */
    uint32_t *cut_at, *cut_end;
};

static bool
is_cut_by(const struct nj_trace *trace, uint32_t p, uint32_t waiter)
{
    return trace->start_ns[p] < trace->start_ns[waiter] &&
           trace->end_ns[p] > trace->start_ns[waiter];
}

/* Room for the cuts of every span. */
static enum nj_status
cuts_prepare(struct slack *s, struct nj_arena *arena, struct nj_error *err)
{
    const struct nj_event_graph *g = s->graph;
    uint32_t n = g->trace->spans_len, total = 0;

    s->cut_at = NJ_NEW(arena, uint32_t, n);
    s->cut_end = NJ_NEW(arena, uint32_t, n);
    s->cuts = NJ_NEW_RAW(arena, struct cut, g->waits.len);
    if (!s->cut_at || !s->cut_end || !s->cuts)
        return nj_fail(err, NJ_ENOMEM, "no memory for the slack of %u spans", n);
    for (uint32_t i = 0; i < g->waits.len; i++)
        s->cut_end[g->waits.list[i].on]++;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = s->cut_end[i];
        s->cut_at[i] = s->cut_end[i] = total;
        total += len;
    }
    return NJ_OK;
}

static int
cut_cmp(const void *a, const void *b)
{
    const struct cut *x = a, *y = b;
    if (x->t_ns != y->t_ns)
        return x->t_ns > y->t_ns ? -1 : 1;
    return (x->slack_ns > y->slack_ns) - (x->slack_ns < y->slack_ns);
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Tells what child `c` waited for by name how late it may end, or be as far as it was; the
 * latest end for what it waited for by timing. */
static int64_t
start_limit(struct slack *s, uint32_t c)
{
    const struct nj_event_graph *g = s->graph;
    const struct nj_start *start = &g->start[c];
    int64_t later_ns = least(s->slack_ns[c], s->start_ns[c]);
    int64_t limit_ns = start->ready_ns + later_ns;
    uint32_t len;
    const struct nj_clue *waits = nj_waits_of(&g->waits, c, &len);

    if (start->after == NJ_AFTER_ALL)
        return limit_ns;
    if (start->after == NJ_AFTER_ONE) {
        s->limit_ns[start->on] = least(s->limit_ns[start->on], limit_ns);
        return INT64_MAX;
    }
    for (uint32_t i = 0; i < len; i++) {
        uint32_t p = waits[i].on;
        if (is_cut_by(g->trace, p, c)) {
            s->cuts[s->cut_end[p]++] = (struct cut){p, g->trace->start_ns[c], later_ns};
            s->start_ns[p] = least(s->start_ns[p], later_ns);
        } else if (g->trace->end_ns[p] <= g->trace->start_ns[c]) {
            s->limit_ns[p] = least(s->limit_ns[p], limit_ns);
        }
    }
    return INT64_MAX;
}

/* The slack of the children of `x`, from the latest end back. Whatever waited for a child
 * started, and so ended, after the child's end; what cut something started after that. */
static void
kids_slack(struct slack *s, uint32_t x)
{
    const struct nj_event_graph *g = s->graph;
    const struct nj_trace *trace = g->trace;
    uint32_t len = g->kids_len[x], later = len, cut = s->cut_at[x];
    const uint32_t *by_end = g->by_end + trace->child_at[x];
    const uint32_t *by_start = g->by_start + trace->child_at[x];
    int64_t limit_ns = len ? trace->end_ns[by_end[0]] + s->slack_ns[x] : 0;

    if (s->cut_end[x] > cut + 1)
        qsort(s->cuts + cut, s->cut_end[x] - cut, sizeof *s->cuts, cut_cmp);
    for (uint32_t i = 0; i < len; i++) {
        uint32_t c = by_end[i];
        for (; cut < s->cut_end[x] && s->cuts[cut].t_ns >= trace->end_ns[c]; cut++)
            limit_ns = least(limit_ns, trace->end_ns[c] + s->cuts[cut].slack_ns);
        for (; later > 0 && trace->start_ns[by_start[later - 1]] >= trace->end_ns[c]; later--)
            limit_ns = least(limit_ns, start_limit(s, by_start[later - 1]));
        s->slack_ns[c] = least(limit_ns, s->limit_ns[c]) - trace->end_ns[c];
    }
    while (later > 0)
        (void)start_limit(s, by_start[--later]);
}

enum nj_status
nj_slack_find(int64_t *slack_ns, const struct nj_event_graph *graph, struct nj_arena *arena,
              struct nj_error *err)
{
    uint32_t n = graph->trace->spans_len;
    struct slack s = {.graph = graph,
                      .slack_ns = slack_ns,
                      .limit_ns = NJ_NEW_RAW(arena, int64_t, n),
                      .start_ns = NJ_NEW_RAW(arena, int64_t, n)};

    if (!s.limit_ns || !s.start_ns)
        return nj_fail(err, NJ_ENOMEM, "no memory for the slack of %u spans", n);
    for (uint32_t i = 0; i < n; i++)
        slack_ns[i] = s.limit_ns[i] = s.start_ns[i] = INT64_MAX;
    enum nj_status st = cuts_prepare(&s, arena, err);
    if (st < 0)
        return st;
    slack_ns[graph->trace->root] = 0;
    for (uint32_t i = 0; i < n; i++)
        if (graph->marks[i] & NJ_GRAPH_COUNTS)
            kids_slack(&s, i);
    return NJ_OK;
}
