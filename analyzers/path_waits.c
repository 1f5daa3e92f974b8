/* path_waits.c - clues lifted to where a walk can use them. */
#include "analyzers/path_waits.h"

#include "analyzers/path_blockers.h"
#include "analyzers/path_lineage.h"

#include <stdlib.h>

static int
wait_cmp(const void *a, const void *b)
{
    const struct nj_clue *x = a, *y = b;

    if (x->waiter != y->waiter)
        return x->waiter < y->waiter ? -1 : 1;
    if (x->on != y->on)
        return x->on < y->on ? -1 : 1;
    return (x->evidence > y->evidence) - (x->evidence < y->evidence);
}

/* Sorts, drops repeated pairs (the stronger evidence stays) and indexes by waiter. */
static enum nj_status
waits_index(struct nj_waits *out, const struct nj_trace *trace, struct nj_clue *list,
            uint32_t len, struct nj_arena *arena, struct nj_error *err)
{
    uint32_t kept = 0;

    *out = (struct nj_waits){.list = list};
    if (len == 0)
        return NJ_OK;
    uint32_t *at = NJ_NEW(arena, uint32_t, (size_t)trace->spans_len + 1);
    if (!at)
        return nj_fail(err, NJ_ENOMEM, "no memory for the waits of %u spans", trace->spans_len);
    qsort(list, len, sizeof *list, wait_cmp);
    for (uint32_t i = 0; i < len; i++) {
        if (kept > 0 && list[kept - 1].waiter == list[i].waiter &&
            list[kept - 1].on == list[i].on)
            continue;
        list[kept++] = list[i];
        at[list[i].waiter + 1]++;
    }
    for (uint32_t i = 0; i < trace->spans_len; i++)
        at[i + 1] += at[i];
    out->at = at;
    out->len = kept;
    return NJ_OK;
}

/* Ancestors of a span as siblings of each other: quick where both have one parent. */
static bool
siblings_of(const struct nj_lineage *lineage, const struct nj_trace *trace,
            const struct nj_clue *clue, struct nj_clue *out)
{
    *out = *clue;
    if (trace->parent[clue->waiter] == trace->parent[clue->on])
        return trace->parent[clue->on] != NJ_NO_SPAN;
    return lineage->trace &&
           nj_lineage_siblings(lineage, clue->waiter, clue->on, &out->waiter, &out->on);
}

static bool
is_any_unequal(const struct nj_trace *trace, const struct nj_clues *clues)
{
    for (uint32_t i = 0; i < clues->len; i++)
        if (trace->parent[clues->list[i].waiter] != trace->parent[clues->list[i].on])
            return true;
    return false;
}

enum nj_status
nj_waits_among(struct nj_waits *out, const struct nj_trace *trace, const struct nj_clues *clues,
               struct nj_arena *arena, struct nj_error *err)
{
    struct nj_lineage lineage = {0};
    uint32_t len = 0;

    *out = (struct nj_waits){0};
    if (clues->len == 0)
        return NJ_OK;
    struct nj_clue *list = NJ_NEW_RAW(arena, struct nj_clue, clues->len);
    if (!list)
        return nj_fail(err, NJ_ENOMEM, "no memory for the waits of %u spans", trace->spans_len);
    if (is_any_unequal(trace, clues)) {
        enum nj_status st = nj_lineage_build(&lineage, trace, arena, err);
        if (st < 0)
            return st;
    }
    for (uint32_t i = 0; i < clues->len; i++) {
        if (siblings_of(&lineage, trace, &clues->list[i], &list[len]) &&
            nj_span_blocks(trace, list[len].on) && nj_span_has_length(trace, list[len].on))
            len++;
    }
    return waits_index(out, trace, list, len, arena, err);
}

enum nj_status
nj_waits_across(struct nj_waits *out, const struct nj_trace *trace,
                const struct nj_clues *clues, const uint32_t *item, struct nj_arena *arena,
                struct nj_error *err)
{
    uint32_t len = 0;

    *out = (struct nj_waits){0};
    if (clues->len == 0)
        return NJ_OK;
    struct nj_clue *list = NJ_NEW_RAW(arena, struct nj_clue, clues->len);
    if (!list)
        return nj_fail(err, NJ_ENOMEM, "no memory for the waits of %u spans", trace->spans_len);
    for (uint32_t i = 0; i < clues->len; i++) {
        list[len] = clues->list[i];
        list[len].waiter = item[list[len].waiter];
        uint32_t on = item[list[len].on];
        if (list[len].waiter != on && nj_span_has_length(trace, on))
            len++;
    }
    return waits_index(out, trace, list, len, arena, err);
}

static int64_t
end_until(const struct nj_trace *trace, uint32_t span, int64_t t_ns)
{
    return trace->end_ns[span] < t_ns ? trace->end_ns[span] : t_ns;
}

struct nj_waited
nj_waits_last(const struct nj_waits *waits, const struct nj_trace *trace, uint32_t waiter,
              int64_t t_ns)
{
    struct nj_waited last = {.on = NJ_NO_SPAN};
    uint32_t len, near = 0;
    const struct nj_clue *list = nj_waits_of(waits, waiter, &len);

    for (uint32_t i = 0; i < len; i++) {
        if (trace->start_ns[list[i].on] >= t_ns)
            continue;
        if (last.on == NJ_NO_SPAN || nj_blocker_cmp(trace, list[i].on, last.on) < 0) {
            last.on = list[i].on;
            last.evidence = list[i].evidence;
        }
    }
    if (last.on == NJ_NO_SPAN)
        return last;
    int64_t tick_ns = (int64_t)trace->granularity_ns;
    int64_t end_ns = end_until(trace, last.on, t_ns);
    for (uint32_t i = 0; i < len; i++)
        near += trace->start_ns[list[i].on] < t_ns &&
                end_ns - end_until(trace, list[i].on, t_ns) < tick_ns;
    last.is_tie = near > 1;
    last.is_cut = trace->end_ns[last.on] > t_ns;
    if (last.is_cut && last.evidence == NJ_EVIDENCE_TOOL_CALL)
        last.evidence = NJ_EVIDENCE_STREAM;
    return last;
}

bool
nj_waits_has(const struct nj_waits *waits, uint32_t waiter, uint32_t on)
{
    if (!waits->at)
        return false;
    uint32_t lo = waits->at[waiter], hi = waits->at[waiter + 1], end = hi;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (waits->list[mid].on < on)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < end && waits->list[lo].on == on;
}
