/* check.c - one check on its way into the table of checks. */
#include "gates/check.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *
nj_verdict_name(enum nj_verdict verdict)
{
    static const char *const names[] = {
        "error",        "over-limit", "regressed", "missing",  "inconclusive", "new",
        "insufficient", "learning",   "waived",    "improved", "equivalent",   "within-limit"};
    return names[verdict];
}

/* The suite that a metric belongs to in JUnit. */
static const char *
suite_of(const char *metric)
{
    static const struct {
        const char *metric, *suite;
    } suites[] = {
        {"error_rate", "errors"},
        {"failed_rate", "errors"},
        {"new_chains", "errors"},
        {"retries_mean", "errors"},
        {"tokens_mean", "tokens"},
        {"tokens_p95", "tokens"},
        {"cost_mean", "tokens"},
        {"cost_p95", "tokens"},
        {"critical_path_share", "critical-path"},
        {"loops", "behaviour"},
        {"steps_mean", "behaviour"},
        {"steps_p95", "behaviour"},
        {"traces", "sampling"},
        {"orphan_share", "sampling"},
        {"missing_root_share", "sampling"},
        {"n_eff", "sampling"},
#define NJ_BEHAVIOUR(symbol, id, help) {id, "behaviour"},
#include "schema/behaviours.def"
#undef NJ_BEHAVIOUR
        {"unknown_share", "sampling"},
        {"inconsistent_share", "sampling"},
        {"weight_top_share", "sampling"},
    };

    for (size_t i = 0; i < NJ_LEN(suites); i++)
        if (strcmp(metric, suites[i].metric) == 0)
            return suites[i].suite;
    return "latency";
}

struct nj_check
nj_check_of(const struct nj_gate *gate, const struct nj_rule *rule, struct nj_slice agent,
            struct nj_slice key)
{
    const double none = (double)NAN;

    return (struct nj_check){.gate = gate,
                             .rule = rule,
                             .metric = nj_metric_find(rule->metric),
                             .agent = agent,
                             .key = key,
                             .est = none,
                             .lo = none,
                             .hi = none,
                             .n = none,
                             .n_eff = none,
                             .limit = none,
                             .baseline = none,
                             .change = none,
                             .change_lo = none,
                             .change_hi = none,
                             .tolerance = none,
                             .p = none,
                             .q = none,
                             .detectable = none};
}

void
nj_amount_print(char out[40], enum nj_unit unit, double value)
{
    switch (unit) {
    case NJ_UNIT_NS:
        nj_duration_print(out, value);
        return;
    case NJ_UNIT_RATIO:
        (void)snprintf(out, 40, "%.3g %%", value * 100);
        return;
    case NJ_UNIT_COUNT:
    case NJ_UNIT_TOKENS:
    case NJ_UNIT_COST:
        (void)snprintf(out, 40, "%.4g", value);
        return;
    }
}

static int
check_cmp(const void *a, const void *b)
{
    const struct nj_check *x = a, *y = b;
    int c;

    if (x->is_red != y->is_red)
        return x->is_red ? -1 : 1;
    if (x->is_red && x->verdict != y->verdict)
        return x->verdict < y->verdict ? -1 : 1;
    c = strcmp(suite_of(x->metric->id), suite_of(y->metric->id));
    if (c == 0)
        c = nj_slice_cmp(x->agent, y->agent);
    if (c == 0)
        c = nj_slice_cmp(x->key, y->key);
    if (c == 0)
        c = strcmp(x->metric->id, y->metric->id);
    if (c == 0)
        c = (x->is_limit > y->is_limit) - (x->is_limit < y->is_limit);
    return c ? c : (x->rule->line > y->rule->line) - (x->rule->line < y->rule->line);
}

/* "planner p95 latency", "planner search p95 latency", "p95 latency limit". */
static void
name_put(const struct nj_check *c, struct nj_table *t, size_t r)
{
    struct nj_buf name = {0};

    if (c->agent.len) {
        nj_buf_put_slice(&name, c->agent);
        nj_buf_put_char(&name, ' ');
    }
    if (c->key.len) {
        nj_buf_put_slice(&name, c->key);
        nj_buf_put_char(&name, ' ');
    }
    nj_buf_put_text(&name, c->metric->label);
    if (c->is_limit)
        nj_buf_put_text(&name, " limit");
    nj_table_put_text(t, r, NJ_COL_checks_name, nj_buf_slice(&name));
    nj_buf_fini(&name);
}

static void
numbers_put(const struct nj_check *c, struct nj_table *t, size_t r)
{
    const struct {
        unsigned column;
        double value;
    } reals[] = {
        {NJ_COL_checks_est, c->est},
        {NJ_COL_checks_lo, c->lo},
        {NJ_COL_checks_hi, c->hi},
        {NJ_COL_checks_n_eff, c->n_eff},
        {NJ_COL_checks_limit_value, c->limit},
        {NJ_COL_checks_baseline, c->baseline},
        {NJ_COL_checks_change, c->change},
        {NJ_COL_checks_change_lo, c->change_lo},
        {NJ_COL_checks_change_hi, c->change_hi},
        {NJ_COL_checks_tolerance, c->tolerance},
        {NJ_COL_checks_p, c->p},
        {NJ_COL_checks_q, c->q},
        {NJ_COL_checks_detectable, c->detectable},
    };

    for (size_t i = 0; i < NJ_LEN(reals); i++)
        nj_table_put_real(t, r, reals[i].column, reals[i].value);
    if (isfinite(c->n))
        nj_table_put_int(t, r, NJ_COL_checks_n, (int64_t)c->n);
}

void
nj_checks_put(struct nj_check *checks, size_t len, struct nj_results *results)
{
    static const char *const levels[] = {"error", "warn", "off"};
    struct nj_table *t = nj_results_table(results, NJ_TABLE_checks);

    if (len > 0)
        qsort(checks, len, sizeof *checks, check_cmp);
    for (size_t i = 0; i < len; i++) {
        const struct nj_check *c = &checks[i];
        size_t r = nj_table_add(t);
        const struct {
            unsigned column;
            struct nj_slice value;
        } texts[] = {
            {NJ_COL_checks_gate, c->gate->name},
            {NJ_COL_checks_suite, nj_slice_of(suite_of(c->metric->id))},
            {NJ_COL_checks_metric, nj_slice_of(c->metric->id)},
            {NJ_COL_checks_unit, nj_slice_of(nj_unit_name(c->metric->unit))},
            {NJ_COL_checks_level, nj_slice_of(levels[c->rule->level])},
            {NJ_COL_checks_rule, c->is_limit ? NJ_SLICE("limit") : NJ_SLICE("change")},
            {NJ_COL_checks_verdict, nj_slice_of(nj_verdict_name(c->verdict))},
            {NJ_COL_checks_why, nj_slice_of(c->why)},
        };
        for (size_t k = 0; k < NJ_LEN(texts); k++)
            nj_table_put_text(t, r, texts[k].column, texts[k].value);
        if (c->agent.len)
            nj_table_put_text(t, r, NJ_COL_checks_agent, c->agent);
        if (c->key.len)
            nj_table_put_text(t, r, NJ_COL_checks_key, c->key);
        nj_table_put_int(t, r, NJ_COL_checks_is_red, c->is_red);
        name_put(c, t, r);
        numbers_put(c, t, r);
    }
}
