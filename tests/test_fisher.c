/* test_fisher.c - the exact test against counting all splits, and false discoveries against the
 * definition. */
#include "tests/test.h"

#include "base/fisher.h"

#include <math.h>

#define assert_close(got, want)                                                                \
    do {                                                                                       \
        double got_ = (got), want_ = (want);                                                   \
        if (!(fabs(got_ - want_) <= 1e-9 * fmax(fabs(want_), 1e-290)))                         \
            fail_msg("got %.17g, want %.17g", got_, want_);                                    \
    } while (0)

static double
choose(uint64_t n, uint64_t k)
{
    double c = 1;

    for (uint64_t i = 0; i < k; i++)
        c = c * (double)(n - i) / (double)(i + 1);
    return k > n ? 0 : c;
}

/* P(at least now.k) by adding up the ways. */
static double
slow_more(struct nj_count before, struct nj_count now)
{
    uint64_t all = before.k + now.k;
    double ways = 0;

    for (uint64_t x = now.k; x <= all && x <= now.n; x++)
        ways += choose(now.n, x) * choose(before.n, all - x);
    return ways / choose(before.n + now.n, all);
}

/* The lady who told all four cups of eight (Fisher 1935), and three of them. */
static void
equals_published_values(void **state)
{
    (void)state;
    assert_close(nj_fisher_more((struct nj_count){0, 4}, (struct nj_count){4, 4}), 1 / 70.0);
    assert_close(nj_fisher_more((struct nj_count){1, 4}, (struct nj_count){3, 4}), 17 / 70.0);
    assert_close(nj_fisher_more((struct nj_count){0, 9}, (struct nj_count){0, 5}), 1);
    assert_close(nj_fisher_more((struct nj_count){9, 9}, (struct nj_count){5, 5}), 1);
}

static void
equals_counting_all_splits(void **state)
{
    uint64_t seed = 3;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        struct nj_count before, now;
        before.n = test_random(&seed) % 30;
        now.n = test_random(&seed) % 30 + 1;
        before.k = test_random(&seed) % (before.n + 1);
        now.k = test_random(&seed) % (now.n + 1);
        assert_close(nj_fisher_more(before, now), slow_more(before, now));
        assert_true(nj_fisher_least(before, now) <= nj_fisher_more(before, now) * (1 + 1e-9));
    }
}

/* At least k here, or more than all - k there: one of the two is the case. */
static void
tails_of_large_counts_add_up(void **state)
{
    (void)state;
    for (uint64_t k = 49000; k <= 51000; k += 50) {
        struct nj_count before = {100000 - k, 40000000}, now = {k, 40000000};
        struct nj_count fewer = {k - 1, 40000000}, rest = {100001 - k, 40000000};
        double up = nj_fisher_more(before, now), down = nj_fisher_more(fewer, rest);
        assert_true(fabs(up + down - 1) < 1e-6);
    }
}

/* Benjamini and Hochberg's step up by its words: the largest i with p(i) <= i / m rate. */
static void
rejects_by_the_definition(void **state)
{
    uint64_t seed = 11;

    (void)state;
    for (int round = 0; round < 500; round++) {
        struct nj_hypothesis family[40];
        struct nj_error err = {0};
        size_t len = test_random(&seed) % 40 + 1, rejected = 0;
        for (size_t i = 0; i < len; i++) {
            double u = (double)(test_random(&seed) % 1000000 + 1) / 1e6;
            family[i] = (struct nj_hypothesis){.p = u * u * u};
        }
        assert_int_equal(nj_discoveries_find(family, len, 0.05, &err), NJ_OK);
        for (size_t k = len; k > 0 && rejected == 0; k--) {
            size_t below = 0;
            for (size_t i = 0; i < len; i++)
                below += family[i].p <= (double)k / (double)len * 0.05;
            if (below >= k)
                rejected = below;
        }
        for (size_t i = 0; i < len; i++) {
            size_t smaller = 0;
            for (size_t j = 0; j < len; j++)
                smaller += family[j].p < family[i].p;
            assert_true(family[i].is_testable);
            assert_int_equal(family[i].is_rejected, smaller < rejected);
        }
    }
}

/* 1 000 things that happened once cannot be told from chance and do not hide the frequent one.
 */
static void
rare_things_do_not_hide_a_frequent_one(void **state)
{
    struct nj_hypothesis family[1001];
    struct nj_error err = {0};

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        family[i] = (struct nj_hypothesis){.p = 0.5, .p_least = 0.5};
    family[1000] = (struct nj_hypothesis){.p = 0.001, .p_least = 1e-9};
    assert_int_equal(nj_discoveries_find(family, 1001, 0.01, &err), NJ_OK);
    assert_true(family[1000].is_rejected && !family[0].is_testable);
    assert_close(family[1000].q, 0.001);
    assert_int_equal(nj_discoveries_find(family, 0, 0.01, &err), NJ_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_published_values),
        cmocka_unit_test(equals_counting_all_splits),
        cmocka_unit_test(tails_of_large_counts_add_up),
        cmocka_unit_test(rejects_by_the_definition),
        cmocka_unit_test(rare_things_do_not_hide_a_frequent_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
