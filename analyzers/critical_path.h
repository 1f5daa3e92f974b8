/* critical_path.h - the critical path of one trace (floor 3).
 *
 * Definition: docs/methods/critical-path.md. Every instant of the scope belongs to exactly one
 * segment; segments are in time order, touch, and sum to the scope's duration. */
#ifndef NJ_ANALYZERS_CRITICAL_PATH_H
#define NJ_ANALYZERS_CRITICAL_PATH_H

#include "analyzers/options.h"
#include "base/arena.h"
#include "schema/trace.h"

enum nj_part { NJ_PART_SELF, NJ_PART_WAIT, NJ_PART_GAP };
enum nj_evidence {
    NJ_EVIDENCE_TOOL_CALL,
    NJ_EVIDENCE_LINK,
    NJ_EVIDENCE_STREAM,
    NJ_EVIDENCE_TIMING,
    NJ_EVIDENCE_PARENT,
};

struct nj_segment {
    int64_t start_ns, end_ns;
    uint32_t span;     /* index in the trace */
    uint8_t part;      /* enum nj_part */
    uint8_t evidence;  /* enum nj_evidence: why this span and not another */
    bool is_ambiguous; /* two candidates within the clock's granularity, or timing alone while
                          siblings ran side by side; also of all that such a span contains */
};

struct nj_critical_path {
    enum nj_path_scope scope;
    int64_t start_ns, end_ns;
    int64_t ambiguous_ns;
    const struct nj_segment *segments;
    uint32_t segments_len;
    bool is_serial; /* scope root: one thing after the other; all that blocks is on the path */
};

/* Walks the path of `scope` into `arena`. O(n log n), iterative. NJ_ENOMEM. */
enum nj_status nj_critical_path_walk(struct nj_critical_path *out, const struct nj_trace *trace,
                                     enum nj_path_scope scope, const struct nj_options *options,
                                     struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;

#endif
