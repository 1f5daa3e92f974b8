/* tables.h - tables of results as text, to compare whole analyses. */
#ifndef NJ_TESTS_TABLES_H
#define NJ_TESTS_TABLES_H

#include "base/buf.h"
#include "schema/results.h"

/* Appends all rows of a table: one a line, cells between bars, null as a dash. */
static inline void
test_table_print(struct nj_buf *out, const struct nj_results *results, enum nj_table_id id)
{
    const struct nj_table *table = nj_results_view(results, id);
    const struct nj_table_spec *spec = nj_table_spec(table);

    for (size_t row = 0; row < nj_table_len(table); row++) {
        nj_buf_put_text(out, spec->name);
        for (unsigned c = 0; c < spec->columns_len; c++) {
            nj_buf_put_char(out, '|');
            if (nj_table_is_null(table, row, c))
                nj_buf_put_char(out, '-');
            else if (spec->columns[c].type == NJ_COLUMN_INT)
                nj_buf_printf(out, "%lld", (long long)nj_table_int(table, row, c));
            else if (spec->columns[c].type == NJ_COLUMN_REAL)
                nj_buf_printf(out, "%.17g", nj_table_real(table, row, c));
            else
                nj_buf_put_slice(out, nj_table_text(table, row, c));
        }
        nj_buf_put_char(out, '\n');
    }
}

static inline void
test_tables_print(struct nj_buf *out, const struct nj_results *results)
{
    for (int id = 0; id < NJ_TABLES_LEN; id++)
        test_table_print(out, results, (enum nj_table_id)id);
}

#endif
