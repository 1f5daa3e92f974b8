/* test_latency.c - rows of latency: which spans, which times, which estimates. */
#include "tests/build.h"
#include "tests/tables.h"
#include "tests/test.h"

#include "analyzers/analyze.h"

#include <math.h>
#include <stdio.h>

extern const struct nj_analyzer nj_analyzer_latency;

static struct nj_results *
analyze(struct test_corpus *corpus, const struct nj_options *options)
{
    const struct nj_analyzer *const analyzers[] = {&nj_analyzer_latency, NULL};
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

/* The row of latency with this grouping, agent and key; "" stands for null. */
static size_t
row_find(const struct nj_results *results, const char *by, const char *agent, const char *key)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_latency);

    for (size_t r = 0; r < nj_table_len(t); r++)
        if (nj_slice_eq(nj_table_text(t, r, NJ_COL_latency_group_by), nj_slice_of(by)) &&
            nj_slice_eq(nj_table_text(t, r, NJ_COL_latency_agent), nj_slice_of(agent)) &&
            nj_slice_eq(nj_table_text(t, r, NJ_COL_latency_operation), nj_slice_of(key)))
            return r;
    return SIZE_MAX;
}

static int64_t
cell(const struct nj_results *results, const char *by, const char *agent, const char *key,
     unsigned column)
{
    size_t row = row_find(results, by, agent, key);
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_latency);

    if (row == SIZE_MAX)
        fail_msg("no row %s %s %s", by, agent, key);
    return nj_table_spec(t)->columns[column].type == NJ_COLUMN_INT
               ? nj_table_int(t, row, column)
               : (int64_t)nj_table_real(t, row, column);
}

/* Row of latency_quantiles; SIZE_MAX: none. */
static size_t
quantile_find(const struct nj_results *results, size_t row, const char *measure, double p)
{
    const struct nj_table *q = nj_results_view(results, NJ_TABLE_latency_quantiles);

    for (size_t i = 0; i < nj_table_len(q); i++)
        if (nj_table_int(q, i, NJ_COL_latency_quantiles_row) == (int64_t)row &&
            nj_slice_eq(nj_table_text(q, i, NJ_COL_latency_quantiles_measure),
                        nj_slice_of(measure)) &&
            nj_table_real(q, i, NJ_COL_latency_quantiles_p) == p)
            return i;
    return SIZE_MAX;
}

static int64_t
quantile(const struct nj_results *results, const char *by, const char *agent, const char *key,
         const char *measure, double p)
{
    const struct nj_table *q = nj_results_view(results, NJ_TABLE_latency_quantiles);
    size_t i = quantile_find(results, row_find(results, by, agent, key), measure, p);

    return i == SIZE_MAX ? -1 : nj_table_int(q, i, NJ_COL_latency_quantiles_est);
}

#define MS 1000000

/* planner works 100 ms, of which children cover [10,60], [50,70] and [90,130]: itself 30. The
 * second planner span is no invocation of its own. */
