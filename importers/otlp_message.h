/* otlp_message.h - the protobuf messages of OTLP traces, to spans (floor 3). */
#ifndef NJ_IMPORTERS_OTLP_MESSAGE_H
#define NJ_IMPORTERS_OTLP_MESSAGE_H

#include "base/buf.h"
#include "base/protobuf.h"
#include "base/utf8.h"
#include "importers/draft.h"

/* TracesData and ExportTraceServiceRequest have one field, their resource spans. */
enum { NJ_OTLP_RESOURCE_SPANS_TAG = 0x0A };

/* Reads messages of one input; the caller sets `sink`, `path` and, for each run of bytes,
 * `begin` and `offset`. */
struct nj_otlp_reader {
    struct nj_sink *sink;
    const char *path;
    const char *begin;  /* the bytes being read, for places in diagnostics … */
    uint64_t offset;    /* … where the first of them stands in the input */
    bool is_cut;        /* the input ends inside this message; the caller counts that */
    uint64_t spans_len; /* handed over so far */
    struct nj_draft draft;
    struct nj_attr_list resource_attrs, scope_attrs;
    struct nj_arena *scope_arena; /* values of the current resource and scope */
    struct nj_arena *arena;       /* of the attributes that are read now */
    struct nj_buf nested;
    struct nj_scope scope;
};

enum nj_status nj_otlp_reader_init(struct nj_otlp_reader *reader,
                                   struct nj_error *err) NJ_CHECKED;
void nj_otlp_reader_fini(struct nj_otlp_reader *reader);

/* Hands over all spans of one ResourceSpans message. What is damaged inside it is a diagnostic,
 * and reading goes on wherever the lengths allow it; a message that is cut off is read as far
 * as it goes. Fails only when the sink fails or memory is exhausted. */
enum nj_status nj_otlp_resource_spans(struct nj_otlp_reader *reader, struct nj_slice message,
                                      struct nj_error *err) NJ_CHECKED;

/* Whether a whole field of ScopeSpans that holds a span stands at `at`: its tag, a length that
 * fits, ids of the right lengths. For finding spans behind damage. */
bool nj_otlp_is_span_field(const void *at, const void *end);

/* An attribute (a KeyValue) into a list; a damaged one is counted and left out. */
void nj_otlp_attribute(struct nj_otlp_reader *reader, struct nj_attr_list *into,
                       struct nj_slice message);

/* Counts damage at `at`; false, for the caller to return. */
bool nj_otlp_damage(struct nj_otlp_reader *reader, enum nj_diag_id id, const void *at,
                    const char *expected);

/* Where `at` stands in the input. */
static inline unsigned long long
nj_otlp_offset(const struct nj_otlp_reader *reader, const void *at)
{
    return reader->offset + (uint64_t)((const char *)at - reader->begin);
}

/* `text` as it stands; what is not UTF-8 is counted and kept. */
static inline struct nj_slice
nj_otlp_text(struct nj_otlp_reader *r, struct nj_slice text)
{
    bool is_short = text.len <= NJ_UTF8_AHEAD && text.ptr;
    if (!(is_short && nj_utf8_is_ascii_ahead(text.ptr, text.len)) &&
        !nj_utf8_is_valid(text.ptr, text.len))
        (void)nj_otlp_damage(r, NJ_DIAG_TEXT_NOT_UTF8, text.ptr, "UTF-8 text");
    return text;
}

#endif
