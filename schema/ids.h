/* ids.h - how traces and spans are named (floor 1).
 *
 * Hexadecimal ids become numbers: 16 bytes for a trace, 64 bits for a span. Any other text (a
 * UUID with dashes, "run-17") keeps its text and gets its XXH3 as number, so that joins never
 * compare strings. Output prints the text where there is one, else lower-case hex padded to 32
 * and 16 digits. */
#ifndef NJ_SCHEMA_IDS_H
#define NJ_SCHEMA_IDS_H

#include "base/slice.h"

#include <stdint.h>
#include <string.h>

enum { NJ_TRACE_ID_BYTES = 16, NJ_TRACE_HEX = 32, NJ_SPAN_HEX = 16 };

struct nj_trace_id {
    uint8_t bytes[NJ_TRACE_ID_BYTES]; /* big endian, as on the wire */
};

/* Whether `a` comes before `b`, as bytes and in hexadecimal alike. */
static inline bool
nj_trace_id_before(const struct nj_trace_id *a, const struct nj_trace_id *b)
{
    uint64_t l[2], r[2];

    memcpy(l, a->bytes, sizeof l);
    memcpy(r, b->bytes, sizeof r);
    int i = l[0] == r[0];
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(l[i]) < __builtin_bswap64(r[i]);
#else
    return l[i] < r[i];
#endif
}

/* Reads an id as any producer writes it: hexadecimal in either case (shorter ones are padded on
 * the left), base64 of exactly 16 or 8 bytes (Tempo), or any other text, which comes back in
 * *out_text (else empty; borrowed from `text`) with its XXH3 as number. false: there is no id,
 * because the text is empty or all zeros. */
bool nj_trace_id_parse(struct nj_slice text, struct nj_trace_id *out,
                       struct nj_slice *out_text);
bool nj_span_id_parse(struct nj_slice text, uint64_t *out, struct nj_slice *out_text);
/* The number that stands for a text which is no hexadecimal id. */
struct nj_trace_id nj_trace_id_of_text(struct nj_slice text);
uint64_t nj_span_id_of_text(struct nj_slice text);
/* From bytes as on the wire. false: not 16 or 8 bytes, or all zeros. */
bool nj_trace_id_of_bytes(struct nj_slice bytes, struct nj_trace_id *out);
bool nj_span_id_of_bytes(struct nj_slice bytes, uint64_t *out);

/* Lower-case hexadecimal of full length, NUL-terminated. */
void nj_trace_id_print(char out[NJ_TRACE_HEX + 1], const struct nj_trace_id *id);
void nj_span_id_print(char out[NJ_SPAN_HEX + 1], uint64_t id);
/* As output shows an id: `text` where there is one, else hexadecimal in `hex`. */
struct nj_slice nj_trace_id_show(const struct nj_trace_id *id, struct nj_slice text,
                                 char hex[NJ_TRACE_HEX + 1]);
struct nj_slice nj_span_id_show(uint64_t id, struct nj_slice text, char hex[NJ_SPAN_HEX + 1]);

/* Index of a span inside its trace that stands for "none". */
#define NJ_NO_SPAN UINT32_MAX

/* "The time is not known" (no end recorded, no start recorded). */
#define NJ_NO_TIME INT64_MIN

#endif
