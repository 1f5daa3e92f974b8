/* value.c - attribute values and their compact byte form. */
#include "schema/value.h"

#include <math.h>
#include <stdlib.h>

void
nj_value_write(struct nj_buf *buf, const struct nj_value *value)
{
    nj_buf_put_char(buf, (char)value->type);
    switch (value->type) {
    case NJ_VALUE_NULL:
        break;
    case NJ_VALUE_BOOL:
        nj_buf_put_char(buf, value->boolean ? 1 : 0);
        break;
    case NJ_VALUE_INT:
        nj_buf_put_varint(buf, nj_zigzag(value->integer));
        break;
    case NJ_VALUE_DOUBLE: {
        uint64_t bits;
        memcpy(&bits, &value->real, sizeof bits);
        nj_buf_put_u64le(buf, bits);
        break;
    }
    case NJ_VALUE_STRING:
    case NJ_VALUE_BYTES:
    case NJ_VALUE_ARRAY:
    case NJ_VALUE_MAP:
        nj_buf_put_varint(buf, value->bytes.len);
        nj_buf_put_slice(buf, value->bytes);
        break;
    }
}

void
nj_pair_write(struct nj_buf *buf, const struct nj_attr *attr)
{
    nj_buf_put_varint(buf, attr->key.len);
    nj_buf_put_slice(buf, attr->key);
    nj_value_write(buf, &attr->value);
}

/* One byte is left for the length, which most often is enough. */
size_t
nj_value_open(struct nj_buf *buf, enum nj_value_type type)
{
    nj_buf_put_char(buf, (char)type);
    nj_buf_put_char(buf, 0);
    return buf->len;
}

void
nj_value_close(struct nj_buf *buf, size_t mark)
{
    size_t len = buf->len - mark;
    char head[10];

    nj_buf_put_varint(buf, len); /* behind the elements, to be moved before them */
    if (buf->is_failed)
        return;
    size_t head_len = buf->len - mark - len;
    memcpy(head, buf->ptr + mark + len, head_len);
    if (head_len > 1)
        memmove(buf->ptr + mark + head_len - 1, buf->ptr + mark, len);
    memcpy(buf->ptr + mark - 1, head, head_len);
    buf->len--;
}

static bool
slice_read(const uint8_t **at, const uint8_t *end, struct nj_slice *out)
{
    uint64_t len;

    if (!nj_varint_read(at, end, &len) || len > (uint64_t)(end - *at))
        return false;
    *out = (struct nj_slice){(const char *)*at, (size_t)len};
    *at += len;
    return true;
}

static bool
double_read(const uint8_t **at, const uint8_t *end, double *out)
{
    uint64_t bits = 0;

    if (end - *at < 8)
        return false;
    for (unsigned i = 0; i < 8; i++)
        bits |= (uint64_t)(*at)[i] << (8 * i);
    memcpy(out, &bits, sizeof bits);
    *at += 8;
    return true;
}

bool
nj_value_read(const uint8_t **at, const uint8_t *end, struct nj_value *value)
{
    uint64_t raw;

    if (*at >= end || **at > NJ_VALUE_MAP)
        return false;
    value->type = (enum nj_value_type) * (*at)++;
    switch (value->type) {
    case NJ_VALUE_NULL:
        return true;
    case NJ_VALUE_BOOL:
        if (*at >= end)
            return false;
        value->boolean = *(*at)++ != 0;
        return true;
    case NJ_VALUE_INT:
        if (!nj_varint_read(at, end, &raw))
            return false;
        value->integer = nj_unzigzag(raw);
        return true;
    case NJ_VALUE_DOUBLE:
        return double_read(at, end, &value->real);
    case NJ_VALUE_STRING:
    case NJ_VALUE_BYTES:
    case NJ_VALUE_ARRAY:
    case NJ_VALUE_MAP:
        return slice_read(at, end, &value->bytes);
    }
    return false;
}

bool
nj_pair_read(const uint8_t **at, const uint8_t *end, struct nj_attr *attr)
{
    return slice_read(at, end, &attr->key) && nj_value_read(at, end, &attr->value);
}

bool
nj_value_real(const struct nj_value *value, double *out)
{
    char text[64], *stop;

    if (value->type == NJ_VALUE_INT) {
        *out = (double)value->integer;
        return true;
    }
    if (value->type == NJ_VALUE_DOUBLE) {
        *out = value->real;
        return isfinite(value->real);
    }
    if (value->type != NJ_VALUE_STRING || value->bytes.len == 0 ||
        value->bytes.len >= sizeof text || value->bytes.ptr[0] == ' ')
        return false;
    memcpy(text, value->bytes.ptr, value->bytes.len);
    text[value->bytes.len] = '\0';
    *out = strtod(text, &stop);
    return stop == text + value->bytes.len && isfinite(*out);
}

static bool
text_int(struct nj_slice text, int64_t *out)
{
    size_t i = text.len && text.ptr[0] == '-';
    int64_t v = 0;

    if (i == text.len || text.len > 20)
        return false;
    for (; i < text.len; i++) {
        int digit = text.ptr[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, digit, &v))
            return false;
    }
    if (text.ptr[0] != '-' && v == INT64_MIN)
        return false;
    *out = text.ptr[0] == '-' ? v : -v;
    return true;
}

bool
nj_value_int(const struct nj_value *value, int64_t *out)
{
    double real;

    if (value->type == NJ_VALUE_INT) {
        *out = value->integer;
        return true;
    }
    if (value->type == NJ_VALUE_STRING && text_int(value->bytes, out))
        return true;
    if (!nj_value_real(value, &real) || fabs(real) >= 9.2e18)
        return false;
    *out = (int64_t)round(real);
    return true;
}

struct nj_slice
nj_value_text(const struct nj_value *value)
{
    if (value->type == NJ_VALUE_STRING || value->type == NJ_VALUE_BYTES)
        return value->bytes;
    return (struct nj_slice){"", 0};
}

bool
nj_value_is_true(const struct nj_value *value)
{
    if (value->type == NJ_VALUE_BOOL)
        return value->boolean;
    if (value->type == NJ_VALUE_INT)
        return value->integer == 1;
    struct nj_slice t = nj_value_text(value);
    return t.len == 4 && (t.ptr[0] | 32) == 't' && (t.ptr[1] | 32) == 'r' &&
           (t.ptr[2] | 32) == 'u' && (t.ptr[3] | 32) == 'e';
}

bool
nj_value_shows(const struct nj_value *value, struct nj_slice text)
{
    struct nj_value other = {.type = NJ_VALUE_STRING, .bytes = text};
    double a, b;

    if (value->type == NJ_VALUE_STRING)
        return nj_slice_eq(value->bytes, text);
    if (value->type == NJ_VALUE_BOOL)
        return nj_slice_eq(text, value->boolean ? NJ_SLICE("true") : NJ_SLICE("false"));
    return nj_value_real(value, &a) && nj_value_real(&other, &b) && a == b;
}
