/* tokens.h - groups and sums of the tokens analyzer: tokens.c collects, tokens_rows.c makes
 * tables (floor 3).
 *
 * Only spans with NJ_SPAN_HAS_USAGE count; what stands above them are copies. Costs are
 * integers in billionths of the currency. */
#ifndef NJ_ANALYZERS_TOKENS_H
#define NJ_ANALYZERS_TOKENS_H

#include "analyzers/prices.h"
#include "analyzers/series.h"

/* What divides; the order of the report. */
enum nj_tokens_by {
    NJ_TOKENS_STORE,
    NJ_TOKENS_AGENT,
    NJ_TOKENS_MODEL,
    NJ_TOKENS_OPERATION,
    NJ_TOKENS_BY_LEN,
};

struct nj_tokens_group {
    enum nj_tokens_by by;
    uint32_t agent, key; /* name ids; key: model or operation */
};
uint64_t nj_tokens_key(struct nj_tokens_group group);
struct nj_tokens_group nj_tokens_group_of(uint64_t key);

/* Values of one trace in one group. */
enum nj_tokens_measure { NJ_TOKENS_TOTAL, NJ_TOKENS_COST, NJ_TOKENS_MEASURES };

/* Of all traces in one group, as stored. */
struct nj_tokens_sums {
    int64_t tokens[NJ_TOKENS_LEN];
    int64_t cost;
    int64_t failed_attempts, failed_traces; /* tokens, input and output */
    int64_t growth, growth_steps;           /* of input, over the steps of an invocation */
    int64_t largest_input;
    int64_t timed_output, timed_ns; /* output tokens of calls that took time, and that time */
    uint64_t calls, priced_calls, traces;
};

struct nj_tokens {
    struct nj_series series;
    struct nj_tally sums;     /* nj_tokens_key -> struct nj_tokens_sums */
    struct nj_tally of_trace; /* the same of the current trace, emptied after it */
    struct nj_prices prices;
};

/* Adds `from`, all but its traces where it is one trace. */
void nj_tokens_add(struct nj_tokens_sums *into, const struct nj_tokens_sums *from);

/* Table tokens, and what gates read of it. The series has been closed. */
enum nj_status nj_tokens_rows(struct nj_run *run, const struct nj_tokens *tokens,
                              struct nj_results *results) NJ_CHECKED;

#endif
