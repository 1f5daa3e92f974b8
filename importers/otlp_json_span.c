/* otlp_json_span.c - one span of OTLP JSON, with its events and links. */
#include "importers/otlp_json_layout.h"

#include <math.h>

enum span_key {
    SPAN_TRACE_ID,
    SPAN_SPAN_ID,
    SPAN_TRACE_STATE,
    SPAN_PARENT_ID,
    SPAN_FLAGS,
    SPAN_NAME,
    SPAN_KIND,
    SPAN_START,
    SPAN_END,
    SPAN_ATTRIBUTES,
    SPAN_DROPPED_ATTRIBUTES,
    SPAN_EVENTS,
    SPAN_DROPPED_EVENTS,
    SPAN_LINKS,
    SPAN_DROPPED_LINKS,
    SPAN_STATUS,
};

/* The first rows stand in the order of their ids. */
static const struct nj_json_key span_keys[] = {
    NJ_JSON_KEY("traceId", SPAN_TRACE_ID),
    NJ_JSON_KEY("spanId", SPAN_SPAN_ID),
    NJ_JSON_KEY("traceState", SPAN_TRACE_STATE),
    NJ_JSON_KEY("parentSpanId", SPAN_PARENT_ID),
    NJ_JSON_KEY("flags", SPAN_FLAGS),
    NJ_JSON_KEY("name", SPAN_NAME),
    NJ_JSON_KEY("kind", SPAN_KIND),
    NJ_JSON_KEY("startTimeUnixNano", SPAN_START),
    NJ_JSON_KEY("endTimeUnixNano", SPAN_END),
    NJ_JSON_KEY("attributes", SPAN_ATTRIBUTES),
    NJ_JSON_KEY("droppedAttributesCount", SPAN_DROPPED_ATTRIBUTES),
    NJ_JSON_KEY("events", SPAN_EVENTS),
    NJ_JSON_KEY("droppedEventsCount", SPAN_DROPPED_EVENTS),
    NJ_JSON_KEY("links", SPAN_LINKS),
    NJ_JSON_KEY("droppedLinksCount", SPAN_DROPPED_LINKS),
    NJ_JSON_KEY("status", SPAN_STATUS),
    NJ_JSON_KEY("trace_id", SPAN_TRACE_ID),
    NJ_JSON_KEY("span_id", SPAN_SPAN_ID),
    NJ_JSON_KEY("trace_state", SPAN_TRACE_STATE),
    NJ_JSON_KEY("parent_span_id", SPAN_PARENT_ID),
    NJ_JSON_KEY("start_time_unix_nano", SPAN_START),
    NJ_JSON_KEY("end_time_unix_nano", SPAN_END),
    NJ_JSON_KEY("dropped_attributes_count", SPAN_DROPPED_ATTRIBUTES),
    NJ_JSON_KEY("dropped_events_count", SPAN_DROPPED_EVENTS),
    NJ_JSON_KEY("dropped_links_count", SPAN_DROPPED_LINKS),
};

enum part_key {
    PART_TIME,
    PART_NAME,
    PART_ATTRIBUTES,
    PART_DROPPED,
    PART_TRACE_ID,
    PART_SPAN_ID,
    PART_TRACE_STATE,
    PART_FLAGS,
};

static const struct nj_json_key event_keys[] = {
    NJ_JSON_KEY("timeUnixNano", PART_TIME),
    NJ_JSON_KEY("name", PART_NAME),
    NJ_JSON_KEY("attributes", PART_ATTRIBUTES),
    NJ_JSON_KEY("droppedAttributesCount", PART_DROPPED),
    NJ_JSON_KEY("time_unix_nano", PART_TIME),
    NJ_JSON_KEY("dropped_attributes_count", PART_DROPPED),
};

static const struct nj_json_key link_keys[] = {
    NJ_JSON_KEY("traceId", PART_TRACE_ID),
    NJ_JSON_KEY("spanId", PART_SPAN_ID),
    NJ_JSON_KEY("traceState", PART_TRACE_STATE),
    NJ_JSON_KEY("attributes", PART_ATTRIBUTES),
    NJ_JSON_KEY("droppedAttributesCount", PART_DROPPED),
    NJ_JSON_KEY("flags", PART_FLAGS),
    NJ_JSON_KEY("trace_id", PART_TRACE_ID),
    NJ_JSON_KEY("span_id", PART_SPAN_ID),
    NJ_JSON_KEY("trace_state", PART_TRACE_STATE),
    NJ_JSON_KEY("dropped_attributes_count", PART_DROPPED),
};

