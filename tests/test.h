/* test.h - what every test program includes: cmocka and what it needs before it. */
#ifndef NJ_TESTS_TEST_H
#define NJ_TESTS_TEST_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "base/slice.h"

#include <stdlib.h>

#define assert_slice_equal(slice, text) \
    do { \
        struct nj_slice got_ = (slice), want_ = nj_slice_of(text); \
        assert_int_equal(got_.len, want_.len); \
        assert_memory_equal(got_.len ? got_.ptr : "", want_.len ? want_.ptr : "", want_.len); \
    } while (0)

/* A small seeded generator, for property tests that repeat (Vigna 2015, splitmix64). */
static inline uint64_t
test_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

#endif
