/* section_table.c - a table of results as a table on the page, described by data. */
#include "reports/section_table.h"

static bool
is_number(enum nj_cell_format format)
{
    return format >= NJ_CELL_INT && format <= NJ_CELL_RATIO;
}

static void
lines_put(struct nj_html *h, struct nj_slice text)
{
    size_t from = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != '\n')
            continue;
        if (from)
            nj_html_put(h, "<br>");
        nj_html_text(h, (struct nj_slice){text.ptr + from, i - from});
        from = i + 1;
    }
}

static void
cell_put(const struct nj_page *page, struct nj_html *h, const struct nj_table *t, size_t r,
         const struct nj_view_column *c)
{
    switch (c->format) {
    case NJ_CELL_SECRET:
        if (!page->options->is_redacted)
            nj_html_cut(h, nj_table_text(t, r, c->column), 300);
        return;
    case NJ_CELL_TEXT:
        nj_html_name(h, nj_table_text(t, r, c->column));
        return;
    case NJ_CELL_LINES:
        lines_put(h, nj_table_text(t, r, c->column));
        return;
    case NJ_CELL_INT:
    case NJ_CELL_REAL:
        nj_html_count(h, nj_table_real(t, r, c->column));
        return;
    case NJ_CELL_DURATION:
        nj_html_duration(h, nj_table_real(t, r, c->column));
        return;
    case NJ_CELL_RATIO:
        nj_html_ratio(h, nj_table_real(t, r, c->column));
        return;
    }
}

static void
row_write(const struct nj_page *page, struct nj_html *h, const struct nj_table *t, size_t r,
          const struct nj_page_table *table)
{
    nj_html_put(h, "<tr>");
    for (size_t c = 0; c < table->columns_len; c++) {
        nj_html_put(h, c == 0                                ? "<th scope=\"row\">"
                       : is_number(table->columns[c].format) ? "<td class=\"n\">"
                                                             : "<td>");
        cell_put(page, h, t, r, &table->columns[c]);
        nj_html_put(h, c == 0 ? "</th>" : "</td>");
    }
    nj_html_put(h, "</tr>\n");
}

void
nj_page_table_write(const struct nj_page *page, struct nj_html *h,
                    const struct nj_page_table *table)
{
    const struct nj_table *t = nj_results_view(page->results, table->id);
    size_t wanted = 0;

    nj_page_scroll(h, table->label);
    nj_html_put(h, "<table class=\"sortable\"><thead><tr>");
    for (size_t c = 0; c < table->columns_len; c++)
        nj_html_printf(h, "<th scope=\"col\"%s>%s</th>",
                       is_number(table->columns[c].format) ? " class=\"n\"" : "",
                       table->columns[c].header);
    nj_html_put(h, "</tr></thead>\n<tbody>\n");
    for (size_t r = 0; r < nj_table_len(t); r++) {
        if (table->wants && !table->wants(page, t, r))
            continue;
        if (wanted++ < table->rows_max)
            row_write(page, h, t, r, table);
    }
    nj_html_put(h, "</tbody></table></div>\n");
    if (wanted > table->rows_max)
        nj_html_printf(h, "<p class=\"dim\">%zu of %zu rows; all are in results.json.</p>\n",
                       table->rows_max, wanted);
}
