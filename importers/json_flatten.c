/* json_flatten.c - nested attributes as the flat ones they were. */
#include "importers/json_flatten.h"

#include "base/buf.h"

enum { DEPTH_MAX = 32 };

struct level {
    size_t key_len; /* of the key that leads here */
    uint64_t members_len;
    bool is_array;
};

struct flatten {
    struct nj_json *json;
    const char *const *whole;
    struct nj_attr_list *into;
    struct nj_buf key;
    size_t depth;
    struct level levels[DEPTH_MAX];
};

static void
attr_put(struct flatten *f, struct nj_value value)
{
    struct nj_slice key = nj_arena_copy(f->json->arena, nj_buf_slice(&f->key));

    f->into->is_failed |= !key.ptr;
    if (key.ptr && value.type != NJ_VALUE_NULL)
        nj_attr_list_put(f->into, key, value);
}

static bool
is_whole(const struct flatten *f)
{
    struct nj_slice key = nj_buf_slice(&f->key);

    for (const char *const *name = f->whole; *name; name++) {
        struct nj_slice end = nj_slice_of(*name);
        if (nj_slice_ends(key, end) &&
            (key.len == end.len || key.ptr[key.len - end.len - 1] == '.'))
            return true;
    }
    return false;
}

/* Whether the list that comes next begins with an object; looks with a copy of the cursor. */
static bool
is_list_of_objects(const struct nj_json *json)
{
    struct nj_json ahead = *json;
    return nj_json_array(&ahead) && nj_json_array_next(&ahead) &&
           nj_json_peek(&ahead) == NJ_JSON_OBJECT;
}

static void
value_read(struct flatten *f)
{
    enum nj_json_type type = nj_json_peek(f->json);
    bool is_object = type == NJ_JSON_OBJECT;
    bool is_list = type == NJ_JSON_ARRAY && is_list_of_objects(f->json);
    struct nj_value value = {.type = NJ_VALUE_STRING};

    if ((is_object || type == NJ_JSON_ARRAY) && is_whole(f)) {
        if (nj_json_any_text(f->json, &value.bytes))
            attr_put(f, value);
    } else if ((is_object || is_list) && f->depth < DEPTH_MAX) {
        if (is_object ? nj_json_object(f->json) : nj_json_array(f->json))
            f->levels[f->depth++] = (struct level){f->key.len, 0, !is_object};
    } else if (nj_json_value(f->json, &value)) {
        attr_put(f, value);
    }
}

/* Moves to the next member of the innermost level and makes its key; false at its end. */
static bool
member_next(struct flatten *f)
{
    struct level *level = &f->levels[f->depth - 1];
    struct nj_slice name = {"", 0};

    f->key.len = level->key_len;
    if (!(level->is_array ? nj_json_array_next(f->json) : nj_json_object_next(f->json, &name)))
        return false;
    if (f->key.len)
        nj_buf_put_char(&f->key, '.');
    if (level->is_array)
        nj_buf_printf(&f->key, "%llu", (unsigned long long)level->members_len);
    nj_buf_put_slice(&f->key, name);
    level->members_len++;
    return true;
}

bool
nj_json_flatten(struct nj_json *json, const char *const *whole, struct nj_attr_list *into)
{
    struct flatten f = {.json = json, .whole = whole, .into = into};

    if (nj_json_object(json))
        f.levels[f.depth++] = (struct level){0};
    while (f.depth > 0 && !json->error) {
        if (member_next(&f)) {
            value_read(&f);
            continue;
        }
        const struct level *level = &f.levels[--f.depth];
        if (level->members_len == 0 && f.key.len && !json->error)
            attr_put(&f, (struct nj_value){.type = NJ_VALUE_MAP, .bytes = {"", 0}});
    }
    into->is_failed |= f.key.is_failed;
    nj_buf_fini(&f.key);
    return !json->error;
}
