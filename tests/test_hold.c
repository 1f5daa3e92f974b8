/* test_hold.c - records come back as they were put, from memory and from the file. */
#include "tests/test.h"

#include "base/stream.h"
#include "importers/hold.h"

#include <stdio.h>

static void
gives_back_what_was_put_whatever_fits_into_memory(void **unused)
{
    (void)unused;
    static const size_t memory[] = {1, 100, 1000, 1 << 20};
    struct nj_error err = {0};

    for (size_t i = 0; i < NJ_LEN(memory); i++) {
        struct nj_hold hold = {.memory_max = memory[i]};
        for (int round = 0; round < 3; round++) { /* it may be used again */
            char text[64];
            struct nj_slice record;
            uint64_t offset;
            assert_true(nj_hold_is_empty(&hold));
            for (unsigned k = 0; k < 200; k++) {
                int len = snprintf(text, sizeof text, "%.*s%u", (int)(k % 40),
                                   "........................................", k);
                assert_int_equal(
                    nj_hold_put(&hold, (struct nj_slice){text, (size_t)len}, k * 7, &err),
                    NJ_OK);
            }
            for (unsigned k = 0; k < 200; k++) {
                int len = snprintf(text, sizeof text, "%.*s%u", (int)(k % 40),
                                   "........................................", k);
                assert_int_equal(nj_hold_take(&hold, &record, &offset, &err), NJ_OK);
                assert_int_equal(record.len, len);
                assert_memory_equal(record.ptr, text, record.len);
                assert_int_equal(offset, k * 7);
                for (size_t pad = 0; pad < NJ_STREAM_PAD; pad++)
                    assert_int_equal(record.ptr[record.len + pad], 0);
            }
            assert_int_equal(nj_hold_take(&hold, &record, &offset, &err), NJ_DONE);
        }
        assert_int_equal(hold.file != NULL, memory[i] < (1 << 20));
        nj_hold_fini(&hold);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_was_put_whatever_fits_into_memory),
    };
    return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
