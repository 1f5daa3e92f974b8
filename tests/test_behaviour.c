/* test_behaviour.c - every finding on traces that have it, and on traces that nearly do. */
#include "tests/analysed.h"

#include <stdio.h>

/* The rows of the behaviour table for these traces, one a line: "id agent count: text". */
static char *
rows_of(struct test_corpus *corpus)
{
    struct nj_results *results =
        test_analyse(corpus, "behaviour", &(struct nj_options){.jobs = 1});
    struct nj_buf buf = {0};

    const struct nj_table *t = nj_results_view(results, NJ_TABLE_behaviour);
    for (size_t r = 0; r < nj_table_len(t); r++)
        nj_buf_printf(&buf, "%s %s %lld/%lld %lldms: %s\n",
                      nj_table_text(t, r, NJ_COL_behaviour_id).ptr,
                      nj_table_text(t, r, NJ_COL_behaviour_agent).ptr,
                      (long long)nj_table_int(t, r, NJ_COL_behaviour_count),
                      (long long)nj_table_int(t, r, NJ_COL_behaviour_traces),
                      (long long)nj_table_int(t, r, NJ_COL_behaviour_cost_ns) / 1000000,
                      nj_table_text(t, r, NJ_COL_behaviour_text).ptr);
    nj_buf_put_char(&buf, '\0');
    nj_results_free(results);
    return buf.ptr;
}

static void
assert_rows(const char *spans, const char *want)
{
    struct test_corpus *corpus = test_corpus_new();

    (void)test_add(corpus, NULL, spans);
    char *got = rows_of(corpus);
    assert_string_equal(got, want);
    free(got);
    test_corpus_free(corpus);
}

static void
finds_a_tool_called_three_times_with_the_same_arguments(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] kind=agent agent=web\n"
                "a<root[1,9] kind=tool tool=find ARGUMENTS_HASH=x; l<root[9,10] kind=llm\n"
                "b<root[11,19] kind=tool tool=find ARGUMENTS_HASH=x\n"
                "c<root[21,29] kind=tool tool=find ARGUMENTS_HASH=x",
                "repeated-call web 1/1 16ms: find called 3 times in a row with the same "
                "arguments\n");
    assert_rows("root[0,100] kind=agent agent=web\n"
                "a<root[1,9] kind=tool op=find; b<root[11,19] kind=tool op=find\n"
                "c<root[21,29] kind=tool op=find",
                "repeated-call web 1/1 16ms: find called 3 times in a row\n");
}

static void
takes_no_two_calls_nor_other_arguments_nor_a_call_in_between_for_repetition(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] kind=agent agent=web\n"
                "a<root[1,9] kind=tool tool=find ARGUMENTS_HASH=x\n"
                "b<root[11,19] kind=tool tool=find ARGUMENTS_HASH=x\n"
                "c<root[21,29] kind=tool tool=find ARGUMENTS_HASH=y\n"
                "d<root[31,39] kind=tool tool=find ARGUMENTS_HASH=x",
                "");
    assert_rows("root[0,100] kind=agent agent=web\n"
                "a<root[1,9] kind=tool tool=find; b<root[11,19] kind=tool tool=find\n"
                "x<root[20,20.5] kind=tool tool=open; c<root[21,29] kind=tool tool=find",
                "");
    assert_rows("root[0,100] kind=agent agent=web; one<root[1,30] kind=agent agent=a\n"
                "two<root[31,60] kind=agent agent=b; l<root[30,31] kind=llm\n"
                "a<one[1,9] kind=tool tool=find; b<one[11,19] kind=tool tool=find\n"
                "c<two[32,39] kind=tool tool=find",
                "");
}

static void
counts_a_tool_inside_itself_once(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] kind=agent agent=web; a<root[1,9] kind=tool tool=find\n"
                "a2<a[2,8] kind=tool tool=find; b<root[11,19] kind=tool tool=find\n"
                "b2<b[12,18] kind=tool tool=find",
                "");
}

