/* session.c - from the inputs of a command line to traces that can be analysed. */
#include "tools/session.h"

#include "base/clock.h"
#include "base/plural.h"
#include "base/stream.h"
#include "importers/pipeline.h"
#include "tools/progress.h"
#include "tools/provenance.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void
import_tell(void *context, const struct nj_import_progress *progress)
{
    nj_bar_tell(context, progress->bytes_read, progress->bytes_len, progress->spans);
}

static enum nj_status
inputs_import(const struct nj_settings *settings, struct nj_store *store,
              const char *const *inputs, size_t inputs_len, struct nj_import_report *report,
              struct nj_error *err)
{
    struct nj_bar bar;
    const struct nj_import_options options = {settings->analysis.jobs, import_tell, &bar};

    nj_bar_start(&bar, "importing", "bytes", settings->is_quiet);
    enum nj_status st = nj_import(store, inputs, inputs_len, &options, report, err);
    nj_bar_end(&bar);
    return st;
}

/* Whether the path is a file with the first bytes of a store. */
static bool
is_store(const char *path)
{
    struct stat info;
    char head[128];
    FILE *file = stat(path, &info) == 0 && S_ISREG(info.st_mode) ? fopen(path, "rb") : NULL;

    if (!file)
        return false;
    size_t len = fread(head, 1, sizeof head, file);
    (void)fclose(file);
    return nj_store_sniff((struct nj_slice){head, len});
}

static enum nj_status
store_open(struct nj_session *s, const char *path, struct nj_error *err)
{
    uint64_t unfinished = 0;
    enum nj_status st = nj_store_open(&s->store, path, NJ_STORE_READ, err);

    if (st == NJ_OK)
        st = nj_store_unfinished(s->store, &unfinished, err);
    if (st == NJ_OK && unfinished > 0 && !s->settings->is_partial)
        st = nj_fail(err, NJ_ESTORE,
                     "%s: the import of %" PRIu64
                     " input%s was interrupted; run the same import again "
                     "to complete it, or give --partial",
                     path, unfinished, nj_plural((double)unfinished));
    if (st == NJ_OK)
        st = nj_store_diags(s->store, SIZE_MAX, s->diags, err);
    return st;
}

/* Contents of spans are only asked for by some, and leaving them out saves a fifth of the time.
 */
static enum nj_store_mode
temporary_mode(const struct nj_settings *settings)
{
    bool reads_contents = settings->reads_contents || settings->analysis.where_key.len > 0 ||
                          settings->analysis.sampling_policy;

    return reads_contents ? NJ_STORE_TEMPORARY : NJ_STORE_SKELETON;
}

static enum nj_status
temporary_fill(struct nj_session *s, const char *const *inputs, size_t inputs_len,
               struct nj_error *err)
{
    struct nj_import_report *report = calloc(1, sizeof *report);
    enum nj_status st = report
                            ? nj_store_open(&s->store, NULL, temporary_mode(s->settings), err)
                            : nj_fail(err, NJ_ENOMEM, "no memory for the import");

    if (st == NJ_OK)
        st = inputs_import(s->settings, s->store, inputs, inputs_len, report, err);
    if (st == NJ_OK)
        nj_diags_merge(s->diags, &report->diags);
    free(report);
    return st;
}

/* Nothing was a span: what was lost, and where, is why. */
static enum nj_status
no_trace_fail(const struct nj_session *s, const char *const *inputs, size_t inputs_len,
              struct nj_error *err)
{
    for (size_t i = 0; i < NJ_DIAGS_LEN; i++) {
        const struct nj_diag_count *c = &s->diags->counts[i];
        if (nj_diag_specs[i].severity == NJ_SEVERITY_LOSS && c->places_len > 0)
            (void)nj_fail(err, NJ_EFORMAT, "%s: %s (%" PRIu64 ")", c->places[0],
                          nj_diag_specs[i].help, c->count);
    }
    return nj_fail(err, NJ_EFORMAT, "there is no trace in %s%s", inputs[0],
                   inputs_len > 1 ? " and the other inputs" : "");
}

enum nj_status
nj_session_open(struct nj_session *s, const struct nj_settings *settings,
                const char *const *inputs, size_t inputs_len, struct nj_error *err)
{
    *s = (struct nj_session){.settings = settings,
                             .diags = nj_diags_new(),
                             .arena = nj_arena_new(64 << 10),
                             .started_ns = nj_clock_monotonic_ns()};
    if (!s->diags || !s->arena)
        return nj_fail(err, NJ_ENOMEM, "no memory to begin");
    if (inputs_len == 0)
        return nj_fail(err, NJ_EUSAGE, "no input was given");
    enum nj_status st = inputs_len == 1 && is_store(inputs[0])
                            ? store_open(s, inputs[0], err)
                            : temporary_fill(s, inputs, inputs_len, err);
    if (st < 0)
        return st;
    s->corpus = nj_store_corpus(s->store);
    if (s->corpus->traces_len == 0)
        return no_trace_fail(s, inputs, inputs_len, err);
    return NJ_OK;
}

