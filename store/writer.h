/* writer.h - batches into a store, safely: what is committed is whole and the ledger says so
 * (floor 2).
 *
 * The order of calls is the order in the store: nj_writer_announce for every input, then begin,
 * put…, end for each. One thread. */
#ifndef NJ_STORE_WRITER_H
#define NJ_STORE_WRITER_H

#include "store/batch.h"
#include "store/store.h"

struct nj_writer;

/* The store must be open for writing. While the writer is open nobody else can read or write
 * the store. NJ_ESTORE: in use. */
enum nj_status nj_writer_open(struct nj_writer **out, struct nj_store *store,
                              struct nj_error *err) NJ_CHECKED;

/* What the ledger says of an announced input. */
struct nj_writer_input {
    uint64_t number;        /* its place in the ledger */
    uint64_t resume_offset; /* 0: from the beginning */
    uint64_t spans;         /* stored of it so far */
    uint64_t repeated;
};

/* Enters an input as unfinished, or finds it again where an interrupted import left it: the
 * same path, size and time of change. */
enum nj_status nj_writer_announce(struct nj_writer *writer, const struct nj_store_input *input,
                                  struct nj_writer_input *out, struct nj_error *err) NJ_CHECKED;
/* Adds the diagnostics of the part of an announced input that is stored. */
enum nj_status nj_writer_diags(const struct nj_writer *writer,
                               const struct nj_writer_input *input, struct nj_diags *into,
                               struct nj_error *err) NJ_CHECKED;
/* Makes announcements last: after this a killed import knows what it had to do. */
enum nj_status nj_writer_commit(struct nj_writer *writer, struct nj_error *err) NJ_CHECKED;

/* From here on batches belong to this input. `about` as announced, with its format. */
enum nj_status nj_writer_begin(struct nj_writer *writer, const struct nj_writer_input *input,
                               const struct nj_store_input *about,
                               struct nj_error *err) NJ_CHECKED;
/* Stores a packed batch; it stays the caller's and may be used again. Commits at a checkpoint.
 */
enum nj_status nj_writer_put(struct nj_writer *writer, const struct nj_batch *batch,
                             struct nj_error *err) NJ_CHECKED;
/* The input is whole; `bytes` and `digest` of the raw file. Commits when that is due. An input
 * that began a transaction and turns out to have been imported before leaves no trace. */
enum nj_status nj_writer_end(struct nj_writer *writer, uint64_t bytes, struct nj_slice digest,
                             const struct nj_diags *diags, struct nj_error *err) NJ_CHECKED;

/* Spans stored and left out since the writer was opened. */
uint64_t nj_writer_spans(const struct nj_writer *writer);
uint64_t nj_writer_repeated(const struct nj_writer *writer);

/* Commits, lets others in, brings the store's corpus up to date, frees the writer whatever the
 * result. */
enum nj_status nj_writer_close(struct nj_writer *writer, struct nj_error *err) NJ_CHECKED;
/* Takes back what is not committed, and announcements of inputs of which nothing is stored;
 * frees the writer. */
void nj_writer_abandon(struct nj_writer *writer);

#endif
