/* test_quantile.c - weighted quantiles and their intervals against slow, direct definitions. */
#include "tests/test.h"

#include "base/loghist.h"
#include "base/quantile.h"
#include "base/special.h"

#include <math.h>

enum { ROWS_MAX = 320, QUANTILES = 4 };
static const double ps[QUANTILES] = {0.5, 0.9, 0.95, 0.99};

struct data {
    size_t len;
    double value[ROWS_MAX];
    struct nj_carrier carrier[ROWS_MAX];
    struct nj_keyed items[ROWS_MAX];
};

/* Many ties, few clusters, weights from 0 to 20; or all values different, many clusters. */
static void
data_fill(struct data *data, uint64_t *seed, bool is_large)
{
    static const double weights[] = {1, 1, 2.5, 20, 0, 9.9993896856881};
    uint64_t values = is_large ? 1 << 30 : 1 + test_random(seed) % 40;
    uint64_t clusters = is_large ? 250 : 1 + test_random(seed) % 60;
    /* heavy rows throughout, or only among the smaller values */
    double heavy_below = is_large && test_random(seed) % 2 ? 0.95 : 2;
    bool has_zero = test_random(seed) % 3 == 0;

    data->len = is_large ? ROWS_MAX : 1 + test_random(seed) % 80;
    for (size_t i = 0; i < data->len; i++) {
        double weight = weights[test_random(seed) % NJ_LEN(weights)];
        data->value[i] = (double)(test_random(seed) % values) - 3;
        if (is_large)
            weight = data->value[i] < heavy_below * (double)values ? weight : 1;
        data->carrier[i] =
            nj_carrier_of(test_random(seed) % clusters * 0x9E3779B97F4A7C15u,
                          weight == 0 && !has_zero ? 1 : weight, test_random(seed) % 10 != 0);
        data->items[i] =
            (struct nj_keyed){nj_key_of_real(data->value[i]), (uint32_t)i, (uint32_t)i};
    }
}

static void
data_shuffle(struct data *data, uint64_t *seed)
{
    for (size_t i = data->len; i > 1; i--) {
        size_t j = test_random(seed) % i;
        struct nj_keyed swap = data->items[i - 1];
        data->items[i - 1] = data->items[j];
        data->items[j] = swap;
    }
}

/* Sums over clusters by definition. k: the share of each in the spread. */
struct slow {
    double total, plain_len;
    size_t units;
    double unit[ROWS_MAX], rest[ROWS_MAX];
    uint64_t cluster[ROWS_MAX];
    enum nj_spread spread;
};

static void
slow_fill(struct slow *slow, const struct data *data, enum nj_spread spread)
{
    *slow = (struct slow){.spread = spread};
    for (size_t i = 0; i < data->len; i++) {
        const struct nj_carrier *carrier = &data->carrier[i];
        size_t c = 0;
        if (carrier->weight == 0)
            continue;
        while (c < slow->units && slow->cluster[c] != carrier->cluster)
            c++;
        slow->units = c == slow->units ? c + 1 : slow->units;
        slow->cluster[c] = carrier->cluster;
        slow->unit[c] += carrier->weight;
        slow->rest[c] = fmax(slow->rest[c], carrier->rest);
        slow->total += carrier->weight;
    }
}

/* Weight up to t (or above it), and sum_c k (A_c - f B_c)^2. */
static double
slow_weight(const struct slow *slow, const struct data *data, double t, bool is_above, double f,
            double *variance)
{
    double all = 0, m = (double)slow->units;

    *variance = 0;
    for (size_t c = 0; c < slow->units; c++) {
        double part = 0;
        for (size_t i = 0; i < data->len; i++)
            if (data->carrier[i].cluster == slow->cluster[c] &&
                (data->value[i] > t) == is_above)
                part += data->carrier[i].weight;
        bool is_process = slow->spread == NJ_SPREAD_PROCESS || slow->rest[c] == 1;
        double k = is_process ? m / (m - 1) : slow->rest[c];
        double share = f < 0 ? 0 : f;
        all += part;
        *variance += k * (part - share * slow->unit[c]) * (part - share * slow->unit[c]);
    }
    return all;
}

