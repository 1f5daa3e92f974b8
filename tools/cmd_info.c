/* cmd_info.c - nightjar info: what is in the inputs. */
#include "tools/command.h"
#include "tools/output.h"
#include "tools/session.h"

static enum nj_status
info_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    const struct nj_analyzer *const analyzers[] = {nj_analyzer_find(NJ_SLICE("overview")),
                                                   NULL};
    struct nj_results *results = NULL;
    struct nj_session session;

    (void)exit_code;
    enum nj_status st =
        nj_session_open(&session, settings, settings->inputs, settings->inputs_len, err);
    if (st == NJ_OK)
        st = nj_session_analyze(&session, "info", analyzers, &results, err);
    if (st == NJ_OK)
        st = nj_output_view(settings, "info", results, err);
    nj_results_free(results);
    nj_session_close(&session);
    return st;
}

const struct nj_command nj_cmd_info = {
    .name = "info",
    .arguments = "INPUT…",
    .summary = "what is in there: formats, spans, traces, agents, time range, diagnostics",
    .details = "Reads anything and says what it is: each input with its format, size and "
               "digest; spans "
               "and traces; agents and how their names were found; kinds of spans; the time "
               "range; and "
               "everything that was odd, with its meaning and first places.",
    .examples = "nightjar info traces.jsonl\nnightjar info traces/ --format json",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT,
    .words_min = 1,
    .run = info_run,
};
