/* trace_table.h - numbers of traces by their ids while spans are written; only files of store/
 * include it.
 *
 * Recent traces are held in memory, however many the store has; a trace that was pushed out is
 * found again by the unique index. Counts are gathered and written at a flush. */
#ifndef NJ_STORE_TRACE_TABLE_H
#define NJ_STORE_TRACE_TABLE_H

#include "schema/ids.h"
#include "store/db.h"

struct nj_trace_table;

enum nj_status nj_trace_table_new(struct nj_trace_table **out, sqlite3 *db,
                                  struct nj_error *err) NJ_CHECKED;
void nj_trace_table_free(struct nj_trace_table *table);

/* The number of a trace, a new one if need be, and `spans` more (or less) in it, the earliest
 * of which starts at `start_ns` (NJ_NO_TIME: not known). */
enum nj_status nj_trace_table_add(struct nj_trace_table *table, const struct nj_trace_id *id,
                                  struct nj_slice text, int64_t start_ns, int spans,
                                  uint64_t *number, struct nj_error *err) NJ_CHECKED;
/* Writes all counts; before a commit. */
enum nj_status nj_trace_table_flush(struct nj_trace_table *table,
                                    struct nj_error *err) NJ_CHECKED;

#endif
