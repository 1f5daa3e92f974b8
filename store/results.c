/* results.c - results of an analysis as a file, and back. */
#include "store/results.h"

#include "base/buf.h"
#include "base/outfile.h"
#include "store/db.h"
#include "store/result_tables.h"

static const struct nj_db_mark own_mark = {
    .application_id = UINT32_C(0x6e6a7273), /* "njrs" */
    .version = 3,
    .what = "results",
    .remedy = ": analyze the traces again",
};

bool
nj_results_sniff(struct nj_slice head)
{
    return nj_db_mark_sniff(&own_mark, head);
}

static enum nj_status
tables_save(sqlite3 *db, const struct nj_results *results, struct nj_error *err)
{
    enum nj_status st = nj_db_exec(db, "BEGIN", err);

    for (int i = 0; i < NJ_TABLES_LEN && st == NJ_OK; i++) {
        enum nj_table_id id = (enum nj_table_id)i;
        st = nj_result_table_create(db, id, NULL, err);
        if (st == NJ_OK)
            st = nj_result_table_save(db, nj_results_view(results, id), NULL, 0, err);
    }
    if (st == NJ_OK)
        st = nj_db_mark_put(db, &own_mark, err);
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
tables_load(struct nj_results *results, const char *path, struct nj_error *err)
{
    sqlite3 *db = NULL;
    enum nj_status st = nj_db_open(&db, path, NJ_DB_READ, NULL, err);

    if (st == NJ_OK)
        st = nj_db_mark_check(db, &own_mark, path, err);
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
