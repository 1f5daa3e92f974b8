/* cmd_sampling.c - nightjar sampling: what stored traces stand for, and how wrong plain numbers
 * are. */
#include "tools/run_analyzer.h"

static enum nj_status
sampling_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    return nj_run_analyzer(settings, "sampling", err);
}

const struct nj_command nj_cmd_sampling = {
    .name = "sampling",
    .arguments = "INPUT… | --values FILE.csv",
    .summary = "what stored traces stand for, and how wrong plain numbers are",
    .details =
        "Where the weights of traces come from (recorded, recovered from trace ids, by a "
        "policy, assumed), how many traces they stand for, and for every agent the plain and "
        "the weighted error rate, mean and percentiles with the bias between them. Warnings "
        "S001 to S018 have stable ids. --explain-weights prints one line a trace; --values "
        "runs the same estimators on any table.",
    .examples = "nightjar sampling traces.jsonl\n"
                "nightjar sampling traces.jsonl --assume-rate 5%\n"
                "nightjar sampling traces.jsonl --explain-weights --format json\n"
                "nightjar sampling --values table.csv --format json",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT | NJ_GROUP_PER_TRACE | NJ_GROUP_SAMPLING,
    .run = sampling_run,
};
