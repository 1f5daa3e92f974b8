/* test_names.c - interned names. */
#include "base/names.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdio.h>

static void
gives_the_same_id_for_the_same_text_and_keeps_it(void **unused)
{
    (void)unused;
    struct nj_names *names = nj_names_new();
    char text[32];

    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 1; i < 20000; i++) {
            int len = snprintf(text, sizeof text, "agent %u", i);
            assert_int_equal(nj_names_intern(names, (struct nj_slice){text, (size_t)len}), i);
        }
    assert_slice_equal(nj_names_get(names, 17), "agent 17");
    assert_slice_equal(nj_names_get(names, NJ_NO_NAME), "");
    assert_int_equal(nj_names_len(names), 20000);
    nj_names_free(names);
}

static void *
intern_many(void *names)
{
    char text[32];

    for (uint32_t i = 0; i < 5000; i++) {
        int len = snprintf(text, sizeof text, "%u", i % 1000);
        uint32_t id = nj_names_intern(names, (struct nj_slice){text, (size_t)len});
        if (!nj_slice_eq(nj_names_get(names, id), (struct nj_slice){text, (size_t)len}))
            return names;
    }
    return NULL;
}

static void
lets_many_threads_intern_at_once(void **unused)
{
    (void)unused;
    struct nj_names *names = nj_names_new();
    pthread_t threads[4];
    void *failed;

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, intern_many, names), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(nj_names_len(names), 1001);
    nj_names_free(names);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_same_id_for_the_same_text_and_keeps_it),
        cmocka_unit_test(lets_many_threads_intern_at_once),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
