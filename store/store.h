/* store.h - a file of stored traces: open it, ask what was imported, hand out its traces
 * (floor 2).
 *
 * A store is one SQLite file; docs/store.md explains its tables. Writing is in writer.h. */
#ifndef NJ_STORE_STORE_H
#define NJ_STORE_STORE_H

#include "schema/corpus.h"
#include "schema/diag.h"

struct nj_store;

enum nj_store_mode {
    NJ_STORE_READ,      /* an existing store; its content is not changed */
    NJ_STORE_WRITE,     /* made if it is not there; nobody else may write at the same time */
    NJ_STORE_TEMPORARY, /* a nameless file in TMPDIR that is gone with the process; the path is
                           only for messages and may be NULL */
    NJ_STORE_SKELETON,  /* the same without the contents of spans, which is faster: what
                           analyzers need is there, but nj_corpus.payload gives NJ_EBUG */
};

/* Opens a store, undoes what a killed import left half written, migrates a store of an older
 * version when writing. NJ_EFORMAT: not a store, or made by a newer version; NJ_ESTORE: in use
 * by another import, or damaged; NJ_EIO. */
enum nj_status nj_store_open(struct nj_store **out, const char *path, enum nj_store_mode mode,
                             struct nj_error *err) NJ_CHECKED;
/* Any corpus source must be closed before. NULL is fine. */
void nj_store_close(struct nj_store *store);

/* Whether the contents of spans are kept: not in a skeleton. */
bool nj_store_has_contents(const struct nj_store *store);

/* Whether these first bytes of a file (100 are enough) are those of a store. */
bool nj_store_sniff(struct nj_slice head);

/* The traces. Borrowed from the store; not while a writer is open on it. */
const struct nj_corpus *nj_store_corpus(const struct nj_store *store);

/* One imported file. Texts live in the arena they were read into. */
struct nj_store_input {
    struct nj_slice path;   /* as given */
    struct nj_slice format; /* name of the importer; empty before the input was begun */
    struct nj_slice digest; /* XXH3-128 of the raw bytes, 32 hex digits; empty until finished */
    uint64_t bytes;         /* raw size */
    int64_t modified_ns;    /* of the file, when its import began; 0 for standard input */
    uint64_t offset;        /* decompressed bytes that are safely stored; import resumes here */
    uint64_t spans;         /* stored of it */
    uint64_t repeated;      /* left out because they were stored already */
    bool is_finished;
};

/* The ledger: all inputs in the order of import, into `arena`. */
enum nj_status nj_store_inputs(const struct nj_store *store, struct nj_arena *arena,
                               struct nj_store_input **out, size_t *len,
                               struct nj_error *err) NJ_CHECKED;
/* How many inputs were begun or announced and not finished: the import was interrupted. */
enum nj_status nj_store_unfinished(const struct nj_store *store, uint64_t *out,
                                   struct nj_error *err) NJ_CHECKED;
/* Whether an input of this path was begun or announced and not finished. */
enum nj_status nj_store_is_begun(const struct nj_store *store, struct nj_slice path, bool *out,
                                 struct nj_error *err) NJ_CHECKED;
/* Adds the diagnostics of input `number` (its place in the ledger), or of all inputs when it is
 * SIZE_MAX. */
enum nj_status nj_store_diags(const struct nj_store *store, size_t number,
                              struct nj_diags *into, struct nj_error *err) NJ_CHECKED;
/* The number of the trace with this id: hex in any case and with any zeros in front, or the
 * text of an id that is not hex. NJ_DONE: there is none. */
enum nj_status nj_store_trace_find(const struct nj_store *store, struct nj_slice id,
                                   uint64_t *number, struct nj_error *err) NJ_CHECKED;

#endif
