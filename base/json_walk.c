/* json_walk.c - a walk over JSON in a stream that need not fit into memory. */
#include "base/json.h"
#include "base/json_scan.h"
#include "base/json_string.h"

#include <inttypes.h>

enum { KEY_BYTES_MAX = 1 << 20 }; /* a key that is longer is not read as one */

void
nj_json_walk_init(struct nj_json_walk *walk, struct nj_stream *stream, struct nj_error *err)
{
    *walk = (struct nj_json_walk){.stream = stream, .err = err};
}

static bool
expected(struct nj_json_walk *walk, const char *what)
{
    if (!walk->error)
        walk->error = what;
    return false;
}

/* Makes the window longer. false at the end of the input and on failure. */
static bool
window_grow(struct nj_json_walk *walk)
{
    if (walk->is_end || walk->status < 0)
        return false;
    enum nj_status st = nj_stream_more(walk->stream, walk->err);
    if (st == NJ_DONE)
        walk->is_end = true;
    if (st < 0) {
        walk->status = st;
        (void)expected(walk, "more input");
    }
    return st == NJ_OK;
}

/* The byte at the walk's place, read anew if need be; NUL at the end. What was walked over is
 * given back to the stream. */
static char
byte_here(struct nj_json_walk *walk)
{
    struct nj_slice w = nj_stream_window(walk->stream);

    while (walk->at >= w.len) {
        nj_stream_skip(walk->stream, walk->at);
        walk->at = 0;
        if (!window_grow(walk))
            return '\0';
        w = nj_stream_window(walk->stream);
    }
    return w.ptr[walk->at];
}

/* The next byte that is no blank. Here nothing behind the walk is needed any more, so the window
 * does not grow with what was walked over. */
static char
next_byte(struct nj_json_walk *walk)
{
    char c;

    nj_stream_skip(walk->stream, walk->at);
    walk->at = 0;
    for (;;) {
        c = byte_here(walk);
        if (!nj_json_is_blank(c))
            return c;
        struct nj_slice w = nj_stream_window(walk->stream);
        const char *end = w.ptr + w.len;
        walk->at = (size_t)(nj_scan_blanks(w.ptr + walk->at, end, end + NJ_STREAM_PAD) - w.ptr);
    }
}

enum nj_json_type
nj_json_walk_peek(struct nj_json_walk *walk)
{
    if (walk->error)
        return NJ_JSON_INVALID;
    char c = next_byte(walk);
    if (walk->at >= nj_stream_window(walk->stream).len)
        return walk->depth ? (expected(walk, "a value"), NJ_JSON_INVALID) : NJ_JSON_INVALID;
    struct nj_json one;
    nj_json_init(&one, (struct nj_slice){&c, 1}, false, NULL);
    enum nj_json_type type = nj_json_peek(&one);
    if (type == NJ_JSON_INVALID)
        (void)expected(walk, "a value");
    return type;
}

static bool
open_with(struct nj_json_walk *walk, char bracket, const char *what)
{
    if (walk->error)
        return false;
    if (next_byte(walk) != bracket)
        return expected(walk, what);
    if (walk->depth == NJ_JSON_DEPTH_MAX)
        return expected(walk, "less nesting");
    walk->depth++;
    walk->at++;
    walk->is_opened = true;
    return true;
}

static bool
next_member(struct nj_json_walk *walk, char bracket, const char *what)
{
    if (walk->error)
        return false;
    char c = next_byte(walk);
    if (c == bracket) {
        walk->at++;
        walk->depth--;
        walk->is_opened = false;
        return false;
    }
    if (walk->is_opened) {
        walk->is_opened = false;
        return true;
    }
    if (c != ',')
        return expected(walk, what);
    walk->at++;
    return true;
}

bool
nj_json_walk_object(struct nj_json_walk *walk)
{
    return open_with(walk, '{', "an object");
}

bool
nj_json_walk_array(struct nj_json_walk *walk)
{
    return open_with(walk, '[', "an array");
}

bool
nj_json_walk_array_next(struct nj_json_walk *walk)
{
    return next_member(walk, ']', "a comma or ]");
}

/* Measures the string whose opening quote is byte `at` of the window: *end is behind its
 * closing quote. Goes on where it stopped when the window had to grow. */
