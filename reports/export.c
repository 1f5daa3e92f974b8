/* export.c - what the exports share. */
#include "reports/export.h"

#define NJ_EXPORT(id) extern const struct nj_export nj_export_##id;
#include "reports/exports.def"
#undef NJ_EXPORT

#define NJ_EXPORT(id) &nj_export_##id,
const struct nj_export *const nj_exports[] = {
#include "reports/exports.def"
};
#undef NJ_EXPORT

const size_t nj_exports_len = NJ_LEN(nj_exports);

const struct nj_export *
nj_export_find(const char *name)
{
    for (size_t i = 0; i < nj_exports_len; i++)
        if (strcmp(nj_exports[i]->name, name) == 0)
            return nj_exports[i];
    return NULL;
}

/* Width with descendants, and own width where the table has it. */
static const struct {
    const char *by;
    unsigned total;
    int own; /* -1: total less what the children have */
} widths[] = {
    {"wall", NJ_COL_call_tree_wall_ns, -1},
    {"self", NJ_COL_call_tree_total_self_ns, NJ_COL_call_tree_self_ns},
    {"critical", NJ_COL_call_tree_total_critical_ns, NJ_COL_call_tree_critical_ns},
    {"tokens", NJ_COL_call_tree_total_tokens, NJ_COL_call_tree_tokens},
};

/* Rows are in preorder, so children follow their parent and end where depth falls back. */
int64_t
nj_frame_own(const struct nj_table *tree, size_t row, const char *by)
{
    size_t w = 0;

    while (w + 1 < NJ_LEN(widths) && strcmp(by, widths[w].by) != 0)
        w++;
    if (widths[w].own >= 0)
        return nj_table_int(tree, row, (unsigned)widths[w].own);
    int64_t own = nj_table_int(tree, row, widths[w].total);
    int64_t depth = nj_table_int(tree, row, NJ_COL_call_tree_depth);
    for (size_t r = row + 1;
         r < nj_table_len(tree) && nj_table_int(tree, r, NJ_COL_call_tree_depth) > depth; r++)
        if (nj_table_int(tree, r, NJ_COL_call_tree_depth) == depth + 1)
            own -= nj_table_int(tree, r, widths[w].total);
    return own;
}

static void
part_put(struct nj_buf *out, struct nj_slice text, const char *forbidden)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_bad = (unsigned char)c < 32 || c == 127 || strchr(forbidden, c) != NULL;
        nj_buf_put_char(out, is_bad ? '_' : c);
    }
}

void
nj_frame_name(struct nj_buf *out, const struct nj_table *tree, size_t row,
              const char *forbidden)
{
    part_put(out, nj_table_text(tree, row, NJ_COL_call_tree_agent), forbidden);
    if (nj_table_text(tree, row, NJ_COL_call_tree_operation).len == 0)
        return;
    nj_buf_put_text(out, ": ");
    part_put(out, nj_table_text(tree, row, NJ_COL_call_tree_operation), forbidden);
}
