/* behaviour.c - what only agents do wrong: loops, ping-pong, retry storms, stalls; adds up what
 * the finders see in each trace. */
#include "analyzers/behaviour.h"

#include "analyzers/behaviour_rates.h"
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRACE_TEXT_BYTES = 72, EVIDENCE_BYTES = NJ_CASE_SPANS_MAX * 40 };

/* All cases of one behaviour and agent. */
struct total {
    uint64_t cases, traces;
    int64_t cost_ns;
    uint64_t severity; /* of the worst case, which the texts describe */
    struct nj_trace_id worst;
    char text[NJ_CASE_TEXT_BYTES], trace[TRACE_TEXT_BYTES], evidence[EVIDENCE_BYTES];
    uint64_t last_trace; /* number of the last trace + 1, while traces come in */
};

/* How many traces of one weight have such a case. */
struct weighed {
    uint64_t total_key;
    double weight;
    uint64_t traces;
};

struct behaviour {
    struct nj_tally totals;  /* behaviour and agent -> struct total */
    struct nj_tally weights; /* the same and the weight, hashed -> struct weighed */
    struct nj_behaviour_rates rates;
};

static uint64_t
key_of(enum nj_behaviour behaviour, uint32_t agent)
{
    return (uint64_t)behaviour << 32 | agent;
}

static enum nj_status
behaviour_begin(struct nj_run *run, void *state)
{
    struct behaviour *b = state;

    nj_tally_init(&b->totals, sizeof(struct total));
    nj_tally_init(&b->weights, sizeof(struct weighed));
    nj_behaviour_rates_init(&b->rates, run);
    return NJ_OK;
}

static void
behaviour_fini(void *state)
{
    struct behaviour *b = state;

    nj_tally_fini(&b->totals);
    nj_tally_fini(&b->weights);
    nj_behaviour_rates_fini(&b->rates);
}

static enum nj_status
out_of_memory(struct nj_run *run)
{
    return nj_fail(run->err, NJ_ENOMEM, "behaviour: no memory for findings");
}

static bool
weight_count(struct behaviour *b, uint64_t key, double weight, uint64_t traces)
{
    uint64_t parts[2] = {key, 0};

    memcpy(&parts[1], &weight, sizeof weight);
    struct weighed *at =
        nj_tally_at(&b->weights, nj_hash((struct nj_slice){(const char *)parts, sizeof parts}));
    if (!at)
        return false;
    *at = (struct weighed){key, weight, at->traces + traces};
    return true;
}

static void
evidence_print(char out[EVIDENCE_BYTES], const struct nj_trace *trace,
               const struct nj_case *found)
{
    char hex[NJ_SPAN_HEX + 1];
    size_t len = 0;

    out[0] = '\0';
    for (uint32_t k = 0; k < found->spans_len; k++) {
        struct nj_slice id = nj_trace_span_show(trace, found->spans[k], hex);
        if (len + id.len + 2 > EVIDENCE_BYTES)
            return;
        len += (size_t)snprintf(out + len, EVIDENCE_BYTES - len, "%s%.*s", k ? " " : "",
                                NJ_FMT(id));
    }
}

/* The severest case; among equals that of the smallest trace id, then by evidence and text. */
static bool
is_worse(const struct total *a, const struct total *b)
{
    if (b->cases == 0 || a->severity != b->severity)
        return b->cases == 0 || a->severity > b->severity;
    int c = memcmp(a->worst.bytes, b->worst.bytes, sizeof a->worst.bytes);
    if (c == 0)
        c = strcmp(a->evidence, b->evidence);
    if (c == 0)
        c = strcmp(a->text, b->text);
    return c < 0;
}

static void
worst_take(struct total *into, const struct total *from)
{
    if (!is_worse(from, into))
        return;
    into->severity = from->severity;
    into->worst = from->worst;
    memcpy(into->text, from->text, sizeof into->text);
    memcpy(into->trace, from->trace, sizeof into->trace);
    memcpy(into->evidence, from->evidence, sizeof into->evidence);
}

