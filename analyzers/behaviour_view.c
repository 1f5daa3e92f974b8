/* behaviour_view.c - what the finders of one trace share: calls in order, critical time, the
 * limits. */
#include "analyzers/behaviour.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NS_PER_S INT64_C(1000000000)

static const struct nj_limits defaults = {
    .repeats = 3,
    .switches = 3,
    .attempts = 4,
    .steps = 100,
    .depth = 20,
    .tokens = 1000000,
    .duration_ns = 3600 * NS_PER_S,
    .stall_ns = 5 * NS_PER_S,
};

static const char *const ids[NJ_BEHAVIOURS_LEN] = {
#define NJ_BEHAVIOUR(symbol, id, help) id,
#include "schema/behaviours.def"
#undef NJ_BEHAVIOUR
};

const char *
nj_behaviour_id(enum nj_behaviour behaviour)
{
    return ids[behaviour];
}

void
nj_case_span(struct nj_case *found, uint32_t span)
{
    if (found->spans_len < NJ_CASE_SPANS_MAX)
        found->spans[found->spans_len++] = span;
}

struct nj_slice
nj_case_name(const struct nj_behaviour_view *view, uint32_t name)
{
    enum { NAME_BYTES_MAX = 48 };
    struct nj_slice text = nj_names_get(view->run->names, name);

    text.len = nj_utf8_cut(text.ptr, text.len, NAME_BYTES_MAX);
    return text;
}

void
nj_case_text(struct nj_case *found, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(found->text, sizeof found->text, fmt, args);
    va_end(args);
}

static struct nj_limits
limits_of(const struct nj_options *options)
{
    struct nj_limits limits = options->limits;

#define OR_DEFAULT(field)                                                                      \
    if (!limits.field)                                                                         \
    limits.field = defaults.field
    OR_DEFAULT(repeats);
    OR_DEFAULT(switches);
    OR_DEFAULT(attempts);
    OR_DEFAULT(steps);
    OR_DEFAULT(depth);
    OR_DEFAULT(tokens);
    OR_DEFAULT(duration_ns);
    OR_DEFAULT(stall_ns);
#undef OR_DEFAULT
    return limits;
}

/* Is span i a call of its caller? A tool inside a tool is part of the outer one, and so is the
 * agent inside a tool that is nothing but the agent. */
static bool
call_read(const struct nj_trace *trace, uint32_t i, struct nj_call *out)
{
    uint32_t parent = trace->parent[i], caller = nj_caller_of(trace, i);

    if (caller == NJ_NO_SPAN)
        return false;
    *out = (struct nj_call){caller, i, NJ_NO_SPAN, trace->kind[i] == NJ_KIND_TOOL};
    if (trace->flags[i] & NJ_SPAN_AGENT_AS_TOOL)
        out->callee = trace->children[trace->child_at[i]];
    else if (nj_is_agent_call(trace, i))
        out->callee = i;
    if (trace->flags[parent] & NJ_SPAN_AGENT_AS_TOOL)
        return false;
    return out->callee != NJ_NO_SPAN ||
           (out->is_tool && (trace->kind[parent] != NJ_KIND_TOOL ||
                             nj_call_name(trace, parent) != nj_call_name(trace, i)));
}

struct sorted_call {
    int64_t start_ns;
    struct nj_call call;
};

static int
call_cmp(const void *left, const void *right)
{
    const struct sorted_call *a = left, *b = right;

    if (a->call.caller != b->call.caller)
        return a->call.caller < b->call.caller ? -1 : 1;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    return (a->call.span > b->call.span) - (a->call.span < b->call.span);
}

static bool
calls_list(struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    struct sorted_call *sorted =
        NJ_NEW_RAW(view->run->scratch, struct sorted_call, trace->spans_len);
    struct nj_call *calls = NJ_NEW_RAW(view->run->scratch, struct nj_call, trace->spans_len);
    uint32_t len = 0;

    if (!sorted || !calls)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (call_read(trace, i, &sorted[len].call))
            sorted[len++].start_ns = trace->start_ns[i];
    if (len > 1)
        qsort(sorted, len, sizeof *sorted, call_cmp);
    for (uint32_t k = 0; k < len; k++)
        calls[k] = sorted[k].call;
    view->calls = calls;
    view->calls_len = len;
    return true;
}

static bool
critical_sum(struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    const struct nj_critical_path *path = view->run->path;
    int64_t *ns = NJ_NEW(view->run->scratch, int64_t, trace->spans_len);

    if (!ns)
        return false;
    for (uint32_t k = 0; k < path->segments_len; k++)
        ns[path->segments[k].span] += path->segments[k].end_ns - path->segments[k].start_ns;
    for (uint32_t i = trace->spans_len; i-- > 0;)
        if (trace->parent[i] != NJ_NO_SPAN)
            ns[trace->parent[i]] += ns[i];
    view->critical_ns = ns;
    return true;
}

enum nj_status
nj_behaviour_find(struct nj_behaviour_view *view)
{
    static nj_behaviour_finder *const finders[] = {
        nj_find_repeated_calls,  nj_find_ping_pong,      nj_find_cycles,
        nj_find_runaways,        nj_find_retry_storms,   nj_find_stalls,
        nj_find_serial_fan_outs, nj_find_unused_results, nj_find_missing_ends,
        nj_find_truncated,
    };

    view->limits = limits_of(view->run->options);
    if (!calls_list(view) || !critical_sum(view))
        return nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory for %u spans",
                       (unsigned)view->trace->spans_len);
    for (size_t i = 0; i < NJ_LEN(finders); i++) {
        enum nj_status st = finders[i](view);
        if (st < 0)
            return st;
    }
    return NJ_OK;
}