static void
finds_two_agents_that_pass_control_back_and_forth(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] agent=boss; a<root[0,9] agent=writer; b<root[10,19] agent=critic\n"
                "l1<root[9,10] kind=llm; l2<root[19,20] kind=llm; l3<root[29,30] kind=llm\n"
                "c<root[20,29] agent=writer; d<root[30,39] agent=critic",
                "ping-pong writer 1/1 39ms: control went back and forth between writer and "
                "critic 3 times\n");
    assert_rows("a[0,100] agent=x; b<a[1,99] agent=y; c<b[2,98] agent=x; d<c[3,97] agent=y",
                "cycle x 1/1 96ms: x works inside its own call, 2 deep\n"
                "cycle y 1/1 94ms: y works inside its own call, 2 deep\n"
                "ping-pong x 1/1 97ms: control went back and forth between x and y 3 times\n");
}

static void
takes_no_two_switches_nor_a_tool_nor_a_third_agent_for_ping_pong(void **unused)
{
    (void)unused;
    const char *gaps = "; l1<root[9,10] kind=llm; l2<root[19,20] kind=llm"
                       "; l3<root[29,30] kind=llm; l4<root[39,40] kind=llm";
    static const char *const nearly[] = {
        "root[0,100] agent=boss; a<root[0,9] agent=w; b<root[10,19] agent=c\n"
        "c<root[20,29] agent=w",
        "root[0,100] agent=boss; a<root[0,9] agent=w; b<root[10,19] agent=c\n"
        "t<b[11,12] kind=tool; c<root[20,29] agent=w; d<root[30,39] agent=c",
        "root[0,100] agent=boss; a<root[0,9] agent=w; b<root[10,19] agent=c\n"
        "c<root[20,29] agent=z; d<root[30,39] agent=w; e<root[40,49] agent=c",
        "root[0,100] agent=boss; a<root[0,30] agent=w; b<root[0,50] agent=c\n"
        "c<root[20,60] agent=w; d<root[30,70] agent=c",
    };
    char spans[1024];

    for (size_t i = 0; i < NJ_LEN(nearly); i++) {
        (void)snprintf(spans, sizeof spans, "%s%s", nearly[i], gaps);
        assert_rows(spans, "");
    }
}

static void
finds_an_agent_inside_its_own_call_but_not_beside_it(void **unused)
{
    (void)unused;
    assert_rows("a[0,100] agent=x; b<a[1,99] agent=y; t<b[2,90] kind=tool; c<t[3,80] agent=x\n"
                "d<c[4,70] agent=z; e<d[5,60] agent=x",
                "cycle x 2/1 77ms: x works inside its own call, 3 deep\n");
    assert_rows("root[0,100] agent=boss; a<root[1,20] agent=x; l<root[20,21] kind=llm\n"
                "b<root[22,40] agent=x; c<b[23,30] agent=y",
                "");
    assert_rows("a[0,100] service=x; b<a[1,99] service=y; c<b[2,90] service=x", "");
}

static void
finds_an_invocation_beyond_its_limits(void **unused)
{
    (void)unused;
    assert_rows("a[0,3600001] agent=slow; b<a[0,3600001] kind=llm",
                "runaway slow 1/1 3600001ms: one invocation: 3600 s, limit 3600\n");
    assert_rows("a[0,100] agent=big; b<a[0,100] kind=llm tokens=900000+100001",
                "runaway big 1/1 100ms: one invocation: 1000001 tokens, limit 1000000\n");
    assert_rows("a[0,3600000] agent=fit; b<a[0,3600000] kind=llm tokens=900000+100000", "");
}

static void
counts_steps_of_the_invocation_itself_only(void **unused)
{
    (void)unused;
    struct nj_buf spans = {0};

    nj_buf_put_text(&spans, "a[0,10000] agent=busy; s<a[0,9000] agent=other;w<s[0,9000]");
    for (unsigned i = 0; i < 101; i++)
        nj_buf_printf(&spans, ";l%u<%s[%u,%u] kind=llm", i, i < 100 ? "a" : "s", i * 10,
                      i * 10 + 9);
    nj_buf_put_char(&spans, '\0');
    assert_rows(spans.ptr, "");
    spans.len--;
    nj_buf_printf(&spans, ";more<a[9000,9001] kind=tool");
    nj_buf_put_char(&spans, '\0');
    assert_rows(spans.ptr, "runaway busy 1/1 10000ms: one invocation: 101 steps, limit 100\n");
    nj_buf_fini(&spans);
}

