/* test_calls.c - call graph, merged call tree and parallelism. */
#include "tests/build.h"
#include "tests/columns.h"
#include "tests/tables.h"

#include "analyzers/analyze.h"
#include "analyzers/calls_parallel.h"
#include "analyzers/calls_tree.h"
#include "analyzers/calls_wall.h"

#include <stdio.h>

extern const struct nj_analyzer nj_analyzer_calls;

enum { MS = 1000000 };

static const struct nj_options defaults = {.jobs = 1};

static struct nj_results *
analyze(struct test_corpus *corpus, const struct nj_options *options)
{
    const struct nj_analyzer *const analyzers[] = {&nj_analyzer_calls, NULL};
    struct nj_results *results = nj_results_new();
    struct nj_diags *diags = nj_diags_new();
    struct nj_error err = {0};

    assert_true(results && diags);
    if (nj_analyze(test_view(corpus), options, analyzers, NULL, diags, results, &err) < 0)
        fail_msg("%s", err.causes[0]);
    free(diags);
    return results;
}

/* "caller>callee/kind calls errors critical-ms" of every edge, by the order of the table. */
static void
assert_edges(struct nj_results *r, const char *want)
{
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_call_edges);
    struct nj_buf text = {0};

    for (size_t i = 0; i < nj_table_len(t); i++)
        nj_buf_printf(&text, "%.*s>%.*s/%.*s %d %d %d; ",
                      NJ_FMT(nj_table_text(t, i, NJ_COL_call_edges_caller)),
                      NJ_FMT(nj_table_text(t, i, NJ_COL_call_edges_callee)),
                      NJ_FMT(nj_table_text(t, i, NJ_COL_call_edges_callee_kind)),
                      (int)nj_table_int(t, i, NJ_COL_call_edges_calls),
                      (int)nj_table_int(t, i, NJ_COL_call_edges_errors),
                      (int)(nj_table_int(t, i, NJ_COL_call_edges_critical_ns) / MS));
    nj_buf_put_char(&text, '\0');
    assert_string_equal(text.ptr, want);
    nj_buf_fini(&text);
}

