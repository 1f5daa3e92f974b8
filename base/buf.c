/* buf.c - growing byte buffer. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
nj_buf_fini(struct nj_buf *buf)
{
    free(buf->ptr);
    *buf = (struct nj_buf){0};
}

char *
nj_buf_reserve(struct nj_buf *buf, size_t more)
{
    if (buf->is_failed)
        return NULL;
    if (buf->cap == 0 || buf->cap - buf->len < more) {
        size_t cap = buf->cap ? buf->cap : 256;
        while (cap - buf->len < more && cap <= SIZE_MAX / 4)
            cap *= 2;
        char *p = cap - buf->len < more ? NULL : realloc(buf->ptr, cap);
        if (!p) {
            buf->is_failed = true;
            return NULL;
        }
        buf->ptr = p;
        buf->cap = cap;
    }
    return buf->ptr + buf->len;
}

void
nj_buf_put(struct nj_buf *buf, const void *bytes, size_t len)
{
    char *at = nj_buf_reserve(buf, len);
    if (!at || len == 0)
        return;
    memcpy(at, bytes, len);
    buf->len += len;
}

void
nj_buf_put_char(struct nj_buf *buf, char c)
{
    nj_buf_put(buf, &c, 1);
}

void
nj_buf_put_text(struct nj_buf *buf, const char *text)
{
    nj_buf_put(buf, text, strlen(text));
}

void
nj_buf_put_slice(struct nj_buf *buf, struct nj_slice slice)
{
    nj_buf_put(buf, slice.ptr, slice.len);
}

void
nj_buf_printf(struct nj_buf *buf, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int need = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *at = need < 0 ? NULL : nj_buf_reserve(buf, (size_t)need + 1);
    if (at) {
        (void)vsnprintf(at, (size_t)need + 1, fmt, again);
        buf->len += (size_t)need;
    }
    va_end(again);
}

void
nj_buf_put_varint(struct nj_buf *buf, uint64_t value)
{
    uint8_t bytes[10];
    size_t n = 0;

    while (value >= 0x80) {
        bytes[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[n++] = (uint8_t)value;
    nj_buf_put(buf, bytes, n);
}

void
nj_buf_put_u64le(struct nj_buf *buf, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    nj_buf_put(buf, bytes, 8);
}
