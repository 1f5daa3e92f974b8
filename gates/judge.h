/* judge.h - results and policy to judged checks and a verdict (floor 4). */
#ifndef NJ_GATES_JUDGE_H
#define NJ_GATES_JUDGE_H

#include "gates/policy.h"
#include "schema/results.h"

struct nj_judge_options {
    bool is_report_only; /* a failed gate ends with 0 instead of 1; never 2 or 3 */
    int64_t now_ns;      /* for waivers */
};

/* Judges every rule of the policy on the metrics of `results` and fills its tables checks
 * (failing ones first, then by suite, agent and metric) and verdict. *exit_code: 0, 1, or 3
 * when checks are due and not one could be judged. NJ_ENOMEM. */
enum nj_status nj_judge(struct nj_results *results, const struct nj_policy *policy,
                        const struct nj_judge_options *options, int *exit_code,
                        struct nj_error *err) NJ_CHECKED;

#endif
