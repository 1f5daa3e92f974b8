/* sqlite_input.h - inputs that are SQLite files of other tools (floor 3). */
#ifndef NJ_IMPORTERS_SQLITE_INPUT_H
#define NJ_IMPORTERS_SQLITE_INPUT_H

#include "importers/importer.h"
#include "store/sqlite_reader.h"

/* Opens the database of an input: the file itself with what stands beside it, or, where it came
 * compressed or from standard input, a private copy of the stream. */
enum nj_status nj_sqlite_input_open(struct nj_sqlite **out, struct nj_input *input,
                                    struct nj_error *err) NJ_CHECKED;
/* The same for files of other tools: of a damaged one, what can be read; the rest is counted.
 */
enum nj_status nj_sqlite_input_rescue(struct nj_sqlite **out, struct nj_input *input,
                                      struct nj_diags *diags, struct nj_error *err) NJ_CHECKED;

/* How sure (see importer.h) that these first bytes belong to a database with all these tables.
 * 0 where they do not show: nj_sqlite_importer_find looks further. */
int nj_sqlite_tables_sniff(struct nj_slice head, const char *tables);

/* The importer whose tables are all in this SQLite file, or NULL. */
enum nj_status nj_sqlite_importer_find(const struct nj_importer **out, const char *path,
                                       struct nj_error *err) NJ_CHECKED;

#endif
