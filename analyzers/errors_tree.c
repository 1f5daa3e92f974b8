/* errors_tree.c - the tree in which causes are looked for: recorded spans, raw times. */
#include "analyzers/errors_tree.h"

#include <stdlib.h>

/* A parent that fails on a child does so soon after it. */
#define TAIL_TOLERANCE_NS (INT64_C(20) * 1000 * 1000)

/* What a span is ordered by, beside its index. */
struct sort_key {
    int64_t start_ns, end_ns;
    uint64_t span_id;
    uint32_t span;
};

static bool
is_recorded(const struct nj_trace *trace, uint32_t i)
{
    return !(trace->flags[i] & NJ_SPAN_RECONSTRUCTED);
}

/* The parent among recorded spans. */
static uint32_t
recorded_parent(const struct nj_trace *trace, uint32_t i)
{
    uint32_t parent = trace->parent[i];
    return parent != NJ_NO_SPAN && is_recorded(trace, parent) ? parent : NJ_NO_SPAN;
}

static bool
is_better_root(const struct nj_trace *trace, uint32_t a, uint32_t b)
{
    int64_t ns_a = nj_trace_raw_ns(trace, a), ns_b = nj_trace_raw_ns(trace, b);

    if (ns_a != ns_b)
        return ns_a > ns_b;
    if (trace->raw_start_ns[a] != trace->raw_start_ns[b])
        return trace->raw_start_ns[a] < trace->raw_start_ns[b];
    return trace->span_id[a] < trace->span_id[b];
}

uint32_t
nj_error_tree_root(const struct nj_trace *trace)
{
    uint32_t own = NJ_NO_SPAN, orphan = NJ_NO_SPAN;

    if (trace->spans_len > 0 && is_recorded(trace, trace->root) &&
        trace->parent[trace->root] == NJ_NO_SPAN)
        return trace->root;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint32_t *best = trace->flags[i] & NJ_SPAN_ORPHAN ? &orphan : &own;
        if (is_recorded(trace, i) && recorded_parent(trace, i) == NJ_NO_SPAN &&
            (*best == NJ_NO_SPAN || is_better_root(trace, i, *best)))
            *best = i;
    }
    return own != NJ_NO_SPAN ? own : orphan;
}

static int
key_cmp(const void *a, const void *b)
{
    const struct sort_key *x = a, *y = b;

    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    if (x->end_ns != y->end_ns)
        return x->end_ns > y->end_ns ? -1 : 1;
    if (x->span_id != y->span_id)
        return x->span_id < y->span_id ? -1 : 1;
    return (x->span > y->span) - (x->span < y->span);
}

/* Recorded spans by (start, end descending, id); the trace's own order comes close. */
static bool
order_fill(uint32_t *order, uint32_t *order_len, const struct nj_trace *trace,
           struct nj_arena *arena)
{
    struct sort_key *keys = NJ_NEW_RAW(arena, struct sort_key, trace->spans_len);
    uint32_t len = 0;
    bool is_sorted = true;

    if (!keys)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        if (!is_recorded(trace, i))
            continue;
        keys[len] = (struct sort_key){trace->raw_start_ns[i], trace->raw_end_ns[i],
                                      trace->span_id[i], i};
        is_sorted = is_sorted && (len == 0 || key_cmp(&keys[len - 1], &keys[len]) <= 0);
        len++;
    }
    if (!is_sorted)
        qsort(keys, len, sizeof *keys, key_cmp);
    for (uint32_t k = 0; k < len; k++)
        order[k] = keys[k].span;
    *order_len = len;
    return true;
}

/* Children in the order of `order`, by counting. */
static void
children_fill(const struct nj_error_tree *tree, uint32_t *children, uint32_t *child_at,
              uint32_t *place, uint32_t spans_len)
{
    for (uint32_t k = 0; k < tree->order_len; k++) {
        uint32_t parent = tree->parent[tree->order[k]];
        if (parent != NJ_NO_SPAN)
            place[tree->order[k]] = child_at[parent + 1]++;
    }
    for (uint32_t i = 0; i < spans_len; i++)
        child_at[i + 1] += child_at[i];
    for (uint32_t k = 0; k < tree->order_len; k++) {
        uint32_t i = tree->order[k], parent = tree->parent[i];
        if (parent != NJ_NO_SPAN)
            children[child_at[parent] + place[i]] = i;
    }
}

/* Numbers in postorder, roots in the order of `order`: a subtree is a run of numbers that ends
 * with its root. Indices of parents are smaller than those of their children. */
