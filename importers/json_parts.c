/* json_parts.c - events and links of a span, as formats close to OpenTelemetry write them. */
#include "importers/json_span.h"
#include "importers/json_value.h"

/* Before the elements of a list of objects; anything else becomes attributes. */
static bool
list_enter(struct nj_span_reader *reader, const char *prefix, struct nj_json *json)
{
    if (nj_json_peek(json) == NJ_JSON_ARRAY)
        return nj_json_array(json);
    (void)nj_json_attrs(json, prefix, &reader->draft.attrs);
    return false;
}

static bool
element_enter(struct nj_span_reader *reader, const char *expected, struct nj_json *json)
{
    if (nj_json_peek(json) == NJ_JSON_OBJECT)
        return nj_json_object(json);
    nj_span_reader_damage(reader, json, expected);
    (void)nj_json_skip(json);
    return false;
}

/* "attributes": {…}, or another member that becomes one. */
static void
attribute_read(struct nj_attr_list *into, struct nj_slice key, struct nj_json *json)
{
    struct nj_value value;

    if (nj_slice_eq(key, NJ_SLICE("attributes")) && nj_json_peek(json) == NJ_JSON_OBJECT)
        (void)nj_json_attrs(json, "", into);
    else if (nj_json_value(json, &value) && !nj_value_is_empty(&value))
        nj_attr_list_put(into, key, value);
}

static void
event_read(struct nj_span_reader *reader, struct nj_json *json)
{
    static const char *const times[] = {"time", "timestamp", NULL};
    static const char *const nanos[] = {"time_unix_nano", "timeUnixNano", NULL};
    struct nj_event event = {.time_ns = NJ_NO_TIME};
    struct nj_slice key;

    if (!element_enter(reader, "an event", json))
        return;
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("name")))
            (void)nj_json_any_text(json, &event.name);
        else if (nj_json_name_find(times, key))
            event.time_ns = nj_span_reader_time(reader, json);
        else if (nj_json_name_find(nanos, key))
            event.time_ns = nj_span_reader_number(reader, json, 0);
        else
            attribute_read(&reader->draft.event_attrs, key, json);
    }
    nj_draft_event(&reader->draft, &event);
}

void
nj_span_reader_events(struct nj_span_reader *reader, struct nj_json *json)
{
    if (list_enter(reader, "events.", json))
        while (nj_json_array_next(json))
            event_read(reader, json);
}

/* Which ids of a link have been read. */
enum { HAS_TRACE = 1, HAS_SPAN = 2 };

static bool
link_id_read(struct nj_slice key, struct nj_json *json, struct nj_link *link, unsigned *has)
{
    static const char *const traces[] = {"trace_id", "traceId", NULL};
    static const char *const spans[] = {"span_id", "spanId", NULL};
    bool is_trace = nj_json_name_find(traces, key);
    struct nj_slice text;

    if (!is_trace && !nj_json_name_find(spans, key))
        return false;
    if (!nj_json_any_text(json, &text))
        return true;
    if (nj_slice_starts(text, NJ_SLICE("0x")))
        text = nj_slice_from(text, 2);
    if (is_trace)
        *has |= nj_trace_id_parse(text, &link->trace_id, &link->trace_text) ? HAS_TRACE : 0;
    else
        *has |= nj_span_id_parse(text, &link->span_id, &link->span_text) ? HAS_SPAN : 0;
    return true;
}

/* A member of a link, or of the context in it. An empty trace state may be written as "[]". */
static void
link_member_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json,
                 struct nj_link *link, unsigned *has)
{
    static const char *const states[] = {"trace_state", "traceState", NULL};
    struct nj_slice text;

    if (link_id_read(key, json, link, has))
        return;
    if (!nj_json_name_find(states, key))
        attribute_read(&reader->draft.link_attrs, key, json);
    else if (nj_json_any_text(json, &text) && !nj_slice_eq(text, NJ_SLICE("[]")))
        link->trace_state = text;
}

static void
link_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_link link = {0};
    struct nj_slice key;
    unsigned has = 0;

    if (!element_enter(reader, "a link", json))
        return;
    while (nj_json_object_next(json, &key)) {
        if (!nj_slice_eq(key, NJ_SLICE("context")) || nj_json_peek(json) != NJ_JSON_OBJECT) {
            link_member_read(reader, key, json, &link, &has);
            continue;
        }
        (void)nj_json_object(json);
        while (nj_json_object_next(json, &key))
            link_member_read(reader, key, json, &link, &has);
    }
    if (has == (HAS_TRACE | HAS_SPAN)) {
        nj_draft_link(&reader->draft, &link);
        return;
    }
    nj_draft_link_drop(&reader->draft);
    nj_span_reader_damage(reader, json, "a link with two ids");
}

void
nj_span_reader_links(struct nj_span_reader *reader, struct nj_json *json)
{
    if (list_enter(reader, "links.", json))
        while (nj_json_array_next(json))
            link_read(reader, json);
}
