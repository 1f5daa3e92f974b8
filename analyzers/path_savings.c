/* path_savings.c - what faster spans would save in the trace that is being counted. */
#include "analyzers/path_savings.h"

const uint32_t nj_path_saved[NJ_PATH_SAVINGS] = {100, 250, 500, 1000};

enum nj_status
nj_path_savings_init(struct nj_path_savings *savings, struct nj_run *run,
                     const struct nj_path_totals *totals, const struct nj_trace *trace,
                     const struct nj_critical_path *path)
{
    struct nj_event_graph *graph;

    *savings = (struct nj_path_savings){.trace = trace, .totals = totals};
    if (path->is_serial)
        return NJ_OK;
    graph = NJ_NEW_RAW(run->scratch, struct nj_event_graph, 1);
    savings->next = NJ_NEW_RAW(run->scratch, uint32_t, trace->spans_len);
    savings->list = NJ_NEW_RAW(run->scratch, uint32_t, trace->spans_len);
    if (!graph || !savings->next || !savings->list)
        return nj_fail(run->err, NJ_ENOMEM, "no memory for savings in %u spans",
                       trace->spans_len);
    enum nj_status st =
        nj_event_graph_build(graph, trace, run->options, run->scratch, run->err);
    if (st >= 0)
        st = nj_what_if_new(&savings->what_if, graph, run->scratch, run->err);
    if (st >= 0)
        savings->shift = nj_what_if_shift(savings->what_if);
    return st;
}

void
nj_path_savings_chain(struct nj_path_savings *savings, enum nj_path_by by)
{
    const struct nj_path_totals *totals = savings->totals;

    for (uint32_t i = savings->trace->spans_len; savings->what_if && i-- > 0;) {
        uint64_t id = nj_path_id_of(savings->trace, i, by);
        uint32_t at = id < totals->index_len[by] ? totals->index[by][id] : 0;
        if (at == 0)
            continue;
        struct nj_path_key *key = nj_tally_get(&totals->keys, at - 1);
        if (key->now_ns == 0)
            continue;
        savings->next[i] = key->spans_at;
        key->spans_at = i;
    }
}

/* The shares from the whole down: the saving is concave, so once nothing is lost at one share,
 * nothing is at the smaller ones; and when all of it saves nothing, no part of it does. */
bool
nj_path_savings_lost(struct nj_path_savings *savings, const struct nj_path_key *key,
                     int64_t lost[NJ_PATH_SAVINGS])
{
    uint32_t len = 0;
    bool is_any = false, saves = true;

    for (int s = 0; s < NJ_PATH_SAVINGS; s++)
        lost[s] = 0;
    if (!savings->what_if)
        return false;
    for (uint32_t i = key->spans_at; i != NJ_NO_SPAN; i = savings->next[i])
        savings->list[len++] = i;
    nj_what_if_ask(savings->what_if, savings->list, len);
    for (int s = NJ_PATH_SAVINGS; s-- > 0;) {
        int64_t saving = saves ? nj_what_if_saving(savings->what_if, nj_path_saved[s]) : 0;
        lost[s] = (int64_t)nj_path_saved[s] * (key->now_ns >> savings->shift) - saving;
        if (lost[s] <= 0) {
            lost[s] = 0;
            break;
        }
        saves = saving > 0;
        is_any = true;
    }
    return is_any;
}

struct nj_wide
nj_path_savings_ask(struct nj_path_savings *savings, const struct nj_critical_path *path,
                    enum nj_path_by by, uint64_t id, uint32_t saved)
{
    const struct nj_trace *trace = savings->trace;
    struct nj_wide saving = {0};
    uint32_t len = 0;

    if (savings->what_if) {
        for (uint32_t i = 0; i < trace->spans_len; i++)
            if (nj_path_id_of(trace, i, by) == id)
                savings->list[len++] = i;
        nj_what_if_ask(savings->what_if, savings->list, len);
        int64_t found = nj_what_if_saving(savings->what_if, saved);
        nj_wide_add_product(&saving, (uint64_t)found, (uint64_t)1 << savings->shift);
        return saving;
    }
    for (uint32_t i = 0; i < path->segments_len; i++) {
        const struct nj_segment *s = &path->segments[i];
        if (nj_path_id_of(trace, s->span, by) == id)
            nj_wide_add_product(&saving, (uint64_t)(s->end_ns - s->start_ns), saved);
    }
    return saving;
}
