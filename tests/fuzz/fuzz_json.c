/* fuzz_json.c - the JSON cursor and the walker: neither ever reads what is not there, and both
 * see the same in the same bytes. */
#include "base/hash.h"
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
volatile uint64_t nj_fuzz_sum; /* so that nothing is left out as unused */

/* Reads the next scalar, or enters; what was read must be inside the text or the arena. */
static bool
value_touch(struct nj_json *json, enum nj_json_type type)
{
    struct nj_json_number number;
    struct nj_slice text = {0};
    bool flag;

    switch (type) {
    case NJ_JSON_NULL:
        return nj_json_null(json);
    case NJ_JSON_BOOL:
        return nj_json_bool(json, &flag);
    case NJ_JSON_NUMBER:
        return nj_json_number(json, &number);
    case NJ_JSON_STRING:
        if (!nj_json_string(json, &text))
            return false;
        nj_fuzz_sum += nj_hash(text);
        return true;
    case NJ_JSON_ARRAY:
        return nj_json_array(json);
    case NJ_JSON_OBJECT:
        return nj_json_object(json);
    case NJ_JSON_INVALID:
        break;
    }
    return false;
}

/* Reads everything by entering; true: one whole document. */
static bool
read_all(struct nj_slice text, struct nj_arena *arena)
{
    bool is_object[NJ_JSON_DEPTH_MAX + 1];
    struct nj_json json;
    struct nj_slice key;

    nj_json_init(&json, text, false, arena);
    do {
        enum nj_json_type type = nj_json_peek(&json);
        if (!value_touch(&json, type))
            return false;
        if (type == NJ_JSON_OBJECT || type == NJ_JSON_ARRAY)
            is_object[json.depth] = type == NJ_JSON_OBJECT;
        while (json.depth > 0 && !(is_object[json.depth] ? nj_json_object_next(&json, &key)
                                                         : nj_json_array_next(&json)))
            if (json.error)
                return false;
    } while (json.depth > 0);
    return nj_json_at_end(&json);
}

static bool
walk_all(struct nj_slice text, size_t step, bool is_taking)
{
    struct nj_error err = {0};
    struct nj_stream *stream;
    struct nj_json_walk walk;
    struct nj_slice taken;

    if (nj_stream_open_memory(&stream, text, &err) < 0)
        abort();
    nj_stream_limit_step(stream, step);
    nj_json_walk_init(&walk, stream, &err);
    bool is_whole =
        is_taking ? nj_json_walk_take(&walk, 1 << 20, &taken) : nj_json_walk_skip(&walk);
    is_whole = is_whole && nj_json_walk_peek(&walk) == NJ_JSON_INVALID && !walk.error;
    nj_stream_close(stream);
    return is_whole;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nj_slice text = {(const char *)data, size};
    struct nj_arena *arena = nj_arena_new(4096);
    struct nj_json skip;

    if (!arena)
        return 0;
    bool is_whole = read_all(text, arena);
    nj_json_init(&skip, text, false, arena);
    if ((nj_json_skip(&skip) && nj_json_at_end(&skip)) != is_whole)
        abort();
    nj_arena_free(arena);
    /* compressed input is another story */
    if (size >= 2 && (data[0] == 0x1f || data[0] == 0x28 || (data[0] & 0xf0) == 0x50))
        return 0;
    size_t step = size ? 1 + data[size / 2] % 40u : 1;
    if (walk_all(text, step, false) != is_whole || (is_whole && !walk_all(text, step, true)))
        abort();
    return 0;
}
