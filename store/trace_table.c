/* trace_table.c - numbers of traces by their ids while spans are written. */
#include "store/trace_table.h"

#include "base/hash.h"

#include <stdlib.h>

/* 131 072 traces in sets of four. Spans of a trace arrive close together, and what is pushed
 * out costs a look into the index, nothing more. */
enum { SET_LEN = 4, SETS_BITS = 15, ENTRIES_LEN = SET_LEN << SETS_BITS };

struct entry {
    struct nj_trace_id id;
    int64_t number; /* -1: free */
    int64_t start_ns;
    uint64_t used; /* when, in calls */
    char *text;    /* of a new trace whose id is not hex, until it is written; NUL-terminated */
    int32_t spans; /* more than the store knows of */
    uint32_t text_len;
    bool is_new; /* the store has no row of it */
};

struct nj_trace_table {
    sqlite3_stmt *find, *insert, *update;
    int64_t next_number;
    bool may_be_stored; /* a trace that is not in memory may be in the store */
    uint64_t calls;
    struct entry *entries;
    struct entry **changed; /* room for all, used by a flush */
};

enum nj_status
nj_trace_table_new(struct nj_trace_table **out, sqlite3 *db, struct nj_error *err)
{
    struct nj_trace_table *table = calloc(1, sizeof *table);
    enum nj_status st = NJ_OK;

    if (!table)
        return nj_fail(err, NJ_ENOMEM, "no memory for the table of traces");
    table->entries = calloc(ENTRIES_LEN, sizeof *table->entries);
    table->changed = malloc(ENTRIES_LEN * sizeof *table->changed);
    if (!table->entries || !table->changed) {
        nj_trace_table_free(table);
        return nj_fail(err, NJ_ENOMEM, "no memory for the table of traces");
    }
    for (size_t i = 0; i < ENTRIES_LEN; i++)
        table->entries[i].number = -1;
    st = nj_db_integer(&table->next_number, db, "SELECT max(number) + 1 FROM traces", err);
    if (st == NJ_OK)
        st = nj_db_prepare(&table->find, db, "SELECT number FROM traces WHERE id = ?", err);
    if (st == NJ_OK)
        st =
            nj_db_prepare(&table->insert, db, "INSERT INTO traces VALUES (?, ?, ?, ?, ?)", err);
    if (st == NJ_OK)
        st = nj_db_prepare(&table->update, db,
                           "UPDATE traces SET spans = spans + ?2, start_ns ="
                           " coalesce(min(start_ns, ?3), start_ns, ?3) WHERE number = ?1",
                           err);
    if (st < 0) {
        nj_trace_table_free(table);
        return st;
    }
    table->may_be_stored = table->next_number > 0;
    *out = table;
    return NJ_OK;
}

void
nj_trace_table_free(struct nj_trace_table *table)
{
    if (!table)
        return;
    (void)sqlite3_finalize(table->find);
    (void)sqlite3_finalize(table->insert);
    (void)sqlite3_finalize(table->update);
    for (size_t i = 0; i < ENTRIES_LEN && table->entries; i++)
        free(table->entries[i].text);
    free(table->entries);
    free(table->changed);
    free(table);
}

static void
start_bind(sqlite3_stmt *stmt, int index, int64_t start_ns)
{
    if (start_ns == NJ_NO_TIME)
        (void)sqlite3_bind_null(stmt, index);
    else
        (void)sqlite3_bind_int64(stmt, index, start_ns);
}

static enum nj_status
entry_write(struct nj_trace_table *table, struct entry *entry, struct nj_error *err)
{
    enum nj_status st;

    if (entry->is_new) {
        (void)sqlite3_bind_int64(table->insert, 1, entry->number);
        (void)sqlite3_bind_blob(table->insert, 2, entry->id.bytes, NJ_TRACE_ID_BYTES,
                                SQLITE_STATIC);
        if (entry->text)
            nj_db_bind_text(table->insert, 3, (struct nj_slice){entry->text, entry->text_len});
        else
            (void)sqlite3_bind_null(table->insert, 3);
        (void)sqlite3_bind_int64(table->insert, 4, entry->spans);
        start_bind(table->insert, 5, entry->start_ns);
        st = nj_db_run(table->insert, err);
        free(entry->text);
        entry->text = NULL;
    } else {
        (void)sqlite3_bind_int64(table->update, 1, entry->number);
        (void)sqlite3_bind_int64(table->update, 2, entry->spans);
        start_bind(table->update, 3, entry->start_ns);
        st = nj_db_run(table->update, err);
    }
    entry->is_new = false;
    entry->spans = 0;
    return st;
}

