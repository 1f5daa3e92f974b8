/* section_agents.c - who is slow, who fails: one row an agent, sorted by share of the critical
 * path. */
#include "reports/page.h"
#include "reports/svg.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS_MAX = 60, BINS = 40, BIN = 3, HEIGHT = 26 };

struct row {
    size_t latency;
    double share; /* of the critical path, NaN: unknown */
    struct nj_slice agent;
};

struct rows {
    struct row list[ROWS_MAX];
    size_t len, all;
    double lo_ns, hi_ns; /* common range of all histograms */
};

static double
share_of(const struct nj_results *results, struct nj_slice agent)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_critical_path);

    for (size_t r = 0; r < nj_table_len(t); r++)
        if (nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_scope), NJ_SLICE("root")) &&
            nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_group_by),
                        NJ_SLICE("agent")) &&
            nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_key), agent))
            return nj_table_real(t, r, NJ_COL_critical_path_share);
    return 0;
}

static int
row_cmp(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->share != y->share)
        return x->share < y->share ? 1 : -1;
    return nj_slice_cmp(x->agent, y->agent);
}

static bool
is_agent_row(const struct nj_page *page, const struct nj_table *t, size_t r)
{
    return nj_slice_eq(nj_table_text(t, r, NJ_COL_latency_group_by), NJ_SLICE("agent")) &&
           nj_page_wants(page, nj_table_text(t, r, NJ_COL_latency_agent));
}

/* The agents with the largest shares; with more than ROWS_MAX agents the others are counted. */
static void
rows_pick(const struct nj_page *page, const struct nj_table *t, struct rows *out)
{
    struct row *all = calloc(nj_table_len(t) + 1, sizeof *all);

    *out = (struct rows){.lo_ns = INFINITY};
    for (size_t r = 0; all && r < nj_table_len(t); r++) {
        if (!is_agent_row(page, t, r))
            continue;
        struct nj_slice agent = nj_table_text(t, r, NJ_COL_latency_agent);
        all[out->all++] = (struct row){r, share_of(page->results, agent), agent};
        out->lo_ns = fmin(out->lo_ns, nj_table_real(t, r, NJ_COL_latency_min));
        out->hi_ns = fmax(out->hi_ns, nj_table_real(t, r, NJ_COL_latency_max));
    }
    if (all)
        qsort(all, out->all, sizeof *all, row_cmp);
    out->len = out->all < ROWS_MAX ? out->all : ROWS_MAX;
    for (size_t i = 0; i < out->len; i++)
        out->list[i] = all[i];
    out->lo_ns = fmax(out->lo_ns, 1000);
    out->hi_ns = fmax(out->hi_ns, out->lo_ns * 2);
    free(all);
}

static bool
agents_has_content(const struct nj_page *page)
{
    return nj_table_len(nj_results_view(page->results, NJ_TABLE_latency)) > 0;
}

/* The weights of 'lo_ns:stored:weight' items in equal steps of the logarithm. */
static void
histogram_read(struct nj_slice text, const struct rows *rows, double bins[BINS])
{
    const char *p = text.ptr, *end = text.len ? p + text.len : p;

    while (p < end) {
        char *stop;
        double lo = strtod(p, &stop), weight = 0;
        if (*stop == ':')
            (void)strtod(stop + 1, &stop);
        if (*stop == ':')
            weight = strtod(stop + 1, &stop);
        double at = log(fmax(lo, rows->lo_ns) / rows->lo_ns) / log(rows->hi_ns / rows->lo_ns);
        int bin = (int)(at * BINS);
        bins[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin] += weight;
        if (stop == p)
            return;
        p = stop + (*stop == ' ');
    }
}

static void
histogram_draw(struct nj_html *h, struct nj_slice text, const struct rows *rows)
{
    double bins[BINS] = {0}, most = 0;

    histogram_read(text, rows, bins);
    for (int i = 0; i < BINS; i++)
        most = fmax(most, bins[i]);
    nj_html_printf(h, "<svg class=\"inline\" width=\"%d\" height=\"%d\" aria-hidden=\"true\">",
                   BINS * BIN, HEIGHT);
    nj_svg_line(h, 0, HEIGHT - 0.5, BINS * BIN, HEIGHT - 0.5, "grid", "#d8dbe1");
    for (int i = 0; i < BINS && most > 0; i++)
        if (bins[i] > 0)
            nj_svg_rect(h, i * BIN, HEIGHT - 1 - fmax(1, bins[i] / most * (HEIGHT - 2)),
                        BIN - 0.5, fmax(1, bins[i] / most * (HEIGHT - 2)), "k-llm", "#4477AA");
    nj_html_put(h, "</svg>");
}

