/* test_conventions.c - kind, agent, model and tokens of spans of every dialect. */
#include "tests/reading.h"

#define EXPECT(...)                                                                            \
    static const struct reading_case cases[] = {__VA_ARGS__};                                  \
    reading_expect_all(cases, NJ_LEN(cases))

static void
reads_opentelemetry(void **unused)
{
    (void)unused;
    EXPECT(
        {"chat gpt-4o\ngen_ai.operation.name=chat\ngen_ai.request.model=gpt-4o\n"
         "gen_ai.response.model=gpt-4o-2024\ngen_ai.provider.name=openai\n"
         "gen_ai.usage.input_tokens:=12\ngen_ai.usage.output_tokens:=5\n"
         "gen_ai.usage.cache_read.input_tokens:=4\n"
         "gen_ai.usage.cache_creation.input_tokens:=1\n"
         "gen_ai.usage.reasoning.output_tokens:=2",
         "llm model=gpt-4o provider=openai in=12 cached=4 write=1 out=5 reasoning=2"},
        {"x\ngen_ai.operation.name=text_completion", "llm"},
        {"x\ngen_ai.operation.name=generate_content", "llm"},
        {"x\ngen_ai.operation.name=completion", "llm"},
        {"x\ngen_ai.operation.name=create_agent\ngen_ai.agent.name=A",
         "agent agent=A(gen_ai.agent.name)"},
        {"invoke_agent planner\ngen_ai.operation.name=invoke_agent\ngen_ai.agent.id=ag1",
         "agent agent=planner(span name) AGENT_ID=ag1"},
        {"x\ngen_ai.operation.name=chat\ngen_ai.agent.id=ag1",
         "llm agent=ag1(agent id) AGENT_ID=ag1"},
        {"x\ngen_ai.operation.name=execute_tool\ngen_ai.tool.name=search", "tool tool=search"},
        {"execute_tool search\ngen_ai.operation.name=execute_tool", "tool tool=search"},
        {"x\ngen_ai.operation.name=retrieval", "retriever"},
        {"x\ngen_ai.operation.name=embeddings\ngen_ai.usage.input_tokens:=7", "embedding in=7"},
        {"x\ngen_ai.operation.name=invoke_workflow", "chain"},
        {"x\ngen_ai.operation.name=plan", "chain"},
        {"x\ngen_ai.operation.name=search_memory", "memory"},
        {"x\ngen_ai.operation.name=create_memory", "memory"},
        {"x\ngen_ai.operation.name=delete_memory_store", "memory"},
        {"x\ngen_ai.operation.name=rerank", "retriever"},
        {"x\ngen_ai.request.model=m", "llm model=m"},
        {"x\ngen_ai.response.model=m", "llm model=m"},
        {"GET /\nhttp.request.method=GET", "other"});
}

static void
reads_deprecated_opentelemetry(void **unused)
{
    (void)unused;
    EXPECT(
        {"x\ngen_ai.system=az.ai.openai\ngen_ai.request.model=m\n"
         "gen_ai.usage.prompt_tokens:=3\ngen_ai.usage.completion_tokens:=4\n"
         "gen_ai.usage.cache_read_input_tokens:=1\n"
         "gen_ai.usage.cache_creation_input_tokens:=2\ngen_ai.user=u1",
         "llm model=m provider=azure.ai.openai in=3 cached=1 write=2 out=4 USER=u1"},
        {"x\ngen_ai.system=xai\ngen_ai.provider.name=mistralai", "other provider=mistral_ai"});
}

