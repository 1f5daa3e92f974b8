/* jaeger_span.c - one span of Jaeger, in any of its JSON dialects. */
#include "importers/jaeger_span.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "importers/json_value.h"

static const struct nj_field_spec fields[] = {
    {"traceID", NJ_FIELD_TRACE_ID, NULL},
    {"spanID", NJ_FIELD_SPAN_ID, NULL},
    {"operationName", NJ_FIELD_NAME, NULL},
    {"references", NJ_FIELD_SPECIAL, NULL},
    {"startTime", NJ_FIELD_SPECIAL, NULL},
    {"duration", NJ_FIELD_SPECIAL, NULL},
    {"tags", NJ_FIELD_SPECIAL, NULL},
    {"logs", NJ_FIELD_SPECIAL, NULL},
    {"processID", NJ_FIELD_SPECIAL, NULL},
    {"process", NJ_FIELD_SPECIAL, NULL},
    {"flags", NJ_FIELD_SPECIAL, NULL},
    {"parentSpanID", NJ_FIELD_SPECIAL, NULL},
    {"tag", NJ_FIELD_SPECIAL, NULL}, /* Elasticsearch, with tags as fields */
    {"startTimeMillis", NJ_FIELD_SKIP, NULL},
    {"traceId", NJ_FIELD_TRACE_ID, NULL}, /* protobuf and Thrift */
    {"spanId", NJ_FIELD_SPECIAL, NULL},
    {"parentSpanId", NJ_FIELD_SPECIAL, NULL},
    {"processId", NJ_FIELD_SPECIAL, NULL},
    {"traceIdHigh", NJ_FIELD_SPECIAL, NULL},
    {"traceIdLow", NJ_FIELD_SPECIAL, NULL},
    {"relativeStartTime", NJ_FIELD_SKIP, NULL}, /* made by the page of the UI */
    {"depth", NJ_FIELD_SKIP, NULL},
    {"hasChildren", NJ_FIELD_SKIP, NULL},
    {"childSpanIds", NJ_FIELD_SKIP, NULL},
    {"childSpans", NJ_FIELD_SKIP, NULL}, /* whole copies */
    {"childSpanCount", NJ_FIELD_SKIP, NULL},
    {"subsidiarilyReferencedBy", NJ_FIELD_SKIP, NULL},
};

void
nj_jaeger_clear(struct nj_jaeger *jaeger)
{
    bool is_binary_hex = jaeger->is_binary_hex;
    struct nj_span_reader reader = jaeger->reader;

    *jaeger = (struct nj_jaeger){.reader = reader, .is_binary_hex = is_binary_hex};
    nj_span_reader_clear(&jaeger->reader);
}

int64_t
nj_jaeger_time(struct nj_jaeger *j, struct nj_json *json)
{
    struct nj_slice text;
    int64_t time_ns;

    if (!nj_json_any_text(json, &text) || text.len == 0)
        return NJ_NO_TIME;
    if (nj_decimal_parse(text, 3, &time_ns) || nj_time_parse(text, &time_ns))
        return time_ns;
    nj_span_reader_damage(&j->reader, json, "a time");
    return NJ_NO_TIME;
}

/* Microseconds as a number, or a number with its unit. */
static int64_t
duration_read(struct nj_jaeger *j, struct nj_json *json)
{
    struct nj_slice text;
    int64_t duration_ns;

    if (!nj_json_any_text(json, &text) || text.len == 0)
        return NJ_NO_TIME;
    if (nj_decimal_parse(text, 3, &duration_ns) || nj_duration_parse(text, &duration_ns))
        return duration_ns;
    nj_span_reader_damage(&j->reader, json, "a duration");
    return NJ_NO_TIME;
}

/* The 64 bits of an id, by whichever dialect: text, or a number that may be negative. */
static bool
id_read(struct nj_json *json, uint64_t *out, struct nj_slice *out_text)
{
    struct nj_json_number number;
    struct nj_slice text;

    *out_text = (struct nj_slice){0};
    if (nj_json_peek(json) != NJ_JSON_NUMBER)
        return nj_json_any_text(json, &text) && nj_span_id_parse(text, out, out_text);
    if (!nj_json_number(json, &number) || !number.is_integer)
        return false;
    *out = (uint64_t)number.integer;
    return *out != 0;
}

