/* source.c - whole traces out of a store, in the order of their numbers.
 *
 * SQLite hands the rows of many traces to an aggregate function in one step: that is twice as
 * fast as taking them row by row and column by column. */
#include "base/grow.h"
#include "store/chunks.h"
#include "store/columns.h"
#include "store/handle.h"
#include "store/packed.h"
#include "store/payload.h"

#include <stdlib.h>

/* Traces are taken until they have this many spans, so that a step is worth its while. */
enum { ROUND_SPANS = 4096 };

#define SPANS_SQL(columns)                                                                     \
    "SELECT nj_collect(" columns ") FROM spans WHERE trace >= ? AND trace <= ?"
static const struct {
    const char *spans_sql;
    int columns_len;
} layouts[] = {{SPANS_SQL(NJ_SPAN_COLUMNS), NJ_SPAN_COLUMNS_LEN},
               {SPANS_SQL(NJ_SKELETON_COLUMNS), NJ_SKELETON_COLUMNS_LEN}};
static const char traces_sql[] =
    "SELECT number, id, text, spans FROM traces WHERE number >= ? AND number < ?"
    " ORDER BY number";

/* A trace of the round at hand. */
struct found {
    struct nj_raw_trace trace; /* .rows is not set */
    size_t rows_at;
};

struct source {
    struct nj_source base; /* first: the callbacks find the source by it */
    const struct nj_store *store;
    sqlite3 *db;
    sqlite3_stmt *spans, *traces;
    sqlite3_stmt *scope;      /* NULL until it is asked for */
    struct nj_chunks *chunks; /* likewise */
    struct nj_arena *texts;   /* of the round */
    struct found *found;
    size_t found_len, found_cap;
    size_t next;       /* in found: the trace that is handed out next */
    size_t collecting; /* in found: the trace whose rows arrive */
    bool is_at_end;    /* there are no more traces to find */
    struct nj_row *rows;
    size_t rows_len, rows_cap;
    struct nj_buf facts;
    const char *damage; /* what was wrong with a row; NULL: nothing */
    bool is_failed;     /* no memory for a row */
    uint64_t number;    /* of the trace that was handed out last */
    struct nj_trace_id id;
    struct nj_slice text;
};

static enum nj_status
damaged(const struct source *source, const char *what, uint64_t number, struct nj_error *err)
{
    return nj_fail(err, NJ_ESTORE, "%s: damaged: %s in trace %llu", source->store->name, what,
                   (unsigned long long)number);
}

/* A row with a column for each cell. */
static void
cells_read(struct nj_cells *cells, sqlite3_value **columns, struct nj_slice *facts)
{
    sqlite3_value *parent = columns[NJ_SPAN_PARENT];

    cells->end_ns = (int64_t)((uint64_t)cells->start_ns +
                              (uint64_t)sqlite3_value_int64(columns[NJ_SPAN_DURATION]));
    cells->has_parent = sqlite3_value_type(parent) != SQLITE_NULL;
    cells->parent_id = (uint64_t)sqlite3_value_int64(parent);
    int64_t class = sqlite3_value_int64(columns[NJ_SPAN_CLASS]);
    cells->class = class >= 0 && class < UINT32_MAX ? (uint32_t) class : UINT32_MAX;
    cells->payload = (uint64_t)sqlite3_value_int64(columns[NJ_SPAN_PAYLOAD]);
    for (int i = 0; i < NJ_TOKENS_LEN; i++) {
        sqlite3_value *tokens = columns[NJ_SPAN_TOKENS + i];
        cells->tokens[i] =
            sqlite3_value_type(tokens) == SQLITE_NULL ? -1 : sqlite3_value_int64(tokens);
    }
    facts->ptr = sqlite3_value_blob(columns[NJ_SPAN_FACTS]);
    facts->len = facts->ptr ? (size_t)sqlite3_value_bytes(columns[NJ_SPAN_FACTS]) : 0;
}

/* A row of a skeleton. */
static bool
packed_read(struct nj_cells *cells, sqlite3_value **columns, struct nj_slice *facts)
{
    struct nj_slice bytes = {sqlite3_value_blob(columns[NJ_SKELETON_PACKED]), 0};

    bytes.len = bytes.ptr ? (size_t)sqlite3_value_bytes(columns[NJ_SKELETON_PACKED]) : 0;
    return nj_packed_read(bytes, cells, facts);
}

