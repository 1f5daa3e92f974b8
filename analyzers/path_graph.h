/* path_graph.h - which starts and ends had to wait for which: what the critical path of scope
 * root follows backwards, whole, for questions about other paths (floor 3).
 *
 * A child starts after its parent, and after what it waited for among its siblings; a parent
 * ends after all children that block it. Weights of the edges are times of one span each, so
 * the longest way from the root's start to its end is its duration. */
#ifndef NJ_ANALYZERS_PATH_GRAPH_H
#define NJ_ANALYZERS_PATH_GRAPH_H

#include "analyzers/path_waits.h"

/* What the start of a child waited for. */
enum nj_after {
    NJ_AFTER_ALL,   /* timing: all siblings that had ended, and its parent's own work */
    NJ_AFTER_ONE,   /* the sibling `on`: calls of one answer, one after the other */
    NJ_AFTER_WAITS, /* all siblings in `waits`, as far as they had come */
};

struct nj_start {
    int64_t ready_ns; /* when the last of them was ready; from then on the parent worked */
    uint32_t on;
    uint8_t after; /* enum nj_after */
};

struct nj_event_graph {
    const struct nj_trace *trace;
    struct nj_waits waits;
    /* children that count, of x: at child_at[x], kids_len[x] of them */
    const uint32_t *by_end, *by_start; /* latest end first; earliest start first */
    const uint32_t *kids_len;          /* 0 for spans that do not count */
    const struct nj_start *start;      /* of children that count */
    const uint8_t *marks;              /* enum nj_graph_mark */
};

enum nj_graph_mark {
    NJ_GRAPH_COUNTS = 1 << 0,  /* can be on a path of scope root */
    NJ_GRAPH_BRANCHY = 1 << 1, /* there is more than one way through its children */
    NJ_GRAPH_CUT = 1 << 2,     /* a sibling started while it was active, because of it */
};

/* In `arena`, O(n log n). NJ_ENOMEM. */
enum nj_status nj_event_graph_build(struct nj_event_graph *out, const struct nj_trace *trace,
                                    const struct nj_options *options, struct nj_arena *arena,
                                    struct nj_error *err) NJ_CHECKED;

#endif
