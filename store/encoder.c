/* encoder.c - a sink that makes batches of the spans it is given. */
#include "store/encoder.h"

#include "base/hash.h"
#include "store/payload.h"

#include <stdlib.h>

struct scope {
    uint64_t digest;
    struct nj_scope_facts facts;
};

struct nj_encoder {
    struct nj_sink sink; /* first: the sink's callbacks find the encoder by it */
    struct nj_batch_exit exit;
    struct nj_names *names;
    struct nj_conventions *conventions;
    struct nj_batch *batch; /* being filled; NULL when there is none */
    struct scope *scopes;
    uint32_t scopes_len, scopes_cap;
    uint32_t *slots; /* open addressing: index + 1 of a scope, by digest */
    size_t slots_len;
    bool has_checkpoints;
    uint64_t spans; /* since the last checkpoint */
    struct nj_buf scratch;
};

static struct nj_batch *
batch_get(struct nj_encoder *encoder, struct nj_error *err)
{
    if (!encoder->batch) {
        encoder->batch = encoder->exit.take(encoder->exit.context, err);
        if (encoder->batch)
            encoder->batch->names = encoder->names;
    }
    return encoder->batch;
}

static enum nj_status
batch_put(struct nj_encoder *encoder, struct nj_error *err)
{
    struct nj_batch *batch = encoder->batch;

    encoder->batch = NULL;
    if (batch->bytes.is_failed || batch->payload.is_failed) {
        nj_batch_free(batch);
        return nj_fail(err, NJ_ENOMEM, "no memory for a batch of spans");
    }
    return encoder->exit.put(encoder->exit.context, batch, err);
}

static uint32_t *
slot_find(struct nj_encoder *encoder, uint64_t digest)
{
    size_t mask = encoder->slots_len - 1, i = (size_t)digest & mask;

    while (encoder->slots[i] && encoder->scopes[encoder->slots[i] - 1].digest != digest)
        i = (i + 1) & mask;
    return &encoder->slots[i];
}

/* Room for one more scope in the list and in the table. */
static bool
scopes_grow(struct nj_encoder *encoder)
{
    if (encoder->scopes_len < encoder->scopes_cap)
        return true;
    uint32_t cap = encoder->scopes_cap ? encoder->scopes_cap * 2 : 64;
    struct scope *scopes = realloc(encoder->scopes, cap * sizeof *scopes);
    if (!scopes)
        return false;
    encoder->scopes = scopes;
    uint32_t *slots = calloc((size_t)cap * 2, sizeof *slots);
    if (!slots)
        return false;
    free(encoder->slots);
    encoder->slots = slots;
    encoder->slots_len = (size_t)cap * 2;
    encoder->scopes_cap = cap;
    for (uint32_t i = 0; i < encoder->scopes_len; i++)
        *slot_find(encoder, scopes[i].digest) = i + 1;
    return true;
}

static enum nj_status
scope_announce(struct nj_encoder *encoder, const struct scope *scope, struct nj_error *err)
{
    struct nj_batch *batch = batch_get(encoder, err);

    if (!batch)
        return err ? err->status : NJ_ENOMEM;
    if (batch->scopes_len == batch->scopes_cap) {
        size_t cap = batch->scopes_cap ? batch->scopes_cap * 2 : 8;
        struct nj_batch_scope *scopes = realloc(batch->scopes, cap * sizeof *scopes);
        if (!scopes)
            return nj_fail(err, NJ_ENOMEM, "no memory for %zu scopes", cap);
        batch->scopes = scopes;
        batch->scopes_cap = cap;
    }
    batch->scopes[batch->scopes_len++] = (struct nj_batch_scope){
        .digest = scope->digest,
        .facts = scope->facts,
        .content_at = batch->bytes.len,
        .content_len = encoder->scratch.len,
    };
    nj_buf_put_slice(&batch->bytes, nj_buf_slice(&encoder->scratch));
    return NJ_OK;
}

static enum nj_status
encoder_scope(struct nj_sink *sink, const struct nj_scope *scope, uint32_t *out,
              struct nj_error *err)
{
    struct nj_encoder *encoder = (struct nj_encoder *)sink;
    enum nj_status st = NJ_OK;

    encoder->scratch.len = 0;
    nj_scope_write(&encoder->scratch, scope);
    if (encoder->scratch.is_failed || !scopes_grow(encoder))
        return nj_fail(err, NJ_ENOMEM, "no memory for a scope");
    struct scope added = {.digest = nj_hash(nj_buf_slice(&encoder->scratch))};
    uint32_t *slot = slot_find(encoder, added.digest);
    if (*slot == 0) {
        st = nj_conventions_scope(encoder->conventions, scope, &added.facts, err);
        if (st == NJ_OK)
            st = scope_announce(encoder, &added, err);
        if (st < 0)
            return st;
        encoder->scopes[encoder->scopes_len++] = added;
        *slot = encoder->scopes_len;
    }
    *out = *slot - 1;
    return NJ_OK;
}

