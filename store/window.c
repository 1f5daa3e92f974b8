/* window.c - rows that wait to be inserted together, and the virtual table through which SQLite
 * takes them. */
#include "store/window.h"

#include "base/rank.h"
#include "store/columns.h"

#include <stdlib.h>

static const char *const declarations[] = {"CREATE TABLE x(" NJ_SPAN_COLUMNS ")",
                                           "CREATE TABLE x(" NJ_SKELETON_COLUMNS ")"};

/* The update never happens: its condition marks the row and says no. */
static const char insert_sql[] =
    "INSERT INTO spans SELECT * FROM nj_window WHERE true"
    " ON CONFLICT DO UPDATE SET trace = trace WHERE nj_window_repeated()";

struct table {
    sqlite3_vtab base;
    struct nj_window *window;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct nj_window *window;
};

static int
table_connect(sqlite3 *db, void *context, int argc, const char *const *argv, sqlite3_vtab **out,
              char **message)
{
    struct table *table = sqlite3_malloc(sizeof *table);

    (void)argc;
    (void)argv;
    (void)message;
    if (!table)
        return SQLITE_NOMEM;
    *table = (struct table){.window = context};
    *out = &table->base;
    return sqlite3_declare_vtab(db, declarations[table->window->is_packed]);
}

static int
table_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

static int
table_plan(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedRows = NJ_WINDOW_ROWS;
    info->estimatedCost = NJ_WINDOW_ROWS;
    return SQLITE_OK;
}

static int
cursor_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct cursor *cursor = sqlite3_malloc(sizeof *cursor);

    if (!cursor)
        return SQLITE_NOMEM;
    *cursor = (struct cursor){.window = ((struct table *)table)->window};
    *out = &cursor->base;
    return SQLITE_OK;
}

static int
cursor_close(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int
cursor_filter(sqlite3_vtab_cursor *cursor, int number, const char *name, int argc,
              sqlite3_value **argv)
{
    (void)number;
    (void)name;
    (void)argc;
    (void)argv;
    ((struct cursor *)cursor)->window->current = 0;
    return SQLITE_OK;
}

static int
cursor_next(sqlite3_vtab_cursor *cursor)
{
    ((struct cursor *)cursor)->window->current++;
    return SQLITE_OK;
}

static int
cursor_eof(sqlite3_vtab_cursor *cursor)
{
    const struct nj_window *window = ((struct cursor *)cursor)->window;
    return window->current >= window->rows_len;
}

static int
cursor_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
    *out = ((struct cursor *)cursor)->window->current;
    return SQLITE_OK;
}

/* Where nothing is set, SQLite takes null. */
static int
cursor_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
    const struct nj_window *window = ((struct cursor *)cursor)->window;
    const struct nj_window_row *row = &window->rows[window->order[window->current]];
    const struct nj_cells *cells = &row->cells;
    int64_t value = 0;

    if (window->is_packed && column == NJ_SKELETON_PACKED)
        column = NJ_SPAN_FACTS;
    switch (column) {
    case NJ_SPAN_TRACE:
        value = (int64_t)row->trace;
        break;
    case NJ_SPAN_START:
        value = cells->start_ns;
        break;
    case NJ_SPAN_SPAN_ID:
        value = (int64_t)cells->span_id;
        break;
    case NJ_SPAN_DIGEST:
        value = (int64_t)cells->digest;
        break;
    case NJ_SPAN_PARENT:
        if (!cells->has_parent)
            return SQLITE_OK;
        value = (int64_t)cells->parent_id;
        break;
    case NJ_SPAN_DURATION:
        value = (int64_t)((uint64_t)cells->end_ns - (uint64_t)cells->start_ns);
        break;
    case NJ_SPAN_CLASS:
        value = cells->class;
        break;
    case NJ_SPAN_PAYLOAD:
        value = (int64_t)cells->payload;
        break;
    case NJ_SPAN_FACTS:
        if (cells->facts_len)
            sqlite3_result_blob(context, window->facts.ptr + row->facts_at,
                                (int)cells->facts_len, SQLITE_STATIC);
        return SQLITE_OK;
    default:
        value = cells->tokens[column - NJ_SPAN_TOKENS];
        if (value < 0)
            return SQLITE_OK;
    }
    sqlite3_result_int64(context, value);
    return SQLITE_OK;
}

/* The condition of the update: false, after the row at hand was marked. */
static void
row_repeated(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct nj_window *window = sqlite3_user_data(context);

    (void)argc;
    (void)argv;
    window->rows[window->order[window->current]].is_repeated = true;
    sqlite3_result_int(context, 0);
}