static void
finds_an_operation_that_is_tried_again_and_again(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] agent=web; a<root[0,10] kind=tool tool=get status=error\n"
                "b<root[10,20] kind=tool tool=get status=error ARGUMENTS_HASH=1\n"
                "c<root[20,30] kind=tool tool=get status=error ARGUMENTS_HASH=2\n"
                "d<root[30,40] kind=tool tool=get status=error ARGUMENTS_HASH=3\n"
                "e<root[40,50] kind=tool tool=get",
                "retry-storm web 1/1 50ms: get was tried 5 times; 50 % of the critical path\n");
    assert_rows("root[0,100] agent=web; a<root[0,10] RETRY_COUNT=7",
                "retry-storm web 1/1 10ms: a was tried 8 times; 10 % of the critical path\n");
}

static void
takes_no_few_attempts_nor_other_failures_nor_successes_for_a_storm(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] agent=web; a<root[0,10] kind=llm op=ask status=error\n"
                "b<root[10,20] kind=llm op=ask status=error\n"
                "c<root[20,30] kind=llm op=ask status=error; d<root[30,40] kind=llm op=ask",
                "");
    assert_rows("root[0,100] agent=web; a<root[0,10] kind=llm op=ask\n"
                "b<root[10,20] kind=llm op=ask; c<root[20,30] kind=llm op=ask\n"
                "d<root[30,40] kind=llm op=ask; e<root[40,50] kind=llm op=ask status=error",
                "");
    assert_rows("root[0,100] agent=web; a<root[0,50] kind=llm op=ask status=error\n"
                "b<root[0,50] kind=llm op=ask status=error\n"
                "c<root[0,50] kind=llm op=ask status=error\n"
                "d<root[0,50] kind=llm op=ask status=error; e<root[0,50] kind=llm op=ask",
                "");
}

static void
finds_time_in_which_nothing_works(void **unused)
{
    (void)unused;
    assert_rows("root[0,9000] agent=boss; a<root[0,1000] kind=llm; b<root[6001,9000] kind=llm",
                "stall boss 1/1 5001ms: nothing worked for 5 s\n");
    assert_rows(
        "root[0,9000] agent=boss; s<root[1000,8000] agent=sub; a<root[0,1000] kind=llm\n"
        "x<s[1000,1500] kind=tool; b<root[8000,9000] kind=llm",
        "stall sub 1/1 6500ms: nothing worked for 6.5 s\n");
    assert_rows("one[0,10] agent=a; two[6000,6100] agent=b",
                "stall b 1/1 5990ms: nothing worked for 5.99 s\n");
}

static void
takes_no_model_call_with_something_below_it_for_a_stall(void **unused)
{
    (void)unused;
    assert_rows("root[0,9000] agent=boss; a<root[0,9000] kind=llm; t<a[10,20] kind=tool", "");
    assert_rows("root[0,9000] agent=boss; a<root[0,1000] kind=llm; b<root[6000,9000] kind=llm",
                "");
    assert_rows("root[0,9000] agent=boss; s<root[0,9000] agent=sub", "");
}

static void
finds_agents_called_one_after_the_other_for_no_recorded_reason(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] agent=boss; l<root[0,10] kind=llm CALL_REQUESTED=1 "
                "CALL_REQUESTED=2\n"
                "a<root[10,40] kind=tool TOOL_CALL_ID=1; a2<a[11,39] kind=agent agent=x\n"
                "b<root[40,90] kind=tool TOOL_CALL_ID=2; b2<b[41,89] kind=agent agent=y\n"
                "m<root[90,100] kind=llm CALL_ANSWERED=1 CALL_ANSWERED=2",
                "serial-fan-out boss 1/1 30ms: x, y one after the other; side by side would "
                "save up to 30 ms\n");
}