static struct nj_batch_row *
row_new(struct nj_batch *batch)
{
    if (batch->rows_len == batch->rows_cap) {
        size_t cap = batch->rows_cap ? batch->rows_cap * 2 : 256;
        struct nj_batch_row *rows = realloc(batch->rows, cap * sizeof *rows);
        if (!rows)
            return NULL;
        batch->rows = rows;
        batch->rows_cap = cap;
    }
    return &batch->rows[batch->rows_len++];
}

static enum nj_status
encoder_span(struct nj_sink *sink, const struct nj_span *span, struct nj_error *err)
{
    struct nj_encoder *encoder = (struct nj_encoder *)sink;

    NJ_CHECK(span->scope < encoder->scopes_len);
    const struct scope *scope = &encoder->scopes[span->scope];
    struct nj_batch *batch = batch_get(encoder, err);
    struct nj_batch_row *added = batch ? row_new(batch) : NULL;
    if (!added)
        return nj_fail(err, NJ_ENOMEM, "no memory for a batch of spans");
    *added = (struct nj_batch_row){.trace_id = span->trace_id, .facts_at = batch->bytes.len};
    enum nj_status st = nj_conventions_row(encoder->conventions, span, &scope->facts,
                                           &added->row, &batch->bytes, err);
    if (st < 0)
        return st;
    added->row.facts.len = batch->bytes.len - added->facts_at;
    added->row.payload = batch->payload.len;
    added->row.digest =
        nj_payload_write(&batch->payload, span, &added->row, encoder->names, scope->digest);
    added->text_at = batch->bytes.len;
    added->text_len = span->trace_text.len;
    nj_buf_put_slice(&batch->bytes, span->trace_text);
    encoder->spans++;
    if (batch->payload.len >= NJ_BATCH_BYTES || batch->rows_len >= NJ_BATCH_ROWS)
        return batch_put(encoder, err);
    return NJ_OK;
}

static enum nj_status
encoder_checkpoint(struct nj_sink *sink, uint64_t offset, struct nj_error *err)
{
    struct nj_encoder *encoder = (struct nj_encoder *)sink;

    if (!encoder->has_checkpoints || encoder->spans < NJ_CHECKPOINT_SPANS)
        return NJ_OK;
    struct nj_batch *batch = batch_get(encoder, err);
    if (!batch)
        return nj_fail(err, NJ_ENOMEM, "no memory for a batch of spans");
    batch->is_checkpoint = true;
    batch->offset = offset;
    batch->diags = *encoder->sink.diags;
    encoder->spans = 0;
    return batch_put(encoder, err);
}

enum nj_status
nj_encoder_new(struct nj_encoder **out, const struct nj_batch_exit *exit, bool has_checkpoints,
               struct nj_diags *diags, struct nj_error *err)
{
    struct nj_encoder *encoder = calloc(1, sizeof *encoder);

    if (!encoder)
        return nj_fail(err, NJ_ENOMEM, "no memory for an encoder");
    encoder->sink = (struct nj_sink){
        .scope = encoder_scope,
        .span = encoder_span,
        .checkpoint = encoder_checkpoint,
        .diags = diags,
    };
    encoder->exit = *exit;
    encoder->has_checkpoints = has_checkpoints;
    encoder->names = nj_names_new();
    encoder->conventions = encoder->names ? nj_conventions_new(encoder->names) : NULL;
    if (!encoder->conventions || !scopes_grow(encoder)) {
        nj_encoder_free(encoder);
        return nj_fail(err, NJ_ENOMEM, "no memory for an encoder");
    }
    *out = encoder;
    return NJ_OK;
}

void
nj_encoder_free(struct nj_encoder *encoder)
{
    if (!encoder)
        return;
    nj_batch_free(encoder->batch);
    nj_conventions_free(encoder->conventions);
    nj_names_free(encoder->names);
    free(encoder->scopes);
    free(encoder->slots);
    nj_buf_fini(&encoder->scratch);
    free(encoder);
}

struct nj_sink *
nj_encoder_sink(struct nj_encoder *encoder)
{
    return &encoder->sink;
}

enum nj_status
nj_encoder_finish(struct nj_encoder *encoder, struct nj_error *err)
{
    return encoder->batch ? batch_put(encoder, err) : NJ_OK;
}
