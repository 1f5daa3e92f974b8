/* test_estimate.c - totals, means, shares and their variances against sums done by hand and a
 * slow definition. */
#include "tests/test.h"

#include "base/estimate.h"
#include "base/special.h"

#include <math.h>

#define assert_close(got, want)                                                                \
    do {                                                                                       \
        double got_ = (got), want_ = (want);                                                   \
        if (!(fabs(got_ - want_) <= 1e-12 * fmax(1, fabs(want_))))                             \
            fail_msg("got %.17g, want %.17g", got_, want_);                                    \
    } while (0)

static struct nj_term
term(uint64_t cluster, double weight, double x, double y)
{
    return (struct nj_term){nj_carrier_of(cluster, weight, true), x, y};
}

/* Weights 1, 2, 2 and values 4, 1, 3: W = 5, mean 12/5, deviations w (y - mean) / W = 0.32,
 * -0.56, 0.24 with squares 0.1024, 0.3136, 0.0576. */
static void
equals_sums_done_by_hand(void **state)
{
    struct nj_term terms[] = {term(3, 2, 1, 1), term(1, 1, 1, 4), term(2, 2, 1, 3)};
    double t = nj_t_quantile(0.975, 2);

    (void)state;
    nj_terms_sort(terms, 3);
    struct nj_design design = nj_data_design(nj_data_of_terms(terms, 3));
    assert_true(design.units == 3 && design.weight == 5);
    assert_close(design.kish, 25.0 / 9);
    struct nj_estimate mean = nj_data_ratio(nj_data_of_terms(terms, 3), NJ_SPREAD_PROCESS);
    assert_close(mean.est, 2.4);
    assert_close(mean.se, sqrt(0.4736 * 3 / 2));
    assert_close(mean.hi - mean.lo, 2 * t * mean.se);
    assert_close(nj_data_ratio(nj_data_of_terms(terms, 3), NJ_SPREAD_FINITE).se,
                 sqrt((0.3136 + 0.0576) / 2));
    /* total: weighted values 4, 2, 6 around their mean 4 */
    assert_close(nj_data_total(nj_data_of_terms(terms, 3), NJ_SPREAD_PROCESS).est, 12);
    assert_close(nj_data_total(nj_data_of_terms(terms, 3), NJ_SPREAD_PROCESS).se,
                 sqrt(8.0 * 3 / 2));
    assert_close(nj_data_total(nj_data_of_terms(terms, 3), NJ_SPREAD_FINITE).se,
                 sqrt((4.0 + 36) / 2));
    /* plain minus weighted: 8/3 - 12/5, deviations 28/225, 1/225, -29/225 */
    struct nj_estimate bias = nj_data_bias(nj_data_of_terms(terms, 3), NJ_SPREAD_PROCESS);
    assert_close(bias.est, 8.0 / 3 - 2.4);
    assert_close(bias.se, sqrt((28.0 * 28 + 1 + 29 * 29) / (225.0 * 225) * 3 / 2));
}

/* 12 traces kept at 1 in 4, 3 with an error: the beta interval is the exact binomial one of 3
 * of 12, but for the lost degree of freedom, which makes 11 observations of 12. */
static void
share_is_the_exact_binomial_interval_where_weights_are_equal(void **state)
{
    struct nj_term terms[12];
    double n_eff;

    (void)state;
    for (uint64_t i = 0; i < 12; i++)
        terms[i] = term(i, 4, 1, i < 3);
    struct nj_estimate share =
        nj_data_share(nj_data_of_terms(terms, 12), NJ_SPREAD_PROCESS, &n_eff);
    assert_close(share.est, 0.25);
    assert_close(n_eff, 11);
    assert_close(share.lo, nj_beta_quantile(0.025, 2.75, 9.25));
    assert_close(share.hi, nj_beta_quantile(0.975, 3.75, 8.25));
    for (uint64_t i = 0; i < 12; i++)
        terms[i] = term(i, 4, 1, 0);
    share = nj_data_share(nj_data_of_terms(terms, 12), NJ_SPREAD_FINITE, &n_eff);
    assert_true(share.est == 0 && share.lo == 0);
    assert_close(share.hi, 1 - pow(0.025, 1.0 / 12));
    assert_close(n_eff, 12);
}

