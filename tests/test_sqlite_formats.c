/* test_sqlite_formats.c - traces in SQLite files of other tools: found by their tables, read
 * with what stands beside them, and never changed. */
#include "importers/plan.h"
#include "importers/sqlite_input.h"
#include "tests/database.h"
#include "tests/span_text.h"
#include "tests/test.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PATH_BYTES = 512, NAMES_MAX = 16 };

#define MASTRA NJ_FIXTURES "/accept/mastra-sqlite/agents.sql"

static int
folder_make(void **state)
{
    const char *dir = getenv("TMPDIR");
    char *folder = malloc(PATH_BYTES);

    (void)snprintf(folder, PATH_BYTES, "%s/nightjar-test-XXXXXX", dir ? dir : "/tmp");
    *state = folder;
    return mkdtemp(folder) ? 0 : -1;
}

static int
folder_remove(void **state)
{
    char path[PATH_BYTES * 2];
    struct dirent *entry;
    DIR *dir = opendir(*state);

    while (dir && (entry = readdir(dir))) {
        (void)snprintf(path, sizeof path, "%s/%s", (char *)*state, entry->d_name);
        (void)unlink(path);
    }
    (void)closedir(dir);
    (void)rmdir(*state);
    free(*state);
    return 0;
}

static void
path_in(char out[PATH_BYTES], void *const *state, const char *name)
{
    (void)snprintf(out, PATH_BYTES, "%s/%s", (const char *)*state, name);
}

static sqlite3 *
database_open(const char *path)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void
execute(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* What an import hands over of the file at `path`, through the plan as every command does it.
 * Free with span_text_fini. */
static void
file_import(struct span_text *record, const char *path)
{
    const char *const paths[] = {path};
    struct nj_input input = {.path = path};
    struct nj_diags *diags = nj_diags_new();
    struct nj_error err = {0};
    struct nj_plan plan;

    assert_int_equal(nj_plan_make(&plan, paths, 1, diags, &err), NJ_OK);
    assert_int_equal(nj_plan_open(&input.stream, path, &err), NJ_OK);
    span_text_init(record);
    enum nj_status st = plan.inputs[0].importer->read(&input, &record->sink, &err);
    if (st < 0)
        fail_msg("%s", err.causes[0]);
    nj_stream_close(input.stream);
    nj_plan_fini(&plan);
    free(diags);
}

/* Everything in a folder: names, times of change, bytes. */
static char *
folder_print(const char *folder)
{
    char names[NAMES_MAX][256], path[PATH_BYTES * 2];
    struct nj_buf out = {0};
    struct dirent *entry;
    DIR *dir = opendir(folder);
    size_t len = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)) && len < NAMES_MAX)
        if (entry->d_name[0] != '.')
            (void)snprintf(names[len++], sizeof names[0], "%.255s", entry->d_name);
    (void)closedir(dir);
    qsort(names, len, sizeof names[0], (int (*)(const void *, const void *))strcmp);
    for (size_t i = 0; i < len; i++) {
        struct stat info;
        (void)snprintf(path, sizeof path, "%.700s/%.255s", folder, names[i]);
        assert_int_equal(stat(path, &info), 0);
        nj_buf_printf(&out, "\n%s %ld.%09ld ", names[i], (long)info.st_mtim.tv_sec,
                      info.st_mtim.tv_nsec);
        struct nj_slice bytes = file_read(path);
        for (size_t k = 0; k < bytes.len; k++)
            nj_buf_printf(&out, "%02x", (unsigned char)bytes.ptr[k]);
        free((void *)bytes.ptr);
    }
    nj_buf_put_char(&out, '\0');
    return out.ptr;
}

