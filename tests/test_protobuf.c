/* test_protobuf.c - the wire reader against an obvious writer, and against noise. */
#include "tests/test.h"

#include "tests/pb_write.h"

static struct nj_slice
slice_of(const void *bytes, size_t len)
{
    return (struct nj_slice){bytes, len};
}

static void
reads_back_what_was_written(void **unused)
{
    (void)unused;
    static const uint64_t numbers[] = {0,     1,          127,       128,       16383,
                                       16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (unsigned field_number = 1; field_number <= 536870911;
         field_number = field_number * 7 + 1) {
        struct nj_buf buf = {0};
        for (size_t i = 0; i < NJ_LEN(numbers); i++)
            pb_put_varint(&buf, field_number, numbers[i]);
        pb_put_fixed64(&buf, field_number, 0x0123456789ABCDEF);
        pb_put_fixed32(&buf, field_number, 0x89ABCDEF);
        pb_put_text(&buf, field_number, "short");
        pb_put_text(&buf, field_number, "");

        struct nj_pb pb = nj_pb_open(nj_buf_slice(&buf));
        struct nj_pb_field field;
        for (size_t i = 0; i < NJ_LEN(numbers); i++) {
            assert_true(nj_pb_next(&pb, &field));
            assert_int_equal(field.tag, NJ_PB_TAG(field_number, NJ_PB_VARINT));
            assert_true(field.integer == numbers[i]);
        }
        assert_true(nj_pb_next(&pb, &field));
        assert_true(field.integer == 0x0123456789ABCDEF);
        assert_true(nj_pb_next(&pb, &field));
        assert_int_equal(field.tag, NJ_PB_TAG(field_number, NJ_PB_FIXED32));
        assert_true(field.integer == 0x89ABCDEF);
        assert_true(nj_pb_next(&pb, &field));
        assert_slice_equal(field.bytes, "short");
        assert_true(nj_pb_next(&pb, &field));
        assert_slice_equal(field.bytes, "");
        assert_false(nj_pb_next(&pb, &field));
        assert_null(pb.error);
        nj_buf_fini(&buf);
    }
}

static void
reads_bytes_of_every_length_around_the_short_path(void **unused)
{
    (void)unused;
    char text[300];

    memset(text, 'x', sizeof text);
    for (size_t len = 0; len < sizeof text; len++) {
        struct nj_buf buf = {0};
        struct nj_pb_field field;
        pb_put_bytes(&buf, 5, slice_of(text, len));
        struct nj_pb pb = nj_pb_open(nj_buf_slice(&buf));
        assert_true(nj_pb_next(&pb, &field));
        assert_int_equal(field.bytes.len, len);
        assert_false(nj_pb_next(&pb, &field));
        assert_null(pb.error);
        nj_buf_fini(&buf);
    }
}

static void
rejects(const void *bytes, size_t len, size_t at)
{
    struct nj_pb pb = nj_pb_open(slice_of(bytes, len));
    struct nj_pb_field field;

    while (nj_pb_next(&pb, &field))
        ;
    assert_non_null(pb.error);
    assert_int_equal(pb.at - (const uint8_t *)bytes, at);
    assert_false(nj_pb_next(&pb, &field));
}

static void
rejects_groups_and_other_things_that_are_no_field(void **unused)
{
    (void)unused;
    rejects("\x0B", 1, 0);                     /* group of field 1 begins */
    rejects("\x08\x01\x0C", 3, 2);             /* group ends */
    rejects("\x0E", 1, 0);                     /* wire type 6 */
    rejects("\x02\x00", 2, 0);                 /* field number 0 */
    rejects("\x80\x80\x80\x80\x10\x01", 6, 0); /* tag beyond 32 bits */
    rejects("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 12, 1);
    rejects("\x08\x80", 2, 1);         /* varint that is cut */
    rejects("\x09\x01\x02\x03", 4, 1); /* fixed64 that is cut */
    rejects("\x0D\x01\x02\x03", 4, 1); /* fixed32 that is cut */
}

static void
shows_what_there_is_of_a_field_that_is_cut(void **unused)
{
    (void)unused;
    struct nj_pb pb = nj_pb_open(NJ_SLICE("\x08\x01\x12\x05"
                                          "abc"));
    struct nj_pb_field field;

    assert_true(nj_pb_next(&pb, &field));
    assert_false(nj_pb_next(&pb, &field));
    assert_ptr_equal(pb.error, nj_pb_cut);
    assert_int_equal(field.tag, NJ_PB_TAG(2, NJ_PB_BYTES));
    assert_slice_equal(field.bytes, "abc");
}

/* Every length is in a block of its own size, so that the sanitizer sees a byte too far. */
static void
never_reads_past_the_end_of_noise(void **unused)
{
    (void)unused;
    uint64_t seed = 17;

    for (int round = 0; round < 20000; round++) {
        size_t len = (size_t)(test_random(&seed) % 24);
        uint8_t *bytes = malloc(len + (len == 0));
        assert_non_null(bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)(test_random(&seed) >> (test_random(&seed) % 8));
        struct nj_pb pb = nj_pb_open(slice_of(bytes, len));
        struct nj_pb_field field;
        while (nj_pb_next(&pb, &field))
            assert_true(pb.at > bytes && pb.at <= bytes + len);
        assert_true(pb.error || pb.at == bytes + len);
        free(bytes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_was_written),
        cmocka_unit_test(reads_bytes_of_every_length_around_the_short_path),
        cmocka_unit_test(rejects_groups_and_other_things_that_are_no_field),
        cmocka_unit_test(shows_what_there_is_of_a_field_that_is_cut),
        cmocka_unit_test(never_reads_past_the_end_of_noise),
    };
    return cmocka_run_group_tests_name("protobuf", tests, NULL, NULL);
}
