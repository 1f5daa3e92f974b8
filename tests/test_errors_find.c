/* test_errors_find.c - chains of errors in traces with known answers. */
#include "tests/errors_text.h"

/* Texts of errors that say something of their own. */
#define LIMIT    "throws='LimitError: model quota of 900 tokens used up, account 77fa'"
#define NO_FILE  "throws='FileNotFoundError: no such file: /srv/in/plan-4.csv'"
#define BAD_ARGS "throws='ValidationError: 2 fields of order are missing: price, count'"

static struct test_corpus *corpus;
static struct nj_arena *arena;

static int
setup(void **state)
{
    (void)state;
    corpus = test_corpus_new();
    arena = nj_arena_new(1 << 16);
    return arena ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    nj_arena_free(arena);
    test_corpus_free(corpus);
    return 0;
}

static struct nj_errors
find(const char *spans, enum nj_sideways sideways)
{
    struct nj_errors errors;
    struct nj_error err = {0};
    assert_int_equal(nj_errors_find(&errors, test_trace(corpus, spans), sideways, arena, &err),
                     NJ_OK);
    return errors;
}

static void
assert_text(const struct nj_errors *errors, const char *want)
{
    char text[2000];
    test_errors_text(text, sizeof text, errors);
    assert_string_equal(text, want);
}

static void
assert_errors(const char *spans, const char *want)
{
    struct nj_errors errors = find(spans, NJ_SIDEWAYS_CHAIN);
    assert_text(&errors, want);
}

static void
follows_one_exception_through_all_that_it_unwound(void **state)
{
    (void)state;
    assert_errors("job[0,90] " LIMIT "; A<job[1,89] kind=agent " LIMIT
                  "; ask<A[2,88] kind=llm " LIMIT,
                  "ask surfaced A leaf | A>job up A, ask>A up A");
}

static void
finds_the_words_of_a_child_inside_those_of_its_parent(void **state)
{
    (void)state;
    assert_errors(
        "job[0,90] status=error STATUS_MESSAGE='gave up: no such file: /srv/in/p.csv'; "
        "t<job[2,88] kind=tool throws='OSError: no such file: /srv/in/p.csv'",
        "t surfaced A leaf | t>job up A");
}

static void
finds_words_in_a_text_that_was_cut(void **state)
{
    (void)state;
    assert_errors("job[0,90] status=error STATUS_MESSAGE='step 3 of the plan: the index "
                  "of the library is bro'; t<job[2,88] kind=tool throws='OSError: the index of "
                  "the library is broken at page 12'",
                  "t surfaced A leaf | t>job up A");
}

static void
sees_that_a_retry_worked(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent status=ok; t1<A[1,20] kind=tool tool=web " LIMIT
                  "; t2<A[30,40] kind=tool tool=web",
                  "t1 absorbed at A retry A leaf |");
}

static void
takes_the_attempts_of_one_operation_as_one_origin(void **state)
{
    (void)state;
    struct nj_errors e =
        find("A[0,90] kind=agent " LIMIT "; t1<A[1,20] kind=tool tool=web tokens=5+5 " LIMIT
             "; t2<A[21,40] kind=tool tool=web " LIMIT "; m<t2[22,30] kind=llm tokens=70+7"
             "; t3<A[41,89] kind=tool tool=web " LIMIT,
             NJ_SIDEWAYS_CHAIN);
    assert_text(&e, "t1 surfaced B leaf (=t2,t3) | t1>t2 retry B, t2>t3 retry B, t3>A up A");
    assert_int_equal(e.failed_attempts, 2);
    assert_int_equal(e.wasted_ns, 38000000);
    assert_int_equal(e.wasted_tokens, 77);
}

static void
lets_the_origins_inside_of_later_attempts_go_with_the_first(void **state)
{
    (void)state;
    assert_errors(
        "A[0,90] kind=agent " LIMIT "; s1<A[1,20] kind=chain op=go " LIMIT
        "; m1<s1[2,19] kind=llm op=ask " LIMIT "; s2<A[21,89] kind=chain op=go " LIMIT
        "; m2<s2[22,88] kind=llm op=ask " LIMIT,
        "m1 surfaced B leaf (=m2) | m1>s1 up A, m2>s2 up A, s1>s2 retry B, s2>A up A");
}

