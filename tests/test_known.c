/* test_known.c - estimates where parts of what happened have a size that is known from
 * elsewhere, against their definitions. */
#include "tests/test.h"

#include "base/quantile.h"
#include "base/special.h"

#include <math.h>

static void
assert_close(double a, double b)
{
    if (!(fabs(a - b) <= 1e-9 * fmax(1, fabs(b))))
        fail_msg("%.15g, expected %.15g", a, b);
}

/* Of a part of 10 traces two are stored, 1 and 3; of one of 3 all are, 10, 20 and 30. */
static void
equals_sums_done_by_hand(void **state)
{
    const struct nj_stratum parts[] = {{1, 0, 3, 3, 60, 3, 60, 1400, {2, 3}},
                                       {5, 0.8, 2, 2, 4, 2, 4, 10, {1, 2}}};
    const struct nj_stratum counts[] = {{1, 0, 3, 3, 3, 3, 3, 3, {2, 3}},
                                        {5, 0.8, 2, 2, 2, 2, 2, 2, {1, 2}}};
    struct nj_data data = nj_data_of_strata(parts, 2), number = nj_data_of_strata(counts, 2);
    /* N^2 (1 - n / N) s^2 / n = 100 * 0.8 * 2 / 2 */
    const double finite = 80;
    /* within 25 * 2 * 2 and 3 / 2 * 200; between 10 (2 - 80/13)^2 + 3 (20 - 80/13)^2 */
    const double process =
        400 + 10 * (54.0 / 13) * (54.0 / 13) + 3 * (180.0 / 13) * (180.0 / 13);

    (void)state;
    assert_close(nj_data_total(data, NJ_SPREAD_FINITE).est, 80);
    assert_close(nj_data_total(data, NJ_SPREAD_FINITE).se, sqrt(finite));
    assert_close(nj_data_total(data, NJ_SPREAD_PROCESS).se, sqrt(process));
    assert_close(nj_data_ratio(data, NJ_SPREAD_FINITE).est, 80.0 / 13);
    assert_close(nj_data_ratio(data, NJ_SPREAD_FINITE).se, sqrt(finite) / 13);
    assert_close(nj_data_ratio(data, NJ_SPREAD_PROCESS).se, sqrt(process) / 13);
    assert_close(nj_data_total(number, NJ_SPREAD_FINITE).est, 13);
    assert_close(nj_data_total(number, NJ_SPREAD_FINITE).lo, 13);
    assert_close(nj_data_total(number, NJ_SPREAD_FINITE).hi, 13);
}

enum { PARTS = 4, UNITS = 160 };

/* Units, with x and y 0 where what is estimated does not occur. */
struct unit {
    double weight, x, y;
    uint32_t part; /* PARTS: none, sampled by chance alone */
    int64_t value;
};

struct store {
    struct unit unit[UNITS];
    struct nj_known known[PARTS + 1];
    double happened[PARTS];
};

static void
store_fill(struct store *s, uint64_t *seed, bool has_rest)
{
    *s = (struct store){0};
    for (size_t i = 0; i < UNITS; i++) {
        uint32_t part = (uint32_t)(test_random(seed) % (has_rest ? PARTS + 1 : PARTS));
        bool is_in = test_random(seed) % 3 > 0;
        s->unit[i].part = part;
        s->unit[i].x = is_in ? 1 : 0;
        s->unit[i].y = is_in && test_random(seed) % 4 < part ? 1 : 0;
        s->unit[i].value = (int64_t)(test_random(seed) % 60) + 20 * (int64_t)part;
        s->known[part].number = part < PARTS ? part + 1 : 0;
        s->known[part].quota += part < PARTS;
    }
    for (uint32_t p = 0; p < PARTS; p++) /* the last part is stored as a whole */
        s->happened[p] = (p + 1 < PARTS ? 2.5 + 3 * p : 1) * s->known[p].quota;
    for (size_t i = 0; i < UNITS; i++) {
        uint32_t p = s->unit[i].part;
        s->unit[i].weight = p < PARTS ? s->happened[p] / s->known[p].quota : 7;
    }
}

