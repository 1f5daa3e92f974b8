/* path_lineage.c - through which two siblings two spans of a trace are related. */
#include "analyzers/path_lineage.h"

enum nj_status
nj_lineage_build(struct nj_lineage *out, const struct nj_trace *trace, struct nj_arena *arena,
                 struct nj_error *err)
{
    uint32_t n = trace->spans_len;
    uint32_t *size = NJ_NEW_RAW(arena, uint32_t, n);
    uint32_t *heavy = NJ_NEW_RAW(arena, uint32_t, n);
    uint32_t *head = NJ_NEW_RAW(arena, uint32_t, n);

    if (!size || !heavy || !head)
        return nj_fail(err, NJ_ENOMEM, "no memory for the lineage of %u spans", n);
    for (uint32_t i = 0; i < n; i++) {
        size[i] = 1;
        heavy[i] = NJ_NO_SPAN;
    }
    for (uint32_t i = n; i-- > 0;) { /* children before their parents */
        uint32_t p = trace->parent[i];
        if (p == NJ_NO_SPAN)
            continue;
        size[p] += size[i];
        if (heavy[p] == NJ_NO_SPAN || size[i] > size[heavy[p]])
            heavy[p] = i;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t p = trace->parent[i];
        head[i] = p != NJ_NO_SPAN && heavy[p] == i ? head[p] : i;
    }
    *out = (struct nj_lineage){trace, heavy, head};
    return NJ_OK;
}

bool
nj_lineage_siblings(const struct nj_lineage *lineage, uint32_t a, uint32_t b, uint32_t *above_a,
                    uint32_t *above_b)
{
    const uint32_t *depth = lineage->trace->depth, *head = lineage->head;
    uint32_t top_a = NJ_NO_SPAN, top_b = NJ_NO_SPAN; /* where the path above was left */

    while (head[a] != head[b]) {
        bool is_a = depth[head[a]] >= depth[head[b]];
        uint32_t *at = is_a ? &a : &b;
        *(is_a ? &top_a : &top_b) = head[*at];
        *at = lineage->trace->parent[head[*at]];
        if (*at == NJ_NO_SPAN)
            return false;
    }
    /* on one path: the higher one is the common ancestor, and the path goes on to the other */
    if (depth[a] < depth[b])
        top_b = lineage->heavy[a];
    else if (depth[b] < depth[a])
        top_a = lineage->heavy[b];
    *above_a = top_a;
    *above_b = top_b;
    return top_a != NJ_NO_SPAN && top_b != NJ_NO_SPAN;
}
