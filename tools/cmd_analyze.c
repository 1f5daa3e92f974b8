/* cmd_analyze.c - nightjar analyze: all analyzers in one pass, into a results file. */
#include "gates/policy.h"
#include "store/results.h"
#include "tools/command.h"
#include "tools/session.h"

static enum nj_status
slow_limits_read(struct nj_settings *settings, struct nj_error *err)
{
    struct nj_arena *arena = nj_arena_new(16 << 10);
    struct nj_policy policy;
    enum nj_status st = arena ? nj_policy_read(&policy, settings->policy, arena, err)
                              : nj_fail(err, NJ_ENOMEM, "no memory to begin");

    if (st == NJ_OK)
        settings->analysis.slow_over_len = nj_policy_slow_limits(
            &policy, settings->analysis.slow_over_ns, NJ_LEN(settings->analysis.slow_over_ns));
    nj_arena_free(arena);
    return st;
}

static enum nj_status
analyze_run(const struct nj_settings *given, int *exit_code, struct nj_error *err)
{
    struct nj_settings copy = *given; /* the policy adds what to measure */
    const struct nj_settings *settings = &copy;
    struct nj_results *results = NULL;
    struct nj_session session = {0};
    enum nj_status st = NJ_OK;

    (void)exit_code;
    if (!settings->output)
        return nj_fail(err, NJ_EUSAGE, "analyze needs the results file to write: -o RESULTS");
    if (settings->policy)
        st = slow_limits_read(&copy, err);
    if (st == NJ_OK)
        st = nj_session_open(&session, settings, settings->inputs, settings->inputs_len, err);
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
    .arguments = "INPUT… -o RESULTS [-p POLICY]",
    .summary = "all analyzers in one pass, into a results file",
    .details =
        "Runs every analyzer over every trace once, on all cores, and writes what they found "
        "to a small SQLite file, for check, report, diff and accept. The same traces in any "
        "order, with any number of threads, give the same bytes. A policy adds what it asks "
        "for: "
        "the shares of invocations slower than its limits.",
    .examples = "nightjar analyze traces.db -o results.db",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_OUTPUT | NJ_GROUP_SAMPLING | NJ_GROUP_PATH |
              NJ_GROUP_ERRORS | NJ_GROUP_PRICES | NJ_GROUP_GATES,
    .words_min = 1,
    .run = analyze_run,
};
