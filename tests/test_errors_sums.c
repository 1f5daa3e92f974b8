/* test_errors_sums.c - errors over many traces: chains, propagation, absorption, costs. */
#include "tests/analysed.h"
#include "tests/random_errors.h"

#include "base/estimate.h"
#include "schema/facts.h"

#include <math.h>

#define LIMIT   "throws='LimitError: quota of 900 used up by 77fa'"
#define NO_FILE "throws='FileNotFoundError: no such file: /in/4.csv'"
#define FAILS   "job[0,90] agent=A " LIMIT "; B<job[1,80] kind=agent agent=B " LIMIT
#define CALMS   "job[0,90] agent=A status=ok; B<job[1,80] kind=agent agent=B " LIMIT
#define CLEAN   "job[0,90] agent=A status=ok; B<job[1,80] kind=agent agent=B"

#define assert_near(got, want) assert_true(fabs((got) - (want)) < 1e-9)

static const struct nj_options one_job = {.jobs = 1};

static void
add(struct test_corpus *corpus, unsigned times, const char *spans)
{
    for (unsigned i = 0; i < times; i++)
        (void)test_add(corpus, NULL, spans);
}

/* The row of a table whose column has this text. */
static size_t
row_of(const struct nj_table *table, unsigned column, const char *text)
{
    for (size_t r = 0; r < nj_table_len(table); r++)
        if (nj_slice_eq(nj_table_text(table, r, column), nj_slice_of(text)))
            return r;
    fail_msg("no row '%s'", text);
    return 0;
}

static void
counts_what_became_of_every_origin(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    const struct nj_table *t;

    add(corpus, 2, FAILS);
    add(corpus, 3, CALMS);
    add(corpus, 5, CLEAN);
    add(corpus, 1,
        "A[0,90] kind=agent status=ok tokens=9+9; t1<A[1,20] kind=tool tool=w " LIMIT
        "; m<t1[2,9] kind=llm tokens=40+2; t2<A[30,40] kind=tool tool=w");
    add(corpus, 1,
        "A[0,90] kind=agent status=ok; n<A[1,9] throws='GraphInterrupt: ask'; "
        "o<A[10,50] EXCEPTION_TIME=11000000 EXCEPTION_TYPE=X EXCEPTION_MESSAGE=y");
    results = test_analyse(corpus, "errors", &one_job);
    t = nj_results_view(results, NJ_TABLE_errors_summary);
    const struct {
        unsigned column;
        int64_t want;
    } counts[] = {
        {NJ_COL_errors_summary_traces, 12},
        {NJ_COL_errors_summary_failed_traces, 2},
        {NJ_COL_errors_summary_error_spans, 8},
        {NJ_COL_errors_summary_origins, 6},
        {NJ_COL_errors_summary_surfaced, 2},
        {NJ_COL_errors_summary_absorbed_ignored, 3},
        {NJ_COL_errors_summary_absorbed_retry, 1},
        {NJ_COL_errors_summary_control_flow, 1},
        {NJ_COL_errors_summary_handled, 1},
        {NJ_COL_errors_summary_edges_a, 2},
        {NJ_COL_errors_summary_failed_attempts, 1},
        {NJ_COL_errors_summary_wasted_ns, 19000000},
        {NJ_COL_errors_summary_wasted_tokens, 42},
        /* the attempt itself, and the wait of 10 ms for the next one */
        {NJ_COL_errors_summary_wasted_critical_ns, 29000000},
    };

    for (size_t i = 0; i < NJ_LEN(counts); i++)
        assert_int_equal(nj_table_int(t, 0, counts[i].column), counts[i].want);
    assert_near(nj_table_real(t, 0, NJ_COL_errors_summary_failed_rate), 2 / 12.0);
    assert_near(nj_table_real(t, 0, NJ_COL_errors_summary_non_fatal_rate), 4 / 10.0);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
describes_a_chain_from_origin_to_surface(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    struct nj_estimate share = nj_wilson(2, 6);
    const struct nj_table *t;

    add(corpus, 1,
        "job[0,90] agent=A " LIMIT "; B<job[1,80] kind=agent agent=B " LIMIT
        "; ask<B[2,60] kind=llm agent=B " LIMIT);
    add(corpus, 1,
        "job[0,95] agent=A " LIMIT "; B<job[1,93] kind=agent agent=B " LIMIT
        "; ask<B[2,92] kind=llm agent=B " LIMIT);
    add(corpus, 4, CLEAN);
    results = test_analyse(corpus, "errors", &one_job);
    t = nj_results_view(results, NJ_TABLE_error_chains);
    assert_int_equal(nj_table_len(t), 1);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_error_chains_chain),
                       "B|ask|LimitError|quota of <n> used up by <id> > B > A > surfaced at "
                       "job|LimitError");
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_error_chains_origin_key),
                       "LimitError|quota of <n> used up by <id>");
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_error_chains_path), "B\nA");
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_error_chains_conf), "A");
    assert_int_equal(nj_table_int(t, 0, NJ_COL_error_chains_traces), 2);
    assert_near(nj_table_real(t, 0, NJ_COL_error_chains_share_lo), share.lo);
    assert_near(nj_table_real(t, 0, NJ_COL_error_chains_share_hi), share.hi);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_error_chains_latency_p50), 3000000);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_error_chains_latency_p95), 30000000);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_error_chains_spans_max), 3);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_error_chains_agents_max), 2);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_error_chains_depth_max), 2);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
