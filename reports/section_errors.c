/* section_errors.c - what started it and how far it spread: chains root cause first, absorbed
 * ones apart. */
#include "reports/section_table.h"
#include "reports/svg.h"
#include "reports/waterfall.h"

enum { CHAINS_MAX = 15, EDGES_MAX = 20, ROWS_MAX = 30, POSSIBLE_MAX = 20 };

static bool
errors_has_content(const struct nj_page *page)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_errors_summary);
    return nj_table_len(t) > 0 && (nj_table_int(t, 0, NJ_COL_errors_summary_origins) > 0 ||
                                   nj_table_int(t, 0, NJ_COL_errors_summary_handled) > 0 ||
                                   nj_table_int(t, 0, NJ_COL_errors_summary_control_flow) > 0);
}

static const char *
how_of(struct nj_slice how)
{
    static const struct {
        const char *how, *text;
    } texts[] = {{"retry", "a retry worked"},
                 {"fallback", "another way was taken"},
                 {"ignored", "not retried; the caller continued"},
                 {"cancelled", "cancelled together with a failing sibling"},
                 {"detached", "in a part that has no connection to the root"}};

    for (size_t i = 0; i < NJ_LEN(texts); i++)
        if (nj_slice_eq(how, nj_slice_of(texts[i].how)))
            return texts[i].text;
    return "";
}

/* "a\nb\nc" as a list of agents, origin first. */
static void
path_put(struct nj_html *h, struct nj_slice path)
{
    size_t from = 0;

    for (size_t i = 0; i <= path.len; i++) {
        if (i < path.len && path.ptr[i] != '\n')
            continue;
        if (from)
            nj_html_put(h, " \xE2\x86\x92 ");
        nj_html_name(h, (struct nj_slice){path.ptr + from, i - from});
        from = i + 1;
    }
}

static void
chain_details(const struct nj_page *page, struct nj_html *h, const struct nj_table *t, size_t r)
{
    nj_html_put(h, "<div class=\"chain\"><p>");
    path_put(h, nj_table_text(t, r, NJ_COL_error_chains_path));
    nj_html_put(h, "</p>\n<p>");
    if (!page->options->is_redacted && nj_table_text(t, r, NJ_COL_error_chains_template).len) {
        nj_html_put(h, "Message: <code>");
        nj_html_cut(h, nj_table_text(t, r, NJ_COL_error_chains_template), 300);
        nj_html_put(h, "</code><br>");
    }
    nj_html_printf(h, "The chain is %s. ",
                   nj_page_confidence(nj_table_text(t, r, NJ_COL_error_chains_conf)));
    if (!nj_table_is_null(t, r, NJ_COL_error_chains_latency_p50)) {
        nj_html_put(h, "From origin to surface ");
        nj_html_duration(h, nj_table_real(t, r, NJ_COL_error_chains_latency_p50));
        nj_html_put(h, " (median). ");
    }
    nj_html_put(h, "Reached up to ");
    nj_html_counted(h, nj_table_real(t, r, NJ_COL_error_chains_spans_max), "span");
    nj_html_put(h, " of ");
    nj_html_counted(h, nj_table_real(t, r, NJ_COL_error_chains_agents_max), "agent");
    nj_html_put(h, ". ");
    if (nj_table_text(t, r, NJ_COL_error_chains_suspect).len) {
        nj_html_put(h, "Possibly asked for by <code>");
        nj_html_text(h, nj_table_text(t, r, NJ_COL_error_chains_suspect));
        nj_html_put(h, "</code>. ");
    }
    nj_html_put(h, "Example: <code>");
    nj_html_text(h, nj_table_text(t, r, NJ_COL_error_chains_exemplar));
    nj_html_put(h, "</code></p></div>");
}

static void
chain_write(const struct nj_page *page, struct nj_html *h, const struct nj_table *t, size_t r)
{
    double share = nj_table_real(t, r, NJ_COL_error_chains_share);

    nj_html_put(h, "<details><summary><svg class=\"inline\" width=\"80\" height=\"10\" "
                   "aria-hidden=\"true\">");
    nj_svg_rect(h, 0, 0, 80, 10, "track", "#d8dbe1");
    nj_svg_rect(h, 0, 0, share > 0 ? share * 80 : 0, 10, "mark-bad", "#a8201a");
    nj_html_put(h, "</svg> <b>");
    nj_html_ratio(h, share);
    nj_html_put(h, "</b> of traces \xC2\xB7 ");
    nj_html_name(h, nj_table_text(t, r, NJ_COL_error_chains_agent));
    nj_html_put(h, ": <code>");
    nj_html_cut(h, nj_table_text(t, r, NJ_COL_error_chains_operation), 60);
    nj_html_put(h, "</code> ");
    nj_html_cut(h, nj_table_text(t, r, NJ_COL_error_chains_type), 60);
    nj_html_put(h, " \xC3\x97 ");
    nj_html_count(h, nj_table_real(t, r, NJ_COL_error_chains_count));
    if (nj_table_text(t, r, NJ_COL_error_chains_how).len)
        nj_html_printf(h, " <span class=\"dim\">%s</span>",
                       how_of(nj_table_text(t, r, NJ_COL_error_chains_how)));
    nj_html_put(h, "</summary>\n");
    chain_details(page, h, t, r);
    nj_html_put(h, "</details>\n");
}

