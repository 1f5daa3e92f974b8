/* test_repairs.c - every repair of a tree, and the diagnostic that tells of it. */
#include "tests/build.h"
#include "tests/test.h"
#include "trees/tree.h"

#define MS(x) (INT64_C(1000000) * (x))

static struct test_corpus *corpus;
static const struct nj_trace *trace;

static int
corpus_make(void **unused)
{
    (void)unused;
    corpus = test_corpus_new();
    return 0;
}

static int
corpus_drop(void **unused)
{
    (void)unused;
    test_corpus_free(corpus);
    return 0;
}

static void
build(const char *spans)
{
    trace = test_trace(corpus, spans);
}

static void
build_with(const char *spans, struct nj_tree_options options)
{
    trace = test_tree(corpus, test_add(corpus, NULL, spans), &options);
}

static void
assert_parent(const char *span, const char *parent)
{
    uint32_t want = parent ? test_span(trace, parent) : NJ_NO_SPAN;
    assert_int_equal(trace->parent[test_span(trace, span)], want);
}

static void
assert_times(const char *span, int64_t start_ns, int64_t end_ns)
{
    uint32_t i = test_span(trace, span);
    assert_int_equal(trace->start_ns[i], start_ns);
    assert_int_equal(trace->end_ns[i], end_ns);
}

static void
assert_raw(const char *span, int64_t start_ns, int64_t end_ns)
{
    uint32_t i = test_span(trace, span);
    assert_int_equal(trace->raw_start_ns[i], start_ns);
    assert_int_equal(trace->raw_end_ns[i], end_ns);
}

static bool
has(const char *span, enum nj_span_flag flag)
{
    return trace->flags[test_span(trace, span)] & flag;
}

/* The diagnostic was counted so often, and nothing else was. */
static void
assert_only(enum nj_diag_id diag, uint64_t count)
{
    for (int i = 0; i < NJ_DIAGS_LEN; i++)
        if (trace->diags->counts[i].count != (i == (int)diag ? count : 0))
            fail_msg("%s counted %llu times", nj_diag_specs[i].id,
                     (unsigned long long)trace->diags->counts[i].count);
}

static void
assert_counted(enum nj_diag_id diag, uint64_t count)
{
    assert_int_equal(trace->diags->counts[diag].count, count);
}

static void
hangs_children_of_a_missing_parent_under_one_reconstructed_span(void **unused)
{
    (void)unused;
    build("a<gone[10,30] service=shop; b<gone[20,60] service=shop; c<a[12,13]");
    uint32_t lost = trace->parent[test_span(trace, "a")];

    assert_int_equal(trace->spans_len, 4);
    assert_int_equal(trace->span_id[lost], test_span_id("gone"));
    assert_int_equal(trace->parent[test_span(trace, "b")], lost);
    assert_int_equal(trace->start_ns[lost], MS(10));
    assert_int_equal(trace->end_ns[lost], MS(60));
    assert_int_equal(trace->flags[lost] & NJ_SPAN_RECONSTRUCTED, NJ_SPAN_RECONSTRUCTED);
    assert_null(trace->row[lost]);
    assert_slice_equal(nj_names_get(trace->corpus->names, trace->agent[lost]), "(shop)");
    assert_true(has("a", NJ_SPAN_ORPHAN) && has("b", NJ_SPAN_ORPHAN));
    assert_false(has("c", NJ_SPAN_ORPHAN));
    assert_false(trace->is_complete);
    assert_counted(NJ_DIAG_PARENT_MISSING, 2);
    assert_counted(NJ_DIAG_ROOT_MISSING, 1);
    assert_counted(NJ_DIAG_SEVERAL_ROOTS, 0);
}

static void
keeps_a_root_of_its_own_beside_a_reconstructed_one(void **unused)
{
    (void)unused;
    build("root[0,90]; a<gone[10,30]");

    assert_int_equal(trace->roots_len, 2);
    assert_int_equal(trace->root, test_span(trace, "root"));
    assert_false(trace->is_complete);
    assert_counted(NJ_DIAG_ROOT_MISSING, 0);
    assert_counted(NJ_DIAG_SEVERAL_ROOTS, 1);
}

