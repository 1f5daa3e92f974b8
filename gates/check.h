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
const char *nj_verdict_name(enum nj_verdict verdict);

/* Numbers are NaN where there are none. Texts are borrowed. */
struct nj_check {
    const struct nj_gate *gate;
    const struct nj_rule *rule;
    const struct nj_metric *metric;
    struct nj_slice agent, key;
    bool is_limit; /* an absolute limit, else an allowed change */
    enum nj_verdict verdict;
    bool is_red;
    double est, lo, hi, n, n_eff;
    double limit, baseline, change, change_lo, change_hi, tolerance, p, q, detectable;
    char why[200];
};

/* A check of this rule with all numbers NaN. */
struct nj_check nj_check_of(const struct nj_gate *gate, const struct nj_rule *rule,
                            struct nj_slice agent, struct nj_slice key);

/* Sorts failing ones first, then by suite, agent, metric, and fills the table. */
void nj_checks_put(struct nj_check *checks, size_t len, struct nj_results *results);

/* A number of this unit for a sentence: "8.1 s", "3.2 %", "1 240". */
void nj_amount_print(char out[40], enum nj_unit unit, double value);

#endif
