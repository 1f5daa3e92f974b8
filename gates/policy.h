/* policy.h - the policy: which promises are judged, and how (floor 4). docs/policy.md is its
 * manual. */
#ifndef NJ_GATES_POLICY_H
#define NJ_GATES_POLICY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/status.h"

#include <stdint.h>

enum nj_level { NJ_LEVEL_ERROR, NJ_LEVEL_WARN, NJ_LEVEL_OFF };
/* What happens where a check cannot be judged. */
enum nj_on { NJ_ON_SKIP, NJ_ON_REPORT, NJ_ON_FAIL };

enum { NJ_GLOBS_MAX = 16 };

/* Globs of which one must match; none: everything does. */
struct nj_globs {
    struct nj_slice list[NJ_GLOBS_MAX];
    size_t len;
};

/* What a gate or a waiver is about. */
struct nj_match {
    struct nj_globs agent, kind, operation, tool, model, service, metric;
};

/* A number with its unit, in the unit of the metric: nanoseconds, ratio, count. */
struct nj_amount {
    double value;
    bool is_set;
    bool is_relative; /* "5%": of the baseline; else absolute ("1pp", "20s", "3") */
};

struct nj_rule {
    struct nj_slice
        metric; /* as in schema/metrics.def, or a finding of the behaviour analyzer */
    struct nj_amount max_increase, max_decrease; /* allowed change against the baseline */
    struct nj_amount max, min;                   /* absolute limits */
    double over_ns;                              /* slow_share: slower than this */
    enum nj_level level;
    unsigned line;
};

struct nj_gate {
    struct nj_slice name;
    struct nj_match match;
    struct nj_rule *rules;
    size_t rules_len;
    unsigned line;
};

struct nj_waiver {
    struct nj_match match;
    int64_t until_ns; /* start of the day after its last day */
    struct nj_slice reason;
    unsigned line;
};

struct nj_policy {
    struct nj_slice path; /* "default" for the built-in one */
    char digest[33];      /* XXH3-128 of its text */
    unsigned nights, min_nights;
    bool is_baseline_required;
    double fdr;
    uint64_t min_traces;
    enum nj_on on_insufficient, on_missing, on_new;
    enum nj_level level;
    struct nj_gate *gates;
    size_t gates_len;
    struct nj_waiver *waivers;
    size_t waivers_len;
};

/* Reads a policy file, or the built-in one when `path` is NULL. Texts live in `arena`.
 * NJ_EUSAGE with "path:line:column: " and what was expected; NJ_EIO. */
enum nj_status nj_policy_read(struct nj_policy *out, const char *path, struct nj_arena *arena,
                              struct nj_error *err) NJ_CHECKED;
/* Reads a policy out of a text; `path` is what errors name. */
enum nj_status nj_policy_parse(struct nj_policy *out, struct nj_slice text, const char *path,
                               struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;
/* The text of the built-in policy. */
struct nj_slice nj_policy_default(void);

/* The distinct limits of slow_share rules, smallest first, at most `max`; how many. */
size_t nj_policy_slow_limits(const struct nj_policy *policy, double *out_ns, size_t max);

bool nj_globs_match(const struct nj_globs *globs, struct nj_slice text);

#endif
