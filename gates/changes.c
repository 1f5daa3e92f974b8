/* changes.c - allowed changes against accepted nights. */
#include "base/clock.h"
#include "base/plural.h"
#include "base/special.h"
#include "gates/chains.h"
#include "gates/drift.h"
#include "gates/judging.h"

#include <math.h>
#include <stdio.h>

static enum nj_status
check_add(struct nj_judging *j, const struct nj_check *c)
{
    return nj_checks_add(&j->checks, c)
               ? NJ_OK
               : nj_fail(j->err, NJ_ENOMEM, "no memory for the checks");
}

void
nj_night_print(char out[32], const struct nj_night *night)
{
    char text[NJ_TIME_TEXT];

    nj_time_print(text, night->start_ns);
    (void)snprintf(out, 32, "%.10s", text);
}

/* How sure the change is: "+63 % (+49 % to +80 %)". */
static void
change_print(char *out, size_t len, const struct nj_check *c)
{
    char change[40], lo[40], hi[40];

    nj_change_print(change, c->metric->unit, c->change);
    if (!isfinite(c->change_lo) && !isfinite(c->change_hi)) {
        (void)snprintf(out, len, "%s", change);
        return;
    }
    nj_change_print(lo, c->metric->unit, c->change_lo);
    nj_change_print(hi, c->metric->unit, c->change_hi);
    (void)snprintf(out, len, "%s (%s to %s)", change, isfinite(c->change_lo) ? lo : "no limit",
                   isfinite(c->change_hi) ? hi : "no limit");
}

static void
why_print(struct nj_check *c, size_t nights)
{
    char now[40], base[40], change[140], allowed[40];

    nj_amount_print(now, c->metric->unit, c->est);
    nj_amount_print(base, c->metric->unit, c->baseline);
    change_print(change, sizeof change, c);
    nj_change_print(allowed, c->metric->unit, c->is_up ? c->tolerance : -c->tolerance);
    (void)snprintf(c->why, sizeof c->why, "%s after %s in %zu night%s: %s, allowed %s", now,
                   base, nights, nj_plural((double)nights), change, allowed);
}

static enum nj_verdict
insufficient(struct nj_judging *j, struct nj_check *c)
{
    c->is_beyond = j->policy->on_insufficient == NJ_ON_FAIL;
    return NJ_VERDICT_INSUFFICIENT;
}

/* Verdicts of comparisons that were not made. false: no check at all. */
static bool
gap_judge(struct nj_judging *j, struct nj_check *c, const struct nj_comparison *m)
{
    const struct nj_policy *policy = j->policy;

    switch (m->gap) {
    case NJ_GAP_NONE:
        return true;
    case NJ_GAP_NEW:
        c->verdict = NJ_VERDICT_NEW;
        c->is_beyond = policy->on_new == NJ_ON_FAIL;
        (void)snprintf(c->why, sizeof c->why, "no accepted night has it");
        return policy->on_new != NJ_ON_SKIP;
    case NJ_GAP_MISSING:
        c->verdict = NJ_VERDICT_MISSING;
        c->is_beyond = policy->on_missing == NJ_ON_FAIL;
        (void)snprintf(c->why, sizeof c->why,
                       "it is in %zu accepted night%s and not in these traces", m->nights,
                       nj_plural((double)m->nights));
        return policy->on_missing != NJ_ON_SKIP;
    case NJ_GAP_ABSENT:
        c->verdict = insufficient(j, c);
        (void)snprintf(c->why, sizeof c->why, "it is rare, and not in these traces");
        return true;
    case NJ_GAP_TRACES:
        c->verdict = insufficient(j, c);
        (void)snprintf(c->why, sizeof c->why,
                       "too few traces for a comparison: the policy asks for %llu",
                       (unsigned long long)policy->min_traces);
        return true;
    case NJ_GAP_QUANTILE:
        c->verdict = insufficient(j, c);
        (void)snprintf(c->why, sizeof c->why, "fewer than 4 independent traces lie beyond it");
        return true;
    case NJ_GAP_EVENTS:
        c->verdict = insufficient(j, c);
        (void)snprintf(c->why, sizeof c->why,
                       "fewer than 10 events on both sides, and too few traces to rule out a "
                       "rise beyond what is allowed");
        return true;
    }
    return true;
}

