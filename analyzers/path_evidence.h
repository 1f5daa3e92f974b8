/* path_evidence.h - recorded reasons why one span had to wait for another (floor 3).
 *
 * tool-call: a tool span waited for the model call that asked for it, and the next model call
 * that got its result waited for the tool. Both are known by the id of the tool call.
 * link: a span waited for the spans that it links to. */
#ifndef NJ_ANALYZERS_PATH_EVIDENCE_H
#define NJ_ANALYZERS_PATH_EVIDENCE_H

#include "analyzers/critical_path.h"

struct nj_clue {
    uint32_t waiter, on; /* spans; never equal */
    uint8_t evidence;    /* NJ_EVIDENCE_TOOL_CALL or NJ_EVIDENCE_LINK */
};

struct nj_clues {
    const struct nj_clue *list; /* in no order that means anything, but always the same */
    uint32_t len;
};

/* All clues of a trace, at most two for every tool-call id on a tool span and one for every
 * link inside the trace. Linear but for a sort of the call ids. NJ_ENOMEM. */
enum nj_status nj_clues_find(struct nj_clues *out, const struct nj_trace *trace,
                             struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;

#endif
