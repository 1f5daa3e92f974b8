/* value.h - attribute values and their compact byte form (floor 1).
 *
 * The byte form of a value: one type byte, then for STRING and BYTES a varint length and the
 * bytes, for BOOL one byte, for INT a zigzag varint, for DOUBLE eight bytes little endian, for
 * ARRAY and MAP a varint byte length and the elements: values, or (varint length, key, value)
 * pairs. It is what the store keeps and what nested values are handed around as. */
#ifndef NJ_SCHEMA_VALUE_H
#define NJ_SCHEMA_VALUE_H

#include "base/buf.h"

enum nj_value_type {
    NJ_VALUE_NULL,
    NJ_VALUE_STRING,
    NJ_VALUE_BOOL,
    NJ_VALUE_INT,
    NJ_VALUE_DOUBLE,
    NJ_VALUE_BYTES,
    NJ_VALUE_ARRAY, /* .bytes: the elements in byte form, without the length */
    NJ_VALUE_MAP,   /* .bytes: the pairs in byte form, without the length */
};

/* Borrows its bytes. */
struct nj_value {
    enum nj_value_type type;
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct nj_slice bytes; /* STRING, BYTES, ARRAY, MAP */
    };
};

struct nj_attr {
    struct nj_slice key;
    struct nj_value value;
};

void nj_value_write(struct nj_buf *buf, const struct nj_value *value);
/* Key and value as they stand inside a MAP. */
void nj_pair_write(struct nj_buf *buf, const struct nj_attr *attr);
/* An ARRAY or MAP written from its beginning to its end: open, write the elements, close with
 * what open gave. They nest; NJ_VALUE_DEPTH_MAX bounds what close may have to move. */
enum { NJ_VALUE_DEPTH_MAX = 100 };
size_t nj_value_open(struct nj_buf *buf, enum nj_value_type type);
void nj_value_close(struct nj_buf *buf, size_t mark);
/* Reads one value / pair from *at (< end) and moves *at; false when the bytes are not whole. */
bool nj_value_read(const uint8_t **at, const uint8_t *end, struct nj_value *value);
bool nj_pair_read(const uint8_t **at, const uint8_t *end, struct nj_attr *attr);

/* The value as a number whatever its type: strings that are numbers count ("20"), booleans do
 * not. false: not a number, or beyond int64. Doubles are rounded half away from zero. */
bool nj_value_int(const struct nj_value *value, int64_t *out);
bool nj_value_real(const struct nj_value *value, double *out);
/* STRING and BYTES as they are; everything else is the empty slice. */
struct nj_slice nj_value_text(const struct nj_value *value);
/* Whether the value shows as `text`: a text as it stands, "true" and "false", a number of the
 * same size. */
bool nj_value_shows(const struct nj_value *value, struct nj_slice text);
/* true for BOOL true, INT 1 and the text "true" in any case. */
bool nj_value_is_true(const struct nj_value *value);

#endif
