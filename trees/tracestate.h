/* tracestate.h - what a W3C tracestate says of sampling (floor 2).
 *
 * The OpenTelemetry member `ot=` has `th`, a rejection threshold T of 56 bits as 1 to 14 hex
 * digits without trailing zeros, and `rv`, the randomness R as 14 digits (else R is the low 56
 * bits of the trace id). A span is kept where R >= T, so it stands for 2^56 / (2^56 - T).
 * Before that there were `p` and `r`: kept where p <= r, standing for 2^p; p 63 is "not by
 * chance". (OpenTelemetry, TraceState: probability sampling, 2024; OTEP 168 and 170, 2021.) */
#ifndef NJ_TREES_TRACESTATE_H
#define NJ_TREES_TRACESTATE_H

#include "schema/ids.h"

#define NJ_THRESHOLD_END (UINT64_C(1) << 56) /* thresholds and randomness lie below */

enum { NJ_P_ZERO = 63 }; /* p of a span that was kept for other reasons than chance */

struct nj_tracestate {
    uint64_t threshold, randomness; /* randomness: of rv */
    uint8_t p, r;
    bool has_threshold, has_randomness, has_p, has_r;
    bool is_plain;      /* the threshold stood in a member `th=` of its own, as before `ot` */
    bool is_invalid;    /* the rate is there but unreadable */
    bool is_rv_invalid; /* rv is there but unreadable */
};

struct nj_tracestate nj_tracestate_read(struct nj_slice text);

/* 1 to 14 lower-case hex digits as a threshold; 14 as a randomness. */
bool nj_threshold_read(struct nj_slice digits, uint64_t *out);
bool nj_randomness_read(struct nj_slice digits, uint64_t *out);

/* The low 56 bits of a trace id. */
uint64_t nj_randomness_of_id(const struct nj_trace_id *id);

/* 2^56 / (2^56 - T). */
double nj_threshold_weight(uint64_t threshold);

#endif
