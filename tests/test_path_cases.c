/* test_path_cases.c - the critical path of small traces whose answer a person can work out. */
#include "tests/build.h"
#include "tests/test.h"

#include "analyzers/critical_path.h"

#include <stdio.h>

enum { MS = 1000000 };

struct answer {
    char text[512];
    struct nj_critical_path path;
    struct nj_arena *arena;
    struct test_corpus *corpus;
    const struct nj_trace *trace;
};

static const char *const part_marks[] = {
    [NJ_PART_SELF] = "", [NJ_PART_WAIT] = " waits", [NJ_PART_GAP] = " gap"};

/* Prints "L0 190, a2 650": spans and milliseconds, in the order of time. */
static void
answer_print(struct answer *a)
{
    size_t at = 0;

    a->text[0] = '\0';
    for (uint32_t i = 0; i < a->path.segments_len; i++) {
        const struct nj_segment *s = &a->path.segments[i];
        struct nj_slice name = nj_names_get(a->trace->corpus->names, a->trace->name[s->span]);
        at += (size_t)snprintf(a->text + at, sizeof a->text - at, "%s%.*s%s %g", i ? ", " : "",
                               NJ_FMT(name), part_marks[s->part],
                               (double)(s->end_ns - s->start_ns) / MS);
    }
}

static void
answer_fini(struct answer *a)
{
    nj_arena_free(a->arena);
    test_corpus_free(a->corpus);
}

static void
answer_find(struct answer *a, const char *spans, enum nj_path_scope scope,
            const struct nj_options *options)
{
    struct nj_error err = {0};

    a->arena = nj_arena_new(1 << 16);
    a->corpus = test_corpus_new();
    a->trace = test_tree(a->corpus, test_add(a->corpus, NULL, spans), &options->tree);
    assert_int_equal(nj_critical_path_walk(&a->path, a->trace, scope, options, a->arena, &err),
                     NJ_OK);
    answer_print(a);
}

static void
assert_answer(const char *spans, enum nj_path_scope scope, const struct nj_options *options,
              const char *want)
{
    struct answer a;
    answer_find(&a, spans, scope, options);
    assert_string_equal(a.text, want);
    answer_fini(&a);
}

static const struct nj_options defaults;

static void
is_what_a_person_would_say_it_is(void **unused)
{
    (void)unused;
    static const struct {
        const char *spans, *root, *trace;
    } cases[] = {
        {"R[0,100]; A<R[0,50]; B<R[50,100]", "A 50, B 50", "A 50, B 50"},
        {"R[0,1000]; L0<R[10,200] kind=llm; a1<R[200,600]; a2<R[200,850]; a3<R[200,450];"
         "L1<R[850,990] kind=llm",
         "R 10, L0 190, a2 650, L1 140, R 10", "R 10, L0 190, a2 650, L1 140, R 10"},
        {"R[0,100]; A<R[10,90]; B<R[40,90]", "R 10, A 80, R 10", "R 10, A 80, R 10"},
        {"R[0,100]; A<R[50,150]", "R 100", "R 50, A 100"},
        {"A<lost[0,40]; B<lost[40,100]", "A 40, B 60", "A 40, B 60"},
        {"A[0,50]; B[60,120] link=A", "B 60", "A 50, B waits 10, B 60"},
        {"A[0,50]; B[60,120]", "B 60", "A 50, B gap 10, B 60"},
        {"A[0,100]; B[50,150]", "A 100", "B gap 50, B 100"},
        {"A[0,100]; B[50,150] link=A", "A 100", "A 50, B 100"},
    };

    for (size_t i = 0; i < NJ_LEN(cases); i++) {
        assert_answer(cases[i].spans, NJ_SCOPE_ROOT, &defaults, cases[i].root);
        assert_answer(cases[i].spans, NJ_SCOPE_TRACE, &defaults, cases[i].trace);
    }
}

static void
a_child_that_covers_its_parent_is_clipped_on_request(void **unused)
{
    (void)unused;
    const struct nj_options clip = {.tree.overrun = NJ_OVERRUN_CLIP};
    assert_answer("R[50,150]; A<R[20,180]", NJ_SCOPE_ROOT, &clip, "A 100");
    assert_answer("R[50,150]; A<R[49.9,150.1]", NJ_SCOPE_ROOT, &defaults, "A 100");
    assert_answer("R[50,150]; A<R[20,180]", NJ_SCOPE_ROOT, &defaults, "R 100");
}

