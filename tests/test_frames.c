/* test_frames.c - call trees of nights: what is kept of them, and what changed since. */
#include "tests/test.h"

#include "gates/frames.h"
#include "reports/icicle.h"
#include "reports/palette.h"
#include "schema/frames.h"

#include <math.h>
#include <stdio.h>

/* A frame: depth, operation, and its width in all four measures. */
struct given {
    int depth;
    const char *operation;
    int64_t width;
};

static void
tree_fill(struct nj_table *t, const struct given *frames, size_t len)
{
    int64_t above[64] = {0};

    for (size_t i = 0; i < len; i++) {
        size_t row = nj_table_add(t);
        above[frames[i].depth] = (int64_t)row;
        nj_table_put_int(t, row, NJ_COL_call_tree_id, (int64_t)row);
        if (frames[i].depth > 0)
            nj_table_put_int(t, row, NJ_COL_call_tree_parent, above[frames[i].depth - 1]);
        nj_table_put_int(t, row, NJ_COL_call_tree_depth, frames[i].depth);
        nj_table_put_text(t, row, NJ_COL_call_tree_agent, NJ_SLICE("a"));
        nj_table_put_text(t, row, NJ_COL_call_tree_kind, NJ_SLICE("chain"));
        nj_table_put_text(t, row, NJ_COL_call_tree_operation, nj_slice_of(frames[i].operation));
        for (size_t w = 0; w < NJ_FRAME_WIDTHS; w++)
            nj_table_put_int(t, row, nj_frame_widths[w], frames[i].width);
    }
}

static struct nj_night
night_of(uint64_t traces, const struct given *frames, size_t len)
{
    struct nj_night night = {.traces = traces, .rows = nj_results_new()};

    tree_fill(nj_results_table(night.rows, NJ_TABLE_call_tree), frames, len);
    return night;
}

/* Table frame_changes as "frame<under operation wall nights", `-` for null. */
static void
changes_print(char *out, size_t cap, const struct nj_results *results)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_frame_changes);
    size_t at = 0;

    out[0] = '\0';
    for (size_t r = 0; r < nj_table_len(t); r++) {
        static const unsigned ids[] = {NJ_COL_frame_changes_frame, NJ_COL_frame_changes_under};
        struct nj_slice operation = nj_table_text(t, r, NJ_COL_frame_changes_operation);
        at += (size_t)snprintf(out + at, cap - at, "%s", r ? ", " : "");
        for (size_t i = 0; i < NJ_LEN(ids); i++)
            at += nj_table_is_null(t, r, ids[i])
                      ? (size_t)snprintf(out + at, cap - at, "-%s", i ? "" : "<")
                      : (size_t)snprintf(out + at, cap - at, "%lld%s",
                                         (long long)nj_table_int(t, r, ids[i]), i ? "" : "<");
        at += (size_t)snprintf(out + at, cap - at, " %.*s %g", NJ_FMT(operation),
                               nj_table_real(t, r, NJ_COL_frame_changes_wall_ns));
    }
}

static void
finds_frames_by_all_that_stands_above_them(void **unused)
{
    (void)unused;
    static const struct given now[] = {{0, "run", 900},
                                       {1, "plan", 500},
                                       {2, "chat", 300},
                                       {1, "write", 300},
                                       {2, "chat", 200}};
    static const struct given first[] = {{0, "run", 400},
                                         {1, "write", 300},
                                         {2, "chat", 100},
                                         {1, "check", 60},
                                         {2, "look", 50}};
    static const struct given second[] = {
        {0, "run", 200}, {1, "check", 30}, {1, "plan", 100}, {0, "other", 10}};
    struct nj_results *results = nj_results_new();
    struct nj_night nights[] = {night_of(10, first, NJ_LEN(first)),
                                night_of(30, second, NJ_LEN(second)), night_of(70, NULL, 0)};
    const struct nj_night *before[] = {&nights[0], &nights[1], &nights[2]};
    struct nj_error err = {0};
    char got[512];

    tree_fill(nj_results_table(results, NJ_TABLE_call_tree), now, NJ_LEN(now));
    assert_int_equal(nj_frames_compare(results, before, NJ_LEN(before), &err), NJ_OK);
    changes_print(got, sizeof got, results);
    assert_string_equal(got, "0<- run 15, 1<0 plan 2.5, 3<0 write 7.5, 4<3 chat 2.5, "
                             "-<- other 0.25, -<0 check 2.25");
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_frame_changes);
    assert_int_equal(nj_table_int(t, 0, NJ_COL_frame_changes_nights), 2);

    /* anew, and of nothing */
    assert_int_equal(nj_frames_compare(results, before + 2, 1, &err), NJ_OK);
    assert_int_equal(nj_table_len(t), 0);
    for (size_t i = 0; i < NJ_LEN(nights); i++)
        nj_results_free(nights[i].rows);
    nj_results_free(results);
}

