/* database.h - SQLite files for tests, out of SQL scripts. */
#ifndef NJ_TESTS_DATABASE_H
#define NJ_TESTS_DATABASE_H

#include "base/slice.h"

#include <sqlite3.h>

/* Runs the script in the file at `path`. */
void database_run(sqlite3 *db, const char *path);
/* The bytes of the database that a script makes, with NJ_STREAM_PAD zeros behind them. Free
 * with free(). */
struct nj_slice database_read(const char *path);

#endif
