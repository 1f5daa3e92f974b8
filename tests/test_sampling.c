/* test_sampling.c - the sampling analyzer on stores whose truth is known. */
#include "tests/build.h"
#include "tests/tables.h"
#include "tests/test.h"

#include "analyzers/analyze.h"
#include "analyzers/recover.h"
#include "trees/weights.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

extern const struct nj_analyzer nj_analyzer_sampling;

static struct nj_results *
analyze(struct test_corpus *corpus, const struct nj_options *options)
{
    const struct nj_analyzer *const analyzers[] = {&nj_analyzer_sampling, NULL};
    const struct nj_options none = {.jobs = 1};
    struct nj_results *results = nj_results_new();
    struct nj_diags *diags = nj_diags_new();
    struct nj_error err = {0};

    assert_true(results && diags);
    if (nj_analyze(test_view(corpus), options ? options : &none, analyzers, NULL, diags,
                   results, &err) < 0)
        fail_msg("%s", err.causes[0]);
    free(diags);
    return results;
}

static double
store(const struct nj_results *results, unsigned column)
{
    return nj_table_real(nj_results_view(results, NJ_TABLE_sampling), 0, column);
}

static uint64_t
warning(const struct nj_results *results, const char *id)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_sampling_warnings);

    for (size_t i = 0; i < nj_table_len(t); i++)
        if (nj_slice_eq(nj_table_text(t, i, NJ_COL_sampling_warnings_id), nj_slice_of(id)))
            return (uint64_t)nj_table_int(t, i, NJ_COL_sampling_warnings_count);
    return 0;
}

/* A row of sampling_rows; SIZE_MAX: none. */
static size_t
row_find(const struct nj_results *results, const char *agent, const char *metric)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_sampling_rows);

    for (size_t i = 0; i < nj_table_len(t); i++)
        if (nj_slice_eq(nj_table_text(t, i, NJ_COL_sampling_rows_agent), nj_slice_of(agent)) &&
            nj_slice_eq(nj_table_text(t, i, NJ_COL_sampling_rows_metric), nj_slice_of(metric)))
            return i;
    return SIZE_MAX;
}

static double
number(const struct nj_results *results, const char *agent, const char *metric, unsigned column)
{
    size_t row = row_find(results, agent, metric);

    assert_true(row != SIZE_MAX);
    return nj_table_real(nj_results_view(results, NJ_TABLE_sampling_rows), row, column);
}

/* Traces of a tail sampler: errors at 1, the rest at 1 in 16, with their thresholds. Every 20th
 * trace has an error and takes five times as long. What happened, by the way. */
struct truth {
    unsigned happened, errors;
    double sum_ms;
};

static void
tail_fill(struct test_corpus *corpus, unsigned happened, struct truth *truth)
{
    char id[32], spans[200];

    *truth = (struct truth){.happened = happened};
    for (unsigned i = 0; i < happened; i++) {
        (void)snprintf(id, sizeof id, "t%u", i);
        struct nj_trace_id trace_id = nj_trace_id_of_text(nj_slice_of(id));
        unsigned r = trace_id.bytes[9]; /* the upper byte of the randomness */
        bool is_error = i % 20 == 0;
        unsigned ms = (100 + i % 97) * (is_error ? 5 : 1);
        truth->errors += is_error;
        truth->sum_ms += ms;
        if (!is_error && r < 0xf0)
            continue;
        (void)snprintf(spans, sizeof spans,
                       "root[0,%u] agent=planner TRACE_STATE='ot=th:%s'%s;"
                       "sub<root[10,%u] agent=coder",
                       ms, is_error ? "0" : "f", is_error ? " status=error" : "", ms / 2);
        test_add(corpus, id, spans);
    }
}

