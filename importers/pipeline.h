/* pipeline.h - files of any format into a store, on all cores (floor 3).
 *
 * Inputs are read and encoded by several threads and written by the calling one, in their
 * order: what is in the store does not depend on timing. The ledger is committed together with
 * the spans, so an import that is killed at any moment is completed by the same call, and the
 * store is then what it would have been without the kill. */
#ifndef NJ_IMPORTERS_PIPELINE_H
#define NJ_IMPORTERS_PIPELINE_H

#include "store/store.h"

struct nj_import_progress {
    uint64_t bytes_read, bytes_len; /* raw; bytes_len 0: not known */
    uint64_t spans;
    size_t inputs_done, inputs_len;
};

struct nj_import_options {
    unsigned jobs; /* threads that read; 0: one a core */
    /* Called by the calling thread several times a second; may be NULL. */
    void (*tell)(void *context, const struct nj_import_progress *progress);
    void *context;
};

struct nj_import_report {
    uint64_t inputs;       /* files read */
    uint64_t known;        /* files left out: the same bytes were imported before */
    uint64_t spans;        /* stored */
    uint64_t repeated;     /* left out: stored before with the same content */
    uint64_t bytes;        /* raw */
    struct nj_diags diags; /* of these inputs, and of folders among them */
};

/* Imports files and folders ("-": standard input) into a store that is open for writing or
 * temporary. A file that was named and is no trace fails with NJ_EFORMAT before anything is
 * stored. After another failure the store keeps what was committed and knows what is
 * unfinished. *report is filled in either case. */
enum nj_status nj_import(struct nj_store *store, const char *const *inputs, size_t inputs_len,
                         const struct nj_import_options *options,
                         struct nj_import_report *report, struct nj_error *err) NJ_CHECKED;

#endif
