/* duplicates.c - several records with one span id: which are one span, and whose children are
 * whose. */
#include "base/hash.h"
#include "trees/forest.h"

#include <stdlib.h>

/* One record of an id, by what it is sorted. */
struct record {
    int64_t start_ns, end_ns;
    uint64_t digest;
    uint32_t node;
    bool is_server, has_no_end;
};

static int
record_cmp(const void *left, const void *right)
{
    const struct record *a = left, *b = right;

    if (a->is_server != b->is_server)
        return a->is_server ? 1 : -1;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    if (a->end_ns != b->end_ns)
        return a->end_ns > b->end_ns ? -1 : 1;
    if (a->has_no_end != b->has_no_end)
        return a->has_no_end ? 1 : -1;
    return (a->digest > b->digest) - (a->digest < b->digest);
}

/* The records of the id of node `head`, sorted; NULL: no memory. */
static struct record *
records_of(const struct nj_forest *forest, uint32_t head, uint32_t *len)
{
    struct record *records;
    uint32_t n = 0;

    for (uint32_t i = head; i != NJ_NO_SPAN; i = forest->nodes[i].next_same)
        n++;
    records = NJ_NEW_RAW(forest->arena, struct record, n);
    if (!records)
        return NULL;
    *len = 0;
    for (uint32_t i = head; i != NJ_NO_SPAN; i = forest->nodes[i].next_same) {
        const struct nj_node *node = &forest->nodes[i];
        records[(*len)++] =
            (struct record){.start_ns = node->start_ns,
                            .end_ns = node->end_ns,
                            .digest = node->row->digest,
                            .node = i,
                            .is_server = node->is_server,
                            .has_no_end = (node->row->flags & NJ_ROW_NO_END) != 0};
    }
    qsort(records, n, sizeof *records, record_cmp);
    return records;
}

static bool
row_is_server(const struct nj_row *row)
{
    return (row->flags & NJ_ROW_SHARED) || row->otel_kind == NJ_OTEL_SERVER;
}

/* Zipkin reports both halves of a call under one id: marks the server's, if this is a pair. */
static void
pair_mark(struct nj_forest *forest, uint32_t head)
{
    bool has_client = false, has_shared = false, has_server = false, has_other = false;

    for (uint32_t i = head; i != NJ_NO_SPAN; i = forest->nodes[i].next_same) {
        const struct nj_row *row = forest->nodes[i].row;
        has_shared |= (row->flags & NJ_ROW_SHARED) != 0;
        has_client |= row->otel_kind == NJ_OTEL_CLIENT && !(row->flags & NJ_ROW_SHARED);
        has_server |= row_is_server(row);
        has_other |= !row_is_server(row);
    }
    if (!has_server || !has_other || !(has_client || has_shared))
        return;
    for (uint32_t i = head; i != NJ_NO_SPAN; i = forest->nodes[i].next_same)
        forest->nodes[i].is_server = row_is_server(forest->nodes[i].row);
}

/* An id that no other span of the trace has, for the n-th record of one id. */
static void
id_make(struct nj_forest *forest, uint32_t at, uint32_t n)
{
    uint64_t seed[3] = {forest->nodes[at].id, n, 0};
    uint32_t *slot;

    do {
        forest->nodes[at].id = nj_hash((struct nj_slice){(const char *)seed, sizeof seed});
        slot = nj_forest_slot(forest, forest->nodes[at].id);
        seed[2]++;
    } while (*slot);
    *slot = at + 1;
}

/* Counts record `r` of the same id as `kept`; true if it says nothing that `kept` does not. */
static bool
record_is_same(struct nj_forest *forest, const struct record *r, const struct record *kept)
{
    bool is_same = r->is_server == kept->is_server && r->start_ns == kept->start_ns;
    enum nj_diag_id diag = NJ_DIAG_DUPLICATE_ID;

    if (is_same && r->digest == kept->digest)
        diag = NJ_DIAG_SPAN_REPEATED;
    else if (r->is_server && !kept->is_server)
        diag = NJ_DIAG_SHARED_ID;
    nj_forest_tell(forest, diag, &forest->nodes[r->node]);
    return is_same;
}

/* Keeps one record of each side and start; all but the first get ids of their own. */
static enum nj_status
records_split(struct nj_forest *forest, uint32_t head, struct nj_error *err)
{
    uint32_t len = 0;

    pair_mark(forest, head);
    const struct record *records = records_of(forest, head, &len), *kept = records;
    if (!records)
        return nj_fail(err, NJ_ENOMEM, "no memory for records of one id");
    *nj_forest_slot(forest, forest->nodes[head].id) = records[0].node + 1;
    forest->nodes[records[0].node].next_same = NJ_NO_SPAN;
    for (uint32_t i = 1; i < len; i++) {
        struct nj_node *node = &forest->nodes[records[i].node];
        node->next_same = NJ_NO_SPAN;
        node->is_dropped = record_is_same(forest, &records[i], kept);
        if (node->is_dropped)
            continue;
        forest->nodes[kept->node].next_same = records[i].node;
        kept = &records[i];
        id_make(forest, kept->node, i);
    }
    return NJ_OK;
}

