/* test_blocks.c - lists of blocks. */
#include "base/blocks.h"
#include "tests/test.h"

/* Elements that are 24 bytes and say where they were added. */
struct element {
    uint64_t number, list;
    uint8_t spare[8];
};

static void
elements_add(struct nj_blocks *blocks, uint64_t list, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++) {
        struct element *e = nj_blocks_add(blocks);
        assert_non_null(e);
        assert_int_equal((uintptr_t)e % alignof(struct element), 0);
        *e = (struct element){.number = i, .list = list};
    }
}

/* The lists of these numbers and lengths, one behind the other. */
static void
elements_expect(const struct nj_blocks *blocks, const uint64_t (*lists)[2], size_t len)
{
    const struct nj_block *b = blocks->first;
    size_t at = 0, all = 0;

    for (size_t k = 0; k < len; k++) {
        for (uint64_t i = 0; i < lists[k][1]; i++, at++, all++) {
            for (; b && at == b->len; b = b->next)
                at = 0;
            assert_non_null(b);
            const struct element *e = &((const struct element *)b->data)[at];
            assert_int_equal(e->list, lists[k][0]);
            assert_int_equal(e->number, i);
        }
    }
    assert_int_equal(blocks->len, all);
}

static void
elements_stay_in_order_whatever_their_number(void **unused)
{
    (void)unused;
    const uint64_t lens[] = {0, 1, 42, 43, 44, 1000, 100000};

    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct nj_blocks blocks = {.size = sizeof(struct element)};
        elements_add(&blocks, 7, lens[i]);
        elements_expect(&blocks, (const uint64_t[][2]){{7, lens[i]}}, 1);
        nj_blocks_fini(&blocks);
        assert_int_equal(blocks.len, 0);
        elements_add(&blocks, 8, 3);
        elements_expect(&blocks, (const uint64_t[][2]){{8, 3}}, 1);
        nj_blocks_fini(&blocks);
    }
}

static void
a_list_that_is_taken_follows_and_both_may_grow_on(void **unused)
{
    (void)unused;
    struct nj_blocks a = {.size = sizeof(struct element)}, b = a, empty = a;

    nj_blocks_take(&a, &empty);
    elements_add(&b, 2, 500);
    nj_blocks_take(&a, &b);
    elements_expect(&b, NULL, 0);
    elements_add(&b, 3, 70);
    elements_add(&a, 4, 90);
    nj_blocks_take(&a, &b);
    nj_blocks_take(&a, &empty);
    elements_expect(&a, (const uint64_t[][2]){{2, 500}, {4, 90}, {3, 70}}, 3);
    elements_add(&a, 5, 1);
    elements_expect(&a, (const uint64_t[][2]){{2, 500}, {4, 90}, {3, 70}, {5, 1}}, 4);
    nj_blocks_fini(&a);
    nj_blocks_fini(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_stay_in_order_whatever_their_number),
        cmocka_unit_test(a_list_that_is_taken_follows_and_both_may_grow_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
