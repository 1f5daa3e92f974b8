/* generate_trace.c - one made-up trace: what an agent does, and what is recorded of it. */
#include "bench/generate.h"

#include <stdio.h>
#include <stdlib.h>

const char *const service_names[SERVICES_LEN] = {
    "gateway", "planner", "researcher", "writer",  "reviewer",  "coder",
    "browser", "memory",  "search-api", "payment", "inventory", "notifier",
};

static const char *const models[] = {"gpt-4o", "gpt-4o-mini", "claude-sonnet-4",
                                     "gemini-2.5-pro"};
static const char *const tools[] = {"web_search", "read_file",  "run_tests", "lookup_order",
                                    "send_mail",  "calculator", "query_db",  "render_chart"};
static const char *const words[] = {
    "the",     "order",   "agent",   "should",   "check",   "whether", "refund", "was",
    "already", "sent",    "to",      "café",     "support", "return",  "a",      "summary",
    "of",      "all",     "results", "in",       "table",   "with",    "prices", "and",
    "before",  "Friday",  "please",  "customer", "shows",   "答案",    "is",     "not",
    "found",   "compare", "both",    "€",        "sources", "answer",  "in",     "short",
};

enum value_maker {
    MAKE_TEXT, /* the text as it stands */
    MAKE_INT,  /* from `low` to `high` */
    MAKE_REAL, /* hundredths from `low` to `high` */
    MAKE_BOOL,
    MAKE_ID, /* the text and 24 hexadecimal digits */
    MAKE_AGENT,
    MAKE_MODEL,
    MAKE_TOOL,
    MAKE_LIST,      /* of the one text */
    MAKE_PROMPT,    /* messages in JSON, `low` to `high` words */
    MAKE_ARGUMENTS, /* a small JSON object */
};

struct attr_row {
    const char *key;
    enum value_maker maker;
    const char *text;
    int low, high;
};

