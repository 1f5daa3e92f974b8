/* errors_suspect.c - the model call that asked for what failed. It is named beside the origin
 * and never takes its place. */
#include "analyzers/errors_link.h"
#include "analyzers/errors_text.h"
#include "schema/facts.h"

enum { SIBLINGS_MAX = 16 };

/* Model calls by the ids of the tool calls that they asked for. */
struct requests {
    struct {
        int64_t id;
        uint32_t span; /* index + 1; 0: empty */
    } * slots;
    uint32_t mask;
};

static uint32_t
request_slot(const struct requests *requests, int64_t id)
{
    uint32_t slot =
        (uint32_t)(((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & requests->mask;

    while (requests->slots[slot].span && requests->slots[slot].id != id)
        slot = (slot + 1) & requests->mask;
    return slot;
}

static bool
may_request(const struct nj_trace *trace, uint32_t i)
{
    return trace->kind[i] == NJ_KIND_LLM &&
           nj_trace_has_facts(trace, i, NJ_FACT_BIT(CALL_REQUESTED));
}

static uint32_t
requests_count(const struct nj_errors *e)
{
    uint32_t len = 0;

    for (uint32_t i = 0; i < e->trace->spans_len; i++) {
        struct nj_fact_cursor fact;
        if (!may_request(e->trace, i))
            continue;
        for (fact = nj_facts_open(nj_trace_facts(e->trace, i)); nj_facts_next(&fact);)
            len += fact.fact == NJ_FACT_CALL_REQUESTED;
    }
    return len;
}

/* The first call in the tree's order that asked for an id has it. false: no memory. */
static bool
requests_fill(struct requests *requests, const struct nj_errors *e)
{
    uint32_t len = requests_count(e);

    requests->mask = 15;
    while (requests->mask / 2 < len)
        requests->mask = requests->mask * 2 + 1;
    requests->slots =
        nj_arena_alloc(e->arena, (size_t)requests->mask + 1, sizeof *requests->slots);
    if (!requests->slots)
        return false;
    for (uint32_t k = 0; k < e->tree.order_len && len > 0; k++) {
        uint32_t i = e->tree.order[k], slot;
        struct nj_fact_cursor fact = nj_facts_open(nj_trace_facts(e->trace, i));
        while (may_request(e->trace, i) && nj_facts_next(&fact)) {
            if (fact.fact != NJ_FACT_CALL_REQUESTED)
                continue;
            slot = request_slot(requests, fact.integer);
            if (!requests->slots[slot].span) {
                requests->slots[slot].id = fact.integer;
                requests->slots[slot].span = i + 1;
            }
        }
    }
    return true;
}

static bool
is_good_call(const struct nj_errors *e, uint32_t span)
{
    return e->trace->kind[span] == NJ_KIND_LLM && e->node_of[span] == NJ_NO_NODE;
}

/* The last good model call among the `len` siblings before `end` in the children's row. */
static uint32_t
call_before(const struct nj_errors *e, uint32_t end, uint32_t len)
{
    for (uint32_t k = 0; k < len && k < SIBLINGS_MAX; k++)
        if (is_good_call(e, e->tree.children[end - 1 - k]))
            return e->tree.children[end - 1 - k];
    return NJ_NO_SPAN;
}

static void
suspect_set(struct nj_errors *e, struct nj_error_node *node, const struct requests *requests)
{
    const struct nj_error_tree *tree = &e->tree;
    uint32_t span = node->span, parent = tree->parent[span], slot;
    bool is_tool = e->trace->kind[span] == NJ_KIND_TOOL;
    struct nj_fact_cursor fact;

    if (nj_trace_fact_find(e->trace, span, NJ_FACT_TOOL_CALL_ID, &fact)) {
        slot = request_slot(requests, fact.integer);
        node->is_suspect_recorded = requests->slots[slot].span > 0;
        if (node->is_suspect_recorded)
            node->suspect = requests->slots[slot].span - 1;
    }
    if (node->is_suspect_recorded)
        return;
    if (is_tool && parent != NJ_NO_SPAN)
        node->suspect =
            call_before(e, tree->child_at[parent] + tree->place[span], tree->place[span]);
    else if (!is_tool)
        node->suspect = call_before(e, tree->child_at[span + 1],
                                    tree->child_at[span + 1] - tree->child_at[span]);
}

bool
nj_error_suspects_set(struct nj_errors *e)
{
    struct requests requests = {0};

    for (uint32_t k = 0; k < e->origins_len; k++) {
        struct nj_error_node *node = &e->nodes[e->origins[k].node];
        enum nj_error_class class;
        if (e->trace->kind[node->span] != NJ_KIND_TOOL &&
            !nj_error_is_step(e->trace, node->span))
            continue;
        class = nj_error_class_of(node);
        if (class != NJ_ERROR_CALLER && class != NJ_ERROR_OTHER)
            continue;
        if (!requests.slots && !requests_fill(&requests, e))
            return false;
        suspect_set(e, node, &requests);
    }
    return true;
}
