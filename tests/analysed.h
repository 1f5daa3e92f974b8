/* analysed.h - runs one analyzer over a test's corpus and prints what it left. */
#ifndef NJ_TESTS_ANALYSED_H
#define NJ_TESTS_ANALYSED_H

#include "analyzers/analyze.h"
#include "tests/build.h"
#include "tests/test.h"

/* The results of one analyzer; release with nj_results_free. */
static inline struct nj_results *
test_analyse(struct test_corpus *corpus, const char *analyzer, const struct nj_options *options)
{
    const struct nj_analyzer *only[] = {nj_analyzer_find(nj_slice_of(analyzer)), NULL};
    struct nj_results *results = nj_results_new();
    struct nj_diags *diags = nj_diags_new();
    struct nj_error err = {0};

    assert_true(only[0] && results && diags);
    if (nj_analyze(test_view(corpus), options, only, NULL, diags, results, &err) != NJ_OK)
        fail_msg("%s", err.causes[0]);
    free(diags);
    return results;
}

/* A whole table, cells in order with | between and a new line after each row; free with free().
 */
static inline char *
test_table_print(const struct nj_results *results, enum nj_table_id id)
{
    const struct nj_table *t = nj_results_view(results, id);
    const struct nj_table_spec *spec = nj_table_spec(t);
    struct nj_buf buf = {0};

    for (size_t r = 0; r < nj_table_len(t); r++) {
        for (unsigned c = 0; c < spec->columns_len; c++) {
            if (nj_table_is_null(t, r, c))
                nj_buf_put_char(&buf, '-');
            else if (spec->columns[c].type == NJ_COLUMN_INT)
                nj_buf_printf(&buf, "%lld", (long long)nj_table_int(t, r, c));
            else if (spec->columns[c].type == NJ_COLUMN_REAL)
                nj_buf_printf(&buf, "%.17g", nj_table_real(t, r, c));
            else
                nj_buf_put_slice(&buf, nj_table_text(t, r, c));
            nj_buf_put_char(&buf, c + 1 < spec->columns_len ? '|' : '\n');
        }
    }
    nj_buf_put_char(&buf, '\0');
    assert_false(buf.is_failed);
    return buf.ptr;
}

#endif
