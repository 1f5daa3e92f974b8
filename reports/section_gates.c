/* section_gates.c - which promise broke: every check with its verdict. */
#include "base/clock.h"
#include "reports/page.h"

enum {
    ROWS_MAX = 100, /* of each table */
    OPEN_MAX = 8,   /* quiet checks are folded beyond this */
};

static bool
gates_has_content(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_checks)) > 0;
}

static void
value_put(struct nj_html *h, struct nj_slice unit, double value)
{
    if (nj_slice_eq(unit, NJ_SLICE("ns")))
        nj_html_duration(h, value);
    else if (nj_slice_eq(unit, NJ_SLICE("ratio")))
        nj_html_ratio(h, value);
    else
        nj_html_count(h, value);
}

static void
interval_put(struct nj_html *h, const struct nj_table *t, size_t r)
{
    struct nj_slice unit = nj_table_text(t, r, NJ_COL_checks_unit);

    value_put(h, unit, nj_table_real(t, r, NJ_COL_checks_est));
    if (nj_table_is_null(t, r, NJ_COL_checks_lo))
        return;
    nj_html_put(h, "<span class=\"ci\">");
    value_put(h, unit, nj_table_real(t, r, NJ_COL_checks_lo));
    nj_html_put(h, " to ");
    if (nj_table_is_null(t, r, NJ_COL_checks_hi))
        nj_html_put(h, "no limit");
    else
        value_put(h, unit, nj_table_real(t, r, NJ_COL_checks_hi));
    nj_html_put(h, "</span>");
}

/* Absolute limits as they are, allowed changes with their sign, and what would have been seen.
 */
static void
limit_put(struct nj_html *h, const struct nj_table *t, size_t r)
{
    struct nj_slice unit = nj_table_text(t, r, NJ_COL_checks_unit);
    bool is_up = nj_slice_eq(nj_table_text(t, r, NJ_COL_checks_direction), NJ_SLICE("up"));
    double sign = is_up ? 1 : -1;

    if (!nj_table_is_null(t, r, NJ_COL_checks_limit_value)) {
        nj_html_put(h, is_up ? "\xE2\x89\xA4 " : "\xE2\x89\xA5 ");
        value_put(h, unit, nj_table_real(t, r, NJ_COL_checks_limit_value));
    } else if (!nj_table_is_null(t, r, NJ_COL_checks_tolerance)) {
        nj_page_change(h, unit, sign * nj_table_real(t, r, NJ_COL_checks_tolerance));
    } else {
        nj_html_put(h, "\xE2\x80\x93");
    }
    if (!nj_table_is_null(t, r, NJ_COL_checks_detectable)) {
        nj_html_put(h, "<span class=\"ci\">seen from ");
        nj_page_change(h, unit, sign * nj_table_real(t, r, NJ_COL_checks_detectable));
        nj_html_put(h, "</span>");
    }
}

static void
row_write(struct nj_html *h, const struct nj_table *t, size_t r)
{
    nj_html_put(h, "<tr><th scope=\"row\">");
    nj_html_name(h, nj_table_text(t, r, NJ_COL_checks_name));
    nj_html_put(h, "</th><td>");
    nj_page_chip(h, nj_table_text(t, r, NJ_COL_checks_verdict),
                 nj_table_int(t, r, NJ_COL_checks_is_red) != 0);
    nj_html_put(h, "</td><td class=\"n\">");
    interval_put(h, t, r);
    nj_html_put(h, "</td><td class=\"n\">");
    limit_put(h, t, r);
    nj_html_put(h, "</td><td>");
    nj_html_text(h, nj_table_text(t, r, NJ_COL_checks_why));
    nj_html_put(h, "</td></tr>\n");
}

/* What a reader has to do about a check. */
enum group {
    GROUP_LOOK,     /* red, undecided, or better than before */
    GROUP_FINE,     /* nothing */
    GROUP_UNJUDGED, /* wait for more traces or nights */
    GROUPS,
};

static enum group
group_of(const struct nj_table *t, size_t r)
{
    static const struct {
        const char *verdict;
        enum group group;
    } quiet[] = {{"within-limit", GROUP_FINE}, {"equivalent", GROUP_FINE},
                 {"learning", GROUP_UNJUDGED}, {"insufficient", GROUP_UNJUDGED},
                 {"new", GROUP_UNJUDGED},      {"waived", GROUP_UNJUDGED}};
    struct nj_slice verdict = nj_table_text(t, r, NJ_COL_checks_verdict);

    for (size_t i = 0; i < NJ_LEN(quiet); i++)
        if (nj_table_int(t, r, NJ_COL_checks_is_red) == 0 &&
            nj_slice_eq(verdict, nj_slice_of(quiet[i].verdict)))
            return quiet[i].group;
    return GROUP_LOOK;
}

/* The checks of a group: at most ROWS_MAX of its `all`. */
static void
checks_write(struct nj_html *h, const struct nj_table *t, enum group group, size_t all)
{
    static const char *const headers[] = {"check", "verdict", "#measured, 95 % interval",
                                          "#allowed", "why"};
    static const char *const labels[GROUPS] = {"Checks", "Checks within limits",
                                               "Checks that were not judged"};
    size_t shown = 0;

    nj_page_scroll(h, labels[group]);
    nj_page_header(h, NULL, headers, NJ_LEN(headers), true);
    nj_html_put(h, "<tbody>\n");
    for (size_t r = 0; r < nj_table_len(t) && shown < ROWS_MAX; r++) {
        if (group_of(t, r) != group)
            continue;
        row_write(h, t, r);
        shown++;
    }
    nj_html_put(h, "</tbody></table></div>\n");
    if (shown < all)
        nj_html_printf(h, "<p class=\"dim\">%zu of %zu shown; all are in results.json.</p>\n",
                       shown, all);
}

/* What to know of the comparison. */
static void
remarks_write(const struct nj_table *t, struct nj_html *h)
{
    if (nj_table_len(t) == 0)
        return;
    nj_html_put(h, "<ul>\n");
    for (size_t r = 0; r < nj_table_len(t); r++) {
        nj_html_put(h, "<li>");
        nj_html_text(h, nj_table_text(t, r, NJ_COL_remarks_text));
        nj_html_put(h, "</li>\n");
    }
    nj_html_put(h, "</ul>\n");
}

static void
gates_write(const struct nj_page *page, struct nj_html *h)
{
    static const char *const said[GROUPS] = {
        NULL, "within limits", "not judged: too few traces or nights, new, or waived"};
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_checks);
    size_t len[GROUPS] = {0};

    remarks_write(nj_results_view(page->results, NJ_TABLE_remarks), h);
    for (size_t r = 0; r < nj_table_len(t); r++)
        len[group_of(t, r)]++;
    if (len[GROUP_LOOK] > 0)
        checks_write(h, t, GROUP_LOOK, len[GROUP_LOOK]);
    for (enum group group = GROUP_FINE; group < GROUPS; group++) {
        if (len[group] == 0)
            continue;
        nj_html_printf(h, "<details%s><summary>%zu %s %s</summary>\n",
                       len[group] <= OPEN_MAX ? " open" : "", len[group],
                       len[group] == 1 ? "check is" : "checks are", said[group]);
        checks_write(h, t, group, len[group]);
        nj_html_put(h, "</details>\n");
    }
}

const struct nj_section nj_section_gates = {
    .id = "gates",
    .title = "Gates",
    .empty = "No check could be judged: there is no limit in the policy that these traces have "
             "numbers for, and no baseline.",
    .has_content = gates_has_content,
    .write = gates_write,
};
