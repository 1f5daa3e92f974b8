/* errors_chain.h - a chain of errors as texts: what makes two chains the same (floor 3). */
#ifndef NJ_ANALYZERS_ERRORS_CHAIN_H
#define NJ_ANALYZERS_ERRORS_CHAIN_H

#include "analyzers/errors_sums.h"

/* Agents that are named of a longer way. */
enum { NJ_CHAIN_AGENTS_MAX = 32 };

/* Fills *out with the chain of an origin of this trace: its one span and trace are the example.
 * *key is the name of its key: where it arose, the agents on its way, where that ended, and
 * how. false: no memory. */
bool nj_error_chain_of(struct nj_error_chain *out, uint32_t *key,
                       const struct nj_errors *errors, const struct nj_error_origin *origin,
                       struct nj_names *names);

/* Adds `from` to `into`, which has the same key; the order does not matter. */
void nj_error_chain_add(struct nj_error_chain *into, const struct nj_error_chain *from,
                        const struct nj_names *names);

#endif
