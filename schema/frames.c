/* frames.c - the merged call tree as a night of the baseline keeps it. */
#include "schema/frames.h"

#include <stdlib.h>

const unsigned nj_frame_widths[NJ_FRAME_WIDTHS] = {
    NJ_COL_call_tree_wall_ns,
    NJ_COL_call_tree_total_self_ns,
    NJ_COL_call_tree_total_critical_ns,
    NJ_COL_call_tree_total_tokens,
};

size_t
nj_frame_parent(const struct nj_table *tree, size_t row)
{
    int64_t parent = nj_table_int(tree, row, NJ_COL_call_tree_parent);
    bool is_top = nj_table_is_null(tree, row, NJ_COL_call_tree_parent);

    return !is_top && parent >= 0 && (uint64_t)parent < row ? (size_t)parent : SIZE_MAX;
}

void
nj_frames_total(double out[NJ_FRAME_WIDTHS], const struct nj_table *tree)
{
    for (size_t w = 0; w < NJ_FRAME_WIDTHS; w++)
        out[w] = 0;
    for (size_t r = 0; r < nj_table_len(tree); r++)
        for (size_t w = 0; w < NJ_FRAME_WIDTHS; w++)
            if (nj_frame_parent(tree, r) == SIZE_MAX)
                out[w] += (double)nj_table_int(tree, r, nj_frame_widths[w]);
}

static bool
is_wide(const struct nj_table *tree, size_t r, const double least[NJ_FRAME_WIDTHS])
{
    for (size_t w = 0; w < NJ_FRAME_WIDTHS; w++)
        if (least[w] > 0 && (double)nj_table_int(tree, r, nj_frame_widths[w]) >= least[w])
            return true;
    return false;
}

static void
row_copy(struct nj_table *to, const struct nj_table *tree, size_t r, const int64_t *ids)
{
    static const unsigned texts[] = {NJ_COL_call_tree_agent, NJ_COL_call_tree_kind,
                                     NJ_COL_call_tree_operation};
    size_t row = nj_table_add(to), parent = nj_frame_parent(tree, r);

    for (unsigned c = 0; c < NJ_COLS_LEN_call_tree; c++)
        if (nj_table_spec(tree)->columns[c].type == NJ_COLUMN_INT &&
            c != NJ_COL_call_tree_parent && !nj_table_is_null(tree, r, c))
            nj_table_put_int(to, row, c, nj_table_int(tree, r, c));
    for (size_t i = 0; i < NJ_LEN(texts); i++)
        nj_table_put_text(to, row, texts[i], nj_table_text(tree, r, texts[i]));
    nj_table_put_int(to, row, NJ_COL_call_tree_id, ids[r]);
    if (parent != SIZE_MAX)
        nj_table_put_int(to, row, NJ_COL_call_tree_parent, ids[parent]);
}

bool
nj_frames_keep(struct nj_table *to, const struct nj_table *tree)
{
    size_t len = nj_table_len(tree), kept = SIZE_MAX;
    double least[NJ_FRAME_WIDTHS];
    int64_t *ids = calloc(len + 1, sizeof *ids), next = 0;

    if (!ids)
        return false;
    nj_frames_total(least, tree);
    for (size_t w = 0; w < NJ_FRAME_WIDTHS; w++)
        least[w] /= NJ_FRAME_LEAST;
    while (kept > NJ_FRAMES_MAX) {
        kept = 0;
        for (size_t r = 0; r < len; r++)
            kept += is_wide(tree, r, least);
        for (size_t w = 0; w < NJ_FRAME_WIDTHS && kept > NJ_FRAMES_MAX; w++)
            least[w] *= 1.5;
    }
    for (size_t r = 0; r < len; r++) {
        ids[r] = next;
        if (!is_wide(tree, r, least))
            continue;
        next++;
        row_copy(to, tree, r, ids);
    }
    free(ids);
    return true;
}
