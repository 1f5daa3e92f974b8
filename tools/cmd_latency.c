/* cmd_latency.c - nightjar latency: how long agents take, with weights, percentiles and
 * intervals. */
#include "tools/run_analyzer.h"

static enum nj_status
latency_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    return nj_run_analyzer(settings, "latency", err);
}

const struct nj_command nj_cmd_latency = {
    .name = "latency",
    .arguments = "INPUT… [--by KEY]",
    .summary = "how long agents take, with weights, percentiles and intervals",
    .details =
        "Percentiles and means of the invocations of every agent (or of its operations, "
        "tools, models), weighted by what each stored trace stands for, each with a 95 % "
        "interval and with the plain number beside it. Self time is without the calls a "
        "span made.",
    .examples = "nightjar latency traces.jsonl\n"
                "nightjar latency traces.jsonl --by model --format csv",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT | NJ_GROUP_SAMPLING | NJ_GROUP_LATENCY_BY,
    .words_min = 1,
    .run = latency_run,
};
