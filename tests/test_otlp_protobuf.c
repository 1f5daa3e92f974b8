/* test_otlp_protobuf.c - OTLP protobuf: everything kept, every framing, damage contained. */
#include "tests/test.h"

#include "importers/importer.h"
#include "tests/pb_write.h"
#include "tests/span_text.h"

#include <stdio.h>

extern const struct nj_importer nj_importer_otlp_protobuf;

#define ACCEPT NJ_FIXTURES "/accept/otlp-protobuf/"

/* The spans of `bytes` as text, owned by the caller. */
static struct nj_buf
import(struct nj_slice bytes, enum nj_status *st, uint64_t counts[NJ_DIAGS_LEN])
{
    struct span_text record;
    struct nj_error err = {0};

    span_text_init(&record);
    *st = span_text_read(&record, &nj_importer_otlp_protobuf, bytes, "x", &err);
    for (size_t i = 0; counts && i < NJ_DIAGS_LEN; i++)
        counts[i] = record.sink.diags->counts[i].count;
    struct nj_buf text = record.text;
    record.text = (struct nj_buf){0};
    span_text_fini(&record);
    return text;
}

static size_t
spans_in(const struct nj_buf *text)
{
    size_t n = 0;

    for (size_t i = 0; i + 5 <= text->len; i++)
        n += memcmp(text->ptr + i, "span ", 5) == 0 && (i == 0 || text->ptr[i - 1] == '\n');
    return n;
}

static void
reads_every_framing_of_the_same_request_alike(void **unused)
{
    (void)unused;
    static const char *const names[] = {
        "everything.records.binpb", "everything.zstd-records.binpb",
        "everything.records.binpb.zst", "everything.twice.pb.gz"};
    struct nj_slice bare = file_read(ACCEPT "everything.pb");
    enum nj_status st;
    struct nj_buf once = import(bare, &st, NULL), twice = {0};

    assert_int_equal(st, NJ_OK);
    assert_int_equal(spans_in(&once), 3);
    nj_buf_put_slice(&twice, nj_buf_slice(&once));
    nj_buf_put_slice(&twice, nj_buf_slice(&once));
    for (size_t i = 0; i < NJ_LEN(names); i++) {
        char path[512];
        (void)snprintf(path, sizeof path, ACCEPT "%s", names[i]);
        struct nj_slice bytes = file_read(path);
        assert_non_null(bytes.ptr);
        struct nj_buf got = import(bytes, &st, NULL);
        assert_int_equal(st, NJ_OK);
        assert_int_equal(got.len, twice.len);
        assert_memory_equal(got.ptr, twice.ptr, twice.len);
        nj_buf_fini(&got);
        free((void *)bytes.ptr);
    }
    nj_buf_fini(&once);
    nj_buf_fini(&twice);
    free((void *)bare.ptr);
}

/* What the exporter writes when it is told both to write JSON and to compress. */
static void
reads_json_in_compressed_records(void **unused)
{
    (void)unused;
    struct nj_slice bare = file_read(ACCEPT "everything.pb");
    struct nj_slice records = file_read(ACCEPT "json-in-records.binpb");
    enum nj_status st;
    struct nj_buf want = import(bare, &st, NULL), got = import(records, &st, NULL);

    assert_int_equal(st, NJ_OK);
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.ptr, want.ptr, want.len);
    nj_buf_fini(&want);
    nj_buf_fini(&got);
    free((void *)bare.ptr);
    free((void *)records.ptr);
}

/* A span message with ids from `id`, and a name. */
static void
span_put(struct nj_buf *scope_spans, uint8_t id, const char *name)
{
    struct nj_buf span = {0};
    char ids[16];

    memset(ids, id, sizeof ids);
    pb_put_bytes(&span, 1, (struct nj_slice){ids, 16});
    pb_put_bytes(&span, 2, (struct nj_slice){ids, 8});
    pb_put_text(&span, 5, name);
    pb_put_fixed64(&span, 7, 1000);
    pb_put_fixed64(&span, 8, 2000);
    pb_put_message(scope_spans, 2, &span);
}

static void
reads_a_scope_and_a_resource_that_come_after_their_spans(void **unused)
{
    (void)unused;
    struct nj_buf request = {0}, resource_spans = {0}, scope_spans = {0}, inner = {0},
                  pair = {0}, value = {0};
    enum nj_status st;

    span_put(&scope_spans, 1, "a");
    pb_put_varint(&scope_spans, 99, 5); /* not known: skipped */
    pb_put_text(&scope_spans, 98, "packed or not");
    pb_put_fixed32(&scope_spans, 97, 5);
    pb_put_text(&inner, 1, "lib");
    pb_put_message(&scope_spans, 1, &inner);
    pb_put_message(&resource_spans, 2, &scope_spans);
    pb_put_text(&value, 1, "v");
    pb_put_text(&pair, 1, "k");
    pb_put_message(&pair, 2, &value);
    pb_put_message(&inner, 1, &pair);
    pb_put_message(&resource_spans, 1, &inner);
    pb_put_message(&request, 1, &resource_spans);
    struct nj_buf text = import(nj_buf_slice(&request), &st, NULL);
    assert_int_equal(st, NJ_OK);
    nj_buf_put_char(&text, '\0');
    assert_string_equal(text.ptr, "span 01010101010101010101010101010101 0101010101010101 name "
                                  "\"a\" start 1000 end 2000 scope \"lib\"\n"
                                  "  resource \"k\" = \"v\"\n");
    nj_buf_fini(&text);
    nj_buf_fini(&request);
}