static void
reads_what_is_only_in_the_log_and_changes_nothing(void **state)
{
    char path[PATH_BYTES];
    struct span_text record;

    path_in(path, state, "store.db");
    sqlite3 *db = database_open(path);
    execute(db, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
    database_run(db, MASTRA);
    char *before = folder_print(*state);
    assert_non_null(strstr(before, "store.db-wal"));
    assert_non_null(strstr(before, "store.db-shm"));
    file_import(&record, path);
    assert_int_equal(record.spans_len, 6);
    span_text_fini(&record);
    char *after = folder_print(*state);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
changes_nothing_of_a_file_that_stands_alone(void **state)
{
    char path[PATH_BYTES];
    struct span_text record;

    path_in(path, state, "alone 100%.db");
    sqlite3 *db = database_open(path);
    database_run(db, MASTRA);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    char *before = folder_print(*state);
    file_import(&record, path);
    assert_int_equal(record.spans_len, 6);
    span_text_fini(&record);
    char *after = folder_print(*state);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void
finds_tables_behind_a_long_schema(void **state)
{
    char path[PATH_BYTES], table[300];
    struct span_text record;

    path_in(path, state, "long.db");
    sqlite3 *db = database_open(path);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(table, sizeof table,
                       "CREATE TABLE other_%d (a_rather_long_name_of_a_column_%d TEXT NOT NULL,"
                       " another_rather_long_name_of_a_column_%d TEXT NOT NULL)",
                       i, i, i);
        execute(db, table);
    }
    database_run(db, MASTRA);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    struct nj_slice bytes = file_read(path);
    assert_null(nj_importer_sniff((struct nj_slice){bytes.ptr, NJ_SNIFF_BYTES}, false));
    free((void *)bytes.ptr);
    file_import(&record, path);
    assert_int_equal(record.spans_len, 6);
    span_text_fini(&record);
}

static void
reads_a_compressed_file(void **state)
{
    char path[PATH_BYTES];
    struct nj_slice bytes = database_read(MASTRA);
    struct span_text record;

    path_in(path, state, "store.db.gz");
    gzFile file = gzopen(path, "wb");
    assert_int_equal(gzwrite(file, bytes.ptr, (unsigned)bytes.len), bytes.len);
    assert_int_equal(gzclose(file), Z_OK);
    free((void *)bytes.ptr);
    file_import(&record, path);
    assert_int_equal(record.spans_len, 6);
    span_text_fini(&record);
}

static void
refuses_a_database_of_something_else(void **state)
{
    char path[PATH_BYTES];
    const char *const paths[] = {path};
    struct nj_diags *diags = nj_diags_new();
    struct nj_error err = {0};
    struct nj_plan plan;

    path_in(path, state, "other.db");
    sqlite3 *db = database_open(path);
    execute(db, "CREATE TABLE spans (a)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(nj_plan_make(&plan, paths, 1, diags, &err), NJ_EFORMAT);
    assert_non_null(strstr(err.causes[0], "other.db"));
    nj_plan_fini(&plan);
    free(diags);
}

static void
says_which_table_has_not_the_columns(void **state)
{
    char path[PATH_BYTES];
    struct nj_error err = {0};
    struct span_text record;

    path_in(path, state, "odd.db");
    sqlite3 *db = database_open(path);
    execute(db, "CREATE TABLE mastra_ai_spans (a)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    struct nj_slice bytes = file_read(path);
    span_text_init(&record);
    assert_int_equal(span_text_read(&record, NULL, bytes, path, &err), NJ_EFORMAT);
    bool is_named = false;
    for (size_t i = 0; i < err.causes_len; i++)
        is_named |= strstr(err.causes[i], "odd.db") && strstr(err.causes[i], "mastra_ai_spans");
    assert_true(is_named);
    span_text_fini(&record);
    free((void *)bytes.ptr);
}

enum { MANY_SPANS = 400, PAGE_BYTES = 512 };

/* A store of small pages with many spans; its length. */
static size_t
many_spans_make(const char *path)
{
    sqlite3 *db = database_open(path);

    execute(db, "PRAGMA page_size = 512");
    database_run(db, MASTRA);
    execute(db, "DELETE FROM mastra_ai_spans");
    execute(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
                " INSERT INTO mastra_ai_spans (traceId, spanId, name, spanType, isEvent,"
                " startedAt, createdAt) SELECT printf('%032x', 1 + i / 10), printf('%016x', i),"
                " 'work', 'generic', 0, '2026-03-01T10:00:00.000Z', '2026-03-01T10:00:00.000Z'"
                " FROM n; VACUUM");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (size_t)info.st_size;
}

/* Imports the damaged file and says how many spans were read of it. */
static size_t
damaged_import(const char *path, void *const *state)
{
    struct span_text record;
    char *before = folder_print(*state);

    file_import(&record, path);
    const struct nj_diag_count *damage = &record.sink.diags->counts[NJ_DIAG_TABLE_DAMAGED];
    assert_true(damage->count > 0);
    assert_non_null(strstr(damage->places[0], "table mastra_ai_spans behind row"));
    size_t len = record.spans_len;
    span_text_fini(&record);
    char *after = folder_print(*state);
    assert_string_equal(before, after);
    free(before);
    free(after);
    return len;
}

static void
reads_the_rows_around_a_damaged_page(void **state)
{
    char path[PATH_BYTES], noise[PAGE_BYTES];

    path_in(path, state, "damaged.db");
    size_t len = many_spans_make(path);
    memset(noise, 0xA5, sizeof noise);
    FILE *file = fopen(path, "r+b");
    assert_int_equal(fseek(file, (long)(len / 2 / PAGE_BYTES * PAGE_BYTES), SEEK_SET), 0);
    assert_int_equal(fwrite(noise, 1, sizeof noise, file), sizeof noise);
    assert_int_equal(fclose(file), 0);
    size_t read = damaged_import(path, state);
    assert_true(read < MANY_SPANS && read >= MANY_SPANS - 20);
}

static void
reads_what_is_left_of_a_file_that_is_cut_off(void **state)
{
    char path[PATH_BYTES];

    path_in(path, state, "cut.db");
    size_t len = many_spans_make(path);
    assert_int_equal(truncate(path, (off_t)(len / 2)), 0);
    size_t read = damaged_import(path, state);
    assert_true(read < MANY_SPANS && read > MANY_SPANS / 10);
}

static void
reads_the_store_that_mastra_wrote(void **state)
{
    const char *data = getenv("NIGHTJAR_DATA");
    char path[PATH_BYTES];
    struct span_text record;
    size_t events = 0;

    (void)state;
    if (!data)
        skip();
    (void)snprintf(path, sizeof path, "%s/producers/mastra.db", data);
    file_import(&record, path);
    assert_int_equal(record.spans_len, 124);
    nj_buf_put_char(&record.text, '\0');
    for (const char *at = record.text.ptr; (at = strstr(at, "\n  event ")); at++)
        events++;
    assert_int_equal(events, 94);
    span_text_fini(&record);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_what_is_only_in_the_log_and_changes_nothing,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(changes_nothing_of_a_file_that_stands_alone,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(finds_tables_behind_a_long_schema, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(reads_a_compressed_file, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(refuses_a_database_of_something_else, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(says_which_table_has_not_the_columns, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(reads_the_rows_around_a_damaged_page, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(reads_what_is_left_of_a_file_that_is_cut_off,
                                        folder_make, folder_remove),
        cmocka_unit_test(reads_the_store_that_mastra_wrote),
    };
    return cmocka_run_group_tests_name("sqlite_formats", tests, NULL, NULL);
}
