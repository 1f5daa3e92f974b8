/* calls_parallel.c - how many agents work at once. */
#include "analyzers/calls_parallel.h"

#include <stdlib.h>

struct moment {
    int64_t t_ns;
    uint32_t span;
    bool is_start;
};

/* Starts go before ends, so that an invocation without length opens and closes. */
static int
moment_cmp(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;

    if (x->t_ns != y->t_ns)
        return x->t_ns < y->t_ns ? -1 : 1;
    if (x->is_start != y->is_start)
        return x->is_start ? -1 : 1;
    return (x->span > y->span) - (x->span < y->span);
}

struct state {
    uint32_t open_below; /* invocations that it made */
    bool is_open;
};

static bool
is_invocation(const struct nj_trace *trace, uint32_t i)
{
    const uint16_t flags = NJ_SPAN_OPENS_AGENT | NJ_SPAN_SAME_INVOCATION;
    return (trace->flags[i] & flags) == NJ_SPAN_OPENS_AGENT;
}

/* Opens or closes an invocation; the change in the number of agents at work. */
static int
moment_apply(struct state *states, const struct nj_trace *trace, const struct moment *m)
{
    struct state *own = &states[m->span];
    uint32_t parent = trace->parent[m->span];
    struct state *caller = parent == NJ_NO_SPAN ? NULL : &states[trace->scope[parent]];
    int change = own->open_below == 0 ? (m->is_start ? 1 : -1) : 0;

    own->is_open = m->is_start;
    if (!caller)
        return change;
    bool worked = caller->is_open && caller->open_below == 0;
    caller->open_below += m->is_start ? 1 : UINT32_MAX;
    bool works = caller->is_open && caller->open_below == 0;
    return change + (int)works - (int)worked;
}

bool
nj_parallel_add(uint64_t ns[NJ_PARALLEL_MAX + 1], const struct nj_trace *trace,
                struct nj_arena *arena)
{
    struct state *states = NJ_NEW(arena, struct state, trace->spans_len);
    uint32_t len = 0, invocations = 0;
    int working = 0;

    for (uint32_t i = 0; i < trace->spans_len; i++)
        invocations += is_invocation(trace, i);
    struct moment *moments = NJ_NEW_RAW(arena, struct moment, (size_t)invocations * 2);
    if (!states || !moments)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        if (!is_invocation(trace, i))
            continue;
        moments[len++] = (struct moment){trace->start_ns[i], i, true};
        moments[len++] = (struct moment){trace->end_ns[i], i, false};
    }
    if (len > 0)
        qsort(moments, len, sizeof *moments, moment_cmp);
    for (uint32_t i = 0; i + 1 < len; i++) {
        working += moment_apply(states, trace, &moments[i]);
        int at = working < NJ_PARALLEL_MAX ? working : NJ_PARALLEL_MAX;
        ns[at] += (uint64_t)(moments[i + 1].t_ns - moments[i].t_ns);
    }
    return true;
}
