/* conventions.c - from a span to a row and its facts, by the table of conventions. */
#include "schema/conventions.h"

#include "base/search.h"
#include "base/utf8.h"
#include "schema/conventions_engine.h"
#include "schema/operation.h"

#include <stdlib.h>

enum {
    NAME_BYTES_MAX = 4096
}; /* longer names are cut in the row; the content has them whole */

struct nj_conventions *
nj_conventions_new(struct nj_names *names)
{
    struct nj_conventions *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->names = names;
    c->arena = nj_arena_new(16 << 10);
    if (!c->arena || !nj_conventions_index(c)) {
        nj_conventions_free(c);
        return NULL;
    }
    return c;
}

void
nj_conventions_free(struct nj_conventions *c)
{
    if (!c)
        return;
    nj_arena_free(c->arena);
    nj_buf_fini(&c->scratch);
    free(c->by_key);
    free(c);
}

/* The cache's slot of this text, filled. NULL: no memory. */
static struct nj_name_slot *
name_slot(struct nj_conventions *c, struct nj_slice text)
{
    text.len = nj_utf8_cut(text.ptr, text.len, NAME_BYTES_MAX);
    struct nj_name_slot *slot = &c->recent[nj_quick_hash(text) % NJ_NAME_SLOTS];
    if (slot->text.ptr && nj_slice_eq(slot->text, text))
        return slot;
    uint32_t id = nj_names_intern(c->names, text);
    if (id == UINT32_MAX) {
        c->is_failed = true;
        return NULL;
    }
    *slot = (struct nj_name_slot){nj_names_get(c->names, id), id, UINT32_MAX, UINT32_MAX,
                                  NJ_NO_NAME};
    return slot;
}

uint32_t
nj_conventions_intern(struct nj_conventions *c, struct nj_slice text)
{
    if (text.len == 0)
        return NJ_NO_NAME;
    const struct nj_name_slot *slot = name_slot(c, text);
    return slot ? slot->id : NJ_NO_NAME;
}

/* The usual name among the aliases, empty if the spelling is none of them. */
static struct nj_slice
provider_alias(struct nj_slice spelling)
{
    static const struct {
        const char *spelling, *name;
    } aliases[] = {
#define NJ_PROVIDER(spelling, name) {spelling, name},
#include "schema/providers.def"
#undef NJ_PROVIDER
    };
    for (size_t i = 0; i < NJ_LEN(aliases); i++)
        if (nj_slice_eq(spelling, nj_slice_of(aliases[i].spelling)))
            return nj_slice_of(aliases[i].name);
    return (struct nj_slice){"", 0};
}

/* "OpenAI", "openai.chat", "google.vertex.chat": aliases count with any tail cut off. */
static struct nj_slice
provider_name(char out[64], struct nj_slice text)
{
    struct nj_slice name = {out, text.len < 64 ? text.len : 64}, alias = {"", 0};

    for (size_t i = 0; i < name.len; i++)
        out[i] = nj_char_lower(text.ptr[i]);
    for (size_t len = name.len; len > 0 && !alias.len; len--)
        if (len == name.len || out[len] == '.')
            alias = provider_alias((struct nj_slice){out, len});
    const char *dot = name.len ? memchr(out, '.', name.len) : NULL;
    if (dot && dot > out)
        name.len = (size_t)(dot - out);
    return alias.len ? alias : name;
}

uint32_t
nj_conventions_provider(struct nj_conventions *c)
{
    char text[64];
    struct nj_slice spelled = nj_found_text(&c->span, NJ_CONCEPT_PROVIDER);
    struct nj_name_slot *slot = spelled.len ? name_slot(c, spelled) : NULL;

    if (!slot)
        return NJ_NO_NAME;
    if (slot->provider == UINT32_MAX)
        slot->provider = nj_names_intern(c->names, provider_name(text, slot->text));
    c->is_failed |= slot->provider == UINT32_MAX;
    return slot->provider;
}

/* The operation of a name depends on the model, whose own name is not masked. */
static void
name_read(struct nj_conventions *c, struct nj_row *row, struct nj_slice name)
{
    struct nj_name_slot *slot = name.len ? name_slot(c, name) : NULL;

    row->name = row->operation = NJ_NO_NAME;
    if (!slot)
        return;
    if (slot->operation == UINT32_MAX || slot->model != row->model) {
        c->scratch.len = 0;
        uint32_t operation = slot->id;
        if (nj_operation_write(&c->scratch, slot->text, nj_names_get(c->names, row->model)))
            operation = nj_names_intern(c->names, nj_buf_slice(&c->scratch));
        c->is_failed |= c->scratch.is_failed || operation == UINT32_MAX;
        slot->operation = operation;
        slot->model = row->model;
    }
    row->name = slot->id;
    row->operation = slot->operation;
}

