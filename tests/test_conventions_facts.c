/* test_conventions_facts.c - what spans and their events say beyond the columns of a row. */
#include "base/buf.h"
#include "base/hash.h"
#include "schema/facts.h"
#include "tests/reading.h"

#define EXPECT(...)                                                                            \
    static const struct reading_case cases[] = {__VA_ARGS__};                                  \
    reading_expect_all(cases, NJ_LEN(cases))

static void
takes_exceptions_from_events_with_their_times(void **unused)
{
    (void)unused;
    EXPECT(
        {"x\nstatus=error it broke\nerror.type=E\n!exception 250\nexception.type=a.B\n"
         "exception.message=broke\nexception.stacktrace=long",
         "other error STATUS_MESSAGE=it broke ERROR_TYPE=E "
         "EXCEPTION_TIME=1767225600250000000 EXCEPTION_TYPE=a.B EXCEPTION_MESSAGE=broke"},
        {"x\n!exception 1\nexception.message=m\n!note 2\nmessage=hi\n!error 3\nerror.kind=K\n"
         "message=n",
         "other EXCEPTION_TIME=1767225600001000000 EXCEPTION_TYPE= EXCEPTION_MESSAGE=m "
         "EXCEPTION_TIME=1767225600003000000 EXCEPTION_TYPE=K EXCEPTION_MESSAGE=n"},
        {"x\n!gen_ai.client.operation.exception 0\nerror.type=T",
         "other EXCEPTION_TIME=1767225600000000000 EXCEPTION_TYPE=T EXCEPTION_MESSAGE="},
        {"x\n!odd name 0\nexception.type=T",
         "other EXCEPTION_TIME=1767225600000000000 EXCEPTION_TYPE=T EXCEPTION_MESSAGE="});
}

static void
takes_errors_of_every_dialect(void **unused)
{
    (void)unused;
    EXPECT({"x\nlangfuse.observation.level=ERROR\nlangfuse.observation.status_message=bad",
            "other error STATUS_MESSAGE=bad"},
           {"x\nlangfuse.observation.level=WARNING", "other"},
           {"x\nerror.type=T\nerror.message=m", "other STATUS_MESSAGE=m ERROR_TYPE=T"},
           {"x\nstatus=error told\nerror.message=m", "other error STATUS_MESSAGE=told"},
           {"x\nhttp.response.status_code:=503\nhttp.request.resend_count:=2",
            "other HTTP_STATUS=503 RETRY_COUNT=2"},
           {"x\nhttp.status_code:=404\nrpc.grpc.status_code:=14",
            "other HTTP_STATUS=404 GRPC_STATUS=14"},
           {"x\nretry.attempt:=1", "other RETRY_COUNT=1"});
}

static void
cuts_long_messages_between_characters(void **unused)
{
    (void)unused;
    struct nj_buf span = {0};

    nj_buf_put_text(&span, "x\nstatus=error a");
    for (int i = 0; i < 300; i++)
        nj_buf_put_text(&span, "\xc3\xa4");
    nj_buf_put_char(&span, '\0');
    char *got = reading_of(span.ptr, READING_AS_GIVEN, 0);
    const char *message = strstr(got, "STATUS_MESSAGE=") + strlen("STATUS_MESSAGE=");
    assert_int_equal(strlen(message), 511);
    assert_memory_equal(message + 509, "\xc3\xa4", 2);
    free(got);
    nj_buf_fini(&span);
}

static void
reads_finish_reasons_as_lists_and_texts(void **unused)
{
    (void)unused;
    EXPECT({"x\ngen_ai.response.finish_reasons:=[stop,length]",
            "other FINISH_REASON=stop FINISH_REASON=length"},
           {"x\nllm.finish_reason=stop", "other FINISH_REASON=stop"},
           {"x\nai.response.finishReason=tool-calls", "other FINISH_REASON=tool-calls"},
           {"x\ngen_ai.completion.0.finish_reason=stop", "other FINISH_REASON=stop"});
}

