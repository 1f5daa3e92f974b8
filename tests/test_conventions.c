/* test_conventions.c - kind, agent, model and tokens of spans of every dialect. */
#include "tests/reading.h"

static void
reads_opentelemetry_spans(void **unused)
{
    (void)unused;
    static const struct reading_case cases[] = {
        {"chat gpt-4o\ngen_ai.operation.name=chat\ngen_ai.request.model=gpt-4o\n"
         "gen_ai.response.model=gpt-4o-2024\ngen_ai.provider.name=openai\n"
         "gen_ai.usage.input_tokens:=12\ngen_ai.usage.output_tokens:=5\n"
         "gen_ai.usage.cache_read.input_tokens:=4\ngen_ai.usage.reasoning.output_tokens:=2",
         "llm model=gpt-4o provider=openai in=12 cached=4 out=5 reasoning=2"},
        {"chat gpt-4o\ngen_ai.operation.name=chat\ngen_ai.agent.name=planner",
         "llm agent=planner(gen_ai.agent.name)"},
        {"invoke_agent gpt-4o\ngen_ai.operation.name=invoke_agent\ngen_ai.request.model=gpt-4o",
         "agent model=gpt-4o"},
        {"running tool\ngen_ai.tool.name=search\nagent_name=helper",
         "tool agent=helper(agent_name) tool=search"},
        {"agent run\nagent_name=helper\nmodel_name=gpt-4o",
         "agent agent=helper(agent_name) model=gpt-4o"},
        {"Triage\nopeninference.span.kind=AGENT\ngraph.node.id=Triage",
         "agent agent=Triage(entity)"},
        {"retrieve\nlangsmith.span.kind=retriever\ngen_ai.operation.name=embeddings",
         "retriever"},
    };
    reading_expect_all(cases, NJ_LEN(cases));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_opentelemetry_spans),
    };
    return cmocka_run_group_tests_name("conventions", tests, NULL, NULL);
}
