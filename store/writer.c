/* writer.c - batches into a store, safely. */
#include "store/writer.h"

#include "store/chunks.h"
#include "store/dictionary.h"
#include "store/handle.h"
#include "store/ledger.h"
#include "store/packed.h"
#include "store/payload.h"
#include "store/trace_table.h"
#include "store/window.h"

#include <stdlib.h>

struct nj_writer {
    struct nj_store *store;
    sqlite3 *db;
    sqlite3_stmt *insert_chunk;
    struct nj_dictionary *dictionary;
    struct nj_trace_table *traces;
    struct nj_window window;
    int64_t next_chunk;
    int64_t first_number;     /* of inputs that this writer announces */
    uint64_t spans, repeated; /* since the writer was opened */
    uint64_t uncommitted;     /* spans since the last commit */
    uint64_t number;          /* of the input at hand */
    struct nj_store_input input;
    struct nj_buf texts; /* behind the slices of `input` */
    bool is_in_transaction;
    /* For taking an input back that brought nothing new. */
    bool is_alone; /* the transaction began with the input */
    int64_t chunk_before;
    uint64_t dictionary_before;
};

static enum nj_status
transaction_begin(struct nj_writer *writer, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    if (!writer->is_in_transaction)
        st = nj_db_exec(writer->db, "BEGIN EXCLUSIVE", err);
    writer->is_in_transaction = st == NJ_OK;
    return st;
}

static enum nj_status
transaction_commit(struct nj_writer *writer, struct nj_error *err)
{
    enum nj_status st = nj_trace_table_flush(writer->traces, err);

    if (st == NJ_OK)
        st = nj_dictionary_flush(writer->dictionary, err);
    if (st == NJ_OK)
        st = nj_db_exec(writer->db, "COMMIT", err);
    if (st == NJ_OK) {
        writer->is_in_transaction = false;
        writer->uncommitted = 0;
    }
    return st;
}

static void
writer_free(struct nj_writer *writer)
{
    (void)sqlite3_finalize(writer->insert_chunk);
    nj_window_fini(&writer->window);
    nj_dictionary_free(writer->dictionary);
    nj_trace_table_free(writer->traces);
    nj_buf_fini(&writer->texts);
    free(writer);
}

enum nj_status
nj_writer_open(struct nj_writer **out, struct nj_store *store, struct nj_error *err)
{
    struct nj_writer *writer = calloc(1, sizeof *writer);

    if (!writer)
        return nj_fail(err, NJ_ENOMEM, "no memory to write a store");
    NJ_CHECK(store->mode != NJ_STORE_READ);
    writer->store = store;
    writer->db = store->db;
    enum nj_status st = nj_db_exec(store->db, "PRAGMA locking_mode = EXCLUSIVE", err);
    if (st == NJ_OK)
        st = transaction_begin(writer, err);
    if (st == NJ_OK)
        st = nj_window_init(&writer->window, store->db, !nj_store_has_contents(store), err);
    if (st == NJ_OK)
        st = nj_dictionary_new(&writer->dictionary, store, err);
    if (st == NJ_OK)
        st = nj_trace_table_new(&writer->traces, store->db, err);
    if (st == NJ_OK)
        st = nj_db_integer(&writer->next_chunk, store->db, "SELECT max(number) + 1 FROM chunks",
                           err);
    if (st == NJ_OK)
        st = nj_db_integer(&writer->first_number, store->db,
                           "SELECT max(number) + 1 FROM inputs", err);
    if (st == NJ_OK)
        st = nj_db_prepare(&writer->insert_chunk, store->db,
                           "INSERT INTO chunks VALUES (?, ?, ?)", err);
    if (st < 0) {
        nj_writer_abandon(writer);
        return st;
    }
    *out = writer;
    return NJ_OK;
}

enum nj_status
nj_writer_announce(struct nj_writer *writer, const struct nj_store_input *input,
                   struct nj_writer_input *out, struct nj_error *err)
{
    struct nj_store_input known = {0};
    uint64_t number = 0;
    enum nj_status st = nj_ledger_find(writer->db, input, &number, &known, err);

    if (st == NJ_DONE)
        st = nj_ledger_add(writer->db, input, &number, err);
    *out = (struct nj_writer_input){number, known.offset, known.spans, known.repeated};
    return st;
}