static void
reads_first_tokens_in_every_unit(void **unused)
{
    (void)unused;
    EXPECT({"x\ngen_ai.response.time_to_first_chunk:=0.25\ngen_ai.request.stream:=true",
            "other STREAMING=1 FIRST_TOKEN_NS=250000000"},
           {"x\ngen_ai.client.operation.time_to_first_chunk:=0.25",
            "other FIRST_TOKEN_NS=250000000"},
           {"x\nai.response.msToFirstChunk:=250.5", "other FIRST_TOKEN_NS=250500000"},
           {"x\ngen_ai.server.time_to_first_token:=1", "other FIRST_TOKEN_NS=1000000000"},
           {"x\nlangfuse.observation.completion_start_time=\"2026-01-01T00:00:00.125Z\"",
            "other FIRST_TOKEN_NS=125000000"},
           {"x\nlangfuse.observation.completion_start_time=2025-01-01T00:00:00Z", "other"},
           {"x\n!First Token Stream Event 30", "other FIRST_TOKEN_NS=30000000"},
           {"x\n!llm.content.completion.chunk 90\n!llm.content.completion.chunk 40",
            "other FIRST_TOKEN_NS=40000000"},
           {"x\nai.response.msToFirstChunk:=7.0\n!ai.stream.firstChunk 90",
            "other FIRST_TOKEN_NS=7000000"});
}

static void
reads_evaluations_of_events_and_attributes(void **unused)
{
    (void)unused;
    EXPECT(
        {"x\n!gen_ai.evaluation.result 5\ngen_ai.evaluation.name=Relevance\n"
         "gen_ai.evaluation.score.value:=0.5\ngen_ai.evaluation.score.label=fail",
         "other EVALUATION_LABEL=fail EVALUATION_SCORE=0.5"},
        {"x\nannotations.0.annotation.label=good\nannotations.1.annotation.label=bad\n"
         "annotations.1.annotation.score:=0.25",
         "other EVALUATION_LABEL=good EVALUATION_LABEL=bad EVALUATION_SCORE=0.25"},
        {"x\ntrace.annotations.0.annotation.label=bad\n"
         "session.evaluations.0.evaluation.score:=0.75",
         "other EVALUATION_LABEL=bad EVALUATION_SCORE=0.75"},
        {"x\nmlflow.trace.assessments=[{\"name\":\"a\",\"feedback\":{\"value\":\"incorrect\"}},"
         "{\"name\":\"b\",\"expectation\":{\"value\":\"Oslo\"}},{\"name\":\"c\",\"feedback\":"
         "{\"value\":false}},{\"name\":\"d\",\"feedback\":{\"value\":0.5}}]",
         "other EVALUATION_LABEL=incorrect EVALUATION_LABEL=false EVALUATION_SCORE=0.5"});
}

static void
finds_calls_in_attributes(void **unused)
{
    (void)unused;
    EXPECT(
        {"x\nopeninference.span.kind=LLM\nllm.output_messages.0.message.tool_calls.0.tool_call."
         "id"
         "=call_b\nllm.output_messages.0.message.tool_calls.1.tool_call.id=call_b\n"
         "llm.input_messages.2.message.tool_call_id=call_a\n"
         "llm.input_messages.1.message.tool_calls.0.tool_call.id=call_a",
         "llm CALL_REQUESTED=call_b CALL_ANSWERED=call_a"},
        {"x\nllm.request.type=chat\ngen_ai.completion.0.tool_calls.0.id=call_b\n"
         "gen_ai.prompt.3.tool_call_id=call_a",
         "llm CALL_REQUESTED=call_b CALL_ANSWERED=call_a"},
        {"x\nopeninference.span.kind=AGENT\nllm.input_messages.2.message.tool_call_id=call_a",
         "agent agent=x(span name)"});
}

