/* cmd_diff.c - nightjar diff: two runs side by side, worst change first. */
#include "gates/diff.h"
#include "store/results.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/session.h"

#include <stdio.h>

static bool
is_results(const char *path)
{
    char head[128];
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(head, 1, sizeof head, file) : 0;

    if (file)
        (void)fclose(file);
    return nj_results_sniff((struct nj_slice){head, len});
}

/* Results as they are, or those of traces. */
static enum nj_status
side_read(struct nj_results **out, const struct nj_settings *settings, const char *path,
          struct nj_error *err)
{
    struct nj_session session;

    if (is_results(path))
        return nj_results_load(out, path, err);
    enum nj_status st = nj_session_open(&session, settings, &path, 1, err);
    if (st == NJ_OK)
        st = nj_session_analyze(&session, "diff", NULL, out, err);
    nj_session_close(&session);
    return st;
}

static enum nj_status
diff_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    struct nj_results *before = NULL, *after = NULL;
    enum nj_status st = side_read(&before, settings, settings->inputs[0], err);

    (void)exit_code;
    if (st == NJ_OK)
        st = side_read(&after, settings, settings->inputs[1], err);
    if (st == NJ_OK)
        st = nj_diff(after, before, err);
    if (st == NJ_OK)
        st = nj_output_view(settings, "diff", after, err);
    nj_results_free(before);
    nj_results_free(after);
    return st;
}

const struct nj_command nj_cmd_diff = {
    .name = "diff",
    .arguments = "BEFORE AFTER",
    .summary = "two runs side by side, worst change first",
    .details =
        "Compares two results files, stores or trace files: latency, error rates, kinds of "
        "errors, calls between agents, tokens and cost, critical path, behaviour and sampling. "
        "What differs beyond chance comes first, worst first, with the change, its 95 % "
        "interval "
        "and q, the false discovery rate over all comparisons (5 % is the limit). Two runs "
        "cannot tell a change from the difference that any two nights have: for that there is "
        "a "
        "baseline, see `nightjar run`. The exit code is no verdict.",
    .examples = "nightjar diff results.db traces.jsonl\n"
                "nightjar diff old.jsonl.gz traces.jsonl --format markdown",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_SAMPLING | NJ_GROUP_PATH | NJ_GROUP_ERRORS |
              NJ_GROUP_PRICES | NJ_GROUP_DIFF,
    .words_min = 2,
    .words_max = 2,
    .run = diff_run,
};
