/* section_sampling.c - can I trust the numbers: what stored traces stand for, and how far plain
 * numbers would be off. */
#include "base/clock.h"
#include "reports/page.h"
#include "reports/svg.h"

#include <math.h>

enum {
    ROWS_MAX = 60,
    RECOVERED_MAX = 8,
    STRATA_LEFT = 220,
    STRATA_WIDTH = 500,
    STRATA_ROW = 40
};

static bool
sampling_has_content(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_sampling)) > 0;
}

static const char *
mode_text(struct nj_slice mode)
{
    static const struct {
        const char *mode, *text;
    } texts[] = {
        {"known", "Sampling rates are recorded in the traces."},
        {"recovered", "Sampling rates were recovered from the trace ids."},
        {"stratified", "Weights come from counts given from outside."},
        {"assumed", "Sampling rates were assumed by option, not recorded."},
        {"none",
         "Nothing says how these traces were chosen: every trace counts once, and if a sampler "
         "preferred slow or failed ones, the numbers are too high."},
    };

    for (size_t i = 0; i < NJ_LEN(texts); i++)
        if (nj_slice_eq(mode, nj_slice_of(texts[i].mode)))
            return texts[i].text;
    return "";
}

static void
value_put(struct nj_html *h, bool is_share, double value)
{
    if (is_share)
        nj_html_ratio(h, value);
    else
        nj_html_duration(h, value);
}

/* The row of whole traces with this metric; SIZE_MAX: none. */
static size_t
whole_find(const struct nj_table *rows, const char *metric)
{
    for (size_t r = 0; r < nj_table_len(rows); r++)
        if (nj_slice_eq(nj_table_text(rows, r, NJ_COL_sampling_rows_agent), NJ_SLICE("*")) &&
            nj_slice_eq(nj_table_text(rows, r, NJ_COL_sampling_rows_metric),
                        nj_slice_of(metric)))
            return r;
    return SIZE_MAX;
}

/* The whole trace's p95 and error rate in plain words. */
static void
sentence_write(struct nj_html *h, const struct nj_table *rows)
{
    size_t p95 = whole_find(rows, "p95"), errors = whole_find(rows, "error_rate");

    if (p95 == SIZE_MAX)
        return;
    nj_html_put(h, "<p class=\"lede\">p95 of whole traces is <b>");
    nj_html_duration(h, nj_table_real(rows, p95, NJ_COL_sampling_rows_weighted));
    nj_html_put(h, "</b>; without correction it would read ");
    nj_html_duration(h, nj_table_real(rows, p95, NJ_COL_sampling_rows_naive));
    nj_html_put(h, ".");
    if (errors != SIZE_MAX) {
        nj_html_put(h, " Traces with an error are ");
        nj_html_ratio(h, nj_table_real(rows, errors, NJ_COL_sampling_rows_naive));
        nj_html_put(h, " of what is stored, ");
        nj_html_ratio(h, nj_table_real(rows, errors, NJ_COL_sampling_rows_weighted));
        nj_html_put(h, " of what happened.");
    }
    nj_html_put(h, "</p>\n");
}

/* What the ids told: the function of the trace id, the rate, how sure it is. */
static void
recovered_write(struct nj_html *h, const struct nj_table *t)
{
    size_t shown = 0;

    for (size_t r = 0; r < nj_table_len(t) && shown < RECOVERED_MAX; r++) {
        if (nj_table_int(t, r, NJ_COL_sampling_recovered_is_accepted) == 0)
            continue;
        nj_html_put(h, shown++ ? ";\n" : "<p>The ids show a sampler: ");
        struct nj_slice of = nj_table_text(t, r, NJ_COL_sampling_recovered_stratum);
        nj_html_name(h, nj_slice_eq(of, NJ_SLICE("*")) ? NJ_SLICE("all traces") : of);
        nj_html_put(h, " by ");
        nj_html_text(h, nj_table_text(t, r, NJ_COL_sampling_recovered_hash));
        nj_html_put(h, " at ");
        nj_html_ratio(h, nj_table_real(t, r, NJ_COL_sampling_recovered_p));
        nj_html_put(h, " (");
        nj_html_ratio(h, nj_table_real(t, r, NJ_COL_sampling_recovered_lo));
        nj_html_put(h, " to ");
        nj_html_ratio(h, nj_table_real(t, r, NJ_COL_sampling_recovered_hi));
        nj_html_put(h, ")");
    }
    if (shown)
        nj_html_put(h, ".</p>\n");
}

/* Share of stored traces above, estimated share of what happened below, for each stratum. */
static void
strata_write(struct nj_html *h, const struct nj_table *t)
{
    size_t len = nj_table_len(t) < 12 ? nj_table_len(t) : 12;

    if (len < 2)
        return;
    nj_html_put(h, "<h3>What is stored against what happened</h3>\n");
    nj_page_scroll(h, "Strata");
    nj_svg_open(h, STRATA_LEFT + STRATA_WIDTH + 160, (double)len * STRATA_ROW, "chart",
                "Share of each stratum among stored traces and among what happened");
    for (size_t r = 0; r < len; r++) {
        double y = (double)r * STRATA_ROW + 4;
        const double shares[] = {nj_table_real(t, r, NJ_COL_sampling_strata_stored_share),
                                 nj_table_real(t, r, NJ_COL_sampling_strata_estimated_share)};
        nj_svg_text_open(h, STRATA_LEFT - 10, y + 18, "end", "");
        nj_html_cut(h, nj_table_text(t, r, NJ_COL_sampling_strata_stratum), 30);
        nj_svg_text_close(h);
        for (int i = 0; i < 2; i++) {
            nj_svg_rect(h, STRATA_LEFT, y + i * 15, fmax(1, shares[i] * STRATA_WIDTH), 12,
                        i ? "k-llm" : "k-gap", i ? "#4477AA" : "#BBBBBB");
            nj_svg_text_open(h, STRATA_LEFT + fmax(1, shares[i] * STRATA_WIDTH) + 6,
                             y + i * 15 + 11, "start", "dim");
            nj_html_ratio(h, shares[i]);
            nj_html_put(h, i ? " of what happened" : " of what is stored");
            nj_svg_text_close(h);
        }
    }
    nj_svg_close(h);
    nj_html_put(h, "</div>\n");
}

