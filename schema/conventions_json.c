/* conventions_json.c - attribute values that are JSON, and metadata, whose members are read as
 * attributes. */
#include "schema/conventions_json.h"

#include "base/search.h"
#include "schema/value_json.h"

struct nj_slice
nj_conventions_json(struct nj_conventions *c, const struct nj_value *value)
{
    struct nj_slice none = {"", 0};

    if (value->type == NJ_VALUE_STRING)
        return value->bytes;
    if (value->type != NJ_VALUE_ARRAY && value->type != NJ_VALUE_MAP)
        return none;
    struct nj_jsonw w = nj_jsonw_of(&c->scratch);
    c->scratch.len = 0;
    nj_value_json(&w, value);
    struct nj_slice text = nj_arena_copy(c->arena, nj_buf_slice(&c->scratch));
    c->is_failed |= !text.ptr;
    return text.ptr ? text : none;
}

bool
nj_conventions_scalar(struct nj_json *json, struct nj_value *out)
{
    struct nj_json_number number;
    enum nj_json_type type = nj_json_peek(json);

    if (type == NJ_JSON_STRING) {
        out->type = NJ_VALUE_STRING;
        return nj_json_string(json, &out->bytes);
    }
    if (type == NJ_JSON_BOOL) {
        out->type = NJ_VALUE_BOOL;
        return nj_json_bool(json, &out->boolean);
    }
    if (type != NJ_JSON_NUMBER) {
        (void)nj_json_skip(json);
        return false;
    }
    if (!nj_json_number(json, &number))
        return false;
    bool is_integer = number.is_integer && !number.is_unsigned;
    *out = is_integer ? (struct nj_value){.type = NJ_VALUE_INT, .integer = number.integer}
                      : (struct nj_value){.type = NJ_VALUE_DOUBLE, .real = number.real};
    return true;
}

bool
nj_text_has(struct nj_slice text, const char *const *words, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (nj_slice_find(text, nj_slice_of(words[i])) != NJ_NOT_FOUND)
            return true;
    return false;
}

void
nj_conventions_metadata(struct nj_conventions *c)
{
    enum { KEY_MAX = 96 };
    static const char prefix[] = "langsmith.metadata.";
    const struct nj_found *metadata = nj_found_get(&c->span, NJ_CONCEPT_METADATA);
    char full[sizeof prefix + KEY_MAX];
    struct nj_json json;
    struct nj_slice key;
    struct nj_value value;

    if (!metadata)
        return;
    memcpy(full, prefix, sizeof prefix - 1);
    nj_json_init(&json, nj_conventions_json(c, metadata->value), false, c->arena);
    if (nj_json_peek(&json) != NJ_JSON_OBJECT || !nj_json_object(&json))
        return;
    while (nj_json_object_next(&json, &key)) {
        if (!nj_conventions_scalar(&json, &value) || key.len > KEY_MAX)
            continue;
        memcpy(full + sizeof prefix - 1, key.ptr, key.len);
        struct nj_slice name = {full, sizeof prefix - 1 + key.len};
        struct nj_convention_rows rows = nj_convention_find(c, name);
        for (size_t i = 0; i < rows.len; i++) {
            struct nj_value *kept = NJ_NEW_RAW(c->arena, struct nj_value, 1);
            if (kept)
                *kept = value;
            c->is_failed |= !kept;
            if (kept)
                nj_finding_offer(c, &c->span, rows.list[i], kept, 0);
        }
    }
}
