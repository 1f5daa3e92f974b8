/* cmd_accept.c - nightjar accept: takes nights into the baseline. */
#include "store/baseline.h"
#include "store/results.h"
#include "tools/command.h"
#include "tools/gating.h"

#include <stdio.h>

/* Everything that is worse by more than the policy allows, judged from the first night on. */
static enum nj_status
worse_count(size_t *out, const struct nj_settings *settings, const struct nj_policy *policy,
            const struct nj_baseline *baseline, struct nj_results *results,
            struct nj_error *err)
{
    const struct nj_judge_options options = {.baseline = baseline,
                                             .is_eager = true,
                                             .is_report_only = true,
                                             .now_ns = nj_gating_now(settings)};
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_checks);
    int ignored;
    enum nj_status st = nj_judge(results, policy, &options, &ignored, err);

    *out = 0;
    for (size_t r = 0; st == NJ_OK && r < nj_table_len(t); r++) {
        struct nj_slice verdict = nj_table_text(t, r, NJ_COL_checks_verdict);
        struct nj_slice name = nj_table_text(t, r, NJ_COL_checks_name);
        struct nj_slice why = nj_table_text(t, r, NJ_COL_checks_why);
        if (!nj_slice_eq(verdict, NJ_SLICE("regressed")) &&
            !nj_slice_eq(verdict, NJ_SLICE("over-limit")))
            continue;
        ++*out;
        (void)printf("worse: %.*s: %.*s\n", NJ_FMT(name), NJ_FMT(why));
    }
    return st;
}

/* Nights accepted before are forgotten; the record of their acceptance stays. */
static enum nj_status
restart(const struct nj_settings *settings, struct nj_baseline *b, struct nj_error *err)
{
    const struct nj_baseline_event event = {nj_gating_now(settings), NJ_SLICE("restart"),
                                            NJ_SLICE(""), nj_slice_of(settings->reason)};

    while (b->nights_len > 0)
        nj_baseline_remove(b, b->nights_len - 1);
    return nj_baseline_log(b, &event, err);
}

static enum nj_status
night_accept(const struct nj_settings *settings, const struct nj_policy *policy,
             struct nj_baseline *b, struct nj_results *results, const char *path,
             struct nj_error *err)
{
    struct nj_night night;
    enum nj_status st = nj_gating_night(&night, settings, b, policy, results, err);
    if (st < 0)
        return st;
    size_t known = nj_baseline_find(b, night.digest);
    const struct nj_baseline_event event = {night.recorded_ns, NJ_SLICE("accept"), night.digest,
                                            nj_slice_of(settings->reason)};

    if (known != SIZE_MAX && b->nights[known].state == NJ_NIGHT_ACCEPTED) {
        nj_results_free(night.rows);
        (void)printf("%s: this night is accepted already\n", path);
        return NJ_OK;
    }
    if (known != SIZE_MAX)
        nj_baseline_remove(b, known);
    night.state = NJ_NIGHT_ACCEPTED;
    night.accepted_ns = night.recorded_ns;
    night.reason = nj_arena_copy(b->arena, event.reason);
    st = nj_baseline_log(b, &event, err);
    if (st < 0) {
        nj_results_free(night.rows);
        return st;
    }
    st = nj_baseline_add(b, &night, err);
    if (st == NJ_OK)
        (void)printf("%s: accepted, night %zu of the baseline\n", path,
                     nj_baseline_accepted(b));
    return st;
}

static enum nj_status
file_accept(const struct nj_settings *settings, const struct nj_policy *policy,
            struct nj_baseline *b, const char *path, bool *is_refused, struct nj_error *err)
{
    struct nj_results *results = NULL;
    size_t worse = 0;
    enum nj_status st = nj_results_load(&results, path, err);

