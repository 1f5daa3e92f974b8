/* page.h - the HTML report: one page, its sections in sections.def, each in a file of its own
 * (floor 5). */
#ifndef NJ_REPORTS_PAGE_H
#define NJ_REPORTS_PAGE_H

#include "reports/html.h"
#include "schema/results.h"

struct nj_page_options {
    bool is_redacted;       /* no texts of errors, prompts or arguments */
    bool is_self_contained; /* no link to report.css */
    const char *agent_glob; /* rows of other agents are left out; NULL: all */
};

struct nj_page {
    const struct nj_results *results;
    const struct nj_page_options *options;
};

/* One section. `write` puts what stands under the heading; where `has_content` says no, the
 * page shows `empty` in one line instead. */
struct nj_section {
    const char *id, *title;
    const char *empty;
    bool (*has_content)(const struct nj_page *page);
    void (*write)(const struct nj_page *page, struct nj_html *h);
};

/* Appends the whole page. Equal results give equal bytes. */
void nj_page_write(const struct nj_results *results, const struct nj_page_options *options,
                   struct nj_buf *out);
/* The stylesheet, to be put beside the page as report.css. */
struct nj_slice nj_page_stylesheet(void);

/* Whether a row of this agent is wanted. */
bool nj_page_wants(const struct nj_page *page, struct nj_slice agent);
/* "✕ fail" and the like: a word, a sign and a colour. */
void nj_page_chip(struct nj_html *h, struct nj_slice verdict, bool is_red);
/* "+12 %", or "+1.2 pp" of shares. */
void nj_page_change(struct nj_html *h, struct nj_slice unit, double change);
/* The change of an agent's metric against the baseline, small, with its verdict's colour;
 * nothing where it was not compared. */
void nj_page_delta(struct nj_html *h, const struct nj_results *results, const char *metric,
                   struct nj_slice agent);
/* Opens a scrollable region with an accessible name of our own; close with </div>. */
void nj_page_scroll(struct nj_html *h, const char *label);
/* A row of header cells; a leading '#' marks a column of numbers. */
void nj_page_header(struct nj_html *h, const char *caption, const char *const *headers,
                    size_t len, bool is_sortable);

#endif
