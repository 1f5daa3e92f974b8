/* test_gates.c - comparisons with nights: each formula beside a plain one. */
#include "tests/test.h"

#include "base/special.h"
#include "gates/compare.h"
#include "gates/drift.h"
#include "gates/judge.h"
#include "store/baseline.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { NIGHTS = 6, AGENTS = 7 };
#define DAY_NS (INT64_C(86400) * 1000000000)

static double
uniform(uint64_t *seed)
{
    return ((double)(test_random(seed) >> 11) + 0.5) / 9007199254740992.0;
}

static double
normal(uint64_t *seed)
{
    return sqrt(-2 * log(uniform(seed))) * cos(6.283185307179586 * uniform(seed));
}

static void
metric_add(struct nj_results *results, const char *metric, const char *agent, double est,
           double se)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_metrics);
    size_t r = nj_table_add(t);

    nj_table_put_text(t, r, NJ_COL_metrics_metric, nj_slice_of(metric));
    nj_table_put_text(t, r, NJ_COL_metrics_group_by, NJ_SLICE("agent"));
    nj_table_put_text(t, r, NJ_COL_metrics_agent, nj_slice_of(agent));
    nj_table_put_real(t, r, NJ_COL_metrics_est, est);
    nj_table_put_real(t, r, NJ_COL_metrics_lo, est * 0.9);
    nj_table_put_real(t, r, NJ_COL_metrics_hi, est * 1.1);
    nj_table_put_real(t, r, NJ_COL_metrics_se, se);
    nj_table_put_int(t, r, NJ_COL_metrics_n, 500);
    nj_table_put_int(t, r, NJ_COL_metrics_traces, 500);
    nj_table_put_real(t, r, NJ_COL_metrics_n_eff, 500);
}

static struct nj_results *
results_of(int day)
{
    struct nj_results *results = nj_results_new();
    struct nj_table *t = nj_results_table(results, NJ_TABLE_summary);
    size_t r = nj_table_add(t);

    nj_table_put_int(t, r, NJ_COL_summary_start_ns, DAY_NS * (20000 + day));
    nj_table_put_int(t, r, NJ_COL_summary_traces, 500);
    return results;
}

static void
night_add(struct nj_baseline *b, struct nj_results *results, enum nj_night_state state)
{
    struct nj_error err = {0};
    struct nj_night night;

    assert_int_equal(nj_night_make(&night, b, results, &err), NJ_OK);
    night.state = state;
    assert_int_equal(nj_baseline_add(b, &night, &err), NJ_OK);
    nj_results_free(results);
}

/* One comparison over what is in `b`. */
struct setting {
    struct nj_baseline *b;
    struct nj_results *now;
    struct nj_arena *arena;
    struct nj_histories all;
    struct nj_fits fits;
    struct nj_comparing comparing;
};

static void
setting_fit(struct setting *s)
{
    struct nj_error err = {0};

    s->arena = nj_arena_new(1 << 16);
    assert_int_equal(nj_histories_make(&s->all, s->now, s->b, 30, s->arena, &err), NJ_OK);
    assert_int_equal(nj_fits_make(&s->fits, &s->all, &err), NJ_OK);
    s->comparing = (struct nj_comparing){.all = &s->all, .fits = &s->fits, .min_traces = 80};
}

static void
setting_free(struct setting *s)
{
    nj_arena_free(s->arena);
    nj_results_free(s->now);
    nj_baseline_free(s->b);
}

