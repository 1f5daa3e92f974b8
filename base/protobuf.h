/* protobuf.h - reading protobuf messages in memory, field by field (floor 0).
 *
 * No schema: the caller compares `tag` with NJ_PB_TAG of the fields that it knows and ignores
 * the rest, so a known field with another wire type counts as unknown, as the encoding wants
 * it. A message inside a message is a BYTES field, read with a cursor of its own. Wire format:
 * Protocol Buffers, "Encoding". Nothing is ever read past `end`. */
#ifndef NJ_BASE_PROTOBUF_H
#define NJ_BASE_PROTOBUF_H

#include "base/slice.h"

#include <stdint.h>

/* Groups (3 and 4) went out of use before OTLP; they and 6, 7 are errors. */
enum nj_pb_wire {
    NJ_PB_VARINT = 0,
    NJ_PB_FIXED64 = 1,
    NJ_PB_BYTES = 2,
    NJ_PB_FIXED32 = 5,
};

#define NJ_PB_TAG(number, wire) ((uint32_t)(number) << 3 | (uint32_t)(wire))

/* A cursor over one message; borrows the bytes. After the first error nj_pb_next returns false,
 * `error` says what was expected and `at` is the place. */
struct nj_pb {
    const uint8_t *at, *end;
    const char *error; /* NULL while all is well */
};

struct nj_pb_field {
    uint32_t tag;          /* number << 3 | wire type */
    uint64_t integer;      /* VARINT, FIXED32, FIXED64 */
    struct nj_slice bytes; /* BYTES; when the length goes beyond the message, what there is */
};

/* What `error` points to when a length goes beyond the end of the message. The field then has
 * its tag and the bytes that are there, so that a message that was cut off can be read as far
 * as it goes. */
extern const char nj_pb_cut[];

static inline struct nj_pb
nj_pb_open(struct nj_slice message)
{
    const uint8_t *at = (const uint8_t *)message.ptr;
    return (struct nj_pb){at, message.len ? at + message.len : at, NULL};
}

/* Tags and varints of more than one byte; false and `error` set when they are not whole. */
bool nj_pb_varint(struct nj_pb *pb, uint64_t *out);
/* Eight bytes at p, little endian. */
static inline uint64_t
nj_pb_fixed64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

/* The rest of nj_pb_next after the tag, for all but the commonest case. */
bool nj_pb_field_rest(struct nj_pb *pb, struct nj_pb_field *field, const uint8_t *start);

/* A length of one or two bytes and as many bytes behind it; *at (<= end) moves past them. false
 * and nothing moves: longer, or not whole. */
static inline bool
nj_pb_short_bytes(const uint8_t **at, const uint8_t *end, struct nj_slice *out)
{
    const uint8_t *p = *at;

    if (p == end)
        return false;
    size_t len = *p++;
    if (len >= 0x80) {
        if (p == end || *p >= 0x80)
            return false;
        len = (len & 0x7F) | (size_t)*p++ << 7;
    }
    if ((size_t)(end - p) < len)
        return false;
    *out = (struct nj_slice){(const char *)p, len};
    *at = p + len;
    return true;
}

/* The next field; false at the end or after an error. Inline: a span has some sixty of them. */
static inline bool
nj_pb_next(struct nj_pb *pb, struct nj_pb_field *field)
{
    const uint8_t *at = pb->at;

    if (at >= pb->end || pb->error)
        return false;
    if ((*at & 0x87) == NJ_PB_BYTES && *at >= 8) {
        const uint8_t *p = at + 1;
        if (nj_pb_short_bytes(&p, pb->end, &field->bytes)) {
            field->tag = *at;
            pb->at = p;
            return true;
        }
    } else if ((*at & 0x87) == NJ_PB_FIXED64 && *at >= 8 && pb->end - at > 8) {
        field->tag = *at;
        field->integer = nj_pb_fixed64(at + 1);
        pb->at = at + 9;
        return true;
    } else if ((*at & 0x87) == NJ_PB_VARINT && *at >= 8 && pb->end - at > 1 && at[1] < 0x80) {
        field->tag = *at;
        field->integer = at[1];
        pb->at = at + 2;
        return true;
    }
    return nj_pb_field_rest(pb, field, at);
}

#endif
