/* baseline.c - the baseline as a file. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "store/baseline.h"

#include "base/outfile.h"
#include "store/db.h"
#include "store/result_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct nj_db_mark own_mark = {
    .application_id = UINT32_C(0x6e6a626c), /* "njbl" */
    .version = 1,
    .what = "a baseline",
    .remedy = "",
};
#define OWNER "night"

bool
nj_baseline_sniff(struct nj_slice head)
{
    return nj_db_mark_sniff(&own_mark, head);
}

static const char create_sql[] =
    "CREATE TABLE nights (night INTEGER PRIMARY KEY, digest TEXT, is_accepted INTEGER, "
    "start_ns INTEGER, end_ns INTEGER, recorded_ns INTEGER, accepted_ns INTEGER, "
    "traces INTEGER, reason TEXT, version TEXT, policy_digest TEXT, sampling TEXT, "
    "models TEXT);"
    "CREATE TABLE events (time_ns INTEGER, action TEXT, digest TEXT, reason TEXT)";
static const char night_columns[] =
    "night, digest, is_accepted, start_ns, end_ns, recorded_ns, accepted_ns, traces, reason, "
    "version, policy_digest, sampling, models";

static enum nj_status
night_save(sqlite3 *db, sqlite3_stmt *stmt, const struct nj_night *night, int64_t id,
           struct nj_error *err)
{
    const int64_t integers[] = {night->state == NJ_NIGHT_ACCEPTED,
                                night->start_ns,
                                night->end_ns,
                                night->recorded_ns,
                                night->accepted_ns,
                                (int64_t)night->traces};
    const struct nj_slice texts[] = {night->reason, night->version, night->policy_digest,
                                     night->sampling, night->models};

    (void)sqlite3_bind_int64(stmt, 1, id);
    nj_db_bind_text(stmt, 2, night->digest);
    for (size_t i = 0; i < NJ_LEN(integers); i++)
        (void)sqlite3_bind_int64(stmt, (int)i + 3, integers[i]);
    for (size_t i = 0; i < NJ_LEN(texts); i++)
        nj_db_bind_text(stmt, (int)(i + 3 + NJ_LEN(integers)), texts[i]);
    enum nj_status st = nj_db_run(stmt, err);
    for (size_t i = 0; i < nj_night_tables_len && st == NJ_OK; i++)
        st = nj_result_table_save(db, nj_results_view(night->rows, nj_night_tables[i]), OWNER,
                                  id, err);
    return st;
}

static enum nj_status
nights_save(sqlite3 *db, const struct nj_baseline *b, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st =
        nj_db_prepare(&stmt, db, "INSERT INTO nights VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", err);

    for (size_t i = 0; i < b->nights_len && st == NJ_OK; i++)
        st = night_save(db, stmt, &b->nights[i], (int64_t)i + 1, err);
    (void)sqlite3_finalize(stmt);
    return st;
}

static enum nj_status
events_save(sqlite3 *db, const struct nj_baseline *b, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st = nj_db_prepare(&stmt, db, "INSERT INTO events VALUES (?,?,?,?)", err);

    for (size_t i = 0; i < b->events_len && st == NJ_OK; i++) {
        (void)sqlite3_bind_int64(stmt, 1, b->events[i].time_ns);
        nj_db_bind_text(stmt, 2, b->events[i].action);
        nj_db_bind_text(stmt, 3, b->events[i].digest);
        nj_db_bind_text(stmt, 4, b->events[i].reason);
        st = nj_db_run(stmt, err);
    }
    (void)sqlite3_finalize(stmt);
    return st;
}

