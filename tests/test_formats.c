/* test_formats.c - every fixture of every format: recognised as its own format and no other,
 * and read as written down beside it, where something is. With NJ_GOLDEN_WRITE set, what is
 * written down is made anew, to be looked at before it is committed. */
#include "tests/test.h"

#include "importers/importer.h"
#include "tests/database.h"
#include "tests/span_text.h"

#include <dirent.h>
#include <stdio.h>

enum { FILES_MAX = 200, PATH_BYTES = 512 };

struct files {
    char paths[FILES_MAX][PATH_BYTES];
    size_t len;
};

static int
path_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The files of a folder but what was written down beside them, sorted. */
static void
files_list(struct files *files, const char *kind, const char *importer)
{
    char folder[PATH_BYTES / 2];
    struct dirent *entry;

    files->len = 0;
    (void)snprintf(folder, sizeof folder, NJ_FIXTURES "/%s/%s", kind, importer);
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        struct nj_slice name = nj_slice_of(entry->d_name);
        if (name.ptr[0] == '.' || nj_slice_ends(name, NJ_SLICE(".spans")))
            continue;
        assert_true(files->len < FILES_MAX);
        (void)snprintf(files->paths[files->len++], PATH_BYTES, "%s/%s", folder, entry->d_name);
    }
    if (dir)
        (void)closedir(dir);
    qsort(files->paths, files->len, sizeof files->paths[0], path_compare);
}

/* What the importers say to the front of a file. */
static const struct nj_importer *
sniff(struct nj_slice bytes, size_t *claims)
{
    struct nj_stream *stream;
    struct nj_error err = {0};

    assert_int_equal(nj_stream_open_memory(&stream, bytes, &err), NJ_OK);
    assert_true(nj_stream_want(stream, NJ_SNIFF_BYTES, &err) <= 0);
    struct nj_slice head = nj_stream_window(stream);
    bool is_whole = head.len <= NJ_SNIFF_BYTES;
    head.len = is_whole ? head.len : NJ_SNIFF_BYTES;
    const struct nj_importer *best = nj_importer_sniff(head, is_whole);
    *claims = 0;
    for (size_t i = 0; i < nj_importers_len; i++)
        *claims += nj_importer_sure(nj_importers[i], head, is_whole) > 0;
    nj_stream_close(stream);
    return best;
}

static void
golden_compare(const char *path, const struct nj_buf *text)
{
    char golden_path[PATH_BYTES + 8];

    (void)snprintf(golden_path, sizeof golden_path, "%s.spans", path);
    struct nj_slice golden = file_read(golden_path);
    if (!golden.ptr)
        return;
    if (getenv("NJ_GOLDEN_WRITE")) {
        FILE *file = fopen(golden_path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(text->ptr, 1, text->len, file), text->len);
        assert_int_equal(fclose(file), 0);
    } else if (!nj_slice_eq(golden, nj_buf_slice(text)))
        fail_msg("%s is read otherwise than %s says:\n%.*s", path, golden_path, (int)text->len,
                 text->ptr);
    free((void *)golden.ptr);
}

static void
accepted(const struct nj_importer *importer, const char *path)
{
    bool is_script = nj_slice_ends(nj_slice_of(path), NJ_SLICE(".sql"));
    struct nj_slice bytes = is_script ? database_read(path) : file_read(path);
    struct span_text record;
    struct nj_error err = {0};
    size_t claims;

    assert_non_null(bytes.ptr);
    const struct nj_importer *best = sniff(bytes, &claims);
    if (best != importer)
        fail_msg("%s is taken for %s", path, best ? best->name : "nothing");
    if (claims != 1)
        fail_msg("%s is claimed by %zu importers", path, claims);
    span_text_init(&record);
    const char *name = is_script ? "-" : strrchr(path, '/') + 1;
    if (span_text_read(&record, importer, bytes, name, &err) != NJ_OK)
        fail_msg("%s: %s", path, err.causes[0]);
    assert_true(record.spans_len > 0);
    span_text_put_diags(&record);
    golden_compare(path, &record.text);
    span_text_fini(&record);
    free((void *)bytes.ptr);
}

static void
reads_every_accepted_fixture_as_its_own_format(void **unused)
{
    (void)unused;
    static struct files files;

    for (size_t i = 0; i < nj_importers_len; i++) {
        files_list(&files, "accept", nj_importers[i]->name);
        for (size_t k = 0; k < files.len; k++)
            accepted(nj_importers[i], files.paths[k]);
    }
}

static void
says_where_a_rejected_fixture_is_wrong(void **unused)
{
    (void)unused;
    static struct files files;

    for (size_t i = 0; i < nj_importers_len; i++) {
        files_list(&files, "reject", nj_importers[i]->name);
        for (size_t k = 0; k < files.len; k++) {
            struct nj_slice bytes = file_read(files.paths[k]);
            struct span_text record;
            struct nj_error err = {0};
            const char *name = strrchr(files.paths[k], '/') + 1;
            span_text_init(&record);
            assert_int_equal(span_text_read(&record, nj_importers[i], bytes, name, &err),
                             NJ_EFORMAT);
            assert_true(record.spans_len == 0 && err.causes_len > 0);
            if (!strstr(err.causes[0], name) || !strstr(err.causes[0], "byte"))
                fail_msg("%s: no file and place: %s", files.paths[k], err.causes[0]);
            span_text_fini(&record);
            free((void *)bytes.ptr);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_accepted_fixture_as_its_own_format),
        cmocka_unit_test(says_where_a_rejected_fixture_is_wrong),
    };
    return cmocka_run_group_tests_name("formats", tests, NULL, NULL);
}
