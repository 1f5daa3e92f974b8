/* loghist.h - cells of a log-linear histogram of integers >= 0 (floor 0).
 *
 * Up to 2^bits every integer has a cell of its own; every power of two from there on is divided
 * into 2^bits cells of one width, so a cell is never wider than its lower end / 2^bits, and its
 * middle is within half of that of every value in it. */
#ifndef NJ_BASE_LOGHIST_H
#define NJ_BASE_LOGHIST_H

#include <stdint.h>

/* Of latency histograms: middles are within 0.049 % of the values. */
enum { NJ_LOGHIST_BITS = 10, NJ_LOGHIST_CELLS = (63 - NJ_LOGHIST_BITS + 1) << NJ_LOGHIST_BITS };

static inline uint32_t
nj_loghist_cell(int64_t value, unsigned bits)
{
    uint64_t v = value > 0 ? (uint64_t)value : 0;

    if (v >> bits == 0)
        return (uint32_t)v;
    unsigned top = 63 - (unsigned)__builtin_clzll(v); /* number of the highest bit */
    return (uint32_t)(((uint64_t)(top - bits) << bits) + (v >> (top - bits)));
}

/* The smallest value of a cell. */
static inline int64_t
nj_loghist_low(uint32_t cell, unsigned bits)
{
    uint32_t shift = cell >> bits;

    if (shift <= 1)
        return cell;
    shift--;
    return (int64_t)((uint64_t)(cell - (shift << bits)) << shift);
}

/* The value that stands for a cell. */
static inline int64_t
nj_loghist_middle(uint32_t cell, unsigned bits)
{
    uint32_t shift = cell >> bits;

    return nj_loghist_low(cell, bits) + (shift > 1 ? ((int64_t)1 << (shift - 1)) / 2 : 0);
}

#endif
