/* json_sniff.c - what the first bytes of an input say, for importers of JSON. */
#include "importers/json_sniff.h"

#include "base/json.h"

enum {
    KEYS_MAX = 128,
    PASSED_MAX = 4, /* elements of lists that may be damaged before one that fits */
};

struct keys {
    struct nj_slice names[KEYS_MAX];
    size_t len;
};

/* The next of the words in *list. */
static bool
word_next(const char **list, char separator, struct nj_slice *word)
{
    const char *start = *list, *end;

    if (*start == '\0')
        return false;
    end = strchr(start, separator);
    *word = (struct nj_slice){start, end ? (size_t)(end - start) : strlen(start)};
    *list = end ? end + 1 : start + word->len;
    return true;
}

/* Into the next object, through arrays: their first element, or in the innermost the one behind
 * `passed` others. */
static bool
object_enter(struct nj_json *json, size_t passed)
{
    while (nj_json_peek(json) == NJ_JSON_ARRAY)
        if (!nj_json_array(json) || !nj_json_array_next(json))
            return false;
    for (; passed > 0; passed--)
        if (!nj_json_skip(json) || !nj_json_array_next(json))
            return false;
    return nj_json_peek(json) == NJ_JSON_OBJECT && nj_json_object(json);
}

/* Inside an object: before the value of the member `name`. */
static bool
member_enter(struct nj_json *json, struct nj_slice name)
{
    struct nj_slice key;

    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, name))
            return true;
        if (!nj_json_skip(json))
            return false;
    }
    return false;
}

/* The names of all members of the object at `path`, behind `passed` others in its list, as far
 * as they can be seen. */
static bool
keys_collect(struct nj_slice head, const char *path, size_t passed, struct nj_arena *arena,
             struct keys *keys)
{
    struct nj_json json;
    struct nj_slice name;

    keys->len = 0;
    nj_json_init(&json, head, false, arena);
    if (!object_enter(&json, *path ? 0 : passed))
        return false;
    while (word_next(&path, '/', &name))
        if (!member_enter(&json, name) || !object_enter(&json, *path ? 0 : passed))
            return false;
    while (keys->len < KEYS_MAX && nj_json_object_next(&json, &keys->names[keys->len])) {
        keys->len++;
        if (!nj_json_skip(&json))
            break;
    }
    return true;
}

static bool
key_is_there(const struct keys *keys, struct nj_slice name)
{
    for (size_t i = 0; i < keys->len; i++)
        if (nj_slice_eq(keys->names[i], name))
            return true;
    return false;
}

/* How many of the words are keys. */
static size_t
words_count(const struct keys *keys, const char *words, size_t *all)
{
    struct nj_slice word;
    size_t found = 0;

    for (*all = 0; word_next(&words, ' ', &word); (*all)++)
        found += key_is_there(keys, word);
    return found;
}

static bool
look_fits(const struct nj_json_look *look, const struct keys *keys)
{
    size_t all, any, none;

    return words_count(keys, look->all, &all) == all &&
           (words_count(keys, look->any, &any) > 0 || any == 0) &&
           words_count(keys, look->none, &none) == 0;
}

/* Whether `"word"` stands somewhere in `head`. */
static bool
is_quoted_in(struct nj_slice head, struct nj_slice word)
{
    const char *at = head.ptr, *end = head.ptr + head.len;

    while (at < end && (at = memchr(at, '"', (size_t)(end - at)))) {
        at++;
        if ((size_t)(end - at) > word.len && memcmp(at, word.ptr, word.len) == 0 &&
            at[word.len] == '"')
            return true;
    }
    return false;
}

static bool
words_are_there(struct nj_slice head, const char *words)
{
    struct nj_slice word;
    size_t blanks = 0;

    while (blanks < head.len && memchr(" \t\r\n\xEF\xBB\xBF", head.ptr[blanks], 7))
        blanks++;
    if (blanks == head.len || (head.ptr[blanks] != '{' && head.ptr[blanks] != '['))
        return false;
    while (word_next(&words, ' ', &word))
        if (!is_quoted_in(head, word))
            return false;
    return true;
}

int
nj_json_sniff(struct nj_slice head, const struct nj_json_look *looks, size_t looks_len,
              const char *words)
{
    struct keys keys;
    struct nj_arena *arena = nj_arena_new(1024);
    int sure = 0;

    if (nj_slice_starts(head, NJ_SLICE("\xEF\xBB\xBF")))
        head = nj_slice_from(head, 3);
    for (size_t passed = 0; arena && passed <= PASSED_MAX && !sure; passed++)
        for (size_t i = 0; i < looks_len && !sure; i++)
            if (keys_collect(head, looks[i].path, passed, arena, &keys) &&
                look_fits(&looks[i], &keys))
                sure = passed ? NJ_LESS_SURE : NJ_SURE;
    nj_arena_free(arena);
    if (!sure && words_are_there(head, words))
        sure = NJ_NOT_SURE;
    return sure;
}
