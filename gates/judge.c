/* judge.c - results, policy and baseline to judged checks and a verdict. */
#include "gates/judge.h"

#include "base/clock.h"
#include "base/fisher.h"
#include "gates/drift.h"
#include "gates/frames.h"
#include "gates/judging.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Enough for the tests to hold what they promise, if not to see much. */
enum { EAGER_TRACES = 30 };

void
nj_remark(struct nj_judging *j, const char *id, const char *fmt, ...)
{
    struct nj_table *t = nj_results_table(j->results, NJ_TABLE_remarks);
    size_t row = nj_table_add(t);
    char text[480];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    nj_table_put_text(t, row, NJ_COL_remarks_id, nj_slice_of(id));
    nj_table_put_text(t, row, NJ_COL_remarks_text, nj_slice_of(text));
}

static bool
waiver_matches(const struct nj_waiver *w, const struct nj_check *c)
{
    const struct {
        const char *by;
        const struct nj_globs *globs;
    } keys[] = {{"operation", &w->match.operation},
                {"tool", &w->match.tool},
                {"model", &w->match.model},
                {"service", &w->match.service}};

    for (size_t i = 0; i < NJ_LEN(keys); i++)
        if (keys[i].globs->len > 0 && (!nj_slice_eq(c->group_by, nj_slice_of(keys[i].by)) ||
                                       !nj_globs_match(keys[i].globs, c->key)))
            return false;
    return nj_globs_match(&w->match.agent, c->agent) &&
           nj_globs_match(&w->match.kind, c->span_kind) &&
           nj_globs_match(&w->match.metric, c->rule->metric);
}

/* Waived checks leave the family. */
static void
waivers_find(struct nj_judging *j)
{
    for (size_t i = 0; i < j->checks.len; i++)
        for (size_t w = 0; w < j->policy->waivers_len; w++)
            if (j->options->now_ns < j->policy->waivers[w].until_ns &&
                waiver_matches(&j->policy->waivers[w], &j->checks.list[i]))
                j->checks.list[i].waiver = &j->policy->waivers[w];
}

static bool
is_compared(const struct nj_check *c)
{
    return (c->kind == NJ_CHECK_CHANGE || c->kind == NJ_CHECK_FLEET) && isfinite(c->p) &&
           c->verdict != NJ_VERDICT_LEARNING && c->verdict != NJ_VERDICT_INSUFFICIENT;
}

/* p of a check that is well within its tolerance says nothing but makes the family larger.
 * Beyond DISCARD it leaves, and the others are divided by it: with hypotheses of the form "at
 * most" that keeps what Benjamini and Hochberg promise (Zhao, Small and Su 2019), and a fleet
 * of agents that are all well hides less of the one that is not. */
#define DISCARD 0.9

static bool
is_in_family(const struct nj_check *c, enum nj_level level)
{
    return is_compared(c) && c->rule->level == level && !c->waiver && c->p <= DISCARD;
}

/* Whether the change is one of the discoveries, as a verdict. */
static void
change_decide(struct nj_check *c, double q, double rate)
{
    c->q = q;
    if (q > rate)
        return;
    c->verdict = NJ_VERDICT_REGRESSED;
    c->is_beyond = true;
}

/* Benjamini and Hochberg over the checks of one level. What is waived is judged by itself, so
 * that it is known whether the waiver is needed. */
static enum nj_status
family_judge(struct nj_judging *j, enum nj_level level)
{
    struct nj_hypothesis *family = calloc(j->checks.len + 1, sizeof *family);
    size_t len = 0;

    if (!family)
        return nj_fail(j->err, NJ_ENOMEM, "no memory for the family of checks");
    for (size_t i = 0; i < j->checks.len; i++)
        if (is_in_family(&j->checks.list[i], level))
            family[len++].p = j->checks.list[i].p / DISCARD;
    enum nj_status st = nj_discoveries_find(family, len, j->policy->fdr, j->err);
    len = len ? len : 1;
    for (size_t i = 0, at = 0; i < j->checks.len && st == NJ_OK; i++) {
        struct nj_check *c = &j->checks.list[i];
        if (is_in_family(c, level))
            change_decide(c, family[at++].q, j->policy->fdr);
        else if (is_compared(c) && c->rule->level == level)
            change_decide(c, c->waiver ? fmin(1, c->p / DISCARD * (double)len) : 1,
                          j->policy->fdr);
    }
    free(family);
    return st;
}

/* The smallest change that would have been found, were it the only one in a family of this
 * size: from the standard deviation that `detectable` held until now. */
static void
detectable_set(struct nj_judging *j)
{
    size_t family = 1; /* with the one in question */

    for (size_t i = 0; i < j->checks.len; i++)
        family += is_in_family(&j->checks.list[i], j->checks.list[i].rule->level);
    for (size_t i = 0; i < j->checks.len; i++) {
        struct nj_check *c = &j->checks.list[i];
        struct nj_comparison m = {.sd = c->detectable,
                                  .is_log = c->metric->unit != NJ_UNIT_RATIO};
        c->detectable = nj_comparison_detectable(&m, c->tolerance, c->is_up,
                                                 j->policy->fdr * DISCARD / (double)family);
    }
}

