/* cmd_report.c - nightjar report: the files of a report from results. */
#include "store/results.h"
#include "tools/command.h"
#include "tools/gating.h"
#include "tools/output.h"

/* Results are judged again where a policy or a baseline is given. */
static enum nj_status
judge_again(const struct nj_settings *settings, struct nj_results *results, int *exit_code,
            struct nj_error *err)
{
    struct nj_arena *arena = nj_arena_new(16 << 10);
    struct nj_settings unrecorded = *settings;
    struct nj_policy policy;
    enum nj_status st = arena ? nj_policy_read(&policy, settings->policy, arena, err)
                              : nj_fail(err, NJ_ENOMEM, "no memory to begin");

    unrecorded.is_unrecorded = true;
    if (st == NJ_OK)
        st = nj_gating_judge(&unrecorded, &policy, false, results, exit_code, err);
    nj_arena_free(arena);
    return st;
}

static enum nj_status
report_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    struct nj_results *results;
    int verdict;
    enum nj_status st = nj_results_load(&results, settings->inputs[0], err);

    (void)exit_code; /* the files are what was asked for, not the verdict */
    if (st < 0)
        return st;
    if (settings->policy || settings->baseline)
        st = judge_again(settings, results, &verdict, err);
    if (st == NJ_OK)
        st = nj_output_report(settings, settings->output ? settings->output : "nightjar-report",
                              results, err);
    nj_results_free(results);
    return st;
}

const struct nj_command nj_cmd_report = {
    .name = "report",
    .arguments = "RESULTS [-p POLICY] [-b BASELINE] [-o DIR]",
    .summary = "the files of a report from results",
    .details =
        "Writes report.html, report.css, junit.xml, summary.md and results.json into a "
        "directory (default nightjar-report). The page needs no script and no network, and "
        "shows under the strictest policies of CI systems. With a policy or a baseline the "
        "results "
        "are judged again, and the baseline stays as it is; the exit code is not a verdict.",
    .examples = "nightjar report results.db -o out",
    .groups = NJ_GROUP_OUTPUT | NJ_GROUP_REPORT | NJ_GROUP_GATES | NJ_GROUP_BASELINE,
    .words_min = 1,
    .words_max = 1,
    .run = report_run,
};
