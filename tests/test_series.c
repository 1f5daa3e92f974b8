/* test_series.c - values of groups over weighted traces against lists kept by the test. */
#include "tests/test.h"

#include "analyzers/series.h"
#include "base/loghist.h"

#include <math.h>
#include <stdio.h>

enum { TRACES = 120, GROUPS = 4, OBSERVATIONS = 6, MEASURES = 2, EVENTS = 2 };
static const double ps[] = {0.5, 0.9, 0.95, 0.99};

/* What every trace adds: observations of one or two groups. */
struct sight {
    struct nj_trace trace[TRACES];
    char text[TRACES][16];
    unsigned len[TRACES];
    struct nj_observation of[TRACES][OBSERVATIONS];
};

static void
sight_fill(struct sight *s, uint64_t *seed)
{
    static const double weights[] = {1, 20, 4.5, 0, 9.9993896856881};

    memset(s, 0, sizeof *s);
    for (unsigned t = 0; t < TRACES; t++) {
        struct nj_trace *trace = &s->trace[t];
        trace->weight.value = weights[test_random(seed) % NJ_LEN(weights)];
        trace->weight.status = trace->weight.value == 0 ? NJ_WEIGHT_ZERO : NJ_WEIGHT_OK;
        trace->weight.is_grouped = test_random(seed) % 4 == 0;
        trace->weight.cluster = trace->weight.is_grouped ? test_random(seed) % 9 : 1000 + t;
        if (test_random(seed) % 9 == 0) {
            trace->weight.value = 1;
            trace->weight.status = NJ_WEIGHT_UNKNOWN;
        }
        if (trace->weight.is_grouped) /* one decision, one weight */
            trace->weight.value = 4.5;
        if (trace->weight.is_grouped)
            trace->weight.status = NJ_WEIGHT_OK;
        (void)snprintf(s->text[t], sizeof s->text[t], "run-%u", t);
        trace->id = nj_trace_id_of_text(nj_slice_of(s->text[t]));
        trace->text = t % 2 ? nj_slice_of(s->text[t]) : (struct nj_slice){NULL, 0};
        s->len[t] = (unsigned)(test_random(seed) % OBSERVATIONS);
        for (unsigned i = 0; i < s->len[t]; i++) {
            struct nj_observation *o = &s->of[t][i];
            o->groups_len = 1 + (unsigned)(test_random(seed) % 2);
            o->groups[0] = (uint32_t)(test_random(seed) % GROUPS);
            o->groups[1] = (o->groups[0] + 1) % GROUPS;
            o->value[0] = (int64_t)(test_random(seed) % 500) * 1000003;
            o->value[1] =
                test_random(seed) % 3 ? (int64_t)(test_random(seed) % 50) : NJ_NO_VALUE;
            o->events = (uint32_t)(test_random(seed) % 4);
        }
    }
}

/* Adds traces first, first + step, … in this order; group keys are 100 + number. */
static void
series_fill(struct nj_series *series, const struct sight *s, unsigned first, unsigned step,
            bool is_counted, struct nj_names *names, struct nj_arena *scratch)
{
    const struct nj_series_shape shape = {MEASURES, 1, EVENTS, is_counted};

    nj_series_init(series, &shape, names);
    for (unsigned t = first; t < TRACES; t += step) {
        assert_true(nj_series_begin(series, &s->trace[t]));
        for (unsigned i = 0; i < s->len[t]; i++) {
            struct nj_observation o = s->of[t][i];
            for (unsigned g = 0; g < o.groups_len; g++)
                o.groups[g] = nj_series_group(series, 100 + o.groups[g]);
            assert_true(nj_series_add(series, &o));
        }
        assert_true(nj_series_end(series, scratch));
        nj_arena_reset(scratch);
    }
}

static uint32_t
group_find(const struct nj_series *series, uint64_t key)
{
    for (uint32_t g = 0; g < nj_series_len(series); g++) {
        struct nj_series_group group;
        nj_series_get(series, g, &group);
        if (group.key == key)
            return g;
    }
    fail_msg("group %d is missing", (int)key);
    return 0;
}

static bool
is_in(const struct nj_observation *o, uint32_t group)
{
    return o->groups[0] == group || (o->groups_len == 2 && o->groups[1] == group);
}