static void
cuts_a_cycle_at_its_earliest_span(void **unused)
{
    (void)unused;
    build("c<b[20,30]; a<c[10,90]; b<a[15,40]; d<b[16,17]");

    assert_parent("a", NULL);
    assert_parent("b", "a");
    assert_parent("c", "b");
    assert_parent("d", "b");
    assert_true(trace->is_complete);
    assert_counted(NJ_DIAG_CYCLE_CUT, 1);
    assert_counted(NJ_DIAG_ROOT_MISSING, 0);
}

static void
takes_a_span_that_is_its_own_parent_for_a_root(void **unused)
{
    (void)unused;
    build("a<a[0,10]; b<a[1,2]");

    assert_parent("a", NULL);
    assert_parent("b", "a");
    assert_true(trace->is_complete);
    assert_only(NJ_DIAG_CYCLE_CUT, 1);
}

static void
makes_the_server_of_a_shared_id_the_child_of_the_client(void **unused)
{
    (void)unused;
    build("root[0,100] service=web; call<root[10,50] otel=client service=web\n"
          "serve<root[12,48] id=call otel=server service=api\n"
          "query<call[20,30] service=api; cache<call[11,12] service=web");

    assert_parent("serve", "call");
    assert_parent("query", "serve");
    assert_parent("cache", "call");
    assert_int_equal(trace->span_id[test_span(trace, "call")], test_span_id("call"));
    assert_int_not_equal(trace->span_id[test_span(trace, "serve")], test_span_id("call"));
    assert_only(NJ_DIAG_SHARED_ID, 1);
}

static void
knows_the_server_of_a_shared_id_by_its_flag_too(void **unused)
{
    (void)unused;
    build("call[10,50] service=web; serve[12,48] id=call shared service=api\n"
          "next<call[20,30] service=db");

    assert_parent("serve", "call");
    assert_parent("next", "serve");
    assert_only(NJ_DIAG_SHARED_ID, 1);
}

static void
does_not_pair_a_server_with_a_server(void **unused)
{
    (void)unused;
    build("a[0,50] otel=server; b[100,150] id=a otel=server");

    assert_parent("b", NULL);
    assert_counted(NJ_DIAG_SHARED_ID, 0);
    assert_counted(NJ_DIAG_DUPLICATE_ID, 1);
}

static void
drops_the_same_record_twice_without_a_word_of_warning(void **unused)
{
    (void)unused;
    build("a[0,50]; a[0,50]");

    assert_int_equal(trace->spans_len, 1);
    assert_only(NJ_DIAG_SPAN_REPEATED, 1);
}

static void
keeps_of_records_with_one_id_and_start_the_one_that_ends_last(void **unused)
{
    (void)unused;
    build("a[0,] status=unset; a[0,50] status=ok; a[0,20] status=error; b<a[10,20]");

    assert_int_equal(trace->spans_len, 2);
    assert_int_equal(trace->status[test_span(trace, "a")], NJ_STATUS_OK);
    assert_parent("b", "a");
    assert_only(NJ_DIAG_DUPLICATE_ID, 2);
}

static void
gives_children_of_a_repeated_id_to_the_record_that_contains_them(void **unused)
{
    (void)unused;
    build("root[0,100]; one<root[10,40]; two<root[50,90] id=one\n"
          "a<one[12,20]; b<one[55,60]; early<one[5,6]; late<one[50,95]; wide<one[30,60]");

    assert_parent("a", "one");
    assert_parent("b", "two");
    assert_parent("early", "one");
    assert_parent("late", "two");
    assert_parent("wide", "one");
    assert_int_equal(trace->span_id[test_span(trace, "one")], test_span_id("one"));
    assert_counted(NJ_DIAG_DUPLICATE_ID, 1);
}

static void
gives_a_child_to_the_innermost_of_nested_records_of_one_id(void **unused)
{
    (void)unused;
    build(
        "outer[0,100]; inner[20,50] id=outer; a<outer[25,30]; b<outer[25,60]; c<outer[70,80]");

    assert_parent("a", "inner");
    assert_parent("b", "outer");
    assert_parent("c", "outer");
}

static void
counts_a_span_that_ends_before_it_starts_as_length_0(void **unused)
{
    (void)unused;
    build("root[0,100]; a<root[50,40]");

    assert_raw("a", MS(50), MS(50));
    assert_only(NJ_DIAG_END_BEFORE_START, 1);
}

static void
counts_a_span_without_end_as_length_0(void **unused)
{
    (void)unused;
    build("root[0,100]; a<root[50,]");

    assert_raw("a", MS(50), MS(50));
    assert_true(has("a", NJ_SPAN_OPEN));
    assert_only(NJ_DIAG_NO_END, 1);
}

