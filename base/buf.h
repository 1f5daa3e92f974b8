/* buf.h - growing byte buffer with a sticky failure flag (floor 0). */
#ifndef NJ_BASE_BUF_H
#define NJ_BASE_BUF_H

#include "base/slice.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* `= {0}` makes an empty one. When memory runs out `is_failed` is set and later calls do
 * nothing, so a writer checks once at its end. */
struct nj_buf {
    char *ptr;
    size_t len, cap;
    bool is_failed;
};

void nj_buf_fini(struct nj_buf *buf);
/* What nj_buf_reserve does where there is no room. */
char *nj_buf_grow(struct nj_buf *buf, size_t more);

/* Room for `more` bytes after `len`; the place to write them, or NULL. Does not move `len`. */
static inline char *
nj_buf_reserve(struct nj_buf *buf, size_t more)
{
    bool has_room = buf->ptr && buf->cap - buf->len >= more && !buf->is_failed;

    return has_room ? buf->ptr + buf->len : nj_buf_grow(buf, more);
}

static inline void
nj_buf_put(struct nj_buf *buf, const void *bytes, size_t len)
{
    char *at = nj_buf_reserve(buf, len);

    if (!at || len == 0)
        return;
    memcpy(at, bytes, len);
    buf->len += len;
}

static inline void
nj_buf_put_char(struct nj_buf *buf, char c)
{
    nj_buf_put(buf, &c, 1);
}

void nj_buf_put_text(struct nj_buf *buf, const char *text);
void nj_buf_put_slice(struct nj_buf *buf, struct nj_slice slice);
void nj_buf_printf(struct nj_buf *buf, const char *fmt, ...) NJ_PRINTF(2, 3);
/* LEB128, 1 to 10 bytes. */
void nj_buf_put_varint(struct nj_buf *buf, uint64_t value);
void nj_buf_put_u64le(struct nj_buf *buf, uint64_t value);

static inline struct nj_slice
nj_buf_slice(const struct nj_buf *buf)
{
    return (struct nj_slice){buf->ptr, buf->len};
}

/* Reads what nj_buf_put_varint wrote from *at (< end) and moves *at; false: cut or too long. */
static inline bool
nj_varint_read(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    uint64_t v = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t b = *(*at)++;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *value = v;
            return true;
        }
    }
    return false;
}

static inline uint64_t
nj_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t
nj_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

#endif