static void
pairs_attempts_in_steps_that_recorded_nothing(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent " LIMIT "; s1<A[1,20] kind=chain op=step"
                  "; t1<s1[2,19] kind=tool tool=web " LIMIT
                  "; s2<A[21,89] kind=chain op=step; t2<s2[22,88] kind=tool tool=web " LIMIT,
                  "t1 surfaced B leaf (=t2) | t1>t2 retry B, t2>A bridged B");
}

static void
does_not_take_a_step_for_a_retry_of_one_that_did_something_else(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent status=ok; s1<A[1,20] kind=chain op=step " NO_FILE
                  "; t1<s1[2,19] kind=tool tool=read " NO_FILE
                  "; s2<A[21,89] kind=chain op=step; t2<s2[22,88] kind=tool tool=web",
                  "t1 absorbed at A ignored A leaf | t1>s1 up A");
}

static void
starts_anew_where_a_step_fails_on_something_else(void **state)
{
    (void)state;
    assert_errors(
        "A[0,90] kind=agent throws='RunError: no answer from model 4 in time'"
        "; s1<A[1,40] kind=chain op=step throws='StepError: line 3: x is not defined'"
        "; s2<A[41,89] kind=chain op=step throws='StepError: no answer from model 4 in "
        "time'; m<s2[42,88] kind=llm throws='LimitError: no answer from model 4 in time'",
        "m surfaced A leaf; s1 absorbed at A ignored A leaf | m>s2 up A, s2>A up A");
}

static void
does_not_call_it_a_retry_when_the_step_went_on_without_it(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent status=ok; s1<A[1,40] kind=chain op=step"
                  "; m1<s1[2,19] kind=llm op=ask " LIMIT "; t<s1[20,39] kind=tool tool=web"
                  "; s2<A[41,89] kind=chain op=step; m2<s2[42,88] kind=llm op=ask",
                  "m1 absorbed at s1 ignored A leaf |");
    assert_errors("A[0,90] kind=agent status=ok; s1<A[1,40] kind=chain op=step"
                  "; m1<s1[2,39] kind=llm op=ask " LIMIT
                  "; s2<A[41,89] kind=chain op=step; m2<s2[42,88] kind=llm op=ask",
                  "m1 absorbed at s1 retry A leaf |");
}

static void
keeps_unrelated_failures_of_one_operation_apart(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent " NO_FILE "; t1<A[1,20] kind=tool tool=web " LIMIT
                  "; t2<A[21,89] kind=tool tool=web " NO_FILE,
                  "t2 surfaced A leaf; t1 absorbed at A ignored A leaf | t2>A up A");
}

static void
believes_a_span_that_calls_itself_a_retry(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent status=ok; t1<A[1,20] kind=tool tool=web " LIMIT
                  "; m<A[21,39] kind=llm; t2<A[40,50] kind=tool tool=web RETRY_COUNT=1",
                  "t1 absorbed at A retry A leaf |");
}

static void
tells_a_fallback_from_going_on(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent status=ok; t1<A[1,20] kind=tool tool=web " LIMIT
                  "; t2<A[21,40] kind=tool tool=cache",
                  "t1 absorbed at A fallback A leaf |");
    assert_errors("A[0,90] kind=agent status=ok; B<A[1,20] kind=agent " LIMIT
                  "; 'ask fallback'<A[21,40] kind=llm",
                  "B absorbed at A fallback A leaf |");
    assert_errors("A[0,90] kind=agent status=ok; B<A[1,20] kind=agent " LIMIT
                  "; C<A[21,40] kind=agent",
                  "B absorbed at A ignored A leaf |");
    assert_errors("A[0,90] kind=agent status=ok; t1<A[1,20] kind=tool tool=web " LIMIT
                  "; m<A[21,40] kind=llm",
                  "t1 absorbed at A ignored A leaf |");
}