static void
starts_a_span_without_start_where_its_parent_starts(void **unused)
{
    (void)unused;
    build("root[10,100]; a<root[,60]; b<a[,]");

    assert_raw("a", MS(10), MS(60));
    assert_raw("b", MS(10), MS(10));
    assert_counted(NJ_DIAG_NO_START, 2);
    build("root[,100]; a<root[40,60]");
    assert_raw("root", MS(40), MS(100));
    build("root[,100]");
    assert_raw("root", MS(100), MS(100));
}

static void
clips_a_child_that_ends_a_millisecond_late(void **unused)
{
    (void)unused;
    build("root[0,10]; a<root[5,11]");
    assert_times("a", MS(5), MS(10));
    assert_raw("a", MS(5), MS(11));
    assert_true(has("a", NJ_SPAN_CLIPPED));
    assert_only(NJ_DIAG_CHILD_CLIPPED, 1);

    build("root[0,10]; a<root[5,11.000001]");
    assert_true(has("a", NJ_SPAN_DETACHED));
    assert_times("a", MS(5), MS(11) + 1);
    assert_only(NJ_DIAG_CHILD_OUTLIVES_PARENT, 1);
}

static void
lets_a_child_end_later_the_longer_its_parent_is(void **unused)
{
    (void)unused;
    build("root[0,1000]; a<root[5,1010]");
    assert_only(NJ_DIAG_CHILD_CLIPPED, 1);
    build("root[0,1000]; a<root[5,1010.000001]");
    assert_only(NJ_DIAG_CHILD_OUTLIVES_PARENT, 1);
}

static void
lets_a_child_end_later_the_coarser_the_clock_is(void **unused)
{
    (void)unused;
    build("root[0,100] grain=1000; a<root[5,115] grain=15000000");
    assert_int_equal(trace->granularity_ns, 15000000);
    assert_only(NJ_DIAG_CHILD_CLIPPED, 1);
}

static void
clips_or_detaches_every_overrun_where_it_is_told_to(void **unused)
{
    (void)unused;
    build_with("root[0,100]; a<root[5,180]",
               (struct nj_tree_options){.overrun = NJ_OVERRUN_CLIP});
    assert_times("a", MS(5), MS(100));
    build_with("root[0,100]; a<root[5,100.5]",
               (struct nj_tree_options){.overrun = NJ_OVERRUN_DETACH});
    assert_true(has("a", NJ_SPAN_DETACHED));
}

static void
clips_starts_from_the_top_down(void **unused)
{
    (void)unused;
    build("root[10,100]; a<root[5,50]; b<a[6,20]; c<b[6,7]");

    assert_times("a", MS(10), MS(50));
    assert_times("b", MS(10), MS(20));
    assert_raw("b", MS(6), MS(20));
    assert_true(has("c", NJ_SPAN_DETACHED));
    assert_counted(NJ_DIAG_CHILD_STARTS_EARLY, 2);
    assert_counted(NJ_DIAG_CHILD_OUTSIDE_PARENT, 1);
}

static void
clips_both_ends_of_a_child_that_covers_its_parent(void **unused)
{
    (void)unused;
    build_with("root[50,150]; a<root[20,180]",
               (struct nj_tree_options){.overrun = NJ_OVERRUN_CLIP});
    assert_times("a", MS(50), MS(150));
    build("root[50,150]; a<root[20,180]");
    assert_times("a", MS(20), MS(180));
    assert_only(NJ_DIAG_CHILD_OUTLIVES_PARENT, 1);
}

static void
detaches_a_child_outside_its_parent_but_not_an_empty_one_at_its_edge(void **unused)
{
    (void)unused;
    build("root[10,100]; before<root[0,10]; after<root[100,101]; edge<root[100,100]");

    assert_true(has("before", NJ_SPAN_DETACHED) && has("after", NJ_SPAN_DETACHED));
    assert_false(has("edge", NJ_SPAN_DETACHED));
    assert_only(NJ_DIAG_CHILD_OUTSIDE_PARENT, 2);
}