/* The shapes that fixtures of other tools test, with names and numbers of our own. */
static void
shapes_that_other_tools_test_have_the_answer_of_our_definition(void **unused)
{
    (void)unused;
    const struct nj_options clip = {.tree.overrun = NJ_OVERRUN_CLIP};
    static const struct {
        const char *spans, *root, *trace; /* trace: NULL: as root */
    } cases[] = {
        /* all that end together: down to the innermost */
        {"R[0,90]; P<R[4,90]; Q<P[11,90]; L<Q[23,90]; S<R[7,60]; T<R[61,85]",
         "R 4, P 7, Q 12, L 67", NULL},
        /* what overlaps the chosen one is passed over, what ended before it is not */
        {"R[0,120]; a<R[8,25]; b<R[20,46]; c<R[40,57]; d<R[70,110]; e<d[81,92]",
         "R 8, a 17, R 15, c 17, R 13, d 11, e 11, d 18, R 10", NULL},
        {"R[0,500]; a<R[10,101]; b<R[100,180]; c<R[179,400]", "R 10, a 91, R 78, c 221, R 100",
         NULL},
        /* from one nest to the next */
        {"R[0,260]; P<R[12,110]; p1<P[20,45]; p2<P[50,96]; Q<R[125,230]; q1<Q[131,170];"
         "q2<Q[176,222]",
         "R 12, P 8, p1 25, P 5, p2 46, P 14, R 15, Q 6, q1 39, Q 6, q2 46, Q 8, R 30", NULL},
        /* what a clipped span contains is clipped to what is left of it */
        {"R[0,40]; B<R[18,55]; C<B[11,33]", "R 18, C 15, B 7", NULL},
        {"R[0,40]; B<R[18,55]; C<B[24,70]", "R 18, B 6, C 16", NULL},
        {"R[0,100]; B<R[12,68]; C<B[21,130]", "R 12, B 9, C 47, R 32", NULL},
        {"R[30,120]; B<R[5,190]; C<B[40,88]; D<B[140,170]", "B 10, C 48, B 32",
         "B 10, C 48, B 32, D waits 20, D 30"},
        /* what lies outside takes what it contains along */
        {"R[0,33]; B<R[45,90]; C<B[50,60]", "R 33", "R 33, B waits 12, B 5, C 10, B 30"},
        {"R[20,50]; B<R[3,9]", "R 30", "B 6, R gap 11, R 30"},
        {"R[0,80]; B<R[5,60] follows=R; C<B[12,30]", "R 80", NULL},
        /* marks on the time line, and a span whose end lies before its start */
        {"R[0,100]; a<R[15,52]; z<R[77,77]; n<R[90,71]", "R 15, a 37, R 48", NULL},
        /* a client and a server with clocks of their own, and a mark between two calls */
        {"R[0,900]; A<R[80,500] otel=client; S<A[86,509] otel=server; X<S[440,509];"
         "Z<R[600,600]; B<R[640,820] otel=client; T<B[633,815] otel=server",
         "R 80, A 6, S 354, X 60, R 140, T 175, B 5, R 80", NULL},
        /* a root, and a span whose parent is lost: the gap before is that nameless parent's */
        {"A[0,100]; a<A[25,64]; B<lost[118,190]", "A 25, a 39, A 36",
         "A 25, a 39, A 36,  gap 18, B 72"},
    };

    for (size_t i = 0; i < NJ_LEN(cases); i++) {
        const char *trace = cases[i].trace ? cases[i].trace : cases[i].root;
        assert_answer(cases[i].spans, NJ_SCOPE_ROOT, &clip, cases[i].root);
        assert_answer(cases[i].spans, NJ_SCOPE_TRACE, &clip, trace);
    }
}

static const char streaming[] =
    "R[0,1000]; L<R[10,600] kind=llm CALL_REQUESTED=c1 CALL_REQUESTED=c2;"
    "T1<R[300,700] kind=tool TOOL_CALL_ID=c1; T2<R[700,980] kind=tool TOOL_CALL_ID=c2";

