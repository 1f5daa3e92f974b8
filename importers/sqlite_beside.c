/* sqlite_beside.c - rows of one table that belong to rows of another. */
#include "importers/sqlite_beside.h"

static enum nj_status
row_next(struct nj_sqlite_beside *beside, struct nj_error *err)
{
    enum nj_status st = nj_sqlite_next(beside->rows, err);

    beside->has_row = st == NJ_OK;
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_sqlite_beside_open(struct nj_sqlite_beside *beside, struct nj_sqlite *db, const char *table,
                      const char *sql, struct nj_error *err)
{
    if (!nj_sqlite_has_table(db, table))
        return NJ_OK;
    enum nj_status st = nj_sqlite_query(&beside->rows, db, sql, err);
    return st == NJ_OK ? row_next(beside, err) : st;
}

void
nj_sqlite_beside_close(struct nj_sqlite_beside *beside)
{
    nj_sqlite_rows_close(beside->rows);
}

/* The current row's key against `key`. */
static int
key_compare(const struct nj_sqlite_beside *beside, const struct nj_value *key)
{
    struct nj_value found = nj_sqlite_value(beside->rows, 0);

    if (key->type == NJ_VALUE_INT)
        return found.type == NJ_VALUE_INT
                   ? (found.integer > key->integer) - (found.integer < key->integer)
                   : -1;
    return nj_slice_cmp(nj_value_text(&found), nj_value_text(key));
}

enum nj_status
nj_sqlite_beside_seek(struct nj_sqlite_beside *beside, const struct nj_value *key,
                      bool *is_there, struct nj_error *err)
{
    enum nj_status st = NJ_OK;
    int order = 1;

    while (st == NJ_OK && beside->has_row && (order = key_compare(beside, key)) < 0)
        st = row_next(beside, err);
    *is_there = st == NJ_OK && beside->has_row && order == 0;
    return st;
}

enum nj_status
nj_sqlite_beside_next(struct nj_sqlite_beside *beside, const struct nj_value *key,
                      bool *is_there, struct nj_error *err)
{
    enum nj_status st = row_next(beside, err);
    return st == NJ_OK ? nj_sqlite_beside_seek(beside, key, is_there, err) : st;
}
