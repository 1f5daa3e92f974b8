/* cmd_sampling.c - nightjar sampling: what stored traces stand for, and how wrong plain numbers
 * are. */
#include "analyzers/sampling_values.h"
#include "tools/output.h"
#include "tools/run_analyzer.h"

static enum nj_status
values_run(const struct nj_settings *settings, struct nj_error *err)
{
    struct nj_results *results = nj_results_new();
    enum nj_status st = results ? nj_sampling_values(settings->values, results, err)
                                : nj_fail(err, NJ_ENOMEM, "no memory for results");

    if (st == NJ_OK)
        st = nj_results_check(results, err);
    if (st == NJ_OK)
        st = nj_output_view(settings, "sampling", results, err);
    nj_results_free(results);
    return st;
}

static enum nj_status
sampling_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    return settings->values ? values_run(settings, err)
                            : nj_run_analyzer(settings, "sampling", err);
}

const struct nj_command nj_cmd_sampling = {
    .name = "sampling",
    .arguments = "INPUT… | --values FILE.csv",
    .summary = "what stored traces stand for, and how wrong plain numbers are",
    .details =
        "Where the weights of traces come from (recorded, recovered from trace ids, by a "
        "policy or known numbers, assumed), how many traces they stand for, and for every "
        "agent the plain and "
        "the weighted error rate, mean and percentiles with the bias between them. Warnings "
        "S001 to S019 have stable ids. --explain-weights prints one line a trace; --values "
        "runs the same estimators on any table: columns trace_id, value, weight (or stratum "
        "and "
        "population, the traces of it that happened) and err.",
    .examples = "nightjar sampling traces.jsonl\n"
                "nightjar sampling traces.jsonl --assume-rate 5%\n"
                "nightjar sampling traces.jsonl --explain-weights --format json\n"
                "nightjar sampling --values table.csv --format json",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT | NJ_GROUP_PER_TRACE | NJ_GROUP_SAMPLING |
              NJ_GROUP_VALUES,
    .run = sampling_run,
};