static void
times_read(struct nj_row *row, const struct nj_span *span)
{
    row->start_ns = span->start_ns;
    row->end_ns = span->end_ns;
    if (span->start_ns == NJ_NO_TIME) {
        row->start_ns = 0;
        row->flags |= NJ_ROW_NO_START;
    }
    if (span->end_ns == NJ_NO_TIME) {
        row->end_ns = row->start_ns;
        row->flags |= NJ_ROW_NO_END;
    }
}

static void
ids_read(struct nj_row *row, const struct nj_span *span)
{
    row->span_id = span->span_id;
    row->parent_id = span->has_parent ? span->parent_id : 0;
    row->flags |= span->has_parent ? NJ_ROW_HAS_PARENT : 0;
    row->flags |= span->span_text.len ? NJ_ROW_SPAN_TEXT : 0;
    row->scope = span->scope;
    row->otel_kind = (uint8_t)span->otel_kind;
}

static void
columns_read(struct nj_conventions *c, struct nj_row *row, const struct nj_span *span)
{
    const struct nj_findings *f = &c->span;
    enum nj_concept model = nj_found_is(f, NJ_CONCEPT_MODEL_ASKED) ? NJ_CONCEPT_MODEL_ASKED
                                                                   : NJ_CONCEPT_MODEL_ANSWERED;

    row->kind = (uint8_t)nj_conventions_kind(f, span->name);
    row->model = nj_conventions_intern(c, nj_found_text(f, model));
    row->provider = nj_conventions_provider(c);
    name_read(c, row, span->name);
    nj_conventions_agent(c, row, span->name);
    nj_conventions_tool(c, row, span->name);
    nj_conventions_tokens(c, row);
    row->status = (uint8_t)span->status;
    if (span->status != NJ_STATUS_ERROR && nj_found_is(f, NJ_CONCEPT_LEVEL))
        row->status = NJ_STATUS_ERROR;
    row->flags |= nj_found_is(f, NJ_CONCEPT_MARKER) ? NJ_ROW_PENDING : 0;
    row->flags |= nj_found_is(f, NJ_CONCEPT_SHARED) ? NJ_ROW_SHARED : 0;
}

enum nj_status
nj_conventions_row(struct nj_conventions *c, const struct nj_span *span,
                   const struct nj_scope_facts *scope, struct nj_row *row, struct nj_buf *facts,
                   struct nj_error *err)
{
    *row = (struct nj_row){0};
    c->is_failed = false;
    nj_findings_read(c, &c->span, span->attrs);
    nj_conventions_metadata(c);
    ids_read(row, span);
    times_read(row, span);
    columns_read(c, row, span);
    nj_conventions_facts(c, row, facts, span, scope);
    nj_arena_reset(c->arena);
    if (c->is_failed || facts->is_failed || c->scratch.is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory to read the attributes of a span");
    return NJ_OK;
}

/* Sampling rates beside the spans, in the order of weights.def. */
static void
scope_weights(struct nj_conventions *c, struct nj_scope_facts *out, const struct nj_findings *f)
{
    for (size_t i = 0; i < f->many_len && out->weights_len < NJ_SCOPE_WEIGHTS_MAX; i++) {
        const struct nj_convention *row = &nj_convention_table[f->many[i].found.row];
        if (row->concept != NJ_CONCEPT_WEIGHT)
            continue;
        out->weights[out->weights_len].row = nj_convention_weight(row);
        out->weights[out->weights_len++].value =
            nj_conventions_intern(c, f->many[i].found.text);
    }
}

enum nj_status
nj_conventions_scope(struct nj_conventions *c, const struct nj_scope *scope,
                     struct nj_scope_facts *out, struct nj_error *err)
{
    *out = (struct nj_scope_facts){0};
    c->is_failed = false;
    nj_findings_read(c, &c->span, scope->resource);
    nj_findings_read(c, &c->event, scope->attrs);
    struct nj_slice service = nj_found_text(&c->span, NJ_CONCEPT_SERVICE);
    if (nj_slice_starts(service, NJ_SLICE("unknown_service")))
        service.len = 0;
    out->service = nj_conventions_intern(c, service);
    out->host = nj_conventions_intern(c, nj_found_text(&c->span, NJ_CONCEPT_HOST));
    out->scope_name = nj_conventions_intern(c, scope->name);
    scope_weights(c, out, &c->span);
    scope_weights(c, out, &c->event);
    nj_arena_reset(c->arena);
    return c->is_failed ? nj_fail(err, NJ_ENOMEM, "no memory to read the attributes of a scope")
                        : NJ_OK;
}
