/* sha1.h - SHA-1 of short texts (FIPS 180-4), because some samplers decide by it (floor 0). No
 * use where anybody could gain by a collision. */
#ifndef NJ_BASE_SHA1_H
#define NJ_BASE_SHA1_H

#include "base/slice.h"

#include <stdint.h>

/* What fits into one block beside its padding. */
enum { NJ_SHA1_BYTES_MAX = 55, NJ_SHA1_WORDS = 5 };

/* The digest as five numbers, the first one in front. `text` has at most NJ_SHA1_BYTES_MAX
 * bytes. */
void nj_sha1(uint32_t out[NJ_SHA1_WORDS], struct nj_slice text);

#endif