static void
reads_openinference(void **unused)
{
    (void)unused;
    EXPECT(
        {"x\nopeninference.span.kind=LLM\nllm.model_name=m\nllm.provider=OpenAI\n"
         "llm.token_count.prompt:=9\nllm.token_count.completion:=4\n"
         "llm.token_count.total:=13\nllm.token_count.prompt_details.cache_read:=2\n"
         "llm.token_count.prompt_details.cache_write:=1\n"
         "llm.token_count.completion_details.reasoning:=3",
         "llm model=m provider=openai in=9 cached=2 write=1 out=4 reasoning=3"},
        {"x\nllm.request.model_name=asked\nllm.response.model_name=got\nllm.system=x_ai",
         "llm model=asked provider=x_ai"},
        {"x\nopeninference.span.kind=AGENT\nagent.name=A", "agent agent=A(agent.name)"},
        {"Triage\nopeninference.span.kind=AGENT\ngraph.node.id=Triage",
         "agent agent=Triage(entity)"},
        {"Triage\nopeninference.span.kind=AGENT\ngraph.node.id=agent_8251550b8b9f",
         "agent agent=Triage(span name)"},
        {"x\nopeninference.span.kind=AGENT\ngraph.node.id=n\ngraph.node.name=N",
         "agent agent=N(entity)"},
        {"Agent workflow\nopeninference.span.kind=AGENT", "agent"},
        {"CodeAgent.run\nopeninference.span.kind=AGENT", "agent agent=CodeAgent(span name)"},
        {"Agent.run\nopeninference.span.kind=AGENT", "agent"},
        {"x\nopeninference.span.kind=CHAIN\ngraph.node.id=node", "chain"},
        {"x\nopeninference.span.kind=TOOL\ntool.name=t", "tool tool=t"},
        {"x\nopeninference.span.kind=RETRIEVER", "retriever"},
        {"x\nopeninference.span.kind=EMBEDDING\nembedding.model_name=e", "embedding model=e"},
        {"x\nembedding.model_name=e", "embedding model=e"},
        {"x\nopeninference.span.kind=RERANKER", "retriever"},
        {"x\nopeninference.span.kind=PROMPT", "chain"},
        {"x\nopeninference.span.kind=GUARDRAIL", "guardrail"},
        {"x\nopeninference.span.kind=EVALUATOR", "evaluator"},
        {"x\nopeninference.span.kind=UNKNOWN\nllm.model_name=m", "llm model=m"},
        {"handoff to B\nopeninference.span.kind=TOOL\ntool.name=handoff_to_B",
         "handoff tool=handoff_to_B HANDOFF_TO=B"});
}

static void
reads_langgraph_metadata(void **unused)
{
    (void)unused;
    EXPECT({"x\nopeninference.span.kind=CHAIN\nmetadata={\"thread_id\":\"t1\",\"user_id\":7,"
            "\"langgraph_node\":\"tools\",\"langgraph_checkpoint_ns\":"
            "\"hotel:8251550b-8b9f|agent:1|tools:2\"}",
            "chain agent=hotel(metadata) SESSION=t1 USER=7"},
           {"x\nopeninference.span.kind=LLM\nmetadata={\"langgraph_checkpoint_ns\":\"a:1|b:2\","
            "\"lc_agent_name\":\"L\",\"ls_model_name\":\"m\",\"ls_provider\":\"openai\"}",
            "llm agent=L(metadata) model=m provider=openai"},
           {"x\nopeninference.span.kind=CHAIN\nmetadata={\"langgraph_checkpoint_ns\":"
            "\"agent:1|__start__:2\"}",
            "chain"},
           {"x\nopeninference.span.kind=CHAIN\nmetadata={\"langgraph_checkpoint_ns\":"
            "\"planner:1\"}\nsession.id=s",
            "chain agent=planner(metadata) SESSION=s"},
           {"x\nopeninference.span.kind=CHAIN\nmetadata=not JSON", "chain"},
           {"x\nopeninference.span.kind=CHAIN\nmetadata={\"lc_agent_name\":", "chain"});
}