static void
finds_who_invoked_whom(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    test_add(
        corpus, NULL,
        "run[0,100] agent=planner kind=agent; step<run[0,50] kind=chain;"
        "ask<step[0,20] kind=llm model=big; inner<ask[5,15] kind=llm model=big tokens=7+3;"
        "find<step[20,50] kind=tool tool=search status=error; http<find[30,40];"
        "sub<run[50,90] agent=coder kind=agent; run2<sub[60,70] kind=tool name=exec op=exec");
    struct nj_results *r = analyze(corpus, &defaults);
    /* the wrapper around the model call is the planner's, the HTTP call is the tool's */
    assert_edges(r,
                 "planner>coder/agent 1 0 30; planner>search/tool 1 1 30; "
                 ">planner/agent 1 0 20; planner>big/model 1 0 10; coder>exec/tool 1 0 10; ");
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
an_agent_that_is_run_as_a_tool_is_one_call(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    test_add(corpus, NULL,
             "run[0,100] agent=planner kind=agent; t<run[0,50] kind=tool tool=ask_coder;"
             "sub<t[10,50] agent=coder kind=agent");
    test_add(corpus, NULL,
             "run[0,100] agent=planner kind=agent; c<run[0,50] agent=coder kind=agent "
             "otel=client; s<c[10,40] agent=coder kind=agent otel=server");
    struct nj_results *r = analyze(corpus, &defaults);
    assert_edges(r, ">planner/agent 2 0 110; planner>coder/agent 2 0 90; ");
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
a_span_of_another_service_is_a_call_of_that_service(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    test_add(corpus, NULL,
             "run[0,100] agent=planner kind=agent service=app; get<run[10,90] service=app;"
             "serve<get[20,80] service=backend; sql<serve[30,70] service=backend");
    struct nj_results *r = analyze(corpus, &defaults);
    assert_edges(r, "planner>backend/service 1 0 60; >planner/agent 1 0 40; ");
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
tells_how_often_a_failure_fails_the_caller(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    for (int i = 0; i < 5; i++)
        test_add(corpus, NULL,
                 i < 2
                     ? "run[0,9] agent=p kind=agent status=error; t<run[0,5] kind=tool "
                       "tool=x status=error"
                     : "run[0,9] agent=p kind=agent; t<run[0,5] kind=tool tool=x status=error");
    struct nj_results *r = analyze(corpus, &defaults);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_call_edges);
    assert_slice_equal(nj_table_text(t, 0, NJ_COL_call_edges_callee), "x");
    assert_true(nj_table_real(t, 0, NJ_COL_call_edges_propagation) == 0.4);
    assert_true(nj_table_is_null(t, 1, NJ_COL_call_edges_propagation));
    assert_int_equal(nj_table_int(t, 0, NJ_COL_call_edges_p50), 5 * MS);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static int64_t
column_sum(const struct nj_results *r, enum nj_table_id id, unsigned column)
{
    const struct nj_table *t = nj_results_view(r, id);
    int64_t sum = 0;
    for (size_t i = 0; i < nj_table_len(t); i++)
        sum += nj_table_int(t, i, column);
    return sum;
}

/* Sum over the frames at the top. */
static int64_t
top_sum(const struct nj_results *r, unsigned column)
{
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_call_tree);
    int64_t sum = 0;
    for (size_t i = 0; i < nj_table_len(t); i++)
        if (nj_table_is_null(t, i, NJ_COL_call_tree_parent))
            sum += nj_table_int(t, i, column);
    return sum;
}

/* I12, and the same for the other three variants. */
static void
leaves_of_the_flame_graph_sum_to_the_whole(void **unused)
{
    (void)unused;
    uint64_t seed = 31;

    for (int round = 0; round < 40; round++) {
        struct test_corpus *corpus = test_corpus_new();
        int64_t length_ns = 0, tokens = 0, spans = 0;
        for (int i = 0; i < 8; i++) {
            const struct nj_trace *t =
                test_tree(corpus, test_add_random(corpus, &seed, 30, true), NULL);
            length_ns += t->end_ns[t->root] - t->start_ns[t->root];
            spans += t->spans_len;
            for (uint32_t k = 0; k < t->spans_len; k++)
                for (int w = 0; w < 2; w++) {
                    const int which[] = {NJ_TOKEN_INPUT, NJ_TOKEN_OUTPUT};
                    if ((t->flags[k] & NJ_SPAN_HAS_USAGE) && t->tokens[k][which[w]] > 0)
                        tokens += t->tokens[k][which[w]];
                }
        }
        struct nj_results *r = analyze(corpus, &defaults);
        const enum nj_table_id tree = NJ_TABLE_call_tree, edges = NJ_TABLE_call_edges;
        assert_int_equal(column_sum(r, tree, NJ_COL_call_tree_spans), spans);
        assert_int_equal(column_sum(r, tree, NJ_COL_call_tree_critical_ns), length_ns);
        assert_int_equal(top_sum(r, NJ_COL_call_tree_total_critical_ns), length_ns);
        assert_int_equal(column_sum(r, edges, NJ_COL_call_edges_critical_ns), length_ns);
        assert_int_equal(column_sum(r, tree, NJ_COL_call_tree_tokens), tokens);
        assert_int_equal(top_sum(r, NJ_COL_call_tree_total_tokens), tokens);
        assert_int_equal(column_sum(r, tree, NJ_COL_call_tree_self_ns),
                         top_sum(r, NJ_COL_call_tree_total_self_ns));
        assert_int_equal(column_sum(r, tree, NJ_COL_call_tree_self_ns),
                         column_sum(r, edges, NJ_COL_call_edges_self_ns));
        nj_results_free(r);
        test_corpus_free(corpus);
    }
}

/* Time that anything at the top is active, instant by instant. */
static int64_t
active_ns(const struct nj_trace *t, int64_t until_ns)
{
    int64_t sum = 0;
    for (int64_t at = 0; at < until_ns; at++) {
        bool is_active = false;
        for (uint32_t i = 0; i < t->spans_len; i++)
            is_active |= (t->parent[i] == NJ_NO_SPAN || (t->flags[i] & NJ_SPAN_DETACHED)) &&
                         t->start_ns[i] <= at && at < t->end_ns[i];
        sum += is_active;
    }
    return sum;
}

static void
elapsed_time_is_divided_to_the_last_nanosecond(void **unused)
{
    (void)unused;
    struct nj_arena *arena = nj_arena_new(1 << 14);
    uint64_t seed = 32;

    for (int round = 0; round < 300; round++) {
        struct column_span spans[24];
        const struct column_shape shape = {24, 50, 8, 3, 4};
        uint32_t n = columns_random(spans, &shape, &seed);
        struct nj_trace t = columns_trace(arena, NULL, spans, n);
        int64_t own_ns[24], sum = 0;
        assert_true(nj_wall_divide(own_ns, &t, arena));
        for (uint32_t i = 0; i < n; i++) {
            assert_true(own_ns[i] >= 0);
            sum += own_ns[i];
        }
        assert_int_equal(sum, active_ns(&t, 200));
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static void
siblings_that_run_at_once_share_the_time_evenly(void **unused)
{
    (void)unused;
    struct nj_arena *arena = nj_arena_new(1 << 14);
    /* 1 and 2 share [100,300], 1 is alone until 400; inside 2, its child fills half of it */
    const struct column_span spans[] = {ROOT(0, 1000), SPAN(0, 100, 400), SPAN(0, 100, 300),
                                        SPAN(2, 200, 300), SPAN(0, 500, 600)};
    static const int64_t want[] = {600, 200, 50, 50, 100};
    struct nj_trace t = columns_trace(arena, NULL, spans, NJ_LEN(spans));
    int64_t own_ns[NJ_LEN(spans)];

    assert_true(nj_wall_divide(own_ns, &t, arena));
    for (size_t i = 0; i < NJ_LEN(spans); i++)
        assert_int_equal(own_ns[i], want[i]);
    nj_arena_free(arena);
}

static void
rows_come_in_preorder_wide_siblings_first(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    test_add(corpus, NULL,
             "R[0,100] agent=r; A<R[0,20] agent=a; B<R[20,80] agent=b; C<B[20,50] agent=b;"
             "A2<R[80,85] agent=a name=A op=A");
    struct nj_results *r = analyze(corpus, &defaults);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_call_tree);
    static const char *const names[] = {"R", "B", "C", "A"};
    static const int64_t wall[] = {100, 60, 30, 25}, spans[] = {1, 1, 1, 2};
    static const int64_t parents[] = {-1, 0, 1, 0};

    assert_int_equal(nj_table_len(t), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_slice_equal(nj_table_text(t, i, NJ_COL_call_tree_operation), names[i]);
        assert_int_equal(nj_table_int(t, i, NJ_COL_call_tree_id), i);
        assert_int_equal(nj_table_int(t, i, NJ_COL_call_tree_wall_ns), wall[i] * MS);
        assert_int_equal(nj_table_int(t, i, NJ_COL_call_tree_spans), spans[i]);
        assert_int_equal(nj_table_is_null(t, i, NJ_COL_call_tree_parent)
                             ? -1
                             : nj_table_int(t, i, NJ_COL_call_tree_parent),
                         parents[i]);
    }
    nj_results_free(r);
    test_corpus_free(corpus);
}

/* The rows of a tree of at most so many nodes, of traces in one order or another, in one part
 * or several. */
static char *
folded_tree(struct test_corpus *corpus, uint32_t nodes_max, uint64_t traces, bool is_backwards,
            uint64_t parts)
{
    struct nj_arena *arena = nj_arena_new(1 << 16);
    struct nj_call_tree trees[4];
    struct nj_results *results = nj_results_new();
    struct nj_buf text = {0};

    for (uint64_t p = 0; p < parts; p++) {
        nj_call_tree_init(&trees[p], test_view(corpus)->names);
        trees[p].nodes_max = nodes_max;
    }
    for (uint64_t k = 0; k < traces; k++) {
        uint64_t number = is_backwards ? traces - 1 - k : k;
        const struct nj_trace *t = test_tree(corpus, number, NULL);
        struct nj_call_amounts *amounts = NJ_NEW(arena, struct nj_call_amounts, t->spans_len);
        for (uint32_t i = 0; i < t->spans_len; i++)
            amounts[i] = (struct nj_call_amounts){.spans = 1, .wall_ns = 1 + i % 7};
        assert_true(nj_call_tree_add(&trees[k % parts], t, amounts, arena));
    }
    for (uint64_t p = 1; p < parts; p++)
        assert_true(nj_call_tree_merge(&trees[0], &trees[p]));
    assert_true(
        nj_call_tree_put(&trees[0], arena, nj_results_table(results, NJ_TABLE_call_tree)));
    assert_true(nj_table_len(nj_results_view(results, NJ_TABLE_call_tree)) <= nodes_max);
    test_table_print(&text, results, NJ_TABLE_call_tree);
    nj_buf_put_char(&text, '\0');
    for (uint64_t p = 0; p < parts; p++)
        nj_call_tree_fini(&trees[p]);
    nj_results_free(results);
    nj_arena_free(arena);
    return text.ptr;
}

static void
too_many_nodes_are_folded_the_same_way_in_any_order(void **unused)
{
    (void)unused;
    uint64_t seed = 33;

    for (int round = 0; round < 10; round++) {
        struct test_corpus *corpus = test_corpus_new();
        for (int i = 0; i < 12; i++)
            test_add_random(corpus, &seed, 40, false);
        for (uint32_t nodes_max = 1; nodes_max < 300; nodes_max *= 3) {
            char *one = folded_tree(corpus, nodes_max, 12, false, 1);
            char *other = folded_tree(corpus, nodes_max, 12, true, 1);
            char *parts = folded_tree(corpus, nodes_max, 12, true, 4);
            assert_string_equal(one, other);
            assert_string_equal(one, parts);
            assert_true(nodes_max > 1 || strstr(one, "(deeper)"));
            free(one);
            free(other);
            free(parts);
        }
        test_corpus_free(corpus);
    }
}

static void
knows_how_many_agents_work_at_once(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    /* the planner waits while a or b works; the two overlap for 20 ms */
    test_add(corpus, NULL,
             "R[0,100] agent=planner; a<R[10,50] agent=a; b<R[30,70] agent=b;"
             "c<a[20,30] agent=a kind=tool; S[150,160] agent=s");
    struct nj_results *r = analyze(corpus, &defaults);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_parallelism);
    static const int64_t want_ms[] = {50, 90, 20};

    assert_int_equal(nj_table_len(t), 3);
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(nj_table_int(t, k, NJ_COL_parallelism_active), k);
        assert_int_equal(nj_table_int(t, k, NJ_COL_parallelism_ns), want_ms[k] * MS);
    }
    nj_results_free(r);
    test_corpus_free(corpus);
}

/* One trace of one agent stands for itself, one of two at once for four. */
static void
weighs_the_time_in_which_agents_work_at_once(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    test_add(corpus, NULL, "R[0,100] agent=a TRACE_STATE='ot=th:0'");
    test_add(corpus, NULL,
             "R[0,30] agent=a TRACE_STATE='ot=th:c;rv:ffffffffffffff'; S[0,20] agent=b");
    struct nj_results *r = analyze(corpus, &defaults);
    const struct nj_table *t = nj_results_view(r, NJ_TABLE_parallelism);

    assert_int_equal(nj_table_len(t), 2);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_parallelism_ns), 110 * MS);
    assert_true(nj_table_real(t, 0, NJ_COL_parallelism_weighted_ns) == 140.0 * MS);
    assert_int_equal(nj_table_int(t, 1, NJ_COL_parallelism_ns), 20 * MS);
    assert_true(nj_table_real(t, 1, NJ_COL_parallelism_weighted_ns) == 80.0 * MS);
    nj_results_free(r);
    test_corpus_free(corpus);
}