static void
one_series_is_compared_as_the_formula_says(void **state)
{
    uint64_t seed = 5;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct setting s = {.b = nj_baseline_new(), .now = results_of(NIGHTS)};
        double y[NIGHTS], se[NIGHTS], mean = 0, s2 = 0, variance = 0, tolerance = 0.05;
        struct nj_comparison m;
        struct nj_error err = {0};
        for (int k = 0; k < NIGHTS; k++) {
            struct nj_results *results = results_of(k);
            y[k] = log(2e9) + 0.05 * normal(&seed);
            se[k] = 0.01 + 0.05 * uniform(&seed);
            metric_add(results, "mean", "planner", exp(y[k]), se[k]);
            mean += y[k] / NIGHTS;
            s2 += se[k] * se[k] / NIGHTS;
            night_add(s.b, results, NJ_NIGHT_ACCEPTED);
        }
        for (int k = 0; k < NIGHTS; k++)
            variance += (y[k] - mean) * (y[k] - mean) / (NIGHTS - 1);
        double now = log(2.2e9), s_now = 0.03, tau2 = fmax(0, variance - s2);
        metric_add(s.now, "mean", "planner", exp(now), s_now);
        setting_fit(&s);
        assert_int_equal(nj_compare(&m, &s.comparing, 0, tolerance, true, &err), NJ_OK);
        double sd = sqrt(s_now * s_now + tau2 + (tau2 + s2) / NIGHTS);
        assert_true(fabs(m.sd - sd) < 1e-12);
        assert_true(fabs(m.z - (now - mean - log(1.05)) / sd) < 1e-9);
        assert_true(fabs(m.p - nj_t_upper(m.z, NIGHTS - 1)) < 1e-12);
        assert_true(fabs(m.change - (exp(now - mean) - 1)) < 1e-9);
        assert_true(fabs(log1p(m.hi) - (now - mean) - nj_t_quantile(0.975, NIGHTS - 1) * sd) <
                    1e-9);
        setting_free(&s);
    }
}

/* AGENTS series over NIGHTS nights and one more; `shift` moves all of that one, `step` one. */
static struct setting
fleet_of(double drift, double shift, double step)
{
    struct setting s = {.b = nj_baseline_new(), .now = results_of(NIGHTS)};
    uint64_t seed = 9;
    char name[16];

    for (int k = 0; k <= NIGHTS; k++) {
        struct nj_results *results = k < NIGHTS ? results_of(k) : s.now;
        double all = k < NIGHTS ? drift * normal(&seed) : shift;
        for (int a = 0; a < AGENTS; a++) {
            double own = k == NIGHTS && a == 0 ? step : 0;
            (void)snprintf(name, sizeof name, "agent-%d", a);
            metric_add(results, "mean", name, 1e9 * exp(all + own + 0.002 * normal(&seed)),
                       0.002);
        }
        if (k < NIGHTS)
            night_add(s.b, results, NJ_NIGHT_ACCEPTED);
    }
    setting_fit(&s);
    return s;
}

static struct nj_comparison
compared(struct setting *s, size_t i)
{
    struct nj_comparison m;
    struct nj_error err = {0};

    s->comparing.all = &s->all; /* the setting may have moved */
    s->comparing.fits = &s->fits;
    assert_int_equal(nj_compare(&m, &s->comparing, i, 0.05, true, &err), NJ_OK);
    return m;
}

static void
what_the_whole_fleet_usually_does_is_taken_out_and_nothing_more(void **state)
{
    struct setting usual = fleet_of(0.05, 0.08, 0.15), unusual = fleet_of(0.002, 0.3, 0);

    (void)state;
    assert_int_equal(usual.fits.fleets_len, 1);
    assert_true(compared(&usual, 0).p < 1e-6);
    assert_true(fabs(log1p(compared(&usual, 0).change) - 0.15) < 0.02);
    assert_true(compared(&usual, 1).p > 0.9);
    /* a shift that no accepted night has seen is no weather */
    assert_true(compared(&unusual, 1).change > 0.25);
    assert_true(compared(&unusual, 1).p < 1e-6);
    setting_free(&usual);
    setting_free(&unusual);
}

static void
drift_adds_up_and_its_begin_is_found(void **state)
{
    struct setting s = {.b = nj_baseline_new(), .now = results_of(40)};
    uint64_t seed = 3;
    size_t nights;

    (void)state;
    for (int k = 0; k < 40; k++) {
        struct nj_results *results = results_of(k);
        double y = 0.02 * normal(&seed) + (k >= 30 ? 0.12 : 0);
        metric_add(results, "mean", "planner", 1e9 * exp(y), 0.02);
        night_add(s.b, results, k < 20 ? NJ_NIGHT_ACCEPTED : NJ_NIGHT_SEEN);
    }
    metric_add(s.now, "mean", "planner", 1.12e9, 0.02);
    setting_fit(&s);
    const struct nj_fit *f = &s.fits.list[0];
    double level_sd = sqrt((f->tau2 + f->s2) / 20), sum = 0;
    for (size_t k = 0; k <= 40; k++) {
        double sd = sqrt(f->s[k] * f->s[k] + f->tau2);
        double reference = fmax(log(1.05), 0.5 * sd + 2.5 * level_sd);
        sum = fmax(0, sum + fmin(3.5, (f->residual[k] - reference) / sd));
    }
    assert_true(fabs(nj_drift_cusum(&s.all, f, log(1.05), true, &nights) - sum) < 1e-9);
    assert_int_equal(nights, 21);
    assert_true(sum > NJ_DRIFT_RED);
    assert_int_equal(nj_drift_begin(&s.all, f, true), 30);
    assert_true(nj_drift_cusum(&s.all, f, log(1.05), false, &nights) < NJ_DRIFT_WARN);
    setting_free(&s);
}

