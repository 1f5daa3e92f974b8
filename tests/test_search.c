/* test_search.c - finding text in text. */
#include "base/search.h"
#include "tests/test.h"

static void
finds_the_first_place_or_none(void **unused)
{
    (void)unused;
    assert_int_equal(nj_slice_find(NJ_SLICE("a tool call"), NJ_SLICE("tool")), 2);
    assert_int_equal(nj_slice_find(NJ_SLICE("aaaa"), NJ_SLICE("aa")), 0);
    assert_int_equal(nj_slice_find(NJ_SLICE("ab"), NJ_SLICE("")), 0);
    assert_true(nj_slice_find(NJ_SLICE("ab"), NJ_SLICE("abc")) == NJ_NOT_FOUND);
    assert_true(nj_slice_find((struct nj_slice){0}, NJ_SLICE("a")) == NJ_NOT_FOUND);
}

/* Texts of two letters, so that beginnings and ends of the needle are everywhere; each in
 * memory of its own length, so that a sanitizer sees a look behind the end. */
static void
finds_what_a_plain_loop_finds(void **unused)
{
    (void)unused;
    uint64_t state = 3;

    for (int round = 0; round < 3000; round++) {
        struct nj_slice text = {NULL, test_random(&state) % 90};
        struct nj_slice needle = {NULL, 1 + test_random(&state) % 6};
        char *bytes = malloc(text.len + 1), *word = malloc(needle.len);
        for (size_t i = 0; i < text.len; i++)
            bytes[i] = (char)('a' + test_random(&state) % 2);
        for (size_t i = 0; i < needle.len; i++)
            word[i] = (char)('a' + test_random(&state) % 2);
        char *exact = realloc(bytes, text.len ? text.len : 1);
        text.ptr = exact;
        needle.ptr = word;
        size_t want = NJ_NOT_FOUND;
        for (size_t i = 0; want == NJ_NOT_FOUND && i + needle.len <= text.len; i++)
            if (memcmp(exact + i, word, needle.len) == 0)
                want = i;
        assert_true(nj_slice_find(text, needle) == want);
        free(exact);
        free(word);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_first_place_or_none),
        cmocka_unit_test(finds_what_a_plain_loop_finds),
    };
    return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
