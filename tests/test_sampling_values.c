/* test_sampling_values.c - tables of values: reading, and estimates against published ones
 * where the data for it is there. */
#include "tests/test.h"

#include "analyzers/sampling_values.h"
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const char *
file_write(const char *text)
{
    static char path[] = "test_sampling_values.csv";
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static double
cell(const struct nj_results *results, const char *metric, unsigned column)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_sampling_rows);

    for (size_t i = 0; i < nj_table_len(t); i++)
        if (nj_slice_eq(nj_table_text(t, i, NJ_COL_sampling_rows_metric), nj_slice_of(metric)))
            return nj_table_real(t, i, column);
    fail_msg("no row %s", metric);
    return 0;
}

/* Weights 1, 2, 2 and values 4, 1, 3, as in test_estimate.c. */
static void
reads_columns_in_any_order_and_quotes(void **state)
{
    struct nj_results *r = nj_results_new();

    (void)state;
    assert_int_equal(
        nj_sampling_values(file_write("\xEF\xBB\xBFweight, other ,value,trace_id\r\n"
                                      "1,\"x, y\",4,a\r\n"
                                      "2,,1,\"b\"\r\n\r\n"
                                      "2,z,3,c"),
                           r, NULL),
        NJ_OK);
    assert_true(fabs(cell(r, "mean", NJ_COL_sampling_rows_weighted) - 2.4) < 1e-12);
    assert_true(fabs(cell(r, "mean", NJ_COL_sampling_rows_naive) - 8.0 / 3) < 1e-12);
    assert_true(cell(r, "p50", NJ_COL_sampling_rows_weighted) == 3);
    assert_true(isnan(cell(r, "p99", NJ_COL_sampling_rows_hi)));
    assert_int_equal(nj_table_len(nj_results_view(r, NJ_TABLE_sampling_rows)), 5);
    nj_results_free(r);
}

/* The sums by hand of test_known.c; rows in two orders give the same bytes. */
static void
weighs_by_the_known_sizes_of_strata(void **state)
{
    static const char *const tables[] = {"trace_id,value,err,stratum,population\na,1,0,A,10\nb,"
                                         "3,1,A,10\nc,10,0,B,3\nd,20,0,B,3\n"
                                         "e,30,1,B,3\n",
                                         "population,stratum,err,value,trace_id\n3,B,1,30,"
                                         "e\n10,A,1,3,b\n3,B,0,20,d\n3,B,0,10,c\n"
                                         "10,A,0,1,a\n"};
    struct nj_results *r[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        r[i] = nj_results_new();
        assert_int_equal(nj_sampling_values(file_write(tables[i]), r[i], NULL), NJ_OK);
    }
    const struct nj_table *store = nj_results_view(r[0], NJ_TABLE_sampling);
    assert_slice_equal(nj_table_text(store, 0, NJ_COL_sampling_mode), "stratified");
    assert_true(nj_table_real(store, 0, NJ_COL_sampling_estimated) == 13);
    double mean = cell(r[0], "mean", NJ_COL_sampling_rows_weighted);
    double reach = cell(r[0], "mean", NJ_COL_sampling_rows_hi) - mean;
    double process = 400 + 10 * (54.0 / 13) * (54.0 / 13) + 3 * (180.0 / 13) * (180.0 / 13);
    assert_true(fabs(mean - 80.0 / 13) < 1e-12);
    assert_true(fabs(reach - 2.7764451051977987 * sqrt(process) / 13) < 1e-9);
    assert_true(fabs(cell(r[0], "error_rate", NJ_COL_sampling_rows_weighted) - 6.0 / 13) <
                1e-12);
    assert_true(cell(r[0], "p50", NJ_COL_sampling_rows_weighted) == 3);
    const struct nj_table *a = nj_results_view(r[0], NJ_TABLE_sampling_rows);
    const struct nj_table *b = nj_results_view(r[1], NJ_TABLE_sampling_rows);
    for (size_t i = 0; i < nj_table_len(a); i++)
        for (unsigned c = NJ_COL_sampling_rows_naive; c <= NJ_COL_sampling_rows_bias_hi; c++) {
            double left = nj_table_real(a, i, c), right = nj_table_real(b, i, c);
            assert_memory_equal(&left, &right, sizeof left);
        }
    nj_results_free(r[0]);
    nj_results_free(r[1]);
}

static void
says_which_line_is_wrong(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", ":1: expected a header"},
        {"trace_id,value\na,1\n", ":1: expected a header"},
        {"trace_id,value,weight\n", "no rows"},
        {"trace_id,value,weight\na,1,1\nb,x,1\n", ":3: expected a number as value"},
        {"trace_id,value,weight\na,1,-1\n", ":2: expected a number of 0 or more"},
        {"trace_id,value,weight\na,1,nan\n", ":2: expected a number of 0 or more"},
        {"trace_id,value,weight\n,1,1\n", ":2: expected a trace_id"},
        {"trace_id,value,weight,err\na,1,1,2\n", ":2: expected 0 or 1"},
        {"trace_id,value,weight,err\na,1,1\n", ":2: expected 0 or 1"},
        {"trace_id,value,weight,stratum\na,1,1,A\n", ":1: expected a header"},
        {"trace_id,value,stratum,population\na,1,,4\n", ":2: expected a stratum"},
        {"trace_id,value,stratum,population\na,1,A,0\n", ":2: expected a number of 1 or more"},
        {"trace_id,value,stratum,population\na,1,A,4\nb,1,A,5\n", ":3: this stratum had"},
        {"trace_id,value,stratum,population\na,1,A,4\na,1,B,5\n", "in two strata"},
        {"trace_id,value,stratum,population\na,1,A,1\nb,1,A,1\n", "has 2 of them"},
    };

    (void)state;
    for (size_t i = 0; i < NJ_LEN(cases); i++) {
        struct nj_results *r = nj_results_new();
        struct nj_error err = {0};
        assert_int_equal(nj_sampling_values(file_write(cases[i].text), r, &err), NJ_EFORMAT);
        if (!strstr(err.causes[0], cases[i].message))
            fail_msg("%s", err.causes[0]);
        nj_results_free(r);
    }
    (void)unlink("test_sampling_values.csv");
}

