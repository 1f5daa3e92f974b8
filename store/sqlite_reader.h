/* sqlite_reader.h - reads SQLite files of other tools without ever touching them (floor 2).
 *
 * What a write-ahead log or a rollback journal beside the file holds is taken into account on a
 * private copy; file, log and index of the other tool stay as they are. */
#ifndef NJ_STORE_SQLITE_READER_H
#define NJ_STORE_SQLITE_READER_H

#include "base/stream.h"
#include "schema/value.h"

struct nj_sqlite;      /* an open file */
struct nj_sqlite_rows; /* a running query */

/* NJ_EFORMAT: not an SQLite file; NJ_EIO; NJ_ESTORE: damaged, or it keeps changing while it is
 * copied. */
enum nj_status nj_sqlite_open(struct nj_sqlite **out, const char *path,
                              struct nj_error *err) NJ_CHECKED;
/* The same of what a stream holds from where it stands to its end, through a private copy:
 * compressed files, standard input. `path` is for messages. */
enum nj_status nj_sqlite_open_stream(struct nj_sqlite **out, struct nj_stream *stream,
                                     const char *path, struct nj_error *err) NJ_CHECKED;
/* Who is told of damage: `place` is a part of a table. */
struct nj_sqlite_damage {
    void (*call)(void *context, const char *place);
    void *context;
};
/* Looks through the whole file, before any query. Where it is cut off or damaged, what can be
 * read of it goes into a private copy, which is read from then on, and *tell is called for each
 * part that cannot. */
enum nj_status nj_sqlite_repair(struct nj_sqlite *db, const struct nj_sqlite_damage *tell,
                                struct nj_error *err) NJ_CHECKED;
/* All queries must be closed before. NULL is fine. */
void nj_sqlite_close(struct nj_sqlite *db);

/* Path of the private copy that is read in place of the file, as long as it is open; NULL: the
 * file itself is read. */
const char *nj_sqlite_copy(const struct nj_sqlite *db);

/* Whether these first bytes of a file are those of an SQLite file. */
bool nj_sqlite_sniff(struct nj_slice head);
/* Whether there is something beside the file that holds a part of its content. */
bool nj_sqlite_has_log(const char *path);
/* Whether there is such a table or view, and such a column in it. */
bool nj_sqlite_has_table(struct nj_sqlite *db, const char *table);
bool nj_sqlite_has_column(struct nj_sqlite *db, const char *table, const char *column);

/* Starts one SELECT. NJ_EFORMAT when the file has not the tables or columns it names. */
enum nj_status nj_sqlite_query(struct nj_sqlite_rows **out, struct nj_sqlite *db,
                               const char *sql, struct nj_error *err) NJ_CHECKED;
/* Gives the query's parameter `index` (1-based) a value, before the first row or after a
 * rewind; the text is copied. */
enum nj_status nj_sqlite_bind_int(struct nj_sqlite_rows *rows, int index, int64_t value,
                                  struct nj_error *err) NJ_CHECKED;
enum nj_status nj_sqlite_bind_text(struct nj_sqlite_rows *rows, int index, struct nj_slice text,
                                   struct nj_error *err) NJ_CHECKED;
/* To before the first row; parameters keep their values. */
void nj_sqlite_rewind(struct nj_sqlite_rows *rows);
/* The next row: NJ_OK, or NJ_DONE after the last. */
enum nj_status nj_sqlite_next(struct nj_sqlite_rows *rows, struct nj_error *err) NJ_CHECKED;
void nj_sqlite_rows_close(struct nj_sqlite_rows *rows);

int nj_sqlite_columns(const struct nj_sqlite_rows *rows);
/* Name of a column, as long as the rows are open. */
struct nj_slice nj_sqlite_column(const struct nj_sqlite_rows *rows, int column);
/* Column `column` (0-based) of the current row: NULL, INT, DOUBLE, STRING or BYTES. Bytes are
 * borrowed until the next row. */
struct nj_value nj_sqlite_value(const struct nj_sqlite_rows *rows, int column);
/* The same as text whatever its type (numbers are printed), empty for NULL. */
struct nj_slice nj_sqlite_text(const struct nj_sqlite_rows *rows, int column);

#endif