/* One term a trace, of group g: y is the sum of measure 0 or the number of events 1. */
static size_t
terms_of(const struct sight *s, uint32_t g, bool is_event, struct nj_term *terms)
{
    size_t len = 0;

    for (unsigned t = 0; t < TRACES; t++) {
        struct nj_term term = {nj_trace_carrier(&s->trace[t]), 0, 0};
        for (unsigned i = 0; i < s->len[t]; i++) {
            if (!is_in(&s->of[t][i], g))
                continue;
            term.x++;
            term.y += is_event ? s->of[t][i].events >> 1 & 1 : (double)s->of[t][i].value[0];
        }
        if (term.x > 0)
            terms[len++] = term;
    }
    nj_terms_sort(terms, len);
    return len;
}

static void
assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))) && !(isnan(got) && isnan(want)))
        fail_msg("got %.17g, want %.17g", got, want);
}

static void
compare_sums(const struct nj_series *series, const struct sight *s, uint32_t g,
             struct nj_arena *arena)
{
    struct nj_term terms[TRACES];

    for (int is_event = 0; is_event < 2; is_event++) {
        struct nj_data want = nj_data_of_terms(terms, terms_of(s, g, is_event, terms));
        struct nj_data got = nj_series_strata(series, group_find(series, 100 + g),
                                              is_event ? NJ_SUM_OF_EVENT : NJ_SUM_OF_MEASURE,
                                              is_event ? 1 : 0, arena);
        for (int k = 0; k < 2; k++) {
            enum nj_spread spread = k ? NJ_SPREAD_PROCESS : NJ_SPREAD_FINITE;
            struct nj_estimate a = nj_data_ratio(got, spread), b = nj_data_ratio(want, spread);
            assert_near(a.est, b.est, 1e-12);
            assert_near(a.lo, b.lo, 1e-9);
            assert_near(a.hi, b.hi, 1e-9);
        }
        assert_near(nj_data_plain(got), nj_data_plain(want), 1e-12);
        assert_near(nj_data_design(got).kish, nj_data_design(want).kish, 1e-12);
    }
}

/* The rows of one measure of group g, for an oracle's sample. */
static size_t
rows_of(const struct sight *s, uint32_t g, unsigned measure, struct nj_keyed *items)
{
    size_t len = 0;

    for (unsigned t = 0; t < TRACES; t++)
        for (unsigned i = 0; i < s->len[t]; i++)
            if (is_in(&s->of[t][i], g) && s->of[t][i].value[measure] != NJ_NO_VALUE)
                items[len++] =
                    (struct nj_keyed){nj_key_of_int(s->of[t][i].value[measure]), t, 0};
    return len;
}

static double
value_at(const struct nj_sample *sample, size_t rank)
{
    return rank == NJ_NO_RANK ? (double)NAN : (double)nj_key_int(sample->key[rank]);
}

static void
compare_quantiles(const struct nj_series *series, const struct sight *s, uint32_t g,
                  unsigned measure, double tolerance, struct nj_arena *arena)
{
    static struct nj_keyed items[TRACES * OBSERVATIONS];
    static struct nj_carrier carriers[TRACES];
    struct nj_quantile a[NJ_LEN(ps)], b[NJ_LEN(ps)];
    struct nj_sample got, want;

    for (unsigned t = 0; t < TRACES; t++)
        carriers[t] = nj_trace_carrier(&s->trace[t]);
    size_t len = rows_of(s, g, measure, items);
    assert_int_equal(nj_sample_build(&want, items, len, carriers, arena, NULL), NJ_OK);
    assert_int_equal(
        nj_series_sample(series, group_find(series, 100 + g), measure, arena, &got, NULL),
        NJ_OK);
    for (size_t q = 0; q < NJ_LEN(ps); q++)
        a[q].p = b[q].p = ps[q];
    assert_int_equal(nj_sample_quantiles(&got, NJ_SPREAD_PROCESS, a, NJ_LEN(ps), arena, NULL),
                     NJ_OK);
    assert_int_equal(nj_sample_quantiles(&want, NJ_SPREAD_PROCESS, b, NJ_LEN(ps), arena, NULL),
                     NJ_OK);
    assert_near(got.weight_sum, want.weight_sum, 1e-12);
    for (size_t q = 0; q < NJ_LEN(ps); q++) {
        assert_near(value_at(&got, a[q].at), value_at(&want, b[q].at), tolerance);
        assert_near((double)nj_key_int(a[q].plain), (double)nj_key_int(b[q].plain), tolerance);
        if (tolerance > 0) /* cells take clusters of several traces apart */
            continue;
        assert_near(value_at(&got, a[q].lo), value_at(&want, b[q].lo), 0);
        assert_near(value_at(&got, a[q].hi), value_at(&want, b[q].hi), 0);
    }
}