static void
takes_no_agent_that_needs_another_for_a_serial_fan_out(void **unused)
{
    (void)unused;
    static const char *const nearly[] = {
        "root[0,100] agent=boss; a<root[10,40] agent=x; b<root[40,90] agent=y link=a",
        "root[0,100] agent=boss; a<root[10,40] agent=x; in<a[20,30]\n"
        "b<root[40,90] agent=y; deep<b[50,60] link=in",
        "root[0,100] agent=boss; a<root[10,40] agent=x; l<root[40,42] kind=llm\n"
        "b<root[43,90] agent=y",
        "root[0,100] agent=boss; a<root[10,40] agent=x; b<root[30,90] agent=y",
        "root[0,100] agent=boss; a<root[10,40] agent=x; b<root[40,90] agent=x",
        "root[0,100] agent=boss; a<root[10,40] agent=x; h<a[39,39] kind=handoff\n"
        "b<root[40,90] agent=y",
    };

    for (size_t i = 0; i < NJ_LEN(nearly); i++)
        assert_rows(nearly[i], "");
}

static void
breaks_a_serial_fan_out_where_an_agent_needs_an_earlier_one(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] agent=boss; a<root[0,30] agent=x; b<root[30,50] agent=y\n"
                "c<root[50,90] agent=z link=a",
                "serial-fan-out boss 1/1 0ms: x, y one after the other; side by side would "
                "save nothing on the critical path\n");
}

static void
finds_results_that_nobody_waited_for(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] agent=boss; t<root[50,150] kind=tool tool=crawl",
                "unused-result boss 1/1 100ms: crawl ended after its caller was done\n");
    assert_rows("root[0,100] agent=boss; t<root[10,80] kind=tool tool=crawl TOOL_CALL_ID=1\n"
                "u<root[10,20] kind=tool TOOL_CALL_ID=2; l<root[20,30] kind=llm "
                "CALL_ANSWERED=2",
                "unused-result boss 1/1 70ms: crawl was still running when the model went on "
                "without it\n");
}

static void
takes_no_late_message_nor_an_answered_call_for_an_unused_result(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] agent=boss; t<root[50,100.5] kind=tool", "");
    assert_rows("root[0,100] agent=boss otel=producer; t<root[50,150] kind=tool otel=consumer",
                "");
    assert_rows("root[0,100] agent=boss; t<root[10,80] kind=tool TOOL_CALL_ID=1\n"
                "l<root[20,30] kind=llm; m<root[81,90] kind=llm CALL_ANSWERED=1",
                "");
    assert_rows("root[0,100] agent=boss; t<root[10,80] kind=tool TOOL_CALL_ID=1\n"
                "l<root[20,30] kind=llm",
                "");
}

static void
finds_spans_without_an_end_and_traces_with_spans_missing(void **unused)
{
    (void)unused;
    assert_rows("root[0,100] agent=boss; t<root[10,] kind=tool tool=crawl",
                "missing-end boss 1/1 0ms: crawl never ended\n");
    assert_rows("a<gone[0,10] agent=x; b<gone[0,20] agent=x",
                "truncated (unknown) 1/1 0ms: 2 spans whose parent is missing\n");
    assert_rows("a[0,10] agent=x WEIGHT_SOURCE=8 WEIGHT_VALUE=5; b<a[1,2]",
                "truncated x 1/1 0ms: 3 of 5 spans are missing\n");
    assert_rows("a[0,10] agent=x WEIGHT_SOURCE=8 WEIGHT_VALUE=2; b<a[1,2]", "");
}

/* The estimate of a metric of an agent, NULL: of the store. */
static double
metric_of(const struct nj_results *results, const char *metric, const char *agent)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_metrics);

    for (size_t r = 0; r < nj_table_len(t); r++)
        if (nj_slice_eq(nj_table_text(t, r, NJ_COL_metrics_metric), nj_slice_of(metric)) &&
            nj_slice_eq(nj_table_text(t, r, NJ_COL_metrics_agent), nj_slice_of(agent)))
            return nj_table_real(t, r, NJ_COL_metrics_est);
    fail_msg("no metric %s of %s", metric, agent);
    return 0;
}

