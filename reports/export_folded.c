/* export_folded.c - folded stacks, one line a frame, for flame graph tools. */
#include "reports/export.h"

#include <inttypes.h>

/* `path` holds the frames above the row; ends[d] is where the frame at depth d ends in it. */
static void
folded_write(const struct nj_results *results, const char *by, struct nj_buf *out)
{
    const struct nj_table *tree = nj_results_view(results, NJ_TABLE_call_tree);
    struct nj_buf path = {0}, ends = {0};

    for (size_t r = 0; r < nj_table_len(tree); r++) {
        size_t depth = (size_t)nj_table_int(tree, r, NJ_COL_call_tree_depth), end = 0;
        if (depth > 0)
            memcpy(&end, ends.ptr + (depth - 1) * sizeof end, sizeof end);
        path.len = end;
        if (depth > 0)
            nj_buf_put_char(&path, ';');
        nj_frame_name(&path, tree, r, ";");
        ends.len = depth * sizeof end;
        end = path.len;
        nj_buf_put(&ends, &end, sizeof end);
        int64_t own = nj_frame_own(tree, r, by);
        if (own <= 0 || path.is_failed || ends.is_failed)
            continue;
        nj_buf_put_slice(out, nj_buf_slice(&path));
        nj_buf_printf(out, " %" PRId64 "\n", own);
    }
    out->is_failed |= path.is_failed || ends.is_failed;
    nj_buf_fini(&path);
    nj_buf_fini(&ends);
}

const struct nj_export nj_export_folded = {
    "folded", "folded stacks of the merged call tree, for flame graph tools", folded_write};
