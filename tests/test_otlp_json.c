/* test_otlp_json.c - OTLP JSON: every way to write the same spans gives the same spans. */
#include "importers/otlp_json.h"
#include "tests/otlp_import.h"
#include "tests/random_json.h"

#include <dirent.h>
#include <stdio.h>
#include <zstd.h>

#define REJECT NJ_FIXTURES "/reject/otlp-json/"

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
        cmocka_unit_test(reads_known_layouts_as_it_reads_others),
        cmocka_unit_test(goes_on_from_any_checkpoint),
        cmocka_unit_test(reads_json_in_compressed_records_of_the_collector),
        cmocka_unit_test(walks_lines_that_are_too_long_to_hold),
        cmocka_unit_test(reads_real_files_as_protobuf_of_the_same_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
