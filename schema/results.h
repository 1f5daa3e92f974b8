/* results.h - what analyzers found, as tables; the one thing that gates, reports and the
 * results file know of an analysis (floor 1).
 *
 * The tables and their columns are declared in results.def (one file a table group under
 * schema/results/). Rows are in the order in which they are printed, sorted by text, so equal
 * inputs give equal bytes. */
#ifndef NJ_SCHEMA_RESULTS_H
#define NJ_SCHEMA_RESULTS_H

#include "base/slice.h"
#include "base/status.h"
#include "schema/diag.h"

#include <stdint.h>

enum nj_column_type {
    NJ_COLUMN_TEXT,
    NJ_COLUMN_INT,
    NJ_COLUMN_REAL, /* NaN never; null where there is no number */
    NJ_COLUMN_BLOB,
};

enum nj_table_id {
#define NJ_TABLE_BEGIN(table, help) NJ_TABLE_##table,
#define NJ_COLUMN(table, column, type, help)
#define NJ_TABLE_END(table)
#include "schema/results.def"
#undef NJ_TABLE_BEGIN
#undef NJ_COLUMN
#undef NJ_TABLE_END
    NJ_TABLES_LEN
};

/* NJ_COL_<table>_<column>: the index of a column. */
#define NJ_TABLE_BEGIN(table, help)                                                            \
    enum nj_columns_##table                                                                    \
    {
#define NJ_COLUMN(table, column, type, help) NJ_COL_##table##_##column,
#define NJ_TABLE_END(table)                                                                    \
    NJ_COLS_LEN_##table                                                                        \
    }                                                                                          \
    ;
#include "schema/results.def"
#undef NJ_TABLE_BEGIN
#undef NJ_COLUMN
#undef NJ_TABLE_END

struct nj_column_spec {
    const char *name;
    enum nj_column_type type;
    const char *help;
};

struct nj_table_spec {
    const char *name, *help;
    const struct nj_column_spec *columns;
    size_t columns_len;
};
extern const struct nj_table_spec nj_table_specs[NJ_TABLES_LEN];

struct nj_results;
struct nj_table;

struct nj_results *nj_results_new(void); /* NULL: no memory */
void nj_results_free(struct nj_results *results);
struct nj_table *nj_results_table(struct nj_results *results, enum nj_table_id id);
const struct nj_table *nj_results_view(const struct nj_results *results, enum nj_table_id id);

/* A new row, all null. When memory is exhausted the table is marked as failed, later calls do
 * nothing, and nj_results_check says so: callers need not look at every cell. */
size_t nj_table_add(struct nj_table *table);
void nj_table_put_int(struct nj_table *table, size_t row, unsigned column, int64_t value);
/* Not finite: null. */
void nj_table_put_real(struct nj_table *table, size_t row, unsigned column, double value);
/* Text and blob: copied. */
void nj_table_put_text(struct nj_table *table, size_t row, unsigned column,
                       struct nj_slice value);
enum nj_status nj_results_check(const struct nj_results *results,
                                struct nj_error *err) NJ_CHECKED;

/* Appends all rows of `from` to those of `into`; `from` becomes part of it and is no longer the
 * caller's. Columns that hold the numbers of rows keep pointing to the same ones. */
void nj_results_take(struct nj_results *into, struct nj_results *from);

/* Takes all rows out. */
void nj_table_clear(struct nj_table *table);

/* Fills table diagnostics: one row a kind that was counted. */
void nj_results_put_diags(struct nj_results *results, const struct nj_diags *diags);

/* Puts hashes in place of texts of errors, prompts and arguments in all tables (the list is in
 * results.c); names, numbers and fingerprints stay. */
void nj_results_redact(struct nj_results *results);

size_t nj_table_len(const struct nj_table *table);
const struct nj_table_spec *nj_table_spec(const struct nj_table *table);
bool nj_table_is_null(const struct nj_table *table, size_t row, unsigned column);
int64_t nj_table_int(const struct nj_table *table, size_t row, unsigned column); /* null: 0 */
double nj_table_real(const struct nj_table *table, size_t row, unsigned column); /* null: NaN;
                                                                 an INT column: its value */
/* Borrowed until the table changes; NUL-terminated; null: empty. */
struct nj_slice nj_table_text(const struct nj_table *table, size_t row, unsigned column);

#endif
