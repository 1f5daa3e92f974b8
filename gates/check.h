/* check.h - one check on its way into the table of checks (floor 4). */
#ifndef NJ_GATES_CHECK_H
#define NJ_GATES_CHECK_H

#include "gates/amount.h"
#include "schema/results.h"

enum nj_verdict {
    NJ_VERDICT_ERROR,
    NJ_VERDICT_OVER_LIMIT,
    NJ_VERDICT_REGRESSED,
    NJ_VERDICT_MISSING,
    NJ_VERDICT_INCONCLUSIVE,
    NJ_VERDICT_NEW,
    NJ_VERDICT_INSUFFICIENT,
    NJ_VERDICT_LEARNING,
    NJ_VERDICT_WAIVED,
    NJ_VERDICT_IMPROVED,
    NJ_VERDICT_EQUIVALENT,
    NJ_VERDICT_WITHIN_LIMIT,
};
/* "latency", "errors", "tokens", …: the analyzer that a metric comes from. */
const char *nj_metric_suite(const struct nj_metric *metric);
const char *nj_verdict_name(enum nj_verdict verdict);

enum nj_check_kind {
    NJ_CHECK_LIMIT,  /* an absolute limit */
    NJ_CHECK_CHANGE, /* against accepted nights */
    NJ_CHECK_DRIFT,  /* over many nights */
    NJ_CHECK_FLEET,  /* all agents at once */
};

/* Numbers are NaN where there are none. Texts are borrowed. */
struct nj_check {
    enum nj_check_kind kind;
    const struct nj_gate *gate;
    const struct nj_rule *rule;
    const struct nj_metric *metric;
    struct nj_slice group_by, agent, span_kind, key;
    bool is_up; /* the rule is about a rise, or a largest value */
    enum nj_verdict verdict;
    bool is_red;
    bool is_beyond; /* would be red but for its level or a waiver */
    const struct nj_waiver *waiver;
    double est, lo, hi, n, n_eff;
    double limit, baseline, change, change_lo, change_hi, tolerance, p, q, detectable, drift;
    double excess; /* how bad, for the order of failing ones: change / tolerance and the like */
    char since[32];
    char why[400];
};

struct nj_checks {
    struct nj_check *list; /* released with free */
    size_t len, cap;
};

/* A check of this rule with all numbers NaN. */
struct nj_check nj_check_of(const struct nj_gate *gate, const struct nj_rule *rule,
                            struct nj_slice agent, struct nj_slice key);
/* The added copy; NULL: no memory. */
struct nj_check *nj_checks_add(struct nj_checks *checks, const struct nj_check *check);

/* Failing ones first, worst first, then by suite, agent, key, metric, kind and line. */
void nj_checks_sort(struct nj_checks *checks);
/* Fills the table of checks, in their order. */
enum nj_status nj_checks_put(const struct nj_checks *checks, struct nj_results *results,
                             struct nj_error *err) NJ_CHECKED;

/* "planner p95 latency": what the check is about, without numbers. */
void nj_check_name(const struct nj_check *check, struct nj_buf *out);

/* A number of this unit for a sentence: "8.1 s", "3.2 %", "1 240". */
void nj_amount_print(char out[40], enum nj_unit unit, double value);
/* A change: "+12 %" of times and counts, "+1.2 pp" of shares. */
void nj_change_print(char out[40], enum nj_unit unit, double change);

#endif
