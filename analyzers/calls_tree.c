/* calls_tree.c - all call trees merged into one. */
#include "analyzers/calls_tree.h"

#include <stdlib.h>

struct node {
    struct nj_call_node is;
    struct nj_call_amounts own;
    bool has_children; /* for depth_choose */
};

void
nj_call_tree_init(struct nj_call_tree *tree, const struct nj_names *names)
{
    nj_call_paths_init(&tree->paths, names);
    nj_tally_init(&tree->nodes, sizeof(struct node));
    tree->nodes_max = NJ_CALL_NODES_MAX;
}

void
nj_call_tree_fini(struct nj_call_tree *tree)
{
    nj_call_paths_fini(&tree->paths);
    nj_tally_fini(&tree->nodes);
}

static void
amounts_add(struct nj_call_amounts *to, const struct nj_call_amounts *more)
{
    to->spans += more->spans;
    to->wall_ns += more->wall_ns;
    to->self_ns += more->self_ns;
    to->critical_ns += more->critical_ns;
    to->tokens += more->tokens;
}

static bool
node_add(struct nj_tally *nodes, uint64_t number, const struct node *more)
{
    struct node *node = nj_tally_at(nodes, number);

    if (!node)
        return false;
    node->is = more->is;
    amounts_add(&node->own, &more->own);
    return true;
}

static struct node *
parent_of(const struct nj_call_tree *tree, const struct node *node)
{
    return node->is.parent ? nj_tally_find(&tree->nodes, node->is.parent) : NULL;
}

/* The deepest level at which there are not too many nodes: those above it, and one for the rest
 * below each of the last ones that have children. */
static uint32_t
depth_choose(const struct nj_call_tree *tree)
{
    size_t above[NJ_CALL_DEPTH_MAX + 1] = {0}, rests[NJ_CALL_DEPTH_MAX + 1] = {0}, sum = 0;
    uint32_t best = 0;

    for (size_t i = 0; i < tree->nodes.len; i++) {
        const struct node *node = nj_tally_get(&tree->nodes, i);
        struct node *parent = parent_of(tree, node);
        above[node->is.depth] += !node->is.is_rest;
        if (parent && !parent->has_children) {
            parent->has_children = true;
            rests[parent->is.depth]++;
        }
    }
    for (size_t i = 0; i < tree->nodes.len; i++)
        ((struct node *)nj_tally_get(&tree->nodes, i))->has_children = false;
    for (uint32_t depth = 1; depth <= tree->paths.depth_max; depth++) {
        sum += above[depth - 1];
        if (sum + rests[depth - 1] > tree->nodes_max)
            break;
        best = depth;
    }
    return best;
}

/* Adds a node of `from` to `nodes`, which go no deeper than `depth_max`: what is deeper is part
 * of the rest below its last ancestor. */
static bool
node_fold(struct nj_tally *nodes, uint32_t depth_max, const struct nj_call_tree *from, size_t i)
{
    const struct node *node = nj_tally_get(&from->nodes, i), *last = node;
    struct node rest = {.own = node->own};

    if (node->is.depth < depth_max)
        return node_add(nodes, nj_tally_key(&from->nodes, i), node);
    while (last->is.depth > depth_max)
        last = parent_of(from, last);
    rest.is = (struct nj_call_node){
        .parent = last->is.parent, .depth = depth_max, .kind = NJ_KIND_OTHER, .is_rest = true};
    return node_add(nodes, nj_call_rest_number(rest.is.parent), &rest);
}

/* Folds all that is deeper than `depth_max` into the rest below its last ancestor. */
static bool
levels_fold(struct nj_call_tree *tree, uint32_t depth_max)
{
    struct nj_tally folded;
    bool is_done = true;

    if (depth_max >= tree->paths.depth_max)
        return true;
    nj_tally_init(&folded, sizeof(struct node));
    for (size_t i = 0; i < tree->nodes.len && is_done; i++)
        is_done = node_fold(&folded, depth_max, tree, i);
    if (!is_done) {
        nj_tally_fini(&folded);
        return false;
    }
    nj_tally_fini(&tree->nodes);
    tree->nodes = folded;
    tree->paths.depth_max = depth_max;
    return true;
}

