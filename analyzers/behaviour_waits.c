/* behaviour_waits.c - finds time that nobody used: stalls, and agents called one after the
 * other that could have worked side by side. */
#include "analyzers/behaviour.h"
#include "analyzers/path_evidence.h"
#include "analyzers/path_lineage.h"
#include "base/clock.h"

#include <stdlib.h>

struct interval {
    int64_t start_ns, end_ns;
    uint32_t span;
};

static int
interval_cmp(const void *left, const void *right)
{
    const struct interval *a = left, *b = right;

    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    return (a->span > b->span) - (a->span < b->span);
}

/* Something is done: a span without any below it, or a model or index that answers. */
static bool
is_working(const struct nj_trace *trace, uint32_t i)
{
    return trace->child_at[i] == trace->child_at[i + 1] || trace->kind[i] == NJ_KIND_LLM ||
           trace->kind[i] == NJ_KIND_EMBEDDING || trace->kind[i] == NJ_KIND_RETRIEVER;
}

/* The span that owns the critical path at a time, the main root outside of the path. */
static uint32_t
owner_at(const struct nj_behaviour_view *view, int64_t time_ns)
{
    const struct nj_critical_path *path = view->run->path;
    uint32_t lo = 0, hi = path->segments_len;

    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (path->segments[mid].end_ns <= time_ns)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < path->segments_len && path->segments[lo].start_ns <= time_ns
               ? path->segments[lo].span
               : view->trace->root;
}

static enum nj_status
stall_tell(const struct nj_behaviour_view *view, int64_t from_ns, int64_t to_ns,
           uint32_t before, uint32_t after)
{
    uint32_t owner = owner_at(view, from_ns + (to_ns - from_ns) / 2);
    char text[NJ_DURATION_TEXT];
    struct nj_case found = {.behaviour = NJ_BEHAVIOUR_STALL,
                            .agent = view->trace->agent[owner],
                            .cost_ns = to_ns - from_ns,
                            .severity = (uint64_t)(to_ns - from_ns)};

    nj_case_span(&found, owner);
    if (before != NJ_NO_SPAN)
        nj_case_span(&found, before);
    if (after != NJ_NO_SPAN)
        nj_case_span(&found, after);
    nj_duration_print(text, (double)(to_ns - from_ns));
    nj_case_text(&found, "nothing worked for %s", text);
    return view->tell(view->context, view, &found);
}

enum nj_status
nj_find_stalls(const struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    struct interval *work = NJ_NEW_RAW(view->run->scratch, struct interval, trace->spans_len);
    int64_t until = INT64_MAX, end = INT64_MIN;
    uint32_t len = 0, last = NJ_NO_SPAN;
    enum nj_status st = NJ_OK;

    if (!work)
        return nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory for intervals");
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        if (is_working(trace, i))
            work[len++] = (struct interval){trace->start_ns[i], trace->end_ns[i], i};
        until = trace->start_ns[i] < until ? trace->start_ns[i] : until;
        end = trace->end_ns[i] > end ? trace->end_ns[i] : end;
    }
    qsort(work, len, sizeof *work, interval_cmp);
    for (uint32_t k = 0; k < len && st >= 0; k++) {
        if (work[k].start_ns - until > view->limits.stall_ns)
            st = stall_tell(view, until, work[k].start_ns, last, work[k].span);
        if (work[k].end_ns < until)
            continue;
        until = work[k].end_ns;
        last = work[k].span;
    }
    if (st >= 0 && end - until > view->limits.stall_ns)
        st = stall_tell(view, until, end, last, NJ_NO_SPAN);
    return st;
}

/* A call of an agent, among its siblings. */
struct turn {
    int64_t start_ns, end_ns;
    uint32_t parent, span, agent, caller;
};

static int
turn_cmp(const void *left, const void *right)
{
    const struct turn *a = left, *b = right;

    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    return (a->span > b->span) - (a->span < b->span);
}

/* When models were asked, by invocation, and when control was handed over. */
struct moments {
    const struct nj_trace *trace;
    struct interval *models, *handoffs; /* of a model call: `end_ns` is its invocation */
    uint32_t models_len, handoffs_len;
    int64_t *needs_ns; /* of a turn's span: start of the latest sibling that it waited for */
};

static int
model_cmp(const void *left, const void *right)
{
    const struct interval *a = left, *b = right;

    if (a->end_ns != b->end_ns)
        return a->end_ns < b->end_ns ? -1 : 1;
    return interval_cmp(left, right);
}

/* Is one of `list` (of one group, sorted) inside [from, to]? */
static bool
has_moment(const struct interval *list, uint32_t len, int64_t group, int64_t from_ns,
           int64_t to_ns)
{
    uint32_t lo = 0, hi = len;

    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        bool is_before =
            list[mid].end_ns != group ? list[mid].end_ns < group : list[mid].start_ns < from_ns;
        if (is_before)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < len && list[lo].end_ns == group && list[lo].start_ns <= to_ns;
}

/* Recorded evidence that a span waited for another makes the two siblings above them (or the
 * two themselves) depend on each other. */
