/* test_bias.c - bias of plain quantiles, and bounds under weights known within limits. */
#include "tests/test.h"

#include "base/bias.h"

#include <math.h>

enum { ROWS = 300 };
static const double ps[] = {0.5, 0.95};

struct data {
    size_t len;
    struct nj_carrier carriers[ROWS];
    struct nj_keyed items[ROWS];
};

/* Large values were kept more often. */
static void
data_fill(struct data *data, bool is_sampled, uint64_t *seed)
{
    data->len = ROWS;
    for (uint32_t i = 0; i < ROWS; i++) {
        int64_t value = (int64_t)(test_random(seed) % 100000);
        double weight = is_sampled && value < 70000 ? 10 : 1;
        data->carriers[i] = nj_carrier_of(test_random(seed), weight, true);
        data->items[i] = (struct nj_keyed){nj_key_of_int(value), i, 0};
    }
}

static void
bias_of(struct data *data, enum nj_spread spread, struct nj_estimate out[2],
        struct nj_arena *arena)
{
    struct nj_sample sample;

    assert_int_equal(
        nj_sample_build(&sample, data->items, data->len, data->carriers, arena, NULL), NJ_OK);
    assert_int_equal(nj_sample_bias(&sample, spread, ps, 2, out, arena, NULL), NJ_OK);
    double plain = nj_sample_value(&sample, nj_sample_plain(&sample, 0.5));
    double weighted = nj_sample_value(&sample, sample.key[nj_sample_rank(&sample, 0.5)]);
    assert_true(out[0].est == plain - weighted);
}

static void
an_interval_holds_its_estimate_and_a_biased_sample_is_far_from_0(void **state)
{
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_estimate process[2], finite[2];
    static struct data data;
    uint64_t seed = 3;

    (void)state;
    for (int i = 0; i < 20; i++) {
        data_fill(&data, true, &seed);
        bias_of(&data, NJ_SPREAD_PROCESS, process, arena);
        bias_of(&data, NJ_SPREAD_FINITE, finite, arena);
        for (int q = 0; q < 2; q++) {
            assert_true(process[q].lo <= process[q].est && process[q].est <= process[q].hi);
            assert_true(finite[q].hi - finite[q].lo <= 1.2 * (process[q].hi - process[q].lo));
        }
        assert_true(process[0].lo > 5000 && process[0].hi < 40000);
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static void
one_weight_for_all_is_no_bias(void **state)
{
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_estimate bias[2];
    static struct data data;
    uint64_t seed = 3;

    (void)state;
    data_fill(&data, false, &seed);
    bias_of(&data, NJ_SPREAD_PROCESS, bias, arena);
    for (int q = 0; q < 2; q++)
        assert_true(bias[q].est == 0 && bias[q].lo == 0 && bias[q].hi == 0);
    nj_arena_free(arena);
}

static void
the_order_of_rows_does_not_show(void **state)
{
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_estimate a[2], b[2];
    static struct data data;
    uint64_t seed = 7;

    (void)state;
    data_fill(&data, true, &seed);
    bias_of(&data, NJ_SPREAD_FINITE, a, arena);
    for (size_t i = 0; i < ROWS / 2; i++) {
        struct nj_keyed swap = data.items[i];
        data.items[i] = data.items[ROWS - 1 - i];
        data.items[ROWS - 1 - i] = swap;
    }
    bias_of(&data, NJ_SPREAD_FINITE, b, arena);
    assert_memory_equal(a, b, sizeof a);
    nj_arena_free(arena);
}

/* All weights at one of their ends: the extremes are among these. */
static void
bounds_are_the_extremes_over_all_corners(void **state)
{
    enum { LEN = 8 };
    uint64_t seed = 21;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct nj_bounded rows[LEN];
        double lo = INFINITY, hi = -INFINITY, q_lo = INFINITY, q_hi = -INFINITY;
        double p = 0.1 + 0.8 * (double)(test_random(&seed) % 100) / 100, value = 0;
        for (size_t i = 0; i < LEN; i++) {
            double weight = 1 + (double)(test_random(&seed) % 10);
            value += (double)(test_random(&seed) % 4);
            bool is_exact = test_random(&seed) % 3 == 0;
            rows[i] = (struct nj_bounded){value, weight, is_exact ? weight : weight * 3};
        }
        for (unsigned corner = 0; corner < 1u << LEN; corner++) {
            double sum = 0, weights = 0, reach = 0;
            for (size_t i = 0; i < LEN; i++) {
                double w = corner >> i & 1 ? rows[i].hi : rows[i].lo;
                weights += w;
                sum += w * rows[i].value;
            }
            lo = fmin(lo, sum / weights);
            hi = fmax(hi, sum / weights);
            size_t i = 0;
            for (; i < LEN; i++) {
                reach += corner >> i & 1 ? rows[i].hi : rows[i].lo;
                if (reach >= p * weights * (1 - 1e-12))
                    break;
            }
            q_lo = fmin(q_lo, rows[i].value);
            q_hi = fmax(q_hi, rows[i].value);
        }
        struct nj_bounds mean = nj_bounds_mean(rows, LEN);
        struct nj_bounds quantile = nj_bounds_quantile(rows, LEN, p);
        assert_true(fabs(mean.lo - lo) < 1e-9 && fabs(mean.hi - hi) < 1e-9);
        assert_true(quantile.lo == q_lo && quantile.hi == q_hi);
    }
    assert_true(isnan(nj_bounds_mean(NULL, 0).lo) &&
                isnan(nj_bounds_quantile(NULL, 0, 0.5).hi));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_holds_its_estimate_and_a_biased_sample_is_far_from_0),
        cmocka_unit_test(one_weight_for_all_is_no_bias),
        cmocka_unit_test(the_order_of_rows_does_not_show),
        cmocka_unit_test(bounds_are_the_extremes_over_all_corners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
