/* test_parallel.c - pieces of work on threads. */
#include "base/parallel.h"
#include "tests/test.h"

#include <stdatomic.h>

enum { PIECES_MAX = 1000 };

static _Atomic unsigned done[PIECES_MAX];

static void
piece_do(void *context, size_t i)
{
    assert_ptr_equal(context, done);
    atomic_fetch_add(&done[i], 1);
}

static void
every_piece_is_done_once_on_any_number_of_threads(void **unused)
{
    (void)unused;
    const size_t lens[] = {0, 1, 2, 7, PIECES_MAX};
    const unsigned threads[] = {0, 1, 2, 8, 1000};

    for (size_t l = 0; l < sizeof lens / sizeof lens[0]; l++)
        for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
            for (size_t i = 0; i < PIECES_MAX; i++)
                done[i] = 0;
            nj_parallel(threads[t], lens[l], piece_do, done);
            for (size_t i = 0; i < PIECES_MAX; i++)
                assert_int_equal(done[i], i < lens[l]);
        }
}

static void
so_many_threads_as_asked_for_or_one_a_core(void **unused)
{
    (void)unused;
    assert_int_equal(nj_threads_of(1), 1);
    assert_int_equal(nj_threads_of(8), 8);
    assert_int_equal(nj_threads_of(100000), 256);
    assert_true(nj_threads_of(0) >= 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_done_once_on_any_number_of_threads),
        cmocka_unit_test(so_many_threads_as_asked_for_or_one_a_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
