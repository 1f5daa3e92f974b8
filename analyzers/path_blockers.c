/* path_blockers.c - the children that can keep a span waiting, latest end first. */
#include "analyzers/path_blockers.h"

int
nj_blocker_cmp(const struct nj_trace *trace, uint32_t a, uint32_t b)
{
    if (trace->end_ns[a] != trace->end_ns[b])
        return trace->end_ns[a] > trace->end_ns[b] ? -1 : 1;
    if (trace->start_ns[a] != trace->start_ns[b])
        return trace->start_ns[a] < trace->start_ns[b] ? -1 : 1;
    int by_id = nj_trace_span_id_cmp(trace, a, b);
    return by_id != 0 ? by_id : (a > b) - (a < b);
}

int
nj_starter_cmp(const struct nj_trace *trace, uint32_t a, uint32_t b)
{
    if (trace->start_ns[a] != trace->start_ns[b])
        return trace->start_ns[a] < trace->start_ns[b] ? -1 : 1;
    return nj_blocker_cmp(trace, a, b);
}

void
nj_spans_sort(const struct nj_trace *trace,
              int (*cmp)(const struct nj_trace *trace, uint32_t a, uint32_t b), uint32_t *list,
              uint32_t *spare, uint32_t len)
{
    uint32_t *from = list, *to = spare;

    for (uint64_t width = 1; width < len; width *= 2) {
        for (uint64_t lo = 0; lo < len; lo += 2 * width) {
            uint64_t mid = lo + width < len ? lo + width : len;
            uint64_t hi = lo + 2 * width < len ? lo + 2 * width : len;
            for (uint64_t a = lo, b = mid, k = lo; k < hi; k++) {
                bool takes_a = a < mid && (b == hi || cmp(trace, from[a], from[b]) <= 0);
                to[k] = takes_a ? from[a++] : from[b++];
            }
        }
        uint32_t *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != list)
        memcpy(list, from, len * sizeof *list);
}

static bool
is_any_overlap(const struct nj_trace *trace, const uint32_t *list, uint32_t len)
{
    for (uint32_t i = 0; i + 1 < len; i++)
        if (trace->start_ns[list[i]] < trace->end_ns[list[i + 1]])
            return true;
    return false;
}

/* Drops childless spans that cover a sibling with children, from the earliest end on: whatever
 * ended before and started later is covered. */
static uint32_t
wrappers_drop(const struct nj_trace *trace, uint32_t *list, uint32_t len)
{
    int64_t latest_ns = INT64_MIN; /* start of a sibling with children */
    uint32_t kept = len;

    for (uint32_t hi = len, lo; hi > 0; hi = lo) { /* groups of equal end */
        for (lo = hi; lo > 0 && trace->end_ns[list[lo - 1]] == trace->end_ns[list[hi - 1]];) {
            lo--;
            if (nj_span_has_children(trace, list[lo]) && trace->start_ns[list[lo]] > latest_ns)
                latest_ns = trace->start_ns[list[lo]];
        }
        for (uint32_t i = hi; i-- > lo;)
            if (nj_span_has_children(trace, list[i]) || trace->start_ns[list[i]] > latest_ns)
                list[--kept] = list[i];
    }
    memmove(list, list + kept, (len - kept) * sizeof *list);
    return len - kept;
}

struct nj_blockers
nj_blockers_list(const struct nj_trace *trace, uint32_t x, bool skips_wrappers, uint32_t *list,
                 uint32_t *spare)
{
    struct nj_blockers found = {0};
    int64_t latest_ns = INT64_MIN;

    /* children come by start; without overlap that is their order of end as well */
    for (uint32_t i = trace->child_at[x + 1]; i-- > trace->child_at[x];) {
        uint32_t c = trace->children[i];
        if (!nj_span_blocks(trace, c) || !nj_span_has_length(trace, c))
            continue;
        if (found.len > 0 && trace->end_ns[c] > latest_ns)
            found.overlaps = true;
        latest_ns = trace->start_ns[c];
        list[found.len++] = c;
    }
    if (found.overlaps)
        nj_spans_sort(trace, nj_blocker_cmp, list, spare, found.len);
    if (found.overlaps && skips_wrappers) {
        found.len = wrappers_drop(trace, list, found.len);
        found.overlaps = is_any_overlap(trace, list, found.len);
    }
    return found;
}