static void
counts_invocations_and_takes_the_union_of_children_off(void **state)
{
    struct test_corpus *corpus = test_corpus_new();

    (void)state;
    test_add(corpus, NULL,
             "planner[0,100] agent=planner kind=agent; ask<planner[10,60] kind=llm model=big;"
             "find<planner[50,70] kind=tool tool=search status=error;"
             "late<planner[90,130] kind=tool tool=search;"
             "coder<planner[72,80] agent=coder kind=agent;"
             "step<planner[20,30] agent=planner kind=chain");
    struct nj_results *r = analyze(corpus, NULL);
    assert_int_equal(cell(r, "agent", "planner", "", NJ_COL_latency_n), 1);
    assert_int_equal(cell(r, "agent", "planner", "", NJ_COL_latency_mean), 100 * MS);
    assert_int_equal(cell(r, "agent", "planner", "", NJ_COL_latency_self_mean), 22 * MS);
    assert_int_equal(cell(r, "agent", "coder", "", NJ_COL_latency_max), 8 * MS);
    assert_int_equal(cell(r, "tool", "", "search", NJ_COL_latency_n), 2);
    assert_int_equal(cell(r, "tool", "", "search", NJ_COL_latency_errors), 1);
    assert_int_equal(cell(r, "tool", "", "search", NJ_COL_latency_min), 20 * MS);
    assert_int_equal(cell(r, "model", "", "big", NJ_COL_latency_n), 1);
    assert_int_equal(cell(r, "root", "", "planner", NJ_COL_latency_max), 100 * MS);
    assert_int_equal(cell(r, "operation", "planner", "step", NJ_COL_latency_self_mean),
                     10 * MS);
    assert_int_equal(cell(r, "kind", "planner", "", NJ_COL_latency_n), 1);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
measures_first_tokens_and_waits_where_they_are_recorded(void **state)
{
    struct test_corpus *corpus = test_corpus_new();

    (void)state;
    test_add(corpus, NULL,
             "a[0,100] agent=a; m<a[10,60] kind=llm model=big FIRST_TOKEN_NS=7000000;"
             "send<a[5,20] otel=producer; work<send[45,50] otel=consumer agent=b;"
             "call<a[70,90] otel=client; serve<call[73,88] otel=server agent=c;"
             "after<a[95,99] agent=d link=m");
    struct nj_results *r = analyze(corpus, NULL);
    assert_int_equal(quantile(r, "model", "", "big", "first_token", 0.5), 7 * MS);
    assert_int_equal(quantile(r, "agent", "b", "", "wait", 0.5), 25 * MS);
    assert_int_equal(quantile(r, "agent", "c", "", "wait", 0.5), 3 * MS);
    assert_int_equal(quantile(r, "agent", "d", "", "wait", 0.5), 35 * MS);
    assert_int_equal(quantile(r, "agent", "a", "", "wait", 0.5), -1);
    assert_int_equal(quantile(r, "agent", "a", "", "duration", 0.99), 100 * MS);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
leaves_out_spans_without_an_end_and_the_outer_call_of_a_model(void **state)
{
    struct test_corpus *corpus = test_corpus_new();

    (void)state;
    test_add(corpus, NULL,
             "a[0,100] agent=a; open<a[10,] agent=b; outer<a[20,60] kind=llm model=big;"
             "inner<outer[30,50] kind=llm model=big");
    struct nj_results *r = analyze(corpus, NULL);
    assert_true(row_find(r, "agent", "b", "") == SIZE_MAX);
    assert_int_equal(cell(r, "model", "", "big", NJ_COL_latency_n), 1);
    assert_int_equal(cell(r, "model", "", "big", NJ_COL_latency_max), 20 * MS);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
names_the_first_trace_by_text_among_equal_values(void **state)
{
    struct test_corpus *corpus = test_corpus_new();

    (void)state;
    test_add(corpus, "one", "a[0,5] agent=a");
    test_add(corpus, "two", "a[10,15] agent=a");
    test_add(corpus, "three", "a[0,9] agent=a");
    char one[NJ_TRACE_HEX + 1], two[NJ_TRACE_HEX + 1], three[NJ_TRACE_HEX + 1];
    struct nj_trace_id id = nj_trace_id_of_text(NJ_SLICE("one"));
    nj_trace_id_print(one, &id);
    id = nj_trace_id_of_text(NJ_SLICE("two"));
    nj_trace_id_print(two, &id);
    id = nj_trace_id_of_text(NJ_SLICE("three"));
    nj_trace_id_print(three, &id);
    struct nj_results *r = analyze(corpus, NULL);
    const struct nj_table *q = nj_results_view(r, NJ_TABLE_latency_quantiles);
    size_t row = row_find(r, "agent", "a", "");
    assert_slice_equal(nj_table_text(q, quantile_find(r, row, "duration", 0.5),
                                     NJ_COL_latency_quantiles_exemplar),
                       strcmp(one, two) < 0 ? one : two);
    assert_slice_equal(nj_table_text(q, quantile_find(r, row, "duration", 0.99),
                                     NJ_COL_latency_quantiles_exemplar),
                       three);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_latency);
    assert_slice_equal(nj_table_text(t, row, NJ_COL_latency_histogram),
                       "4194304:2:2 8388608:1:1");
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
metrics_carry_what_gates_need(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    struct nj_options options = {.jobs = 1, .slow_over_len = 1, .slow_over_ns = {50.5 * MS}};
    char spans[64];

    (void)state;
    for (int i = 1; i <= 100; i++) {
        (void)snprintf(spans, sizeof spans, "a[0,%d] agent=a%s", i,
                       i > 90 ? " status=error" : "");
        test_add(corpus, NULL, spans);
    }
    struct nj_results *r = analyze(corpus, &options);
    const struct nj_table *m = nj_results_view(r, NJ_TABLE_metrics);
    bool has_slow = false, has_p95 = false;
    for (size_t i = 0; i < nj_table_len(m); i++) {
        struct nj_slice metric = nj_table_text(m, i, NJ_COL_metrics_metric);
        if (!nj_slice_eq(nj_table_text(m, i, NJ_COL_metrics_group_by), NJ_SLICE("agent")))
            continue;
        double est = nj_table_real(m, i, NJ_COL_metrics_est);
        double se = nj_table_real(m, i, NJ_COL_metrics_se);
        if (nj_slice_eq(metric, NJ_SLICE("slow_share"))) {
            has_slow = est == 0.5 && nj_table_real(m, i, NJ_COL_metrics_events) == 50 &&
                       nj_table_real(m, i, NJ_COL_metrics_over) == 50.5 * MS &&
                       fabs(se - sqrt(0.25 / 99)) < 1e-12;
        }
        if (nj_slice_eq(metric,
                        NJ_SLICE("p95"))) /* F = 0.95, one se up and down: 0.972, 0.928 */
            has_p95 = est == 95 * MS && fabs(se - (log(98) - log(93)) / 2) < 1e-12;
    }
    assert_true(has_slow && has_p95);
    const struct nj_table *d = nj_results_view(r, NJ_TABLE_distributions);
    assert_int_equal(nj_table_len(d), 2); /* the agent, and its operation */
    assert_int_equal(nj_table_text(d, 0, NJ_COL_distributions_points).len, 100 * 24);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static struct test_corpus *
corpus_random(uint64_t seed, uint32_t traces)
{
    struct test_corpus *corpus = test_corpus_new();

    for (uint32_t i = 0; i < traces; i++)
        test_add_random(corpus, &seed, 30, true);
    return corpus;
}

static struct nj_buf
tables_of(struct test_corpus *corpus, const struct nj_options *options)
{
    struct nj_results *results = analyze(corpus, options);
    struct nj_buf text = {0};

    test_tables_print(&text, results);
    nj_results_free(results);
    assert_true(!text.is_failed && text.len > 1000);
    return text;
}

static void
assert_same_text(struct nj_buf a, struct nj_buf b)
{
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, a.len);
    nj_buf_fini(&a);
    nj_buf_fini(&b);
}

static void
neither_threads_nor_the_order_of_traces_show(void **state)
{
    struct test_corpus *corpus = corpus_random(3, 60), *shuffled = test_corpus_new();
    uint64_t seed = 17;

    (void)state;
    for (uint64_t i = 60; i-- > 0;)
        test_add_shuffled(shuffled, corpus, (i * 23 + 7) % 60, &seed);
    for (int is_counted = 0; is_counted < 2; is_counted++) {
        struct nj_options one = {.jobs = 1, .kept_values_max = (uint64_t)is_counted};
        struct nj_options many = {.jobs = 5, .kept_values_max = (uint64_t)is_counted};
        assert_same_text(tables_of(corpus, &one), tables_of(shuffled, &many));
    }
    test_corpus_free(corpus);
    test_corpus_free(shuffled);
}

/* Every cell but quantiles and histograms is the same, quantiles are within 0.05 %. */
static void
counting_into_cells_moves_quantiles_by_less_than_a_thousandth(void **state)
{
    struct test_corpus *corpus = corpus_random(9, 80);
    struct nj_options kept = {.jobs = 1}, counted = {.jobs = 2, .kept_values_max = 1};
    struct nj_results *a = analyze(corpus, &kept), *b = analyze(corpus, &counted);
    const struct nj_table *x = nj_results_view(a, NJ_TABLE_latency_quantiles);
    const struct nj_table *y = nj_results_view(b, NJ_TABLE_latency_quantiles);
    static const unsigned columns[] = {NJ_COL_latency_quantiles_est,
                                       NJ_COL_latency_quantiles_lo, NJ_COL_latency_quantiles_hi,
                                       NJ_COL_latency_quantiles_naive};
    size_t different = 0;

    (void)state;
    assert_true(nj_table_len(x) > 100);
    assert_int_equal(nj_table_len(x), nj_table_len(y));
    for (size_t i = 0; i < nj_table_len(x); i++)
        for (size_t c = 0; c < NJ_LEN(columns); c++) {
            double u = nj_table_real(x, i, columns[c]), v = nj_table_real(y, i, columns[c]);
            if (c == 1 || c == 2) {
                different += !(fabs(u - v) <= 0.00049 * u) && !(isnan(u) && isnan(v));
                continue;
            }
            assert_true(fabs(u - v) <= 0.00049 * u || (isnan(u) && isnan(v)));
        }
    assert_int_equal(different, 0);
    nj_results_free(a);
    nj_results_free(b);
    test_corpus_free(corpus);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_invocations_and_takes_the_union_of_children_off),
        cmocka_unit_test(measures_first_tokens_and_waits_where_they_are_recorded),
        cmocka_unit_test(leaves_out_spans_without_an_end_and_the_outer_call_of_a_model),
        cmocka_unit_test(names_the_first_trace_by_text_among_equal_values),
        cmocka_unit_test(metrics_carry_what_gates_need),
        cmocka_unit_test(neither_threads_nor_the_order_of_traces_show),
        cmocka_unit_test(counting_into_cells_moves_quantiles_by_less_than_a_thousandth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
