/* errors_chain.c - a chain of errors as texts. */
#include "analyzers/errors_chain.h"

#include "analyzers/errors_print.h"
#include "schema/facts.h"

/* Writes texts one after the other and makes names of them; sticky when memory runs out. */
struct writer {
    struct nj_buf buf;
    struct nj_names *names;
    bool is_failed;
};

static uint32_t
name_made(struct writer *w)
{
    uint32_t name =
        w->buf.is_failed ? UINT32_MAX : nj_names_intern(w->names, nj_buf_slice(&w->buf));

    w->is_failed |= name == UINT32_MAX;
    return name;
}

static uint32_t
name_of(struct writer *w, struct nj_slice text)
{
    w->buf.len = 0;
    nj_buf_put_slice(&w->buf, text);
    return name_made(w);
}

/* "a|b" */
static uint32_t
pair_name(struct writer *w, struct nj_slice a, struct nj_slice b)
{
    w->buf.len = 0;
    nj_buf_put_slice(&w->buf, a);
    nj_buf_put_char(&w->buf, '|');
    nj_buf_put_slice(&w->buf, b);
    return name_made(w);
}

static struct nj_slice
operation_text(const struct nj_errors *e, uint32_t span)
{
    return nj_names_get(e->trace->corpus->names, nj_error_operation(e->trace, span));
}

/* Agents on the way of a node, each once where it follows itself, one a line; how many
 * different ones goes to *out_agents. */
static uint32_t
path_name(struct writer *w, const struct nj_errors *e, uint32_t node, uint32_t *out_agents)
{
    uint32_t agents[NJ_CHAIN_AGENTS_MAX], len = 0, different = 0;

    w->buf.len = 0;
    for (; node != NJ_NO_NODE && len < NJ_CHAIN_AGENTS_MAX; node = e->nodes[node].turn) {
        uint32_t agent = e->trace->agent[e->nodes[node].span];
        bool is_new = true;
        for (uint32_t k = 0; k < len; k++)
            is_new &= agents[k] != agent;
        different += is_new;
        if (len > 0)
            nj_buf_put_char(&w->buf, '\n');
        nj_buf_put_slice(&w->buf, nj_names_get(w->names, agent));
        agents[len++] = agent;
    }
    if (node != NJ_NO_NODE)
        nj_buf_put_text(&w->buf, "\n…");
    *out_agents = different;
    return name_made(w);
}

/* "SITE > AGENT > AGENT > ignored at OPERATION|TYPE" */
static uint32_t
key_name(struct writer *w, const struct nj_error_chain *chain)
{
    struct nj_slice path = nj_names_get(w->names, chain->path);
    const char *how = nj_error_how_name((enum nj_error_how)chain->how);

    w->buf.len = 0;
    nj_buf_put_slice(&w->buf, nj_names_get(w->names, chain->site));
    nj_buf_put_text(&w->buf, " > ");
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '\n')
            nj_buf_put_text(&w->buf, " > ");
        else
            nj_buf_put_char(&w->buf, path.ptr[i]);
    }
    nj_buf_printf(&w->buf, " > %s at ",
                  how ? how : nj_error_state_name((enum nj_error_state)chain->state));
    nj_buf_put_slice(&w->buf, nj_names_get(w->names, chain->surface));
    return name_made(w);
}

static void
example_set(struct writer *w, struct nj_error_chain *chain, const struct nj_trace *trace,
            uint32_t span)
{
    struct nj_fact_cursor text;

    chain->trace = trace->id;
    chain->span_id = trace->span_id[span];
    chain->kept = (struct nj_kept_trace){trace->number, trace->weight.value};
    chain->trace_spans = trace->spans_len;
    chain->trace_text = trace->text.len ? name_of(w, trace->text) : NJ_NO_NAME;
    chain->span_text = (trace->row[span]->flags & NJ_ROW_SPAN_TEXT) &&
                               nj_trace_fact_find(trace, span, NJ_FACT_SPAN_TEXT, &text)
                           ? name_of(w, text.bytes)
                           : NJ_NO_NAME;
}

bool
nj_error_chain_of(struct nj_error_chain *out, uint32_t *key, const struct nj_errors *e,
                  const struct nj_error_origin *origin, struct nj_names *names)
{
    const struct nj_error_node *node = &e->nodes[origin->node];
    const struct nj_error_node *last = &e->nodes[node->terminal];
    uint32_t end = origin->state == NJ_STATE_SURFACED || last->absorbed_at == NJ_NO_SPAN
                       ? last->span
                       : last->absorbed_at;
    struct writer w = {.names = names};

    *out = (struct nj_error_chain){.agent = e->trace->agent[node->span],
                                   .operation = nj_error_operation(e->trace, node->span),
                                   .state = origin->state,
                                   .how = origin->how,
                                   .conf = origin->conf,
                                   .spans = node->reach,
                                   .spans_max = node->reach,
                                   .steps_max = node->steps};
    out->type = name_of(&w, node->type);
    out->template = name_of(&w, node->template);
    out->origin_key = pair_name(&w, node->type, node->template);
    w.buf.len = 0;
    nj_error_fingerprint_put(e, origin->node, &w.buf);
    out->site = name_made(&w);
    out->path = path_name(&w, e, origin->node, &out->agents_max);
    out->agents = out->agents_max;
    out->surface = pair_name(&w, operation_text(e, end), last->type);
    if (node->suspect != NJ_NO_SPAN)
        out->suspect = nj_error_operation(e->trace, node->suspect);
    example_set(&w, out, e->trace, node->span);
    *key = w.is_failed ? UINT32_MAX : key_name(&w, out);
    nj_buf_fini(&w.buf);
    return !w.is_failed;
}

static bool
is_better_example(const struct nj_error_chain *a, const struct nj_error_chain *b)
{
    int c = memcmp(a->trace.bytes, b->trace.bytes, sizeof a->trace.bytes);
    return c ? c < 0 : a->span_id < b->span_id;
}

void
nj_error_chain_add(struct nj_error_chain *into, const struct nj_error_chain *from,
                   const struct nj_names *names)
{
    if (from->conf > into->conf)
        into->conf = from->conf;
    into->spans += from->spans;
    into->agents += from->agents;
    if (from->spans_max > into->spans_max)
        into->spans_max = from->spans_max;
    if (from->agents_max > into->agents_max)
        into->agents_max = from->agents_max;
    if (from->steps_max > into->steps_max)
        into->steps_max = from->steps_max;
    if (from->suspect &&
        (!into->suspect || nj_slice_cmp(nj_names_get(names, from->suspect),
                                        nj_names_get(names, into->suspect)) < 0))
        into->suspect = from->suspect;
    if (is_better_example(from, into)) {
        into->trace = from->trace;
        into->span_id = from->span_id;
        into->trace_text = from->trace_text;
        into->span_text = from->span_text;
        into->kept = from->kept;
        into->trace_spans = from->trace_spans;
    }
}
