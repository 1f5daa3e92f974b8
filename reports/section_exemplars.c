/* section_exemplars.c - show me one: waterfalls of chosen traces, the critical path underlined.
 */
#include "base/clock.h"
#include "reports/page.h"
#include "reports/svg.h"

#include <math.h>
#include <stdlib.h>

enum { LEFT = 330, WIDTH = 700, RIGHT = 110, ROW = 22, BAR = 13 };

static bool
exemplars_has_content(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_exemplars)) > 0;
}

/* Underlines what is on the critical path: 'start:end' items after the trace's start. */
static void
critical_draw(struct nj_html *h, struct nj_slice text, double y, double scale)
{
    const char *p = text.ptr, *end = text.len ? p + text.len : p;

    while (p < end) {
        char *stop;
        double from = strtod(p, &stop), to = from;
        if (*stop == ':')
            to = strtod(stop + 1, &stop);
        if (stop == p)
            return;
        nj_svg_rect(h, LEFT + from * scale, y + BAR + 1, fmax(0.8, (to - from) * scale), 3,
                    "critical", "#1a1c20");
        p = stop + (*stop == ' ');
    }
}

static void
label_draw(struct nj_html *h, const struct nj_table *t, size_t r, double y)
{
    double indent = fmin((double)nj_table_int(t, r, NJ_COL_exemplar_spans_depth) * 12, 150);
    int64_t repeats = nj_table_int(t, r, NJ_COL_exemplar_spans_repeats);
    size_t room = (size_t)((LEFT - 110 - indent) / 7);

    nj_svg_text_open(h, indent, y + BAR - 2, "start", "");
    if (nj_table_int(t, r, NJ_COL_exemplar_spans_is_error))
        nj_html_put(h, "\xE2\x9C\x95 ");
    nj_html_cut(h, nj_table_text(t, r, NJ_COL_exemplar_spans_name), room);
    if (repeats > 1)
        nj_html_printf(h, " \xC3\x97%d", (int)repeats);
    nj_svg_text_close(h);
    nj_svg_text_open(h, LEFT - 8, y + BAR - 2, "end", "dim");
    nj_html_cut(h, nj_table_text(t, r, NJ_COL_exemplar_spans_agent), 13);
    nj_svg_text_close(h);
}

static void
span_draw(struct nj_html *h, const struct nj_table *t, size_t r, double y, double scale)
{
    double from = nj_table_real(t, r, NJ_COL_exemplar_spans_start_ns);
    double to = nj_table_real(t, r, NJ_COL_exemplar_spans_end_ns);
    double rank = nj_table_real(t, r, NJ_COL_exemplar_spans_rank);
    const struct nj_colour *colour =
        nj_colour_of(nj_table_text(t, r, NJ_COL_exemplar_spans_kind));
    bool is_error = nj_table_int(t, r, NJ_COL_exemplar_spans_is_error) != 0;

    label_draw(h, t, r, y);
    nj_svg_rect(h, LEFT + from * scale, y, fmax(1, (to - from) * scale), BAR, colour->classes,
                colour->fill);
    critical_draw(h, nj_table_text(t, r, NJ_COL_exemplar_spans_critical), y, scale);
    nj_svg_text_open(h, LEFT + fmax(1, to * scale) + 5, y + BAR - 2, "start",
                     is_error ? "t-bad" : "dim");
    nj_html_duration(h, to - from);
    if (is_error)
        nj_html_put(h, " failed");
    if (rank >= 0.9)
        nj_html_printf(h, " p%.0f", floor(rank * 100));
    nj_svg_text_close(h);
}

static const char *
title_of(struct nj_slice why)
{
    static const struct {
        const char *why, *title;
    } titles[] = {{"median", "A median trace"},
                  {"p95", "A slow trace (95th percentile)"},
                  {"slowest", "The slowest trace"},
                  {"error", "A trace with the most frequent error"}};

    for (size_t i = 0; i < NJ_LEN(titles); i++)
        if (nj_slice_eq(why, nj_slice_of(titles[i].why)))
            return titles[i].title;
    return "A trace";
}

static void
exemplar_write(struct nj_html *h, const struct nj_results *results, size_t e)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_exemplars);
    const struct nj_table *spans = nj_results_view(results, NJ_TABLE_exemplar_spans);
    double end = fmax(1, nj_table_real(t, e, NJ_COL_exemplars_duration_ns)), rows = 0;
    const char *title = title_of(nj_table_text(t, e, NJ_COL_exemplars_why));

    for (size_t r = 0; r < nj_table_len(spans); r++) {
        if (nj_table_int(spans, r, NJ_COL_exemplar_spans_exemplar) != (int64_t)e)
            continue;
        rows++;
        end = fmax(end, nj_table_real(spans, r, NJ_COL_exemplar_spans_end_ns));
    }
    nj_html_printf(h, "<figure><figcaption>%s: <code>", title);
    nj_html_text(h, nj_table_text(t, e, NJ_COL_exemplars_trace));
    nj_html_put(h, "</code>, ");
    nj_html_duration(h, nj_table_real(t, e, NJ_COL_exemplars_duration_ns));
    nj_html_put(h, "</figcaption>\n");
    nj_page_scroll(h, title);
    nj_svg_open(h, LEFT + WIDTH + RIGHT, rows * ROW + 24, "chart", title);
    nj_svg_time_axis(h, LEFT, WIDTH, 0, rows * ROW + 2, end);
    double y = 3;
    for (size_t r = 0; r < nj_table_len(spans); r++) {
        if (nj_table_int(spans, r, NJ_COL_exemplar_spans_exemplar) != (int64_t)e)
            continue;
        span_draw(h, spans, r, y, WIDTH / end);
        y += ROW;
    }
    nj_svg_close(h);
    nj_html_put(h, "</div>\n<p class=\"dim\">");
    if (nj_table_int(t, e, NJ_COL_exemplars_shown) < nj_table_int(t, e, NJ_COL_exemplars_spans))
        nj_html_printf(h, "%d rows for %d spans. ",
                       (int)nj_table_int(t, e, NJ_COL_exemplars_shown),
                       (int)nj_table_int(t, e, NJ_COL_exemplars_spans));
    nj_html_put(h, "Stands for about ");
    nj_html_count(h, nj_table_real(t, e, NJ_COL_exemplars_weight));
    nj_html_put(h, nj_table_real(t, e, NJ_COL_exemplars_weight) == 1 ? " trace" : " traces");
    nj_html_put(h, ". <code>nightjar show STORE ");
    nj_html_text(h, nj_table_text(t, e, NJ_COL_exemplars_trace));
    nj_html_put(h, "</code> prints it.</p></figure>\n");
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
    for (size_t e = 0; e < nj_table_len(nj_results_view(page->results, NJ_TABLE_exemplars));
         e++)
        exemplar_write(h, page->results, e);
}

const struct nj_section nj_section_exemplars = {
    .id = "exemplars",
    .title = "Exemplar traces",
    .empty = "No trace to show.",
    .has_content = exemplars_has_content,
    .write = exemplars_write,
};