static void
reads_openllmetry(void **unused)
{
    (void)unused;
    EXPECT({"x\ntraceloop.span.kind=agent\ntraceloop.entity.name=A", "agent agent=A(entity)"},
           {"A.agent\ntraceloop.span.kind=agent", "agent agent=A(span name)"},
           {"x\ntraceloop.span.kind=tool\ntraceloop.entity.name=t", "tool tool=t"},
           {"t.tool\ntraceloop.span.kind=tool", "tool tool=t"},
           {"x\ntraceloop.span.kind=workflow\ntraceloop.entity.name=w", "chain"},
           {"x\ntraceloop.span.kind=task", "chain"},
           {"openai.chat\nllm.request.type=chat\ngen_ai.system=OpenAI\ngen_ai.request.model=m\n"
            "gen_ai.usage.prompt_tokens:=3\ngen_ai.usage.completion_tokens:=4\n"
            "llm.usage.total_tokens:=7\ngen_ai.usage.reasoning_tokens:=2",
            "llm model=m provider=openai in=3 out=4 reasoning=2"},
           {"x\nllm.request.type=completion", "llm"},
           {"x\nllm.request.type=embedding", "embedding"},
           {"x\nllm.request.type=rerank", "retriever"},
           {"x\ndb.system=chroma\ndb.operation=query", "retriever"},
           {"x\ndb.system=postgresql\ndb.operation=SELECT", "other"},
           {"x\ngen_ai.operation.name=vector_db_retrieve", "retriever"},
           {"A \xe2\x86\x92 B.handoff\ntraceloop.span.kind=handoff\n"
            "gen_ai.operation.name=handoff\ngen_ai.agent.name=A",
            "handoff agent=A(gen_ai.agent.name) HANDOFF_FROM=A HANDOFF_TO=B"});
}

static void
reads_langfuse(void **unused)
{
    (void)unused;
    EXPECT(
        {"x\nlangfuse.observation.type=generation\nlangfuse.observation.model.name=\"m\"\n"
         "langfuse.observation.usage_details={\"input\":10,\"input_cached_tokens\":4,"
         "\"input_cache_creation\":1,\"output\":5,\"output_reasoning_tokens\":2,\"total\":20}",
         "llm model=m in=15 cached=4 write=1 out=5 reasoning=2"},
        {"x\nlangfuse.observation.type=generation\nlangfuse.observation.usage_details="
         "{\"input\":\"10\",\"input_cached_tokens\":\"4\",\"output\":5}",
         "llm in=14 cached=4 out=5"},
        {"x\nlangfuse.observation.type=generation\nlangfuse.observation.usage_details="
         "{\"input\":10,\"prompt_details.cache_read\":4,\"output\":5,\"total\":15}",
         "llm in=10 cached=4 out=5"},
        {"x\nlangfuse.observation.type=generation\nlangfuse.observation.usage_details="
         "{\"input\":10,\"output\":5,\"output_reasoning\":3,\"total\":18}",
         "llm in=10 out=8 reasoning=3"},
        {"x\nlangfuse.observation.type=agent", "agent agent=x(span name)"},
        {"x\nlangfuse.observation.type=tool", "tool tool=x"},
        {"x\nlangfuse.observation.type=chain", "chain"},
        {"x\nlangfuse.observation.type=retriever", "retriever"},
        {"x\nlangfuse.observation.type=embedding", "embedding"},
        {"x\nlangfuse.observation.type=guardrail", "guardrail"},
        {"x\nlangfuse.observation.type=evaluator", "evaluator"},
        {"x\nlangfuse.observation.type=span", "chain"},
        {"x\nlangfuse.observation.type=span\nopeninference.span.kind=AGENT",
         "agent agent=x(span name)"},
        {"x\nlangfuse.observation.type=event", "other PENDING=1"},
        {"x\nlangfuse.observation.type=tool\nopeninference.span.kind=LLM", "tool tool=x"});
}

static void
reads_langsmith(void **unused)
{
    (void)unused;
    EXPECT({"x\nlangsmith.span.kind=retriever\ngen_ai.operation.name=embeddings", "retriever"},
           {"x\nlangsmith.span.kind=chain\nlangsmith.metadata.ls_agent_type=root\n"
            "langsmith.metadata.lc_agent_name=A",
            "agent agent=A(metadata)"},
           {"x\nlangsmith.span.kind=chain", "chain"},
           {"x\nopeninference.span.kind=CHAIN\nlangsmith.metadata.ls_agent_type=root", "chain"},
           {"x\nlangsmith.span.kind=llm\ngen_ai.operation.name=chat\ngen_ai.system=anthropic\n"
            "gen_ai.usage.input_tokens:=8\ngen_ai.usage.output_tokens:=5\n"
            "gen_ai.usage.input_token_details={\"cache_read\":3,\"cache_creation\":1}\n"
            "gen_ai.usage.output_token_details={\"reasoning\":2}",
            "llm provider=anthropic in=8 cached=3 write=1 out=5 reasoning=2"},
           {"x\nlangsmith.span.kind=parser", "chain"},
           {"x\nlangsmith.span.kind=prompt", "chain"},
           {"x\nlangsmith.span.kind=embedding", "embedding"},
           {"x\nlangsmith.span.kind=tool\nlangsmith.metadata.langgraph_checkpoint_ns="
            "a:1|tools:2",
            "tool agent=a(metadata) tool=x"});
}

