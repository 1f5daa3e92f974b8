/* tokens.c - tokens and cost, counted at the lowest model calls: by agent, model and operation.
 */
#include "analyzers/tokens.h"

#include "analyzers/self_time.h"
#include "schema/facts.h"

#include <math.h>
#include <stdlib.h>

enum { KEY_BITS = 28 };
#define COUNT_MAX  (INT64_C(1) << 40) /* tokens of one call; more is no count */
#define RECORD_MAX 1e6                /* cost of one call, in the currency */

uint64_t
nj_tokens_key(struct nj_tokens_group group)
{
    NJ_CHECK(group.agent >> KEY_BITS == 0 && group.key >> KEY_BITS == 0);
    return ((uint64_t)group.by << KEY_BITS | group.agent) << KEY_BITS | group.key;
}

struct nj_tokens_group
nj_tokens_group_of(uint64_t key)
{
    const uint64_t mask = ((uint64_t)1 << KEY_BITS) - 1;

    return (struct nj_tokens_group){(enum nj_tokens_by)(key >> 2 * KEY_BITS),
                                    (uint32_t)(key >> KEY_BITS & mask), (uint32_t)(key & mask)};
}

static enum nj_status
out_of_memory(struct nj_run *run)
{
    return nj_fail(run->err, NJ_ENOMEM, "tokens: no memory");
}

static enum nj_status
tokens_open(struct nj_run *run, struct nj_tokens *t, struct nj_arena *arena)
{
    const struct nj_series_shape shape = {.measures_len = NJ_TOKENS_MEASURES,
                                          .summed_len = NJ_TOKENS_MEASURES,
                                          .is_counted = nj_series_must_count(run, 1)};

    nj_series_init(&t->series, &shape, run->names);
    nj_tally_init(&t->sums, sizeof(struct nj_tokens_sums));
    nj_tally_init(&t->of_trace, sizeof(struct nj_tokens_sums));
    return run->options->prices
               ? nj_prices_read(&t->prices, run->options->prices, arena, run->err)
               : NJ_OK;
}

static enum nj_status
tokens_begin(struct nj_run *run, void *state)
{
    return tokens_open(run, state, run->keep);
}

static void
tokens_fini(void *state)
{
    struct nj_tokens *t = state;

    nj_series_fini(&t->series);
    nj_tally_fini(&t->sums);
    nj_tally_fini(&t->of_trace);
}

/* Stops at the ends of the number line, where nothing true lies. */
static void
sum_add(int64_t *sum, int64_t value)
{
    if (value > 0 && *sum > INT64_MAX - value)
        *sum = INT64_MAX;
    else if (value < 0 && *sum < INT64_MIN - value)
        *sum = INT64_MIN;
    else
        *sum += value;
}

void
nj_tokens_add(struct nj_tokens_sums *into, const struct nj_tokens_sums *from)
{
    for (size_t k = 0; k < NJ_TOKENS_LEN; k++)
        sum_add(&into->tokens[k], from->tokens[k]);
    sum_add(&into->cost, from->cost);
    sum_add(&into->failed_attempts, from->failed_attempts);
    sum_add(&into->failed_traces, from->failed_traces);
    sum_add(&into->growth, from->growth);
    sum_add(&into->growth_steps, from->growth_steps);
    sum_add(&into->timed_output, from->timed_output);
    sum_add(&into->timed_ns, from->timed_ns);
    if (from->largest_input > into->largest_input)
        into->largest_input = from->largest_input;
    into->calls += from->calls;
    into->priced_calls += from->priced_calls;
    into->traces += from->traces;
}

/* One trace on its way into the sums. */
struct pass {
    struct nj_tokens *tokens;
    const struct nj_trace *trace;
    const struct nj_names *names;
    const int64_t *self_ns;
    bool *is_failed;     /* a call above it, or itself, failed */
    int64_t *last_input; /* of the call before, by invocation; -1: none */
};

static bool
pass_init(struct pass *pass, struct nj_run *run, struct nj_tokens *tokens,
          const struct nj_trace *trace)
{
    *pass = (struct pass){.tokens = tokens,
                          .trace = trace,
                          .names = run->names,
                          .self_ns = nj_self_times(trace, run->scratch),
                          .is_failed = NJ_NEW(run->scratch, bool, trace->spans_len),
                          .last_input = NJ_NEW_RAW(run->scratch, int64_t, trace->spans_len)};
    if (!pass->self_ns || !pass->is_failed || !pass->last_input)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint32_t parent = trace->parent[i];
        pass->last_input[i] = -1;
        if (parent != NJ_NO_SPAN)
            pass->is_failed[i] = pass->is_failed[parent] || trace->status[i] == NJ_STATUS_ERROR;
    }
    return true;
}

