/* check.c - one check on its way into the table of checks. */
#include "gates/check.h"

#include "base/clock.h"
#include "base/grow.h"
#include "base/hash.h"

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
const char *
nj_metric_suite(const struct nj_metric *m)
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
        {"sampling.health", "sampling"},
    };

    for (size_t i = 0; i < NJ_LEN(suites); i++)
        if (strcmp(m->id, suites[i].metric) == 0)
            return suites[i].suite;
    return "latency";
}

static const char *
suite_of(const struct nj_check *c)
{
    return c->kind == NJ_CHECK_DRIFT   ? "drift"
           : c->kind == NJ_CHECK_FLEET ? "fleet"
                                       : nj_metric_suite(c->metric);
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
                             .is_up = true,
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
                             .detectable = none,
                             .drift = none};
}

struct nj_check *
nj_checks_add(struct nj_checks *checks, const struct nj_check *check)
{
    struct nj_check *list =
        nj_grow(checks->list, checks->len, &checks->cap, sizeof *checks->list);

    if (!list)
        return NULL;
    checks->list = list;
    list[checks->len] = *check;
    return &list[checks->len++];
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

void
nj_change_print(char out[40], enum nj_unit unit, double change)
{
    if (isnan(change))
        (void)snprintf(out, 40, "any number");
    else
        (void)snprintf(out, 40, "%+.3g %s", change * 100, unit == NJ_UNIT_RATIO ? "pp" : "%");
}

static int
check_cmp(const void *a, const void *b)
{
    static const int order[] = {[NJ_CHECK_LIMIT] = 0,
                                [NJ_CHECK_CHANGE] = 1,
                                [NJ_CHECK_FLEET] = 2,
                                [NJ_CHECK_DRIFT] = 3};
    const struct nj_check *x = a, *y = b;
    int c;

    if (x->is_red != y->is_red)
        return x->is_red ? -1 : 1;
    if (x->is_red && x->verdict != y->verdict)
        return x->verdict < y->verdict ? -1 : 1;
    if (x->is_red && x->kind != y->kind) /* what one night shows before what many do */
        return order[x->kind] < order[y->kind] ? -1 : 1;
    if (x->is_red && (x->excess < y->excess || x->excess > y->excess))
        return x->excess > y->excess ? -1 : 1;
    c = strcmp(suite_of(x), suite_of(y));
    if (c == 0)
        c = nj_slice_cmp(x->agent, y->agent);
    if (c == 0)
        c = nj_slice_cmp(x->key, y->key);
    if (c == 0)
        c = strcmp(x->metric->id, y->metric->id);
    if (c == 0)
        c = (x->kind > y->kind) - (x->kind < y->kind);
    if (c == 0)
        c = (x->is_up < y->is_up) - (x->is_up > y->is_up);
    if (c == 0)
        c = nj_slice_cmp(x->span_kind, y->span_kind);
    return c ? c : (x->rule->line > y->rule->line) - (x->rule->line < y->rule->line);
}

void
nj_checks_sort(struct nj_checks *checks)
{
    if (checks->len > 0)
        qsort(checks->list, checks->len, sizeof *checks->list, check_cmp);
}

/* "planner p95 latency", "planner search p95 latency", "p95 latency limit". */
void
nj_check_name(const struct nj_check *c, struct nj_buf *out)
{
    static const char *const suffixes[] = {[NJ_CHECK_LIMIT] = " limit",
                                           [NJ_CHECK_CHANGE] = "",
                                           [NJ_CHECK_DRIFT] = " drift",
                                           [NJ_CHECK_FLEET] = ""};

    if (c->kind == NJ_CHECK_FLEET)
        nj_buf_put_text(out, "fleet ");
    if (c->agent.len) {
        nj_buf_put_slice(out, c->agent);
        nj_buf_put_char(out, ' ');
    }
    if (c->key.len) {
        nj_buf_put_slice(out, c->key);
        nj_buf_put_char(out, ' ');
    }
    nj_buf_put_text(out, c->metric->label);
    if (c->is_up != c->metric->is_up_worse)
        nj_buf_put_text(out, c->kind == NJ_CHECK_LIMIT ? (c->is_up ? " upper" : " lower")
                             : c->is_up                ? " rise"
                                                       : " fall");
    nj_buf_put_text(out, suffixes[c->kind]);
}

/* Names that were given, by hash: readers of JUnit drop the second case of a name. */
struct seen {
    uint64_t *slots;
    size_t mask;
};

/* Whether the name is new; then it is taken. */
static bool
name_take(struct seen *seen, const struct nj_check *c, struct nj_slice name)
{
    uint64_t hash = XXH3_64bits_withSeed(name.ptr, name.len, nj_hash(nj_slice_of(suite_of(c))));

    hash += hash == 0;
    for (size_t at = (size_t)hash & seen->mask;; at = (at + 1) & seen->mask) {
        if (seen->slots[at] == hash)
            return false;
        if (seen->slots[at] == 0) {
            seen->slots[at] = hash;
            return true;
        }
    }
}

/* Rules about the same thing are told apart by their gate, then by the kind of spans, then by
 * strokes. */
static void
name_put(const struct nj_check *c, struct nj_table *t, size_t r, struct seen *seen)
{
    struct nj_buf name = {0};

    nj_check_name(c, &name);
    for (int i = 0; !name.is_failed && !name_take(seen, c, nj_buf_slice(&name)); i++) {
        if (i == 0)
            nj_buf_printf(&name, " (%.*s)", NJ_FMT(c->gate->name));
        else if (i == 1)
            nj_buf_printf(&name, " %.*s", NJ_FMT(c->span_kind));
        else
            nj_buf_put_char(&name, '\'');
    }
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
        {NJ_COL_checks_drift, c->drift},
    };

    for (size_t i = 0; i < NJ_LEN(reals); i++)
        nj_table_put_real(t, r, reals[i].column, reals[i].value);
    if (isfinite(c->n))
        nj_table_put_int(t, r, NJ_COL_checks_n, (int64_t)c->n);
}