enum status_key { STATUS_MESSAGE, STATUS_CODE };

static const struct nj_json_key status_keys[] = {
    NJ_JSON_KEY("message", STATUS_MESSAGE),
    NJ_JSON_KEY("code", STATUS_CODE),
};

/* Enumerations may be numbers or the names of the protobuf definition. */
static const char *const kind_names[] = {
    "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
};
static const char *const status_names[] = {
    "STATUS_CODE_UNSET",
    "STATUS_CODE_OK",
    "STATUS_CODE_ERROR",
};

static unsigned
enum_read(struct nj_otlp_json *r, struct nj_json *json, const char *const *names, unsigned len)
{
    struct nj_slice text = {0};
    uint32_t number = 0;

    if (nj_json_peek(json) != NJ_JSON_STRING) {
        nj_otlp_json_u32(r, json, &number);
        if (number < len)
            return number;
    } else if (nj_json_string(json, &text)) {
        for (unsigned i = 0; i < len; i++)
            if (nj_slice_eq(text, nj_slice_of(names[i])))
                return i;
    }
    if (!json->error)
        nj_otlp_json_note(r, json, NJ_DIAG_ATTRIBUTE_INVALID,
                          "a known span kind or status code");
    return 0;
}

/* Nanoseconds as text or number; 0 stands for "not known". false: not a time before 2262. */
static bool
time_read(struct nj_otlp_json *r, struct nj_json *json, int64_t *out_ns)
{
    struct nj_value value = {.type = NJ_VALUE_STRING};
    struct nj_json_number n;
    int64_t time_ns = 0;

    switch (nj_json_peek(json)) {
    case NJ_JSON_STRING:
        if (!nj_json_string(json, &value.bytes))
            return false;
        if (value.bytes.len && !nj_value_int(&value, &time_ns))
            time_ns = -1;
        break;
    case NJ_JSON_NUMBER:
        if (!nj_json_number(json, &n))
            return false;
        time_ns = n.is_integer && !n.is_unsigned   ? n.integer
                  : n.real >= 0 && n.real < 9.2e18 ? (int64_t)n.real
                                                   : -1;
        break;
    case NJ_JSON_NULL:
        return nj_json_null(json);
    case NJ_JSON_INVALID:
    case NJ_JSON_BOOL:
    case NJ_JSON_ARRAY:
    case NJ_JSON_OBJECT:
        nj_otlp_json_text(r, json, &value.bytes);
        return false;
    }
    *out_ns = time_ns > 0 ? time_ns : NJ_NO_TIME;
    return time_ns >= 0;
}

/* Enters the object at the cursor; what is none is counted and passed over. Null says nothing,
 * but a span that is null was one. */
static bool
object_enter(struct nj_otlp_json *r, struct nj_json *json, enum nj_diag_id id,
             const char *expected)
{
    enum nj_json_type type = nj_json_peek(json);

    if (type == NJ_JSON_OBJECT)
        return nj_json_object(json);
    if ((type != NJ_JSON_NULL || id == NJ_DIAG_SPAN_INVALID) && type != NJ_JSON_INVALID)
        nj_otlp_json_note(r, json, id, expected);
    (void)nj_json_skip(json);
    return false;
}

static void
event_read(struct nj_otlp_json *r, struct nj_json *json)
{
    struct nj_event event = {.time_ns = NJ_NO_TIME};
    bool is_time_good = true;
    int id;

    if (!object_enter(r, json, NJ_DIAG_ATTRIBUTE_INVALID, "an event"))
        return;
    while ((id = nj_json_member(json, event_keys, NJ_LEN(event_keys), &r->event_order)) !=
           NJ_JSON_END) {
        if (id == PART_TIME)
            is_time_good = time_read(r, json, &event.time_ns);
        else if (id == PART_NAME)
            nj_otlp_json_text(r, json, &event.name);
        else if (id == PART_ATTRIBUTES)
            nj_otlp_json_attrs(r, json, &event.attrs);
        else if (id == PART_DROPPED)
            nj_otlp_json_u32(r, json, &event.attrs.dropped);
        else
            (void)nj_json_skip(json);
    }
    if (json->error)
        return;
    if (!is_time_good) {
        nj_otlp_json_note(r, json, NJ_DIAG_ATTRIBUTE_INVALID,
                          "an event with a time before 2262");
        return;
    }
    struct nj_event *kept = nj_pool_add(&r->batch->events, r->batch->arena, sizeof *kept);
    if (kept)
        *kept = event;
    else
        r->batch->is_failed = true;
}

