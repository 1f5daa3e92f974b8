/* json.c - a strict pull cursor over JSON text in memory. */
#include "base/json.h"

#include "base/json_scan.h"
#include "base/json_string.h"

#include <math.h>
#include <stdlib.h>

void
nj_json_init(struct nj_json *json, struct nj_slice text, bool is_padded, struct nj_arena *arena)
{
    *json = (struct nj_json){.arena = arena};
    json->begin = json->at = text.len ? text.ptr : "";
    json->end = json->begin + text.len;
    json->limit = is_padded && text.len ? json->end + NJ_STREAM_PAD : json->end;
}

/* The next byte that is no blank, or NUL at the end; moves past the blanks. */
static char
next_byte(struct nj_json *json)
{
    json->at = nj_scan_blanks(json->at, json->end, json->limit);
    return json->at < json->end ? *json->at : '\0';
}

enum nj_json_type
nj_json_peek(struct nj_json *json)
{
    static const unsigned char types[256] = {
        ['{'] = NJ_JSON_OBJECT, ['['] = NJ_JSON_ARRAY,  ['"'] = NJ_JSON_STRING,
        ['t'] = NJ_JSON_BOOL,   ['f'] = NJ_JSON_BOOL,   ['n'] = NJ_JSON_NULL,
        ['-'] = NJ_JSON_NUMBER, ['0'] = NJ_JSON_NUMBER, ['1'] = NJ_JSON_NUMBER,
        ['2'] = NJ_JSON_NUMBER, ['3'] = NJ_JSON_NUMBER, ['4'] = NJ_JSON_NUMBER,
        ['5'] = NJ_JSON_NUMBER, ['6'] = NJ_JSON_NUMBER, ['7'] = NJ_JSON_NUMBER,
        ['8'] = NJ_JSON_NUMBER, ['9'] = NJ_JSON_NUMBER,
    };

    if (json->error)
        return NJ_JSON_INVALID;
    enum nj_json_type type = (enum nj_json_type)types[(unsigned char)next_byte(json)];
    if (type == NJ_JSON_INVALID && (json->depth > 0 || json->at < json->end))
        (void)nj_json_expected(json, json->at, "a value");
    return type;
}

static bool
open_with(struct nj_json *json, char bracket, const char *what)
{
    if (json->error)
        return false;
    if (next_byte(json) != bracket)
        return nj_json_expected(json, json->at, what);
    if (json->depth == NJ_JSON_DEPTH_MAX)
        return nj_json_expected(json, json->at, "less nesting");
    json->depth++;
    json->at++;
    json->is_opened = true;
    return true;
}

/* Past the comma between members, or past the closing bracket, which makes it false. */
static bool
next_member(struct nj_json *json, char bracket, const char *what)
{
    if (json->error)
        return false;
    char c = next_byte(json);
    if (c == bracket) {
        json->at++;
        json->depth--;
        json->is_opened = false;
        return false;
    }
    if (json->is_opened) {
        json->is_opened = false;
        return true;
    }
    if (c != ',')
        return nj_json_expected(json, json->at, what);
    json->at++;
    return true;
}

bool
nj_json_object(struct nj_json *json)
{
    return open_with(json, '{', "an object");
}

bool
nj_json_array(struct nj_json *json)
{
    return open_with(json, '[', "an array");
}

bool
nj_json_array_next(struct nj_json *json)
{
    return next_member(json, ']', "a comma or ]");
}

/* `key` NULL: pass it unread. */
static bool
object_next(struct nj_json *json, struct nj_slice *key)
{
    if (!next_member(json, '}', "a comma or }"))
        return false;
    if (next_byte(json) != '"')
        return nj_json_expected(json, json->at, "a key in quotes");
    json->at++;
    if (!(key ? nj_json_string_rest(json, key) : nj_json_string_pass(json)))
        return false;
    if (next_byte(json) != ':')
        return nj_json_expected(json, json->at, "a colon");
    json->at++;
    return true;
}

bool
nj_json_object_next(struct nj_json *json, struct nj_slice *key)
{
    return object_next(json, key);
}

