/* results.c - results of an analysis as a file, and back. */
#include "store/results.h"

#include "base/buf.h"
#include "base/outfile.h"
#include "store/db.h"

#include <stdio.h>

/* The version of the tables; it grows when an older file would be read wrongly. */
enum { RESULTS_VERSION = 1 };
#define RESULTS_APPLICATION_ID UINT32_C(0x6e6a7273) /* "njrs" */

bool
nj_results_sniff(struct nj_slice head)
{
    uint32_t application_id, version;
    return nj_db_header(head, &application_id, &version) &&
           application_id == RESULTS_APPLICATION_ID;
}

static const char *
type_name(enum nj_column_type type)
{
    switch (type) {
    case NJ_COLUMN_TEXT:
        return "TEXT";
    case NJ_COLUMN_INT:
        return "INTEGER";
    case NJ_COLUMN_REAL:
        return "REAL";
    case NJ_COLUMN_BLOB:
        break;
    }
    return "BLOB";
}

/* Names are quoted: some are words of SQL ("check", "index"). */
static void
table_sql(struct nj_buf *create, struct nj_buf *insert, const struct nj_table_spec *spec)
{
    create->len = insert->len = 0;
    nj_buf_printf(create, "CREATE TABLE \"%s\" (", spec->name);
    nj_buf_printf(insert, "INSERT INTO \"%s\" VALUES (", spec->name);
    for (size_t i = 0; i < spec->columns_len; i++) {
        nj_buf_printf(create, "%s\"%s\" %s", i ? ", " : "", spec->columns[i].name,
                      type_name(spec->columns[i].type));
        nj_buf_put_text(insert, i ? ", ?" : "?");
    }
    nj_buf_put(create, ")", sizeof ")");
    nj_buf_put(insert, ")", sizeof ")");
}

static void
cell_bind(sqlite3_stmt *stmt, const struct nj_table *table, size_t row, unsigned column)
{
    int index = (int)column + 1;

    if (nj_table_is_null(table, row, column)) {
        (void)sqlite3_bind_null(stmt, index);
        return;
    }
    switch (nj_table_spec(table)->columns[column].type) {
    case NJ_COLUMN_TEXT:
        nj_db_bind_text(stmt, index, nj_table_text(table, row, column));
        break;
    case NJ_COLUMN_BLOB:
        nj_db_bind_blob(stmt, index, nj_table_text(table, row, column));
        break;
    case NJ_COLUMN_INT:
        (void)sqlite3_bind_int64(stmt, index, nj_table_int(table, row, column));
        break;
    case NJ_COLUMN_REAL:
        (void)sqlite3_bind_double(stmt, index, nj_table_real(table, row, column));
        break;
    }
}

static enum nj_status
table_save(sqlite3 *db, const struct nj_table *table, struct nj_buf *create,
           struct nj_buf *insert, struct nj_error *err)
{
    const struct nj_table_spec *spec = nj_table_spec(table);
    sqlite3_stmt *stmt = NULL;

