/* behaviour_rates.c - per agent and trace: how many steps and loops, and which findings. */
#include "analyzers/behaviour_rates.h"

#include "analyzers/metric_row.h"

#include <stdlib.h>

#define STORE_KEY ((uint64_t)1 << 32) /* beyond all name ids */

enum measure { MEASURE_STEPS, MEASURE_LOOPS, MEASURES };
_Static_assert((int)NJ_BEHAVIOURS_LEN <= (int)NJ_SERIES_EVENTS, "one event a finding");

struct rate {
    int64_t steps, loops;
    uint32_t events; /* bit i: finding i */
};

void
nj_behaviour_rates_init(struct nj_behaviour_rates *rates, struct nj_run *run)
{
    const struct nj_series_shape shape = {.measures_len = MEASURES,
                                          .summed_len = MEASURES,
                                          .events_len = NJ_BEHAVIOURS_LEN,
                                          .is_counted = nj_series_must_count(run, 1)};

    nj_series_init(&rates->series, &shape, run->names);
    nj_tally_init(&rates->of_trace, sizeof(struct rate));
}

void
nj_behaviour_rates_fini(struct nj_behaviour_rates *rates)
{
    nj_series_fini(&rates->series);
    nj_tally_fini(&rates->of_trace);
}

static bool
rate_add(struct nj_behaviour_rates *rates, uint64_t key, const struct rate *one)
{
    struct rate *rate = nj_tally_at(&rates->of_trace, key);

    if (!rate)
        return false;
    rate->steps += one->steps;
    rate->loops += one->loops;
    rate->events |= one->events;
    return true;
}

bool
nj_behaviour_rates_case(struct nj_behaviour_rates *rates, const struct nj_case *found)
{
    bool is_loop = found->behaviour == NJ_BEHAVIOUR_REPEATED_CALL ||
                   found->behaviour == NJ_BEHAVIOUR_PING_PONG ||
                   found->behaviour == NJ_BEHAVIOUR_CYCLE;
    const struct rate one = {.loops = is_loop, .events = 1u << found->behaviour};

    return rate_add(rates, found->agent, &one) && rate_add(rates, STORE_KEY, &one);
}

bool
nj_behaviour_rates_trace(struct nj_behaviour_rates *rates, const struct nj_trace *trace,
                         struct nj_arena *scratch)
{
    const struct rate step = {.steps = 1}, presence = {0};
    bool is_done =
        nj_series_begin(&rates->series, trace) && rate_add(rates, STORE_KEY, &presence);

    for (uint32_t i = 0; is_done && i < trace->spans_len; i++) {
        if (nj_is_step(trace, i))
            is_done =
                rate_add(rates, trace->agent[i], &step) && rate_add(rates, STORE_KEY, &step);
        else if (trace->flags[i] & NJ_SPAN_OPENS_AGENT)
            is_done = rate_add(rates, trace->agent[i], &presence);
    }
    for (size_t i = 0; is_done && i < rates->of_trace.len; i++) {
        const struct rate *rate = nj_tally_get(&rates->of_trace, i);
        struct nj_observation o = {
            .groups = {nj_series_group(&rates->series, nj_tally_key(&rates->of_trace, i))},
            .groups_len = 1,
            .value = {rate->steps, rate->loops},
            .events = rate->events};
        is_done = o.groups[0] != UINT32_MAX && nj_series_add(&rates->series, &o);
    }
    nj_tally_clear(&rates->of_trace);
    return is_done && nj_series_end(&rates->series, scratch);
}

bool
nj_behaviour_rates_merge(struct nj_behaviour_rates *into, struct nj_behaviour_rates *from)
{
    return nj_series_merge(&into->series, &from->series);
}

struct order {
    uint32_t group;
    bool is_store;
    uint64_t traces;
    struct nj_slice agent;
};

static int
order_cmp(const void *left, const void *right)
{
    const struct order *a = left, *b = right;

    if (a->is_store != b->is_store)
        return a->is_store ? -1 : 1;
    return nj_slice_cmp(a->agent, b->agent);
}

static enum nj_status
group_put(const struct nj_series *series, const struct order *order, struct nj_results *results,
          struct nj_arena *arena, struct nj_error *err)
{
    struct nj_metric_of of = {.mean_id = "steps_mean",
                              .p95_id = "steps_p95",
                              .group_by = order->is_store ? "store" : "agent",
                              .agent = order->agent,
                              .unit = 1,
                              .traces = order->traces};
    struct nj_metric_estimates estimates;
    enum nj_status st =
        nj_metric_estimate(&estimates, series, order->group, MEASURE_STEPS, arena, err);

    if (st < 0)
        return st;
    nj_metric_put(results, &of, &estimates);
    st = nj_metric_estimate(&estimates, series, order->group, MEASURE_LOOPS, arena, err);
    if (st < 0)
        return st;
    of.mean_id = "loops";
    of.p95_id = NULL;
    nj_metric_put(results, &of, &estimates);
    for (unsigned k = 0; k < NJ_BEHAVIOURS_LEN; k++) {
        of.mean_id = nj_behaviour_id((enum nj_behaviour)k);
        nj_metric_put_share(results, &of, series, order->group, k, arena);
    }
    return NJ_OK;
}

enum nj_status
nj_behaviour_rates_rows(struct nj_behaviour_rates *rates, struct nj_run *run,
                        struct nj_results *results)
{
    enum nj_status st = nj_series_close(&rates->series, run->err);
    size_t len = nj_series_len(&rates->series);
    struct order *orders = malloc((len + 1) * sizeof *orders);
    struct nj_arena *arena = nj_arena_new(nj_series_sample_bytes(&rates->series));

    if (st >= 0 && (!orders || !arena))
        st = nj_fail(run->err, NJ_ENOMEM, "behaviour: no memory for metrics");
    for (uint32_t i = 0; st >= 0 && i < len; i++) {
        struct nj_series_group group;
        nj_series_get(&rates->series, i, &group);
        bool is_store = group.key == STORE_KEY;
        orders[i] = (struct order){i, is_store, group.traces,
                                   is_store ? (struct nj_slice){0}
                                            : nj_names_get(run->names, (uint32_t)group.key)};
    }
    if (st >= 0)
        qsort(orders, len, sizeof *orders, order_cmp);
    for (size_t i = 0; st >= 0 && i < len; i++) {
        st = group_put(&rates->series, &orders[i], results, arena, run->err);
        nj_arena_reset(arena);
    }
    free(orders);
    nj_arena_free(arena);
    return st;
}