static void
reads_ai_sdk(void **unused)
{
    (void)unused;
    EXPECT(
        {"ai.generateText\nai.operationId=ai.generateText\nai.telemetry.functionId=F\n"
         "ai.model.id=m\nai.model.provider=openai.chat",
         "agent agent=F(function id) model=m provider=openai"},
        {"ai.generateText.doGenerate\nai.operationId=ai.generateText.doGenerate\n"
         "gen_ai.request.model=m\nai.usage.promptTokens:=3\nai.usage.completionTokens:=4",
         "llm model=m in=3 out=4"},
        {"x\nai.operationId=ai.streamText.doStream\nai.usage.inputTokens:=9\n"
         "ai.usage.outputTokens:=8\nai.usage.cachedInputTokens:=7\n"
         "ai.usage.reasoningTokens:=6\nai.model.provider=google.vertex.chat",
         "llm provider=gcp.vertex_ai in=9 cached=7 out=8 reasoning=6"},
        {"x\nai.operationId=ai.generateObject.doGenerate\n"
         "ai.usage.inputTokenDetails.cacheReadTokens:=2\n"
         "ai.usage.inputTokenDetails.cacheWriteTokens:=1\n"
         "ai.usage.outputTokenDetails.reasoningTokens:=3",
         "llm cached=2 write=1 reasoning=3"},
        {"x\nai.operationId=ai.streamText", "agent agent=x(span name)"},
        {"x\noperation.name=ai.toolCall weather\nai.toolCall.name=t", "tool tool=t"},
        {"x\nai.operationId=ai.embed.doEmbed\nai.usage.tokens:=5", "embedding in=5"},
        {"x\nai.operationId=ai.embedMany", "embedding"},
        {"invoke_agent gpt-4o\ngen_ai.operation.name=invoke_agent\ngen_ai.request.model=gpt-4o",
         "agent model=gpt-4o"},
        {"invoke_agent gpt-4o\ngen_ai.operation.name=invoke_agent\n"
         "gen_ai.request.model=g\ngen_ai.response.model=gpt-4o",
         "agent model=g"},
        {"step 2\ngen_ai.operation.name=agent_step", "chain op=step #"});
}

static void
reads_mlflow(void **unused)
{
    (void)unused;
    EXPECT({"A\nmlflow.spanType=\"AGENT\"", "agent agent=A(span name)"},
           {"x\nmlflow.spanType=\"CHAT_MODEL\"\nmlflow.llm.model=\"m\"\n"
            "mlflow.llm.provider=\"openai\"\nmlflow.chat.tokenUsage={\"input_tokens\": 8, "
            "\"output_tokens\": 5, \"total_tokens\": 13, \"cache_read_input_tokens\": 3, "
            "\"cache_creation_input_tokens\": 1}",
            "llm model=m provider=openai in=8 cached=3 write=1 out=5"},
           {"x\nmlflow.spanType=\"LLM\"", "llm"}, {"x\nmlflow.spanType=TOOL", "tool tool=x"},
           {"x\nmlflow.spanType=\"RETRIEVER\"", "retriever"},
           {"x\nmlflow.spanType=\"EMBEDDING\"", "embedding"},
           {"x\nmlflow.spanType=\"PARSER\"", "chain"},
           {"x\nmlflow.spanType=\"RERANKER\"", "retriever"},
           {"x\nmlflow.spanType=\"MEMORY\"", "memory"},
           {"x\nmlflow.spanType=\"UNKNOWN\"", "other"});
}

