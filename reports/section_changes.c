/* section_changes.c - what changed since the baseline: baseline and now on one axis, largest
 * change first. */
#include "reports/page.h"
#include "reports/svg.h"

#include <math.h>

enum { ROWS_MAX = 20, ROW = 24, LEFT = 260, WIDTH = 560, RIGHT = 250 };

/* Rows of checks that compare with a baseline, largest relative change first. */
struct changes {
    size_t rows[ROWS_MAX];
    size_t len, all;
};

static double
size_of(const struct nj_table *t, size_t r)
{
    return fabs(nj_table_real(t, r, NJ_COL_checks_change));
}

static struct changes
changes_pick(const struct nj_table *t)
{
    struct changes c = {0};

    for (size_t r = 0; r < nj_table_len(t); r++) {
        if (nj_table_is_null(t, r, NJ_COL_checks_change) ||
            nj_table_is_null(t, r, NJ_COL_checks_baseline))
            continue;
        c.all++;
        size_t at = c.len < ROWS_MAX ? c.len++ : ROWS_MAX - 1;
        if (c.all > ROWS_MAX && size_of(t, c.rows[at]) >= size_of(t, r))
            continue;
        while (at > 0 && size_of(t, c.rows[at - 1]) < size_of(t, r)) {
            c.rows[at] = c.rows[at - 1];
            at--;
        }
        c.rows[at] = r;
    }
    return c;
}

static bool
changes_has_content(const struct nj_page *page)
{
    return changes_pick(nj_results_view(page->results, NJ_TABLE_checks)).len > 0;
}

static const char *
class_of(const struct nj_table *t, size_t r)
{
    if (nj_table_int(t, r, NJ_COL_checks_is_red))
        return "t-bad";
    return nj_slice_eq(nj_table_text(t, r, NJ_COL_checks_verdict), NJ_SLICE("improved"))
               ? "t-good"
               : "dim";
}

/* One row: the change with its interval around a line for "no change". */
static void
row_draw(struct nj_html *h, const struct nj_table *t, size_t r, double y, double scale)
{
    double change = nj_table_real(t, r, NJ_COL_checks_change);
    double lo = nj_table_real(t, r, NJ_COL_checks_change_lo);
    double hi = nj_table_real(t, r, NJ_COL_checks_change_hi);
    double zero = LEFT + WIDTH / 2.0, x = zero + change * scale;
    bool is_red = nj_table_int(t, r, NJ_COL_checks_is_red) != 0;

    nj_svg_text_open(h, LEFT - 10, y + 4, "end", "");
    nj_html_cut(h, nj_table_text(t, r, NJ_COL_checks_name), 36);
    nj_svg_text_close(h);
    if (isfinite(lo) && isfinite(hi)) {
        double x1 = fmax(LEFT, zero + lo * scale), x2 = fmin(LEFT + WIDTH, zero + hi * scale);
        if (x2 > x1)
            nj_svg_rect(h, x1, y - 1.5, x2 - x1, 3, is_red ? "mark-bad" : "mark",
                        is_red ? "#a8201a" : "#1a1c20");
    }
    nj_html_put(h, "<circle cx=\"");
    nj_svg_number(h, x);
    nj_html_printf(h, "\" cy=\"%.0f\" r=\"5\" class=\"%s\" fill=\"%s\"/>", y,
                   is_red ? "mark-bad" : "mark", is_red ? "#a8201a" : "#1a1c20");
    nj_svg_text_open(h, LEFT + WIDTH + 12, y + 4, "start", class_of(t, r));
    nj_page_change(h, nj_table_text(t, r, NJ_COL_checks_unit), change);
    nj_html_put(h, " ");
    nj_html_text(h, nj_table_text(t, r, NJ_COL_checks_verdict));
    if (!nj_table_is_null(t, r, NJ_COL_checks_since)) {
        nj_html_put(h, " since ");
        nj_html_text(h, nj_table_text(t, r, NJ_COL_checks_since));
    }
    nj_svg_text_close(h);
}

static void
changes_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_checks);
    const struct nj_table *v = nj_results_view(page->results, NJ_TABLE_verdict);
    const struct changes c = changes_pick(t);
    double largest = 0.05, height = (double)c.len * ROW + 34;

    for (size_t i = 0; i < c.len; i++)
        largest = fmax(largest, size_of(t, c.rows[i]));
    largest = fmin(largest * 1.15, 10);
    nj_html_put(h, "<p>Change against ");
    nj_html_counted(h,
                    nj_table_len(v) ? nj_table_real(v, 0, NJ_COL_verdict_baseline_nights) : NAN,
                    "accepted night");
    nj_html_put(h, ", with its 95&nbsp;% interval; shares change in percentage "
                   "points. Left of the line is less, right is more.</p>\n");
    nj_page_scroll(h, "Changes");
    nj_svg_open(h, LEFT + WIDTH + RIGHT, height, "chart",
                "Change of each metric against the baseline; the gates table has the numbers");
    double scale = WIDTH / 2.0 / largest;
    nj_svg_line(h, LEFT + WIDTH / 2.0, 0, LEFT + WIDTH / 2.0, height - 24, "edge", "#3a3e46");
    for (size_t i = 0; i < c.len; i++)
        row_draw(h, t, c.rows[i], (double)i * ROW + 14, scale);
    for (int side = -1; side <= 1; side++) {
        nj_svg_text_open(h, LEFT + WIDTH / 2.0 * (1 + side), height - 8, "middle", "dim");
        nj_html_put(h, side > 0 ? "+" : "");
        nj_html_ratio(h, side * largest);
        nj_svg_text_close(h);
    }
    nj_svg_close(h);
    nj_html_put(h, "</div>\n");
    if (c.all > c.len)
        nj_html_printf(h, "<p class=\"dim\">The %zu largest of %zu changes.</p>\n", c.len,
                       c.all);
}

const struct nj_section nj_section_changes = {
    .id = "changes",
    .title = "What changed",
    .empty = "No baseline: nothing to compare with yet.",
    .has_content = changes_has_content,
    .write = changes_write,
};
