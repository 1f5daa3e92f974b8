/* utf8.c - whether text is UTF-8. */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* The high bits of eight bytes at p, that of the first byte lowest. */
static uint64_t
high_bits(const char *p)
{
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    return eight & UINT64_C(0x8080808080808080);
}

bool
nj_utf8_is_valid(const char *p, size_t len)
{
    const char *end = p + len;

    while (p < end) {
        if ((unsigned char)*p < 0x80) {
            uint64_t high = end - p >= 8 ? high_bits(p) : 1;
            p += end - p < 8 ? 1 : high == 0 ? 8 : __builtin_ctzll(high) / 8;
            continue;
        }
        unsigned n = nj_utf8_len(p, (size_t)(end - p));
        if (n == 0)
            return false;
        p += n;
    }
    return true;
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
