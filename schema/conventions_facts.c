/* conventions_facts.c - what a span says beyond the columns of its row. */
#include "base/hash.h"
#include "base/utf8.h"
#include "schema/conventions_engine.h"

enum { MESSAGE_BYTES = 512 };

struct nj_slice
nj_fact_cut(struct nj_slice text)
{
    text.len = nj_utf8_cut(text.ptr, text.len, MESSAGE_BYTES);
    return text;
}

void
nj_fact_put_cut(struct nj_buf *facts, enum nj_fact fact, struct nj_slice text)
{
    if (text.len)
        nj_fact_put_text(facts, fact, nj_fact_cut(text));
}

void
nj_fact_put_hash(struct nj_buf *facts, enum nj_fact fact, struct nj_slice text)
{
    if (text.len)
        nj_fact_put_int(facts, fact, (int64_t)nj_hash(text));
}

/* Facts that are one concept as it stands. */
static const struct {
    uint8_t fact, concept;
} texts[] =
    {
        {NJ_FACT_ERROR_TYPE, NJ_CONCEPT_ERROR_TYPE},
        {NJ_FACT_SESSION, NJ_CONCEPT_SESSION},
        {NJ_FACT_USER, NJ_CONCEPT_USER},
        {NJ_FACT_HOST, NJ_CONCEPT_HOST},
        {NJ_FACT_AGENT_ID, NJ_CONCEPT_AGENT_ID},
},
  hashes[] =
      {
          {NJ_FACT_INPUT_HASH, NJ_CONCEPT_INPUT_HASH},
          {NJ_FACT_OUTPUT_HASH, NJ_CONCEPT_OUTPUT_HASH},
},
  numbers[] = {
      {NJ_FACT_HTTP_STATUS, NJ_CONCEPT_HTTP_STATUS},
      {NJ_FACT_GRPC_STATUS, NJ_CONCEPT_GRPC_STATUS},
      {NJ_FACT_RETRY_COUNT, NJ_CONCEPT_RETRY},
      {NJ_FACT_STREAMING, NJ_CONCEPT_STREAMING},
};

static void
plain_put(const struct nj_findings *f, struct nj_buf *facts)
{
    for (size_t i = 0; i < NJ_LEN(texts); i++)
        nj_fact_put_cut(facts, (enum nj_fact)texts[i].fact,
                        nj_found_text(f, (enum nj_concept)texts[i].concept));
    for (size_t i = 0; i < NJ_LEN(hashes); i++)
        nj_fact_put_hash(facts, (enum nj_fact)hashes[i].fact,
                         nj_found_text(f, (enum nj_concept)hashes[i].concept));
    for (size_t i = 0; i < NJ_LEN(numbers); i++) {
        const struct nj_found *found = nj_found_get(f, (enum nj_concept)numbers[i].concept);
        if (found)
            nj_fact_put_int(facts, (enum nj_fact)numbers[i].fact, found->integer);
    }
}

/* All elements of a list of texts. */
static void
list_put(struct nj_conventions *c, struct nj_buf *facts, enum nj_fact fact,
         const struct nj_found *found)
{
    enum { LIST_MAX = 16 };
    struct nj_value element;

    if (!found)
        return;
    if (found->value->type != NJ_VALUE_ARRAY) {
        nj_fact_put_cut(facts, fact, found->text);
        return;
    }
    const uint8_t *at = (const uint8_t *)found->value->bytes.ptr;
    const uint8_t *end = at + found->value->bytes.len;
    for (int i = 0; i < LIST_MAX && at < end && nj_value_read(&at, end, &element); i++)
        nj_fact_put_cut(facts, fact, nj_plain_text(c, &element));
}

/* Rates recorded on the span, then those of its scope. */
static void
weights_put(struct nj_conventions *c, struct nj_buf *facts, const struct nj_scope_facts *scope)
{
    for (size_t i = 0; i < c->span.many_len; i++) {
        const struct nj_found *found = &c->span.many[i].found;
        const struct nj_convention *row = &nj_convention_table[found->row];
        if (row->concept != NJ_CONCEPT_WEIGHT)
            continue;
        nj_fact_put_int(facts, NJ_FACT_WEIGHT_SOURCE, nj_convention_weight(row));
        nj_fact_put_text(facts, NJ_FACT_WEIGHT_VALUE, found->text);
    }
    for (uint32_t i = 0; i < scope->weights_len; i++) {
        nj_fact_put_int(facts, NJ_FACT_WEIGHT_SOURCE, scope->weights[i].row);
        nj_fact_put_text(facts, NJ_FACT_WEIGHT_VALUE,
                         nj_names_get(c->names, scope->weights[i].value));
    }
}

/* Whether a tracestate has a member that says something of sampling: OpenTelemetry's own, or
 * the bare threshold that was written before it. */
static bool
state_has_sampling(struct nj_slice state)
{
    for (size_t i = 0; i + 3 <= state.len; i++) {
        bool is_start = i == 0 || state.ptr[i - 1] == ',' || state.ptr[i - 1] == ' ';
        if (is_start &&
            (memcmp(state.ptr + i, "ot=", 3) == 0 || memcmp(state.ptr + i, "th=", 3) == 0))
            return true;
    }
    return false;
}

static void
span_put(const struct nj_findings *f, const struct nj_row *row, struct nj_buf *facts,
         const struct nj_span *span)
{
    struct nj_slice message = span->status_message;

    if (span->span_text.len)
        nj_fact_put_text(facts, NJ_FACT_SPAN_TEXT, span->span_text);
    if (span->has_parent && span->parent_text.len)
        nj_fact_put_text(facts, NJ_FACT_PARENT_TEXT, span->parent_text);
    nj_fact_put_cut(facts, NJ_FACT_STATUS_MESSAGE,
                    message.len ? message : nj_found_text(f, NJ_CONCEPT_ERROR_MESSAGE));
    if (state_has_sampling(span->trace_state))
        nj_fact_put_text(facts, NJ_FACT_TRACE_STATE, span->trace_state);
    if (span->flags)
        nj_fact_put_int(facts, NJ_FACT_TRACE_FLAGS, span->flags);
    if (row->flags & NJ_ROW_PENDING)
        nj_fact_put_int(facts, NJ_FACT_PENDING, 1);
    if (row->flags & NJ_ROW_SHARED)
        nj_fact_put_int(facts, NJ_FACT_SHARED, 1);
}

void
nj_conventions_facts(struct nj_conventions *c, const struct nj_row *row, struct nj_buf *facts,
                     const struct nj_span *span, const struct nj_scope_facts *scope)
{
    double cost;

    span_put(&c->span, row, facts, span);
    plain_put(&c->span, facts);
    list_put(c, facts, NJ_FACT_FINISH_REASON, nj_found_get(&c->span, NJ_CONCEPT_FINISH_REASON));
    if (nj_conventions_cost(c, &cost))
        nj_fact_put_real(facts, NJ_FACT_COST, cost);
    if (row->kind == NJ_KIND_TOOL)
        nj_tool_facts(c, facts);
    nj_handoff_facts(c, row, facts, span->name);
    nj_conventions_events(c, row, facts, span);
    weights_put(c, facts, scope);
}
