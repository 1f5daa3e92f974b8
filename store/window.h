/* window.h - rows that wait to be inserted together, and the virtual table through which SQLite
 * takes them; only files of store/ include it.
 *
 * One statement for thousands of rows, sorted by the primary key: half the price of binding
 * them one by one, and the tree is filled from left to right. */
#ifndef NJ_STORE_WINDOW_H
#define NJ_STORE_WINDOW_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/cells.h"
#include "store/db.h"

enum { NJ_WINDOW_ROWS = 8192 };

struct nj_window_row {
    uint64_t trace;
    struct nj_trace_id trace_id;
    struct nj_cells cells;
    size_t facts_at;  /* in window->facts */
    bool is_repeated; /* set by the insert: the store had it */
};

struct nj_window {
    struct nj_window_row *rows; /* room for NJ_WINDOW_ROWS */
    uint32_t *order;            /* indexes of rows by primary key */
    uint32_t rows_len;
    struct nj_buf facts;
    bool is_packed;           /* of a skeleton: `facts` has what packed.h writes before them */
    struct nj_arena *scratch; /* for sorting */
    uint32_t current;         /* index in `order` while the statement runs */
    sqlite3_stmt *insert;
};

/* Makes an empty window whose rows go into the table `spans` of `db`. It must not move. */
enum nj_status nj_window_init(struct nj_window *window, sqlite3 *db, bool is_packed,
                              struct nj_error *err) NJ_CHECKED;
void nj_window_fini(struct nj_window *window);
/* Inserts all rows but those that the store has, and marks these. The rows stay to be looked at
 * until nj_window_clear. */
enum nj_status nj_window_insert(struct nj_window *window, struct nj_error *err) NJ_CHECKED;
void nj_window_clear(struct nj_window *window);

#endif