static void
centres_a_child_of_another_host_and_moves_what_is_below_it_on_that_host(void **unused)
{
    (void)unused;
    build("call[0,100] host=a; serve<call[1000,1040] host=b; work<serve[1010,1020] host=b\n"
          "back<work[33,34] host=a");

    assert_times("serve", MS(30), MS(70));
    assert_times("work", MS(40), MS(50));
    assert_raw("work", MS(1010), MS(1020));
    assert_true(has("serve", NJ_SPAN_SHIFTED) && has("work", NJ_SPAN_SHIFTED));
    /* Its own clock: it must fit into work as repaired. */
    assert_times("back", MS(44) + MS(1) / 2, MS(45) + MS(1) / 2);
    assert_only(NJ_DIAG_CLOCK_SKEW, 2);
}

static void
moves_a_child_longer_than_its_parent_only_to_the_parents_start(void **unused)
{
    (void)unused;
    build("call[50,100] service=a; serve<call[10,90] service=b");
    assert_times("serve", MS(50), MS(130));
    assert_true(has("serve", NJ_SPAN_DETACHED));
    build("call[50,100] service=a; serve<call[60,190] service=b");
    assert_times("serve", MS(60), MS(190));
    assert_counted(NJ_DIAG_CLOCK_SKEW, 0);
}

static void
leaves_clocks_alone_within_one_host_or_service_or_when_told_to(void **unused)
{
    (void)unused;
    build("call[0,100] host=a service=x; serve<call[1000,1040] host=a service=y");
    assert_only(NJ_DIAG_CHILD_OUTSIDE_PARENT, 1);
    build("call[0,100] service=x; serve<call[1000,1040] host=a service=x");
    assert_only(NJ_DIAG_CHILD_OUTSIDE_PARENT, 1);
    build("call[0,100] service=x; serve<call[10,40] service=y");
    assert_only(NJ_DIAG_CLOCK_SKEW, 0);
    build_with("call[0,100] host=a; serve<call[1000,1040] host=b",
               (struct nj_tree_options){.is_skew_off = true});
    assert_only(NJ_DIAG_CHILD_OUTSIDE_PARENT, 1);
}

static void
takes_the_longest_root_then_the_earliest_then_the_smallest_id(void **unused)
{
    (void)unused;
    build("a[0,10]; b[5,25]; c[5,24]");
    assert_int_equal(trace->root, test_span(trace, "b"));
    assert_only(NJ_DIAG_SEVERAL_ROOTS, 1);
    build("z[4,14]; a[5,15]");
    assert_int_equal(trace->root, test_span(trace, "z"));
    build("b[5,15]; a[5,15]");
    assert_int_equal(trace->root, test_span(trace, "a"));
}

static void
leaves_pending_spans_out(void **unused)
{
    (void)unused;
    build("root[0,10]; draft<root[0,0] pending; a<root[1,2]");
    assert_int_equal(trace->spans_len, 2);
    assert_only(NJ_DIAG_NOT_A_SPAN, 1);
    build("draft[0,0] pending");
    assert_int_equal(trace->spans_len, 0);
    assert_int_equal(trace->root, NJ_NO_SPAN);
    assert_only(NJ_DIAG_NOT_A_SPAN, 1);
}

static void
does_not_wait_for_consumers_and_followers(void **unused)
{
    (void)unused;
    build("root[0,100] otel=producer; eat<root[90,300] otel=consumer service=q\n"
          "next<root[20,150] follows=root; other<root[20,30] link=root");

    assert_true(has("eat", NJ_SPAN_ASYNC) && has("next", NJ_SPAN_ASYNC));
    assert_false(has("other", NJ_SPAN_ASYNC));
    assert_times("eat", MS(90), MS(300));
    assert_only(NJ_DIAG_CLOCK_SKEW, 0);
    build_with("root[0,100]; next<root[20,50] follows=root",
               (struct nj_tree_options){.is_follows_from_blocking = true});
    assert_false(has("next", NJ_SPAN_ASYNC));
}

static void
resolves_links_to_spans_of_this_trace_only(void **unused)
{
    (void)unused;
    build("root[0,100]; a<root[0,10]; b<root[20,30] link=a link=elsewhere/a link=gone");
    uint32_t b = test_span(trace, "b");

    assert_int_equal(trace->links_len, 3);
    assert_int_equal(trace->links[0].from, b);
    assert_int_equal(trace->links[0].target, test_span(trace, "a"));
    assert_int_equal(trace->links[1].target, NJ_NO_SPAN);
    assert_int_equal(trace->links[1].span_id, test_span_id("a"));
    assert_int_equal(trace->links[2].target, NJ_NO_SPAN);
}

