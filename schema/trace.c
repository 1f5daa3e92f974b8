/* trace.c - how spans of a trace are shown. */
#include "schema/trace.h"

#include "schema/facts.h"

struct nj_slice
nj_trace_span_show(const struct nj_trace *trace, uint32_t i, char hex[NJ_SPAN_HEX + 1])
{
    struct nj_fact_cursor text;

    if (trace->row[i] && (trace->row[i]->flags & NJ_ROW_SPAN_TEXT) &&
        nj_facts_find(trace->row[i]->facts, NJ_FACT_SPAN_TEXT, &text))
        return text.bytes;
    return nj_span_id_show(trace->span_id[i], (struct nj_slice){0}, hex);
}
