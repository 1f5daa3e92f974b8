/* results.h - results of an analysis as a file, and back (floor 2).
 *
 * A small SQLite file with one table for each of results.def. */
#ifndef NJ_STORE_RESULTS_H
#define NJ_STORE_RESULTS_H

#include "schema/results.h"

/* Writes all tables; the file is whole or not there. Equal results give equal bytes. */
enum nj_status nj_results_save(const struct nj_results *results, const char *path,
                               struct nj_error *err) NJ_CHECKED;
/* Reads a file that nj_results_save made; release *out with nj_results_free. NJ_EFORMAT: not a
 * results file, or one of another version; NJ_ESTORE: damaged. */
enum nj_status nj_results_load(struct nj_results **out, const char *path,
                               struct nj_error *err) NJ_CHECKED;
/* Whether these first bytes of a file (100 are enough) are those of a results file. */
bool nj_results_sniff(struct nj_slice head);

#endif
