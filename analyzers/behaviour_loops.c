/* behaviour_loops.c - finds work that goes round in circles: repeated calls, ping-pong between
 * agents, agents inside their own calls. */
#include "analyzers/behaviour.h"
#include "analyzers/tally.h"
#include "base/plural.h"
#include "schema/facts.h"

static bool
arguments_read(const struct nj_trace *trace, uint32_t i, int64_t *hash)
{
    struct nj_fact_cursor fact;

    *hash = 0;
    if (!nj_trace_fact_find(trace, i, NJ_FACT_ARGUMENTS_HASH, &fact))
        return false;
    *hash = fact.integer;
    return true;
}

/* The same tool with the same arguments; where none are recorded, the same operation. */
static bool
is_same_call(const struct nj_trace *trace, const struct nj_call *a, const struct nj_call *b)
{
    int64_t hash_a, hash_b;

    if (!a->is_tool || !b->is_tool || a->caller != b->caller ||
        nj_call_name(trace, a->span) != nj_call_name(trace, b->span))
        return false;
    bool has_a = arguments_read(trace, a->span, &hash_a);
    bool has_b = arguments_read(trace, b->span, &hash_b);
    if (has_a || has_b)
        return has_a && has_b && hash_a == hash_b;
    return trace->operation[a->span] == trace->operation[b->span];
}

enum nj_status
nj_find_repeated_calls(const struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    const struct nj_call *calls = view->calls;
    enum nj_status st = NJ_OK;
    int64_t hash;

    for (uint32_t at = 0, n; at < view->calls_len && st >= 0; at += n) {
        struct nj_case found = {.behaviour = NJ_BEHAVIOUR_REPEATED_CALL,
                                .agent = trace->agent[calls[at].caller]};
        nj_case_span(&found, calls[at].span);
        for (n = 1; at + n < view->calls_len && is_same_call(trace, &calls[at], &calls[at + n]);
             n++) {
            found.cost_ns += nj_trace_raw_ns(trace, calls[at + n].span);
            nj_case_span(&found, calls[at + n].span);
        }
        if (n < view->limits.repeats)
            continue;
        struct nj_slice tool = nj_case_name(view, nj_call_name(trace, calls[at].span));
        found.severity = n;
        nj_case_text(
            &found, "%.*s called %u time%s in a row%s", NJ_FMT(tool), (unsigned)n, nj_plural(n),
            arguments_read(trace, calls[at].span, &hash) ? " with the same arguments" : "");
        st = view->tell(view->context, view, &found);
    }
    return st;
}

/* Turns of two agents that follow each other. */
struct rally {
    uint32_t first, last; /* turns */
    uint32_t other;       /* agent that is not the last one's; NJ_NO_NAME: only one so far */
    uint32_t switches;
    struct nj_case found;
};

static enum nj_status
rally_end(const struct nj_behaviour_view *view, struct rally *rally)
{
    const struct nj_trace *trace = view->trace;
    uint32_t switches = rally->switches;

    rally->switches = 0;
    if (switches < view->limits.switches)
        return NJ_OK;
    struct nj_slice one = nj_case_name(view, rally->found.agent);
    uint32_t last_agent = trace->agent[rally->last];
    struct nj_slice two =
        nj_case_name(view, last_agent == rally->found.agent ? rally->other : last_agent);
    rally->found.severity = switches;
    rally->found.cost_ns = trace->raw_end_ns[rally->last] - trace->raw_start_ns[rally->first];
    if (rally->found.cost_ns < 0)
        rally->found.cost_ns = 0;
    nj_case_text(&rally->found, "control went back and forth between %.*s and %.*s %u time%s",
                 NJ_FMT(one), NJ_FMT(two), (unsigned)switches, nj_plural(switches));
    return view->tell(view->context, view, &rally->found);
}

/* The rally starts anew with the turn `span`, alone or after the last one. */
static void
rally_start(const struct nj_trace *trace, struct rally *rally, uint32_t before, uint32_t span)
{
    uint32_t first = before == NJ_NO_SPAN ? span : before;

    *rally = (struct rally){
        .first = first,
        .last = span,
        .other = before == NJ_NO_SPAN ? NJ_NO_NAME : trace->agent[before],
        .switches = before == NJ_NO_SPAN ? 0 : 1,
        .found = {.behaviour = NJ_BEHAVIOUR_PING_PONG, .agent = trace->agent[first]}};
    nj_case_span(&rally->found, first);
    if (before != NJ_NO_SPAN)
        nj_case_span(&rally->found, span);
}

/* The turn comes after `last` has ended, or inside it by its own call. */
static bool
takes_over(const struct nj_trace *trace, uint32_t last, uint32_t span)
{
    return nj_caller_of(trace, span) == last ||
           trace->start_ns[span] + trace->granularity_ns >= trace->end_ns[last];
}

