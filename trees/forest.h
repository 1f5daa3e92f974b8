/* forest.h - the spans of one trace while they are joined into trees; inside this folder only.
 */
#ifndef NJ_TREES_FOREST_H
#define NJ_TREES_FOREST_H

#include "trees/tree.h"

/* A span on its way into the trace. Links between nodes are indices, NJ_NO_SPAN for none. */
struct nj_node {
    const struct nj_row *row; /* NULL: reconstructed */
    uint64_t facts_set;       /* of the row */
    uint64_t id;              /* of a second span with the same id: a made-up one */
    int64_t start_ns, end_ns, raw_start_ns, raw_end_ns;
    int64_t shift_ns; /* what the skew repair adds to its clock */
    uint32_t parent, first_child, next_sibling;
    uint32_t next_same; /* next record with the same recorded id */
    uint32_t index;     /* in the finished trace */
    uint32_t host, service;
    uint16_t flags;  /* enum nj_span_flag */
    bool is_dropped; /* a record that another record of the same span replaces */
    bool is_server;  /* the server's half of a Zipkin pair */
};

struct nj_forest {
    const struct nj_raw_trace *raw;
    const struct nj_corpus *corpus;
    const struct nj_tree_options *options;
    struct nj_arena *arena;
    struct nj_diags *diags;

    struct nj_node *nodes;
    uint32_t nodes_len;
    uint32_t *slots; /* hash table of ids: node + 1 */
    uint32_t slots_mask;
    uint32_t granularity_ns;
    bool has_same; /* some id stands in more than one record */
    bool has_own_root, has_missing_parent;
};

/* link.c: fills nodes, ids and parents; cuts cycles; joins children to their parents.
 * NJ_ENOMEM. */
enum nj_status nj_forest_link(struct nj_forest *forest, struct nj_error *err) NJ_CHECKED;
/* Where the hash table has, or would have, node + 1 of this id. */
uint32_t *nj_forest_slot(const struct nj_forest *forest, uint64_t id);
/* The node with this id (of several records the one that keeps it), or NJ_NO_SPAN. */
uint32_t nj_forest_find(const struct nj_forest *forest, uint64_t id);
/* Counts `diag` with this span as the place. */
void nj_forest_tell(struct nj_forest *forest, enum nj_diag_id diag, const struct nj_node *node);

/* What siblings and the whole index are ordered by: start, end descending, id. */
struct nj_place {
    int64_t start_ns, end_ns;
    uint64_t id;
};

static inline struct nj_place
nj_node_place(const struct nj_node *node)
{
    return (struct nj_place){node->start_ns, node->end_ns, node->id};
}

static inline bool
nj_place_is_before(struct nj_place a, struct nj_place b)
{
    if (a.start_ns != b.start_ns)
        return a.start_ns < b.start_ns;
    if (a.end_ns != b.end_ns)
        return a.end_ns > b.end_ns;
    return a.id < b.id;
}

/* duplicates.c: decides which records of one id are one span, which are client and server, and
 * gives ids of their own to the others. */
enum nj_status nj_duplicates_split(struct nj_forest *forest, struct nj_error *err) NJ_CHECKED;
/* Parents for those nodes whose parent's id stands in several records. */
enum nj_status nj_duplicates_adopt(struct nj_forest *forest, const uint32_t *children,
                                   uint32_t len, struct nj_error *err) NJ_CHECKED;

/* times.c: raw and repaired times of `child` below `parent`, which has its own already; NULL
 * for a root. */
void nj_times_fit(struct nj_forest *forest, struct nj_node *child,
                  const struct nj_node *parent);

#endif