static void
corrects_what_a_tail_sampler_has_bent(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    struct truth truth;

    (void)state;
    tail_fill(corpus, 8000, &truth);
    struct nj_results *r = analyze(corpus, NULL);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_sampling);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_sampling_mode), "known");
    assert_true(store(r, NJ_COL_sampling_estimated_lo) < truth.happened);
    assert_true(store(r, NJ_COL_sampling_estimated_hi) > truth.happened);
    assert_true(store(r, NJ_COL_sampling_weight_min) == 1);
    assert_true(store(r, NJ_COL_sampling_weight_max) == 16);
    assert_true(store(r, NJ_COL_sampling_rates) == 2);
    assert_true(store(r, NJ_COL_sampling_inconsistent) == 0);
    assert_true(store(r, NJ_COL_sampling_uniformity_p) > 0.01);
    double rate = (double)truth.errors / truth.happened;
    assert_true(number(r, "*", "error_rate", NJ_COL_sampling_rows_lo) < rate);
    assert_true(number(r, "*", "error_rate", NJ_COL_sampling_rows_hi) > rate);
    assert_true(number(r, "*", "error_rate", NJ_COL_sampling_rows_naive) > 0.4);
    double mean = truth.sum_ms / truth.happened * 1e6;
    assert_true(number(r, "planner", "mean", NJ_COL_sampling_rows_lo) < mean);
    assert_true(number(r, "planner", "mean", NJ_COL_sampling_rows_hi) > mean);
    assert_true(number(r, "planner", "mean", NJ_COL_sampling_rows_bias_lo) > 0);
    const struct nj_table *rows = nj_results_view(r, NJ_TABLE_sampling_rows);
    assert_slice_equal(
        nj_table_text(rows, row_find(r, "planner", "mean"), NJ_COL_sampling_rows_flag),
        "biased");
    assert_true(warning(r, "S011") > 0 && warning(r, "S018") == 400);
    assert_true(warning(r, "S001") == 0 && warning(r, "S005") == 0 && warning(r, "S012") == 0);
    const struct nj_table *strata = nj_results_view(r, NJ_TABLE_sampling_strata);
    assert_slice_equal(nj_table_text(strata, 0, NJ_COL_sampling_strata_stratum), "error, slow");
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
says_that_nothing_is_known_where_nothing_is_recorded(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    struct nj_options options = {.jobs = 1, .rate_lo = 0.1, .rate_hi = 0.5};
    char spans[64];

    (void)state;
    for (int i = 1; i <= 40; i++) {
        (void)snprintf(spans, sizeof spans, "a[0,%d] agent=a", i);
        test_add(corpus, NULL, spans);
    }
    struct nj_results *r = analyze(corpus, &options);
    const struct nj_table *rows = nj_results_view(r, NJ_TABLE_sampling_rows);
    assert_slice_equal(
        nj_table_text(nj_results_view(r, NJ_TABLE_sampling), 0, NJ_COL_sampling_mode), "none");
    assert_true(isnan(store(r, NJ_COL_sampling_estimated_hi)));
    assert_int_equal(warning(r, "S001"), 40);
    assert_slice_equal(nj_table_text(rows, row_find(r, "a", "p50"), NJ_COL_sampling_rows_flag),
                       "unknown");
    /* traces between 1 in 10 and 1 in 2: 80 to 400 happened; a median between those of weights
     * 2 on one side and 10 on the other */
    const struct nj_table *b = nj_results_view(r, NJ_TABLE_sampling_bounds);
    assert_slice_equal(nj_table_text(b, 0, NJ_COL_sampling_bounds_metric), "traces");
    assert_true(nj_table_real(b, 0, NJ_COL_sampling_bounds_lo) == 80);
    assert_true(nj_table_real(b, 0, NJ_COL_sampling_bounds_hi) == 400);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
counts_what_is_odd_about_weights(void **state)
{
    struct test_corpus *corpus = test_corpus_new();

    (void)state;
    test_add(corpus, NULL, "a[0,5] TRACE_STATE='ot=th:8;rv:00000000000001'");
    test_add(corpus, NULL, "a[0,5] TRACE_STATE='ot=th:8;rv:f0000000000000'");
    test_add(corpus, NULL, "a[0,5] TRACE_STATE='ot=th:8;rv:f0000000000000'");
    test_add(corpus, NULL, "a[0,5] TRACE_STATE='ot=p:63;r:5'");
    test_add(corpus, NULL, "a[0,5] TRACE_STATE='ot=th:zz'");
    test_add(corpus, NULL, "a[0,5]");
    struct nj_results *r = analyze(corpus, NULL);
    assert_true(store(r, NJ_COL_sampling_inconsistent) == 1);
    assert_true(store(r, NJ_COL_sampling_zero) == 1 && store(r, NJ_COL_sampling_invalid) == 1);
    assert_true(store(r, NJ_COL_sampling_unknown) == 1);
    /* two traces of one decision, the inconsistent, invalid and unknown one; not the zero */
    assert_true(store(r, NJ_COL_sampling_units) == 4);
    assert_int_equal(warning(r, "S005"), 1);
    assert_int_equal(warning(r, "S004"), 1);
    assert_int_equal(warning(r, "S015"), 3);
    nj_results_free(r);
    test_corpus_free(corpus);
}

/* The back keeps traces above 3/4 only. A front span that hangs under a missing back span is
 * explained below that, and a loss above. */
static void
tells_orphans_that_sampling_explains_from_lost_spans(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    const char *const whole = "a[0,9] service=front TRACE_STATE='ot=th:0;rv:e0000000000000';"
                              "b<a[1,8] service=back TRACE_STATE='ot=th:c';"
                              "c<b[2,7] service=deep TRACE_STATE='ot=th:0'";

    (void)state;
    test_add(corpus, NULL, whole);
    test_add(corpus, NULL, whole);
    test_add(corpus, NULL,
             "a[0,9] service=front TRACE_STATE='ot=th:0;rv:50000000000000';"
             "c<gone[2,7] service=deep TRACE_STATE='ot=th:0'");
    test_add(corpus, NULL,
             "a[0,9] service=front TRACE_STATE='ot=th:0;rv:f0000000000000';"
             "c<gone[2,7] service=deep TRACE_STATE='ot=th:0'");
    struct nj_results *r = analyze(corpus, NULL);
    assert_true(store(r, NJ_COL_sampling_orphans_explained) == 1);
    assert_true(store(r, NJ_COL_sampling_orphans_lost) == 1);
    assert_int_equal(warning(r, "S014"), 1);
    assert_true(warning(r, "S007") == 2);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
recovers_weights_and_says_so(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    char id[32];

    (void)state;
    for (unsigned i = 0; i < 6000; i++) {
        (void)snprintf(id, sizeof id, "r%u", i);
        struct nj_trace_id trace_id = nj_trace_id_of_text(nj_slice_of(id));
        if (trace_id.bytes[8] < 0x20 || i % 100 == 0)
            test_add(corpus, id, "a[0,5] agent=a service=s");
    }
    struct nj_results *r = analyze(corpus, NULL);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_sampling_recovered);
    assert_slice_equal(
        nj_table_text(nj_results_view(r, NJ_TABLE_sampling), 0, NJ_COL_sampling_mode),
        "recovered");
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_sampling_recovered_stratum), "*");
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_sampling_recovered_hash), "low64");
    assert_true(fabs(nj_table_real(t, 0, NJ_COL_sampling_recovered_p) - 0.125) < 0.005);
    assert_true(fabs(store(r, NJ_COL_sampling_estimated) / 6000 - 1) < 0.1);
    assert_true(warning(r, "S002") > 500 && warning(r, "S001") == 0);
    nj_results_free(r);
    test_corpus_free(corpus);
}