/* As recorded, else by the price of the model; false: not known. */
static bool
cost_find(const struct pass *pass, uint32_t i, const int64_t tokens[NJ_TOKENS_LEN],
          int64_t *out)
{
    struct nj_fact_cursor fact;
    bool is_recorded = nj_trace_fact_find(pass->trace, i, NJ_FACT_COST, &fact) &&
                       isfinite(fact.real) && fact.real >= 0;
    const struct nj_price *price = NULL;

    if (!is_recorded || fact.real == 0)
        price = nj_prices_find(&pass->tokens->prices,
                               nj_names_get(pass->names, pass->trace->model[i]));
    if (price)
        *out = nj_price_of(price, tokens);
    else if (is_recorded)
        *out = (int64_t)llround(fmin(fact.real, RECORD_MAX) * NJ_COST_UNIT);
    return price || is_recorded;
}

static void
call_read(const struct pass *pass, uint32_t i, struct nj_tokens_sums *out)
{
    const struct nj_trace *trace = pass->trace;

    *out = (struct nj_tokens_sums){.calls = 1};
    for (size_t k = 0; k < NJ_TOKENS_LEN; k++) {
        int64_t n = trace->tokens[i][k];
        out->tokens[k] = n < 0 ? 0 : n > COUNT_MAX ? COUNT_MAX : n;
    }
    int64_t input = out->tokens[NJ_TOKEN_INPUT], output = out->tokens[NJ_TOKEN_OUTPUT];
    out->priced_calls = cost_find(pass, i, out->tokens, &out->cost);
    out->largest_input = input;
    if (pass->is_failed[i])
        out->failed_attempts = input + output;
    if (trace->status[trace->root] == NJ_STATUS_ERROR)
        out->failed_traces = input + output;
    if (trace->kind[i] == NJ_KIND_LLM && output > 0 && pass->self_ns[i] > 0) {
        out->timed_output = output;
        out->timed_ns = pass->self_ns[i];
    }
}

static bool
group_add(const struct pass *pass, enum nj_tokens_by by, uint32_t agent, uint32_t key,
          const struct nj_tokens_sums *one)
{
    uint64_t at = nj_tokens_key((struct nj_tokens_group){by, agent, key});
    struct nj_tokens_sums *sums = nj_tally_at(&pass->tokens->of_trace, at);

    if (sums)
        nj_tokens_add(sums, one);
    return sums;
}

/* What the input of a model grew by since the call before, in one invocation. */
static bool
growth_add(const struct pass *pass, uint32_t i, int64_t input)
{
    const struct nj_trace *trace = pass->trace;
    int64_t *last = &pass->last_input[trace->scope[i]];
    struct nj_tokens_sums one = {.growth = input - *last, .growth_steps = 1};
    bool has_last = *last >= 0;

    if (trace->kind[i] != NJ_KIND_LLM || input <= 0)
        return true;
    *last = input;
    return !has_last ||
           (group_add(pass, NJ_TOKENS_STORE, NJ_NO_NAME, NJ_NO_NAME, &one) &&
            group_add(pass, NJ_TOKENS_AGENT, trace->agent[trace->scope[i]], NJ_NO_NAME, &one));
}

static bool
call_add(const struct pass *pass, uint32_t i)
{
    const struct nj_trace *trace = pass->trace;
    uint32_t agent = trace->agent[i];
    struct nj_tokens_sums one;

    call_read(pass, i, &one);
    return group_add(pass, NJ_TOKENS_STORE, NJ_NO_NAME, NJ_NO_NAME, &one) &&
           group_add(pass, NJ_TOKENS_AGENT, agent, NJ_NO_NAME, &one) &&
           (trace->model[i] == NJ_NO_NAME ||
            group_add(pass, NJ_TOKENS_MODEL, NJ_NO_NAME, trace->model[i], &one)) &&
           group_add(pass, NJ_TOKENS_OPERATION, agent, trace->operation[i], &one) &&
           growth_add(pass, i, one.tokens[NJ_TOKEN_INPUT]);
}

/* The sums of this trace into those of all, and one observation a group. */
static bool
trace_close(struct nj_tokens *t)
{
    for (size_t i = 0; i < t->of_trace.len; i++) {
        struct nj_tokens_sums *one = nj_tally_get(&t->of_trace, i);
        uint64_t key = nj_tally_key(&t->of_trace, i);
        struct nj_tokens_sums *sums = nj_tally_at(&t->sums, key);
        struct nj_observation o = {
            .groups = {nj_series_group(&t->series, key)},
            .groups_len = 1,
            .value = {one->tokens[NJ_TOKEN_INPUT] + one->tokens[NJ_TOKEN_OUTPUT], one->cost}};
        if (!sums || o.groups[0] == UINT32_MAX || !nj_series_add(&t->series, &o))
            return false;
        one->traces = one->calls > 0;
        nj_tokens_add(sums, one);
    }
    return true;
}

