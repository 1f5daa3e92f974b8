/* limits.c - absolute limits. */
#include "base/glob.h"
#include "gates/judging.h"

#include <math.h>
#include <stdio.h>

bool
nj_rule_matches(const struct nj_rule *rule, const struct nj_history *h)
{
    return nj_slice_eq(rule->metric, nj_slice_of(h->metric->id)) &&
           (!(rule->over_ns > 0) || !(rule->over_ns < h->over || rule->over_ns > h->over));
}

bool
nj_gate_matches(const struct nj_gate *gate, const struct nj_history *h)
{
    const struct {
        const char *by;
        const struct nj_globs *globs;
    } keys[] = {{"operation", &gate->match.operation},
                {"tool", &gate->match.tool},
                {"model", &gate->match.model},
                {"service", &gate->match.service}};
    const struct nj_globs *chosen = NULL;

    if (!nj_globs_match(&gate->match.agent, h->agent) ||
        !nj_globs_match(&gate->match.kind, h->kind))
        return false;
    for (size_t i = 0; i < NJ_LEN(keys); i++) {
        if (keys[i].globs->len == 0)
            continue;
        if (!nj_slice_eq(h->group_by, nj_slice_of(keys[i].by)))
            return false;
        chosen = keys[i].globs;
    }
    if (chosen)
        return nj_globs_match(chosen, h->key);
    return nj_slice_eq(h->group_by, NJ_SLICE("agent")) ||
           (!gate->match.agent.len && nj_slice_eq(h->group_by, NJ_SLICE("store")));
}

struct nj_check
nj_check_of_series(const struct nj_judging *j, const struct nj_gate *gate,
                   const struct nj_rule *rule, const struct nj_history *h)
{
    const struct nj_point *now = nj_history_now(&j->all, h);
    struct nj_check c = nj_check_of(gate, rule, h->agent, h->key);

    c.group_by = h->group_by;
    c.span_kind = h->kind;
    c.est = now->est;
    c.lo = now->lo;
    c.hi = now->hi;
    c.n = now->n;
    c.n_eff = now->n_eff;
    return c;
}

static enum nj_status
out_of_memory(struct nj_judging *j)
{
    return nj_fail(j->err, NJ_ENOMEM, "no memory for the checks");
}

/* Red when the whole interval lies beyond the limit. A number without an interval is what it
 * is. */
static void
limit_judge(struct nj_check *c, bool has_interval)
{
    char measured[40], limit[40];
    double lo = has_interval ? c->lo : c->est, hi = has_interval ? c->hi : c->est;
    bool is_beyond = c->is_up ? lo > c->limit : hi < c->limit;
    bool is_within = c->is_up ? hi <= c->limit : lo >= c->limit;
    bool is_open = !isfinite(c->is_up ? hi : lo);

    c->kind = NJ_CHECK_LIMIT;
    c->verdict = is_beyond   ? NJ_VERDICT_OVER_LIMIT
                 : is_within ? NJ_VERDICT_WITHIN_LIMIT
                 : is_open   ? NJ_VERDICT_INSUFFICIENT
                             : NJ_VERDICT_INCONCLUSIVE;
    c->is_beyond = is_beyond;
    c->excess = c->is_up ? c->est / c->limit : c->limit / c->est;
    nj_amount_print(measured, c->metric->unit, c->est);
    nj_amount_print(limit, c->metric->unit, c->limit);
    (void)snprintf(
        c->why, sizeof c->why,
        is_beyond && has_interval   ? "%s, the whole interval is beyond the limit of %s"
        : is_beyond                 ? "%s, beyond the limit of %s"
        : is_within && has_interval ? "%s, the whole interval is within the limit of %s"
        : is_within                 ? "%s, within the limit of %s"
        : is_open                   ? "%s, but too few traces to say whether it is within %s"
                                    : "%s, but the interval reaches across the limit of %s",
        measured, limit);
}

static enum nj_status
series_limits(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule,
              const struct nj_history *h)
{
    const struct nj_amount *limits[] = {&rule->max, &rule->min};

    for (size_t i = 0; i < NJ_LEN(limits); i++) {
        if (!limits[i]->is_set)
            continue;
        struct nj_check c = nj_check_of_series(j, gate, rule, h);
        c.is_up = i == 0;
        c.limit = limits[i]->value;
        limit_judge(&c, isfinite(c.lo) || isfinite(c.hi) || isfinite(c.n_eff));
        if (!nj_checks_add(&j->checks, &c))
            return out_of_memory(j);
    }
    return NJ_OK;
}

/* A rule on what is not there. */
static enum nj_status
missing_add(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule,
            struct nj_slice agent)
{
    struct nj_check c = nj_check_of(gate, rule, agent, NJ_SLICE(""));

