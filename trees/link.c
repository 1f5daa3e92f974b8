/* link.c - finds the parent of every span: missing parents, cycles, lists of children. */
#include "base/hash.h"
#include "schema/facts.h"
#include "trees/forest.h"

uint32_t *
nj_forest_slot(const struct nj_forest *forest, uint64_t id)
{
    uint64_t hash = nj_hash((struct nj_slice){(const char *)&id, sizeof id});
    uint32_t at = (uint32_t)hash & forest->slots_mask;

    while (forest->slots[at] && forest->nodes[forest->slots[at] - 1].id != id)
        at = (at + 1) & forest->slots_mask;
    return &forest->slots[at];
}

uint32_t
nj_forest_find(const struct nj_forest *forest, uint64_t id)
{
    uint32_t slot = *nj_forest_slot(forest, id);
    return slot ? slot - 1 : NJ_NO_SPAN;
}

void
nj_forest_tell(struct nj_forest *forest, enum nj_diag_id diag, const struct nj_node *node)
{
    char trace_hex[NJ_TRACE_HEX + 1], span_hex[NJ_SPAN_HEX + 1];
    struct nj_slice trace = nj_trace_id_show(&forest->raw->id, forest->raw->text, trace_hex);
    struct nj_slice span_text = {0};
    struct nj_fact_cursor fact;

    if (!node) {
        nj_diag_at(forest->diags, diag, "trace %.*s", NJ_FMT(trace));
        return;
    }
    if (node->row && nj_facts_find(node->row->facts, NJ_FACT_SPAN_TEXT, &fact))
        span_text = fact.bytes;
    struct nj_slice span = nj_span_id_show(node->id, span_text, span_hex);
    nj_diag_at(forest->diags, diag, "trace %.*s span %.*s", NJ_FMT(trace), NJ_FMT(span));
}

static struct nj_node *
node_add(struct nj_forest *forest, const struct nj_row *row, uint64_t id)
{
    struct nj_node *node = &forest->nodes[forest->nodes_len++];

    *node = (struct nj_node){.row = row,
                             .facts_set = row ? nj_facts_set(row->facts) : 0,
                             .id = id,
                             .parent = NJ_NO_SPAN,
                             .first_child = NJ_NO_SPAN,
                             .next_sibling = NJ_NO_SPAN,
                             .next_same = NJ_NO_SPAN};
    return node;
}

static void
scope_note(struct nj_forest *forest, struct nj_node *node)
{
    NJ_CHECK(node->row->scope < forest->corpus->scopes_len);
    const struct nj_scope_info *scope = &forest->corpus->scopes[node->row->scope];

    node->host = scope->host;
    node->service = scope->service;
    if (scope->granularity_ns > forest->granularity_ns)
        forest->granularity_ns = scope->granularity_ns;
}

/* Every row that is a span of its own becomes a node; rows with one id form a chain. */
static void
rows_add(struct nj_forest *forest)
{
    for (uint32_t i = 0; i < forest->raw->rows_len; i++) {
        const struct nj_row *row = &forest->raw->rows[i];
        if (row->flags & NJ_ROW_PENDING) {
            const struct nj_node pending = {.row = row, .id = row->span_id};
            nj_forest_tell(forest, NJ_DIAG_NOT_A_SPAN, &pending);
            continue;
        }
        uint32_t *slot = nj_forest_slot(forest, row->span_id);
        struct nj_node *node = node_add(forest, row, row->span_id);
        scope_note(forest, node);
        if (*slot) {
            node->next_same = forest->nodes[*slot - 1].next_same;
            forest->nodes[*slot - 1].next_same = forest->nodes_len - 1;
            forest->has_same = true;
        } else {
            *slot = forest->nodes_len;
        }
    }
}

static enum nj_status
forest_alloc(struct nj_forest *forest, struct nj_error *err)
{
    /* At worst every row names a missing parent of its own. */
    size_t cap = (size_t)forest->raw->rows_len * 2, slots = 16;

    while (slots < cap * 2)
        slots *= 2;
    forest->nodes = NJ_NEW_RAW(forest->arena, struct nj_node, cap);
    forest->slots = NJ_NEW(forest->arena, uint32_t, slots);
    if (!forest->nodes || !forest->slots)
        return nj_fail(err, NJ_ENOMEM, "no memory for a trace of %u spans",
                       (unsigned)forest->raw->rows_len);
    forest->slots_mask = (uint32_t)slots - 1;
    forest->granularity_ns = 1;
    return NJ_OK;
}

/* The node that stands for the missing parent of `child`, new if need be. */
static uint32_t
parent_reconstruct(struct nj_forest *forest, struct nj_node *child)
{
    uint32_t *slot = nj_forest_slot(forest, child->row->parent_id);

    child->flags |= NJ_SPAN_ORPHAN;
    forest->has_missing_parent = true;
    nj_forest_tell(forest, NJ_DIAG_PARENT_MISSING, child);
    if (!*slot) {
        struct nj_node *node = node_add(forest, NULL, child->row->parent_id);
        node->flags = NJ_SPAN_RECONSTRUCTED;
        *slot = forest->nodes_len;
    }
    return *slot - 1;
}

