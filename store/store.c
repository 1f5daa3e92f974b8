/* store.c - opening and closing a store, and what its corpus holds in memory. */
#include "store/store.h"

#include "store/columns.h"
#include "store/handle.h"
#include "store/migrate.h"
#include "store/tempfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a lock of another process is waited for before the store counts as in use. */
enum { LOCK_WAIT_MS = 1000 };

/* Nothing of them outlives the process. */
#define TEMPORARY_PRAGMAS                                                                      \
    "PRAGMA page_size = 32768;"                                                                \
    "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"                                  \
    "PRAGMA temp_store = FILE; PRAGMA cache_size = -16384"

/* Pages of 32 KiB: rows are small and read in order. A journal that is truncated: a store is
 * only appended to, so little is written into it, and it survives being killed. */
static const char *const pragmas[] = {
    [NJ_STORE_READ] = "PRAGMA query_only = ON; PRAGMA cell_size_check = ON;"
                      "PRAGMA cache_size = -2048",
    [NJ_STORE_WRITE] = "PRAGMA page_size = 32768;"
                       "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;"
                       "PRAGMA temp_store = FILE; PRAGMA cache_size = -49152",
    [NJ_STORE_TEMPORARY] = TEMPORARY_PRAGMAS,
    [NJ_STORE_SKELETON] = TEMPORARY_PRAGMAS,
};

/* Whether the store is gone when it is closed. */
static bool
is_temporary(enum nj_store_mode mode)
{
    return mode == NJ_STORE_TEMPORARY || mode == NJ_STORE_SKELETON;
}

bool
nj_store_has_contents(const struct nj_store *store)
{
    return store->mode != NJ_STORE_SKELETON;
}

static const char *
store_vfs(const struct nj_store *store)
{
    return is_temporary(store->mode) ? nj_tempfile_vfs() : NULL;
}

bool
nj_store_sniff(struct nj_slice head)
{
    uint32_t application_id, version;
    return nj_db_header(head, &application_id, &version) &&
           application_id == NJ_STORE_APPLICATION_ID;
}

enum nj_status
nj_store_connect(sqlite3 **out, const struct nj_store *store, struct nj_error *err)
{
    enum nj_status st = nj_db_open(out, store->path, NJ_DB_READ, store_vfs(store), err);

    if (st < 0)
        return st;
    (void)sqlite3_busy_timeout(*out, LOCK_WAIT_MS);
    st = nj_db_exec(*out, pragmas[NJ_STORE_READ], err);
    if (st < 0)
        (void)sqlite3_close(*out);
    return st;
}

/* A clear word before SQLite is asked: it would call a text file "not a database". */
static enum nj_status
file_check(const char *path, enum nj_store_mode mode, struct nj_error *err)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        if (errno == ENOENT && mode == NJ_STORE_WRITE)
            return NJ_OK;
        return nj_fail(err, NJ_EIO, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(info.st_mode))
        return nj_fail(err, NJ_EIO, "%s: expected a file", path);
    if (info.st_size == 0 && mode == NJ_STORE_READ)
        return nj_fail(err, NJ_EFORMAT,
                       "%s: byte 0: expected a nightjar store, the file is empty", path);
    return NJ_OK;
}

/* The table of spans in its short form. */
static enum nj_status
skeleton_make(sqlite3 *db, struct nj_error *err)
{
    return nj_db_exec(db,
                      "DROP VIEW span_view; DROP VIEW trace_view; DROP TABLE spans;"
                      "CREATE TABLE spans (" NJ_SKELETON_COLUMNS
                      ", PRIMARY KEY (trace, start_ns, span_id, digest)) WITHOUT ROWID",
                      err);
}

static enum nj_status
version_settle(struct nj_store *store, struct nj_error *err)
{
    enum nj_status st = nj_store_recognise(store->db, err);

    if (st != NJ_DONE)
        return st;
    if (store->mode != NJ_STORE_READ)
        return nj_store_migrate(store->db, err);
    return nj_fail(err, NJ_EFORMAT,
                   "%s: a store of an older version; any import into it brings it up to date",
                   store->name);
}

static enum nj_status
store_begin(struct nj_store *store, struct nj_error *err)
{
    enum nj_db_mode mode = store->mode == NJ_STORE_WRITE ? NJ_DB_CREATE : NJ_DB_CHANGE;
    enum nj_status st = nj_db_open(&store->db, store->path, mode, store_vfs(store), err);

    if (st < 0)
        return st;
    (void)sqlite3_busy_timeout(store->db, LOCK_WAIT_MS);
    st = nj_db_exec(store->db, pragmas[store->mode], err);
    if (st == NJ_OK)
        st = version_settle(store, err);
    if (st == NJ_OK && store->mode == NJ_STORE_SKELETON)
        st = skeleton_make(store->db, err);
    if (st == NJ_OK)
        st = nj_store_load_names(store, err);
    return st < 0 ? st : nj_store_refresh(store, err);
}

enum nj_status
nj_store_open(struct nj_store **out, const char *path, enum nj_store_mode mode,
              struct nj_error *err)
{
    char nameless[NJ_TEMPFILE_PATH];
    struct nj_store *store = calloc(1, sizeof *store);
    enum nj_status st = NJ_OK;

    if (!store)
        return nj_fail(err, NJ_ENOMEM, "no memory to open a store");
    store->mode = mode;
    store->fd = -1;
    if (is_temporary(mode)) {
        st = nj_tempfile_open(&store->fd, err);
        nj_tempfile_path(nameless, store->fd);
        path = nameless;
    } else {
        st = file_check(path, mode, err);
    }
    store->path = st == NJ_OK ? strdup(path) : NULL;
    store->name = is_temporary(mode) ? "temporary store" : store->path;
    store->corpus = (struct nj_corpus){
        .names = nj_names_new(),
        .open = nj_source_open,
        .infos = nj_source_infos,
        .payload = nj_source_payload,
        .scope = nj_source_scope,
    };
    if (st == NJ_OK && (!store->path || !store->corpus.names))
        st = nj_fail(err, NJ_ENOMEM, "no memory to open %s", path);
    if (st == NJ_OK)
        st = store_begin(store, err);
    if (st < 0) {
        nj_store_close(store);
        return st;
    }
    *out = store;
    return NJ_OK;
}

void
nj_store_close(struct nj_store *store)
{
    if (!store)
        return;
    (void)sqlite3_close(store->db);
    if (store->fd >= 0)
        (void)close(store->fd);
    nj_names_free(store->corpus.names);
    free(store->scopes);
    free(store->classes);
    free(store->path);
    free(store);
}

const struct nj_corpus *
nj_store_corpus(const struct nj_store *store)
{
    return &store->corpus;
}
