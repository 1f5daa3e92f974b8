/* gating.h - from results to a verdict: policy, baseline, what is recorded (floor 6). */
#ifndef NJ_TOOLS_GATING_H
#define NJ_TOOLS_GATING_H

#include "gates/judge.h"
#include "tools/settings.h"

/* Judges `results` by the settings. Where a baseline is given, the night is recorded in it
 * afterwards, unless --no-record says otherwise: with `is_bootstrap` accepted as long as there
 * are fewer than min_nights and nothing failed, else only as seen. Only one process at a time
 * reads and changes the file. NJ_EIO, NJ_EFORMAT, NJ_ESTORE: the baseline cannot be used. */
enum nj_status nj_gating_judge(const struct nj_settings *settings,
                               const struct nj_policy *policy, bool is_bootstrap,
                               struct nj_results *results, int *exit_code,
                               struct nj_error *err) NJ_CHECKED;

/* Failing checks as workflow commands on standard error, where GitHub Actions runs. */
void nj_gating_annotate(const struct nj_settings *settings, const struct nj_results *results);
/* What to know of the comparison, on standard error. */
void nj_gating_remark(const struct nj_settings *settings, const struct nj_results *results);

/* The time by the settings. */
int64_t nj_gating_now(const struct nj_settings *settings);

/* A night out of results with the times of the settings. */
enum nj_status nj_gating_night(struct nj_night *out, const struct nj_settings *settings,
                               struct nj_baseline *baseline, const struct nj_policy *policy,
                               const struct nj_results *results,
                               struct nj_error *err) NJ_CHECKED;

#endif
