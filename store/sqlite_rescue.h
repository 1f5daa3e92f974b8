/* sqlite_rescue.h - what can still be read of a damaged SQLite file; only files of store/
 * include it. */
#ifndef NJ_STORE_SQLITE_RESCUE_H
#define NJ_STORE_SQLITE_RESCUE_H

#include "store/sqlite_reader.h"

#include <sqlite3.h>

/* Makes `db` read a file that is shorter than its head says, as far as it goes. */
void nj_rescue_tolerate(sqlite3 *db);
/* Whether SQLite finds the file whole: its pages, and that all of them are there. */
bool nj_rescue_is_whole(sqlite3 *db);
/* Copies every row that can be read from all tables of `from` into the empty database `to`:
 * tables and columns keep their names and values their types. For each part of a table that
 * cannot be read *tell is called with its place, "table spans behind row 41". Rows are looked
 * for behind damage by their numbers, twice as far each time and then back by halves. */
enum nj_status nj_rescue(sqlite3 *from, sqlite3 *to, const struct nj_sqlite_damage *tell,
                         struct nj_error *err) NJ_CHECKED;

#endif