/* What the interval says, before the family had its say. */
static enum nj_verdict
interval_verdict(const struct nj_check *c)
{
    double worse = c->is_up ? c->change_hi : -c->change_lo;
    double better = c->is_up ? c->change_lo : -c->change_hi;

    if (isfinite(worse) && worse < 0 && better < -c->tolerance)
        return NJ_VERDICT_IMPROVED;
    if (isfinite(worse) && worse <= c->tolerance)
        return NJ_VERDICT_EQUIVALENT;
    return NJ_VERDICT_INCONCLUSIVE;
}

static bool
is_learning(const struct nj_judging *j, size_t nights)
{
    return nights < j->min_nights;
}

static void
learning(struct nj_judging *j, struct nj_check *c, size_t nights)
{
    size_t len = strlen(c->why);

    c->verdict = NJ_VERDICT_LEARNING;
    c->is_beyond = false;
    if (nights == 0)
        (void)snprintf(c->why, sizeof c->why, "no accepted night to compare with");
    else if (len < sizeof c->why)
        (void)snprintf(c->why + len, sizeof c->why - len, "; learning (%zu of %zu night%s)",
                       nights, j->min_nights, nj_plural((double)j->min_nights));
}

/* The change of one series in one direction. */
static enum nj_status
change_judge(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule,
             size_t i, bool is_up)
{
    const struct nj_history *h = &j->all.list[i];
    struct nj_check c = nj_check_of_series(j, gate, rule, h);
    struct nj_comparison m;

    c.kind = NJ_CHECK_CHANGE;
    c.is_up = is_up;
    c.tolerance = is_up ? rule->max_increase.value : rule->max_decrease.value;
    enum nj_status st = nj_compare(&m, &j->comparing, i, c.tolerance, is_up, j->err);
    if (st < 0)
        return st;
    c.baseline = m.baseline;
    c.change = m.change;
    c.change_lo = m.lo;
    c.change_hi = m.hi;
    c.p = m.p;
    c.detectable = m.sd; /* made a change when the size of the family is known */
    c.excess = m.z;
    bool is_shown = gap_judge(j, &c, &m);
    if (m.gap == NJ_GAP_NONE) {
        c.verdict = interval_verdict(&c);
        why_print(&c, m.nights);
    }
    if (is_learning(j, j->all.accepted_len) ||
        (m.gap == NJ_GAP_NONE && is_learning(j, m.nights))) {
        is_shown = true;
        learning(j, &c, is_learning(j, j->all.accepted_len) ? j->all.accepted_len : m.nights);
    }
    return is_shown ? check_add(j, &c) : NJ_OK;
}

/* The sum over many nights, beside the change of one. */
static enum nj_status
drift_judge(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule,
            size_t i, bool is_up)
{
    const struct nj_history *h = &j->all.list[i];
    const struct nj_fit *fit = &j->fits.list[i];
    struct nj_check c = nj_check_of_series(j, gate, rule, h);
    double allowed = is_up ? rule->max_increase.value : rule->max_decrease.value;
    size_t nights;

    if (fit->nights < NJ_FIT_NIGHTS_MIN || is_learning(j, fit->nights) ||
        !isfinite(fit->residual[j->all.nights_len]))
        return NJ_OK;
    c.kind = NJ_CHECK_DRIFT;
    c.is_up = is_up;
    c.tolerance = allowed;
    c.baseline = fit->unit * (fit->is_linear ? fit->mean : exp(fit->mean));
    c.drift = nj_drift_cusum(&j->all, fit,
                             fit->is_linear ? allowed
                             : is_up        ? log1p(allowed)
                                            : -log1p(-fmin(allowed, 0.999)),
                             is_up, &nights);
    bool is_red = c.drift > NJ_DRIFT_RED, is_near = c.drift > NJ_DRIFT_WARN;
    c.verdict = is_red    ? NJ_VERDICT_REGRESSED
                : is_near ? NJ_VERDICT_INCONCLUSIVE
                          : NJ_VERDICT_EQUIVALENT;
    c.is_beyond = is_red;
    c.excess = c.drift;
    if (is_near) {
        size_t begin = nj_drift_begin(&j->all, fit, is_up);
        if (begin < j->all.nights_len)
            nj_night_print(c.since, j->all.nights[begin]);
    }
    (void)snprintf(
        c.why, sizeof c.why,
        "cumulative sum %.2g over %zu night%s since acceptance, red above %.0f%s%s%s", c.drift,
        nights, nj_plural((double)nights), NJ_DRIFT_RED, c.since[0] ? "; " : "",
        c.since[0] ? "worse since " : "", c.since);
    return check_add(j, &c);
}

