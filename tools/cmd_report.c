/* cmd_report.c - nightjar report: the files of a report from results. */
#include "store/results.h"
#include "tools/command.h"
#include "tools/output.h"

static enum nj_status
report_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    struct nj_results *results;
    enum nj_status st = nj_results_load(&results, settings->inputs[0], err);

    (void)exit_code;
    if (st < 0)
        return st;
    st = nj_output_report(settings, settings->output ? settings->output : "nightjar-report",
                          results, err);
    nj_results_free(results);
    return st;
}

const struct nj_command nj_cmd_report = {
    .name = "report",
    .arguments = "RESULTS [-o DIR]",
    .summary = "the files of a report from results",
    .details =
        "Writes report.html, report.css, junit.xml, summary.md and results.json into a "
        "directory (default nightjar-report). The page needs no script and no network, and "
        "shows under the strictest policies of CI systems.",
    .examples = "nightjar report results.db -o out",
    .groups = NJ_GROUP_OUTPUT | NJ_GROUP_REPORT | NJ_GROUP_GATES,
    .words_min = 1,
    .words_max = 1,
    .run = report_run,
};
