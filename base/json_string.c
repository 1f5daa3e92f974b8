/* json_string.c - strings of JSON text: slices where nothing is escaped, else unescaped into a
 * room that is as long as the text that is left, so that it is made once a document. */
#include "base/json_string.h"

#include "base/json_scan.h"
#include "base/utf8.h"

enum { ROOM_SLACK = NJ_STREAM_PAD + 16, REPLACEMENT = 0xFFFD };

bool
nj_json_expected(struct nj_json *json, const char *at, const char *what)
{
    if (!json->error) {
        json->error = what;
        json->at = at;
    }
    return false;
}

static bool
text_unclosed(struct nj_json *json, const char *at)
{
    return nj_json_expected(json, at,
                            at < json->end ? "an escape instead of a control character"
                                           : "the quote that ends a string");
}

static bool
room_make(struct nj_json *json, size_t text_len)
{
    if ((size_t)(json->room_end - json->room) >= text_len + ROOM_SLACK)
        return true;
    char *room = nj_arena_alloc_raw(json->arena, text_len + ROOM_SLACK, 1);
    if (!room)
        return nj_json_expected(json, json->at, "less text than memory can hold");
    json->room = room;
    json->room_end = room + text_len + ROOM_SLACK;
    return true;
}

static bool
hex4_read(const char *p, const char *end, uint32_t *out)
{
    uint32_t v = 0;

    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i];
        unsigned digit = c - '0';
        if (digit > 9) {
            digit = (c | 32u) - 'a';
            if (digit > 5)
                return false;
            digit += 10;
        }
        v = v << 4 | digit;
    }
    *out = v;
    return true;
}

/* Reads what follows `\u` at p; half a surrogate pair becomes U+FFFD. NULL: not four digits. */
static const char *
unicode_read(struct nj_json *json, const char *p, uint32_t *out)
{
    uint32_t c, low;

    if (!hex4_read(p, json->end, &c))
        return NULL;
    p += 4;
    if (c >= 0xD800 && c < 0xDC00 && json->end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
        hex4_read(p + 2, json->end, &low) && low >= 0xDC00 && low < 0xE000) {
        *out = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        return p + 6;
    }
    if (c >= 0xD800 && c < 0xE000) {
        json->has_bad_utf8 = true;
        c = REPLACEMENT;
    }
    *out = c;
    return p;
}

/* What the letter behind a backslash stands for, where that is one byte. */
static const char escape_chars[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                       ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};

/* Reads one escape at the backslash p and writes it to *out. NULL: not an escape. */
static const char *
escape_read(struct nj_json *json, const char *p, char **out)
{
    uint32_t c;

    if (json->end - p < 2)
        return NULL;
    char short_form = escape_chars[(unsigned char)p[1]];
    if (short_form) {
        *(*out)++ = short_form;
        return p + 2;
    }
    if (p[1] != 'u' || !(p = unicode_read(json, p + 2, &c)))
        return NULL;
    *out += nj_utf8_put(*out, c);
    return p;
}

/* Copies plain text from p to *out, up to what nj_scan_text stops at; up to NJ_STREAM_PAD bytes
 * more may be read and written. */
static inline const char *
text_copy(const struct nj_json *json, const char *p, char **out, bool *has_high)
{
    const char *stop;
#if NJ_SCAN_SSE2
    while (json->limit - p >= 16) {
        __m128i v = nj_scan_load(p);
        unsigned stops = nj_scan_text_mask(v);
        _mm_storeu_si128((__m128i *)(void *)*out, v);
        *has_high |= _mm_movemask_epi8(v) != 0;
        unsigned n = stops ? (unsigned)__builtin_ctz(stops) : 16;
        *out += n;
        p += n;
        if (stops)
            return p;
    }
    if (p >= json->end)
        return p;
#endif
    stop = nj_scan_text_scalar(p, json->end, has_high);
    memcpy(*out, p, (size_t)(stop - p));
    *out += stop - p;
    return stop;
}

static bool
string_unescape(struct nj_json *json, const char *escape, bool has_high, struct nj_slice *out)
{
    const char *begin = json->at, *p = escape;

    if (!room_make(json, (size_t)(json->end - begin)))
        return false;
    char *text = json->room, *to = text + (escape - begin);
    memcpy(text, begin, (size_t)(escape - begin));
    while (p < json->end && *p == '\\') {
        char short_form = json->end - p < 2 ? '\0' : escape_chars[(unsigned char)p[1]];
        if (short_form) {
            *to++ = short_form;
            p += 2;
        } else {
            const char *after = escape_read(json, p, &to);
            if (!after)
                return nj_json_expected(json, p, "an escape such as \\n or \\u0041");
            p = after;
        }
        p = text_copy(json, p, &to, &has_high);
    }
    if (p >= json->end || *p != '"')
        return text_unclosed(json, p < json->end ? p : json->end);
    json->room = to;
    json->at = p + 1;
    *out = (struct nj_slice){text, (size_t)(to - text)};
    if (has_high && !nj_utf8_is_valid(text, out->len))
        json->has_bad_utf8 = true;
    return true;
}

bool
nj_json_string_rest(struct nj_json *json, struct nj_slice *out)
{
    bool has_high = false;
    const char *begin = json->at;
    const char *p = nj_scan_text(begin, json->end, json->limit, &has_high);

    if (p < json->end && *p == '\\')
        return string_unescape(json, p, has_high, out);
    if (p >= json->end || *p != '"')
        return text_unclosed(json, p);
    *out = (struct nj_slice){begin, (size_t)(p - begin)};
    json->at = p + 1;
    if (has_high && !nj_utf8_is_valid(begin, out->len))
        json->has_bad_utf8 = true;
    return true;
}

bool
nj_json_string_pass(struct nj_json *json)
{
    bool has_high = false;
    const char *p = json->at;

    for (;;) {
        char unused[4], *to = unused;
        p = nj_scan_text(p, json->end, json->limit, &has_high);
        if (p >= json->end || *p != '\\')
            break;
        const char *after = escape_read(json, p, &to);
        if (!after)
            return nj_json_expected(json, p, "an escape such as \\n or \\u0041");
        p = after;
    }
    if (p >= json->end || *p != '"')
        return text_unclosed(json, p);
    json->at = p + 1;
    return true;
}
