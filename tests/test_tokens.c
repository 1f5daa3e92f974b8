/* test_tokens.c - tokens and cost: leaves only, growth, failures, prices, weights, metrics. */
#include "analyzers/tokens.h"
#include "tests/analysed.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static struct test_corpus *corpus;
static struct nj_results *results;
static const struct nj_table *table;

static int
corpus_make(void **unused)
{
    (void)unused;
    corpus = test_corpus_new();
    results = NULL;
    return 0;
}

static int
corpus_drop(void **unused)
{
    (void)unused;
    nj_results_free(results);
    test_corpus_free(corpus);
    return 0;
}

static void
analyse_with(struct nj_options options)
{
    results = test_analyse(corpus, "tokens", &options);
    table = nj_results_view(results, NJ_TABLE_tokens);
}

static void
analyse(const char *spans)
{
    (void)test_add(corpus, NULL, spans);
    analyse_with((struct nj_options){.jobs = 1});
}

static bool
is_text(const struct nj_table *t, size_t row, unsigned column, const char *text)
{
    struct nj_slice got = nj_table_text(t, row, column);
    return text ? nj_slice_eq(got, nj_slice_of(text)) : nj_table_is_null(t, row, column);
}

/* The row of a group; NULL stands for null. */
static size_t
row_of(const char *by, const char *agent, const char *key)
{
    for (size_t r = 0; r < nj_table_len(table); r++)
        if (is_text(table, r, NJ_COL_tokens_group_by, by) &&
            is_text(table, r, NJ_COL_tokens_agent, agent) &&
            is_text(table, r, NJ_COL_tokens_key, key))
            return r;
    fail_msg("no row %s %s %s", by, agent ? agent : "-", key ? key : "-");
    return 0;
}

static int64_t
cell(size_t row, unsigned column)
{
    return nj_table_int(table, row, column);
}

static void
adds_up_the_lowest_model_calls_by_agent_model_and_operation(void **unused)
{
    (void)unused;
    analyse("run[0,100] kind=agent agent=boss tokens=999+99\n"
            "a<run[0,10] kind=llm model=m input=100 cached=60 output=20 reasoning=5\n"
            "sub<run[10,50] kind=agent agent=help\n"
            "b<sub[10,20] kind=llm model=m tokens=30+3; c<sub[20,30] kind=embedding model=e "
            "input=7");

    assert_int_equal(nj_table_len(table), 8);
    size_t r = row_of("store", NULL, NULL);
    assert_int_equal(cell(r, NJ_COL_tokens_calls), 3);
    assert_int_equal(cell(r, NJ_COL_tokens_traces), 1);
    assert_int_equal(cell(r, NJ_COL_tokens_input), 137);
    assert_int_equal(cell(r, NJ_COL_tokens_cached), 60);
    assert_int_equal(cell(r, NJ_COL_tokens_output), 23);
    assert_int_equal(cell(r, NJ_COL_tokens_reasoning), 5);
    assert_true(nj_table_is_null(table, r, NJ_COL_tokens_cost));
    assert_int_equal(cell(row_of("agent", "boss", NULL), NJ_COL_tokens_input), 100);
    assert_int_equal(cell(row_of("agent", "help", NULL), NJ_COL_tokens_input), 37);
    assert_int_equal(cell(row_of("model", NULL, "m"), NJ_COL_tokens_output), 23);
    assert_int_equal(cell(row_of("operation", "help", "c"), NJ_COL_tokens_input), 7);
}

static void
measures_how_the_input_grows_within_an_invocation(void **unused)
{
    (void)unused;
    analyse("run[0,100] agent=boss; a<run[0,10] kind=llm tokens=100+1\n"
            "b<run[10,20] kind=llm tokens=150+1; c<run[20,30] kind=llm tokens=190+1\n"
            "sub<run[30,90] agent=help; d<sub[30,40] kind=llm tokens=500+1\n"
            "e<sub[40,50] kind=llm tokens=480+1");
    size_t boss = row_of("agent", "boss", NULL), help = row_of("agent", "help", NULL);

    assert_true(nj_table_real(table, boss, NJ_COL_tokens_growth_slope) == 45);
    assert_true(nj_table_real(table, help, NJ_COL_tokens_growth_slope) == -20);
    assert_int_equal(cell(boss, NJ_COL_tokens_growth_max), 190);
    size_t store = row_of("store", NULL, NULL);
    assert_true(nj_table_real(table, store, NJ_COL_tokens_growth_slope) == 70.0 / 3);
}