static bool
string_measure(struct nj_json_walk *walk, size_t at, size_t max, size_t *end)
{
    bool unused = false;

    for (at++;;) {
        struct nj_slice w = nj_stream_window(walk->stream);
        if (at < w.len) {
            const char *stop = w.ptr + w.len;
            at =
                (size_t)(nj_scan_text(w.ptr + at, stop, stop + NJ_STREAM_PAD, &unused) - w.ptr);
        }
        if (at < w.len && w.ptr[at] == '"') {
            *end = at + 1;
            return true;
        }
        if (at < w.len) {
            at += w.ptr[at] == '\\' ? 2 : 1;
            continue;
        }
        if (at - walk->at > max) {
            walk->is_too_long = true;
            return false;
        }
        if (!window_grow(walk))
            return expected(walk, "the quote that ends a string");
    }
}

/* Reads the key at the walk's place into walk->key. */
static bool
key_read(struct nj_json_walk *walk, struct nj_slice *key)
{
    struct nj_arena *arena = NULL;
    struct nj_json text;
    size_t end;

    if (!string_measure(walk, walk->at, KEY_BYTES_MAX, &end))
        return expected(walk, "a shorter key");
    struct nj_slice w = nj_stream_window(walk->stream);
    struct nj_slice quoted = {w.ptr + walk->at, end - walk->at};
    if (memchr(quoted.ptr, '\\', quoted.len) && !(arena = nj_arena_new(sizeof walk->key)))
        return expected(walk, "a key that fits into memory");
    nj_json_init(&text, quoted, true, arena);
    if (nj_json_string(&text, key)) {
        key->len = key->len > sizeof walk->key ? sizeof walk->key : key->len;
        memcpy(walk->key, key->ptr, key->len);
        key->ptr = walk->key;
        walk->at = end;
    } else {
        walk->at += (size_t)(text.at - text.begin);
        (void)expected(walk, text.error);
    }
    nj_arena_free(arena);
    return !walk->error;
}

bool
nj_json_walk_object_next(struct nj_json_walk *walk, struct nj_slice *key)
{
    if (!next_member(walk, '}', "a comma or }"))
        return false;
    if (next_byte(walk) != '"')
        return expected(walk, "a key in quotes");
    if (!key_read(walk, key))
        return false;
    if (next_byte(walk) != ':')
        return expected(walk, "a colon");
    walk->at++;
    return true;
}

/* Measures a value that begins with a bracket: *end is behind the bracket that closes it. */
static bool
nest_measure(struct nj_json_walk *walk, size_t max, size_t *end)
{
    size_t at = walk->at;
    unsigned depth = 0;

    for (;;) {
        struct nj_slice w = nj_stream_window(walk->stream);
        const char *stop = w.ptr + w.len;
        at = (size_t)(nj_scan_structure(w.ptr + at, stop, stop + NJ_STREAM_PAD) - w.ptr);
        if (at - walk->at > max) {
            walk->is_too_long = true;
            return false;
        }
        if (at == w.len) {
            if (!window_grow(walk))
                return expected(walk, "the bracket that ends a value");
            continue;
        }
        if (w.ptr[at] == '"') {
            if (!string_measure(walk, at, max, &at))
                return false;
            continue;
        }
        depth += (w.ptr[at] | 32) == '{' ? 1 : UINT32_MAX;
        at++;
        if (depth == 0) {
            *end = at;
            return true;
        }
    }
}

/* Measures a number or a word, up to what cannot belong to it. */
static bool
plain_measure(struct nj_json_walk *walk, size_t max, size_t *end)
{
    for (size_t at = walk->at;; at++) {
        struct nj_slice w = nj_stream_window(walk->stream);
        if (at - walk->at > max) {
            walk->is_too_long = true;
            return false;
        }
        if (at == w.len && window_grow(walk))
            w = nj_stream_window(walk->stream);
        if (walk->error)
            return false;
        if (at == w.len || nj_json_is_blank(w.ptr[at]) || strchr(",]}", w.ptr[at])) {
            *end = at;
            return true;
        }
    }
}