static void
bridges_spans_that_never_set_a_status(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent " LIMIT
                  "; w<A[1,89]; v<w[1,89]; t<v[2,88] kind=tool " LIMIT,
                  "t surfaced B leaf | t>A bridged B");
    assert_errors("A[0,90] kind=agent status=error; w<A[1,89]; t<w[2,88] kind=tool " LIMIT,
                  "t surfaced B leaf | t>A bridged B");
}

static void
does_not_bridge_by_time_what_a_wrapper_went_on_from(void **state)
{
    (void)state;
    assert_errors("A[0,900] kind=agent status=error; w<A[1,899]; t<w[2,100] kind=tool " LIMIT
                  "; m<w[101,898] kind=llm",
                  "A surfaced A own; t absorbed at w ignored A leaf |");
}

static void
stops_at_a_span_that_says_it_went_well(void **state)
{
    (void)state;
    assert_errors("job[0,200] throws='BudgetError: used 14 of 12 calls'; "
                  "A<job[1,99] kind=agent status=ok; t<A[2,98] kind=tool " LIMIT
                  "; m<job[100,190] kind=llm",
                  "job surfaced A leaf; t absorbed at A ignored A leaf |");
}

static void
knows_exceptions_that_only_steer(void **state)
{
    (void)state;
    struct nj_errors e =
        find("job[0,90] status=ok; n<job[1,80] throws='graph.errors.GraphInterrupt: really?'; "
             "o<job[81,85] status=error STATUS_MESSAGE='ParentCommand(goto=x)'",
             NJ_SIDEWAYS_CHAIN);
    assert_text(&e, " |");
    assert_int_equal(e.control_flow_len, 2);
    assert_false(e.has_failed);
}

static void
takes_cancelled_branches_as_collateral(void **state)
{
    (void)state;
    assert_errors("job[0,61] " LIMIT "; a<job[1,60] kind=agent " LIMIT
                  "; b<job[1,61] kind=agent throws='asyncio.CancelledError: '; "
                  "b1<b[2,61] kind=llm throws='asyncio.CancelledError: '",
                  "a surfaced A leaf | a>b cancel B, a>b1 cancel B, a>job up A");
}

static void
follows_a_cancellation_from_outside_to_the_top(void **state)
{
    (void)state;
    assert_errors("job[0,61] throws='AbortError: stopped'; A<job[1,61] throws='AbortError: "
                  "stopped'; m<A[2,61] kind=llm throws='AbortError: stopped'",
                  "m surfaced B cancelled | A>job up B, m>A up B");
}

static void
finds_the_branch_that_failed_early_when_all_were_awaited(void **state)
{
    (void)state;
    assert_errors("job[0,300] status=error; a<job[1,60] kind=agent " LIMIT
                  "; b<job[1,299] kind=agent",
                  "a surfaced B leaf | a>job up B");
}

static void
surfaces_parallel_failures_together(void **state)
{
    (void)state;
    assert_errors(
        "job[0,99] throws='ExceptionGroup: no such file: /srv/in/plan-4.csv; model "
        "quota of 900 tokens used up'; a<job[1,90] kind=agent " NO_FILE
        "; b<job[1,98] kind=agent throws='LimitError: model quota of 900 tokens used up'",
        "a surfaced A leaf; b surfaced A leaf | a>job up A, b>job up A");
    assert_errors("job[0,99] " NO_FILE "; a<job[1,98] kind=agent " NO_FILE
                  "; b<job[1,90] kind=agent " LIMIT,
                  "a surfaced A leaf; b surfaced B leaf | a>job up A, b>job up B");
}