/* Chains that surfaced, or all others; how many there are. */
static size_t
chains_write(const struct nj_page *page, struct nj_html *h, bool is_surfaced, const char *title)
{
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_error_chains);
    size_t all = 0;

    for (size_t r = 0; r < nj_table_len(t); r++) {
        bool is_it = nj_slice_eq(nj_table_text(t, r, NJ_COL_error_chains_state),
                                 NJ_SLICE("surfaced")) == is_surfaced;
        if (!is_it || !nj_page_wants(page, nj_table_text(t, r, NJ_COL_error_chains_agent)))
            continue;
        if (all++ == 0)
            nj_html_printf(h, "<h3>%s</h3>\n", title);
        if (all <= CHAINS_MAX)
            chain_write(page, h, t, r);
    }
    if (all > CHAINS_MAX)
        nj_html_printf(
            h, "<p class=\"dim\">%d of %zu chains shown; all are in results.json.</p>\n",
            CHAINS_MAX, all);
    return all;
}

static void
edges_write(const struct nj_page *page, struct nj_html *h)
{
    static const char *const headers[] = {"error in", "called by", "#errors", "#passed on",
                                          "#probability, 95 % interval"};
    const struct nj_table *t = nj_results_view(page->results, NJ_TABLE_error_edges);
    size_t len = nj_table_len(t) < EDGES_MAX ? nj_table_len(t) : EDGES_MAX;

    if (len == 0)
        return;
    nj_html_put(h, "<h3>Does an error of one agent fail its caller?</h3>\n");
    nj_page_scroll(h, "Propagation of errors between agents");
    nj_page_header(h, NULL, headers, NJ_LEN(headers), true);
    nj_html_put(h, "<tbody>\n");
    for (size_t r = 0; r < len; r++) {
        nj_html_put(h, "<tr><th scope=\"row\">");
        nj_html_name(h, nj_table_text(t, r, NJ_COL_error_edges_from_agent));
        nj_html_put(h, "</th><td>");
        nj_html_name(h, nj_table_text(t, r, NJ_COL_error_edges_to_agent));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_count(h, nj_table_real(t, r, NJ_COL_error_edges_arriving));
        nj_html_put(h, "</td><td class=\"n\">");
        nj_html_count(h, nj_table_real(t, r, NJ_COL_error_edges_passed));
        nj_html_put(h, "</td><td class=\"n\">");
        if (nj_table_is_null(t, r, NJ_COL_error_edges_probability)) {
            nj_html_put(h, "too few");
        } else {
            nj_html_ratio(h, nj_table_real(t, r, NJ_COL_error_edges_probability));
            nj_html_put(h, "<span class=\"ci\">");
            nj_html_ratio(h, nj_table_real(t, r, NJ_COL_error_edges_lo));
            nj_html_put(h, " to ");
            nj_html_ratio(h, nj_table_real(t, r, NJ_COL_error_edges_hi));
            nj_html_put(h, "</span>");
        }
        nj_html_put(h, "</td></tr>\n");
    }
    nj_html_put(h, "</tbody></table></div>\n");
}

/* What agents make of the errors that reach them. */
static void
agents_write(const struct nj_page *page, struct nj_html *h)
{
    static const struct nj_view_column columns[] = {
        {NJ_COL_error_agents_agent, "agent", NJ_CELL_TEXT},
        {NJ_COL_error_agents_origins, "errors that began in it", NJ_CELL_INT},
        {NJ_COL_error_agents_surfaced, "of them surfaced", NJ_CELL_INT},
        {NJ_COL_error_agents_arriving, "errors that reached it", NJ_CELL_INT},
        {NJ_COL_error_agents_absorbed, "of them absorbed", NJ_CELL_INT},
        {NJ_COL_error_agents_absorption, "absorption", NJ_CELL_RATIO},
        {NJ_COL_error_agents_lo, "from", NJ_CELL_RATIO},
        {NJ_COL_error_agents_hi, "to", NJ_CELL_RATIO},
    };
    static const struct nj_page_table agents = {
        "Errors by agent", NJ_TABLE_error_agents, columns, NJ_LEN(columns), NULL, ROWS_MAX};

    if (nj_table_len(nj_results_view(page->results, NJ_TABLE_error_agents)) == 0)
        return;
    nj_html_put(h, "<h3>Who absorbs errors?</h3>\n");
    nj_page_table_write(page, h, &agents);
}

