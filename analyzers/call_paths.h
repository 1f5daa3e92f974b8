/* call_paths.h - the call path of a span (agent, kind and operation of it and of all above) as
 * one number that is the same in every thread and every run (floor 3). */
#ifndef NJ_ANALYZERS_CALL_PATHS_H
#define NJ_ANALYZERS_CALL_PATHS_H

#include "schema/trace.h"

/* Paths go no deeper; what is below belongs to one node "(deeper)" for each on the last level.
 */
enum { NJ_CALL_DEPTH_MAX = 200 };

/* A node of all merged call trees. */
struct nj_call_node {
    uint64_t parent; /* its number; 0: none */
    uint32_t agent, operation;
    uint32_t depth; /* 0 at the top */
    uint8_t kind;
    bool is_rest; /* all that was too deep: no agent, no operation */
};

/* Hashes of the texts of names, so that numbers do not depend on name ids. */
struct nj_call_paths {
    const struct nj_names *names;
    uint64_t *hash;
    uint32_t hash_len;
    uint32_t depth_max; /* NJ_CALL_DEPTH_MAX, or less */
};

void nj_call_paths_init(struct nj_call_paths *paths, const struct nj_names *names);
void nj_call_paths_fini(struct nj_call_paths *paths);

/* numbers[i]: the node of span i, never 0; spans_len elements. Two paths share a number with a
 * probability of 2^-64. false: no memory. */
bool nj_call_paths_number(struct nj_call_paths *paths, const struct nj_trace *trace,
                          uint64_t *numbers);

/* The number of what lies too deep below a node. */
uint64_t nj_call_rest_number(uint64_t parent);

/* What the number of span i stands for. */
struct nj_call_node nj_call_node_of(const struct nj_call_paths *paths,
                                    const struct nj_trace *trace, uint32_t i,
                                    const uint64_t *numbers);

#endif
