/* export_mermaid.c - the call graph as a Mermaid flowchart, for Markdown pages. */
#include "reports/export.h"

#include <inttypes.h>

/* Inside a quoted Mermaid label only entities are safe. */
static void
label_put(struct nj_buf *out, struct nj_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (strchr("\"#;<>&`[]{}()|", c) || (unsigned char)c < 32 || c == 127)
            nj_buf_printf(out, "#%d;", (unsigned char)c < 32 ? 32 : c);
        else
            nj_buf_put_char(out, c);
    }
}

/* The row of a node, or SIZE_MAX. */
static size_t
node_find(const struct nj_table *nodes, struct nj_slice kind, struct nj_slice name)
{
    for (size_t r = 0; r < nj_table_len(nodes); r++)
        if (nj_slice_eq(nj_table_text(nodes, r, NJ_COL_call_nodes_node), name) &&
            nj_slice_eq(nj_table_text(nodes, r, NJ_COL_call_nodes_node_kind), kind))
            return r;
    return SIZE_MAX;
}

static void
nodes_write(const struct nj_table *nodes, struct nj_buf *out)
{
    static const struct {
        const char *kind, *open, *close;
    } shapes[] = {{"agent", "[\"", "\"]"}, {"tool", "([\"", "\"])"}, {"model", "{{\"", "\"}}"}};

    for (size_t r = 0; r < nj_table_len(nodes); r++) {
        const char *open = "[[\"", *close = "\"]]";
        for (size_t i = 0; i < NJ_LEN(shapes); i++) {
            if (nj_slice_eq(nj_table_text(nodes, r, NJ_COL_call_nodes_node_kind),
                            nj_slice_of(shapes[i].kind))) {
                open = shapes[i].open;
                close = shapes[i].close;
            }
        }
        nj_buf_printf(out, "  n%zu%s", r, open);
        label_put(out, nj_table_text(nodes, r, NJ_COL_call_nodes_node));
        nj_buf_printf(out, "%s\n", close);
    }
}

static void
mermaid_write(const struct nj_results *results, const char *by, struct nj_buf *out)
{
    const struct nj_table *nodes = nj_results_view(results, NJ_TABLE_call_nodes);
    const struct nj_table *edges = nj_results_view(results, NJ_TABLE_call_edges);

    (void)by;
    nj_buf_put_text(out, "flowchart LR\n");
    nodes_write(nodes, out);
    for (size_t r = 0; r < nj_table_len(edges); r++) {
        size_t from = node_find(nodes, nj_table_text(edges, r, NJ_COL_call_edges_caller_kind),
                                nj_table_text(edges, r, NJ_COL_call_edges_caller));
        size_t to = node_find(nodes, nj_table_text(edges, r, NJ_COL_call_edges_callee_kind),
                              nj_table_text(edges, r, NJ_COL_call_edges_callee));
        if (from != SIZE_MAX && to != SIZE_MAX)
            nj_buf_printf(out, "  n%zu -->|%" PRId64 "| n%zu\n", from,
                          nj_table_int(edges, r, NJ_COL_call_edges_calls), to);
    }
}

const struct nj_export nj_export_mermaid = {"mermaid", "the call graph as a Mermaid flowchart",
                                            mermaid_write};
