/* output.h - results on standard output and report files on disk (floor 6). */
#ifndef NJ_TOOLS_OUTPUT_H
#define NJ_TOOLS_OUTPUT_H

#include "schema/results.h"
#include "tools/settings.h"

/* Prints what the view `name` shows of the results, in the format of the settings. */
enum nj_status nj_output_view(const struct nj_settings *settings, const char *name,
                              const struct nj_results *results,
                              struct nj_error *err) NJ_CHECKED;

/* Writes report.html, report.css, junit.xml, summary.md and results.json into the directory
 * `path` (made if need be), each whole or not at all; under GitHub Actions the summary is also
 * appended to $GITHUB_STEP_SUMMARY. */
enum nj_status nj_output_report(const struct nj_settings *settings, const char *path,
                                const struct nj_results *results,
                                struct nj_error *err) NJ_CHECKED;

/* Writes a buffer to standard output. NJ_EIO, NJ_ENOMEM when the buffer failed. */
enum nj_status nj_output_print(const struct nj_buf *buf, struct nj_error *err) NJ_CHECKED;

#endif