/* 30 traces kept for certain, 20 kept at 1 in 20. Five of the first have an error: among 400
 * that the others stand for there may be one as well, unless all 30 have one, for which they
 * were kept. */
static void
events_seen_in_light_units_only_say_little_of_heavy_ones(void **state)
{
    struct nj_term terms[50];

    (void)state;
    for (int spread = 0; spread < 2; spread++) {
        for (uint64_t i = 0; i < 50; i++)
            terms[i] = term(i, i < 30 ? 1 : 20, 1, i < 5);
        struct nj_data data = nj_data_of_terms(terms, 50);
        struct nj_estimate plain = nj_data_share_textbook(data, (enum nj_spread)spread, NULL);
        struct nj_estimate share = nj_data_share(data, (enum nj_spread)spread, NULL);
        double se = nj_data_ratio(data, (enum nj_spread)spread).se * 430;
        double y = 5 + 20, v = se * se + 400;
        assert_close(share.hi, v / (2 * y) * nj_chi2_quantile(0.975, 2 * y * y / v) / 430);
        assert_true(share.hi > 2 * plain.hi && share.est == plain.est);
        assert_true(share.lo <= plain.lo);
        for (uint64_t i = 5; i < 30; i++)
            terms[i].y = 1;
        plain = nj_data_share_textbook(data, (enum nj_spread)spread, NULL);
        share = nj_data_share(data, (enum nj_spread)spread, NULL);
        assert_close(share.hi, plain.hi);
    }
}

/* Hall's limits solve T + g T^2 / 3 + g^2 T^3 / 27 + g / 6 = -+t for T = (est - limit) / se. */
static void
limits_of_a_skewed_estimate_reach_further_to_the_long_side(void **state)
{
    const struct nj_estimate e = {10, 8, 12, 1};
    const double g = 0.3 * (1 + 20.0 / 30), t = nj_t_quantile(0.975, 29);

    (void)state;
    struct nj_estimate skewed = nj_estimate_skewed(e, 0.3, 30);
    double reach = e.est - skewed.hi;
    assert_close(reach + g * reach * reach / 3 + g * g * pow(reach, 3) / 27 + g / 6, -t);
    assert_close(skewed.lo, e.est - t); /* never nearer than without skewness */
    struct nj_estimate mirrored = nj_estimate_skewed(e, -0.3, 30);
    assert_close(mirrored.lo - e.est, e.est - skewed.hi);
    assert_close(nj_estimate_skewed(e, 0, 30).hi, e.est + t);
    assert_close(nj_estimate_skewed(e, (double)NAN, 30).hi, e.hi);
}

static void
limits_end_where_the_number_does(void **state)
{
    const struct nj_estimate wide = {0.4, -0.1, 1.2, 0.3}, none = {0.4, NAN, NAN, NAN};
    struct nj_estimate share = nj_estimate_within(wide, 0, 1);
    struct nj_estimate time = nj_estimate_within(wide, 0, INFINITY);

    (void)state;
    assert_true(share.est == 0.4 && share.lo == 0 && share.hi == 1 && share.se == 0.3);
    assert_true(time.lo == 0 && time.hi == 1.2);
    assert_true(isnan(nj_estimate_within(none, 0, 1).lo));
    assert_true(isnan(nj_estimate_within(none, 0, 1).hi));
}

