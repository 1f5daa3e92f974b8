/* dictionary.c - names, scopes and classes of encoders as numbers of the store, while spans are
 * written. */
#include "store/dictionary.h"

#include "base/grow.h"
#include "store/digest_index.h"

#include <stdlib.h>

/* Every clock is taken for this coarse until a time says otherwise. */
enum { COARSEST_NS = 1000000, MICROSECOND_NS = 1000 };

struct clock {
    uint32_t granularity_ns;
    bool is_changed; /* not what the table says */
};

/* Of a class of the store. */
struct use {
    uint32_t scope;
    bool has_start;
};

/* Numbers of the encoder at hand to numbers of the store. */
struct translation {
    uint32_t *to;
    size_t len, cap;
};

struct nj_dictionary {
    sqlite3_stmt *insert_name, *insert_scope, *update_scope, *insert_class;
    struct nj_names *names; /* of the store */
    uint32_t names_stored;  /* so many of them are in the table */
    struct nj_digest_index scopes, classes;
    struct clock *clocks; /* by scope of the store */
    size_t clocks_cap;
    struct use *uses; /* by class of the store */
    size_t uses_cap;
    struct translation name_of; /* 0: not known yet */
    struct translation scope_of, class_of;
};

static enum nj_status
no_memory(struct nj_error *err)
{
    return nj_fail(err, NJ_ENOMEM, "no memory for names and scopes");
}

/* Room for element `at`; what is new is zero. */
static bool
translation_grow(struct translation *t, size_t at)
{
    size_t cap = t->cap ? t->cap : 64;

    while (cap <= at)
        cap *= 2;
    if (cap == t->cap)
        return true;
    uint32_t *to = realloc(t->to, cap * sizeof *to);
    if (!to)
        return false;
    memset(to + t->cap, 0, (cap - t->cap) * sizeof *to);
    t->to = to;
    t->cap = cap;
    return true;
}

static bool
translation_add(struct translation *t, uint32_t number)
{
    if (!translation_grow(t, t->len))
        return false;
    t->to[t->len++] = number;
    return true;
}

static void
translation_clear(struct translation *t)
{
    if (t->to)
        memset(t->to, 0, t->cap * sizeof *t->to);
    t->len = 0;
}

static bool
scope_add(struct nj_dictionary *dictionary, uint64_t digest, uint32_t granularity_ns)
{
    uint32_t number = dictionary->scopes.len;
    struct clock *clocks =
        nj_grow(dictionary->clocks, number, &dictionary->clocks_cap, sizeof *clocks);

    if (!clocks)
        return false;
    dictionary->clocks = clocks;
    clocks[number] = (struct clock){.granularity_ns = granularity_ns};
    return nj_digest_index_add(&dictionary->scopes, digest);
}

static bool
class_add(struct nj_dictionary *dictionary, const struct nj_class *class)
{
    uint32_t number = dictionary->classes.len;
    struct use *uses = nj_grow(dictionary->uses, number, &dictionary->uses_cap, sizeof *uses);

    if (!uses)
        return false;
    dictionary->uses = uses;
    uses[number] = (struct use){class->scope, (class->flags & NJ_ROW_NO_START) == 0};
    return nj_digest_index_add(&dictionary->classes, nj_class_digest(class));
}

static enum nj_status
scopes_load(struct nj_dictionary *dictionary, sqlite3 *db, struct nj_error *err)
{
    sqlite3_stmt *stmt = NULL;
    enum nj_status st =
        nj_db_prepare(&stmt, db, "SELECT digest, granularity_ns FROM scopes ORDER BY id", err);

    while (st == NJ_OK && (st = nj_db_step(stmt, err)) == NJ_OK)
        if (!scope_add(dictionary, (uint64_t)sqlite3_column_int64(stmt, 0),
                       (uint32_t)sqlite3_column_int64(stmt, 1)))
            st = no_memory(err);
    (void)sqlite3_finalize(stmt);
    return st < 0 ? st : NJ_OK;
}

