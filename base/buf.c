/* buf.c - growing byte buffer. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { VARINT = 10, PRINTED = 64 /* bytes: most that is printed is shorter */ };

void
nj_buf_fini(struct nj_buf *buf)
{
    free(buf->ptr);
    *buf = (struct nj_buf){0};
}

char *
nj_buf_grow(struct nj_buf *buf, size_t more)
{
    size_t cap = buf->cap ? buf->cap : 256;

    if (buf->is_failed)
        return NULL;
    while (cap - buf->len < more && cap <= SIZE_MAX / 4)
        cap *= 2;
    char *p = cap - buf->len < more ? NULL : realloc(buf->ptr, cap);
    if (!p) {
        buf->is_failed = true;
        return NULL;
    }
    buf->ptr = p;
    buf->cap = cap;
    return p + buf->len;
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
    char *at = nj_buf_reserve(buf, PRINTED);

    if (!at)
        return;
    va_start(args, fmt);
    va_copy(again, args);
    size_t room = buf->cap - buf->len;
    int need = vsnprintf(at, room, fmt, args);
    va_end(args);
    if (need >= 0 && (size_t)need >= room && (at = nj_buf_reserve(buf, (size_t)need + 1)))
        (void)vsnprintf(at, (size_t)need + 1, fmt, again);
    va_end(again);
    buf->is_failed = buf->is_failed || need < 0;
    if (!buf->is_failed)
        buf->len += (size_t)need;
}

void
nj_buf_put_varint(struct nj_buf *buf, uint64_t value)
{
    char *at = nj_buf_reserve(buf, VARINT);
    size_t n = 0;

    if (!at)
        return;
    for (; value >= 0x80; value >>= 7)
        at[n++] = (char)(value | 0x80);
    at[n++] = (char)value;
    buf->len += n;
}

void
nj_buf_put_u64le(struct nj_buf *buf, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    nj_buf_put(buf, bytes, 8);
}
