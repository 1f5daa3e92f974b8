/* waterfall.c - a chosen trace as a figure: bars, critical path, arrows of errors. */
#include "reports/waterfall.h"

#include "base/plural.h"
#include "reports/svg.h"

#include <math.h>
#include <stdlib.h>

enum { LEFT = 330, WIDTH = 700, RIGHT = 130, ROW = 22, BAR = 13, BADGE = 7, BADGE_MAX = 99 };

/* One exemplar and where it is drawn. */
struct figure {
    const struct nj_table *t, *spans, *links;
    size_t exemplar;
    size_t first, len;          /* its rows of exemplar_spans */
    size_t links_at, links_len; /* its rows of exemplar_links */
    double scale;               /* from nanoseconds to units of the drawing */
};

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

/* The rows of `table` whose first column is this exemplar: they stand together. */
static size_t
rows_find(const struct nj_table *table, size_t exemplar, size_t *out_len)
{
    size_t first = 0;

    *out_len = 0;
    while (first < nj_table_len(table) && nj_table_int(table, first, 0) != (int64_t)exemplar)
        first++;
    while (first + *out_len < nj_table_len(table) &&
           nj_table_int(table, first + *out_len, 0) == (int64_t)exemplar)
        ++*out_len;
    return first;
}

static struct figure
figure_of(const struct nj_results *results, size_t exemplar)
{
    struct figure f = {.t = nj_results_view(results, NJ_TABLE_exemplars),
                       .spans = nj_results_view(results, NJ_TABLE_exemplar_spans),
                       .links = nj_results_view(results, NJ_TABLE_exemplar_links),
                       .exemplar = exemplar};
    double end = fmax(1, nj_table_real(f.t, exemplar, NJ_COL_exemplars_duration_ns));

    f.first = rows_find(f.spans, exemplar, &f.len);
    f.links_at = rows_find(f.links, exemplar, &f.links_len);
    for (size_t r = f.first; r < f.first + f.len; r++)
        end = fmax(end, nj_table_real(f.spans, r, NJ_COL_exemplar_spans_end_ns));
    f.scale = WIDTH / end;
    return f;
}

/* The row of a span, SIZE_MAX when it is not drawn. */
static size_t
row_of(const struct figure *f, struct nj_slice span)
{
    for (size_t r = f->first; r < f->first + f->len; r++)
        if (nj_slice_eq(nj_table_text(f->spans, r, NJ_COL_exemplar_spans_span), span))
            return r;
    return SIZE_MAX;
}

/* Place of a span on the way of the chain: 1 where it began, 0 beside it. */
static int
badge_of(const struct figure *f, size_t row)
{
    struct nj_slice span = nj_table_text(f->spans, row, NJ_COL_exemplar_spans_span);

    for (size_t r = f->links_at; r < f->links_at + f->links_len; r++) {
        int step = (int)nj_table_int(f->links, r, NJ_COL_exemplar_links_step);
        if (step == 0)
            continue;
        if (step == 1 &&
            nj_slice_eq(nj_table_text(f->links, r, NJ_COL_exemplar_links_from_span), span))
            return 1;
        if (nj_slice_eq(nj_table_text(f->links, r, NJ_COL_exemplar_links_to_span), span))
            return step < BADGE_MAX ? step + 1 : 0;
    }
    return 0;
}

/* Whether an arrow begins or ends at the row. */
static bool
is_linked(const struct figure *f, size_t row)
{
    struct nj_slice span = nj_table_text(f->spans, row, NJ_COL_exemplar_spans_span);

    for (size_t r = f->links_at; r < f->links_at + f->links_len; r++)
        if (nj_slice_eq(nj_table_text(f->links, r, NJ_COL_exemplar_links_from_span), span) ||
            nj_slice_eq(nj_table_text(f->links, r, NJ_COL_exemplar_links_to_span), span))
            return true;
    return false;
}