says_how_likely_an_error_makes_the_caller_fail(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    struct nj_estimate rate = nj_wilson(2, 6);
    const struct nj_table *t;
    size_t row;

    add(corpus, 2, FAILS);
    add(corpus, 4, CALMS);
    add(corpus, 3, "job[0,90] agent=D status=ok; C<job[1,80] kind=agent agent=C " LIMIT);
    results = test_analyse(corpus, "errors", &one_job);
    t = nj_results_view(results, NJ_TABLE_error_edges);
    row = row_of(t, NJ_COL_error_edges_from_agent, "B");
    assert_slice_equal(nj_table_text(t, row, NJ_COL_error_edges_to_agent), "A");
    assert_int_equal(nj_table_int(t, row, NJ_COL_error_edges_arriving), 6);
    assert_int_equal(nj_table_int(t, row, NJ_COL_error_edges_passed), 2);
    assert_near(nj_table_real(t, row, NJ_COL_error_edges_lo), rate.lo);
    assert_near(nj_table_real(t, row, NJ_COL_error_edges_hi), rate.hi);
    row = row_of(t, NJ_COL_error_edges_from_agent, "C");
    assert_true(nj_table_is_null(t, row, NJ_COL_error_edges_probability));
    t = nj_results_view(results, NJ_TABLE_error_agents);
    row = row_of(t, NJ_COL_error_agents_agent, "A");
    assert_int_equal(nj_table_int(t, row, NJ_COL_error_agents_absorbed), 4);
    assert_near(nj_table_real(t, row, NJ_COL_error_agents_absorption), 4 / 6.0);
    row = row_of(t, NJ_COL_error_agents_agent, "B");
    assert_int_equal(nj_table_int(t, row, NJ_COL_error_agents_origins), 6);
    assert_int_equal(nj_table_int(t, row, NJ_COL_error_agents_surfaced), 2);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
counts_outputs_that_were_used_with_an_error_in_them(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    const struct nj_table *t;
    static const char head[] =
        "crew[0,200] agent=X status=ok; A<crew[1,60] kind=agent agent=A " LIMIT
        "; B<crew[70,199] kind=agent agent=B link=A ";
    char spans[400];

    add(corpus, 3, head);
    (void)snprintf(spans, sizeof spans, "%sthrows='ValidationError: 2 fields are missing'",
                   head);
    add(corpus, 2, spans);
    results = test_analyse(corpus, "errors", &one_job);
    t = nj_results_view(results, NJ_TABLE_error_edges);
    size_t row = row_of(t, NJ_COL_error_edges_type, "side");
    assert_int_equal(nj_table_int(t, row, NJ_COL_error_edges_arriving), 5);
    assert_int_equal(nj_table_int(t, row, NJ_COL_error_edges_passed), 2);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
lets_each_trace_stand_for_its_weight(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    const struct nj_table *t;
    char spans[300];

    for (unsigned i = 0; i < 4; i++) { /* kept with probability 1/4 */
        (void)snprintf(spans, sizeof spans,
                       "job[0,90] agent=A status=ok TRACE_STATE='ot=th:c;rv:f%x000000000000'",
                       i);
        add(corpus, 1, spans);
    }
    for (unsigned i = 0; i < 4; i++) { /* kept for certain */
        (void)snprintf(spans, sizeof spans,
                       "job[0,90] agent=A TRACE_STATE='ot=th:0;rv:1%x000000000000' " LIMIT, i);
        add(corpus, 1, spans);
    }
    results = test_analyse(corpus, "errors", &one_job);
    t = nj_results_view(results, NJ_TABLE_error_chains);
    assert_near(nj_table_real(t, 0, NJ_COL_error_chains_weight), 4);
    assert_near(nj_table_real(t, 0, NJ_COL_error_chains_share), 0.2);
    t = nj_results_view(results, NJ_TABLE_errors_summary);
    assert_near(nj_table_real(t, 0, NJ_COL_errors_summary_failed_rate), 0.2);
    assert_near(nj_table_real(t, 0, NJ_COL_errors_summary_weight), 20);
    assert_near(nj_table_real(t, 0, NJ_COL_errors_summary_weight_sq), 68);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
measures_failed_traces_and_retries_for_gates(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    const struct nj_table *t;
    double failed = 0, retries = 0;

    add(corpus, 1, FAILS);
    add(corpus, 3, CLEAN);
    add(corpus, 1,
        "job[0,90] agent=C status=ok; t1<job[1,20] kind=tool tool=w agent=B " LIMIT
        "; t2<job[30,40] kind=tool tool=w agent=B");
    results = test_analyse(corpus, "errors", &one_job);
    t = nj_results_view(results, NJ_TABLE_metrics);
    for (size_t r = 0; r < nj_table_len(t); r++) {
        if (!nj_slice_eq(nj_table_text(t, r, NJ_COL_metrics_agent), NJ_SLICE("B")))
            continue;
        if (nj_slice_eq(nj_table_text(t, r, NJ_COL_metrics_metric), NJ_SLICE("failed_rate")))
            failed = nj_table_real(t, r, NJ_COL_metrics_est);
        if (nj_slice_eq(nj_table_text(t, r, NJ_COL_metrics_metric), NJ_SLICE("retries_mean")))
            retries = nj_table_real(t, r, NJ_COL_metrics_est);
    }
    assert_near(failed, 0.2);
    assert_near(retries, 0.2);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
lists_what_is_only_possible_apart(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    const struct nj_table *t;

    add(corpus, 3,
        "A[0,90] kind=agent agent=A throws='ParsingError: cannot read answer \"so so\"'; "
        "t<A[1,89] kind=tool agent=A " LIMIT);
    results = test_analyse(corpus, "errors", &one_job);
    t = nj_results_view(results, NJ_TABLE_error_possible);
    assert_int_equal(nj_table_len(t), 1);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_error_possible_cause),
                       "A|t|LimitError|quota of <n> used up by <id>");
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_error_possible_effect),
                       "A|A|ParsingError|cannot read answer <text>");
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_error_possible_why), "last activity");
    assert_int_equal(nj_table_int(t, 0, NJ_COL_error_possible_count), 3);
    t = nj_results_view(results, NJ_TABLE_errors_summary);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_errors_summary_edges_c), 3);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_errors_summary_origins), 6);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
