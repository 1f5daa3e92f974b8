/* test_path_walk.c - the walk of the critical path: known traces, a slow model, invariants. */
#include "tests/path_model.h"

#include "base/buf.h"
#include "schema/facts.h"

enum { ROUNDS = 400, SPANS_MAX = 24 };

static const struct nj_options defaults;

static int
arena_setup(void **state)
{
    *state = nj_arena_new(1 << 16);
    return *state ? 0 : -1;
}

static int
arena_teardown(void **state)
{
    nj_arena_free(*state);
    return 0;
}

static struct nj_critical_path
walk(struct nj_arena *arena, const struct nj_trace *trace, enum nj_path_scope scope)
{
    struct nj_critical_path path;
    struct nj_error err = {0};
    assert_int_equal(nj_critical_path_walk(&path, trace, scope, &defaults, arena, &err), NJ_OK);
    return path;
}

static void
assert_path(const struct nj_critical_path *path, const struct piece *want, size_t len)
{
    assert_int_equal(path->segments_len, len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(path->segments[i].span, want[i].span);
        assert_int_equal(path->segments[i].start_ns, want[i].start_ns);
        assert_int_equal(path->segments[i].end_ns, want[i].end_ns);
        assert_int_equal(path->segments[i].part, want[i].part);
    }
}

#define ASSERT_PATH(path, ...)                                                                 \
    do {                                                                                       \
        const struct piece want_[] = {__VA_ARGS__};                                            \
        assert_path((path), want_, sizeof want_ / sizeof want_[0]);                            \
    } while (0)

static void
spans_that_touch_are_one_after_the_other(void **state)
{
    const struct column_span spans[] = {ROOT(0, 100), SPAN(0, 0, 50), SPAN(0, 50, 100)};
    struct nj_trace trace = columns_trace(*state, NULL, spans, NJ_LEN(spans));
    struct nj_critical_path path = walk(*state, &trace, NJ_SCOPE_ROOT);

    ASSERT_PATH(&path, {1, 0, 50, NJ_PART_SELF}, {2, 50, 100, NJ_PART_SELF});
    assert_int_equal(path.segments[0].evidence, NJ_EVIDENCE_TIMING);
    assert_int_equal(path.ambiguous_ns, 0);
}

static void
follows_the_agent_that_ends_last_of_a_fan_out(void **state)
{
    const struct column_span spans[] = {ROOT(0, 1000),     SPAN(0, 10, 200),  SPAN(0, 200, 600),
                                        SPAN(0, 200, 850), SPAN(0, 200, 450), SPAN(0, 850, 990),
                                        SPAN(3, 300, 400)};
    struct nj_trace trace = columns_trace(*state, NULL, spans, NJ_LEN(spans));
    struct nj_critical_path path = walk(*state, &trace, NJ_SCOPE_ROOT);

    ASSERT_PATH(&path, {0, 0, 10, NJ_PART_SELF}, {1, 10, 200, NJ_PART_SELF},
                {3, 200, 300, NJ_PART_SELF}, {6, 300, 400, NJ_PART_SELF},
                {3, 400, 850, NJ_PART_SELF}, {5, 850, 990, NJ_PART_SELF},
                {0, 990, 1000, NJ_PART_SELF});
}

static void
of_equal_ends_the_earlier_start_wins_then_the_smaller_id(void **state)
{
    const struct column_span spans[] = {ROOT(0, 100), SPAN(0, 40, 90),
                                        SPAN_OF(0, 10, 90, .id = 9),
                                        SPAN_OF(0, 10, 90, .id = 8)};
    struct nj_trace trace = columns_trace(*state, NULL, spans, NJ_LEN(spans));
    struct nj_critical_path path = walk(*state, &trace, NJ_SCOPE_ROOT);

    ASSERT_PATH(&path, {0, 0, 10, NJ_PART_SELF}, {3, 10, 90, NJ_PART_SELF},
                {0, 90, 100, NJ_PART_SELF});
    assert_int_equal(path.ambiguous_ns, 80);
}

static void
markers_and_children_that_did_not_block_are_passed_over(void **state)
{
    const struct column_span spans[] = {
        ROOT(0, 100), SPAN(0, 100, 100), SPAN_OF(0, 50, 150, .flags = NJ_SPAN_DETACHED),
        SPAN_OF(0, 20, 60, .flags = NJ_SPAN_ASYNC), SPAN(0, 10, 30)};
    struct nj_trace trace = columns_trace(*state, NULL, spans, NJ_LEN(spans));
    struct nj_critical_path path = walk(*state, &trace, NJ_SCOPE_ROOT);

    ASSERT_PATH(&path, {0, 0, 10, NJ_PART_SELF}, {4, 10, 30, NJ_PART_SELF},
                {0, 30, 100, NJ_PART_SELF});
}

