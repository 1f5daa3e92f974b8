/* otlp_message_attrs.c - attributes of OTLP in protobuf, nested ones too. Nearly all bytes of a
 * file are here, and nearly all attributes are a key and a scalar; that case comes first. */
#include "importers/otlp_message.h"

#define BYTES(number)   NJ_PB_TAG(number, NJ_PB_BYTES)
#define VARINT(number)  NJ_PB_TAG(number, NJ_PB_VARINT)
#define FIXED64(number) NJ_PB_TAG(number, NJ_PB_FIXED64)

/* The one of AnyValue's fields that counts, the last; its tag is 0 where there is none. */
static bool
any_value_find(struct nj_slice message, struct nj_pb_field *out)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;

    *out = (struct nj_pb_field){0};
    while (nj_pb_next(&pb, &field))
        switch (field.tag) {
        case BYTES(1):
        case VARINT(2):
        case VARINT(3):
        case FIXED64(4):
        case BYTES(5):
        case BYTES(6):
        case BYTES(7):
            *out = field;
        }
    return !pb.error;
}

/* false where the field is an array or a map. */
static bool
scalar_of(struct nj_otlp_reader *r, const struct nj_pb_field *field, struct nj_value *out)
{
    *out = (struct nj_value){0};
    switch (field->tag) {
    case BYTES(1):
        *out =
            (struct nj_value){.type = NJ_VALUE_STRING, .bytes = nj_otlp_text(r, field->bytes)};
        return true;
    case VARINT(2):
        *out = (struct nj_value){.type = NJ_VALUE_BOOL, .boolean = field->integer != 0};
        return true;
    case VARINT(3):
        *out = (struct nj_value){.type = NJ_VALUE_INT, .integer = (int64_t)field->integer};
        return true;
    case FIXED64(4):
        out->type = NJ_VALUE_DOUBLE;
        memcpy(&out->real, &field->integer, sizeof out->real);
        return true;
    case BYTES(7):
        *out = (struct nj_value){.type = NJ_VALUE_BYTES, .bytes = field->bytes};
        return true;
    case 0:
        return true;
    default:
        return false;
    }
}

/* Key and value message of a KeyValue. */
static bool
key_value_find(struct nj_otlp_reader *r, struct nj_slice message, struct nj_slice *key,
               struct nj_slice *value)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;

    *key = *value = (struct nj_slice){"", 0};
    while (nj_pb_next(&pb, &field)) {
        if (field.tag == BYTES(1))
            *key = nj_otlp_text(r, field.bytes);
        else if (field.tag == BYTES(2))
            *value = field.bytes;
    }
    return !pb.error;
}

/* An ArrayValue or KeyValueList that is being read; both have their elements in field 1. */
struct frame {
    struct nj_pb pb;
    size_t mark; /* from nj_value_open */
    bool is_map;
};

/* One element of `top` into r->nested, or, where it is an array or map itself, *deeper. */
static bool
element_read(struct nj_otlp_reader *r, const struct frame *top, struct nj_slice element,
             struct frame *deeper)
{
    struct nj_pb_field field;
    struct nj_value value;
    struct nj_slice key;

    if (top->is_map) {
        if (!key_value_find(r, element, &key, &element))
            return false;
        nj_buf_put_varint(&r->nested, key.len);
        nj_buf_put_slice(&r->nested, key);
    }
    if (!any_value_find(element, &field))
        return false;
    if (scalar_of(r, &field, &value)) {
        nj_value_write(&r->nested, &value);
        return true;
    }
    deeper->is_map = field.tag == BYTES(6);
    deeper->mark = nj_value_open(&r->nested, deeper->is_map ? NJ_VALUE_MAP : NJ_VALUE_ARRAY);
    deeper->pb = nj_pb_open(field.bytes);
    return true;
}

