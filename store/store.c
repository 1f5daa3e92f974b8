/* store.c - opening and closing a store, and what its corpus holds in memory. */
#include "store/store.h"

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

/* Pages of 32 KiB: rows are small and read in order. A journal that is truncated: a store is
 * only appended to, so little is written into it, and it survives being killed. */
static const char *const pragmas[] = {
    [NJ_STORE_READ] = "PRAGMA query_only = ON; PRAGMA cell_size_check = ON;"
                      "PRAGMA cache_size = -8192",
    [NJ_STORE_WRITE] = "PRAGMA page_size = 32768;"
                       "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;"
                       "PRAGMA temp_store = FILE; PRAGMA cache_size = -65536",
    [NJ_STORE_TEMPORARY] = "PRAGMA page_size = 32768;"
                           "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"
                           "PRAGMA temp_store = FILE; PRAGMA cache_size = -65536",
};

static const char *
store_vfs(const struct nj_store *store)
{
    return store->mode == NJ_STORE_TEMPORARY ? nj_tempfile_vfs() : NULL;
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

/* Names in the store have the numbers that they get here. */
static enum nj_status
names_load(struct nj_store *store, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st =
        nj_db_prepare(&stmt, store->db, "SELECT id, text FROM names ORDER BY id", err);

    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK) {
        uint32_t id = nj_names_intern(store->corpus.names, nj_db_text(stmt, 1));
        if (id == UINT32_MAX)
            st = nj_fail(err, NJ_ENOMEM, "%s: no memory for its names", store->path);
        else if ((int64_t)id != sqlite3_column_int64(stmt, 0))
            st = nj_fail(err, NJ_ESTORE, "%s: damaged: name %lld is not in its place",
                         store->path, (long long)sqlite3_column_int64(stmt, 0));
    }
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}

static bool
scope_read(struct nj_scope_info *out, sqlite3_stmt *stmt, uint32_t names_len)
{
    int64_t columns[4];

    for (int i = 0; i < 4; i++)
        columns[i] = sqlite3_column_int64(stmt, i + 1);
    for (int i = 0; i < 3; i++)
        if (columns[i] < 0 || columns[i] >= names_len)
            return false;
    *out = (struct nj_scope_info){
        .service = (uint32_t)columns[0],
        .host = (uint32_t)columns[1],
        .scope_name = (uint32_t)columns[2],
        .granularity_ns = (uint32_t)columns[3],
    };
    return columns[3] == 1 || columns[3] == 1000 || columns[3] == 1000000;
}

static enum nj_status
scopes_load(struct nj_store *store, struct nj_error *err)
{
    static const char sql[] =
        "SELECT id, service, host, scope_name, granularity_ns FROM scopes ORDER BY id";
    sqlite3_stmt *stmt = NULL;
    uint32_t len = 0, cap = 0;
    enum nj_status st = nj_db_prepare(&stmt, store->db, sql, err);

    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK) {
        if (len == cap) {
            cap = cap ? cap * 2 : 64;
            struct nj_scope_info *scopes = realloc(store->scopes, cap * sizeof *scopes);
            if (!scopes) {
                st = nj_fail(err, NJ_ENOMEM, "%s: no memory for its scopes", store->path);
                break;
            }
            store->scopes = scopes;
        }
        if (sqlite3_column_int64(stmt, 0) != len ||
            !scope_read(&store->scopes[len], stmt, nj_names_len(store->corpus.names)))
            st =
                nj_fail(err, NJ_ESTORE, "%s: damaged: scope %u is not whole", store->path, len);
        len++;
    }
    (void)sqlite3_finalize(stmt);
    store->corpus.scopes = store->scopes;
    store->corpus.scopes_len = st < 0 ? 0 : len;
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_store_refresh(struct nj_store *store, struct nj_error *err)
{
    int64_t traces = 0, spans = 0;
    enum nj_status st = scopes_load(store, err);

    if (st == NJ_OK)
        st = nj_db_integer(&traces, store->db, "SELECT max(number) + 1 FROM traces", err);
    if (st == NJ_OK)
        st = nj_db_integer(&spans, store->db, "SELECT sum(spans) FROM inputs", err);
    if (st == NJ_OK && (traces < 0 || spans < 0))
        st = nj_fail(err, NJ_ESTORE, "%s: damaged: it counts less than nothing", store->path);
    if (st < 0)
        return st;
    store->corpus.traces_len = (uint64_t)traces;
    store->corpus.spans_len = (uint64_t)spans;
    return NJ_OK;
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
                   store->path);
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
    if (st == NJ_OK)
        st = names_load(store, err);
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
    if (mode == NJ_STORE_TEMPORARY) {
        st = nj_tempfile_open(&store->fd, err);
        nj_tempfile_path(nameless, store->fd);
        path = nameless;
    } else {
        st = file_check(path, mode, err);
    }
    store->path = st == NJ_OK ? strdup(path) : NULL;
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
    free(store->path);
    free(store);
}

const struct nj_corpus *
nj_store_corpus(const struct nj_store *store)
{
    return &store->corpus;
}
