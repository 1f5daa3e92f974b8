/* dictionary.c - names and scopes of encoders as numbers of the store, while spans are written.
 */
#include "store/dictionary.h"

#include "store/payload.h"

#include <stdlib.h>

/* Every clock is taken for this coarse until a time says otherwise. */
enum { COARSEST_NS = 1000000, MICROSECOND_NS = 1000 };

struct scope {
    uint64_t digest;
    uint32_t granularity_ns;
    bool is_changed; /* granularity_ns is not what the table says */
};

struct nj_dictionary {
    sqlite3_stmt *insert_name, *insert_scope, *update_scope;
    struct nj_names *names; /* of the store */
    uint32_t names_stored;  /* so many of them are in the table */
    uint32_t *name_of;      /* by name of the encoder; 0: not known yet */
    size_t name_of_len;
    struct scope *scopes; /* of the store, by number */
    uint32_t scopes_len, scopes_cap;
    uint32_t *slots;    /* open addressing: number + 1, by digest; twice scopes_cap */
    uint32_t *scope_of; /* by scope of the encoder */
    uint32_t scope_of_len, scope_of_cap;
};

static uint32_t *
slot_find(const struct nj_dictionary *dictionary, uint64_t digest)
{
    size_t mask = (size_t)dictionary->scopes_cap * 2 - 1, i = (size_t)digest & mask;

    while (dictionary->slots[i] &&
           dictionary->scopes[dictionary->slots[i] - 1].digest != digest)
        i = (i + 1) & mask;
    return &dictionary->slots[i];
}

static bool
scopes_grow(struct nj_dictionary *dictionary)
{
    if (dictionary->scopes_len < dictionary->scopes_cap)
        return true;
    uint32_t cap = dictionary->scopes_cap ? dictionary->scopes_cap * 2 : 64;
    struct scope *scopes = realloc(dictionary->scopes, cap * sizeof *scopes);
    if (!scopes)
        return false;
    dictionary->scopes = scopes;
    uint32_t *slots = calloc((size_t)cap * 2, sizeof *slots);
    if (!slots)
        return false;
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->scopes_cap = cap;
    for (uint32_t i = 0; i < dictionary->scopes_len; i++)
        *slot_find(dictionary, scopes[i].digest) = i + 1;
    return true;
}

static enum nj_status
scope_add(struct nj_dictionary *dictionary, uint64_t digest, uint32_t granularity_ns,
          struct nj_error *err)
{
    if (!scopes_grow(dictionary))
        return nj_fail(err, NJ_ENOMEM, "no memory for scopes");
    dictionary->scopes[dictionary->scopes_len++] =
        (struct scope){.digest = digest, .granularity_ns = granularity_ns};
    *slot_find(dictionary, digest) = dictionary->scopes_len;
    return NJ_OK;
}

static enum nj_status
scopes_load(struct nj_dictionary *dictionary, sqlite3 *db, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st =
        nj_db_prepare(&stmt, db, "SELECT digest, granularity_ns FROM scopes ORDER BY id", err);

    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK)
        st = scope_add(dictionary, (uint64_t)sqlite3_column_int64(stmt, 0),
                       (uint32_t)sqlite3_column_int64(stmt, 1), err);
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_dictionary_new(struct nj_dictionary **out, sqlite3 *db, struct nj_names *names,
                  struct nj_error *err)
{
    struct nj_dictionary *dictionary = calloc(1, sizeof *dictionary);
    int64_t names_stored = 0;
    enum nj_status st;

