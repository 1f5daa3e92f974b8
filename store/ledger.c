/* ledger.c - which inputs a store was made of, how far each got, and what was odd in it. */
#include "store/ledger.h"

#include "base/buf.h"
#include "store/handle.h"

#include <stdlib.h>

enum column { COL_BYTES, COL_MODIFIED, COL_OFFSET, COL_SPANS, COL_REPEATED, COL_FINISHED };

/* Every list of input columns begins with these, in this order. */
#define COLUMNS "bytes, modified_ns, offset, spans, repeated, is_finished"

static void
input_read(struct nj_store_input *out, sqlite3_stmt *stmt)
{
    *out = (struct nj_store_input){
        .bytes = (uint64_t)sqlite3_column_int64(stmt, COL_BYTES),
        .modified_ns = sqlite3_column_int64(stmt, COL_MODIFIED),
        .offset = (uint64_t)sqlite3_column_int64(stmt, COL_OFFSET),
        .spans = (uint64_t)sqlite3_column_int64(stmt, COL_SPANS),
        .repeated = (uint64_t)sqlite3_column_int64(stmt, COL_REPEATED),
        .is_finished = sqlite3_column_int(stmt, COL_FINISHED) != 0,
    };
}

enum nj_status
nj_ledger_find(sqlite3 *db, const struct nj_store_input *input, uint64_t *number,
               struct nj_store_input *out, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st =
        nj_db_prepare(&stmt, db,
                      "SELECT " COLUMNS ", number FROM inputs WHERE path = ? AND bytes = ?"
                      " AND modified_ns = ? AND NOT is_finished ORDER BY number LIMIT 1",
                      err);
    if (st < 0)
        return st;
    nj_db_bind_text(stmt, 1, input->path);
    (void)sqlite3_bind_int64(stmt, 2, (int64_t)input->bytes);
    (void)sqlite3_bind_int64(stmt, 3, input->modified_ns);
    st = nj_db_step(stmt, err);
    if (st == NJ_OK) {
        input_read(out, stmt);
        *number = (uint64_t)sqlite3_column_int64(stmt, COL_FINISHED + 1);
    }
    (void)sqlite3_finalize(stmt);
    return st;
}

static enum nj_status
input_write(sqlite3 *db, const char *sql, uint64_t number, const struct nj_store_input *input,
            struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st = nj_db_prepare(&stmt, db, sql, err);

    if (st < 0)
        return st;
    (void)sqlite3_bind_int64(stmt, 1, (int64_t)number);
    (void)sqlite3_bind_int64(stmt, 2, (int64_t)input->bytes);
    (void)sqlite3_bind_int64(stmt, 3, input->modified_ns);
    (void)sqlite3_bind_int64(stmt, 4, (int64_t)input->offset);
    (void)sqlite3_bind_int64(stmt, 5, (int64_t)input->spans);
    (void)sqlite3_bind_int64(stmt, 6, (int64_t)input->repeated);
    (void)sqlite3_bind_int(stmt, 7, input->is_finished);
    nj_db_bind_text(stmt, 8, input->format);
    nj_db_bind_text(stmt, 9, input->digest);
    nj_db_bind_text(stmt, 10, input->path);
    st = nj_db_run(stmt, err);
    (void)sqlite3_finalize(stmt);
    return st;
}

enum nj_status
nj_ledger_add(sqlite3 *db, const struct nj_store_input *input, uint64_t *number,
              struct nj_error *err)
{
    int64_t next;
    enum nj_status st =
        nj_db_integer(&next, db, "SELECT ifnull(max(number) + 1, 0) FROM inputs", err);