/* All values ascending, those of weight 0 left out. */
static size_t
slow_values(const struct data *data, double out[ROWS_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < data->len; i++) {
        if (data->carrier[i].weight == 0)
            continue;
        size_t at = len++;
        for (; at > 0 && out[at - 1] > data->value[i]; at--)
            out[at] = out[at - 1];
        out[at] = data->value[i];
    }
    return len;
}

struct limits {
    double est, lo, hi; /* NaN: none */
};

static struct limits
slow_score(const struct slow *slow, const struct data *data, double p)
{
    struct limits out = {(double)NAN, (double)NAN, (double)NAN};
    double values[ROWS_MAX], t = nj_t_quantile(0.975, (double)slow->units - 1), v;
    size_t len = slow_values(data, values);

    for (size_t i = 0; i < len; i++) {
        double gap = slow_weight(slow, data, values[i], false, p, &v) - p * slow->total;
        if (isnan(out.lo) && gap >= -t * sqrt(v))
            out.lo = values[i];
        if (isnan(out.hi) && gap > t * sqrt(v))
            out.hi = values[i];
        if (isnan(out.est) && gap >= -1e-9)
            out.est = values[i];
    }
    return out;
}

/* The heaviest cluster among all rows above t and those next below that are 20 and carry twice
 * the heaviest weight; in a textbook's interval among the 20 topmost rows. Whole ties. */
static double
slow_heaviest(const struct data *data, double t, bool is_textbook)
{
    double values[ROWS_MAX], most = 0, heaviest = 0, from = INFINITY;
    size_t len = slow_values(data, values), near = 0;
    double carried = 0;

    for (size_t i = 0; i < data->len; i++)
        most = is_textbook ? 0 : fmax(most, 2 * data->carrier[i].weight);
    for (size_t k = len; k-- > 0;) {
        bool is_counted = is_textbook || values[k] <= t;
        if (values[k] != from && near >= 20 && carried >= most)
            break;
        if (values[k] != from && is_counted)
            for (size_t i = 0; i < data->len; i++)
                carried += data->value[i] == values[k] ? data->carrier[i].weight : 0;
        near += is_counted;
        from = values[k];
    }
    for (size_t i = 0; i < data->len; i++) {
        double sum = 0;
        for (size_t j = 0; j < data->len; j++)
            if (data->carrier[j].cluster == data->carrier[i].cluster && data->value[j] >= from)
                sum += data->carrier[j].weight;
        heaviest = fmax(heaviest, sum);
    }
    return heaviest;
}

static struct limits
slow_tail(const struct slow *slow, const struct data *data, double p, bool is_textbook)
{
    struct limits out = {(double)NAN, (double)NAN, (double)NAN};
    double values[ROWS_MAX], v, ignored;
    size_t len = slow_values(data, values);
    double wanted = (1 - p) * slow->total;
    bool has_below = false;

    for (size_t i = 0; i < len; i++) {
        double y = slow_weight(slow, data, values[i], true, -1, &ignored);
        slow_weight(slow, data, values[i], true, y / slow->total, &v);
        double heaviest = slow_heaviest(data, values[i], is_textbook);
        double yu = y + heaviest, vu = v + heaviest * heaviest;
        double upper = vu / (2 * yu) * nj_chi2_quantile(0.975, 2 * yu * yu / vu);
        double lower =
            y > 0 && v > 1e-9 ? v / (2 * y) * nj_chi2_quantile(0.025, 2 * y * y / v) : y;
        if (isnan(out.hi) && upper < wanted)
            out.hi = values[i];
        if (lower > wanted) {
            out.lo = (double)NAN;
            has_below = true;
        } else if (isnan(out.lo) && has_below) {
            out.lo = values[i];
        }
        if (isnan(out.est) && y <= wanted + 1e-9)
            out.est = values[i];
    }
    return out;
}

