/* behaviour_excess.c - finds too much of something: runaway invocations, retry storms. */
#include "analyzers/behaviour.h"
#include "base/plural.h"
#include "schema/facts.h"

#include <stdlib.h>

/* What one invocation did by itself, without the agents that it called. */
struct work {
    uint64_t steps; /* calls of models and tools */
    uint64_t depth; /* agents above it */
    uint64_t tokens;
};

static void
work_sum(const struct nj_trace *trace, struct work *work)
{
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        struct work *of = &work[trace->scope[i]];
        uint32_t caller = nj_caller_of(trace, i);
        if (nj_is_agent_call(trace, i) && caller != NJ_NO_SPAN)
            of->depth = work[caller].depth + 1;
        else if (trace->scope[i] == i && caller != NJ_NO_SPAN)
            of->depth = work[caller].depth;
        of->steps += nj_is_step(trace, i);
        if (trace->flags[i] & NJ_SPAN_HAS_USAGE)
            for (size_t k = 0; k < 2; k++) {
                int64_t n = trace->tokens[i][k ? NJ_TOKEN_OUTPUT : NJ_TOKEN_INPUT];
                of->tokens += n > 0 ? (uint64_t)n : 0;
            }
    }
}

/* The measure that is furthest beyond its limit, if any is. */
static enum nj_status
invocation_judge(const struct nj_behaviour_view *view, uint32_t i, const struct work *work)
{
    const struct nj_trace *trace = view->trace;
    const uint64_t duration_ns = (uint64_t)nj_trace_raw_ns(trace, i);
    const struct {
        const char *unit;
        uint64_t value, limit, divisor;
    } measures[] = {
        {"steps", work->steps, view->limits.steps, 1},
        {"agents deep", work->depth, view->limits.depth, 1},
        {"tokens", work->tokens, view->limits.tokens, 1},
        {"s", duration_ns, (uint64_t)view->limits.duration_ns, 1000000000},
    };
    double worst = 1;
    size_t at = NJ_LEN(measures);

    for (size_t k = 0; k < NJ_LEN(measures); k++) {
        double times = (double)measures[k].value / (double)measures[k].limit;
        if (times > worst) {
            worst = times;
            at = k;
        }
    }
    if (at == NJ_LEN(measures))
        return NJ_OK;
    struct nj_case found = {.behaviour = NJ_BEHAVIOUR_RUNAWAY,
                            .agent = trace->agent[i],
                            .cost_ns = nj_trace_raw_ns(trace, i),
                            .severity = (uint64_t)(worst * 1000)};
    nj_case_span(&found, i);
    nj_case_text(&found, "one invocation: %llu %s, limit %llu",
                 (unsigned long long)(measures[at].value / measures[at].divisor),
                 measures[at].unit,
                 (unsigned long long)(measures[at].limit / measures[at].divisor));
    return view->tell(view->context, view, &found);
}

enum nj_status
nj_find_runaways(const struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    struct work *work = NJ_NEW(view->run->scratch, struct work, trace->spans_len);
    enum nj_status st = NJ_OK;

    if (!work)
        return nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory for invocations");
    work_sum(trace, work);
    for (uint32_t i = 0; i < trace->spans_len && st >= 0; i++)
        if (nj_is_agent_call(trace, i))
            st = invocation_judge(view, i, &work[i]);
    return st;
}

/* A span that may be an attempt, by what it is an attempt of. */
struct attempt {
    uint32_t agent; /* who tries */
    uint32_t operation;
    uint32_t caller; /* in which invocation; NJ_NO_SPAN: roots */
    uint32_t kind;
    int64_t start_ns;
    uint32_t span;
};

static int
attempt_cmp(const void *left, const void *right)
{
    const struct attempt *a = left, *b = right;

    if (a->agent != b->agent)
        return a->agent < b->agent ? -1 : 1;
    if (a->operation != b->operation)
        return a->operation < b->operation ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->caller != b->caller)
        return a->caller < b->caller ? -1 : 1;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    return (a->span > b->span) - (a->span < b->span);
}

static bool
is_same_operation(const struct attempt *a, const struct attempt *b)
{
    return a->agent == b->agent && a->operation == b->operation && a->kind == b->kind;
}

