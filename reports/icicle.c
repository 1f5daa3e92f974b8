/* icicle.c - the merged call tree as a flame graph, top down. */
#include "reports/icicle.h"

#include "reports/page.h"
#include "reports/svg.h"
#include "schema/frames.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 1140, ROW = 19, DEPTH_MAX = 48, WIDEST = 10 };

const struct nj_icicle_variant nj_icicle_variants[] = {
    {"wall", "Wall time", "time from start to end; where calls overlap, the time is divided",
     NJ_COL_call_tree_wall_ns, NJ_COL_frame_changes_wall_ns, true},
    {"self", "Self time", "time of each call without the calls it made, added up",
     NJ_COL_call_tree_total_self_ns, NJ_COL_frame_changes_self_ns, true},
    {"critical", "Critical time", "time that the caller of the whole trace waited for",
     NJ_COL_call_tree_total_critical_ns, NJ_COL_frame_changes_critical_ns, true},
    {"tokens", "Tokens", "input and output tokens", NJ_COL_call_tree_total_tokens,
     NJ_COL_frame_changes_tokens, false},
};
const size_t nj_icicle_variants_len = NJ_LEN(nj_icicle_variants);

double
nj_icicle_total(const struct nj_table *tree, const struct nj_icicle_variant *variant)
{
    double total = 0;

    for (size_t r = 0; r < nj_table_len(tree); r++)
        if (nj_frame_parent(tree, r) == SIZE_MAX)
            total += nj_table_real(tree, r, variant->column);
    return total;
}

/* One flame graph. */
struct drawing {
    struct nj_html *h;
    const struct nj_icicle *icicle;
    const struct nj_icicle_variant *variant;
    double total;
    double *before;     /* of each row of the tree, a trace; NaN: was not there */
    double *x, *next_x; /* left edge of each frame; where its next child begins */
    size_t drawn;
    double depth_max;
};

static bool
is_compared(const struct drawing *d)
{
    return nj_table_len(d->icicle->before) > 0;
}

static double
change_of(const struct drawing *d, size_t r)
{
    double amount = nj_table_real(d->icicle->tree, r, d->variant->column);
    return nj_frame_change(d->before[r], amount / d->icicle->traces);
}

static void
name_put(struct nj_html *h, const struct nj_table *tree, size_t r, size_t chars_max)
{
    nj_html_cut(h, nj_table_text(tree, r, NJ_COL_call_tree_agent), chars_max);
    if (nj_table_text(tree, r, NJ_COL_call_tree_operation).len == 0)
        return;
    nj_html_put(h, " \xC2\xB7 ");
    nj_html_cut(h, nj_table_text(tree, r, NJ_COL_call_tree_operation), chars_max);
}

/* Text of a frame `width` wide: its change and its operation, cut to what fits; our font is
 * about 7 units a character. */
static void
label_put(const struct drawing *d, size_t r, double y, double width)
{
    const struct nj_table *tree = d->icicle->tree;
    size_t room = width > 34 ? (size_t)((width - 8) / 7) : 0;
    struct nj_slice name = nj_table_text(tree, r, NJ_COL_call_tree_operation);
    struct nj_slice kind = nj_table_text(tree, r, NJ_COL_call_tree_kind);
    struct nj_buf text = {0};

    if (room < 3)
        return;
    if (is_compared(d))
        nj_frame_mark(&text, change_of(d, r));
    if (text.len)
        nj_buf_put_text(&text, " \xC2\xB7 ");
    nj_buf_put_slice(&text, name.len ? name : nj_table_text(tree, r, NJ_COL_call_tree_agent));
    nj_svg_text_open(d->h, d->x[r] + 4, y + 13, "start",
                     nj_svg_label_class(nj_colour_of(kind)));
    nj_html_cut(d->h, nj_buf_slice(&text), room);
    nj_svg_text_close(d->h);
    nj_buf_fini(&text);
}

