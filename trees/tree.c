/* tree.c - from the stored spans of one trace to a linked, repaired nj_trace: order, roots,
 * links. */
#include "trees/tree.h"

#include "schema/facts.h"
#include "trees/columns.h"

enum { SPANS_MAX_DEFAULT = 16 << 20 };

/* Spans that have no index while their parent has one; the next to get one is on top. */
struct heap {
    struct waiting {
        struct nj_place place;
        struct nj_node *node;
        uint32_t parent; /* index of the parent */
    } * list;
    uint32_t len;
};

static void
heap_push(struct heap *heap, struct nj_node *node, uint32_t parent)
{
    struct waiting new = {nj_node_place(node), node, parent};
    uint32_t at = heap->len++;

    for (; at > 0 && nj_place_is_before(new.place, heap->list[(at - 1) / 2].place);
         at = (at - 1) / 2)
        heap->list[at] = heap->list[(at - 1) / 2];
    heap->list[at] = new;
}

static struct waiting
heap_pop(struct heap *heap)
{
    struct waiting top = heap->list[0], last = heap->list[--heap->len];
    uint32_t at = 0;

    for (uint32_t child = 1; child < heap->len; child = 2 * at + 1) {
        if (child + 1 < heap->len &&
            nj_place_is_before(heap->list[child + 1].place, heap->list[child].place))
            child++;
        if (!nj_place_is_before(heap->list[child].place, last.place))
            break;
        heap->list[at] = heap->list[child];
        at = child;
    }
    heap->list[at] = last;
    return top;
}

/* Does the record say that the parent does not wait for this child? */
static bool
is_async(const struct nj_forest *forest, const struct nj_node *child,
         const struct nj_node *parent)
{
    struct nj_fact_cursor fact;
    struct nj_fact_link link;

    if (parent->row && parent->row->otel_kind == NJ_OTEL_PRODUCER &&
        child->row->otel_kind == NJ_OTEL_CONSUMER)
        return true;
    if (forest->options->is_follows_from_blocking || !(child->facts_set & NJ_FACT_BIT(LINK)))
        return false;
    fact = nj_facts_open(child->row->facts);
    while (nj_facts_next(&fact))
        if (nj_fact_link(&fact, &link) && link.is_follows_from &&
            link.span_id == child->row->parent_id &&
            memcmp(&link.trace_id, &forest->raw->id, sizeof link.trace_id) == 0)
            return true;
    return false;
}

/* Gives every span its index and its times, parents first. */
static enum nj_status
spans_place(struct nj_forest *forest, struct nj_trace *out, const struct nj_columns *columns,
            struct nj_error *err)
{
    struct heap heap = {NJ_NEW_RAW(forest->arena, struct waiting, forest->nodes_len), 0};

    if (!heap.list)
        return nj_fail(err, NJ_ENOMEM, "no memory for the order of spans");
    for (uint32_t i = 0; i < forest->nodes_len; i++) {
        struct nj_node *root = &forest->nodes[i];
        if (root->parent != NJ_NO_SPAN || root->is_dropped)
            continue;
        nj_times_fit(forest, root, NULL);
        heap_push(&heap, root, NJ_NO_SPAN);
        out->roots_len++;
    }
    while (heap.len > 0) {
        struct waiting next = heap_pop(&heap);
        struct nj_node *node = next.node, *child;
        node->index = out->spans_len++;
        nj_columns_write(columns, node->index, node, next.parent, forest->corpus);
        for (uint32_t i = node->first_child; i != NJ_NO_SPAN; i = child->next_sibling) {
            child = &forest->nodes[i];
            if (is_async(forest, child, node))
                child->flags |= NJ_SPAN_ASYNC;
            nj_times_fit(forest, child, node);
            heap_push(&heap, child, node->index);
        }
    }
    return NJ_OK;
}

static int64_t
length_of(const struct nj_trace *trace, uint32_t i)
{
    return trace->end_ns[i] - trace->start_ns[i];
}

/* Longest, then earliest, then smallest id. */
static bool
is_better_root(const struct nj_trace *trace, uint32_t a, uint32_t b)
{
    if (length_of(trace, a) != length_of(trace, b))
        return length_of(trace, a) > length_of(trace, b);
    if (trace->start_ns[a] != trace->start_ns[b])
        return trace->start_ns[a] < trace->start_ns[b];
    return nj_trace_span_id_cmp(trace, a, b) < 0;
}

