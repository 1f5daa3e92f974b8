/* trace_header.h - what a document says of a whole trace, put on the spans of it (floor 3).
 *
 * Some of it goes to all spans; everything goes to the first root, or, when the document has
 * none, to the first span. That span waits until it is known. */
#ifndef NJ_IMPORTERS_TRACE_HEADER_H
#define NJ_IMPORTERS_TRACE_HEADER_H

#include "importers/json_span.h"

struct nj_trace_member;

struct nj_trace_header {
    struct nj_span_reader *reader;
    /* Reads a record into the (cleared) reader, without sending it. */
    void (*read)(struct nj_span_reader *reader, struct nj_json *json);
    struct nj_arena *arena;
    struct nj_trace_member *members, **members_end;
    struct nj_slice trace_id; /* for spans that do not say theirs */
    bool is_said;             /* a span has everything */
    struct nj_buf first;      /* a span below others that waits for a root */
    uint64_t first_offset;
};

enum nj_status nj_trace_header_init(struct nj_trace_header *header,
                                    struct nj_span_reader *reader,
                                    void (*read)(struct nj_span_reader *, struct nj_json *),
                                    struct nj_error *err) NJ_CHECKED;
void nj_trace_header_fini(struct nj_trace_header *header);

/* A new document begins. */
void nj_trace_header_clear(struct nj_trace_header *header);
/* Keeps the next value of `json` as attribute `prefix` + `key`; null, empty lists and empty
 * objects are left out. */
enum nj_status nj_trace_header_put(struct nj_trace_header *header, const char *prefix,
                                   struct nj_slice key, bool is_shared, struct nj_json *json,
                                   struct nj_error *err) NJ_CHECKED;
/* Keeps the next value of `json`, a text, as the trace id. */
enum nj_status nj_trace_header_put_id(struct nj_trace_header *header, struct nj_json *json,
                                      struct nj_error *err) NJ_CHECKED;

/* Reads the record at `json` and sends its span, or lets it wait. */
enum nj_status nj_trace_header_record(struct nj_trace_header *header, struct nj_json *json,
                                      struct nj_error *err) NJ_CHECKED;
/* The document ends: sends the span that still waits. */
enum nj_status nj_trace_header_end(struct nj_trace_header *header,
                                   struct nj_error *err) NJ_CHECKED;

#endif
