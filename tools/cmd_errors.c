/* cmd_errors.c - nightjar errors: what error caused what: origins, chains, what was absorbed.
 */
#include "tools/run_analyzer.h"

static enum nj_status
errors_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    return nj_run_analyzer(settings, "errors", err);
}

const struct nj_command nj_cmd_errors = {
    .name = "errors",
    .arguments = "INPUT… [--sideways suspect|chain]",
    .summary = "what error caused what: origins, chains, what was absorbed",
    .details =
        "Of all error spans, which were origins and which only passed an error on; which "
        "origins reached the caller of the trace and which were absorbed by a retry, "
        "another way or by going on; through which agents. Every link is recorded (A) or "
        "consistent with the records (B); what is only possible (C) is listed apart and "
        "never counted.",
    .examples = "nightjar errors traces.jsonl\n"
                "nightjar errors traces.jsonl --per-trace --format json",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT | NJ_GROUP_ERRORS | NJ_GROUP_PER_TRACE |
              NJ_GROUP_SAMPLING,
    .words_min = 1,
    .run = errors_run,
};
