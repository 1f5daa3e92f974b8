/* behaviour_lost.c - finds work that came to nothing: results that nobody waited for, spans
 * without an end, traces with spans missing. */
#include "analyzers/behaviour.h"
#include "base/plural.h"
#include "schema/facts.h"
#include "trees/weights.h"

#include <stdlib.h>

/* Ids of tool calls whose results some model call was told, sorted. */
struct answers {
    int64_t *ids;
    uint32_t len;
};

static int
id_cmp(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static bool
answers_read(struct answers *out, const struct nj_trace *trace, struct nj_arena *arena)
{
    uint32_t len = 0;

    out->ids = NJ_NEW_RAW(arena, int64_t, trace->calls_len);
    if (!out->ids)
        return false;
    for (uint32_t i = 0; i < trace->calls_len; i++)
        if (trace->calls[i].fact == NJ_FACT_CALL_ANSWERED)
            out->ids[len++] = trace->calls[i].call;
    out->len = len;
    if (len > 1)
        qsort(out->ids, len, sizeof *out->ids, id_cmp);
    return true;
}

/* Where answers are recorded, a call whose id is in none of them was in vain if the model that
 * asked went on meanwhile. */
static bool
is_unanswered(const struct nj_trace *trace, const struct answers *answers, uint32_t span)
{
    struct nj_fact_cursor fact;

    return answers->len > 0 && nj_trace_fact_find(trace, span, NJ_FACT_TOOL_CALL_ID, &fact) &&
           !bsearch(&fact.integer, answers->ids, answers->len, sizeof *answers->ids, id_cmp);
}

/* For each invocation the start of its last model call. */
static int64_t *
last_model_starts(const struct nj_trace *trace, struct nj_arena *arena)
{
    int64_t *last = NJ_NEW_RAW(arena, int64_t, trace->spans_len);

    if (!last)
        return NULL;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        last[i] = NJ_NO_TIME;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (trace->kind[i] == NJ_KIND_LLM && trace->start_ns[i] > last[trace->scope[i]])
            last[trace->scope[i]] = trace->start_ns[i];
    return last;
}

static enum nj_status
unused_tell(const struct nj_behaviour_view *view, const struct nj_call *call, const char *why)
{
    const struct nj_trace *trace = view->trace;
    struct nj_slice name = nj_case_name(view, nj_call_name(trace, call->span));
    struct nj_case found = {.behaviour = NJ_BEHAVIOUR_UNUSED_RESULT,
                            .agent = trace->agent[call->caller],
                            .cost_ns = nj_trace_raw_ns(trace, call->span),
                            .severity = (uint64_t)nj_trace_raw_ns(trace, call->span)};

    nj_case_span(&found, call->span);
    nj_case_text(&found, "%.*s %s", NJ_FMT(name), why);
    return view->tell(view->context, view, &found);
}

/* It started inside its parent, whose work was over before it ended. */
static bool
outlives(const struct nj_trace *trace, uint32_t i)
{
    return (trace->flags[i] & NJ_SPAN_DETACHED) && !(trace->flags[i] & NJ_SPAN_ASYNC) &&
           trace->start_ns[i] < trace->end_ns[trace->parent[i]];
}

enum nj_status
nj_find_unused_results(const struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    struct answers answers = {0};
    int64_t *last = last_model_starts(trace, view->run->scratch);
    enum nj_status st = NJ_OK;

    if (!last || !answers_read(&answers, trace, view->run->scratch))
        return nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory for answers");
    for (uint32_t k = 0; k < view->calls_len && st >= 0; k++) {
        const struct nj_call *call = &view->calls[k];
        int64_t asked_again = last[call->caller];
        if (outlives(trace, call->span))
            st = unused_tell(view, call, "ended after its caller was done");
        else if (is_unanswered(trace, &answers, call->span) &&
                 asked_again > trace->start_ns[call->span] &&
                 asked_again < trace->end_ns[call->span])
            st = unused_tell(view, call, "was still running when the model went on without it");
    }
    return st;
}

enum nj_status
nj_find_missing_ends(const struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    enum nj_status st = NJ_OK;

    for (uint32_t i = 0; i < trace->spans_len && st >= 0; i++) {
        if (!(trace->flags[i] & NJ_SPAN_OPEN))
            continue;
        struct nj_slice name = nj_case_name(view, nj_call_name(trace, i));
        struct nj_case found = {.behaviour = NJ_BEHAVIOUR_MISSING_END,
                                .agent = trace->agent[i]};
        found.severity = trace->child_at[i + 1] - trace->child_at[i];
        nj_case_span(&found, i);
        nj_case_text(&found, "%.*s never ended", NJ_FMT(name));
        st = view->tell(view->context, view, &found);
    }
    return st;
}

/* How many spans the trace had when it was kept, where a sampler wrote it down; else 0. */
static int64_t
spans_counted(const struct nj_trace *trace)
{
    struct nj_fact_cursor fact;
    int64_t row = -1, most = 0, count;

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        if (!nj_trace_has_facts(trace, i, NJ_FACT_BIT(WEIGHT_VALUE)))
            continue;
        for (fact = nj_facts_open(nj_trace_facts(trace, i)); nj_facts_next(&fact);) {
            struct nj_value value = {.type = NJ_VALUE_STRING, .bytes = fact.bytes};
            if (fact.fact == NJ_FACT_WEIGHT_SOURCE)
                row = fact.integer;
            else if (fact.fact == NJ_FACT_WEIGHT_VALUE && row == NJ_WEIGHT_ROW_REFINERY_SPANS &&
                     nj_value_int(&value, &count) && count > most)
                most = count;
        }
    }
    return most;
}

enum nj_status
nj_find_truncated(const struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    struct nj_case found = {.behaviour = NJ_BEHAVIOUR_TRUNCATED,
                            .agent = trace->agent[trace->root]};
    uint64_t orphans = 0, stored = 0, counted = (uint64_t)spans_counted(trace);

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        stored += trace->row[i] != NULL;
        if (!(trace->flags[i] & NJ_SPAN_ORPHAN))
            continue;
        orphans++;
        nj_case_span(&found, i);
    }
    if (counted > stored) {
        found.severity = counted - stored;
        nj_case_text(&found, "%llu of %llu span%s %s missing",
                     (unsigned long long)(counted - stored), (unsigned long long)counted,
                     nj_plural((double)counted), counted - stored == 1 ? "is" : "are");
    } else if (orphans > 0) {
        found.severity = orphans;
        nj_case_text(&found, "%llu span%s whose parent is missing", (unsigned long long)orphans,
                     nj_plural((double)orphans));
    } else {
        return NJ_OK;
    }
    return view->tell(view->context, view, &found);
}