static enum nj_status
database_fill(sqlite3 *db, const struct nj_baseline *b, struct nj_error *err)
{
    enum nj_status st = nj_db_exec(db, "BEGIN", err);

    if (st == NJ_OK)
        st = nj_db_mark_put(db, &own_mark, err);
    if (st == NJ_OK)
        st = nj_db_exec(db, create_sql, err);
    for (size_t i = 0; i < nj_night_tables_len && st == NJ_OK; i++)
        st = nj_result_table_create(db, nj_night_tables[i], OWNER, err);
    if (st == NJ_OK)
        st = nights_save(db, b, err);
    if (st == NJ_OK)
        st = events_save(db, b, err);
    for (size_t i = 0; i < nj_night_tables_len && st == NJ_OK; i++) {
        char sql[96]; /* a night is found without reading the others */
        const char *name = nj_table_specs[nj_night_tables[i]].name;
        (void)snprintf(sql, sizeof sql, "CREATE INDEX %s_of_night ON %s (" OWNER ")", name,
                       name);
        st = nj_db_exec(db, sql, err);
    }
    return st < 0 ? st : nj_db_exec(db, "COMMIT", err);
}

enum nj_status
nj_baseline_save(const struct nj_baseline *b, const char *path, struct nj_error *err)
{
    char *target = realpath(path, NULL); /* what a link points to is replaced, not the link */
    sqlite3 *db = NULL;
    sqlite3_int64 len = 0;
    enum nj_status st = nj_db_open(&db, ":memory:", NJ_DB_CREATE, NULL, err);

    if (st == NJ_OK)
        st = database_fill(db, b, err);
    unsigned char *bytes = st == NJ_OK ? sqlite3_serialize(db, "main", &len, 0) : NULL;
    (void)sqlite3_close(db);
    if (st == NJ_OK && !bytes)
        st = nj_fail(err, NJ_ENOMEM, "no memory to write");
    if (st == NJ_OK)
        st = nj_outfile_write(target ? target : path,
                              (struct nj_slice){(const char *)bytes, (size_t)len}, err);
    sqlite3_free(bytes);
    free(target);
    return st < 0 ? nj_fail(err, st, "the baseline %s was not written", path) : NJ_OK;
}

/* `has_frames`: whether the file has call trees, which earlier ones do not. */
static enum nj_status
night_load(struct nj_baseline *b, sqlite3 *db, sqlite3_stmt *stmt, bool has_frames,
           struct nj_error *err)
{
    int64_t id = sqlite3_column_int64(stmt, 0);
    struct nj_night night = {
        .digest = nj_arena_copy(b->arena, nj_db_text(stmt, 1)),
        .state = sqlite3_column_int64(stmt, 2) ? NJ_NIGHT_ACCEPTED : NJ_NIGHT_SEEN,
        .start_ns = sqlite3_column_int64(stmt, 3),
        .end_ns = sqlite3_column_int64(stmt, 4),
        .recorded_ns = sqlite3_column_int64(stmt, 5),
        .accepted_ns = sqlite3_column_int64(stmt, 6),
        .traces = (uint64_t)sqlite3_column_int64(stmt, 7),
        .reason = nj_arena_copy(b->arena, nj_db_text(stmt, 8)),
        .version = nj_arena_copy(b->arena, nj_db_text(stmt, 9)),
        .policy_digest = nj_arena_copy(b->arena, nj_db_text(stmt, 10)),
        .sampling = nj_arena_copy(b->arena, nj_db_text(stmt, 11)),
        .models = nj_arena_copy(b->arena, nj_db_text(stmt, 12)),
        .rows = nj_results_new(),
    };
    enum nj_status st = night.rows && night.models.ptr
                            ? NJ_OK
                            : nj_fail(err, NJ_ENOMEM, "no memory for nights");

    for (size_t i = 0; i < nj_night_tables_len && st == NJ_OK; i++)
        if (nj_night_tables[i] != NJ_TABLE_call_tree || has_frames)
            st = nj_result_table_load(nj_results_table(night.rows, nj_night_tables[i]), db,
                                      OWNER, id, err);
    if (st == NJ_OK)
        st = nj_results_check(night.rows, err);
    if (st == NJ_OK)
        return nj_baseline_add(b, &night, err);
    nj_results_free(night.rows);
    return st;
}

static enum nj_status
event_load(struct nj_baseline *b, sqlite3_stmt *stmt, struct nj_error *err)
{
    const struct nj_baseline_event event = {sqlite3_column_int64(stmt, 0), nj_db_text(stmt, 1),
                                            nj_db_text(stmt, 2), nj_db_text(stmt, 3)};
    return nj_baseline_log(b, &event, err);
}