static void
badge_draw(struct nj_html *h, double x, double y, int number)
{
    nj_html_put(h, "<circle cx=\"");
    nj_svg_number(h, x);
    nj_html_put(h, "\" cy=\"");
    nj_svg_number(h, y);
    nj_html_printf(h, "\" r=\"%d\" class=\"mark-bad\" fill=\"#a8201a\"/>", BADGE);
    nj_svg_text_open(h, x, y + 4, "middle", "badge");
    nj_html_printf(h, "%d", number);
    nj_svg_text_close(h);
}

static void
span_draw(struct nj_html *h, const struct figure *f, size_t r, double y)
{
    double from = nj_table_real(f->spans, r, NJ_COL_exemplar_spans_start_ns);
    double to = nj_table_real(f->spans, r, NJ_COL_exemplar_spans_end_ns);
    double rank = nj_table_real(f->spans, r, NJ_COL_exemplar_spans_rank);
    const struct nj_colour *colour =
        nj_colour_of(nj_table_text(f->spans, r, NJ_COL_exemplar_spans_kind));
    bool is_error = nj_table_int(f->spans, r, NJ_COL_exemplar_spans_is_error) != 0;
    double width = fmax(1, (to - from) * f->scale), x = LEFT + from * f->scale;
    double room = is_linked(f, r) ? 2 * BADGE + 4 : 5;

    label_draw(h, f->spans, r, y);
    nj_svg_rect(h, x, y, width, BAR, colour->classes, colour->fill);
    critical_draw(h, nj_table_text(f->spans, r, NJ_COL_exemplar_spans_critical), y, f->scale);
    nj_svg_text_open(h, x + width + room, y + BAR - 2, "start", is_error ? "t-bad" : "dim");
    nj_html_duration(h, to - from);
    if (is_error)
        nj_html_put(h, " failed");
    if (rank >= 0.9)
        nj_html_printf(h, " p%.0f", floor(rank * 100));
    nj_svg_text_close(h);
}

/* Where an error left its span: the middle of the end of its bar. */
static void
end_of(const struct figure *f, size_t row, double *x, double *y)
{
    double from = nj_table_real(f->spans, row, NJ_COL_exemplar_spans_start_ns);
    double to = nj_table_real(f->spans, row, NJ_COL_exemplar_spans_end_ns);

    *x = LEFT + from * f->scale + fmax(1, (to - from) * f->scale);
    *y = 3 + (double)(row - f->first) * ROW + BAR / 2.0;
}

/* Dashes by confidence; what became of an absorbed error is drawn as the way it took. */
static const char *
dashes_of(struct nj_slice conf)
{
    if (nj_slice_eq(conf, NJ_SLICE("B")))
        return " stroke-dasharray=\"7 3\"";
    return nj_slice_eq(conf, NJ_SLICE("C")) ? " stroke-dasharray=\"1 4\"" : "";
}

static void
number_put(struct nj_html *h, const char *before, double value)
{
    nj_html_put(h, before);
    nj_svg_number(h, value);
}

/* A line that leaves to the right and comes back, with a head where it ends. */
static void
link_draw(struct nj_html *h, const struct figure *f, size_t link)
{
    struct nj_slice conf = nj_table_text(f->links, link, NJ_COL_exemplar_links_conf);
    size_t from = row_of(f, nj_table_text(f->links, link, NJ_COL_exemplar_links_from_span));
    size_t to = row_of(f, nj_table_text(f->links, link, NJ_COL_exemplar_links_to_span));
    bool is_absorbed = conf.len == 0;
    double x1, y1, x2, y2, reach;

    if (from == SIZE_MAX || to == SIZE_MAX || from == to)
        return;
    end_of(f, from, &x1, &y1);
    end_of(f, to, &x2, &y2);
    if (is_absorbed)
        x2 = x1;
    reach = fmax(x1, x2) + 14;
    number_put(
        h, "<path fill=\"none\" stroke=\"#a8201a\" stroke-width=\"1.6\" class=\"link\" d=\"M",
        x1);
    number_put(h, " ", y1);
    number_put(h, " C", reach);
    number_put(h, " ", y1);
    number_put(h, " ", reach);
    number_put(h, " ", y2);
    number_put(h, " ", x2 + 4);
    number_put(h, " ", y2);
    nj_html_printf(h, "\"%s/>", dashes_of(conf));
    number_put(h, "<path class=\"mark-bad\" fill=\"#a8201a\" d=\"M", x2);
    number_put(h, " ", y2);
    nj_html_put(h, " l7 -4 v8 z\"/>");
}

