/* agents.c - whose work every span is, where invocations begin, which spans' tokens count. */
#include "schema/facts.h"
#include "trees/columns.h"

/* "(service)" of the services met last, by the low bits of their numbers. */
struct service_names {
    struct {
        uint32_t service, text;
    } of[8];
    uint32_t unknown; /* "(unknown)" */
};

static uint32_t
service_text(const struct nj_trace *trace, uint32_t service, struct service_names *seen)
{
    size_t at = service % NJ_LEN(seen->of);
    struct nj_buf text = {0};

    if (seen->of[at].service == service)
        return seen->of[at].text;
    nj_buf_printf(&text, "(%.*s)", NJ_FMT(nj_names_get(trace->corpus->names, service)));
    seen->of[at].service = service;
    seen->of[at].text = text.is_failed
                            ? UINT32_MAX
                            : nj_names_intern(trace->corpus->names, nj_buf_slice(&text));
    nj_buf_fini(&text);
    return seen->of[at].text;
}

/* The agent of span i, whose parent is done. */
static enum nj_status
agent_find(const struct nj_trace *trace, const struct nj_columns *columns, uint32_t i,
           struct service_names *seen, struct nj_error *err)
{
    const struct nj_row *row = trace->row[i];
    uint32_t parent = trace->parent[i];

    if (row && row->agent != NJ_NO_NAME) {
        columns->agent[i] = row->agent;
        columns->how[i] = row->how;
    } else if (parent != NJ_NO_SPAN && columns->how[parent] < NJ_HOW_SERVICE) {
        columns->agent[i] = columns->agent[parent];
        columns->how[i] = NJ_HOW_INHERITED;
    } else if (trace->service[i] != NJ_NO_NAME) {
        columns->agent[i] = service_text(trace, trace->service[i], seen);
        columns->how[i] = NJ_HOW_SERVICE;
    } else {
        if (!seen->unknown)
            seen->unknown = nj_names_intern(trace->corpus->names, NJ_SLICE("(unknown)"));
        columns->agent[i] = seen->unknown;
        columns->how[i] = NJ_HOW_UNKNOWN;
    }
    return columns->agent[i] == UINT32_MAX
               ? nj_fail(err, NJ_ENOMEM, "no memory for the name of an agent")
               : NJ_OK;
}

static void
invocation_mark(const struct nj_trace *trace, const struct nj_columns *columns, uint32_t i)
{
    uint32_t parent = trace->parent[i];

    if (parent == NJ_NO_SPAN || columns->agent[parent] != columns->agent[i]) {
        columns->flags[i] |= NJ_SPAN_OPENS_AGENT;
        columns->scope[i] = i;
        return;
    }
    columns->scope[i] = columns->scope[parent];
    if (trace->kind[i] == NJ_KIND_AGENT && trace->kind[parent] == NJ_KIND_AGENT &&
        trace->otel_kind[i] == NJ_OTEL_SERVER && trace->otel_kind[parent] == NJ_OTEL_CLIENT)
        columns->flags[i] |= NJ_SPAN_SAME_INVOCATION;
}

/* A tool span around nothing but an invocation: an agent that is called as a tool. */
static bool
is_agent_as_tool(const struct nj_trace *trace, const struct nj_columns *columns, uint32_t i)
{
    return trace->kind[i] == NJ_KIND_TOOL && trace->child_at[i + 1] - trace->child_at[i] == 1 &&
           trace->kind[trace->children[trace->child_at[i]]] == NJ_KIND_AGENT &&
           (columns->flags[trace->children[trace->child_at[i]]] & NJ_SPAN_OPENS_AGENT);
}

static bool
is_model_call(const struct nj_trace *trace, uint32_t i)
{
    return trace->kind[i] == NJ_KIND_LLM || trace->kind[i] == NJ_KIND_EMBEDDING;
}

/* Does a model call say what it used? Counts of 0 say nothing: wrappers write them. */
static bool
has_usage(const struct nj_trace *trace, uint32_t i)
{
    struct nj_fact_cursor cost;

    for (size_t k = 0; k < NJ_TOKENS_LEN; k++)
        if (trace->tokens[i][k] > 0)
            return true;
    return nj_trace_fact_find(trace, i, NJ_FACT_COST, &cost) && cost.real > 0;
}

/* From the leaves up: the lowest model calls with usage count, what stands above repeats them.
 */
static enum nj_status
usage_mark(const struct nj_trace *trace, uint16_t *flags, struct nj_arena *arena,
           struct nj_error *err)
{
    bool *is_below = NJ_NEW(arena, bool, trace->spans_len);

    if (!is_below)
        return nj_fail(err, NJ_ENOMEM, "no memory for usage");
    for (uint32_t i = trace->spans_len; i-- > 0;) {
        if (!is_below[i] && is_model_call(trace, i) && has_usage(trace, i)) {
            flags[i] |= NJ_SPAN_HAS_USAGE;
            is_below[i] = true;
        }
        if (is_below[i] && trace->parent[i] != NJ_NO_SPAN)
            is_below[trace->parent[i]] = true;
    }
    return NJ_OK;
}

enum nj_status
nj_agents_fill(const struct nj_columns *columns, const struct nj_trace *trace,
               struct nj_arena *arena, struct nj_error *err)
{
    struct service_names seen = {0};

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        enum nj_status st = agent_find(trace, columns, i, &seen, err);
        if (st < 0)
            return st;
        invocation_mark(trace, columns, i);
    }
    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (is_agent_as_tool(trace, columns, i))
            columns->flags[i] |= NJ_SPAN_AGENT_AS_TOOL;
    return usage_mark(trace, columns->flags, arena, err);
}