static enum nj_status
case_count(void *context, const struct nj_behaviour_view *view, const struct nj_case *found)
{
    struct behaviour *b = context;
    const struct nj_trace *trace = view->trace;
    uint64_t key = key_of(found->behaviour, found->agent);
    struct total *total = nj_tally_at(&b->totals, key);
    struct total one = {.severity = found->severity, .worst = trace->id};
    char hex[NJ_TRACE_HEX + 1];

    if (!total || !nj_behaviour_rates_case(&b->rates, found))
        return out_of_memory(view->run);
    if (total->cases == 0 || one.severity >= total->severity) {
        struct nj_slice id = nj_trace_id_show(&trace->id, trace->text, hex);
        memcpy(one.text, found->text, sizeof one.text);
        (void)snprintf(one.trace, sizeof one.trace, "%.*s", NJ_FMT(id));
        evidence_print(one.evidence, trace, found);
        worst_take(total, &one);
    }
    total->cases++;
    total->cost_ns += found->cost_ns;
    if (total->last_trace == trace->number + 1)
        return NJ_OK;
    total->last_trace = trace->number + 1;
    total->traces++;
    return weight_count(b, key, trace->weight.value, 1) ? NJ_OK : out_of_memory(view->run);
}

static enum nj_status
behaviour_trace(struct nj_run *run, void *state, const struct nj_trace *trace)
{
    struct behaviour *b = state;
    struct nj_behaviour_view view = {
        .run = run, .trace = trace, .tell = case_count, .context = b};
    enum nj_status st = nj_behaviour_find(&view);

    if (st >= 0 && !nj_behaviour_rates_trace(&b->rates, trace, run->scratch))
        return out_of_memory(run);
    return st;
}

static enum nj_status
behaviour_merge(struct nj_run *run, void *into, void *from)
{
    struct behaviour *a = into;
    struct behaviour *b = from;

    for (size_t i = 0; i < b->totals.len; i++) {
        const struct total *y = nj_tally_get(&b->totals, i);
        struct total *x = nj_tally_at(&a->totals, nj_tally_key(&b->totals, i));
        if (!x)
            return out_of_memory(run);
        worst_take(x, y);
        x->cases += y->cases;
        x->traces += y->traces;
        x->cost_ns += y->cost_ns;
    }
    for (size_t i = 0; i < b->weights.len; i++) {
        const struct weighed *w = nj_tally_get(&b->weights, i);
        if (!weight_count(a, w->total_key, w->weight, w->traces))
            return out_of_memory(run);
    }
    return nj_behaviour_rates_merge(&a->rates, &b->rates) ? NJ_OK : out_of_memory(run);
}

static int
total_cmp(const void *context, uint64_t key_a, const void *a, uint64_t key_b, const void *b)
{
    const struct nj_names *names = context;

    (void)a;
    (void)b;
    if (key_a >> 32 != key_b >> 32)
        return strcmp(nj_behaviour_id((enum nj_behaviour)(key_a >> 32)),
                      nj_behaviour_id((enum nj_behaviour)(key_b >> 32)));
    return nj_slice_cmp(nj_names_get(names, (uint32_t)key_a),
                        nj_names_get(names, (uint32_t)key_b));
}

static int
weighed_cmp(const void *context, uint64_t key_a, const void *a, uint64_t key_b, const void *b)
{
    const struct weighed *x = a, *y = b;

    (void)context;
    (void)key_a;
    (void)key_b;
    if (x->total_key != y->total_key)
        return x->total_key < y->total_key ? -1 : 1;
    return (x->weight > y->weight) - (x->weight < y->weight);
}

/* Traces that happened: sums of weights, from small to large. Weights are sorted. */
static double
weight_of(const struct behaviour *b, uint64_t key)
{
    size_t lo = 0, hi = b->weights.len;
    double sum = 0;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (((const struct weighed *)nj_tally_get(&b->weights, mid))->total_key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < b->weights.len; lo++) {
        const struct weighed *w = nj_tally_get(&b->weights, lo);
        if (w->total_key != key)
            break;
        sum += w->weight * (double)w->traces;
    }
    return sum;
}

static enum nj_status
behaviour_finish(struct nj_run *run, void *state, struct nj_results *results)
{
    struct behaviour *b = state;
    struct nj_table *table = nj_results_table(results, NJ_TABLE_behaviour);

    if (!nj_tally_sort(&b->totals, total_cmp, run->names) ||
        !nj_tally_sort(&b->weights, weighed_cmp, NULL))
        return out_of_memory(run);
    for (size_t i = 0; i < b->totals.len; i++) {
        const struct total *total = nj_tally_get(&b->totals, i);
        uint64_t key = nj_tally_key(&b->totals, i);
        size_t row = nj_table_add(table);
        nj_table_put_text(table, row, NJ_COL_behaviour_id,
                          nj_slice_of(nj_behaviour_id((enum nj_behaviour)(key >> 32))));
        nj_table_put_text(table, row, NJ_COL_behaviour_agent,
                          nj_names_get(run->names, (uint32_t)key));
        nj_table_put_int(table, row, NJ_COL_behaviour_count, (int64_t)total->cases);
        nj_table_put_int(table, row, NJ_COL_behaviour_traces, (int64_t)total->traces);
        nj_table_put_real(table, row, NJ_COL_behaviour_weight, weight_of(b, key));
        nj_table_put_int(table, row, NJ_COL_behaviour_cost_ns, total->cost_ns);
        nj_table_put_text(table, row, NJ_COL_behaviour_text, nj_slice_of(total->text));
        nj_table_put_text(table, row, NJ_COL_behaviour_exemplar, nj_slice_of(total->trace));
        nj_table_put_text(table, row, NJ_COL_behaviour_evidence, nj_slice_of(total->evidence));
    }
    return nj_behaviour_rates_rows(&b->rates, run, results);
}