static void
row_put(const struct nj_check *c, struct nj_table *t, struct seen *seen)
{
    static const char *const levels[] = {"error", "warn", "off"};
    static const char *const kinds[] = {"limit", "change", "drift", "fleet"};
    size_t r = nj_table_add(t);
    const struct {
        unsigned column;
        struct nj_slice value;
    } texts[] = {
        {NJ_COL_checks_gate, c->gate->name},
        {NJ_COL_checks_suite, nj_slice_of(suite_of(c))},
        {NJ_COL_checks_metric, nj_slice_of(c->metric->id)},
        {NJ_COL_checks_unit, nj_slice_of(nj_unit_name(c->metric->unit))},
        {NJ_COL_checks_level, nj_slice_of(levels[c->rule->level])},
        {NJ_COL_checks_rule, nj_slice_of(kinds[c->kind])},
        {NJ_COL_checks_direction, c->is_up ? NJ_SLICE("up") : NJ_SLICE("down")},
        {NJ_COL_checks_verdict, nj_slice_of(nj_verdict_name(c->verdict))},
        {NJ_COL_checks_why, nj_slice_of(c->why)},
    };

    for (size_t k = 0; k < NJ_LEN(texts); k++)
        nj_table_put_text(t, r, texts[k].column, texts[k].value);
    if (c->agent.len)
        nj_table_put_text(t, r, NJ_COL_checks_agent, c->agent);
    if (c->key.len)
        nj_table_put_text(t, r, NJ_COL_checks_key, c->key);
    if (c->since[0])
        nj_table_put_text(t, r, NJ_COL_checks_since, nj_slice_of(c->since));
    nj_table_put_int(t, r, NJ_COL_checks_is_red, c->is_red);
    if (c->rule->line)
        nj_table_put_int(t, r, NJ_COL_checks_line, c->rule->line);
    name_put(c, t, r, seen);
    numbers_put(c, t, r);
}

enum nj_status
nj_checks_put(const struct nj_checks *checks, struct nj_results *results, struct nj_error *err)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_checks);
    struct seen seen = {NULL, 63};

    while (seen.mask < 4 * checks->len)
        seen.mask = 2 * seen.mask + 1;
    seen.slots = calloc(seen.mask + 1, sizeof *seen.slots);
    if (!seen.slots)
        return nj_fail(err, NJ_ENOMEM, "no memory for the names of checks");
    for (size_t i = 0; i < checks->len; i++)
        row_put(&checks->list[i], t, &seen);
    free(seen.slots);
    return NJ_OK;
}