static const sqlite3_module module = {
    .xConnect = table_connect, /* without xCreate: the table is there by its name alone */
    .xBestIndex = table_plan,
    .xDisconnect = table_disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
};

enum nj_status
nj_window_init(struct nj_window *window, sqlite3 *db, bool is_packed, struct nj_error *err)
{
    *window = (struct nj_window){.is_packed = is_packed};
    window->rows = malloc(NJ_WINDOW_ROWS * sizeof *window->rows);
    window->order = malloc(NJ_WINDOW_ROWS * sizeof *window->order);
    window->scratch = nj_arena_new(NJ_WINDOW_ROWS * sizeof(struct nj_keyed));
    if (!window->rows || !window->order || !window->scratch)
        return nj_fail(err, NJ_ENOMEM, "no memory for a window of spans");
    if (sqlite3_create_module(db, "nj_window", &module, window) != SQLITE_OK ||
        sqlite3_create_function(db, "nj_window_repeated", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                window, row_repeated, NULL, NULL) != SQLITE_OK)
        return nj_db_fail(err, db, "preparing to write spans");
    return nj_db_prepare(&window->insert, db, insert_sql, err);
}

void
nj_window_fini(struct nj_window *window)
{
    (void)sqlite3_finalize(window->insert);
    free(window->rows);
    free(window->order);
    nj_arena_free(window->scratch);
    nj_buf_fini(&window->facts);
    *window = (struct nj_window){0};
}

struct tie {
    int64_t span_id, digest; /* as SQLite compares: integers with their sign */
    uint32_t index;
};

static int
tie_cmp(const void *left, const void *right)
{
    const struct tie *a = left, *b = right;

    if (a->span_id != b->span_id)
        return a->span_id < b->span_id ? -1 : 1;
    if (a->digest != b->digest)
        return a->digest < b->digest ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

/* Rows of one trace that begin together. */
static bool
ties_sort(struct nj_window *window, struct nj_keyed *items, size_t len)
{
    struct tie *ties = NJ_NEW_RAW(window->scratch, struct tie, len);

    if (!ties)
        return false;
    for (size_t i = 0; i < len; i++) {
        const struct nj_cells *cells = &window->rows[items[i].carrier].cells;
        ties[i] =
            (struct tie){(int64_t)cells->span_id, (int64_t)cells->digest, items[i].carrier};
    }
    qsort(ties, len, sizeof *ties, tie_cmp);
    for (size_t i = 0; i < len; i++)
        items[i].carrier = ties[i].index;
    return true;
}

static bool
is_tie(const struct nj_window *window, const struct nj_keyed *a, const struct nj_keyed *b)
{
    return a->key == b->key &&
           window->rows[a->carrier].cells.start_ns == window->rows[b->carrier].cells.start_ns;
}

/* By primary key: by start, then, which keeps that order, by trace; then what is left. */
static bool
rows_sort(struct nj_window *window)
{
    uint32_t len = window->rows_len;

    nj_arena_reset(window->scratch);
    struct nj_keyed *items = NJ_NEW_RAW(window->scratch, struct nj_keyed, len);
    for (uint32_t i = 0; items && i < len; i++)
        items[i] = (struct nj_keyed){nj_key_of_int(window->rows[i].cells.start_ns), i, 0};
    if (!items || nj_keyed_sort(items, len, window->scratch, NULL) < 0)
        return false;
    for (uint32_t i = 0; i < len; i++)
        items[i].key = window->rows[items[i].carrier].trace;
    if (nj_keyed_sort(items, len, window->scratch, NULL) < 0)
        return false;
    for (uint32_t at = 0, end; at < len; at = end) {
        for (end = at + 1; end < len && is_tie(window, &items[at], &items[end]);)
            end++;
        if (end - at > 1 && !ties_sort(window, items + at, end - at))
            return false;
    }
    for (uint32_t i = 0; i < len; i++)
        window->order[i] = items[i].carrier;
    return true;
}

enum nj_status
nj_window_insert(struct nj_window *window, struct nj_error *err)
{
    if (window->rows_len == 0)
        return NJ_OK;
    if (window->facts.is_failed || !rows_sort(window))
        return nj_fail(err, NJ_ENOMEM, "no memory for a window of spans");
    return nj_db_run(window->insert, err);
}

void
nj_window_clear(struct nj_window *window)
{
    window->rows_len = 0;
    window->facts.len = 0;
}
