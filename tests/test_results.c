/* test_results.c - tables of results in memory. */
#include "schema/results.h"
#include "tests/test.h"

/* Results with `exemplars` pictures of `spans` spans each, all of this trace. */
static struct nj_results *
results_make(const char *trace, int exemplars, int spans)
{
    struct nj_results *results = nj_results_new();
    struct nj_table *t = nj_results_table(results, NJ_TABLE_exemplars);
    struct nj_table *s = nj_results_table(results, NJ_TABLE_exemplar_spans);

    for (int i = 0; i < exemplars; i++) {
        size_t row = nj_table_add(t);
        nj_table_put_int(t, row, NJ_COL_exemplars_id, i);
        nj_table_put_text(t, row, NJ_COL_exemplars_trace, nj_slice_of(trace));
        for (int k = 0; k < spans; k++)
            nj_table_put_int(s, nj_table_add(s), NJ_COL_exemplar_spans_exemplar, i);
    }
    return results;
}

static void
rows_that_are_taken_follow_and_spans_stay_with_their_exemplar(void **unused)
{
    (void)unused;
    struct nj_results *all = nj_results_new();
    struct nj_error err = {0};

    nj_results_take(all, results_make("one", 3, 2));
    nj_results_take(all, results_make("none", 0, 5));
    nj_results_take(all, results_make("two", 20, 4));
    const struct nj_table *t = nj_results_view(all, NJ_TABLE_exemplars);
    const struct nj_table *s = nj_results_view(all, NJ_TABLE_exemplar_spans);
    assert_int_equal(nj_table_len(t), 23);
    assert_int_equal(nj_table_len(s), 3 * 2 + 20 * 4);
    for (size_t r = 0; r < nj_table_len(t); r++) {
        assert_int_equal(nj_table_int(t, r, NJ_COL_exemplars_id), r);
        assert_string_equal(nj_table_text(t, r, NJ_COL_exemplars_trace).ptr,
                            r < 3 ? "one" : "two");
    }
    for (size_t r = 0; r < nj_table_len(s); r++)
        assert_int_equal(nj_table_int(s, r, NJ_COL_exemplar_spans_exemplar),
                         r < 6 ? r / 2 : 3 + (r - 6) / 4);
    assert_int_equal(nj_results_check(all, &err), NJ_OK);
    nj_results_free(all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_are_taken_follow_and_spans_stay_with_their_exemplar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
