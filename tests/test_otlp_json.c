/* test_otlp_json.c - OTLP JSON: every way to write the same spans gives the same spans, damage
 * is contained and counted. */
#include "tests/test.h"

#include "importers/importer.h"
#include "importers/otlp_json.h"
#include "tests/random_json.h"
#include "tests/span_text.h"

#include <dirent.h>
#include <stdio.h>
#include <zstd.h>

extern const struct nj_importer nj_importer_otlp_json;

#define ACCEPT NJ_FIXTURES "/accept/otlp-json/"
#define REJECT NJ_FIXTURES "/reject/otlp-json/"

/* One import: its spans as text, its status and its diagnostics. */
struct import {
    struct span_text record;
    struct nj_error err;
    enum nj_status status;
};

static void
import_at(struct import *in, struct nj_slice bytes, size_t step, uint64_t resume_offset)
{
    struct nj_input input = {.path = "x", .resume_offset = resume_offset};

    *in = (struct import){0};
    span_text_init(&in->record);
    assert_int_equal(nj_stream_open_memory(&input.stream, bytes, &in->err), NJ_OK);
    if (step)
        nj_stream_limit_step(input.stream, step);
    assert_int_equal(nj_stream_skip_to(input.stream, resume_offset, &in->err), NJ_OK);
    in->status = nj_stream_want(input.stream, NJ_SNIFF_BYTES, &in->err);
    if (in->status != NJ_EFORMAT)
        assert_int_equal(in->status, NJ_OK);
    nj_error_clear(&in->err);
    in->status = nj_importer_otlp_json.read(&input, &in->record.sink, &in->err);
    nj_stream_close(input.stream);
}

static void
import_text(struct import *in, const char *text)
{
    import_at(in, nj_slice_of(text), 0, 0);
}

static uint64_t
count_of(const struct import *in, enum nj_diag_id id)
{
    return in->record.sink.diags->counts[id].count;
}

static const char *
place_of(const struct import *in, enum nj_diag_id id)
{
    return in->record.sink.diags->counts[id].places[0];
}

static void
import_fini(struct import *in)
{
    span_text_fini(&in->record);
}

/* The spans that every accepted fixture holds, as the protobuf importer reads them. */
static struct nj_buf
everything(void)
{
    struct span_text record;
    struct nj_error err = {0};
    struct nj_slice bytes = file_read(NJ_FIXTURES "/accept/otlp-protobuf/everything.pb");

    assert_non_null(bytes.ptr);
    span_text_init(&record);
    assert_int_equal(span_text_read(&record, NULL, bytes, "x", &err), NJ_OK);
    assert_int_equal(record.spans_len, 3);
    struct nj_buf text = record.text;
    record.text = (struct nj_buf){0};
    span_text_fini(&record);
    free((void *)bytes.ptr);
    return text;
}

static void
assert_text(const struct nj_buf *got, const struct nj_buf *want, const char *name)
{
    if (!nj_slice_eq(nj_buf_slice(got), nj_buf_slice(want)))
        fail_msg("%s: got\n%.*s", name, NJ_FMT(nj_buf_slice(got)));
}

/* Calls `check` with every file of a folder. */
static unsigned
each_file(const char *folder, void (*check)(const char *name, struct nj_slice bytes))
{
    DIR *dir = opendir(folder);
    unsigned files = 0;

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[1024];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s%s", folder, entry->d_name);
        struct nj_slice bytes = file_read(path);
        assert_non_null(bytes.ptr);
        check(entry->d_name, bytes);
        free((void *)bytes.ptr);
        files++;
    }
    (void)closedir(dir);
    return files;
}

static void
check_accepted(const char *name, struct nj_slice bytes)
{
    static const size_t steps[] = {0, 1, 7, 500};
    struct nj_buf want = everything();
    struct import in;

    assert_ptr_equal(nj_importer_sniff(bytes, true), &nj_importer_otlp_json);
    for (size_t i = 0; i < NJ_LEN(steps); i++) {
        import_at(&in, bytes, steps[i], 0);
        assert_int_equal(in.status, NJ_OK);
        assert_text(&in.record.text, &want, name);
        for (size_t d = 0; d < NJ_DIAGS_LEN; d++)
            if (in.record.sink.diags->counts[d].count)
                fail_msg("%s: %s at %s", name, nj_diag_specs[d].id, place_of(&in, d));
        import_fini(&in);
    }
    nj_buf_fini(&want);
}