static void
what_was_kept_for_certain_has_no_finite_spread(void **state)
{
    struct nj_term terms[] = {term(1, 1, 2, 4), term(2, 1, 1, 1), term(3, 1, 1, 0)};

    (void)state;
    assert_true(nj_data_design(nj_data_of_terms(terms, 3)).is_census);
    assert_close(nj_data_ratio(nj_data_of_terms(terms, 3), NJ_SPREAD_FINITE).se, 0);
    assert_true(nj_data_ratio(nj_data_of_terms(terms, 3), NJ_SPREAD_PROCESS).se > 0.1);
    for (size_t i = 0; i < 3; i++)
        terms[i].carrier.rest = 1; /* the rate is not known: nothing is certain */
    assert_close(nj_data_ratio(nj_data_of_terms(terms, 3), NJ_SPREAD_FINITE).se,
                 nj_data_ratio(nj_data_of_terms(terms, 3), NJ_SPREAD_PROCESS).se);
}

static void
too_little_data_gives_no_limits(void **state)
{
    struct nj_term one = term(1, 3, 1, 5), zero = term(1, 0, 1, 5);

    (void)state;
    assert_close(nj_data_ratio(nj_data_of_terms(&one, 1), NJ_SPREAD_PROCESS).est, 5);
    assert_true(isnan(nj_data_ratio(nj_data_of_terms(&one, 1), NJ_SPREAD_PROCESS).hi));
    assert_true(isnan(nj_data_ratio(nj_data_of_terms(&one, 0), NJ_SPREAD_PROCESS).est));
    assert_true(isnan(nj_data_ratio(nj_data_of_terms(&zero, 1), NJ_SPREAD_PROCESS).est));
    assert_true(isnan(nj_data_share(nj_data_of_terms(&zero, 1), NJ_SPREAD_PROCESS, NULL).est));
    assert_close(nj_data_plain(nj_data_of_terms(&zero, 1)), 5);
    assert_true(isnan(nj_wilson(0, 0).est));
}

static void
traces_of_one_cluster_count_as_one_unit(void **state)
{
    /* two traces each of the same decision, against the same sums as one term each */
    struct nj_term pairs[] = {term(1, 10, 1, 2), term(1, 10, 1, 4), term(2, 1, 1, 1),
                              term(2, 1, 1, 1),  term(3, 10, 1, 0), term(3, 10, 1, 9)};
    struct nj_term sums[] = {term(1, 10, 2, 6), term(2, 1, 2, 2), term(3, 10, 2, 9)};

    (void)state;
    nj_terms_sort(pairs, 6);
    for (int spread = NJ_SPREAD_FINITE; spread <= NJ_SPREAD_PROCESS; spread++) {
        struct nj_estimate a =
            nj_data_ratio(nj_data_of_terms(pairs, 6), (enum nj_spread)spread);
        struct nj_estimate b = nj_data_ratio(nj_data_of_terms(sums, 3), (enum nj_spread)spread);
        assert_close(a.est, b.est);
        assert_close(a.se, b.se);
        assert_close(a.lo, b.lo);
    }
    assert_int_equal(nj_data_design(nj_data_of_terms(pairs, 6)).units, 3);
}

/* Of the terms, all of one x and weight in one stratum. */
static size_t
strata_of(const struct nj_term *terms, size_t len, struct nj_stratum *out)
{
    size_t strata = 0;

    for (size_t i = 0; i < len; i++) {
        const struct nj_term *t = &terms[i];
        size_t k = 0;
        while (k < strata && out[k].weight != t->carrier.weight)
            k++;
        if (k == strata)
            out[strata++] = (struct nj_stratum){
                t->carrier.weight, t->carrier.rest, 0, 0, 0, 0, 0, 0, {0, 0}};
        out[k].units++;
        out[k].x += t->x;
        out[k].y += t->y;
        out[k].xx += t->x * t->x;
        out[k].xy += t->x * t->y;
        out[k].yy += t->y * t->y;
    }
    return strata;
}

static void
assert_same_estimate(struct nj_estimate a, struct nj_estimate b)
{
    assert_close(a.est, b.est);
    assert_true(fabs(a.lo - b.lo) < 1e-9 && fabs(a.hi - b.hi) < 1e-9);
    assert_true(fabs(a.se - b.se) < 1e-9);
}