/* Whether this key stands at p, where KEY_BYTES bytes may be read. */
static bool
key_is_at(const struct nj_json_key *key, const char *p)
{
#if NJ_SCAN_SSE2
    __m128i low = _mm_cmpeq_epi8(nj_scan_load(p), nj_scan_load(key->text));
    __m128i high = _mm_cmpeq_epi8(nj_scan_load(p + 16), nj_scan_load(key->text + 16));
    unsigned same = (unsigned)_mm_movemask_epi8(low) | (unsigned)_mm_movemask_epi8(high) << 16;
    return (~same & ((1u << key->len) - 1)) == 0;
#else
    return memcmp(p, key->text, key->len) == 0;
#endif
}

/* The next member if its key is `key`, written with no blanks or one; else nothing moves. */
static bool
member_speculate(struct nj_json *json, const struct nj_json_key *key)
{
    const char *p = json->at;

    if (json->error || json->limit - p < 2 + (ptrdiff_t)sizeof key->text)
        return false;
    if (!json->is_opened && *p++ != ',')
        return false;
    p += *p == ' ';
    if (!key_is_at(key, p) || p[key->len] != ':' || p + key->len >= json->end)
        return false;
    json->at = p + key->len + 1;
    json->is_opened = false;
    return true;
}

int
nj_json_key_find(const struct nj_json_key *keys, size_t keys_len, struct nj_slice key)
{
    for (size_t i = 0; i < keys_len; i++)
        if (keys[i].len == key.len + 2 && memcmp(keys[i].text + 1, key.ptr, key.len) == 0)
            return keys[i].id;
    return NJ_JSON_OTHER;
}

int
nj_json_member(struct nj_json *json, const struct nj_json_key *keys, size_t keys_len,
               struct nj_json_order *order)
{
    struct nj_slice text;

    if (json->is_opened)
        order->last = 0;
    unsigned guess = order->after[order->last];
    if (guess && member_speculate(json, &keys[guess - 1])) {
        order->last = (unsigned char)guess;
        return keys[guess - 1].id;
    }
    if (!nj_json_object_next(json, &text))
        return NJ_JSON_END;
    for (size_t i = 0; i < keys_len; i++)
        if (keys[i].len == text.len + 2 && memcmp(keys[i].text + 1, text.ptr, text.len) == 0) {
            order->after[order->last] = (unsigned char)(i + 1);
            order->last = (unsigned char)(i + 1);
            return keys[i].id;
        }
    return NJ_JSON_OTHER;
}

bool
nj_json_string(struct nj_json *json, struct nj_slice *out)
{
    if (json->error)
        return false;
    if (next_byte(json) != '"')
        return nj_json_expected(json, json->at, "a string");
    json->at++;
    json->is_opened = false;
    return nj_json_string_rest(json, out);
}

static bool
word(struct nj_json *json, const char *text, size_t len)
{
    if ((size_t)(json->end - json->at) < len || memcmp(json->at, text, len) != 0)
        return false;
    json->at += len;
    json->is_opened = false;
    return true;
}

bool
nj_json_bool(struct nj_json *json, bool *out)
{
    if (json->error)
        return false;
    *out = next_byte(json) == 't';
    if (*out ? word(json, "true", 4) : word(json, "false", 5))
        return true;
    return nj_json_expected(json, json->at, "true or false");
}

bool
nj_json_null(struct nj_json *json)
{
    if (json->error)
        return false;
    (void)next_byte(json);
    return word(json, "null", 4) || nj_json_expected(json, json->at, "null");
}

static const char *
digits_pass(const char *p, const char *end)
{
    while (p < end && (unsigned char)(*p - '0') < 10)
        p++;
    return p;
}

/* The end of the number at p, NULL when it is none; *is_integer as it is written. */
static const char *
number_pass(const char *p, const char *end, bool *is_integer)
{
    const char *from;

    *is_integer = true;
    p += p < end && *p == '-';
    from = p;
    p = digits_pass(p, end);
    if (p == from || (*from == '0' && p > from + 1))
        return NULL;
    if (p < end && *p == '.') {
        *is_integer = false;
        from = ++p;
        p = digits_pass(p, end);
        if (p == from)
            return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        *is_integer = false;
        p++;
        p += p < end && (*p == '+' || *p == '-');
        from = p;
        p = digits_pass(p, end);
        if (p == from)
            return NULL;
    }
    return p;
}

