/* utf8.c - whether text is UTF-8. */
#include "base/utf8.h"

#include <string.h>

#if defined __x86_64__ && !defined NJ_SCALAR
#define NJ_UTF8_BLOCKS 1
#include <tmmintrin.h>
#else
#define NJ_UTF8_BLOCKS 0
#endif

bool
nj_utf8_is_valid_scalar(const char *p, size_t len)
{
    const char *end = p + len;

    for (unsigned n; p < end; p += n)
        if ((n = nj_utf8_len(p, (size_t)(end - p))) == 0)
            return false;
    return true;
}

#if NJ_UTF8_BLOCKS
enum { BLOCK = 16 };
#define USE_SSSE3 __attribute__((target("ssse3")))

/* Every way in which two bytes that stand side by side can be wrong is a bit; three tables, by
 * the high and low half of the first byte and the high half of the second, say which of them
 * each half allows, and a pair is wrong in what all three allow (Keiser and Lemire 2021). */
enum {
    TOO_SHORT = 1,        /* a lead, then no continuation */
    TOO_LONG = 2,         /* ASCII, then a continuation */
    OVERLONG_3 = 4,       /* E0, then below A0 */
    TOO_LARGE = 8,        /* F4, then 90 and above; F5 and above */
    SURROGATE = 16,       /* ED, then A0 and above */
    OVERLONG_2 = 32,      /* C0, C1 */
    OVERLONG_4 = 64,      /* F0, then below 90; F5 and above, then the same */
    TWO_FOLLOWERS = -128, /* right behind a lead of three or four, wrong elsewhere */
    ANY = TOO_SHORT | TOO_LONG | TWO_FOLLOWERS,
    BEYOND = ANY | TOO_LARGE | OVERLONG_4,
    FOLLOWER = TOO_LONG | OVERLONG_2 | TWO_FOLLOWERS,
};

/* What is wrong with `v`, which stands behind `before`; zero: nothing. */
USE_SSSE3 static inline __m128i
block_errors(__m128i v, __m128i before)
{
    const __m128i first_high = _mm_setr_epi8(
        TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
        TWO_FOLLOWERS, TWO_FOLLOWERS, TWO_FOLLOWERS, TWO_FOLLOWERS, TOO_SHORT | OVERLONG_2,
        TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | OVERLONG_4);
    const __m128i first_low =
        _mm_setr_epi8(ANY | OVERLONG_2 | OVERLONG_3 | OVERLONG_4, ANY | OVERLONG_2, ANY, ANY,
                      ANY | TOO_LARGE, BEYOND, BEYOND, BEYOND, BEYOND, BEYOND, BEYOND, BEYOND,
                      BEYOND, BEYOND | SURROGATE, BEYOND, BEYOND);
    const __m128i second_high = _mm_setr_epi8(
        TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
        FOLLOWER | OVERLONG_3 | OVERLONG_4, FOLLOWER | OVERLONG_3 | TOO_LARGE,
        FOLLOWER | SURROGATE | TOO_LARGE, FOLLOWER | SURROGATE | TOO_LARGE, TOO_SHORT,
        TOO_SHORT, TOO_SHORT, TOO_SHORT);
    const __m128i half = _mm_set1_epi8(15);
    __m128i first = _mm_alignr_epi8(v, before, 15);
    __m128i pair = _mm_and_si128(
        _mm_and_si128(
            _mm_shuffle_epi8(first_high, _mm_and_si128(_mm_srli_epi16(first, 4), half)),
            _mm_shuffle_epi8(first_low, _mm_and_si128(first, half))),
        _mm_shuffle_epi8(second_high, _mm_and_si128(_mm_srli_epi16(v, 4), half)));
    /* the second byte behind E0 and above, the third behind F0 and above */
    __m128i third = _mm_subs_epu8(_mm_alignr_epi8(v, before, 14), _mm_set1_epi8(0xE0 - 0x80));
    __m128i fourth = _mm_subs_epu8(_mm_alignr_epi8(v, before, 13), _mm_set1_epi8(0xF0 - 0x80));
    __m128i must = _mm_and_si128(_mm_or_si128(third, fourth), _mm_set1_epi8(TWO_FOLLOWERS));
    return _mm_xor_si128(must, pair);
}

static inline __m128i
block_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

USE_SSSE3 static bool
blocks_are_valid(const char *p, size_t len)
{
    __m128i before = _mm_setzero_si128(), errors = before;
    char tail[BLOCK] = {0};

    for (; len >= 4 * BLOCK; p += 4 * BLOCK, len -= 4 * BLOCK) {
        __m128i a = block_load(p), b = block_load(p + BLOCK);
        __m128i c = block_load(p + 2 * BLOCK), d = block_load(p + 3 * BLOCK);
        __m128i all = _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d));
        if (_mm_movemask_epi8(all) == 0) {
            errors = _mm_or_si128(errors, block_errors(a, before));
        } else {
            errors = _mm_or_si128(errors, block_errors(a, before));
            errors = _mm_or_si128(errors, block_errors(b, a));
            errors = _mm_or_si128(errors, block_errors(c, b));
            errors = _mm_or_si128(errors, block_errors(d, c));
        }
        before = d;
    }
    for (; len >= BLOCK; p += BLOCK, len -= BLOCK) {
        __m128i v = block_load(p);
        errors = _mm_or_si128(errors, block_errors(v, before));
        before = v;
    }
    if (len)
        memcpy(tail, p, len);
    /* zeros follow the text, so that a character that is cut off is seen */
    errors = _mm_or_si128(errors, block_errors(block_load(tail), before));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(errors, _mm_setzero_si128())) == 0xFFFF;
}
#endif

bool
nj_utf8_is_valid_long(const char *p, size_t len)
{
#if NJ_UTF8_BLOCKS
    if (__builtin_cpu_supports("ssse3"))
        return blocks_are_valid(p, len);
#endif
    return nj_utf8_is_valid_scalar(p, len);
}

unsigned
nj_utf8_put(char out[4], uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}
