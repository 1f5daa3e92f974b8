/* test_critical_path.c - the analyzer: sums by key over traces, weights, cohorts, print. */
#include "tests/build.h"
#include "tests/tables.h"
#include "tests/test.h"

#include "analyzers/analyze.h"

#include <math.h>
#include <stdio.h>

extern const struct nj_analyzer nj_analyzer_critical_path;

enum { MS = 1000000 };

static struct nj_results *
analyze(struct test_corpus *corpus, const struct nj_options *options)
{
    const struct nj_analyzer *const analyzers[] = {&nj_analyzer_critical_path, NULL};
    struct nj_results *results = nj_results_new();
    struct nj_diags *diags = nj_diags_new();
    struct nj_error err = {0};

    assert_true(results && diags);
    if (nj_analyze(test_view(corpus), options, analyzers, NULL, diags, results, &err) < 0)
        fail_msg("%s", err.causes[0]);
    free(diags);
    return results;
}

static const struct nj_options defaults = {.jobs = 1};

/* The row of a key; fails where there is none. */
static size_t
row_of(const struct nj_results *results, const char *scope, const char *by, const char *key)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_critical_path);

    for (size_t r = 0; r < nj_table_len(t); r++)
        if (nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_scope), nj_slice_of(scope)) &&
            nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_group_by), nj_slice_of(by)) &&
            nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_key), nj_slice_of(key)))
            return r;
    fail_msg("no row %s %s %s", scope, by, key);
    return 0;
}

static double
real_of(const struct nj_results *results, const char *by, const char *key, unsigned column)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_critical_path);
    return nj_table_real(t, row_of(results, "root", by, key), column);
}

static void
assert_near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-12 * (fabs(want) + 1e-3)))
        fail_msg("%.17g is not %.17g", got, want);
}

static void
divides_the_path_by_everything_that_divides(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    test_add(corpus, NULL,
             "run[0,1000] agent=planner kind=agent; ask<run[10,200] kind=llm model=big;"
             "a<run[200,600] agent=a kind=agent; b<run[200,850] agent=b kind=agent;"
             "search<b[300,500] kind=tool tool=find; sum<run[850,990] kind=llm model=big");
    struct nj_results *r = analyze(corpus, &defaults);
    const unsigned ns = NJ_COL_critical_path_critical_ns;

    assert_near(real_of(r, "agent", "planner", ns), 350 * MS);
    assert_near(real_of(r, "agent", "b", ns), 650 * MS);
    assert_near(real_of(r, "operation", "run", ns), 20 * MS);
    assert_near(real_of(r, "operation", "ask", ns), 190 * MS);
    assert_near(real_of(r, "tool", "find", ns), 200 * MS);
    assert_near(real_of(r, "model", "big", ns), 330 * MS);
    assert_near(real_of(r, "kind", "llm", ns), 330 * MS);
    assert_near(real_of(r, "path", "planner: run > b: b > search", ns), 200 * MS);
    assert_near(real_of(r, "agent", "b", NJ_COL_critical_path_share), 0.65);
    assert_near(real_of(r, "agent", "b", NJ_COL_critical_path_criticality), 1);
    /* b can be at most 250 ms faster before a is what is waited for */
    assert_near(real_of(r, "agent", "b", NJ_COL_critical_path_saving_10), 0.065);
    assert_near(real_of(r, "agent", "b", NJ_COL_critical_path_saving_25), 0.1625);
    assert_near(real_of(r, "agent", "b", NJ_COL_critical_path_saving_50), 0.25);
    assert_near(real_of(r, "agent", "b", NJ_COL_critical_path_saving_100), 0.25);
    assert_near(real_of(r, "model", "big", NJ_COL_critical_path_saving_100), 0.33);
    nj_results_free(r);
    test_corpus_free(corpus);
}

