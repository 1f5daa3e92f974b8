/* section_provenance.c - can I repeat it: version, inputs, options, machine and cost. */
#include "reports/section_table.h"

static const struct nj_view_column columns[] = {
    {NJ_COL_inputs_path, "input", NJ_CELL_TEXT},
    {NJ_COL_inputs_format, "format", NJ_CELL_TEXT},
    {NJ_COL_inputs_bytes, "bytes", NJ_CELL_INT},
    {NJ_COL_inputs_spans, "spans", NJ_CELL_INT},
    {NJ_COL_inputs_digest, "digest", NJ_CELL_LINES},
};

static bool
provenance_has_content(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_provenance)) > 0;
}

static void
provenance_write(const struct nj_page *page, struct nj_html *h)
{
    static const struct nj_page_table inputs = {
        "Inputs", NJ_TABLE_inputs, columns, NJ_LEN(columns), NULL, 100};
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_provenance);

    nj_html_put(h, "<dl>\n");
    for (size_t r = 0; r < nj_table_len(t); r++) {
        nj_html_put(h, "<dt>");
        nj_html_text(h, nj_table_text(t, r, NJ_COL_provenance_key));
        nj_html_put(h, "</dt><dd><code>");
        nj_html_text(h, nj_table_text(t, r, NJ_COL_provenance_value));
        nj_html_put(h, "</code></dd>\n");
    }
    nj_html_put(h, "</dl>\n");
    if (nj_table_len(nj_results_view(page->results, NJ_TABLE_inputs)) > 0)
        nj_page_table_write(page, h, &inputs);
}

const struct nj_section nj_section_provenance = {
    .id = "provenance",
    .title = "Provenance",
    .empty = "No provenance was recorded.",
    .has_content = provenance_has_content,
    .write = provenance_write,
};
