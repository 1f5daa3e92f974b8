/* plan.h - which files an import reads, in which order, and with which importer (floor 3). */
#ifndef NJ_IMPORTERS_PLAN_H
#define NJ_IMPORTERS_PLAN_H

#include "base/arena.h"
#include "importers/importer.h"
#include "store/store.h"

struct nj_planned {
    const char *path;
    const struct nj_importer *importer;
    struct nj_stream *stream; /* already open where it can be read only once, else NULL */
    uint64_t bytes;           /* 0 where that is not known */
    int64_t modified_ns;      /* 0 likewise */
};

struct nj_plan {
    struct nj_arena *arena;
    struct nj_planned *inputs;
    size_t len, cap;
    uint64_t
        known_len; /* inputs left out because the same bytes are in the store or the plan */
};

/* Plans the given paths in their order; a directory stands for all regular files below it,
 * sorted by path, without hidden ones and without links to directories. What is no trace is an
 * error where it was named, and NJ_DIAG_FILE_SKIPPED in a directory. */
enum nj_status nj_plan_make(struct nj_plan *plan, const char *const *paths, size_t len,
                            struct nj_diags *diags, struct nj_error *err) NJ_CHECKED;
/* Leaves out what need not be read again: files whose bytes are those of a finished input of
 * the store, or of an earlier file of the plan. */
enum nj_status nj_plan_drop_known(struct nj_plan *plan, const struct nj_store *store,
                                  struct nj_error *err) NJ_CHECKED;
/* Whether it was made or not. */
void nj_plan_fini(struct nj_plan *plan);

/* Opens a stream and fills it as far as sniffing looks. */
enum nj_status nj_plan_open(struct nj_stream **out, const char *path,
                            struct nj_error *err) NJ_CHECKED;

#endif
