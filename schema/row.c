/* row.c - how the agent of a span was found, by name. */
#include "schema/row.h"

const char *
nj_how_name(enum nj_how how)
{
    static const char *const names[NJ_HOW_LEN] = {
        [NJ_HOW_NONE] = "none",
        [NJ_HOW_GEN_AI_AGENT_NAME] = "gen_ai.agent.name",
        [NJ_HOW_AGENT_NAME] = "agent.name",
        [NJ_HOW_AGENT_NAME_PLAIN] = "agent_name",
        [NJ_HOW_ENTITY] = "entity",
        [NJ_HOW_METADATA] = "metadata",
        [NJ_HOW_FUNCTION_ID] = "function id",
        [NJ_HOW_SPAN_NAME] = "span name",
        [NJ_HOW_AGENT_ID] = "agent id",
        [NJ_HOW_INHERITED] = "inherited",
        [NJ_HOW_SERVICE] = "service",
        [NJ_HOW_UNKNOWN] = "unknown",
    };
    return names[how];
}