static enum nj_status
turn_take(const struct nj_behaviour_view *view, struct rally *rally, uint32_t span)
{
    const struct nj_trace *trace = view->trace;
    uint32_t last = rally->last, agent = trace->agent[span];
    enum nj_status st;

    if (last == NJ_NO_SPAN || !takes_over(trace, last, span)) {
        st = rally_end(view, rally);
        rally_start(trace, rally, NJ_NO_SPAN, span);
        return st;
    }
    if (agent == trace->agent[last]) {
        rally->last = span;
        return NJ_OK;
    }
    if (rally->switches == 0 || agent != rally->other) {
        st = rally_end(view, rally);
        rally_start(trace, rally, last, span);
        return st;
    }
    rally->other = trace->agent[last];
    rally->last = span;
    rally->switches++;
    nj_case_span(&rally->found, span);
    return NJ_OK;
}

enum nj_status
nj_find_ping_pong(const struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    struct rally rally = {.last = NJ_NO_SPAN};
    enum nj_status st = NJ_OK;

    for (uint32_t i = 0; i < trace->spans_len && st >= 0; i++) {
        bool is_tool = trace->kind[i] == NJ_KIND_TOOL || trace->kind[i] == NJ_KIND_RETRIEVER;
        if (nj_is_agent_call(trace, i)) {
            st = turn_take(view, &rally, i);
        } else if (is_tool && !(trace->flags[i] & NJ_SPAN_AGENT_AS_TOOL)) {
            st = rally_end(view, &rally);
            rally.last = NJ_NO_SPAN;
        }
    }
    return st < 0 ? st : rally_end(view, &rally);
}

/* How often an agent is open above the place where the walk is, and its innermost span. */
struct open_agent {
    uint32_t count, span;
};

struct step {
    uint32_t span, next; /* next child to walk into */
    uint32_t outer;      /* span of the same agent further out */
};

static enum nj_status
cycle_tell(const struct nj_behaviour_view *view, uint32_t span, const struct open_agent *open)
{
    const struct nj_trace *trace = view->trace;
    struct nj_slice agent = nj_case_name(view, trace->agent[span]);
    struct nj_case found = {.behaviour = NJ_BEHAVIOUR_CYCLE,
                            .agent = trace->agent[span],
                            .severity = open->count,
                            .cost_ns = open->count == 1 ? nj_trace_raw_ns(trace, span) : 0};

    nj_case_span(&found, open->span);
    nj_case_span(&found, span);
    nj_case_text(&found, "%.*s works inside its own call, %u deep", NJ_FMT(agent),
                 (unsigned)open->count + 1);
    return view->tell(view->context, view, &found);
}

static enum nj_status
agent_enter(const struct nj_behaviour_view *view, struct nj_tally *agents, struct step *step)
{
    if (!nj_is_agent_call(view->trace, step->span))
        return NJ_OK;
    struct open_agent *open = nj_tally_at(agents, view->trace->agent[step->span]);
    enum nj_status st = NJ_OK;

    if (!open)
        return nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory for agents");
    if (open->count > 0)
        st = cycle_tell(view, step->span, open);
    step->outer = open->span;
    *open = (struct open_agent){open->count + 1, step->span};
    return st;
}

static void
agent_leave(const struct nj_behaviour_view *view, struct nj_tally *agents,
            const struct step *step)
{
    if (!nj_is_agent_call(view->trace, step->span))
        return;
    struct open_agent *open = nj_tally_find(agents, view->trace->agent[step->span]);
    *open = (struct open_agent){open->count - 1, step->outer};
}

static enum nj_status
tree_walk(const struct nj_behaviour_view *view, struct nj_tally *agents, struct step *stack,
          uint32_t root)
{
    const struct nj_trace *trace = view->trace;
    uint32_t depth = 0;

    stack[depth++] = (struct step){root, trace->child_at[root], NJ_NO_SPAN};
    enum nj_status st = agent_enter(view, agents, &stack[0]);
    while (depth > 0 && st >= 0) {
        struct step *top = &stack[depth - 1];
        if (top->next == trace->child_at[top->span + 1]) {
            agent_leave(view, agents, top);
            depth--;
            continue;
        }
        uint32_t child = trace->children[top->next++];
        stack[depth] = (struct step){child, trace->child_at[child], NJ_NO_SPAN};
        st = agent_enter(view, agents, &stack[depth++]);
    }
    return st;
}

enum nj_status
nj_find_cycles(const struct nj_behaviour_view *view)
{
    const struct nj_trace *trace = view->trace;
    struct step *stack = NJ_NEW_RAW(view->run->scratch, struct step, trace->spans_len);
    struct nj_tally agents;
    enum nj_status st = NJ_OK;

    if (!stack)
        return nj_fail(view->run->err, NJ_ENOMEM, "behaviour: no memory to walk %u spans",
                       (unsigned)trace->spans_len);
    nj_tally_init(&agents, sizeof(struct open_agent));
    for (uint32_t i = 0; i < trace->spans_len && st >= 0; i++)
        if (trace->parent[i] == NJ_NO_SPAN)
            st = tree_walk(view, &agents, stack, i);
    nj_tally_fini(&agents);
    return st;
}
