/* tokens_rows.c - tables of the tokens analyzer. */
#include "analyzers/metric_row.h"
#include "analyzers/tokens.h"

#include <stdlib.h>

#define NS_PER_S 1e9

static const char *const groupings[NJ_TOKENS_BY_LEN] = {"store", "agent", "model", "operation"};

struct order {
    uint32_t group;
    uint64_t key;
    struct nj_tokens_group of;
    struct nj_slice agent, text;
    uint64_t traces;
};

static int
order_cmp(const void *left, const void *right)
{
    const struct order *a = left, *b = right;

    if (a->of.by != b->of.by)
        return a->of.by < b->of.by ? -1 : 1;
    int c = nj_slice_cmp(a->agent, b->agent);
    return c ? c : nj_slice_cmp(a->text, b->text);
}

static struct order *
orders_make(struct nj_run *run, const struct nj_series *series)
{
    size_t len = nj_series_len(series);
    struct order *orders = malloc((len + 1) * sizeof *orders);

    for (uint32_t i = 0; orders && i < len; i++) {
        struct nj_series_group group;
        nj_series_get(series, i, &group);
        struct nj_tokens_group of = nj_tokens_group_of(group.key);
        orders[i] = (struct order){i,
                                   group.key,
                                   of,
                                   nj_names_get(run->names, of.agent),
                                   nj_names_get(run->names, of.key),
                                   group.traces};
    }
    if (orders)
        qsort(orders, len, sizeof *orders, order_cmp);
    return orders;
}

static void
sums_put(struct nj_table *t, size_t row, const struct nj_tokens_sums *sums)
{
    const struct {
        unsigned column;
        int64_t value;
    } cells[] = {
        {NJ_COL_tokens_calls, (int64_t)sums->calls},
        {NJ_COL_tokens_traces, (int64_t)sums->traces},
        {NJ_COL_tokens_input, sums->tokens[NJ_TOKEN_INPUT]},
        {NJ_COL_tokens_cached, sums->tokens[NJ_TOKEN_CACHED]},
        {NJ_COL_tokens_cache_write, sums->tokens[NJ_TOKEN_CACHE_WRITE]},
        {NJ_COL_tokens_output, sums->tokens[NJ_TOKEN_OUTPUT]},
        {NJ_COL_tokens_reasoning, sums->tokens[NJ_TOKEN_REASONING]},
        {NJ_COL_tokens_failed_attempts, sums->failed_attempts},
        {NJ_COL_tokens_failed_traces, sums->failed_traces},
        {NJ_COL_tokens_growth_max, sums->largest_input},
    };

    for (size_t i = 0; i < NJ_LEN(cells); i++)
        nj_table_put_int(t, row, cells[i].column, cells[i].value);
    if (sums->priced_calls)
        nj_table_put_real(t, row, NJ_COL_tokens_cost, (double)sums->cost / NJ_COST_UNIT);
    if (sums->growth_steps)
        nj_table_put_real(t, row, NJ_COL_tokens_growth_slope,
                          (double)sums->growth / (double)sums->growth_steps);
    if (sums->timed_ns)
        nj_table_put_real(t, row, NJ_COL_tokens_per_second,
                          (double)sums->timed_output / ((double)sums->timed_ns / NS_PER_S));
}

/* Whether more than half of what the estimate rests on has no known weight: then what is stored
 * is all that can be told. */
static bool
is_unweighted(const struct nj_metric_estimates *e)
{
    double unknown = 0, all = 0;

    for (size_t i = 0; i < e->strata.len; i++) {
        const struct nj_stratum *s = &e->strata.strata[i];
        all += s->weight * s->units;
        unknown += s->rest == 1 ? s->weight * s->units : 0;
    }
    return unknown * 2 > all;
}