/* A sample of n values, each its own cluster unless `pairs`. */
static void
values_add(struct nj_results *results, double *value, double *weight, size_t n, bool has_pairs)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_distributions);
    struct nj_buf points = {0};
    size_t r = nj_table_add(t);

    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &weight[i], sizeof bits);
        nj_buf_put_u64le(&points, (uint64_t)value[i]);
        nj_buf_put_u64le(&points, bits);
        nj_buf_put_u64le(&points, (has_pairs ? i / 2 : i) + 1);
    }
    nj_table_put_text(t, r, NJ_COL_distributions_agent, NJ_SLICE("a"));
    nj_table_put_int(t, r, NJ_COL_distributions_n, (int64_t)n);
    nj_table_put_int(t, r, NJ_COL_distributions_is_grid, 0);
    nj_table_put_text(t, r, NJ_COL_distributions_points, nj_buf_slice(&points));
    nj_buf_fini(&points);
}

/* The share of weight beyond, and its variance by clusters, one value after the other. */
static double
plain_share(const double *value, const double *weight, size_t n, bool has_pairs, double limit,
            double *variance)
{
    double beyond = 0, all = 0, sum = 0, m = (double)(has_pairs ? n / 2 : n);

    for (size_t i = 0; i < n; i++) {
        beyond += value[i] > limit ? weight[i] : 0;
        all += weight[i];
    }
    for (size_t i = 0; i < n; i += has_pairs ? 2 : 1) {
        double d = weight[i] * ((value[i] > limit) - beyond / all);
        if (has_pairs)
            d += weight[i + 1] * ((value[i + 1] > limit) - beyond / all);
        sum += d * d;
    }
    *variance = sum / (all * all) * m / (m - 1);
    return beyond / all;
}

static void
the_score_test_agrees_with_a_plain_one(void **state)
{
    enum { N = 80 };
    const struct nj_slice key[3] = {NJ_SLICE("a"), NJ_SLICE(""), NJ_SLICE("")};
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_error err = {0};
    uint64_t seed = 11;

    (void)state;
    for (int round = 0; round < 300; round++) {
        struct nj_results *one = nj_results_new(), *two = nj_results_new();
        const struct nj_results *sides[] = {one, two};
        struct nj_score_sample s[2];
        double v[2][N], w[2][N], sums[N], variance[2], share[2], factor = 0.7 + uniform(&seed);
        bool has_pairs = round % 2;
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < N; i++) {
                v[side][i] = floor(1e6 * exp(0.5 * normal(&seed)));
                w[side][i] = has_pairs ? 1 : 1 + floor(5 * uniform(&seed));
            }
            values_add(side ? two : one, v[side], w[side], N, has_pairs);
            assert_int_equal(nj_score_sample_make(&s[side], &sides[side], 1, key, arena, &err),
                             NJ_OK);
        }
        double z = nj_score_z(&s[0], &s[1], 0.5, factor, sums), limit = 0, least = 2;
        /* the pooled quantile: the smallest value with half of both weights at or below it */
        for (int side = 0; side < 2; side++)
            for (size_t i = 0; i < N; i++) {
                double at = v[side][i] * (side ? 1 : factor), below = 0, ignored;
                for (size_t k = 0; k < N; k++)
                    v[0][k] *= factor;
                below += 0.5 * (1 - plain_share(v[0], w[0], N, has_pairs, at, &ignored));
                for (size_t k = 0; k < N; k++)
                    v[0][k] /= factor;
                below += 0.5 * (1 - plain_share(v[1], w[1], N, has_pairs, at, &ignored));
                if (below >= 0.5 - 1e-9 && (least > 1 || at < limit)) {
                    limit = at;
                    least = below;
                }
            }
        for (size_t k = 0; k < N; k++)
            v[0][k] *= factor;
        share[0] = plain_share(v[0], w[0], N, has_pairs, limit * (1 + 1e-12), &variance[0]);
        share[1] = plain_share(v[1], w[1], N, has_pairs, limit * (1 + 1e-12), &variance[1]);
        double plain = (share[1] - share[0]) / sqrt(variance[0] + variance[1]);
        assert_true(fabs(z - plain) < 1e-6);
        assert_true(z >= nj_score_z(&s[0], &s[1], 0.5, factor * 1.1, sums));
        nj_results_free(one);
        nj_results_free(two);
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static void
t_tails_are_those_of_the_quantiles(void **state)
{
    (void)state;
    for (double df = 1; df < 500; df *= 1.7)
        for (double p = 0.0005; p < 0.5; p *= 1.9) {
            assert_true(fabs(nj_t_upper(nj_t_quantile(1 - p, df), df) - p) < 1e-9);
            assert_true(fabs(nj_t_upper(-nj_t_quantile(1 - p, df), df) - (1 - p)) < 1e-9);
        }
    assert_true(fabs(nj_t_upper(1.959963984540054, 0) - 0.025) < 1e-9);
}

