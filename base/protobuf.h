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
/* The rest of nj_pb_next after the tag, for all but the commonest case. */
bool nj_pb_field_rest(struct nj_pb *pb, struct nj_pb_field *field, const uint8_t *start);

/* The next field; false at the end or after an error. Inline: a span has some sixty of them. */
static inline bool
nj_pb_next(struct nj_pb *pb, struct nj_pb_field *field)
{
    const uint8_t *at = pb->at;

    if (at >= pb->end || pb->error)
        return false;
    if (pb->end - at >= 2 && (at[0] & 0x87) == NJ_PB_BYTES && at[1] < 0x80 && at[0] >= 8 &&
        at[1] <= pb->end - at - 2) {
        field->tag = at[0];
        field->bytes = (struct nj_slice){(const char *)at + 2, at[1]};
        pb->at = at + 2 + at[1];
        return true;
    }
    return nj_pb_field_rest(pb, field, at);
}

#endif
