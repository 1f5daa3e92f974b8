/* icicle.c - the merged call tree as a flame graph, top down. */
#include "reports/icicle.h"

#include "reports/page.h"
#include "reports/svg.h"

#include <stdlib.h>

enum { WIDTH = 1140, ROW = 19, DEPTH_MAX = 48, WIDEST = 10 };

const struct nj_icicle_variant nj_icicle_variants[] = {
    {"wall", "Wall time", "time from start to end; where calls overlap, the time is divided",
     NJ_COL_call_tree_wall_ns, true},
    {"self", "Self time", "time of each call without the calls it made, added up",
     NJ_COL_call_tree_total_self_ns, true},
    {"critical", "Critical time", "time that the caller of the whole trace waited for",
     NJ_COL_call_tree_total_critical_ns, true},
    {"tokens", "Tokens", "input and output tokens", NJ_COL_call_tree_total_tokens, false},
};
const size_t nj_icicle_variants_len = NJ_LEN(nj_icicle_variants);

double
nj_icicle_total(const struct nj_table *tree, const struct nj_icicle_variant *variant)
{
    double total = 0;

    for (size_t r = 0; r < nj_table_len(tree); r++)
        if (nj_table_is_null(tree, r, NJ_COL_call_tree_parent))
            total += nj_table_real(tree, r, variant->column);
    return total;
}

static void
amount_put(struct nj_html *h, const struct nj_icicle_variant *variant, double amount)
{
    if (variant->is_time)
        nj_html_duration(h, amount);
    else
        nj_html_count(h, amount);
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

/* Text of a frame `width` wide: agent and operation, cut to what fits; our font is about 7
 * units a character. */
static void
label_put(struct nj_html *h, const struct nj_table *tree, size_t r, double x, double y,
          double width, const struct nj_colour *colour)
{
    size_t room = width > 34 ? (size_t)((width - 8) / 7) : 0;
    struct nj_slice operation = nj_table_text(tree, r, NJ_COL_call_tree_operation);

    if (room < 3)
        return;
    nj_svg_text_open(h, x + 4, y + 13, "start", nj_svg_label_class(colour));
    nj_html_cut(h, operation.len ? operation : nj_table_text(tree, r, NJ_COL_call_tree_agent),
                room);
    nj_svg_text_close(h);
}

static void
frame_draw(struct nj_html *h, const struct nj_table *tree, size_t r,
           const struct nj_icicle_variant *variant, double x, double width, double total)
{
    double amount = nj_table_real(tree, r, variant->column);
    double y = (double)nj_table_int(tree, r, NJ_COL_call_tree_depth) * ROW;
    const struct nj_colour *colour =
        nj_colour_of(nj_table_text(tree, r, NJ_COL_call_tree_kind));

    nj_html_put(h, "<g>");
    nj_svg_title_open(h);
    name_put(h, tree, r, 80);
    nj_html_put(h, ": ");
    amount_put(h, variant, amount);
    nj_html_put(h, ", ");
    nj_html_ratio(h, amount / total);
    nj_html_put(h, " of all, ");
    nj_html_count(h, nj_table_real(tree, r, NJ_COL_call_tree_spans));
    nj_html_put(h, " spans");
    nj_svg_title_close(h);
    nj_html_put(h, "<rect x=\"");
    nj_svg_number(h, x);
    nj_html_printf(h, "\" y=\"%.0f\" width=\"", y);
    nj_svg_number(h, width > 0.4 ? width - 0.3 : width);
    nj_html_printf(h, "\" height=\"%d\" class=\"%s\" fill=\"%s\"/>", ROW - 1, colour->classes,
                   colour->fill);
    label_put(h, tree, r, x, y, width, colour);
    nj_html_put(h, "</g>\n");
}

struct layout {
    double *x, *next_x; /* left edge of each frame; where its next child begins */
    size_t drawn;
    double depth_max;
};

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
static bool
layout_make(struct layout *l, const struct nj_table *tree,
            const struct nj_icicle_variant *variant, double least, double total)
{
    double top_x = 0, scale = WIDTH / total;
    size_t len = nj_table_len(tree);

    *l = (struct layout){.x = calloc(len + 1, sizeof(double)),
                         .next_x = calloc(len + 1, sizeof(double))};
    if (!l->x || !l->next_x)
        return false;
    for (size_t r = 0; r < len; r++) {
        double amount = nj_table_real(tree, r, variant->column);
        int64_t depth = nj_table_int(tree, r, NJ_COL_call_tree_depth);
        double *from = nj_table_is_null(tree, r, NJ_COL_call_tree_parent)
                           ? &top_x
                           : &l->next_x[nj_table_int(tree, r, NJ_COL_call_tree_parent)];
        l->x[r] = l->next_x[r] = *from;
        *from += amount * scale;
        if (amount < least || depth >= DEPTH_MAX)
            continue;
        l->drawn++;
        if ((double)depth > l->depth_max)
            l->depth_max = (double)depth;
    }
    return true;
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
        amount_put(h, variant, nj_table_real(tree, top[i], variant->column));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_ratio(h, nj_table_real(tree, top[i], variant->column) / total);
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_count(h, nj_table_real(tree, top[i], NJ_COL_call_tree_spans));
        nj_html_put(h, "</td></tr>\n");
    }
    nj_html_put(h, "</tbody></table></div></details>\n");
}

void
nj_icicle_write(struct nj_html *h, const struct nj_table *tree,
                const struct nj_icicle_variant *variant, size_t frames_max)
{
    double total = nj_icicle_total(tree, variant);
    double least = least_of(tree, variant, frames_max, total);
    struct layout l;

    if (layout_make(&l, tree, variant, least, total)) {
        nj_html_printf(h, "<p class=\"dim\">Width: %s. ", variant->about);
        amount_put(h, variant, total);
        nj_html_printf(h, " in all; %zu of %zu frames drawn.</p>\n", l.drawn,
                       nj_table_len(tree));
        nj_page_scroll(h, "Flame graph");
        nj_svg_open(
            h, WIDTH, (l.depth_max + 1) * ROW, "chart flame",
            "Flame graph of the merged call tree; the table below has its widest frames");
        for (size_t r = 0; r < nj_table_len(tree); r++) {
            double amount = nj_table_real(tree, r, variant->column);
            if (amount >= least && nj_table_int(tree, r, NJ_COL_call_tree_depth) < DEPTH_MAX)
                frame_draw(h, tree, r, variant, l.x[r], amount * WIDTH / total, total);
        }
        nj_svg_close(h);
        nj_html_put(h, "</div>\n");
        widest_write(h, tree, variant, total);
    }
    free(l.x);
    free(l.next_x);
}