static void
row_write(struct nj_html *h, const struct nj_table *t, size_t r)
{
    bool is_share =
        nj_slice_eq(nj_table_text(t, r, NJ_COL_sampling_rows_metric), NJ_SLICE("error_rate"));

    nj_html_put(h, "<tr><th scope=\"row\">");
    nj_html_name(h, nj_table_text(t, r, NJ_COL_sampling_rows_agent));
    nj_html_put(h, "</th><td>");
    nj_html_text(h, nj_table_text(t, r, NJ_COL_sampling_rows_metric));
    nj_html_put(h, "</td><td class=\"n\">");
    value_put(h, is_share, nj_table_real(t, r, NJ_COL_sampling_rows_naive));
    nj_html_put(h, "</td><td class=\"n\">");
    value_put(h, is_share, nj_table_real(t, r, NJ_COL_sampling_rows_weighted));
    nj_html_put(h, "<span class=\"ci\">");
    value_put(h, is_share, nj_table_real(t, r, NJ_COL_sampling_rows_lo));
    nj_html_put(h, " to ");
    if (nj_table_is_null(t, r, NJ_COL_sampling_rows_hi))
        nj_html_put(h, "no limit");
    else
        value_put(h, is_share, nj_table_real(t, r, NJ_COL_sampling_rows_hi));
    nj_html_put(h, "</span></td><td class=\"n\">");
    nj_html_count(h, nj_table_real(t, r, NJ_COL_sampling_rows_n_eff));
    nj_html_put(h, "</td><td>");
    nj_html_text(h, nj_table_text(t, r, NJ_COL_sampling_rows_flag));
    nj_html_put(h, "</td></tr>\n");
}

static void
rows_write(const struct nj_page *page, struct nj_html *h, const struct nj_table *t)
{
    static const char *const headers[] = {
        "agent", "metric", "#plain", "#weighted, 95 % interval", "#effective n", "judgement"};
    size_t shown = 0;

    nj_html_put(h, "<details><summary>Plain and weighted numbers by agent</summary>\n");
    nj_page_scroll(h, "Plain and weighted numbers");
    nj_page_header(h, NULL, headers, NJ_LEN(headers), true);
    nj_html_put(h, "<tbody>\n");
    for (size_t r = 0; r < nj_table_len(t) && shown < ROWS_MAX; r++) {
        if (!nj_page_wants(page, nj_table_text(t, r, NJ_COL_sampling_rows_agent)))
            continue;
        row_write(h, t, r);
        shown++;
    }
    nj_html_put(h, "</tbody></table></div></details>\n");
}

static void
sampling_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_sampling);
    const struct nj_table *rows = nj_results_view(page->results, NJ_TABLE_sampling_rows);
    const struct nj_table *warnings =
        nj_results_view(page->results, NJ_TABLE_sampling_warnings);

    nj_html_printf(h, "<p>%s ", mode_text(nj_table_text(t, 0, NJ_COL_sampling_mode)));
    double traces = nj_table_real(t, 0, NJ_COL_sampling_traces);
    nj_html_counted(h, traces, "stored trace");
    nj_html_printf(h, " %s for about ", traces == 1 ? "stands" : "stand");
    nj_html_count(h, nj_table_real(t, 0, NJ_COL_sampling_estimated));
    nj_html_put(h, " that happened; worth for averages: ");
    nj_html_counted(h, nj_table_real(t, 0, NJ_COL_sampling_kish_n_eff),
                    "equally weighted trace");
    nj_html_put(h, ".</p>\n");
    recovered_write(h, nj_results_view(page->results, NJ_TABLE_sampling_recovered));
    sentence_write(h, rows);
    strata_write(h, nj_results_view(page->results, NJ_TABLE_sampling_strata));
    if (nj_table_len(rows) > 0)
        rows_write(page, h, rows);
    if (nj_table_len(warnings) > 0)
        nj_html_put(h, "<h3>Warnings</h3>\n<ul>\n");
    for (size_t r = 0; r < nj_table_len(warnings); r++) {
        nj_html_put(h, "<li><b>");
        nj_html_text(h, nj_table_text(warnings, r, NJ_COL_sampling_warnings_id));
        nj_html_put(h, "</b> ");
        nj_html_text(h, nj_table_text(warnings, r, NJ_COL_sampling_warnings_text));
        nj_html_put(h, "</li>\n");
    }
    if (nj_table_len(warnings) > 0)
        nj_html_put(h, "</ul>\n");
}

const struct nj_section nj_section_sampling = {
    .id = "sampling",
    .title = "Sampling bias",
    .empty = "Sampling was not analysed.",
    .has_content = sampling_has_content,
    .write = sampling_write,
};