/* false: beyond int64 and uint64. */
static bool
integer_value(struct nj_slice text, struct nj_json_number *out)
{
    bool is_negative = text.ptr[0] == '-';
    uint64_t v = 0;

    if (text.len > 20)
        return false;
    for (size_t i = is_negative; i < text.len; i++)
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(text.ptr[i] - '0'), &v))
            return false;
    if (is_negative && v > (uint64_t)INT64_MAX + 1)
        return false;
    out->is_unsigned = !is_negative && v > INT64_MAX;
    out->integer = (int64_t)(is_negative ? -v : v);
    out->real = is_negative ? -(double)v : (double)v;
    return true;
}

/* Decimal numbers of few digits: digits and power of ten are both exact doubles, so one
 * division or multiplication rounds correctly (Clinger 1990). false: not of that kind. */
static bool
short_real_value(struct nj_slice text, double *out)
{
    static const double tens[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *p = text.ptr, *end = p + text.len, *point = NULL;
    bool is_negative = *p == '-';
    uint64_t digits = 0;

    if (text.len > 16)
        return false;
    for (p += is_negative; p < end; p++) {
        if (*p == '.')
            point = p;
        else if ((unsigned char)(*p - '0') < 10)
            digits = digits * 10 + (uint64_t)(*p - '0');
        else
            return false;
    }
    *out = (double)digits / tens[point ? end - point - 1 : 0];
    if (is_negative)
        *out = -*out;
    return true;
}

static bool
real_value(struct nj_json *json, struct nj_slice text, double *out)
{
    char small[64], *copy = small;

    if (short_real_value(text, out))
        return true;
    if (text.len >= sizeof small && !(copy = nj_arena_alloc_raw(json->arena, text.len + 1, 1)))
        return nj_json_expected(json, json->at, "less text than memory can hold");
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *out = strtod(copy, NULL);
    return true;
}

bool
nj_json_number(struct nj_json *json, struct nj_json_number *out)
{
    bool is_integer;

    if (json->error)
        return false;
    (void)next_byte(json);
    const char *end = number_pass(json->at, json->end, &is_integer);
    if (!end)
        return nj_json_expected(json, json->at, "a number");
    *out = (struct nj_json_number){.text = {json->at, (size_t)(end - json->at)}};
    out->is_integer = is_integer && integer_value(out->text, out);
    if (!out->is_integer && !real_value(json, out->text, &out->real))
        return false;
    json->at = end;
    json->is_opened = false;
    return true;
}

static bool
scalar_skip(struct nj_json *json, enum nj_json_type type)
{
    bool unused;
    const char *end;

    switch (type) {
    case NJ_JSON_NULL:
        return nj_json_null(json);
    case NJ_JSON_BOOL:
        return nj_json_bool(json, &unused);
    case NJ_JSON_NUMBER:
        end = number_pass(json->at, json->end, &unused);
        if (!end)
            return nj_json_expected(json, json->at, "a number");
        json->at = end;
        break;
    case NJ_JSON_STRING:
        json->at++;
        if (!nj_json_string_pass(json))
            return false;
        break;
    case NJ_JSON_INVALID:
    case NJ_JSON_ARRAY:
    case NJ_JSON_OBJECT:
        return nj_json_expected(json, json->at, "a value");
    }
    json->is_opened = false;
    return true;
}

bool
nj_json_skip(struct nj_json *json)
{
    bool is_object[NJ_JSON_DEPTH_MAX + 1];
    unsigned base = json->depth;

    do {
        enum nj_json_type type = nj_json_peek(json);
        if (type == NJ_JSON_OBJECT || type == NJ_JSON_ARRAY) {
            if (!(type == NJ_JSON_OBJECT ? nj_json_object(json) : nj_json_array(json)))
                return false;
            is_object[json->depth] = type == NJ_JSON_OBJECT;
        } else if (!scalar_skip(json, type)) {
            return false;
        }
        while (json->depth > base &&
               !(is_object[json->depth] ? object_next(json, NULL) : nj_json_array_next(json)))
            if (json->error)
                return false;
    } while (json->depth > base);
    return true;
}

bool
nj_json_raw(struct nj_json *json, struct nj_slice *out)
{
    if (nj_json_peek(json) == NJ_JSON_INVALID)
        return nj_json_expected(json, json->at, "a value");
    const char *begin = json->at;
    if (!nj_json_skip(json))
        return false;
    *out = (struct nj_slice){begin, (size_t)(json->at - begin)};
    return true;
}

bool
nj_json_at_end(struct nj_json *json)
{
    if (json->error)
        return false;
    (void)next_byte(json);
    return json->at == json->end;
}