/* The variance of the sum of z over all units, by its definition. */
static double
slow_variance(const struct store *s, const double z[UNITS], double units, enum nj_spread spread)
{
    double out = 0;

    for (uint32_t p = 0; p < PARTS; p++) {
        double n = s->known[p].quota, sum = 0, squares = 0, weight = 1;
        for (size_t i = 0; i < UNITS; i++)
            if (s->unit[i].part == p) {
                sum += z[i];
                weight = s->unit[i].weight;
            }
        for (size_t i = 0; i < UNITS; i++)
            if (s->unit[i].part == p)
                squares += (z[i] - sum / n) * (z[i] - sum / n);
        double within = n / (n - 1) * squares;
        out += spread == NJ_SPREAD_FINITE
                   ? (1 - 1 / weight) * within
                   : within + s->happened[p] * (sum / n / weight) * (sum / n / weight);
    }
    for (size_t i = 0; i < UNITS; i++)
        if (s->unit[i].part == PARTS)
            out +=
                z[i] * z[i] *
                (spread == NJ_SPREAD_FINITE ? 1 - 1 / s->unit[i].weight : units / (units - 1));
    return out;
}

/* Sums over the units in which x occurs. */
static size_t
strata_of(const struct store *s, struct nj_stratum out[PARTS + 1], double *units)
{
    size_t len = 0;

    *units = 0;
    for (uint32_t p = 0; p <= PARTS; p++) {
        struct nj_stratum *to = &out[len];
        *to = (struct nj_stratum){.known = s->known[p]};
        for (size_t i = 0; i < UNITS; i++) {
            const struct unit *u = &s->unit[i];
            if (u->part != p || u->x == 0)
                continue;
            to->weight = u->weight;
            to->rest = 1 - 1 / u->weight;
            to->units++;
            to->x += u->x;
            to->y += u->y;
            to->xx += u->x * u->x;
            to->xy += u->x * u->y;
            to->yy += u->y * u->y;
        }
        *units += to->units;
        len += to->units > 0;
    }
    return len;
}

static void
ratios_and_their_bias_have_the_variance_of_the_definition(void **state)
{
    struct nj_stratum strata[PARTS + 1];
    struct store s;
    uint64_t seed = 5;
    double units;

    (void)state;
    for (int round = 0; round < 40; round++) {
        double z[UNITS], d[UNITS], x = 0, y = 0, plain_x = 0, plain_y = 0;
        store_fill(&s, &seed, round % 2 > 0);
        struct nj_data data = nj_data_of_strata(strata, strata_of(&s, strata, &units));
        for (size_t i = 0; i < UNITS; i++) {
            x += s.unit[i].weight * s.unit[i].x;
            y += s.unit[i].weight * s.unit[i].y;
            plain_x += s.unit[i].x;
            plain_y += s.unit[i].y;
        }
        for (size_t i = 0; i < UNITS; i++) {
            const struct unit *u = &s.unit[i];
            z[i] = u->weight * (u->y - y / x * u->x) / x;
            d[i] = (u->y - plain_y / plain_x * u->x) / plain_x - z[i];
        }
        for (int k = 0; k < 2; k++) {
            enum nj_spread spread = k ? NJ_SPREAD_PROCESS : NJ_SPREAD_FINITE;
            assert_close(nj_data_ratio(data, spread).se,
                         sqrt(slow_variance(&s, z, units, spread)));
        }
        assert_close(nj_data_bias(data, NJ_SPREAD_FINITE).se,
                     sqrt(slow_variance(&s, d, units, NJ_SPREAD_FINITE)));
    }
}

/* Limits of a quantile by trying every value. */
static void
slow_limits(const struct store *s, double p, enum nj_spread spread, double *lo, double *hi)
{
    double total = 0, t = nj_t_quantile(0.975, UNITS - 1);

    *lo = *hi = (double)NAN;
    for (size_t i = 0; i < UNITS; i++)
        total += s->unit[i].weight;
    for (int64_t value = 0; value < 1000; value++) {
        double z[UNITS], gap = 0;
        for (size_t i = 0; i < UNITS; i++) {
            z[i] = s->unit[i].weight * ((s->unit[i].value <= value) - p);
            gap += z[i];
        }
        double reach = t * sqrt(fmax(0, slow_variance(s, z, UNITS, spread)));
        if (isnan(*lo) && gap >= -reach)
            *lo = (double)value;
        if (isnan(*hi) && gap > reach)
            *hi = (double)value;
    }
}