static void
threads_and_the_order_of_traces_change_nothing(void **unused)
{
    (void)unused;
    uint64_t seed = 34;

    for (int round = 0; round < 10; round++) {
        struct test_corpus *one = test_corpus_new(), *other = test_corpus_new();
        struct nj_buf a = {0}, b = {0};
        for (int i = 0; i < 25; i++)
            test_add_random(one, &seed, 25, true);
        for (uint64_t i = 25; i-- > 0;)
            test_add_shuffled(other, one, i, &seed);
        struct nj_results *r = analyze(one, &defaults);
        struct nj_results *s = analyze(other, &(struct nj_options){.jobs = 7});
        test_tables_print(&a, r);
        test_tables_print(&b, s);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.ptr, b.ptr, a.len);
        nj_buf_fini(&a);
        nj_buf_fini(&b);
        nj_results_free(r);
        nj_results_free(s);
        test_corpus_free(one);
        test_corpus_free(other);
    }
}

static void
a_very_deep_trace_has_a_tree_of_bounded_depth(void **unused)
{
    (void)unused;
    enum { DEEP = 200000 };
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct nj_names *names = nj_names_new();
    struct nj_corpus corpus = {.names = names};
    struct column_span *spans = calloc(DEEP, sizeof *spans);
    struct nj_call_tree tree;
    struct nj_results *results = nj_results_new();

    assert_non_null(spans);
    for (int64_t i = 0; i < DEEP; i++)
        spans[i] = (struct column_span)SPAN(i ? (uint32_t)i - 1 : NJ_NO_SPAN, i, 2 * DEEP - i);
    struct nj_trace t = columns_trace(arena, &corpus, spans, DEEP);
    struct nj_call_amounts *amounts = NJ_NEW(arena, struct nj_call_amounts, DEEP);
    int64_t *own_ns = NJ_NEW(arena, int64_t, DEEP);
    assert_true(nj_wall_divide(own_ns, &t, arena));
    for (uint32_t i = 0; i < DEEP; i++)
        amounts[i] = (struct nj_call_amounts){.spans = 1, .wall_ns = (uint64_t)own_ns[i]};
    nj_call_tree_init(&tree, names);
    assert_true(nj_call_tree_add(&tree, &t, amounts, arena));
    assert_true(nj_call_tree_put(&tree, arena, nj_results_table(results, NJ_TABLE_call_tree)));
    const struct nj_table *rows = nj_results_view(results, NJ_TABLE_call_tree);
    assert_int_equal(nj_table_len(rows), NJ_CALL_DEPTH_MAX + 1);
    assert_int_equal(nj_table_int(rows, 0, NJ_COL_call_tree_wall_ns), 2 * DEEP);
    assert_int_equal(nj_table_int(rows, NJ_CALL_DEPTH_MAX, NJ_COL_call_tree_spans),
                     DEEP - NJ_CALL_DEPTH_MAX);
    nj_call_tree_fini(&tree);
    nj_results_free(results);
    free(spans);
    nj_names_free(names);
    nj_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_who_invoked_whom),
        cmocka_unit_test(an_agent_that_is_run_as_a_tool_is_one_call),
        cmocka_unit_test(a_span_of_another_service_is_a_call_of_that_service),
        cmocka_unit_test(tells_how_often_a_failure_fails_the_caller),
        cmocka_unit_test(leaves_of_the_flame_graph_sum_to_the_whole),
        cmocka_unit_test(elapsed_time_is_divided_to_the_last_nanosecond),
        cmocka_unit_test(siblings_that_run_at_once_share_the_time_evenly),
        cmocka_unit_test(rows_come_in_preorder_wide_siblings_first),
        cmocka_unit_test(too_many_nodes_are_folded_the_same_way_in_any_order),
        cmocka_unit_test(knows_how_many_agents_work_at_once),
        cmocka_unit_test(weighs_the_time_in_which_agents_work_at_once),
        cmocka_unit_test(threads_and_the_order_of_traces_change_nothing),
        cmocka_unit_test(a_very_deep_trace_has_a_tree_of_bounded_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