static enum nj_status
needs_find(const struct nj_behaviour_view *view, struct moments *m)
{
    const struct nj_trace *trace = view->trace;
    struct nj_lineage lineage;
    struct nj_clues clues;
    uint32_t waiter, on;
    enum nj_status st = nj_clues_find(&clues, trace, view->run->scratch, view->run->err);

    m->needs_ns = NJ_NEW_RAW(view->run->scratch, int64_t, trace->spans_len);
    if (st >= 0 && !m->needs_ns)
        st = nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory for evidence");
    if (st >= 0 && clues.len > 0)
        st = nj_lineage_build(&lineage, trace, view->run->scratch, view->run->err);
    if (st < 0)
        return st;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        m->needs_ns[i] = NJ_NO_TIME;
    for (uint32_t k = 0; k < clues.len; k++)
        if (nj_lineage_siblings(&lineage, clues.list[k].waiter, clues.list[k].on, &waiter,
                                &on) &&
            trace->start_ns[on] > m->needs_ns[waiter])
            m->needs_ns[waiter] = trace->start_ns[on];
    return NJ_OK;
}

static enum nj_status
moments_find(const struct nj_behaviour_view *view, struct moments *m)
{
    const struct nj_trace *trace = view->trace;
    uint32_t n = trace->spans_len;

    *m = (struct moments){.trace = trace,
                          .models = NJ_NEW_RAW(view->run->scratch, struct interval, n),
                          .handoffs = NJ_NEW_RAW(view->run->scratch, struct interval, n)};
    if (!m->models || !m->handoffs)
        return nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory for model calls");
    for (uint32_t i = 0; i < n; i++) {
        if (trace->kind[i] == NJ_KIND_LLM)
            m->models[m->models_len++] =
                (struct interval){trace->start_ns[i], trace->scope[i], i};
        else if (trace->kind[i] == NJ_KIND_HANDOFF)
            m->handoffs[m->handoffs_len++] = (struct interval){trace->start_ns[i], 0, i};
    }
    qsort(m->models, m->models_len, sizeof *m->models, model_cmp);
    qsort(m->handoffs, m->handoffs_len, sizeof *m->handoffs, model_cmp);
    return needs_find(view, m);
}

/* `b` comes after `a` has ended, and nothing recorded says that it had to. */
static bool
is_needlessly_later(const struct moments *m, const struct turn *first, const struct turn *a,
                    const struct turn *b)
{
    int64_t grain = m->trace->granularity_ns;

    return a->parent == b->parent && a->end_ns <= b->start_ns + grain &&
           m->needs_ns[b->span] < first->start_ns &&
           !has_moment(m->models, m->models_len, a->caller, a->end_ns - grain, b->start_ns) &&
           !has_moment(m->handoffs, m->handoffs_len, 0, a->start_ns, b->start_ns);
}

static enum nj_status
turns_judge(const struct nj_behaviour_view *view, const struct turn *turns, uint32_t len)
{
    const struct nj_trace *trace = view->trace;
    uint32_t other = NJ_NO_NAME;
    int64_t sum = 0, most = 0;
    char saved[NJ_DURATION_TEXT];
    struct nj_case found = {.behaviour = NJ_BEHAVIOUR_SERIAL_FAN_OUT,
                            .agent = trace->agent[turns[0].caller]};

    for (uint32_t k = 0; k < len; k++) {
        int64_t critical = view->critical_ns[turns[k].span];
        sum += critical;
        most = critical > most ? critical : most;
        if (other == NJ_NO_NAME && turns[k].agent != turns[0].agent)
            other = turns[k].agent;
        nj_case_span(&found, turns[k].span);
    }
    if (other == NJ_NO_NAME)
        return NJ_OK;
    struct nj_slice one = nj_case_name(view, turns[0].agent);
    struct nj_slice two = nj_case_name(view, other);
    found.cost_ns = sum - most;
    found.severity = (uint64_t)(sum - most);
    nj_duration_print(saved, (double)(sum - most));
    nj_case_text(&found, "%.*s, %.*s%s one after the other; side by side would save %s%s",
                 NJ_FMT(one), NJ_FMT(two), len > 2 ? " and more" : "",
                 sum > most ? "up to " : "nothing on the critical path",
                 sum > most ? saved : "");
    return view->tell(view->context, view, &found);
}

static uint32_t
turns_list(const struct nj_behaviour_view *view, struct turn *turns)
{
    const struct nj_trace *trace = view->trace;
    uint32_t len = 0;

    for (uint32_t k = 0; k < view->calls_len; k++) {
        const struct nj_call *call = &view->calls[k];
        if (call->callee == NJ_NO_SPAN || !nj_is_agent_call(trace, call->callee) ||
            (trace->flags[call->span] & (NJ_SPAN_DETACHED | NJ_SPAN_ASYNC)))
            continue;
        turns[len++] = (struct turn){trace->start_ns[call->span], trace->end_ns[call->span],
                                     trace->parent[call->span],   call->span,
                                     trace->agent[call->callee],  call->caller};
    }
    if (len > 1)
        qsort(turns, len, sizeof *turns, turn_cmp);
    return len;
}

enum nj_status
nj_find_serial_fan_outs(const struct nj_behaviour_view *view)
{
    struct turn *turns = NJ_NEW_RAW(view->run->scratch, struct turn, view->calls_len);
    struct moments moments;
    enum nj_status st;

    if (!turns)
        return nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory for calls");
    uint32_t len = turns_list(view, turns);
    if (len < 2)
        return NJ_OK;
    st = moments_find(view, &moments);
    for (uint32_t i = 0, n; i < len && st >= 0; i += n) {
        for (n = 1; i + n < len &&
                    is_needlessly_later(&moments, &turns[i], &turns[i + n - 1], &turns[i + n]);)
            n++;
        st = turns_judge(view, turns + i, n);
    }
    return st;
}