/* What a pointer that rests on the frame is told, and the name of its button. */
static void
title_put(const struct drawing *d, size_t r)
{
    const struct nj_table *tree = d->icicle->tree;
    double amount = nj_table_real(tree, r, d->variant->column);

    nj_svg_title_open(d->h);
    name_put(d->h, tree, r, 80);
    nj_html_put(d->h, ": ");
    nj_frame_amount(d->h, d->variant, amount);
    nj_html_put(d->h, ", ");
    nj_html_ratio(d->h, amount / d->total);
    nj_html_put(d->h, " of all, ");
    nj_html_counted(d->h, nj_table_real(tree, r, NJ_COL_call_tree_spans), "span");
    if (is_compared(d) && isnan(d->before[r])) {
        nj_html_put(d->h, "; not there before");
    } else if (is_compared(d)) {
        nj_html_put(d->h, "; a trace ");
        nj_frame_amount(d->h, d->variant, amount / d->icicle->traces);
        nj_html_put(d->h, ", before ");
        nj_frame_amount(d->h, d->variant, d->before[r]);
    }
    nj_svg_title_close(d->h);
}

static void
frame_draw(const struct drawing *d, size_t r)
{
    const struct nj_table *tree = d->icicle->tree;
    double width = nj_table_real(tree, r, d->variant->column) * WIDTH / d->total;
    double y = (double)nj_table_int(tree, r, NJ_COL_call_tree_depth) * ROW;
    const struct nj_colour *colour =
        nj_colour_of(nj_table_text(tree, r, NJ_COL_call_tree_kind));
    const struct nj_shade *shade = is_compared(d) ? nj_shade_of(change_of(d, r)) : NULL;

    nj_html_put(d->h, "<g");
    if (shade) { /* for the script, which cuts labels anew */
        struct nj_buf mark = {0};
        nj_frame_mark(&mark, change_of(d, r));
        nj_html_put(d->h, " data-mark=\"");
        nj_html_text(d->h, nj_buf_slice(&mark));
        nj_html_put(d->h, "\"");
        nj_buf_fini(&mark);
    }
    nj_html_put(d->h, ">");
    title_put(d, r);
    nj_html_put(d->h, "<rect x=\"");
    nj_svg_number(d->h, d->x[r]);
    nj_html_printf(d->h, "\" y=\"%.0f\" width=\"", y);
    nj_svg_number(d->h, width > 0.4 ? width - 0.3 : width);
    nj_html_printf(d->h, "\" height=\"%d\" class=\"%s%s%s\" fill=\"%s\"/>", ROW - 1,
                   colour->classes, shade ? " " : "", shade ? shade->classes : "",
                   shade ? shade->fill : colour->fill);
    label_put(d, r, y, width);
    nj_html_put(d->h, "</g>\n");
}

/* Narrowest frame that still lets at most `frames_max` be drawn. */
static double
least_of(const struct nj_table *tree, const struct nj_icicle_variant *variant,
         size_t frames_max, double total)
{
    double least = total / WIDTH * 0.9;

    for (;; least *= 1.5) {
        size_t n = 0;
        for (size_t r = 0; r < nj_table_len(tree); r++)
            n += nj_table_real(tree, r, variant->column) >= least;
        if (n <= frames_max)
            return least;
    }
}

/* Rows are in preorder, so a frame's parent has its place already. */
static void
layout_make(struct drawing *d, double least)
{
    const struct nj_table *tree = d->icicle->tree;
    double top_x = 0, scale = WIDTH / d->total;

    for (size_t r = 0; r < nj_table_len(tree); r++) {
        double amount = nj_table_real(tree, r, d->variant->column);
        int64_t depth = nj_table_int(tree, r, NJ_COL_call_tree_depth);
        size_t parent = nj_frame_parent(tree, r);
        double *from = parent == SIZE_MAX ? &top_x : &d->next_x[parent];
        d->x[r] = d->next_x[r] = *from;
        *from += amount * scale;
        if (amount < least || depth >= DEPTH_MAX)
            continue;
        d->drawn++;
        if ((double)depth > d->depth_max)
            d->depth_max = (double)depth;
    }
}

/* Frames that were there before; rows of another tree's file are none. */
static void
before_find(struct drawing *d)
{
    const struct nj_table *before = d->icicle->before;
    size_t len = nj_table_len(d->icicle->tree);

    for (size_t r = 0; r < len; r++)
        d->before[r] = (double)NAN;
    for (size_t i = 0; i < nj_table_len(before); i++) {
        int64_t frame = nj_table_int(before, i, NJ_COL_frame_changes_frame);
        if (!nj_table_is_null(before, i, NJ_COL_frame_changes_frame) && frame >= 0 &&
            (uint64_t)frame < len)
            d->before[frame] = nj_table_real(before, i, d->variant->before);
    }
}

