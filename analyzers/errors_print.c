/* errors_print.c - the errors of one trace as JSON. */
#include "analyzers/errors_print.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

/* An edge and what it is sorted by. */
struct edge_key {
    uint64_t from_id, to_id;
    struct nj_error_edge edge;
};

struct printer {
    const struct nj_errors *e;
    struct nj_jsonw *out;
    bool is_redacted;
    struct edge_key *edges; /* in the order of print */
    uint32_t *possible_at;  /* of node n: possible[possible_at[n] .. possible_at[n + 1]) */
    uint32_t *possible;     /* nodes from which C edges come */
};

static void
id_put(const struct printer *p, uint32_t span)
{
    char hex[NJ_SPAN_HEX + 1];

    if (span == NJ_NO_SPAN)
        nj_jsonw_null(p->out);
    else
        nj_jsonw_text(p->out, nj_trace_span_show(p->e->trace, span, hex));
}

static void
key_id_put(const struct printer *p, const char *key, uint32_t span)
{
    nj_jsonw_key(p->out, key);
    id_put(p, span);
}

static void
key_text_or_null_put(const struct printer *p, const char *key, const char *text)
{
    if (text)
        nj_jsonw_key_text(p->out, key, nj_slice_of(text));
    else
        nj_jsonw_key_null(p->out, key);
}

static void
span_list_put(const struct printer *p, const char *key, const uint32_t *spans, uint32_t len)
{
    nj_jsonw_key(p->out, key);
    nj_jsonw_array(p->out);
    for (uint32_t k = 0; k < len; k++)
        id_put(p, spans[k]);
    nj_jsonw_array_end(p->out);
}

void
nj_error_fingerprint_put(const struct nj_errors *e, uint32_t node, struct nj_buf *buf)
{
    const struct nj_error_node *n = &e->nodes[node];
    const struct nj_names *names = e->trace->corpus->names;
    const struct nj_slice parts[] = {nj_names_get(names, e->trace->agent[n->span]),
                                     nj_names_get(names, nj_error_operation(e->trace, n->span)),
                                     n->type, n->template};

    for (size_t i = 0; i < NJ_LEN(parts); i++) {
        if (i > 0)
            nj_buf_put_char(buf, '|');
        nj_buf_put_slice(buf, parts[i]);
    }
}

static int
edge_cmp(const void *a, const void *b)
{
    const struct edge_key *x = a, *y = b;

    if (x->from_id != y->from_id)
        return x->from_id < y->from_id ? -1 : 1;
    if (x->to_id != y->to_id)
        return x->to_id < y->to_id ? -1 : 1;
    return (int)x->edge.type - (int)y->edge.type;
}

/* Edges in their order, and by the node they lead to where they are no more than possible. */
static bool
edges_sort(struct printer *p)
{
    const struct nj_errors *e = p->e;
    uint32_t *at;

    p->edges = NJ_NEW_RAW(e->arena, struct edge_key, (size_t)e->edges_len + 1);
    p->possible = NJ_NEW_RAW(e->arena, uint32_t, (size_t)e->edges_len + 1);
    p->possible_at = at = NJ_NEW(e->arena, uint32_t, (size_t)e->nodes_len + 2);
    if (!p->edges || !p->possible || !at)
        return false;
    for (uint32_t k = 0; k < e->edges_len; k++) {
        const struct nj_error_edge *edge = &e->edges[k];
        p->edges[k] = (struct edge_key){e->trace->span_id[e->nodes[edge->from].span],
                                        e->trace->span_id[e->nodes[edge->to].span], *edge};
        at[edge->to + 2] += edge->conf == NJ_CONF_C;
    }
    qsort(p->edges, e->edges_len, sizeof *p->edges, edge_cmp);
    for (uint32_t n = 0; n < e->nodes_len; n++)
        at[n + 2] += at[n + 1];
    for (uint32_t k = 0; k < e->edges_len; k++)
        if (p->edges[k].edge.conf == NJ_CONF_C)
            p->possible[at[p->edges[k].edge.to + 1]++] = p->edges[k].edge.from;
    return true;
}

static void
node_list_put(const struct printer *p, const char *key, const uint32_t *nodes, uint32_t len)
{
    nj_jsonw_key(p->out, key);
    nj_jsonw_array(p->out);
    for (uint32_t k = 0; k < len; k++)
        id_put(p, p->e->nodes[nodes[k]].span);
    nj_jsonw_array_end(p->out);
}

/* A text that came from an error message, or a number in its place. */
static void
secret_put(const struct printer *p, const char *key, struct nj_slice text)
{
    char hidden[24];

    (void)snprintf(hidden, sizeof hidden, "#%016llx", (unsigned long long)nj_hash(text));
    nj_jsonw_key_text(p->out, key, p->is_redacted && text.len ? nj_slice_of(hidden) : text);
}

