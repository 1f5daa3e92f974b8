/* errors_count.c - how many errors there were, what became of them, what attempts cost. */
#include "analyzers/errors_count.h"

#include <stdlib.h>

/* A stretch of time between a failed attempt and the next one, in which only span `waits`, the
 * parent of both, can have been waiting for it. */
struct gap {
    int64_t start_ns, end_ns;
    uint32_t waits;
};

static int
gap_cmp(const void *a, const void *b)
{
    const struct gap *x = a, *y = b;

    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    return (x->end_ns > y->end_ns) - (x->end_ns < y->end_ns);
}

/* The span that came after the failed attempt `node` and did the same again; NJ_NO_SPAN. */
static uint32_t
next_try(const struct nj_errors *e, uint32_t node)
{
    const struct nj_error_node *n = &e->nodes[node];

    if (n->next_attempt != NJ_NO_NODE)
        return e->nodes[n->next_attempt].span;
    return n->recovered_conf == NJ_CONF_C ? NJ_NO_SPAN : n->recovered;
}

/* Gaps behind attempts, merged so that none overlaps another, in order. Repaired times, as the
 * critical path has them. false: no memory. */
static bool
gaps_find(struct gap **out, uint32_t *out_len, const struct nj_errors *e)
{
    const struct nj_trace *trace = e->trace;
    struct gap *gaps = NJ_NEW_RAW(e->arena, struct gap, e->nodes_len);
    uint32_t len = 0, kept = 0;

    if (!gaps)
        return false;
    for (uint32_t n = 0; n < e->nodes_len; n++) {
        uint32_t span = e->nodes[n].span, next = next_try(e, n);
        uint32_t parent = e->tree.parent[span];
        if (next == NJ_NO_SPAN || parent == NJ_NO_SPAN || e->in_failed_attempt[parent] ||
            trace->start_ns[next] <= trace->end_ns[span])
            continue;
        gaps[len++] = (struct gap){trace->end_ns[span], trace->start_ns[next], parent};
    }
    qsort(gaps, len, sizeof *gaps, gap_cmp);
    for (uint32_t k = 0; k < len; k++) {
        if (kept > 0 && gaps[k].start_ns < gaps[kept - 1].end_ns)
            gaps[k].start_ns = gaps[kept - 1].end_ns;
        if (gaps[k].start_ns < gaps[k].end_ns)
            gaps[kept++] = gaps[k];
    }
    *out = gaps;
    *out_len = kept;
    return true;
}

/* How much of the critical path went by inside of failed attempts and while their caller waited
 * to try again. Segments and gaps are both in order of time. false: no memory. */
static bool
wasted_critical(uint64_t *out_ns, const struct nj_errors *e,
                const struct nj_critical_path *path)
{
    struct gap *gaps;
    uint32_t gaps_len, g = 0;

    if (!gaps_find(&gaps, &gaps_len, e))
        return false;
    for (uint32_t s = 0; s < path->segments_len; s++) {
        const struct nj_segment *segment = &path->segments[s];
        if (e->in_failed_attempt[segment->span]) {
            *out_ns += (uint64_t)(segment->end_ns - segment->start_ns);
            continue;
        }
        while (g < gaps_len && gaps[g].end_ns <= segment->start_ns)
            g++;
        for (uint32_t k = g; k < gaps_len && gaps[k].start_ns < segment->end_ns; k++) {
            int64_t from =
                gaps[k].start_ns > segment->start_ns ? gaps[k].start_ns : segment->start_ns;
            int64_t to = gaps[k].end_ns < segment->end_ns ? gaps[k].end_ns : segment->end_ns;
            if (gaps[k].waits == segment->span && to > from)
                *out_ns += (uint64_t)(to - from);
        }
    }
    return true;
}

static uint64_t
tokens_of(const struct nj_trace *trace)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        if (!(trace->flags[i] & NJ_SPAN_HAS_USAGE))
            continue;
        sum += trace->tokens[i][NJ_TOKEN_INPUT] > 0 ? (uint64_t)trace->tokens[i][NJ_TOKEN_INPUT]
                                                    : 0;
        sum += trace->tokens[i][NJ_TOKEN_OUTPUT] > 0
                   ? (uint64_t)trace->tokens[i][NJ_TOKEN_OUTPUT]
                   : 0;
    }
    return sum;
}

bool
nj_error_counts_add(struct nj_error_counts *counts, const struct nj_errors *e,
                    const struct nj_critical_path *path)
{
    static const uint8_t hows[] = {
        [NJ_ABSORBED_NOT] = NJ_ERROR_COUNT_surfaced,
        [NJ_ABSORBED_IGNORED] = NJ_ERROR_COUNT_absorbed_ignored,
        [NJ_ABSORBED_DETACHED] = NJ_ERROR_COUNT_absorbed_detached,
        [NJ_ABSORBED_FALLBACK] = NJ_ERROR_COUNT_absorbed_fallback,
        [NJ_ABSORBED_RETRY] = NJ_ERROR_COUNT_absorbed_retry,
        [NJ_ABSORBED_CANCELLED] = NJ_ERROR_COUNT_absorbed_cancelled,
    };
    static const uint8_t confs[] = {NJ_ERROR_COUNT_edges_a, NJ_ERROR_COUNT_edges_b,
                                    NJ_ERROR_COUNT_edges_c};
    uint64_t *of = counts->of;

    of[NJ_ERROR_COUNT_traces]++;
    of[NJ_ERROR_COUNT_control_flow] += e->control_flow_len;
    of[NJ_ERROR_COUNT_handled] += e->handled_len;
    if (e->nodes_len == 0)
        return true;
    of[NJ_ERROR_COUNT_failed_traces] += e->has_failed;
    of[NJ_ERROR_COUNT_error_spans] += e->nodes_len;
    of[NJ_ERROR_COUNT_origins] += e->origins_len;
    for (uint32_t k = 0; k < e->origins_len; k++)
        of[hows[e->origins[k].how]]++;
    for (uint32_t k = 0; k < e->edges_len; k++)
        of[confs[e->edges[k].conf]]++;
    of[NJ_ERROR_COUNT_failed_attempts] += e->failed_attempts;
    of[NJ_ERROR_COUNT_wasted_ns] += e->wasted_ns;
    of[NJ_ERROR_COUNT_wasted_tokens] += e->wasted_tokens;
    if (e->has_failed)
        of[NJ_ERROR_COUNT_failed_trace_tokens] += tokens_of(e->trace);
    return e->failed_attempts == 0 ||
           wasted_critical(&of[NJ_ERROR_COUNT_wasted_critical_ns], e, path);
}

void
nj_error_counts_merge(struct nj_error_counts *into, const struct nj_error_counts *from)
{
    for (int i = 0; i < NJ_ERROR_COUNTS_LEN; i++)
        into->of[i] += from->of[i];
}

void
nj_error_counts_put(const struct nj_error_counts *counts, struct nj_table *table, size_t row)
{
    static const uint8_t columns[NJ_ERROR_COUNTS_LEN] = {
#define NJ_ERROR_COUNT(symbol) NJ_COL_errors_summary_##symbol,
#include "analyzers/errors_count.def"
#undef NJ_ERROR_COUNT
    };

    for (int i = 0; i < NJ_ERROR_COUNTS_LEN; i++)
        nj_table_put_int(table, row, columns[i], (int64_t)counts->of[i]);
}