static enum nj_status
rows_load(struct nj_baseline *b, sqlite3 *db, struct nj_error *err)
{
    char sql[320];
    sqlite3_stmt *stmt = NULL;
    int64_t has_frames = 0;
    enum nj_status st = nj_db_integer(
        &has_frames, db, "SELECT count(*) FROM sqlite_master WHERE name = 'call_tree'", err);

    (void)snprintf(sql, sizeof sql, "SELECT %s FROM nights ORDER BY night", night_columns);
    if (st == NJ_OK)
        st = nj_db_prepare(&stmt, db, sql, err);
    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK)
        st = night_load(b, db, stmt, has_frames != 0, err);
    (void)sqlite3_finalize(stmt);
    if (st < 0)
        return st;
    stmt = NULL;
    st = nj_db_prepare(
        &stmt, db, "SELECT time_ns, action, digest, reason FROM events ORDER BY rowid", err);
    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK)
        st = event_load(b, stmt, err);
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_baseline_load(struct nj_baseline **out, const char *path, struct nj_error *err)
{
    struct nj_baseline *b;
    sqlite3 *db = NULL;
    struct stat info;

    *out = NULL;
    if (stat(path, &info) != 0)
        return errno == ENOENT ? NJ_OK
                               : nj_fail(err, NJ_EIO, "reading %s: %s", path, strerror(errno));
    b = nj_baseline_new();
    if (!b)
        return nj_fail(err, NJ_ENOMEM, "no memory to read %s", path);
    enum nj_status st = nj_db_open(&db, path, NJ_DB_READ, NULL, err);
    if (st == NJ_OK)
        st = nj_db_mark_check(db, &own_mark, path, err);
    if (st == NJ_OK)
        st = rows_load(b, db, err);
    (void)sqlite3_close(db);
    if (st < 0) {
        nj_baseline_free(b);
        return nj_fail(err, st, "the baseline %s cannot be read", path);
    }
    *out = b;
    return NJ_OK;
}

/* Waits for the lock of an open file, looking again 20 times a second. */
static bool
lock_wait(int fd)
{
    for (int i = 0; i < 1200; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        (void)nanosleep(&(struct timespec){0, 50000000}, NULL);
    }
    return false;
}

enum nj_status
nj_baseline_lock(struct nj_baseline_lock *out, const char *path, struct nj_error *err)
{
    char *target = realpath(path, NULL);
    const char *base = target ? target : path;
    size_t len = strlen(base);
    struct stat ours, there;

    *out = (struct nj_baseline_lock){malloc(len + sizeof ".lock"), -1};
    if (out->path) {
        memcpy(out->path, base, len);
        memcpy(out->path + len, ".lock", sizeof ".lock");
    }
    free(target);
    if (!out->path)
        return nj_fail(err, NJ_ENOMEM, "no memory to lock %s", path);
    /* Whoever had it takes the name away: then ours is a file that nobody else will find. */
    for (;;) {
        out->fd = open(out->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        bool is_locked = out->fd >= 0 && lock_wait(out->fd);
        if (is_locked && fstat(out->fd, &ours) == 0 && stat(out->path, &there) == 0 &&
            ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
            return NJ_OK;
        int cause = errno;
        if (out->fd >= 0)
            (void)close(out->fd);
        if (is_locked)
            continue;
        enum nj_status st = nj_fail(err, NJ_EIO, "locking the baseline by %s: %s", out->path,
                                    cause == EWOULDBLOCK ? "another process had it for a minute"
                                                         : strerror(cause));
        free(out->path);
        *out = (struct nj_baseline_lock){NULL, -1};
        return st;
    }
}

void
nj_baseline_unlock(struct nj_baseline_lock *lock)
{
    if (lock->fd < 0)
        return;
    (void)unlink(lock->path);
    (void)close(lock->fd);
    free(lock->path);
    *lock = (struct nj_baseline_lock){NULL, -1};
}
