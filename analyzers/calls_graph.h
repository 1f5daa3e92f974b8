/* calls_graph.h - who invoked whom: agents, tools, models and services (floor 3).
 *
 * A span is a call when it opens an agent, is a tool, is the lowest model call, or enters
 * another service. All time of spans below, down to the next call, is the call's. Roots are
 * calls of nobody. */
#ifndef NJ_ANALYZERS_CALLS_GRAPH_H
#define NJ_ANALYZERS_CALLS_GRAPH_H

#include "analyzers/calls_tree.h"
#include "analyzers/series.h"

enum nj_callee {
    NJ_CALLEE_NONE,
    NJ_CALLEE_AGENT,
    NJ_CALLEE_TOOL,
    NJ_CALLEE_MODEL,
    NJ_CALLEE_SERVICE,
};

struct nj_call_graph {
    struct nj_series series; /* durations of the calls of every edge */
    struct nj_tally edges;   /* the key of a group in series -> what calls_graph.c keeps */
};

void nj_call_graph_init(struct nj_call_graph *graph, struct nj_run *run);
void nj_call_graph_fini(struct nj_call_graph *graph);

/* Adds a trace; amounts[i] is of span i. false: no memory. */
bool nj_call_graph_add(struct nj_call_graph *graph, const struct nj_trace *trace,
                       const struct nj_call_amounts *amounts, struct nj_arena *scratch);
bool nj_call_graph_merge(struct nj_call_graph *into, struct nj_call_graph *from);

/* Tables call_edges and call_nodes; the graph can only be released afterwards. */
enum nj_status nj_call_graph_put(struct nj_call_graph *graph, struct nj_run *run,
                                 struct nj_results *results) NJ_CHECKED;

#endif
