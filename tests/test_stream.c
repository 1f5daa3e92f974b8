/* test_stream.c - bytes come out of files, pipes and memory as they were put in. */
#include "tests/test.h"

#include "base/buf.h"
#include "base/stream.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* Text that does not repeat much, so that it stays long when compressed. */
static struct nj_buf
sample(size_t len)
{
    struct nj_buf buf = {0};
    uint64_t seed = len;

    while (buf.len < len)
        nj_buf_put_char(&buf, (char)('!' + test_random(&seed) % 90));
    return buf;
}

static void
gzip_add(struct nj_buf *out, const char *bytes, size_t len)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t cap = deflateBound(&z, len);
    z.next_in = (z_const Bytef *)bytes;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)nj_buf_reserve(out, cap);
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len += z.total_out;
    (void)deflateEnd(&z);
}

static void
zstd_add(struct nj_buf *out, const char *bytes, size_t len)
{
    size_t cap = ZSTD_compressBound(len);
    size_t n = ZSTD_compress(nj_buf_reserve(out, cap), cap, bytes, len, 1);
    assert_false(ZSTD_isError(n));
    out->len += n;
}

/* Reads all of a stream, skipping most of the window now and then. Returns the last status. */
static enum nj_status
drain(struct nj_stream *s, struct nj_buf *out)
{
    struct nj_error err = {0};
    enum nj_status st;

    for (size_t round = 0; (st = nj_stream_more(s, &err)) == NJ_OK; round++) {
        struct nj_slice w = nj_stream_window(s);
        for (int i = 0; i < NJ_STREAM_PAD; i++)
            assert_int_equal(w.ptr[w.len + (size_t)i], 0);
        if (round % 3 == 0)
            continue;
        size_t n = round % 3 == 1 ? w.len / 2 : w.len;
        assert_int_equal(nj_stream_offset(s), out->len);
        nj_buf_put(out, w.ptr, n);
        nj_stream_skip(s, n);
    }
    struct nj_slice rest = nj_stream_window(s);
    nj_buf_put_slice(out, rest);
    nj_stream_skip(s, rest.len);
    return st;
}

static void
assert_reads(struct nj_slice raw, struct nj_slice want, size_t step)
{
    struct nj_stream *s;
    struct nj_error err = {0};
    struct nj_buf got = {0};

    assert_int_equal(nj_stream_open_memory(&s, raw, &err), NJ_OK);
    if (step)
        nj_stream_limit_step(s, step);
    assert_int_equal(drain(s, &got), NJ_DONE);
    assert_true(nj_slice_eq(nj_buf_slice(&got), want));
    assert_int_equal(nj_stream_raw_read(s), raw.len);
    assert_int_equal(nj_stream_raw_size(s), raw.len);
    nj_buf_fini(&got);
    nj_stream_close(s);
}

static void
reads_plain_memory_in_steps_of_any_size(void **state)
{
    static const size_t lens[] = {0, 1, 3, 4, 5, 1000, 300000, 3000000};

    (void)state;
    for (size_t i = 0; i < NJ_LEN(lens); i++) {
        struct nj_buf text = sample(lens[i]);
        assert_reads(nj_buf_slice(&text), nj_buf_slice(&text), 0);
        assert_reads(nj_buf_slice(&text), nj_buf_slice(&text), lens[i] > 9999 ? 7777 : 1);
        nj_buf_fini(&text);
    }
}

static void
joins_gzip_members_and_ignores_zeros_behind_them(void **state)
{
    struct nj_buf text = sample(700000), gz = {0};

    (void)state;
    gzip_add(&gz, text.ptr, 100);
    gzip_add(&gz, text.ptr + 100, 0);
    gzip_add(&gz, text.ptr + 100, text.len - 100);
    assert_reads(nj_buf_slice(&gz), nj_buf_slice(&text), 0);
    assert_reads(nj_buf_slice(&gz), nj_buf_slice(&text), 997);
    nj_buf_put(&gz, "\0\0\0\0\0\0\0", 7);
    assert_reads(nj_buf_slice(&gz), nj_buf_slice(&text), 0);
    nj_buf_fini(&gz);
    nj_buf_fini(&text);
}

