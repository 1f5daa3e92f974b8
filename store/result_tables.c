/* result_tables.c - tables of results as tables of SQL. */
#include "store/result_tables.h"

#include "base/buf.h"

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

/* The statement in `sql`, which is released. */
static enum nj_status
prepare(sqlite3_stmt **out, sqlite3 *db, struct nj_buf *sql, struct nj_error *err)
{
    nj_buf_put_char(sql, '\0');
    enum nj_status st = sql->is_failed ? nj_fail(err, NJ_ENOMEM, "no memory for a table")
                                       : nj_db_prepare(out, db, sql->ptr, err);

    nj_buf_fini(sql);
    return st;
}

/* Names are quoted: some are words of SQL ("check", "index"). */
enum nj_status
nj_result_table_create(sqlite3 *db, enum nj_table_id id, const char *owner,
                       struct nj_error *err)
{
    const struct nj_table_spec *spec = &nj_table_specs[id];
    sqlite3_stmt *stmt = NULL;
    struct nj_buf sql = {0};

    nj_buf_printf(&sql, "CREATE TABLE \"%s\" (", spec->name);
    if (owner)
        nj_buf_printf(&sql, "\"%s\" INTEGER, ", owner);
    for (size_t i = 0; i < spec->columns_len; i++)
        nj_buf_printf(&sql, "%s\"%s\" %s", i ? ", " : "", spec->columns[i].name,
                      type_name(spec->columns[i].type));
    nj_buf_put_char(&sql, ')');
    enum nj_status st = prepare(&stmt, db, &sql, err);
    if (st == NJ_OK)
        st = nj_db_run(stmt, err);
    (void)sqlite3_finalize(stmt);
    return st;
}

static void
cell_bind(sqlite3_stmt *stmt, int index, const struct nj_table *table, size_t row,
          unsigned column)
{
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

enum nj_status
nj_result_table_save(sqlite3 *db, const struct nj_table *table, const char *owner,
                     int64_t owner_id, struct nj_error *err)
{
    const struct nj_table_spec *spec = nj_table_spec(table);
    unsigned first = owner ? 1 : 0;
    sqlite3_stmt *stmt = NULL;
    struct nj_buf sql = {0};

    nj_buf_printf(&sql, "INSERT INTO \"%s\" VALUES (", spec->name);
    for (size_t i = 0; i < spec->columns_len + first; i++)
        nj_buf_put_text(&sql, i ? ", ?" : "?");
    nj_buf_put_char(&sql, ')');
    enum nj_status st = prepare(&stmt, db, &sql, err);
    for (size_t row = 0; row < nj_table_len(table) && st == NJ_OK; row++) {
        if (owner)
            (void)sqlite3_bind_int64(stmt, 1, owner_id);
        for (unsigned i = 0; i < spec->columns_len; i++)
            cell_bind(stmt, (int)(first + i + 1), table, row, i);
        st = nj_db_run(stmt, err);
    }
    (void)sqlite3_finalize(stmt);
    return st;
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

enum nj_status
nj_result_table_load(struct nj_table *table, sqlite3 *db, const char *owner, int64_t owner_id,
                     struct nj_error *err)
{
    const struct nj_table_spec *spec = nj_table_spec(table);
    sqlite3_stmt *stmt = NULL;
    struct nj_buf sql = {0};

    nj_buf_put_text(&sql, "SELECT ");
    for (size_t i = 0; i < spec->columns_len; i++)
        nj_buf_printf(&sql, "%s\"%s\"", i ? ", " : "", spec->columns[i].name);
    nj_buf_printf(&sql, " FROM \"%s\"", spec->name);
    if (owner)
        nj_buf_printf(&sql, " WHERE \"%s\" = %lld", owner, (long long)owner_id);
    nj_buf_put_text(&sql, " ORDER BY rowid");
    enum nj_status st = prepare(&stmt, db, &sql, err);
    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK) {
        size_t row = nj_table_add(table);
        for (unsigned i = 0; i < spec->columns_len && row != SIZE_MAX; i++)
            cell_read(table, row, i, stmt);
    }
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}