static bool
size_keep(struct nj_call_tree *tree)
{
    return tree->nodes.len <= tree->nodes_max || levels_fold(tree, depth_choose(tree));
}

bool
nj_call_tree_add(struct nj_call_tree *tree, const struct nj_trace *trace,
                 const struct nj_call_amounts *amounts, struct nj_arena *scratch)
{
    uint64_t *numbers = NJ_NEW_RAW(scratch, uint64_t, trace->spans_len);

    if (!numbers || !nj_call_paths_number(&tree->paths, trace, numbers))
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        size_t before = tree->nodes.len;
        struct node *node = nj_tally_at(&tree->nodes, numbers[i]);
        if (!node)
            return false;
        if (tree->nodes.len > before)
            node->is = nj_call_node_of(&tree->paths, trace, i, numbers);
        amounts_add(&node->own, &amounts[i]);
    }
    return size_keep(tree);
}

bool
nj_call_tree_merge(struct nj_call_tree *into, const struct nj_call_tree *from)
{
    if (!levels_fold(into, from->paths.depth_max))
        return false;
    for (size_t i = 0; i < from->nodes.len; i++)
        if (!node_fold(&into->nodes, into->paths.depth_max, from, i))
            return false;
    return size_keep(into);
}

/* A node on its way into the table. */
struct frame {
    const struct node *node;
    struct nj_call_amounts all; /* with descendants */
    struct nj_slice agent, operation;
    uint32_t parent; /* index, UINT32_MAX: none */
    uint32_t row;
};

struct frames {
    const struct nj_call_tree *tree;
    struct frame *list;    /* by depth */
    struct frame **sorted; /* siblings together, wide ones first, then by text */
    uint32_t *child_at;    /* of frame i: sorted[child_at[i] .. child_at[i + 1]) */
    uint32_t *stack, len;
};

static int
sibling_cmp(const void *a, const void *b)
{
    const struct frame *x = *(struct frame *const *)a, *y = *(struct frame *const *)b;

    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->all.wall_ns != y->all.wall_ns)
        return x->all.wall_ns > y->all.wall_ns ? -1 : 1;
    int c = nj_slice_cmp(x->agent, y->agent);
    if (c == 0)
        c = nj_slice_cmp(x->operation, y->operation);
    return c ? c
             : (x->node->is.kind > y->node->is.kind) - (x->node->is.kind < y->node->is.kind);
}

static bool
frames_alloc(struct frames *f, const struct nj_call_tree *tree, struct nj_arena *arena)
{
    size_t len = tree->nodes.len;

    *f = (struct frames){.tree = tree,
                         .list = NJ_NEW(arena, struct frame, len),
                         .sorted = nj_arena_alloc_raw(arena, len, sizeof *f->sorted),
                         .child_at = NJ_NEW(arena, uint32_t, len + 2),
                         .stack = NJ_NEW_RAW(arena, uint32_t, len),
                         .len = (uint32_t)len};
    return f->list && f->sorted && f->child_at && f->stack;
}

