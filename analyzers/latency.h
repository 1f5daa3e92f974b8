/* latency.h - groups and values of the latency analyzer: latency.c collects, latency_rows.c
 * makes tables (floor 3). */
#ifndef NJ_ANALYZERS_LATENCY_H
#define NJ_ANALYZERS_LATENCY_H

#include "analyzers/series.h"

/* What divides; the order of the report. */
enum nj_latency_by {
    NJ_LATENCY_AGENT,
    NJ_LATENCY_KIND,
    NJ_LATENCY_OPERATION,
    NJ_LATENCY_MODEL,
    NJ_LATENCY_TOOL,
    NJ_LATENCY_ROOT,
};

enum nj_latency_measure {
    NJ_LATENCY_DURATION,
    NJ_LATENCY_SELF,
    NJ_LATENCY_FIRST_TOKEN,
    NJ_LATENCY_WAIT,
    NJ_LATENCY_MEASURES,
};

enum { NJ_LATENCY_ERROR = 0, NJ_LATENCY_SLOW = 1 }; /* events; slow limits from the second on */

/* A group as a number; parts that do not divide are 0. */
struct nj_latency_group {
    enum nj_latency_by by;
    enum nj_kind kind;
    uint32_t agent, key; /* name ids; key: operation, model or tool */
};
uint64_t nj_latency_key(const struct nj_latency_group *group);
struct nj_latency_group nj_latency_group_of(uint64_t key);

/* Tables latency and latency_quantiles, and what gates read of them: metrics, distributions.
 * The series has been closed. */
enum nj_status nj_latency_rows(struct nj_run *run, const struct nj_series *series,
                               struct nj_results *results) NJ_CHECKED;

#endif