static void
trace_id_join(struct nj_trace_id *id, uint64_t high, uint64_t low)
{
    for (unsigned i = 0; i < 8; i++) {
        id->bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        id->bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
}

/* Members that are not read by a row of the table. */
enum special {
    SPECIAL_REFERENCES,
    SPECIAL_START,
    SPECIAL_DURATION,
    SPECIAL_TAGS,
    SPECIAL_TAG_FIELDS,
    SPECIAL_LOGS,
    SPECIAL_PROCESS_ID,
    SPECIAL_PROCESS,
    SPECIAL_FLAGS,
    SPECIAL_PARENT,
    SPECIAL_SPAN_ID,
    SPECIAL_TRACE_HIGH,
    SPECIAL_TRACE_LOW,
};

static const struct {
    const char *key;
    enum special special;
} specials[] = {
    {"references", SPECIAL_REFERENCES}, {"startTime", SPECIAL_START},
    {"duration", SPECIAL_DURATION},     {"tags", SPECIAL_TAGS},
    {"tag", SPECIAL_TAG_FIELDS},        {"logs", SPECIAL_LOGS},
    {"processID", SPECIAL_PROCESS_ID},  {"processId", SPECIAL_PROCESS_ID},
    {"process", SPECIAL_PROCESS},       {"flags", SPECIAL_FLAGS},
    {"parentSpanID", SPECIAL_PARENT},   {"parentSpanId", SPECIAL_PARENT},
    {"spanId", SPECIAL_SPAN_ID},        {"traceIdHigh", SPECIAL_TRACE_HIGH},
    {"traceIdLow", SPECIAL_TRACE_LOW},
};

static void
special_read(struct nj_jaeger *j, enum special special, struct nj_json *json)
{
    struct nj_span *span = &j->reader.draft.span;
    struct nj_slice unused;
    uint64_t number = 0;

    switch (special) {
    case SPECIAL_REFERENCES:
        (void)nj_json_raw(json, &j->references);
        break;
    case SPECIAL_START:
        span->start_ns = nj_jaeger_time(j, json);
        break;
    case SPECIAL_DURATION:
        j->reader.duration_ns = duration_read(j, json);
        break;
    case SPECIAL_TAGS:
        nj_jaeger_tags(j, json);
        break;
    case SPECIAL_TAG_FIELDS:
        nj_jaeger_tag_fields(j, json);
        break;
    case SPECIAL_LOGS:
        nj_jaeger_logs(j, json);
        break;
    case SPECIAL_PROCESS_ID:
        (void)nj_json_any_text(json, &j->process_id);
        break;
    case SPECIAL_PROCESS:
        nj_jaeger_process(j, json);
        break;
    case SPECIAL_FLAGS:
        if (id_read(json, &number, &unused))
            span->flags = (uint32_t)number;
        break;
    case SPECIAL_PARENT:
        j->has_parent = id_read(json, &j->parent_id, &j->parent_text);
        break;
    case SPECIAL_SPAN_ID:
        j->reader.has_span = id_read(json, &span->span_id, &span->span_text);
        break;
    case SPECIAL_TRACE_HIGH:
        (void)id_read(json, &j->trace_high, &unused);
        break;
    case SPECIAL_TRACE_LOW:
        (void)id_read(json, &j->trace_low, &unused);
        break;
    }
}

static void
member_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    for (size_t i = 0; i < NJ_LEN(specials); i++)
        if (nj_slice_eq(key, nj_slice_of(specials[i].key))) {
            special_read((struct nj_jaeger *)reader, specials[i].special, json);
            return;
        }
}

const struct nj_span_format nj_jaeger_format = {fields, NJ_LEN(fields), "jaeger.", member_read};

struct reference {
    struct nj_link link;
    bool is_follows_from, is_same_trace, is_whole;
};

