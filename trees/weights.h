/* weights.h - what a stored trace stands for: one over the probability that it was kept, as its
 * spans record it (floor 2). Sources, readings and precedence: docs/methods/trees.md. */
#ifndef NJ_TREES_WEIGHTS_H
#define NJ_TREES_WEIGHTS_H

#include "schema/trace.h"
#include "trees/tracestate.h"

/* Rows of weights.def. */
enum nj_weight_row {
#define NJ_WEIGHT(symbol, key, reading, help) NJ_WEIGHT_ROW_##symbol,
#include "schema/weights.def"
#undef NJ_WEIGHT
    NJ_WEIGHT_ROWS_LEN
};
/* The row of an attribute key, or NJ_WEIGHT_ROWS_LEN. */
enum nj_weight_row nj_weight_row_find(struct nj_slice key);

/* What one span says: its tracestate and its values of weights.def, empty where it has none. */
struct nj_weight_record {
    struct nj_trace_id trace_id;
    struct nj_slice trace_state;
    struct nj_slice values[NJ_WEIGHT_ROWS_LEN];
};

/* What was found, and what is odd about it. */
struct nj_weight_reading {
    double value; /* 1 where there is no usable one, 0 with status ZERO */
    enum nj_weight_status status;
    const char *source;  /* "ot.th", "sampler.param", …; NULL: none */
    uint64_t randomness; /* 56 bits: of rv, else of the trace id */
    uint64_t threshold;  /* the largest of the spans', 0 without any */
    bool has_rv;         /* randomness is recorded; equal ones are one sampling unit */
    bool has_threshold;
    bool has_conflict;    /* two sources disagree by more than 1 % */
    bool is_inconsistent; /* randomness below a threshold, whatever else was found */
    bool is_mixed;        /* thresholds differ between spans */
    bool is_partial;      /* some spans have a threshold and some have none */
    bool is_rv_invalid, is_without_r; /* rv is unreadable; p stands without r */
    bool is_rate_limited;             /* a limiter decided: no probability */
};

/* Whether two weights say different things: by more than 1 %. */
static inline bool
nj_weights_differ(double a, double b)
{
    double larger = a > b ? a : b, gap = a > b ? a - b : b - a;
    return gap > 0.01 * larger;
}

/* One span by itself. */
void nj_weight_of_record(struct nj_weight_reading *out, const struct nj_weight_record *record);

/* A whole trace. It is complete only if every service kept it, so of one source the smallest
 * probability of its spans counts: the largest threshold, the largest factor (Ertl 2021 calls
 * the traces for which that is known the complete subset). O(spans). */
void nj_weight_read(struct nj_weight_reading *out, const struct nj_trace *trace);

/* The same as nj_trace.weight shows it, source and cluster included. NJ_ENOMEM. */
enum nj_status nj_weight_of_trace(struct nj_weight *out, const struct nj_trace *trace,
                                  struct nj_error *err) NJ_CHECKED;

#endif