static const struct attr_row agent_rows[] = {
    {"gen_ai.operation.name", MAKE_TEXT, "invoke_agent", 0, 0},
    {"gen_ai.provider.name", MAKE_TEXT, "openai", 0, 0},
    {"gen_ai.agent.name", MAKE_AGENT, NULL, 0, 0},
    {"gen_ai.agent.id", MAKE_ID, "asst_", 0, 0},
    {"gen_ai.agent.description", MAKE_TEXT, "Plans, delegates and reports back to the caller",
     0, 0},
    {"gen_ai.conversation.id", MAKE_ID, "conv_", 0, 0},
    {"gen_ai.request.model", MAKE_MODEL, NULL, 0, 0},
    {"gen_ai.usage.input_tokens", MAKE_INT, NULL, 200, 9000},
    {"gen_ai.usage.output_tokens", MAKE_INT, NULL, 20, 1500},
    {"gen_ai.output.type", MAKE_TEXT, "text", 0, 0},
    {"server.address", MAKE_TEXT, "api.openai.com", 0, 0},
    {"server.port", MAKE_INT, NULL, 443, 443},
};
static const struct attr_row chat_rows[] = {
    {"gen_ai.operation.name", MAKE_TEXT, "chat", 0, 0},
    {"gen_ai.provider.name", MAKE_TEXT, "openai", 0, 0},
    {"gen_ai.request.model", MAKE_MODEL, NULL, 0, 0},
    {"gen_ai.request.temperature", MAKE_REAL, NULL, 0, 100},
    {"gen_ai.request.max_tokens", MAKE_INT, NULL, 4096, 4096},
    {"gen_ai.response.model", MAKE_MODEL, NULL, 0, 0},
    {"gen_ai.response.id", MAKE_ID, "chatcmpl-", 0, 0},
    {"gen_ai.response.finish_reasons", MAKE_LIST, "stop", 0, 0},
    {"gen_ai.usage.input_tokens", MAKE_INT, NULL, 200, 9000},
    {"gen_ai.usage.output_tokens", MAKE_INT, NULL, 20, 1500},
    {"gen_ai.agent.name", MAKE_AGENT, NULL, 0, 0},
    {"gen_ai.conversation.id", MAKE_ID, "conv_", 0, 0},
    {"server.address", MAKE_TEXT, "api.openai.com", 0, 0},
    {"gen_ai.input.messages", MAKE_PROMPT, "user", 60, 520},
    {"gen_ai.output.messages", MAKE_PROMPT, "assistant", 10, 120},
};
static const struct attr_row tool_rows[] = {
    {"gen_ai.operation.name", MAKE_TEXT, "execute_tool", 0, 0},
    {"gen_ai.tool.name", MAKE_TOOL, NULL, 0, 0},
    {"gen_ai.tool.type", MAKE_TEXT, "function", 0, 0},
    {"gen_ai.tool.call.id", MAKE_ID, "call_", 0, 0},
    {"gen_ai.tool.description", MAKE_TEXT, "Looks something up and gives it back as text", 0,
     0},
    {"gen_ai.tool.call.arguments", MAKE_ARGUMENTS, NULL, 0, 0},
    {"gen_ai.agent.name", MAKE_AGENT, NULL, 0, 0},
    {"code.function.name", MAKE_TEXT, "agents.tools.dispatch", 0, 0},
    {"code.line.number", MAKE_INT, NULL, 10, 900},
    {"thread.id", MAKE_INT, NULL, 1, 64},
    {"thread.name", MAKE_TEXT, "worker-pool", 0, 0},
    {"retry.enabled", MAKE_BOOL, NULL, 0, 0},
};
static const struct attr_row http_rows[] = {
    {"http.request.method", MAKE_TEXT, "POST", 0, 0},
    {"url.full", MAKE_ID, "https://inventory.example.org/v2/items/", 0, 0},
    {"url.scheme", MAKE_TEXT, "https", 0, 0},
    {"server.address", MAKE_TEXT, "inventory.example.org", 0, 0},
    {"server.port", MAKE_INT, NULL, 443, 443},
    {"http.response.status_code", MAKE_INT, NULL, 200, 200},
    {"http.response.body.size", MAKE_INT, NULL, 80, 90000},
    {"network.protocol.name", MAKE_TEXT, "http", 0, 0},
    {"network.protocol.version", MAKE_TEXT, "1.1", 0, 0},
    {"network.peer.address", MAKE_TEXT, "10.18.4.77", 0, 0},
    {"user_agent.original", MAKE_TEXT, "python-httpx/0.27.0", 0, 0},
    {"http.request.resend_count", MAKE_INT, NULL, 0, 0},
};
static const struct attr_row db_rows[] = {
    {"db.system.name", MAKE_TEXT, "postgresql", 0, 0},
    {"db.namespace", MAKE_TEXT, "shop", 0, 0},
    {"db.operation.name", MAKE_TEXT, "SELECT", 0, 0},
    {"db.collection.name", MAKE_TEXT, "orders", 0, 0},
    {"db.query.text", MAKE_TEXT,
     "SELECT id, \"status\", total FROM orders WHERE customer_id = $1 ORDER BY id", 0, 0},
    {"db.response.returned_rows", MAKE_INT, NULL, 0, 200},
    {"server.address", MAKE_TEXT, "orders-db.internal", 0, 0},
    {"server.port", MAKE_INT, NULL, 5432, 5432},
    {"network.transport", MAKE_TEXT, "tcp", 0, 0},
    {"thread.id", MAKE_INT, NULL, 1, 64},
    {"thread.name", MAKE_TEXT, "worker-pool", 0, 0},
    {"db.client.pool", MAKE_ID, "pool-", 0, 0},
};

enum role { ROLE_AGENT, ROLE_CHAT, ROLE_TOOL, ROLE_HTTP, ROLE_DB };

