/* blockers.c - the children that can keep a span waiting, latest end first. */
#include "analyzers/blockers.h"

static void
runs_merge(const struct nj_trace *trace, const uint32_t *from, uint32_t *to, uint32_t lo,
           uint32_t mid, uint32_t hi)
{
    for (uint32_t a = lo, b = mid, k = lo; k < hi; k++) {
        bool takes_a = a < mid && (b == hi || nj_blocker_cmp(trace, from[a], from[b]) <= 0);
        to[k] = takes_a ? from[a++] : from[b++];
    }
}

void
nj_blockers_sort(const struct nj_trace *trace, uint32_t *list, uint32_t *spare, uint32_t len)
{
    uint32_t *from = list, *to = spare;

    for (uint64_t width = 1; width < len; width *= 2) {
        for (uint64_t lo = 0; lo < len; lo += 2 * width) {
            uint64_t mid = lo + width < len ? lo + width : len;
            uint64_t hi = lo + 2 * width < len ? lo + 2 * width : len;
            runs_merge(trace, from, to, (uint32_t)lo, (uint32_t)mid, (uint32_t)hi);
        }
        uint32_t *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != list)
        memcpy(list, from, len * sizeof *list);
}

struct nj_blockers
nj_blockers_list(const struct nj_trace *trace, uint32_t x, uint32_t *list, uint32_t *spare)
{
    struct nj_blockers found = {0};
    int64_t latest = INT64_MIN;

    /* children come by start; without overlap that is their order of end as well */
    for (uint32_t i = trace->child_at[x + 1]; i-- > trace->child_at[x];) {
        uint32_t c = trace->children[i];
        if (!nj_span_blocks(trace, c) || !nj_span_has_length(trace, c))
            continue;
        if (found.len > 0 && trace->end_ns[c] > latest)
            found.overlaps = true;
        latest = trace->start_ns[c];
        list[found.len++] = c;
    }
    if (found.overlaps)
        nj_blockers_sort(trace, list, spare, found.len);
    return found;
}