/* The ids of a link; false: a field of another kind. */
static bool
link_id_read(struct nj_otlp_json *r, struct nj_json *json, int id, struct nj_link *link,
             unsigned *ids)
{
    struct nj_slice text = {0};

    if (id != PART_TRACE_ID && id != PART_SPAN_ID)
        return false;
    nj_otlp_json_text(r, json, &text);
    if (id == PART_TRACE_ID)
        *ids |= nj_trace_id_parse(text, &link->trace_id, &link->trace_text) ? 1 : 0;
    else
        *ids |= nj_span_id_parse(text, &link->span_id, &link->span_text) ? 2 : 0;
    return true;
}

static void
link_read(struct nj_otlp_json *r, struct nj_json *json)
{
    struct nj_link link = {0};
    struct nj_json_order order = {0};
    unsigned ids = 0;
    int id;

    if (!object_enter(r, json, NJ_DIAG_ATTRIBUTE_INVALID, "a link"))
        return;
    while ((id = nj_json_member(json, link_keys, NJ_LEN(link_keys), &order)) != NJ_JSON_END) {
        if (link_id_read(r, json, id, &link, &ids))
            continue;
        if (id == PART_TRACE_STATE)
            nj_otlp_json_text(r, json, &link.trace_state);
        else if (id == PART_ATTRIBUTES)
            nj_otlp_json_attrs(r, json, &link.attrs);
        else if (id == PART_DROPPED)
            nj_otlp_json_u32(r, json, &link.attrs.dropped);
        else if (id == PART_FLAGS)
            nj_otlp_json_u32(r, json, &link.flags);
        else
            (void)nj_json_skip(json);
    }
    if (json->error)
        return;
    if (ids != 3) {
        nj_otlp_json_note(r, json, NJ_DIAG_ATTRIBUTE_INVALID, "a link with two ids");
        return;
    }
    struct nj_link *kept = nj_pool_add(&r->batch->links, r->batch->arena, sizeof *kept);
    if (kept)
        *kept = link;
    else
        r->batch->is_failed = true;
}

/* The elements of an array of events or links, into `pool`; how many were kept. */
static size_t
parts_read(struct nj_otlp_json *r, struct nj_json *json, struct nj_pool *pool, size_t size,
           void (*read)(struct nj_otlp_json *, struct nj_json *))
{
    struct nj_slice unused;

    nj_pool_begin(pool);
    if (nj_json_peek(json) != NJ_JSON_ARRAY) {
        nj_otlp_json_text(r, json, &unused);
        return 0;
    }
    (void)nj_json_array(json);
    while (nj_json_array_next(json))
        read(r, json);
    return (pool->at - pool->from) / size;
}

static void
status_read(struct nj_otlp_json *r, struct nj_json *json, struct nj_span *span)
{
    int id;

    if (!object_enter(r, json, NJ_DIAG_ATTRIBUTE_INVALID, "a status"))
        return;
    while ((id = nj_json_member(json, status_keys, NJ_LEN(status_keys), &r->status_order)) !=
           NJ_JSON_END) {
        if (id == STATUS_MESSAGE)
            nj_otlp_json_text(r, json, &span->status_message);
        else if (id == STATUS_CODE)
            span->status = enum_read(r, json, status_names, NJ_LEN(status_names));
        else
            (void)nj_json_skip(json);
    }
}

/* What makes a span usable. */
struct span_check {
    bool has_trace, has_span, is_time_bad;
};

static void
ids_read(struct nj_otlp_json *r, struct nj_json *json, enum span_key id, struct nj_span *span,
         struct span_check *check)
{
    struct nj_slice text = {0};