static void
reads_agentops(void **unused)
{
    (void)unused;
    EXPECT({"x\nagentops.span.kind=agent\nagentops.entity.name=A", "agent agent=A(entity)"},
           {"x\nagentops.span.kind=agent\nagent.name=A\nagent.id=i",
            "agent agent=A(agent.name) AGENT_ID=i"},
           {"x\nagentops.span.kind=agent\nagent.role=critic", "agent agent=critic(entity)"},
           {"x\nagentops.span.kind=session\nagentops.session.end_state=Fail", "chain error"},
           {"x\nagentops.span.kind=session\nagentops.session.end_state=Success", "chain"},
           {"x\nagentops.span.kind=tool\nagentops.entity.name=t", "tool tool=t"},
           {"x\nagentops.span.kind=llm\ngen_ai.usage.prompt_tokens:=3\n"
            "gen_ai.usage.completion_tokens:=4\ngen_ai.usage.total_tokens:=7\n"
            "gen_ai.usage.total_cost:=0.25",
            "llm in=3 out=4 COST=0.25"},
           {"x\nagentops.span.kind=workflow", "chain"},
           {"x\nagentops.span.kind=operation", "chain"},
           {"x\nagentops.span.kind=session", "chain"},
           {"x\nagentops.span.kind=guardrail", "guardrail"},
           {"x\nfrom_agent=A\nto_agent=B", "handoff HANDOFF_FROM=A HANDOFF_TO=B"});
}

static void
reads_pydantic_ai_and_logfire(void **unused)
{
    (void)unused;
    EXPECT(
        {"agent run\nagent_name=helper\nmodel_name=gpt-4o\ngen_ai.aggregated_usage.input_tokens"
         ":=99",
         "agent agent=helper(agent_name) model=gpt-4o"},
        {"helper run\nagent_name=helper\nmodel_name=gpt-4o",
         "agent agent=helper(agent_name) model=gpt-4o"},
        {"dry run\nagent_name=helper", "other agent=helper(agent_name)"},
        {"running tool\ngen_ai.tool.name=search\nagent_name=helper",
         "tool agent=helper(agent_name) tool=search"},
        {"chat gpt-4o\ngen_ai.operation.name=chat\ngen_ai.usage.input_tokens:=9\n"
         "gen_ai.usage.details.cache_read_tokens:=3\n"
         "gen_ai.usage.details.reasoning_tokens:=2",
         "llm in=9 cached=3 reasoning=2"},
        {"invoke_agent A\ngen_ai.operation.name=invoke_agent\ngen_ai.agent.name=A\n"
         "gen_ai.agent.call.id=c",
         "agent agent=A(gen_ai.agent.name) AGENT_ID=c"},
        {"x\nlogfire.span_type=pending_span\nlogfire.pending_parent_id=1", "other PENDING=1"},
        {"x\nlogfire.span_type=log", "other PENDING=1"}, {"x\nlogfire.span_type=span", "other"},
        {"x\nlogfire.span_type=log\nlogfire.level_num:=17", "other error PENDING=1"},
        {"x\nlogfire.level_num:=13", "other"});
}

static void
reads_openlit_mastra_genkit_and_mcp(void **unused)
{
    (void)unused;
    EXPECT(
        {"x\ngen_ai.operation.name=chat\ngen_ai.usage.input_tokens:=5\n"
         "gen_ai.usage.completion_tokens_details.reasoning:=2\ngen_ai.usage.cost:=0.5",
         "llm in=5 reasoning=2 COST=0.5"},
        {"x\ngen_ai.operation.name=vectordb", "retriever"},
        {"x\ngen_ai.operation.name=framework", "chain"},
        {"agent run: 'router'\nmastra.span.type=agent_run", "agent agent=router(span name)"},
        {"x\nmastra.span.type=model_generation\nmastra.model=m\nmastra.provider=openai.chat\n"
         "mastra.usage={\"inputTokens\":9,\"outputTokens\":4,\"cachedInputTokens\":3}\n"
         "mastra.streaming:=true\nmastra.metadata={\"threadId\":\"t\",\"resourceId\":\"u\"}",
         "llm model=m provider=openai in=9 cached=3 out=4 SESSION=t USER=u STREAMING=1"},
        {"step: 1\nmastra.span.type=model_step", "chain op=step: #"},
        {"x\nmastra.span.type=model_chunk", "other PENDING=1"},
        {"tool: 'search'\nmastra.span.type=tool_call", "tool tool=search"},
        {"x\nmastra.span.type=generic\ngen_ai.operation.name=chat", "llm"},
        {"x\ngenkit:metadata:subtype=model", "llm"},
        {"x\nmcp.method.name=tools/call\ngen_ai.tool.name=t", "tool tool=t"},
        {"tools/call t\nmcp.method.name=tools/call", "tool tool=t"},
        {"x\nmcp.method.name=tools/list", "other"});
}