static const struct {
    const struct attr_row *rows;
    size_t rows_len;
    enum nj_otel_kind otel_kind;
    int low_ms, high_ms;
    int errors_in_1000;
} roles[] = {
    [ROLE_AGENT] = {agent_rows, NJ_LEN(agent_rows), NJ_OTEL_INTERNAL, 1, 20, 10},
    [ROLE_CHAT] = {chat_rows, NJ_LEN(chat_rows), NJ_OTEL_CLIENT, 300, 4000, 20},
    [ROLE_TOOL] = {tool_rows, NJ_LEN(tool_rows), NJ_OTEL_INTERNAL, 5, 60, 40},
    [ROLE_HTTP] = {http_rows, NJ_LEN(http_rows), NJ_OTEL_CLIENT, 20, 900, 30},
    [ROLE_DB] = {db_rows, NJ_LEN(db_rows), NJ_OTEL_CLIENT, 1, 90, 10},
};

struct maker {
    struct made_trace *trace;
    uint64_t *seed;
    struct nj_trace_id id;
    bool has_prompts, has_failed;
    struct nj_buf text;
};

static int
between(struct maker *m, int low, int high)
{
    return low + (int)random_below(m->seed, (uint64_t)(high - low) + 1);
}

static struct nj_slice
text_keep(struct maker *m)
{
    struct nj_slice kept = nj_arena_copy(m->trace->arena, nj_buf_slice(&m->text));
    m->has_failed |= m->text.is_failed || !kept.ptr;
    m->text.len = 0;
    return kept;
}

/* Messages as they are recorded: JSON inside a string, the text with lines and quotes. */
static void
prompt_put(struct maker *m, const struct attr_row *row)
{
    nj_buf_printf(&m->text, "[{\"role\":\"%s\",\"parts\":[{\"type\":\"text\",\"content\":\"",
                  row->text);
    for (int i = between(m, row->low, row->high); i > 0; i--) {
        const char *word = words[random_below(m->seed, NJ_LEN(words))];
        uint64_t style = random_below(m->seed, 24);
        nj_buf_put_text(&m->text, style == 0 ? "\\\"" : "");
        nj_buf_put_text(&m->text, word);
        nj_buf_put_text(&m->text, style == 0 ? "\\\" " : style == 1 ? ".\\n" : " ");
    }
    nj_buf_put_text(&m->text, "\"}]}]");
}

static void
id_put(struct maker *m, const char *prefix)
{
    nj_buf_printf(&m->text, "%s%016llx%08llx", prefix, (unsigned long long)random_next(m->seed),
                  (unsigned long long)random_below(m->seed, 1u << 31));
}

static struct nj_value
value_make(struct maker *m, const struct attr_row *row, unsigned service)
{
    struct nj_value value = {.type = NJ_VALUE_STRING};

    switch (row->maker) {
    case MAKE_TEXT:
        value.bytes = nj_slice_of(row->text);
        break;
    case MAKE_INT:
        return (struct nj_value){.type = NJ_VALUE_INT,
                                 .integer = between(m, row->low, row->high)};
    case MAKE_REAL:
        return (struct nj_value){.type = NJ_VALUE_DOUBLE,
                                 .real = between(m, row->low, row->high) / 100.0};
    case MAKE_BOOL:
        return (struct nj_value){.type = NJ_VALUE_BOOL,
                                 .boolean = random_below(m->seed, 2) == 0};
    case MAKE_ID:
        id_put(m, row->text);
        value.bytes = text_keep(m);
        break;
    case MAKE_AGENT:
        value.bytes = nj_slice_of(service_names[service]);
        break;
    case MAKE_MODEL:
        value.bytes = nj_slice_of(models[service % NJ_LEN(models)]);
        break;
    case MAKE_TOOL:
        value.bytes = nj_slice_of(tools[random_below(m->seed, NJ_LEN(tools))]);
        break;
    case MAKE_LIST:
        value.bytes = nj_slice_of(row->text);
        nj_value_write(&m->text, &value);
        value = (struct nj_value){.type = NJ_VALUE_ARRAY, .bytes = text_keep(m)};
        break;
    case MAKE_PROMPT:
        prompt_put(m, row);
        value.bytes = text_keep(m);
        break;
    case MAKE_ARGUMENTS:
        nj_buf_printf(&m->text, "{\"query\":\"%s %s\",\"limit\":%d,\"exact\":true}",
                      words[random_below(m->seed, NJ_LEN(words))],
                      words[random_below(m->seed, NJ_LEN(words))], between(m, 1, 50));
        value.bytes = text_keep(m);
        break;
    }
    return value;
}

