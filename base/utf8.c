/* utf8.c - whether text is UTF-8. */
#include "base/utf8.h"

#include <string.h>
#if defined __SSE2__ && !defined NJ_SCALAR
#include <emmintrin.h>
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

#if defined __SSE2__ && !defined NJ_SCALAR
enum { BLOCK = 16 };

/* What the bytes before a block ask of its first bytes, as bits. */
struct carry {
    uint32_t continuation;      /* continuation bytes */
    uint32_t from_a0, below_a0; /* second bytes of E0 and of ED */
    uint32_t from_90, below_90; /* second bytes of F0 and of F4 */
};

/* A bit for each byte that is at least `low`. */
static inline uint32_t
at_least(__m128i v, int low)
{
    __m128i limit = _mm_set1_epi8((char)low);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(v, limit), v));
}

static inline uint32_t
equal_to(__m128i v, int c)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)c)));
}

/* Whether the block goes on as `carry` asks, and what it asks of the next: lead bytes ask for
 * the continuation bytes behind them, and there must be no others. */
static inline bool
block_is_valid(__m128i v, struct carry *carry)
{
    const uint32_t all = (1u << BLOCK) - 1;
    uint32_t lead = at_least(v, 0xC0), two = at_least(v, 0xC2), three = at_least(v, 0xE0);
    uint32_t four = at_least(v, 0xF0), a0 = at_least(v, 0xA0), from_90 = at_least(v, 0x90);
    uint32_t is_never = (lead & ~two) | at_least(v, 0xF5);
    struct carry want = {
        .continuation = carry->continuation | two << 1 | three << 2 | four << 3,
        .from_a0 = carry->from_a0 | equal_to(v, 0xE0) << 1,
        .below_a0 = carry->below_a0 | equal_to(v, 0xED) << 1,
        .from_90 = carry->from_90 | equal_to(v, 0xF0) << 1,
        .below_90 = carry->below_90 | equal_to(v, 0xF4) << 1,
    };
    uint32_t bad = is_never | (want.continuation ^ (at_least(v, 0x80) & ~lead)) |
                   (want.from_a0 & ~a0) | (want.below_a0 & a0) | (want.from_90 & ~from_90) |
                   (want.below_90 & from_90);

    *carry =
        (struct carry){want.continuation >> BLOCK, want.from_a0 >> BLOCK,
                       want.below_a0 >> BLOCK, want.from_90 >> BLOCK, want.below_90 >> BLOCK};
    return (bad & all) == 0;
}

bool
nj_utf8_is_valid(const char *p, size_t len)
{
    struct carry carry = {0};
    char tail[BLOCK] = {0};

    for (; len >= BLOCK; p += BLOCK, len -= BLOCK) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        if ((_mm_movemask_epi8(v) != 0 || carry.continuation) && !block_is_valid(v, &carry))
            return false;
    }
    if (len)
        memcpy(tail, p, len);
    /* zeros follow the text, so that a character that is cut off is seen */
    return block_is_valid(_mm_loadu_si128((const __m128i *)(const void *)tail), &carry);
}
#else
bool
nj_utf8_is_valid(const char *p, size_t len)
{
    return nj_utf8_is_valid_scalar(p, len);
}
#endif

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
