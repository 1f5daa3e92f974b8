/* cmd_analyze.c - nightjar analyze: all analyzers in one pass, into a results file. */
#include "store/results.h"
#include "tools/command.h"
#include "tools/session.h"

static enum nj_status
analyze_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    struct nj_results *results = NULL;
    struct nj_session session;

    (void)exit_code;
    if (!settings->output)
        return nj_fail(err, NJ_EUSAGE, "analyze needs the results file to write: -o RESULTS");
    enum nj_status st =
        nj_session_open(&session, settings, settings->inputs, settings->inputs_len, err);
    if (st == NJ_OK)
        st = nj_session_analyze(&session, "analyze", NULL, &results, err);
    if (st == NJ_OK)
        st = nj_results_save(results, settings->output, err);
    nj_results_free(results);
    nj_session_close(&session);
    return st;
}

const struct nj_command nj_cmd_analyze = {
    .name = "analyze",
    .arguments = "INPUT… -o RESULTS",
    .summary = "all analyzers in one pass, into a results file",
    .details =
        "Runs every analyzer over every trace once, on all cores, and writes what they found "
        "to a small SQLite file, for check, report, diff and accept. The same traces in any "
        "order, with any number of threads, give the same bytes.",
    .examples = "nightjar analyze traces.db -o results.db",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_OUTPUT | NJ_GROUP_SAMPLING | NJ_GROUP_PATH |
              NJ_GROUP_ERRORS | NJ_GROUP_PRICES,
    .words_min = 1,
    .run = analyze_run,
};