static void
divides_output_by_the_models_own_time(void **unused)
{
    (void)unused;
    analyse(
        "run[0,9000] agent=boss; a<run[0,3000] kind=llm tokens=9+50; t<a[500,2500] kind=tool\n"
        "b<run[4000,] kind=llm tokens=9+50");
    size_t r = row_of("agent", "boss", NULL);

    assert_true(nj_table_real(table, r, NJ_COL_tokens_per_second) == 50);
}

static void
knows_tokens_of_failed_calls_from_those_of_failed_traces(void **unused)
{
    (void)unused;
    (void)test_add(corpus, NULL,
                   "run[0,100] agent=boss; a<run[0,10] kind=llm tokens=10+1 status=error\n"
                   "sub<run[10,50] agent=help status=error; b<sub[10,20] kind=llm tokens=20+2\n"
                   "c<run[50,60] kind=llm tokens=40+4");
    analyse("run[0,100] agent=boss status=error; a<run[0,10] kind=llm tokens=100+0");
    size_t r = row_of("store", NULL, NULL);

    assert_int_equal(cell(r, NJ_COL_tokens_failed_attempts), 33);
    assert_int_equal(cell(r, NJ_COL_tokens_failed_traces), 100);
}

static void
makes_no_total_of_what_happened_without_weights(void **unused)
{
    (void)unused;
    (void)test_add(corpus, NULL, "a[0,1] kind=llm agent=x tokens=100+0 model=m");
    analyse("a[0,1] kind=llm agent=x tokens=300+0 model=m");
    size_t store = row_of("store", NULL, NULL);
    assert_int_equal(cell(store, NJ_COL_tokens_input), 400);
    assert_true(nj_table_is_null(table, store, NJ_COL_tokens_total_weighted));
    assert_true(nj_table_is_null(table, store, NJ_COL_tokens_total_lo));
    assert_true(nj_table_is_null(table, store, NJ_COL_tokens_cost_weighted));
    assert_true(nj_table_real(table, store, NJ_COL_tokens_per_trace_mean) == 200);
}

static void
counts_traces_by_weight_and_a_trace_without_calls_as_0(void **unused)
{
    (void)unused;
    static const char *const spans[] = {
        "a[0,1] kind=llm agent=x tokens=100+0 TRACE_STATE='ot=th:0'",
        "a[0,1] kind=llm agent=x tokens=300+0 TRACE_STATE='ot=th:c;rv:f0000000000000'",
        "a[0,1] agent=x TRACE_STATE='ot=th:0'",
    };

    for (size_t i = 0; i < NJ_LEN(spans); i++)
        (void)test_add(corpus, NULL, spans[i]);
    analyse_with((struct nj_options){.jobs = 2});
    size_t store = row_of("store", NULL, NULL), agent = row_of("agent", "x", NULL);
    assert_true(nj_table_real(table, store, NJ_COL_tokens_total_weighted) == 1300);
    assert_true(nj_table_real(table, store, NJ_COL_tokens_per_trace_mean) == 1300.0 / 6);
    assert_true(nj_table_real(table, agent, NJ_COL_tokens_per_trace_mean) == 1300.0 / 5);
    assert_int_equal(cell(store, NJ_COL_tokens_per_trace_p95), 300);
    assert_int_equal(cell(store, NJ_COL_tokens_traces), 2);
}

static void
leaves_metrics_for_gates(void **unused)
{
    (void)unused;
    analyse("run[0,100] agent=boss; a<run[0,10] kind=llm model=m tokens=100+20 COST=0.25");
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_metrics);
    unsigned seen = 0;

    for (size_t r = 0; r < nj_table_len(t); r++) {
        bool is_cost = is_text(t, r, NJ_COL_metrics_metric, "cost_mean") ||
                       is_text(t, r, NJ_COL_metrics_metric, "cost_p95");
        assert_true(is_cost || is_text(t, r, NJ_COL_metrics_metric, "tokens_mean") ||
                    is_text(t, r, NJ_COL_metrics_metric, "tokens_p95"));
        assert_true(nj_table_real(t, r, NJ_COL_metrics_est) == (is_cost ? 0.25 : 120));
        assert_true(nj_table_real(t, r, NJ_COL_metrics_naive) == (is_cost ? 0.25 : 120));
        seen += is_text(t, r, NJ_COL_metrics_group_by, "store");
    }
    assert_int_equal(nj_table_len(t), 16);
    assert_int_equal(seen, 4);
}

