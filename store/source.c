/* source.c - whole traces out of a store, in the order of their numbers. */
#include "store/chunks.h"
#include "store/columns.h"
#include "store/handle.h"
#include "store/payload.h"

#include <stdlib.h>

static const char spans_sql[] =
    "SELECT " NJ_SPAN_COLUMNS " FROM spans WHERE trace >= ? AND trace < ?"
    " ORDER BY trace, start_ns, span_id, digest";
static const char traces_sql[] =
    "SELECT number, id, text FROM traces WHERE number >= ? AND number < ? ORDER BY number";

struct source {
    struct nj_source base; /* first: the callbacks find the source by it */
    const struct nj_store *store;
    sqlite3 *db;
    sqlite3_stmt *spans, *traces;
    sqlite3_stmt *scope;      /* NULL until it is asked for */
    struct nj_chunks *chunks; /* likewise */
    bool has_row;             /* `spans` stands on a row that was not taken yet */
    struct nj_row *rows;
    uint32_t rows_len, rows_cap;
    struct nj_buf facts; /* of the current trace */
    struct nj_raw_trace current;
};

static enum nj_status
damaged(const struct source *source, const char *what, struct nj_error *err)
{
    return nj_fail(err, NJ_ESTORE, "%s: damaged: %s in trace %llu", source->store->path, what,
                   (unsigned long long)source->current.number);
}

/* A number that must be below `limit`; *ok is cleared when it is not. */
static uint32_t
small_read(sqlite3_stmt *stmt, int column, uint32_t limit, bool *ok)
{
    int64_t value = sqlite3_column_int64(stmt, column);

    if (value < 0 || value >= limit) {
        *ok = false;
        return 0;
    }
    return (uint32_t)value;
}

static void
tokens_read(int64_t tokens[NJ_TOKENS_LEN], sqlite3_stmt *stmt)
{
    for (int i = 0; i < NJ_TOKENS_LEN; i++)
        tokens[i] = sqlite3_column_type(stmt, NJ_SPAN_TOKENS + i) == SQLITE_NULL
                        ? -1
                        : sqlite3_column_int64(stmt, NJ_SPAN_TOKENS + i);
}

/* false: a column holds what cannot be. Facts are not set. */
static bool
row_read(struct nj_row *row, sqlite3_stmt *stmt, const struct nj_corpus *corpus)
{
    uint32_t names = nj_names_len(corpus->names);
    bool ok = true;

    row->start_ns = sqlite3_column_int64(stmt, NJ_SPAN_START);
    row->end_ns = (int64_t)((uint64_t)row->start_ns +
                            (uint64_t)sqlite3_column_int64(stmt, NJ_SPAN_DURATION));
    row->span_id = (uint64_t)sqlite3_column_int64(stmt, NJ_SPAN_SPAN_ID);
    row->digest = (uint64_t)sqlite3_column_int64(stmt, NJ_SPAN_DIGEST);
    row->parent_id = (uint64_t)sqlite3_column_int64(stmt, NJ_SPAN_PARENT);
    row->name = small_read(stmt, NJ_SPAN_NAME, names, &ok);
    row->operation = small_read(stmt, NJ_SPAN_OPERATION, names, &ok);
    row->agent = small_read(stmt, NJ_SPAN_AGENT, names, &ok);
    row->model = small_read(stmt, NJ_SPAN_MODEL, names, &ok);
    row->provider = small_read(stmt, NJ_SPAN_PROVIDER, names, &ok);
    row->tool = small_read(stmt, NJ_SPAN_TOOL, names, &ok);
    row->scope = small_read(stmt, NJ_SPAN_SCOPE, corpus->scopes_len, &ok);
    row->flags = small_read(stmt, NJ_SPAN_FLAGS, UINT32_MAX, &ok);
    row->kind = (uint8_t)small_read(stmt, NJ_SPAN_KIND, NJ_KINDS_LEN, &ok);
    row->how = (uint8_t)small_read(stmt, NJ_SPAN_HOW, NJ_HOW_LEN, &ok);
    row->status = (uint8_t)small_read(stmt, NJ_SPAN_STATUS, NJ_STATUS_ERROR + 1, &ok);
    row->otel_kind = (uint8_t)small_read(stmt, NJ_SPAN_OTEL_KIND, NJ_OTEL_CONSUMER + 1, &ok);
    tokens_read(row->tokens, stmt);
    row->payload = (uint64_t)sqlite3_column_int64(stmt, NJ_SPAN_PAYLOAD);
    return ok;
}