static void
a_parent_that_cannot_be_is_none(void **unused)
{
    (void)unused;
    static const struct given frames[] = {{0, "run", 9}, {1, "plan", 5}, {2, "chat", 3}};
    static const int64_t wrong[] = {-5, 1, 2, 70, INT64_MAX};
    struct nj_error err = {0};
    char got[256];

    for (size_t i = 0; i < NJ_LEN(wrong); i++) {
        struct nj_results *results = nj_results_new(), *kept = nj_results_new();
        struct nj_night night = night_of(1, frames, NJ_LEN(frames));
        const struct nj_night *before = &night;
        struct nj_table *tree = nj_results_table(night.rows, NJ_TABLE_call_tree);
        tree_fill(nj_results_table(results, NJ_TABLE_call_tree), frames, NJ_LEN(frames));
        nj_table_put_int(tree, 1, NJ_COL_call_tree_parent, wrong[i]);
        assert_int_equal(nj_frames_compare(results, &before, 1, &err), NJ_OK);
        changes_print(got, sizeof got, results);
        assert_string_equal(got, "0<- run 9, -<- plan 5");
        assert_true(nj_frames_keep(nj_results_table(kept, NJ_TABLE_call_tree), tree));
        tree = nj_results_table(kept, NJ_TABLE_call_tree);
        assert_int_equal(nj_table_len(tree), 3);
        assert_true(nj_table_is_null(tree, 1, NJ_COL_call_tree_parent));
        nj_results_free(kept);
        nj_results_free(night.rows);
        nj_results_free(results);
    }
}

static void
keeps_what_a_page_draws_under_new_numbers(void **unused)
{
    (void)unused;
    static const struct given tree[] = {{0, "run", NJ_FRAME_LEAST * 10},
                                        {1, "thin", 9},
                                        {2, "thinner", 8},
                                        {1, "wide", 10},
                                        {2, "wide too", 10},
                                        {2, "not wide", 9}};
    struct nj_results *results = nj_results_new();
    struct nj_table *kept = nj_results_table(results, NJ_TABLE_call_tree);
    struct nj_night night = night_of(1, tree, NJ_LEN(tree));

    assert_true(nj_frames_keep(kept, nj_results_view(night.rows, NJ_TABLE_call_tree)));
    assert_int_equal(nj_table_len(kept), 3);
    assert_true(nj_table_is_null(kept, 0, NJ_COL_call_tree_parent));
    for (size_t r = 1; r < 3; r++) {
        assert_int_equal(nj_table_int(kept, r, NJ_COL_call_tree_id), (int64_t)r);
        assert_int_equal(nj_table_int(kept, r, NJ_COL_call_tree_parent), (int64_t)r - 1);
        assert_int_equal(nj_table_int(kept, r, NJ_COL_call_tree_wall_ns), 10);
    }
    assert_true(
        nj_slice_eq(nj_table_text(kept, 2, NJ_COL_call_tree_operation), NJ_SLICE("wide too")));
    nj_results_free(night.rows);
    nj_results_free(results);
}

static void
keeps_the_widest_where_there_are_too_many(void **unused)
{
    (void)unused;
    enum { CHILDREN = 1400 };
    struct given *tree = calloc(CHILDREN + 1, sizeof *tree);
    struct nj_results *results = nj_results_new();
    struct nj_table *kept = nj_results_table(results, NJ_TABLE_call_tree);

    tree[0] = (struct given){0, "run", 0};
    for (int i = 1; i <= CHILDREN; i++) { /* 1 to 2 of 1400 parts, widest first */
        tree[i] = (struct given){1, "step", 2 * CHILDREN - i};
        tree[0].width += tree[i].width;
    }
    struct nj_night night = night_of(1, tree, CHILDREN + 1);
    assert_true(nj_frames_keep(kept, nj_results_view(night.rows, NJ_TABLE_call_tree)));
    assert_true(nj_table_len(kept) > 1);
    assert_true(nj_table_len(kept) <= NJ_FRAMES_MAX);
    for (size_t r = 0; r < nj_table_len(kept); r++)
        assert_int_equal(nj_table_int(kept, r, NJ_COL_call_tree_wall_ns), tree[r].width);
    nj_results_free(night.rows);
    nj_results_free(results);
    free(tree);
}

static void
a_change_has_a_shade_and_a_mark(void **unused)
{
    (void)unused;
    static const struct {
        double before, now;
        const char *shade, *mark;
    } cases[] = {
        {100, 100, "c-same", ""},
        {100, 104, "c-same", ""},
        {100, 106, "c-up1", "+6\xC2\xA0%"},
        {100, 130, "c-up2", "+30\xC2\xA0%"},
        {100, 900, "c-up3", "+800\xC2\xA0%"},
        {100, 1500, "c-up3",
         "\xC3\x97"
         "15"},
        {100, 96, "c-same", ""},
        {100, 94, "c-down1", "-6\xC2\xA0%"},
        {100, 75, "c-down2", "-25\xC2\xA0%"},
        {100, 10, "c-down3", "-90\xC2\xA0%"},
        {100, 0, "c-down3", "-100\xC2\xA0%"},
        {0, 5, "c-new", "new"},
        {NAN, 5, "c-new", "new"},
        {0, 0, "c-same", ""},
    };

    for (size_t i = 0; i < NJ_LEN(cases); i++) {
        double change = nj_frame_change(cases[i].before, cases[i].now);
        struct nj_buf mark = {0};
        assert_string_equal(nj_shade_of(change)->classes, cases[i].shade);
        nj_frame_mark(&mark, change);
        nj_buf_put_char(&mark, '\0');
        assert_string_equal(mark.ptr, cases[i].mark);
        nj_buf_fini(&mark);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_frames_by_all_that_stands_above_them),
        cmocka_unit_test(a_parent_that_cannot_be_is_none),
        cmocka_unit_test(keeps_what_a_page_draws_under_new_numbers),
        cmocka_unit_test(keeps_the_widest_where_there_are_too_many),
        cmocka_unit_test(a_change_has_a_shade_and_a_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
