/* wide.h - sums of products of 64-bit numbers, exact (floor 0). */
#ifndef NJ_BASE_WIDE_H
#define NJ_BASE_WIDE_H

#include <stdint.h>

__extension__ typedef unsigned __int128 nj_u128; /* every 64-bit compiler that we build with */

/* 128 bits; `= {0}` is 0. Wraps around beyond, which no sum of squared nanoseconds over 2^32
 * traces of an hour reaches. */
struct nj_wide {
    uint64_t low, high;
};

static inline void
nj_wide_add(struct nj_wide *sum, uint64_t value)
{
    sum->low += value;
    sum->high += sum->low < value;
}

static inline void
nj_wide_add_wide(struct nj_wide *sum, struct nj_wide value)
{
    nj_wide_add(sum, value.low);
    sum->high += value.high;
}

static inline void
nj_wide_add_product(struct nj_wide *sum, uint64_t a, uint64_t b)
{
    nj_u128 product = (nj_u128)a * b;

    nj_wide_add(sum, (uint64_t)product);
    sum->high += (uint64_t)(product >> 64);
}

static inline double
nj_wide_real(struct nj_wide value)
{
    return (double)value.high * 18446744073709551616.0 + (double)value.low;
}

#endif