/* A number at a path of keys below the root of a document, NaN where it is null. */
static double
number_at(struct nj_slice text, const char *const keys[], size_t len)
{
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_json_number number = {0};
    struct nj_slice key;
    struct nj_json json;
    double out = (double)NAN;

    nj_json_init(&json, text, false, arena);
    for (size_t i = 0; i < len; i++) {
        assert_true(nj_json_object(&json));
        bool is_found = false;
        while (!is_found && nj_json_object_next(&json, &key)) {
            is_found = nj_slice_eq(key, nj_slice_of(keys[i]));
            if (!is_found)
                assert_true(nj_json_skip(&json));
        }
        if (!is_found)
            fail_msg("expected values have no %s", keys[i]);
    }
    if (nj_json_peek(&json) == NJ_JSON_NUMBER) {
        assert_true(nj_json_number(&json, &number));
        out = number.real;
    }
    nj_arena_free(arena);
    return out;
}

static void
assert_near(const char *what, double got, double want)
{
    if (!(fabs(got - want) <= 1e-8 * fmax(1, fabs(want))) && !(isnan(got) && isnan(want)))
        fail_msg("%s: got %.12g, want %.12g", what, got, want);
}

static void
compare_with_expected(const struct nj_results *r, struct nj_slice expected)
{
    static const struct {
        const char *metric, *interval;
    } quantiles[] = {
        {"p50", "score"}, {"p90", "tail_gamma"}, {"p95", "tail_gamma"}, {"p99", "tail_gamma"}};
#define AT(...)                                                                                \
    number_at(expected, (const char *const[]){"ref", __VA_ARGS__},                             \
              sizeof((const char *const[]){"ref", __VA_ARGS__}) / sizeof(char *))

    assert_near("mean", cell(r, "mean", NJ_COL_sampling_rows_weighted), AT("mean", "est"));
    assert_near("mean lo", cell(r, "mean", NJ_COL_sampling_rows_lo), AT("mean", "lo"));
    assert_near("mean hi", cell(r, "mean", NJ_COL_sampling_rows_hi), AT("mean", "hi"));
    assert_near("plain", cell(r, "mean", NJ_COL_sampling_rows_naive), AT("naive_mean"));
    assert_near("bias", cell(r, "mean", NJ_COL_sampling_rows_bias),
                AT("naive_bias_mean", "est"));
    assert_near("rate", cell(r, "error_rate", NJ_COL_sampling_rows_weighted),
                AT("err_rate", "est"));
    assert_near("rate lo", cell(r, "error_rate", NJ_COL_sampling_rows_lo),
                AT("err_rate", "beta_lo"));
    assert_near("rate hi", cell(r, "error_rate", NJ_COL_sampling_rows_hi),
                AT("err_rate", "beta_hi"));
    for (size_t q = 0; q < NJ_LEN(quantiles); q++) {
        const char *m = quantiles[q].metric, *i = quantiles[q].interval;
        assert_near(m, cell(r, m, NJ_COL_sampling_rows_weighted), AT("quantiles", m, i, "q"));
        assert_near(m, cell(r, m, NJ_COL_sampling_rows_lo), AT("quantiles", m, i, "lo"));
        assert_near(m, cell(r, m, NJ_COL_sampling_rows_hi), AT("quantiles", m, i, "hi"));
        assert_near(m, cell(r, m, NJ_COL_sampling_rows_naive),
                    AT("quantiles", m, "naive", "q"));
    }
#undef AT
}

static void
equals_an_independent_implementation(void **state)
{
    static const char *const names[] = {"tiny", "equal", "poisson", "ties"};
    const char *data = getenv("NIGHTJAR_DATA");

    (void)state;
    if (!data) {
        print_message("NIGHTJAR_DATA is not set: nothing to compare with\n");
        skip();
    }
    for (size_t i = 0; i < NJ_LEN(names); i++) {
        struct nj_results *r = nj_results_new();
        struct nj_stream *stream;
        char path[512];
        (void)snprintf(path, sizeof path, "%s/sampling/%s.csv", data, names[i]);
        assert_int_equal(nj_sampling_values(path, r, NULL), NJ_OK);
        (void)snprintf(path, sizeof path, "%s/sampling/%s.expected.json", data, names[i]);
        assert_int_equal(nj_stream_open(&stream, path, NULL), NJ_OK);
        assert_int_equal(nj_stream_want(stream, 1 << 20, NULL), NJ_OK);
        compare_with_expected(r, nj_stream_window(stream));
        nj_stream_close(stream);
        nj_results_free(r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_columns_in_any_order_and_quotes),
        cmocka_unit_test(weighs_by_the_known_sizes_of_strata),
        cmocka_unit_test(says_which_line_is_wrong),
        cmocka_unit_test(equals_an_independent_implementation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