static void
refuses_a_trace_over_the_limit_and_counts_it(void **unused)
{
    (void)unused;
    struct nj_raw_trace raw = test_raw(corpus, test_add(corpus, NULL, "a[0,1]; b<a[0,1]"));
    struct nj_tree_options options = {.spans_max = 1};
    struct nj_arena *arena = nj_arena_new(4096);
    struct nj_diags *diags = nj_diags_new();
    struct nj_error err = {0};
    struct nj_trace out;

    assert_int_equal(nj_tree_build(&out, &raw, test_view(corpus), &options, arena, diags, &err),
                     NJ_ELIMIT);
    assert_int_equal(diags->counts[NJ_DIAG_TRACE_TOO_LARGE].count, 1);
    assert_non_null(strstr(err.causes[0], "limit of 1"));
    nj_arena_free(arena);
    free(diags);
}

static void
bears_times_at_the_ends_of_the_number_line(void **unused)
{
    (void)unused;
    struct nj_row rows[] = {
        {.span_id = 1, .start_ns = INT64_MIN, .end_ns = INT64_MAX},
        {.span_id = 2,
         .parent_id = 1,
         .flags = NJ_ROW_HAS_PARENT,
         .start_ns = INT64_MAX,
         .end_ns = INT64_MIN},
        {.span_id = 3,
         .parent_id = 2,
         .flags = NJ_ROW_HAS_PARENT,
         .start_ns = INT64_MIN,
         .end_ns = INT64_MIN},
        {.span_id = 4,
         .parent_id = 3,
         .flags = NJ_ROW_HAS_PARENT,
         .start_ns = 0,
         .end_ns = INT64_MAX},
    };
    uint32_t scopes[] = {test_scope(corpus, "a", "", 1), test_scope(corpus, "b", "", 1)};

    for (uint32_t i = 0; i < NJ_LEN(rows); i++)
        rows[i].scope = scopes[i % 2];
    trace = test_tree(corpus, test_add_rows(corpus, "odd", rows, NJ_LEN(rows)), NULL);
    for (uint32_t i = 0; i < trace->spans_len; i++)
        assert_true(nj_trace_raw_ns(trace, i) >= 0 && trace->end_ns[i] >= trace->start_ns[i]);
}

static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, corpus_make, corpus_drop)
    T(hangs_children_of_a_missing_parent_under_one_reconstructed_span),
    T(keeps_a_root_of_its_own_beside_a_reconstructed_one),
    T(cuts_a_cycle_at_its_earliest_span),
    T(takes_a_span_that_is_its_own_parent_for_a_root),
    T(makes_the_server_of_a_shared_id_the_child_of_the_client),
    T(knows_the_server_of_a_shared_id_by_its_flag_too),
    T(does_not_pair_a_server_with_a_server),
    T(drops_the_same_record_twice_without_a_word_of_warning),
    T(keeps_of_records_with_one_id_and_start_the_one_that_ends_last),
    T(gives_children_of_a_repeated_id_to_the_record_that_contains_them),
    T(gives_a_child_to_the_innermost_of_nested_records_of_one_id),
    T(counts_a_span_that_ends_before_it_starts_as_length_0),
    T(counts_a_span_without_end_as_length_0),
    T(starts_a_span_without_start_where_its_parent_starts),
    T(clips_a_child_that_ends_a_millisecond_late),
    T(lets_a_child_end_later_the_longer_its_parent_is),
    T(lets_a_child_end_later_the_coarser_the_clock_is),
    T(clips_or_detaches_every_overrun_where_it_is_told_to),
    T(clips_starts_from_the_top_down),
    T(clips_both_ends_of_a_child_that_covers_its_parent),
    T(detaches_a_child_outside_its_parent_but_not_an_empty_one_at_its_edge),
    T(centres_a_child_of_another_host_and_moves_what_is_below_it_on_that_host),
    T(moves_a_child_longer_than_its_parent_only_to_the_parents_start),
    T(leaves_clocks_alone_within_one_host_or_service_or_when_told_to),
    T(takes_the_longest_root_then_the_earliest_then_the_smallest_id),
    T(leaves_pending_spans_out),
    T(does_not_wait_for_consumers_and_followers),
    T(resolves_links_to_spans_of_this_trace_only),
    T(refuses_a_trace_over_the_limit_and_counts_it),
    T(bears_times_at_the_ends_of_the_number_line),
#undef T
};

int
main(void)
{
    return cmocka_run_group_tests_name("repairs", tests, NULL, NULL);
}