static void
leaves_steps_loops_and_shares_of_traces_for_gates(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();

    (void)test_add(corpus, NULL,
                   "root[0,100] agent=web; a<root[1,9] kind=tool op=find\n"
                   "b<root[11,19] kind=tool op=find; c<root[21,29] kind=tool op=find");
    (void)test_add(corpus, NULL, "root[0,100] agent=web; a<root[1,9] kind=llm");
    (void)test_add(corpus, NULL, "root[0,100] agent=idle");
    struct nj_results *results =
        test_analyse(corpus, "behaviour", &(struct nj_options){.jobs = 1});
    assert_true(metric_of(results, "steps_mean", "web") == 2);
    assert_true(metric_of(results, "steps_p95", "web") == 3);
    assert_true(metric_of(results, "steps_mean", "idle") == 0);
    assert_true(metric_of(results, "steps_mean", NULL) == 4.0 / 3);
    assert_true(metric_of(results, "loops", "web") == 0.5);
    assert_true(metric_of(results, "repeated-call", "web") == 0.5);
    assert_true(metric_of(results, "repeated-call", "idle") == 0);
    assert_true(metric_of(results, "ping-pong", NULL) == 0);
    nj_results_free(results);
    test_corpus_free(corpus);
}

static void
gives_the_same_rows_for_any_order_of_traces_and_any_number_of_threads(void **unused)
{
    (void)unused;
    uint64_t seed = 7;
    struct test_corpus *one = test_corpus_new(), *other = test_corpus_new();

    for (int i = 0; i < 300; i++)
        (void)test_add_random(one, &seed, 60, true);
    for (uint64_t i = 300; i-- > 0;)
        (void)test_add_shuffled(other, one, i, &seed);
    struct nj_results *of_one = test_analyse(one, "behaviour", &(struct nj_options){.jobs = 1});
    struct nj_results *of_other =
        test_analyse(other, "behaviour", &(struct nj_options){.jobs = 3});
    for (enum nj_table_id id = 0; id < NJ_TABLES_LEN; id++) {
        char *want = test_table_print(of_one, id), *got = test_table_print(of_other, id);
        assert_string_equal(got, want);
        free(want);
        free(got);
    }
    assert_true(nj_table_len(nj_results_view(of_one, NJ_TABLE_behaviour)) > 5);
    nj_results_free(of_one);
    nj_results_free(of_other);
    test_corpus_free(one);
    test_corpus_free(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_tool_called_three_times_with_the_same_arguments),
        cmocka_unit_test(
            takes_no_two_calls_nor_other_arguments_nor_a_call_in_between_for_repetition),
        cmocka_unit_test(counts_a_tool_inside_itself_once),
        cmocka_unit_test(finds_two_agents_that_pass_control_back_and_forth),
        cmocka_unit_test(takes_no_two_switches_nor_a_tool_nor_a_third_agent_for_ping_pong),
        cmocka_unit_test(finds_an_agent_inside_its_own_call_but_not_beside_it),
        cmocka_unit_test(finds_an_invocation_beyond_its_limits),
        cmocka_unit_test(counts_steps_of_the_invocation_itself_only),
        cmocka_unit_test(finds_an_operation_that_is_tried_again_and_again),
        cmocka_unit_test(takes_no_few_attempts_nor_other_failures_nor_successes_for_a_storm),
        cmocka_unit_test(finds_time_in_which_nothing_works),
        cmocka_unit_test(takes_no_model_call_with_something_below_it_for_a_stall),
        cmocka_unit_test(finds_agents_called_one_after_the_other_for_no_recorded_reason),
        cmocka_unit_test(takes_no_agent_that_needs_another_for_a_serial_fan_out),
        cmocka_unit_test(breaks_a_serial_fan_out_where_an_agent_needs_an_earlier_one),
        cmocka_unit_test(finds_results_that_nobody_waited_for),
        cmocka_unit_test(takes_no_late_message_nor_an_answered_call_for_an_unused_result),
        cmocka_unit_test(finds_spans_without_an_end_and_traces_with_spans_missing),
        cmocka_unit_test(leaves_steps_loops_and_shares_of_traces_for_gates),
        cmocka_unit_test(gives_the_same_rows_for_any_order_of_traces_and_any_number_of_threads),
    };
    return cmocka_run_group_tests_name("behaviour", tests, NULL, NULL);
}
