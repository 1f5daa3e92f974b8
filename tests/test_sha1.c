/* test_sha1.c - SHA-1 against the standard's examples. */
#include "tests/test.h"

#include "base/sha1.h"

static void
digest_check(const char *text, const uint32_t want[NJ_SHA1_WORDS])
{
    uint32_t got[NJ_SHA1_WORDS];

    nj_sha1(got, nj_slice_of(text));
    assert_memory_equal(got, want, sizeof got);
}

static void
agrees_with_the_published_digests(void **state)
{
    static const uint32_t empty[] = {0xda39a3ee, 0x5e6b4b0d, 0x3255bfef, 0x95601890,
                                     0xafd80709};
    static const uint32_t abc[] = {0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d};
    static const uint32_t longest[] = {0x9f3a4ce7, 0xf66b1b74, 0xc34da2c5, 0xd732c39f,
                                       0x81e0f8df};

    (void)state;
    digest_check("", empty);
    digest_check("abc", abc);
    digest_check("0123456789012345678901234567890123456789012345678901234", longest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_published_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
