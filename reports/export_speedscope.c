/* export_speedscope.c - the merged call tree as a sampled profile in speedscope's file format.
 */
#include "base/jsonw.h"
#include "reports/export.h"

static void
frames_put(struct nj_jsonw *w, const struct nj_table *tree)
{
    struct nj_buf name = {0};

    nj_jsonw_key(w, "shared");
    nj_jsonw_object(w);
    nj_jsonw_key(w, "frames");
    nj_jsonw_array(w);
    for (size_t r = 0; r < nj_table_len(tree); r++) {
        name.len = 0;
        nj_frame_name(&name, tree, r, "");
        nj_jsonw_object(w);
        nj_jsonw_key_text(w, "name", nj_buf_slice(&name));
        nj_jsonw_object_end(w);
    }
    nj_jsonw_array_end(w);
    nj_jsonw_object_end(w);
    nj_buf_fini(&name);
}

/* The rows above a row, outermost first. */
static void
stack_put(struct nj_jsonw *w, const struct nj_table *tree, size_t row, int64_t *stack)
{
    size_t depth = (size_t)nj_table_int(tree, row, NJ_COL_call_tree_depth), r = row;

    for (size_t d = depth + 1; d-- > 0;) {
        stack[d] = (int64_t)r;
        if (d > 0)
            r = (size_t)nj_table_int(tree, r, NJ_COL_call_tree_parent);
    }
    nj_jsonw_array(w);
    for (size_t d = 0; d <= depth; d++)
        nj_jsonw_int(w, stack[d]);
    nj_jsonw_array_end(w);
}

static void
profile_put(struct nj_jsonw *w, const struct nj_table *tree, const char *by, int64_t *stack)
{
    int64_t total = 0;

    for (size_t r = 0; r < nj_table_len(tree); r++)
        total += nj_frame_own(tree, r, by);
    nj_jsonw_object(w);
    nj_jsonw_key_text(w, "type", NJ_SLICE("sampled"));
    nj_jsonw_key_text(w, "name", nj_slice_of(by));
    nj_jsonw_key_text(w, "unit",
                      strcmp(by, "tokens") == 0 ? NJ_SLICE("none") : NJ_SLICE("nanoseconds"));
    nj_jsonw_key_int(w, "startValue", 0);
    nj_jsonw_key_int(w, "endValue", total);
    nj_jsonw_key(w, "samples");
    nj_jsonw_array(w);
    for (size_t r = 0; r < nj_table_len(tree); r++)
        if (nj_frame_own(tree, r, by) > 0)
            stack_put(w, tree, r, stack);
    nj_jsonw_array_end(w);
    nj_jsonw_key(w, "weights");
    nj_jsonw_array(w);
    for (size_t r = 0; r < nj_table_len(tree); r++)
        if (nj_frame_own(tree, r, by) > 0)
            nj_jsonw_int(w, nj_frame_own(tree, r, by));
    nj_jsonw_array_end(w);
    nj_jsonw_object_end(w);
}

static void
speedscope_write(const struct nj_results *results, const char *by, struct nj_buf *out)
{
    const struct nj_table *tree = nj_results_view(results, NJ_TABLE_call_tree);
    struct nj_jsonw w = nj_jsonw_of(out);
    struct nj_buf stack = {0};
    size_t deepest = 0;

    for (size_t r = 0; r < nj_table_len(tree); r++) {
        size_t depth = (size_t)nj_table_int(tree, r, NJ_COL_call_tree_depth);
        deepest = depth > deepest ? depth : deepest;
    }
    if (!nj_buf_reserve(&stack, (deepest + 1) * sizeof(int64_t))) {
        out->is_failed = true;
        return;
    }
    nj_jsonw_object(&w);
    nj_jsonw_key_text(&w, "$schema",
                      NJ_SLICE("https://www.speedscope.app/file-format-schema.json"));
    nj_jsonw_key_text(&w, "name", NJ_SLICE("nightjar call tree"));
    nj_jsonw_key_text(&w, "exporter", NJ_SLICE("nightjar " NJ_VERSION));
    frames_put(&w, tree);
    nj_jsonw_key(&w, "profiles");
    nj_jsonw_array(&w);
    profile_put(&w, tree, by, (int64_t *)(void *)stack.ptr);
    nj_jsonw_array_end(&w);
    nj_jsonw_object_end(&w);
    nj_buf_put_char(out, '\n');
    nj_buf_fini(&stack);
}

const struct nj_export nj_export_speedscope = {
    "speedscope", "the merged call tree for the speedscope viewer", speedscope_write};
