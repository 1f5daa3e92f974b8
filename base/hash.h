/* hash.h - XXH3, the one hash of the project (floor 0). */
#ifndef NJ_BASE_HASH_H
#define NJ_BASE_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/slice.h"

#include <stdint.h>

static inline uint64_t
nj_hash(struct nj_slice bytes)
{
    return XXH3_64bits(bytes.ptr, bytes.len);
}

#endif
