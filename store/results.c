/* results.c - results of an analysis as a file, and back. */
#include "store/results.h"

#include "base/buf.h"
#include "base/outfile.h"
#include "store/db.h"
#include "store/result_tables.h"

#include <stdio.h>

/* The version of the tables; it grows when an older file would be read wrongly. */
enum { RESULTS_VERSION = 2 };
#define RESULTS_APPLICATION_ID UINT32_C(0x6e6a7273) /* "njrs" */

bool
nj_results_sniff(struct nj_slice head)
{
    uint32_t application_id, version;
    return nj_db_header(head, &application_id, &version) &&
           application_id == RESULTS_APPLICATION_ID;
}

static enum nj_status
tables_save(sqlite3 *db, const struct nj_results *results, struct nj_error *err)
{
    char mark[96];
    enum nj_status st = nj_db_exec(db, "BEGIN", err);

    for (int i = 0; i < NJ_TABLES_LEN && st == NJ_OK; i++) {
        enum nj_table_id id = (enum nj_table_id)i;
        st = nj_result_table_create(db, id, NULL, err);
        if (st == NJ_OK)
            st = nj_result_table_save(db, nj_results_view(results, id), NULL, 0, err);
    }
    (void)snprintf(mark, sizeof mark, "PRAGMA application_id = %u; PRAGMA user_version = %d",
                   (unsigned)RESULTS_APPLICATION_ID, RESULTS_VERSION);
    if (st == NJ_OK)
        st = nj_db_exec(db, mark, err);
    return st < 0 ? st : nj_db_exec(db, "COMMIT", err);
}

enum nj_status
nj_results_save(const struct nj_results *results, const char *path, struct nj_error *err)
{
    sqlite3 *db = NULL;
    sqlite3_int64 len = 0;
    enum nj_status st = nj_results_check(results, err);

    if (st == NJ_OK)
        st = nj_db_open(&db, ":memory:", NJ_DB_CREATE, NULL, err);
    if (st == NJ_OK)
        st = tables_save(db, results, err);
    if (st < 0) {
        (void)sqlite3_close(db);
        return nj_fail(err, st, "%s: results were not written", path);
    }
    unsigned char *bytes = sqlite3_serialize(db, "main", &len, 0);
    (void)sqlite3_close(db);
    if (!bytes)
        return nj_fail(err, NJ_ENOMEM, "no memory to write %s", path);
    st = nj_outfile_write(path, (struct nj_slice){(const char *)bytes, (size_t)len}, err);
    sqlite3_free(bytes);
    return st;
}

static enum nj_status
version_check(sqlite3 *db, const char *path, struct nj_error *err)
{
    int64_t application_id, version;
    enum nj_status st = nj_db_integer(&application_id, db, "PRAGMA application_id", err);

    if (st == NJ_OK)
        st = nj_db_integer(&version, db, "PRAGMA user_version", err);
    if (st < 0)
        return st;
    if (application_id != (int64_t)RESULTS_APPLICATION_ID)
        return nj_fail(err, NJ_EFORMAT, "%s: an SQLite file, but not one of nightjar's results",
                       path);
    if (version != RESULTS_VERSION)
        return nj_fail(
            err, NJ_EFORMAT,
            "%s: results of version %lld; this nightjar reads version %d: analyze the "
            "traces again",
            path, (long long)version, RESULTS_VERSION);
    return NJ_OK;
}

static enum nj_status
tables_load(struct nj_results *results, const char *path, struct nj_error *err)
{
    sqlite3 *db = NULL;
    enum nj_status st = nj_db_open(&db, path, NJ_DB_READ, NULL, err);

    if (st == NJ_OK)
        st = version_check(db, path, err);
    for (int i = 0; i < NJ_TABLES_LEN && st == NJ_OK; i++)
        st = nj_result_table_load(nj_results_table(results, (enum nj_table_id)i), db, NULL, 0,
                                  err);
    (void)sqlite3_close(db);
    return st < 0 ? st : nj_results_check(results, err);
}

enum nj_status
nj_results_load(struct nj_results **out, const char *path, struct nj_error *err)
{
    struct nj_results *results = nj_results_new();

    if (!results)
        return nj_fail(err, NJ_ENOMEM, "no memory to read %s", path);
    enum nj_status st = tables_load(results, path, err);
    if (st < 0) {
        nj_results_free(results);
        return st;
    }
    *out = results;
    return NJ_OK;
}
