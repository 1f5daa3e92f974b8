/* sampling.h - the state of the sampling analyzer: sampling.c collects, sampling_store.c,
 * sampling_rows.c and sampling_warnings.c make tables (floor 3). */
#ifndef NJ_ANALYZERS_SAMPLING_H
#define NJ_ANALYZERS_SAMPLING_H

#include "analyzers/series.h"

/* Groups of the series: whole traces, and agents from FIRST_AGENT on by name id. */
enum {
    NJ_SAMPLING_TRACES,       /* every trace; no duration */
    NJ_SAMPLING_ROOTED,       /* traces with a root: its duration */
    NJ_SAMPLING_ROOTED_OK,    /* of these, those without an error */
    NJ_SAMPLING_ROOTED_ERROR, /* and with one */
    NJ_SAMPLING_FIRST_AGENT = 16,
};

enum { NJ_SAMPLING_BINS = 1 << 14 };

/* Traces of one source, status and weight. */
struct nj_sampling_origin {
    uint32_t source; /* name id */
    uint8_t status;  /* enum nj_weight_status */
    double weight;
    uint64_t traces;
};

/* Weight of the traces of one hour and rate. */
struct nj_sampling_hour {
    int64_t hour;
    double weight;
    uint64_t traces;
};

/* Spans whose parent is missing, of one service, in one part of the range of randomness. */
struct nj_sampling_orphans {
    uint32_t service, part; /* part: the upper 16 bits of the randomness */
    uint64_t spans;
};

/* Calls from one service to another, to know the service of a parent that is missing. */
struct nj_sampling_call {
    uint32_t child, parent; /* services */
    uint64_t spans;
};

struct nj_sampling {
    struct nj_series series;
    struct nj_tally origins, hours, orphans, calls; /* hash of the above -> the above */
    struct nj_tally thresholds; /* service -> highest threshold + 1, 0: none seen */
    uint64_t traces, conflicting, mixed, partial, rate_limited, grouped, label_conflicts;
    uint64_t rootless, truncated, child_spans;
    uint64_t even_traces; /* whose randomness should be even */
    uint64_t bins[NJ_SAMPLING_BINS];
};

/* What the tables say, for the warnings. */
struct nj_sampling_findings {
    uint64_t by_status[NJ_WEIGHT_INVALID + 1];
    /* traces by what their weights rest on */
    uint64_t recovered, known, assumed, stratified;
    uint64_t empty_parts; /* strata of known number of which nothing is stored */
    double top_share;
    uint64_t top_traces;
    double uniformity_p; /* NaN: nothing to test */
    uint64_t orphans_lost, changed_hours;
    uint64_t unbounded_rows, biased_rows, error_traces;
    bool is_error_share_biased;
    bool has_second_sampler;
};

struct nj_sampling_run {
    struct nj_run *run;
    struct nj_sampling *state;
    struct nj_results *results;
    struct nj_arena *arena;
    struct nj_sampling_findings found;
    enum nj_status status;
};

/* The number of the group of this key in the series; UINT32_MAX: no trace was added to it. */
uint32_t nj_sampling_group(const struct nj_sampling *state, uint64_t key);

enum nj_status nj_sampling_store_put(struct nj_sampling_run *s) NJ_CHECKED;
enum nj_status nj_sampling_strata_put(struct nj_sampling_run *s) NJ_CHECKED;
enum nj_status nj_sampling_agents_put(struct nj_sampling_run *s) NJ_CHECKED;
void nj_sampling_warnings_put(struct nj_sampling_run *s);

#endif
