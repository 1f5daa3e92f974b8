/* encoder.c - a sink that makes batches of the spans it is given. */
#include "store/encoder.h"

#include "base/grow.h"
#include "schema/ids.h"
#include "store/digest_index.h"
#include "store/payload.h"

#include <stdlib.h>

struct nj_encoder {
    struct nj_sink sink; /* first: the sink's callbacks find the encoder by it */
    struct nj_batch_exit exit;
    struct nj_names *names;
    struct nj_conventions *conventions;
    struct nj_batch *batch; /* being filled; NULL when there is none */
    struct nj_digest_index scopes, classes;
    struct nj_scope_facts *facts; /* by scope */
    size_t facts_cap;
    bool has_checkpoints, has_contents;
    uint64_t spans;          /* since the last checkpoint */
    struct nj_shapes shapes; /* of the batch */
    struct nj_buf scratch;
};

static enum nj_status
no_memory(struct nj_error *err)
{
    return nj_fail(err, NJ_ENOMEM, "no memory for a batch of spans");
}

/* The batch to fill, a new one if need be; NULL with *err set. */
static struct nj_batch *
batch_get(struct nj_encoder *encoder, struct nj_error *err)
{
    if (!encoder->batch) {
        encoder->batch = encoder->exit.take(encoder->exit.context, err);
        if (encoder->batch)
            encoder->batch->names = encoder->names;
        /* Room for all but long spans, lest the buffer doubles at the last one. */
        if (encoder->batch && encoder->has_contents && encoder->batch->payload.cap == 0)
            (void)nj_buf_reserve(&encoder->batch->payload, NJ_BATCH_BYTES + NJ_BATCH_BYTES / 8);
        encoder->shapes = (struct nj_shapes){0};
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
        return no_memory(err);
    }
    if (!encoder->has_contents)
        batch->payload.len = 0;
    return encoder->exit.put(encoder->exit.context, batch, err);
}

/* A scope that was not seen before; its content is in encoder->scratch. */
static enum nj_status
scope_add(struct nj_encoder *encoder, const struct nj_scope *scope, uint64_t digest,
          struct nj_error *err)
{
    struct nj_batch *batch = batch_get(encoder, err);

    if (!batch)
        return NJ_ENOMEM;
    struct nj_scope_facts *facts =
        nj_grow(encoder->facts, encoder->scopes.len, &encoder->facts_cap, sizeof *facts);
    if (!facts)
        return no_memory(err);
    encoder->facts = facts;
    facts += encoder->scopes.len;
    enum nj_status st = nj_conventions_scope(encoder->conventions, scope, facts, err);
    if (st < 0)
        return st;
    struct nj_batch_scope *added = nj_batch_add_scope(batch);
    if (!added || !nj_digest_index_add(&encoder->scopes, digest))
        return no_memory(err);
    *added = (struct nj_batch_scope){
        .digest = digest,
        .facts = *facts,
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
    if (encoder->scratch.is_failed)
        return no_memory(err);
    uint64_t digest = nj_hash(nj_buf_slice(&encoder->scratch));
    uint32_t known = nj_digest_index_find(&encoder->scopes, digest);
    if (known == NJ_NO_INDEX) {
        known = encoder->scopes.len;
        st = scope_add(encoder, scope, digest, err);
    }
    *out = known;
    return st;
}

/* The number of the row's class, announced in the batch where it is new; NJ_NO_INDEX: no
 * memory. */
static uint32_t
class_find(struct nj_encoder *encoder, const struct nj_row *row)
{
    struct nj_class class = nj_class_of(row);
    uint64_t digest = nj_class_digest(&class);
    uint32_t known = nj_digest_index_find(&encoder->classes, digest);

    if (known != NJ_NO_INDEX)
        return known;
    known = encoder->classes.len;
    struct nj_class *added = nj_batch_add_class(encoder->batch);
    if (!added || !nj_digest_index_add(&encoder->classes, digest))
        return NJ_NO_INDEX;
    *added = class;
    return known;
}

/* What an exporter left out was lost before we came; records that became events stay events.
 * Both are told of the span, so that an export says the same when it is read again. */
static void
oddities_count(const struct nj_encoder *encoder, const struct nj_span *span,
               struct nj_diags *diags)
{
    char trace[NJ_TRACE_HEX + 1], id[NJ_SPAN_HEX + 1];
    bool has_dropped = span->attrs.dropped || span->events_dropped || span->links_dropped;
    size_t pending = nj_conventions_events_pending(encoder->conventions);

