/* test_chains.c - which kinds of errors are new, gone, more or less frequent. */
#include "tests/test.h"

#include "base/fisher.h"
#include "gates/chains.h"

#include <math.h>
#include <stdio.h>

struct kind {
    const char *level, *key;
    int64_t traces;
    double weight; /* of each */
};

/* Results with so many traces, those without errors of weight `weight`, and these kinds. */
static struct nj_results *
results_of(int64_t traces, double weight, const struct kind *kinds, size_t len)
{
    struct nj_results *results = nj_results_new();
    struct nj_table *summary = nj_results_table(results, NJ_TABLE_errors_summary);
    struct nj_table *keys = nj_results_table(results, NJ_TABLE_error_keys);
    double sum = (double)traces * weight, squares = (double)traces * weight * weight;

    for (size_t i = 0; i < len; i++) {
        double n = (double)kinds[i].traces, w = kinds[i].weight;
        size_t row = nj_table_add(keys);
        nj_table_put_text(keys, row, NJ_COL_error_keys_level, nj_slice_of(kinds[i].level));
        nj_table_put_text(keys, row, NJ_COL_error_keys_key, nj_slice_of(kinds[i].key));
        nj_table_put_int(keys, row, NJ_COL_error_keys_traces, kinds[i].traces);
        nj_table_put_real(keys, row, NJ_COL_error_keys_weight, n * w);
        nj_table_put_real(keys, row, NJ_COL_error_keys_weight_sq, n * w * w);
        sum += n * (w - weight);
        squares += n * (w * w - weight * weight);
    }
    nj_table_add(summary);
    nj_table_put_int(summary, 0, NJ_COL_errors_summary_traces, traces);
    nj_table_put_real(summary, 0, NJ_COL_errors_summary_weight, sum);
    nj_table_put_real(summary, 0, NJ_COL_errors_summary_weight_sq, squares);
    return results;
}

static struct nj_chain_counts
compare(struct nj_results *before, struct nj_results *now)
{
    const struct nj_results *nights[] = {before};
    struct nj_chain_counts counts;
    struct nj_error err = {0};

    assert_int_equal(nj_chains_compare(now, nights, 1, NJ_CHAINS_RATE, &counts, &err), NJ_OK);
    return counts;
}

/* Table error_changes as text, a row a line. */
static void
assert_changes(const struct nj_results *now, const char *want)
{
    const struct nj_table *t = nj_results_view(now, NJ_TABLE_error_changes);
    char got[1024];
    size_t len = 0;

    got[0] = '\0';
    for (size_t r = 0; r < nj_table_len(t) && len < sizeof got; r++)
        len +=
            (size_t)snprintf(got + len, sizeof got - len, "%s %s %s %lld>%lld\n",
                             nj_table_text(t, r, NJ_COL_error_changes_level).ptr,
                             nj_table_text(t, r, NJ_COL_error_changes_key).ptr,
                             nj_table_text(t, r, NJ_COL_error_changes_change).ptr,
                             (long long)nj_table_int(t, r, NJ_COL_error_changes_traces_before),
                             (long long)nj_table_int(t, r, NJ_COL_error_changes_traces_now));
    assert_string_equal(got, want);
}

static void
tells_new_gone_more_less_and_too_rare(void **state)
{
    const struct kind first[] = {{"origin", "gone|x", 30, 1},
                                 {"origin", "less|x", 90, 1},
                                 {"origin", "more|x", 30, 1},
                                 {"origin", "same|x", 50, 1},
                                 {"chain", "c|gone", 30, 1}};
    const struct kind second[] = {{"origin", "more|x", 90, 1}, {"origin", "less|x", 30, 1},
                                  {"origin", "same|x", 58, 1}, {"origin", "new|x", 30, 1},
                                  {"origin", "once|x", 1, 1},  {"site", "a|o|new|x", 30, 1}};
    struct nj_results *before = results_of(1000, 1, first, NJ_LEN(first));
    struct nj_results *now = results_of(1000, 1, second, NJ_LEN(second));
    struct nj_chain_counts counts = compare(before, now);
    const struct nj_table *t = nj_results_view(now, NJ_TABLE_error_changes);

    (void)state;
    assert_changes(now, "origin new|x new 0>30\n"
                        "origin more|x more 30>90\n"
                        "origin gone|x gone 30>0\n"
                        "origin less|x less 90>30\n"
                        "origin once|x rare 0>1\n"
                        "site a|o|new|x new 0>30\n"
                        "chain c|gone gone 30>0\n");
    assert_int_equal(counts.worse, 2);
    assert_int_equal(counts.worse_all, 3);
    assert_int_equal(counts.better_all, 3);
    assert_int_equal(counts.rare, 1);
    assert_true(nj_table_real(t, 0, NJ_COL_error_changes_p) ==
                nj_fisher_more((struct nj_count){0, 1000}, (struct nj_count){30, 1000}));
    assert_true(nj_table_is_null(t, 4, NJ_COL_error_changes_q));
    (void)compare(before, now);
    assert_int_equal(nj_table_len(t), 7); /* filled anew, not twice */
    nj_results_free(before);
    nj_results_free(now);
}