static double
value_at(const struct nj_sample *sample, size_t rank)
{
    return rank == NJ_NO_RANK ? (double)NAN : nj_key_real(sample->key[rank]);
}

static void
assert_same(double got, double want)
{
    if (!(got == want || (isnan(got) && isnan(want))))
        fail_msg("got %.17g, want %.17g", got, want);
}

static void
compare_with_slow(struct data *data, struct nj_arena *arena, enum nj_spread spread,
                  bool is_textbook)
{
    struct nj_quantile quantiles[QUANTILES];
    struct nj_sample sample;
    struct slow slow;

    slow_fill(&slow, data, spread);
    assert_int_equal(
        nj_sample_build(&sample, data->items, data->len, data->carrier, arena, NULL), NJ_OK);
    for (size_t q = 0; q < QUANTILES; q++)
        quantiles[q].p = ps[q];
    sample.is_textbook = is_textbook;
    assert_int_equal(nj_sample_quantiles(&sample, spread, quantiles, QUANTILES, arena, NULL),
                     NJ_OK);
    for (size_t q = 0; q < QUANTILES; q++) {
        if (sample.len == 0) {
            assert_true(quantiles[q].at == NJ_NO_RANK && quantiles[q].hi == NJ_NO_RANK);
            continue;
        }
        bool is_tail = ps[q] >= NJ_TAIL_FROM;
        struct limits want = is_tail ? slow_tail(&slow, data, ps[q], is_textbook)
                                     : slow_score(&slow, data, ps[q]);
        if (slow.units < 2)
            want.lo = want.hi = (double)NAN;
        if (sample.is_census && spread == NJ_SPREAD_FINITE)
            want.lo = want.hi = want.est;
        assert_same(value_at(&sample, quantiles[q].at), want.est);
        assert_same(value_at(&sample, quantiles[q].lo), want.lo);
        assert_same(value_at(&sample, quantiles[q].hi), want.hi);
    }
}

