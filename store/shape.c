/* shape.c - lists of attribute keys, written once a chunk. A reference is a varint: 0 where the
 * list follows, else its place in the chunk plus one. A list is the number of keys, then for
 * each its length, its bytes and the type of its value. */
#include "store/shape.h"

#include "base/hash.h"

/* Whether the list at `at` is that of `attrs`. It was written here, so it is whole. */
static bool
shape_is(const uint8_t *at, const uint8_t *end, const struct nj_attrs *attrs)
{
    uint64_t number = 0;

    if (!nj_varint_read(&at, end, &number) || number != attrs->len)
        return false;
    for (size_t i = 0; i < attrs->len; i++) {
        const struct nj_attr *attr = &attrs->list[i];
        if (!nj_varint_read(&at, end, &number) || number != attr->key.len ||
            memcmp(at, attr->key.ptr, number) != 0 || at[number] != attr->value.type)
            return false;
        at += number + 1;
    }
    return true;
}

uint64_t
nj_shape_write(struct nj_buf *chunk, struct nj_shapes *shapes, uint32_t hint,
               const struct nj_attrs *attrs)
{
    uint32_t slot = hint % NJ_SHAPE_SLOTS;
    size_t at_plus_1 = shapes->slots[slot].at_plus_1;
    const uint8_t *bytes = (const uint8_t *)chunk->ptr;

    if (at_plus_1 && shape_is(bytes + at_plus_1 - 1, bytes + chunk->len, attrs)) {
        nj_buf_put_varint(chunk, at_plus_1);
        return shapes->slots[slot].digest;
    }
    nj_buf_put_varint(chunk, 0);
    size_t at = chunk->len;
    nj_buf_put_varint(chunk, attrs->len);
    for (size_t i = 0; i < attrs->len; i++) {
        nj_buf_put_varint(chunk, attrs->list[i].key.len);
        nj_buf_put_slice(chunk, attrs->list[i].key);
        nj_buf_put_char(chunk, (char)attrs->list[i].value.type);
    }
    if (chunk->is_failed)
        return 0;
    shapes->slots[slot].digest = nj_hash((struct nj_slice){chunk->ptr + at, chunk->len - at});
    shapes->slots[slot].at_plus_1 = at + 1;
    shapes->end = chunk->len;
    return shapes->slots[slot].digest;
}
