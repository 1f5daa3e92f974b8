/* sampling_policy.h - the rules by which a tail sampler kept traces, and how many there were of
 * a kind, from a file (floor 3).
 *
 * A trace is kept if any rule keeps it, so its probability is the largest rate of all rules
 * that it satisfies, whichever of them the sampler happened to note. Strata are for samplers of
 * which no rate is known but who counted: a trace belongs to the first that it satisfies. The
 * file is JSON, strict, and described in docs/methods/sampling.md. */
#ifndef NJ_ANALYZERS_SAMPLING_POLICY_H
#define NJ_ANALYZERS_SAMPLING_POLICY_H

#include "analyzers/analyzer.h"

enum { NJ_SAMPLING_POLICY_BYTES_MAX = 1 << 20, NJ_SAMPLING_RULES_MAX = 256 };

/* Conditions of a rule or stratum; all that are set must hold. Patterns are globs that one span
 * of the trace must match; empty: not set. */
struct nj_sampling_rule {
    struct nj_slice name;
    uint32_t source;                  /* name id of "policy:<name>" or "strata:<name>" */
    double rate;                      /* of a rule */
    double population;                /* of a stratum: traces of it that happened */
    bool wants_error, wants_no_error; /* a span of error status; none */
    int64_t duration_over_ns;         /* from the first start to the last end; -1: not set */
    int64_t spans_over;               /* -1: not set */
    struct nj_slice agent, service, operation, tool;
    struct nj_slice root;       /* the operation of the main root */
    struct nj_slice key, value; /* an attribute of a span */
};

struct nj_sampling_policy {
    struct nj_sampling_rule *rules; /* in the order of the file */
    size_t rules_len;
    struct nj_sampling_rule *strata; /* likewise */
    size_t strata_len;
};

/* Reads the file into `arena`. NJ_EUSAGE names the file, line and column, and what was
 * expected; NJ_EIO, NJ_ENOMEM. */
enum nj_status nj_sampling_policy_read(struct nj_sampling_policy *out, const char *path,
                                       struct nj_names *names, struct nj_arena *arena,
                                       struct nj_error *err) NJ_CHECKED;

/* The rule of the largest rate that the trace satisfies (of several the first), or NULL. Rules
 * about attributes read the full content of spans through run->source. */
enum nj_status nj_sampling_policy_match(const struct nj_sampling_rule **out,
                                        const struct nj_sampling_policy *policy,
                                        struct nj_run *run,
                                        const struct nj_trace *trace) NJ_CHECKED;

/* The first stratum that the trace satisfies, likewise. */
enum nj_status nj_sampling_policy_stratum(const struct nj_sampling_rule **out,
                                          const struct nj_sampling_policy *policy,
                                          struct nj_run *run,
                                          const struct nj_trace *trace) NJ_CHECKED;

#endif
