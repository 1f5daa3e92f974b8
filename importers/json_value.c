/* json_value.c - JSON as attributes. */
#include "importers/json_value.h"

#include "base/buf.h"

struct nj_json
nj_json_inside(const struct nj_json *outer, struct nj_slice text)
{
    struct nj_json json;
    nj_json_init(&json, text, false, outer->arena);
    return json;
}

struct nj_slice
nj_key_join(struct nj_arena *arena, struct nj_slice prefix, struct nj_slice key)
{
    if (prefix.len == 0)
        return key;
    char *p = NJ_NEW_RAW(arena, char, prefix.len + key.len + 1);
    if (!p)
        return (struct nj_slice){0};
    memcpy(p, prefix.ptr, prefix.len);
    if (key.len)
        memcpy(p + prefix.len, key.ptr, key.len);
    return (struct nj_slice){p, prefix.len + key.len};
}

static bool
number_value(struct nj_json *json, struct nj_value *out)
{
    struct nj_json_number number;

    if (!nj_json_number(json, &number))
        return false;
    if (number.is_integer && !number.is_unsigned)
        *out = (struct nj_value){.type = NJ_VALUE_INT, .integer = number.integer};
    else if (number.is_integer)
        *out = (struct nj_value){.type = NJ_VALUE_STRING, .bytes = number.text};
    else
        *out = (struct nj_value){.type = NJ_VALUE_DOUBLE, .real = number.real};
    return true;
}

/* false without an error where an array or object comes next. */
static bool
scalar_value(struct nj_json *json, struct nj_value *out)
{
    *out = (struct nj_value){0};
    switch (nj_json_peek(json)) {
    case NJ_JSON_NULL:
        return nj_json_null(json);
    case NJ_JSON_BOOL:
        out->type = NJ_VALUE_BOOL;
        return nj_json_bool(json, &out->boolean);
    case NJ_JSON_NUMBER:
        return number_value(json, out);
    case NJ_JSON_STRING:
        out->type = NJ_VALUE_STRING;
        return nj_json_string(json, &out->bytes);
    case NJ_JSON_ARRAY:
    case NJ_JSON_OBJECT:
    case NJ_JSON_INVALID:
        break;
    }
    return false;
}

/* An array or object that is being written. */
struct frame {
    size_t mark; /* from nj_value_open */
    bool is_map;
};

/* Before the next element of `top`, or false at its end. The key goes into `buf`. */
static bool
element_next(struct nj_json *json, const struct frame *top, struct nj_buf *buf)
{
    struct nj_slice key;

    if (!top->is_map)
        return nj_json_array_next(json);
    if (!nj_json_object_next(json, &key))
        return false;
    nj_buf_put_varint(buf, key.len);
    nj_buf_put_slice(buf, key);
    return true;
}

/* Steps into the array or object that comes next. */
static bool
frame_open(struct nj_json *json, struct frame *frame)
{
    frame->is_map = nj_json_peek(json) == NJ_JSON_OBJECT;
    return frame->is_map ? nj_json_object(json) : nj_json_array(json);
}

/* Writes the elements of an array or object. false with an error in `json`, or without one
 * where it is nested too deep. */
static bool
nested_write(struct nj_json *json, struct nj_buf *buf, bool *is_map)
{
    struct frame stack[NJ_VALUE_DEPTH_MAX];
    size_t depth = 1;

    if (!frame_open(json, &stack[0]))
        return false;
    *is_map = stack[0].is_map;
    while (depth > 0) {
        struct nj_value value;
        if (!element_next(json, &stack[depth - 1], buf)) {
            if (json->error)
                return false;
            if (--depth > 0)
                nj_value_close(buf, stack[depth].mark);
        } else if (scalar_value(json, &value)) {
            nj_value_write(buf, &value);
        } else {
            if (depth == NJ_VALUE_DEPTH_MAX || !frame_open(json, &stack[depth]))
                return false;
            stack[depth].mark =
                nj_value_open(buf, stack[depth].is_map ? NJ_VALUE_MAP : NJ_VALUE_ARRAY);
            depth++;
        }
    }
    return true;
}

bool
nj_json_value(struct nj_json *json, struct nj_value *out)
{
    struct nj_buf buf = {0};
    struct nj_json start;
    bool is_map = false;

    if (scalar_value(json, out))
        return true;
    if (json->error)
        return false;
    start = *json;
    *out = (struct nj_value){0};
    if (nested_write(json, &buf, &is_map)) {
        out->type = is_map ? NJ_VALUE_MAP : NJ_VALUE_ARRAY;
        out->bytes = nj_arena_copy(json->arena, nj_buf_slice(&buf));
        if (!out->bytes.ptr || buf.is_failed)
            json->error = "memory for a value";
    } else if (!json->error) {
        *json = start;
        out->type = NJ_VALUE_STRING;
        (void)nj_json_raw(json, &out->bytes);
    }
    nj_buf_fini(&buf);
    return !json->error;
}

bool
nj_value_is_empty(const struct nj_value *value)
{
    return value->type == NJ_VALUE_NULL ||
           ((value->type == NJ_VALUE_ARRAY || value->type == NJ_VALUE_MAP) &&
            value->bytes.len == 0);
}

bool
nj_json_any_text(struct nj_json *json, struct nj_slice *out)
{
    enum nj_json_type type = nj_json_peek(json);

    *out = (struct nj_slice){"", 0};
    if (type == NJ_JSON_STRING)
        return nj_json_string(json, out);
    return type == NJ_JSON_NULL ? nj_json_null(json) : nj_json_raw(json, out);
}

bool
nj_json_attrs(struct nj_json *json, const char *prefix, struct nj_attr_list *into)
{
    struct nj_slice head = nj_slice_of(prefix), key;
    struct nj_value value;

    switch (nj_json_peek(json)) {
    case NJ_JSON_NULL:
        return nj_json_null(json);
    case NJ_JSON_OBJECT:
        break;
    case NJ_JSON_BOOL:
    case NJ_JSON_NUMBER:
    case NJ_JSON_STRING:
    case NJ_JSON_ARRAY:
    case NJ_JSON_INVALID:
        head.len -= nj_slice_ends(head, NJ_SLICE("."));
        if (nj_json_value(json, &value))
            nj_attr_list_put(into, head, value);
        return !json->error;
    }
    if (!nj_json_object(json))
        return false;
    while (nj_json_object_next(json, &key) && nj_json_value(json, &value))
        nj_attr_list_put(into, nj_key_join(json->arena, head, key), value);
    return !json->error;
}
