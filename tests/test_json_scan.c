/* test_json_scan.c - the scanning loops stop where their scalar twins stop. */
#include "tests/test.h"

#include "base/json_scan.h"
#include "base/stream.h"

#include <stdio.h>

enum { TEXT_MAX = 100 };

static void
stops_where_the_scalar_twin_stops(void **state)
{
    static const char bytes[] = "abcdefgh\xc3\xa9 \n\t\r{}[]\"\\\x1f\x7f";
    uint64_t seed = 3;
    char text[TEXT_MAX + NJ_STREAM_PAD];

    (void)state;
    for (int i = 0; i < 30000; i++) {
        size_t len = (size_t)(test_random(&seed) % TEXT_MAX);
        size_t few = 1 + (size_t)(test_random(&seed) % (sizeof bytes - 1));
        for (size_t k = 0; k < sizeof text; k++)
            text[k] = bytes[test_random(&seed) % (test_random(&seed) % 8 ? 12 : few)];
        const char *end = text + len, *limit = i % 2 ? end + NJ_STREAM_PAD : end;
        bool high = false, scalar_high = false;
        const char *stop = nj_scan_text_scalar(text, end, &scalar_high);
        assert_ptr_equal(nj_scan_text(text, end, limit, &high), stop);
        assert_true(high || !scalar_high);
        assert_ptr_equal(nj_scan_blanks(text, end, limit), nj_scan_blanks_scalar(text, end));
        assert_ptr_equal(nj_scan_structure(text, end, limit),
                         nj_scan_structure_scalar(text, end));
    }
}

static void
reads_eight_digits_and_nothing_else(void **state)
{
    uint64_t seed = 4;
    char text[32];
    uint32_t got = 0;

    (void)state;
    for (int i = 0; i < 30000; i++) {
        unsigned want = (unsigned)(test_random(&seed) % 100000000);
        (void)snprintf(text, sizeof text, "%08u", want);
        assert_true(nj_scan_eight_digits(text, &got) && got == want);
        char other = (char)test_random(&seed);
        text[test_random(&seed) % 8] = other;
        assert_true(nj_scan_eight_digits(text, &got) == (other >= '0' && other <= '9'));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_where_the_scalar_twin_stops),
        cmocka_unit_test(reads_eight_digits_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