/* Reads one reference. The span that the UI may put inside it stands elsewhere too. */
static void
reference_read(struct nj_jaeger *j, struct nj_json *json, struct reference *ref)
{
    struct nj_link *link = &ref->link;
    const struct nj_span *span = &j->reader.draft.span;
    uint64_t high = 0, low = 0;
    struct nj_slice key, text, unused;
    bool has_trace = false;

    *ref = (struct reference){0};
    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        (void)nj_json_skip(json);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("refType"))) {
            ref->is_follows_from =
                nj_json_any_text(json, &text) && (nj_slice_eq(text, NJ_SLICE("FOLLOWS_FROM")) ||
                                                  nj_slice_eq(text, NJ_SLICE("1")));
        } else if (nj_slice_eq(key, NJ_SLICE("traceID")) ||
                   nj_slice_eq(key, NJ_SLICE("traceId"))) {
            has_trace = nj_json_any_text(json, &text) &&
                        nj_trace_id_parse(text, &link->trace_id, &link->trace_text);
        } else if (nj_slice_eq(key, NJ_SLICE("spanID")) ||
                   nj_slice_eq(key, NJ_SLICE("spanId"))) {
            ref->is_whole = id_read(json, &link->span_id, &link->span_text);
        } else if (nj_slice_eq(key, NJ_SLICE("traceIdHigh"))) {
            (void)id_read(json, &high, &unused);
        } else if (nj_slice_eq(key, NJ_SLICE("traceIdLow"))) {
            (void)id_read(json, &low, &unused);
        } else {
            (void)nj_json_skip(json);
        }
    }
    if (!has_trace && (high || low))
        trace_id_join(&link->trace_id, high, low);
    else if (!has_trace)
        link->trace_id = span->trace_id;
    ref->is_same_trace = memcmp(&link->trace_id, &span->trace_id, sizeof span->trace_id) == 0;
}

/* Which of the references is the parent: the first CHILD_OF in the same trace, else the first
 * FOLLOWS_FROM; SIZE_MAX: none. */
static size_t
parent_choose(struct nj_jaeger *j, struct nj_json json, struct reference *out)
{
    struct reference ref;
    size_t chosen = SIZE_MAX, i = 0;

    if (!nj_jaeger_list(j, &json))
        return SIZE_MAX;
    for (; nj_json_array_next(&json); i++) {
        reference_read(j, &json, &ref);
        if (!ref.is_whole || !ref.is_same_trace)
            continue;
        if (chosen == SIZE_MAX || (out->is_follows_from && !ref.is_follows_from)) {
            chosen = i;
            *out = ref;
        }
    }
    return chosen;
}

static void
references_read(struct nj_jaeger *j, const struct nj_json *outer)
{
    struct nj_span *span = &j->reader.draft.span;
    struct nj_json json = nj_json_inside(outer, j->references);
    struct reference ref = {0};
    size_t parent = parent_choose(j, json, &ref);

    if (parent != SIZE_MAX) {
        span->has_parent = true;
        span->parent_id = ref.link.span_id;
        span->parent_text = ref.link.span_text;
        if (!ref.is_follows_from)
            j->has_parent = false;
    }
    if (nj_json_peek(&json) != NJ_JSON_ARRAY || !nj_json_array(&json))
        return;
    for (size_t i = 0; nj_json_array_next(&json); i++) {
        reference_read(j, &json, &ref);
        if (i == parent && !ref.is_follows_from)
            continue;
        if (!ref.is_whole) {
            nj_span_reader_damage(&j->reader, outer, "a reference with a span id");
            continue;
        }
        nj_attr_list_put_text(&j->reader.draft.link_attrs, "opentracing.ref_type",
                              ref.is_follows_from ? NJ_SLICE("follows_from")
                                                  : NJ_SLICE("child_of"));
        nj_draft_link(&j->reader.draft, &ref.link);
    }
}

void
nj_jaeger_finish(struct nj_jaeger *jaeger, const struct nj_json *json)
{
    struct nj_span_reader *reader = &jaeger->reader;
    struct nj_span *span = &reader->draft.span;

    if (!reader->has_trace && (jaeger->trace_high || jaeger->trace_low)) {
        trace_id_join(&span->trace_id, jaeger->trace_high, jaeger->trace_low);
        reader->has_trace = true;
    }
    if (jaeger->references.len > 0 && !json->error)
        references_read(jaeger, json);
    if (jaeger->has_parent) { /* and no CHILD_OF */
        span->has_parent = true;
        span->parent_id = jaeger->parent_id;
        span->parent_text = jaeger->parent_text;
    }
    if (jaeger->is_error && !reader->has_status)
        span->status = NJ_STATUS_ERROR;
}
