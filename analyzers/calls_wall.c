/* calls_wall.c - elapsed time divided among the spans that were active. */
#include "analyzers/calls_wall.h"

#include "analyzers/path_blockers.h"

struct wall {
    const struct nj_trace *trace;
    int64_t *own_ns;         /* first what falls to a span with all inside it */
    uint32_t *list, *by_end; /* siblings */
    uint32_t *spare;
    double *share; /* of siblings: time that falls to each */
};

/* Siblings in the order of start: their union, and whether they overlap. */
struct siblings {
    uint32_t len;
    int64_t union_ns;
    bool overlap;
};

static void
sibling_add(struct wall *w, struct siblings *s, uint32_t i, int64_t *until_ns)
{
    int64_t start_ns = w->trace->start_ns[i], end_ns = w->trace->end_ns[i];

    if (s->len > 0 && start_ns < *until_ns) {
        s->overlap = true;
        start_ns = *until_ns;
    }
    if (end_ns > start_ns) {
        s->union_ns += end_ns - start_ns;
        *until_ns = end_ns;
    }
    w->list[s->len++] = i;
}

/* Sweeps over starts and ends; a sibling's share grows by 1 / active a nanosecond. */
static void
shares_sweep(struct wall *w, uint32_t len)
{
    const struct nj_trace *trace = w->trace;
    double sum = 0;
    int64_t at_ns = trace->start_ns[w->list[0]];
    uint32_t started = 0, active = 0;

    memcpy(w->by_end, w->list, len * sizeof *w->by_end);
    nj_spans_sort(trace, nj_blocker_cmp, w->by_end, w->spare, len);
    for (uint32_t ended = len; ended > 0;) {
        uint32_t next = w->by_end[ended - 1];
        bool is_start =
            started < len && trace->start_ns[w->list[started]] < trace->end_ns[next];
        int64_t to_ns = is_start ? trace->start_ns[w->list[started]] : trace->end_ns[next];
        if (active > 0)
            sum += (double)(to_ns - at_ns) / active;
        at_ns = to_ns;
        if (is_start) {
            w->share[w->list[started++]] = -sum;
            active++;
        } else {
            w->share[next] += sum;
            active--;
            ended--;
        }
    }
}

/* Divides `whole_ns` among the siblings by their shares, whose sum is union_ns. Rounded sums,
 * not parts, so that nothing is lost. */
static void
whole_divide(struct wall *w, const struct siblings *s, int64_t whole_ns)
{
    double scale = s->union_ns > 0 ? (double)whole_ns / (double)s->union_ns : 0, sum = 0;
    int64_t given_ns = 0;

    for (uint32_t k = 0; k < s->len; k++) {
        uint32_t i = w->list[k];
        sum += scale * (s->overlap ? w->share[i]
                                   : (double)(w->trace->end_ns[i] - w->trace->start_ns[i]));
        int64_t until_ns = sum + 0.5 < (double)whole_ns ? (int64_t)(sum + 0.5) : whole_ns;
        if (k + 1 == s->len)
            until_ns = whole_ns;
        w->own_ns[i] = until_ns - given_ns;
        given_ns = until_ns;
    }
}

/* Gives siblings their parts of `whole_ns`; exact where nothing overlaps and nothing is scaled.
 */
static void
siblings_divide(struct wall *w, const struct siblings *s, int64_t whole_ns)
{
    if (s->overlap)
        shares_sweep(w, s->len);
    if (s->overlap || whole_ns != s->union_ns) {
        whole_divide(w, s, whole_ns);
        return;
    }
    for (uint32_t k = 0; k < s->len; k++)
        w->own_ns[w->list[k]] = w->trace->end_ns[w->list[k]] - w->trace->start_ns[w->list[k]];
}

/* Takes from a span what falls to the children that it waited for. */
static void
children_divide(struct wall *w, uint32_t x)
{
    const struct nj_trace *trace = w->trace;
    int64_t length_ns = trace->end_ns[x] - trace->start_ns[x], until_ns = 0;
    struct siblings s = {0};

    for (uint32_t k = trace->child_at[x]; k < trace->child_at[x + 1]; k++) {
        uint32_t c = trace->children[k];
        if (nj_span_blocks(trace, c) && nj_span_has_length(trace, c))
            sibling_add(w, &s, c, &until_ns);
    }
    if (s.len == 0)
        return;
    int64_t whole_ns = s.union_ns;
    if (w->own_ns[x] != length_ns) /* x shares its time with others */
        whole_ns = (int64_t)((double)w->own_ns[x] * ((double)whole_ns / (double)length_ns));
    if (whole_ns > w->own_ns[x])
        whole_ns = w->own_ns[x];
    siblings_divide(w, &s, whole_ns);
    w->own_ns[x] -= whole_ns;
}

/* All spans that nothing encloses, by start. */
static void
items_divide(struct wall *w)
{
    const struct nj_trace *trace = w->trace;
    struct siblings s = {0};
    uint32_t len = 0;
    int64_t until_ns = 0;

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        w->own_ns[i] = 0;
        if ((trace->parent[i] == NJ_NO_SPAN || !nj_span_blocks(trace, i)) &&
            nj_span_has_length(trace, i))
            w->by_end[len++] = i;
    }
    nj_spans_sort(trace, nj_starter_cmp, w->by_end, w->spare, len);
    for (uint32_t k = 0; k < len; k++)
        sibling_add(w, &s, w->by_end[k], &until_ns);
    siblings_divide(w, &s, s.union_ns);
}

bool
nj_wall_divide(int64_t *own_ns, const struct nj_trace *trace, struct nj_arena *arena)
{
    struct wall w = {.trace = trace,
                     .own_ns = own_ns,
                     .list = NJ_NEW_RAW(arena, uint32_t, trace->spans_len),
                     .by_end = NJ_NEW_RAW(arena, uint32_t, trace->spans_len),
                     .spare = NJ_NEW_RAW(arena, uint32_t, trace->spans_len),
                     .share = NJ_NEW_RAW(arena, double, trace->spans_len)};

    if (!w.list || !w.by_end || !w.spare || !w.share)
        return false;
    items_divide(&w);
    for (uint32_t i = 0; i < trace->spans_len; i++)
        children_divide(&w, i);
    return true;
}