/* Totals of what happened, never of a store that does not say what it stands for. */
static void
totals_put(struct nj_table *t, size_t row, const struct nj_tokens_sums *sums,
           const struct nj_metric_estimates *total, const struct nj_metric_estimates *cost)
{
    if (is_unweighted(total))
        return;
    nj_table_put_real(t, row, NJ_COL_tokens_total_weighted, total->total.est);
    nj_table_put_real(t, row, NJ_COL_tokens_total_lo, total->total.lo);
    nj_table_put_real(t, row, NJ_COL_tokens_total_hi, total->total.hi);
    if (!sums->priced_calls)
        return;
    nj_table_put_real(t, row, NJ_COL_tokens_cost_weighted, cost->total.est / NJ_COST_UNIT);
    nj_table_put_real(t, row, NJ_COL_tokens_cost_lo, cost->total.lo / NJ_COST_UNIT);
    nj_table_put_real(t, row, NJ_COL_tokens_cost_hi, cost->total.hi / NJ_COST_UNIT);
}

static void
tokens_put(struct nj_results *results, const struct order *order,
           const struct nj_tokens_sums *sums, const struct nj_metric_estimates *total,
           const struct nj_metric_estimates *cost)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_tokens);
    size_t row = nj_table_add(t);

    nj_table_put_text(t, row, NJ_COL_tokens_group_by, nj_slice_of(groupings[order->of.by]));
    if (order->of.by == NJ_TOKENS_AGENT || order->of.by == NJ_TOKENS_OPERATION)
        nj_table_put_text(t, row, NJ_COL_tokens_agent, order->agent);
    if (order->of.by == NJ_TOKENS_MODEL || order->of.by == NJ_TOKENS_OPERATION)
        nj_table_put_text(t, row, NJ_COL_tokens_key, order->text);
    sums_put(t, row, sums);
    totals_put(t, row, sums, total, cost);
    nj_table_put_real(t, row, NJ_COL_tokens_per_trace_mean, total->mean.est);
    if (total->p95.at != NJ_NO_RANK)
        nj_table_put_int(t, row, NJ_COL_tokens_per_trace_p95,
                         nj_key_int(total->sample.key[total->p95.at]));
    if (sums->priced_calls)
        nj_table_put_real(t, row, NJ_COL_tokens_cost_per_trace, cost->mean.est / NJ_COST_UNIT);
}

static void
metrics_put(struct nj_results *results, const struct order *order,
            const struct nj_tokens_sums *sums, const struct nj_metric_estimates *total,
            const struct nj_metric_estimates *cost)
{
    struct nj_metric_of of = {.mean_id = "tokens_mean",
                              .p95_id = "tokens_p95",
                              .group_by = groupings[order->of.by],
                              .agent = order->agent,
                              .key = order->text,
                              .unit = 1,
                              .traces = order->traces};

    nj_metric_put(results, &of, total);
    of.mean_id = "cost_mean";
    of.p95_id = "cost_p95";
    of.unit = NJ_COST_UNIT;
    if (sums->priced_calls)
        nj_metric_put(results, &of, cost);
}

static enum nj_status
group_put(struct nj_run *run, const struct nj_tokens *tokens, struct nj_results *results,
          const struct order *order, struct nj_arena *arena)
{
    const struct nj_tokens_sums *sums = nj_tally_find(&tokens->sums, order->key);
    struct nj_metric_estimates total, cost;
    enum nj_status st = nj_metric_estimate(&total, &tokens->series, order->group,
                                           NJ_TOKENS_TOTAL, arena, run->err);

    if (st >= 0)
        st = nj_metric_estimate(&cost, &tokens->series, order->group, NJ_TOKENS_COST, arena,
                                run->err);
    if (st < 0 || (order->of.by == NJ_TOKENS_STORE && sums->calls == 0))
        return st;
    tokens_put(results, order, sums, &total, &cost);
    metrics_put(results, order, sums, &total, &cost);
    return NJ_OK;
}

enum nj_status
nj_tokens_rows(struct nj_run *run, const struct nj_tokens *tokens, struct nj_results *results)
{
    struct order *orders = orders_make(run, &tokens->series);
    struct nj_arena *arena = nj_arena_new(nj_series_sample_bytes(&tokens->series));
    enum nj_status st = NJ_OK;

    if (!orders || !arena)
        st = nj_fail(run->err, NJ_ENOMEM, "no memory for the rows of tokens");
    for (size_t i = 0; st >= 0 && i < nj_series_len(&tokens->series); i++) {
        st = group_put(run, tokens, results, &orders[i], arena);
        nj_arena_reset(arena);
    }
    free(orders);
    nj_arena_free(arena);
    return st;
}