static struct nj_row
row_of(const struct nj_cells *cells, const struct nj_class *class)
{
    struct nj_row row = {.span_id = cells->span_id,
                         .parent_id = cells->parent_id,
                         .digest = cells->digest,
                         .start_ns = cells->start_ns,
                         .end_ns = cells->end_ns,
                         .payload = cells->payload};

    memcpy(row.tokens, cells->tokens, sizeof row.tokens);
    nj_class_apply(class, &row);
    return row;
}

/* The trace among those of the round that this row belongs to; NULL: none. */
static struct found *
found_of(struct source *source, uint64_t trace)
{
    while (source->collecting < source->found_len &&
           source->found[source->collecting].trace.number < trace)
        source->collecting++;
    bool is_there = source->collecting < source->found_len &&
                    source->found[source->collecting].trace.number == trace;
    return is_there ? &source->found[source->collecting] : NULL;
}

/* One row into the source. What it says of its trace is held against what the traces say. */
static bool
row_collect(struct source *source, sqlite3_value **columns)
{
    struct found *found =
        found_of(source, (uint64_t)sqlite3_value_int64(columns[NJ_SPAN_TRACE]));
    struct nj_cells cells = {
        .start_ns = sqlite3_value_int64(columns[NJ_SPAN_START]),
        .span_id = (uint64_t)sqlite3_value_int64(columns[NJ_SPAN_SPAN_ID]),
        .digest = (uint64_t)sqlite3_value_int64(columns[NJ_SPAN_DIGEST]),
    };
    struct nj_slice facts = {NULL, 0};
    bool is_whole = true;

    if (nj_store_has_contents(source->store))
        cells_read(&cells, columns, &facts);
    else
        is_whole = packed_read(&cells, columns, &facts);
    if (!found || !is_whole || cells.class >= source->store->classes_len) {
        source->damage = !found      ? "a span without a trace"
                         : !is_whole ? "a span that is cut off"
                                     : "a span without a class";
        return false;
    }
    struct nj_row *rows =
        nj_grow(source->rows, source->rows_len, &source->rows_cap, sizeof *rows);
    if (!rows || found->trace.rows_len == UINT32_MAX) {
        source->is_failed = true;
        return false;
    }
    source->rows = rows;
    if (found->trace.rows_len++ == 0)
        found->rows_at = source->rows_len;
    struct nj_row *row = &rows[source->rows_len++];
    *row = row_of(&cells, &source->store->classes[cells.class]);
    row->facts.len = facts.len; /* facts_settle says where */
    nj_buf_put(&source->facts, facts.ptr, facts.len);
    return true;
}

static void
collect_step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct source *source = sqlite3_user_data(context);

    (void)argc;
    if (!row_collect(source, argv))
        sqlite3_result_error(context, "a row is damaged", -1);
}

static void
collect_final(sqlite3_context *context)
{
    sqlite3_result_null(context);
}

/* The buffer of facts moves while it grows, so pointers into it are made at the end. */
static void
facts_settle(struct source *source)
{
    const char *at = source->facts.ptr;

    for (size_t i = 0; i < source->rows_len; i++) {
        source->rows[i].facts.ptr = at;
        at = at ? at + source->rows[i].facts.len : NULL;
    }
}

static bool
id_read(struct nj_trace_id *out, struct nj_slice *text, sqlite3_stmt *stmt, int column)
{
    struct nj_slice id = nj_db_blob(stmt, column);

    if (id.len != sizeof out->bytes)
        return false;
    memcpy(out->bytes, id.ptr, sizeof out->bytes);
    *text = nj_db_text(stmt, column + 1);
    return true;
}

static enum nj_status
trace_find(struct source *source, struct nj_error *err)
{
    struct found *list =
        nj_grow(source->found, source->found_len, &source->found_cap, sizeof *list);
    uint64_t number = (uint64_t)sqlite3_column_int64(source->traces, 0);
    struct nj_slice text;

    if (!list)
        return nj_fail(err, NJ_ENOMEM, "no memory to read traces");
    source->found = list;
    struct found *found = &list[source->found_len++];
    *found = (struct found){.trace = {.number = number, .text = {"", 0}}};
    if (!id_read(&found->trace.id, &text, source->traces, 1))
        return damaged(source, "the id", number, err);
    if (text.len)
        found->trace.text = nj_arena_copy(source->texts, text);
    return found->trace.text.ptr ? NJ_OK : nj_fail(err, NJ_ENOMEM, "no memory to read traces");
}