const char *
nj_page_confidence(struct nj_slice conf)
{
    if (nj_slice_eq(conf, NJ_SLICE("A")))
        return "recorded";
    return nj_slice_eq(conf, NJ_SLICE("B")) ? "consistent with the records" : "possible";
}

/* A span by its name and agent, wherever it is among the rows. */
static void
span_name(struct nj_html *h, const struct figure *f, struct nj_slice span)
{
    size_t row = row_of(f, span);

    if (row == SIZE_MAX) {
        nj_html_put(h, "<code>");
        nj_html_text(h, span);
        nj_html_put(h, "</code>");
        return;
    }
    nj_html_name(h, nj_table_text(f->spans, row, NJ_COL_exemplar_spans_name));
    nj_html_put(h, " <span class=\"dim\">of ");
    nj_html_name(h, nj_table_text(f->spans, row, NJ_COL_exemplar_spans_agent));
    nj_html_put(h, "</span>");
}

/* "recorded: message"; what became of it where it was absorbed. */
static void
reason_put(struct nj_html *h, const struct figure *f, size_t link)
{
    struct nj_slice conf = nj_table_text(f->links, link, NJ_COL_exemplar_links_conf);

    if (conf.len == 0) {
        nj_html_put(h, " absorbed it: ");
        nj_html_text(h, nj_table_text(f->links, link, NJ_COL_exemplar_links_why));
        return;
    }
    nj_html_printf(h, " <span class=\"dim\">\xC2\xB7 %s: ", nj_page_confidence(conf));
    nj_html_text(h, nj_table_text(f->links, link, NJ_COL_exemplar_links_why));
    nj_html_put(h, "</span>");
}

/* The way in words, with the numbers of the drawing; then what is no more than possible. */
static void
links_list(struct nj_html *h, const struct figure *f)
{
    const unsigned from = NJ_COL_exemplar_links_from_span, to = NJ_COL_exemplar_links_to_span;
    size_t possible = 0;

    for (size_t r = f->links_at; r < f->links_at + f->links_len; r++) {
        int64_t step = nj_table_int(f->links, r, NJ_COL_exemplar_links_step);
        if (step == 1) {
            nj_html_put(h, "<ol class=\"way\"><li>");
            span_name(h, f, nj_table_text(f->links, r, from));
            nj_html_put(h, "</li>");
        }
        if (step > 0) {
            nj_html_put(h, "\n<li>");
            span_name(h, f, nj_table_text(f->links, r, to));
            reason_put(h, f, r);
            nj_html_put(h, "</li>");
        }
        if (step > 0 && (r + 1 == f->links_at + f->links_len ||
                         nj_table_is_null(f->links, r + 1, NJ_COL_exemplar_links_step)))
            nj_html_put(h, "</ol>\n");
    }
    for (size_t r = f->links_at; r < f->links_at + f->links_len; r++) {
        if (!nj_slice_eq(nj_table_text(f->links, r, NJ_COL_exemplar_links_conf), NJ_SLICE("C")))
            continue;
        nj_html_put(h, possible++ ? "; " : "<p class=\"dim\">Possible, and not counted: ");
        span_name(h, f, nj_table_text(f->links, r, from));
        nj_html_put(h, " \xE2\x86\x92 ");
        span_name(h, f, nj_table_text(f->links, r, to));
        nj_html_put(h, ", ");
        nj_html_text(h, nj_table_text(f->links, r, NJ_COL_exemplar_links_why));
    }
    if (possible)
        nj_html_put(h, ".</p>\n");
}

static const char *
title_of(struct nj_slice why)
{
    static const struct {
        const char *why, *title;
    } titles[] = {{"median", "A median trace"},
                  {"p95", "A slow trace (95th percentile)"},
                  {"slowest", "The slowest trace"},
                  {"error", "A chain of errors"}};

    for (size_t i = 0; i < NJ_LEN(titles); i++)
        if (nj_slice_eq(why, nj_slice_of(titles[i].why)))
            return titles[i].title;
    return "A trace";
}

