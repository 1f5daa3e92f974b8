/* utf8.h - UTF-8: one character at a time, and whole texts (floor 0). */
#ifndef NJ_BASE_UTF8_H
#define NJ_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined __SSE2__ && !defined NJ_SCALAR
#include <emmintrin.h>
#endif

/* Bytes of the UTF-8 character at `p` (1 to 4), or 0 when the bytes are no character: stray or
 * cut sequences, overlong forms, surrogates, beyond U+10FFFF. `len` > 0 bytes may be read. */
static inline unsigned
nj_utf8_len(const char *p, size_t len)
{
    const unsigned char *s = (const unsigned char *)p;

    if (s[0] < 0x80)
        return 1;
    unsigned n = s[0] >= 0xC2 && s[0] < 0xE0   ? 2
                 : (s[0] & 0xF0) == 0xE0       ? 3
                 : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                               : 0;
    if (n == 0 || n > len)
        return 0;
    for (unsigned i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

/* Any text, in blocks; nj_utf8_is_valid is sooner done with a short one. */
bool nj_utf8_is_valid_long(const char *p, size_t len);
/* The same one character after another; what a test compares with. */
bool nj_utf8_is_valid_scalar(const char *p, size_t len);
enum { NJ_UTF8_AHEAD = 64 };
/* Whether no byte is 128 or more in a text of at most NJ_UTF8_AHEAD bytes; so many may
 * be read however long it is: short texts vary in length, and a loop over them would be
 * mispredicted each time. */
static inline bool
nj_utf8_is_ascii_ahead(const char *p, size_t len)
{
#if defined __SSE2__ && !defined NJ_SCALAR
    const __m128i *v = (const __m128i *)(const void *)p;
    uint64_t high = (uint64_t)_mm_movemask_epi8(_mm_loadu_si128(v)) |
                    (uint64_t)_mm_movemask_epi8(_mm_loadu_si128(v + 1)) << 16 |
                    (uint64_t)_mm_movemask_epi8(_mm_loadu_si128(v + 2)) << 32 |
                    (uint64_t)_mm_movemask_epi8(_mm_loadu_si128(v + 3)) << 48;
    return len == 0 || high << (NJ_UTF8_AHEAD - len) == 0;
#else
    unsigned char seen = 0;
    for (size_t i = 0; i < len; i++)
        seen |= (unsigned char)p[i];
    return seen < 0x80;
#endif
}

/* Whether all of it is UTF-8. Short texts are nearly always ASCII, which is seen in two or more
 * words of eight bytes, the last of which may hold some bytes twice. */
static inline bool
nj_utf8_is_valid(const char *p, size_t len)
{
    uint64_t first, last, seen = 0;

    if (len >= 8 && len < 64) {
        memcpy(&last, p + len - sizeof last, sizeof last);
        for (size_t i = 0; i + sizeof first < len; i += sizeof first) {
            memcpy(&first, p + i, sizeof first);
            seen |= first;
        }
        seen |= last;
    } else if (len < 8) {
        for (size_t i = 0; i < len; i++)
            seen |= (unsigned char)p[i];
    } else {
        seen = UINT64_MAX;
    }
    return (seen & UINT64_C(0x8080808080808080)) == 0 || nj_utf8_is_valid_long(p, len);
}

/* Writes a code point (<= U+10FFFF, no surrogate) and returns its 1 to 4 bytes. */
unsigned nj_utf8_put(char out[4], uint32_t c);

/* Length of the longest beginning of `text` of at most `max` bytes that cuts no character. */
static inline size_t
nj_utf8_cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    for (size_t at = max; at > 0 && max - at < 4; at--)
        if (((unsigned char)text[at] & 0xC0) != 0x80)
            return at;
    return max;
}

#endif
