/* judge.c - results and policy to judged checks and a verdict. */
#include "gates/judge.h"

#include "gates/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* All checks of a run. */
struct checks {
    struct nj_check *list;
    size_t len, cap;
};

static struct nj_check *
check_add(struct checks *checks, const struct nj_check *check)
{
    if (checks->len == checks->cap) {
        size_t cap = checks->cap ? checks->cap * 2 : 64;
        struct nj_check *list = realloc(checks->list, cap * sizeof *list);
        if (!list)
            return NULL;
        checks->list = list;
        checks->cap = cap;
    }
    checks->list[checks->len] = *check;
    return &checks->list[checks->len++];
}

/* Whether the row of table metrics is one that the gate is about. */
static bool
row_matches(const struct nj_gate *gate, const struct nj_table *m, size_t r)
{
    struct nj_slice by = nj_table_text(m, r, NJ_COL_metrics_group_by);
    struct nj_slice key = nj_table_text(m, r, NJ_COL_metrics_key);
    const struct {
        const char *by;
        const struct nj_globs *globs;
    } keys[] = {{"operation", &gate->match.operation},
                {"tool", &gate->match.tool},
                {"model", &gate->match.model},
                {"service", &gate->match.service}};
    const struct nj_globs *chosen = NULL;

    if (!nj_globs_match(&gate->match.agent, nj_table_text(m, r, NJ_COL_metrics_agent)) ||
        !nj_globs_match(&gate->match.kind, nj_table_text(m, r, NJ_COL_metrics_kind)))
        return false;
    for (size_t i = 0; i < NJ_LEN(keys); i++) {
        if (keys[i].globs->len == 0)
            continue;
        if (!nj_slice_eq(by, nj_slice_of(keys[i].by)))
            return false;
        chosen = keys[i].globs;
    }
    if (chosen)
        return nj_globs_match(chosen, key);
    return nj_slice_eq(by, gate->match.agent.len ? NJ_SLICE("agent") : NJ_SLICE("store")) ||
           (!gate->match.agent.len && nj_slice_eq(by, NJ_SLICE("agent")));
}

/* Red when the whole interval lies beyond the limit. */
static void
limit_judge(struct nj_check *c, bool is_upper)
{
    char measured[40], limit[40];
    bool is_beyond = is_upper ? c->lo > c->limit : c->hi < c->limit;
    bool is_within = is_upper ? c->hi <= c->limit : c->lo >= c->limit;

    c->is_limit = true;
    c->verdict = is_beyond   ? NJ_VERDICT_OVER_LIMIT
                 : is_within ? NJ_VERDICT_WITHIN_LIMIT
                             : NJ_VERDICT_INCONCLUSIVE;
    c->is_red = is_beyond && c->rule->level == NJ_LEVEL_ERROR;
    nj_amount_print(measured, c->metric->unit, c->est);
    nj_amount_print(limit, c->metric->unit, c->limit);
    (void)snprintf(c->why, sizeof c->why,
                   is_beyond   ? "%s, the whole interval is beyond the limit of %s"
                   : is_within ? "%s, the whole interval is within the limit of %s"
                               : "%s, but the interval reaches across the limit of %s",
                   measured, limit);
}

static enum nj_status
limits_add(struct checks *checks, const struct nj_gate *gate, const struct nj_rule *rule,
           const struct nj_table *m, size_t r, struct nj_error *err)
{
    const struct nj_amount *limits[] = {&rule->max, &rule->min};

    for (size_t i = 0; i < NJ_LEN(limits); i++) {
        if (!limits[i]->is_set)
            continue;
        struct nj_check c = nj_check_of(gate, rule, nj_table_text(m, r, NJ_COL_metrics_agent),
                                        nj_table_text(m, r, NJ_COL_metrics_key));
        c.est = nj_table_real(m, r, NJ_COL_metrics_est);
        c.lo = nj_table_real(m, r, NJ_COL_metrics_lo);
        c.hi = nj_table_real(m, r, NJ_COL_metrics_hi);
        c.n = nj_table_real(m, r, NJ_COL_metrics_n);
        c.n_eff = nj_table_real(m, r, NJ_COL_metrics_n_eff);
        c.limit = limits[i]->value;
        limit_judge(&c, i == 0);
        if (!check_add(checks, &c))
            return nj_fail(err, NJ_ENOMEM, "no memory for the checks");
    }
    return NJ_OK;
}

