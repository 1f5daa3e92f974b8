/* rank.h - sorting numbers by radix, stable and exact (floor 0). */
#ifndef NJ_BASE_RANK_H
#define NJ_BASE_RANK_H

#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

/* "No such rank." */
#define NJ_NO_RANK SIZE_MAX

/* A number as a key that sorts as the number does, and two things that travel with it. */
struct nj_keyed {
    uint64_t key;
    uint32_t carrier; /* index of what carries the number: the trace, for a sample */
    uint32_t tag;     /* the caller's */
};

static inline uint64_t
nj_key_of_int(int64_t value)
{
    return (uint64_t)value ^ (uint64_t)1 << 63;
}

static inline int64_t
nj_key_int(uint64_t key)
{
    return (int64_t)(key ^ (uint64_t)1 << 63);
}

/* -0 becomes 0; NaN is not allowed. */
static inline uint64_t
nj_key_of_real(double value)
{
    uint64_t bits;

    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static inline double
nj_key_real(uint64_t key)
{
    uint64_t bits = key >> 63 ? key ^ (uint64_t)1 << 63 : ~key;
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Sorts by key, equal keys keep their order. Least significant byte first, bytes that are the
 * same in all keys cost nothing; linear. Takes as much again from `scratch`. NJ_ENOMEM. */
enum nj_status nj_keyed_sort(struct nj_keyed *items, size_t len, struct nj_arena *scratch,
                             struct nj_error *err) NJ_CHECKED;

#endif