/* A trace that is not in memory, into `entry`. */
static enum nj_status
entry_load(struct nj_trace_table *table, struct entry *entry, const struct nj_trace_id *id,
           struct nj_slice text, struct nj_error *err)
{
    enum nj_status st = NJ_DONE;

    *entry = (struct entry){.id = *id, .number = -1, .start_ns = NJ_NO_TIME};
    if (table->may_be_stored) {
        (void)sqlite3_bind_blob(table->find, 1, id->bytes, NJ_TRACE_ID_BYTES, SQLITE_STATIC);
        st = nj_db_step(table->find, err);
        if (st == NJ_OK)
            entry->number = sqlite3_column_int64(table->find, 0);
        (void)sqlite3_reset(table->find);
    }
    if (st != NJ_DONE)
        return st;
    if (text.len) {
        entry->text = malloc(text.len);
        if (!entry->text)
            return nj_fail(err, NJ_ENOMEM, "no memory for a trace id");
        memcpy(entry->text, text.ptr, text.len);
        entry->text_len = (uint32_t)text.len;
    }
    entry->is_new = true;
    entry->number = table->next_number++;
    return NJ_OK;
}

static enum nj_status
entry_find(struct nj_trace_table *table, const struct nj_trace_id *id, struct nj_slice text,
           struct entry **out, struct nj_error *err)
{
    uint64_t hash = XXH3_64bits(id->bytes, sizeof id->bytes);
    struct entry *set = &table->entries[(hash >> (64 - SETS_BITS)) * SET_LEN], *oldest = set;

    for (size_t i = 0; i < SET_LEN; i++) {
        if (set[i].number >= 0 && memcmp(set[i].id.bytes, id->bytes, sizeof id->bytes) == 0) {
            *out = &set[i];
            return NJ_OK;
        }
        if (set[i].used < oldest->used)
            oldest = &set[i];
    }
    *out = oldest;
    if (oldest->number >= 0) {
        table->may_be_stored = true;
        enum nj_status st =
            oldest->is_new || oldest->spans ? entry_write(table, oldest, err) : NJ_OK;
        if (st < 0)
            return st;
    }
    return entry_load(table, oldest, id, text, err);
}

enum nj_status
nj_trace_table_add(struct nj_trace_table *table, const struct nj_trace_id *id,
                   struct nj_slice text, int64_t start_ns, int spans, uint64_t *number,
                   struct nj_error *err)
{
    struct entry *entry;
    enum nj_status st = entry_find(table, id, text, &entry, err);

    if (st < 0)
        return st;
    entry->used = ++table->calls;
    entry->spans += spans;
    if (start_ns != NJ_NO_TIME && (entry->start_ns == NJ_NO_TIME || start_ns < entry->start_ns))
        entry->start_ns = start_ns;
    *number = (uint64_t)entry->number;
    return NJ_OK;
}

static int
number_cmp(const void *left, const void *right)
{
    const struct entry *const *a = left, *const *b = right;
    return ((*a)->number > (*b)->number) - ((*a)->number < (*b)->number);
}

enum nj_status
nj_trace_table_flush(struct nj_trace_table *table, struct nj_error *err)
{
    enum nj_status st = NJ_OK;
    size_t len = 0;

    for (size_t i = 0; i < ENTRIES_LEN; i++)
        if (table->entries[i].number >= 0 &&
            (table->entries[i].is_new || table->entries[i].spans))
            table->changed[len++] = &table->entries[i];
    qsort(table->changed, len, sizeof(struct entry *), number_cmp);
    for (size_t i = 0; i < len && st == NJ_OK; i++)
        st = entry_write(table, table->changed[i], err);
    return st;
}
