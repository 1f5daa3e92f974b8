/* conventions.h - what the attributes of a span mean, whichever library wrote them (floor 1).
 *
 * The knowledge is data: conventions.def says which key of which dialect carries which concept,
 * in order of preference, and how a spelled-out kind is to be read. A new dialect is some rows
 * there. The engine below reads a span once, takes the best value of every concept, and leaves
 * a row and its facts. Nothing depends on the order of the attributes. */
#ifndef NJ_SCHEMA_CONVENTIONS_H
#define NJ_SCHEMA_CONVENTIONS_H

#include "base/buf.h"
#include "base/names.h"
#include "schema/row.h"

/* One a thread: caches and working memory that are reused from span to span, so that nothing is
 * allocated once they have grown. */
struct nj_conventions;

/* Names go into `names`, which is shared and stays the caller's. NULL: no memory. */
struct nj_conventions *nj_conventions_new(struct nj_names *names);
void nj_conventions_free(struct nj_conventions *conventions);

enum { NJ_SCOPE_WEIGHTS_MAX = 4 };

/* What a resource and its instrumentation scope say for every span in them; ids of names. */
struct nj_scope_facts {
    uint32_t service;    /* NJ_NO_NAME when absent or "unknown_service…" */
    uint32_t host;       /* host.id, else host.ip, else host.name */
    uint32_t scope_name; /* instrumentation library */
    /* Sampling rates recorded beside the spans: rows of weights.def and values as text. */
    uint32_t weights_len;
    struct {
        uint32_t row, value;
    } weights[NJ_SCOPE_WEIGHTS_MAX];
};

/* Reads a scope, once. Its attributes are borrowed during the call. NJ_ENOMEM. */
enum nj_status nj_conventions_scope(struct nj_conventions *conventions,
                                    const struct nj_scope *scope, struct nj_scope_facts *out,
                                    struct nj_error *err) NJ_CHECKED;

/* Fills *row from `span` but for digest, payload and facts: the facts (facts.h) are appended to
 * `facts`, and the caller makes row->facts of what was added, since the buffer may still move.
 * row->scope is span->scope. Linear in the size of the span; every list in it has a limit.
 * NJ_ENOMEM. */
enum nj_status nj_conventions_row(struct nj_conventions *conventions,
                                  const struct nj_span *span,
                                  const struct nj_scope_facts *scope, struct nj_row *row,
                                  struct nj_buf *facts, struct nj_error *err) NJ_CHECKED;

/* How many events of the span that was read last were records of their own before: stream
 * chunks, log lines. */
size_t nj_conventions_events_pending(const struct nj_conventions *conventions);

/* One line of the table, for people. Texts live for ever. */
struct nj_convention_info {
    const char *dialect; /* "OpenTelemetry GenAI" */
    const char *key;     /* attribute key, N for a number in it; or a spelled-out value */
    const char *concept; /* "input tokens" */
    const char *note;    /* how the value is read, where that is not plain; or "" */
};
size_t nj_conventions_len(void);
/* Line i < nj_conventions_len(), in the order of the table: by concept, best first. */
struct nj_convention_info nj_conventions_get(size_t i);

#endif
