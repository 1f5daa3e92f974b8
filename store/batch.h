/* batch.h - some spans on their way into a store: rows, facts, and one chunk of full contents
 * (floor 2).
 *
 * An encoder fills batches, a packer compresses their chunk, a writer stores them: three steps
 * that need nothing of each other, so they may run on three threads. Scopes and names in a
 * batch are numbers of its encoder; the writer gives them those of the store. */
#ifndef NJ_STORE_BATCH_H
#define NJ_STORE_BATCH_H

#include "base/names.h"
#include "schema/conventions.h"
#include "schema/diag.h"
#include "store/cells.h"

enum {
    NJ_BATCH_BYTES = 256 << 10, /* of contents; a batch ends with the span that reaches it */
    NJ_BATCH_ROWS = 4096,
    NJ_CHECKPOINT_SPANS = 200000, /* spans between two safe places */
};

struct nj_batch_row {
    struct nj_cells cells; /* .payload is the offset in the chunk */
    struct nj_trace_id trace_id;
    size_t facts_at;          /* in batch->bytes */
    size_t text_at, text_len; /* the trace's id where it is not hex; in batch->bytes */
};

struct nj_batch_scope {
    uint64_t digest; /* of its content */
    struct nj_scope_facts facts;
    size_t content_at, content_len; /* in batch->bytes */
};

struct nj_batch {
    struct nj_batch_row *rows;
    size_t rows_len, rows_cap;
    /* Those that no batch of this encoder had before. */
    struct nj_batch_scope *scopes;
    size_t scopes_len, scopes_cap;
    struct nj_class *classes;
    size_t classes_len, classes_cap;
    struct nj_buf bytes;   /* facts, texts, contents of scopes */
    struct nj_buf payload; /* contents of spans: the chunk as it is read */
    struct nj_buf packed;  /* the same compressed; empty when that saves nothing */
    bool is_packed;
    const struct nj_names *names; /* of the encoder */
    /* Set on the last batch before a safe place: everything before `offset` of the input is in
     * this batch or one before it, and so are the diagnostics. */
    bool is_checkpoint;
    uint64_t offset;
    struct nj_diags diags;
};

struct nj_batch *nj_batch_new(void); /* NULL: no memory */
void nj_batch_free(struct nj_batch *batch);
/* Empty again, with the memory it has. */
void nj_batch_clear(struct nj_batch *batch);

/* Room for one more; NULL: no memory. Valid until the next call. */
struct nj_batch_row *nj_batch_add_row(struct nj_batch *batch);
struct nj_batch_scope *nj_batch_add_scope(struct nj_batch *batch);
struct nj_class *nj_batch_add_class(struct nj_batch *batch);

/* Compresses the chunks of batches; one a thread. */
struct nj_packer;
struct nj_packer *nj_packer_new(void); /* NULL: no memory */
void nj_packer_free(struct nj_packer *packer);
enum nj_status nj_batch_pack(struct nj_batch *batch, struct nj_packer *packer,
                             struct nj_error *err) NJ_CHECKED;

#endif
