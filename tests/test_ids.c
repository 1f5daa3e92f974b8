/* test_ids.c - ids as producers write them become numbers and text again. */
#include "tests/test.h"

#include "schema/ids.h"

static void
assert_trace(const char *text, const char *hex, const char *want_text)
{
    struct nj_trace_id id;
    struct nj_slice kept;
    char out[NJ_TRACE_HEX + 1];

    assert_true(nj_trace_id_parse(nj_slice_of(text), &id, &kept));
    assert_slice_equal(kept, want_text);
    nj_trace_id_print(out, &id);
    assert_string_equal(out, hex);
    assert_slice_equal(nj_trace_id_show(&id, kept, out), *want_text ? want_text : hex);
}

static void
assert_span(const char *text, uint64_t want, const char *want_text)
{
    uint64_t id;
    struct nj_slice kept;

    assert_true(nj_span_id_parse(nj_slice_of(text), &id, &kept));
    assert_slice_equal(kept, want_text);
    assert_true(id == want);
}

static void
reads_hexadecimal_of_either_case(void **state)
{
    (void)state;
    assert_trace("5B8EFFF798038103D269B633813FC60C", "5b8efff798038103d269b633813fc60c", "");
    assert_trace("5b8efff798038103d269b633813fc60c", "5b8efff798038103d269b633813fc60c", "");
    assert_span("EEE19B7EC3C1B174", 0xeee19b7ec3c1b174, "");
    assert_span("eee19b7ec3c1b174", 0xeee19b7ec3c1b174, "");
}

static void
pads_shorter_hexadecimal_on_the_left(void **state)
{
    (void)state;
    assert_trace("1a2b", "00000000000000000000000000001a2b", "");
    assert_trace("8003810000000000d",
                 "00000000000000080038100000"
                 "00000d",
                 "");
    assert_span("f", 15, "");
}

static void
reads_base64_of_sixteen_and_eight_bytes(void **state)
{
    (void)state;
    assert_trace("W47/95gDgQPSabYzgT/GDA==", "5b8efff798038103d269b633813fc60c", "");
    assert_span("7uGbfsPBsXQ=", 0xeee19b7ec3c1b174, "");
}

static void
keeps_any_other_text_beside_its_hash(void **state)
{
    struct nj_trace_id id = nj_trace_id_of_text(NJ_SLICE("run-17"));
    char hex[NJ_TRACE_HEX + 1];

    (void)state;
    nj_trace_id_print(hex, &id);
    assert_trace("run-17", hex, "run-17");
    assert_span("run-17", nj_span_id_of_text(NJ_SLICE("run-17")), "run-17");
    assert_true(nj_span_id_of_text(NJ_SLICE("run-17")) !=
                nj_span_id_of_text(NJ_SLICE("run-18")));
    assert_span(
        "W47/95gDgQPSabYzgT/GDA==", nj_span_id_of_text(NJ_SLICE("W47/95gDgQPSabYzgT/GDA==")),
        "W47/95gDgQPSabYzgT/GDA==");
    assert_span("0123456789abcdef0", nj_span_id_of_text(NJ_SLICE("0123456789abcdef0")),
                "0123456789abcdef0");
}

static void
finds_no_id_in_nothing_and_in_zeros(void **state)
{
    struct nj_trace_id trace;
    struct nj_slice kept;
    uint64_t span;

    (void)state;
    assert_false(nj_trace_id_parse(NJ_SLICE(""), &trace, &kept));
    assert_false(
        nj_trace_id_parse(NJ_SLICE("00000000000000000000000000000000"), &trace, &kept));
    assert_false(nj_trace_id_parse(NJ_SLICE("AAAAAAAAAAAAAAAAAAAAAA=="), &trace, &kept));
    assert_false(nj_span_id_parse(NJ_SLICE(""), &span, &kept));
    assert_false(nj_span_id_parse(NJ_SLICE("0000000000000000"), &span, &kept));
    assert_false(nj_span_id_parse(NJ_SLICE("AAAAAAAAAAA="), &span, &kept));
    assert_false(nj_trace_id_of_bytes(NJ_SLICE("short"), &trace));
    assert_false(nj_span_id_of_bytes(NJ_SLICE("\0\0\0\0\0\0\0\0"), &span));
}

static void
reads_back_what_it_prints(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t id = test_random(&seed) >> (i % 60), again;
        char hex[NJ_SPAN_HEX + 1];
        struct nj_slice kept;
        nj_span_id_print(hex, id);
        assert_true(nj_span_id_parse(nj_slice_of(hex), &again, &kept) == (id != 0));
        assert_true(again == id);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_hexadecimal_of_either_case),
        cmocka_unit_test(pads_shorter_hexadecimal_on_the_left),
        cmocka_unit_test(reads_base64_of_sixteen_and_eight_bytes),
        cmocka_unit_test(keeps_any_other_text_beside_its_hash),
        cmocka_unit_test(finds_no_id_in_nothing_and_in_zeros),
        cmocka_unit_test(reads_back_what_it_prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