/* Frames of all nodes, those of low depth first, with amounts of all below added up. */
static bool
frames_fill(struct frames *f, struct nj_arena *arena)
{
    const struct nj_tally *nodes = &f->tree->nodes;
    uint32_t *index = NJ_NEW_RAW(arena, uint32_t, f->len); /* of a node: its frame */
    uint32_t at[NJ_CALL_DEPTH_MAX + 2] = {0};

    if (!index)
        return false;
    for (uint32_t i = 0; i < f->len; i++)
        at[((const struct node *)nj_tally_get(nodes, i))->is.depth + 1]++;
    for (size_t d = 0; d <= NJ_CALL_DEPTH_MAX; d++)
        at[d + 1] += at[d];
    for (uint32_t i = 0; i < f->len; i++) {
        const struct node *node = nj_tally_get(nodes, i);
        index[i] = at[node->is.depth]++;
        f->list[index[i]] =
            (struct frame){.node = node,
                           .all = node->own,
                           .agent = nj_names_get(f->tree->paths.names, node->is.agent),
                           .operation = node->is.is_rest ? NJ_SLICE("(deeper)")
                                                         : nj_names_get(f->tree->paths.names,
                                                                        node->is.operation)};
    }
    for (uint32_t i = f->len; i-- > 0;) {
        struct frame *frame = &f->list[i];
        const struct node *parent = parent_of(f->tree, frame->node);
        frame->parent = parent ? index[nj_tally_index(nodes, parent)] : UINT32_MAX;
        if (parent)
            amounts_add(&f->list[frame->parent].all, &frame->all);
    }
    return true;
}

static void
frames_sort(struct frames *f)
{
    for (uint32_t i = 0; i < f->len; i++) {
        f->sorted[i] = &f->list[i];
        if (f->list[i].parent != UINT32_MAX)
            f->child_at[f->list[i].parent + 1]++;
    }
    for (uint32_t i = 0; i < f->len; i++)
        f->child_at[i + 1] += f->child_at[i];
    if (f->len > 1)
        qsort(f->sorted, f->len, sizeof *f->sorted, sibling_cmp);
}

static int64_t
cell_of(uint64_t amount)
{
    return amount > INT64_MAX ? INT64_MAX : (int64_t)amount;
}

static void
frame_put(struct frames *f, struct frame *frame, struct nj_table *table)
{
    const struct node *node = frame->node;
    const struct {
        unsigned column;
        uint64_t amount;
    } cells[] = {
        {NJ_COL_call_tree_depth, node->is.depth},
        {NJ_COL_call_tree_spans, node->own.spans},
        {NJ_COL_call_tree_wall_ns, frame->all.wall_ns},
        {NJ_COL_call_tree_self_ns, node->own.self_ns},
        {NJ_COL_call_tree_total_self_ns, frame->all.self_ns},
        {NJ_COL_call_tree_critical_ns, node->own.critical_ns},
        {NJ_COL_call_tree_total_critical_ns, frame->all.critical_ns},
        {NJ_COL_call_tree_tokens, node->own.tokens},
        {NJ_COL_call_tree_total_tokens, frame->all.tokens},
    };
    size_t row = nj_table_add(table);

    frame->row = (uint32_t)row;
    nj_table_put_int(table, row, NJ_COL_call_tree_id, (int64_t)row);
    if (frame->parent != UINT32_MAX)
        nj_table_put_int(table, row, NJ_COL_call_tree_parent, f->list[frame->parent].row);
    nj_table_put_text(table, row, NJ_COL_call_tree_agent, frame->agent);
    nj_table_put_text(table, row, NJ_COL_call_tree_kind,
                      nj_slice_of(nj_kind_name((enum nj_kind)node->is.kind)));
    nj_table_put_text(table, row, NJ_COL_call_tree_operation, frame->operation);
    for (size_t i = 0; i < NJ_LEN(cells); i++)
        nj_table_put_int(table, row, cells[i].column, cell_of(cells[i].amount));
}

bool
nj_call_tree_put(const struct nj_call_tree *tree, struct nj_arena *arena,
                 struct nj_table *table)
{
    struct frames f;
    uint32_t top = 0;

    if (!frames_alloc(&f, tree, arena) || !frames_fill(&f, arena))
        return false;
    frames_sort(&f);
    /* those of the top have the largest parent, so they stand last */
    for (uint32_t i = f.len; i > f.child_at[f.len];)
        f.stack[top++] = --i;
    while (top > 0) {
        struct frame *frame = f.sorted[f.stack[--top]];
        uint32_t own = (uint32_t)(frame - f.list);
        frame_put(&f, frame, table);
        for (uint32_t i = f.child_at[own + 1]; i > f.child_at[own];)
            f.stack[top++] = --i;
    }
    return true;
}
