/* section_exemplars.c - show me one: waterfalls of chosen traces, the critical path underlined.
 * Those of chains of errors stand with the chains. */
#include "reports/svg.h"
#include "reports/waterfall.h"

static size_t
exemplars_len(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_exemplars));
}

static bool
exemplars_has_content(const struct nj_page *page)
{
    for (size_t e = 0; e < exemplars_len(page); e++)
        if (!nj_page_waterfall_is_chain(page, e))
            return true;
    return false;
}

static void
exemplars_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *spans = nj_results_view(page->results, NJ_TABLE_exemplar_spans);
    uint32_t kinds = 0;

    for (size_t r = 0; r < nj_table_len(spans); r++)
        kinds |= 1u << (nj_colour_of(nj_table_text(spans, r, NJ_COL_exemplar_spans_kind)) -
                        nj_palette);
    nj_html_put(h, "<p>The line under a bar marks the critical path. \xE2\x9C\x95 marks "
                   "errors; pNN says that "
                   "NN\xC2\xA0% of spans of the same kind were not longer.</p>\n");
    nj_svg_legend(h, kinds);
    for (size_t e = 0; e < exemplars_len(page); e++)
        if (!nj_page_waterfall_is_chain(page, e))
            nj_page_waterfall(page, h, e);
}

const struct nj_section nj_section_exemplars = {
    .id = "exemplars",
    .title = "Exemplar traces",
    .empty = "No trace to show.",
    .has_content = exemplars_has_content,
    .write = exemplars_write,
};