    if (st < 0)
        return st;
    *number = (uint64_t)next;
    return input_write(db,
                       "INSERT INTO inputs (number, " COLUMNS ", format, digest, path)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       *number, input, err);
}

enum nj_status
nj_ledger_update(sqlite3 *db, uint64_t number, const struct nj_store_input *input,
                 struct nj_error *err)
{
    return input_write(
        db,
        "UPDATE inputs SET bytes = ?2, modified_ns = ?3, offset = ?4, spans = ?5,"
        " repeated = ?6, is_finished = ?7, format = ?8, digest = ?9, path = ?10"
        " WHERE number = ?1",
        number, input, err);
}

enum nj_status
nj_ledger_remove(sqlite3 *db, uint64_t number, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st = nj_db_prepare(&stmt, db, "DELETE FROM inputs WHERE number = ?", err);

    if (st < 0)
        return st;
    (void)sqlite3_bind_int64(stmt, 1, (int64_t)number);
    st = nj_db_run(stmt, err);
    (void)sqlite3_finalize(stmt);
    return st;
}

/* Whether the query gives a row with `text` in place of its parameter. */
static enum nj_status
has_row(sqlite3 *db, const char *sql, struct nj_slice text, bool *out, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st = nj_db_prepare(&stmt, db, sql, err);

    if (st < 0)
        return st;
    nj_db_bind_text(stmt, 1, text);
    st = nj_db_step(stmt, err);
    *out = st == NJ_OK;
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_ledger_has(sqlite3 *db, struct nj_slice digest, bool *out, struct nj_error *err)
{
    return has_row(db, "SELECT 1 FROM inputs WHERE digest = ? AND is_finished", digest, out,
                   err);
}

/* Places as they are stored: one a line. */
static void
places_write(struct nj_buf *buf, const struct nj_diag_count *count)
{
    buf->len = 0;
    for (uint32_t i = 0; i < count->places_len; i++) {
        if (i > 0)
            nj_buf_put_char(buf, '\n');
        nj_buf_put_text(buf, count->places[i]);
    }
}

enum nj_status
nj_ledger_put_diags(sqlite3 *db, uint64_t number, const struct nj_diags *diags,
                    struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    struct nj_buf places = {0};
    enum nj_status st = nj_db_prepare(
        &stmt, db, "INSERT OR REPLACE INTO input_diagnostics VALUES (?, ?, ?, ?)", err);

    for (size_t i = 0; i < NJ_DIAGS_LEN && st == NJ_OK; i++) {
        if (diags->counts[i].count == 0)
            continue;
        places_write(&places, &diags->counts[i]);
        if (places.is_failed) {
            st = nj_fail(err, NJ_ENOMEM, "no memory for diagnostics");
            break;
        }
        (void)sqlite3_bind_int64(stmt, 1, (int64_t)number);
        nj_db_bind_text(stmt, 2, nj_slice_of(nj_diag_specs[i].id));
        (void)sqlite3_bind_int64(stmt, 3, (int64_t)diags->counts[i].count);
        nj_db_bind_text(stmt, 4, nj_buf_slice(&places));
        st = nj_db_run(stmt, err);
    }
    (void)sqlite3_finalize(stmt);
    nj_buf_fini(&places);
    return st;
}

static void
places_read(struct nj_diags *into, enum nj_diag_id id, struct nj_slice places)
{
    char place[NJ_DIAG_PLACE_BYTES];

    while (places.len > 0) {
        const char *newline = memchr(places.ptr, '\n', places.len);
        size_t len = newline ? (size_t)(newline - places.ptr) : places.len;
        size_t kept = len < sizeof place ? len : sizeof place - 1;
        memcpy(place, places.ptr, kept);
        place[kept] = '\0';
        nj_diag_keep(into, id, place);
        places = nj_slice_from(places, len + 1);
    }
}

enum nj_status
nj_ledger_get_diags(sqlite3 *db, size_t number, struct nj_diags *into, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st = nj_db_prepare(&stmt, db,
                                      "SELECT id, count, places FROM input_diagnostics"
                                      " WHERE input = ?1 OR ?1 = -1 ORDER BY input, id",
                                      err);
    if (st < 0)
        return st;
    (void)sqlite3_bind_int64(stmt, 1, number == SIZE_MAX ? -1 : (int64_t)number);
    while ((st = nj_db_step(stmt, err)) == NJ_OK) {
        enum nj_diag_id id = nj_diag_find(nj_db_text(stmt, 0));
        if (id == NJ_DIAGS_LEN)
            continue; /* of a version that knew more; its help is not known here */
        nj_diag_add(into, id, (uint64_t)sqlite3_column_int64(stmt, 1));
        places_read(into, id, nj_db_text(stmt, 2));
    }
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_store_diags(const struct nj_store *store, size_t number, struct nj_diags *into,
               struct nj_error *err)
{
    return nj_ledger_get_diags(store->db, number, into, err);
}

enum nj_status
nj_store_inputs(const struct nj_store *store, struct nj_arena *arena,
                struct nj_store_input **out, size_t *len, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int64_t count;
    size_t i = 0;
    enum nj_status st = nj_db_integer(&count, store->db, "SELECT count(*) FROM inputs", err);

    if (st < 0)
        return st;
    *out = NJ_NEW(arena, struct nj_store_input, (size_t)count);
    if (count > 0 && !*out)
        return nj_fail(err, NJ_ENOMEM, "no memory for the list of inputs");
    st = nj_db_prepare(&stmt, store->db,
                       "SELECT " COLUMNS ", path, format, digest FROM inputs ORDER BY number",
                       err);
    while (i < (size_t)count && st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK) {
        struct nj_store_input *input = &(*out)[i++];
        input_read(input, stmt);
        input->path = nj_arena_copy(arena, nj_db_text(stmt, COL_FINISHED + 1));
        input->format = nj_arena_copy(arena, nj_db_text(stmt, COL_FINISHED + 2));
        input->digest = nj_arena_copy(arena, nj_db_text(stmt, COL_FINISHED + 3));
        if (!input->path.ptr || !input->format.ptr || !input->digest.ptr)
            st = nj_fail(err, NJ_ENOMEM, "no memory for the list of inputs");
    }
    (void)sqlite3_finalize(stmt);
    *len = i;
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_store_unfinished(const struct nj_store *store, uint64_t *out, struct nj_error *err)
{
    int64_t count;
    enum nj_status st = nj_db_integer(&count, store->db,
                                      "SELECT count(*) FROM inputs WHERE NOT is_finished", err);

    *out = st < 0 ? 0 : (uint64_t)count;
    return st;
}

enum nj_status
nj_store_is_begun(const struct nj_store *store, struct nj_slice path, bool *out,
                  struct nj_error *err)
{
    return has_row(store->db, "SELECT 1 FROM inputs WHERE path = ? AND NOT is_finished", path,
                   out, err);
}

enum nj_status
nj_store_trace_find(const struct nj_store *store, struct nj_slice id, uint64_t *number,
                    struct nj_error *err)
{
    struct nj_trace_id parsed;
    struct nj_slice text;
    sqlite3_stmt *stmt = NULL;

    if (!nj_trace_id_parse(id, &parsed, &text))
        return NJ_DONE;
    enum nj_status st =
        nj_db_prepare(&stmt, store->db, "SELECT number FROM traces WHERE id = ?", err);
    if (st < 0)
        return st;
    nj_db_bind_blob(stmt, 1,
                    (struct nj_slice){(const char *)parsed.bytes, sizeof parsed.bytes});
    st = nj_db_step(stmt, err);
    if (st == NJ_OK)
        *number = (uint64_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return st;
}