/* The cell of a duration quantile: estimate, interval, plain number where it differs. */
static void
quantile_put(struct nj_html *h, const struct nj_results *results, size_t row, double p,
             const char *metric)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_latency);
    const struct nj_table *q = nj_results_view(results, NJ_TABLE_latency_quantiles);
    size_t lo = 0, hi = nj_table_len(q);

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (nj_table_int(q, mid, NJ_COL_latency_quantiles_row) < (int64_t)row)
            lo = mid + 1;
        else
            hi = mid;
    }
    nj_html_put(h, "<td class=\"n\">");
    for (; lo < nj_table_len(q) &&
           nj_table_int(q, lo, NJ_COL_latency_quantiles_row) == (int64_t)row;
         lo++) {
        if (fabs(nj_table_real(q, lo, NJ_COL_latency_quantiles_p) - p) > 1e-9 ||
            !nj_slice_eq(nj_table_text(q, lo, NJ_COL_latency_quantiles_measure),
                         NJ_SLICE("duration")))
            continue;
        nj_html_duration(h, nj_table_real(q, lo, NJ_COL_latency_quantiles_est));
        nj_html_put(h, "<span class=\"ci\">");
        nj_html_duration(h, nj_table_real(q, lo, NJ_COL_latency_quantiles_lo));
        nj_html_put(h, " to ");
        if (nj_table_is_null(q, lo, NJ_COL_latency_quantiles_hi))
            nj_html_put(h, "no limit");
        else
            nj_html_duration(h, nj_table_real(q, lo, NJ_COL_latency_quantiles_hi));
        nj_html_put(h, "</span>");
        nj_page_delta(h, results, metric, nj_table_text(t, row, NJ_COL_latency_agent));
        break;
    }
    nj_html_put(h, "</td>");
}

static void
row_write(struct nj_html *h, const struct nj_results *results, const struct rows *rows,
          const struct row *row)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_latency);
    size_t r = row->latency;

    nj_html_put(h, "<tr><th scope=\"row\">");
    nj_html_name(h, row->agent);
    nj_html_put(h, "</th><td class=\"n\">");
    nj_html_count(h, nj_table_real(t, r, NJ_COL_latency_n));
    nj_html_put(h, "</td><td class=\"n\">");
    nj_html_ratio(h, nj_table_real(t, r, NJ_COL_latency_error_rate));
    nj_html_put(h, "<span class=\"ci\">");
    nj_html_ratio(h, nj_table_real(t, r, NJ_COL_latency_error_rate_lo));
    nj_html_put(h, " to ");
    nj_html_ratio(h, nj_table_real(t, r, NJ_COL_latency_error_rate_hi));
    nj_html_put(h, "</span>");
    nj_page_delta(h, results, "error_rate", row->agent);
    nj_html_put(h, "</td>");
    quantile_put(h, results, r, 0.5, "p50");
    quantile_put(h, results, r, 0.95, "p95");
    quantile_put(h, results, r, 0.99, "p99");
    nj_html_put(h, "<td>");
    histogram_draw(h, nj_table_text(t, r, NJ_COL_latency_histogram), rows);
    nj_html_put(h, "</td><td class=\"n\">");
    nj_html_ratio(h, row->share);
    nj_page_delta(h, results, "critical_path_share", row->agent);
    nj_html_put(h, "</td></tr>\n");
}

static void
agents_write(const struct nj_page *page, struct nj_html *h)
{
    static const char *const headers[] = {
        "agent", "#invocations", "#errors, 95 % interval", "#p50, 95 % interval",
        "#p95",  "#p99",         "distribution",           "#share of critical path"};
    struct rows rows;

    rows_pick(page, nj_results_view(page->results, NJ_TABLE_latency), &rows);
    nj_html_put(
        h, "<p>Latency of whole invocations, weighted by sampling. Distributions share one "
           "logarithmic axis, ");
    nj_html_duration(h, rows.lo_ns);
    nj_html_put(h, " to ");
    nj_html_duration(h, rows.hi_ns);
    nj_html_put(h, nj_table_len(nj_results_view(page->results, NJ_TABLE_checks)) > 0
                       ? "; \xCE\x94 is the change against the accepted nights.</p>\n"
                       : ".</p>\n");
    nj_page_scroll(h, "Agents");
    nj_page_header(h, NULL, headers, NJ_LEN(headers), true);
    nj_html_put(h, "<tbody>\n");
    for (size_t i = 0; i < rows.len; i++)
        row_write(h, page->results, &rows, &rows.list[i]);
    nj_html_put(h, "</tbody></table></div>\n");
    if (rows.all > rows.len)
        nj_html_printf(
            h,
            "<p class=\"dim\">%zu of %zu agents, by share of the critical path; all are in "
            "results.json.</p>\n",
            rows.len, rows.all);
}

const struct nj_section nj_section_agents = {
    .id = "agents",
    .title = "Agents",
    .empty = "No agent was found in these traces.",
    .has_content = agents_has_content,
    .write = agents_write,
};