static enum nj_status
tokens_trace(struct nj_run *run, void *state, const struct nj_trace *trace)
{
    struct nj_tokens *t = state;
    const struct nj_tokens_sums none = {0};
    struct pass pass;
    bool is_done = pass_init(&pass, run, t, trace);

    nj_tally_clear(&t->of_trace);
    is_done = is_done && nj_series_begin(&t->series, trace) &&
              group_add(&pass, NJ_TOKENS_STORE, NJ_NO_NAME, NJ_NO_NAME, &none);
    for (uint32_t i = 0; is_done && i < trace->spans_len; i++)
        if (trace->flags[i] & NJ_SPAN_HAS_USAGE)
            is_done = call_add(&pass, i);
    is_done = is_done && trace_close(t) && nj_series_end(&t->series, run->scratch);
    return is_done ? NJ_OK : out_of_memory(run);
}

static enum nj_status
tokens_merge(struct nj_run *run, void *into, void *from)
{
    struct nj_tokens *a = into;
    struct nj_tokens *b = from;

    for (size_t i = 0; i < b->sums.len; i++) {
        struct nj_tokens_sums *sums = nj_tally_at(&a->sums, nj_tally_key(&b->sums, i));
        if (!sums)
            return out_of_memory(run);
        nj_tokens_add(sums, nj_tally_get(&b->sums, i));
    }
    return nj_series_merge(&a->series, &b->series) ? NJ_OK : out_of_memory(run);
}

static enum nj_status
tokens_finish(struct nj_run *run, void *state, struct nj_results *results)
{
    struct nj_tokens *t = state;
    enum nj_status st = nj_series_close(&t->series, run->err);

    return st < 0 ? st : nj_tokens_rows(run, t, results);
}

static void
sums_print(struct nj_jsonw *out, const struct nj_tokens_sums *sums)
{
    static const char *const names[NJ_TOKENS_LEN] = {
        [NJ_TOKEN_INPUT] = "input",
        [NJ_TOKEN_CACHED] = "cached",
        [NJ_TOKEN_CACHE_WRITE] = "cache_write",
        [NJ_TOKEN_OUTPUT] = "output",
        [NJ_TOKEN_REASONING] = "reasoning",
    };

    nj_jsonw_key_int(out, "calls", (int64_t)sums->calls);
    for (size_t k = 0; k < NJ_TOKENS_LEN; k++)
        nj_jsonw_key_int(out, names[k], sums->tokens[k]);
    if (sums->priced_calls)
        nj_jsonw_key_real(out, "cost", (double)sums->cost / NJ_COST_UNIT);
    else
        nj_jsonw_key_null(out, "cost");
}

static int
agents_first_cmp(const void *context, uint64_t key_a, const void *a, uint64_t key_b,
                 const void *b)
{
    const struct nj_names *names = context;
    struct nj_tokens_group x = nj_tokens_group_of(key_a), y = nj_tokens_group_of(key_b);

    (void)a;
    (void)b;
    if (x.by != y.by)
        return x.by < y.by ? -1 : 1;
    return nj_slice_cmp(nj_names_get(names, x.agent), nj_names_get(names, y.agent));
}

/* The sums of one trace, then those of its agents. */
static enum nj_status
tokens_print(struct nj_run *run, const struct nj_trace *trace, struct nj_jsonw *out)
{
    struct nj_tokens t = {0};
    char hex[NJ_TRACE_HEX + 1];
    enum nj_status st = tokens_open(run, &t, run->scratch);

    if (st >= 0)
        st = tokens_trace(run, &t, trace);
    if (st >= 0 && !nj_tally_sort(&t.of_trace, agents_first_cmp, run->names))
        st = out_of_memory(run);
    if (st >= 0) {
        nj_jsonw_object(out);
        nj_jsonw_key_text(out, "trace_id", nj_trace_id_show(&trace->id, trace->text, hex));
        sums_print(out, nj_tally_get(&t.of_trace, 0));
        nj_jsonw_key(out, "agents");
        nj_jsonw_array(out);
        for (size_t i = 1; i < t.of_trace.len; i++) {
            struct nj_tokens_group group = nj_tokens_group_of(nj_tally_key(&t.of_trace, i));
            if (group.by != NJ_TOKENS_AGENT)
                break;
            nj_jsonw_object(out);
            nj_jsonw_key_text(out, "agent", nj_names_get(run->names, group.agent));
            sums_print(out, nj_tally_get(&t.of_trace, i));
            nj_jsonw_object_end(out);
        }
        nj_jsonw_array_end(out);
        nj_jsonw_object_end(out);
    }
    tokens_fini(&t);
    return st;
}

const struct nj_analyzer nj_analyzer_tokens = {
    .name = "tokens",
    .summary = "tokens and cost by agent, model and operation",
    .state_bytes = sizeof(struct nj_tokens),
    .begin = tokens_begin,
    .trace = tokens_trace,
    .merge = tokens_merge,
    .finish = tokens_finish,
    .fini = tokens_fini,
    .print_trace = tokens_print,
};
