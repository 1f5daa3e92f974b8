/* jaeger_tags.c - tags, logs and processes of Jaeger, to attributes, events and resources. */
#include "base/base64.h"
#include "importers/jaeger_span.h"
#include "importers/json_value.h"
#include "importers/otel_tags.h"

/* What makes a tag: {"key": …, "type": …, "value": …}, or a member for every type. */
struct tag {
    struct nj_slice key, type;
    struct nj_value value;
};

static bool
hex_decode(struct nj_slice text, char *out, size_t *out_len)
{
    uint64_t byte;
    struct nj_slice unused;

    if (text.len % 2)
        return false;
    for (size_t i = 0; i < text.len; i += 2) {
        struct nj_slice pair = {text.ptr + i, 2};
        bool is_zero = nj_slice_eq(pair, NJ_SLICE("00"));
        byte = 0;
        if (!is_zero && (!nj_span_id_parse(pair, &byte, &unused) || unused.len))
            return false;
        out[i / 2] = (char)byte;
    }
    *out_len = text.len / 2;
    return true;
}

/* Whether `type` is one of the names of a type, in the upper case of two dialects or not. */
static bool
is_type(struct nj_slice type, const char *names)
{
    for (; *names; names += strlen(names) + 1) {
        size_t i = 0;
        while (i < type.len && names[i] && (type.ptr[i] | 32) == names[i])
            i++;
        if (i == type.len && !names[i])
            return true;
    }
    return false;
}

static void
binary_decode(struct nj_jaeger *j, struct nj_value *value)
{
    struct nj_slice text = value->bytes;
    size_t len = 0;
    char *bytes = NJ_NEW_RAW(j->reader.draft.arena, char, nj_base64_bytes(text.len));

    if (!bytes)
        j->reader.draft.is_failed = true;
    else if ((j->is_binary_hex && hex_decode(text, bytes, &len)) ||
             nj_base64_decode(text, bytes, &len))
        *value = (struct nj_value){.type = NJ_VALUE_BYTES, .bytes = {bytes, len}};
}

/* Makes the value what the tag says that it is; what cannot be stays as it was written. */
static void
value_convert(struct nj_jaeger *j, struct tag *tag)
{
    struct nj_value *value = &tag->value;
    int64_t integer;
    double real;

    if (is_type(tag->type, "int64\0long\0")) {
        if (nj_value_int(value, &integer))
            *value = (struct nj_value){.type = NJ_VALUE_INT, .integer = integer};
    } else if (is_type(tag->type, "float64\0double\0")) {
        if (nj_value_real(value, &real))
            *value = (struct nj_value){.type = NJ_VALUE_DOUBLE, .real = real};
    } else if (is_type(tag->type, "bool\0")) {
        if (value->type == NJ_VALUE_STRING &&
            (nj_value_is_true(value) || nj_slice_eq(value->bytes, NJ_SLICE("false"))))
            *value =
                (struct nj_value){.type = NJ_VALUE_BOOL, .boolean = nj_value_is_true(value)};
    } else if (is_type(tag->type, "binary\0") && value->type == NJ_VALUE_STRING) {
        binary_decode(j, value);
    }
}

/* Reads one tag object; false, counted, when it is none. */
static bool
tag_read(struct nj_jaeger *j, struct nj_json *json, struct tag *tag)
{
    static const char *const values[] = {"value",   "vStr",     "vBool",   "vLong", "vInt64",
                                         "vDouble", "vFloat64", "vBinary", NULL};
    struct nj_slice key;

    *tag = (struct tag){0};
    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        nj_span_reader_damage(&j->reader, json, "a tag");
        (void)nj_json_skip(json);
        return false;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("key")))
            (void)nj_json_any_text(json, &tag->key);
        else if (nj_slice_eq(key, NJ_SLICE("type")) || nj_slice_eq(key, NJ_SLICE("vType")))
            (void)nj_json_any_text(json, &tag->type);
        else if (nj_json_name_find(values, key))
            (void)nj_json_value(json, &tag->value);
        else
            (void)nj_json_skip(json);
    }
    value_convert(j, tag);
    return !json->error;
}

/* Some programs put the message where the truth should stand. */
static bool
error_take(struct nj_jaeger *j, const struct nj_value *value)
{
    struct nj_slice text = nj_value_text(value);

    j->is_error = value->type == NJ_VALUE_STRING
                      ? text.len > 0 && !nj_slice_eq(text, NJ_SLICE("false"))
                      : nj_value_is_true(value);
    return nj_value_is_true(value);
}

