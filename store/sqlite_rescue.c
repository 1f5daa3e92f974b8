/* sqlite_rescue.c - what can still be read of a damaged SQLite file. */
#include "store/sqlite_rescue.h"

#include "base/buf.h"
#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>

enum { PARTS_MAX = 1000, PLACE_BYTES = 120, COLUMNS_MAX = 999 };

/* One table on its way from one database to the other. */
struct rescue {
    sqlite3 *from, *to;
    const struct nj_sqlite_damage *tell;
    const char *table;
    sqlite3_stmt *select; /* rows behind the row ?1, with their numbers in front */
    sqlite3_stmt *insert;
    int columns_len;
    sqlite3_int64 row; /* the last that was copied or given up */
};

void
nj_rescue_tolerate(sqlite3 *db)
{
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, (int *)NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, (int *)NULL);
}

bool
nj_rescue_is_whole(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    bool is_whole =
        sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW && nj_slice_eq(nj_db_text(stmt, 0), NJ_SLICE("ok"));

    (void)sqlite3_finalize(stmt);
    return is_whole;
}

static void
damage_tell(const struct rescue *r, bool has_row)
{
    char place[PLACE_BYTES];

    if (has_row && r->row >= 0)
        (void)snprintf(place, sizeof place, "table %s behind row %lld", r->table,
                       (long long)r->row);
    else
        (void)snprintf(place, sizeof place, "table %s from its first row", r->table);
    r->tell->call(r->tell->context, place);
}

/* Copies the row at hand, whose first column is not part of it where `skip` is 1. */
static enum nj_status
row_copy(struct rescue *r, sqlite3_stmt *select, int skip, struct nj_error *err)
{
    for (int i = 0; i < r->columns_len; i++)
        (void)sqlite3_bind_value(r->insert, i + 1, sqlite3_column_value(select, i + skip));
    return nj_db_run(r->insert, err);
}

/* The number of the first row behind `after`; false: it cannot be read. *is_end: there is none.
 */
