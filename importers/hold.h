/* hold.h - records that wait until what stands around them is known (floor 3).
 *
 * They stay in memory up to a limit, and beyond it in a temporary file without a name, so that
 * a document of any size is read in constant memory. */
#ifndef NJ_IMPORTERS_HOLD_H
#define NJ_IMPORTERS_HOLD_H

#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>

enum { NJ_HOLD_MEMORY_BYTES = 32 << 20 };

struct nj_hold {
    struct nj_buf memory; /* records from the last one in the file on */
    struct nj_buf record; /* the one that was taken last */
    FILE *file;           /* NULL as long as memory suffices */
    size_t memory_max;    /* 0: NJ_HOLD_MEMORY_BYTES; tests set less */
    size_t at;            /* of the next record in memory */
    uint64_t file_bytes, file_at;
    bool is_rewound; /* records are being taken */
};

void nj_hold_fini(struct nj_hold *hold);
bool nj_hold_is_empty(const struct nj_hold *hold);

/* Puts a record, with the place it had in the input. NJ_EIO when the temporary file cannot be
 * written. */
enum nj_status nj_hold_put(struct nj_hold *hold, struct nj_slice record, uint64_t offset,
                           struct nj_error *err) NJ_CHECKED;
/* Takes the records in the order in which they were put: NJ_OK; NJ_DONE after the last, and the
 * hold is empty again. The record lives until the next call and has NJ_STREAM_PAD bytes behind
 * it. No record may be put before NJ_DONE. */
enum nj_status nj_hold_take(struct nj_hold *hold, struct nj_slice *record, uint64_t *offset,
                            struct nj_error *err) NJ_CHECKED;

#endif