static void
says_nothing_where_no_span_has_usage(void **unused)
{
    (void)unused;
    analyse("run[0,100] agent=boss tokens=5+5; a<run[0,10] kind=tool tokens=1+1");
    assert_int_equal(nj_table_len(table), 0);
}

/* A price file in the folder that the test runs in. */
static const char *
price_file(const char *text)
{
    static char path[32];
    (void)snprintf(path, sizeof path, "prices.XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
    return path;
}

static void
takes_recorded_costs_before_prices_and_the_first_pattern_that_matches(void **unused)
{
    (void)unused;
    const char *path = price_file("{\"gpt-*\": {\"input\": 2, \"cached\": 0.5, \"output\": 10},"
                                  " \"*\": {\"input\": 1000}}");

    (void)test_add(corpus, NULL,
                   "run[0,9] agent=x\n"
                   "a<run[0,1] kind=llm model=gpt-5 input=1000 cached=400 output=100\n"
                   "b<run[1,2] kind=llm model=gpt-5 tokens=1000+100 COST=0.5\n"
                   "c<run[2,3] kind=llm model=other tokens=1000+100 COST=0");
    analyse_with((struct nj_options){.jobs = 1, .prices = path});
    (void)remove(path);
    double model = nj_table_real(table, row_of("model", NULL, "gpt-5"), NJ_COL_tokens_cost);
    assert_true(fabs(model - (0.5 + (600 * 2 + 400 * 0.5 + 100 * 10) / 1e6)) < 1e-12);
    double other = nj_table_real(table, row_of("model", NULL, "other"), NJ_COL_tokens_cost);
    assert_true(fabs(other - 1) < 1e-12);
}

static void
refuses_a_price_file_that_is_wrong_and_says_where(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *expected;
    } wrong[] = {
        {"[]", "an object of model patterns"},
        {"{\"m\": {\"input\": -1}}", "a price of a million tokens"},
        {"{\"m\": {\"inputs\": 1}}", "one of input, cached, cache_write, output"},
        {"{\"m\": {\"input\": 1}} x", "the end of the file"},
        {"{\"m\": {\"input\": 1}", "expected"},
    };
    struct nj_arena *arena = nj_arena_new(4096);
    struct nj_prices prices;

    for (size_t i = 0; i < NJ_LEN(wrong); i++) {
        struct nj_error err = {0};
        const char *path = price_file(wrong[i].text);
        assert_int_equal(nj_prices_read(&prices, path, arena, &err), NJ_EUSAGE);
        if (!strstr(err.causes[0], wrong[i].expected) || !strstr(err.causes[0], path))
            fail_msg("%s", err.causes[0]);
        (void)remove(path);
    }
    nj_arena_free(arena);
}

static void
gives_the_same_rows_for_any_order_of_traces_and_any_number_of_threads(void **unused)
{
    (void)unused;
    uint64_t seed = 3;
    struct test_corpus *other = test_corpus_new();

    for (int i = 0; i < 200; i++)
        (void)test_add_random(corpus, &seed, 40, true);
    for (uint64_t i = 200; i-- > 0;)
        (void)test_add_shuffled(other, corpus, i, &seed);
    analyse_with((struct nj_options){.jobs = 1});
    struct nj_results *shuffled =
        test_analyse(other, "tokens", &(struct nj_options){.jobs = 3});
    for (enum nj_table_id id = 0; id < NJ_TABLES_LEN; id++) {
        char *want = test_table_print(results, id), *got = test_table_print(shuffled, id);
        assert_string_equal(got, want);
        free(want);
        free(got);
    }
    assert_true(nj_table_len(table) > 20);
    nj_results_free(shuffled);
    test_corpus_free(other);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, corpus_make, corpus_drop)
    const struct CMUnitTest tests[] = {
        T(adds_up_the_lowest_model_calls_by_agent_model_and_operation),
        T(measures_how_the_input_grows_within_an_invocation),
        T(divides_output_by_the_models_own_time),
        T(knows_tokens_of_failed_calls_from_those_of_failed_traces),
        T(makes_no_total_of_what_happened_without_weights),
        T(counts_traces_by_weight_and_a_trace_without_calls_as_0),
        T(leaves_metrics_for_gates),
        T(says_nothing_where_no_span_has_usage),
        T(takes_recorded_costs_before_prices_and_the_first_pattern_that_matches),
        T(refuses_a_price_file_that_is_wrong_and_says_where),
        T(gives_the_same_rows_for_any_order_of_traces_and_any_number_of_threads),
    };
#undef T
    return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