/* I5 and I12, over random traces and all divisions that leave nothing out. */
static void
divisions_sum_to_the_duration_of_all_traces_exactly(void **unused)
{
    (void)unused;
    uint64_t seed = 5;

    for (int round = 0; round < 30; round++) {
        struct test_corpus *corpus = test_corpus_new();
        for (int i = 0; i < 12; i++)
            test_add_random(corpus, &seed, 30, true);
        struct nj_results *r = analyze(corpus, &defaults);
        const struct nj_table *t = nj_results_view(r, NJ_TABLE_critical_path);
        const struct nj_table *total = nj_results_view(r, NJ_TABLE_critical_path_total);
        static const char *const whole[] = {"agent", "operation", "kind", "path"};

        for (size_t s = 0; s < nj_table_len(total); s++) {
            for (size_t d = 0; d < NJ_LEN(whole); d++) {
                int64_t sum = 0;
                for (size_t row = 0; row < nj_table_len(t); row++)
                    if (nj_slice_eq(nj_table_text(t, row, NJ_COL_critical_path_group_by),
                                    nj_slice_of(whole[d])) &&
                        nj_slice_eq(nj_table_text(t, row, NJ_COL_critical_path_scope),
                                    nj_table_text(total, s, NJ_COL_critical_path_total_scope)))
                        sum += nj_table_int(t, row, NJ_COL_critical_path_critical_ns);
                assert_int_equal(
                    sum, nj_table_int(total, s, NJ_COL_critical_path_total_duration_ns));
            }
        }
        nj_results_free(r);
        test_corpus_free(corpus);
    }
}

static char *
tables_of(struct test_corpus *corpus, const struct nj_options *options)
{
    struct nj_results *results = analyze(corpus, options);
    struct nj_buf text = {0};

    test_tables_print(&text, results);
    nj_buf_put_char(&text, '\0');
    nj_results_free(results);
    return text.ptr;
}

static void
threads_and_the_order_of_traces_change_nothing(void **unused)
{
    (void)unused;
    uint64_t seed = 6;

    for (int round = 0; round < 12; round++) {
        struct test_corpus *one = test_corpus_new(), *other = test_corpus_new();
        const uint64_t kept_max = round % 2 ? 1 : 0;
        for (int i = 0; i < 25; i++)
            test_add_random(one, &seed, 25, true);
        for (uint64_t i = 25; i-- > 0;)
            test_add_shuffled(other, one, i, &seed);
        char *a = tables_of(one, &(struct nj_options){.jobs = 1, .kept_values_max = kept_max});
        char *b =
            tables_of(other, &(struct nj_options){.jobs = 7, .kept_values_max = kept_max});
        assert_string_equal(a, b);
        free(a);
        free(b);
        test_corpus_free(one);
        test_corpus_free(other);
    }
}

static void
traces_count_as_often_as_they_stand_for_others(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    /* kept one in four, and one in one */
    test_add(corpus, NULL,
             "R[0,100] agent=x TRACE_STATE='ot=th:c;rv:ff000000000000'; A<R[0,60] agent=y");
    test_add(corpus, NULL, "R[0,100] agent=x TRACE_STATE='ot=th:0;rv:fe000000000000'");
    struct nj_results *r = analyze(corpus, &defaults);

    assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_critical_ns), 60 * MS);
    assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_weighted_ns), 240. * MS);
    assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_share), 240. / 500);
    assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_criticality), 4. / 5);
    assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_mean), 60. * MS);
    /* process variance of a ratio: units 2, residuals 4 (60 - 48) and 1 (0 - 48) */
    assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_share_se),
                sqrt(2 * (48. * 48 + 48. * 48)) / 500);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
traces_that_were_sampled_together_are_one_unit(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    static const char *const states[] = {
        "ot=th:8;rv:a0000000000000", "ot=th:8;rv:a0000000000000", "ot=th:8;rv:b0000000000000"};
    static const int64_t own[] = {60, 20, 10};
    char text[200];

    for (int i = 0; i < 3; i++) {
        (void)snprintf(text, sizeof text,
                       "R[0,100] agent=x TRACE_STATE='%s'; A<R[0,%d] agent=y", states[i],
                       (int)own[i]);
        test_add(corpus, NULL, text);
    }
    struct nj_results *r = analyze(corpus, &defaults);
    /* share 90 / 300; units (80 of 200) and (10 of 100), weight 2 */
    assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_share), 0.3);
    assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_share_se),
                sqrt(2 * (40. * 40 + 40. * 40)) / 600);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
