/* test_otlp_damage.c - OTLP JSON that is cut, damaged or of wrong types: what is lost is
 * little, named and counted. */
#include "tests/otlp_import.h"
#include "tests/random_json.h"

static void
counts_lines_that_are_not_json_with_their_places(void **state)
{
    struct import in;

    (void)state;
    import_text(
        &in,
        LINE(SPAN("01")) "\n\nnot json\n" LINE(SPAN("02")) " x\n" LINE(SPAN(
            "03")) "\n{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" SPAN("04") ",{\"tr");
    assert_int_equal(in.status, NJ_OK);
    assert_int_equal(in.record.spans_len, 4);
    assert_int_equal(count_of(&in, NJ_DIAG_LINE_INVALID), 2);
    assert_string_equal(place_of(&in, NJ_DIAG_LINE_INVALID), "x:3: expected null");
    assert_int_equal(count_of(&in, NJ_DIAG_LINE_CUT), 1);
    assert_string_equal(place_of(&in, NJ_DIAG_LINE_CUT),
                        "x:6: expected the quote that ends a string");
    import_fini(&in);
}

static void
goes_on_behind_a_first_line_that_is_damaged(void **state)
{
    struct import in;

    (void)state;
    import_text(&in, "{\"resourceSpans\":[{\"scopeSpans\n" LINE(SPAN("02")) "\n");
    assert_int_equal(in.status, NJ_OK);
    assert_int_equal(in.record.spans_len, 1);
    assert_int_equal(count_of(&in, NJ_DIAG_LINE_INVALID), 1);
    import_fini(&in);
}

static void
leaves_out_spans_without_ids_and_keeps_the_others(void **state)
{
    struct import in;

    (void)state;
    import_text(&in, LINE("{\"traceId\":\"\",\"spanId\":\"01\"},7,null," SPAN(
                         "02") ",{\"traceId\":\"0a\",\"spanId\":\"0000000000000000\"},"
                               "{\"traceId\":\"0a\",\"spanId\":\"0b\",\"startTimeUnixNano\":"
                               "\"soon\"},{\"traceId\":\"0a\",\"spanId\":\"0b\","
                               "\"endTimeUnixNano\":18446744073709551615},{}"));
    assert_int_equal(in.status, NJ_OK);
    assert_int_equal(in.record.spans_len, 1);
    assert_int_equal(count_of(&in, NJ_DIAG_SPAN_INVALID), 7);
    import_fini(&in);
}

static void
passes_over_fields_of_a_wrong_type_and_counts_them(void **state)
{
    struct import in;

    (void)state;
    import_text(
        &in,
        "{\"resourceSpans\":[3,{\"resource\":[],\"scopeSpans\":{}},{\"scopeSpans\":[{\"scope\":"
        "\"x\",\"spans\":[{\"traceId\":\"0a\",\"spanId\":\"0b\",\"name\":5,\"kind\":\"Client\","
        "\"flags\":-1,\"attributes\":[7,{\"key\":\"a\",\"value\":{\"stringValue\":1}},"
        "{\"key\":\"b\",\"value\":{\"bytesValue\":\"?\"}},{\"key\":\"c\",\"value\":4}],"
        "\"events\":[1,{\"timeUnixNano\":true}],\"links\":[{\"traceId\":\"0a\"}],"
        "\"status\":{\"code\":9}}]}]}]}");
    assert_int_equal(in.status, NJ_OK);
    assert_int_equal(in.record.spans_len, 1);
    assert_int_equal(count_of(&in, NJ_DIAG_RECORD_INVALID), 4);
    assert_int_equal(count_of(&in, NJ_DIAG_ATTRIBUTE_INVALID), 12);
    import_fini(&in);
}

static void
keeps_ids_that_are_not_hexadecimal_as_text(void **state)
{
    struct import in;

    (void)state;
    import_text(&in, LINE("{\"traceId\":\"run-17\",\"spanId\":\"step-1\",\"parentSpanId\":"
                          "\"step-0\",\"startTimeUnixNano\":1.7e18}"));
    assert_int_equal(in.status, NJ_OK);
    assert_slice_equal(nj_buf_slice(&in.record.text),
                       "span run-17 step-1 under step-0 start 1700000000000000000 end none\n");
    import_fini(&in);
}