static void
origin_put(const struct printer *p, const struct nj_error_origin *origin)
{
    const struct nj_errors *e = p->e;
    const struct nj_error_node *node = &e->nodes[origin->node];
    bool is_absorbed = origin->state != NJ_STATE_SURFACED;
    struct nj_buf fingerprint = {0};

    nj_jsonw_object(p->out);
    key_id_put(p, "span_id", node->span);
    node_list_put(p, "equivalent", e->equivalents + origin->equivalents_at,
                  origin->equivalents_len);
    key_text_or_null_put(p, "state", nj_error_state_name(origin->state));
    key_text_or_null_put(p, "how", nj_error_how_name(origin->how));
    key_id_put(p, "absorbed_at",
               is_absorbed ? e->nodes[node->terminal].absorbed_at : NJ_NO_SPAN);
    key_text_or_null_put(p, "conf", nj_conf_name(origin->conf));
    key_text_or_null_put(p, "kind", nj_error_kind_name(e, origin->node));
    nj_jsonw_key_text(p->out, "type", node->type);
    secret_put(p, "template", node->template);
    nj_error_fingerprint_put(e, origin->node, &fingerprint);
    secret_put(p, "fingerprint", nj_buf_slice(&fingerprint));
    p->out->buf->is_failed |= fingerprint.is_failed;
    nj_buf_fini(&fingerprint);
    nj_jsonw_key_text(p->out, "agent",
                      nj_names_get(e->trace->corpus->names, e->trace->agent[node->span]));
    key_id_put(p, "suspect", node->suspect);
    node_list_put(p, "possible", p->possible + p->possible_at[origin->node],
                  p->possible_at[origin->node + 1] - p->possible_at[origin->node]);
    nj_jsonw_object_end(p->out);
}

static void
edges_put(const struct printer *p)
{
    nj_jsonw_key(p->out, "edges");
    nj_jsonw_array(p->out);
    for (uint32_t k = 0; k < p->e->edges_len; k++) {
        const struct nj_error_edge *edge = &p->edges[k].edge;
        nj_jsonw_object(p->out);
        key_id_put(p, "from", p->e->nodes[edge->from].span);
        key_id_put(p, "to", p->e->nodes[edge->to].span);
        key_text_or_null_put(p, "type", nj_edge_type_name(edge->type));
        key_text_or_null_put(p, "conf", nj_conf_name(edge->conf));
        key_text_or_null_put(p, "why", nj_why_text(edge->why));
        nj_jsonw_object_end(p->out);
    }
    nj_jsonw_array_end(p->out);
}

/* The way to the main root of the first origin that reached it. */
static void
primary_put(const struct printer *p)
{
    const struct nj_errors *e = p->e;
    uint32_t at = NJ_NO_NODE;

    for (uint32_t k = e->origins_len; k-- > 0;)
        if (e->origins[k].state == NJ_STATE_SURFACED)
            at = e->origins[k].node;
    nj_jsonw_key(p->out, "primary");
    nj_jsonw_array(p->out);
    while (at != NJ_NO_NODE) {
        id_put(p, e->nodes[at].span);
        at = e->nodes[at].out == NJ_NO_NODE ? NJ_NO_NODE : e->edges[e->nodes[at].out].to;
    }
    nj_jsonw_array_end(p->out);
}

static void
retry_put(const struct printer *p)
{
    nj_jsonw_key(p->out, "retry");
    nj_jsonw_object(p->out);
    nj_jsonw_key_int(p->out, "failed_attempts", (int64_t)p->e->failed_attempts);
    nj_jsonw_key_int(p->out, "wasted_ns", (int64_t)p->e->wasted_ns);
    nj_jsonw_key_int(p->out, "wasted_tokens", (int64_t)p->e->wasted_tokens);
    nj_jsonw_object_end(p->out);
}

/* What was odd about the tree, where it was. */
static void
flags_put(const struct printer *p)
{
    const struct nj_trace *trace = p->e->trace;
    const struct {
        const char *key;
        uint64_t count;
    } diags[] = {{"dup", trace->diags->counts[NJ_DIAG_DUPLICATE_ID].count},
                 {"cycles", trace->diags->counts[NJ_DIAG_CYCLE_CUT].count},
                 {"skew", trace->diags->counts[NJ_DIAG_CLOCK_SKEW].count}};
    int64_t orphans = 0;

    for (uint32_t i = 0; i < trace->spans_len; i++)
        orphans += (trace->flags[i] & NJ_SPAN_ORPHAN) != 0;
    nj_jsonw_key(p->out, "flags");
    nj_jsonw_object(p->out);
    if (orphans > 0)
        nj_jsonw_key_int(p->out, "orphans", orphans);
    for (size_t i = 0; i < NJ_LEN(diags); i++)
        if (diags[i].count > 0)
            nj_jsonw_key_int(p->out, diags[i].key, (int64_t)diags[i].count);
    nj_jsonw_object_end(p->out);
}

enum nj_status
nj_errors_print(const struct nj_errors *e, bool is_redacted, struct nj_jsonw *out,
                struct nj_error *err)
{
    struct printer p = {.e = e, .out = out, .is_redacted = is_redacted};
    char hex[NJ_TRACE_HEX + 1];

    if (!edges_sort(&p))
        return nj_fail(err, NJ_ENOMEM, "errors: no memory to print a trace");
    nj_jsonw_object(out);
    nj_jsonw_key_text(out, "trace_id", nj_trace_id_show(&e->trace->id, e->trace->text, hex));
    key_id_put(&p, "root", e->tree.root);
    nj_jsonw_key_bool(out, "failed", e->has_failed);
    nj_jsonw_key(out, "origins");
    nj_jsonw_array(out);
    for (uint32_t k = 0; k < e->origins_len; k++)
        origin_put(&p, &e->origins[k]);
    nj_jsonw_array_end(out);
    edges_put(&p);
    primary_put(&p);
    span_list_put(&p, "control_flow", e->control_flow, e->control_flow_len);
    span_list_put(&p, "handled", e->handled, e->handled_len);
    retry_put(&p);
    flags_put(&p);
    nj_jsonw_object_end(out);
    return out->buf->is_failed ? nj_fail(err, NJ_ENOMEM, "errors: no memory to print a trace")
                               : NJ_OK;
}
