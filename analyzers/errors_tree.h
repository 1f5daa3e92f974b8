/* errors_tree.h - the tree in which causes are looked for (floor 3). */
#ifndef NJ_ANALYZERS_ERRORS_TREE_H
#define NJ_ANALYZERS_ERRORS_TREE_H

#include "analyzers/errors_graph.h"

/* The root of the trace as far as errors go: the main root where it was recorded, else the
 * longest recorded root (then earliest, then smallest id). NJ_NO_SPAN: nothing was recorded. */
uint32_t nj_error_tree_root(const struct nj_trace *trace);

/* Builds *out in `arena`. Linear after a sort. false: no memory. */
bool nj_error_tree_build(struct nj_error_tree *out, const struct nj_trace *trace,
                         struct nj_arena *arena);

/* Whether `above` is `below` or one of its ancestors. */
static inline bool
nj_error_tree_holds(const struct nj_error_tree *tree, uint32_t above, uint32_t below)
{
    return tree->post_low[above] <= tree->post[below] && tree->post[below] <= tree->post[above];
}

/* The sibling after span i, or NJ_NO_SPAN; roots have no siblings. */
static inline uint32_t
nj_error_tree_next_sibling(const struct nj_error_tree *tree, uint32_t i)
{
    uint32_t parent = tree->parent[i], at;

    if (parent == NJ_NO_SPAN)
        return NJ_NO_SPAN;
    at = tree->child_at[parent] + tree->place[i] + 1;
    return at < tree->child_at[parent + 1] ? tree->children[at] : NJ_NO_SPAN;
}

/* Whether span a ends after span b; ties go to the larger id. */
static inline bool
nj_error_ends_later(const struct nj_trace *trace, uint32_t a, uint32_t b)
{
    if (trace->raw_end_ns[a] != trace->raw_end_ns[b])
        return trace->raw_end_ns[a] > trace->raw_end_ns[b];
    return trace->span_id[a] > trace->span_id[b];
}

/* When the children of a span were busy. */
struct nj_error_brood {
    uint32_t parent;
    int64_t last_end_ns, last_start_ns;
    int64_t last_long_start_ns; /* of children that are not of length 0 */
};
struct nj_error_brood nj_error_brood_of(const struct nj_error_tree *tree,
                                        const struct nj_trace *trace, uint32_t parent);

/* Whether `span`, somewhere below the parent, was the last thing that went on before `at_ns`:
 * no child began after it, and it ended within 20 ms or a tenth of the parent's length. */
bool nj_error_is_last_activity(const struct nj_error_brood *brood, const struct nj_trace *trace,
                               uint32_t span, int64_t at_ns);

#endif