static void
joins_zstd_frames_and_skips_what_is_skippable(void **state)
{
    struct nj_buf text = sample(700000), zst = {0};

    (void)state;
    nj_buf_put(&zst, "\x50\x2a\x4d\x18\x02\0\0\0hi", 10);
    zstd_add(&zst, text.ptr, 400000);
    zstd_add(&zst, text.ptr, 0);
    zstd_add(&zst, text.ptr + 400000, text.len - 400000);
    assert_reads(nj_buf_slice(&zst), nj_buf_slice(&text), 0);
    assert_reads(nj_buf_slice(&zst), nj_buf_slice(&text), 997);
    nj_buf_fini(&zst);
    nj_buf_fini(&text);
}

static void
reads_highly_compressed_input_a_piece_at_a_time(void **state)
{
    struct nj_buf text = {0}, gz = {0}, zst = {0};

    (void)state;
    for (int i = 0; i < 400000; i++)
        nj_buf_put_text(&text, "0123456789");
    gzip_add(&gz, text.ptr, text.len);
    zstd_add(&zst, text.ptr, text.len);
    assert_reads(nj_buf_slice(&gz), nj_buf_slice(&text), 50000);
    assert_reads(nj_buf_slice(&zst), nj_buf_slice(&text), 50000);
    nj_buf_fini(&text);
    nj_buf_fini(&gz);
    nj_buf_fini(&zst);
}

/* What is whole before the damage is shown, and the damage is an error every time. */
static void
assert_damaged(struct nj_slice raw, struct nj_slice text, size_t want_at_least)
{
    struct nj_stream *s;
    struct nj_error err = {0};
    struct nj_buf got = {0};

    assert_int_equal(nj_stream_open_memory(&s, raw, &err), NJ_OK);
    assert_true(nj_stream_is_compressed(s));
    assert_int_equal(drain(s, &got), NJ_EFORMAT);
    assert_int_equal(nj_stream_more(s, &err), NJ_EFORMAT);
    assert_true(got.len >= want_at_least);
    assert_true(got.len <= text.len);
    if (got.len)
        assert_memory_equal(got.ptr, text.ptr, got.len);
    nj_buf_fini(&got);
    nj_stream_close(s);
}

static void
shows_what_precedes_a_cut_in_compressed_input(void **state)
{
    struct nj_buf text = sample(600000), gz = {0}, zst = {0};

    (void)state;
    gzip_add(&gz, text.ptr, 300000);
    gzip_add(&gz, text.ptr + 300000, 300000);
    zstd_add(&zst, text.ptr, 300000);
    zstd_add(&zst, text.ptr + 300000, 300000);
    for (size_t keep = 6; keep < gz.len; keep += 9973)
        assert_damaged((struct nj_slice){gz.ptr, keep}, nj_buf_slice(&text),
                       keep > gz.len / 2 + 10 ? 300000 : 0);
    for (size_t keep = 6; keep < zst.len; keep += 9973)
        if (keep < zst.len / 2 - 20 || keep > zst.len / 2 + 20)
            assert_damaged((struct nj_slice){zst.ptr, keep}, nj_buf_slice(&text),
                           keep > zst.len / 2 + 20 ? 300000 : 0);
    nj_buf_fini(&text);
    nj_buf_fini(&gz);
    nj_buf_fini(&zst);
}

