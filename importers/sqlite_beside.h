/* sqlite_beside.h - rows of one table that belong to rows of another, both in the order of a
 * key, so that each is read once (floor 3). */
#ifndef NJ_IMPORTERS_SQLITE_BESIDE_H
#define NJ_IMPORTERS_SQLITE_BESIDE_H

#include "store/sqlite_reader.h"

/* Zeroed before it is opened. Without a table it has no rows. */
struct nj_sqlite_beside {
    struct nj_sqlite_rows *rows; /* the key is column 0 */
    bool has_row;
};

/* Starts `sql`, which orders by the key: numbers by size, or text bytewise. No rows where there
 * is no such table. */
enum nj_status nj_sqlite_beside_open(struct nj_sqlite_beside *beside, struct nj_sqlite *db,
                                     const char *table, const char *sql,
                                     struct nj_error *err) NJ_CHECKED;
void nj_sqlite_beside_close(struct nj_sqlite_beside *beside);

/* Moves over rows of smaller keys; *is_there: the current row has this key. Keys come in order.
 */
enum nj_status nj_sqlite_beside_seek(struct nj_sqlite_beside *beside,
                                     const struct nj_value *key, bool *is_there,
                                     struct nj_error *err) NJ_CHECKED;
/* Past the current row; *is_there as above. */
enum nj_status nj_sqlite_beside_next(struct nj_sqlite_beside *beside,
                                     const struct nj_value *key, bool *is_there,
                                     struct nj_error *err) NJ_CHECKED;

#endif