static void
finds_calls_in_messages_of_every_form(void **unused)
{
    (void)unused;
    EXPECT(
        {"x\ngen_ai.operation.name=chat\ngen_ai.output.messages=[{\"role\":\"assistant\","
         "\"parts\":[{\"type\":\"text\",\"content\":\"a\"},{\"type\":\"tool_call\",\"id\":"
         "\"call_b\",\"name\":\"t\",\"arguments\":{\"id\":\"no\",\"type\":\"tool_call\"}}]}]\n"
         "gen_ai.input.messages=[{\"role\":\"assistant\",\"parts\":[{\"type\":\"tool_call\","
         "\"id\":\"call_a\"}]},{\"role\":\"tool\",\"parts\":[{\"type\":\"tool_call_response\","
         "\"id\":\"call_a\",\"response\":\"r\"}]}]",
         "llm CALL_REQUESTED=call_b CALL_ANSWERED=call_a"},
        {"x\nai.operationId=ai.generateText.doGenerate\nai.response.toolCalls=[{\"toolCallId\":"
         "\"call_b\",\"toolName\":\"t\"}]\nai.prompt.messages=[{\"role\":\"assistant\","
         "\"content\":[{\"type\":\"tool-call\",\"toolCallId\":\"call_z\"}]},{\"role\":\"tool\","
         "\"content\":[{\"type\":\"tool-result\",\"toolCallId\":\"call_a\"}]}]",
         "llm CALL_REQUESTED=call_b CALL_ANSWERED=call_a"},
        {"x\nopeninference.span.kind=LLM\noutput.value={\"role\":\"assistant\",\"tool_calls\":"
         "[{\"id\":\"call_b\",\"type\":\"function\"}]}\ninput.value={\"messages\":[{\"role\":"
         "\"tool\",\"tool_call_id\":\"call_a\",\"id\":\"m\"}]}",
         "llm CALL_REQUESTED=call_b CALL_ANSWERED=call_a"},
        {"x\nlangfuse.observation.type=generation\nlangfuse.observation.output={\"content\":"
         "[{\"type\":\"tool_use\",\"id\":\"call_b\",\"name\":\"t\"}]}\n"
         "langfuse.observation.input=[{\"role\":\"user\",\"content\":[{\"type\":"
         "\"tool_result\",\"tool_use_id\":\"call_a\"}]}]",
         "llm CALL_REQUESTED=call_b CALL_ANSWERED=call_a"},
        {"x\nopeninference.span.kind=LLM\noutput.value=[{\"type\":\"function_call\",\"id\":"
         "\"fc_1\",\"callId\":\"call_b\"}]\ninput.value=[{\"type\":\"function_call_result\","
         "\"callId\":\"call_a\",\"id\":\"fr_1\"}]",
         "llm CALL_REQUESTED=call_b CALL_ANSWERED=call_a"},
        {"chat m\ngen_ai.operation.name=chat\nevents=[{\"event.name\":"
         "\"gen_ai.assistant.message\",\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
         "\"call_a\"}]},{\"event.name\":\"gen_ai.tool.message\",\"id\":\"call_a\",\"role\":"
         "\"tool\"},{\"event.name\":\"gen_ai.choice\",\"message\":{\"role\":\"assistant\","
         "\"tool_calls\":[{\"id\":\"call_b\",\"type\":\"function\"}]}}]",
         "llm CALL_REQUESTED=call_b CALL_ANSWERED=call_a"},
        {"chat m\ngen_ai.operation.name=chat\n!gen_ai.assistant.message 0\ntool_calls="
         "[{\"id\":\"call_a\",\"type\":\"function\"}]\n!gen_ai.tool.message 1\nid=call_a\n"
         "!gen_ai.choice 900\nmessage={\"tool_calls\":[{\"id\":\"call_b\"}]}",
         "llm CALL_REQUESTED=call_b CALL_ANSWERED=call_a"},
        {"x\ngen_ai.operation.name=chat\ngen_ai.output.messages=[{\"tool_calls\":[{\"id\":"
         "\"call_b\"}]},{\"tool_calls\":",
         "llm CALL_REQUESTED=call_b"});
}

static void
reads_deep_messages_without_recursion(void **unused)
{
    (void)unused;
    struct nj_buf span = {0};

    nj_buf_put_text(&span, "x\ngen_ai.operation.name=chat\ngen_ai.output.messages=");
    for (int i = 0; i < 400; i++)
        nj_buf_put_char(&span, '[');
    nj_buf_put_text(&span, "{\"type\":\"tool_call\",\"id\":\"deep\"}");
    for (int i = 0; i < 400; i++)
        nj_buf_put_char(&span, ']');
    nj_buf_put_char(&span, '\0');
    char *got = reading_of(span.ptr, READING_AS_GIVEN, 0);
    assert_string_equal(got, "llm");
    free(got);
    nj_buf_fini(&span);
}

static void
tells_the_call_that_a_tool_serves(void **unused)
{
    (void)unused;
    EXPECT(
        {"t\ngen_ai.operation.name=execute_tool\ngen_ai.tool.call.id=call_a",
         "tool tool=t TOOL_CALL_ID=call_a"},
        {"t\nopeninference.span.kind=TOOL\ntool.id=call_a", "tool tool=t TOOL_CALL_ID=call_a"},
        {"t\nai.operationId=ai.toolCall\nai.toolCall.id=call_a",
         "tool tool=t TOOL_CALL_ID=call_a"},
        {"t\nopeninference.span.kind=TOOL\noutput.value={\"output\":{\"lc\":1,\"id\":[\"m\"],"
         "\"kwargs\":{\"status\":\"success\",\"content\":\"21C\",\"tool_call_id\":\"call_a\"}}"
         "}",
         "tool tool=t TOOL_CALL_ID=call_a"});
}