static struct nj_attrs
attrs_make(struct maker *m, const struct attr_row *rows, size_t len, unsigned service)
{
    struct nj_attr *list = NJ_NEW(m->trace->arena, struct nj_attr, len);
    struct nj_attrs attrs = {.list = list};

    m->has_failed |= !list;
    for (size_t i = 0; i < len && list; i++)
        if (rows[i].maker != MAKE_PROMPT || m->has_prompts)
            list[attrs.len++] =
                (struct nj_attr){nj_slice_of(rows[i].key), value_make(m, &rows[i], service)};
    return attrs;
}

struct nj_attrs
resource_make(struct nj_arena *arena, unsigned service)
{
    static const struct attr_row rows[] = {
        {"service.name", MAKE_AGENT, NULL, 0, 0},
        {"service.version", MAKE_TEXT, "1.4.2", 0, 0},
        {"deployment.environment.name", MAKE_TEXT, "ci", 0, 0},
        {"host.name", MAKE_ID, "node-", 0, 0},
        {"process.pid", MAKE_INT, NULL, 100, 60000},
        {"telemetry.sdk.language", MAKE_TEXT, "python", 0, 0},
        {"telemetry.sdk.name", MAKE_TEXT, "opentelemetry", 0, 0},
        {"telemetry.sdk.version", MAKE_TEXT, "1.36.0", 0, 0},
    };
    uint64_t seed = service + 1;
    struct made_trace trace = {.arena = arena};
    struct maker m = {.trace = &trace, .seed = &seed};
    struct nj_attrs attrs = attrs_make(&m, rows, NJ_LEN(rows), service);

    nj_buf_fini(&m.text);
    return attrs;
}

static void
exception_add(struct maker *m, struct nj_span *span)
{
    static const struct attr_row rows[] = {
        {"exception.type", MAKE_TEXT, "TimeoutError", 0, 0},
        {"exception.message", MAKE_TEXT, "upstream did not answer within 30 s", 0, 0},
        {"exception.stacktrace", MAKE_TEXT,
         "Traceback (most recent call last):\n  File \"/app/agents/dispatch.py\", line 88, in "
         "call\n    return await self.client.send(request)\n  File \"/app/agents/client.py\", "
         "line 41, in send\n    raise TimeoutError(message)\nTimeoutError: upstream did not "
         "answer within 30 s\n",
         0, 0},
    };
    struct nj_event *event = NJ_NEW(m->trace->arena, struct nj_event, 1);

    span->status = NJ_STATUS_ERROR;
    span->status_message = NJ_SLICE("TimeoutError: upstream did not answer within 30 s");
    m->has_failed |= !event;
    if (!event)
        return;
    *event = (struct nj_event){.time_ns = span->end_ns, .name = NJ_SLICE("exception")};
    event->attrs = attrs_make(m, rows, NJ_LEN(rows), 0);
    span->events = event;
    span->events_len = 1;
}

/* A new span of this role under `parent`, from start_ns on; its end is set when it is known. */
static size_t
span_add(struct maker *m, enum role role, unsigned service, uint64_t parent, int64_t start_ns)
{
    struct made_trace *t = m->trace;

    if (t->spans_len == t->spans_cap) {
        t->spans_cap = t->spans_cap ? t->spans_cap * 2 : 32;
        t->spans = realloc(t->spans, t->spans_cap * sizeof *t->spans);
        if (!t->spans)
            abort();
    }
    struct nj_span *span = &t->spans[t->spans_len];
    *span = (struct nj_span){.trace_id = m->id,
                             .span_id = random_next(m->seed) | 1,
                             .parent_id = parent,
                             .has_parent = parent != 0,
                             .scope = service,
                             .start_ns = start_ns,
                             .otel_kind = roles[role].otel_kind,
                             .flags = 257};
    static const char *const prefixes[] = {"invoke_agent ", "chat ", "execute_tool ", "POST ",
                                           ""};
    nj_buf_put_text(&m->text, prefixes[role]);
    nj_buf_put_text(&m->text, role == ROLE_AGENT  ? service_names[service]
                              : role == ROLE_CHAT ? models[service % NJ_LEN(models)]
                              : role == ROLE_TOOL ? tools[random_below(m->seed, NJ_LEN(tools))]
                              : role == ROLE_HTTP ? "/v2/items"
                                                  : "SELECT shop.orders");
    span->name = text_keep(m);
    span->attrs = attrs_make(m, roles[role].rows, roles[role].rows_len, service);
    return t->spans_len++;
}

