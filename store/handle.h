/* handle.h - what an open store is; only files of store/ include it. */
#ifndef NJ_STORE_HANDLE_H
#define NJ_STORE_HANDLE_H

#include "store/cells.h"
#include "store/db.h"
#include "store/store.h"

struct nj_store {
    struct nj_corpus corpus; /* first: its callbacks find the store by it */
    sqlite3 *db;
    char *path;       /* as SQLite opens it */
    const char *name; /* for messages */
    enum nj_store_mode mode;
    int fd; /* of a temporary store, else -1 */
    struct nj_scope_info *scopes;
    struct nj_class *classes;
    uint32_t classes_len;
    size_t scopes_cap, classes_cap;
};

/* Opens one more connection to the store's file, for reading. */
enum nj_status nj_store_connect(sqlite3 **out, const struct nj_store *store,
                                struct nj_error *err) NJ_CHECKED;
/* Names of the store get the numbers that they have in it; once, before any other name. */
enum nj_status nj_store_load_names(struct nj_store *store, struct nj_error *err) NJ_CHECKED;
/* Reads scopes, classes and counts anew, after writing. Names are kept up to date by the
 * writer. */
enum nj_status nj_store_refresh(struct nj_store *store, struct nj_error *err) NJ_CHECKED;

/* The corpus's callbacks (source.c). */
enum nj_status nj_source_open(const struct nj_corpus *corpus, uint64_t first, uint64_t last,
                              struct nj_source **out, struct nj_error *err);
enum nj_status nj_source_infos(const struct nj_corpus *corpus, struct nj_arena *arena,
                               struct nj_trace_info **out, struct nj_error *err);
enum nj_status nj_source_payload(struct nj_source *source, const struct nj_row *row,
                                 struct nj_arena *arena, struct nj_span *out,
                                 struct nj_error *err);
enum nj_status nj_source_scope(struct nj_source *source, uint32_t index, struct nj_arena *arena,
                               struct nj_scope *out, struct nj_error *err);

#endif