static void
sees_structured_failures_of_tools(void **unused)
{
    (void)unused;
    EXPECT({"t\nopeninference.span.kind=TOOL\noutput.value={\"isError\":true,\"content\":"
            "[{\"type\":\"text\",\"text\":\"no such file\"}]}",
            "tool tool=t TOOL_FAILED=1 TOOL_FAILED_TEXT=no such file"},
           {"t\ngen_ai.tool.name=t\ngen_ai.tool.call.result={\"success\": false, \"message\": "
            "\"m\"}",
            "tool tool=t TOOL_FAILED=1 TOOL_FAILED_TEXT=m"},
           {"t\ngen_ai.tool.name=t\ngen_ai.tool.call.result={\"status\":\"FAILED\"}",
            "tool tool=t TOOL_FAILED=1"},
           {"t\ngen_ai.tool.name=t\ngen_ai.tool.call.result={\"error\":\"timeout\",\"message\":"
            "\"m\"}",
            "tool tool=t TOOL_FAILED=1 TOOL_FAILED_TEXT=timeout"},
           {"t\ngen_ai.tool.name=t\ngen_ai.tool.call.result={\"error\":{\"code\":7,\"message\":"
            "\"deep\"}}",
            "tool tool=t TOOL_FAILED=1 TOOL_FAILED_TEXT=deep"},
           {"t\nopeninference.span.kind=TOOL\noutput.value={\"output\":{\"kwargs\":{\"status\":"
            "\"error\",\"content\":\"boom\"}}}",
            "tool tool=t TOOL_FAILED=1 TOOL_FAILED_TEXT=boom"},
           {"t\ngen_ai.tool.name=t\ngen_ai.tool.call.result={\"error\":null,\"success\":true,"
            "\"isError\":false,\"status\":\"shipped\"}",
            "tool tool=t"},
           {"t\ngen_ai.tool.name=t\ngen_ai.tool.call.result={\"error\":\"\"}", "tool tool=t"},
           {"t\ngen_ai.tool.name=t\ngen_ai.tool.call.result={\"items\":[{\"error\":\"x\"}]}",
            "tool tool=t"},
           {"t\ngen_ai.tool.name=t\ngen_ai.tool.call.result=Error: it broke", "tool tool=t"},
           {"x\nopeninference.span.kind=CHAIN\noutput.value={\"error\":\"timeout\"}", "chain"});
}

static int64_t
arguments_hash(const char *arguments)
{
    struct nj_buf span = {0};
    long long hash = 0;

    nj_buf_printf(&span, "t\ngen_ai.tool.name=t\ngen_ai.tool.call.arguments=%s", arguments);
    char *got = reading_of(span.ptr, READING_AS_GIVEN, 0);
    const char *fact = strstr(got, "ARGUMENTS_HASH=");
    assert_non_null(fact);
    hash = strtoll(fact + strlen("ARGUMENTS_HASH="), NULL, 10);
    free(got);
    nj_buf_fini(&span);
    return hash;
}

static void
hashes_arguments_without_blanks_outside_strings(void **unused)
{
    (void)unused;
    int64_t plain = arguments_hash("{\"a\":1,\"b\":\"x y\"}");

    assert_int_equal(plain, (int64_t)nj_hash(NJ_SLICE("{\"a\":1,\"b\":\"x y\"}")));
    assert_int_equal(arguments_hash("{ \"a\": 1,\t\"b\" : \"x y\" }"), plain);
    assert_int_not_equal(arguments_hash("{\"a\":1,\"b\":\"xy\"}"), plain);
    assert_int_equal(arguments_hash("{\"a\":\"q\\\" \"}"),
                     (int64_t)nj_hash(NJ_SLICE("{\"a\":\"q\\\" \"}")));
}