static void
a_trace_without_length_has_no_segments(void **state)
{
    const struct column_span spans[] = {ROOT(7, 7), SPAN(0, 7, 7)};
    struct nj_trace trace = columns_trace(*state, NULL, spans, NJ_LEN(spans));
    struct nj_critical_path path = walk(*state, &trace, NJ_SCOPE_ROOT);

    assert_int_equal(path.segments_len, 0);
    assert_int_equal(path.end_ns, 7);
}

/* Random clues between spans: links of the trace, and tool calls as facts. Appends what the
 * model has to know of them. */
static void
clues_scatter(struct nj_arena *arena, struct nj_trace *trace, struct model *model,
              uint64_t *seed)
{
    uint32_t n = trace->spans_len, links = (uint32_t)(test_random(seed) % 6);
    struct nj_trace_link *list = NJ_NEW(arena, struct nj_trace_link, 6);

    for (uint32_t i = 0; i < links; i++) {
        list[i].from = (uint32_t)(test_random(seed) % n);
        list[i].target = (uint32_t)(test_random(seed) % n);
        if (list[i].from != list[i].target)
            model->clues[model->clues_len++] =
                (struct model_clue){list[i].from, list[i].target};
    }
    trace->links = list;
    trace->links_len = links;
}

/* Tool calls: of four spans in a row by start one asks, one serves, one is told. Each gets its
 * own id, so that the pairs are known. */
static void
calls_scatter(struct nj_arena *arena, struct column_span *spans, uint32_t n,
              struct model *model, uint64_t *seed)
{
    for (int64_t call = 1; call <= 3 && n > 3; call++) {
        uint32_t who[3];
        for (int i = 0; i < 3; i++)
            who[i] = (uint32_t)(test_random(seed) % n);
        if (spans[who[0]].start_ns >= spans[who[1]].start_ns ||
            spans[who[1]].start_ns >= spans[who[2]].start_ns)
            continue;
        const enum nj_fact facts[] = {NJ_FACT_CALL_REQUESTED, NJ_FACT_TOOL_CALL_ID,
                                      NJ_FACT_CALL_ANSWERED};
        for (int i = 0; i < 3; i++) {
            struct nj_buf buf = {0};
            nj_buf_put_slice(&buf, spans[who[i]].facts);
            nj_fact_put_int(&buf, facts[i], call);
            spans[who[i]].facts = nj_arena_copy(arena, nj_buf_slice(&buf));
            nj_buf_fini(&buf);
        }
        model->clues[model->clues_len++] = (struct model_clue){who[1], who[0]};
        model->clues[model->clues_len++] = (struct model_clue){who[2], who[1]};
    }
}

static void
assert_equals_model(struct nj_arena *arena, struct model *model, enum nj_path_scope scope)
{
    struct nj_critical_path path = walk(arena, model->trace, scope);

    model_run(model, scope);
    for (size_t i = 0, j = model->len; i + 1 < j; i++) {
        struct piece last = model->pieces[--j];
        model->pieces[j] = model->pieces[i];
        model->pieces[i] = last;
    }
    assert_path(&path, model->pieces, model->len);
}

static void
equals_the_slow_model_by_timing(void **state)
{
    uint64_t seed = 4;

    for (int round = 0; round < ROUNDS; round++) {
        struct column_span spans[SPANS_MAX];
        const struct column_shape shape = {SPANS_MAX, round % 2 ? 40 : 100000, 9, 3, 4};
        uint32_t n = columns_random(spans, &shape, &seed);
        struct nj_trace trace = columns_trace(*state, NULL, spans, n);
        struct model model = {.trace = &trace};

        assert_equals_model(*state, &model, NJ_SCOPE_ROOT);
        assert_equals_model(*state, &model, NJ_SCOPE_TRACE);
        nj_arena_reset(*state);
    }
}

