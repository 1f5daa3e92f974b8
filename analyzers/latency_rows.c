/* latency_rows.c - tables of the latency analyzer. */
#include "analyzers/latency.h"

#include "base/loghist.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>

enum { HISTOGRAM_BITS = 2, GRID_POINTS = 2048, POINTS_MAX = 10000, POINTS_MIN = 20 };
/* Groups are worked on by parts, some for each thread; fewer values than this are sorted sooner
 * than a thread starts. */
enum { PARTS_PER_THREAD = 4, PART_VALUES_MIN = 20000 };

static const double quantile_ps[] = {0.5, 0.9, 0.95, 0.99};
enum { QUANTILES = NJ_LEN(quantile_ps) };

static const struct {
    const char *name;
    bool has_metrics; /* gates may ask for it */
} groupings[] = {
    [NJ_LATENCY_AGENT] = {"agent", true},         [NJ_LATENCY_KIND] = {"kind", false},
    [NJ_LATENCY_OPERATION] = {"operation", true}, [NJ_LATENCY_MODEL] = {"model", true},
    [NJ_LATENCY_TOOL] = {"tool", true},           [NJ_LATENCY_ROOT] = {"root", false},
};

static const char *const measure_names[NJ_LATENCY_MEASURES] = {"duration", "self",
                                                               "first_token", "wait"};

struct order {
    uint32_t group;
    struct nj_latency_group key;
    struct nj_slice agent, text;
};

static int
order_cmp(const void *a, const void *b)
{
    const struct order *l = a, *r = b;

    if (l->key.by != r->key.by)
        return l->key.by < r->key.by ? -1 : 1;
    int c = nj_slice_cmp(l->agent, r->agent);
    if (c == 0 && l->key.kind != r->key.kind)
        return l->key.kind < r->key.kind ? -1 : 1;
    return c ? c : nj_slice_cmp(l->text, r->text);
}

/* The values of one measure of a group, and their quantiles. */
struct measured {
    struct nj_sample sample;
    struct nj_quantile quantiles[QUANTILES];
};

/* All that is known of one group while its rows are written. */
struct group {
    const struct nj_options *options;
    const struct nj_series *series;
    struct nj_results *results;
    struct nj_arena *arena; /* emptied after the group */
    struct nj_error *err;
    const struct order *order;
    struct nj_series_group counts;
    struct nj_data durations; /* strata of the sum of durations */
    struct nj_design design;
    struct nj_estimate mean; /* duration */
    struct measured at;      /* the measure at hand */
};

static struct nj_data
strata_of_event(const struct group *g, unsigned event)
{
    return nj_series_strata(g->series, g->order->group, NJ_SUM_OF_EVENT, event, g->arena);
}

static void
key_put(const struct group *g, struct nj_table *t, size_t row, unsigned agent, unsigned kind,
        unsigned text)
{
    const struct order *o = g->order;
    bool has_agent = o->key.by <= NJ_LATENCY_OPERATION, has_text = o->key.by > NJ_LATENCY_KIND;

    if (has_agent)
        nj_table_put_text(t, row, agent, o->agent);
    if (o->key.by != NJ_LATENCY_ROOT)
        nj_table_put_text(t, row, kind, nj_slice_of(nj_kind_name(o->key.kind)));
    if (has_text)
        nj_table_put_text(t, row, text, o->text);
}

/* Items 'lo:stored:weight' of cells that double in four steps. */
static void
histogram_put(const struct group *g, struct nj_table *t, size_t row)
{
    const struct nj_sample *s = &g->at.sample;
    struct nj_buf text = {0};

    for (size_t at = 0, next; at < s->stored_len; at = next) {
        uint32_t cell = 0;
        double stored = 0, weight = 0;
        for (next = at; next < s->stored_len; next++) {
            uint64_t key = s->cell ? s->stored_cell[next].key : s->stored[next].key;
            uint32_t this = nj_loghist_cell(nj_key_int(key), HISTOGRAM_BITS);
            if (next > at && this != cell)
                break;
            cell = this;
            double rows = s->cell ? s->stored_cell[next].rows : 1;
            stored += rows;
            weight += rows * (s->cell ? s->stored_cell[next].weight
                                      : s->carriers[s->stored[next].carrier].weight);
        }
        char number[33];
        (void)nj_real_print(number, weight);
        nj_buf_printf(&text, "%s%lld:%.0f:%s", at > 0 ? " " : "",
                      (long long)nj_loghist_low(cell, HISTOGRAM_BITS), stored, number);
    }
    if (!text.is_failed && text.len > 0)
        nj_table_put_text(t, row, NJ_COL_latency_histogram, nj_buf_slice(&text));
    nj_buf_fini(&text);
}