static void
sample_make(struct nj_sample *out, const struct store *s, struct nj_arena *arena)
{
    struct nj_keyed *items = NJ_NEW(arena, struct nj_keyed, UNITS);
    struct nj_carrier *carriers = NJ_NEW(arena, struct nj_carrier, UNITS);

    for (uint32_t i = 0; i < UNITS; i++) {
        items[i] = (struct nj_keyed){nj_key_of_int(s->unit[i].value), i, 0};
        carriers[i] = nj_carrier_of(i, s->unit[i].weight, true);
        carriers[i].known = s->known[s->unit[i].part];
    }
    assert_int_equal(nj_sample_build(out, items, UNITS, carriers, arena, NULL), NJ_OK);
}

/* The same sample as cells of one value each. */
static void
cells_make(struct nj_sample *out, const struct store *s, struct nj_arena *arena)
{
    struct nj_cell *cells = NJ_NEW(arena, struct nj_cell, UNITS);
    struct nj_cell_class *classes = NJ_NEW(arena, struct nj_cell_class, PARTS + 1);
    size_t len = 0, classes_len = 0;

    for (int64_t value = 0; value < 1000; value++)
        for (uint32_t p = 0; p <= PARTS; p++) {
            struct nj_cell cell = {
                .key = nj_key_of_int(value), .most = 1, .known = s->known[p]};
            for (size_t i = 0; i < UNITS; i++)
                if (s->unit[i].part == p && s->unit[i].value == value) {
                    cell.weight = s->unit[i].weight;
                    cell.rest = 1 - 1 / cell.weight;
                    cell.rows = ++cell.aa;
                    cell.ab = cell.aa;
                }
            if (cell.rows > 0)
                cells[len++] = cell;
        }
    for (uint32_t p = 0; p <= PARTS; p++) {
        struct nj_cell_class class = {.known = s->known[p]};
        for (size_t i = 0; i < UNITS; i++)
            if (s->unit[i].part == p) {
                class.weight = s->unit[i].weight;
                class.rest = 1 - 1 / class.weight;
                class.bb = ++class.clusters;
            }
        if (class.clusters > 0)
            classes[classes_len++] = class;
    }
    assert_int_equal(nj_sample_of_cells(out, cells, len, classes, classes_len, arena, NULL),
                     NJ_OK);
}

static double
value_at(const struct nj_sample *sample, size_t rank)
{
    return rank == NJ_NO_RANK ? (double)NAN : nj_sample_value(sample, sample->key[rank]);
}

static void
quantiles_have_the_limits_of_the_definition(void **state)
{
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct store s;
    uint64_t seed = 8;

    (void)state;
    for (int round = 0; round < 20; round++) {
        struct nj_sample rows, cells;
        store_fill(&s, &seed, round % 2 > 0);
        sample_make(&rows, &s, arena);
        cells_make(&cells, &s, arena);
        for (int k = 0; k < 2; k++) {
            enum nj_spread spread = k ? NJ_SPREAD_PROCESS : NJ_SPREAD_FINITE;
            struct nj_quantile a[] = {{.p = 0.5}, {.p = 0.95}}, b[] = {{.p = 0.5}, {.p = 0.95}};
            double lo, hi;
            assert_int_equal(nj_sample_quantiles(&rows, spread, a, 2, arena, NULL), NJ_OK);
            assert_int_equal(nj_sample_quantiles(&cells, spread, b, 2, arena, NULL), NJ_OK);
            slow_limits(&s, 0.5, spread, &lo, &hi);
            assert_close(value_at(&rows, a[0].lo), lo);
            assert_close(value_at(&rows, a[0].hi), hi);
            for (int q = 0; q < 2; q++) {
                assert_close(a[q].n_eff, b[q].n_eff);
                assert_true(value_at(&rows, a[q].at) == value_at(&cells, b[q].at));
            }
            assert_close(value_at(&cells, b[0].lo), lo);
            assert_close(value_at(&cells, b[0].hi), hi);
        }
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_sums_done_by_hand),
        cmocka_unit_test(ratios_and_their_bias_have_the_variance_of_the_definition),
        cmocka_unit_test(quantiles_have_the_limits_of_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
