/* errors_evidence.h - which spans of a trace are errors, and what each one says (floor 3). */
#ifndef NJ_ANALYZERS_ERRORS_EVIDENCE_H
#define NJ_ANALYZERS_ERRORS_EVIDENCE_H

#include "analyzers/errors_graph.h"

/* Fills nodes, control_flow and handled of `errors`, whose trace and arena are set. Spans are
 * looked at in index order; `handled` spans are nodes as well, flagged NJ_ERROR_IS_HANDLED,
 * until nj_error_evidence_settle. false: no memory. */
bool nj_error_evidence_find(struct nj_errors *errors);

/* With the tree known: an exception that its span survived is an error after all when the
 * parent failed with the same words right after it. The other handled ones leave the nodes. */
void nj_error_evidence_settle(struct nj_errors *errors);

#endif