    if (!dictionary || !scopes_grow(dictionary)) {
        nj_dictionary_free(dictionary);
        return nj_fail(err, NJ_ENOMEM, "no memory for names and scopes");
    }
    dictionary->names = names;
    st = nj_db_integer(&names_stored, db, "SELECT max(id) + 1 FROM names", err);
    dictionary->names_stored = (uint32_t)names_stored;
    if (st == NJ_OK)
        st =
            nj_db_prepare(&dictionary->insert_name, db, "INSERT INTO names VALUES (?, ?)", err);
    if (st == NJ_OK)
        st = nj_db_prepare(&dictionary->insert_scope, db,
                           "INSERT INTO scopes VALUES (?, ?, ?, ?, ?, ?, ?)", err);
    if (st == NJ_OK)
        st = nj_db_prepare(&dictionary->update_scope, db,
                           "UPDATE scopes SET granularity_ns = ?2 WHERE id = ?1", err);
    if (st == NJ_OK)
        st = scopes_load(dictionary, db, err);
    if (st < 0) {
        nj_dictionary_free(dictionary);
        return st;
    }
    *out = dictionary;
    return NJ_OK;
}

void
nj_dictionary_free(struct nj_dictionary *dictionary)
{
    if (!dictionary)
        return;
    (void)sqlite3_finalize(dictionary->insert_name);
    (void)sqlite3_finalize(dictionary->insert_scope);
    (void)sqlite3_finalize(dictionary->update_scope);
    free(dictionary->name_of);
    free(dictionary->scopes);
    free(dictionary->slots);
    free(dictionary->scope_of);
    free(dictionary);
}

void
nj_dictionary_begin(struct nj_dictionary *dictionary)
{
    dictionary->scope_of_len = 0;
    free(dictionary->name_of);
    dictionary->name_of = NULL;
    dictionary->name_of_len = 0;
}

static bool
name_of_grow(struct nj_dictionary *dictionary, uint32_t name)
{
    size_t len = dictionary->name_of_len ? dictionary->name_of_len : 1024;

    while (len <= name)
        len *= 2;
    uint32_t *name_of = realloc(dictionary->name_of, len * sizeof *name_of);
    if (!name_of)
        return false;
    memset(name_of + dictionary->name_of_len, 0,
           (len - dictionary->name_of_len) * sizeof *name_of);
    dictionary->name_of = name_of;
    dictionary->name_of_len = len;
    return true;
}

static enum nj_status
name_learn(struct nj_dictionary *dictionary, const struct nj_names *names, uint32_t *name,
           struct nj_error *err)
{
    uint32_t id = nj_names_intern(dictionary->names, nj_names_get(names, *name));
    enum nj_status st = NJ_OK;

    if (id == UINT32_MAX ||
        (*name >= dictionary->name_of_len && !name_of_grow(dictionary, *name)))
        return nj_fail(err, NJ_ENOMEM, "no memory for names");
    for (uint32_t i = dictionary->names_stored; i <= id && st == NJ_OK; i++) {
        (void)sqlite3_bind_int64(dictionary->insert_name, 1, i);
        nj_db_bind_text(dictionary->insert_name, 2, nj_names_get(dictionary->names, i));
        st = nj_db_run(dictionary->insert_name, err);
        dictionary->names_stored = i + 1;
    }
    dictionary->name_of[*name] = id;
    *name = id;
    return st;
}

static inline enum nj_status
name_translate(struct nj_dictionary *dictionary, const struct nj_names *names, uint32_t *name,
               struct nj_error *err)
{
    if (*name == NJ_NO_NAME)
        return NJ_OK;
    if (*name < dictionary->name_of_len && dictionary->name_of[*name]) {
        *name = dictionary->name_of[*name];
        return NJ_OK;
    }
    return name_learn(dictionary, names, name, err);
}

