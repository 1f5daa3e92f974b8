/* diag.h - diagnostics: what was odd in the input, counted, with the first places (floor 1). */
#ifndef NJ_SCHEMA_DIAG_H
#define NJ_SCHEMA_DIAG_H

#include "base/slice.h"
#include "base/status.h"

#include <stdint.h>

enum nj_severity {
    NJ_SEVERITY_INFO, /* repaired or harmless */
    NJ_SEVERITY_WARN, /* numbers may be affected */
    NJ_SEVERITY_LOSS, /* something of the input could not be used */
};

enum nj_diag_id {
#define NJ_DIAG(symbol, id, severity, help) NJ_DIAG_##symbol,
#include "schema/diagnostics.def"
#undef NJ_DIAG
    NJ_DIAGS_LEN
};

struct nj_diag_spec {
    const char *id; /* stable, "child-outlives-parent" */
    enum nj_severity severity;
    const char *help; /* one sentence for the reader of a report */
};
extern const struct nj_diag_spec nj_diag_specs[NJ_DIAGS_LEN];
const char *nj_severity_name(enum nj_severity severity);

enum { NJ_DIAG_PLACES_MAX = 5, NJ_DIAG_PLACE_BYTES = 120 };

/* The counter of one kind. Of all places the smallest NJ_DIAG_PLACES_MAX in bytewise order are
 * kept, so that neither threads nor the order of input show. */
struct nj_diag_count {
    uint64_t count;
    uint32_t places_len;
    char places[NJ_DIAG_PLACES_MAX][NJ_DIAG_PLACE_BYTES];
};

struct nj_diags {
    struct nj_diag_count counts[NJ_DIAGS_LEN];
};

struct nj_diags *nj_diags_new(void); /* NULL: no memory; release with free() */
/* Counts one; `place` says where ("traces.jsonl:17", "trace 4bf9… span 00f0…"). */
void nj_diag_at(struct nj_diags *diags, enum nj_diag_id id, const char *place, ...)
    NJ_PRINTF(3, 4);
/* Keeps a place without counting. */
void nj_diag_keep(struct nj_diags *diags, enum nj_diag_id id, const char *place);
/* Counts `n` more without a place. */
void nj_diag_add(struct nj_diags *diags, enum nj_diag_id id, uint64_t n);
void nj_diags_merge(struct nj_diags *into, const struct nj_diags *from);
/* How many of severity LOSS in all. */
uint64_t nj_diags_lost(const struct nj_diags *diags);
/* The kind with this stable id, or NJ_DIAGS_LEN. */
enum nj_diag_id nj_diag_find(struct nj_slice id);

#endif