static void
equals_the_definitions_on_random_samples(void **state)
{
    struct nj_arena *arena = nj_arena_new(1 << 16);
    static struct data data;
    uint64_t seed = 11;

    (void)state;
    for (int i = 0; i < 400; i++) {
        data_fill(&data, &seed, false);
        compare_with_slow(&data, arena, i % 2 ? NJ_SPREAD_FINITE : NJ_SPREAD_PROCESS,
                          i % 4 > 1);
        nj_arena_reset(arena);
    }
    for (int i = 0; i < 12; i++) {
        data_fill(&data, &seed, true);
        compare_with_slow(&data, arena, i % 2 ? NJ_SPREAD_FINITE : NJ_SPREAD_PROCESS,
                          i % 4 > 1);
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static void
does_not_depend_on_the_order_of_rows(void **state)
{
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_quantile a[QUANTILES], b[QUANTILES];
    struct nj_sample sample;
    struct data data;
    uint64_t seed = 5;

    (void)state;
    for (int i = 0; i < 200; i++) {
        data_fill(&data, &seed, false);
        for (size_t q = 0; q < QUANTILES; q++)
            a[q].p = b[q].p = ps[q];
        assert_int_equal(
            nj_sample_build(&sample, data.items, data.len, data.carrier, arena, NULL), NJ_OK);
        assert_int_equal(
            nj_sample_quantiles(&sample, NJ_SPREAD_FINITE, a, QUANTILES, arena, NULL), NJ_OK);
        data_shuffle(&data, &seed);
        assert_int_equal(
            nj_sample_build(&sample, data.items, data.len, data.carrier, arena, NULL), NJ_OK);
        assert_int_equal(
            nj_sample_quantiles(&sample, NJ_SPREAD_FINITE, b, QUANTILES, arena, NULL), NJ_OK);
        assert_memory_equal(a, b, sizeof a);
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static void
takes_an_observed_value_when_the_first_row_outweighs_the_rest(void **state)
{
    struct nj_arena *arena = nj_arena_new(1 << 12);
    struct nj_carrier carriers[4];
    struct nj_keyed items[4];
    struct nj_sample sample;

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        carriers[i] = nj_carrier_of(i, i == 0 ? 5 : 1, true);
        items[i] = (struct nj_keyed){nj_key_of_int(10 * ((int)i + 1)), i, 0};
    }
    assert_int_equal(nj_sample_build(&sample, items, 4, carriers, arena, NULL), NJ_OK);
    assert_int_equal(nj_key_int(sample.key[nj_sample_rank(&sample, 0.5)]), 10);
    assert_int_equal(nj_key_int(sample.key[nj_sample_rank(&sample, 0.63)]), 20);
    assert_int_equal(nj_key_int(sample.key[nj_sample_rank(&sample, 1)]), 40);
    assert_int_equal(nj_key_int(nj_sample_plain(&sample, 0.5)), 20);
    nj_arena_free(arena);
}

/* Counts the rows of `sorted` into cells as an analyzer does: cluster by cluster. */
static size_t
cells_count(const struct data *data, struct nj_cell *cells, struct nj_cell_class *classes,
            size_t *classes_len)
{
    size_t len = 0;

    *classes_len = 0;
    for (size_t i = 0; i < data->len; i++) {
        const struct nj_carrier *carrier = &data->carrier[i];
        double before = 0, same = 0, all = 0;
        bool is_first = true;
        size_t k = 0;
        for (size_t j = 0; j < data->len; j++) {
            if (data->carrier[j].cluster != carrier->cluster)
                continue;
            all++;
            before += data->value[j] < data->value[i];
            same += data->value[j] == data->value[i];
            is_first &= j >= i || data->value[j] != data->value[i];
        }
        if (!is_first)
            continue;
        while (k < len && (cells[k].key != nj_key_of_real(data->value[i]) ||
                           cells[k].weight != carrier->weight))
            k++;
        if (k == len)
            cells[len++] = (struct nj_cell){nj_key_of_real(data->value[i]),
                                            carrier->weight,
                                            carrier->rest,
                                            0,
                                            0,
                                            0,
                                            0,
                                            {0, 0}};
        cells[k].rows += same;
        cells[k].aa += (before + same) * (before + same) - before * before;
        cells[k].ab += same * all;
        cells[k].most = fmax(cells[k].most, all - before);
        if (before > 0)
            continue;
        for (k = 0; k < *classes_len && classes[k].weight != carrier->weight;)
            k++;
        if (k == *classes_len)
            classes[(*classes_len)++] =
                (struct nj_cell_class){carrier->weight, carrier->rest, 0, 0, {0, 0}};
        classes[k].clusters++;
        classes[k].bb += all * all;
    }
    return len;
}

static int
cell_cmp(const void *a, const void *b)
{
    const struct nj_cell *l = a, *r = b;
    int c = (l->key > r->key) - (l->key < r->key);
    return c ? c : (l->weight > r->weight) - (l->weight < r->weight);
}

static void
assert_same_rank_value(const struct nj_sample *a, size_t i, const struct nj_sample *b, size_t k)
{
    assert_same(value_at(a, i), value_at(b, k));
}

/* Clusters of one weight each. */
static void
cells_give_what_their_rows_give(void **state)
{
    static struct nj_cell cells[ROWS_MAX];
    static struct nj_cell_class classes[ROWS_MAX];
    static struct data data;
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_quantile a[QUANTILES], b[QUANTILES];
    struct nj_sample rows, counted;
    uint64_t seed = 23;

    (void)state;
    for (int i = 0; i < 100; i++) {
        size_t classes_len, q;
        data_fill(&data, &seed, false);
        for (size_t k = 0; k < data.len; k++) {
            double weight = (double)(data.carrier[k].cluster % 4) * 2;
            data.carrier[k] = nj_carrier_of(data.carrier[k].cluster, weight, true);
        }
        for (q = 0; q < QUANTILES; q++)
            a[q].p = b[q].p = ps[q];
        size_t len = cells_count(&data, cells, classes, &classes_len);
        qsort(cells, len, sizeof *cells, cell_cmp);
        assert_int_equal(
            nj_sample_build(&rows, data.items, data.len, data.carrier, arena, NULL), NJ_OK);
        assert_int_equal(
            nj_sample_of_cells(&counted, cells, len, classes, classes_len, arena, NULL), NJ_OK);
        assert_int_equal(
            nj_sample_quantiles(&rows, NJ_SPREAD_FINITE, a, QUANTILES, arena, NULL), NJ_OK);
        assert_int_equal(
            nj_sample_quantiles(&counted, NJ_SPREAD_FINITE, b, QUANTILES, arena, NULL), NJ_OK);
        assert_true(rows.weight_sum == counted.weight_sum && rows.units == counted.units);
        for (q = 0; q < QUANTILES && rows.len > 0; q++) {
            assert_true(a[q].plain == b[q].plain);
            assert_same_rank_value(&rows, a[q].at, &counted, b[q].at);
            assert_same_rank_value(&rows, a[q].se_lo, &counted, b[q].se_lo);
            assert_same_rank_value(&rows, a[q].se_hi, &counted, b[q].se_hi);
            assert_true(fabs(a[q].n_eff - b[q].n_eff) <= 1e-9 * a[q].n_eff);
            assert_same_rank_value(&rows, a[q].lo, &counted, b[q].lo);
            assert_same_rank_value(&rows, a[q].hi, &counted, b[q].hi);
        }
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static void
cells_are_narrow_and_in_order(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t value = (int64_t)(test_random(&seed) >> 1 >> test_random(&seed) % 63);
        uint32_t cell = nj_loghist_cell(value, NJ_LOGHIST_BITS);
        int64_t low = nj_loghist_low(cell, NJ_LOGHIST_BITS);
        int64_t middle = nj_loghist_middle(cell, NJ_LOGHIST_BITS);
        assert_true(cell < NJ_LOGHIST_CELLS && low <= value);
        assert_true(cell + 1 == NJ_LOGHIST_CELLS ||
                    value < nj_loghist_low(cell + 1, NJ_LOGHIST_BITS));
        assert_true(fabs((double)middle - (double)value) <= 0.00049 * (double)value);
        assert_true(nj_loghist_cell(middle, NJ_LOGHIST_BITS) == cell);
    }
    assert_int_equal(nj_loghist_cell(INT64_MAX, NJ_LOGHIST_BITS), NJ_LOGHIST_CELLS - 1);
    assert_int_equal(nj_loghist_cell(-5, NJ_LOGHIST_BITS), 0);
}

/* An upper limit of p95 needs 74 equal units, of p99 369: n > ln 40 / (1 - p). */
static void
claims_an_upper_limit_only_where_the_sample_is_large_enough(void **state)
{
    static const struct {
        uint32_t len;
        double p;
        bool has_hi;
    } cases[] = {{73, 0.95, false}, {74, 0.95, true}, {368, 0.99, false}, {369, 0.99, true}};
    struct nj_arena *arena = nj_arena_new(1 << 16);
    static struct nj_carrier carriers[400];
    static struct nj_keyed items[400];

    (void)state;
    for (size_t c = 0; c < NJ_LEN(cases); c++) {
        struct nj_quantile quantile = {.p = cases[c].p};
        struct nj_sample sample;
        for (uint32_t i = 0; i < cases[c].len; i++) {
            carriers[i] = nj_carrier_of(i, 20, true);
            items[i] = (struct nj_keyed){nj_key_of_int(i), i, 0};
        }
        assert_int_equal(nj_sample_build(&sample, items, cases[c].len, carriers, arena, NULL),
                         NJ_OK);
        assert_int_equal(
            nj_sample_quantiles(&sample, NJ_SPREAD_PROCESS, &quantile, 1, arena, NULL), NJ_OK);
        assert_int_equal(quantile.hi != NJ_NO_RANK, cases[c].has_hi);
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static int
real_cmp(const void *a, const void *b)
{
    double l = *(const double *)a, r = *(const double *)b;
    return (l > r) - (l < r);
}

/* The upper limit of p99 where 100 rows of weight 50 lie below `light` rows of weight 1. */
static double
step_limit(unsigned light, bool is_textbook)
{
    static struct nj_keyed items[300];
    static struct nj_carrier carriers[300];
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_quantile quantile = {.p = 0.99};
    struct nj_sample sample;

    for (uint32_t i = 0; i < 100 + light; i++) {
        carriers[i] = nj_carrier_of(i, i < 100 ? 50 : 1, true);
        items[i] = (struct nj_keyed){nj_key_of_real(i), i, 0};
    }
    assert_int_equal(nj_sample_build(&sample, items, 100 + light, carriers, arena, NULL),
                     NJ_OK);
    sample.is_textbook = is_textbook;
    assert_int_equal(nj_sample_quantiles(&sample, NJ_SPREAD_FINITE, &quantile, 1, arena, NULL),
                     NJ_OK);
    double out = value_at(&sample, quantile.hi);
    nj_arena_free(arena);
    return out;
}

static void
believes_in_light_tails_only_where_heavy_rows_would_have_shown(void **state)
{
    (void)state;
    assert_true(step_limit(40, true) <= 100);
    assert_true(isnan(step_limit(40, false)));
    assert_true(step_limit(200, false) >= 199);
}

static void
sorts_numbers_of_any_size_and_sign_and_keeps_equal_ones_in_order(void **state)
{
    enum { LEN = 3000 };
    static struct nj_keyed items[LEN];
    static double reals[LEN];
    struct nj_arena *arena = nj_arena_new(1 << 16);
    uint64_t seed = 3;

    (void)state;
    for (uint32_t i = 0; i < LEN; i++) {
        reals[i] =
            (double)(int64_t)test_random(&seed) / (double)(1 + test_random(&seed) % 1000);
        reals[i] = i % 3 == 0 ? (double)(i % 7) - 3 : reals[i];
        items[i] = (struct nj_keyed){nj_key_of_real(reals[i]), i, i};
        assert_true(nj_key_real(items[i].key) == reals[i]);
    }
    assert_int_equal(nj_keyed_sort(items, LEN, arena, NULL), NJ_OK);
    qsort(reals, LEN, sizeof *reals, real_cmp);
    for (uint32_t i = 0; i < LEN; i++) {
        assert_true(nj_key_real(items[i].key) == reals[i]);
        assert_true(i == 0 || items[i - 1].key < items[i].key ||
                    items[i - 1].tag < items[i].tag);
    }
    assert_true(nj_key_of_int(INT64_MIN) < nj_key_of_int(-1));
    assert_true(nj_key_of_int(-1) < nj_key_of_int(INT64_MAX));
    assert_true(nj_key_of_real(-0.0) == nj_key_of_real(0));
    nj_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_definitions_on_random_samples),
        cmocka_unit_test(does_not_depend_on_the_order_of_rows),
        cmocka_unit_test(takes_an_observed_value_when_the_first_row_outweighs_the_rest),
        cmocka_unit_test(cells_give_what_their_rows_give),
        cmocka_unit_test(cells_are_narrow_and_in_order),
        cmocka_unit_test(claims_an_upper_limit_only_where_the_sample_is_large_enough),
        cmocka_unit_test(believes_in_light_tails_only_where_heavy_rows_would_have_shown),
        cmocka_unit_test(sorts_numbers_of_any_size_and_sign_and_keeps_equal_ones_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
