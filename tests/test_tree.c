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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_parents_before_children_in_order_of_start_end_and_id),
        cmocka_unit_test(finds_agents_on_the_span_then_above_then_by_service),
        cmocka_unit_test(does_not_depend_on_the_order_of_rows_or_the_numbers_of_names),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