static void
counts_spans_without_ids_and_keeps_the_others(void **unused)
{
    (void)unused;
    struct nj_buf request = {0}, resource_spans = {0}, scope_spans = {0}, span = {0};
    uint64_t counts[NJ_DIAGS_LEN];
    enum nj_status st;

    span_put(&scope_spans, 1, "good");
    span_put(&scope_spans, 0, "ids of zeros");
    pb_put_text(&span, 5, "no ids");
    pb_put_message(&scope_spans, 2, &span);
    pb_put_text(&span, 1, "id of wrong size");
    pb_put_text(&span, 2, "x");
    pb_put_message(&scope_spans, 2, &span);
    span_put(&scope_spans, 2, "good");
    pb_put_message(&resource_spans, 2, &scope_spans);
    pb_put_message(&request, 1, &resource_spans);
    struct nj_buf text = import(nj_buf_slice(&request), &st, counts);
    assert_int_equal(st, NJ_OK);
    assert_int_equal(spans_in(&text), 2);
    assert_int_equal(counts[NJ_DIAG_SPAN_INVALID], 3);
    nj_buf_fini(&text);
    nj_buf_fini(&request);
}

/* A record with one request of `spans` spans. */
static void
record_put(struct nj_buf *out, uint8_t first_id, unsigned spans)
{
    struct nj_buf request = {0}, resource_spans = {0}, scope_spans = {0};

    for (unsigned i = 0; i < spans; i++)
        span_put(&scope_spans, (uint8_t)(first_id + i), "some name");
    pb_put_message(&resource_spans, 2, &scope_spans);
    pb_put_message(&request, 1, &resource_spans);
    for (int shift = 24; shift >= 0; shift -= 8)
        nj_buf_put_char(out, (char)(request.len >> shift));
    nj_buf_put_slice(out, nj_buf_slice(&request));
    nj_buf_fini(&request);
}

static void
keeps_every_span_before_a_cut_and_counts_the_cut(void **unused)
{
    (void)unused;
    struct nj_buf file = {0};
    size_t ends[3];
    uint64_t counts[NJ_DIAGS_LEN];

    for (size_t i = 0; i < NJ_LEN(ends); i++) {
        record_put(&file, (uint8_t)(1 + 3 * i), 3);
        ends[i] = file.len;
    }
    size_t span_bytes = (ends[1] - ends[0]) / 3;
    for (size_t len = 1; len < file.len; len++) {
        enum nj_status st;
        struct nj_buf text = import((struct nj_slice){file.ptr, len}, &st, counts);
        size_t whole = 0;
        bool is_clean = false;
        while (whole < NJ_LEN(ends) && ends[whole] <= len)
            is_clean = ends[whole++] == len;
        size_t start = whole ? ends[whole - 1] : 0;
        assert_true(spans_in(&text) + 1 >= whole * 3 + (len - start) / span_bytes);
        if (whole > 0) {
            assert_int_equal(st, NJ_OK);
            assert_int_equal(counts[NJ_DIAG_INPUT_CUT], !is_clean);
            assert_int_equal(counts[NJ_DIAG_RECORD_INVALID], 0);
        }
        nj_buf_fini(&text);
    }
    nj_buf_fini(&file);
}

/* Any byte may be wrong: the other records must come through, but for a span that a wrong
 * length swallows. */
static void
loses_little_to_one_wrong_byte(void **unused)
{
    (void)unused;
    struct nj_buf file = {0};

    for (uint8_t i = 0; i < 3; i++)
        record_put(&file, (uint8_t)(1 + 4 * i), 4);
    for (size_t at = 0; at < file.len; at++) {
        enum nj_status st;
        char right = file.ptr[at];
        file.ptr[at] = (char)(right ^ (1 << at % 8));
        assert_ptr_equal(nj_importer_sniff(nj_buf_slice(&file), true),
                         &nj_importer_otlp_protobuf);
        struct nj_buf text = import(nj_buf_slice(&file), &st, NULL);
        assert_int_equal(st, NJ_OK);
        assert_true(spans_in(&text) >= 12 - 5);
        nj_buf_fini(&text);
        file.ptr[at] = right;
    }
    nj_buf_fini(&file);
}