static void
strata_give_what_their_terms_give(void **state)
{
    enum { LEN = 60 };
    struct nj_stratum strata[LEN];
    struct nj_term terms[LEN];
    uint64_t seed = 9;

    (void)state;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < LEN; i++) {
            double x = 1 + (double)(test_random(&seed) % 5);
            terms[i] = term(i, (double)(test_random(&seed) % 4) * 2.5, x,
                            (double)(test_random(&seed) % 3) * x / 2);
        }
        struct nj_data a = nj_data_of_terms(terms, LEN);
        struct nj_data b = nj_data_of_strata(strata, strata_of(terms, LEN, strata));
        for (int k = 0; k < 2; k++) {
            enum nj_spread spread = k ? NJ_SPREAD_PROCESS : NJ_SPREAD_FINITE;
            assert_same_estimate(nj_data_ratio(a, spread), nj_data_ratio(b, spread));
            assert_same_estimate(nj_data_share(a, spread, NULL),
                                 nj_data_share(b, spread, NULL));
            assert_same_estimate(nj_data_total(a, spread), nj_data_total(b, spread));
            assert_same_estimate(nj_data_bias(a, spread), nj_data_bias(b, spread));
        }
        assert_close(nj_data_plain(a), nj_data_plain(b));
        assert_close(nj_data_design(a).kish, nj_data_design(b).kish);
    }
}

static void
does_not_depend_on_the_order_of_terms(void **state)
{
    enum { LEN = 50 };
    struct nj_term terms[LEN];
    uint64_t seed = 2;
    double n_eff[2];

    (void)state;
    for (size_t i = 0; i < LEN; i++)
        terms[i] = term(test_random(&seed) % 30, 1 + (double)(test_random(&seed) % 7) / 3,
                        (double)(test_random(&seed) % 5), (double)(test_random(&seed) % 3));
    nj_terms_sort(terms, LEN);
    struct nj_estimate a =
        nj_data_share(nj_data_of_terms(terms, LEN), NJ_SPREAD_FINITE, &n_eff[0]);
    for (size_t i = LEN; i > 1; i--) {
        size_t j = test_random(&seed) % i;
        struct nj_term swap = terms[i - 1];
        terms[i - 1] = terms[j];
        terms[j] = swap;
    }
    nj_terms_sort(terms, LEN);
    struct nj_estimate b =
        nj_data_share(nj_data_of_terms(terms, LEN), NJ_SPREAD_FINITE, &n_eff[1]);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(n_eff[0] == n_eff[1]);
}

/* Newcombe (1998), table I: 81 of 263 and 15 of 148. */
static void
wilson_equals_a_published_table(void **state)
{
    (void)state;
    assert_true(fabs(nj_wilson(81, 263).lo - 0.2553) < 5e-5);
    assert_true(fabs(nj_wilson(81, 263).hi - 0.3662) < 5e-5);
    assert_true(fabs(nj_wilson(15, 148).lo - 0.0624) < 5e-5);
    assert_true(fabs(nj_wilson(15, 148).hi - 0.1605) < 5e-5);
    assert_true(nj_wilson(0, 20).lo == 0 && fabs(nj_wilson(0, 20).hi - 0.1611) < 5e-5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_sums_done_by_hand),
        cmocka_unit_test(share_is_the_exact_binomial_interval_where_weights_are_equal),
        cmocka_unit_test(events_seen_in_light_units_only_say_little_of_heavy_ones),
        cmocka_unit_test(limits_of_a_skewed_estimate_reach_further_to_the_long_side),
        cmocka_unit_test(limits_end_where_the_number_does),
        cmocka_unit_test(what_was_kept_for_certain_has_no_finite_spread),
        cmocka_unit_test(too_little_data_gives_no_limits),
        cmocka_unit_test(traces_of_one_cluster_count_as_one_unit),
        cmocka_unit_test(strata_give_what_their_terms_give),
        cmocka_unit_test(does_not_depend_on_the_order_of_terms),
        cmocka_unit_test(wilson_equals_a_published_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