static enum nj_status
row_take(struct source *source, struct nj_error *err)
{
    if (source->rows_len == source->rows_cap) {
        uint32_t cap = source->rows_cap ? source->rows_cap * 2 : 256;
        struct nj_row *rows = realloc(source->rows, cap * sizeof *rows);
        if (!rows)
            return nj_fail(err, NJ_ENOMEM, "no memory for a trace of %u spans", cap);
        source->rows = rows;
        source->rows_cap = cap;
    }
    struct nj_row *row = &source->rows[source->rows_len++];
    if (!row_read(row, source->spans, &source->store->corpus))
        return damaged(source, "a span", err);
    struct nj_slice facts = nj_db_blob(source->spans, NJ_SPAN_FACTS);
    nj_buf_put_slice(&source->facts, facts);
    row->facts = (struct nj_slice){NULL, facts.len};
    return NJ_OK;
}

/* The buffer of facts moves while it grows, so pointers into it are made at the end. */
static void
facts_settle(struct source *source)
{
    const char *at = source->facts.ptr;

    for (uint32_t i = 0; i < source->rows_len; i++) {
        source->rows[i].facts.ptr = at;
        at = at ? at + source->rows[i].facts.len : NULL;
    }
}

/* The next row of a query into *has_row. */
static enum nj_status
row_advance(sqlite3_stmt *stmt, bool *has_row, struct nj_error *err)
{
    enum nj_status st = nj_db_step(stmt, err);

    *has_row = st == NJ_OK;
    return st < 0 ? st : NJ_OK;
}

static enum nj_status
rows_take(struct source *source, struct nj_error *err)
{
    enum nj_status st = NJ_OK;
    int64_t number = (int64_t)source->current.number;

    while (st == NJ_OK && source->has_row &&
           sqlite3_column_int64(source->spans, NJ_SPAN_TRACE) == number) {
        st = row_take(source, err);
        if (st == NJ_OK)
            st = row_advance(source->spans, &source->has_row, err);
    }
    if (st == NJ_OK && source->facts.is_failed)
        st = nj_fail(err, NJ_ENOMEM, "no memory for a trace of %u spans", source->rows_len);
    if (st == NJ_OK && source->has_row &&
        sqlite3_column_int64(source->spans, NJ_SPAN_TRACE) < number)
        st = damaged(source, "a span without a trace", err);
    return st;
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
source_next(struct nj_source *base, struct nj_raw_trace *out, struct nj_error *err)
{
    struct source *source = (struct source *)base;
    enum nj_status st = nj_db_step(source->traces, err);

    if (st == NJ_DONE && source->has_row)
        return damaged(source, "a span of a later trace that is not there", err);
    if (st != NJ_OK)
        return st;
    source->current.number = (uint64_t)sqlite3_column_int64(source->traces, 0);
    if (!id_read(&source->current.id, &source->current.text, source->traces, 1))
        return damaged(source, "the id", err);
    source->rows_len = 0;
    source->facts.len = 0;
    st = rows_take(source, err);
    if (st < 0)
        return st;
    facts_settle(source);
    source->current.rows = source->rows;
    source->current.rows_len = source->rows_len;
    *out = source->current;
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
    free(source->rows);
    nj_buf_fini(&source->facts);
    free(source);
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
    enum nj_status st = nj_store_connect(&source->db, source->store, err);
    if (st == NJ_OK)
        st = nj_db_prepare(&source->traces, source->db, traces_sql, err);
    if (st == NJ_OK)
        st = nj_db_prepare(&source->spans, source->db, spans_sql, err);
    sqlite3_stmt *both[] = {source->traces, source->spans};
    for (size_t i = 0; i < NJ_LEN(both) && st == NJ_OK; i++) {
        (void)sqlite3_bind_int64(both[i], 1, (int64_t)first);
        (void)sqlite3_bind_int64(both[i], 2, last > INT64_MAX ? INT64_MAX : (int64_t)last);
    }
    if (st == NJ_OK)
        st = row_advance(source->spans, &source->has_row, err);
    if (st < 0) {
        source_close(&source->base);
        return st;
    }
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
            st = nj_fail(err, NJ_ESTORE, "%s: damaged: trace %llu is not whole", store->path,
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
        return damaged(source, "the content of a span", err);
    out->trace_id = source->current.id;
    out->trace_text = nj_arena_copy(arena, source->current.text);
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
    return is_whole ? NJ_OK : damaged(source, "a scope", err);
}
