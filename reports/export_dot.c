/* export_dot.c - the call graph for Graphviz. */
#include "base/clock.h"
#include "reports/export.h"

#include <inttypes.h>

static void
quoted_put(struct nj_buf *out, struct nj_slice text)
{
    nj_buf_put_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\')
            nj_buf_put_char(out, '\\');
        nj_buf_put_char(out, (unsigned char)c < 32 || c == 127 ? ' ' : c);
    }
    nj_buf_put_char(out, '"');
}

/* A node is its kind and its name: an agent and a tool may share a name. */
static void
node_put(struct nj_buf *out, struct nj_slice kind, struct nj_slice name)
{
    struct nj_buf id = {0};

    nj_buf_put_slice(&id, kind);
    nj_buf_put_char(&id, ':');
    nj_buf_put_slice(&id, name);
    quoted_put(out, nj_buf_slice(&id));
    nj_buf_fini(&id);
}

static void
nodes_write(const struct nj_table *t, struct nj_buf *out)
{
    static const struct {
        const char *kind, *shape;
    } shapes[] = {{"agent", "box"}, {"tool", "ellipse"}, {"model", "hexagon"}};

    for (size_t r = 0; r < nj_table_len(t); r++) {
        struct nj_slice kind = nj_table_text(t, r, NJ_COL_call_nodes_node_kind);
        const char *shape = "component";
        for (size_t i = 0; i < NJ_LEN(shapes); i++)
            if (nj_slice_eq(kind, nj_slice_of(shapes[i].kind)))
                shape = shapes[i].shape;
        nj_buf_put_text(out, "  ");
        node_put(out, kind, nj_table_text(t, r, NJ_COL_call_nodes_node));
        nj_buf_printf(out, " [shape=%s, label=", shape);
        quoted_put(out, nj_table_text(t, r, NJ_COL_call_nodes_node));
        nj_buf_put_text(out, "];\n");
    }
}

static void
dot_write(const struct nj_results *results, const char *by, struct nj_buf *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_call_edges);
    char p50[NJ_DURATION_TEXT];

    (void)by;
    nj_buf_put_text(out, "digraph calls {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    nodes_write(nj_results_view(results, NJ_TABLE_call_nodes), out);
    for (size_t r = 0; r < nj_table_len(t); r++) {
        int64_t errors = nj_table_int(t, r, NJ_COL_call_edges_errors);
        if (nj_table_is_null(t, r, NJ_COL_call_edges_caller))
            continue;
        nj_duration_print(p50, nj_table_real(t, r, NJ_COL_call_edges_p50));
        nj_buf_put_text(out, "  ");
        node_put(out, nj_table_text(t, r, NJ_COL_call_edges_caller_kind),
                 nj_table_text(t, r, NJ_COL_call_edges_caller));
        nj_buf_put_text(out, " -> ");
        node_put(out, nj_table_text(t, r, NJ_COL_call_edges_callee_kind),
                 nj_table_text(t, r, NJ_COL_call_edges_callee));
        nj_buf_printf(out, " [label=\"%" PRId64 " x, %s%s\"%s];\n",
                      nj_table_int(t, r, NJ_COL_call_edges_calls), p50,
                      errors ? ", errors" : "", errors ? ", color=\"#a8201a\"" : "");
    }
    nj_buf_put_text(out, "}\n");
}

const struct nj_export nj_export_dot = {"dot", "the call graph for Graphviz", dot_write};