void
nj_session_close(struct nj_session *s)
{
    nj_store_close(s->store);
    nj_arena_free(s->arena);
    free(s->diags);
}

static void
analysis_tell(void *context, uint64_t traces_done, uint64_t traces_len, uint64_t spans_done)
{
    nj_bar_tell(context, traces_done, traces_len, spans_done);
}

static enum nj_status
inputs_put(const struct nj_session *s, struct nj_results *results, struct nj_error *err)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_inputs);
    struct nj_store_input *inputs;
    char digest[64];
    size_t len;
    enum nj_status st = nj_store_inputs(s->store, s->arena, &inputs, &len, err);

    for (size_t i = 0; st == NJ_OK && i < len; i++) {
        size_t r = nj_table_add(t);
        (void)snprintf(digest, sizeof digest, "xxh3-128:%.*s", NJ_FMT(inputs[i].digest));
        nj_table_put_text(t, r, NJ_COL_inputs_path, inputs[i].path);
        nj_table_put_text(t, r, NJ_COL_inputs_format, inputs[i].format);
        nj_table_put_int(t, r, NJ_COL_inputs_bytes, (int64_t)inputs[i].bytes);
        nj_table_put_text(t, r, NJ_COL_inputs_digest, nj_slice_of(digest));
        nj_table_put_int(t, r, NJ_COL_inputs_spans, (int64_t)inputs[i].spans);
        nj_table_put_int(t, r, NJ_COL_inputs_repeated, (int64_t)inputs[i].repeated);
    }
    return st;
}

enum nj_status
nj_session_analyze(struct nj_session *s, const char *command,
                   const struct nj_analyzer *const *analyzers, struct nj_results **out,
                   struct nj_error *err)
{
    struct nj_bar bar;
    const struct nj_progress progress = {analysis_tell, &bar};
    struct nj_results *results = nj_results_new();

    if (!results)
        return nj_fail(err, NJ_ENOMEM, "no memory for the results");
    nj_bar_start(&bar, "analysing", "traces", s->settings->is_quiet);
    enum nj_status st = nj_analyze(s->corpus, &s->settings->analysis, analyzers, &progress,
                                   s->diags, results, err);
    nj_bar_end(&bar);
    if (st == NJ_OK)
        st = inputs_put(s, results, err);
    if (st == NJ_OK) {
        nj_results_put_diags(results, s->diags);
        nj_provenance_put(s->settings, command, s->started_ns, results);
        if (s->settings->analysis.is_redacted)
            nj_results_redact(results);
        st = nj_results_check(results, err);
    }
    uint64_t lost = nj_diags_lost(s->diags);
    if (st == NJ_OK && s->settings->is_strict && lost > 0)
        st = nj_fail(err, NJ_EFORMAT,
                     "%" PRIu64 " diagnostics of lost data, and --strict was given; "
                     "`nightjar info` lists them",
                     lost);
    if (st == NJ_OK)
        *out = results;
    else
        nj_results_free(results);
    return st;
}

enum nj_status
nj_session_import(const struct nj_settings *settings, const char *store_path,
                  struct nj_error *err)
{
    struct nj_import_report *report = calloc(1, sizeof *report);
    struct nj_store *store = NULL;
    enum nj_status st = report ? nj_store_open(&store, store_path, NJ_STORE_WRITE, err)
                               : nj_fail(err, NJ_ENOMEM, "no memory for the import");

    if (st == NJ_OK)
        st =
            inputs_import(settings, store, settings->inputs, settings->inputs_len, report, err);
    if (st == NJ_OK && !settings->is_quiet) {
        (void)fprintf(stderr, "%s: %" PRIu64 " span%s added from %" PRIu64 " input%s",
                      store_path, report->spans, nj_plural((double)report->spans),
                      report->inputs, nj_plural((double)report->inputs));
        if (report->known)
            (void)fprintf(stderr, "; inputs that were there already: %" PRIu64, report->known);
        if (report->repeated)
            (void)fprintf(stderr, "; spans that were there already: %" PRIu64,
                          report->repeated);
        (void)fputc('\n', stderr);
        for (int i = 0; i < NJ_DIAGS_LEN; i++)
            if (report->diags.counts[i].count &&
                (settings->is_verbose || nj_diag_specs[i].severity == NJ_SEVERITY_LOSS))
                (void)fprintf(stderr, "  %s: %" PRIu64 ", first at %s\n", nj_diag_specs[i].id,
                              report->diags.counts[i].count,
                              report->diags.counts[i].places_len
                                  ? report->diags.counts[i].places[0]
                                  : "an unknown place");
    }
    if (st == NJ_OK && settings->is_strict && nj_diags_lost(&report->diags) > 0)
        st = nj_fail(err, NJ_EFORMAT, "data was lost, and --strict was given");
    nj_store_close(store);
    free(report);
    return st;
}
