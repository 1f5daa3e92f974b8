/* errors_find.c - all errors of a trace: the passes in their order, and the words for print. */
#include "analyzers/errors_evidence.h"
#include "analyzers/errors_link.h"
#include "analyzers/errors_tree.h"
#include "base/search.h"

static const char *const whys[NJ_WHYS_LEN] = {
#define NJ_WHY(symbol, text) text,
#include "analyzers/errors_why.def"
#undef NJ_WHY
};

const char *
nj_why_text(enum nj_why why)
{
    return whys[why];
}

const char *
nj_edge_type_name(enum nj_edge_type type)
{
    static const char *const names[] = {"up", "bridged", "side", "retry", "cancel"};
    return names[type];
}

const char *
nj_conf_name(enum nj_conf conf)
{
    static const char *const names[] = {"A", "B", "C"};
    return names[conf];
}

const char *
nj_error_state_name(enum nj_error_state state)
{
    static const char *const names[] = {"surfaced", "absorbed", "cancelled"};
    return names[state];
}

const char *
nj_error_how_name(enum nj_error_how how)
{
    static const char *const names[] = {NULL,       "ignored", "detached",
                                        "fallback", "retry",   "cancelled"};
    return names[how];
}

const char *
nj_error_kind_name(const struct nj_errors *e, uint32_t node)
{
    uint16_t flags = e->nodes[node].flags;

    if (flags & NJ_ERROR_IS_CANCELLED)
        return "cancelled";
    if (flags & NJ_ERROR_IS_SEMANTIC)
        return "semantic";
    return flags & NJ_ERROR_HAS_BELOW ? "own" : "leaf";
}

void *
nj_error_room(struct nj_errors *e, void *list, uint32_t len, uint32_t *cap, size_t size)
{
    uint32_t more = *cap ? *cap * 2 : 16;
    void *grown;

    if (len < *cap)
        return list;
    grown = nj_arena_alloc_raw(e->arena, more, size);
    if (!grown) {
        e->is_out_of_memory = true;
        return NULL;
    }
    if (len > 0)
        memcpy(grown, list, len * size);
    *cap = more;
    return grown;
}

void
nj_error_edge_add(struct nj_errors *e, struct nj_error_edge edge)
{
    struct nj_error_edge *list =
        nj_error_room(e, e->edges, e->edges_len, &e->edges_cap, sizeof *list);

    if (!list)
        return;
    e->edges = list;
    e->edges[e->edges_len++] = edge;
    if (edge.conf != NJ_CONF_C)
        e->nodes[edge.to].flags |= NJ_ERROR_HAS_CAUSE;
}

bool
nj_error_is_step(const struct nj_trace *trace, uint32_t i)
{
    struct nj_slice name = nj_names_get(trace->corpus->names, trace->operation[i]);

    if (trace->kind[i] == NJ_KIND_CHAIN)
        return true;
    return trace->kind[i] == NJ_KIND_OTHER && name.len >= 4 &&
           nj_char_lower(name.ptr[0]) == 's' &&
           nj_slice_starts(nj_slice_from(name, 1), NJ_SLICE("tep"));
}

static bool
errors_link(struct nj_errors *e)
{
    if (!nj_error_retries_find(e) || !nj_error_upward_link(e))
        return false;
    nj_error_missing_link(e);
    nj_error_first_causes_set(e);
    return nj_error_sideways_link(e) && nj_error_paths_set(e) && nj_error_states_set(e) &&
           nj_error_suspects_set(e) && !e->is_out_of_memory;
}

enum nj_status
nj_errors_find(struct nj_errors *out, const struct nj_trace *trace, enum nj_sideways sideways,
               struct nj_arena *arena, struct nj_error *err)
{
    *out = (struct nj_errors){.trace = trace, .arena = arena, .sideways = sideways};
    out->tree.root = nj_error_tree_root(trace);
    if (!nj_error_evidence_find(out))
        goto no_memory;
    if (out->nodes_len == 0)
        return NJ_OK;
    if (!nj_error_tree_build(&out->tree, trace, arena))
        goto no_memory;
    nj_error_evidence_settle(out);
    if (out->nodes_len == 0)
        return NJ_OK;
    if (!errors_link(out))
        goto no_memory;
    out->has_failed = out->node_of[out->tree.root] != NJ_NO_NODE;
    return NJ_OK;
no_memory:
    return nj_fail(err, NJ_ENOMEM, "errors: no memory for a trace of %u spans",
                   trace->spans_len);
}