    table_sql(create, insert, spec);
    if (create->is_failed || insert->is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory to write results");
    enum nj_status st = nj_db_exec(db, create->ptr, err);
    if (st == NJ_OK)
        st = nj_db_prepare(&stmt, db, insert->ptr, err);
    for (size_t row = 0; row < nj_table_len(table) && st == NJ_OK; row++) {
        for (unsigned i = 0; i < spec->columns_len; i++)
            cell_bind(stmt, table, row, i);
        st = nj_db_run(stmt, err);
    }
    (void)sqlite3_finalize(stmt);
    return st;
}

static enum nj_status
tables_save(sqlite3 *db, const struct nj_results *results, struct nj_error *err)
{
    struct nj_buf create = {0}, insert = {0};
    char mark[96];
    enum nj_status st = nj_db_exec(db, "BEGIN", err);

    for (int i = 0; i < NJ_TABLES_LEN && st == NJ_OK; i++)
        st = table_save(db, nj_results_view(results, (enum nj_table_id)i), &create, &insert,
                        err);
    nj_buf_fini(&create);
    nj_buf_fini(&insert);
    (void)snprintf(mark, sizeof mark, "PRAGMA application_id = %u; PRAGMA user_version = %d",
                   (unsigned)RESULTS_APPLICATION_ID, RESULTS_VERSION);
    if (st == NJ_OK)
        st = nj_db_exec(db, mark, err);
    return st < 0 ? st : nj_db_exec(db, "COMMIT", err);
}

enum nj_status
nj_results_save(const struct nj_results *results, const char *path, struct nj_error *err)
{
    sqlite3 *db = NULL;
    sqlite3_int64 len = 0;
    enum nj_status st = nj_results_check(results, err);

    if (st == NJ_OK)
        st = nj_db_open(&db, ":memory:", NJ_DB_CREATE, NULL, err);
    if (st == NJ_OK)
        st = tables_save(db, results, err);
    if (st < 0) {
        (void)sqlite3_close(db);
        return nj_fail(err, st, "%s: results were not written", path);
    }
    unsigned char *bytes = sqlite3_serialize(db, "main", &len, 0);
    (void)sqlite3_close(db);
    if (!bytes)
        return nj_fail(err, NJ_ENOMEM, "no memory to write %s", path);
    st = nj_outfile_write(path, (struct nj_slice){(const char *)bytes, (size_t)len}, err);
    sqlite3_free(bytes);
    return st;
}

static enum nj_status
version_check(sqlite3 *db, const char *path, struct nj_error *err)
{
    int64_t application_id, version;
    enum nj_status st = nj_db_integer(&application_id, db, "PRAGMA application_id", err);

    if (st == NJ_OK)
        st = nj_db_integer(&version, db, "PRAGMA user_version", err);
    if (st < 0)
        return st;
    if (application_id != (int64_t)RESULTS_APPLICATION_ID)
        return nj_fail(err, NJ_EFORMAT, "%s: an SQLite file, but not one of nightjar's results",
                       path);
    if (version != RESULTS_VERSION)
        return nj_fail(
            err, NJ_EFORMAT,
            "%s: results of version %lld; this nightjar reads version %d: analyze the "
            "traces again",
            path, (long long)version, RESULTS_VERSION);
    return NJ_OK;
}

static void
cell_read(struct nj_table *table, size_t row, unsigned column, sqlite3_stmt *stmt)
{
    int index = (int)column;

    if (sqlite3_column_type(stmt, index) == SQLITE_NULL)
        return;
    switch (nj_table_spec(table)->columns[column].type) {
    case NJ_COLUMN_TEXT:
        nj_table_put_text(table, row, column, nj_db_text(stmt, index));
        break;
    case NJ_COLUMN_BLOB:
        nj_table_put_text(table, row, column, nj_db_blob(stmt, index));
        break;
    case NJ_COLUMN_INT:
        nj_table_put_int(table, row, column, sqlite3_column_int64(stmt, index));
        break;
    case NJ_COLUMN_REAL:
        nj_table_put_real(table, row, column, sqlite3_column_double(stmt, index));
        break;
    }
}

static enum nj_status
table_load(struct nj_table *table, sqlite3 *db, struct nj_buf *select, struct nj_error *err)
{
    const struct nj_table_spec *spec = nj_table_spec(table);
    sqlite3_stmt *stmt = NULL;

    select->len = 0;
    nj_buf_put_text(select, "SELECT ");
    for (size_t i = 0; i < spec->columns_len; i++)
        nj_buf_printf(select, "%s\"%s\"", i ? ", " : "", spec->columns[i].name);
    nj_buf_printf(select, " FROM \"%s\" ORDER BY rowid", spec->name);
    nj_buf_put_char(select, '\0');
    if (select->is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory to read results");
    enum nj_status st = nj_db_prepare(&stmt, db, select->ptr, err);
    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK) {
        size_t row = nj_table_add(table);
        for (unsigned i = 0; i < spec->columns_len && row != SIZE_MAX; i++)
            cell_read(table, row, i, stmt);
    }
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}

static enum nj_status
tables_load(struct nj_results *results, const char *path, struct nj_error *err)
{
    struct nj_buf select = {0};
    sqlite3 *db = NULL;
    enum nj_status st = nj_db_open(&db, path, NJ_DB_READ, NULL, err);

    if (st == NJ_OK)
        st = version_check(db, path, err);
    for (int i = 0; i < NJ_TABLES_LEN && st == NJ_OK; i++)
        st = table_load(nj_results_table(results, (enum nj_table_id)i), db, &select, err);
    (void)sqlite3_close(db);
    nj_buf_fini(&select);
    return st < 0 ? st : nj_results_check(results, err);
}

enum nj_status
nj_results_load(struct nj_results **out, const char *path, struct nj_error *err)
{
    struct nj_results *results = nj_results_new();

    if (!results)
        return nj_fail(err, NJ_ENOMEM, "no memory to read %s", path);
    enum nj_status st = tables_load(results, path, err);
    if (st < 0) {
        nj_results_free(results);
        return st;
    }
    *out = results;
    return NJ_OK;
}
