/* cmd_tokens.c - nightjar tokens: tokens and cost by agent, model and operation. */
#include "tools/run_analyzer.h"

static enum nj_status
tokens_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    return nj_run_analyzer(settings, "tokens", err);
}

const struct nj_command nj_cmd_tokens = {
    .name = "tokens",
    .arguments = "INPUT… [--by agent|model|operation]",
    .summary = "tokens and cost by agent, model and operation",
    .details =
        "Tokens are counted at the calls that used them, never at agents that repeat the "
        "sums. Input includes what came from a cache, output includes reasoning. Cost as "
        "recorded, or from a price file.",
    .examples = "nightjar tokens traces.jsonl\n"
                "nightjar tokens traces.jsonl --by model",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT | NJ_GROUP_PER_TRACE | NJ_GROUP_SAMPLING |
              NJ_GROUP_PRICES | NJ_GROUP_TOKENS_BY,
    .words_min = 1,
    .run = tokens_run,
};
