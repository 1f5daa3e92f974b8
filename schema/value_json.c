/* value_json.c - attribute values as JSON, without recursion. */
#include "schema/value_json.h"

#include "base/base64.h"

/* A container that is being written. */
struct level {
    const uint8_t *at, *end;
    bool is_map;
};

static void
bytes_write(struct nj_jsonw *w, struct nj_slice bytes)
{
    struct nj_buf text = {0};

    nj_base64_encode(&text, bytes);
    nj_jsonw_text(w, nj_buf_slice(&text));
    w->buf->is_failed |= text.is_failed;
    nj_buf_fini(&text);
}

/* Writes a plain value, or opens a container and returns true. */
static bool
value_begin(struct nj_jsonw *w, const struct nj_value *value, bool can_open)
{
    switch (value->type) {
    case NJ_VALUE_STRING:
        nj_jsonw_text(w, value->bytes);
        return false;
    case NJ_VALUE_BOOL:
        nj_jsonw_bool(w, value->boolean);
        return false;
    case NJ_VALUE_INT:
        nj_jsonw_int(w, value->integer);
        return false;
    case NJ_VALUE_DOUBLE:
        nj_jsonw_real(w, value->real);
        return false;
    case NJ_VALUE_BYTES:
        bytes_write(w, value->bytes);
        return false;
    case NJ_VALUE_ARRAY:
    case NJ_VALUE_MAP:
        if (can_open && value->type == NJ_VALUE_MAP)
            nj_jsonw_object(w);
        else if (can_open)
            nj_jsonw_array(w);
        else
            nj_jsonw_null(w);
        return can_open;
    case NJ_VALUE_NULL:
        nj_jsonw_null(w);
        return false;
    }
    return false;
}

static struct level
level_of(const struct nj_value *value)
{
    const uint8_t *at = (const uint8_t *)value->bytes.ptr;
    size_t len = value->bytes.len;
    return (struct level){at, len ? at + len : at, value->type == NJ_VALUE_MAP};
}

static bool
level_next(struct nj_jsonw *w, struct level *level, struct nj_value *value)
{
    struct nj_attr pair;

    if (level->at >= level->end)
        return false;
    if (!level->is_map)
        return nj_value_read(&level->at, level->end, value);
    if (!nj_pair_read(&level->at, level->end, &pair))
        return false;
    nj_jsonw_key_slice(w, pair.key);
    *value = pair.value;
    return true;
}

void
nj_value_json(struct nj_jsonw *w, const struct nj_value *value)
{
    struct level levels[NJ_VALUE_DEPTH_MAX];
    size_t depth = 0;
    struct nj_value element;

    if (value_begin(w, value, true))
        levels[depth++] = level_of(value);
    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        if (level_next(w, level, &element)) {
            if (value_begin(w, &element, depth < NJ_VALUE_DEPTH_MAX))
                levels[depth++] = level_of(&element);
        } else {
            if (level->is_map)
                nj_jsonw_object_end(w);
            else
                nj_jsonw_array_end(w);
            depth--;
        }
    }
}
