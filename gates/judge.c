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
    bool is_open = !isfinite(is_upper ? c->hi : c->lo);

    c->is_limit = true;
    c->verdict = is_beyond   ? NJ_VERDICT_OVER_LIMIT
                 : is_within ? NJ_VERDICT_WITHIN_LIMIT
                 : is_open   ? NJ_VERDICT_INSUFFICIENT
                             : NJ_VERDICT_INCONCLUSIVE;
    c->is_red = is_beyond && c->rule->level == NJ_LEVEL_ERROR;
    nj_amount_print(measured, c->metric->unit, c->est);
    nj_amount_print(limit, c->metric->unit, c->limit);
    (void)snprintf(c->why, sizeof c->why,
                   is_beyond   ? "%s, the whole interval is beyond the limit of %s"
                   : is_within ? "%s, the whole interval is within the limit of %s"
                   : is_open   ? "%s, but too few traces to say whether it is within %s"
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

/* A limit on what is not there: an agent or a metric that these traces do not have. */
static enum nj_status
missing_add(struct checks *checks, const struct nj_policy *policy, const struct nj_gate *gate,
            const struct nj_rule *rule, struct nj_error *err)
{
    struct nj_slice agent = gate->match.agent.len ? gate->match.agent.list[0] : NJ_SLICE("");
    struct nj_check c = nj_check_of(gate, rule, agent, NJ_SLICE(""));

    if (policy->on_missing == NJ_ON_SKIP)
        return NJ_OK;
    c.is_limit = true;
    c.verdict = NJ_VERDICT_MISSING;
    c.is_red = policy->on_missing == NJ_ON_FAIL && rule->level == NJ_LEVEL_ERROR;
    (void)snprintf(c.why, sizeof c.why, "nothing in these traces has this metric");
    return check_add(checks, &c) ? NJ_OK : nj_fail(err, NJ_ENOMEM, "no memory for the checks");
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
            size_t before = checks->len;
            for (size_t r = 0; r < nj_table_len(m) && st == NJ_OK; r++)
                if (nj_slice_eq(nj_table_text(m, r, NJ_COL_metrics_metric), rule->metric) &&
                    row_matches(gate, m, r))
                    st = limits_add(checks, gate, rule, m, r, err);
            if (st == NJ_OK && checks->len == before && (rule->max.is_set || rule->min.is_set))
                st = missing_add(checks, policy, gate, rule, err);
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

/* How the checks came out. */
struct outcome {
    size_t red, within, undecided, due;
    bool has_changes; /* the policy has rules that need a baseline */
};

static struct outcome
outcome_of(const struct checks *checks, const struct nj_policy *policy)
{
    struct outcome o = {.due = checks->len};

    for (size_t i = 0; i < checks->len; i++) {
        enum nj_verdict verdict = checks->list[i].verdict;
        o.red += checks->list[i].is_red;
        o.within += verdict == NJ_VERDICT_WITHIN_LIMIT;
        o.undecided += verdict == NJ_VERDICT_INCONCLUSIVE || verdict == NJ_VERDICT_INSUFFICIENT;
    }
    for (size_t g = 0; g < policy->gates_len; g++)
        for (size_t k = 0; k < policy->gates[g].rules_len; k++)
            o.has_changes |= policy->gates[g].rules[k].max_increase.is_set ||
                             policy->gates[g].rules[k].max_decrease.is_set;
    return o;
}

/* Checks are due and not one could be judged: that is no pass. */
static bool
is_unjudged(const struct outcome *o)
{
    return o->due > 0 && o->undecided == o->due;
}

static void
sentence_print(char *out, size_t len, const struct outcome *o, const struct checks *checks,
               const struct nj_policy *policy)
{
    const struct nj_check *first = checks->list;
    int n = 0;

    if (o->red > 0)
        n = snprintf(out, len, "%zu of %zu checks failed; the first: %.*s%s%s: %s.", o->red,
                     o->due, NJ_FMT(first->agent), first->agent.len ? " " : "",
                     first->metric->label, first->why);
    else if (is_unjudged(o))
        n = snprintf(out, len, "None of %zu checks could be judged: too few traces.", o->due);
    else if (o->undecided > 0)
        n = snprintf(
            out, len,
            "%zu of %zu checks are within their limits; %zu could not be decided with so few "
            "traces.",
            o->within, o->due, o->undecided);
    else if (o->due > 0)
        n = snprintf(out, len, "All %zu checks are within their limits.", o->due);
    if (o->has_changes && n >= 0 && (size_t)n < len)
        (void)snprintf(out + n, len - (size_t)n,
                       "%sChanges were not judged: there is no baseline (0 of %u nights).",
                       n ? " " : "", policy->min_nights);
    else if (o->due == 0)
        (void)snprintf(out, len, "The policy has nothing to judge.");
}

static void
verdict_put(const struct checks *checks, const struct nj_policy *policy,
            const struct outcome *o, int exit_code, struct nj_results *results)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_verdict);
    size_t row = nj_table_add(t);
    char sentence[480];

    sentence_print(sentence, sizeof sentence, o, checks, policy);
    nj_table_put_text(t, row, NJ_COL_verdict_verdict,
                      o->red           ? NJ_SLICE("fail")
                      : is_unjudged(o) ? NJ_SLICE("error")
                      : o->has_changes ? NJ_SLICE("learning")
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
        waivers_apply(&checks, policy, options->now_ns);
        const struct outcome outcome = outcome_of(&checks, policy);
        *exit_code = outcome.red && !options->is_report_only ? 1
                     : is_unjudged(&outcome)                 ? 3
                                                             : 0;
        nj_checks_put(checks.list, checks.len, results);
        verdict_put(&checks, policy, &outcome, *exit_code, results);
        st = nj_results_check(results, err);
    }
    free(checks.list);
    return st;
}