/* Cases of one trace, kept to be printed in an order of their own. */
struct printed {
    struct nj_case *list;
    size_t len, cap;
};

static enum nj_status
case_keep(void *context, const struct nj_behaviour_view *view, const struct nj_case *found)
{
    struct printed *printed = context;

    if (printed->len == printed->cap) {
        size_t cap = printed->cap ? printed->cap * 2 : 16;
        struct nj_case *list = NJ_NEW_RAW(view->run->scratch, struct nj_case, cap);
        if (!list)
            return out_of_memory(view->run);
        if (printed->len)
            memcpy(list, printed->list, printed->len * sizeof *list);
        printed->list = list;
        printed->cap = cap;
    }
    printed->list[printed->len++] = *found;
    return NJ_OK;
}

static int
case_cmp(const void *left, const void *right)
{
    const struct nj_case *a = left, *b = right;
    int c = strcmp(nj_behaviour_id(a->behaviour), nj_behaviour_id(b->behaviour));

    if (c)
        return c;
    if (a->spans[0] != b->spans[0])
        return a->spans[0] < b->spans[0] ? -1 : 1;
    return strcmp(a->text, b->text);
}

static void
case_print(struct nj_run *run, const struct nj_trace *trace, const struct nj_case *found,
           struct nj_jsonw *out)
{
    char hex[NJ_SPAN_HEX + 1];

    nj_jsonw_object(out);
    nj_jsonw_key(out, "id");
    nj_jsonw_text(out, nj_slice_of(nj_behaviour_id(found->behaviour)));
    nj_jsonw_key(out, "agent");
    nj_jsonw_text(out, nj_names_get(run->names, found->agent));
    nj_jsonw_key(out, "cost_ns");
    nj_jsonw_int(out, found->cost_ns);
    nj_jsonw_key(out, "text");
    nj_jsonw_text(out, nj_slice_of(found->text));
    nj_jsonw_key(out, "spans");
    nj_jsonw_array(out);
    for (uint32_t k = 0; k < found->spans_len; k++)
        nj_jsonw_text(out, nj_trace_span_show(trace, found->spans[k], hex));
    nj_jsonw_array_end(out);
    nj_jsonw_object_end(out);
}

static enum nj_status
behaviour_print(struct nj_run *run, const struct nj_trace *trace, struct nj_jsonw *out)
{
    struct printed printed = {0};
    struct nj_behaviour_view view = {
        .run = run, .trace = trace, .tell = case_keep, .context = &printed};
    char hex[NJ_TRACE_HEX + 1];
    enum nj_status st = nj_behaviour_find(&view);

    if (st < 0)
        return st;
    if (printed.len > 1)
        qsort(printed.list, printed.len, sizeof *printed.list, case_cmp);
    nj_jsonw_object(out);
    nj_jsonw_key(out, "trace_id");
    nj_jsonw_text(out, nj_trace_id_show(&trace->id, trace->text, hex));
    nj_jsonw_key(out, "findings");
    nj_jsonw_array(out);
    for (size_t k = 0; k < printed.len; k++)
        case_print(run, trace, &printed.list[k], out);
    nj_jsonw_array_end(out);
    nj_jsonw_object_end(out);
    return NJ_OK;
}

const struct nj_analyzer nj_analyzer_behaviour = {
    .name = "behaviour",
    .summary = "what only agents do wrong: loops, ping-pong, retry storms, stalls",
    .state_bytes = sizeof(struct behaviour),
    .begin = behaviour_begin,
    .trace = behaviour_trace,
    .merge = behaviour_merge,
    .finish = behaviour_finish,
    .fini = behaviour_fini,
    .print_trace = behaviour_print,
};