    nj_otlp_json_text(r, json, &text);
    if (id == SPAN_TRACE_ID)
        check->has_trace = nj_trace_id_parse(text, &span->trace_id, &span->trace_text);
    else if (id == SPAN_SPAN_ID)
        check->has_span = nj_span_id_parse(text, &span->span_id, &span->span_text);
    else
        span->has_parent = nj_span_id_parse(text, &span->parent_id, &span->parent_text);
}

static void
member_read(struct nj_otlp_json *r, struct nj_json *json, enum span_key id,
            struct nj_span *span, struct span_check *check)
{
    switch (id) {
    case SPAN_TRACE_ID:
    case SPAN_SPAN_ID:
    case SPAN_PARENT_ID:
        ids_read(r, json, id, span, check);
        return;
    case SPAN_TRACE_STATE:
        nj_otlp_json_text(r, json, &span->trace_state);
        return;
    case SPAN_FLAGS:
        nj_otlp_json_u32(r, json, &span->flags);
        return;
    case SPAN_NAME:
        nj_otlp_json_text(r, json, &span->name);
        return;
    case SPAN_KIND:
        span->otel_kind = enum_read(r, json, kind_names, NJ_LEN(kind_names));
        return;
    case SPAN_START:
        check->is_time_bad |= !time_read(r, json, &span->start_ns);
        return;
    case SPAN_END:
        check->is_time_bad |= !time_read(r, json, &span->end_ns);
        return;
    case SPAN_ATTRIBUTES:
        nj_otlp_json_attrs(r, json, &span->attrs);
        return;
    case SPAN_DROPPED_ATTRIBUTES:
        nj_otlp_json_u32(r, json, &span->attrs.dropped);
        return;
    case SPAN_EVENTS:
        span->events_len =
            parts_read(r, json, &r->batch->events, sizeof *span->events, event_read);
        span->events = nj_pool_list(&r->batch->events);
        return;
    case SPAN_DROPPED_EVENTS:
        nj_otlp_json_u32(r, json, &span->events_dropped);
        return;
    case SPAN_LINKS:
        span->links_len = parts_read(r, json, &r->batch->links, sizeof *span->links, link_read);
        span->links = nj_pool_list(&r->batch->links);
        return;
    case SPAN_DROPPED_LINKS:
        nj_otlp_json_u32(r, json, &span->links_dropped);
        return;
    case SPAN_STATUS:
        status_read(r, json, span);
        return;
    }
}

/* An id of `len` hexadecimal digits in quotes, or none at all; *p moves behind it. */
static inline bool
trace_id_speculate(const char **p, const char *end, struct nj_span *span,
                   struct span_check *check)
{
    struct nj_slice hex = {*p, NJ_TRACE_HEX};

    if (end - *p <= NJ_TRACE_HEX || (*p)[NJ_TRACE_HEX] != '"' ||
        !nj_trace_id_parse(hex, &span->trace_id, &span->trace_text) || span->trace_text.len)
        return false;
    check->has_trace = true;
    *p += NJ_TRACE_HEX + 1;
    return true;
}

static inline bool
span_id_speculate(const char **p, const char *end, uint64_t *out)
{
    struct nj_slice hex = {*p, NJ_SPAN_HEX}, text;

    if (end - *p <= NJ_SPAN_HEX || (*p)[NJ_SPAN_HEX] != '"' ||
        !nj_span_id_parse(hex, out, &text) || text.len)
        return false;
    *p += NJ_SPAN_HEX + 1;
    return true;
}

/* Nanoseconds of nineteen digits, which hold the years 2001 to 2262, in quotes. */
static inline bool
time_speculate(const char **p, const char *end, int64_t *out_ns)
{
    uint32_t high, middle, low = 0;
    const char *at = *p;

    if (end - at < 20 || at[19] != '"' || !nj_scan_eight_digits(at, &high) ||
        !nj_scan_eight_digits(at + 8, &middle))
        return false;
    for (int i = 16; i < 19; i++) {
        if ((unsigned char)(at[i] - '0') > 9)
            return false;
        low = low * 10 + (uint32_t)(at[i] - '0');
    }
    if (high >= 92000000)
        return false;
    *out_ns = (int64_t)high * 100000000000 + (int64_t)middle * 1000 + low;
    *p = at + 20;
    return true;
}

