/* gating.c - from results to a verdict: policy, baseline, what is recorded. */
#include "tools/gating.h"

#include "base/clock.h"
#include "store/baseline.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANNOTATIONS_MAX = 10 };

int64_t
nj_gating_now(const struct nj_settings *settings)
{
    return settings->now_ns ? settings->now_ns : nj_clock_now_ns();
}

enum nj_status
nj_gating_night(struct nj_night *out, const struct nj_settings *settings,
                struct nj_baseline *baseline, const struct nj_policy *policy,
                const struct nj_results *results, struct nj_error *err)
{
    enum nj_status st = nj_night_make(out, baseline, results, err);

    if (st < 0)
        return st;
    if (settings->night_ns)
        out->start_ns = settings->night_ns;
    out->recorded_ns = nj_gating_now(settings);
    out->policy_digest = nj_arena_copy(baseline->arena, nj_slice_of(policy->digest));
    return NJ_OK;
}

/* Takes the night into the baseline. */
static enum nj_status
night_record(const struct nj_settings *settings, const struct nj_policy *policy,
             bool is_bootstrap, struct nj_baseline *baseline, const struct nj_results *results,
             struct nj_error *err)
{
    size_t accepted = nj_baseline_accepted(baseline);
    struct nj_night night;
    enum nj_status st = nj_gating_night(&night, settings, baseline, policy, results, err);

    if (st < 0)
        return st;
    if (nj_baseline_find(baseline, night.digest) != SIZE_MAX) { /* the same run again */
        nj_results_free(night.rows);
        return NJ_OK;
    }
    if (is_bootstrap && accepted < policy->min_nights) {
        char reason[80];
        (void)snprintf(reason, sizeof reason, "night %zu of the first %u", accepted + 1,
                       policy->min_nights);
        const struct nj_baseline_event event = {night.recorded_ns, NJ_SLICE("bootstrap"),
                                                night.digest, nj_slice_of(reason)};
        night.state = NJ_NIGHT_ACCEPTED;
        night.accepted_ns = night.recorded_ns;
        night.reason = nj_arena_copy(baseline->arena, event.reason);
        st = nj_baseline_log(baseline, &event, err);
        if (st == NJ_OK && !settings->is_quiet)
            (void)fprintf(stderr, "baseline %s: accepted as %s\n", settings->baseline, reason);
    }
    if (st < 0) {
        nj_results_free(night.rows);
        return st;
    }
    st = nj_baseline_add(baseline, &night, err);
    if (st == NJ_OK)
        nj_baseline_retain(baseline, policy->nights);
    return st;
}

/* Judges with the baseline as it is in the file, and leaves it changed in memory. */
static enum nj_status
judge_with(const struct nj_settings *settings, const struct nj_policy *policy,
           bool is_bootstrap, struct nj_results *results, bool is_recorded, int *exit_code,
           struct nj_error *err)
{
    struct nj_baseline *baseline = NULL;
    enum nj_status st = nj_baseline_load(&baseline, settings->baseline, err);

    if (st < 0)
        return st;
    const struct nj_judge_options options = {
        .baseline = baseline,
        .is_baseline_required = settings->is_baseline_required || policy->is_baseline_required,
        .is_report_only = settings->is_report_only,
        .now_ns = nj_gating_now(settings)};
    st = nj_judge(results, policy, &options, exit_code, err);
    const struct nj_table *v = nj_results_view(results, NJ_TABLE_verdict);
    struct nj_slice verdict =
        st == NJ_OK ? nj_table_text(v, 0, NJ_COL_verdict_verdict) : NJ_SLICE("error");
    if (st == NJ_OK && is_recorded && *exit_code != 3) {
        bool is_good = !nj_slice_eq(verdict, NJ_SLICE("fail"));
        if (!baseline)
            baseline = nj_baseline_new();
        st = baseline ? night_record(settings, policy, is_bootstrap && is_good, baseline,
                                     results, err)
                      : nj_fail(err, NJ_ENOMEM, "no memory for the baseline");
        if (st == NJ_OK)
            st = nj_baseline_save(baseline, settings->baseline, err);
    }
    nj_baseline_free(baseline);
    return st;
}

