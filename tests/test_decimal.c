/* test_decimal.c - decimal numbers to scaled integers, against 128-bit arithmetic. */
#include "tests/test.h"

#include "base/decimal.h"
#include "base/status.h"

#include <stdio.h>

static void
is(const char *text, int scale, int64_t want)
{
    int64_t got = -1;

    assert_true(nj_decimal_parse(nj_slice_of(text), scale, &got));
    assert_true(got == want);
}

static void
reads_numbers_as_json_writes_them(void **unused)
{
    (void)unused;
    is("0", 0, 0);
    is("-0", 3, 0);
    is("1795346240865173.2", 3, 1795346240865173200);
    is("1700000000.123456789", 9, 1700000000123456789);
    is("1.7e9", 9, 1700000000000000000);
    is("17E+8", 0, 1700000000);
    is("1700000000000e-3", 0, 1700000000);
    is("2.5", 0, 3);
    is("-2.5", 0, -3);
    is("2.49999", 0, 2);
    is("0.0004", 3, 0);
    is("0.0005", 3, 1);
    is("0.00000000000000000000000000001", 18, 0);
    is("5e-100000000000000000000", 0, 0);
    is("0e100000000000000000000", 0, 0);
    is("9223372036854775807", 0, INT64_MAX);
    is("0.92233720368547758069", 18, 922337203685477581);
}

static void
rejects_what_is_no_number_or_too_large(void **unused)
{
    (void)unused;
    static const char *const texts[] = {"",
                                        "-",
                                        "+1",
                                        ".5",
                                        "1.",
                                        "1e",
                                        "1e+",
                                        "1 ",
                                        "0x1",
                                        "NaN",
                                        "9223372036854775808",
                                        "1e19",
                                        "1e100000000"};
    int64_t got;

    for (size_t i = 0; i < NJ_LEN(texts); i++)
        assert_false(nj_decimal_parse(nj_slice_of(texts[i]), 0, &got));
    assert_false(nj_decimal_parse(NJ_SLICE("9300000000000000"), 3, &got));
}

/* Numbers of up to eighteen digits with the point anywhere, in integer arithmetic. */
static void
agrees_with_integer_arithmetic(void **unused)
{
    (void)unused;
    uint64_t seed = 5;

    for (int round = 0; round < 20000; round++) {
        uint64_t digits = test_random(&seed) % 1000000000000;
        unsigned fraction = (unsigned)(test_random(&seed) % 7), scale = 3;
        uint64_t unit = 1, scaled = digits * 1000;
        char text[64];
        for (unsigned i = 0; i < fraction; i++)
            unit *= 10;
        int len =
            snprintf(text, sizeof text, "%llu.%0*llu", (unsigned long long)(digits / unit),
                     (int)fraction, (unsigned long long)(digits % unit));
        if (fraction == 0)
            len = snprintf(text, sizeof text, "%llu", (unsigned long long)digits);
        int64_t want = (int64_t)((scaled + unit / 2) / unit), got = -1;
        assert_true(nj_decimal_parse((struct nj_slice){text, (size_t)len}, (int)scale, &got));
        assert_true(got == want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_as_json_writes_them),
        cmocka_unit_test(rejects_what_is_no_number_or_too_large),
        cmocka_unit_test(agrees_with_integer_arithmetic),
    };
    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