static int64_t
span_end(struct maker *m, size_t i, enum role role, int64_t after_ns)
{
    struct nj_span *span = &m->trace->spans[i];

    span->end_ns = after_ns +
                   (int64_t)between(m, roles[role].low_ms, roles[role].high_ms) * 1000000 +
                   (int64_t)random_below(m->seed, 1000000);
    if (between(m, 0, 999) < roles[role].errors_in_1000)
        exception_add(m, span);
    return span->end_ns;
}

/* A tool that reaches for the network or a database, sometimes. */
static int64_t
tool_run(struct maker *m, unsigned service, uint64_t parent, int64_t at_ns)
{
    size_t tool = span_add(m, ROLE_TOOL, service, parent, at_ns);
    uint64_t id = m->trace->spans[tool].span_id;

    for (int calls = between(m, 0, 2); calls > 0; calls--) {
        enum role role = between(m, 0, 1) ? ROLE_HTTP : ROLE_DB;
        size_t call = span_add(m, role, 6 + (unsigned)between(m, 0, 5), id, at_ns);
        at_ns = span_end(m, call, role, at_ns);
    }
    return span_end(m, tool, ROLE_TOOL, at_ns);
}

/* An agent's rounds of thinking and acting; others are called on the way, `depth` deep. */
static int64_t
agent_run(struct maker *m, unsigned service, uint64_t parent, int64_t at_ns, int depth)
{
    size_t agent = span_add(m, ROLE_AGENT, service, parent, at_ns);
    uint64_t id = m->trace->spans[agent].span_id;

    for (int rounds = between(m, 1, 3); rounds > 0; rounds--) {
        size_t chat = span_add(m, ROLE_CHAT, service, id, at_ns);
        at_ns = span_end(m, chat, ROLE_CHAT, at_ns);
        int64_t last_ns = at_ns;
        for (int calls = between(m, 0, 3); calls > 0; calls--) {
            bool is_agent = depth > 0 && between(m, 0, 2) == 0;
            int64_t end_ns =
                is_agent ? agent_run(m, 1 + (unsigned)between(m, 0, 4), id, at_ns, depth - 1)
                         : tool_run(m, service, id, at_ns);
            last_ns = end_ns > last_ns ? end_ns : last_ns;
        }
        at_ns = last_ns;
    }
    return span_end(m, agent, ROLE_AGENT, at_ns);
}

static int
by_end(const void *a, const void *b)
{
    const struct nj_span *x = a, *y = b;
    int c = (x->end_ns > y->end_ns) - (x->end_ns < y->end_ns);
    return c ? c : (x->span_id > y->span_id) - (x->span_id < y->span_id);
}

bool
trace_make(struct made_trace *trace, uint64_t *seed, int64_t start_ns, bool has_prompts)
{
    struct maker m = {.trace = trace, .seed = seed, .has_prompts = has_prompts};

    trace->spans_len = trace->next = 0;
    for (size_t i = 0; i < NJ_TRACE_ID_BYTES; i++)
        m.id.bytes[i] = (uint8_t)random_next(seed);
    (void)agent_run(&m, (unsigned)random_below(seed, 2), 0, start_ns, 3);
    qsort(trace->spans, trace->spans_len, sizeof *trace->spans, by_end);
    nj_buf_fini(&m.text);
    return !m.has_failed;
}