medians_are_times_of_traces_that_have_the_key(void **unused)
{
    (void)unused;
    for (uint64_t kept_max = 0; kept_max < 2; kept_max++) { /* kept; counted into cells */
        const struct nj_options options = {.jobs = 1, .kept_values_max = kept_max};
        struct test_corpus *corpus = test_corpus_new();
        char text[100];
        for (int i = 1; i <= 20; i++) {
            (void)snprintf(text, sizeof text, "R[0,100] agent=x; A<R[0,%d] agent=y", i);
            test_add(corpus, NULL, i > 10 ? text : "R[0,100] agent=x");
        }
        struct nj_results *r = analyze(corpus, &options);
        assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_traces), 10);
        assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_p50), 15 * MS);
        assert_near(real_of(r, "agent", "y", NJ_COL_critical_path_p95), 20 * MS);
        nj_results_free(r);
        test_corpus_free(corpus);
    }
}

static void
the_whole_job_is_told_where_it_takes_longer_than_the_root(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    test_add(corpus, NULL, "A[0,50] agent=a; B[60,120] agent=b link=A");
    struct nj_results *r = analyze(corpus, &defaults);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_critical_path);
    const struct nj_table *total = nj_results_view(r, NJ_TABLE_critical_path_total);

    assert_int_equal(nj_table_len(total), 2);
    assert_int_equal(nj_table_int(total, 0, NJ_COL_critical_path_total_duration_ns), 60 * MS);
    assert_int_equal(nj_table_int(total, 1, NJ_COL_critical_path_total_duration_ns), 120 * MS);
    assert_int_equal(nj_table_int(total, 1, NJ_COL_critical_path_total_wait_ns), 10 * MS);
    assert_int_equal(
        nj_table_int(t, row_of(r, "trace", "kind", "wait"), NJ_COL_critical_path_critical_ns),
        10 * MS);
    assert_int_equal(
        nj_table_int(t, row_of(r, "trace", "agent", "a"), NJ_COL_critical_path_critical_ns),
        50 * MS);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
slow_traces_and_fast_ones_are_told_apart(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    char text[160];
    for (int i = 1; i <= 100; i++) {
        (void)snprintf(text, sizeof text,
                       "R[0,%d] kind=agent; A<R[0,%d] kind=tool status=error; B<R[%d,%d] "
                       "kind=tool name=A op=A",
                       100 * i, 10 * i, 20 * i, 30 * i);
        test_add(corpus, NULL, text);
    }
    struct nj_results *r = analyze(corpus, &defaults);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_critical_path_cohorts);
    static const struct {
        const char *cohort;
        int64_t traces;
    } want[] = {{"fastest half", 50}, {"p50-p90", 40}, {"p90-p99", 9}, {"slowest 1 %", 1}};

    assert_int_equal(nj_table_len(t), 12);
    for (size_t i = 0; i < 12; i++) {
        assert_slice_equal(nj_table_text(t, i, NJ_COL_critical_path_cohorts_cohort),
                           want[i / 3].cohort);
        assert_int_equal(nj_table_int(t, i, NJ_COL_critical_path_cohorts_traces),
                         want[i / 3].traces);
        static const char *const kinds[] = {"agent", "tool", "retry"};
        static const double shares[] = {0.8, 0.1, 0.1};
        assert_slice_equal(nj_table_text(t, i, NJ_COL_critical_path_cohorts_kind),
                           kinds[i % 3]);
        assert_near(nj_table_real(t, i, NJ_COL_critical_path_cohorts_share), shares[i % 3]);
    }
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
answers_what_if(void **unused)
{
    (void)unused;
    const struct nj_options options = {.jobs = 1,
                                       .what_if_key = NJ_SLICE("agent"),
                                       .what_if_value = NJ_SLICE("b"),
                                       .what_if_faster = 0.3};
    struct test_corpus *corpus = test_corpus_new();
    test_add(corpus, NULL, "R[0,100]; a<R[0,50] agent=a; b<R[0,80] agent=b");
    test_add(corpus, NULL, "R[0,100]; b<R[0,50] agent=b");
    struct nj_results *r = analyze(corpus, &options);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_what_if);

    assert_int_equal(nj_table_len(t), 1);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_what_if_key), "b");
    assert_near(nj_table_real(t, 0, NJ_COL_what_if_saving), (24. + 15) / 200);
    assert_near(nj_table_real(t, 0, NJ_COL_what_if_mean), 19.5 * MS);
    assert_near(nj_table_real(t, 0, NJ_COL_what_if_duration), 80.5 * MS);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
