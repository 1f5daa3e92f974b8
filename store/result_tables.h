/* result_tables.h - tables of results as tables of SQL; only files of store/ include it. */
#ifndef NJ_STORE_RESULT_TABLES_H
#define NJ_STORE_RESULT_TABLES_H

#include "schema/results.h"
#include "store/db.h"

/* A table with the columns of its spec; where `owner` is not NULL, behind an integer column of
 * that name that says whose rows they are. */
enum nj_status nj_result_table_create(sqlite3 *db, enum nj_table_id id, const char *owner,
                                      struct nj_error *err) NJ_CHECKED;
/* Appends all rows, as those of `owner_id`. */
enum nj_status nj_result_table_save(sqlite3 *db, const struct nj_table *table,
                                    const char *owner, int64_t owner_id,
                                    struct nj_error *err) NJ_CHECKED;
/* Reads the rows (of `owner_id`) in the order in which they were written. */
enum nj_status nj_result_table_load(struct nj_table *table, sqlite3 *db, const char *owner,
                                    int64_t owner_id, struct nj_error *err) NJ_CHECKED;

#endif
