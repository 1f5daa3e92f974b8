/* judging.h - what the files that judge share (floor 4). */
#ifndef NJ_GATES_JUDGING_H
#define NJ_GATES_JUDGING_H

#include "gates/check.h"
#include "gates/compare.h"
#include "gates/judge.h"

struct nj_judging {
    struct nj_results *results;
    const struct nj_policy *policy;
    const struct nj_judge_options *options;
    struct nj_histories all;
    struct nj_fits fits;
    struct nj_comparing comparing;
    size_t min_nights; /* of the policy, or 1 */
    struct nj_checks checks;
    struct nj_error *err;
};

/* Whether the gate is about this series. */
bool nj_gate_matches(const struct nj_gate *gate, const struct nj_history *h);

/* Whether the rule is about this series, gate aside. */
bool nj_rule_matches(const struct nj_rule *rule, const struct nj_history *h);

/* A check of the rule on the numbers of the series in these results. */
struct nj_check nj_check_of_series(const struct nj_judging *j, const struct nj_gate *gate,
                                   const struct nj_rule *rule, const struct nj_history *h);

/* Absolute limits: red when the whole interval lies beyond. */
enum nj_status nj_limits_judge(struct nj_judging *j);
/* Allowed changes, of each series, of the fleet, and over many nights; new error chains. */
enum nj_status nj_changes_judge(struct nj_judging *j);

/* Adds a sentence to table remarks. */
void nj_remark(struct nj_judging *j, const char *id, const char *fmt, ...) NJ_PRINTF(3, 4);

/* Sentence and exit code, from sorted checks. */
void nj_verdict_put(struct nj_judging *j, int *exit_code);

/* "2026-01-24" of a night. */
void nj_night_print(char out[32], const struct nj_night *night);

#endif