static void
widest_write(struct nj_html *h, const struct nj_table *tree,
             const struct nj_icicle_variant *variant, double total)
{
    static const char *const headers[] = {"agent",  "operation", "kind",
                                          "#width", "#share",    "#spans"};
    size_t top[WIDEST], len = 0;

    for (size_t r = 0; r < nj_table_len(tree); r++) {
        double amount = nj_table_real(tree, r, variant->column);
        size_t at = len;
        while (at > 0 && nj_table_real(tree, top[at - 1], variant->column) < amount)
            at--;
        if (at == WIDEST || !(amount > 0))
            continue;
        len += len < WIDEST;
        memmove(top + at + 1, top + at, (len - 1 - at) * sizeof *top);
        top[at] = r;
    }
    nj_html_put(h, "<details><summary>Ten widest frames as a table</summary>\n");
    nj_page_scroll(h, "Widest frames");
    nj_page_header(h, NULL, headers, NJ_LEN(headers), false);
    nj_html_put(h, "<tbody>\n");
    for (size_t i = 0; i < len; i++) {
        nj_html_put(h, "<tr><th scope=\"row\">");
        nj_html_name(h, nj_table_text(tree, top[i], NJ_COL_call_tree_agent));
        nj_html_put(h, "</th><td>");
        nj_html_name(h, nj_table_text(tree, top[i], NJ_COL_call_tree_operation));
        nj_html_put(h, "</td><td>");
        nj_html_text(h, nj_table_text(tree, top[i], NJ_COL_call_tree_kind));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_frame_amount(h, variant, nj_table_real(tree, top[i], variant->column));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_ratio(h, nj_table_real(tree, top[i], variant->column) / total);
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_count(h, nj_table_real(tree, top[i], NJ_COL_call_tree_spans));
        nj_html_put(h, "</td></tr>\n");
    }
    nj_html_put(h, "</tbody></table></div></details>\n");
}

static void
graph_write(struct drawing *d, size_t frames_max)
{
    const struct nj_table *tree = d->icicle->tree;
    double least = least_of(tree, d->variant, frames_max, d->total);

    before_find(d);
    layout_make(d, least);
    nj_html_printf(d->h, "<p class=\"dim\">Width: %s. ", d->variant->about);
    nj_frame_amount(d->h, d->variant, d->total);
    nj_html_printf(d->h, " in all; %zu of %zu frames drawn.</p>\n", d->drawn,
                   nj_table_len(tree));
    nj_page_scroll(d->h, "Flame graph");
    nj_svg_open(d->h, WIDTH, (d->depth_max + 1) * ROW, "chart flame",
                "Flame graph of the merged call tree; the table below has its widest frames");
    for (size_t r = 0; r < nj_table_len(tree); r++)
        if (nj_table_real(tree, r, d->variant->column) >= least &&
            nj_table_int(tree, r, NJ_COL_call_tree_depth) < DEPTH_MAX)
            frame_draw(d, r);
    nj_svg_close(d->h);
    nj_html_put(d->h, "</div>\n");
    if (is_compared(d))
        nj_icicle_changes(d->h, d->icicle, d->variant, d->before);
    widest_write(d->h, tree, d->variant, d->total);
}

void
nj_icicle_write(struct nj_html *h, const struct nj_icicle *icicle,
                const struct nj_icicle_variant *variant, size_t frames_max)
{
    size_t len = nj_table_len(icicle->tree) + 1;
    struct drawing d = {.h = h,
                        .icicle = icicle,
                        .variant = variant,
                        .total = nj_icicle_total(icicle->tree, variant),
                        .before = calloc(len, sizeof(double)),
                        .x = calloc(len, sizeof(double)),
                        .next_x = calloc(len, sizeof(double))};

    if (d.before && d.x && d.next_x)
        graph_write(&d, frames_max);
    free(d.before);
    free(d.x);
    free(d.next_x);
}
