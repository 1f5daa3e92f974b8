/* files.h - the files of a report besides the page: JUnit XML, Markdown and JSON (floor 5). */
#ifndef NJ_REPORTS_FILES_H
#define NJ_REPORTS_FILES_H

#include "base/buf.h"
#include "schema/results.h"

struct nj_junit_options {
    bool
        has_attachments; /* a link to report.html in each failed case, for GitLab and Jenkins */
    bool is_redacted;
    int64_t now_ns;       /* time stamp of the suites */
    const char *hostname; /* of this machine, or "localhost" */
};

/* JUnit XML that is valid under both strict schemas in use (Jenkins' junit-10 and Windy
 * Road's): a suite an analyzer, a case a check, names that stay the same from night to night.
 */
enum nj_status nj_junit_write(const struct nj_results *results,
                              const struct nj_junit_options *options, struct nj_buf *out,
                              struct nj_error *err) NJ_CHECKED;

/* summary.md: verdict first, failing checks, the largest changes, agents. Never over
 * NJ_SUMMARY_BYTES_MAX, the limit of step summaries. */
enum { NJ_SUMMARY_BYTES_MAX = 900 << 10 };
void nj_summary_write(const struct nj_results *results, struct nj_buf *out);

/* results.json: every check, every row of every analyzer, diagnostics, provenance. */
void nj_results_json_write(const struct nj_results *results, bool is_redacted,
                           struct nj_buf *out);

#endif