static void
equals_the_slow_model_with_links_and_tool_calls(void **state)
{
    uint64_t seed = 44;

    for (int round = 0; round < 3 * ROUNDS; round++) {
        struct column_span spans[SPANS_MAX];
        struct model model = {0};
        const struct column_shape shape = {SPANS_MAX, round % 2 ? 40 : 100000, 6, 3, 4};
        uint32_t n = columns_random(spans, &shape, &seed);
        calls_scatter(*state, spans, n, &model, &seed);
        for (uint32_t i = 1; i < n; i++)
            if (test_random(&seed) % 8 == 0) { /* a forest */
                spans[i].parent = NJ_NO_SPAN;
                spans[i].flags = 0;
            }
        struct nj_trace trace = columns_trace(*state, NULL, spans, n);
        clues_scatter(*state, &trace, &model, &seed);

        model.trace = &trace;
        assert_equals_model(*state, &model, NJ_SCOPE_ROOT);
        assert_equals_model(*state, &model, NJ_SCOPE_TRACE);
        nj_arena_reset(*state);
    }
}

static void
assert_gapless(const struct nj_critical_path *path)
{
    int64_t at = path->start_ns;
    for (uint32_t i = 0; i < path->segments_len; i++) {
        assert_int_equal(path->segments[i].start_ns, at);
        assert_true(path->segments[i].end_ns > at);
        at = path->segments[i].end_ns;
    }
    assert_int_equal(at, path->end_ns);
}

static void
segments_touch_and_sum_to_the_duration_inside_their_spans(void **state)
{
    uint64_t seed = 5;

    for (int round = 0; round < ROUNDS; round++) {
        struct column_span spans[SPANS_MAX];
        const struct column_shape shape = {SPANS_MAX, 60, 7, 3, 4};
        uint32_t n = columns_random(spans, &shape, &seed);
        struct nj_trace trace = columns_trace(*state, NULL, spans, n);
        struct nj_critical_path path = walk(*state, &trace, NJ_SCOPE_ROOT);

        assert_gapless(&path);
        for (uint32_t i = 0; i < path.segments_len; i++) {
            const struct nj_segment *s = &path.segments[i];
            assert_true(s->start_ns >= trace.start_ns[s->span]);
            assert_true(s->end_ns <= trace.end_ns[s->span]);
        }
        nj_arena_reset(*state);
    }
}

/* I4: a child that is on the path is not active while its parent's own time is counted. */
static void
no_child_on_the_path_is_active_in_its_parents_own_time(void **state)
{
    uint64_t seed = 6;

    for (int round = 0; round < ROUNDS; round++) {
        struct column_span spans[SPANS_MAX];
        const struct column_shape shape = {SPANS_MAX, 60, 7, 3, 4};
        uint32_t n = columns_random(spans, &shape, &seed);
        struct nj_trace trace = columns_trace(*state, NULL, spans, n);
        struct nj_critical_path path = walk(*state, &trace, NJ_SCOPE_ROOT);
        bool on_path[SPANS_MAX] = {false};

        for (uint32_t i = 0; i < path.segments_len; i++)
            for (uint32_t x = path.segments[i].span; x != NJ_NO_SPAN; x = trace.parent[x])
                on_path[x] = true;
        for (uint32_t i = 0; i < path.segments_len; i++) {
            const struct nj_segment *s = &path.segments[i];
            for (uint32_t c = 0; c < n; c++) {
                if (trace.parent[c] == s->span && on_path[c])
                    assert_true(trace.end_ns[c] <= s->start_ns ||
                                trace.start_ns[c] >= s->end_ns);
            }
        }
        nj_arena_reset(*state);
    }
}

static void
shifted_times_shift_the_path_and_scaled_times_scale_it(void **state)
{
    uint64_t seed = 7;

    for (int round = 0; round < ROUNDS; round++) {
        struct column_span spans[SPANS_MAX], moved[SPANS_MAX];
        const struct column_shape shape = {SPANS_MAX, 60, 7, 3, 4};
        const int64_t factor = 1 + (int64_t)(test_random(&seed) % 1000);
        const int64_t shift = (int64_t)(test_random(&seed) % (1u << 30)) - (1 << 29);
        uint32_t n = columns_random(spans, &shape, &seed);
        for (uint32_t i = 0; i < n; i++) {
            moved[i] = spans[i];
            moved[i].start_ns = spans[i].start_ns * factor + shift;
            moved[i].end_ns = spans[i].end_ns * factor + shift;
        }
        struct nj_trace a = columns_trace(*state, NULL, spans, n);
        struct nj_trace b = columns_trace(*state, NULL, moved, n);
        struct nj_critical_path p = walk(*state, &a, NJ_SCOPE_ROOT);
        struct nj_critical_path q = walk(*state, &b, NJ_SCOPE_ROOT);

        assert_int_equal(p.segments_len, q.segments_len);
        for (uint32_t i = 0; i < p.segments_len; i++) {
            assert_int_equal(p.segments[i].span, q.segments[i].span);
            assert_int_equal(p.segments[i].start_ns * factor + shift, q.segments[i].start_ns);
        }
        nj_arena_reset(*state);
    }
}