    if (j->policy->on_missing == NJ_ON_SKIP)
        return NJ_OK;
    c.kind = rule->max.is_set || rule->min.is_set ? NJ_CHECK_LIMIT : NJ_CHECK_CHANGE;
    c.is_up = c.kind == NJ_CHECK_LIMIT ? rule->max.is_set : rule->max_increase.is_set;
    c.verdict = NJ_VERDICT_MISSING;
    c.is_beyond = j->policy->on_missing == NJ_ON_FAIL;
    (void)snprintf(c.why, sizeof c.why, "nothing in these traces has this metric");
    return nj_checks_add(&j->checks, &c) ? NJ_OK : out_of_memory(j);
}

static bool
is_pattern(struct nj_slice glob)
{
    return memchr(glob.ptr, '*', glob.len) || memchr(glob.ptr, '?', glob.len);
}

/* Agents that the gate names one by one must be there, and something must be for a limit. */
static enum nj_status
missing_judge(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule,
              size_t matched)
{
    const struct nj_globs *agents = &gate->match.agent;
    bool has_limit = rule->max.is_set || rule->min.is_set, is_named = false;
    enum nj_status st = NJ_OK;

    for (size_t i = 0; i < agents->len && st == NJ_OK; i++) {
        struct nj_globs one = {{agents->list[i]}, 1};
        bool is_there = false;
        if (is_pattern(agents->list[i]))
            continue;
        is_named = true;
        for (size_t k = 0; k < j->all.len && !is_there; k++)
            is_there = nj_globs_match(&one, j->all.list[k].agent) &&
                       nj_rule_matches(rule, &j->all.list[k]) &&
                       nj_gate_matches(gate, &j->all.list[k]);
        if (!is_there)
            st = missing_add(j, gate, rule, agents->list[i]);
    }
    if (st == NJ_OK && matched == 0 && !is_named && has_limit)
        st = missing_add(j, gate, rule, agents->len ? agents->list[0] : NJ_SLICE(""));
    return st;
}

/* Warnings of the sampling analyzer that say that sampling does not do what it should. */
static enum nj_status
health_judge(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule)
{
    static const char *const broken[] = {"S004", "S005", "S009", "S012", "S014"};
    const struct nj_table *t = nj_results_view(j->results, NJ_TABLE_sampling_warnings);
    struct nj_check c = nj_check_of(gate, rule, NJ_SLICE(""), NJ_SLICE(""));
    size_t first = SIZE_MAX;

    c.est = 0;
    for (size_t r = 0; r < nj_table_len(t); r++) {
        struct nj_slice id = nj_table_text(t, r, NJ_COL_sampling_warnings_id);
        for (size_t i = 0; i < NJ_LEN(broken); i++) {
            if (!nj_slice_eq(id, nj_slice_of(broken[i])))
                continue;
            c.est++;
            first = first == SIZE_MAX ? r : first;
        }
    }
    c.limit = rule->max.is_set ? rule->max.value : 0;
    limit_judge(&c, false);
    if (first != SIZE_MAX) {
        struct nj_slice id = nj_table_text(t, first, NJ_COL_sampling_warnings_id);
        struct nj_slice text = nj_table_text(t, first, NJ_COL_sampling_warnings_text);
        (void)snprintf(c.why, sizeof c.why, "%.0f, the first: %.*s, %.0f %.*s", c.est,
                       NJ_FMT(id), nj_table_real(t, first, NJ_COL_sampling_warnings_count),
                       NJ_FMT(text));
    }
    return nj_checks_add(&j->checks, &c) ? NJ_OK : out_of_memory(j);
}

static enum nj_status
rule_judge(struct nj_judging *j, const struct nj_gate *gate, const struct nj_rule *rule)
{
    enum nj_status st = NJ_OK;
    size_t matched = 0;

    if (nj_slice_eq(rule->metric, NJ_SLICE("sampling.health")))
        return health_judge(j, gate, rule);
    if (nj_slice_eq(rule->metric, NJ_SLICE("new_chains")))
        return NJ_OK; /* a comparison */
    for (size_t i = 0; i < j->all.len && st == NJ_OK; i++) {
        const struct nj_history *h = &j->all.list[i];
        if (!nj_history_now(&j->all, h)->is_there || !nj_rule_matches(rule, h) ||
            !nj_gate_matches(gate, h))
            continue;
        matched++;
        st = series_limits(j, gate, rule, h);
    }
    return st == NJ_OK ? missing_judge(j, gate, rule, matched) : st;
}

enum nj_status
nj_limits_judge(struct nj_judging *j)
{
    enum nj_status st = NJ_OK;

    for (size_t g = 0; g < j->policy->gates_len; g++) {
        const struct nj_gate *gate = &j->policy->gates[g];
        for (size_t k = 0; k < gate->rules_len && st == NJ_OK; k++)
            if (gate->rules[k].level != NJ_LEVEL_OFF)
                st = rule_judge(j, gate, &gate->rules[k]);
    }
    return st;
}
