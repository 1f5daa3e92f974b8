/* pb_write.h - protobuf for tests: the slow and obvious way, fields appended to a buffer. */
#ifndef NJ_TESTS_PB_WRITE_H
#define NJ_TESTS_PB_WRITE_H

#include "base/buf.h"
#include "base/protobuf.h"

static inline void
pb_put_varint(struct nj_buf *buf, unsigned number, uint64_t value)
{
    nj_buf_put_varint(buf, NJ_PB_TAG(number, NJ_PB_VARINT));
    nj_buf_put_varint(buf, value);
}

static inline void
pb_put_fixed64(struct nj_buf *buf, unsigned number, uint64_t value)
{
    nj_buf_put_varint(buf, NJ_PB_TAG(number, NJ_PB_FIXED64));
    nj_buf_put_u64le(buf, value);
}

static inline void
pb_put_fixed32(struct nj_buf *buf, unsigned number, uint32_t value)
{
    nj_buf_put_varint(buf, NJ_PB_TAG(number, NJ_PB_FIXED32));
    for (unsigned i = 0; i < 4; i++)
        nj_buf_put_char(buf, (char)(value >> (8 * i)));
}

static inline void
pb_put_bytes(struct nj_buf *buf, unsigned number, struct nj_slice bytes)
{
    nj_buf_put_varint(buf, NJ_PB_TAG(number, NJ_PB_BYTES));
    nj_buf_put_varint(buf, bytes.len);
    nj_buf_put_slice(buf, bytes);
}

static inline void
pb_put_text(struct nj_buf *buf, unsigned number, const char *text)
{
    pb_put_bytes(buf, number, nj_slice_of(text));
}

/* Puts `inner` as a message and empties it. */
static inline void
pb_put_message(struct nj_buf *buf, unsigned number, struct nj_buf *inner)
{
    pb_put_bytes(buf, number, nj_buf_slice(inner));
    nj_buf_fini(inner);
}

#endif
