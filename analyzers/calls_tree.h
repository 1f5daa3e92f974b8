/* calls_tree.h - all call trees merged into one, keyed by agent, kind and operation (floor 3).
 */
#ifndef NJ_ANALYZERS_CALLS_TREE_H
#define NJ_ANALYZERS_CALLS_TREE_H

#include "analyzers/analyzer.h"
#include "analyzers/call_paths.h"
#include "analyzers/tally.h"

/* Nodes that are told apart. Of a store with more the deepest levels are folded into nodes
 * "(deeper)", as many levels as it takes whatever the order of traces. */
enum { NJ_CALL_NODES_MAX = 100000 };

/* What a span adds to its node, and what a node has of its own. */
struct nj_call_amounts {
    uint64_t spans, wall_ns, self_ns, critical_ns, tokens;
};

struct nj_call_tree {
    struct nj_call_paths paths;
    struct nj_tally nodes; /* number -> node and amounts */
    uint32_t nodes_max;
};

void nj_call_tree_init(struct nj_call_tree *tree, const struct nj_names *names);
void nj_call_tree_fini(struct nj_call_tree *tree);

/* Adds a trace; amounts[i] is of span i. false: no memory. */
bool nj_call_tree_add(struct nj_call_tree *tree, const struct nj_trace *trace,
                      const struct nj_call_amounts *amounts, struct nj_arena *scratch);
bool nj_call_tree_merge(struct nj_call_tree *into, const struct nj_call_tree *from);

/* Table call_tree. false: no memory. */
bool nj_call_tree_put(const struct nj_call_tree *tree, struct nj_arena *arena,
                      struct nj_table *table);

#endif