/* All agents at once: what one of them did is compared apart from it, so it is its own check.
 */
static enum nj_status
fleet_judge(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule,
            const struct nj_fleet *fleet)
{
    struct nj_check c = nj_check_of(gate, rule, NJ_SLICE(""), NJ_SLICE(""));
    double tolerance = rule->max_increase.value, allowed = log1p(tolerance);
    double d = fleet->shift[j->all.nights_len] - fleet->mean, k = (double)j->all.accepted_len;
    double sd = fleet->sd * sqrt(1 + 1 / k);
    char change[140], most[40];

    if (!isfinite(d) || !isfinite(sd))
        return NJ_OK;
    c.kind = NJ_CHECK_FLEET;
    c.is_up = true;
    c.tolerance = tolerance;
    c.n = (double)fleet->groups;
    double wide = nj_t_quantile(0.975, fleet->df) * sd;
    c.change = expm1(d);
    c.change_lo = expm1(d - wide);
    c.change_hi = expm1(d + wide);
    c.p = sd > 0 ? nj_t_upper((d - allowed) / sd, fleet->df) : d > allowed ? 0 : 1;
    c.excess = sd > 0 ? (d - allowed) / sd : 0;
    c.detectable = sd;
    c.verdict = interval_verdict(&c);
    change_print(change, sizeof change, &c);
    nj_change_print(most, c.metric->unit, tolerance);
    (void)snprintf(c.why, sizeof c.why, "the median of %zu agent%s moved by %s, allowed %s",
                   fleet->groups, nj_plural((double)fleet->groups), change, most);
    if (is_learning(j, j->all.accepted_len))
        learning(j, &c, j->all.accepted_len);
    return check_add(j, &c);
}

static enum nj_status
series_judge(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule,
             size_t i)
{
    const struct nj_amount *allowed[] = {&rule->max_increase, &rule->max_decrease};
    enum nj_status st = NJ_OK;

    for (size_t k = 0; k < NJ_LEN(allowed) && st == NJ_OK; k++) {
        if (!allowed[k]->is_set)
            continue;
        st = change_judge(j, gate, rule, i, k == 0);
        if (st == NJ_OK && j->all.nights_len > 0)
            st = drift_judge(j, gate, rule, i, k == 0);
    }
    return st;
}

/* Whether the agent of a site key (agent|operation|type|template) is one of the gate's; where
 * redaction left only a hash, whether the gate is about all agents. */
static bool
site_matches(const struct nj_gate *gate, struct nj_slice key)
{
    const char *bar = key.len ? memchr(key.ptr, '|', key.len) : NULL;
    struct nj_slice agent = {key.ptr, bar ? (size_t)(bar - key.ptr) : 0};

    return nj_globs_match(&gate->match.agent, bar ? agent : NJ_SLICE("any other agent"));
}

