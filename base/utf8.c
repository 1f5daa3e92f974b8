/* utf8.c - whether text is UTF-8. */
#include "base/utf8.h"

#include <string.h>

#if defined __x86_64__ && !defined NJ_SCALAR
#define NJ_UTF8_BLOCKS 1
#include <immintrin.h>
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
enum { BLOCK = 32 };
#define USE_AVX2 __attribute__((target("avx2")))

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

/* A table of sixteen bytes for both halves of a register. */
#define TABLE(...) _mm256_broadcastsi128_si256(_mm_setr_epi8(__VA_ARGS__))
#define FOUR(x)    x, x, x, x

/* The bytes that stand `n` places before those of `v`, which stands behind `before`. */
#define EARLIER(v, before, n)                                                                  \
    _mm256_alignr_epi8(v, _mm256_permute2x128_si256(before, v, 0x21), 16 - (n))

/* What is wrong with `v`, which stands behind `before`; zero: nothing. */
USE_AVX2 static inline __m256i
block_errors(__m256i v, __m256i before)
{
    const __m256i first_high = TABLE(
        FOUR(TOO_LONG), FOUR(TOO_LONG), FOUR(TWO_FOLLOWERS), TOO_SHORT | OVERLONG_2, TOO_SHORT,
        TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | OVERLONG_4);
    const __m256i first_low =
        TABLE(ANY | OVERLONG_2 | OVERLONG_3 | OVERLONG_4, ANY | OVERLONG_2, ANY, ANY,
              ANY | TOO_LARGE, FOUR(BEYOND), FOUR(BEYOND), BEYOND | SURROGATE, BEYOND, BEYOND);
    const __m256i second_high =
        TABLE(FOUR(TOO_SHORT), FOUR(TOO_SHORT), FOLLOWER | OVERLONG_3 | OVERLONG_4,
              FOLLOWER | OVERLONG_3 | TOO_LARGE, FOLLOWER | SURROGATE | TOO_LARGE,
              FOLLOWER | SURROGATE | TOO_LARGE, FOUR(TOO_SHORT));
    const __m256i half = _mm256_set1_epi8(15);
    __m256i first = EARLIER(v, before, 1);
    __m256i by_high =
        _mm256_shuffle_epi8(first_high, _mm256_and_si256(_mm256_srli_epi16(first, 4), half));
    __m256i by_low = _mm256_shuffle_epi8(first_low, _mm256_and_si256(first, half));
    __m256i by_second =
        _mm256_shuffle_epi8(second_high, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));
    __m256i pair = _mm256_and_si256(_mm256_and_si256(by_high, by_low), by_second);
    /* the second byte behind E0 and above, the third behind F0 and above */
    __m256i third =
        _mm256_subs_epu8(EARLIER(v, before, 2), _mm256_set1_epi8((char)(0xE0 - 0x80)));
    __m256i fourth =
        _mm256_subs_epu8(EARLIER(v, before, 3), _mm256_set1_epi8((char)(0xF0 - 0x80)));
    __m256i must =
        _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)TWO_FOLLOWERS));
    return _mm256_xor_si256(must, pair);
}

/* Zero where the last character of `v` is whole: no lead stands too close to the end. */
USE_AVX2 static inline __m256i
cut_off(__m256i v)
{
    const __m256i highest =
        _mm256_setr_epi8(FOUR(-1), FOUR(-1), FOUR(-1), FOUR(-1), FOUR(-1), FOUR(-1), FOUR(-1),
                         -1, (char)(0xF0 - 1), (char)(0xE0 - 1), (char)(0xC0 - 1));

    return _mm256_subs_epu8(v, highest);
}

USE_AVX2 static inline __m256i
block_load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

USE_AVX2 static bool
blocks_are_valid(const char *p, size_t len)
{
    __m256i before = _mm256_setzero_si256(), errors = before;
    char tail[BLOCK] = {0};

    for (; len >= 2 * BLOCK; p += 2 * BLOCK, len -= 2 * BLOCK) {
        __m256i a = block_load(p), b = block_load(p + BLOCK);
        bool is_ascii = _mm256_movemask_epi8(_mm256_or_si256(a, b)) == 0;
        errors = _mm256_or_si256(
            errors, is_ascii ? cut_off(before)
                             : _mm256_or_si256(block_errors(a, before), block_errors(b, a)));
        before = b;
    }
    if (len >= BLOCK) {
        __m256i v = block_load(p);
        errors = _mm256_or_si256(errors, block_errors(v, before));
        before = v;
        p += BLOCK;
        len -= BLOCK;
    }
    if (len)
        memcpy(tail, p, len);
    /* zeros follow the text, so that a character that is cut off is seen */
    errors = _mm256_or_si256(errors, block_errors(block_load(tail), before));
    return _mm256_testz_si256(errors, errors) != 0;
}
#endif

bool
nj_utf8_is_valid_long(const char *p, size_t len)
{
#if NJ_UTF8_BLOCKS
    if (__builtin_cpu_supports("avx2"))
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