static void
estimate_put(struct nj_table *t, size_t row, unsigned first, const struct nj_estimate *e)
{
    nj_table_put_real(t, row, first, e->est);
    nj_table_put_real(t, row, first + 1, e->lo);
    nj_table_put_real(t, row, first + 2, e->hi);
}

static size_t
latency_put(const struct group *g)
{
    struct nj_table *t = nj_results_table(g->results, NJ_TABLE_latency);
    struct nj_data errors = strata_of_event(g, NJ_LATENCY_ERROR);
    struct nj_estimate error = nj_data_share(errors, NJ_SPREAD_FINITE, NULL);
    double weight = 0;
    size_t row = nj_table_add(t);

    for (size_t i = 0; i < g->durations.len; i++)
        weight += g->durations.strata[i].weight * g->durations.strata[i].x;
    nj_table_put_text(t, row, NJ_COL_latency_group_by,
                      nj_slice_of(groupings[g->order->key.by].name));
    key_put(g, t, row, NJ_COL_latency_agent, NJ_COL_latency_kind, NJ_COL_latency_operation);
    nj_table_put_int(t, row, NJ_COL_latency_n, (int64_t)g->counts.observations);
    nj_table_put_int(t, row, NJ_COL_latency_traces, (int64_t)g->counts.traces);
    nj_table_put_real(t, row, NJ_COL_latency_weight, weight);
    nj_table_put_real(t, row, NJ_COL_latency_n_eff, g->design.kish);
    nj_table_put_int(t, row, NJ_COL_latency_errors,
                     (int64_t)g->counts.events[NJ_LATENCY_ERROR]);
    estimate_put(t, row, NJ_COL_latency_error_rate, &error);
    nj_table_put_real(t, row, NJ_COL_latency_error_rate_naive, nj_data_plain(errors));
    estimate_put(t, row, NJ_COL_latency_mean, &g->mean);
    nj_table_put_real(t, row, NJ_COL_latency_mean_naive, nj_data_plain(g->durations));
    nj_table_put_int(t, row, NJ_COL_latency_min, g->counts.min[NJ_LATENCY_DURATION]);
    nj_table_put_int(t, row, NJ_COL_latency_max, g->counts.max[NJ_LATENCY_DURATION]);
    return row;
}

/* The mean of the measure at hand, whose strata are `data`. */
static struct nj_estimate
mean_of(const struct group *g, struct nj_data data)
{
    struct nj_estimate mean =
        nj_sample_skew_limits(&g->at.sample, nj_data_ratio(data, NJ_SPREAD_FINITE),
                              NJ_SPREAD_FINITE, g->design.kish, g->arena);

    return nj_estimate_within(mean, 0, INFINITY);
}

static void
self_put(const struct group *g, size_t row)
{
    struct nj_table *t = nj_results_table(g->results, NJ_TABLE_latency);
    struct nj_data data = nj_series_strata(g->series, g->order->group, NJ_SUM_OF_MEASURE,
                                           NJ_LATENCY_SELF, g->arena);
    struct nj_estimate mean = mean_of(g, data);

    estimate_put(t, row, NJ_COL_latency_self_mean, &mean);
    nj_table_put_real(t, row, NJ_COL_latency_self_sum,
                      nj_data_total(data, NJ_SPREAD_FINITE).est);
}

static enum nj_status
measure_fill(struct group *g, unsigned measure)
{
    struct measured *m = &g->at;
    enum nj_status st =
        nj_series_sample(g->series, g->order->group, measure, g->arena, &m->sample, g->err);

    for (size_t q = 0; q < QUANTILES; q++)
        m->quantiles[q] = (struct nj_quantile){.p = quantile_ps[q]};
    if (st >= 0)
        st = nj_sample_quantiles(&m->sample, NJ_SPREAD_FINITE, m->quantiles, QUANTILES,
                                 g->arena, g->err);
    return st;
}

