/* errors_exemplars.c - examples of the most frequent chains of errors, with what caused what in
 * them. */
#include "analyzers/errors_sums.h"
#include "analyzers/waterfall.h"

#include <stdlib.h>

/* Nobody reads a picture of more spans, and finding its errors again takes as long as all did.
 */
#define SPANS_MAX 200000

enum { EXAMPLES_MAX = 3, ROWS_MAX = 80, LINKS_MAX = 200 };

/* A chain whose example is to be shown. */
struct picture {
    const struct nj_error_chain *chain;
    struct nj_slice key;
    struct nj_results *results;
};

/* A link on its way into the table. */
struct link {
    uint32_t step; /* UINT32_MAX: not on the way */
    uint64_t from_id, to_id;
    uint32_t from, to; /* spans */
    const char *type, *conf, *why;
};

static int
link_cmp(const void *a, const void *b)
{
    const struct link *x = a, *y = b;

    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    if (x->from_id != y->from_id)
        return x->from_id < y->from_id ? -1 : 1;
    if (x->to_id != y->to_id)
        return x->to_id < y->to_id ? -1 : 1;
    return strcmp(x->type, y->type);
}

/* The origin of the chain among those of its trace. */
static uint32_t
origin_find(const struct nj_errors *e, const struct nj_error_chain *chain)
{
    for (uint32_t k = 0; k < e->origins_len; k++)
        if (e->trace->span_id[e->nodes[e->origins[k].node].span] == chain->span_id)
            return e->origins[k].node;
    return NJ_NO_NODE;
}

/* Marks a span and all above it. */
static void
must_mark(bool *must, const struct nj_trace *trace, uint32_t span)
{
    for (; span != NJ_NO_SPAN && !must[span]; span = trace->parent[span])
        must[span] = true;
}

/* The way of the chain: marks its spans and gives its edges their places. */
static void
way_mark(const struct nj_errors *e, uint32_t origin, bool *must, uint32_t *step_of)
{
    uint32_t node = origin, step = 1;

    must_mark(must, e->trace, e->nodes[node].span);
    for (; e->nodes[node].out != NJ_NO_NODE && step <= ROWS_MAX / 2; step++) {
        step_of[e->nodes[node].out] = step;
        node = e->edges[e->nodes[node].out].to;
        must_mark(must, e->trace, e->nodes[node].span);
    }
}

static struct link
link_of(const struct nj_errors *e, const struct nj_error_edge *edge, uint32_t step)
{
    const struct nj_trace *trace = e->trace;
    uint32_t from = e->nodes[edge->from].span, to = e->nodes[edge->to].span;

    return (struct link){.step = step,
                         .from_id = trace->span_id[from],
                         .to_id = trace->span_id[to],
                         .from = from,
                         .to = to,
                         .type = nj_edge_type_name((enum nj_edge_type)edge->type),
                         .conf = nj_conf_name((enum nj_conf)edge->conf),
                         .why = nj_why_text((enum nj_why)edge->why)};
}

/* Where the chain ended, if it was absorbed. */
static bool
absorption_link(struct link *out, const struct nj_errors *e, const struct nj_error_chain *chain,
                uint32_t origin)
{
    const struct nj_error_node *last = &e->nodes[e->nodes[origin].terminal];

    if (chain->state == NJ_STATE_SURFACED || last->absorbed_at == NJ_NO_SPAN)
        return false;
    *out = (struct link){.step = e->nodes[origin].steps + 1,
                         .from_id = e->trace->span_id[last->span],
                         .to_id = e->trace->span_id[last->absorbed_at],
                         .from = last->span,
                         .to = last->absorbed_at,
                         .type = "absorbed",
                         .why = nj_error_how_name((enum nj_error_how)chain->how)};
    return true;
}

static void
link_put(const struct nj_trace *trace, const struct link *link, struct nj_table *t)
{
    char hex[NJ_SPAN_HEX + 1];
    size_t r = nj_table_add(t);

    if (link->step != UINT32_MAX)
        nj_table_put_int(t, r, NJ_COL_exemplar_links_step, link->step);
    nj_table_put_text(t, r, NJ_COL_exemplar_links_from_span,
                      nj_trace_span_show(trace, link->from, hex));
    nj_table_put_text(t, r, NJ_COL_exemplar_links_to_span,
                      nj_trace_span_show(trace, link->to, hex));
    nj_table_put_text(t, r, NJ_COL_exemplar_links_type, nj_slice_of(link->type));
    if (link->conf)
        nj_table_put_text(t, r, NJ_COL_exemplar_links_conf, nj_slice_of(link->conf));
    if (link->why)
        nj_table_put_text(t, r, NJ_COL_exemplar_links_why, nj_slice_of(link->why));
}

