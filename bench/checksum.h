/* checksum.h - what a benchmark adds up over spans, so that every reader has to extract the
 * same things: ids, times, names, attributes (type and content), events and statuses. */
#ifndef NJ_BENCH_CHECKSUM_H
#define NJ_BENCH_CHECKSUM_H

#include "base/hash.h"

struct nj_checksum {
    uint64_t sum, spans, attrs, events;
};

static inline void
nj_checksum_text(struct nj_checksum *c, const char *ptr, size_t len)
{
    c->sum += XXH3_64bits(ptr, len);
}

static inline void
nj_checksum_number(struct nj_checksum *c, uint64_t number)
{
    c->sum += number * 0x9E3779B97F4A7C15u;
}

#endif
