/* cmd_critical_path.c - nightjar critical-path: where the time of whole traces goes. */
#include "tools/run_analyzer.h"

static enum nj_status
critical_path_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    return nj_run_analyzer(settings, "critical-path", err);
}

const struct nj_command nj_cmd_critical_path = {
    .name = "critical-path",
    .arguments = "INPUT… [--by KEY] [--scope root|trace] [--what-if KEY=NAME:PERCENT]",
    .summary = "where the time of whole traces goes",
    .details =
        "The critical path of a trace is the chain of spans that its caller waited for: "
        "every instant belongs to exactly one span, and the parts add up to the duration "
        "to the nanosecond. Over many traces: the share of each agent (or operation, "
        "tool, model, kind, call path), how often it is on the path, by latency cohort, "
        "and what it would save to make it faster. How much of it rests on a guess is "
        "said as well. CSV holds one table: the rows of --by, or with --what-if its "
        "answer.",
    .examples = "nightjar critical-path traces.jsonl\n"
                "nightjar critical-path traces.jsonl --by operation\n"
                "nightjar critical-path traces.jsonl --what-if agent=browser:30%\n"
                "nightjar critical-path traces.jsonl --what-if model=gpt-5:50% --format csv\n"
                "nightjar critical-path traces.jsonl --per-trace --format json",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT | NJ_GROUP_PATH | NJ_GROUP_PER_TRACE |
              NJ_GROUP_SAMPLING | NJ_GROUP_PATH_BY,
    .words_min = 1,
    .run = critical_path_run,
};