static double
value_at(const struct group *g, size_t rank)
{
    return rank == NJ_NO_RANK ? (double)NAN : (double)nj_key_int(g->at.sample.key[rank]);
}

static void
rank_put(const struct group *g, struct nj_table *t, size_t row, unsigned column, size_t rank)
{
    if (rank != NJ_NO_RANK)
        nj_table_put_int(t, row, column, nj_key_int(g->at.sample.key[rank]));
}

static void
quantiles_put(const struct group *g, size_t latency_row, unsigned measure)
{
    struct nj_table *t = nj_results_table(g->results, NJ_TABLE_latency_quantiles);
    char hex[NJ_TRACE_HEX + 1];

    for (size_t q = 0; q < QUANTILES && g->at.sample.stored_len > 0; q++) {
        const struct nj_quantile *of = &g->at.quantiles[q];
        size_t row = nj_table_add(t);
        nj_table_put_int(t, row, NJ_COL_latency_quantiles_row, (int64_t)latency_row);
        nj_table_put_text(t, row, NJ_COL_latency_quantiles_measure,
                          nj_slice_of(measure_names[measure]));
        nj_table_put_real(t, row, NJ_COL_latency_quantiles_p, of->p);
        nj_table_put_int(t, row, NJ_COL_latency_quantiles_naive, nj_key_int(of->plain));
        if (of->at == NJ_NO_RANK)
            continue;
        rank_put(g, t, row, NJ_COL_latency_quantiles_est, of->at);
        rank_put(g, t, row, NJ_COL_latency_quantiles_lo, of->lo);
        rank_put(g, t, row, NJ_COL_latency_quantiles_hi, of->hi);
        nj_table_put_real(t, row, NJ_COL_latency_quantiles_n_eff, of->n_eff);
        nj_table_put_text(t, row, NJ_COL_latency_quantiles_exemplar,
                          nj_series_exemplar(g->series, g->order->group, measure, &g->at.sample,
                                             of->at, hex));
    }
}

/* One row of metrics; `se` by the process, relative where the metric is no share. */
static size_t
metric_put(const struct group *g, const char *metric, const struct nj_estimate *e, double se,
           double plain, double n_eff)
{
    struct nj_table *t = nj_results_table(g->results, NJ_TABLE_metrics);
    size_t row = nj_table_add(t);

    nj_table_put_text(t, row, NJ_COL_metrics_metric, nj_slice_of(metric));
    nj_table_put_text(t, row, NJ_COL_metrics_group_by,
                      nj_slice_of(groupings[g->order->key.by].name));
    key_put(g, t, row, NJ_COL_metrics_agent, NJ_COL_metrics_kind, NJ_COL_metrics_key);
    estimate_put(t, row, NJ_COL_metrics_est, e);
    nj_table_put_real(t, row, NJ_COL_metrics_naive, plain);
    nj_table_put_real(t, row, NJ_COL_metrics_se, se);
    nj_table_put_int(t, row, NJ_COL_metrics_n, (int64_t)g->counts.observations);
    nj_table_put_int(t, row, NJ_COL_metrics_traces, (int64_t)g->counts.traces);
    nj_table_put_real(t, row, NJ_COL_metrics_n_eff, n_eff);
    return row;
}

/* Half of the interval that Woodruff gives for one standard error, on the log scale; lengths of
 * nothing count as a nanosecond. */
static double
quantile_se(const struct group *g, const struct nj_quantile *q)
{
    if (q->se_lo == NJ_NO_RANK || q->se_hi == NJ_NO_RANK)
        return (double)NAN;
    return (log(fmax(1, value_at(g, q->se_hi))) - log(fmax(1, value_at(g, q->se_lo)))) / 2;
}

static void
quantile_metrics_put(const struct group *g)
{
    static const char *const names[QUANTILES] = {"p50", "p90", "p95", "p99"};

    for (size_t i = 0; i < QUANTILES; i++) {
        const struct nj_quantile *q = &g->at.quantiles[i];
        struct nj_estimate e = {value_at(g, q->at), value_at(g, q->lo), value_at(g, q->hi), 0};
        (void)metric_put(g, names[i], &e, quantile_se(g, q), (double)nj_key_int(q->plain),
                         q->n_eff);
    }
}

