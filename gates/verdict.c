/* verdict.c - the outcome of all checks: one word, one sentence, an exit code. */
#include "gates/judging.h"

#include "base/plural.h"

#include <stdarg.h>
#include <stdio.h>

/* How the checks came out. */
struct outcome {
    size_t due; /* all but those that only learn or meet something new */
    size_t red, undecided, insufficient, learning;
    size_t nights, min_nights;
    bool is_learning; /* the policy has comparisons, and too few nights for them */
    bool is_missing;  /* a baseline is required, and there is none */
    bool is_unjudged; /* checks are due and not one could be judged: that is no pass */
};

static bool
has_changes(const struct nj_policy *policy)
{
    for (size_t g = 0; g < policy->gates_len; g++)
        for (size_t k = 0; k < policy->gates[g].rules_len; k++)
            if (policy->gates[g].rules[k].max_increase.is_set ||
                policy->gates[g].rules[k].max_decrease.is_set)
                return true;
    return false;
}

static struct outcome
outcome_of(const struct nj_judging *j)
{
    struct outcome o = {.nights = j->all.accepted_len, .min_nights = j->min_nights};

    for (size_t i = 0; i < j->checks.len; i++) {
        const struct nj_check *c = &j->checks.list[i];
        bool is_learning = c->verdict == NJ_VERDICT_LEARNING,
             is_new = c->verdict == NJ_VERDICT_NEW;
        o.due += !is_learning && (!is_new || c->is_red);
        o.red += c->is_red;
        o.learning += is_learning;
        o.undecided += c->verdict == NJ_VERDICT_INCONCLUSIVE;
        o.insufficient += c->verdict == NJ_VERDICT_INSUFFICIENT && !c->is_red;
    }
    o.is_learning = has_changes(j->policy) && o.nights < o.min_nights;
    o.is_missing = j->options->is_baseline_required && o.nights == 0;
    o.is_unjudged = o.due > 0 && o.insufficient == o.due;
    return o;
}

/* A sentence that grows; what does not fit is cut. */
struct sentence {
    char text[640];
    size_t len;
};

static void say(struct sentence *s, const char *fmt, ...) NJ_PRINTF(2, 3);

static void
say(struct sentence *s, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(s->text + s->len, sizeof s->text - s->len, fmt, args);
    va_end(args);
    s->len += n < 0 ? 0 : (size_t)n;
    if (s->len >= sizeof s->text)
        s->len = sizeof s->text - 1;
}

static void
say_name(struct sentence *s, const struct nj_check *c)
{
    struct nj_buf name = {0};

    nj_check_name(c, &name);
    say(s, "%.*s", name.len > 120 ? 120 : (int)name.len, name.len ? name.ptr : "");
    nj_buf_fini(&name);
}

static void
say_failures(struct sentence *s, const struct nj_judging *j, const struct outcome *o)
{
    enum { OTHERS_MAX = 3 };
    const struct nj_check *list = j->checks.list;

    say(s, "%zu of %zu check%s failed; the worst: ", o->red, o->due, nj_plural((double)o->due));
    say_name(s, &list[0]);
    say(s, ": %s.", list[0].why);
    for (size_t i = 1; i < o->red && i <= OTHERS_MAX; i++) {
        say(s, i == 1 ? " Also: " : ", ");
        say_name(s, &list[i]);
    }
    if (o->red > 1)
        say(s, o->red > OTHERS_MAX + 1 ? " and more." : ".");
}

static void
say_passes(struct sentence *s, const struct outcome *o)
{
    size_t within = o->due - o->undecided - o->insufficient;

    if (o->undecided + o->insufficient == 0) {
        say(s,
            o->due == 1 ? "The check is within what is allowed."
                        : "All %zu checks are within what is allowed.",
            o->due);
        return;
    }
    say(s, "No check of %zu failed: %zu %s within what is allowed", o->due, within,
        within == 1 ? "check is" : "checks are");
    if (o->undecided > 0)
        say(s, ", %zu could not be decided with so few traces", o->undecided);
    if (o->insufficient > 0)
        say(s, ", %zu could not be judged: too few traces", o->insufficient);
    say(s, ".");
}

static void
sentence_make(struct sentence *s, const struct nj_judging *j, const struct outcome *o)
{
    if (o->is_missing)
        say(s, "A baseline is required, and there is none with an accepted night. ");
    if (o->red > 0)
        say_failures(s, j, o);
    else if (o->is_unjudged)
        say(s,
            o->due == 1 ? "The check could not be judged: too few traces."
                        : "None of %zu checks could be judged: too few traces.",
            o->due);
    else if (o->due > 0)
        say_passes(s, o);
    if (o->is_learning && o->nights == 0 && !o->is_missing)
        say(s, "%sChanges were not judged: there is no baseline (0 of %zu night%s).",
            s->len ? " " : "", o->min_nights, nj_plural((double)o->min_nights));
    else if (o->is_learning && o->nights > 0)
        say(s, "%sLearning (%zu of %zu night%s): changes are shown, not judged.",
            s->len ? " " : "", o->nights, o->min_nights, nj_plural((double)o->min_nights));
    else if (o->due == 0 && s->len == 0)
        say(s, "The policy has nothing to judge.");
}

static void
row_put(struct nj_results *results, const struct nj_policy *policy, struct nj_slice verdict,
        struct nj_slice sentence, int exit_code)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_verdict);
    size_t row = nj_table_add(t);

    nj_table_put_text(t, row, NJ_COL_verdict_verdict, verdict);
    nj_table_put_int(t, row, NJ_COL_verdict_exit_code, exit_code);
    nj_table_put_text(t, row, NJ_COL_verdict_sentence, sentence);
    nj_table_put_int(t, row, NJ_COL_verdict_baseline_nights, 0);
    nj_table_put_int(t, row, NJ_COL_verdict_min_nights, policy->min_nights);
    nj_table_put_text(t, row, NJ_COL_verdict_policy, policy->path);
    nj_table_put_text(t, row, NJ_COL_verdict_policy_digest, nj_slice_of(policy->digest));
}

void
nj_verdict_put(struct nj_judging *j, int *exit_code)
{
    const struct outcome o = outcome_of(j);
    struct sentence s = {.len = 0};

    sentence_make(&s, j, &o);
    *exit_code = o.is_missing                               ? 3
                 : o.red > 0 && !j->options->is_report_only ? 1
                 : o.is_unjudged                            ? 3
                                                            : 0;
    row_put(j->results, j->policy,
            o.is_missing    ? NJ_SLICE("error")
            : o.red > 0     ? NJ_SLICE("fail")
            : o.is_unjudged ? NJ_SLICE("error")
            : o.is_learning ? NJ_SLICE("learning")
                            : NJ_SLICE("pass"),
            (struct nj_slice){s.text, s.len}, *exit_code);
    nj_table_put_int(nj_results_table(j->results, NJ_TABLE_verdict), 0,
                     NJ_COL_verdict_baseline_nights, (int64_t)o.nights);
}

void
nj_judge_nothing(struct nj_results *results, const struct nj_policy *policy,
                 struct nj_slice why)
{
    static const enum nj_table_id tables[] = {NJ_TABLE_checks, NJ_TABLE_verdict,
                                              NJ_TABLE_remarks};
    const struct nj_policy none = {.path = NJ_SLICE("default"), .min_nights = 0};

    for (size_t i = 0; i < NJ_LEN(tables); i++)
        nj_table_clear(nj_results_table(results, tables[i]));
    row_put(results, policy ? policy : &none, NJ_SLICE("error"), why, 3);
}