/* Two sources that differ, a rate limiter, hours of different rates, a few heavy traces. */
static void
warns_of_sources_limiters_hours_and_heavy_traces(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    char spans[160];

    (void)state;
    (void)snprintf(spans, sizeof spans,
                   "a[0,5] TRACE_STATE='ot=th:0;rv:f0000000000000' WEIGHT_SOURCE=%d "
                   "WEIGHT_VALUE='20'",
                   (int)NJ_WEIGHT_ROW_HONEYCOMB);
    test_add(corpus, NULL, spans);
    (void)snprintf(spans, sizeof spans, "a[0,5] WEIGHT_SOURCE=%d WEIGHT_VALUE='ratelimiting'",
                   (int)NJ_WEIGHT_ROW_JAEGER_TYPE);
    test_add(corpus, NULL, spans);
    for (unsigned i = 0; i < 80; i++) {
        unsigned start = i < 40 ? 10 : 2 * 3600000;
        (void)snprintf(spans, sizeof spans, "a[%u,%u] TRACE_STATE='ot=th:%s;rv:f%013x'", start,
                       start + 10 + i, i < 40 ? "0" : "8", i);
        test_add(corpus, NULL, spans);
    }
    struct nj_results *r = analyze(corpus, NULL);
    assert_int_equal(warning(r, "S003"), 1);
    assert_int_equal(warning(r, "S016"), 1);
    assert_int_equal(warning(r, "S008"), 1);
    assert_true(warning(r, "S010") >= 1); /* p99 of 82 traces */
    assert_int_equal(warning(r, "S009"), 0);
    nj_results_free(r);
    test_add(corpus, NULL, "a[10,90] TRACE_STATE='ot=th:fff;rv:ffff0000000000'");
    r = analyze(corpus, NULL);
    assert_int_equal(warning(r, "S009"), 1);
    nj_results_free(r);
    test_corpus_free(corpus);
}