static void
reads_numbers_of_values_in_every_spelling(void **state)
{
    struct import in;

    (void)state;
    import_text(&in, LINE("{\"traceId\":\"0a\",\"spanId\":\"0b\",\"startTimeUnixNano\":1,"
                          "\"attributes\":[{\"key\":\"a\",\"value\":{\"intValue\":12.0}},"
                          "{\"key\":\"b\",\"value\":{\"intValue\":\"twelve\"}},"
                          "{\"key\":\"c\",\"value\":{\"intValue\":18446744073709551615}},"
                          "{\"key\":\"d\",\"value\":{\"doubleValue\":\"1.5\"}},"
                          "{\"key\":\"e\",\"value\":{\"doubleValue\":\"-Infinity\"}},"
                          "{\"value\":{\"boolValue\":true},\"key\":\"f\"}]}"));
    assert_int_equal(in.status, NJ_OK);
    assert_slice_equal(
        nj_buf_slice(&in.record.text),
        "span 0000000000000000000000000000000a 000000000000000b start 1 end none\n"
        "  \"a\" = 12\n  \"b\" = \"twelve\"\n"
        "  \"c\" = 1.8446744073709552e+19\n  \"d\" = 1.5\n"
        "  \"e\" = NaN or infinite\n  \"f\" = true\n");
    import_fini(&in);
}

static void
skips_a_value_that_is_nested_too_deep(void **state)
{
    struct nj_buf text = {0};
    struct import in;

    (void)state;
    for (int depth = 100; depth <= 101; depth++) {
        text.len = 0;
        nj_buf_put_text(&text, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
                               "\"0a\",\"spanId\":\"0b\",\"attributes\":[{\"key\":\"deep\","
                               "\"value\":");
        for (int i = 0; i < depth; i++)
            nj_buf_put_text(&text, i % 2 ? "{\"arrayValue\":{\"values\":["
                                         : "{\"kvlistValue\":{\"values\":[{\"value\":");
        nj_buf_put_text(&text, "{}");
        for (int i = depth; i-- > 0;)
            nj_buf_put_text(&text, i % 2 ? "]}}" : ",\"key\":\"k\"}]}}");
        nj_buf_put_text(&text, "},{\"key\":\"last\",\"value\":{}}]}]}]}]}");
        import_at(&in, nj_buf_slice(&text), 0, 0);
        assert_int_equal(in.status, NJ_OK);
        assert_int_equal(in.record.spans_len, 1);
        assert_int_equal(count_of(&in, NJ_DIAG_NESTING_TOO_DEEP), depth > 100);
        nj_buf_put_char(&in.record.text, '\0');
        assert_non_null(strstr(in.record.text.ptr, "\"last\" = null"));
        import_fini(&in);
    }
    nj_buf_fini(&text);
}

static void
counts_text_that_is_not_utf8_and_keeps_it(void **state)
{
    struct import in;

    (void)state;
    import_text(&in,
                LINE(SPAN("01") ",{\"traceId\":\"0a\",\"spanId\":\"0b\",\"name\":\"\xff\"}"));
    assert_int_equal(in.status, NJ_OK);
    assert_int_equal(in.record.spans_len, 2);
    assert_int_equal(count_of(&in, NJ_DIAG_TEXT_NOT_UTF8), 1);
    import_fini(&in);
}

/* Behind such a line the window moves once more to make room, for nothing. */
static void
reads_a_last_line_without_newline_of_any_length(void **state)
{
    (void)state;
    for (size_t len = 60000; len < 140000; len += 5000) {
        struct nj_buf text = {0};
        struct import in;
        nj_buf_put_text(&text, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
                               "\"0a\",\"spanId\":\"0b\",\"name\":\"");
        for (size_t i = 0; i < len; i++)
            nj_buf_put_char(&text, 'n');
        nj_buf_put_text(&text, "\"}]}]}]}");
        import_at(&in, nj_buf_slice(&text), 0, 0);
        assert_int_equal(in.status, NJ_OK);
        assert_int_equal(in.record.spans_len, 1);
        assert_int_equal(nj_diags_lost(in.record.sink.diags), 0);
        import_fini(&in);
        nj_buf_fini(&text);
    }
}

/* Twenty spans in one line, with texts that look like the start of a span. */
static struct nj_buf
long_line(void)
{
    struct nj_buf text = {0};

    nj_buf_put_text(&text, "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"spans\":[");
    for (int i = 1; i <= 20; i++)
        nj_buf_printf(
            &text,
            "%s{\"traceId\":\"0a\",\"spanId\":\"%x\",\"name\":\"n\",\"startTimeUnix"
            "Nano\":\"5\",\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":"
            "\"say \\\"hi\\\", {\\\"traceId\\\":\\\"b\\\"}\"}}],\"links\":[{\"traceId\":"
            "\"0b\",\"spanId\":\"0c\"},{\"traceId\":\"0b\",\"spanId\":\"0d\"}]}",
            i > 1 ? "," : "", i);
    nj_buf_put_text(&text, "]}]}]}\n");
    return text;
}