static enum nj_status
statements_prepare(struct nj_dictionary *dictionary, sqlite3 *db, struct nj_error *err)
{
    const struct {
        sqlite3_stmt **stmt;
        const char *sql;
    } all[] = {
        {&dictionary->insert_name, "INSERT INTO names VALUES (?, ?)"},
        {&dictionary->insert_scope, "INSERT INTO scopes VALUES (?, ?, ?, ?, ?, ?, ?)"},
        {&dictionary->update_scope, "UPDATE scopes SET granularity_ns = ?2 WHERE id = ?1"},
        {&dictionary->insert_class,
         "INSERT INTO classes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    };
    enum nj_status st = NJ_OK;

    for (size_t i = 0; i < NJ_LEN(all) && st == NJ_OK; i++)
        st = nj_db_prepare(all[i].stmt, db, all[i].sql, err);
    return st;
}

enum nj_status
nj_dictionary_new(struct nj_dictionary **out, const struct nj_store *store,
                  struct nj_error *err)
{
    struct nj_dictionary *dictionary = calloc(1, sizeof *dictionary);
    int64_t names_stored = 0;

    if (!dictionary)
        return no_memory(err);
    dictionary->names = store->corpus.names;
    enum nj_status st =
        nj_db_integer(&names_stored, store->db, "SELECT max(id) + 1 FROM names", err);
    dictionary->names_stored = (uint32_t)names_stored;
    if (st == NJ_OK)
        st = statements_prepare(dictionary, store->db, err);
    if (st == NJ_OK)
        st = scopes_load(dictionary, store->db, err);
    for (uint32_t i = 0; i < store->classes_len && st == NJ_OK; i++)
        if (!class_add(dictionary, &store->classes[i]))
            st = no_memory(err);
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
    (void)sqlite3_finalize(dictionary->insert_class);
    nj_digest_index_fini(&dictionary->scopes);
    nj_digest_index_fini(&dictionary->classes);
    free(dictionary->clocks);
    free(dictionary->uses);
    free(dictionary->name_of.to);
    free(dictionary->scope_of.to);
    free(dictionary->class_of.to);
    free(dictionary);
}

void
nj_dictionary_begin(struct nj_dictionary *dictionary)
{
    translation_clear(&dictionary->name_of);
    translation_clear(&dictionary->scope_of);
    translation_clear(&dictionary->class_of);
}

/* Puts the store's number in place of the encoder's. */
static enum nj_status
name_translate(struct nj_dictionary *dictionary, const struct nj_names *names, uint32_t *name,
               struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    if (*name == NJ_NO_NAME)
        return NJ_OK;
    if (!translation_grow(&dictionary->name_of, *name))
        return no_memory(err);
    uint32_t *known = &dictionary->name_of.to[*name];
    if (*known == 0)
        *known = nj_names_intern(dictionary->names, nj_names_get(names, *name));
    if (*known == UINT32_MAX)
        return no_memory(err);
    for (uint32_t i = dictionary->names_stored; i <= *known && st == NJ_OK; i++) {
        (void)sqlite3_bind_int64(dictionary->insert_name, 1, i);
        nj_db_bind_text(dictionary->insert_name, 2, nj_names_get(dictionary->names, i));
        st = nj_db_run(dictionary->insert_name, err);
        dictionary->names_stored = i + 1;
    }
    *name = *known;
    return st;
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
    (void)sqlite3_bind_int64(stmt, 1, dictionary->scopes.len);
    (void)sqlite3_bind_int64(stmt, 2, (int64_t)scope->digest);
    (void)sqlite3_bind_int64(stmt, 6, COARSEST_NS);
    nj_db_bind_blob(
        stmt, 7, (struct nj_slice){batch->bytes.ptr + scope->content_at, scope->content_len});
    st = nj_db_run(stmt, err);
    if (st == NJ_OK && !scope_add(dictionary, scope->digest, COARSEST_NS))
        st = no_memory(err);
    return st;
}

static enum nj_status
class_insert(struct nj_dictionary *dictionary, const struct nj_class *class,
             struct nj_error *err)
{
    const uint32_t columns[] = {dictionary->classes.len,
                                class->names[0],
                                class->names[1],
                                class->names[2],
                                class->names[3],
                                class->names[4],
                                class->names[5],
                                class->scope,
                                class->flags,
                                class->kind,
                                class->how,
                                class->status,
                                class->otel_kind};

    for (size_t i = 0; i < NJ_LEN(columns); i++)
        (void)sqlite3_bind_int64(dictionary->insert_class, 1 + (int)i, columns[i]);
    enum nj_status st = nj_db_run(dictionary->insert_class, err);
    if (st == NJ_OK && !class_add(dictionary, class))
        st = no_memory(err);
    return st;
}

static enum nj_status
scope_learn(struct nj_dictionary *dictionary, const struct nj_batch *batch,
            const struct nj_batch_scope *scope, struct nj_error *err)
{
    uint32_t number = nj_digest_index_find(&dictionary->scopes, scope->digest);
    enum nj_status st = NJ_OK;

    if (number == NJ_NO_INDEX) {
        number = dictionary->scopes.len;
        st = scope_insert(dictionary, batch, scope, err);
    }
    if (st == NJ_OK && !translation_add(&dictionary->scope_of, number))
        st = no_memory(err);
    return st;
}

static enum nj_status
class_learn(struct nj_dictionary *dictionary, const struct nj_batch *batch,
            struct nj_class class, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    NJ_CHECK(class.scope < dictionary->scope_of.len);
    class.scope = dictionary->scope_of.to[class.scope];
    for (size_t i = 0; i < NJ_CLASS_NAMES && st == NJ_OK; i++)
        st = name_translate(dictionary, batch->names, &class.names[i], err);
    if (st < 0)
        return st;
    uint32_t number = nj_digest_index_find(&dictionary->classes, nj_class_digest(&class));
    if (number == NJ_NO_INDEX) {
        number = dictionary->classes.len;
        st = class_insert(dictionary, &class, err);
    }
    if (st == NJ_OK && !translation_add(&dictionary->class_of, number))
        st = no_memory(err);
    return st;
}

enum nj_status
nj_dictionary_learn(struct nj_dictionary *dictionary, const struct nj_batch *batch,
                    struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    for (size_t i = 0; i < batch->scopes_len && st == NJ_OK; i++)
        st = scope_learn(dictionary, batch, &batch->scopes[i], err);
    for (size_t i = 0; i < batch->classes_len && st == NJ_OK; i++)
        st = class_learn(dictionary, batch, batch->classes[i], err);
    return st;
}

static void
time_regard(struct clock *clock, int64_t time_ns)
{
    uint32_t finer = time_ns % MICROSECOND_NS != 0 ? 1
                     : time_ns % COARSEST_NS != 0  ? MICROSECOND_NS
                                                   : COARSEST_NS;

    if (finer < clock->granularity_ns) {
        clock->granularity_ns = finer;
        clock->is_changed = true;
    }
}

void
nj_dictionary_cells(struct nj_dictionary *dictionary, struct nj_cells *cells, int64_t *start_ns)
{
    NJ_CHECK(cells->class < dictionary->class_of.len);
    cells->class = dictionary->class_of.to[cells->class];
    const struct use *use = &dictionary->uses[cells->class];
    struct clock *clock = &dictionary->clocks[use->scope];
    if (clock->granularity_ns > 1) {
        time_regard(clock, cells->start_ns);
        time_regard(clock, cells->end_ns);
    }
    *start_ns = use->has_start ? cells->start_ns : NJ_NO_TIME;
}

uint64_t
nj_dictionary_len(const struct nj_dictionary *dictionary)
{
    return (uint64_t)dictionary->names_stored + dictionary->scopes.len +
           dictionary->classes.len;
}

enum nj_status
nj_dictionary_flush(struct nj_dictionary *dictionary, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    for (uint32_t i = 0; i < dictionary->scopes.len && st == NJ_OK; i++) {
        struct clock *clock = &dictionary->clocks[i];
        if (!clock->is_changed)
            continue;
        (void)sqlite3_bind_int64(dictionary->update_scope, 1, i);
        (void)sqlite3_bind_int64(dictionary->update_scope, 2, clock->granularity_ns);
        st = nj_db_run(dictionary->update_scope, err);
        clock->is_changed = false;
    }
    return st;
}
