/* otlp_json.h - OTLP JSON from a cursor to spans, for the importer and for other formats that
 * hold OTLP JSON inside them (floor 3). */
#ifndef NJ_IMPORTERS_OTLP_JSON_H
#define NJ_IMPORTERS_OTLP_JSON_H

#include "base/json.h"
#include "importers/span_batch.h"

/* Reads texts of one input. The caller sets `sink`, `path`, and for each text its place. */
struct nj_otlp_json {
    struct nj_sink *sink;
    const char *path;
    uint64_t line;               /* of the text, from 1; 0: places are byte offsets … */
    uint64_t offset;             /* … and here the text begins */
    struct nj_span_batch *batch; /* that is filled now … */
    struct nj_span_batch spans;  /* … which is this one, … */
    struct nj_span_batch around; /* … or what stands around spans that are taken one by one */
    struct nj_scope resource;    /* around the scopes of the batch: only its resource counts */
    struct nj_buf nested;        /* an array or map that is being made */
    struct nj_error *err;
    enum nj_status status;  /* < 0: the sink or memory failed, nothing more is read */
    uint64_t spans_len;     /* handed over so far */
    bool is_cut;            /* the input ends inside the text */
    size_t piece_bytes_max; /* of a document or an element that a walk takes whole */
    bool is_careful; /* reads member by member what stands in a known layout too; for tests */
    bool is_spaced;  /* the last attribute had a blank behind each comma and colon */
    struct nj_json_order span_order, attr_order, value_order, event_order, status_order;
};

enum nj_status nj_otlp_json_init(struct nj_otlp_json *reader, struct nj_error *err) NJ_CHECKED;
void nj_otlp_json_fini(struct nj_otlp_json *reader);

/* What a document turned out to be. */
enum nj_otlp_shape {
    NJ_OTLP_NOTHING, /* JSON, but no trace request in any of its wrappers */
    NJ_OTLP_TRACES,
    NJ_OTLP_OTHER_SIGNAL, /* logs, metrics or profiles */
};

/* Reads the document at the cursor and sends its spans: a request in any of its wrappers, an
 * array of them, or a bare element of resourceSpans. What is wrong inside is counted, and
 * reading goes on with the next span; after an error of JSON itself that leaves no next span,
 * json->error is set and the spans before it have been sent. The arena of the cursor must be
 * reader->batch->arena. */
enum nj_otlp_shape nj_otlp_json_document(struct nj_otlp_json *reader, struct nj_json *json);

/* The same in a stream: what is not too large is taken whole, the rest piece by piece, down to
 * single spans. After an error of JSON walk->error is set. */
enum nj_otlp_shape nj_otlp_json_walk(struct nj_otlp_json *reader, struct nj_json_walk *walk);

/* One element of resourceSpans, sent at once; one of scopeSpans, one span, or all spans from
 * the one at the cursor to the end of their array or of the text, into the batch. */
void nj_otlp_json_resource_spans(struct nj_otlp_json *reader, struct nj_json *json);
void nj_otlp_json_scope_spans(struct nj_otlp_json *reader, struct nj_json *json);
void nj_otlp_json_span(struct nj_otlp_json *reader, struct nj_json *json);
void nj_otlp_json_spans(struct nj_otlp_json *reader, struct nj_json *json);
/* A resource object into reader->resource, a scope object into *scope. */
void nj_otlp_json_resource(struct nj_otlp_json *reader, struct nj_json *json);
void nj_otlp_json_scope(struct nj_otlp_json *reader, struct nj_json *json,
                        struct nj_scope *scope);
/* Sends what is in the batch. */
void nj_otlp_json_send(struct nj_otlp_json *reader);

/* Keys that the cursor and the walk share. */
enum nj_otlp_key {
    NJ_OTLP_REQUEST, /* of a document */
    NJ_OTLP_WRAPPER,
    NJ_OTLP_BARE,
    NJ_OTLP_OTHER,
    NJ_OTLP_RESOURCE, /* of an element of resourceSpans */
    NJ_OTLP_SCOPES,
    NJ_OTLP_SCOPE, /* of an element of scopeSpans */
    NJ_OTLP_SPANS,
    NJ_OTLP_URL, /* of both */
};
enum { NJ_OTLP_WRAPPERS_MAX = 4 };
struct nj_otlp_keys {
    const struct nj_json_key *list;
    size_t len;
};
extern const struct nj_otlp_keys nj_otlp_document_keys, nj_otlp_resource_keys,
    nj_otlp_scope_keys;

/* An array of attributes; wrong ones are counted and left out. */
void nj_otlp_json_attrs(struct nj_otlp_json *reader, struct nj_json *json,
                        struct nj_attrs *out);
/* The value object of an attribute. */
void nj_otlp_json_value(struct nj_otlp_json *reader, struct nj_json *json,
                        struct nj_value *out);
/* Keys of an attribute. */
enum { NJ_OTLP_PAIR_KEY, NJ_OTLP_PAIR_VALUE, NJ_OTLP_PAIR_KEYS_LEN };
extern const struct nj_json_key nj_otlp_pair_keys[NJ_OTLP_PAIR_KEYS_LEN];

/* Fields by type. null is the same as no field; another type is counted and passed over. */
void nj_otlp_json_text(struct nj_otlp_json *reader, struct nj_json *json, struct nj_slice *out);
void nj_otlp_json_u32(struct nj_otlp_json *reader, struct nj_json *json, uint32_t *out);
/* Counts a field of a wrong type and passes over it. */
void nj_otlp_json_pass(struct nj_otlp_json *reader, struct nj_json *json, const char *expected);

/* Counts that `expected` was not found where the cursor stands. */
void nj_otlp_json_note(struct nj_otlp_json *reader, const struct nj_json *json,
                       enum nj_diag_id id, const char *expected);

#endif