/* The way of the chain first, then what else was caused beside it. */
static void
links_put(const struct nj_errors *e, struct link *links, uint32_t len, int64_t exemplar,
          struct nj_table *t)
{
    qsort(links, len, sizeof *links, link_cmp);
    for (uint32_t k = 0; k < len && k < LINKS_MAX; k++) {
        link_put(e->trace, &links[k], t);
        nj_table_put_int(t, nj_table_len(t) - 1, NJ_COL_exemplar_links_exemplar, exemplar);
    }
}

static enum nj_status
picture_put(struct nj_run *run, const struct nj_trace *trace,
            const struct nj_critical_path *path, const void *context)
{
    const struct picture *picture = context;
    struct nj_table *exemplars = nj_results_table(picture->results, NJ_TABLE_exemplars);
    size_t row = nj_table_len(exemplars);
    bool *must = NJ_NEW(run->scratch, bool, trace->spans_len);
    uint32_t *step_of, origin, len = 0;
    struct link *links;
    struct nj_errors e;
    enum nj_status st =
        nj_errors_find(&e, trace, run->options->sideways, run->scratch, run->err);

    if (st < 0)
        return st;
    step_of = NJ_NEW_RAW(run->scratch, uint32_t, (size_t)e.edges_len + 1);
    links = NJ_NEW_RAW(run->scratch, struct link, (size_t)e.edges_len + 1);
    if (!must || !step_of || !links)
        return nj_fail(run->err, NJ_ENOMEM, "no memory to draw a chain of errors");
    origin = origin_find(&e, picture->chain);
    if (origin == NJ_NO_NODE)
        return NJ_OK;
    for (uint32_t k = 0; k < e.edges_len; k++)
        step_of[k] = UINT32_MAX;
    way_mark(&e, origin, must, step_of);
    const struct nj_waterfall_view view = {.why = "error", .rows_max = ROWS_MAX, .must = must};
    st = nj_waterfall_put(run, trace, path, &view, picture->results);
    if (st < 0)
        return st;
    nj_table_put_text(exemplars, row, NJ_COL_exemplars_chain, picture->key);
    for (uint32_t k = 0; k < e.edges_len; k++)
        links[len++] = link_of(&e, &e.edges[k], step_of[k]);
    len += absorption_link(&links[len], &e, picture->chain, origin);
    links_put(&e, links, len, (int64_t)row,
              nj_results_table(picture->results, NJ_TABLE_exemplar_links));
    return NJ_OK;
}

enum nj_status
nj_error_exemplars_put(const struct nj_error_sums *sums, struct nj_run *run,
                       struct nj_results *results)
{
    const struct nj_table *chains = nj_results_view(results, NJ_TABLE_error_chains);
    struct nj_trace_id shown[EXAMPLES_MAX];
    size_t shown_len = 0;
    enum nj_status st = NJ_OK;

    for (int pass = 0; pass < 2 && shown_len == 0; pass++)
        for (size_t r = 0; r < nj_table_len(chains) && shown_len < EXAMPLES_MAX && st >= 0;
             r++) {
            struct nj_slice key = nj_table_text(chains, r, NJ_COL_error_chains_chain);
            uint32_t name = nj_names_intern(run->names, key);
            const struct nj_error_chain *chain = nj_tally_find(&sums->chains, name);
            bool is_new = chain && chain->trace_spans <= SPANS_MAX &&
                          (chain->state == NJ_STATE_SURFACED) == (pass == 0);
            for (size_t k = 0; k < shown_len && is_new; k++)
                is_new = memcmp(shown[k].bytes, chain->trace.bytes, sizeof shown[k].bytes) != 0;
            if (!is_new)
                continue;
            const struct picture picture = {chain, key, results};
            shown[shown_len++] = chain->trace;
            st = nj_trace_revisit(run, &chain->kept, picture_put, &picture);
        }
    return st < 0 ? st : NJ_OK;
}