static void
refuses_other_bytes_behind_the_last_member(void **state)
{
    struct nj_buf text = sample(1000), gz = {0}, zst = {0};

    (void)state;
    gzip_add(&gz, text.ptr, text.len);
    nj_buf_put_text(&gz, "rest of something");
    zstd_add(&zst, text.ptr, text.len);
    nj_buf_put_text(&zst, "rest of something");
    assert_damaged(nj_buf_slice(&gz), nj_buf_slice(&text), 1000);
    assert_damaged(nj_buf_slice(&zst), nj_buf_slice(&text), 1000);
    nj_buf_fini(&text);
    nj_buf_fini(&gz);
    nj_buf_fini(&zst);
}

static void
reads_files_with_size_and_digest(void **state)
{
    char path[] = "/tmp/nj_stream_XXXXXX", digest[33], again[33];
    struct nj_buf text = sample(500000), got = {0};
    struct nj_stream *s;
    struct nj_error err = {0};

    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.ptr, text.len), text.len);
    (void)close(fd);
    assert_int_equal(nj_stream_open(&s, path, &err), NJ_OK);
    assert_int_equal(drain(s, &got), NJ_DONE);
    assert_true(nj_slice_eq(nj_buf_slice(&got), nj_buf_slice(&text)));
    assert_int_equal(nj_stream_raw_size(s), text.len);
    nj_stream_digest(s, digest);
    nj_stream_close(s);
    assert_int_equal(nj_stream_open_memory(&s, nj_buf_slice(&text), &err), NJ_OK);
    assert_int_equal(nj_stream_skip_to(s, 400000, &err), NJ_OK);
    assert_int_equal(nj_stream_offset(s), 400000);
    assert_int_equal(nj_stream_skip_to(s, 500001, &err), NJ_DONE);
    nj_stream_digest(s, again);
    assert_string_equal(digest, again);
    nj_stream_close(s);
    (void)unlink(path);
    nj_buf_fini(&got);
    nj_buf_fini(&text);
}

static void
names_what_it_cannot_open(void **state)
{
    struct nj_stream *s;
    struct nj_error err = {0};

    (void)state;
    assert_int_equal(nj_stream_open(&s, "/nowhere/at-all.json", &err), NJ_EIO);
    assert_non_null(strstr(err.causes[0], "/nowhere/at-all.json"));
    assert_null(s);
    nj_error_clear(&err);
    assert_int_equal(nj_stream_open(&s, "/tmp", &err), NJ_EIO);
    assert_non_null(strstr(err.causes[0], "a directory"));
    nj_error_clear(&err);
    assert_int_equal(nj_stream_open(&s, "/dev/null", &err), NJ_EIO);
}

static void
reads_a_pipe_as_standard_input(void **state)
{
    struct nj_stream *s;
    struct nj_error err = {0};
    struct nj_buf got = {0};
    int ends[2], saved = dup(STDIN_FILENO);

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "{\"a\":1}\n", 8), 8);
    (void)close(ends[1]);
    assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
    assert_int_equal(nj_stream_open(&s, "-", &err), NJ_OK);
    assert_int_equal(drain(s, &got), NJ_DONE);
    assert_slice_equal(nj_buf_slice(&got), "{\"a\":1}\n");
    assert_int_equal(nj_stream_raw_size(s), 0);
    nj_stream_close(s);
    nj_buf_fini(&got);
    (void)dup2(saved, STDIN_FILENO);
    (void)close(saved);
    (void)close(ends[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain_memory_in_steps_of_any_size),
        cmocka_unit_test(joins_gzip_members_and_ignores_zeros_behind_them),
        cmocka_unit_test(joins_zstd_frames_and_skips_what_is_skippable),
        cmocka_unit_test(reads_highly_compressed_input_a_piece_at_a_time),
        cmocka_unit_test(shows_what_precedes_a_cut_in_compressed_input),
        cmocka_unit_test(refuses_other_bytes_behind_the_last_member),
        cmocka_unit_test(reads_files_with_size_and_digest),
        cmocka_unit_test(names_what_it_cannot_open),
        cmocka_unit_test(reads_a_pipe_as_standard_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