static void
check(bool is_counted, double tolerance)
{
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_names *names = nj_names_new();
    static struct sight sight;
    struct nj_series series;
    uint64_t seed = is_counted ? 5 : 4;

    for (int round = 0; round < 8; round++) {
        sight_fill(&sight, &seed);
        series_fill(&series, &sight, 0, 1, is_counted, names, arena);
        assert_int_equal(nj_series_close(&series, NULL), NJ_OK);
        for (uint32_t g = 0; g < GROUPS; g++) {
            compare_sums(&series, &sight, g, arena);
            for (unsigned m = 0; m < MEASURES; m++)
                compare_quantiles(&series, &sight, g, m, tolerance, arena);
            nj_arena_reset(arena);
        }
        nj_series_fini(&series);
    }
    nj_names_free(names);
    nj_arena_free(arena);
}

static void
gives_the_estimates_of_its_values(void **state)
{
    (void)state;
    check(false, 0);
}

static void
counted_values_are_within_half_a_thousandth_and_sums_exact(void **state)
{
    (void)state;
    check(true, 0.00049);
}

static void
assert_same_group(const struct nj_series *a, const struct nj_series *b, uint64_t key,
                  unsigned measure, struct nj_arena *arena)
{
    uint32_t ga = group_find(a, key), gb = group_find(b, key);
    struct nj_data da = nj_series_strata(a, ga, NJ_SUM_OF_MEASURE, 0, arena);
    struct nj_data db = nj_series_strata(b, gb, NJ_SUM_OF_MEASURE, 0, arena);
    struct nj_series_group ra, rb;
    struct nj_sample sa, sb;

    nj_series_get(a, ga, &ra);
    nj_series_get(b, gb, &rb);
    assert_memory_equal(&ra, &rb, sizeof ra);
    assert_int_equal(da.len, db.len);
    assert_memory_equal(da.strata, db.strata, da.len * sizeof *da.strata);
    assert_int_equal(nj_series_sample(a, ga, measure, arena, &sa, NULL), NJ_OK);
    assert_int_equal(nj_series_sample(b, gb, measure, arena, &sb, NULL), NJ_OK);
    assert_int_equal(sa.len, sb.len);
    if (sa.len == 0)
        return;
    assert_memory_equal(sa.key, sb.key, sa.len * sizeof *sa.key);
    assert_memory_equal(sa.reach, sb.reach, sa.len * sizeof *sa.reach);
    for (size_t rank = 0; rank < sa.len; rank += 7) {
        char hex_a[NJ_TRACE_HEX + 1], hex_b[NJ_TRACE_HEX + 1];
        struct nj_slice x = nj_series_exemplar(a, ga, measure, &sa, rank, hex_a);
        struct nj_slice y = nj_series_exemplar(b, gb, measure, &sb, rank, hex_b);
        assert_true(x.len > 0 && nj_slice_eq(x, y));
    }
}

static void
parts_merged_in_any_order_are_the_whole(void **state)
{
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_names *names = nj_names_new();
    static struct sight sight;
    uint64_t seed = 8;

    (void)state;
    sight_fill(&sight, &seed);
    for (int is_counted = 0; is_counted < 2; is_counted++) {
        struct nj_series whole, parts[3];
        series_fill(&whole, &sight, 0, 1, is_counted, names, arena);
        for (unsigned i = 0; i < 3; i++)
            series_fill(&parts[i], &sight, i, 3, is_counted, names, arena);
        assert_true(nj_series_merge(&parts[2], &parts[0]));
        assert_true(nj_series_merge(&parts[2], &parts[1]));
        assert_int_equal(nj_series_close(&whole, NULL), NJ_OK);
        assert_int_equal(nj_series_close(&parts[2], NULL), NJ_OK);
        for (uint32_t g = 0; g < GROUPS; g++)
            for (unsigned m = 0; m < MEASURES; m++)
                assert_same_group(&whole, &parts[2], 100 + g, m, arena);
        nj_series_fini(&whole);
        for (unsigned i = 0; i < 3; i++)
            nj_series_fini(&parts[i]);
        nj_arena_reset(arena);
    }
    nj_names_free(names);
    nj_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_estimates_of_its_values),
        cmocka_unit_test(counted_values_are_within_half_a_thousandth_and_sums_exact),
        cmocka_unit_test(parts_merged_in_any_order_are_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