counts_sessions_once(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    const struct nj_table *t;

    add(corpus, 2, "job[0,90] agent=A SESSION=s1 " LIMIT);
    add(corpus, 1, "job[0,90] agent=A SESSION=s2 " LIMIT);
    add(corpus, 1, "job[0,90] agent=A " NO_FILE);
    results = test_analyse(corpus, "errors", &one_job);
    t = nj_results_view(results, NJ_TABLE_error_chains);
    size_t row = row_of(t, NJ_COL_error_chains_type, "LimitError");
    assert_int_equal(nj_table_int(t, row, NJ_COL_error_chains_sessions), 2);
    row = row_of(t, NJ_COL_error_chains_type, "FileNotFoundError");
    assert_true(nj_table_is_null(t, row, NJ_COL_error_chains_sessions));
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
shows_the_most_frequent_chain_that_surfaced(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    const struct nj_table *chains, *t;

    add(corpus, 5, CALMS);
    add(corpus, 2,
        "job[0,90] agent=A status=error; B<job[1,89] kind=agent agent=B " LIMIT
        "; ask<B[2,88] kind=llm agent=B " LIMIT);
    results = test_analyse(corpus, "errors", &one_job);
    chains = nj_results_view(results, NJ_TABLE_error_chains);
    t = nj_results_view(results, NJ_TABLE_exemplars);
    size_t row = row_of(chains, NJ_COL_error_chains_state, "surfaced");
    assert_int_equal(nj_table_len(t), 1);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_exemplars_chain),
                       nj_table_text(chains, row, NJ_COL_error_chains_chain).ptr);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_exemplars_trace),
                       nj_table_text(chains, row, NJ_COL_error_chains_exemplar).ptr);
    t = nj_results_view(results, NJ_TABLE_exemplar_links);
    assert_int_equal(nj_table_len(t), 2);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_exemplar_links_step), 1);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_exemplar_links_conf), "A");
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_exemplar_links_from_span),
                       nj_table_text(chains, row, NJ_COL_error_chains_exemplar_span).ptr);
    assert_int_equal(nj_table_int(t, 1, NJ_COL_exemplar_links_step), 2);
    assert_slice_equal(nj_table_text(t, 1, NJ_COL_exemplar_links_conf), "B");
    assert_slice_equal(nj_table_text(t, 1, NJ_COL_exemplar_links_from_span),
                       nj_table_text(t, 0, NJ_COL_exemplar_links_to_span).ptr);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
