/* section_critical.c - what would make traces faster: the critical path by latency cohort, what
 * speeding up an agent would save, and the flame graph. */
#include "base/plural.h"
#include "reports/icicle.h"
#include "reports/page.h"
#include "reports/svg.h"

enum { LEFT = 130, WIDTH = 760, BAR = 26, ROW = 36, FRAMES_MAX = 450, KEYS_MAX = 20 };

static bool
critical_has_content(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_critical_path_total)) > 0;
}

static uint32_t
kinds_of(const struct nj_table *t)
{
    uint32_t kinds = 0;

    for (size_t r = 0; r < nj_table_len(t); r++)
        kinds |= 1u << (nj_colour_of(nj_table_text(t, r, NJ_COL_critical_path_cohorts_kind)) -
                        nj_palette);
    return kinds;
}

/* One cohort as a bar of kinds; *r is its first row and ends after its last. */
static void
cohort_draw(struct nj_html *h, const struct nj_table *t, size_t *r, double y)
{
    struct nj_slice cohort = nj_table_text(t, *r, NJ_COL_critical_path_cohorts_cohort);
    double x = LEFT;

    nj_svg_text_open(h, LEFT - 10, y + BAR / 2.0 + 4, "end", "");
    nj_html_text(h, cohort);
    nj_svg_text_close(h);
    for (; *r < nj_table_len(t) &&
           nj_slice_eq(nj_table_text(t, *r, NJ_COL_critical_path_cohorts_cohort), cohort);
         ++*r) {
        const struct nj_colour *colour =
            nj_colour_of(nj_table_text(t, *r, NJ_COL_critical_path_cohorts_kind));
        double share = nj_table_real(t, *r, NJ_COL_critical_path_cohorts_share);
        double width = share > 0 ? share * WIDTH : 0;
        if (width < 0.2)
            continue;
        nj_svg_rect(h, x, y, width > 1 ? width - 0.6 : width, BAR, colour->classes,
                    colour->fill);
        if (width > 26) {
            nj_svg_text_open(h, x + width / 2, y + BAR / 2.0 + 4, "middle",
                             nj_svg_label_class(colour));
            nj_html_printf(h, "%.0f", share * 100);
            nj_svg_text_close(h);
        }
        x += width;
    }
}

static void
cohorts_table_write(struct nj_html *h, const struct nj_table *t)
{
    static const char *const headers[] = {"cohort", "kind", "#traces", "#share",
                                          "#mean a trace"};

    nj_html_put(h, "<details><summary>The same as numbers</summary>\n");
    nj_page_scroll(h, "Composition of the critical path");
    nj_page_header(h, NULL, headers, NJ_LEN(headers), false);
    nj_html_put(h, "<tbody>\n");
    for (size_t r = 0; r < nj_table_len(t); r++) {
        nj_html_put(h, "<tr><th scope=\"row\">");
        nj_html_text(h, nj_table_text(t, r, NJ_COL_critical_path_cohorts_cohort));
        nj_html_put(h, "</th><td>");
        nj_html_text(h, nj_table_text(t, r, NJ_COL_critical_path_cohorts_kind));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_count(h, nj_table_real(t, r, NJ_COL_critical_path_cohorts_traces));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_ratio(h, nj_table_real(t, r, NJ_COL_critical_path_cohorts_share));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_duration(h, nj_table_real(t, r, NJ_COL_critical_path_cohorts_mean));
        nj_html_put(h, "</td></tr>\n");
    }
    nj_html_put(h, "</tbody></table></div></details>\n");
}

static void
cohorts_write(struct nj_html *h, const struct nj_table *t)
{
    size_t bars = 0, r = 0;

    for (size_t i = 0; i < nj_table_len(t); i++)
        bars += i == 0 ||
                !nj_slice_eq(nj_table_text(t, i, NJ_COL_critical_path_cohorts_cohort),
                             nj_table_text(t, i - 1, NJ_COL_critical_path_cohorts_cohort));
    nj_html_put(h, "<h3>What the caller waited for, by speed of the trace (percent)</h3>\n");
    nj_svg_legend(h, kinds_of(t));
    nj_page_scroll(h, "Critical path by latency cohort");
    nj_svg_open(
        h, LEFT + WIDTH + 10, (double)bars * ROW, "chart",
        "Composition of the critical path by latency cohort; the table below has the numbers");
    for (size_t bar = 0; bar < bars; bar++)
        cohort_draw(h, t, &r, (double)bar * ROW + 4);
    nj_svg_close(h);
    nj_html_put(h, "</div>\n");
    cohorts_table_write(h, t);
}

