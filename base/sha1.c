/* sha1.c - SHA-1 of one block. */
#include "base/sha1.h"

#include "base/status.h"

enum { BLOCK = 64, ROUNDS = 80 };

static uint32_t
left(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

/* The text, a one, zeros and its length in bits, as words and what they are expanded to. */
static void
schedule_fill(uint32_t w[ROUNDS], struct nj_slice text)
{
    uint8_t block[BLOCK] = {0};

    if (text.len > 0)
        memcpy(block, text.ptr, text.len);
    block[text.len] = 0x80;
    block[BLOCK - 2] = (uint8_t)(text.len * 8 >> 8);
    block[BLOCK - 1] = (uint8_t)(text.len * 8);
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < ROUNDS; i++)
        w[i] = left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
}

void
nj_sha1(uint32_t out[NJ_SHA1_WORDS], struct nj_slice text)
{
    static const uint32_t first[NJ_SHA1_WORDS] = {0x67452301, 0xefcdab89, 0x98badcfe,
                                                  0x10325476, 0xc3d2e1f0};
    static const uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t w[ROUNDS], a = first[0], b = first[1], c = first[2], d = first[3], e = first[4];

    NJ_CHECK(text.len <= NJ_SHA1_BYTES_MAX);
    schedule_fill(w, text);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t f = i < 20              ? (b & c) | (~b & d)
                     : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d)
                                         : b ^ c ^ d;
        uint32_t next = left(a, 5) + f + e + constants[i / 20] + w[i];
        e = d;
        d = c;
        c = left(b, 30);
        b = a;
        a = next;
    }
    out[0] = first[0] + a;
    out[1] = first[1] + b;
    out[2] = first[2] + c;
    out[3] = first[3] + d;
    out[4] = first[4] + e;
}
