/* errors_link.h - the passes that draw edges between the errors of a trace (floor 3). Each
 * expects what the ones above it leave. */
#ifndef NJ_ANALYZERS_ERRORS_LINK_H
#define NJ_ANALYZERS_ERRORS_LINK_H

#include "analyzers/errors_graph.h"

/* `list` of `len` elements with room for one more, perhaps elsewhere. Without memory NULL, and
 * is_out_of_memory is set, which nj_errors_find looks at last. */
void *nj_error_room(struct nj_errors *errors, void *list, uint32_t len, uint32_t *cap,
                    size_t size);

/* Draws an edge; without memory it sets is_out_of_memory, which nj_errors_find looks at last.
 */
void nj_error_edge_add(struct nj_errors *errors, struct nj_error_edge edge);

/* Whether a span is one step of a loop or chain, by its kind or its name. */
bool nj_error_is_step(const struct nj_trace *trace, uint32_t i);

/* Repeated operations: sets recovered and next_attempt, draws retry edges. false: no memory. */
bool nj_error_retries_find(struct nj_errors *errors);

/* Children to parents, over spans that recorded nothing too; sets absorbed_at, cause and out,
 * draws up, bridged and cancel edges. false: no memory. */
bool nj_error_upward_link(struct nj_errors *errors);

/* Errors under a span that is not in the trace, to the error around them with the same words.
 */
void nj_error_missing_link(struct nj_errors *errors);

/* Sets `first` of every node by its causes. */
void nj_error_first_causes_set(struct nj_errors *errors);

/* Failed evaluations and the last error before them; agents and what they handed on. false: no
 * memory. */
bool nj_error_sideways_link(struct nj_errors *errors);

/* Cuts cycles, then sets out, terminal, chain_conf and reaches_root of every node, and
 * HAS_CAUSE anew. false: no memory. */
bool nj_error_paths_set(struct nj_errors *errors);

/* Groups, origins with states and ranks, costs of attempts. false: no memory. */
bool nj_error_states_set(struct nj_errors *errors);

/* Model calls that asked for what failed at an origin. false: no memory. */
bool nj_error_suspects_set(struct nj_errors *errors);

#endif
