/* json_span.h - one span out of one JSON object, by a table of its members (floor 3).
 *
 * What a table does not name becomes an attribute; null, an empty list and an empty object are
 * the same as nothing. A format gives the table, and reads by itself only what no row can say.
 */
#ifndef NJ_IMPORTERS_JSON_SPAN_H
#define NJ_IMPORTERS_JSON_SPAN_H

#include "importers/json_records.h"

enum nj_field {
    NJ_FIELD_ATTR,    /* the value, as attribute `attr` */
    NJ_FIELD_TEXT,    /* text, or the JSON text of what is none, as attribute `attr` */
    NJ_FIELD_ATTRS,   /* an object: its members as attributes, `attr` before their keys */
    NJ_FIELD_SKIP,    /* says nothing that other members do not say */
    NJ_FIELD_SPECIAL, /* read by the format */
    NJ_FIELD_TRACE_ID,
    NJ_FIELD_SPAN_ID,
    NJ_FIELD_PARENT_ID,
    NJ_FIELD_TRACE_STATE,
    NJ_FIELD_NAME,
    NJ_FIELD_KIND,   /* of OpenTelemetry: a name or a number */
    NJ_FIELD_STATUS, /* a word or a number; unknown words become attribute `attr` */
    NJ_FIELD_MESSAGE,
    NJ_FIELD_RESOURCE, /* an object: its members as attributes of the resource */
    NJ_FIELD_START,    /* text or number of any unit, see nj_time_parse */
    NJ_FIELD_END,
    NJ_FIELD_START_NS, /* a number of nanoseconds */
    NJ_FIELD_END_NS,
    NJ_FIELD_START_US, /* a number of microseconds */
    NJ_FIELD_DURATION_US,
    NJ_FIELD_DURATION_NS,
};

struct nj_field_spec {
    const char *key;
    enum nj_field field;
    const char *attr; /* NULL: the key, behind the prefix of the format */
};

struct nj_span_reader;

struct nj_span_format {
    const struct nj_field_spec *fields;
    size_t fields_len;
    const char *prefix; /* before keys that become attributes: "langfuse.observation." */
    /* Reads a SPECIAL member; an error of JSON is left in `json`. NULL: there is none. */
    void (*special)(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json);
};

struct nj_span_reader {
    const struct nj_span_format *format;
    struct nj_json_records *records;
    struct nj_draft draft;
    struct nj_attr_list resource_attrs, scope_attrs;
    struct nj_scope scope; /* name and version; lists come from resource_attrs, scope_attrs */
    const char *record;    /* the object that is being read, for places */
    int64_t duration_ns;   /* NJ_NO_TIME: none was given */
    bool has_trace, has_span, has_status;
    bool is_instant; /* a point in time: without an end it ends when it starts */
};

enum nj_status nj_span_reader_init(struct nj_span_reader *reader,
                                   const struct nj_span_format *format,
                                   struct nj_json_records *records,
                                   struct nj_error *err) NJ_CHECKED;
void nj_span_reader_fini(struct nj_span_reader *reader);

/* Forgets the last span. */
void nj_span_reader_clear(struct nj_span_reader *reader);
/* Reads the members of an object into the draft. */
void nj_span_reader_read(struct nj_span_reader *reader, struct nj_json *json);
/* Reads one member, whose value comes next. */
void nj_span_reader_member(struct nj_span_reader *reader, struct nj_slice key,
                           struct nj_json *json);
/* Hands the span over, unless `json` has an error or ids are missing, which is counted. */
enum nj_status nj_span_reader_send(struct nj_span_reader *reader, const struct nj_json *json,
                                   struct nj_error *err) NJ_CHECKED;
/* All of the above for formats where a record is a span: clear, read, send. Has the shape of
 * nj_json_records.record, with the reader as its context. */
enum nj_status nj_span_reader_record(void *reader, struct nj_json *json, struct nj_error *err);

/* Reads a whole input in which every record is a span. */
enum nj_status nj_json_spans_read(const struct nj_span_format *format,
                                  const struct nj_json_shape *shape, struct nj_input *input,
                                  struct nj_sink *sink, struct nj_error *err) NJ_CHECKED;

/* The next value as a time; NJ_NO_TIME for null and, counted, for what is no time. */
int64_t nj_span_reader_time(struct nj_span_reader *reader, struct nj_json *json);

/* The next value, a list of events: a name, a time and attributes. What else they have becomes
 * attributes too. */
void nj_span_reader_events(struct nj_span_reader *reader, struct nj_json *json);
/* The next value, a list of links: ids, by themselves or in a context, and attributes. */
void nj_span_reader_links(struct nj_span_reader *reader, struct nj_json *json);

/* The next value, a number or text that is one, times 10^scale; NJ_NO_TIME as above. */
int64_t nj_span_reader_number(struct nj_span_reader *reader, struct nj_json *json, int scale);
/* Counts that something in the record is not as expected, unless `json` has an error. */
void nj_span_reader_damage(struct nj_span_reader *reader, const struct nj_json *json,
                           const char *expected);

/* "OK", "error", "STATUS_CODE_ERROR", "failed", "2" and the like. false: none of them. */
bool nj_status_code_parse(struct nj_slice text, enum nj_status_code *out);
/* "CLIENT", "SPAN_KIND_CLIENT", "SpanKind.CLIENT", "client", "3". false: none of them. */
bool nj_otel_kind_parse(struct nj_slice text, enum nj_otel_kind *out);

#endif
