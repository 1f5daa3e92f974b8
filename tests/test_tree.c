/* test_tree.c - linking, order, children, agents, usage, links of one trace. */
#include "tests/build.h"
#include "tests/test.h"
#include "trees/tree.h"

#include <stdio.h>

static struct nj_slice
agent_of(const struct nj_trace *t, const char *span)
{
    return nj_names_get(t->corpus->names, t->agent[test_span(t, span)]);
}

static void
puts_parents_before_children_in_order_of_start_end_and_id(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_trace *t = test_trace(
        corpus, "c<root[0,50]; b<root[0,60]; a<root[0,50]; x<b[10,20]; root[0,60]; d<c[10,20]");
    static const char *const order[] = {"root", "b", "a", "c", "d", "x"};

    assert_int_equal(t->spans_len, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_slice_equal(nj_names_get(t->corpus->names, t->name[i]), order[i]);
    assert_int_equal(t->root, 0);
    assert_int_equal(t->roots_len, 1);
    assert_true(t->is_complete);
    assert_int_equal(t->child_at[1] - t->child_at[0], 3);
    assert_int_equal(t->children[t->child_at[0] + 2], 3);
    assert_int_equal(t->depth[4], 2);
    test_corpus_free(corpus);
}

static void
finds_agents_on_the_span_then_above_then_by_service(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_trace *t = test_trace(
        corpus, "root[0,90] service=shop; plan<root[0,80] agent=planner service=shop\n"
                "ask<plan[0,10] kind=llm; lost[90,95]");

    assert_slice_equal(agent_of(t, "root"), "(shop)");
    assert_slice_equal(agent_of(t, "plan"), "planner");
    assert_slice_equal(agent_of(t, "ask"), "planner");
    assert_slice_equal(agent_of(t, "lost"), "(unknown)");
    assert_int_equal(t->how[test_span(t, "ask")], NJ_HOW_INHERITED);
    assert_int_equal(t->how[test_span(t, "root")], NJ_HOW_SERVICE);
    assert_int_equal(t->how[test_span(t, "lost")], NJ_HOW_UNKNOWN);
    assert_int_equal(t->scope[test_span(t, "ask")], test_span(t, "plan"));
    assert_true(t->flags[test_span(t, "plan")] & NJ_SPAN_OPENS_AGENT);
    assert_false(t->flags[test_span(t, "ask")] & NJ_SPAN_OPENS_AGENT);
    test_corpus_free(corpus);
}

static void
does_not_depend_on_the_order_of_rows_or_the_numbers_of_names(void **unused)
{
    (void)unused;
    uint64_t seed = 1;

    for (int round = 0; round < 400; round++) {
        struct test_corpus *one = test_corpus_new(), *other = test_corpus_new();
        uint64_t number = test_add_random(one, &seed, 30, true);
        char *want = test_dump(test_tree(one, number, NULL));
        uint64_t shuffled = test_add_shuffled(other, one, number, &seed);
        char *got = test_dump(test_tree(other, shuffled, NULL));
        assert_string_equal(got, want);
        free(want);
        free(got);
        test_corpus_free(one);
        test_corpus_free(other);
    }
}

enum shape { DEEP, WIDE, ONE_ID, ONE_MISSING_PARENT, RING };

/* `len` spans of one shape, the last first. */
static const struct nj_trace *
build_huge(struct test_corpus *corpus, enum shape shape, uint32_t len)
{
    struct nj_row *rows = calloc(len, sizeof *rows);
    uint32_t scope = test_scope(corpus, "s", "", 1);

    assert_non_null(rows);
    for (uint32_t k = 0; k < len; k++) {
        uint32_t i = len - 1 - k;
        rows[k] = (struct nj_row){.span_id = i + 1,
                                  .digest = i,
                                  .scope = scope,
                                  .start_ns = (int64_t)i * 10,
                                  .end_ns = (int64_t)len * 20 - i,
                                  .parent_id = i,
                                  .flags = i ? NJ_ROW_HAS_PARENT : 0};
        if (shape == WIDE && i)
            rows[k].parent_id = 1;
        if (shape == ONE_ID)
            rows[k].span_id = rows[k].parent_id = 7;
        if (shape == ONE_MISSING_PARENT)
            rows[k].parent_id = UINT64_MAX;
        if (shape == RING && i == 0) {
            rows[k].parent_id = len;
            rows[k].flags = NJ_ROW_HAS_PARENT;
        }
    }
    uint64_t number = test_add_rows(corpus, "huge", rows, len);
    free(rows);
    return test_tree(corpus, number, NULL);
}

static void
builds_a_million_spans_deep(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_trace *t = build_huge(corpus, DEEP, 1000000);

    assert_int_equal(t->depth[999999], 999999);
    assert_int_equal(t->parent[999999], 999998);
    assert_int_equal(t->scope[999999], 0);
    test_corpus_free(corpus);
}

static void
builds_a_million_spans_wide(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_trace *t = build_huge(corpus, WIDE, 1000000);

    assert_int_equal(t->child_at[1], 999999);
    assert_int_equal(t->depth[999999], 1);
    test_corpus_free(corpus);
}

static void
bears_many_spans_with_one_id_one_missing_parent_or_in_one_ring(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_trace *t = build_huge(corpus, ONE_ID, 100000);

    assert_int_equal(t->diags->counts[NJ_DIAG_DUPLICATE_ID].count, 99999);
    t = build_huge(corpus, ONE_MISSING_PARENT, 100000);
    assert_int_equal(t->spans_len, 100001);
    assert_int_equal(t->child_at[2], 99999);
    t = build_huge(corpus, RING, 100000);
    assert_int_equal(t->diags->counts[NJ_DIAG_CYCLE_CUT].count, 1);
    assert_int_equal(t->depth[99999], 99999);
    test_corpus_free(corpus);
}

static bool
has(const struct nj_trace *t, const char *span, enum nj_span_flag flag)
{
    return t->flags[test_span(t, span)] & flag;
}

static void
counts_tokens_at_the_lowest_model_calls_only(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_trace *t = test_trace(
        corpus, "run[0,100] kind=agent tokens=300+30; outer<run[0,40] kind=llm tokens=100+10\n"
                "tool<outer[5,9] kind=tool; inner<tool[6,8] kind=embedding input=50\n"
                "bare<run[40,60] kind=llm; zero<run[60,90] kind=llm tokens=200+20\n"
                "copy<zero[61,70] kind=llm tokens=0+0; paid<run[90,95] kind=llm COST=0.5");

    assert_true(has(t, "inner", NJ_SPAN_HAS_USAGE) && has(t, "zero", NJ_SPAN_HAS_USAGE));
    assert_true(has(t, "paid", NJ_SPAN_HAS_USAGE));
    assert_false(has(t, "outer", NJ_SPAN_HAS_USAGE) || has(t, "run", NJ_SPAN_HAS_USAGE));
    assert_false(has(t, "bare", NJ_SPAN_HAS_USAGE) || has(t, "copy", NJ_SPAN_HAS_USAGE));
    test_corpus_free(corpus);
}

static void
takes_client_and_server_of_one_invocation_for_one(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_trace *t = test_trace(
        corpus, "plan[0,90] kind=agent agent=planner\n"
                "call<plan[10,80] kind=agent agent=writer otel=client service=a\n"
                "serve<call[12,78] kind=agent agent=writer otel=server service=b\n"
                "ask<serve[20,30] kind=llm; again<call[30,40] kind=agent agent=writer");

    assert_true(has(t, "call", NJ_SPAN_OPENS_AGENT));
    assert_false(has(t, "serve", NJ_SPAN_OPENS_AGENT));
    assert_true(has(t, "serve", NJ_SPAN_SAME_INVOCATION));
    assert_false(has(t, "again", NJ_SPAN_SAME_INVOCATION));
    assert_int_equal(t->scope[test_span(t, "ask")], test_span(t, "call"));
    test_corpus_free(corpus);
}

static void
marks_a_tool_that_is_an_agent_but_not_one_that_does_more(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_trace *t =
        test_trace(corpus, "plan[0,90] kind=agent agent=planner; as<plan[1,10] kind=tool\n"
                           "sub<as[2,9] kind=agent agent=writer; more<plan[11,30] kind=tool\n"
                           "s2<more[12,20] kind=agent agent=writer; x<more[20,25] kind=tool\n"
                           "own<plan[40,50] kind=tool; s3<own[41,49] kind=agent agent=planner");

    assert_true(has(t, "as", NJ_SPAN_AGENT_AS_TOOL));
    assert_false(has(t, "more", NJ_SPAN_AGENT_AS_TOOL) || has(t, "own", NJ_SPAN_AGENT_AS_TOOL));
    test_corpus_free(corpus);
}

static void
does_not_take_a_services_name_for_an_agents(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_trace *t = test_trace(
        corpus, "a[0,90] service=x; b<a[0,80] service=y; c<b[0,70]\n"
                "d<b[0,60] agent=w service=y; e<d[1,2] service=z; f<e[1,2] service=x");

    assert_slice_equal(agent_of(t, "b"), "(y)");
    assert_slice_equal(agent_of(t, "c"), "(unknown)");
    assert_slice_equal(agent_of(t, "e"), "w");
    assert_slice_equal(agent_of(t, "f"), "w");
    test_corpus_free(corpus);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_parents_before_children_in_order_of_start_end_and_id),
        cmocka_unit_test(finds_agents_on_the_span_then_above_then_by_service),
        cmocka_unit_test(does_not_take_a_services_name_for_an_agents),
        cmocka_unit_test(takes_client_and_server_of_one_invocation_for_one),
        cmocka_unit_test(marks_a_tool_that_is_an_agent_but_not_one_that_does_more),
        cmocka_unit_test(counts_tokens_at_the_lowest_model_calls_only),
        cmocka_unit_test(builds_a_million_spans_deep),
        cmocka_unit_test(builds_a_million_spans_wide),
        cmocka_unit_test(bears_many_spans_with_one_id_one_missing_parent_or_in_one_ring),
        cmocka_unit_test(does_not_depend_on_the_order_of_rows_or_the_numbers_of_names),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
