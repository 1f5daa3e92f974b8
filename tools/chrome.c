/* chrome.c - a trace as Chrome trace events. */
#include "tools/chrome.h"

#include "schema/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LANES_MAX = 64 };

/* One thread of the picture: the ends of the spans that are open on it, innermost last, as a
 * list over spans. */
struct lane {
    uint32_t top; /* innermost open span, NJ_NO_SPAN: none */
};

struct lanes {
    const struct nj_trace *trace;
    uint32_t *below; /* the span that a span stands on, on its lane */
    struct lane list[LANES_MAX];
    uint32_t len;
};

/* Whether span i nests on the lane: whatever is open there by then encloses it. */
static bool
lane_takes(struct lanes *l, struct lane *lane, uint32_t i)
{
    const struct nj_trace *t = l->trace;

    while (lane->top != NJ_NO_SPAN && t->end_ns[lane->top] <= t->start_ns[i])
        lane->top = l->below[lane->top];
    if (lane->top != NJ_NO_SPAN && t->end_ns[lane->top] < t->end_ns[i])
        return false;
    l->below[i] = lane->top;
    lane->top = i;
    return true;
}

static uint32_t
lane_of(struct lanes *l, uint32_t i)
{
    for (uint32_t k = 0; k < l->len; k++)
        if (lane_takes(l, &l->list[k], i))
            return k;
    if (l->len == LANES_MAX)
        return LANES_MAX;
    l->list[l->len].top = NJ_NO_SPAN;
    (void)lane_takes(l, &l->list[l->len], i);
    return l->len++;
}

struct order {
    int64_t start_ns, end_ns;
    uint32_t span;
};

static int
order_cmp(const void *a, const void *b)
{
    const struct order *x = a, *y = b;

    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    if (x->end_ns != y->end_ns)
        return x->end_ns > y->end_ns ? -1 : 1;
    return (x->span > y->span) - (x->span < y->span);
}

/* Nanoseconds as the microseconds of the format, exactly. */
static void
time_key(struct nj_jsonw *w, const char *key, int64_t ns)
{
    char text[40];
    int64_t us = ns / 1000 - (ns % 1000 < 0), rest = ns - us * 1000;
    int len = snprintf(text, sizeof text, "%" PRId64 ".%03d", us, (int)rest);

    nj_jsonw_key(w, key);
    nj_jsonw_raw(w, (struct nj_slice){text, (size_t)len});
}

static void
args_put(struct nj_jsonw *w, const struct nj_run *run, const struct nj_trace *t, uint32_t i)
{
    char hex[NJ_SPAN_HEX + 1];

    nj_jsonw_key(w, "args");
    nj_jsonw_object(w);
    nj_jsonw_key_text(w, "span_id", nj_trace_span_show(t, i, hex));
    nj_jsonw_key_text(w, "agent", nj_names_get(run->names, t->agent[i]));
    if (t->status[i] == NJ_STATUS_ERROR)
        nj_jsonw_key_bool(w, "error", true);
    nj_jsonw_object_end(w);
}

static void
event_put(struct nj_jsonw *w, const struct nj_run *run, const struct nj_trace *t, uint32_t i,
          const char *phase, uint32_t lane)
{
    nj_jsonw_object(w);
    nj_jsonw_key_text(w, "ph", nj_slice_of(phase));
    nj_jsonw_key_text(w, "name",
                      t->flags[i] & NJ_SPAN_RECONSTRUCTED
                          ? NJ_SLICE("(missing span)")
                          : nj_names_get(run->names, t->name[i]));
    nj_jsonw_key_text(w, "cat", nj_slice_of(nj_kind_name((enum nj_kind)t->kind[i])));
    nj_jsonw_key_int(w, "pid", (int64_t)t->number + 1);
    nj_jsonw_key_int(w, "tid", lane + 1);
    time_key(w, "ts", *phase == 'e' ? t->end_ns[i] : t->start_ns[i]);
    if (*phase == 'X')
        time_key(w, "dur", t->end_ns[i] - t->start_ns[i]);
    else
        nj_jsonw_key_int(w, "id", i);
    args_put(w, run, t, i);
    nj_jsonw_object_end(w);
    nj_buf_put_char(w->buf, '\n');
}

static void
name_put(struct nj_jsonw *w, const struct nj_trace *t)
{
    char hex[NJ_TRACE_HEX + 1];

    nj_jsonw_object(w);
    nj_jsonw_key_text(w, "ph", NJ_SLICE("M"));
    nj_jsonw_key_text(w, "name", NJ_SLICE("process_name"));
    nj_jsonw_key_int(w, "pid", (int64_t)t->number + 1);
    nj_jsonw_key(w, "args");
    nj_jsonw_object(w);
    nj_jsonw_key_text(w, "name", nj_trace_id_show(&t->id, t->text, hex));
    nj_jsonw_object_end(w);
    nj_jsonw_object_end(w);
    nj_buf_put_char(w->buf, '\n');
}

enum nj_status
nj_chrome_trace(struct nj_run *run, const struct nj_trace *trace, bool is_first,
                struct nj_buf *out)
{
    struct nj_jsonw w = {out, !is_first};
    struct lanes lanes = {.trace = trace,
                          .below = NJ_NEW_RAW(run->scratch, uint32_t, trace->spans_len)};
    struct order *order = NJ_NEW_RAW(run->scratch, struct order, trace->spans_len);

    if (!lanes.below || !order)
        return nj_fail(run->err, NJ_ENOMEM, "no memory to export a trace");
    for (uint32_t i = 0; i < trace->spans_len; i++)
        order[i] = (struct order){trace->start_ns[i], trace->end_ns[i], i};
    qsort(order, trace->spans_len, sizeof *order, order_cmp);
    name_put(&w, trace);
    for (uint32_t k = 0; k < trace->spans_len; k++) {
        uint32_t lane = lane_of(&lanes, order[k].span);
        if (lane < LANES_MAX) {
            event_put(&w, run, trace, order[k].span, "X", lane);
        } else {
            event_put(&w, run, trace, order[k].span, "b", lane);
            event_put(&w, run, trace, order[k].span, "e", lane);
        }
    }
    return NJ_OK;
}