    if (st == NJ_OK && nj_table_len(nj_results_view(results, NJ_TABLE_metrics)) == 0)
        st =
            nj_fail(err, NJ_EFORMAT, "%s: there is no metric in these results to accept", path);
    if (st == NJ_OK && nj_baseline_accepted(b) > 0)
        st = worse_count(&worse, settings, policy, b, results, err);
    if (st == NJ_OK && worse > 0 && !settings->is_regress_allowed) {
        (void)fprintf(stderr,
                      "nightjar: %s is not accepted: %zu check%s worse than the baseline "
                      "allows; --allow-regress accepts it, --restart begins a new baseline\n",
                      path, worse, worse == 1 ? " is" : "s are");
        *is_refused = true;
    } else if (st == NJ_OK) {
        st = night_accept(settings, policy, b, results, path, err);
    }
    nj_results_free(results);
    return st;
}

static enum nj_status
baseline_change(const struct nj_settings *settings, const struct nj_policy *policy,
                int *exit_code, struct nj_error *err)
{
    struct nj_baseline *b = NULL;
    bool is_refused = false;
    enum nj_status st = nj_baseline_load(&b, settings->baseline, err);

    if (st == NJ_OK && !b && !(b = nj_baseline_new()))
        st = nj_fail(err, NJ_ENOMEM, "no memory for the baseline");
    if (st == NJ_OK && settings->is_restart)
        st = restart(settings, b, err);
    for (size_t i = 0; i < settings->inputs_len && st == NJ_OK && !is_refused; i++)
        st = file_accept(settings, policy, b, settings->inputs[i], &is_refused, err);
    if (is_refused) {
        *exit_code = NJ_EXIT_RED;
    } else if (st == NJ_OK) {
        nj_baseline_retain(b, policy->nights);
        st = nj_baseline_save(b, settings->baseline, err);
    }
    nj_baseline_free(b);
    return st;
}

static enum nj_status
accept_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    struct nj_arena *arena = nj_arena_new(16 << 10);
    struct nj_baseline_lock lock;
    struct nj_policy policy;
    enum nj_status st = arena ? NJ_OK : nj_fail(err, NJ_ENOMEM, "no memory to begin");

    if (st == NJ_OK && (!settings->baseline || !settings->reason))
        st = nj_fail(err, NJ_EUSAGE,
                     "accept needs a baseline and a reason: -b FILE --reason TEXT");
    if (st == NJ_OK)
        st = nj_policy_read(&policy, settings->policy, arena, err);
    if (st == NJ_OK)
        st = nj_baseline_lock(&lock, settings->baseline, err);
    if (st == NJ_OK) {
        st = baseline_change(settings, &policy, exit_code, err);
        nj_baseline_unlock(&lock);
    }
    nj_arena_free(arena);
    return st;
}

const struct nj_command nj_cmd_accept = {
    .name = "accept",
    .arguments = "RESULTS… -b BASELINE --reason TEXT [-p POLICY]",
    .summary = "takes a night into the baseline that later nights are compared with",
    .details =
        "Adds results, as `nightjar run` and `nightjar analyze` leave them, to the accepted "
        "nights. What is worse than the baseline by more than the policy allows is printed, "
        "and "
        "then nothing is accepted (exit code 1) without --allow-regress. --restart begins "
        "anew, when a change "
        "is meant to stay: nights accepted before are no longer compared with. Every "
        "acceptance "
        "is kept with its time and reason; `nightjar baseline show` prints them. All results "
        "of "
        "one call are accepted or none, and a process killed at any moment leaves the old "
        "baseline or the new one.",
    .examples = "nightjar accept results.db -b baseline.db --reason \"first good night\"\n"
                "nightjar accept results.db -b baseline.db --allow-regress --restart --reason "
                "\"new model\"",
    .groups =
        NJ_GROUP_GATES | NJ_GROUP_BASELINE | NJ_GROUP_REASON | NJ_GROUP_ACCEPT | NJ_GROUP_NIGHT,
    .words_min = 1,
    .run = accept_run,
};