refuses_a_what_if_that_it_cannot_answer(void **unused)
{
    (void)unused;
    const struct nj_options options = {.jobs = 1, .what_if_key = NJ_SLICE("moon")};
    const struct nj_analyzer *const analyzers[] = {&nj_analyzer_critical_path, NULL};
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results = nj_results_new();
    struct nj_diags *diags = nj_diags_new();
    struct nj_error err = {0};

    test_add(corpus, NULL, "R[0,100]");
    assert_int_equal(
        nj_analyze(test_view(corpus), &options, analyzers, NULL, diags, results, &err),
        NJ_EUSAGE);
    assert_non_null(strstr(err.causes[0], "moon"));
    free(diags);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static enum nj_status
trace_print(void *context, struct nj_run *run, const struct nj_trace *trace)
{
    struct nj_jsonw w = nj_jsonw_of(context);
    return nj_analyzer_critical_path.print_trace(run, trace, &w);
}

static void
prints_one_trace_as_promised(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_diags *diags = nj_diags_new();
    struct nj_buf out = {0};
    struct nj_error err = {0};

    test_add(corpus, "t1", "R[0,3] agent=x kind=agent; A<R[1,3] kind=llm; B<R[2,9]");
    assert_int_equal(
        nj_each_trace(test_view(corpus), &defaults, trace_print, &out, diags, &err), NJ_OK);
    nj_buf_put_char(&out, '\0');
    assert_string_equal(
        out.ptr,
        "{\"trace_id\":\"a94d750d3a17fbe5c03234fac12ac33c\",\"scope\":\"root\",\"root_span_"
        "id\":\"5200000000000000\","
        "\"start_ns\":0,\"end_ns\":3000000,\"duration_ns\":3000000,\"ambiguous_ns\":0,"
        "\"complete\":true,\"segments\":[{\"span_id\":\"5200000000000000\",\"agent\":\"x\","
        "\"kind\":\"agent\",\"name\":\"R\",\"start_ns\":0,\"end_ns\":1000000,\"part\":\"self\","
        "\"evidence\":\"parent\"},{\"span_id\":\"4100000000000000\",\"agent\":\"x\","
        "\"kind\":\"llm\",\"name\":\"A\",\"start_ns\":1000000,\"end_ns\":3000000,\"part\":"
        "\"self\",\"evidence\":\"timing\"}],\"diagnostics\":[{\"id\":\"child-outlives-parent\","
        "\"span_id\":\"4200000000000000\",\"count\":1}]}");
    nj_buf_fini(&out);
    free(diags);
    test_corpus_free(corpus);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divides_the_path_by_everything_that_divides),
        cmocka_unit_test(divisions_sum_to_the_duration_of_all_traces_exactly),
        cmocka_unit_test(threads_and_the_order_of_traces_change_nothing),
        cmocka_unit_test(traces_count_as_often_as_they_stand_for_others),
        cmocka_unit_test(traces_that_were_sampled_together_are_one_unit),
        cmocka_unit_test(medians_are_times_of_traces_that_have_the_key),
        cmocka_unit_test(the_whole_job_is_told_where_it_takes_longer_than_the_root),
        cmocka_unit_test(slow_traces_and_fast_ones_are_told_apart),
        cmocka_unit_test(answers_what_if),
        cmocka_unit_test(refuses_a_what_if_that_it_cannot_answer),
        cmocka_unit_test(prints_one_trace_as_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
