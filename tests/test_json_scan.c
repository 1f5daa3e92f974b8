/* test_json_scan.c - the scanning loops stop where their scalar twins stop. */
#include "tests/test.h"

#include "base/json_scan.h"
#include "base/stream.h"

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
        assert_true(stop == end ? high || !scalar_high : high == scalar_high);
        assert_ptr_equal(nj_scan_blanks(text, end, limit), nj_scan_blanks_scalar(text, end));
        assert_ptr_equal(nj_scan_structure(text, end, limit),
                         nj_scan_structure_scalar(text, end));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stops_where_the_scalar_twin_stops)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
