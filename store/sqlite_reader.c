/* sqlite_reader.c - reads SQLite files of other tools without ever touching them. */
#include "store/sqlite_reader.h"

#include "store/db.h"
#include "store/sqlite_rescue.h"
#include "store/tempfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often a file that changes while it is copied is copied again. */
enum { COPY_TRIES = 5, COPY_BLOCK = 1 << 20 };

/* What stands beside a database and holds part of its content. */
static const char *const companions[] = {"-wal", "-journal"};
/* What SQLite may leave beside a copy. */
static const char *const leftovers[] = {"", "-wal", "-journal", "-shm"};

struct nj_sqlite {
    sqlite3 *db;
    char *copy; /* path of the private copy, NULL where the file itself is read */
};

struct nj_sqlite_rows {
    sqlite3_stmt *stmt;
};

static char *
path_join(const char *path, const char *suffix)
{
    size_t len = strlen(path), more = strlen(suffix);
    char *joined = malloc(len + more + 1);

    if (joined) {
        memcpy(joined, path, len);
        memcpy(joined + len, suffix, more + 1);
    }
    return joined;
}

/* Size and time of change of path + suffix; a file that is not there is all zeros. */
struct file_state {
    int64_t bytes, modified_s, modified_ns;
};

static enum nj_status
state_read(struct file_state *out, const char *path, const char *suffix, struct nj_error *err)
{
    struct stat info;
    char *joined = path_join(path, suffix);

    if (!joined)
        return nj_fail(err, NJ_ENOMEM, "no memory to open %s", path);
    *out = (struct file_state){0};
    if (stat(joined, &info) == 0)
        *out = (struct file_state){info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
    free(joined);
    return NJ_OK;
}

static enum nj_status
bytes_write(int to, struct nj_slice bytes, const char *path, struct nj_error *err)
{
    while (bytes.len > 0) {
        ssize_t n = write(to, bytes.ptr, bytes.len);
        if (n < 0 && errno != EINTR)
            return nj_fail(err, NJ_EIO, "copying %s: %s", path, strerror(errno));
        bytes = nj_slice_from(bytes, n > 0 ? (size_t)n : 0);
    }
    return NJ_OK;
}

static enum nj_status
bytes_copy(int from, int to, const char *path, struct nj_error *err)
{
    enum nj_status st = NJ_OK;
    char *block = malloc(COPY_BLOCK);
    ssize_t len = 0;

    if (!block)
        return nj_fail(err, NJ_ENOMEM, "no memory to copy %s", path);
    while (st == NJ_OK && (len = read(from, block, COPY_BLOCK)) != 0) {
        if (len < 0 && errno != EINTR)
            st = nj_fail(err, NJ_EIO, "reading %s: %s", path, strerror(errno));
        if (len > 0)
            st = bytes_write(to, (struct nj_slice){block, (size_t)len}, path, err);
    }
    free(block);
    return st;
}

/* Copies path + suffix to copy + suffix; nothing to do where there is no such file. */
static enum nj_status
file_copy(const char *path, const char *copy, const char *suffix, struct nj_error *err)
{
    char *from_path = path_join(path, suffix), *to_path = path_join(copy, suffix);
    enum nj_status st = NJ_OK;
    int from = from_path && to_path ? open(from_path, O_RDONLY | O_CLOEXEC) : -1, to = -1;

    if (!from_path || !to_path)
        st = nj_fail(err, NJ_ENOMEM, "no memory to copy %s", path);
    else if (from < 0 && (errno != ENOENT || !suffix[0]))
        st = nj_fail(err, NJ_EIO, "%s: %s", from_path, strerror(errno));
    if (st == NJ_OK && from >= 0) {
        to = open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        st = to < 0 ? nj_fail(err, NJ_EIO, "%s: %s", to_path, strerror(errno))
                    : bytes_copy(from, to, from_path, err);
    }
    if (from >= 0)
        (void)close(from);
    if (to >= 0 && close(to) != 0 && st == NJ_OK)
        st = nj_fail(err, NJ_EIO, "%s: %s", to_path, strerror(errno));
    free(from_path);
    free(to_path);
    return st;
}

static void
copy_remove(struct nj_sqlite *file)
{
    for (size_t i = 0; i < NJ_LEN(leftovers) && file->copy; i++) {
        char *path = path_join(file->copy, leftovers[i]);
        if (path)
            (void)unlink(path);
        free(path);
    }
    free(file->copy);
    file->copy = NULL;
}

/* The state of the file and everything beside it. */
static enum nj_status
states_read(struct file_state states[NJ_LEN(companions) + 1], const char *path,
            struct nj_error *err)
{
    enum nj_status st = state_read(&states[0], path, "", err);

    for (size_t i = 0; i < NJ_LEN(companions) && st == NJ_OK; i++)
        st = state_read(&states[i + 1], path, companions[i], err);
    return st;
}

/* Copies all files; once more when one changed meanwhile. */
static enum nj_status
files_copy(struct nj_sqlite *file, const char *path, struct nj_error *err)
{
    struct file_state before[NJ_LEN(companions) + 1], after[NJ_LEN(companions) + 1];

    for (int i = 0; i < COPY_TRIES; i++) {
        enum nj_status st = states_read(before, path, err);
        if (st == NJ_OK)
            st = file_copy(path, file->copy, "", err);
        for (size_t k = 0; k < NJ_LEN(companions) && st == NJ_OK; k++)
            st = file_copy(path, file->copy, companions[k], err);
        if (st == NJ_OK)
            st = states_read(after, path, err);
        if (st < 0 || memcmp(before, after, sizeof before) == 0)
            return st;
    }
    return nj_fail(err, NJ_ESTORE, "%s: keeps changing while it is read; stop its writer first",
                   path);
}

/* An empty file for a copy; *out_fd is open for writing. */
static enum nj_status
copy_make(struct nj_sqlite *file, int *out_fd, const char *path, struct nj_error *err)
{
    const char *dir = nj_tempfile_dir();
    size_t room = strlen(dir) + sizeof "/nightjar-XXXXXX";

    file->copy = malloc(room);
    if (!file->copy)
        return nj_fail(err, NJ_ENOMEM, "no memory to open %s", path);
    (void)snprintf(file->copy, room, "%s/nightjar-XXXXXX", dir);
    *out_fd = mkstemp(file->copy);
    if (*out_fd < 0) {
        free(file->copy);
        file->copy = NULL;
        return nj_fail(err, NJ_EIO, "making a temporary file in %s: %s", dir, strerror(errno));
    }
    return NJ_OK;
}

static enum nj_status
copy_open(struct nj_sqlite *file, const char *path, struct nj_error *err)
{
    int fd = -1;
    enum nj_status st = copy_make(file, &fd, path, err);

    if (fd >= 0)
        (void)close(fd);
    if (st == NJ_OK)
        st = files_copy(file, path, err);
    return st == NJ_OK ? nj_db_open(&file->db, file->copy, NJ_DB_CHANGE, NULL, err) : st;
}

/* The rest of a stream into a copy. */
static enum nj_status
stream_copy(struct nj_sqlite *file, struct nj_stream *stream, const char *path,
            struct nj_error *err)
{
    int fd = -1;
    enum nj_status st = copy_make(file, &fd, path, err);

    while (st == NJ_OK) {
        struct nj_slice window = nj_stream_window(stream);
        st = bytes_write(fd, window, path, err);
        nj_stream_skip(stream, window.len);
        if (st == NJ_OK)
            st = nj_stream_more(stream, err);
    }
    if (fd >= 0 && close(fd) != 0 && st == NJ_DONE)
        st = nj_fail(err, NJ_EIO, "%s: %s", file->copy, strerror(errno));
    return st == NJ_DONE ? NJ_OK : st;
}

/* The file as it is, without locks, logs or index beside it. */
static enum nj_status
original_open(struct nj_sqlite *file, const char *path, struct nj_error *err)
{
    struct nj_buf uri = {0};

    nj_buf_put_text(&uri, "file:");
    for (const char *c = path; *c; c++) {
        if (strchr("%?#", *c))
            nj_buf_printf(&uri, "%%%02X", (unsigned)(unsigned char)*c);
        else
            nj_buf_put_char(&uri, *c);
    }
    nj_buf_put(&uri, "?immutable=1", sizeof "?immutable=1");
    enum nj_status st = uri.is_failed
                            ? nj_fail(err, NJ_ENOMEM, "no memory to open %s", path)
                            : nj_db_open(&file->db, uri.ptr, NJ_DB_READ_URI, NULL, err);
    nj_buf_fini(&uri);
    return st;
}

static enum nj_status
head_check(const char *path, struct nj_error *err)
{
    char head[100];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : pread(fd, head, sizeof head, 0);
    int cause = errno;

    if (fd >= 0)
        (void)close(fd);
    if (len < 0)
        return nj_fail(err, NJ_EIO, "%s: %s", path, strerror(cause));
    if (!nj_sqlite_sniff((struct nj_slice){head, (size_t)len}))
        return nj_fail(err, NJ_EFORMAT, "%s: byte 0: expected an SQLite file", path);
    return NJ_OK;
}

/* Reads the schema, so that damage and locks show when a file is opened. A file that is cut off
 * shows as damaged as well, and can be read as far as it goes. */
static enum nj_status
schema_check(struct nj_sqlite *file, struct nj_error *err)
{
    static const char sql[] = "PRAGMA query_only = ON; SELECT count(*) FROM sqlite_schema";

    if (sqlite3_exec(file->db, sql, NULL, NULL, NULL) != SQLITE_OK &&
        (sqlite3_errcode(file->db) & 0xff) == SQLITE_CORRUPT)
        nj_rescue_tolerate(file->db);
    return nj_db_exec(file->db, sql, err);
}

static enum nj_status
open_end(struct nj_sqlite **out, struct nj_sqlite *file, enum nj_status st, const char *path,
         struct nj_error *err)
{
    if (st == NJ_OK)
        st = schema_check(file, err);
    if (st < 0) {
        nj_sqlite_close(file);
        return nj_fail(err, st, "%s: cannot be read", path);
    }
    *out = file;
    return NJ_OK;
}

/* Whether all of the content is in the file itself. */
static bool
is_alone(const struct file_state states[NJ_LEN(companions) + 1])
{
    for (size_t i = 1; i <= NJ_LEN(companions); i++)
        if (states[i].bytes != 0)
            return false;
    return true;
}

enum nj_status
nj_sqlite_open(struct nj_sqlite **out, const char *path, struct nj_error *err)
{
    struct nj_sqlite *file = calloc(1, sizeof *file);
    struct file_state states[NJ_LEN(companions) + 1];

    if (!file)
        return nj_fail(err, NJ_ENOMEM, "no memory to open %s", path);
    enum nj_status st = head_check(path, err);
    if (st == NJ_OK)
        st = states_read(states, path, err);
    if (st == NJ_OK)
        st = is_alone(states) ? original_open(file, path, err) : copy_open(file, path, err);
    return open_end(out, file, st, path, err);
}

enum nj_status
nj_sqlite_open_stream(struct nj_sqlite **out, struct nj_stream *stream, const char *path,
                      struct nj_error *err)
{
    struct nj_sqlite *file = calloc(1, sizeof *file);

    if (!file)
        return nj_fail(err, NJ_ENOMEM, "no memory to open %s", path);
    enum nj_status st = stream_copy(file, stream, path, err);
    if (st == NJ_OK)
        st = head_check(file->copy, err);
    if (st == NJ_OK)
        st = nj_db_open(&file->db, file->copy, NJ_DB_CHANGE, NULL, err);
    return open_end(out, file, st, path, err);
}

enum nj_status
nj_sqlite_repair(struct nj_sqlite *file, const struct nj_sqlite_damage *tell,
                 struct nj_error *err)
{
    const char *path = sqlite3_db_filename(file->db, "main");
    struct nj_sqlite rescued = {0};
    int fd = -1;

    if (nj_rescue_is_whole(file->db))
        return NJ_OK;
    nj_rescue_tolerate(file->db);
    enum nj_status st = copy_make(&rescued, &fd, path, err);
    if (fd >= 0)
        (void)close(fd);
    if (st == NJ_OK)
        st = nj_db_open(&rescued.db, rescued.copy, NJ_DB_CHANGE, NULL, err);
    if (st == NJ_OK)
        st = nj_rescue(file->db, rescued.db, tell, err);
    if (st < 0) {
        (void)sqlite3_close(rescued.db);
        copy_remove(&rescued);
        return st;
    }
    (void)sqlite3_close(file->db);
    copy_remove(file);
    *file = rescued;
    return NJ_OK;
}

bool
nj_sqlite_has_log(const char *path)
{
    struct file_state states[NJ_LEN(companions) + 1];
    return states_read(states, path, NULL) == NJ_OK && !is_alone(states);
}

void
nj_sqlite_close(struct nj_sqlite *file)
{
    if (!file)
        return;
    (void)sqlite3_close(file->db);
    copy_remove(file);
    free(file);
}

const char *
nj_sqlite_copy(const struct nj_sqlite *file)
{
    return file->copy;
}

bool
nj_sqlite_sniff(struct nj_slice head)
{
    uint32_t application_id, version;
    return nj_db_header(head, &application_id, &version);
}

static bool
has_row(struct nj_sqlite *file, const char *sql, const char *table, const char *column)
{
    sqlite3_stmt *stmt = NULL;

    if (nj_db_prepare(&stmt, file->db, sql, NULL) < 0)
        return false;
    nj_db_bind_text(stmt, 1, nj_slice_of(table));
    if (column)
        nj_db_bind_text(stmt, 2, nj_slice_of(column));
    bool found = nj_db_step(stmt, NULL) == NJ_OK;
    (void)sqlite3_finalize(stmt);
    return found;
}

bool
nj_sqlite_has_table(struct nj_sqlite *file, const char *table)
{
    return has_row(file,
                   "SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?1"
                   " COLLATE NOCASE",
                   table, NULL);
}

bool
nj_sqlite_has_column(struct nj_sqlite *file, const char *table, const char *column)
{
    return has_row(file, "SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2 COLLATE NOCASE",
                   table, column);
}

enum nj_status
nj_sqlite_query(struct nj_sqlite_rows **out, struct nj_sqlite *file, const char *sql,
                struct nj_error *err)
{
    struct nj_sqlite_rows *rows = calloc(1, sizeof *rows);

    if (!rows)
        return nj_fail(err, NJ_ENOMEM, "no memory for a query");
    enum nj_status st = nj_db_prepare(&rows->stmt, file->db, sql, err);
    if (st < 0) {
        bool is_schema = (sqlite3_errcode(file->db) & 0xff) == SQLITE_ERROR;
        free(rows);
        return is_schema ? nj_fail(err, NJ_EFORMAT, "not the tables that were expected") : st;
    }
    *out = rows;
    return NJ_OK;
}

static enum nj_status
bind_check(struct nj_sqlite_rows *rows, int code, struct nj_error *err)
{
    return code == SQLITE_OK ? NJ_OK
                             : nj_db_fail(err, sqlite3_db_handle(rows->stmt), "binding");
}

enum nj_status
nj_sqlite_bind_int(struct nj_sqlite_rows *rows, int index, int64_t value, struct nj_error *err)
{
    return bind_check(rows, sqlite3_bind_int64(rows->stmt, index, value), err);
}

enum nj_status
nj_sqlite_bind_text(struct nj_sqlite_rows *rows, int index, struct nj_slice text,
                    struct nj_error *err)
{
    return bind_check(rows,
                      sqlite3_bind_text64(rows->stmt, index, text.len ? text.ptr : "", text.len,
                                          SQLITE_TRANSIENT, SQLITE_UTF8),
                      err);
}

void
nj_sqlite_rewind(struct nj_sqlite_rows *rows)
{
    (void)sqlite3_reset(rows->stmt);
}

enum nj_status
nj_sqlite_next(struct nj_sqlite_rows *rows, struct nj_error *err)
{
    return nj_db_step(rows->stmt, err);
}

void
nj_sqlite_rows_close(struct nj_sqlite_rows *rows)
{
    if (!rows)
        return;
    (void)sqlite3_finalize(rows->stmt);
    free(rows);
}

int
nj_sqlite_columns(const struct nj_sqlite_rows *rows)
{
    return sqlite3_column_count(rows->stmt);
}

struct nj_slice
nj_sqlite_column(const struct nj_sqlite_rows *rows, int column)
{
    return nj_slice_of(sqlite3_column_name(rows->stmt, column));
}

struct nj_value
nj_sqlite_value(const struct nj_sqlite_rows *rows, int column)
{
    switch (sqlite3_column_type(rows->stmt, column)) {
    case SQLITE_INTEGER:
        return (struct nj_value){.type = NJ_VALUE_INT,
                                 .integer = sqlite3_column_int64(rows->stmt, column)};
    case SQLITE_FLOAT:
        return (struct nj_value){.type = NJ_VALUE_DOUBLE,
                                 .real = sqlite3_column_double(rows->stmt, column)};
    case SQLITE_TEXT:
        return (struct nj_value){.type = NJ_VALUE_STRING,
                                 .bytes = nj_db_text(rows->stmt, column)};
    case SQLITE_BLOB:
        return (struct nj_value){.type = NJ_VALUE_BYTES,
                                 .bytes = nj_db_blob(rows->stmt, column)};
    default:
        return (struct nj_value){.type = NJ_VALUE_NULL};
    }
}

struct nj_slice
nj_sqlite_text(const struct nj_sqlite_rows *rows, int column)
{
    return nj_db_text(rows->stmt, column);
}
