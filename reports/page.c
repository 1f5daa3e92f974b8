/* page.c - the HTML report: head, verdict, navigation and the sections one after the other. */
#include "reports/page.h"

#include "base/clock.h"
#include "base/glob.h"

#include <stdio.h>

extern const unsigned char nj_report_css[], nj_report_js[];
extern const size_t nj_report_css_len, nj_report_js_len;

#define NJ_SECTION(id) extern const struct nj_section nj_section_##id;
#include "reports/sections.def"
#undef NJ_SECTION

#define NJ_SECTION(id) &nj_section_##id,
static const struct nj_section *const sections[] = {
#include "reports/sections.def"
};
#undef NJ_SECTION

struct nj_slice
nj_page_stylesheet(void)
{
    return (struct nj_slice){(const char *)nj_report_css, nj_report_css_len};
}

bool
nj_page_wants(const struct nj_page *page, struct nj_slice agent)
{
    return !page->options->agent_glob ||
           nj_glob_match(nj_slice_of(page->options->agent_glob), agent);
}

void
nj_page_chip(struct nj_html *h, struct nj_slice verdict, bool is_red)
{
    static const struct {
        const char *verdict, *classes, *sign;
    } looks[] = {
        {"pass", "good", "\xE2\x9C\x93"},         {"within-limit", "good", "\xE2\x9C\x93"},
        {"equivalent", "good", "\xE2\x9C\x93"},   {"improved", "good", "\xE2\x96\xBC"},
        {"learning", "warn", "\xE2\x80\xA6"},     {"inconclusive", "warn", "?"},
        {"insufficient", "warn", "\xE2\x80\xA6"}, {"new", "warn", "+"},
        {"waived", "warn", "\xE2\x80\xA6"},       {"none", "warn", "\xE2\x80\xA2"},
    };
    const char *classes = "bad", *sign = "\xE2\x9C\x95";

    for (size_t i = 0; i < NJ_LEN(looks) && !is_red; i++) {
        if (nj_slice_eq(verdict, nj_slice_of(looks[i].verdict))) {
            classes = looks[i].classes;
            sign = looks[i].sign;
        }
    }
    nj_html_printf(h, "<span class=\"chip %s\">%s ", classes, sign);
    nj_html_text(h, verdict);
    nj_html_put(h, "</span>");
}

void
nj_page_change(struct nj_html *h, struct nj_slice unit, double change)
{
    nj_html_printf(h, "%+.3g\xC2\xA0%s", change * 100,
                   nj_slice_eq(unit, NJ_SLICE("ratio")) ? "pp" : "%");
}

void
nj_page_delta(struct nj_html *h, const struct nj_results *results, const char *metric,
              struct nj_slice agent)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_checks);

    for (size_t r = 0; r < nj_table_len(t); r++) {
        struct nj_slice verdict = nj_table_text(t, r, NJ_COL_checks_verdict);
        if (nj_table_is_null(t, r, NJ_COL_checks_change) ||
            !nj_table_is_null(t, r, NJ_COL_checks_key) ||
            !nj_slice_eq(nj_table_text(t, r, NJ_COL_checks_agent), agent) ||
            !nj_slice_eq(nj_table_text(t, r, NJ_COL_checks_metric), nj_slice_of(metric)))
            continue;
        bool is_bad = nj_slice_eq(verdict, NJ_SLICE("regressed"));
        bool is_good = nj_slice_eq(verdict, NJ_SLICE("improved"));
        nj_html_printf(h, "<span class=\"ci%s\">\xCE\x94\xC2\xA0",
                       is_bad    ? " t-bad"
                       : is_good ? " t-good"
                                 : "");
        nj_page_change(h, nj_table_text(t, r, NJ_COL_checks_unit),
                       nj_table_real(t, r, NJ_COL_checks_change));
        nj_html_put(h, is_bad ? " worse" : is_good ? " better" : "");
        nj_html_put(h, "</span>");
        return;
    }
}