static void
share_metric_put(const struct group *g, const char *metric, unsigned event, double over)
{
    struct nj_data data = strata_of_event(g, event);
    double n_eff;
    struct nj_estimate e = nj_data_share(data, NJ_SPREAD_FINITE, &n_eff);
    struct nj_estimate process = nj_data_ratio(data, NJ_SPREAD_PROCESS);
    struct nj_table *t = nj_results_table(g->results, NJ_TABLE_metrics);
    size_t row = metric_put(g, metric, &e, process.se, nj_data_plain(data), n_eff);

    nj_table_put_real(t, row, NJ_COL_metrics_events, (double)g->counts.events[event]);
    nj_table_put_real(t, row, NJ_COL_metrics_over, over);
}

static void
metrics_put(const struct group *g)
{
    struct nj_estimate process = nj_data_ratio(g->durations, NJ_SPREAD_PROCESS);
    struct nj_estimate n_eff = {g->design.kish, (double)NAN, (double)NAN, (double)NAN};

    quantile_metrics_put(g);
    (void)metric_put(g, "mean", &g->mean, process.se / process.est, nj_data_plain(g->durations),
                     g->design.kish);
    share_metric_put(g, "error_rate", NJ_LATENCY_ERROR, (double)NAN);
    for (unsigned k = 0; k < g->options->slow_over_len; k++)
        share_metric_put(g, "slow_share", NJ_LATENCY_SLOW + k, g->options->slow_over_ns[k]);
    if (g->order->key.by == NJ_LATENCY_AGENT)
        (void)metric_put(g, "n_eff", &n_eff, (double)NAN, (double)g->counts.traces,
                         g->design.kish);
}

static void
point_put(struct nj_buf *buf, int64_t value, double weight, uint64_t cluster)
{
    uint64_t bits;

    memcpy(&bits, &weight, sizeof bits);
    nj_buf_put_u64le(buf, (uint64_t)value);
    nj_buf_put_u64le(buf, bits);
    nj_buf_put_u64le(buf, cluster);
}

/* The values behind the quantiles, or so many quantiles where there are more. */
static void
distribution_put(const struct group *g)
{
    struct nj_table *t = nj_results_table(g->results, NJ_TABLE_distributions);
    const struct nj_sample *s = &g->at.sample;
    bool is_agent = g->order->key.by == NJ_LATENCY_AGENT;
    bool is_grid = s->cell || s->len > (is_agent ? POINTS_MAX : GRID_POINTS);
    struct nj_buf points = {0};

    if (s->len == 0 || (!is_agent && s->len < POINTS_MIN))
        return;
    for (size_t i = 0; is_grid && i < GRID_POINTS; i++) {
        size_t rank = nj_sample_rank(s, ((double)i + 0.5) / GRID_POINTS);
        point_put(&points, nj_key_int(s->key[rank]), s->weight_sum / GRID_POINTS, 0);
    }
    for (size_t i = 0; !is_grid && i < s->len; i++) {
        const struct nj_carrier *carrier = &s->carriers[s->item[i].carrier];
        point_put(&points, nj_key_int(s->key[i]), carrier->weight, carrier->cluster);
    }
    size_t row = nj_table_add(t);
    key_put(g, t, row, NJ_COL_distributions_agent, NJ_COL_distributions_kind,
            NJ_COL_distributions_key);
    nj_table_put_int(t, row, NJ_COL_distributions_n, (int64_t)g->counts.observations);
    nj_table_put_int(t, row, NJ_COL_distributions_is_grid, is_grid);
    if (!points.is_failed)
        nj_table_put_text(t, row, NJ_COL_distributions_points, nj_buf_slice(&points));
    nj_buf_fini(&points);
}

static enum nj_status
group_put(struct group *g)
{
    uint32_t group = g->order->group;
    size_t row = 0;

    nj_series_get(g->series, group, &g->counts);
    g->durations =
        nj_series_strata(g->series, group, NJ_SUM_OF_MEASURE, NJ_LATENCY_DURATION, g->arena);
    g->design = nj_data_design(g->durations);
    for (unsigned m = 0; m < NJ_LATENCY_MEASURES; m++) {
        enum nj_status st = measure_fill(g, m);
        if (st < 0)
            return st;
        if (m == NJ_LATENCY_SELF)
            self_put(g, row);
        if (m == NJ_LATENCY_DURATION) {
            g->mean = mean_of(g, g->durations);
            row = latency_put(g);
            histogram_put(g, nj_results_table(g->results, NJ_TABLE_latency), row);
            if (groupings[g->order->key.by].has_metrics) {
                metrics_put(g);
                distribution_put(g);
            }
        }
        quantiles_put(g, row, m);
    }
    return NJ_OK;
}