shows_where_a_chain_was_absorbed_if_none_surfaced(void **state)
{
    (void)state;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_results *results;
    const struct nj_table *t;

    add(corpus, 2, CALMS);
    results = test_analyse(corpus, "errors", &one_job);
    t = nj_results_view(results, NJ_TABLE_exemplar_links);
    assert_int_equal(nj_table_len(t), 1);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_exemplar_links_type), "absorbed");
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_exemplar_links_why), "ignored");
    assert_true(nj_table_is_null(t, 0, NJ_COL_exemplar_links_conf));
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
leaves_the_same_tables_for_any_number_of_threads(void **state)
{
    (void)state;
    static const enum nj_table_id tables[] = {NJ_TABLE_errors_summary, NJ_TABLE_error_chains,
                                              NJ_TABLE_error_edges,    NJ_TABLE_error_agents,
                                              NJ_TABLE_error_keys,     NJ_TABLE_metrics,
                                              NJ_TABLE_error_possible, NJ_TABLE_exemplar_spans,
                                              NJ_TABLE_exemplars,      NJ_TABLE_exemplar_links};
    static char spans[TEST_ERRORS_TEXT];
    const struct test_errors_style style = {.prefix = 's'};
    struct test_corpus *corpus = test_corpus_new();
    struct nj_options many = {.jobs = 5};
    struct nj_results *a, *b;

    for (uint64_t seed = 1; seed <= 150; seed++) {
        test_errors_write(spans, sizeof spans, seed, &style);
        (void)test_add(corpus, NULL, spans);
    }
    a = test_analyse(corpus, "errors", &one_job);
    b = test_analyse(corpus, "errors", &many);
    for (size_t i = 0; i < NJ_LEN(tables); i++) {
        char *x = test_table_print(a, tables[i]), *y = test_table_print(b, tables[i]);
        assert_string_equal(x, y);
        assert_true(strlen(x) > 0);
        free(x);
        free(y);
    }
    nj_results_free(a);
    nj_results_free(b);
    test_corpus_free(corpus);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_became_of_every_origin),
        cmocka_unit_test(describes_a_chain_from_origin_to_surface),
        cmocka_unit_test(says_how_likely_an_error_makes_the_caller_fail),
        cmocka_unit_test(counts_outputs_that_were_used_with_an_error_in_them),
        cmocka_unit_test(lets_each_trace_stand_for_its_weight),
        cmocka_unit_test(measures_failed_traces_and_retries_for_gates),
        cmocka_unit_test(lists_what_is_only_possible_apart),
        cmocka_unit_test(counts_sessions_once),
        cmocka_unit_test(shows_the_most_frequent_chain_that_surfaced),
        cmocka_unit_test(shows_where_a_chain_was_absorbed_if_none_surfaced),
        cmocka_unit_test(leaves_the_same_tables_for_any_number_of_threads),
    };
    return cmocka_run_group_tests_name("errors_sums", tests, NULL, NULL);
}
