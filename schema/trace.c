/* trace.c - how spans of a trace are shown, and which tool calls they mention. */
#include "schema/trace.h"

#define CALL_FACTS                                                                             \
    (NJ_FACT_BIT(CALL_REQUESTED) | NJ_FACT_BIT(TOOL_CALL_ID) | NJ_FACT_BIT(CALL_ANSWERED))

/* The text of a span's id where it is not hex, else empty. A missing parent's is known from the
 * spans that name it. */
static struct nj_slice
id_text(const struct nj_trace *trace, uint32_t i)
{
    const struct nj_row *row = trace->row[i];
    struct nj_fact_cursor text;

    if (row && !(row->flags & NJ_ROW_SPAN_TEXT))
        return (struct nj_slice){0};
    if (row)
        return nj_facts_find(row->facts, NJ_FACT_SPAN_TEXT, &text) ? text.bytes
                                                                   : (struct nj_slice){0};
    if (trace->child_at[i] == trace->child_at[i + 1])
        return (struct nj_slice){0};
    struct nj_slice facts = nj_trace_facts(trace, trace->children[trace->child_at[i]]);
    return nj_facts_find(facts, NJ_FACT_PARENT_TEXT, &text) ? text.bytes : (struct nj_slice){0};
}

struct nj_slice
nj_trace_span_show(const struct nj_trace *trace, uint32_t i, char hex[NJ_SPAN_HEX + 1])
{
    return nj_span_id_show(trace->span_id[i], id_text(trace, i), hex);
}

int
nj_trace_span_id_cmp(const struct nj_trace *trace, uint32_t a, uint32_t b)
{
    char hex_a[NJ_SPAN_HEX + 1], hex_b[NJ_SPAN_HEX + 1];
    struct nj_slice text_a = id_text(trace, a), text_b = id_text(trace, b);

    if (text_a.len > 0 || text_b.len > 0)
        return nj_slice_cmp(nj_span_id_show(trace->span_id[a], text_a, hex_a),
                            nj_span_id_show(trace->span_id[b], text_b, hex_b));
    return (trace->span_id[a] > trace->span_id[b]) - (trace->span_id[a] < trace->span_id[b]);
}

/* The calls of one span, to `out` where it is not NULL; how many. */
static uint32_t
calls_read(const struct nj_trace *trace, uint32_t span, struct nj_trace_call *out)
{
    struct nj_fact_cursor cursor = nj_facts_open(nj_trace_facts(trace, span));
    uint32_t len = 0;

    while (nj_facts_next(&cursor)) {
        if (!(CALL_FACTS >> cursor.fact & 1))
            continue;
        if (out)
            out[len] = (struct nj_trace_call){cursor.integer, span, (uint8_t)cursor.fact};
        len++;
    }
    return len;
}

bool
nj_trace_calls_find(struct nj_trace *trace, struct nj_arena *arena)
{
    uint32_t len = 0, at = 0;

    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (nj_trace_has_facts(trace, i, CALL_FACTS))
            len += calls_read(trace, i, NULL);
    trace->calls_len = len;
    if (len == 0)
        return true;
    struct nj_trace_call *calls = NJ_NEW_RAW(arena, struct nj_trace_call, len);
    trace->calls = calls;
    for (uint32_t i = 0; i < trace->spans_len && calls; i++)
        if (nj_trace_has_facts(trace, i, CALL_FACTS))
            at += calls_read(trace, i, calls + at);
    return calls != NULL;
}
