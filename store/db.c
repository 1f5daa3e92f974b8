/* db.c - the few things that all SQLite code here needs. */
#include "store/db.h"

#include <string.h>

enum nj_status
nj_db_fail(struct nj_error *err, sqlite3 *db, const char *what)
{
    int code = sqlite3_errcode(db);
    const char *file = sqlite3_db_filename(db, "main");

    if (!file || !file[0])
        file = "store in memory";
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return nj_fail(err, NJ_ENOMEM, "%s: no memory for %s", file, what);
    case SQLITE_NOTADB:
        return nj_fail(err, NJ_EFORMAT, "%s: byte 0: expected an SQLite file", file);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return nj_fail(err, NJ_ESTORE, "%s: in use: another program is writing to it", file);
    case SQLITE_FULL:
        return nj_fail(err, NJ_EIO, "%s: the disk is full (%s)", file, what);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        return nj_fail(err, NJ_EIO, "%s: %s: %s", file, what, sqlite3_errmsg(db));
    default:
        return nj_fail(err, NJ_ESTORE, "%s: %s: %s", file, what, sqlite3_errmsg(db));
    }
}

enum nj_status
nj_db_open(sqlite3 **out, const char *path, enum nj_db_mode mode, const char *vfs,
           struct nj_error *err)
{
    static const int flags[] = {
        [NJ_DB_READ] = SQLITE_OPEN_READONLY,
        [NJ_DB_READ_URI] = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
        [NJ_DB_CHANGE] = SQLITE_OPEN_READWRITE,
        [NJ_DB_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
    };
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db,
                               flags[mode] | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);

    if (code != SQLITE_OK) {
        enum nj_status st =
            (code & 0xff) == SQLITE_NOMEM
                ? nj_fail(err, NJ_ENOMEM, "%s: no memory to open it", path)
                : nj_fail(err, NJ_EIO, "%s: cannot open: %s", path, sqlite3_errstr(code));
        (void)sqlite3_close(db);
        return st;
    }
    /* Files may come from anywhere: their schema must not be able to run anything. */
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL);
    *out = db;
    return NJ_OK;
}

enum nj_status
nj_db_exec(sqlite3 *db, const char *sql, struct nj_error *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return nj_db_fail(err, db, sql);
    return NJ_OK;
}

void
nj_db_try(sqlite3 *db, const char *sql)
{
    (void)sqlite3_exec(db, sql, NULL, NULL, NULL);
}

enum nj_status
nj_db_integer(int64_t *out, sqlite3 *db, const char *sql, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st = nj_db_prepare(&stmt, db, sql, err);

    if (st < 0)
        return st;
    *out = 0;
    st = nj_db_step(stmt, err);
    if (st == NJ_OK)
        *out = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_db_prepare(sqlite3_stmt **out, sqlite3 *db, const char *sql, struct nj_error *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
        return nj_db_fail(err, db, sql);
    return NJ_OK;
}

enum nj_status
nj_db_run(sqlite3_stmt *stmt, struct nj_error *err)
{
    int code = sqlite3_step(stmt);
    enum nj_status st = NJ_OK;

    if (code != SQLITE_DONE && code != SQLITE_ROW)
        st = nj_db_fail(err, sqlite3_db_handle(stmt), sqlite3_sql(stmt));
    (void)sqlite3_reset(stmt);
    return st;
}

enum nj_status
nj_db_step(sqlite3_stmt *stmt, struct nj_error *err)
{
    int code = sqlite3_step(stmt);

    if (code == SQLITE_ROW)
        return NJ_OK;
    if (code == SQLITE_DONE)
        return NJ_DONE;
    return nj_db_fail(err, sqlite3_db_handle(stmt), sqlite3_sql(stmt));
}

void
nj_db_bind_text(sqlite3_stmt *stmt, int index, struct nj_slice text)
{
    (void)sqlite3_bind_text64(stmt, index, text.len ? text.ptr : "", text.len, SQLITE_STATIC,
                              SQLITE_UTF8);
}

void
nj_db_bind_blob(sqlite3_stmt *stmt, int index, struct nj_slice bytes)
{
    (void)sqlite3_bind_blob64(stmt, index, bytes.len ? bytes.ptr : "", bytes.len,
                              SQLITE_STATIC);
}

struct nj_slice
nj_db_text(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text ? (struct nj_slice){text, (size_t)sqlite3_column_bytes(stmt, column)}
                : (struct nj_slice){"", 0};
}

struct nj_slice
nj_db_blob(sqlite3_stmt *stmt, int column)
{
    const char *bytes = sqlite3_column_blob(stmt, column);
    return bytes ? (struct nj_slice){bytes, (size_t)sqlite3_column_bytes(stmt, column)}
                 : (struct nj_slice){"", 0};
}

bool
nj_db_header(struct nj_slice head, uint32_t *application_id, uint32_t *user_version)
{
    static const char magic[16] = "SQLite format 3";
    const uint8_t *b = (const uint8_t *)head.ptr;

    if (head.len < 100 || memcmp(head.ptr, magic, sizeof magic) != 0)
        return false;
    *user_version =
        (uint32_t)b[60] << 24 | (uint32_t)b[61] << 16 | (uint32_t)b[62] << 8 | b[63];
    *application_id =
        (uint32_t)b[68] << 24 | (uint32_t)b[69] << 16 | (uint32_t)b[70] << 8 | b[71];
    return true;
}

bool
nj_db_mark_sniff(const struct nj_db_mark *mark, struct nj_slice head)
{
    uint32_t application_id, version;
    return nj_db_header(head, &application_id, &version) &&
           application_id == mark->application_id;
}

enum nj_status
nj_db_mark_put(sqlite3 *db, const struct nj_db_mark *mark, struct nj_error *err)
{
    char sql[96];

    (void)sqlite3_snprintf(sizeof sql, sql,
                           "PRAGMA application_id = %u; PRAGMA user_version = %d",
                           (unsigned)mark->application_id, mark->version);
    return nj_db_exec(db, sql, err);
}

enum nj_status
nj_db_mark_check(sqlite3 *db, const struct nj_db_mark *mark, const char *path,
                 struct nj_error *err)
{
    int64_t application_id, version;
    enum nj_status st = nj_db_integer(&application_id, db, "PRAGMA application_id", err);

    if (st == NJ_OK)
        st = nj_db_integer(&version, db, "PRAGMA user_version", err);
    if (st < 0)
        return st;
    if (application_id != (int64_t)mark->application_id)
        return nj_fail(err, NJ_EFORMAT, "%s: an SQLite file, but not %s of nightjar", path,
                       mark->what);
    if (version != mark->version)
        return nj_fail(err, NJ_EFORMAT,
                       "%s: %s of version %lld; this nightjar reads version %d%s", path,
                       mark->what, (long long)version, mark->version, mark->remedy);
    return NJ_OK;
}