static void
moves_the_origin_to_the_agent_whose_output_was_bad(void **state)
{
    (void)state;
    static const char spans[] =
        "crew[0,200] " BAD_ARGS "; A<crew[1,60] kind=agent " LIMIT
        "; B<crew[70,199] kind=agent link=A " BAD_ARGS "; sql<B[80,198] kind=tool " BAD_ARGS;
    struct nj_errors suspect = find(spans, NJ_SIDEWAYS_SUSPECT);

    assert_errors(spans, "A surfaced B leaf | A>sql side B, B>crew up A, sql>B up A");
    assert_text(&suspect, "sql surfaced A leaf; A absorbed at crew ignored A leaf | A>sql side "
                          "C, B>crew up A, sql>B up A");
}

static void
trusts_equal_hashes_as_it_trusts_links(void **state)
{
    (void)state;
    assert_errors("crew[0,200] " BAD_ARGS "; A<crew[1,60] kind=agent OUTPUT_HASH=x " LIMIT
                  "; B<crew[70,199] kind=agent INPUT_HASH=x " BAD_ARGS,
                  "A surfaced B leaf | A>B side B, B>crew up A");
}

static void
records_it_when_the_consumer_quotes_the_producer(void **state)
{
    (void)state;
    assert_errors(
        "crew[0,200] status=error; A<crew[1,60] kind=agent throws='LimitError: quota "
        "900 gone'; B<crew[70,199] kind=agent link=A throws='InputError: got \"quota 900 "
        "gone\"'",
        "A surfaced B leaf | A>B side A, B>crew up B");
}

static void
never_blames_a_producer_for_the_consumers_surroundings(void **state)
{
    (void)state;
    assert_errors(
        "crew[0,200] throws='ConnectionError: 10.0.0.9:5432 refused'; "
        "A<crew[1,60] kind=agent " LIMIT "; B<crew[70,199] kind=agent link=A "
        "throws='ConnectionError: 10.0.0.9:5432 refused'",
        "B surfaced A leaf; A absorbed at crew ignored A leaf | A>B side C, B>crew up A");
}

static void
only_suspects_the_agent_before_where_nothing_is_recorded(void **state)
{
    (void)state;
    assert_errors(
        "crew[0,200] " BAD_ARGS "; A<crew[1,60] kind=agent " LIMIT
        "; B<crew[70,199] kind=agent " BAD_ARGS,
        "B surfaced A leaf; A absorbed at crew ignored A leaf | A>B side C, B>crew up A");
}

static void
lists_an_unrepaired_error_before_a_failed_evaluation_as_possible(void **state)
{
    (void)state;
    assert_errors("job[0,200] EVALUATION_LABEL=fail; t<job[1,20] kind=tool TOOL_FAILED=1 "
                  "TOOL_FAILED_TEXT='nothing found'; m<job[21,190] kind=llm",
                  "job surfaced A semantic; t absorbed at job ignored A leaf | t>job up C");
}

static void
ranks_an_unrepaired_exception_before_the_evaluation_that_failed_after_it(void **state)
{
    (void)state;
    assert_errors("job[0,200] EVALUATION_LABEL=fail; A<job[1,99] kind=agent status=ok"
                  "; m<A[2,20] kind=llm " LIMIT
                  "; t<A[21,90] kind=tool; n<job[100,190] kind=llm",
                  "m absorbed at A ignored A leaf; job surfaced A semantic | m>job bridged C");
    assert_errors("job[0,200] EVALUATION_LABEL=fail; m<job[2,20] kind=llm " LIMIT
                  "; n<job[30,190] kind=llm op=m RETRY_COUNT=1",
                  "job surfaced A semantic; m absorbed at job retry A leaf |");
}

static void
does_not_blame_a_handled_error_for_one_with_its_own_words(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent throws='ParsingError: cannot read answer \"so so\"'; "
                  "t<A[1,89] kind=tool " LIMIT,
                  "A surfaced A own; t absorbed at A ignored A leaf | t>A up C");
}

static void
takes_a_bare_server_answer_as_no_words_of_its_own(void **state)
{
    (void)state;
    assert_errors("srv[0,90] otel=server throws='HTTPStatusError: Internal Server Error'; "
                  "db<srv[1,89] otel=client " LIMIT,
                  "db surfaced B leaf | db>srv up B");
}