/* What the chain is that the trace is an example of. */
static void
chain_name(struct nj_html *h, const struct nj_results *results, struct nj_slice key)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_error_chains);
    size_t r = 0;

    while (r < nj_table_len(t) &&
           !nj_slice_eq(nj_table_text(t, r, NJ_COL_error_chains_chain), key))
        r++;
    if (r == nj_table_len(t))
        return;
    nj_html_name(h, nj_table_text(t, r, NJ_COL_error_chains_type));
    nj_html_put(h, " in ");
    nj_html_cut(h, nj_table_text(t, r, NJ_COL_error_chains_operation), 60);
    nj_html_put(h, " of ");
    nj_html_name(h, nj_table_text(t, r, NJ_COL_error_chains_agent));
    nj_html_put(h, ", ");
    nj_html_ratio(h, nj_table_real(t, r, NJ_COL_error_chains_share));
    nj_html_put(h, " of traces; this is ");
}

/* What stands under the drawing. */
static void
notes_write(struct nj_html *h, const struct figure *f)
{
    const struct nj_table *t = f->t;
    double weight = nj_table_real(t, f->exemplar, NJ_COL_exemplars_weight);
    int64_t shown = nj_table_int(t, f->exemplar, NJ_COL_exemplars_shown);
    int64_t spans = nj_table_int(t, f->exemplar, NJ_COL_exemplars_spans);

    nj_html_put(h, "<p class=\"dim\">");
    if (shown < spans)
        nj_html_printf(h, "%d row%s for %d spans. ", (int)shown, nj_plural((double)shown),
                       (int)spans);
    nj_html_put(h, "Stands for about ");
    nj_html_counted(h, weight, "trace");
    nj_html_put(h, ". <code>nightjar show STORE ");
    nj_html_text(h, nj_table_text(t, f->exemplar, NJ_COL_exemplars_trace));
    nj_html_put(h, "</code> prints it.</p>");
}

void
nj_page_waterfall(const struct nj_page *page, struct nj_html *h, size_t exemplar)
{
    struct figure f = figure_of(page->results, exemplar);
    const char *title = title_of(nj_table_text(f.t, exemplar, NJ_COL_exemplars_why));
    double height = (double)f.len * ROW;

    nj_html_printf(h, "<figure><figcaption>%s: ", title);
    chain_name(h, page->results, nj_table_text(f.t, exemplar, NJ_COL_exemplars_chain));
    nj_html_put(h, "<code>");
    nj_html_text(h, nj_table_text(f.t, exemplar, NJ_COL_exemplars_trace));
    nj_html_put(h, "</code>, ");
    nj_html_duration(h, nj_table_real(f.t, exemplar, NJ_COL_exemplars_duration_ns));
    nj_html_put(h, "</figcaption>\n");
    nj_page_scroll(h, title);
    nj_svg_open(h, LEFT + WIDTH + RIGHT, height + 24, "chart", title);
    nj_svg_time_axis(h, LEFT, WIDTH, 0, height + 2, WIDTH / f.scale);
    for (size_t r = f.first; r < f.first + f.len; r++)
        span_draw(h, &f, r, 3 + (double)(r - f.first) * ROW);
    for (size_t r = f.links_at; r < f.links_at + f.links_len; r++)
        link_draw(h, &f, r);
    for (size_t r = f.first; r < f.first + f.len && f.links_len > 0; r++) {
        double x, y;
        end_of(&f, r, &x, &y);
        if (badge_of(&f, r) > 0)
            badge_draw(h, x, y, badge_of(&f, r));
    }
    nj_svg_close(h);
    nj_html_put(h, "</div>\n");
    links_list(h, &f);
    notes_write(h, &f);
    nj_html_put(h, "</figure>\n");
}

bool
nj_page_waterfall_is_chain(const struct nj_page *page, size_t exemplar)
{
    return !nj_table_is_null(nj_results_view(page->results, NJ_TABLE_exemplars), exemplar,
                             NJ_COL_exemplars_chain);
}
