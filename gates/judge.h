/* judge.h - results, policy and baseline to judged checks and a verdict (floor 4). */
#ifndef NJ_GATES_JUDGE_H
#define NJ_GATES_JUDGE_H

#include "gates/policy.h"
#include "schema/baseline.h"

struct nj_judge_options {
    const struct nj_baseline *baseline; /* NULL: none */
    bool is_baseline_required;          /* without one accepted night nothing can be judged */
    bool is_report_only; /* a failed gate ends with 0 instead of 1; never 2 or 3 */
    bool is_eager;  /* judge from the first night and 30 traces on, whatever the policy says */
    int64_t now_ns; /* for waivers */
};

/* Judges every rule of the policy on the metrics of `results` and fills its tables checks
 * (failing ones first), remarks, error_changes, frame_changes and verdict. *exit_code: 0, 1, or
 * 3 when checks are due and not one could be judged, or a required baseline is missing.
 * NJ_ENOMEM. */
enum nj_status nj_judge(struct nj_results *results, const struct nj_policy *policy,
                        const struct nj_judge_options *options, int *exit_code,
                        struct nj_error *err) NJ_CHECKED;

/* Results that say only why nothing could be judged: verdict error, exit code 3. */
void nj_judge_nothing(struct nj_results *results, const struct nj_policy *policy,
                      struct nj_slice why);

#endif