static void
reads_every_way_to_write_the_same_spans_alike(void **state)
{
    (void)state;
    assert_true(each_file(ACCEPT, check_accepted) > 10);
}

/* Takes out ` schema "…"` and ` resource-schema "…"`: they come behind the spans. */
static void
schemas_drop(struct nj_buf *text)
{
    static const char *const labels[] = {" schema \"", " resource-schema \""};

    nj_buf_put_char(text, '\0');
    for (size_t i = 0; i < NJ_LEN(labels); i++)
        for (char *at; (at = strstr(text->ptr, labels[i])) != NULL;) {
            const char *rest = strchr(at + strlen(labels[i]), '"') + 1;
            memmove(at, rest, strlen(rest) + 1);
        }
    text->len = strlen(text->ptr);
}

/* Walks with so little room that every document and element is entered. */
static void
check_entered(const char *name, struct nj_slice bytes)
{
    struct nj_buf want = everything();

    schemas_drop(&want);
    /* there resource and scope come too late, which is counted */
    bool is_late = strcmp(name, "keys-reversed.json") == 0;
    for (size_t room = 1; room < 4000; room += room < 40 ? 13 : 333) {
        struct span_text record;
        struct nj_otlp_json reader;
        struct nj_json_walk walk;
        struct nj_stream *stream;
        struct nj_error err = {0};
        span_text_init(&record);
        assert_int_equal(nj_otlp_json_init(&reader, &err), NJ_OK);
        assert_int_equal(nj_stream_open_memory(&stream, bytes, &err), NJ_OK);
        nj_stream_limit_step(stream, room);
        reader.sink = &record.sink;
        reader.path = "x";
        reader.piece_bytes_max = room;
        assert_int_equal(nj_stream_want(stream, 3, &err), NJ_OK);
        if (nj_slice_starts(nj_stream_window(stream), NJ_SLICE("\xEF\xBB\xBF")))
            nj_stream_skip(stream, 3);
        nj_json_walk_init(&walk, stream, &err);
        while (nj_json_walk_peek(&walk) != NJ_JSON_INVALID)
            assert_int_equal(nj_otlp_json_walk(&reader, &walk), NJ_OTLP_TRACES);
        assert_null(walk.error);
        assert_int_equal(record.spans_len, 3);
        schemas_drop(&record.text);
        if (!is_late)
            assert_text(&record.text, &want, name);
        nj_otlp_json_fini(&reader);
        nj_stream_close(stream);
        span_text_fini(&record);
    }
    nj_buf_fini(&want);
}

static void
reads_documents_that_do_not_fit_into_memory_alike(void **state)
{
    (void)state;
    assert_true(each_file(ACCEPT, check_entered) > 10);
}

static void
counts_what_comes_too_late_in_a_document_that_does_not_fit(void **state)
{
    (void)state;
    struct nj_slice bytes = file_read(ACCEPT "keys-reversed.json");
    struct span_text record;
    struct nj_otlp_json reader;
    struct nj_json_walk walk;
    struct nj_stream *stream;
    struct nj_error err = {0};

    span_text_init(&record);
    assert_int_equal(nj_otlp_json_init(&reader, &err), NJ_OK);
    assert_int_equal(nj_stream_open_memory(&stream, bytes, &err), NJ_OK);
    reader.sink = &record.sink;
    reader.path = "x";
    reader.piece_bytes_max = 300;
    nj_json_walk_init(&walk, stream, &err);
    assert_int_equal(nj_otlp_json_walk(&reader, &walk), NJ_OTLP_TRACES);
    assert_int_equal(record.spans_len, 3);
    /* the scope of the long list of spans, and the resource of both lists */
    assert_int_equal(record.sink.diags->counts[NJ_DIAG_RECORD_TOO_LONG].count, 2);
    nj_otlp_json_fini(&reader);
    nj_stream_close(stream);
    span_text_fini(&record);
    free((void *)bytes.ptr);
}

static void
check_rejected(const char *name, struct nj_slice bytes)
{
    struct import in;

    assert_true(nj_importer_otlp_json.sniff(bytes, true) == 0);
    import_at(&in, bytes, 0, 0);
    if (in.status != NJ_EFORMAT)
        fail_msg("%s: status %d", name, in.status);
    assert_non_null(strstr(in.err.causes[0], "x: byte "));
    assert_non_null(strstr(in.err.causes[0], ": expected "));
    assert_int_equal(in.record.spans_len, 0);
    import_fini(&in);
}

static void
refuses_what_is_no_trace_and_says_where_and_why(void **state)
{
    (void)state;
    assert_true(each_file(REJECT, check_rejected) > 3);
}

