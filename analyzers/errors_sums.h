/* errors_sums.h - errors of all traces: chains, agents and the edges between them, with weights
 * (floor 3). The state is integers and kept values, free of order. */
#ifndef NJ_ANALYZERS_ERRORS_SUMS_H
#define NJ_ANALYZERS_ERRORS_SUMS_H

#include "analyzers/errors_graph.h"
#include "analyzers/revisit.h"
#include "analyzers/series.h"

/* What groups of the two series are about; the key of a group is this << 32 | id. */
enum nj_error_group {
    NJ_ERROR_GROUP_ALL,        /* of traces: all of them, id 0 */
    NJ_ERROR_GROUP_NOT_FAILED, /* of traces: those that did not fail, id 0 */
    NJ_ERROR_GROUP_PLAYER,     /* of traces: those in which this agent took part */
    NJ_ERROR_GROUP_CHAIN,      /* of origins: those of this chain; ids are names from here on */
    NJ_ERROR_GROUP_ORIGIN,     /* of origins: type|template */
    NJ_ERROR_GROUP_SITE,       /* of origins: agent|operation|type|template */
    NJ_ERROR_GROUP_EDGE,       /* of errors that arrive at a boundary */
    NJ_ERROR_GROUP_CALLER,     /* of the same, by the agent at which they arrive */
};

/* Events of the series of traces and of that of errors. */
enum { NJ_ERROR_TRACE_FAILED, NJ_ERROR_TRACE_HAS_ORIGIN, NJ_ERROR_TRACE_EVENTS };
enum { NJ_ERROR_PASSED, NJ_ERROR_EVENTS };

/* What is the same for all origins of a chain, and what is not kept in a series; name ids. */
struct nj_error_chain {
    uint32_t origin_key, site, agent, operation, type, template, path, surface;
    uint32_t suspect; /* operation of the model call, the first one by text; or none */
    uint8_t state, how, conf;
    uint64_t spans, agents; /* reached, sums */
    uint32_t spans_max, agents_max, steps_max;
    struct nj_trace_id trace; /* of the example: the smallest trace id, then span id */
    uint64_t span_id;
    uint32_t trace_text, span_text;
    struct nj_kept_trace kept; /* the same trace, to be looked at again */
    uint32_t trace_spans;      /* in it */
};

struct nj_error_agent {
    uint64_t origins, surfaced;
};

/* An edge between agents; its type is nj_error_edge's, up or side. */
struct nj_error_pair {
    uint32_t from, to;
    uint8_t type;
};

/* Edges that are possible and no more, of the same ends and reason; name ids. */
struct nj_error_maybe {
    uint32_t cause, effect;
    uint8_t why;
    uint64_t count;
    struct nj_trace_id trace; /* of the example: the smallest trace id */
    uint32_t trace_text;
};

struct nj_error_sums {
    struct nj_names *names;
    struct nj_series traces;  /* measure 0: retries */
    struct nj_series errors;  /* measure 0: time from origin to surface */
    struct nj_tally chains;   /* name of the chain's key -> struct nj_error_chain */
    struct nj_tally agents;   /* name -> struct nj_error_agent */
    struct nj_tally pairs;    /* name of the pair's key -> struct nj_error_pair */
    struct nj_tally maybes;   /* name of "cause > effect > why" -> struct nj_error_maybe */
    struct nj_tally sessions; /* hash of chain and session -> uint32_t, name of the chain */
};

static inline uint64_t
nj_error_group_key(enum nj_error_group group, uint32_t id)
{
    return (uint64_t)group << 32 | id;
}

void nj_error_sums_init(struct nj_error_sums *sums, struct nj_run *run);
void nj_error_sums_fini(struct nj_error_sums *sums);
/* Adds one trace. false: no memory. */
bool nj_error_sums_add(struct nj_error_sums *sums, const struct nj_errors *errors);
bool nj_error_sums_merge(struct nj_error_sums *into, struct nj_error_sums *from);

/* Fills tables error_chains, error_edges, error_agents, error_keys, rates of errors_summary
 * (whose row is there) and rows of metrics. NJ_ENOMEM. */
enum nj_status nj_error_sums_put(struct nj_error_sums *sums, struct nj_run *run,
                                 struct nj_results *results) NJ_CHECKED;

/* Shows examples of the most frequent chains that surfaced, or else of those that were
 * absorbed: rows of exemplars, exemplar_spans and exemplar_links. After nj_error_sums_put.
 * NJ_ENOMEM, and what reading the corpus again can fail with. */
enum nj_status nj_error_exemplars_put(const struct nj_error_sums *sums, struct nj_run *run,
                                      struct nj_results *results) NJ_CHECKED;

#endif
