/* cmd_check.c - nightjar check: gates on results that are there already. */
#include "base/stream.h"
#include "gates/judge.h"
#include "reports/files.h"
#include "store/results.h"
#include "tools/command.h"
#include "tools/gating.h"
#include "tools/output.h"

#include <stdio.h>

static enum nj_status
policy_print(const struct nj_settings *settings, struct nj_error *err)
{
    struct nj_arena *arena = nj_arena_new(16 << 10);
    struct nj_stream *stream = NULL;
    struct nj_policy policy;
    struct nj_buf out = {0};

    if (!arena)
        return nj_fail(err, NJ_ENOMEM, "no memory to begin");
    enum nj_status st = nj_policy_read(&policy, settings->policy, arena, err);
    if (st == NJ_OK && !settings->policy) {
        nj_buf_put_slice(&out, nj_policy_default());
    } else if (st == NJ_OK) {
        st = nj_stream_open(&stream, settings->policy, err);
        while (st == NJ_OK)
            st = nj_stream_more(stream, err);
        if (st == NJ_DONE)
            nj_buf_put_slice(&out, nj_stream_window(stream));
    }
    if (st >= 0)
        st = nj_output_print(&out, err);
    if (stream)
        nj_stream_close(stream);
    nj_buf_fini(&out);
    nj_arena_free(arena);
    return st;
}

static enum nj_status
results_check(const struct nj_settings *settings, struct nj_results *results,
              struct nj_arena *arena, int *exit_code, struct nj_error *err)
{
    struct nj_policy policy;
    struct nj_buf out = {0};
    enum nj_status st = nj_policy_read(&policy, settings->policy, arena, err);

    if (st == NJ_OK)
        st = nj_gating_judge(settings, &policy, false, results, exit_code, err);
    if (st < 0)
        return st;
    if (settings->format == NJ_FORMAT_JSON)
        nj_results_json_write(results, settings->analysis.is_redacted, &out);
    else
        nj_summary_write(results, &out);
    st = nj_output_print(&out, err);
    nj_buf_fini(&out);
    nj_gating_annotate(settings, results);
    return st;
}

static enum nj_status
check_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    struct nj_results *results = NULL;
    struct nj_arena *arena;

    if (settings->is_policy_printed)
        return policy_print(settings, err);
    if (settings->inputs_len != 1)
        return nj_fail(err, NJ_EUSAGE,
                       "check needs one results file, as `nightjar analyze` makes");
    arena = nj_arena_new(16 << 10);
    if (!arena)
        return nj_fail(err, NJ_ENOMEM, "no memory to begin");
    enum nj_status st = nj_results_load(&results, settings->inputs[0], err);
    if (st == NJ_OK)
        st = results_check(settings, results, arena, exit_code, err);
    nj_results_free(results);
    nj_arena_free(arena);
    return st;
}

const struct nj_command nj_cmd_check = {
    .name = "check",
    .arguments = "RESULTS [-p POLICY] [-b BASELINE] | --print-policy",
    .summary = "gates on results: verdict and exit code",
    .details =
        "Judges a policy on a results file and prints the verdict, the failing checks first. A "
        "limit is broken when the whole 95 % interval lies beyond it; a change against the "
        "accepted nights of a baseline when it is beyond what is allowed, after correction for "
        "the number of checks. The night is recorded in the baseline as seen, once. "
        "--print-policy prints the policy that applies, the built-in one where none is given.",
    .examples =
        "nightjar analyze traces.db -o results.db && nightjar check results.db -p policy.yaml\n"
        "nightjar check results.db -p policy.yaml -b baseline.db\n"
        "nightjar check --print-policy",
    .groups = NJ_GROUP_GATES | NJ_GROUP_BASELINE | NJ_GROUP_JUDGE | NJ_GROUP_NIGHT |
              NJ_GROUP_CHECK | NJ_GROUP_FORMAT,
    .run = check_run,
};