static void
post_fill(const struct nj_error_tree *tree, uint32_t *post, uint32_t *post_low,
          uint32_t spans_len)
{
    uint32_t at = 0, *size = post; /* sizes first, numbers then take their place */

    for (uint32_t i = 0; i < spans_len; i++)
        size[i] = 1;
    for (uint32_t i = spans_len; i-- > 0;)
        if (tree->parent[i] != NJ_NO_SPAN)
            size[tree->parent[i]] += size[i];
    for (uint32_t k = 0; k < tree->order_len; k++) {
        uint32_t i = tree->order[k];
        if (tree->parent[i] != NJ_NO_SPAN)
            continue;
        post_low[i] = at;
        at += size[i];
    }
    for (uint32_t i = 0; i < spans_len; i++) {
        uint32_t low = post_low[i];
        for (uint32_t c = tree->child_at[i]; c < tree->child_at[i + 1]; c++) {
            post_low[tree->children[c]] = low;
            low += size[tree->children[c]];
        }
        post[i] = post_low[i] + size[i] - 1;
    }
}

static void
scope_fill(const struct nj_error_tree *tree, uint32_t *scope, const struct nj_trace *trace)
{
    for (uint32_t i = 0; i < trace->spans_len; i++)
        scope[i] = trace->kind[i] == NJ_KIND_AGENT || tree->parent[i] == NJ_NO_SPAN
                       ? i
                       : scope[tree->parent[i]];
}

bool
nj_error_tree_build(struct nj_error_tree *out, const struct nj_trace *trace,
                    struct nj_arena *arena)
{
    const uint32_t len = trace->spans_len;
    uint32_t *parent = NJ_NEW_RAW(arena, uint32_t, len);
    uint32_t *order = NJ_NEW_RAW(arena, uint32_t, len);
    uint32_t *children = NJ_NEW_RAW(arena, uint32_t, len);
    uint32_t *child_at = NJ_NEW(arena, uint32_t, (size_t)len + 1);
    uint32_t *place = NJ_NEW(arena, uint32_t, len);
    uint32_t *post = NJ_NEW_RAW(arena, uint32_t, len);
    uint32_t *post_low = NJ_NEW(arena, uint32_t, len);
    uint32_t *scope = NJ_NEW_RAW(arena, uint32_t, len);

    *out = (struct nj_error_tree){.parent = parent,
                                  .order = order,
                                  .children = children,
                                  .child_at = child_at,
                                  .place = place,
                                  .post = post,
                                  .post_low = post_low,
                                  .scope = scope,
                                  .root = nj_error_tree_root(trace)};
    if (!parent || !order || !children || !child_at || !place || !post || !post_low || !scope ||
        !order_fill(order, &out->order_len, trace, arena))
        return false;
    for (uint32_t i = 0; i < len; i++)
        parent[i] = is_recorded(trace, i) ? recorded_parent(trace, i) : NJ_NO_SPAN;
    children_fill(out, children, child_at, place, len);
    post_fill(out, post, post_low, len);
    scope_fill(out, scope, trace);
    return true;
}

struct nj_error_brood
nj_error_brood_of(const struct nj_error_tree *tree, const struct nj_trace *trace,
                  uint32_t parent)
{
    struct nj_error_brood brood = {parent, INT64_MIN, INT64_MIN, INT64_MIN};

    for (uint32_t c = tree->child_at[parent]; c < tree->child_at[parent + 1]; c++) {
        int64_t start_ns = trace->raw_start_ns[tree->children[c]];
        int64_t end_ns = trace->raw_end_ns[tree->children[c]];
        brood.last_start_ns = start_ns; /* children are in the order of their starts */
        if (end_ns > brood.last_end_ns)
            brood.last_end_ns = end_ns;
        if (end_ns > start_ns)
            brood.last_long_start_ns = start_ns;
    }
    return brood;
}

bool
nj_error_is_last_activity(const struct nj_error_brood *brood, const struct nj_trace *trace,
                          uint32_t span, int64_t at_ns)
{
    int64_t end_ns = trace->raw_end_ns[span], tolerance_ns = TAIL_TOLERANCE_NS;
    int64_t parent_ns = nj_trace_raw_ns(trace, brood->parent);

    if (brood->last_start_ns > end_ns || brood->last_long_start_ns >= end_ns)
        return false;
    if (parent_ns / 10 > tolerance_ns)
        tolerance_ns = parent_ns / 10;
    return at_ns - (brood->last_end_ns > end_ns ? brood->last_end_ns : end_ns) <= tolerance_ns;
}
