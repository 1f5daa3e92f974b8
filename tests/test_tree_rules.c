/* test_tree_rules.c - random odd traces against a plain model of all rules, and what must hold
 * of every tree. */
#include "tests/tree_model.h"

#include <stdio.h>

static bool
has_unique_ids(const struct nj_raw_trace *raw)
{
    for (uint32_t i = 0; i < raw->rows_len; i++)
        for (uint32_t k = 0; k < i; k++)
            if (raw->rows[i].span_id == raw->rows[k].span_id)
                return false;
    return true;
}

static void
span_compare(const struct nj_trace *t, uint32_t i, const struct model *m,
             const struct model_span *want)
{
    const uint16_t of_times = NJ_SPAN_RECONSTRUCTED | NJ_SPAN_DETACHED | NJ_SPAN_ASYNC |
                              NJ_SPAN_CLIPPED | NJ_SPAN_ORPHAN | NJ_SPAN_OPEN | NJ_SPAN_SHIFTED;

    assert_true(t->span_id[i] == want->id);
    assert_ptr_equal(t->row[i], want->row);
    if (want->parent == MODEL_NONE)
        assert_int_equal(t->parent[i], NJ_NO_SPAN);
    else
        assert_true(t->span_id[t->parent[i]] == m->spans[want->parent].id);
    assert_int_equal(t->raw_start_ns[i], want->raw_start);
    assert_int_equal(t->raw_end_ns[i], want->raw_end);
    assert_int_equal(t->start_ns[i], want->start);
    assert_int_equal(t->end_ns[i], want->end);
    assert_int_equal(t->flags[i] & of_times, want->flags);
}

static void
agrees_with_a_plain_model_of_the_rules_on_random_traces(void **unused)
{
    (void)unused;
    uint64_t seed = 11;
    int compared = 0;
    static struct model m;

    for (int round = 0; round < 1500; round++) {
        struct nj_tree_options options = {.overrun = (enum nj_overrun)(test_random(&seed) % 3),
                                          .is_skew_off = test_random(&seed) % 2};
        struct test_corpus *corpus = test_corpus_new();
        uint64_t number = test_add_random(corpus, &seed, 24, true);
        struct nj_raw_trace raw = test_raw(corpus, number);
        if (has_unique_ids(&raw)) {
            const struct nj_trace *t = test_tree(corpus, number, &options);
            model_build(&m, &raw, test_view(corpus), options);
            assert_int_equal(t->spans_len, m.len);
            for (uint32_t i = 0; i < t->spans_len; i++)
                span_compare(t, i, &m, &m.spans[model_next(&m)]);
            compared++;
        }
        test_corpus_free(corpus);
    }
    assert_true(compared > 500);
}

static void
tree_check(const struct nj_trace *t)
{
    uint32_t roots = 0, children = 0;

    for (uint32_t i = 0; i < t->spans_len; i++) {
        uint32_t parent = t->parent[i];
        assert_true(t->end_ns[i] >= t->start_ns[i] && t->raw_end_ns[i] >= t->raw_start_ns[i]);
        assert_true(t->scope[i] <= i && (t->flags[t->scope[i]] & NJ_SPAN_OPENS_AGENT));
        assert_int_equal(t->agent[t->scope[i]], t->agent[i]);
        if (!(t->flags[i] & NJ_SPAN_CLIPPED)) /* repairs of clocks keep lengths */
            assert_int_equal(t->end_ns[i] - t->start_ns[i], nj_trace_raw_ns(t, i));
        for (uint32_t k = t->child_at[i]; k < t->child_at[i + 1]; k++, children++) {
            assert_int_equal(t->parent[t->children[k]], i);
            assert_true(k == t->child_at[i] || t->children[k] > t->children[k - 1]);
        }
        roots += parent == NJ_NO_SPAN;
        if (parent == NJ_NO_SPAN)
            continue;
        assert_true(parent < i);
        assert_int_equal(t->depth[i], t->depth[parent] + 1);
        if (!(t->flags[i] & (NJ_SPAN_DETACHED | NJ_SPAN_ASYNC)))
            assert_true(t->start_ns[i] >= t->start_ns[parent] &&
                        t->end_ns[i] <= t->end_ns[parent]);
    }
    assert_int_equal(roots, t->roots_len);
    assert_int_equal(children, t->spans_len - roots);
}

static void
keeps_children_inside_parents_lengths_and_links_whatever_the_input(void **unused)
{
    (void)unused;
    uint64_t seed = 5;

    for (int round = 0; round < 1500; round++) {
        struct test_corpus *corpus = test_corpus_new();
        tree_check(test_tree(corpus, test_add_random(corpus, &seed, 40, true), NULL));
        test_corpus_free(corpus);
    }
}

/* Rows of `from` with all times moved. */
static uint64_t
add_moved(struct test_corpus *corpus, uint64_t from, int64_t by_ns)
{
    struct nj_raw_trace raw = test_raw(corpus, from);
    struct nj_row *rows = calloc(raw.rows_len, sizeof *rows);

    assert_non_null(rows);
    for (uint32_t i = 0; i < raw.rows_len; i++) {
        rows[i] = raw.rows[i];
        if (!(rows[i].flags & NJ_ROW_NO_START))
            rows[i].start_ns += by_ns;
        rows[i].end_ns += by_ns;
    }
    uint64_t number = test_add_rows(corpus, "moved", rows, raw.rows_len);
    free(rows);
    return number;
}

static void
moves_with_the_clock(void **unused)
{
    (void)unused;
    const int64_t by = INT64_C(1700000000000000000);
    uint64_t seed = 9;

    for (int round = 0; round < 300; round++) {
        struct test_corpus *corpus = test_corpus_new();
        uint64_t number = test_add_random(corpus, &seed, 20, false);
        uint64_t moved = add_moved(corpus, number, by);
        const struct nj_trace *a = test_tree(corpus, number, NULL);
        const struct nj_trace *b = test_tree(corpus, moved, NULL);
        for (uint32_t i = 0; i < a->spans_len; i++) {
            assert_true(a->span_id[i] == b->span_id[i]);
            assert_int_equal(a->start_ns[i] + by, b->start_ns[i]);
            assert_int_equal(a->end_ns[i] + by, b->end_ns[i]);
            assert_int_equal(a->flags[i], b->flags[i]);
        }
        test_corpus_free(corpus);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_plain_model_of_the_rules_on_random_traces),
        cmocka_unit_test(keeps_children_inside_parents_lengths_and_links_whatever_the_input),
        cmocka_unit_test(moves_with_the_clock),
    };
    return cmocka_run_group_tests_name("tree rules", tests, NULL, NULL);
}