enum nj_status
nj_writer_diags(const struct nj_writer *writer, const struct nj_writer_input *input,
                struct nj_diags *into, struct nj_error *err)
{
    return nj_ledger_get_diags(writer->db, input->number, into, err);
}

enum nj_status
nj_writer_begin(struct nj_writer *writer, const struct nj_writer_input *input,
                const struct nj_store_input *about, struct nj_error *err)
{
    writer->texts.len = 0;
    nj_buf_put_slice(&writer->texts, about->path);
    nj_buf_put_slice(&writer->texts, about->format);
    if (writer->texts.is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory to write a store");
    writer->number = input->number;
    writer->input = *about;
    writer->input.path = (struct nj_slice){writer->texts.ptr, about->path.len};
    writer->input.format =
        (struct nj_slice){writer->texts.ptr + about->path.len, about->format.len};
    writer->input.offset = input->resume_offset;
    writer->input.spans = input->spans;
    writer->input.repeated = input->repeated;
    nj_dictionary_begin(writer->dictionary);
    writer->is_alone = !writer->is_in_transaction;
    writer->chunk_before = writer->next_chunk;
    writer->dictionary_before = nj_dictionary_len(writer->dictionary);
    return transaction_begin(writer, err);
}

/* Inserts what waits; the traces of spans that were there already are told. */
static enum nj_status
window_flush(struct nj_writer *writer, struct nj_error *err)
{
    struct nj_window *window = &writer->window;
    uint64_t repeated = 0, number;
    enum nj_status st = nj_window_insert(window, err);

    for (uint32_t i = 0; i < window->rows_len && st == NJ_OK; i++) {
        if (!window->rows[i].is_repeated)
            continue;
        repeated++;
        st = nj_trace_table_add(writer->traces, &window->rows[i].trace_id, (struct nj_slice){0},
                                NJ_NO_TIME, -1, &number, err);
    }
    writer->input.spans += window->rows_len - repeated;
    writer->input.repeated += repeated;
    writer->spans += window->rows_len - repeated;
    writer->repeated += repeated;
    writer->uncommitted += window->rows_len;
    nj_window_clear(window);
    return st;
}

static enum nj_status
chunk_put(struct nj_writer *writer, const struct nj_batch *batch, struct nj_error *err)
{
    const struct nj_buf *bytes = batch->packed.len ? &batch->packed : &batch->payload;

    if (batch->payload.len == 0)
        return NJ_OK;
    (void)sqlite3_bind_int64(writer->insert_chunk, 1, writer->next_chunk++);
    (void)sqlite3_bind_int64(writer->insert_chunk, 2, (int64_t)batch->payload.len);
    nj_db_bind_blob(writer->insert_chunk, 3, nj_buf_slice(bytes));
    return nj_db_run(writer->insert_chunk, err);
}

static enum nj_status
row_put(struct nj_writer *writer, const struct nj_batch *batch, const struct nj_batch_row *from,
        struct nj_error *err)
{
    struct nj_window *window = &writer->window;
    struct nj_window_row *row = &window->rows[window->rows_len];
    struct nj_slice text = {batch->bytes.ptr + from->text_at, from->text_len};
    int64_t start_ns;

    *row = (struct nj_window_row){
        .cells = from->cells, .trace_id = from->trace_id, .facts_at = window->facts.len};
    nj_dictionary_cells(writer->dictionary, &row->cells, &start_ns);
    row->cells.payload = nj_payload_key((uint64_t)writer->next_chunk - 1, from->cells.payload);
    if (window->is_packed)
        nj_packed_write(&window->facts, &row->cells);
    nj_buf_put(&window->facts, batch->bytes.ptr + from->facts_at, from->cells.facts_len);
    row->cells.facts_len = (uint32_t)(window->facts.len - row->facts_at);
    enum nj_status st = nj_trace_table_add(writer->traces, &from->trace_id, text, start_ns, 1,
                                           &row->trace, err);
    if (st == NJ_OK && ++window->rows_len == NJ_WINDOW_ROWS)
        st = window_flush(writer, err);
    return st;
}

static enum nj_status
checkpoint_commit(struct nj_writer *writer, const struct nj_batch *batch, struct nj_error *err)
{
    enum nj_status st = window_flush(writer, err);

    writer->input.offset = batch->offset;
    if (st == NJ_OK)
        st = nj_ledger_update(writer->db, writer->number, &writer->input, err);
    if (st == NJ_OK)
        st = nj_ledger_put_diags(writer->db, writer->number, &batch->diags, err);
    if (st == NJ_OK)
        st = transaction_commit(writer, err);
    return st < 0 ? st : transaction_begin(writer, err);
}

enum nj_status
nj_writer_put(struct nj_writer *writer, const struct nj_batch *batch, struct nj_error *err)
{
    enum nj_status st = nj_dictionary_learn(writer->dictionary, batch, err);

    NJ_CHECK(batch->is_packed);
    if (st == NJ_OK)
        st = chunk_put(writer, batch, err);
    for (size_t i = 0; i < batch->rows_len && st == NJ_OK; i++)
        st = row_put(writer, batch, &batch->rows[i], err);
    if (st == NJ_OK && batch->is_checkpoint)
        st = checkpoint_commit(writer, batch, err);
    return st;
}

/* Whether the input repeats one that was imported before, bytes and all. */
static enum nj_status
is_known(struct nj_writer *writer, bool *out, struct nj_error *err)
{
    *out = false;
    if (!writer->is_alone || writer->input.spans > 0 || writer->input.repeated == 0 ||
        writer->dictionary_before != nj_dictionary_len(writer->dictionary))
        return NJ_OK;
    return nj_ledger_has(writer->db, writer->input.digest, out, err);
}

static enum nj_status
input_forget(struct nj_writer *writer, struct nj_error *err)
{
    enum nj_status st = nj_db_exec(writer->db, "ROLLBACK", err);

    writer->is_in_transaction = false;
    writer->uncommitted = 0;
    writer->next_chunk = writer->chunk_before;
    return st < 0 ? st : nj_ledger_remove(writer->db, writer->number, err);
}

enum nj_status
nj_writer_end(struct nj_writer *writer, uint64_t bytes, struct nj_slice digest,
              const struct nj_diags *diags, struct nj_error *err)
{
    bool was_known = false;
    enum nj_status st = window_flush(writer, err);

    writer->input.bytes = bytes;
    writer->input.digest = digest;
    writer->input.is_finished = true;
    if (st == NJ_OK)
        st = is_known(writer, &was_known, err);
    if (st == NJ_OK && was_known)
        return input_forget(writer, err);
    if (st == NJ_OK)
        st = nj_ledger_update(writer->db, writer->number, &writer->input, err);
    if (st == NJ_OK)
        st = nj_ledger_put_diags(writer->db, writer->number, diags, err);
    if (st == NJ_OK && writer->uncommitted >= NJ_CHECKPOINT_SPANS)
        st = transaction_commit(writer, err);
    return st;
}

enum nj_status
nj_writer_commit(struct nj_writer *writer, struct nj_error *err)
{
    enum nj_status st = window_flush(writer, err);
    return st < 0 || !writer->is_in_transaction ? st : transaction_commit(writer, err);
}

uint64_t
nj_writer_spans(const struct nj_writer *writer)
{
    return writer->spans;
}

uint64_t
nj_writer_repeated(const struct nj_writer *writer)
{
    return writer->repeated;
}

enum nj_status
nj_writer_close(struct nj_writer *writer, struct nj_error *err)
{
    struct nj_store *store = writer->store;
    enum nj_status st = writer->is_in_transaction ? transaction_commit(writer, err) : NJ_OK;

    if (st < 0) {
        nj_writer_abandon(writer);
        return st;
    }
    writer_free(writer);
    st = nj_db_exec(store->db, "PRAGMA locking_mode = NORMAL", err);
    return st < 0 ? st : nj_store_refresh(store, err);
}

void
nj_writer_abandon(struct nj_writer *writer)
{
    static const char sql[] = "DELETE FROM inputs WHERE number >= %lld AND spans = 0"
                              " AND offset = 0 AND NOT is_finished";
    char forget[sizeof sql + 32];
    sqlite3 *db = writer->db;

    (void)sqlite3_snprintf(sizeof forget, forget, sql, (long long)writer->first_number);
    writer_free(writer);
    if (!sqlite3_get_autocommit(db))
        nj_db_try(db, "ROLLBACK");
    nj_db_try(db, forget);
    nj_db_try(db, "PRAGMA locking_mode = NORMAL; SELECT count(*) FROM inputs");
}