static bool
is_agent_row(const struct nj_page *page, const struct nj_table *t, size_t r)
{
    return nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_scope), NJ_SLICE("root")) &&
           nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_group_by), NJ_SLICE("agent")) &&
           nj_page_wants(page, nj_table_text(t, r, NJ_COL_critical_path_key));
}

static void
agents_write(const struct nj_page *page, struct nj_html *h)
{
    static const char *const headers[] = {
        "agent",        "#share of the path",    "#on the path in",          "#mean a trace",
        "#p95 a trace", "#saved if 25 % faster", "#saved if it took no time"};
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_critical_path);
    size_t shown = 0;

    nj_html_put(h,
                "<h3>Agents on the critical path, and what speeding them up would save</h3>\n");
    nj_page_scroll(h, "Critical path by agent");
    nj_page_header(h, NULL, headers, NJ_LEN(headers), true);
    nj_html_put(h, "<tbody>\n");
    for (size_t r = 0; r < nj_table_len(t) && shown < KEYS_MAX; r++) {
        if (!is_agent_row(page, t, r))
            continue;
        shown++;
        nj_html_put(h, "<tr><th scope=\"row\">");
        nj_html_name(h, nj_table_text(t, r, NJ_COL_critical_path_key));
        nj_html_put(h, "</th><td class=\"n\">");
        nj_html_ratio(h, nj_table_real(t, r, NJ_COL_critical_path_share));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_ratio(h, nj_table_real(t, r, NJ_COL_critical_path_criticality));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_duration(h, nj_table_real(t, r, NJ_COL_critical_path_mean));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_duration(h, nj_table_real(t, r, NJ_COL_critical_path_p95));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_ratio(h, nj_table_real(t, r, NJ_COL_critical_path_saving_25));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_ratio(h, nj_table_real(t, r, NJ_COL_critical_path_saving_100));
        nj_html_put(h, "</td></tr>\n");
    }
    nj_html_put(h, "</tbody></table></div>\n");
}

static void
ambiguity_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_critical_path_total);
    double duration = nj_table_real(t, 0, NJ_COL_critical_path_total_duration_ns);
    double guessed = nj_table_real(t, 0, NJ_COL_critical_path_total_ambiguous_ns);

    nj_html_put(
        h, "<p>Every instant of a trace belongs to exactly one span on its critical path: the "
           "one that the caller was waiting for. ");
    if (duration > 0) {
        nj_html_ratio(h, guessed / duration);
        nj_html_put(h, " of it rests on a guess, because clocks or records do not tell what "
                       "came first.");
    }
    nj_html_put(h, "</p>\n");
}

/* The row of a division of scope root whose number in `column` is largest; SIZE_MAX: none. */
static size_t
largest_row(const struct nj_page *page, const char *by, unsigned column)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_critical_path);
    size_t best = SIZE_MAX;

    for (size_t r = 0; r < nj_table_len(t); r++) {
        struct nj_slice group = nj_table_text(t, r, NJ_COL_critical_path_group_by);
        struct nj_slice scope = nj_table_text(t, r, NJ_COL_critical_path_scope);
        bool is_of_it =
            nj_slice_eq(group, nj_slice_of(by)) && nj_slice_eq(scope, NJ_SLICE("root"));
        if (is_of_it && nj_table_real(t, r, column) > 0 &&
            (best == SIZE_MAX || nj_table_real(t, r, column) > nj_table_real(t, best, column)))
            best = r;
    }
    return best;
}

static const char *
kind_label(struct nj_slice kind)
{
    return nj_colour_of(kind)->label;
}

/* Where most of the time goes, and what would help most. */
static void
finding_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_critical_path);
    size_t kind = largest_row(page, "kind", NJ_COL_critical_path_share);
    size_t agent = largest_row(page, "agent", NJ_COL_critical_path_saving_25);

    if (kind == SIZE_MAX || agent == SIZE_MAX ||
        !nj_page_wants(page, nj_table_text(t, agent, NJ_COL_critical_path_key)))
        return;
    nj_html_put(h, "<p><strong>Callers waited most for: ");
    nj_html_text(h, nj_slice_of(kind_label(nj_table_text(t, kind, NJ_COL_critical_path_key))));
    nj_html_put(h, ", ");
    nj_html_ratio(h, nj_table_real(t, kind, NJ_COL_critical_path_share));
    nj_html_put(h, " of the time.</strong> Of all agents ");
    nj_html_name(h, nj_table_text(t, agent, NJ_COL_critical_path_key));
    nj_html_put(h, " holds traces up most: if its own work took 25 % less time, traces would "
                   "take ");
    nj_html_ratio(h, nj_table_real(t, agent, NJ_COL_critical_path_saving_25));
    nj_html_put(h, " less.</p>\n");
}

