/* output.c - results on standard output and report files on disk. */
#include "tools/output.h"

#include "base/clock.h"
#include "base/outfile.h"
#include "reports/files.h"
#include "reports/page.h"
#include "reports/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum nj_status
nj_output_print(const struct nj_buf *buf, struct nj_error *err)
{
    if (buf->is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for the output");
    if (buf->len > 0 && fwrite(buf->ptr, 1, buf->len, stdout) != buf->len)
        return nj_fail(err, NJ_EIO, "writing standard output: %s", strerror(errno));
    return NJ_OK;
}

enum nj_status
nj_output_view(const struct nj_settings *settings, const char *name,
               const struct nj_results *results, struct nj_error *err)
{
    const struct nj_view *view = nj_view_find(name);
    const struct nj_view_options options = {
        .agent_glob = settings->analysis.agent_glob,
        .by = settings->analysis.by,
        .scope = settings->analysis.scope == NJ_SCOPE_TRACE ? "trace" : "root",
        .is_raw = settings->format == NJ_FORMAT_CSV,
        .is_redacted = settings->analysis.is_redacted};
    struct nj_buf out = {0};
    struct nj_jsonw w = nj_jsonw_of(&out);

    NJ_CHECK(view != NULL);
    switch ((enum nj_format)settings->format) {
    case NJ_FORMAT_TEXT:
        view->grids(results, &options, nj_grid_write_text, &out);
        break;
    case NJ_FORMAT_CSV:
        view->grids(results, &options, nj_grid_write_csv, &out);
        break;
    case NJ_FORMAT_MARKDOWN:
        view->grids(results, &options, nj_grid_write_markdown, &out);
        break;
    case NJ_FORMAT_JSON:
        view->json(results, &options, &w);
        nj_buf_put_char(&out, '\n');
        break;
    }
    enum nj_status st = nj_output_print(&out, err);
    nj_buf_fini(&out);
    return st;
}

static enum nj_status
file_write(const char *directory, const char *name, const struct nj_buf *bytes,
           struct nj_error *err)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", directory, name);

    if (bytes->is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for %s", name);
    if (len < 0 || (size_t)len >= sizeof path)
        return nj_fail(err, NJ_EUSAGE, "the path of %s in %s is too long", name, directory);
    return nj_outfile_write(path, nj_buf_slice(bytes), err);
}

/* CI systems that show Markdown of a job take it from a file of theirs. */
static enum nj_status
step_summary_append(const struct nj_buf *summary, struct nj_error *err)
{
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    FILE *file = path && *path ? fopen(path, "ab") : NULL;

    if (!path || !*path)
        return NJ_OK;
    bool ok = file && fwrite(summary->ptr, 1, summary->len, file) == summary->len;
    if (file && fclose(file) != 0)
        ok = false;
    return ok ? NJ_OK
              : nj_fail(err, NJ_EIO, "appending to $GITHUB_STEP_SUMMARY (%s): %s", path,
                        strerror(errno));
}

static void
hostname_get(const struct nj_settings *settings, char out[256])
{
    if (settings->now_ns || gethostname(out, 255) != 0)
        (void)snprintf(out, 256, "localhost");
    out[255] = '\0';
}

/* Each file in turn, into one buffer after the other. */
static enum nj_status
files_write(const struct nj_settings *settings, const char *path,
            const struct nj_results *results, struct nj_buf *buf, struct nj_error *err)
{
    char hostname[256];
    const struct nj_page_options page = {settings->analysis.is_redacted,
                                         settings->is_self_contained,
                                         settings->analysis.agent_glob};
    hostname_get(settings, hostname);
    const struct nj_junit_options junit = {.has_attachments = settings->has_attachments,
                                           .is_redacted = settings->analysis.is_redacted,
                                           .now_ns = settings->now_ns ? settings->now_ns
                                                                      : nj_clock_now_ns(),
                                           .hostname = hostname};
    enum nj_status st;

    nj_page_write(results, &page, buf);
    st = file_write(path, "report.html", buf, err);
    buf->len = 0;
    nj_buf_put_slice(buf, nj_page_stylesheet());
    if (st == NJ_OK)
        st = file_write(path, "report.css", buf, err);
    buf->len = 0;
    if (st == NJ_OK)
        st = nj_junit_write(results, &junit, buf, err);
    if (st == NJ_OK)
        st = file_write(path, "junit.xml", buf, err);
    buf->len = 0;
    nj_results_json_write(results, settings->analysis.is_redacted, buf);
    if (st == NJ_OK)
        st = file_write(path, "results.json", buf, err);
    buf->len = 0;
    nj_summary_write(results, buf);
    if (st == NJ_OK)
        st = file_write(path, "summary.md", buf, err);
    return st == NJ_OK ? step_summary_append(buf, err) : st;
}

enum nj_status
nj_output_report(const struct nj_settings *settings, const char *path,
                 const struct nj_results *results, struct nj_error *err)
{
    struct nj_buf buf = {0};
    enum nj_status st = nj_outdir_make(path, err);

    if (st == NJ_OK)
        st = files_write(settings, path, results, &buf, err);
    nj_buf_fini(&buf);
    return st < 0 ? nj_fail(err, st, "writing the report to %s", path) : st;
}