/* Kinds of errors that are new or more frequent, by where they arise; one check. */
static enum nj_status
chains_judge(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule)
{
    const struct nj_table *t = nj_results_view(j->results, NJ_TABLE_error_changes);
    struct nj_check c = nj_check_of(gate, rule, NJ_SLICE(""), NJ_SLICE(""));
    struct nj_slice first = {0};

    c.kind = NJ_CHECK_CHANGE;
    c.est = 0;
    c.tolerance = (double)NAN;
    c.limit = rule->max.is_set ? rule->max.value : 0;
    for (size_t r = 0; r < nj_table_len(t); r++) {
        struct nj_slice change = nj_table_text(t, r, NJ_COL_error_changes_change);
        struct nj_slice key = nj_table_text(t, r, NJ_COL_error_changes_key);
        bool is_worse =
            nj_slice_eq(change, NJ_SLICE("new")) || nj_slice_eq(change, NJ_SLICE("more"));
        if (!is_worse || !site_matches(gate, key) ||
            !nj_slice_eq(nj_table_text(t, r, NJ_COL_error_changes_level), NJ_SLICE("site")))
            continue;
        c.est++;
        if (!first.ptr)
            first = key;
    }
    c.is_beyond = c.est > c.limit;
    c.excess = c.est;
    c.verdict = c.is_beyond ? NJ_VERDICT_REGRESSED : NJ_VERDICT_EQUIVALENT;
    if (c.est > 0)
        (void)snprintf(c.why, sizeof c.why,
                       "%.0f kind%s of errors new or more frequent; the first: %.*s", c.est,
                       nj_plural(c.est), first.len > 150 ? 150 : (int)first.len, first.ptr);
    else
        (void)snprintf(c.why, sizeof c.why, "no kind of error is new or more frequent");
    if (is_learning(j, j->all.accepted_len))
        learning(j, &c, j->all.accepted_len);
    return check_add(j, &c);
}

static enum nj_status
rule_judge(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule)
{
    enum nj_status st = NJ_OK;
    const struct nj_fleet *fleet = NULL;

    if (nj_slice_eq(rule->metric, NJ_SLICE("new_chains")))
        return chains_judge(j, gate, rule);
    if (!rule->max_increase.is_set && !rule->max_decrease.is_set)
        return NJ_OK;
    for (size_t i = 0; i < j->all.len && st == NJ_OK; i++) {
        const struct nj_history *h = &j->all.list[i];
        if (!nj_rule_matches(rule, h) || !nj_gate_matches(gate, h))
            continue;
        st = series_judge(j, gate, rule, i);
        if (!fleet && nj_globs_match(&gate->match.agent, NJ_SLICE("any other agent")))
            fleet = nj_fits_fleet(&j->fits, h);
    }
    if (st == NJ_OK && fleet && rule->max_increase.is_set)
        st = fleet_judge(j, gate, rule, fleet);
    return st;
}

/* What the baseline's errors were, for all accepted nights as one. */
static enum nj_status
errors_compare(struct nj_judging *j)
{
    const struct nj_results **before =
        NJ_NEW(j->all.arena, const struct nj_results *, j->all.nights_len + 1);
    struct nj_chain_counts counts;
    size_t len = 0;

    if (!before)
        return nj_fail(j->err, NJ_ENOMEM, "no memory to compare errors");
    for (size_t k = 0; k < j->all.nights_len; k++)
        if (j->all.is_accepted[k])
            before[len++] = j->all.nights[k]->rows;
    enum nj_status st =
        nj_chains_compare(j->results, before, len, NJ_CHAINS_RATE, &counts, j->err);
    if (st == NJ_OK && counts.rare > 0)
        nj_remark(j, "rare-errors", "%zu kind%s of errors %s new, but too rare to judge.",
                  counts.rare, nj_plural((double)counts.rare), counts.rare == 1 ? "is" : "are");
    return st;
}

enum nj_status
nj_changes_judge(struct nj_judging *j)
{
    enum nj_status st = errors_compare(j);

    for (size_t g = 0; g < j->policy->gates_len && st == NJ_OK; g++) {
        const struct nj_gate *gate = &j->policy->gates[g];
        for (size_t k = 0; k < gate->rules_len && st == NJ_OK; k++)
            if (gate->rules[k].level != NJ_LEVEL_OFF)
                st = rule_judge(j, gate, &gate->rules[k]);
    }
    return st;
}