/* What the colours of frames mean. Where there is a baseline they stand for change; a reader
 * may ask for kinds instead, which needs the stylesheet but no script. */
static void
flame_colours_write(const struct nj_icicle *icicle, struct nj_html *h)
{
    uint32_t kinds = 0;

    for (size_t r = 0; r < nj_table_len(icicle->tree); r++)
        kinds |= 1u << (nj_colour_of(nj_table_text(icicle->tree, r, NJ_COL_call_tree_kind)) -
                        nj_palette);
    if (nj_table_len(icicle->before) == 0) {
        nj_svg_legend(h, kinds);
        return;
    }
    int64_t nights = nj_table_int(icicle->before, 0, NJ_COL_frame_changes_nights);
    nj_html_put(h, "<p>The number in front of a name, and the colour of its bar, say how much "
                   "more or less goes into it in a stored trace than in the ");
    if (nights > 1)
        nj_html_printf(h, "%lld ", (long long)nights);
    nj_html_printf(h, "newest accepted night%s", nj_plural((double)nights));
    nj_html_put(h, " of the baseline, with everything that it called. Whether a change is more "
                   "than chance is not asked here; <a href=\"#changes\">What changed</a> does."
                   "</p>\n<input type=\"radio\" name=\"colour\" id=\"c-change\" checked><label "
                   "for=\"c-change\"> Colour: change </label>\n<input type=\"radio\" "
                   "name=\"colour\" id=\"c-kind\"><label for=\"c-kind\"> Colour: kind "
                   "</label>\n<div class=\"by-change\">\n");
    nj_icicle_legend(h);
    nj_html_put(h, "</div>\n<div class=\"by-kind\">\n");
    nj_svg_legend(h, kinds);
    nj_html_put(h, "</div>\n");
}

static void
flame_variants_write(const struct nj_icicle *icicle, struct nj_html *h)
{
    bool is_first = true;

    for (size_t i = 0; i < nj_icicle_variants_len; i++) {
        const struct nj_icicle_variant *v = &nj_icicle_variants[i];
        if (!(nj_icicle_total(icicle->tree, v) > 0))
            continue;
        nj_html_printf(h,
                       "<input type=\"radio\" name=\"variant\" id=\"v-%s\"%s><label "
                       "for=\"v-%s\"> %s </label>\n",
                       v->id, is_first ? " checked" : "", v->id, v->label);
        is_first = false;
    }
    for (size_t i = 0; i < nj_icicle_variants_len; i++) {
        const struct nj_icicle_variant *v = &nj_icicle_variants[i];
        if (!(nj_icicle_total(icicle->tree, v) > 0))
            continue;
        nj_html_printf(h, "<div class=\"variant v-%s\">\n", v->id);
        nj_icicle_write(h, icicle, v, FRAMES_MAX);
        nj_html_put(h, "</div>\n");
    }
}

static void
flame_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *summary = nj_results_view(page->results, NJ_TABLE_summary);
    const struct nj_icicle icicle = {
        .tree = nj_results_view(page->results, NJ_TABLE_call_tree),
        .before = nj_results_view(page->results, NJ_TABLE_frame_changes),
        .traces = nj_table_len(summary) ? nj_table_real(summary, 0, NJ_COL_summary_traces) : 1};

    if (nj_table_len(icicle.tree) == 0)
        return;
    nj_html_put(
        h,
        "<h3>All traces, merged: the flame graph</h3>\n<p>How to read it: the top row is what "
        "began a trace; what it called stands below it, what that called below that. The wider "
        "a bar, the more went into it and everything it called, so wide bars without anything "
        "below them are where time goes. From left to right is an order of size, not of "
        "time.</p>\n<div>\n");
    flame_colours_write(&icicle, h);
    nj_html_put(
        h,
        "<div class=\"controls\" hidden><label>Find <input type=\"search\" id=\"find\" "
        "autocomplete=\"off\"></label><button type=\"button\" id=\"zoomout\">Zoom out</button>"
        "<span>Click a bar, or press Enter on it, to look into it.</span> <span id=\"found\" "
        "role=\"status\"></span></div>\n");
    flame_variants_write(&icicle, h);
    nj_html_put(h, "</div>\n");
}

static void
critical_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *cohorts =
        nj_results_view(page->results, NJ_TABLE_critical_path_cohorts);

    finding_write(page, h);
    ambiguity_write(page, h);
    if (nj_table_len(cohorts) > 0)
        cohorts_write(h, cohorts);
    agents_write(page, h);
    flame_write(page, h);
}

const struct nj_section nj_section_critical = {
    .id = "critical",
    .title = "Critical path",
    .empty = "No trace has a critical path.",
    .has_content = critical_has_content,
    .write = critical_write,
};