/* The array or map in `outer` in byte form. Iterative: the depth comes from the input. */
static bool
nested_read(struct nj_otlp_reader *r, const struct nj_pb_field *outer, struct nj_value *out)
{
    struct frame stack[NJ_VALUE_DEPTH_MAX];
    size_t depth = 1;
    struct nj_pb_field field;

    r->nested.len = 0;
    stack[0] = (struct frame){.pb = nj_pb_open(outer->bytes), .is_map = outer->tag == BYTES(6)};
    while (depth > 0) {
        struct frame *top = &stack[depth - 1], deeper = {0};
        if (!nj_pb_next(&top->pb, &field)) {
            if (top->pb.error)
                return nj_otlp_damage(r, NJ_DIAG_ATTRIBUTE_INVALID, top->pb.at, top->pb.error);
            if (--depth > 0)
                nj_value_close(&r->nested, top->mark);
            continue;
        }
        if (field.tag != BYTES(1))
            continue;
        if (!element_read(r, top, field.bytes, &deeper))
            return nj_otlp_damage(r, NJ_DIAG_ATTRIBUTE_INVALID, field.bytes.ptr,
                                  "an attribute value");
        if (deeper.mark == 0)
            continue;
        if (depth == NJ_VALUE_DEPTH_MAX)
            return nj_otlp_damage(r, NJ_DIAG_NESTING_TOO_DEEP, outer->bytes.ptr,
                                  "less nesting");
        stack[depth++] = deeper;
    }
    out->type = stack[0].is_map ? NJ_VALUE_MAP : NJ_VALUE_ARRAY;
    out->bytes = nj_arena_copy(r->arena, nj_buf_slice(&r->nested));
    if (!out->bytes.ptr || r->nested.is_failed)
        r->draft.is_failed = true;
    return true;
}

/* The value message [p, end) if it is one scalar field, as nearly all are. */
static inline bool
value_speculate(const uint8_t *p, const uint8_t *end, struct nj_value *out)
{
    struct nj_pb pb = {p + 1, end, NULL};
    uint64_t bits;

    if (p == end)
        return false;
    switch (*p++) {
    case BYTES(1):
        out->type = NJ_VALUE_STRING;
        return nj_pb_short_bytes(&p, end, &out->bytes) && p == end;
    case VARINT(2):
        out->type = NJ_VALUE_BOOL;
        out->boolean = end - p == 1 && *p != 0;
        return end - p == 1 && *p < 0x80;
    case VARINT(3):
        if (!nj_pb_varint(&pb, &bits) || pb.at != end)
            return false;
        out->type = NJ_VALUE_INT;
        out->integer = (int64_t)bits;
        return true;
    case FIXED64(4):
        if (end - p != 8)
            return false;
        out->type = NJ_VALUE_DOUBLE;
        bits = nj_pb_fixed64(p);
        memcpy(&out->real, &bits, sizeof out->real);
        return true;
    default:
        return false;
    }
}

/* Key and value one behind the other and nothing else, as every exporter writes them; false:
 * for the general reader. */
static inline bool
attribute_speculate(struct nj_otlp_reader *r, struct nj_slice message, struct nj_attr *out)
{
    const uint8_t *p = (const uint8_t *)message.ptr, *end = p + message.len;
    struct nj_slice value;

    if (p == end || *p++ != BYTES(1) || !nj_pb_short_bytes(&p, end, &out->key) || p == end ||
        *p++ != BYTES(2) || !nj_pb_short_bytes(&p, end, &value) || p != end)
        return false;
    p = (const uint8_t *)value.ptr;
    if (!value_speculate(p, end, &out->value))
        return false;
    if (message.len <= NJ_UTF8_AHEAD && nj_utf8_is_ascii_ahead(message.ptr, message.len))
        return true;
    out->key = nj_otlp_text(r, out->key);
    if (out->value.type == NJ_VALUE_STRING)
        out->value.bytes = nj_otlp_text(r, out->value.bytes);
    return true;
}

/* Whatever an attribute may be. Kept out of line: it needs room on the stack. */
static NJ_NOINLINE void
attribute_read(struct nj_otlp_reader *r, struct nj_attr_list *into, struct nj_slice message)
{
    struct nj_pb_field field;
    struct nj_slice key, body;
    struct nj_value value;

    if (!key_value_find(r, message, &key, &body) || !any_value_find(body, &field))
        (void)nj_otlp_damage(r, NJ_DIAG_ATTRIBUTE_INVALID, message.ptr, "an attribute");
    else if (scalar_of(r, &field, &value) || nested_read(r, &field, &value))
        nj_attr_list_put(into, key, value);
}

void
nj_otlp_attribute(struct nj_otlp_reader *r, struct nj_attr_list *into, struct nj_slice message)
{
    if (into->len == into->cap && !nj_attr_list_grow(into))
        return;
    if (attribute_speculate(r, message, &into->list[into->len]))
        into->len++;
    else
        attribute_read(r, into, message);
}
