/* ids.c - ids of traces and spans: from any text to numbers, and back to text. */
#include "schema/ids.h"

#include "base/base64.h"
#include "base/hash.h"

#if defined __SSE2__ && !defined NJ_SCALAR
#include <emmintrin.h>
#endif

enum { SPAN_ID_BYTES = 8 };

/* Value of each hexadecimal digit plus one; 0: none. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
    ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
    ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
    ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

#if defined __SSE2__ && !defined NJ_SCALAR
/* Sixteen digits at once; most ids come in this length. */
static bool
hex16_read(const char *p, uint64_t *out)
{
    __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i digit = _mm_sub_epi8(text, _mm_set1_epi8('0'));
    __m128i letter = _mm_sub_epi8(_mm_or_si128(text, _mm_set1_epi8(32)), _mm_set1_epi8('a'));
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
    __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
    __m128i four =
        _mm_or_si128(_mm_and_si128(digit, is_digit),
                     _mm_and_si128(_mm_add_epi8(letter, _mm_set1_epi8(10)), is_letter));
    /* each pair of four bits, the first of which is the higher one */
    __m128i pair = _mm_and_si128(_mm_or_si128(_mm_slli_epi16(four, 4), _mm_srli_epi16(four, 8)),
                                 _mm_set1_epi16(255));
    uint64_t bytes = (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(pair, pair));
    *out = __builtin_bswap64(bytes);
    return _mm_movemask_epi8(_mm_or_si128(is_digit, is_letter)) == 0xFFFF;
}
#endif

static bool
hex_read(const char *p, size_t len, uint64_t *out)
{
    uint64_t value = 0;
    bool is_hex = true;

#if defined __SSE2__ && !defined NJ_SCALAR
    if (len == 16)
        return hex16_read(p, out);
#endif

    for (size_t i = 0; i < len; i++) {
        unsigned digit = hex_values[(unsigned char)p[i]];
        is_hex &= digit != 0;
        value = value << 4 | ((digit - 1) & 15);
    }
    *out = value;
    return is_hex;
}

static void
u64_put(uint8_t *out, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t
u64_get(const void *from)
{
    const uint8_t *p = from;
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

/* Base64 of exactly `want` bytes, with its padding, so that hexadecimal is never taken for it.
 */
static bool
base64_read(struct nj_slice text, size_t want, char out[NJ_TRACE_ID_BYTES + 3])
{
    size_t len;
    return text.len == (want + 2) / 3 * 4 && text.ptr[text.len - 1] == '=' &&
           nj_base64_decode(text, out, &len) && len == want;
}

struct nj_trace_id
nj_trace_id_of_text(struct nj_slice text)
{
    XXH128_hash_t h = XXH3_128bits(text.ptr, text.len);
    struct nj_trace_id id;
    u64_put(id.bytes, h.high64);
    u64_put(id.bytes + 8, h.low64);
    return id;
}

uint64_t
nj_span_id_of_text(struct nj_slice text)
{
    return nj_hash(text);
}

bool
nj_trace_id_of_bytes(struct nj_slice bytes, struct nj_trace_id *out)
{
    if (bytes.len != NJ_TRACE_ID_BYTES)
        return false;
    memcpy(out->bytes, bytes.ptr, NJ_TRACE_ID_BYTES);
    return (u64_get(out->bytes) | u64_get(out->bytes + 8)) != 0;
}

bool
nj_span_id_of_bytes(struct nj_slice bytes, uint64_t *out)
{
    if (bytes.len != SPAN_ID_BYTES)
        return false;
    *out = u64_get(bytes.ptr);
    return *out != 0;
}

bool
nj_trace_id_parse(struct nj_slice text, struct nj_trace_id *out, struct nj_slice *out_text)
{
    char bytes[NJ_TRACE_ID_BYTES + 3];
    uint64_t high, low;

    *out_text = (struct nj_slice){0};
    if (text.len == 0)
        return false;
    size_t high_len = text.len > 16 ? text.len - 16 : 0;
    if (text.len <= NJ_TRACE_HEX && hex_read(text.ptr, high_len, &high) &&
        hex_read(text.ptr + high_len, text.len - high_len, &low)) {
        u64_put(out->bytes, high);
        u64_put(out->bytes + 8, low);
        return (high | low) != 0;
    }
    if (base64_read(text, NJ_TRACE_ID_BYTES, bytes))
        return nj_trace_id_of_bytes((struct nj_slice){bytes, NJ_TRACE_ID_BYTES}, out);
    *out = nj_trace_id_of_text(text);
    *out_text = text;
    return true;
}

bool
nj_span_id_parse(struct nj_slice text, uint64_t *out, struct nj_slice *out_text)
{
    char bytes[NJ_TRACE_ID_BYTES + 3];

    *out_text = (struct nj_slice){0};
    if (text.len == 0)
        return false;
    if (text.len <= NJ_SPAN_HEX && hex_read(text.ptr, text.len, out))
        return *out != 0;
    if (base64_read(text, SPAN_ID_BYTES, bytes))
        return nj_span_id_of_bytes((struct nj_slice){bytes, SPAN_ID_BYTES}, out);
    *out = nj_span_id_of_text(text);
    *out_text = text;
    return true;
}

static void
hex_print(char *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

void
nj_trace_id_print(char out[NJ_TRACE_HEX + 1], const struct nj_trace_id *id)
{
    hex_print(out, id->bytes, NJ_TRACE_ID_BYTES);
}

void
nj_span_id_print(char out[NJ_SPAN_HEX + 1], uint64_t id)
{
    uint8_t bytes[SPAN_ID_BYTES];
    u64_put(bytes, id);
    hex_print(out, bytes, SPAN_ID_BYTES);
}

struct nj_slice
nj_trace_id_show(const struct nj_trace_id *id, struct nj_slice text, char hex[NJ_TRACE_HEX + 1])
{
    if (text.len)
        return text;
    nj_trace_id_print(hex, id);
    return (struct nj_slice){hex, NJ_TRACE_HEX};
}

struct nj_slice
nj_span_id_show(uint64_t id, struct nj_slice text, char hex[NJ_SPAN_HEX + 1])
{
    if (text.len)
        return text;
    nj_span_id_print(hex, id);
    return (struct nj_slice){hex, NJ_SPAN_HEX};
}
