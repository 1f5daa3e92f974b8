/* load.c - what an open store holds in memory: names, scopes, classes, counts. */
#include "base/grow.h"
#include "store/handle.h"

static enum nj_status
damaged(const struct nj_store *store, const char *what, size_t number, struct nj_error *err)
{
    return nj_fail(err, NJ_ESTORE, "%s: damaged: %s %zu is not in its place or not whole",
                   store->name, what, number);
}

enum nj_status
nj_store_load_names(struct nj_store *store, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st =
        nj_db_prepare(&stmt, store->db, "SELECT id, text FROM names ORDER BY id", err);

    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK) {
        uint32_t id = nj_names_intern(store->corpus.names, nj_db_text(stmt, 1));
        if (id == UINT32_MAX)
            st = nj_fail(err, NJ_ENOMEM, "%s: no memory for its names", store->name);
        else if ((int64_t)id != sqlite3_column_int64(stmt, 0))
            st = damaged(store, "name", id, err);
    }
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}

/* Reads the columns after the id; each must be below its limit. */
static bool
columns_read(uint32_t *out, sqlite3_stmt *stmt, const uint32_t *limits, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int64_t value = sqlite3_column_int64(stmt, (int)i + 1);
        if (value < 0 || value >= limits[i])
            return false;
        out[i] = (uint32_t)value;
    }
    return true;
}

static bool
scope_read(struct nj_scope_info *out, sqlite3_stmt *stmt, const struct nj_corpus *corpus)
{
    uint32_t names = nj_names_len(corpus->names), columns[4];
    const uint32_t limits[] = {names, names, names, 1000001};

    if (!columns_read(columns, stmt, limits, NJ_LEN(limits)))
        return false;
    *out = (struct nj_scope_info){.service = columns[0],
                                  .host = columns[1],
                                  .scope_name = columns[2],
                                  .granularity_ns = columns[3]};
    return columns[3] == 1 || columns[3] == 1000 || columns[3] == 1000000;
}

static bool
class_read(struct nj_class *out, sqlite3_stmt *stmt, const struct nj_corpus *corpus)
{
    uint32_t names = nj_names_len(corpus->names), columns[NJ_CLASS_NAMES + 6];
    const uint32_t limits[] = {names,
                               names,
                               names,
                               names,
                               names,
                               names,
                               corpus->scopes_len,
                               UINT32_MAX,
                               NJ_KINDS_LEN,
                               NJ_HOW_LEN,
                               NJ_STATUS_ERROR + 1,
                               NJ_OTEL_CONSUMER + 1};

    if (!columns_read(columns, stmt, limits, NJ_LEN(limits)))
        return false;
    memcpy(out->names, columns, sizeof out->names);
    out->scope = columns[6];
    out->flags = columns[7];
    out->kind = (uint8_t)columns[8];
    out->how = (uint8_t)columns[9];
    out->status = (uint8_t)columns[10];
    out->otel_kind = (uint8_t)columns[11];
    return true;
}

static enum nj_status
scopes_load(struct nj_store *store, struct nj_error *err)
{
    static const char sql[] =
        "SELECT id, service, host, scope_name, granularity_ns FROM scopes ORDER BY id";
    sqlite3_stmt *stmt = NULL;
    size_t len = 0;
    enum nj_status st = nj_db_prepare(&stmt, store->db, sql, err);

    store->corpus.scopes_len = 0;
    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK) {
        struct nj_scope_info *scopes =
            nj_grow(store->scopes, len, &store->scopes_cap, sizeof *scopes);
        if (!scopes) {
            st = nj_fail(err, NJ_ENOMEM, "%s: no memory for its scopes", store->name);
            break;
        }
        store->scopes = scopes;
        if (sqlite3_column_int64(stmt, 0) != (int64_t)len ||
            !scope_read(&scopes[len++], stmt, &store->corpus))
            st = damaged(store, "scope", len, err);
    }
    (void)sqlite3_finalize(stmt);
    store->corpus.scopes = store->scopes;
    store->corpus.scopes_len = st < 0 ? 0 : (uint32_t)len;
    return st < 0 ? st : NJ_OK;
}

static enum nj_status
classes_load(struct nj_store *store, struct nj_error *err)
{
    static const char sql[] = "SELECT id, name, operation, agent, model, provider, tool, scope,"
                              " flags, kind, how, status, otel_kind FROM classes ORDER BY id";
    sqlite3_stmt *stmt = NULL;
    size_t len = 0;
    enum nj_status st = nj_db_prepare(&stmt, store->db, sql, err);

    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK) {
        struct nj_class *classes =
            nj_grow(store->classes, len, &store->classes_cap, sizeof *classes);
        if (!classes) {
            st = nj_fail(err, NJ_ENOMEM, "%s: no memory for its classes", store->name);
            break;
        }
        store->classes = classes;
        if (sqlite3_column_int64(stmt, 0) != (int64_t)len ||
            !class_read(&classes[len++], stmt, &store->corpus))
            st = damaged(store, "class", len, err);
    }
    (void)sqlite3_finalize(stmt);
    store->classes_len = st < 0 ? 0 : (uint32_t)len;
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_store_refresh(struct nj_store *store, struct nj_error *err)
{
    int64_t traces = 0, spans = 0;
    enum nj_status st = scopes_load(store, err);

    if (st == NJ_OK)
        st = classes_load(store, err);
    if (st == NJ_OK)
        st = nj_db_integer(&traces, store->db, "SELECT max(number) + 1 FROM traces", err);
    if (st == NJ_OK)
        st = nj_db_integer(&spans, store->db, "SELECT sum(spans) FROM inputs", err);
    if (st == NJ_OK && (traces < 0 || spans < 0))
        st = nj_fail(err, NJ_ESTORE, "%s: damaged: it counts less than nothing", store->name);
    if (st < 0)
        return st;
    store->corpus.traces_len = (uint64_t)traces;
    store->corpus.spans_len = (uint64_t)spans;
    return NJ_OK;
}