static void
a_baseline_file_gives_back_what_was_put_in(void **state)
{
    char path[] = "/tmp/nj_baseline_XXXXXX";
    struct nj_baseline *a = nj_baseline_new(), *b = NULL;
    const struct nj_baseline_event event = {7, NJ_SLICE("accept"), NJ_SLICE("ab"),
                                            NJ_SLICE("it's good; \"so\"")};
    struct nj_error err = {0};
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    (void)close(fd);
    for (int k = 5; k-- > 0;) { /* in any order */
        struct nj_results *results = results_of(k);
        metric_add(results, "p50", "planner", 1e9 + k, 0.1);
        values_add(results, (double[]){1, 2}, (double[]){1, 1}, 2, false);
        night_add(a, results, k % 2 ? NJ_NIGHT_SEEN : NJ_NIGHT_ACCEPTED);
    }
    assert_int_equal(nj_baseline_log(a, &event, &err), NJ_OK);
    assert_int_equal(nj_baseline_save(a, path, &err), NJ_OK);
    assert_int_equal(nj_baseline_load(&b, path, &err), NJ_OK);
    assert_int_equal(b->nights_len, 5);
    assert_int_equal(nj_baseline_accepted(b), 3);
    for (size_t i = 0; i < 5; i++) {
        const struct nj_table *m = nj_results_view(b->nights[i].rows, NJ_TABLE_metrics);
        assert_true(nj_slice_eq(a->nights[i].digest, b->nights[i].digest));
        assert_int_equal(b->nights[i].start_ns, DAY_NS * (20000 + (int64_t)i));
        assert_true(nj_table_real(m, 0, NJ_COL_metrics_est) == 1e9 + (double)i);
    }
    assert_true(nj_slice_eq(b->events[0].reason, event.reason));
    /* a few digits are enough while they are unambiguous */
    assert_int_equal(nj_baseline_find(b, (struct nj_slice){b->nights[3].digest.ptr, 12}), 3);
    assert_int_equal(nj_baseline_find(b, NJ_SLICE("")), SIZE_MAX);
    nj_baseline_retain(b, 1);
    assert_int_equal(b->nights_len, 3);
    assert_int_equal(nj_baseline_accepted(b), 1);
    nj_baseline_free(a);
    nj_baseline_free(b);
    (void)unlink(path);
    assert_int_equal(nj_baseline_load(&b, path, &err), NJ_OK);
    assert_null(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_series_is_compared_as_the_formula_says),
        cmocka_unit_test(what_the_whole_fleet_usually_does_is_taken_out_and_nothing_more),
        cmocka_unit_test(drift_adds_up_and_its_begin_is_found),
        cmocka_unit_test(the_score_test_agrees_with_a_plain_one),
        cmocka_unit_test(t_tails_are_those_of_the_quantiles),
        cmocka_unit_test(a_baseline_file_gives_back_what_was_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