static void
keeps_the_agent_of_a_chat_or_tool_span_as_context(void **unused)
{
    (void)unused;
    EXPECT({"chat\ngen_ai.operation.name=chat\ngen_ai.agent.name=planner",
            "llm agent=planner(gen_ai.agent.name)"},
           {"x\ngen_ai.tool.name=t\ngen_ai.agent.name=planner\ngen_ai.agent.id=1",
            "tool agent=planner(gen_ai.agent.name) tool=t AGENT_ID=1"},
           {"x\ngen_ai.agent.name=planner", "other agent=planner(gen_ai.agent.name)"});
}

static void
prefers_the_eight_rules_of_identity_in_turn(void **unused)
{
    (void)unused;
    static const char *const rules[][2] = {
        {"gen_ai.agent.name=one", "agent agent=one(gen_ai.agent.name)"},
        {"agent.name=two", "agent agent=two(agent.name)"},
        {"agent_name=three", "agent agent=three(agent_name)"},
        {"traceloop.entity.name=four", "agent agent=four(entity)"},
        {"metadata={\"lc_agent_name\":\"five\"}", "agent agent=five(metadata)"},
        {"langsmith.metadata.langgraph_checkpoint_ns=fiver:1|tools:2",
         "agent agent=fiver(metadata)"},
        {"resource.name=six", "agent agent=six(function id)"},
        {"openinference.span.kind=AGENT", "agent agent=seven(span name)"},
    };
    for (size_t i = 0; i < NJ_LEN(rules); i++) {
        struct nj_buf span = {0};
        nj_buf_put_text(&span, "invoke_agent seven\nopeninference.span.kind=AGENT");
        for (size_t k = i; k < NJ_LEN(rules) - 1; k++)
            nj_buf_printf(&span, "\n%s", rules[k][0]);
        nj_buf_put_char(&span, '\0');
        reading_expect_all(&(struct reading_case){span.ptr, rules[i][1]}, 1);
        nj_buf_fini(&span);
    }
}

static void
takes_the_service_and_host_of_the_resource(void **unused)
{
    (void)unused;
    EXPECT({"x\n^service.name=shop\n^host.name=h", "other service=shop host=h"},
           {"x\n^service.name=unknown_service:node\n^host.id=i\n^host.name=h", "other host=i"},
           {"x\n^openinference.project.name=p\n^host.ip:=[10.0.0.1,10.0.0.2]",
            "other service=p host=10.0.0.1"},
           {"x\n^service.name=\n^openinference.project.name=p", "other service=p"});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_opentelemetry),
        cmocka_unit_test(reads_deprecated_opentelemetry),
        cmocka_unit_test(reads_openinference),
        cmocka_unit_test(reads_langgraph_metadata),
        cmocka_unit_test(reads_openllmetry),
        cmocka_unit_test(reads_langfuse),
        cmocka_unit_test(reads_langsmith),
        cmocka_unit_test(reads_ai_sdk),
        cmocka_unit_test(reads_mlflow),
        cmocka_unit_test(reads_agentops),
        cmocka_unit_test(reads_pydantic_ai_and_logfire),
        cmocka_unit_test(reads_openlit_mastra_genkit_and_mcp),
        cmocka_unit_test(keeps_the_agent_of_a_chat_or_tool_span_as_context),
        cmocka_unit_test(prefers_the_eight_rules_of_identity_in_turn),
        cmocka_unit_test(takes_the_service_and_host_of_the_resource),
    };
    return cmocka_run_group_tests_name("conventions", tests, NULL, NULL);
}