static int64_t
resends(const struct nj_trace *trace, uint32_t i)
{
    struct nj_fact_cursor fact;
    bool is_found = nj_trace_fact_find(trace, i, NJ_FACT_RETRY_COUNT, &fact);

    return is_found && fact.integer > 0 ? fact.integer : 0;
}

/* `b` tries again what failed as `a`. */
static bool
is_next_attempt(const struct nj_trace *trace, const struct attempt *a, const struct attempt *b)
{
    return a->caller == b->caller && trace->status[a->span] == NJ_STATUS_ERROR &&
           trace->end_ns[a->span] <= b->start_ns + trace->granularity_ns;
}

/* Attempts `list[0 .. len)` of one operation in one trace: those that follow a failed one, the
 * one that they follow, and those that a record counts. */
static enum nj_status
operation_judge(const struct nj_behaviour_view *view, const struct attempt *list, uint32_t len)
{
    const struct nj_trace *trace = view->trace;
    const struct nj_critical_path *path = view->run->path;
    struct nj_case found = {.behaviour = NJ_BEHAVIOUR_RETRY_STORM, .agent = list[0].agent};
    int64_t path_ns = path->end_ns - path->start_ns;
    uint64_t attempts = 0;

    for (uint32_t i = 0; i < len; i++) {
        bool is_later = i > 0 && is_next_attempt(trace, &list[i - 1], &list[i]);
        bool has_later = i + 1 < len && is_next_attempt(trace, &list[i], &list[i + 1]);
        int64_t counted = is_later ? 0 : resends(trace, list[i].span);
        if (!is_later && !has_later && counted == 0)
            continue;
        attempts += 1 + (uint64_t)counted;
        found.cost_ns += view->critical_ns[list[i].span];
        nj_case_span(&found, list[i].span);
    }
    if (attempts <= view->limits.attempts)
        return NJ_OK;
    if (found.cost_ns > path_ns) /* an operation that calls itself */
        found.cost_ns = path_ns;
    struct nj_slice name = nj_case_name(view, list[0].operation);
    found.severity = attempts;
    nj_case_text(&found, "%.*s was tried %llu time%s; %.0f %% of the critical path",
                 NJ_FMT(name), (unsigned long long)attempts, nj_plural((double)attempts),
                 path_ns > 0 ? 100.0 * (double)found.cost_ns / (double)path_ns : 0.0);
    return view->tell(view->context, view, &found);
}

/* Frameworks' own steps have one name whatever they do, so they are no attempts. */
static bool
may_be_attempt(const struct nj_trace *trace, uint32_t i)
{
    bool is_step = trace->kind[i] == NJ_KIND_CHAIN || trace->kind[i] == NJ_KIND_OTHER;
    return trace->parent[i] != NJ_NO_SPAN && (!is_step || resends(trace, i) > 0);
}

static uint32_t
attempts_list(const struct nj_trace *trace, struct attempt *list)
{
    uint32_t len = 0;

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint32_t caller = nj_caller_of(trace, i);
        if (!may_be_attempt(trace, i))
            continue;
        list[len++] = (struct attempt){.agent = trace->agent[caller],
                                       .operation = nj_call_name(trace, i),
                                       .caller = caller,
                                       .kind = trace->kind[i],
                                       .start_ns = trace->start_ns[i],
                                       .span = i};
    }
    return len;
}

static bool
has_failures(const struct nj_trace *trace)
{
    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (trace->status[i] == NJ_STATUS_ERROR || resends(trace, i) > 0)
            return true;
    return false;
}

enum nj_status
nj_find_retry_storms(const struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    enum nj_status st = NJ_OK;

    if (!has_failures(trace))
        return NJ_OK;
    struct attempt *list = NJ_NEW_RAW(view->run->scratch, struct attempt, trace->spans_len);
    if (!list)
        return nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory for attempts");
    uint32_t len = attempts_list(trace, list);
    if (len > 1)
        qsort(list, len, sizeof *list, attempt_cmp);
    for (uint32_t i = 0, n; i < len && st >= 0; i += n) {
        for (n = 1; i + n < len && is_same_operation(&list[i], &list[i + n]);)
            n++;
        st = operation_judge(view, list + i, n);
    }
    return st;
}