/* When what is worse began. */
static void
dates_set(struct nj_judging *j)
{
    for (size_t i = 0; i < j->checks.len; i++) {
        struct nj_check *c = &j->checks.list[i];
        if (c->kind != NJ_CHECK_CHANGE || !c->is_beyond || c->verdict != NJ_VERDICT_REGRESSED)
            continue;
        for (size_t k = 0; k < j->all.len; k++) {
            const struct nj_history *h = &j->all.list[k];
            const struct nj_fit *fit = &j->fits.list[k];
            if (h->metric != c->metric || !nj_rule_matches(c->rule, h) ||
                !nj_slice_eq(h->group_by, c->group_by) || !nj_slice_eq(h->agent, c->agent) ||
                !nj_slice_eq(h->kind, c->span_kind) || !nj_slice_eq(h->key, c->key) ||
                fit->nights < NJ_FIT_NIGHTS_MIN)
                continue;
            size_t begin = nj_drift_begin(&j->all, fit, c->is_up), len = strlen(c->why);
            if (begin < j->all.nights_len)
                nj_night_print(c->since, j->all.nights[begin]);
            if (c->since[0])
                (void)snprintf(c->why + len, sizeof c->why - len, "; since %s", c->since);
        }
    }
}

/* Levels and waivers: what of that which is beyond fails the build. */
static void
reds_set(struct nj_judging *j)
{
    char day[NJ_TIME_TEXT];

    for (size_t i = 0; i < j->checks.len; i++) {
        struct nj_check *c = &j->checks.list[i];
        c->is_red = c->is_beyond && c->rule->level == NJ_LEVEL_ERROR && !c->waiver;
        if (!c->is_beyond || !c->waiver)
            continue;
        nj_time_print(day, c->waiver->until_ns - 1);
        c->verdict = NJ_VERDICT_WAIVED;
        (void)snprintf(c->why, sizeof c->why, "waived until %.10s: %.*s", day,
                       c->waiver->reason.len > 150 ? 150 : (int)c->waiver->reason.len,
                       c->waiver->reason.ptr);
    }
}

/* Waivers that have ended and would have mattered, and those that no check needs. */
static void
waivers_remark(struct nj_judging *j)
{
    for (size_t w = 0; w < j->policy->waivers_len; w++) {
        const struct nj_waiver *waiver = &j->policy->waivers[w];
        bool has_ended = j->options->now_ns >= waiver->until_ns, is_needed = false;
        for (size_t i = 0; i < j->checks.len; i++) {
            const struct nj_check *c = &j->checks.list[i];
            is_needed |= waiver_matches(waiver, c) && (has_ended ? c->is_red : c->is_beyond);
        }
        if (has_ended && is_needed)
            nj_remark(j, "waiver", "The waiver of line %u has ended; what it was for fails.",
                      waiver->line);
        if (!has_ended && !is_needed && j->all.accepted_len > 0)
            nj_remark(j, "waiver", "The waiver of line %u is not needed now.", waiver->line);
    }
}

/* Lines of `lines` that no accepted night has, or (is_all) lines that all of them have. */
static void
models_remark(struct nj_judging *j, const struct nj_night *now)
{
    char names[200] = "";
    size_t len = 0, unknown = 0;

    for (struct nj_slice rest = now->models; rest.len > 0;) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        struct nj_slice line = {rest.ptr, end ? (size_t)(end - rest.ptr) : rest.len};
        bool is_known = false;
        for (size_t k = 0; k < j->all.nights_len && !is_known; k++) {
            struct nj_slice old = j->all.nights[k]->models;
            while (j->all.is_accepted[k] && old.len > 0 && !is_known) {
                const char *stop = memchr(old.ptr, '\n', old.len);
                struct nj_slice one = {old.ptr, stop ? (size_t)(stop - old.ptr) : old.len};
                is_known = nj_slice_eq(one, line);
                old = nj_slice_from(old, one.len + 1);
            }
        }
        if (!is_known && unknown++ < 5 && len < sizeof names)
            len += (size_t)snprintf(names + len, sizeof names - len, "%s%.*s", len ? ", " : "",
                                    NJ_FMT(line));
        rest = nj_slice_from(rest, line.len + 1);
    }
    if (unknown > 0)
        nj_remark(j, "models-changed",
                  "The models are not those of the accepted nights; new: %s. What changed may "
                  "be the model and not the code.",
                  names);
}

static struct nj_slice
mode_of(struct nj_slice sampling)
{
    const char *comma = sampling.len ? memchr(sampling.ptr, ',', sampling.len) : NULL;
    return (struct nj_slice){sampling.ptr, comma ? (size_t)(comma - sampling.ptr) : 0};
}