static struct order *
orders_make(struct nj_run *run, const struct nj_series *series)
{
    size_t len = nj_series_len(series);
    struct order *orders = malloc((len + 1) * sizeof *orders);

    for (uint32_t i = 0; orders && i < len; i++) {
        struct nj_series_group group;
        nj_series_get(series, i, &group);
        struct nj_latency_group key = nj_latency_group_of(group.key);
        orders[i] = (struct order){i, key, nj_names_get(run->names, key.agent),
                                   nj_names_get(run->names, key.key)};
    }
    if (orders)
        qsort(orders, len, sizeof *orders, order_cmp);
    return orders;
}

/* Groups that one thread works on, one after the other. */
struct part {
    const struct nj_options *options;
    const struct nj_series *series;
    const struct order *orders;
    size_t first, last;
    size_t arena_bytes;         /* of a block */
    struct nj_results *results; /* of its own */
    struct nj_error err;
    enum nj_status status;
};

static void
part_put(void *context, size_t i)
{
    struct part *part = &((struct part *)context)[i];
    struct nj_arena *arena = nj_arena_new(part->arena_bytes);

    part->results = nj_results_new();
    if (!arena || !part->results)
        part->status = nj_fail(&part->err, NJ_ENOMEM, "no memory for the rows of latency");
    for (size_t k = part->first; part->status == NJ_OK && k < part->last; k++) {
        struct group group = {.options = part->options,
                              .series = part->series,
                              .results = part->results,
                              .arena = arena,
                              .err = &part->err,
                              .order = &part->orders[k]};
        enum nj_status st = group_put(&group);
        part->status = st < 0 ? st : NJ_OK;
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static uint64_t
values_of(const struct nj_series *series, const struct order *order)
{
    struct nj_series_group group;

    nj_series_get(series, order->group, &group);
    return group.observations;
}

/* Cuts the groups into at most `max` parts of some as many values; how many they are. */
static size_t
parts_cut(struct part *parts, size_t max, const struct part *whole)
{
    uint64_t all = 0, taken = 0;
    size_t len = 1;

    for (size_t i = whole->first; i < whole->last; i++)
        all += values_of(whole->series, &whole->orders[i]);
    uint64_t share = all / max > PART_VALUES_MIN ? all / max : PART_VALUES_MIN;
    parts[0] = *whole;
    for (size_t i = whole->first; i < whole->last; i++) {
        if (taken >= share && len < max) {
            parts[len - 1].last = i;
            parts[len] = *whole;
            parts[len++].first = i;
            taken = 0;
        }
        taken += values_of(whole->series, &whole->orders[i]);
    }
    return len;
}

enum nj_status
nj_latency_rows(struct nj_run *run, const struct nj_series *series, struct nj_results *results)
{
    unsigned threads = nj_threads_of(run->options->jobs);
    size_t max = threads == 1 ? 1 : (size_t)threads * PARTS_PER_THREAD, len = 0;
    struct order *orders = orders_make(run, series);
    struct part *parts = calloc(max, sizeof *parts);
    const struct part whole = {.options = run->options,
                               .series = series,
                               .orders = orders,
                               .last = nj_series_len(series),
                               .arena_bytes = nj_series_sample_bytes(series)};
    enum nj_status st = NJ_OK;

    if (orders && parts) {
        len = parts_cut(parts, max, &whole);
        nj_parallel(threads, len, part_put, parts);
    } else {
        st = nj_fail(run->err, NJ_ENOMEM, "no memory for the rows of latency");
    }
    for (size_t i = 0; i < len; i++) {
        if (st == NJ_OK && parts[i].status < 0)
            *run->err = parts[i].err;
        if (st == NJ_OK)
            st = parts[i].status;
        if (st == NJ_OK)
            nj_results_take(results, parts[i].results);
        else
            nj_results_free(parts[i].results);
    }
    free(parts);
    free(orders);
    return st;
}