static void
names_both_sides_of_a_hand_off(void **unused)
{
    (void)unused;
    EXPECT({"handoff to B\nopeninference.span.kind=TOOL\ntool.name=handoff_to_B\n"
            "input.value={\"from_agent\":\"A\"}\noutput.value={\"to_agent\":\"B\"}",
            "handoff tool=handoff_to_B HANDOFF_FROM=A HANDOFF_TO=B"},
           {"handoff to "
            "B\nopeninference.span.kind=TOOL\ntool.name=h\ninput.value=A\noutput.value=B",
            "handoff tool=h HANDOFF_FROM=A HANDOFF_TO=B"},
           {"Handoff: A \xe2\x86\x92 B\nlogfire.span_type=span",
            "handoff HANDOFF_FROM=A HANDOFF_TO=B"},
           {"x\ngen_ai.tool.name=transfer_to_Billing", "tool tool=transfer_to_Billing "
                                                       "HANDOFF_TO=Billing"},
           {"B\nopeninference.span.kind=AGENT\ngraph.node.id=B\ngraph.node.parent_id=A",
            "agent agent=B(entity) HANDOFF_FROM=A"},
           {"x\ngen_ai.handoff.from_agent=A\ngen_ai.handoff.to_agent=B",
            "handoff HANDOFF_FROM=A HANDOFF_TO=B"});
}

static void
keeps_sampling_rates_by_the_row_of_their_table(void **unused)
{
    (void)unused;
    EXPECT({"x\nSampleRate:=20\n~tailsampling.policy=errors",
            "other WEIGHT_SOURCE=10 WEIGHT_VALUE=20 WEIGHT_SOURCE=31 WEIGHT_VALUE=errors"},
           {"x\nsampler.param=0.01\nsampler.type=probabilistic",
            "other WEIGHT_SOURCE=21 WEIGHT_VALUE=probabilistic WEIGHT_SOURCE=22 "
            "WEIGHT_VALUE=0.01"});
}

static void
keeps_sessions_users_hashes_and_costs(void **unused)
{
    (void)unused;
    EXPECT({"x\ngen_ai.conversation.id=c\nuser.id=u\ninput.value.hash=h1\noutput.value.hash=h2",
            "other SESSION=c USER=u INPUT_HASH=h1 OUTPUT_HASH=h2"},
           {"x\ntraceloop.association.properties.session_id=s\nenduser.id=u",
            "other SESSION=s USER=u"},
           {"x\nlangfuse.session.id=s\nlangfuse.user.id=u", "other SESSION=s USER=u"},
           {"x\nai.settings.context.sessionId=s\nai.telemetry.metadata.userId=u",
            "other SESSION=s USER=u"},
           {"x\nmlflow.trace.session=\"s\"\nmlflow.trace.user=\"u\"", "other SESSION=s USER=u"},
           {"x\nllm.cost.prompt:=0.25\nllm.cost.completion:=0.5", "other COST=0.75"},
           {"x\nllm.cost.total:=0.5\nllm.cost.prompt:=0.25", "other COST=0.5"},
           {"x\nlangfuse.observation.cost_details={\"input\":0.25,\"output\":0.5}",
            "other COST=0.75"},
           {"x\nlangfuse.observation.cost_details={\"input\":0.25,\"total\":0.5}",
            "other COST=0.5"},
           {"x\nmlflow.llm.cost={\"input_cost\": 0.25, \"total_cost\": 0.5}", "other COST=0.5"},
           {"x\nzipkin.shared:=true\nhost.name=h", "other SHARED=1 HOST=h"});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_exceptions_from_events_with_their_times),
        cmocka_unit_test(takes_errors_of_every_dialect),
        cmocka_unit_test(cuts_long_messages_between_characters),
        cmocka_unit_test(reads_finish_reasons_as_lists_and_texts),
        cmocka_unit_test(reads_first_tokens_in_every_unit),
        cmocka_unit_test(reads_evaluations_of_events_and_attributes),
        cmocka_unit_test(finds_calls_in_attributes),
        cmocka_unit_test(finds_calls_in_messages_of_every_form),
        cmocka_unit_test(reads_deep_messages_without_recursion),
        cmocka_unit_test(tells_the_call_that_a_tool_serves),
        cmocka_unit_test(sees_structured_failures_of_tools),
        cmocka_unit_test(hashes_arguments_without_blanks_outside_strings),
        cmocka_unit_test(names_both_sides_of_a_hand_off),
        cmocka_unit_test(keeps_sampling_rates_by_the_row_of_their_table),
        cmocka_unit_test(keeps_sessions_users_hashes_and_costs),
    };
    return cmocka_run_group_tests_name("conventions_facts", tests, NULL, NULL);
}
