/* protobuf.c - reading protobuf messages in memory, field by field. */
#include "base/protobuf.h"

#include "base/buf.h"

const char nj_pb_cut[] = "a length that ends inside its message";

static bool
fail(struct nj_pb *pb, const uint8_t *start, const char *error)
{
    pb->at = start;
    pb->error = error;
    return false;
}

bool
nj_pb_varint(struct nj_pb *pb, uint64_t *out)
{
    if (pb->at < pb->end && *pb->at < 0x80) {
        *out = *pb->at++;
        return true;
    }
    const uint8_t *start = pb->at;
    return nj_varint_read(&pb->at, pb->end, out) ||
           fail(pb, start, "a varint of at most ten bytes");
}

static bool
fixed_read(struct nj_pb *pb, unsigned width, uint64_t *out)
{
    uint8_t bytes[8] = {0};

    if (pb->end - pb->at < (ptrdiff_t)width)
        return fail(pb, pb->at, "four or eight bytes of a fixed-width number");
    memcpy(bytes, pb->at, width);
    pb->at += width;
    *out = nj_pb_fixed64(bytes);
    return true;
}

static bool
bytes_read(struct nj_pb *pb, const uint8_t *start, struct nj_slice *out)
{
    uint64_t len;

    if (!nj_pb_varint(pb, &len))
        return false;
    size_t left = (size_t)(pb->end - pb->at);
    *out = (struct nj_slice){(const char *)pb->at, len < left ? (size_t)len : left};
    if (len > left)
        return fail(pb, start, nj_pb_cut);
    pb->at += len;
    return true;
}

bool
nj_pb_field_rest(struct nj_pb *pb, struct nj_pb_field *field, const uint8_t *start)
{
    uint64_t tag;

    *field = (struct nj_pb_field){0};
    if (!nj_pb_varint(pb, &tag))
        return false;
    if (tag < 8 || tag > UINT32_MAX)
        return fail(pb, start, "a field number from 1 to 536870911");
    field->tag = (uint32_t)tag;
    switch (tag & 7) {
    case NJ_PB_VARINT:
        return nj_pb_varint(pb, &field->integer);
    case NJ_PB_FIXED64:
        return fixed_read(pb, 8, &field->integer);
    case NJ_PB_BYTES:
        return bytes_read(pb, start, &field->bytes);
    case NJ_PB_FIXED32:
        return fixed_read(pb, 4, &field->integer);
    default:
        return fail(pb, start, "a wire type of 0, 1, 2 or 5 (groups are not read)");
    }
}