/* The traces of the next round into source->found; NJ_DONE: there are none. */
static enum nj_status
traces_find(struct source *source, struct nj_error *err)
{
    int64_t spans = 0;
    enum nj_status st = NJ_OK;

    nj_arena_reset(source->texts);
    source->found_len = source->next = source->collecting = 0;
    source->rows_len = source->facts.len = 0;
    while (spans < ROUND_SPANS && !source->is_at_end) {
        st = nj_db_step(source->traces, err);
        int64_t more = sqlite3_column_int64(source->traces, 3);
        source->is_at_end = st != NJ_OK;
        if (st == NJ_OK)
            st = trace_find(source, err);
        if (st < 0)
            return st;
        spans += more > 0 && more < ROUND_SPANS ? more : ROUND_SPANS;
    }
    return source->found_len > 0 ? NJ_OK : NJ_DONE;
}

static enum nj_status
round_read(struct source *source, struct nj_error *err)
{
    enum nj_status st = traces_find(source, err);

    if (st != NJ_OK)
        return st;
    uint64_t first = source->found[0].trace.number;
    uint64_t last = source->found[source->found_len - 1].trace.number;
    (void)sqlite3_bind_int64(source->spans, 1, (int64_t)first);
    (void)sqlite3_bind_int64(source->spans, 2, (int64_t)last);
    source->damage = NULL;
    st = nj_db_run(source->spans, source->damage ? NULL : err);
    if (source->is_failed || source->facts.is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for the spans of a trace");
    if (source->damage)
        return damaged(source, source->damage, first, err);
    facts_settle(source);
    return st;
}

static enum nj_status
source_next(struct nj_source *base, struct nj_raw_trace *out, struct nj_error *err)
{
    struct source *source = (struct source *)base;
    enum nj_status st = source->next == source->found_len ? round_read(source, err) : NJ_OK;

    if (st != NJ_OK)
        return st;
    struct found *found = &source->found[source->next++];
    if (found->trace.rows_len)
        found->trace.rows = &source->rows[found->rows_at];
    source->number = found->trace.number;
    source->id = found->trace.id;
    source->text = found->trace.text;
    *out = found->trace;
    return NJ_OK;
}

static void
source_close(struct nj_source *base)
{
    struct source *source = (struct source *)base;

    nj_chunks_close(source->chunks);
    (void)sqlite3_finalize(source->spans);
    (void)sqlite3_finalize(source->traces);
    (void)sqlite3_finalize(source->scope);
    (void)sqlite3_close(source->db);
    nj_arena_free(source->texts);
    free(source->found);
    free(source->rows);
    nj_buf_fini(&source->facts);
    free(source);
}

static enum nj_status
source_begin(struct source *source, struct nj_error *err)
{
    bool is_skeleton = !nj_store_has_contents(source->store);
    enum nj_status st = nj_store_connect(&source->db, source->store, err);

    if (st == NJ_OK && !source->texts)
        st = nj_fail(err, NJ_ENOMEM, "no memory to read traces");
    if (st == NJ_OK && sqlite3_create_function(
                           source->db, "nj_collect", layouts[is_skeleton].columns_len,
                           SQLITE_UTF8, source, NULL, collect_step, collect_final) != SQLITE_OK)
        st = nj_db_fail(err, source->db, "preparing to read spans");
    if (st == NJ_OK)
        st = nj_db_prepare(&source->traces, source->db, traces_sql, err);
    if (st == NJ_OK)
        st = nj_db_prepare(&source->spans, source->db, layouts[is_skeleton].spans_sql, err);
    return st;
}

enum nj_status
nj_source_open(const struct nj_corpus *corpus, uint64_t first, uint64_t last,
               struct nj_source **out, struct nj_error *err)
{
    struct source *source = calloc(1, sizeof *source);

    if (!source)
        return nj_fail(err, NJ_ENOMEM, "no memory to read traces");
    source->base = (struct nj_source){.next = source_next, .close = source_close};
    source->store = (const struct nj_store *)corpus;
    source->texts = nj_arena_new(16 << 10);
    enum nj_status st = source_begin(source, err);
    if (st < 0) {
        source_close(&source->base);
        return st;
    }
    (void)sqlite3_bind_int64(source->traces, 1, (int64_t)first);
    (void)sqlite3_bind_int64(source->traces, 2, last > INT64_MAX ? INT64_MAX : (int64_t)last);
    *out = &source->base;
    return NJ_OK;
}

enum nj_status
nj_source_infos(const struct nj_corpus *corpus, struct nj_arena *arena,
                struct nj_trace_info **out, struct nj_error *err)
{
    const struct nj_store *store = (const struct nj_store *)corpus;
    struct nj_trace_info *infos = NJ_NEW(arena, struct nj_trace_info, corpus->traces_len);
    sqlite3_stmt *stmt = NULL;
    uint64_t len = 0;

    if (!infos && corpus->traces_len > 0)
        return nj_fail(err, NJ_ENOMEM, "no memory for the list of traces");
    enum nj_status st = nj_db_prepare(
        &stmt, store->db,
        "SELECT number, start_ns, spans, id, text FROM traces ORDER BY number", err);
    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK) {
        struct nj_slice text;
        if (sqlite3_column_int64(stmt, 0) != (int64_t)len || len == corpus->traces_len ||
            !id_read(&infos[len].id, &text, stmt, 3)) {
            st = nj_fail(err, NJ_ESTORE, "%s: damaged: trace %llu is not whole", store->name,
                         (unsigned long long)len);
            break;
        }
        infos[len].text = text.len ? nj_arena_copy(arena, text) : (struct nj_slice){"", 0};
        infos[len].start_ns = sqlite3_column_int64(stmt, 1);
        infos[len].spans_len = (uint32_t)sqlite3_column_int64(stmt, 2);
        if (!infos[len++].text.ptr)
            st = nj_fail(err, NJ_ENOMEM, "no memory for the list of traces");
    }
    (void)sqlite3_finalize(stmt);
    *out = infos;
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_source_payload(struct nj_source *base, const struct nj_row *row, struct nj_arena *arena,
                  struct nj_span *out, struct nj_error *err)
{
    struct source *source = (struct source *)base;
    struct nj_slice bytes;
    bool is_failed = false;
    enum nj_status st = NJ_OK;

    if (!nj_store_has_contents(source->store))
        return nj_fail(err, NJ_EBUG, "the contents of spans were not kept");
    if (!source->chunks)
        st = nj_chunks_open(&source->chunks, source->db, err);
    if (st == NJ_OK)
        st = nj_chunks_get(source->chunks, row->payload, &bytes, err);
    if (st < 0)
        return st;
    bool is_whole =
        nj_payload_read(out, bytes, row, source->store->corpus.names, arena, &is_failed);
    if (is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for the content of a span");
    if (!is_whole)
        return damaged(source, "the content of a span", source->number, err);
    out->trace_id = source->id;
    out->trace_text = nj_arena_copy(arena, source->text);
    return out->trace_text.ptr ? NJ_OK : nj_fail(err, NJ_ENOMEM, "no memory for a trace id");
}

enum nj_status
nj_source_scope(struct nj_source *base, uint32_t index, struct nj_arena *arena,
                struct nj_scope *out, struct nj_error *err)
{
    struct source *source = (struct source *)base;
    bool is_failed = false, is_whole = false;
    enum nj_status st = NJ_OK;

    if (!source->scope)
        st = nj_db_prepare(&source->scope, source->db,
                           "SELECT content FROM scopes WHERE id = ?", err);
    if (st < 0)
        return st;
    (void)sqlite3_bind_int64(source->scope, 1, index);
    st = nj_db_step(source->scope, err);
    if (st == NJ_OK)
        is_whole = nj_scope_read(out, nj_db_blob(source->scope, 0), arena, &is_failed);
    (void)sqlite3_reset(source->scope);
    if (st < 0)
        return st;
    if (is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for a scope");
    return is_whole ? NJ_OK : damaged(source, "a scope", source->number, err);
}
