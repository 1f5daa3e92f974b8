/* database.c - SQLite files for tests, out of SQL scripts. */
#include "tests/database.h"

#include "base/stream.h"
#include "tests/span_text.h"
#include "tests/test.h"

void
database_run(sqlite3 *db, const char *path)
{
    struct nj_slice script = file_read(path);
    char *message = NULL;

    assert_non_null(script.ptr);
    if (sqlite3_exec(db, script.ptr, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", path, message);
    free((void *)script.ptr);
}

struct nj_slice
database_read(const char *path)
{
    sqlite3 *db;
    sqlite3_int64 len = 0;

    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    database_run(db, path);
    unsigned char *bytes = sqlite3_serialize(db, "main", &len, 0);
    assert_non_null(bytes);
    char *copy = calloc(1, (size_t)len + NJ_STREAM_PAD);
    memcpy(copy, bytes, (size_t)len);
    sqlite3_free(bytes);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return (struct nj_slice){copy, (size_t)len};
}
