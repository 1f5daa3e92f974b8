/* base64.c - bytes as base64 text and back. */
#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
digit_value(char c)
{
    if (c == '-')
        c = '+';
    if (c == '_')
        c = '/';
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool
nj_base64_decode(struct nj_slice text, char *out, size_t *out_len)
{
    uint32_t bits = 0;
    unsigned bits_len = 0;
    size_t padded = text.len;

    *out_len = 0;
    while (text.len && padded - text.len < 2 && text.ptr[text.len - 1] == '=')
        text.len--;
    if (text.len % 4 == 1 || (padded > text.len && padded % 4 != 0))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int value = digit_value(text.ptr[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        bits_len += 6;
        if (bits_len >= 8) {
            bits_len -= 8;
            out[(*out_len)++] = (char)(bits >> bits_len);
        }
    }
    return true;
}

void
nj_base64_encode(struct nj_buf *buf, struct nj_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t bits = (uint32_t)(unsigned char)bytes.ptr[i] << 16;
        if (left > 1)
            bits |= (uint32_t)(unsigned char)bytes.ptr[i + 1] << 8;
        if (left > 2)
            bits |= (unsigned char)bytes.ptr[i + 2];
        char text[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                        left > 1 ? digits[bits >> 6 & 63] : '=',
                        left > 2 ? digits[bits & 63] : '='};
        nj_buf_put(buf, text, sizeof text);
    }
}