void
nj_page_scroll(struct nj_html *h, const char *label)
{
    nj_html_put(h, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    nj_html_text(h, nj_slice_of(label));
    nj_html_put(h, "\">\n");
}

void
nj_page_header(struct nj_html *h, const char *caption, const char *const *headers, size_t len,
               bool is_sortable)
{
    nj_html_put(h, is_sortable ? "<table class=\"sortable\">" : "<table>");
    if (caption) {
        nj_html_put(h, "<caption>");
        nj_html_text(h, nj_slice_of(caption));
        nj_html_put(h, "</caption>");
    }
    nj_html_put(h, "<thead><tr>");
    for (size_t i = 0; i < len; i++) {
        bool is_number = headers[i][0] == '#';
        nj_html_put(h, is_number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        nj_html_text(h, nj_slice_of(headers[i] + is_number));
        nj_html_put(h, "</th>");
    }
    nj_html_put(h, "</tr></thead>\n");
}

struct verdict {
    struct nj_slice word, sentence;
    bool is_red;
};

static struct verdict
verdict_of(const struct nj_results *results)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_verdict);
    struct verdict v = {NJ_SLICE("none"), NJ_SLICE("No gates were judged in this run."), false};

    if (nj_table_len(t) > 0) {
        v.word = nj_table_text(t, 0, NJ_COL_verdict_verdict);
        v.sentence = nj_table_text(t, 0, NJ_COL_verdict_sentence);
        v.is_red =
            nj_slice_eq(v.word, NJ_SLICE("fail")) || nj_slice_eq(v.word, NJ_SLICE("error"));
    }
    return v;
}

static void
head_write(const struct nj_page *page, const struct verdict *v, struct nj_html *h)
{
    nj_html_put(h, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    nj_html_text(h, v->word);
    nj_html_put(h, " \xC2\xB7 nightjar \xC2\xB7 ");
    nj_html_cut(h, v->sentence, 160);
    nj_html_put(h, "</title>\n");
    /* Some viewers allow only linked style, others only inline style: both are there. */
    if (!page->options->is_self_contained)
        nj_html_put(h, "<link rel=\"stylesheet\" href=\"report.css\">");
    nj_html_put(h, "<style>");
    nj_buf_put_slice(h->out, nj_page_stylesheet());
    nj_html_put(
        h,
        "</style></head>\n<body>\n<a class=\"skip\" href=\"#agents\">Skip to the agents</a>\n");
}

static void
what_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_summary);
    char from[NJ_TIME_TEXT], to[NJ_TIME_TEXT];

    if (nj_table_len(t) == 0)
        return;
    nj_time_print_seconds(from, nj_table_int(t, 0, NJ_COL_summary_start_ns));
    nj_time_print_seconds(to, nj_table_int(t, 0, NJ_COL_summary_end_ns));
    nj_html_put(h, "<p class=\"dim\">");
    nj_html_counted(h, nj_table_real(t, 0, NJ_COL_summary_traces), "trace");
    nj_html_put(h, ", ");
    nj_html_counted(h, nj_table_real(t, 0, NJ_COL_summary_spans), "span");
    nj_html_printf(h, ", %.10s %.8s to %.10s %.8s UTC</p>\n", from, from + 11, to, to + 11);
}

static void
header_write(const struct nj_page *page, const struct verdict *v, struct nj_html *h)
{
    nj_html_put(h, "<header><h1>");
    nj_page_chip(h, v->word, v->is_red);
    nj_html_put(h, "nightjar trace report</h1>\n<p class=\"lede\">");
    nj_html_text(h, v->sentence);
    nj_html_put(h, "</p>\n");
    what_write(page, h);
    nj_html_put(h, "<nav aria-label=\"Sections\"><ul>");
    for (size_t i = 0; i < NJ_LEN(sections); i++)
        nj_html_printf(h, "<li><a href=\"#%s\">%s</a></li>", sections[i]->id,
                       sections[i]->title);
    nj_html_put(h, "</ul></nav></header>\n<main>\n");
}

void
nj_page_write(const struct nj_results *results, const struct nj_page_options *options,
              struct nj_buf *out)
{
    const struct nj_page page = {results, options};
    const struct verdict v = verdict_of(results);
    struct nj_html h = {out};

    head_write(&page, &v, &h);
    header_write(&page, &v, &h);
    for (size_t i = 0; i < NJ_LEN(sections); i++) {
        const struct nj_section *s = sections[i];
        nj_html_printf(&h,
                       "<section id=\"%s\" aria-labelledby=\"h-%s\"><h2 id=\"h-%s\">%s</h2>\n",
                       s->id, s->id, s->id, s->title);
        if (s->has_content(&page))
            s->write(&page, &h);
        else
            nj_html_printf(&h, "<p class=\"dim\">%s</p>\n", s->empty);
        nj_html_put(&h, "</section>\n");
    }
    nj_html_put(
        &h,
        "</main>\n<footer><p class=\"dim\">Everything here can be read without scripts; with "
        "them, tables sort and the flame graph zooms and searches.</p></footer>\n<script>");
    nj_buf_put(out, nj_report_js, nj_report_js_len);
    nj_html_put(&h, "</script>\n</body></html>\n");
}