/* Only every eighth part of the randomness above the threshold is there. */
static void
warns_of_randomness_that_is_not_even(void **state)
{
    char id[32];

    (void)state;
    for (int is_even = 0; is_even < 2; is_even++) {
        struct test_corpus *corpus = test_corpus_new();
        for (unsigned i = 0; i < 1500; i++) {
            (void)snprintf(id, sizeof id, "e%u", i);
            unsigned byte = nj_trace_id_of_text(nj_slice_of(id)).bytes[9];
            if (byte >= 0x80 && (is_even || byte < 0x90))
                test_add(corpus, id, "a[0,5] TRACE_STATE='ot=th:8'");
        }
        struct nj_results *r = analyze(corpus, NULL);
        assert_true((warning(r, "S012") > 0) == !is_even);
        nj_results_free(r);
        test_corpus_free(corpus);
    }
}

/* A ratio sampler, and behind it the collector's with another hash. */
static void
warns_of_two_samplers_whose_rates_multiply(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    char id[32];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        (void)snprintf(id, sizeof id, "m%u", i);
        struct nj_trace_id trace_id = nj_trace_id_of_text(nj_slice_of(id));
        if (nj_id_hash_of(NJ_ID_HASH_LOW64, &trace_id) >= 0.8 &&
            (nj_id_hash_of(NJ_ID_HASH_FNV64, &trace_id) >= 0.75 || i % 40 == 0))
            test_add(corpus, id, "a[0,5]");
    }
    struct nj_results *r = analyze(corpus, NULL);
    assert_true(warning(r, "S013") > 500);
    assert_true(fabs(store(r, NJ_COL_sampling_estimated) / 20000 - 1) < 0.1);
    nj_results_free(r);
    test_corpus_free(corpus);
}

/* An error that the sampler kept for its baseline: the rule for errors decides. */
static void
warns_of_labels_that_name_another_rule(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    struct nj_options options = {.jobs = 1, .sampling_policy = "test_sampling.policy.json"};
    FILE *file = fopen(options.sampling_policy, "w");
    char spans[160];

    (void)state;
    assert_non_null(file);
    assert_true(fputs("{\"rules\": [{\"name\": \"baseline\", \"rate\": 0.1}, {\"name\": "
                      "\"errors\", \"rate\": 1, \"when\": {\"status\": \"error\"}}]}",
                      file) >= 0);
    assert_int_equal(fclose(file), 0);
    for (int is_error = 0; is_error < 2; is_error++) {
        (void)snprintf(spans, sizeof spans, "a[0,5]%s WEIGHT_SOURCE=%d WEIGHT_VALUE='baseline'",
                       is_error ? " status=error" : "", (int)NJ_WEIGHT_ROW_TAIL_POLICY);
        test_add(corpus, NULL, spans);
    }
    struct nj_results *r = analyze(corpus, &options);
    (void)unlink(options.sampling_policy);
    assert_int_equal(warning(r, "S006"), 1);
    assert_true(store(r, NJ_COL_sampling_estimated) == 11);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static struct nj_buf
tables_of(struct test_corpus *corpus, const struct nj_options *options)
{
    struct nj_results *results = analyze(corpus, options);
    struct nj_buf text = {0};

    test_tables_print(&text, results);
    nj_results_free(results);
    assert_true(!text.is_failed && text.len > 500);
    return text;
}

static void
neither_threads_nor_the_order_of_traces_show(void **state)
{
    struct test_corpus *corpus = test_corpus_new(), *shuffled = test_corpus_new();
    struct truth truth;
    uint64_t seed = 17;

    (void)state;
    tail_fill(corpus, 2000, &truth);
    for (uint32_t i = 0; i < 40; i++)
        test_add_random(corpus, &seed, 20, true);
    size_t len = test_view(corpus)->traces_len;
    for (uint64_t i = 0; i < len; i++)
        test_add_shuffled(shuffled, corpus, (len - i) * 7919 % len, &seed);
    for (int is_counted = 0; is_counted < 2; is_counted++) {
        struct nj_options one = {.jobs = 1, .kept_values_max = (uint64_t)is_counted};
        struct nj_options many = {.jobs = 5, .kept_values_max = (uint64_t)is_counted};
        struct nj_buf a = tables_of(corpus, &one), b = tables_of(shuffled, &many);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.ptr, b.ptr, a.len);
        nj_buf_fini(&a);
        nj_buf_fini(&b);
    }
    test_corpus_free(corpus);
    test_corpus_free(shuffled);
}

