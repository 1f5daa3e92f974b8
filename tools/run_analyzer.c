/* run_analyzer.c - what the commands of one analyzer have in common. */
#include "tools/run_analyzer.h"

#include "tools/output.h"
#include "tools/session.h"

#include <stdio.h>

struct printing {
    const struct nj_analyzer *analyzer;
    struct nj_buf line;
};

static enum nj_status
trace_print(void *context, struct nj_run *run, const struct nj_trace *trace)
{
    struct printing *p = context;
    struct nj_jsonw w = nj_jsonw_of(&p->line);

    p->line.len = 0;
    enum nj_status st = p->analyzer->print_trace(run, trace, &w);
    if (st < 0)
        return st;
    nj_buf_put_char(&p->line, '\n');
    return nj_output_print(&p->line, run->err);
}

static enum nj_status
per_trace_print(struct nj_session *session, const struct nj_analyzer *analyzer,
                struct nj_error *err)
{
    struct printing printing = {.analyzer = analyzer};

    if (!analyzer->print_trace)
        return nj_fail(err, NJ_EUSAGE, "%s has nothing to say trace by trace", analyzer->name);
    enum nj_status st = nj_each_trace(session->corpus, &session->settings->analysis,
                                      trace_print, &printing, session->diags, err);
    nj_buf_fini(&printing.line);
    return st;
}

enum nj_status
nj_run_analyzer(const struct nj_settings *settings, const char *name, struct nj_error *err)
{
    const struct nj_analyzer *analyzer = nj_analyzer_find(nj_slice_of(name));
    const struct nj_analyzer *const analyzers[] = {nj_analyzer_find(NJ_SLICE("overview")),
                                                   analyzer, NULL};
    struct nj_results *results = NULL;
    struct nj_session session;

    NJ_CHECK(analyzer != NULL && analyzers[0] != NULL);
    enum nj_status st =
        nj_session_open(&session, settings, settings->inputs, settings->inputs_len, err);
    if (st == NJ_OK && (settings->is_per_trace || settings->is_weights_explained)) {
        st = per_trace_print(&session, analyzer, err);
    } else if (st == NJ_OK) {
        st = nj_session_analyze(&session, name, analyzers, &results, err);
        if (st == NJ_OK)
            st = nj_output_view(settings, name, results, err);
    }
    nj_results_free(results);
    nj_session_close(&session);
    return st;
}
