/* test_utf8.c - what is UTF-8 and what is not, by blocks and by characters alike. */
#include "tests/test.h"

#include "base/status.h"
#include "base/utf8.h"

static void
agrees_with_itself_character_by_character(void **state)
{
    static const char *const pieces[] = {
        "a",
        "plain ascii text that fills blocks",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xf4\x8f\xbf\xbf",
        "\xf0\x90\x80\x80",
    };
    uint64_t seed = 9;
    unsigned valid = 0;

    (void)state;
    for (int round = 0; round < 60000; round++) {
        char text[128];
        size_t len = 0;
        for (size_t n = test_random(&seed) % 9; n > 0; n--) {
            const char *piece = pieces[test_random(&seed) % NJ_LEN(pieces)];
            if (len + strlen(piece) <= sizeof text)
                memcpy(text + len, piece, strlen(piece));
            len += len + strlen(piece) <= sizeof text ? strlen(piece) : 0;
        }
        if (round % 3 == 0 && len)
            text[test_random(&seed) % len] = (char)test_random(&seed);
        if (round % 3 == 1)
            len -= len ? test_random(&seed) % len % 4 : 0;
        char *tight = malloc(len + (len == 0));
        assert_non_null(tight);
        memcpy(tight, text, len);
        bool is_valid = nj_utf8_is_valid(tight, len);
        assert_true(is_valid == nj_utf8_is_valid_scalar(tight, len));
        valid += is_valid;
        free(tight);
    }
    assert_in_range(valid, 30000, 55000);
}

static void
agrees_on_every_pair_of_bytes_behind_a_lead(void **state)
{
    (void)state;
    for (unsigned lead = 0; lead < 256; lead++)
        for (unsigned next = 0; next < 256; next++) {
            char text[4] = {(char)lead, (char)next, '\x80', '\x80'};
            for (size_t len = 1; len <= 4; len++)
                assert_true(nj_utf8_is_valid(text, len) == nj_utf8_is_valid_scalar(text, len));
        }
}

static void
writes_what_it_accepts(void **state)
{
    char text[8]; /* four are written */

    (void)state;
    for (uint32_t c = 0; c < 0x110000; c += 13) {
        unsigned len = nj_utf8_put(text, c);
        bool is_surrogate = c >= 0xD800 && c < 0xE000;
        assert_true(nj_utf8_is_valid(text, len) == !is_surrogate);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_itself_character_by_character),
        cmocka_unit_test(agrees_on_every_pair_of_bytes_behind_a_lead),
        cmocka_unit_test(writes_what_it_accepts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