bool
nj_json_walk_take(struct nj_json_walk *walk, size_t max, struct nj_slice *out)
{
    size_t end;
    bool is_measured;
    enum nj_json_type type = nj_json_walk_peek(walk);

    walk->is_too_long = false;
    if (type == NJ_JSON_INVALID)
        return expected(walk, "a value");
    if (type == NJ_JSON_OBJECT || type == NJ_JSON_ARRAY)
        is_measured = nest_measure(walk, max, &end);
    else if (type == NJ_JSON_STRING)
        is_measured = string_measure(walk, walk->at, max, &end);
    else
        is_measured = plain_measure(walk, max, &end);
    if (!is_measured)
        return false;
    *out = (struct nj_slice){nj_stream_window(walk->stream).ptr + walk->at, end - walk->at};
    walk->at = end;
    walk->is_opened = false;
    return true;
}

/* Past a string of any length, in constant memory. */
static bool
string_skip(struct nj_json_walk *walk)
{
    bool unused = false;

    walk->at++;
    for (;;) {
        (void)byte_here(walk);
        struct nj_slice w = nj_stream_window(walk->stream);
        if (walk->at >= w.len)
            return expected(walk, "the quote that ends a string");
        const char *stop = w.ptr + w.len;
        walk->at =
            (size_t)(nj_scan_text(w.ptr + walk->at, stop, stop + NJ_STREAM_PAD, &unused) -
                     w.ptr);
        char c = byte_here(walk);
        if (c == '"') {
            walk->at++;
            return true;
        }
        if (c == '\\') {
            walk->at++;
            c = byte_here(walk);
            if (c == '\0' || !strchr("\"\\/bfnrtu", c))
                return expected(walk, "an escape such as \\n or \\u0041");
            walk->at++;
            for (int i = 0; c == 'u' && i < 4; i++, walk->at++) {
                char digit = byte_here(walk);
                if (digit == '\0' || !strchr("0123456789abcdefABCDEF", digit))
                    return expected(walk, "an escape such as \\n or \\u0041");
            }
        } else if (walk->at < nj_stream_window(walk->stream).len && (unsigned char)c < 32) {
            return expected(walk, "an escape instead of a control character");
        }
    }
}

static bool
plain_skip(struct nj_json_walk *walk)
{
    struct nj_slice taken;
    struct nj_json text;

    if (!nj_json_walk_take(walk, KEY_BYTES_MAX, &taken))
        return expected(walk, "a shorter number");
    nj_json_init(&text, taken, true, NULL);
    if (nj_json_skip(&text) && nj_json_at_end(&text))
        return true;
    walk->at -= taken.len;
    return expected(walk, text.error ? text.error : "a number, true, false or null");
}

bool
nj_json_walk_skip(struct nj_json_walk *walk)
{
    bool is_object[NJ_JSON_DEPTH_MAX + 1], is_good = true;
    unsigned base = walk->depth;
    struct nj_slice key;

    do {
        enum nj_json_type type = nj_json_walk_peek(walk);
        switch (type) {
        case NJ_JSON_INVALID:
            return expected(walk, "a value");
        case NJ_JSON_OBJECT:
        case NJ_JSON_ARRAY:
            is_good =
                type == NJ_JSON_OBJECT ? nj_json_walk_object(walk) : nj_json_walk_array(walk);
            is_object[walk->depth] = type == NJ_JSON_OBJECT;
            break;
        case NJ_JSON_STRING:
            is_good = string_skip(walk);
            walk->is_opened = false;
            break;
        case NJ_JSON_NULL:
        case NJ_JSON_BOOL:
        case NJ_JSON_NUMBER:
            is_good = plain_skip(walk);
            break;
        }
        while (is_good && walk->depth > base &&
               !(is_object[walk->depth] ? nj_json_walk_object_next(walk, &key)
                                        : nj_json_walk_array_next(walk)))
            is_good = !walk->error;
    } while (is_good && walk->depth > base);
    return is_good;
}

uint64_t
nj_json_walk_offset(const struct nj_json_walk *walk)
{
    return nj_stream_offset(walk->stream) + walk->at;
}

enum nj_status
nj_json_walk_fail(const struct nj_json_walk *walk, const char *path)
{
    if (walk->status < 0)
        return walk->status;
    return nj_fail(walk->err, NJ_EFORMAT, "%s: byte %" PRIu64 ": expected %s", path,
                   nj_json_walk_offset(walk), walk->error ? walk->error : "a value");
}
