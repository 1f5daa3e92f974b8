/* cmd_calls.c - nightjar calls: who calls whom: the call graph and the merged call tree. */
#include "tools/run_analyzer.h"

static enum nj_status
calls_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    return nj_run_analyzer(settings, "calls", err);
}

const struct nj_command nj_cmd_calls = {
    .name = "calls",
    .arguments = "INPUT…",
    .summary = "who calls whom: the call graph and the merged call tree",
    .details =
        "The call graph of agents, tools and models rebuilt from single spans: calls, "
        "errors, how often an error makes the caller fail, times and tokens of each edge; "
        "and how many agents work at once.",
    .examples = "nightjar calls traces.jsonl\n"
                "nightjar export traces.jsonl --to dot",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT | NJ_GROUP_SAMPLING,
    .words_min = 1,
    .run = calls_run,
};
