/* jaeger_span.h - one span of Jaeger, in any of its JSON dialects (floor 3): the query API's,
 * that of Elasticsearch, and the JSON of its Thrift and protobuf messages. */
#ifndef NJ_IMPORTERS_JAEGER_SPAN_H
#define NJ_IMPORTERS_JAEGER_SPAN_H

#include "importers/json_span.h"

struct nj_jaeger {
    struct nj_span_reader reader; /* first: the span format gets this address */
    struct nj_slice references;   /* JSON text; read when the trace id is known */
    struct nj_slice process_id;
    uint64_t trace_high, trace_low; /* of Thrift */
    uint64_t parent_id;             /* the deprecated member */
    struct nj_slice parent_text;
    bool has_parent, has_process;
    bool is_error;      /* by the tag `error` */
    bool is_binary_hex; /* binary tags are hexadecimal, not base64 */
};

extern const struct nj_span_format nj_jaeger_format;

/* Forgets the last span. */
void nj_jaeger_clear(struct nj_jaeger *jaeger);
/* Reads a process object into the resource of the span. */
void nj_jaeger_process(struct nj_jaeger *jaeger, struct nj_json *json);
/* After all members were read: parent, links, status. */
void nj_jaeger_finish(struct nj_jaeger *jaeger, const struct nj_json *json);

/* Members of a span: a list of tags, tags as fields of an object, a list of logs. */
void nj_jaeger_tags(struct nj_jaeger *jaeger, struct nj_json *json);
void nj_jaeger_tag_fields(struct nj_jaeger *jaeger, struct nj_json *json);
void nj_jaeger_logs(struct nj_jaeger *jaeger, struct nj_json *json);
/* Enters a list; what is none is counted and passed over. */
bool nj_jaeger_list(struct nj_jaeger *jaeger, struct nj_json *json);
/* Microseconds since 1970 as a number, or a time as text. */
int64_t nj_jaeger_time(struct nj_jaeger *jaeger, struct nj_json *json);

#endif
