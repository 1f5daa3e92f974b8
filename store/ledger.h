/* ledger.h - the tables of inputs and their diagnostics; only files of store/ include it. */
#ifndef NJ_STORE_LEDGER_H
#define NJ_STORE_LEDGER_H

#include "store/db.h"
#include "store/store.h"

/* The input of this path, size and time of change that is not finished: NJ_OK with its number
 * and row, or NJ_DONE. Texts of *out are not set. */
enum nj_status nj_ledger_find(sqlite3 *db, const struct nj_store_input *input, uint64_t *number,
                              struct nj_store_input *out, struct nj_error *err) NJ_CHECKED;
/* A new row at the end. */
enum nj_status nj_ledger_add(sqlite3 *db, const struct nj_store_input *input, uint64_t *number,
                             struct nj_error *err) NJ_CHECKED;
/* Writes everything but path and time of change. */
enum nj_status nj_ledger_update(sqlite3 *db, uint64_t number,
                                const struct nj_store_input *input,
                                struct nj_error *err) NJ_CHECKED;
enum nj_status nj_ledger_remove(sqlite3 *db, uint64_t number, struct nj_error *err) NJ_CHECKED;
/* Whether a finished input has this digest. */
enum nj_status nj_ledger_has(sqlite3 *db, struct nj_slice digest, bool *out,
                             struct nj_error *err) NJ_CHECKED;
enum nj_status nj_ledger_put_diags(sqlite3 *db, uint64_t number, const struct nj_diags *diags,
                                   struct nj_error *err) NJ_CHECKED;
/* As nj_store_diags. */
enum nj_status nj_ledger_get_diags(sqlite3 *db, size_t number, struct nj_diags *into,
                                   struct nj_error *err) NJ_CHECKED;

#endif