static void
tools_of_a_streaming_answer_wait_for_it_only_until_they_start(void **unused)
{
    (void)unused;
    struct answer a;

    answer_find(&a, streaming, NJ_SCOPE_ROOT, &defaults);
    assert_string_equal(a.text, "R 10, L 290, T1 400, T2 280, R 20");
    assert_int_equal(a.path.segments[1].evidence, NJ_EVIDENCE_STREAM);
    assert_int_equal(a.path.segments[2].evidence, NJ_EVIDENCE_TIMING);
    assert_int_equal(a.path.segments[4].evidence, NJ_EVIDENCE_PARENT);
    answer_fini(&a);
}

static void
a_tool_waits_for_the_answer_that_asked_for_it_not_for_who_ended_last(void **unused)
{
    (void)unused;
    /* the guardrail ends between question and tool, the memory between tool and next answer */
    assert_answer("R[0,100]; L0<R[0,30] kind=llm CALL_REQUESTED=c; G<R[5,38];"
                  "T<R[40,70] kind=tool TOOL_CALL_ID=c; M<R[30,74];"
                  "L1<R[75,100] kind=llm CALL_ANSWERED=c",
                  NJ_SCOPE_ROOT, &defaults, "L0 30, R 10, T 30, R 5, L1 25");
}

static void
evidence_between_spans_deeper_down_counts_for_the_siblings_that_hold_them(void **unused)
{
    (void)unused;
    assert_answer("R[0,100]; S0<R[0,40]; L<S0[0,30] kind=llm CALL_REQUESTED=c; X<R[0,59];"
                  "S1<R[60,100]; T<S1[70,100] kind=tool TOOL_CALL_ID=c",
                  NJ_SCOPE_ROOT, &defaults, "L 30, S0 10, R 20, S1 10, T 30");
}

static void
of_several_links_the_one_that_ended_last_counts(void **unused)
{
    (void)unused;
    assert_answer("A[0,30]; B[0,50]; C[0,55]; D[60,100] link=A link=B", NJ_SCOPE_TRACE,
                  &defaults, "B 50, D waits 10, D 40");
}

static void
a_link_into_the_middle_of_a_tree_goes_on_up_from_there(void **unused)
{
    (void)unused;
    assert_answer("A[0,80]; A1<A[10,60]; A2<A1[20,40]; B[45,100] link=A2", NJ_SCOPE_TRACE,
                  &defaults, "A 10, A1 10, A2 20, B waits 5, B 55");
}

static void
a_detached_child_goes_back_to_the_span_that_started_it(void **unused)
{
    (void)unused;
    assert_answer("R[0,100]; P<R[10,90]; Q<P[20,30]; D<P[50,200]; late<R[150,260]",
                  NJ_SCOPE_TRACE, &defaults,
                  "R 10, P 10, Q 10, P 60, R 10, late waits 50, late 110");
    assert_answer("R[0,100]; P<R[10,90]; Q<P[20,30]; D<P[50,200]", NJ_SCOPE_TRACE, &defaults,
                  "R 10, P 10, Q 10, P 20, D 150");
}

static void
a_consumer_does_not_keep_its_producer_waiting(void **unused)
{
    (void)unused;
    static const char spans[] = "R[0,100] otel=producer; C<R[20,80] otel=consumer; D<C[30,40]";
    assert_answer(spans, NJ_SCOPE_ROOT, &defaults, "R 100");
}

static void
follows_from_blocks_only_on_request(void **unused)
{
    (void)unused;
    const struct nj_options blocking = {.tree.is_follows_from_blocking = true};
    static const char spans[] = "R[0,100]; A<R[10,80] follows=R";
    assert_answer(spans, NJ_SCOPE_ROOT, &defaults, "R 100");
    assert_answer(spans, NJ_SCOPE_ROOT, &blocking, "R 10, A 70, R 20");
}

static void
a_wrapper_beside_the_work_is_followed_unless_it_is_transparent(void **unused)
{
    (void)unused;
    const struct nj_options through = {.has_transparent_wrappers = true};
    static const char spans[] =
        "R[0,100]; W<R[1,99]; X<R[2,98]; L<X[10,50] kind=llm; K<X[50,98] kind=llm";
    struct answer a;

    answer_find(&a, spans, NJ_SCOPE_ROOT, &defaults);
    assert_string_equal(a.text, "R 1, W 98, R 1");
    assert_int_equal(a.trace->diags->counts[NJ_DIAG_COVERED_SIBLING].count, 1);
    answer_fini(&a);
    answer_find(&a, spans, NJ_SCOPE_ROOT, &through);
    assert_string_equal(a.text, "R 2, X 8, L 40, K 48, R 2");
    assert_int_equal(a.trace->diags->counts[NJ_DIAG_COVERED_SIBLING].count, 0);
    answer_fini(&a);
}