enum nj_status
nj_gating_judge(const struct nj_settings *settings, const struct nj_policy *policy,
                bool is_bootstrap, struct nj_results *results, int *exit_code,
                struct nj_error *err)
{
    struct nj_baseline_lock lock = {NULL, -1};
    struct nj_error refused = {0};
    bool is_recorded = settings->baseline && !settings->is_unrecorded;

    if (!settings->baseline) {
        const struct nj_judge_options options = {.is_baseline_required =
                                                     settings->is_baseline_required ||
                                                     policy->is_baseline_required,
                                                 .is_report_only = settings->is_report_only,
                                                 .now_ns = nj_gating_now(settings)};
        return nj_judge(results, policy, &options, exit_code, err);
    }
    if (is_recorded && nj_baseline_lock(&lock, settings->baseline, &refused) < 0) {
        is_recorded = false; /* a read-only copy can be compared with all the same */
        if (!settings->is_quiet)
            (void)fprintf(stderr, "nightjar: the night is not recorded: %s\n",
                          refused.causes[0]);
    }
    enum nj_status st =
        judge_with(settings, policy, is_bootstrap, results, is_recorded, exit_code, err);
    nj_baseline_unlock(&lock);
    return st;
}

/* Text for a workflow command; in a property two more characters are special. */
static void
escaped_put(struct nj_buf *out, struct nj_slice text, bool is_property)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '%' || c < 32 || c == 127 || (is_property && (c == ':' || c == ',')))
            nj_buf_printf(out, "%%%02X", c);
        else
            nj_buf_put_char(out, (char)c);
    }
}

static void
annotation_put(struct nj_buf *out, const struct nj_settings *settings, const struct nj_table *t,
               size_t r)
{
    bool is_red = nj_table_int(t, r, NJ_COL_checks_is_red) != 0;

    nj_buf_put_text(out, is_red ? "::error " : "::warning ");
    if (settings->policy && !nj_table_is_null(t, r, NJ_COL_checks_line)) {
        nj_buf_put_text(out, "file=");
        escaped_put(out, nj_slice_of(settings->policy), true);
        nj_buf_printf(out, ",line=%lld,", (long long)nj_table_int(t, r, NJ_COL_checks_line));
    }
    nj_buf_put_text(out, "title=");
    escaped_put(out, nj_table_text(t, r, NJ_COL_checks_name), true);
    nj_buf_put_text(out, "::");
    escaped_put(out, nj_table_text(t, r, NJ_COL_checks_why), false);
    nj_buf_put_char(out, '\n');
}

void
nj_gating_annotate(const struct nj_settings *settings, const struct nj_results *results)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_checks);
    const char *actions = getenv("GITHUB_ACTIONS");
    struct nj_buf out = {0};
    int n = 0;

    if (!actions || strcmp(actions, "true") != 0)
        return;
    for (int warnings = 0; warnings < 2; warnings++) {
        for (size_t r = 0; r < nj_table_len(t) && n < ANNOTATIONS_MAX; r++) {
            bool is_red = nj_table_int(t, r, NJ_COL_checks_is_red) != 0;
            struct nj_slice verdict = nj_table_text(t, r, NJ_COL_checks_verdict);
            bool is_warning = !is_red && (nj_slice_eq(verdict, NJ_SLICE("regressed")) ||
                                          nj_slice_eq(verdict, NJ_SLICE("over-limit")));
            if (warnings ? !is_warning : !is_red)
                continue;
            annotation_put(&out, settings, t, r);
            n++;
        }
    }
    if (!out.is_failed && out.len)
        (void)fwrite(out.ptr, 1, out.len, stderr);
    nj_buf_fini(&out);
}

void
nj_gating_remark(const struct nj_settings *settings, const struct nj_results *results)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_remarks);

    for (size_t r = 0; r < nj_table_len(t) && !settings->is_quiet; r++) {
        struct nj_slice text = nj_table_text(t, r, NJ_COL_remarks_text);
        (void)fprintf(stderr, "note: %.*s\n", NJ_FMT(text));
    }
}