    if (!has_dropped && pending == 0)
        return;
    struct nj_slice trace_text = nj_trace_id_show(&span->trace_id, span->trace_text, trace);
    struct nj_slice span_text = nj_span_id_show(span->span_id, span->span_text, id);
    if (has_dropped)
        nj_diag_at(diags, NJ_DIAG_ATTRIBUTES_DROPPED, "trace %.*s span %.*s",
                   NJ_FMT(trace_text), NJ_FMT(span_text));
    if (pending > 0) {
        nj_diag_add(diags, NJ_DIAG_NOT_A_SPAN, pending - 1);
        nj_diag_at(diags, NJ_DIAG_NOT_A_SPAN, "trace %.*s span %.*s", NJ_FMT(trace_text),
                   NJ_FMT(span_text));
    }
}

static enum nj_status
encoder_span(struct nj_sink *sink, const struct nj_span *span, struct nj_error *err)
{
    struct nj_encoder *encoder = (struct nj_encoder *)sink;
    struct nj_batch *batch = batch_get(encoder, err);
    struct nj_row row = {0};

    if (!batch)
        return NJ_ENOMEM;
    NJ_CHECK(span->scope < encoder->scopes.len);
    size_t facts_at = batch->bytes.len;
    enum nj_status st = nj_conventions_row(
        encoder->conventions, span, &encoder->facts[span->scope], &row, &batch->bytes, err);
    if (st < 0)
        return st;
    oddities_count(encoder, span, sink->diags);
    row.facts.len = batch->bytes.len - facts_at;
    row.payload = batch->payload.len;
    row.digest = nj_payload_write(&batch->payload, &encoder->shapes, span, &row, encoder->names,
                                  encoder->scopes.digests[span->scope]);
    if (!encoder->has_contents) /* written for the digest; but later spans need the lists */
        batch->payload.len =
            encoder->shapes.end > row.payload ? encoder->shapes.end : row.payload;
    uint32_t class = class_find(encoder, &row);
    struct nj_batch_row *added = nj_batch_add_row(batch);
    if (class == NJ_NO_INDEX || !added)
        return no_memory(err);
    *added = (struct nj_batch_row){
        .cells = nj_cells_of(&row, class),
        .trace_id = span->trace_id,
        .facts_at = facts_at,
        .text_at = batch->bytes.len,
        .text_len = span->trace_text.len,
    };
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
        return NJ_ENOMEM;
    batch->is_checkpoint = true;
    batch->offset = offset;
    batch->diags = *encoder->sink.diags;
    encoder->spans = 0;
    return batch_put(encoder, err);
}

enum nj_status
nj_encoder_new(struct nj_encoder **out, const struct nj_batch_exit *exit, unsigned flags,
               struct nj_diags *diags, struct nj_error *err)
{
    struct nj_encoder *encoder = calloc(1, sizeof *encoder);

    if (!encoder)
        return no_memory(err);
    encoder->sink = (struct nj_sink){
        .scope = encoder_scope,
        .span = encoder_span,
        .checkpoint = encoder_checkpoint,
        .diags = diags,
    };
    encoder->exit = *exit;
    encoder->has_checkpoints = flags & NJ_ENCODE_CHECKPOINTS;
    encoder->has_contents = flags & NJ_ENCODE_CONTENTS;
    encoder->names = nj_names_new();
    encoder->conventions = encoder->names ? nj_conventions_new(encoder->names) : NULL;
    if (!encoder->conventions) {
        nj_encoder_free(encoder);
        return no_memory(err);
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
    nj_digest_index_fini(&encoder->scopes);
    nj_digest_index_fini(&encoder->classes);
    free(encoder->facts);
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
