/* sampling_rows.h - weighted numbers beside plain ones: rows of table sampling_rows from any
 * sample, of traces or of a table of values (floor 3). */
#ifndef NJ_ANALYZERS_SAMPLING_ROWS_H
#define NJ_ANALYZERS_SAMPLING_ROWS_H

#include "base/bias.h"
#include "schema/results.h"

struct nj_sampling_subject {
    struct nj_slice agent;
    struct nj_data values; /* y: sum of values; len 0: no rows of values */
    struct nj_data errors; /* y: number of errors; len 0: no row of errors */
    const struct nj_sample *sample;
    enum nj_spread spread;
    bool is_unknown; /* the weights are not known: flag "unknown" */
};

/* What the rows of a subject showed. */
struct nj_sampling_outcome {
    uint64_t unbounded, biased;
    bool is_error_rate_biased;
};

/* Appends rows error_rate, mean, p50, p90, p95 and p99. NJ_ENOMEM. */
enum nj_status nj_sampling_rows_put(struct nj_results *results,
                                    const struct nj_sampling_subject *subject,
                                    struct nj_sampling_outcome *outcome,
                                    struct nj_arena *scratch, struct nj_error *err) NJ_CHECKED;

/* Appends rows of sampling_bounds for the values: what they can be where unknown weights lie
 * between 1 / rate_hi and 1 / rate_lo. NJ_ENOMEM. */
enum nj_status nj_sampling_bounds_put(struct nj_results *results,
                                      const struct nj_sampling_subject *subject, double rate_lo,
                                      double rate_hi, struct nj_arena *scratch,
                                      struct nj_error *err) NJ_CHECKED;

#endif