/* The policy's errors are all kept, one of sixteen of the rest. */
static void
known_numbers_count_in_any_order_and_where_values_are_counted(void **state)
{
    static const unsigned columns[] = {NJ_COL_sampling_rows_weighted, NJ_COL_sampling_rows_lo,
                                       NJ_COL_sampling_rows_hi, NJ_COL_sampling_rows_bias_lo};
    struct test_corpus *corpus = test_corpus_new();
    const char *path = "test_sampling.strata.json";
    FILE *file = fopen(path, "w");
    struct truth truth;

    (void)state;
    tail_fill(corpus, 4000, &truth);
    assert_non_null(file);
    assert_true(fputs("{\"strata\": [{\"name\": \"failed\", \"population\": 200, \"when\": "
                      "{\"status\": \"error\"}}, {\"name\": \"rest\", \"population\": 3800}]}",
                      file) >= 0);
    assert_int_equal(fclose(file), 0);
    struct nj_options kept = {.jobs = 1, .sampling_policy = path};
    struct nj_options counted = {.jobs = 5, .sampling_policy = path, .kept_values_max = 1};
    struct nj_options many = {.jobs = 5, .sampling_policy = path};
    struct nj_results *a = analyze(corpus, &kept), *b = analyze(corpus, &counted);
    struct nj_buf one = tables_of(corpus, &kept), other = tables_of(corpus, &many);
    assert_int_equal(one.len, other.len);
    assert_memory_equal(one.ptr, other.ptr, one.len);
    nj_buf_fini(&one);
    nj_buf_fini(&other);
    assert_true(store(a, NJ_COL_sampling_estimated) == 4000);
    assert_true(store(a, NJ_COL_sampling_estimated_hi) == 4000);
    assert_true(store(b, NJ_COL_sampling_estimated_lo) == 4000);
    size_t rate = row_find(a, "*", "error_rate"), p50 = row_find(a, "*", "p50");
    const struct nj_table *x = nj_results_view(a, NJ_TABLE_sampling_rows);
    const struct nj_table *y = nj_results_view(b, NJ_TABLE_sampling_rows);
    assert_true(fabs(nj_table_real(x, rate, columns[0]) - 0.05) < 1e-12);
    for (size_t c = 0; c < NJ_LEN(columns); c++) {
        double want = nj_table_real(x, rate, columns[c]),
               got = nj_table_real(y, rate, columns[c]);
        assert_true(fabs(got - want) < 1e-12);
        want = nj_table_real(x, p50, columns[c]);
        got = nj_table_real(y, p50, columns[c]);
        assert_true(c > 2 || fabs(got / want - 1) < 0.002);
    }
    (void)unlink(path);
    nj_results_free(a);
    nj_results_free(b);
    test_corpus_free(corpus);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corrects_what_a_tail_sampler_has_bent),
        cmocka_unit_test(says_that_nothing_is_known_where_nothing_is_recorded),
        cmocka_unit_test(counts_what_is_odd_about_weights),
        cmocka_unit_test(tells_orphans_that_sampling_explains_from_lost_spans),
        cmocka_unit_test(recovers_weights_and_says_so),
        cmocka_unit_test(warns_of_sources_limiters_hours_and_heavy_traces),
        cmocka_unit_test(warns_of_randomness_that_is_not_even),
        cmocka_unit_test(warns_of_two_samplers_whose_rates_multiply),
        cmocka_unit_test(warns_of_labels_that_name_another_rule),
        cmocka_unit_test(neither_threads_nor_the_order_of_traces_show),
        cmocka_unit_test(known_numbers_count_in_any_order_and_where_values_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
