/* json_scan.h - the inner loops of JSON reading, sixteen bytes at a time where the machine has
 * SSE2, with scalar twins that a test compares (floor 0). */
#ifndef NJ_BASE_JSON_SCAN_H
#define NJ_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __SSE2__ && !defined NJ_SCALAR
#define NJ_SCAN_SSE2 1
#include <emmintrin.h>
#else
#define NJ_SCAN_SSE2 0
#endif

static inline bool
nj_json_is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Up to the first byte of [p, end) that ends a run of plain text in a string: a quote, a
 * backslash or a control character. *has_high is set when a byte of 128 or more was passed; it
 * may also be set by bytes close behind the run. Bytes before `limit` (>= end) may be read. */
static inline const char *
nj_scan_text_scalar(const char *p, const char *end, bool *has_high)
{
    unsigned char high = 0;

    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 32)
        high |= (unsigned char)*p++;
    *has_high |= high >= 128;
    return p;
}

#if NJ_SCAN_SSE2
static inline __m128i
nj_scan_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* A bit for each quote, backslash and control character. */
static inline unsigned
nj_scan_text_mask(__m128i v)
{
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(31)), v);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control));
}
#endif

static inline const char *
nj_scan_text(const char *p, const char *end, const char *limit, bool *has_high)
{
#if NJ_SCAN_SSE2
    __m128i seen = _mm_setzero_si128();
    while (limit - p >= 16) {
        __m128i v = nj_scan_load(p);
        unsigned stops = nj_scan_text_mask(v);
        seen = _mm_or_si128(seen, v);
        if (stops) {
            *has_high |= _mm_movemask_epi8(seen) != 0;
            p += __builtin_ctz(stops);
            return p < end ? p : end;
        }
        p += 16;
    }
    *has_high |= _mm_movemask_epi8(seen) != 0;
    if (p >= end)
        return end;
#else
    (void)limit;
#endif
    return nj_scan_text_scalar(p, end, has_high);
}

/* Up to the first byte of [p, end) that is no blank. */
static inline const char *
nj_scan_blanks_scalar(const char *p, const char *end)
{
    while (p < end && nj_json_is_blank(*p))
        p++;
    return p;
}

static inline const char *
nj_scan_blanks(const char *p, const char *end, const char *limit)
{
    if (p < end && (unsigned char)*p > ' ')
        return p;
#if NJ_SCAN_SSE2
    /* one blank between tokens is common, and so is a deep indent */
    if (end - p >= 2 && nj_json_is_blank(*p) && (unsigned char)p[1] > ' ')
        return p + 1;
    while (limit - p >= 16) {
        __m128i v = nj_scan_load(p);
        __m128i space = _mm_cmpeq_epi8(v, _mm_set1_epi8(' '));
        __m128i line = _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'));
        __m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
        __m128i ret = _mm_cmpeq_epi8(v, _mm_set1_epi8('\r'));
        unsigned blanks = (unsigned)_mm_movemask_epi8(
            _mm_or_si128(_mm_or_si128(space, line), _mm_or_si128(tab, ret)));
        if (blanks != 0xFFFF) {
            p += __builtin_ctz(~blanks);
            return p < end ? p : end;
        }
        p += 16;
    }
    if (p >= end)
        return end;
#else
    (void)limit;
#endif
    return nj_scan_blanks_scalar(p, end);
}

/* Up to the first byte of [p, end) that matters when a value is only measured: a quote or a
 * bracket of either kind. */
static inline const char *
nj_scan_structure_scalar(const char *p, const char *end)
{
    while (p < end && *p != '"' && (*p | 32) != '{' && (*p | 32) != '}')
        p++;
    return p;
}

static inline const char *
nj_scan_structure(const char *p, const char *end, const char *limit)
{
#if NJ_SCAN_SSE2
    while (limit - p >= 16) {
        __m128i v = nj_scan_load(p);
        /* '[' and '{', ']' and '}' differ in one bit */
        __m128i low = _mm_or_si128(v, _mm_set1_epi8(32));
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                   _mm_or_si128(_mm_cmpeq_epi8(low, _mm_set1_epi8('{')),
                                                _mm_cmpeq_epi8(low, _mm_set1_epi8('}'))));
        unsigned stops = (unsigned)_mm_movemask_epi8(hit);
        if (stops) {
            p += __builtin_ctz(stops);
            return p < end ? p : end;
        }
        p += 16;
    }
    if (p >= end)
        return end;
#else
    (void)limit;
#endif
    return nj_scan_structure_scalar(p, end);
}

/* The number that eight bytes at p stand for; false: they are not all digits. Each step joins
 * neighbours, all pairs at once, in one machine word (Lemire 2018). */
static inline bool
nj_scan_eight_digits(const char *p, uint32_t *out)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    v ^= UINT64_C(0x3030303030303030);
    if (((v + UINT64_C(0x7676767676767676)) | v) & UINT64_C(0x8080808080808080))
        return false;
    v = v * 10 + (v >> 8);
    v = ((v & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064) +
         (v >> 16 & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001)) >>
        32;
    *out = (uint32_t)v;
    return true;
}

#endif