#define SPAN(id)                                                                               \
    "{\"traceId\":\"0123456789abcdef0123456789abcdef\",\"spanId\":\"00000000000000" id         \
    "\",\"name\":\"s" id "\",\"startTimeUnixNano\":\"1000\",\"endTimeUnixNano\":\"2000\"}"
#define LINE(spans) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" spans "]}]}]}"

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
    assert_int_equal(count_of(&in, NJ_DIAG_SPAN_INVALID), 6);
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

/* Reads a document with or without the shortcuts for known layouts, as text with diagnostics.
 */
static struct nj_buf
read_document(struct nj_slice bytes, bool is_careful)
{
    struct span_text record;
    struct nj_otlp_json reader;
    struct nj_error err = {0};
    struct nj_json json;

    span_text_init(&record);
    assert_int_equal(nj_otlp_json_init(&reader, &err), NJ_OK);
    reader.sink = &record.sink;
    reader.path = "x";
    reader.line = 1;
    reader.is_careful = is_careful;
    nj_json_init(&json, bytes, false, reader.spans.arena);
    enum nj_otlp_shape shape = nj_otlp_json_document(&reader, &json);
    span_text_put_diags(&record);
    nj_buf_printf(&record.text, "shape %d error %s at %zu\n", shape,
                  json.error ? json.error : "none", (size_t)(json.at - json.begin));
    nj_otlp_json_fini(&reader);
    struct nj_buf text = record.text;
    record.text = (struct nj_buf){0};
    span_text_fini(&record);
    return text;
}

static void
reads_known_layouts_as_it_reads_others(void **state)
{
    static const char *const names[] = {ACCEPT "request.json", ACCEPT "upper-case-spaced.jsonl",
                                        ACCEPT "numbers.jsonl"};
    uint64_t seed = 31;

    (void)state;
    for (size_t i = 0; i < NJ_LEN(names); i++) {
        struct nj_slice bytes = file_read(names[i]);
        for (int round = 0; round < 1500; round++) {
            struct nj_buf text = {0};
            nj_buf_put_slice(&text, bytes);
            if (round)
                random_damage(&text, &seed);
            struct nj_buf fast = read_document(nj_buf_slice(&text), false);
            struct nj_buf careful = read_document(nj_buf_slice(&text), true);
            assert_text(&fast, &careful, text.ptr);
            nj_buf_fini(&fast);
            nj_buf_fini(&careful);
            nj_buf_fini(&text);
        }
        free((void *)bytes.ptr);
    }
}

static void
goes_on_from_any_checkpoint(void **state)
{
    struct nj_slice bytes = file_read(ACCEPT "lines.jsonl");
    const char *newline = memchr(bytes.ptr, '\n', bytes.len);
    uint64_t first = (uint64_t)(newline + 1 - bytes.ptr);
    struct import head, tail, whole;

    (void)state;
    import_at(&whole, bytes, 0, 0);
    assert_int_equal(whole.record.checkpoint, bytes.len);
    import_at(&head, (struct nj_slice){bytes.ptr, (size_t)first}, 0, 0);
    assert_int_equal(head.record.checkpoint, first);
    import_at(&tail, bytes, 0, first);
    assert_int_equal(tail.record.checkpoint, bytes.len);
    nj_buf_put_slice(&head.record.text, nj_buf_slice(&tail.record.text));
    assert_text(&head.record.text, &whole.record.text, "resumed");
    import_fini(&whole);
    import_fini(&tail);
    import_at(&tail, bytes, 0, bytes.len);
    assert_int_equal(tail.status, NJ_OK);
    assert_int_equal(tail.record.spans_len, 0);
    import_fini(&head);
    import_fini(&tail);
    free((void *)bytes.ptr);
}

static void
reads_json_in_compressed_records_of_the_collector(void **state)
{
    struct nj_slice bytes = file_read(ACCEPT "request.json");
    struct nj_buf want = everything(), twice = {0}, framed = {0};
    struct span_text record;
    struct nj_error err = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        char *frame = nj_buf_reserve(&framed, 4 + ZSTD_compressBound(bytes.len));
        size_t len =
            ZSTD_compress(frame + 4, ZSTD_compressBound(bytes.len), bytes.ptr, bytes.len, 1);
        assert_false(ZSTD_isError(len));
        memcpy(frame, (char[]){0, 0, (char)(len >> 8), (char)len}, 4);
        framed.len += 4 + len;
        nj_buf_put_slice(&twice, nj_buf_slice(&want));
    }
    span_text_init(&record);
    assert_int_equal(span_text_read(&record, NULL, nj_buf_slice(&framed), "x", &err), NJ_OK);
    assert_text(&record.text, &twice, "records");
    assert_int_equal(record.checkpoint, framed.len);
    span_text_fini(&record);
    nj_buf_fini(&want);
    nj_buf_fini(&twice);
    nj_buf_fini(&framed);
    free((void *)bytes.ptr);
}