static enum nj_status
rules_judge(struct checks *checks, const struct nj_policy *policy, const struct nj_table *m,
            struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    for (size_t g = 0; g < policy->gates_len; g++) {
        const struct nj_gate *gate = &policy->gates[g];
        for (size_t k = 0; k < gate->rules_len; k++) {
            const struct nj_rule *rule = &gate->rules[k];
            if (rule->level == NJ_LEVEL_OFF)
                continue;
            for (size_t r = 0; r < nj_table_len(m) && st == NJ_OK; r++)
                if (nj_slice_eq(nj_table_text(m, r, NJ_COL_metrics_metric), rule->metric) &&
                    row_matches(gate, m, r))
                    st = limits_add(checks, gate, rule, m, r, err);
        }
    }
    return st;
}

/* Waived checks are shown and fail nothing. */
static void
waivers_apply(struct checks *checks, const struct nj_policy *policy, int64_t now_ns)
{
    for (size_t i = 0; i < checks->len; i++) {
        struct nj_check *c = &checks->list[i];
        for (size_t w = 0; w < policy->waivers_len; w++) {
            const struct nj_waiver *waiver = &policy->waivers[w];
            if (now_ns >= waiver->until_ns || !nj_globs_match(&waiver->match.agent, c->agent) ||
                !nj_globs_match(&waiver->match.metric, c->rule->metric) || !c->is_red)
                continue;
            c->verdict = NJ_VERDICT_WAIVED;
            c->is_red = false;
            (void)snprintf(c->why, sizeof c->why, "waived: %.*s", NJ_FMT(waiver->reason));
        }
    }
}

static void
verdict_put(const struct checks *checks, const struct nj_policy *policy, int exit_code,
            struct nj_results *results)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_verdict);
    size_t row = nj_table_add(t), red = 0, changes = 0;
    char sentence[320];

    for (size_t i = 0; i < checks->len; i++)
        red += checks->list[i].is_red;
    for (size_t g = 0; g < policy->gates_len; g++)
        for (size_t k = 0; k < policy->gates[g].rules_len; k++)
            changes += policy->gates[g].rules[k].max_increase.is_set;
    if (red > 0)
        (void)snprintf(sentence, sizeof sentence,
                       "%zu of %zu checks failed; the first: %.*s%s%s: %s.", red, checks->len,
                       NJ_FMT(checks->list[0].agent), checks->list[0].agent.len ? " " : "",
                       checks->list[0].metric->label, checks->list[0].why);
    else if (changes > 0)
        (void)snprintf(
            sentence, sizeof sentence,
            "Nothing is over its limit (%zu checks). Changes were not judged: there is no "
            "baseline yet (0 of %u nights).",
            checks->len, policy->min_nights);
    else
        (void)snprintf(sentence, sizeof sentence, "All %zu checks are within their limits.",
                       checks->len);
    nj_table_put_text(t, row, NJ_COL_verdict_verdict,
                      red       ? NJ_SLICE("fail")
                      : changes ? NJ_SLICE("learning")
                                : NJ_SLICE("pass"));
    nj_table_put_int(t, row, NJ_COL_verdict_exit_code, exit_code);
    nj_table_put_text(t, row, NJ_COL_verdict_sentence, nj_slice_of(sentence));
    nj_table_put_int(t, row, NJ_COL_verdict_baseline_nights, 0);
    nj_table_put_int(t, row, NJ_COL_verdict_min_nights, policy->min_nights);
    nj_table_put_text(t, row, NJ_COL_verdict_policy, policy->path);
    nj_table_put_text(t, row, NJ_COL_verdict_policy_digest, nj_slice_of(policy->digest));
}

enum nj_status
nj_judge(struct nj_results *results, const struct nj_policy *policy,
         const struct nj_judge_options *options, int *exit_code, struct nj_error *err)
{
    struct checks checks = {0};
    enum nj_status st =
        rules_judge(&checks, policy, nj_results_view(results, NJ_TABLE_metrics), err);

    if (st == NJ_OK) {
        nj_table_clear(
            nj_results_table(results, NJ_TABLE_checks)); /* of an earlier judgement */
        nj_table_clear(nj_results_table(results, NJ_TABLE_verdict));
        *exit_code = 0;
        waivers_apply(&checks, policy, options->now_ns);
        for (size_t i = 0; i < checks.len; i++)
            if (checks.list[i].is_red && !options->is_report_only)
                *exit_code = 1;
        nj_checks_put(checks.list, checks.len, results);
        verdict_put(&checks, policy, *exit_code, results);
        st = nj_results_check(results, err);
    }
    free(checks.list);
    return st;
}