static void
span_tag_put(struct nj_jaeger *j, const struct tag *tag)
{
    bool is_taken = nj_slice_eq(tag->key, NJ_SLICE("error"))
                        ? error_take(j, &tag->value)
                        : nj_otel_tag_take(&j->reader, tag->key, &tag->value);

    if (!is_taken)
        nj_attr_list_put(&j->reader.draft.attrs, tag->key, tag->value);
}

bool
nj_jaeger_list(struct nj_jaeger *jaeger, struct nj_json *json)
{
    if (nj_json_peek(json) == NJ_JSON_ARRAY)
        return nj_json_array(json);
    if (nj_json_peek(json) != NJ_JSON_NULL)
        nj_span_reader_damage(&jaeger->reader, json, "a list of tags, logs or references");
    (void)nj_json_skip(json);
    return false;
}

/* {"http@method": "GET"}: Elasticsearch takes no dots in names. */
static void
tag_fields_read(struct nj_jaeger *j, struct nj_json *json, struct nj_attr_list *into)
{
    size_t first = into->len;

    if (!nj_json_attrs(json, "", into))
        return;
    for (size_t i = first; i < into->len; i++) {
        struct nj_slice key = into->list[i].key;
        char *name = NJ_NEW_RAW(j->reader.draft.arena, char, key.len + 1);
        if (!name) {
            j->reader.draft.is_failed = true;
            return;
        }
        for (size_t k = 0; k < key.len; k++)
            name[k] = key.ptr[k] == '@' ? '.' : key.ptr[k];
        into->list[i].key.ptr = name;
    }
}

void
nj_jaeger_tags(struct nj_jaeger *j, struct nj_json *json)
{
    struct tag tag;

    if (nj_jaeger_list(j, json))
        while (nj_json_array_next(json))
            if (tag_read(j, json, &tag))
                span_tag_put(j, &tag);
}

void
nj_jaeger_tag_fields(struct nj_jaeger *j, struct nj_json *json)
{
    struct nj_attr_list fields_list = {0};

    tag_fields_read(j, json, &fields_list);
    for (size_t i = 0; i < fields_list.len; i++) {
        struct tag tag = {.key = fields_list.list[i].key, .value = fields_list.list[i].value};
        span_tag_put(j, &tag);
    }
    j->reader.draft.is_failed |= fields_list.is_failed;
    nj_attr_list_fini(&fields_list);
}

void
nj_jaeger_process(struct nj_jaeger *jaeger, struct nj_json *json)
{
    struct nj_attr_list *resource = &jaeger->reader.resource_attrs;
    struct nj_slice key, service = {0};
    struct tag tag;

    jaeger->has_process = true;
    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        nj_span_reader_damage(&jaeger->reader, json, "a process");
        (void)nj_json_skip(json);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("serviceName"))) {
            if (nj_json_any_text(json, &service) && service.len)
                nj_attr_list_put_text(resource, "service.name", service);
        } else if (nj_slice_eq(key, NJ_SLICE("tags"))) {
            if (nj_jaeger_list(jaeger, json))
                while (nj_json_array_next(json))
                    if (tag_read(jaeger, json, &tag))
                        nj_attr_list_put(resource, tag.key, tag.value);
        } else if (nj_slice_eq(key, NJ_SLICE("tag"))) {
            tag_fields_read(jaeger, json, resource);
        } else {
            (void)nj_json_skip(json);
        }
    }
}

static void
log_fields_read(struct nj_jaeger *j, struct nj_json *json, struct nj_event *event)
{
    struct tag tag;

    if (!nj_jaeger_list(j, json))
        return;
    while (nj_json_array_next(json)) {
        if (!tag_read(j, json, &tag))
            continue;
        if (nj_slice_eq(tag.key, NJ_SLICE("event")) && event->name.len == 0 &&
            tag.value.type == NJ_VALUE_STRING)
            event->name = tag.value.bytes;
        else
            nj_attr_list_put(&j->reader.draft.event_attrs, tag.key, tag.value);
    }
}

static void
log_read(struct nj_jaeger *j, struct nj_json *json)
{
    struct nj_event event = {.time_ns = NJ_NO_TIME};
    struct nj_slice key;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        nj_span_reader_damage(&j->reader, json, "a log");
        (void)nj_json_skip(json);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("timestamp")))
            event.time_ns = nj_jaeger_time(j, json);
        else if (nj_slice_eq(key, NJ_SLICE("fields")))
            log_fields_read(j, json, &event);
        else
            (void)nj_json_skip(json);
    }
    nj_draft_event(&j->reader.draft, &event);
}

void
nj_jaeger_logs(struct nj_jaeger *jaeger, struct nj_json *json)
{
    if (nj_jaeger_list(jaeger, json))
        while (nj_json_array_next(json))
            log_read(jaeger, json);
}