static void
does_not_take_an_exception_from_long_ago_for_the_cause(void **state)
{
    (void)state;
    assert_errors("A[0,10000] kind=agent status=error STATUS_MESSAGE='no steps are left (6).' "
                  "EXCEPTION_TIME=90000000 EXCEPTION_TYPE=LimitError EXCEPTION_MESSAGE='model "
                  "quota of 900 tokens used up, account 77fa'; t<A[1,88] kind=tool " LIMIT
                  "; m<A[120,9990] kind=llm",
                  "A surfaced A own; t absorbed at A ignored A leaf |");
}

static void
lists_an_exception_that_its_span_survived(void **state)
{
    (void)state;
    struct nj_errors e = find("job[0,90]; t<job[1,80] kind=tool EXCEPTION_TIME=5000000 "
                              "EXCEPTION_TYPE=LimitError EXCEPTION_MESSAGE='quota'",
                              NJ_SIDEWAYS_CHAIN);
    assert_text(&e, " |");
    assert_int_equal(e.handled_len, 1);
}

static void
takes_a_survived_exception_as_failure_when_the_parent_failed_with_it(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent " LIMIT "; t<A[1,89] kind=tool EXCEPTION_TIME=89000000 "
                  "EXCEPTION_TYPE=LimitError EXCEPTION_MESSAGE='model quota of 900 tokens used "
                  "up, account 77fa'",
                  "t surfaced A leaf | t>A up A");
}

static void
bridges_a_span_that_is_not_in_the_trace(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent " LIMIT "; t<gone[2,88] kind=tool " LIMIT,
                  "t surfaced B leaf | t>A bridged B");
    assert_errors("A[0,90] kind=agent status=ok; t<gone[2,88] kind=tool " LIMIT,
                  "t absorbed at none detached A leaf |");
}

static void
hangs_on_no_cycle_of_parents(void **state)
{
    (void)state;
    assert_errors("x<y[0,90] " LIMIT "; y<x[1,89] " LIMIT, "y surfaced A leaf | y>x up A");
}

static void
links_a_child_on_a_skewed_clock(void **state)
{
    (void)state;
    assert_errors(
        "cl[0,90] kind=tool service=a status=error STATUS_MESSAGE='500: index 7 is lost'"
        "; srv<cl[300,380] service=b HTTP_STATUS=500 STATUS_MESSAGE='index 7 is lost'",
        "srv surfaced A leaf | srv>cl up A");
}

static void
reads_codes_as_clients_and_servers_mean_them(void **state)
{
    (void)state;
    assert_errors("job[0,90] status=ok; c<job[1,50] otel=client HTTP_STATUS=404; "
                  "s<c[2,49] otel=server HTTP_STATUS=404",
                  "c absorbed at job ignored A leaf |");
    assert_errors("job[0,90] status=ok; s<job[2,49] otel=server GRPC_STATUS=5; "
                  "u<job[50,60] otel=server GRPC_STATUS=14",
                  "u absorbed at job ignored A leaf |");
}

static void
names_the_call_that_asked_for_what_failed(void **state)
{
    (void)state;
    assert_errors(
        "A[0,90] kind=agent status=ok; m<A[1,10] kind=llm; t<A[11,20] kind=tool " BAD_ARGS
        "; n<A[21,30] kind=llm",
        "t absorbed at A ignored A leaf (inferred m) |");
    assert_errors("A[0,90] kind=agent status=ok; m<A[1,10] kind=llm CALL_REQUESTED=c7; "
                  "n<A[11,14] kind=llm; t<A[15,20] kind=tool TOOL_CALL_ID=c7 " BAD_ARGS
                  "; o<A[21,30] kind=llm",
                  "t absorbed at A ignored A leaf (recorded m) |");
    assert_errors("A[0,90] kind=agent status=ok; t<A[1,40] kind=chain " BAD_ARGS
                  "; m<t[2,10] kind=llm; n<A[50,60] kind=llm",
                  "t absorbed at A ignored A leaf (inferred m) |");
}

