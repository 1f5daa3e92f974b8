/* icicle_change.c - what changed in the merged call tree: shades in words, and a table. */
#include "reports/icicle.h"

#include "reports/page.h"
#include "reports/palette.h"
#include "reports/svg.h"

#include <math.h>

enum { LARGEST = 10 };

double
nj_frame_change(double before, double now)
{
    return before > 0 ? now / before - 1 : now > 0 ? (double)NAN : 0;
}

void
nj_frame_mark(struct nj_buf *out, double change)
{
    const struct nj_shade *shade = nj_shade_of(change);

    if (isnan(change))
        nj_buf_put_text(out, "new");
    else if (shade != nj_shade_of(0))
        nj_buf_printf(out, change < 9 ? "%+.0f\xC2\xA0%%" : "\xC3\x97%.0f",
                      change < 9 ? change * 100 : change + 1);
}

void
nj_frame_amount(struct nj_html *h, const struct nj_icicle_variant *variant, double amount)
{
    if (variant->is_time)
        nj_html_duration(h, amount);
    else
        nj_html_count(h, round(amount));
}

void
nj_icicle_legend(struct nj_html *h)
{
    nj_html_put(h, "<ul class=\"legend\">");
    for (size_t i = 0; i < nj_shades_len; i++) {
        nj_html_put(h, "<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\">");
        nj_svg_rect(h, 0, 0, 12, 12, nj_shades[i].classes, nj_shades[i].fill);
        nj_html_printf(h, "</svg>%s</li>", nj_shades[i].label);
    }
    nj_html_put(h, "</ul>\n");
}

/* A frame of the tree, or one that is gone. */
struct changed {
    const struct nj_table *table;
    size_t row;
    unsigned agent, operation, kind; /* columns */
    double before, now;              /* a trace; before: NaN where it was not there */
};

/* The largest so far, largest first. */
struct largest {
    struct changed list[LARGEST];
    size_t len;
};

static double
size_of(const struct changed *c)
{
    return fabs(c->now - (isnan(c->before) ? 0 : c->before));
}

static void
largest_add(struct largest *l, const struct changed *c)
{
    size_t at = l->len;

    while (at > 0 && size_of(&l->list[at - 1]) < size_of(c))
        at--;
    if (at == LARGEST || !(size_of(c) > 0))
        return;
    l->len += l->len < LARGEST;
    memmove(l->list + at + 1, l->list + at, (l->len - 1 - at) * sizeof *l->list);
    l->list[at] = *c;
}

static void
largest_find(struct largest *l, const struct nj_icicle *icicle,
             const struct nj_icicle_variant *variant, const double *before)
{
    for (size_t r = 0; r < nj_table_len(icicle->tree); r++) {
        const struct changed c = {icicle->tree,
                                  r,
                                  NJ_COL_call_tree_agent,
                                  NJ_COL_call_tree_operation,
                                  NJ_COL_call_tree_kind,
                                  before[r],
                                  nj_table_real(icicle->tree, r, variant->column) /
                                      icicle->traces};
        largest_add(l, &c);
    }
    for (size_t r = 0; r < nj_table_len(icicle->before); r++) {
        const struct changed c = {icicle->before,
                                  r,
                                  NJ_COL_frame_changes_agent,
                                  NJ_COL_frame_changes_operation,
                                  NJ_COL_frame_changes_kind,
                                  nj_table_real(icicle->before, r, variant->before),
                                  0};
        if (nj_table_is_null(icicle->before, r, NJ_COL_frame_changes_frame))
            largest_add(l, &c);
    }
}

static void
row_write(struct nj_html *h, const struct nj_icicle_variant *variant, const struct changed *c)
{
    double change = nj_frame_change(c->before, c->now);

    nj_html_put(h, "<tr><th scope=\"row\">");
    nj_html_name(h, nj_table_text(c->table, c->row, c->agent));
    nj_html_put(h, "</th><td>");
    nj_html_name(h, nj_table_text(c->table, c->row, c->operation));
    nj_html_put(h, "</td><td>");
    nj_html_text(h, nj_table_text(c->table, c->row, c->kind));
    nj_html_put(h, "</td><td class=\"n\">");
    nj_frame_amount(h, variant, c->before);
    nj_html_put(h, "</td><td class=\"n\">");
    nj_frame_amount(h, variant, c->now);
    nj_html_put(h, "</td><td class=\"n\">");
    if (isnan(change))
        nj_html_put(h, "new");
    else if (!(c->now > 0))
        nj_html_put(h, "gone");
    else
        nj_page_change(h, NJ_SLICE(""), change);
    nj_html_put(h, "</td></tr>\n");
}

void
nj_icicle_changes(struct nj_html *h, const struct nj_icicle *icicle,
                  const struct nj_icicle_variant *variant, const double *before)
{
    static const char *const headers[] = {"agent",           "operation",    "kind",
                                          "#before a trace", "#now a trace", "#change"};
    struct largest l = {.len = 0};

    largest_find(&l, icicle, variant, before);
    nj_html_put(h, "<details><summary>Ten largest changes as a table</summary>\n");
    nj_page_scroll(h, "Largest changes");
    nj_page_header(h, NULL, headers, NJ_LEN(headers), false);
    nj_html_put(h, "<tbody>\n");
    for (size_t i = 0; i < l.len; i++)
        row_write(h, variant, &l.list[i]);
    nj_html_put(h, "</tbody></table></div></details>\n");
}