static enum nj_status
parents_find(struct nj_forest *forest, struct nj_error *err)
{
    uint32_t recorded = forest->nodes_len, among_len = 0;
    uint32_t *among = NJ_NEW_RAW(forest->arena, uint32_t, forest->has_same ? recorded : 0);

    if (!among)
        return nj_fail(err, NJ_ENOMEM, "no memory for parents");
    for (uint32_t i = 0; i < recorded; i++) {
        struct nj_node *node = &forest->nodes[i];
        if (node->is_dropped)
            continue;
        if (node->is_server) {
            among[among_len++] = i;
            continue;
        }
        if (!(node->row->flags & NJ_ROW_HAS_PARENT)) {
            forest->has_own_root = true;
            continue;
        }
        uint32_t parent = nj_forest_find(forest, node->row->parent_id);
        if (parent == NJ_NO_SPAN || !forest->nodes[parent].row) {
            node->parent = parent_reconstruct(forest, node);
        } else if (node->row->parent_id == node->row->span_id) {
            forest->has_own_root = true;
            nj_forest_tell(forest, NJ_DIAG_CYCLE_CUT, node);
        } else if (forest->nodes[parent].next_same != NJ_NO_SPAN) {
            among[among_len++] = i;
        } else {
            node->parent = parent;
        }
    }
    return among_len ? nj_duplicates_adopt(forest, among, among_len, err) : NJ_OK;
}

/* Makes the earliest span of the cycle through `at` a root. */
static void
cycle_cut(struct nj_forest *forest, uint32_t at)
{
    uint32_t first = at;

    for (uint32_t i = forest->nodes[at].parent; i != at; i = forest->nodes[i].parent)
        if (nj_place_is_before(nj_node_place(&forest->nodes[i]),
                               nj_node_place(&forest->nodes[first])))
            first = i;
    forest->nodes[first].parent = NJ_NO_SPAN;
    forest->has_own_root = true;
    nj_forest_tell(forest, NJ_DIAG_CYCLE_CUT, &forest->nodes[first]);
}

/* Follows parents from every span; a walk that meets itself has found a cycle. */
static enum nj_status
cycles_cut(struct nj_forest *forest, struct nj_error *err)
{
    uint32_t *walk_of = NJ_NEW(forest->arena, uint32_t, forest->nodes_len);

    if (!walk_of)
        return nj_fail(err, NJ_ENOMEM, "no memory for cycles");
    for (uint32_t i = 0; i < forest->nodes_len; i++) {
        uint32_t at = i;
        while (at != NJ_NO_SPAN && !walk_of[at]) {
            walk_of[at] = i + 1;
            at = forest->nodes[at].parent;
        }
        if (at != NJ_NO_SPAN && walk_of[at] == i + 1)
            cycle_cut(forest, at);
    }
    return NJ_OK;
}

static void
children_join(struct nj_forest *forest)
{
    for (uint32_t i = 0; i < forest->nodes_len; i++) {
        struct nj_node *node = &forest->nodes[i];
        if (node->parent == NJ_NO_SPAN)
            continue;
        node->next_sibling = forest->nodes[node->parent].first_child;
        forest->nodes[node->parent].first_child = i;
    }
}

/* A reconstructed span takes the service that all its children share. */
static void
services_guess(struct nj_forest *forest)
{
    for (uint32_t i = 0; i < forest->nodes_len; i++) {
        struct nj_node *node = &forest->nodes[i];
        if (node->row)
            continue;
        uint32_t service = forest->nodes[node->first_child].service;
        for (uint32_t k = node->first_child; k != NJ_NO_SPAN; k = forest->nodes[k].next_sibling)
            if (forest->nodes[k].service != service)
                service = NJ_NO_NAME;
        node->service = service;
    }
}

enum nj_status
nj_forest_link(struct nj_forest *forest, struct nj_error *err)
{
    enum nj_status st = forest_alloc(forest, err);

    if (st < 0)
        return st;
    rows_add(forest);
    /* Recorded times decide until the repair: which record of an id, where a cycle is cut. */
    for (uint32_t i = 0; i < forest->nodes_len; i++) {
        forest->nodes[i].start_ns = forest->nodes[i].row->start_ns;
        forest->nodes[i].end_ns = forest->nodes[i].row->end_ns;
    }
    if (forest->has_same && (st = nj_duplicates_split(forest, err)) < 0)
        return st;
    if ((st = parents_find(forest, err)) < 0 || (st = cycles_cut(forest, err)) < 0)
        return st;
    children_join(forest);
    services_guess(forest);
    return NJ_OK;
}