static void
loses_little_to_one_wrong_byte(void **state)
{
    static const char wrong[] = {'"', '\\', '{', '}', 'x', '\0', '\x80', ','};
    struct nj_buf text = long_line();
    size_t first = (size_t)(strstr(text.ptr, "{\"traceId") - text.ptr);
    uint64_t seed = 5;
    struct import in;

    (void)state;
    for (size_t at = first; at < text.len - 8; at += 3) {
        char good = text.ptr[at];
        text.ptr[at] = wrong[random_below(&seed, sizeof wrong)];
        import_at(&in, nj_buf_slice(&text), 0, 0);
        assert_int_equal(in.status, NJ_OK);
        if (in.record.spans_len < 18)
            fail_msg("%zu of 20 spans are left of\n%.*s", (size_t)in.record.spans_len,
                     NJ_FMT(nj_buf_slice(&text)));
        if (in.record.spans_len != 20)
            assert_true(nj_diags_lost(in.record.sink.diags) > 0);
        import_fini(&in);
        text.ptr[at] = good;
    }
    nj_buf_fini(&text);
}

static void
keeps_every_whole_span_before_a_cut_and_counts_the_cut(void **state)
{
    static const char *const names[] = {ACCEPT "lines.jsonl", ACCEPT "snake-case.json",
                                        ACCEPT "array.json"};

    (void)state;
    for (size_t i = 0; i < NJ_LEN(names); i++) {
        struct nj_slice bytes = file_read(names[i]);
        uint64_t spans = 0;
        for (size_t keep = 1; keep + 1 < bytes.len; keep += 11) {
            struct import in;
            import_at(&in, (struct nj_slice){bytes.ptr, keep}, 0, 0);
            assert_true(in.status == NJ_OK || (in.status == NJ_EFORMAT && spans == 0));
            assert_true(in.record.spans_len >= spans);
            spans = in.record.spans_len;
            bool is_between = bytes.ptr[keep] == '\n' || bytes.ptr[keep - 1] == '\n';
            if (in.status == NJ_OK && !is_between &&
                count_of(&in, NJ_DIAG_LINE_CUT) + count_of(&in, NJ_DIAG_INPUT_CUT) != 1)
                fail_msg("%s: a cut at %zu is not counted once", names[i], keep);
            import_fini(&in);
        }
        assert_int_equal(spans, 3);
        free((void *)bytes.ptr);
    }
}

static void
survives_any_damage(void **state)
{
    static const char *const names[] = {ACCEPT "lines.jsonl", ACCEPT "enum-names.json",
                                        ACCEPT "tempo-trace.json"};
    uint64_t seed = 21;

    (void)state;
    for (size_t i = 0; i < NJ_LEN(names); i++) {
        struct nj_slice bytes = file_read(names[i]);
        for (int round = 0; round < 400; round++) {
            struct nj_buf text = {0};
            struct import in;
            nj_buf_put_slice(&text, bytes);
            random_damage(&text, &seed);
            import_at(&in, nj_buf_slice(&text), round % 5 ? 0 : 1 + random_below(&seed, 90), 0);
            assert_true(in.status == NJ_OK || in.status == NJ_EFORMAT);
            import_fini(&in);
            nj_buf_fini(&text);
        }
        free((void *)bytes.ptr);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_lines_that_are_not_json_with_their_places),
        cmocka_unit_test(goes_on_behind_a_first_line_that_is_damaged),
        cmocka_unit_test(leaves_out_spans_without_ids_and_keeps_the_others),
        cmocka_unit_test(passes_over_fields_of_a_wrong_type_and_counts_them),
        cmocka_unit_test(keeps_ids_that_are_not_hexadecimal_as_text),
        cmocka_unit_test(reads_numbers_of_values_in_every_spelling),
        cmocka_unit_test(skips_a_value_that_is_nested_too_deep),
        cmocka_unit_test(counts_text_that_is_not_utf8_and_keeps_it),
        cmocka_unit_test(reads_a_last_line_without_newline_of_any_length),
        cmocka_unit_test(loses_little_to_one_wrong_byte),
        cmocka_unit_test(keeps_every_whole_span_before_a_cut_and_counts_the_cut),
        cmocka_unit_test(survives_any_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