/* Call trees count stored traces, so only nights that were sampled in the same way are like
 * these results; of nights that keep theirs the newest. */
static enum nj_status
frames_compare(struct nj_judging *j, const struct nj_night *now)
{
    const struct nj_night *alike[NJ_BASELINE_VALUES];
    size_t len = 0;

    for (size_t k = j->all.nights_len; k-- > 0 && len < NJ_LEN(alike);)
        if (j->all.is_accepted[k] &&
            nj_slice_eq(mode_of(j->all.nights[k]->sampling), mode_of(now->sampling)))
            alike[len++] = j->all.nights[k];
    return len ? nj_frames_compare(j->results, alike, len, j->err) : NJ_OK;
}

/* Whether what is compared is alike: models, sampling, policy; and the call trees, where they
 * can be compared. */
static enum nj_status
fingerprint_remark(struct nj_judging *j)
{
    struct nj_baseline *scratch = nj_baseline_new();
    struct nj_night now = {0};
    const struct nj_night *last = NULL;
    enum nj_status st = scratch ? nj_night_make(&now, scratch, j->results, j->err)
                                : nj_fail(j->err, NJ_ENOMEM, "no memory for a comparison");

    for (size_t k = 0; k < j->all.nights_len; k++)
        if (j->all.is_accepted[k])
            last = j->all.nights[k];
    if (st == NJ_OK && last) {
        models_remark(j, &now);
        if (!nj_slice_eq(mode_of(last->sampling), mode_of(now.sampling)))
            nj_remark(j, "sampling-changed",
                      "Sampling is another than when the baseline was accepted: %.*s; before: "
                      "%.*s (S017).",
                      NJ_FMT(now.sampling), NJ_FMT(last->sampling));
        if (last->policy_digest.len &&
            !nj_slice_eq(last->policy_digest, nj_slice_of(j->policy->digest)))
            nj_remark(j, "policy-changed",
                      "The policy is another than when the last night was accepted.");
    }
    if (st == NJ_OK)
        st = frames_compare(j, &now);
    nj_results_free(now.rows);
    nj_baseline_free(scratch);
    return st;
}

static enum nj_status
checks_make(struct nj_judging *j)
{
    enum nj_status st = nj_histories_make(&j->all, j->results, j->options->baseline,
                                          j->policy->nights, j->all.arena, j->err);

    uint64_t min_traces = j->policy->min_traces;
    if (j->options->is_eager && min_traces > EAGER_TRACES)
        min_traces = EAGER_TRACES;
    j->all.min_traces = (double)min_traces;
    if (st == NJ_OK)
        st = nj_fits_make(&j->fits, &j->all, j->err);
    j->comparing =
        (struct nj_comparing){.all = &j->all, .fits = &j->fits, .min_traces = min_traces};
    if (st == NJ_OK)
        st = fingerprint_remark(j);
    if (st == NJ_OK)
        st = nj_limits_judge(j);
    if (st == NJ_OK)
        st = nj_changes_judge(j);
    waivers_find(j);
    if (st == NJ_OK)
        st = family_judge(j, NJ_LEVEL_ERROR);
    if (st == NJ_OK)
        st = family_judge(j, NJ_LEVEL_WARN);
    return st;
}

static void
tables_clear(struct nj_results *results)
{
    static const enum nj_table_id tables[] = {NJ_TABLE_checks, NJ_TABLE_verdict,
                                              NJ_TABLE_remarks, NJ_TABLE_error_changes,
                                              NJ_TABLE_frame_changes};

    for (size_t i = 0; i < NJ_LEN(tables); i++) /* of an earlier judgement */
        nj_table_clear(nj_results_table(results, tables[i]));
}

enum nj_status
nj_judge(struct nj_results *results, const struct nj_policy *policy,
         const struct nj_judge_options *options, int *exit_code, struct nj_error *err)
{
    struct nj_judging j = {.results = results,
                           .policy = policy,
                           .options = options,
                           .min_nights = options->is_eager ? 1 : policy->min_nights,
                           .err = err};

    j.all.arena = nj_arena_new(1 << 20);
    if (!j.all.arena)
        return nj_fail(err, NJ_ENOMEM, "no memory to judge");
    tables_clear(results);
    struct nj_arena *arena = j.all.arena;
    enum nj_status st = checks_make(&j);
    if (st == NJ_OK) {
        detectable_set(&j);
        dates_set(&j);
        reds_set(&j);
        waivers_remark(&j);
        nj_checks_sort(&j.checks);
        nj_verdict_put(&j, exit_code);
        st = nj_checks_put(&j.checks, results, err);
    }
    if (st == NJ_OK)
        st = nj_results_check(results, err);
    free(j.checks.list);
    nj_arena_free(arena);
    return st;
}
