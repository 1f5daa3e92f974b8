/* options.h - what a user can ask of an analysis (floor 3). Zero is the default everywhere. */
#ifndef NJ_ANALYZERS_OPTIONS_H
#define NJ_ANALYZERS_OPTIONS_H

#include "base/slice.h"
#include "trees/tree.h"

enum nj_path_scope { NJ_SCOPE_ROOT, NJ_SCOPE_TRACE };
enum nj_sideways { NJ_SIDEWAYS_SUSPECT, NJ_SIDEWAYS_CHAIN };

/* What is too much for one invocation or trace; 0: the default, see docs/methods/behaviour.md.
 */
struct nj_limits {
    uint32_t repeats;              /* equal calls in a row */
    uint32_t switches;             /* of control between two agents */
    uint32_t attempts;             /* of one operation in one trace */
    uint64_t steps, depth, tokens; /* of one invocation */
    int64_t duration_ns;           /* of one invocation */
    int64_t stall_ns;
};

struct nj_options {
    bool is_redacted;           /* hashes in place of error texts, trace by trace too */
    unsigned jobs;              /* threads; 0: one a core */
    int64_t since_ns, until_ns; /* by the start of the main root; 0: no limit */
    const char *agent_glob, *service_glob;  /* rows to show; NULL: all */
    struct nj_slice where_key, where_value; /* traces with a span that has this attribute */
    const struct nj_trace_id *only;         /* trace by trace: this one alone; NULL: all */
    struct nj_tree_options tree;
    enum nj_path_scope scope;
    bool has_transparent_wrappers;
    const char *by; /* key to group by, where an analyzer has a choice; NULL: its default */
    struct nj_slice what_if_key, what_if_value; /* --what-if agent=browser:30% */
    double what_if_faster;                      /* 0.3 */
    enum nj_sideways sideways;
    double assume_rate;          /* --assume-rate, 0: none */
    double rate_lo, rate_hi;     /* --rate-range, 0: none */
    const char *sampling_policy; /* path, NULL: none */
    const char *prices;          /* path of a price file, NULL: none */
    double slow_over_ns[8];      /* limits for which slow_share metrics are wanted */
    size_t slow_over_len;
    struct nj_limits limits;  /* of the behaviour analyzer */
    uint64_t kept_values_max; /* memory bound of exact quantiles; 0: the default */
};

#endif