static void
says_how_much_it_guessed(void **unused)
{
    (void)unused;
    static const struct {
        const char *spans;
        int64_t ambiguous_ms;
    } cases[] = {
        {"R[0,100]; A<R[0,50]; B<R[50,100]", 0},                /* one after the other */
        {"R[0,100]; A<R[10,90]; B<R[40,80]", 80},               /* timing alone, overlapping */
        {"R[0,100]; A<R[10,90]; A1<A[20,60]; B<R[40,80]", 80},  /* and all inside rests on it */
        {"R[0,100] grain=1000000; A<R[10,90]; B<R[40,90]", 80}, /* within one tick */
        {"R[0,100]; A<R[0,40]; B<R[20,30]; C<R[50,100] link=A", 0}, /* recorded */
        {"R[0,100]; A<R[0,40]; B<R[20,30]; C<R[50,100]", 40},       /* C is certain, A is not */
    };

    for (size_t i = 0; i < NJ_LEN(cases); i++) {
        struct answer a;
        answer_find(&a, cases[i].spans, NJ_SCOPE_ROOT, &defaults);
        assert_int_equal(a.path.ambiguous_ns, cases[i].ambiguous_ms * MS);
        answer_fini(&a);
    }
}

static void
the_order_of_rows_changes_nothing(void **unused)
{
    (void)unused;
    uint64_t seed = 11;

    for (int round = 0; round < 300; round++) {
        struct test_corpus *one = test_corpus_new(), *other = test_corpus_new();
        struct nj_arena *arena = nj_arena_new(1 << 14);
        uint64_t a = test_add_random(one, &seed, 40, true);
        uint64_t b = test_add_shuffled(other, one, a, &seed);
        const struct nj_trace *t = test_tree(one, a, NULL), *u = test_tree(other, b, NULL);
        for (int scope = NJ_SCOPE_ROOT; scope <= NJ_SCOPE_TRACE; scope++) {
            struct nj_critical_path p, q;
            struct nj_error err = {0};
            assert_int_equal(
                nj_critical_path_walk(&p, t, (enum nj_path_scope)scope, &defaults, arena, &err),
                NJ_OK);
            assert_int_equal(
                nj_critical_path_walk(&q, u, (enum nj_path_scope)scope, &defaults, arena, &err),
                NJ_OK);
            assert_int_equal(p.segments_len, q.segments_len);
            assert_int_equal(p.ambiguous_ns, q.ambiguous_ns);
            int64_t at_ns = p.start_ns;
            for (uint32_t i = 0; i < p.segments_len; i++) {
                assert_int_equal(p.segments[i].start_ns, at_ns);
                assert_int_equal(q.segments[i].start_ns, at_ns);
                assert_int_equal(p.segments[i].span, q.segments[i].span);
                assert_int_equal(p.segments[i].evidence, q.segments[i].evidence);
                at_ns = p.segments[i].end_ns;
            }
            assert_int_equal(at_ns, p.end_ns);
        }
        nj_arena_free(arena);
        test_corpus_free(one);
        test_corpus_free(other);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_a_person_would_say_it_is),
        cmocka_unit_test(a_child_that_covers_its_parent_is_clipped_on_request),
        cmocka_unit_test(shapes_that_other_tools_test_have_the_answer_of_our_definition),
        cmocka_unit_test(tools_of_a_streaming_answer_wait_for_it_only_until_they_start),
        cmocka_unit_test(a_tool_waits_for_the_answer_that_asked_for_it_not_for_who_ended_last),
        cmocka_unit_test(
            evidence_between_spans_deeper_down_counts_for_the_siblings_that_hold_them),
        cmocka_unit_test(of_several_links_the_one_that_ended_last_counts),
        cmocka_unit_test(a_link_into_the_middle_of_a_tree_goes_on_up_from_there),
        cmocka_unit_test(a_detached_child_goes_back_to_the_span_that_started_it),
        cmocka_unit_test(a_consumer_does_not_keep_its_producer_waiting),
        cmocka_unit_test(follows_from_blocks_only_on_request),
        cmocka_unit_test(a_wrapper_beside_the_work_is_followed_unless_it_is_transparent),
        cmocka_unit_test(says_how_much_it_guessed),
        cmocka_unit_test(the_order_of_rows_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
