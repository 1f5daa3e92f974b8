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

enum { NJ_TRACE_ID_BYTES = 16, NJ_TRACE_HEX = 32, NJ_SPAN_HEX = 16 };

struct nj_trace_id {
    uint8_t bytes[NJ_TRACE_ID_BYTES]; /* big endian, as on the wire */
};

/* Index of a span inside its trace that stands for "none". */
#define NJ_NO_SPAN UINT32_MAX

/* "The time is not known" (no end recorded, no start recorded). */
#define NJ_NO_TIME INT64_MIN

#endif