/* Reads the ids with which a span begins, in one of the layouts; *p moves behind what was read.
 * false: the rest of the ids is written otherwise. */
static inline bool
ids_speculate(struct nj_json *json, const char **at, bool is_spaced, struct nj_span *span,
              struct span_check *check)
{
    const char *p = *at, *end = json->end;

    if (!LITERAL("\"traceId\":\"", "\"traceId\": \"") ||
        !trace_id_speculate(&p, end, span, check))
        return false;
    *at = p;
    if (!LITERAL(",\"spanId\":\"", ", \"spanId\": \"") ||
        !span_id_speculate(&p, end, &span->span_id))
        return false;
    check->has_span = true;
    *at = p;
    if (!LITERAL(",\"parentSpanId\":\"", ", \"parentSpanId\": \""))
        return true; /* a root may be without */
    span->has_parent = span_id_speculate(&p, end, &span->parent_id);
    if (!span->has_parent && !LITERAL("\"", "\""))
        return false;
    *at = p;
    return true;
}

/* Reads name, kind and times in the same way; the last member that was read. */
static inline enum span_key
times_speculate(struct nj_json *json, const char **at, bool is_spaced, struct nj_span *span)
{
    const char *p = *at, *end = json->end;

    if (LITERAL(",\"flags\":257,", ", \"flags\": 257,")) {
        span->flags = 257; /* sampled, and the parent was remote or not: what SDKs write */
        *at = --p;
    }
    if (!LITERAL(",\"name\":\"", ", \"name\": \"") ||
        !nj_otlp_plain_text(json, &p, &span->name))
        return SPAN_PARENT_ID;
    *at = p;
    if (!LITERAL(",\"kind\":", ", \"kind\": ") || end - p < 2 || *p < '0' || *p > '5' ||
        p[1] != ',')
        return SPAN_NAME;
    span->otel_kind = (enum nj_otel_kind)(*p++ - '0');
    *at = p;
    if (!LITERAL(",\"startTimeUnixNano\":\"", ", \"startTimeUnixNano\": \"") ||
        !time_speculate(&p, end, &span->start_ns))
        return SPAN_KIND;
    *at = p;
    if (!LITERAL(",\"endTimeUnixNano\":\"", ", \"endTimeUnixNano\": \"") ||
        !time_speculate(&p, end, &span->end_ns))
        return SPAN_START;
    *at = p;
    return SPAN_END;
}

/* Reads the first members of a span as long as they stand in the order and in one of the
 * layouts that exporters write; what is left is for the general loop, from there on. */
static inline void
head_speculate(struct nj_otlp_json *r, struct nj_json *json, bool is_spaced,
               struct nj_span *span, struct span_check *check)
{
    const char *p = json->at;

    if (!ids_speculate(json, &p, is_spaced, span, check)) {
        json->is_opened = p == json->at;
        json->at = p;
        return;
    }
    r->span_order.last = (unsigned char)(times_speculate(json, &p, is_spaced, span) + 1);
    json->is_opened = false;
    json->at = p;
}

void
nj_otlp_json_span(struct nj_otlp_json *r, struct nj_json *json)
{
    struct span_check check = {0};
    struct nj_span *span = nj_span_batch_new(r->batch);
    int id;

    if (!span || !object_enter(r, json, NJ_DIAG_SPAN_INVALID, "a span"))
        return;
    json->has_bad_utf8 = false;
    if (!r->is_careful)
        r->is_spaced ? head_speculate(r, json, true, span, &check)
                     : head_speculate(r, json, false, span, &check);
    while ((id = nj_json_member(json, span_keys, NJ_LEN(span_keys), &r->span_order)) !=
           NJ_JSON_END) {
        if (id == NJ_JSON_OTHER)
            (void)nj_json_skip(json);
        else
            member_read(r, json, (enum span_key)id, span, &check);
    }
    if (json->error)
        return;
    if (json->has_bad_utf8)
        nj_otlp_json_note(r, json, NJ_DIAG_TEXT_NOT_UTF8, "text in UTF-8");
    if (check.has_trace && check.has_span && !check.is_time_bad)
        nj_span_batch_keep(r->batch);
    else
        nj_otlp_json_note(r, json, NJ_DIAG_SPAN_INVALID,
                          "a span with a trace id, a span id and times before 2262");
}