enum nj_status
nj_duplicates_split(struct nj_forest *forest, struct nj_error *err)
{
    uint32_t heads_len = 0;
    uint32_t *heads = NJ_NEW_RAW(forest->arena, uint32_t, forest->nodes_len);

    if (!heads)
        return nj_fail(err, NJ_ENOMEM, "no memory for repeated ids");
    for (uint32_t i = 0; i < forest->nodes_len; i++)
        if (forest->nodes[i].next_same != NJ_NO_SPAN &&
            *nj_forest_slot(forest, forest->nodes[i].id) == i + 1)
            heads[heads_len++] = i;
    for (uint32_t i = 0; i < heads_len; i++) {
        enum nj_status st = records_split(forest, heads[i], err);
        if (st < 0)
            return st;
    }
    return NJ_OK;
}

/* A span whose parent's id stands in several records. */
struct adoptee {
    int64_t start_ns, end_ns;
    uint32_t head; /* first record of the parent's id */
    uint32_t node;
    bool wants_server;
};

static int
adoptee_cmp(const void *left, const void *right)
{
    const struct adoptee *a = left, *b = right;

    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    if (a->wants_server != b->wants_server)
        return a->wants_server ? 1 : -1;
    return (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);
}

/* Of a Zipkin pair the server's half makes the further calls, except those that the client's
 * own service made. */
static bool
server_is_wanted(const struct nj_forest *forest, uint32_t head, const struct nj_node *child)
{
    uint32_t client = forest->nodes[head].service, server = NJ_NO_NAME;
    bool has_server = false;

    if (child->is_server)
        return false;
    for (uint32_t i = head; i != NJ_NO_SPAN && !has_server; i = forest->nodes[i].next_same) {
        has_server = forest->nodes[i].is_server;
        server = forest->nodes[i].service;
    }
    return has_server && (child->service == server || child->service != client);
}

/* Gives each of the children (sorted by start, all of one head and side) the record that
 * started last of those that contain it; where none does, of those that started before it the
 * one that ends last; else the first. `open` holds the records that may still be wanted: starts
 * ascend, ends descend. */
static void
children_adopt(struct nj_forest *forest, const struct record *records, uint32_t records_len,
               const struct adoptee *children, uint32_t children_len, uint32_t *open)
{
    uint32_t open_len = 0, next = 0;

    for (uint32_t i = 0; i < children_len; i++) {
        for (; next < records_len && records[next].start_ns <= children[i].start_ns; next++) {
            while (open_len && records[open[open_len - 1]].end_ns <= records[next].end_ns)
                open_len--;
            open[open_len++] = next;
        }
        uint32_t lo = 0, hi = open_len;
        while (lo < hi) {
            uint32_t mid = (lo + hi) / 2;
            if (records[open[mid]].end_ns >= children[i].end_ns)
                lo = mid + 1;
            else
                hi = mid;
        }
        uint32_t pick = !open_len ? 0 : lo ? open[lo - 1] : open[0];
        forest->nodes[children[i].node].parent = records[pick].node;
    }
}

/* The same for children of one head and one side. */
static enum nj_status
side_adopt(struct nj_forest *forest, const struct adoptee *children, uint32_t children_len,
           struct nj_error *err)
{
    uint32_t len = 0, clients = 0;
    const struct record *records = records_of(forest, children[0].head, &len);
    uint32_t *open = NJ_NEW_RAW(forest->arena, uint32_t, len);

    if (!records || !open)
        return nj_fail(err, NJ_ENOMEM, "no memory for records of one id");
    while (clients < len && !records[clients].is_server)
        clients++;
    if (children[0].wants_server)
        children_adopt(forest, records + clients, len - clients, children, children_len, open);
    else
        children_adopt(forest, records, clients, children, children_len, open);
    return NJ_OK;
}

enum nj_status
nj_duplicates_adopt(struct nj_forest *forest, const uint32_t *children, uint32_t len,
                    struct nj_error *err)
{
    struct adoptee *list = NJ_NEW_RAW(forest->arena, struct adoptee, len);

    if (!list)
        return nj_fail(err, NJ_ENOMEM, "no memory for children of repeated ids");
    for (uint32_t i = 0; i < len; i++) {
        const struct nj_node *node = &forest->nodes[children[i]];
        uint64_t id = node->is_server ? node->row->span_id : node->row->parent_id;
        uint32_t head = nj_forest_find(forest, id);
        list[i] = (struct adoptee){node->start_ns, node->end_ns, head, children[i],
                                   server_is_wanted(forest, head, node)};
    }
    qsort(list, len, sizeof *list, adoptee_cmp);
    for (uint32_t i = 0, n; i < len; i += n) {
        for (n = 1; i + n < len && list[i + n].head == list[i].head &&
                    list[i + n].wants_server == list[i].wants_server;)
            n++;
        enum nj_status st = side_adopt(forest, list + i, n, err);
        if (st < 0)
            return st;
    }
    return NJ_OK;
}