static void
walks_lines_that_are_too_long_to_hold(void **state)
{
    struct nj_buf text = {0};
    size_t blanks = (17u << 20);
    struct import in;

    (void)state;
    nj_buf_put_text(&text, LINE(SPAN("01")) "\n");
    char *at = nj_buf_reserve(&text, blanks);
    assert_non_null(at);
    memset(at, ' ', blanks);
    text.len += blanks;
    nj_buf_put_text(&text, LINE(SPAN("02")) "\nbad\n" LINE(SPAN("03")));
    import_at(&in, nj_buf_slice(&text), 0, 0);
    assert_int_equal(in.status, NJ_OK);
    assert_int_equal(in.record.spans_len, 3);
    assert_string_equal(place_of(&in, NJ_DIAG_LINE_INVALID), "x:3: expected a value");
    import_fini(&in);
    nj_buf_fini(&text);
}

/* Real files, where they are: JSON and protobuf of the same spans, and known counts. */
static void
reads_real_files_as_protobuf_of_the_same_spans(void **state)
{
    static const struct {
        const char *name;
        uint64_t spans;
    } files[] = {{"producers/langgraph_oi", 513},
                 {"producers/openai_agents_oi", 195},
                 {"producers/vercel_genai", 335}};
    const char *data = getenv("NIGHTJAR_DATA");

    (void)state;
    if (!data) {
        print_message("skipped: NIGHTJAR_DATA is not set\n");
        skip();
    }
    for (size_t i = 0; i < NJ_LEN(files); i++) {
        struct span_text json, proto;
        struct nj_error err = {0};
        char path[1024];
        (void)snprintf(path, sizeof path, "%s/%s.jsonl", data, files[i].name);
        struct nj_slice text = file_read(path);
        (void)snprintf(path, sizeof path, "%s/%s.binpb", data, files[i].name);
        struct nj_slice bytes = file_read(path);
        assert_true(text.ptr && bytes.ptr);
        span_text_init(&json);
        span_text_init(&proto);
        assert_int_equal(span_text_read(&json, NULL, text, "x", &err), NJ_OK);
        assert_int_equal(span_text_read(&proto, NULL, bytes, "x", &err), NJ_OK);
        assert_int_equal(json.spans_len, files[i].spans);
        assert_text(&json.text, &proto.text, files[i].name);
        span_text_fini(&json);
        span_text_fini(&proto);
        free((void *)text.ptr);
        free((void *)bytes.ptr);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_way_to_write_the_same_spans_alike),
        cmocka_unit_test(reads_documents_that_do_not_fit_into_memory_alike),
        cmocka_unit_test(counts_what_comes_too_late_in_a_document_that_does_not_fit),
        cmocka_unit_test(refuses_what_is_no_trace_and_says_where_and_why),
        cmocka_unit_test(counts_lines_that_are_not_json_with_their_places),
        cmocka_unit_test(goes_on_behind_a_first_line_that_is_damaged),
        cmocka_unit_test(leaves_out_spans_without_ids_and_keeps_the_others),
        cmocka_unit_test(passes_over_fields_of_a_wrong_type_and_counts_them),
        cmocka_unit_test(keeps_ids_that_are_not_hexadecimal_as_text),
        cmocka_unit_test(reads_numbers_of_values_in_every_spelling),
        cmocka_unit_test(skips_a_value_that_is_nested_too_deep),
        cmocka_unit_test(counts_text_that_is_not_utf8_and_keeps_it),
        cmocka_unit_test(loses_little_to_one_wrong_byte),
        cmocka_unit_test(keeps_every_whole_span_before_a_cut_and_counts_the_cut),
        cmocka_unit_test(survives_any_damage),
        cmocka_unit_test(reads_known_layouts_as_it_reads_others),
        cmocka_unit_test(goes_on_from_any_checkpoint),
        cmocka_unit_test(reads_json_in_compressed_records_of_the_collector),
        cmocka_unit_test(walks_lines_that_are_too_long_to_hold),
        cmocka_unit_test(reads_real_files_as_protobuf_of_the_same_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
