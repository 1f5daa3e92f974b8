/* importer.h - the contract of an importer: bytes of one format to spans (floor 3). */
#ifndef NJ_IMPORTERS_IMPORTER_H
#define NJ_IMPORTERS_IMPORTER_H

#include "base/stream.h"
#include "schema/span.h"

enum { NJ_SNIFF_BYTES = 16 << 10 }; /* what sniff may see, decompressed */

struct nj_input {
    const char *path; /* for messages, and for SQLite files to open; "-": stdin */
    struct nj_stream
        *stream;            /* decompressed bytes; already filled with NJ_SNIFF_BYTES or all */
    uint64_t resume_offset; /* where an interrupted import goes on; 0: the beginning. Only
                               importers with can_resume get another value, and the stream
                               already stands there */
};

struct nj_importer {
    const char *name;    /* "otlp-json", as `info` prints it */
    const char *summary; /* one line for `nightjar help formats` */
    bool can_resume;     /* it calls sink->checkpoint */
    /* How sure, 0 to 100, that these first bytes are of this format. `is_whole`: there are no
     * more. 0 must be returned for what cannot be read. */
    int (*sniff)(struct nj_slice head, bool is_whole);
    /* Of formats that live in SQLite files, which need no `sniff`: the tables that they are
     * known by, separated by blanks; NULL for all others. */
    const char *sqlite_tables;
    /* Reads the whole input into the sink. NJ_EFORMAT when it is not a trace at all, with the
     * byte offset and what was expected; oddities that lose less than everything are
     * diagnostics with a place. */
    enum nj_status (*read)(struct nj_input *input, struct nj_sink *sink, struct nj_error *err);
};

extern const struct nj_importer *const nj_importers[];
extern const size_t nj_importers_len;

/* How sure an importer is, by its `sniff` or its tables. */
int nj_importer_sure(const struct nj_importer *importer, struct nj_slice head, bool is_whole);
/* The importer that is surest of these bytes, or NULL. */
const struct nj_importer *nj_importer_sniff(struct nj_slice head, bool is_whole);

#endif