static enum nj_status
scope_insert(struct nj_dictionary *dictionary, const struct nj_batch *batch,
             const struct nj_batch_scope *scope, struct nj_error *err)
{
    uint32_t facts[] = {scope->facts.service, scope->facts.host, scope->facts.scope_name};
    sqlite3_stmt *stmt = dictionary->insert_scope;
    enum nj_status st = NJ_OK;

    for (size_t i = 0; i < NJ_LEN(facts) && st == NJ_OK; i++) {
        st = name_translate(dictionary, batch->names, &facts[i], err);
        (void)sqlite3_bind_int64(stmt, 3 + (int)i, facts[i]);
    }
    if (st < 0)
        return st;
    (void)sqlite3_bind_int64(stmt, 1, dictionary->scopes_len);
    (void)sqlite3_bind_int64(stmt, 2, (int64_t)scope->digest);
    (void)sqlite3_bind_int64(stmt, 6, COARSEST_NS);
    nj_db_bind_blob(
        stmt, 7, (struct nj_slice){batch->bytes.ptr + scope->content_at, scope->content_len});
    st = nj_db_run(stmt, err);
    return st < 0 ? st : scope_add(dictionary, scope->digest, COARSEST_NS, err);
}

enum nj_status
nj_dictionary_scopes(struct nj_dictionary *dictionary, const struct nj_batch *batch,
                     struct nj_error *err)
{
    for (size_t i = 0; i < batch->scopes_len; i++) {
        const struct nj_batch_scope *scope = &batch->scopes[i];
        if (dictionary->scope_of_len == dictionary->scope_of_cap) {
            uint32_t cap = dictionary->scope_of_cap ? dictionary->scope_of_cap * 2 : 64;
            uint32_t *scope_of = realloc(dictionary->scope_of, cap * sizeof *scope_of);
            if (!scope_of)
                return nj_fail(err, NJ_ENOMEM, "no memory for scopes");
            dictionary->scope_of = scope_of;
            dictionary->scope_of_cap = cap;
        }
        if (!*slot_find(dictionary, scope->digest)) {
            enum nj_status st = scope_insert(dictionary, batch, scope, err);
            if (st < 0)
                return st;
        }
        dictionary->scope_of[dictionary->scope_of_len++] =
            *slot_find(dictionary, scope->digest) - 1;
    }
    return NJ_OK;
}

static void
time_regard(struct scope *scope, int64_t time_ns)
{
    uint32_t finer = time_ns % MICROSECOND_NS != 0 ? 1
                     : time_ns % COARSEST_NS != 0  ? MICROSECOND_NS
                                                   : COARSEST_NS;

    if (finer < scope->granularity_ns) {
        scope->granularity_ns = finer;
        scope->is_changed = true;
    }
}

enum nj_status
nj_dictionary_row(struct nj_dictionary *dictionary, const struct nj_batch *batch,
                  struct nj_row *row, struct nj_error *err)
{
    uint32_t *const names[] = {&row->name,  &row->operation, &row->agent,
                               &row->model, &row->provider,  &row->tool};

    NJ_CHECK(row->scope < dictionary->scope_of_len);
    row->scope = dictionary->scope_of[row->scope];
    struct scope *scope = &dictionary->scopes[row->scope];
    if (scope->granularity_ns > 1) {
        time_regard(scope, row->start_ns);
        time_regard(scope, row->end_ns);
    }
    for (size_t i = 0; i < NJ_LEN(names); i++) {
        enum nj_status st = name_translate(dictionary, batch->names, names[i], err);
        if (st < 0)
            return st;
    }
    return NJ_OK;
}

uint64_t
nj_dictionary_len(const struct nj_dictionary *dictionary)
{
    return (uint64_t)dictionary->names_stored + dictionary->scopes_len;
}

enum nj_status
nj_dictionary_flush(struct nj_dictionary *dictionary, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    for (uint32_t i = 0; i < dictionary->scopes_len && st == NJ_OK; i++) {
        struct scope *scope = &dictionary->scopes[i];
        if (!scope->is_changed)
            continue;
        (void)sqlite3_bind_int64(dictionary->update_scope, 1, i);
        (void)sqlite3_bind_int64(dictionary->update_scope, 2, scope->granularity_ns);
        st = nj_db_run(dictionary->update_scope, err);
        scope->is_changed = false;
    }
    return st;
}
