/* self_time.c - how long spans worked themselves. */
#include "analyzers/self_time.h"

#include <stdlib.h>

struct interval {
    int64_t start_ns, end_ns;
};

static int
interval_cmp(const void *a, const void *b)
{
    const struct interval *l = a, *r = b;

    return (l->start_ns > r->start_ns) - (l->start_ns < r->start_ns);
}

static int64_t
self_ns(const struct nj_trace *trace, uint32_t i, struct interval *children)
{
    int64_t covered = 0, until = trace->raw_start_ns[i], end = trace->raw_end_ns[i];
    uint32_t len = 0;
    bool is_sorted = true;

    for (uint32_t k = trace->child_at[i]; k < trace->child_at[i + 1]; k++) {
        uint32_t child = trace->children[k];
        children[len] = (struct interval){trace->raw_start_ns[child], trace->raw_end_ns[child]};
        is_sorted &= len == 0 || children[len].start_ns >= children[len - 1].start_ns;
        len++;
    }
    if (!is_sorted)
        qsort(children, len, sizeof *children, interval_cmp);
    for (uint32_t k = 0; k < len; k++) {
        int64_t from = children[k].start_ns > until ? children[k].start_ns : until;
        int64_t to = children[k].end_ns < end ? children[k].end_ns : end;
        if (to <= from)
            continue;
        covered += to - from;
        until = to;
    }
    return nj_trace_raw_ns(trace, i) - covered;
}

const int64_t *
nj_self_times(const struct nj_trace *trace, struct nj_arena *arena)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint32_t children = trace->child_at[i + 1] - trace->child_at[i];
        most = children > most ? children : most;
    }
    struct interval *children = NJ_NEW_RAW(arena, struct interval, most);
    int64_t *selves = NJ_NEW_RAW(arena, int64_t, trace->spans_len);
    for (uint32_t i = 0; children && selves && i < trace->spans_len; i++)
        selves[i] = self_ns(trace, i, children);
    return children ? selves : NULL;
}