/* I8 */
static void
a_span_inside_a_leaf_off_the_path_changes_nothing(void **state)
{
    uint64_t seed = 8;

    for (int round = 0; round < ROUNDS; round++) {
        struct column_span spans[SPANS_MAX + 1];
        const struct column_shape shape = {SPANS_MAX, 60, 7, 3, 4};
        uint32_t n = columns_random(spans, &shape, &seed);
        struct nj_trace a = columns_trace(*state, NULL, spans, n);
        struct nj_critical_path p = walk(*state, &a, NJ_SCOPE_ROOT);
        uint32_t leaf = (uint32_t)(test_random(&seed) % n);
        bool is_free = a.child_at[leaf] == a.child_at[leaf + 1];
        for (uint32_t i = 0; i < p.segments_len; i++)
            is_free = is_free && p.segments[i].span != leaf;
        if (is_free) {
            spans[n] = spans[leaf];
            spans[n].parent = leaf;
            struct nj_trace b = columns_trace(*state, NULL, spans, n + 1);
            struct nj_critical_path q = walk(*state, &b, NJ_SCOPE_ROOT);
            assert_int_equal(p.segments_len, q.segments_len);
            for (uint32_t i = 0; i < p.segments_len; i++)
                assert_int_equal(p.segments[i].span, q.segments[i].span);
        }
        nj_arena_reset(*state);
    }
}

enum { MILLION = 1000000 };

static void
a_million_spans_deep_needs_no_deep_stack(void **state)
{
    struct column_span *spans = calloc(MILLION, sizeof *spans);
    assert_non_null(spans);
    for (int64_t i = 0; i < MILLION; i++)
        spans[i] = (struct column_span)SPAN(i ? (uint32_t)i - 1 : NJ_NO_SPAN, i,
                                            2 * (int64_t)MILLION - i);
    struct nj_trace trace = columns_trace(*state, NULL, spans, MILLION);
    struct nj_critical_path path = walk(*state, &trace, NJ_SCOPE_ROOT);
    free(spans);
    assert_int_equal(path.segments_len, 2 * MILLION - 1);
    assert_gapless(&path);
}

static void
a_million_children_of_one_span_are_walked(void **state)
{
    struct column_span *spans = calloc(MILLION, sizeof *spans);
    assert_non_null(spans);
    spans[0] = (struct column_span)ROOT(0, 3 * (int64_t)MILLION);
    for (int64_t i = 1; i < MILLION; i++)
        spans[i] = (struct column_span)SPAN(0, 2 * i, 2 * i + 1 + i % 5);
    struct nj_trace trace = columns_trace(*state, NULL, spans, MILLION);
    struct nj_critical_path path = walk(*state, &trace, NJ_SCOPE_ROOT);
    free(spans);
    assert_gapless(&path);
}

#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, arena_setup, arena_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(spans_that_touch_are_one_after_the_other),
        IN_ARENA(follows_the_agent_that_ends_last_of_a_fan_out),
        IN_ARENA(of_equal_ends_the_earlier_start_wins_then_the_smaller_id),
        IN_ARENA(markers_and_children_that_did_not_block_are_passed_over),
        IN_ARENA(a_trace_without_length_has_no_segments),
        IN_ARENA(equals_the_slow_model_by_timing),
        IN_ARENA(equals_the_slow_model_with_links_and_tool_calls),
        IN_ARENA(segments_touch_and_sum_to_the_duration_inside_their_spans),
        IN_ARENA(no_child_on_the_path_is_active_in_its_parents_own_time),
        IN_ARENA(shifted_times_shift_the_path_and_scaled_times_scale_it),
        IN_ARENA(a_span_inside_a_leaf_off_the_path_changes_nothing),
        IN_ARENA(a_million_spans_deep_needs_no_deep_stack),
        IN_ARENA(a_million_children_of_one_span_are_walked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