static void
shows_a_trace_with_what_is_new(void **state)
{
    const struct kind kinds[] = {{"origin", "T|m", 40, 1}, {"site", "a|o|T|m", 40, 1}};
    struct nj_results *before = results_of(500, 1, NULL, 0);
    struct nj_results *now = results_of(500, 1, kinds, NJ_LEN(kinds));
    struct nj_table *chains = nj_results_table(now, NJ_TABLE_error_chains);
    const struct nj_table *t = nj_results_view(now, NJ_TABLE_error_changes);

    (void)state;
    for (int i = 0; i < 2; i++) {
        size_t row = nj_table_add(chains);
        nj_table_put_text(chains, row, NJ_COL_error_chains_origin_key, NJ_SLICE("T|m"));
        nj_table_put_text(chains, row, NJ_COL_error_chains_fingerprint,
                          i ? NJ_SLICE("a|o|T|m") : NJ_SLICE("b|o|T|m"));
        nj_table_put_text(chains, row, NJ_COL_error_chains_exemplar,
                          i ? NJ_SLICE("22") : NJ_SLICE("11"));
    }
    (void)compare(before, now);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_error_changes_exemplar), "11");
    assert_slice_equal(nj_table_text(t, 1, NJ_COL_error_changes_exemplar), "22");
    nj_results_free(before);
    nj_results_free(now);
}

/* Ten traces of weight 50 are no more evidence than ten traces. */
static void
weights_do_not_make_evidence(void **state)
{
    const struct kind heavy[] = {{"origin", "T|m", 4, 50}}, plain[] = {{"origin", "T|m", 4, 1}};
    struct nj_results *before = results_of(20, 50, NULL, 0);
    struct nj_results *now = results_of(20, 50, heavy, 1);
    struct nj_results *plain_before = results_of(20, 1, NULL, 0);
    struct nj_results *plain_now = results_of(20, 1, plain, 1);

    (void)state;
    assert_int_equal(compare(before, now).worse, 0);
    assert_int_equal(compare(plain_before, plain_now).worse, 0);
    nj_results_free(before);
    nj_results_free(now);
    nj_results_free(plain_before);
    nj_results_free(plain_now);
}

/* Sampling that keeps all errors and one in twenty of the rest: that an error was not among
 * 1 000 traces tells as much as if all had been kept, because it would have been. */
static void
what_would_have_been_kept_was_not_there(void **state)
{
    const struct kind first[] = {{"origin", "other|m", 20, 1}};
    const struct kind second[] = {{"origin", "other|m", 21, 1}, {"origin", "T|m", 12, 1}};
    struct nj_results *before = results_of(70, 20, first, 1);
    struct nj_results *now = results_of(83, 20, second, 2);

    (void)state;
    assert_int_equal(compare(before, now).worse, 1);
    assert_changes(now, "origin T|m new 0>12\n");
    nj_results_free(before);
    nj_results_free(now);
}

static void
nights_count_as_one_sample(void **state)
{
    const struct kind few[] = {{"origin", "T|m", 3, 1}}, many[] = {{"origin", "T|m", 30, 1}};
    struct nj_results *nights[] = {results_of(300, 1, few, 1), results_of(400, 1, NULL, 0),
                                   results_of(300, 1, few, 1)};
    struct nj_results *now = results_of(1000, 1, many, 1);
    struct nj_chain_counts counts;
    struct nj_error err = {0};

    (void)state;
    assert_int_equal(nj_chains_compare(now, (const struct nj_results *const *)nights, 3,
                                       NJ_CHAINS_RATE, &counts, &err),
                     NJ_OK);
    assert_changes(now, "origin T|m more 6>30\n");
    for (size_t i = 0; i < 3; i++)
        nj_results_free(nights[i]);
    nj_results_free(now);
}

static void
nothing_changed_where_nothing_was_seen(void **state)
{
    const struct kind kinds[] = {{"origin", "T|m", 400, 1}};
    struct nj_results *empty = nj_results_new(), *now = results_of(500, 1, kinds, 1);
    struct nj_chain_counts counts;
    struct nj_error err = {0};

    (void)state;
    assert_int_equal(compare(empty, now).worse_all, 0);
    assert_int_equal(compare(now, empty).better_all, 0);
    assert_int_equal(nj_chains_compare(now, NULL, 0, NJ_CHAINS_RATE, &counts, &err), NJ_OK);
    assert_changes(now, "");
    nj_results_free(empty);
    nj_results_free(now);
}

/* 60 kinds of errors with the same frequency on both sides, 400 times: hardly ever is anything
 * called new or more frequent. */
static void
hardly_ever_calls_chance_a_change(void **state)
{
    uint64_t seed = 5;
    size_t alarms = 0;

    (void)state;
    for (int round = 0; round < 400; round++) {
        struct kind kinds[2][60];
        char names[60][16];
        struct nj_results *sides[2];
        for (size_t i = 0; i < 60; i++) {
            (void)snprintf(names[i], sizeof names[i], "T%zu|m", i);
            for (int side = 0; side < 2; side++) {
                int64_t hits = 0;
                for (int t = 0; t < 300; t++)
                    hits += test_random(&seed) % 1000 < 1 + i * 2;
                kinds[side][i] = (struct kind){"origin", names[i], hits, 1};
            }
        }
        for (int side = 0; side < 2; side++)
            sides[side] = results_of(300, 1, kinds[side], 60);
        alarms += compare(sides[0], sides[1]).worse > 0;
        nj_results_free(sides[0]);
        nj_results_free(sides[1]);
    }
    assert_true(alarms <= 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_new_gone_more_less_and_too_rare),
        cmocka_unit_test(shows_a_trace_with_what_is_new),
        cmocka_unit_test(weights_do_not_make_evidence),
        cmocka_unit_test(what_would_have_been_kept_was_not_there),
        cmocka_unit_test(nights_count_as_one_sample),
        cmocka_unit_test(nothing_changed_where_nothing_was_seen),
        cmocka_unit_test(hardly_ever_calls_chance_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
