/* test_special.c - gamma, beta, normal, t and chi-squared functions against published values,
 * closed forms and each other. */
#include "tests/test.h"

#include "base/special.h"

#include <math.h>

#define assert_close(got, want, tolerance)                                                     \
    do {                                                                                       \
        double got_ = (got), want_ = (want);                                                   \
        if (!(fabs(got_ - want_) <= (tolerance)*fmax(fabs(want_), 1e-300)))                    \
            fail_msg("got %.17g, want %.17g", got_, want_);                                    \
    } while (0)

static void
equals_published_values(void **state)
{
    (void)state;
    assert_close(nj_log_gamma(0.5), 0.57236494292470008707, 1e-13);
    assert_close(nj_log_gamma(10), 12.801827480081469611, 1e-14);
    assert_close(nj_log_gamma(100.5), 361.435540467777621555, 1e-14);
    assert_close(nj_normal_quantile(0.975), 1.959963984540054235, 1e-14);
    assert_close(nj_normal_quantile(0.95), 1.644853626951472715, 1e-14);
    assert_close(nj_normal_quantile(1e-10), -6.361340902404056205, 1e-13);
    assert_close(nj_t_quantile(0.975, 1), 12.70620473617470465, 1e-12);
    assert_close(nj_t_quantile(0.975, 2), 4.302652729749463852, 1e-12);
    assert_close(nj_t_quantile(0.975, 5), 2.570581835636315515, 1e-12);
    assert_close(nj_t_quantile(0.975, 30), 2.042272456301238310, 1e-12);
    assert_close(nj_t_quantile(0.95, 10), 1.812461122811676414, 1e-12);
    assert_close(nj_chi2_quantile(0.95, 1), 3.841458820694125958, 1e-12);
    assert_close(nj_chi2_quantile(0.975, 10), 20.48317735080739655, 1e-12);
    assert_close(nj_chi2_quantile(0.025, 4), 0.4844185570879298058, 1e-12);
    assert_close(nj_beta_quantile(0.5, 2, 3), 0.3857275681323895483, 1e-12);
}

static void
equals_closed_forms(void **state)
{
    (void)state;
    for (double x = 0.01; x < 1; x += 0.07) {
        assert_close(nj_beta_lower(x, 1, 7), -expm1(7 * log1p(-x)), 1e-12);
        assert_close(nj_beta_lower(x, 3.5, 1), pow(x, 3.5), 1e-12);
        assert_close(nj_beta_lower(x, 2, 2), x * x * (3 - 2 * x), 1e-12);
        assert_close(nj_beta_quantile(x, 1, 40), -expm1(log1p(-x) / 40), 1e-12);
        assert_close(nj_gamma_quantile(x, 1), -log1p(-x), 1e-12);
        assert_close(nj_t_quantile(0.5 + x / 2, 1), tan(acos(-1) * x / 2), 1e-11);
        assert_close(nj_t_quantile(0.5 + x / 2, 2), x * sqrt(2 / (1 - x * x)), 1e-11);
    }
    for (double x = 0.1; x < 30; x *= 1.7) {
        assert_close(nj_gamma_lower(0.5, x), erf(sqrt(x)), 1e-12);
        assert_close(nj_gamma_upper(1, x), exp(-x), 1e-12);
        assert_close(nj_gamma_upper(3, x), exp(-x) * (1 + x + x * x / 2), 1e-12);
    }
}

static void
quantiles_undo_distributions(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (int i = 0; i < 400; i++) {
        double a = exp((double)(test_random(&seed) % 1600) / 100 - 3);
        double b = exp((double)(test_random(&seed) % 1600) / 100 - 3);
        double p = (0.5 + (double)(test_random(&seed) % 1000)) / 1000;
        assert_close(nj_gamma_lower(a, nj_gamma_quantile(p, a)), p, 1e-9);
        double x = nj_beta_quantile(p, a, b);
        if (x > 1e-300 && x < 1 - 1e-6)
            assert_close(nj_beta_lower(x, a, b), p, 1e-9);
        double z = nj_normal_quantile(p);
        assert_close(nj_normal_cdf(z), p, 1e-13);
    }
}

static void
tails_add_up_to_one_and_large_shapes_are_normal(void **state)
{
    (void)state;
    for (double a = 0.2; a < 1e7; a *= 7)
        for (int z = -3; z <= 3; z++) {
            double x = fmax(0, a + z * sqrt(a));
            assert_close(nj_gamma_lower(a, x) + nj_gamma_upper(a, x), 1, 1e-12);
        }
    double below = nj_gamma_quantile(0.975, 9.9e6), above = nj_gamma_quantile(0.975, 1.01e7);
    assert_close((below - 9.9e6) / sqrt(9.9e6), 1.96026499213291802, 1e-10);
    assert_close((above - 1.01e7) / sqrt(1.01e7), 1.96026199712914480, 1e-10);
    assert_close(nj_gamma_quantile(0.3, 1e7 * (1 - 1e-12)),
                 nj_gamma_quantile(0.3, 1e7 * (1 + 1e-12)), 1e-11);
}

static void
refuses_arguments_outside_the_domain(void **state)
{
    (void)state;
    assert_true(isnan(nj_log_gamma(0)));
    assert_true(isnan(nj_gamma_lower(-1, 1)));
    assert_true(isnan(nj_gamma_quantile(1.1, 1)));
    assert_true(isnan(nj_beta_lower(2, 1, 1)));
    assert_true(isnan(nj_t_quantile(0.9, 0)));
    assert_true(nj_gamma_quantile(0, 2) == 0 && isinf(nj_gamma_quantile(1, 2)));
    assert_true(nj_normal_quantile(0.5) == 0 && nj_t_quantile(0.5, 3) == 0);
}

static void
kolmogorov_gives_the_usual_critical_values(void **state)
{
    (void)state;
    /* 1.358 / sqrt(n) is the 5 % point for large n, 0.2428 the exact one for n = 30 */
    assert_true(fabs(nj_kolmogorov_upper(1.3581 / sqrt(1e8), 1e8) - 0.05) < 1e-4);
    assert_true(fabs(nj_kolmogorov_upper(0.2417, 30) - 0.05) < 2e-3);
    assert_true(nj_kolmogorov_upper(0, 10) == 1 && nj_kolmogorov_upper(1, 1000) < 1e-100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_published_values),
        cmocka_unit_test(equals_closed_forms),
        cmocka_unit_test(quantiles_undo_distributions),
        cmocka_unit_test(tails_add_up_to_one_and_large_shapes_are_normal),
        cmocka_unit_test(refuses_arguments_outside_the_domain),
        cmocka_unit_test(kolmogorov_gives_the_usual_critical_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