static uint32_t
main_root(const struct nj_trace *trace)
{
    uint32_t best = NJ_NO_SPAN;

    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (trace->parent[i] == NJ_NO_SPAN &&
            (best == NJ_NO_SPAN || is_better_root(trace, i, best)))
            best = i;
    return best;
}

static uint32_t
links_count(const struct nj_trace *trace)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        struct nj_fact_cursor fact;
        if (!nj_trace_has_facts(trace, i, NJ_FACT_BIT(LINK)))
            continue;
        for (fact = nj_facts_open(nj_trace_facts(trace, i)); nj_facts_next(&fact);)
            n += fact.fact == NJ_FACT_LINK;
    }
    return n;
}

static uint32_t
index_find(const struct nj_forest *forest, const struct nj_fact_link *link)
{
    uint32_t node = NJ_NO_SPAN;

    if (memcmp(&link->trace_id, &forest->raw->id, sizeof link->trace_id) == 0)
        node = nj_forest_find(forest, link->span_id);
    return node == NJ_NO_SPAN ? NJ_NO_SPAN : forest->nodes[node].index;
}

static enum nj_status
links_resolve(const struct nj_forest *forest, struct nj_trace *out, struct nj_error *err)
{
    uint32_t len = links_count(out);
    struct nj_trace_link *links = NJ_NEW_RAW(forest->arena, struct nj_trace_link, len);
    struct nj_fact_link link;

    if (!links)
        return nj_fail(err, NJ_ENOMEM, "no memory for links");
    for (uint32_t i = 0; i < out->spans_len && len; i++) {
        struct nj_fact_cursor fact = nj_facts_open(nj_trace_facts(out, i));
        while (nj_facts_next(&fact))
            if (nj_fact_link(&fact, &link))
                links[out->links_len++] =
                    (struct nj_trace_link){i, index_find(forest, &link), link.trace_id,
                                           link.span_id, link.is_follows_from};
    }
    out->links = links;
    return NJ_OK;
}

static void
roots_judge(struct nj_forest *forest, struct nj_trace *out)
{
    out->root = main_root(out);
    out->is_complete = forest->has_own_root && !forest->has_missing_parent;
    out->granularity_ns = forest->granularity_ns;
    if (!forest->has_own_root && out->spans_len)
        nj_forest_tell(forest, NJ_DIAG_ROOT_MISSING, NULL);
    if (out->roots_len > 1)
        nj_forest_tell(forest, NJ_DIAG_SEVERAL_ROOTS, NULL);
}

enum nj_status
nj_tree_build(struct nj_trace *out, const struct nj_raw_trace *raw,
              const struct nj_corpus *corpus, const struct nj_tree_options *options,
              struct nj_arena *arena, struct nj_diags *diags, struct nj_error *err)
{
    struct nj_forest forest = {
        .raw = raw, .corpus = corpus, .options = options, .arena = arena, .diags = diags};
    uint32_t spans_max = options->spans_max ? options->spans_max : SPANS_MAX_DEFAULT;
    struct nj_columns columns;
    enum nj_status st;

    *out = (struct nj_trace){.corpus = corpus,
                             .number = raw->number,
                             .id = raw->id,
                             .text = raw->text,
                             .root = NJ_NO_SPAN,
                             .diags = diags};
    if (raw->rows_len > spans_max) {
        nj_forest_tell(&forest, NJ_DIAG_TRACE_TOO_LARGE, NULL);
        return nj_fail(err, NJ_ELIMIT, "a trace has %u spans, more than the limit of %u",
                       (unsigned)raw->rows_len, (unsigned)spans_max);
    }
    if ((st = nj_forest_link(&forest, err)) < 0 ||
        (st = nj_columns_alloc(&columns, out, forest.nodes_len, arena, err)) < 0 ||
        (st = spans_place(&forest, out, &columns, err)) < 0)
        return st;
    nj_columns_join_children(&columns, out->spans_len);
    roots_judge(&forest, out);
    if ((st = links_resolve(&forest, out, err)) < 0)
        return st;
    if (!nj_trace_calls_find(out, arena))
        return nj_fail(err, NJ_ENOMEM, "no memory for tool calls");
    return nj_agents_fill(&columns, out, arena, err);
}
