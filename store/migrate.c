/* migrate.c - which SQLite files are stores, and how an older one becomes a current one. */
#include "store/migrate.h"

#include "schema/row.h"

/* migrations/N_*.sql, in order; step i makes version i + 1. Append only. */
extern const unsigned char nj_sql_1_tables[], nj_sql_2_views[];
static const unsigned char *const steps[] = {nj_sql_1_tables, nj_sql_2_views};

const int64_t nj_store_version = NJ_LEN(steps);

static enum nj_status
version_read(sqlite3 *db, int64_t *application_id, int64_t *version, struct nj_error *err)
{
    enum nj_status st = nj_db_integer(application_id, db, "PRAGMA application_id", err);
    return st < 0 ? st : nj_db_integer(version, db, "PRAGMA user_version", err);
}

enum nj_status
nj_store_recognise(sqlite3 *db, struct nj_error *err)
{
    int64_t application_id, version, objects = 0;
    const char *file = sqlite3_db_filename(db, "main");
    enum nj_status st = version_read(db, &application_id, &version, err);

    if (st == NJ_OK && application_id == 0 && version == 0)
        st = nj_db_integer(&objects, db, "SELECT count(*) FROM sqlite_schema", err);
    if (st < 0)
        return st;
    bool is_empty = application_id == 0 && version == 0 && objects == 0;
    if (!is_empty && application_id != (int64_t)NJ_STORE_APPLICATION_ID)
        return nj_fail(err, NJ_EFORMAT, "%s: an SQLite file, but not a nightjar store", file);
    if (version > nj_store_version || version < 0)
        return nj_fail(err, NJ_EFORMAT,
                       "%s: a store of version %lld, made by a newer nightjar; this one reads "
                       "up to version %lld",
                       file, (long long)version, (long long)nj_store_version);
    return version == nj_store_version ? NJ_OK : NJ_DONE;
}

/* Names of numbers that the views show. They may have grown since the store was made. */
static enum nj_status
names_fill(sqlite3 *db, const char *sql, const char *(*name)(int), int len,
           struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st = nj_db_prepare(&stmt, db, sql, err);

    for (int i = 0; i < len && st == NJ_OK; i++) {
        (void)sqlite3_bind_int(stmt, 1, i);
        nj_db_bind_text(stmt, 2, nj_slice_of(name(i)));
        st = nj_db_run(stmt, err);
    }
    (void)sqlite3_finalize(stmt);
    return st;
}

static const char *
kind_name(int kind)
{
    return nj_kind_name((enum nj_kind)kind);
}

static const char *
how_name(int how)
{
    return nj_how_name((enum nj_how)how);
}

static enum nj_status
steps_run(sqlite3 *db, struct nj_error *err)
{
    char mark[96];
    int64_t version;
    enum nj_status st = nj_db_integer(&version, db, "PRAGMA user_version", err);

    for (int64_t i = version; i < nj_store_version && st == NJ_OK; i++)
        st = nj_db_exec(db, (const char *)steps[i], err);
    if (st == NJ_OK)
        st = names_fill(db, "INSERT OR REPLACE INTO kinds VALUES (?, ?)", kind_name,
                        NJ_KINDS_LEN, err);
    if (st == NJ_OK)
        st = names_fill(db, "INSERT OR REPLACE INTO hows VALUES (?, ?)", how_name, NJ_HOW_LEN,
                        err);
    (void)sqlite3_snprintf(sizeof mark, mark,
                           "PRAGMA application_id = %u; PRAGMA user_version = %lld",
                           (unsigned)NJ_STORE_APPLICATION_ID, (long long)nj_store_version);
    return st < 0 ? st : nj_db_exec(db, mark, err);
}

enum nj_status
nj_store_migrate(sqlite3 *db, struct nj_error *err)
{
    enum nj_status st = nj_db_exec(db, "BEGIN EXCLUSIVE", err);

    if (st < 0)
        return st;
    st = steps_run(db, err);
    if (st == NJ_OK)
        st = nj_db_exec(db, "COMMIT", err);
    if (st < 0)
        nj_db_try(db, "ROLLBACK");
    return st;
}
