/* cmd_behaviour.c - nightjar behaviour: what only agents do wrong: loops, ping-pong, retry
 * storms, stalls. */
#include "tools/run_analyzer.h"

static enum nj_status
behaviour_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    return nj_run_analyzer(settings, "behaviour", err);
}

const struct nj_command nj_cmd_behaviour = {
    .name = "behaviour",
    .arguments = "INPUT…",
    .summary = "what only agents do wrong: loops, ping-pong, retry storms, stalls",
    .details =
        "Findings with a stable id, a definition, a count and the worst case as evidence: "
        "repeated calls, control going back and forth between two agents, agents inside "
        "their own call chain, retry storms, stalls, calls made one after the other that "
        "could run side by side, results that nobody waited for.",
    .examples = "nightjar behaviour traces.jsonl\n"
                "nightjar behaviour traces.jsonl --per-trace --format json",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT | NJ_GROUP_PER_TRACE | NJ_GROUP_SAMPLING,
    .words_min = 1,
    .run = behaviour_run,
};