static void
possible_write(const struct nj_page *page, struct nj_html *h)
{
    static const struct nj_view_column columns[] = {
        {NJ_COL_error_possible_why, "what speaks for it", NJ_CELL_TEXT},
        {NJ_COL_error_possible_cause, "cause", NJ_CELL_SECRET},
        {NJ_COL_error_possible_effect, "effect", NJ_CELL_SECRET},
        {NJ_COL_error_possible_count, "times", NJ_CELL_INT},
        {NJ_COL_error_possible_exemplar, "example", NJ_CELL_TEXT},
    };
    static const struct nj_page_table possible = {
        "Possible causes", NJ_TABLE_error_possible, columns, NJ_LEN(columns), NULL,
        POSSIBLE_MAX};

    if (nj_table_len(nj_results_view(page->results, NJ_TABLE_error_possible)) == 0)
        return;
    nj_html_put(h, "<details><summary>Possible causes, counted in nothing above</summary>\n"
                   "<p>The records do not contradict these, and say no more for them than the "
                   "first column. None of them moved an origin.</p>\n");
    nj_page_table_write(page, h, &possible);
    nj_html_put(h, "</details>\n");
}

static void
examples_write(const struct nj_page *page, struct nj_html *h)
{
    size_t len = nj_table_len(nj_results_view(page->results, NJ_TABLE_exemplars)), shown = 0;

    for (size_t e = 0; e < len; e++) {
        if (!nj_page_waterfall_is_chain(page, e))
            continue;
        if (shown++ == 0)
            nj_html_put(h,
                        "<h3>Examples, with the chain drawn</h3>\n<p>Numbers follow the error "
                        "from its origin. A full line is recorded: the same words on both "
                        "spans. A dashed line is consistent with the records: words, types or "
                        "times fit and nothing competes. A dotted line is possible and no "
                        "more.</p>\n");
        nj_page_waterfall(page, h, e);
    }
}

static void
errors_write(const struct nj_page *page, struct nj_html *h)
{
    const struct nj_table *s = nj_results_view(page->results, NJ_TABLE_errors_summary);

    nj_html_put(h, "<p>");
    double spans = nj_table_real(s, 0, NJ_COL_errors_summary_error_spans);
    nj_html_counted(h, spans, "span");
    nj_html_printf(h, " with errors %s from ", spans == 1 ? "comes" : "come");
    nj_html_counted(h, nj_table_real(s, 0, NJ_COL_errors_summary_origins), "origin");
    nj_html_put(h, "; ");
    nj_html_count(h, nj_table_real(s, 0, NJ_COL_errors_summary_surfaced));
    nj_html_put(h, " of them reached the caller of the trace. ");
    nj_html_ratio(h, nj_table_real(s, 0, NJ_COL_errors_summary_failed_rate));
    nj_html_put(h, " of traces failed");
    if (!nj_table_is_null(s, 0, NJ_COL_errors_summary_non_fatal_rate)) {
        nj_html_put(h, "; of the others ");
        nj_html_ratio(h, nj_table_real(s, 0, NJ_COL_errors_summary_non_fatal_rate));
        nj_html_put(h,
                    " went on after an error, which does not say that their answer is right");
    }
    nj_html_put(h, ". Failed attempts took ");
    nj_html_duration(h, nj_table_real(s, 0, NJ_COL_errors_summary_wasted_ns));
    nj_html_put(h, ", ");
    nj_html_duration(h, nj_table_real(s, 0, NJ_COL_errors_summary_wasted_critical_ns));
    nj_html_put(h, " of the critical path went by in them and in waits for the next one; ");
    double tokens = nj_table_real(s, 0, NJ_COL_errors_summary_wasted_tokens);
    nj_html_counted(h, tokens, "token");
    nj_html_printf(h, " %s spent in them.</p>\n", tokens == 1 ? "was" : "were");
    (void)chains_write(page, h, true, "Reached the caller, root cause first");
    examples_write(page, h);
    (void)chains_write(page, h, false, "Absorbed on the way");
    edges_write(page, h);
    agents_write(page, h);
    possible_write(page, h);
    nj_html_put(
        h,
        "<p class=\"dim\">This is what spans record of errors in execution. A wrong plan, an "
        "ignored instruction or a made-up answer leaves no error status unless something "
        "records it; a trace without errors is not thereby right.</p>\n");
}

const struct nj_section nj_section_errors = {
    .id = "errors",
    .title = "Error chains",
    .empty = "No errors were recorded.",
    .has_content = errors_has_content,
    .write = errors_write,
};