static bool
row_find(struct rescue *r, sqlite3_int64 after, sqlite3_int64 *found, bool *is_end)
{
    (void)sqlite3_reset(r->select);
    (void)sqlite3_bind_int64(r->select, 1, after);
    int code = sqlite3_step(r->select);
    *is_end = code == SQLITE_DONE;
    if (code == SQLITE_ROW)
        *found = sqlite3_column_int64(r->select, 0);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* Sets r->row where the next row can be read again; false: nowhere. */
static bool
damage_skip(struct rescue *r)
{
    sqlite3_int64 bad = 0, good = 1, found;
    bool is_end = false;

    while (!row_find(r, r->row + good, &found, &is_end)) {
        bad = good;
        if (good > INT64_MAX / 4 || r->row > INT64_MAX / 4)
            return false;
        good *= 2;
    }
    while (good - bad > 1) {
        sqlite3_int64 middle = bad + (good - bad) / 2;
        bool is_good = row_find(r, r->row + middle, &found, &is_end);
        good = is_good ? middle : good;
        bad = is_good ? bad : middle;
    }
    r->row += good;
    return true;
}

/* Copies rows until the end or damage: NJ_OK, NJ_DONE at the end. */
static enum nj_status
part_copy(struct rescue *r, struct nj_error *err)
{
    enum nj_status st = NJ_OK;
    int code;

    (void)sqlite3_reset(r->select);
    (void)sqlite3_bind_int64(r->select, 1, r->row);
    while (st == NJ_OK && (code = sqlite3_step(r->select)) == SQLITE_ROW) {
        sqlite3_int64 row = sqlite3_column_int64(r->select, 0);
        if (row <= r->row)
            return NJ_OK; /* damage has made a ring of pages */
        r->row = row;
        st = row_copy(r, r->select, 1, err);
    }
    return st < 0 ? st : code == SQLITE_DONE ? NJ_DONE : NJ_OK;
}

/* Rows in the order of their numbers, with gaps where they cannot be read. */
static enum nj_status
rows_copy(struct rescue *r, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    r->row = -1; /* numbers that a program chooses may be negative; tables of spans have none */
    for (int parts = 0; parts < PARTS_MAX; parts++) {
        st = part_copy(r, err);
        if (st != NJ_OK)
            break;
        damage_tell(r, true);
        if (!damage_skip(r))
            break;
    }
    return st < 0 ? st : NJ_OK;
}

/* Rows of a table without numbers: up to the first damage. */
static enum nj_status
plain_copy(struct rescue *r, sqlite3_stmt *select, struct nj_error *err)
{
    enum nj_status st = NJ_OK;
    int code = SQLITE_DONE;

    while (st == NJ_OK && (code = sqlite3_step(select)) == SQLITE_ROW)
        st = row_copy(r, select, 0, err);
    if (st == NJ_OK && code != SQLITE_DONE)
        damage_tell(r, false);
    return st;
}

/* Makes the table in the copy, without types and rules, and prepares its rows. */
static enum nj_status
table_make(struct rescue *r, sqlite3_stmt *all, struct nj_error *err)
{
    struct nj_buf create = {0}, insert = {0};
    char *name = sqlite3_mprintf("\"%w\"", r->table);

    r->columns_len = sqlite3_column_count(all);
    if (!name || r->columns_len > COLUMNS_MAX) {
        sqlite3_free(name);
        return nj_fail(err, NJ_ENOMEM, "no memory to read table %s", r->table);
    }
    nj_buf_printf(&create, "CREATE TABLE %s", name);
    nj_buf_printf(&insert, "INSERT INTO %s VALUES", name);
    for (int i = 0; i < r->columns_len; i++) {
        char *column = sqlite3_mprintf("\"%w\"", sqlite3_column_name(all, i));
        nj_buf_printf(&create, "%s%s", i ? ", " : " (", column ? column : "");
        nj_buf_put_text(&insert, i ? ", ?" : " (?");
        sqlite3_free(column);
    }
    sqlite3_free(name);
    nj_buf_put(&create, ")", 2);
    nj_buf_put(&insert, ")", 2);
    enum nj_status st = create.is_failed || insert.is_failed
                            ? nj_fail(err, NJ_ENOMEM, "no memory to read table %s", r->table)
                            : nj_db_exec(r->to, create.ptr, err);
    if (st == NJ_OK)
        st = nj_db_prepare(&r->insert, r->to, insert.ptr, err);
    nj_buf_fini(&create);
    nj_buf_fini(&insert);
    return st;
}

static sqlite3_stmt *
query_make(const struct rescue *r, const char *format)
{
    sqlite3_stmt *stmt = NULL;
    char *sql = sqlite3_mprintf(format, r->table);

    if (sql && sqlite3_prepare_v2(r->from, sql, -1, &stmt, NULL) != SQLITE_OK)
        stmt = NULL;
    sqlite3_free(sql);
    return stmt;
}

static enum nj_status
table_copy(struct rescue *r, struct nj_error *err)
{
    sqlite3_stmt *all = query_make(r, "SELECT * FROM \"%w\"");
    enum nj_status st = NJ_OK;

    r->insert = NULL;
    r->select = query_make(r, "SELECT rowid, * FROM \"%w\" WHERE rowid > ?1 ORDER BY rowid");
    if (!all) {
        damage_tell(r, false);
    } else {
        st = table_make(r, all, err);
        if (st == NJ_OK)
            st = r->select ? rows_copy(r, err) : plain_copy(r, all, err);
    }
    (void)sqlite3_finalize(all);
    (void)sqlite3_finalize(r->select);
    (void)sqlite3_finalize(r->insert);
    return st;
}

enum nj_status
nj_rescue(sqlite3 *from, sqlite3 *to, const struct nj_sqlite_damage *tell, struct nj_error *err)
{
    struct rescue r = {.from = from, .to = to, .tell = tell};
    sqlite3_stmt *tables = NULL;
    enum nj_status st =
        nj_db_prepare(&tables, from,
                      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE "
                      "'sqlite#_%' ESCAPE '#' AND rootpage > 0",
                      err);

    if (st == NJ_OK)
        st = nj_db_exec(to, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; BEGIN", err);
    while (st == NJ_OK && (st = nj_db_step(tables, err)) == NJ_OK) {
        char *table = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(tables, 0));
        r.table = table;
        st = table ? table_copy(&r, err) : nj_fail(err, NJ_ENOMEM, "no memory for a table");
        sqlite3_free(table);
    }
    (void)sqlite3_finalize(tables);
    return st == NJ_DONE ? nj_db_exec(to, "COMMIT", err) : st;
}
