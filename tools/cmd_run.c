/* cmd_run.c - nightjar run: the nightly job. Import, analyze, check, report; the exit code is
 * the verdict. */
#include "gates/judge.h"
#include "store/results.h"
#include "tools/command.h"
#include "tools/gating.h"
#include "tools/output.h"
#include "tools/session.h"

#include <inttypes.h>
#include <stdio.h>

/* Files first, then the verdict: a red night leaves its report too. */
static enum nj_status
files_write(const struct nj_settings *settings, const char *directory,
            const struct nj_results *results, struct nj_error *err)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/results.db", directory);

    if (len < 0 || (size_t)len >= sizeof path)
        return nj_fail(err, NJ_EUSAGE, "the path %s is too long", directory);
    enum nj_status st = nj_output_report(settings, directory, results, err);
    return st < 0 ? st : nj_results_save(results, path, err);
}

static void
verdict_print(const struct nj_settings *settings, const char *directory,
              const struct nj_results *results)
{
    const struct nj_table *v = nj_results_view(results, NJ_TABLE_verdict);
    struct nj_slice verdict = nj_table_text(v, 0, NJ_COL_verdict_verdict);
    struct nj_slice sentence = nj_table_text(v, 0, NJ_COL_verdict_sentence);

    (void)printf("%.*s: %.*s\n", NJ_FMT(verdict), NJ_FMT(sentence));
    nj_gating_remark(settings, results);
    nj_gating_annotate(settings, results);
    if (!settings->is_quiet)
        (void)fprintf(stderr, "report: %s/report.html\n", directory);
}

/* A night that could not be judged leaves files that say so: those of the night before would
 * pass for it. */
static void
failure_write(const struct nj_settings *settings, const char *directory,
              const struct nj_policy *policy, const struct nj_error *failure)
{
    struct nj_results *results = nj_results_new();
    struct nj_error ignored = {0};
    struct nj_buf why = {0};

    nj_buf_put_text(&why, "Nothing could be judged: ");
    for (size_t i = failure->causes_len; i-- > 0;)
        nj_buf_printf(&why, "%s%s", failure->causes[i], i ? ", because " : ".");
    if (results && !why.is_failed) {
        nj_judge_nothing(results, policy, nj_buf_slice(&why));
        if (nj_output_report(settings, directory, results, &ignored) < 0)
            (void)fprintf(stderr, "nightjar: %s\n", ignored.causes[0]);
    }
    nj_buf_fini(&why);
    nj_results_free(results);
}

/* From traces to files and a verdict. */
static enum nj_status
night_run(const struct nj_settings *settings, const char *directory,
          const struct nj_policy *policy, int *exit_code, struct nj_error *err)
{
    struct nj_results *results = NULL;
    struct nj_session session = {0};
    enum nj_status st =
        nj_session_open(&session, settings, settings->inputs, settings->inputs_len, err);

    if (st == NJ_OK)
        st = nj_session_analyze(&session, "run", NULL, &results, err);
    if (st == NJ_OK)
        st = nj_gating_judge(settings, policy, true, results, exit_code, err);
    if (st == NJ_OK)
        st = files_write(settings, directory, results, err);
    if (st == NJ_OK)
        verdict_print(settings, directory, results);
    nj_results_free(results);
    nj_session_close(&session);
    return st;
}

static enum nj_status
run_run(const struct nj_settings *given, int *exit_code, struct nj_error *err)
{
    struct nj_settings settings = *given; /* the policy adds what to measure */
    const char *directory = settings.output ? settings.output : "nightjar-report";
    struct nj_arena *arena = nj_arena_new(16 << 10);
    struct nj_policy policy;

    if (!arena)
        return nj_fail(err, NJ_ENOMEM, "no memory to begin");
    /* a mistake in the policy is told before the work, not after */
    enum nj_status st = nj_policy_read(&policy, settings.policy, arena, err);
    if (st == NJ_OK) {
        settings.analysis.slow_over_len = nj_policy_slow_limits(
            &policy, settings.analysis.slow_over_ns, NJ_LEN(settings.analysis.slow_over_ns));
        st = night_run(&settings, directory, &policy, exit_code, err);
        if (st < 0)
            failure_write(&settings, directory, &policy, err);
    }
    nj_arena_free(arena);
    return st;
}

const struct nj_command nj_cmd_run = {
    .name = "run",
    .arguments = "INPUT… [-p POLICY] [-b BASELINE] [-o DIR]",
    .summary = "the nightly job: import, analyze, check, report; the exit code is the verdict",
    .details =
        "Reads all inputs, runs every analyzer, judges the gates of the policy and writes "
        "report.html, report.css, junit.xml, summary.md, results.json and results.db into a "
        "directory (default nightjar-report), also when a gate fails. Under GitHub Actions the "
        "summary is appended to the job's page and failing checks are shown at their line of "
        "the "
        "policy.\n\n"
        "With a baseline, changes against the accepted nights are judged, and the night is "
        "recorded in it: the first ones are accepted as they come (min_nights of the policy, 5 "
        "by default; nothing is judged meanwhile but absolute limits), later ones only seen, "
        "to find slow drift. `nightjar accept` takes more nights in.",
    .examples = "nightjar run traces.jsonl\n"
                "nightjar run traces/ -p policy.yaml -o out\n"
                "nightjar run traces/ -p policy.yaml -b baseline.db -o out",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_OUTPUT | NJ_GROUP_SAMPLING | NJ_GROUP_PATH |
              NJ_GROUP_ERRORS | NJ_GROUP_PRICES | NJ_GROUP_GATES | NJ_GROUP_BASELINE |
              NJ_GROUP_JUDGE | NJ_GROUP_NIGHT | NJ_GROUP_REPORT,
    .words_min = 1,
    .run = run_run,
};