static void
suspects_no_call_for_what_the_surroundings_did(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent status=ok; m<A[1,10] kind=llm; t<A[11,20] kind=tool "
                  "throws='TimeoutError: no answer in 30 s'; n<A[21,30] kind=llm",
                  "t absorbed at A ignored A leaf |");
}

static void
says_nothing_without_evidence(void **state)
{
    (void)state;
    assert_errors("A[0,90] kind=agent; m<A[1,10] kind=llm FINISH_REASON=length; "
                  "t<A[11,20] kind=tool HTTP_STATUS=200 EVALUATION_LABEL=pass",
                  " |");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_one_exception_through_all_that_it_unwound),
        cmocka_unit_test(finds_the_words_of_a_child_inside_those_of_its_parent),
        cmocka_unit_test(finds_words_in_a_text_that_was_cut),
        cmocka_unit_test(sees_that_a_retry_worked),
        cmocka_unit_test(takes_the_attempts_of_one_operation_as_one_origin),
        cmocka_unit_test(lets_the_origins_inside_of_later_attempts_go_with_the_first),
        cmocka_unit_test(pairs_attempts_in_steps_that_recorded_nothing),
        cmocka_unit_test(does_not_take_a_step_for_a_retry_of_one_that_did_something_else),
        cmocka_unit_test(starts_anew_where_a_step_fails_on_something_else),
        cmocka_unit_test(does_not_call_it_a_retry_when_the_step_went_on_without_it),
        cmocka_unit_test(keeps_unrelated_failures_of_one_operation_apart),
        cmocka_unit_test(believes_a_span_that_calls_itself_a_retry),
        cmocka_unit_test(tells_a_fallback_from_going_on),
        cmocka_unit_test(bridges_spans_that_never_set_a_status),
        cmocka_unit_test(does_not_bridge_by_time_what_a_wrapper_went_on_from),
        cmocka_unit_test(stops_at_a_span_that_says_it_went_well),
        cmocka_unit_test(knows_exceptions_that_only_steer),
        cmocka_unit_test(takes_cancelled_branches_as_collateral),
        cmocka_unit_test(follows_a_cancellation_from_outside_to_the_top),
        cmocka_unit_test(finds_the_branch_that_failed_early_when_all_were_awaited),
        cmocka_unit_test(surfaces_parallel_failures_together),
        cmocka_unit_test(moves_the_origin_to_the_agent_whose_output_was_bad),
        cmocka_unit_test(trusts_equal_hashes_as_it_trusts_links),
        cmocka_unit_test(records_it_when_the_consumer_quotes_the_producer),
        cmocka_unit_test(never_blames_a_producer_for_the_consumers_surroundings),
        cmocka_unit_test(only_suspects_the_agent_before_where_nothing_is_recorded),
        cmocka_unit_test(lists_an_unrepaired_error_before_a_failed_evaluation_as_possible),
        cmocka_unit_test(
            ranks_an_unrepaired_exception_before_the_evaluation_that_failed_after_it),
        cmocka_unit_test(does_not_blame_a_handled_error_for_one_with_its_own_words),
        cmocka_unit_test(takes_a_bare_server_answer_as_no_words_of_its_own),
        cmocka_unit_test(does_not_take_an_exception_from_long_ago_for_the_cause),
        cmocka_unit_test(lists_an_exception_that_its_span_survived),
        cmocka_unit_test(takes_a_survived_exception_as_failure_when_the_parent_failed_with_it),
        cmocka_unit_test(bridges_a_span_that_is_not_in_the_trace),
        cmocka_unit_test(hangs_on_no_cycle_of_parents),
        cmocka_unit_test(links_a_child_on_a_skewed_clock),
        cmocka_unit_test(reads_codes_as_clients_and_servers_mean_them),
        cmocka_unit_test(names_the_call_that_asked_for_what_failed),
        cmocka_unit_test(suspects_no_call_for_what_the_surroundings_did),
        cmocka_unit_test(says_nothing_without_evidence),
    };
    return cmocka_run_group_tests_name("errors_find", tests, setup, teardown);
}
