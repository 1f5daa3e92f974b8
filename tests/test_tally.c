/* test_tally.c - the map that analyzers count in. */
#include "analyzers/tally.h"
#include "tests/test.h"

#include <stdio.h>

static void
counts_like_a_plain_array_and_sorts_by_key(void **unused)
{
    (void)unused;
    uint64_t seed = 7, plain[512] = {0};
    struct nj_tally tally;

    nj_tally_init(&tally, sizeof(uint64_t));
    for (int i = 0; i < 20000; i++) {
        uint64_t key = test_random(&seed) % 512;
        plain[key]++;
        ++*(uint64_t *)nj_tally_at(&tally, key);
    }
    for (uint64_t key = 0; key < 512; key++)
        assert_int_equal(*(uint64_t *)nj_tally_find(&tally, key), plain[key]);
    assert_null(nj_tally_find(&tally, 512));
    assert_true(nj_tally_sort_keys(&tally));
    for (size_t i = 0; i < tally.len; i++) {
        assert_int_equal(nj_tally_key(&tally, i), i);
        assert_int_equal(*(uint64_t *)nj_tally_get(&tally, i), plain[i]);
    }
    ++*(uint64_t *)nj_tally_at(&tally, 3);
    assert_int_equal(*(uint64_t *)nj_tally_find(&tally, 3), plain[3] + 1);
    nj_tally_fini(&tally);
}

static void
sorts_names_by_text_and_not_by_number(void **unused)
{
    (void)unused;
    struct nj_names *names = nj_names_new();
    struct nj_tally tally;
    const char *texts[] = {"writer", "planner", "critic"};

    nj_tally_init(&tally, sizeof(int));
    for (size_t i = 0; i < 3; i++)
        assert_non_null(nj_tally_at(&tally, nj_names_intern(names, nj_slice_of(texts[i]))));
    assert_true(nj_tally_sort_names(&tally, names));
    for (size_t i = 0; i < 3; i++)
        assert_slice_equal(nj_names_get(names, (uint32_t)nj_tally_key(&tally, i)),
                           ((const char *[]){"critic", "planner", "writer"})[i]);
    nj_tally_fini(&tally);
    nj_names_free(names);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_like_a_plain_array_and_sorts_by_key),
        cmocka_unit_test(sorts_names_by_text_and_not_by_number),
    };
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
