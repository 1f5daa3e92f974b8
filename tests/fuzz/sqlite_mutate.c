/* sqlite_mutate.c - mutations for importers of SQLite files: bytes that are changed blindly
 * rarely get past SQLite itself, so mostly one cell of one table gets another value. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { CELL_BYTES_MAX = 4096, SQL_BYTES = 1024 };

static unsigned
draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

/* The bytes as a database in memory; NULL: they are none. */
static sqlite3 *
database_of(const uint8_t *data, size_t size)
{
    sqlite3 *db = NULL;
    unsigned char *copy = sqlite3_malloc64(size ? size : 1);

    if (!copy || sqlite3_open(":memory:", &db) != SQLITE_OK) {
        sqlite3_free(copy);
        (void)sqlite3_close(db);
        return NULL;
    }
    memcpy(copy, data, size);
    if (sqlite3_deserialize(db, "main", copy, (sqlite3_int64)size, (sqlite3_int64)size,
                            SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) ==
        SQLITE_OK)
        return db;
    (void)sqlite3_close(db);
    return NULL;
}

/* The value of the first column of the first row, as text; NULL: there is none. */
static char *
text_query(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    char *text = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        text = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(stmt, 0));
    (void)sqlite3_finalize(stmt);
    return text;
}

/* One value, drawn among those that a column can hold: the old one changed, or another type. */
static void
value_bind(sqlite3_stmt *stmt, const char *old, unsigned *seed)
{
    static uint8_t cell[CELL_BYTES_MAX];
    size_t len = old ? strlen(old) : 0;

    len = len < sizeof cell ? len : sizeof cell;
    if (len)
        memcpy(cell, old, len);
    unsigned what = draw(seed, 12);
    if (what < 7)
        len = LLVMFuzzerMutate(cell, len, sizeof cell);
    if (what == 7)
        (void)sqlite3_bind_null(stmt, 1);
    else if (what == 8)
        (void)sqlite3_bind_int64(stmt, 1,
                                 (sqlite3_int64)draw(seed, 1u << 24) << draw(seed, 40));
    else if (what == 9)
        (void)sqlite3_bind_double(stmt, 1, draw(seed, 1000) * 1e300 - 1.5);
    else if (what == 10)
        (void)sqlite3_bind_blob(stmt, 1, cell, (int)len, SQLITE_TRANSIENT);
    else
        (void)sqlite3_bind_text(stmt, 1, (const char *)cell, (int)len, SQLITE_TRANSIENT);
}

/* Gives one cell another value, or takes a row away. */
static bool
cell_change(sqlite3 *db, unsigned *seed)
{
    char sql[SQL_BYTES];
    sqlite3_stmt *stmt = NULL;
    bool is_done = false;

    (void)sqlite3_snprintf(sizeof sql, sql,
                           "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT "
                           "LIKE 'sqlite%%' ORDER BY hex(name) * %u %% 97, name LIMIT 1 OFFSET "
                           "%u",
                           draw(seed, 97), draw(seed, 12));
    char *table = text_query(db, sql);
    (void)sqlite3_snprintf(sizeof sql, sql,
                           "SELECT name FROM pragma_table_info(%Q) LIMIT 1 OFFSET %u", table,
                           draw(seed, 16));
    char *column = table ? text_query(db, sql) : NULL;
    unsigned row = draw(seed, 8);
    if (column) {
        (void)sqlite3_snprintf(sizeof sql, sql, "SELECT \"%w\" FROM \"%w\" LIMIT 1 OFFSET %u",
                               column, table, row);
        char *old = text_query(db, sql);
        const char *format = draw(seed, 30) == 0
                                 ? "DELETE FROM \"%w\" WHERE \"%w\" IS NOT ?1 AND rowid IN "
                                   "(SELECT rowid FROM \"%w\" LIMIT 1 OFFSET %u)"
                                 : "UPDATE \"%w\" SET \"%w\" = ?1 WHERE rowid IN (SELECT rowid "
                                   "FROM \"%w\" LIMIT 1 OFFSET %u)";
        (void)sqlite3_snprintf(sizeof sql, sql, format, table, column, table, row);
        if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
            value_bind(stmt, old, seed);
            is_done = sqlite3_step(stmt) == SQLITE_DONE && sqlite3_changes(db) > 0;
        }
        (void)sqlite3_finalize(stmt);
        sqlite3_free(old);
    }
    sqlite3_free(column);
    sqlite3_free(table);
    return is_done;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    sqlite3_int64 len = 0;
    sqlite3 *db = draw(&seed, 8) == 0 ? NULL : database_of(data, size);
    bool is_changed = false;

    for (unsigned i = 0; db && i < 4 && !is_changed; i++)
        is_changed = cell_change(db, &seed);
    unsigned char *bytes = is_changed ? sqlite3_serialize(db, "main", &len, 0) : NULL;
    bool fits = bytes && len > 0 && (size_t)len <= max_size;
    if (fits)
        memcpy(data, bytes, (size_t)len);
    sqlite3_free(bytes);
    (void)sqlite3_close(db);
    return fits ? (size_t)len : LLVMFuzzerMutate(data, size, max_size);
}
