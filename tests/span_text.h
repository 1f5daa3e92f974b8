/* span_text.h - a sink for tests that writes down what it gets, one line a thing, so that a
 * test compares whole imports as text. */
#ifndef NJ_TESTS_SPAN_TEXT_H
#define NJ_TESTS_SPAN_TEXT_H

#include "base/buf.h"
#include "schema/span.h"

struct span_text {
    struct nj_sink sink;
    struct nj_buf text;
    struct nj_buf *scopes; /* what each scope said, by number */
    uint32_t scopes_len;
    uint64_t spans_len;
    uint64_t checkpoint; /* the last one */
};

struct nj_importer;

/* An empty record with diagnostics of its own. */
void span_text_init(struct span_text *record);
void span_text_fini(struct span_text *record);

/* Reads `bytes` with `importer` (NULL: the one that recognises them) as if they were a file of
 * this name. Returns what the importer returned. */
enum nj_status span_text_read(struct span_text *record, const struct nj_importer *importer,
                              struct nj_slice bytes, const char *name, struct nj_error *err);

/* The counts of all diagnostics and their places, as text, behind what is there. */
void span_text_put_diags(struct span_text *record);

/* The whole of a file, with NJ_STREAM_PAD bytes behind it; .ptr is NULL if there is none. */
struct nj_slice file_read(const char *path);

#endif
