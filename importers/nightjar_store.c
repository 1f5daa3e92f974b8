/* nightjar_store.c - a store of this program as an input beside others: its spans as they were
 * given to it, and what was odd about its own inputs. */
#include "importers/importer.h"
#include "importers/sqlite_input.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ARENA_BLOCK_BYTES = 1 << 20 };

struct reading {
    struct nj_sink *sink;
    const struct nj_corpus *corpus;
    struct nj_source *source;
    struct nj_arena *arena; /* of one span */
    uint32_t *scopes;       /* of the sink, by the store's; NJ_NO_SCOPE: not yet handed over */
};

#define NJ_NO_SCOPE UINT32_MAX

/* Hands the scope over when the first span of it comes. */
static enum nj_status
scope_find(struct reading *r, uint32_t index, uint32_t *out, struct nj_error *err)
{
    struct nj_scope scope = {0};
    enum nj_status st = NJ_OK;

    if (r->scopes[index] == NJ_NO_SCOPE) {
        st = r->corpus->scope(r->source, index, r->arena, &scope, err);
        if (st == NJ_OK)
            st = r->sink->scope(r->sink, &scope, &r->scopes[index], err);
    }
    *out = r->scopes[index];
    return st;
}

static enum nj_status
trace_read(struct reading *r, const struct nj_raw_trace *raw, struct nj_error *err)
{
    struct nj_span span;
    enum nj_status st = NJ_OK;

    for (uint32_t i = 0; i < raw->rows_len && st == NJ_OK; i++) {
        nj_arena_reset(r->arena);
        st = r->corpus->payload(r->source, &raw->rows[i], r->arena, &span, err);
        if (st == NJ_OK)
            st = scope_find(r, raw->rows[i].scope, &span.scope, err);
        if (st == NJ_OK)
            st = r->sink->span(r->sink, &span, err);
    }
    return st;
}

static enum nj_status
traces_read(struct reading *r, struct nj_error *err)
{
    struct nj_raw_trace raw;

    r->arena = nj_arena_new(ARENA_BLOCK_BYTES);
    r->scopes = malloc((r->corpus->scopes_len + 1) * sizeof *r->scopes);
    if (!r->arena || !r->scopes)
        return nj_fail(err, NJ_ENOMEM, "no memory to read a store");
    for (uint32_t i = 0; i < r->corpus->scopes_len; i++)
        r->scopes[i] = NJ_NO_SCOPE;
    enum nj_status st = r->corpus->open(r->corpus, 0, r->corpus->traces_len, &r->source, err);
    if (st < 0)
        return st;
    while ((st = r->source->next(r->source, &raw, err)) == NJ_OK) {
        st = trace_read(r, &raw, err);
        if (st < 0)
            break;
    }
    r->source->close(r->source);
    return st < 0 ? st : NJ_OK;
}

static enum nj_status
store_read(const struct nj_store *store, const char *path, struct nj_sink *sink,
           struct nj_error *err)
{
    struct reading r = {.sink = sink, .corpus = nj_store_corpus(store)};
    uint64_t unfinished;
    enum nj_status st = nj_store_unfinished(store, &unfinished, err);

    if (st == NJ_OK && unfinished > 0)
        return nj_fail(err, NJ_ESTORE,
                       "%s: the import of %" PRIu64 " of its inputs was interrupted; run the "
                       "same import again to complete it",
                       path, unfinished);
    if (st == NJ_OK)
        st = nj_store_diags(store, SIZE_MAX, sink->diags, err);
    if (st == NJ_OK)
        st = traces_read(&r, err);
    nj_arena_free(r.arena);
    free(r.scopes);
    return st;
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    struct nj_sqlite *file;
    struct nj_store *store;
    enum nj_status st = nj_sqlite_input_open(&file, input, err);

    if (st < 0)
        return st;
    /* what is compressed or comes from a pipe stands in a private copy */
    const char *copy = nj_sqlite_copy(file);
    st = nj_store_open(&store, copy ? copy : input->path, NJ_STORE_READ, err);
    if (st == NJ_OK) {
        st = store_read(store, input->path, sink, err);
        nj_store_close(store);
    }
    nj_sqlite_close(file);
    return st < 0 ? nj_fail(err, st, "%s: reading a store", input->path) : NJ_OK;
}

static int
sniff(struct nj_slice head, bool is_whole)
{
    (void)is_whole;
    return nj_store_sniff(head) ? 100 : 0;
}

const struct nj_importer nj_importer_nightjar_store = {
    .name = "nightjar-store",
    .summary = "a store made by `nightjar import`",
    .sniff = sniff,
    .read = read_input,
};
