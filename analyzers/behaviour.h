/* behaviour.h - what one trace shows of the things that only agents do wrong: the view that all
 * finders share, and the finders (floor 3). behaviour.c adds cases up over traces.
 *
 * Definitions: docs/methods/behaviour.md. Order and overlap are judged on repaired times, time
 * spent on recorded ones. Only agents that a record names can misbehave; a service that stands
 * in for one cannot. */
#ifndef NJ_ANALYZERS_BEHAVIOUR_H
#define NJ_ANALYZERS_BEHAVIOUR_H

#include "analyzers/analyzer.h"
#include "analyzers/critical_path.h"

enum nj_behaviour {
#define NJ_BEHAVIOUR(symbol, id, help) NJ_BEHAVIOUR_##symbol,
#include "schema/behaviours.def"
#undef NJ_BEHAVIOUR
    NJ_BEHAVIOURS_LEN
};

enum { NJ_CASE_TEXT_BYTES = 160, NJ_CASE_SPANS_MAX = 8 };

/* The stable id, "ping-pong". */
const char *nj_behaviour_id(enum nj_behaviour behaviour);

/* One finding in one trace. */
struct nj_case {
    enum nj_behaviour behaviour;
    uint32_t agent;    /* name id */
    int64_t cost_ns;   /* time concerned, 0 where the definition gives none */
    uint64_t severity; /* the largest is the worst case; what it measures is up to the finder */
    uint32_t spans[NJ_CASE_SPANS_MAX]; /* evidence, the first of them */
    uint32_t spans_len;
    char text[NJ_CASE_TEXT_BYTES];
};

/* A call that an invocation makes: of a tool, or of another agent. */
struct nj_call {
    uint32_t caller; /* the invocation that makes it */
    uint32_t span;   /* the tool or invocation span; of an agent called as a tool, the tool */
    uint32_t callee; /* the invocation that it opens, NJ_NO_SPAN for a mere tool */
    bool is_tool;
};

/* One trace as finders see it. */
struct nj_behaviour_view {
    struct nj_run *run;
    const struct nj_trace *trace;
    struct nj_limits limits;     /* with defaults filled in */
    const struct nj_call *calls; /* by (caller, start, index) */
    uint32_t calls_len;
    const int64_t *critical_ns; /* time on the root's critical path, with what is below */
    enum nj_status (*tell)(void *context, const struct nj_behaviour_view *view,
                           const struct nj_case *found);
    void *context;
};

/* Prepares the view in run->scratch and runs all finders. */
enum nj_status nj_behaviour_find(struct nj_behaviour_view *view) NJ_CHECKED;

/* Adds a span to the evidence while there is room. */
void nj_case_span(struct nj_case *found, uint32_t span);
/* A name for a text, cut so that there is room for two. */
struct nj_slice nj_case_name(const struct nj_behaviour_view *view, uint32_t name);
/* What happened, as printf does; cut where it is too long. */
void nj_case_text(struct nj_case *found, const char *fmt, ...) NJ_PRINTF(2, 3);

/* An invocation of an agent that a record names; its second side does not count. */
static inline bool
nj_is_agent_call(const struct nj_trace *trace, uint32_t i)
{
    return (trace->flags[i] & NJ_SPAN_OPENS_AGENT) && trace->how[i] < NJ_HOW_SERVICE;
}

/* The invocation that the span works for: its parent's. NJ_NO_SPAN at a root. */
static inline uint32_t
nj_caller_of(const struct nj_trace *trace, uint32_t i)
{
    return trace->parent[i] == NJ_NO_SPAN ? NJ_NO_SPAN : trace->scope[trace->parent[i]];
}

/* A tool's name, or the operation where the record has none. */
static inline uint32_t
nj_call_name(const struct nj_trace *trace, uint32_t i)
{
    return trace->tool[i] != NJ_NO_NAME ? trace->tool[i] : trace->operation[i];
}

/* A step of an agent: a call of a model or a tool. Inside another of its kind it is a part or a
 * copy of the outer one. */
static inline bool
nj_is_step(const struct nj_trace *trace, uint32_t i)
{
    bool is_call = trace->kind[i] == NJ_KIND_LLM || trace->kind[i] == NJ_KIND_TOOL;
    return is_call &&
           (trace->parent[i] == NJ_NO_SPAN || trace->kind[trace->parent[i]] != trace->kind[i]);
}

typedef enum nj_status nj_behaviour_finder(const struct nj_behaviour_view *view);
nj_behaviour_finder nj_find_repeated_calls, nj_find_ping_pong, nj_find_cycles; /* …_loops.c */
nj_behaviour_finder nj_find_runaways, nj_find_retry_storms;  /* …_excess.c */
nj_behaviour_finder nj_find_stalls, nj_find_serial_fan_outs; /* …_waits.c */
nj_behaviour_finder nj_find_unused_results, nj_find_missing_ends,
    nj_find_truncated; /* …_lost.c */

#endif