static void
goes_on_from_a_checkpoint(void **unused)
{
    (void)unused;
    struct nj_buf file = {0};
    struct span_text record;
    struct nj_error err = {0};
    size_t middle;

    record_put(&file, 1, 2);
    middle = file.len;
    record_put(&file, 3, 2);
    struct nj_input input = {.path = "x", .resume_offset = middle};
    assert_int_equal(nj_stream_open_memory(&input.stream, nj_buf_slice(&file), &err), NJ_OK);
    assert_int_equal(nj_stream_skip_to(input.stream, middle, &err), NJ_OK);
    span_text_init(&record);
    assert_int_equal(nj_importer_otlp_protobuf.read(&input, &record.sink, &err), NJ_OK);
    assert_int_equal(record.spans_len, 2);
    assert_int_equal(record.checkpoint, file.len);
    span_text_fini(&record);
    nj_stream_close(input.stream);
    nj_buf_fini(&file);
}

static void
skips_a_value_that_is_nested_too_deep(void **unused)
{
    (void)unused;
    struct nj_buf value = {0}, array = {0}, pair = {0}, span = {0}, scope_spans = {0},
                  resource_spans = {0}, request = {0};
    uint64_t counts[NJ_DIAGS_LEN];
    enum nj_status st;

    for (int depth = 0; depth <= NJ_VALUE_DEPTH_MAX; depth++) {
        pb_put_message(&array, 1, &value);
        pb_put_message(&value, 5, &array);
    }
    pb_put_text(&pair, 1, "k");
    pb_put_message(&pair, 2, &value);
    pb_put_bytes(&span, 1, NJ_SLICE("0123456789abcdef"));
    pb_put_bytes(&span, 2, NJ_SLICE("01234567"));
    pb_put_message(&span, 9, &pair);
    pb_put_message(&scope_spans, 2, &span);
    pb_put_message(&resource_spans, 2, &scope_spans);
    pb_put_message(&request, 1, &resource_spans);
    struct nj_buf text = import(nj_buf_slice(&request), &st, counts);
    assert_int_equal(st, NJ_OK);
    assert_int_equal(spans_in(&text), 1);
    assert_int_equal(counts[NJ_DIAG_NESTING_TOO_DEEP], 1);
    nj_buf_fini(&text);
    nj_buf_fini(&request);
}

/* The fixture was made by protoc from its text; where protoc is, it must read it back. */
static void
agrees_with_protoc(void **unused)
{
    (void)unused;
    struct nj_buf source = {0};
    FILE *pipe = popen("protoc -I " NJ_SOURCE_DIR "/bench --encode=otlp.TracesData "
                       "otlp_trace.proto < " NJ_FIXTURES
                       "/sources/otlp-protobuf/everything.textproto 2>/dev/null",
                       "r");
    assert_non_null(pipe);
    char *at = nj_buf_reserve(&source, 1 << 16);
    source.len = fread(at, 1, 1 << 16, pipe);
    if (pclose(pipe) != 0) {
        nj_buf_fini(&source);
        print_message("skipped: protoc is not installed\n");
        skip();
    }
    struct nj_slice bytes = file_read(ACCEPT "everything.pb");
    assert_int_equal(source.len, bytes.len);
    assert_memory_equal(source.ptr, bytes.ptr, bytes.len);
    free((void *)bytes.ptr);
    nj_buf_fini(&source);
}

static void
says_what_is_wrong_with_a_file_that_is_no_request(void **unused)
{
    (void)unused;
    struct span_text record;
    struct nj_error err = {0};

    span_text_init(&record);
    assert_int_equal(span_text_read(&record, &nj_importer_otlp_protobuf,
                                    NJ_SLICE("\x0A\x02\x12\x00"), "empty.pb", &err),
                     NJ_EFORMAT);
    assert_string_equal(err.causes[0],
                        "empty.pb: byte 0: expected an OTLP trace request with spans");
    span_text_fini(&record);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_framing_of_the_same_request_alike),
        cmocka_unit_test(reads_json_in_compressed_records),
        cmocka_unit_test(reads_a_scope_and_a_resource_that_come_after_their_spans),
        cmocka_unit_test(counts_spans_without_ids_and_keeps_the_others),
        cmocka_unit_test(keeps_every_span_before_a_cut_and_counts_the_cut),
        cmocka_unit_test(loses_little_to_one_wrong_byte),
        cmocka_unit_test(goes_on_from_a_checkpoint),
        cmocka_unit_test(skips_a_value_that_is_nested_too_deep),
        cmocka_unit_test(agrees_with_protoc),
        cmocka_unit_test(says_what_is_wrong_with_a_file_that_is_no_request),
    };
    return cmocka_run_group_tests_name("otlp_protobuf", tests, NULL, NULL);
}
