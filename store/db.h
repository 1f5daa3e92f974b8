/* db.h - the few things that all SQLite code here needs; only files of store/ include it. */
#ifndef NJ_STORE_DB_H
#define NJ_STORE_DB_H

#include "base/slice.h"
#include "base/status.h"

#include <sqlite3.h>
#include <stdint.h>

/* Appends what SQLite says went wrong on `db` while doing `what` ("reading spans"), with the
 * file's path. Gives NJ_ENOMEM, NJ_EIO (disk), NJ_EFORMAT (not SQLite) or NJ_ESTORE. */
enum nj_status nj_db_fail(struct nj_error *err, sqlite3 *db, const char *what);

enum nj_db_mode {
    NJ_DB_READ,
    NJ_DB_READ_URI, /* the path is a file: URI */
    NJ_DB_CHANGE,
    NJ_DB_CREATE,
};

/* Opens a file for one thread. `vfs` NULL: the system's. */
enum nj_status nj_db_open(sqlite3 **out, const char *path, enum nj_db_mode mode,
                          const char *vfs, struct nj_error *err) NJ_CHECKED;
/* Runs statements that give no rows. */
enum nj_status nj_db_exec(sqlite3 *db, const char *sql, struct nj_error *err) NJ_CHECKED;
/* The same where failing changes nothing: on the way out of an error. */
void nj_db_try(sqlite3 *db, const char *sql);
/* The one integer that this query gives; 0 when it gives none. */
enum nj_status nj_db_integer(int64_t *out, sqlite3 *db, const char *sql,
                             struct nj_error *err) NJ_CHECKED;
/* Prepares one statement, kept for long. */
enum nj_status nj_db_prepare(sqlite3_stmt **out, sqlite3 *db, const char *sql,
                             struct nj_error *err) NJ_CHECKED;
/* Runs a bound statement to its end and makes it ready for the next time. */
enum nj_status nj_db_run(sqlite3_stmt *stmt, struct nj_error *err) NJ_CHECKED;
/* The next row of a query: NJ_OK, or NJ_DONE after the last. */
enum nj_status nj_db_step(sqlite3_stmt *stmt, struct nj_error *err) NJ_CHECKED;

/* Binds without copying: the bytes must live until the statement was run. Text that is not
 * there binds as empty. */
void nj_db_bind_text(sqlite3_stmt *stmt, int index, struct nj_slice text);
void nj_db_bind_blob(sqlite3_stmt *stmt, int index, struct nj_slice bytes);

/* A column as bytes, whatever its type; borrowed until the next step. */
struct nj_slice nj_db_text(sqlite3_stmt *stmt, int column);
struct nj_slice nj_db_blob(sqlite3_stmt *stmt, int column);

/* What tells a kind of our own SQLite files, whose tables are not migrated, from others. */
struct nj_db_mark {
    uint32_t application_id;
    int version;        /* grows when an older file would be read wrongly */
    const char *what;   /* "a baseline", for messages */
    const char *remedy; /* behind the message of another version, or empty */
};
/* Whether these first bytes are of a file with this mark, of any version. */
bool nj_db_mark_sniff(const struct nj_db_mark *mark, struct nj_slice head);
/* Marks a database. */
enum nj_status nj_db_mark_put(sqlite3 *db, const struct nj_db_mark *mark,
                              struct nj_error *err) NJ_CHECKED;
/* NJ_EFORMAT when the database at `path` has another mark or version. */
enum nj_status nj_db_mark_check(sqlite3 *db, const struct nj_db_mark *mark, const char *path,
                                struct nj_error *err) NJ_CHECKED;

/* Application id and user version of an SQLite file from its first 100 bytes; false: it is no
 * such file. */
bool nj_db_header(struct nj_slice head, uint32_t *application_id, uint32_t *user_version);

#endif
