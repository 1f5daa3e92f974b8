/* sampling_rows.c - weighted numbers beside plain ones, and bounds under a range of rates. */
#include "analyzers/sampling_rows.h"

#include <math.h>

static const double ps[] = {0.5, 0.9, 0.95, 0.99};
static const char *const p_names[] = {"p50", "p90", "p95", "p99"};
enum { QUANTILES = NJ_LEN(ps) };

/* A plain number is off when it is so by more than 5 %, and surely. */
#define MATERIAL 0.05

/* One row of sampling_rows. */
struct row {
    const char *metric;
    double plain, n, n_eff;
    struct nj_estimate weighted, bias;
    bool is_share; /* thin where there are hardly events, not where it has no limit */
    double events;
};

/* A mean of fewer independent traces, a share with fewer events, cannot be relied on. */
enum { N_EFF_MIN = 30, EVENTS_MIN = 5 };

static const char *
flag_of(const struct nj_sampling_subject *subject, const struct row *row)
{
    bool is_mean = strcmp(row->metric, "mean") == 0;
    bool is_unbounded = !isfinite(row->weighted.hi);

    if (subject->is_unknown)
        return "unknown";
    if (is_unbounded || (is_mean && row->n_eff < N_EFF_MIN) ||
        (row->is_share && row->n_eff < N_EFF_MIN && row->events < EVENTS_MIN))
        return "thin";
    bool is_sure = row->bias.lo > 0 || row->bias.hi < 0;
    bool is_material = fabs(row->bias.est) > MATERIAL * fabs(row->weighted.est);
    return is_sure && is_material ? "biased" : "ok";
}

static void
row_put(struct nj_results *results, const struct nj_sampling_subject *subject,
        const struct row *row, struct nj_sampling_outcome *outcome)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_sampling_rows);
    const char *flag = flag_of(subject, row);
    bool is_biased = strcmp(flag, "biased") == 0;
    size_t at = nj_table_add(t);

    nj_table_put_text(t, at, NJ_COL_sampling_rows_agent, subject->agent);
    nj_table_put_text(t, at, NJ_COL_sampling_rows_metric, nj_slice_of(row->metric));
    nj_table_put_real(t, at, NJ_COL_sampling_rows_naive, row->plain);
    nj_table_put_real(t, at, NJ_COL_sampling_rows_weighted, row->weighted.est);
    nj_table_put_real(t, at, NJ_COL_sampling_rows_lo, row->weighted.lo);
    nj_table_put_real(t, at, NJ_COL_sampling_rows_hi, row->weighted.hi);
    nj_table_put_real(t, at, NJ_COL_sampling_rows_bias, row->bias.est);
    nj_table_put_real(t, at, NJ_COL_sampling_rows_bias_lo, row->bias.lo);
    nj_table_put_real(t, at, NJ_COL_sampling_rows_bias_hi, row->bias.hi);
    nj_table_put_int(t, at, NJ_COL_sampling_rows_n, (int64_t)row->n);
    nj_table_put_real(t, at, NJ_COL_sampling_rows_n_eff, row->n_eff);
    nj_table_put_text(t, at, NJ_COL_sampling_rows_flag, nj_slice_of(flag));
    outcome->biased += is_biased;
    outcome->is_error_rate_biased |= is_biased && row->is_share;
    outcome->unbounded += !row->is_share && !isfinite(row->weighted.hi);
}

/* Number of observations, and of what y counts, as stored. */
static void
stored_sums(struct nj_data data, double *x, double *y)
{
    *x = *y = 0;
    for (size_t i = 0; i < data.len; i++) {
        *x += data.terms ? data.terms[i].x : data.strata[i].x;
        *y += data.terms ? data.terms[i].y : data.strata[i].y;
    }
}

static void
error_rate_put(struct nj_results *results, const struct nj_sampling_subject *subject,
               struct nj_sampling_outcome *outcome)
{
    struct row row = {.metric = "error_rate", .is_share = true};

    stored_sums(subject->errors, &row.n, &row.events);
    row.plain = nj_data_plain(subject->errors);
    row.weighted = subject->sample->is_textbook
                       ? nj_data_share_textbook(subject->errors, subject->spread, &row.n_eff)
                       : nj_data_share(subject->errors, subject->spread, &row.n_eff);
    row.bias = nj_data_bias(subject->errors, subject->spread);
    row_put(results, subject, &row, outcome);
}

static void
mean_put(struct nj_results *results, const struct nj_sampling_subject *subject,
         struct nj_sampling_outcome *outcome, struct nj_arena *scratch)
{
    const struct nj_sample *sample = subject->sample;
    struct row row = {.metric = "mean"};
    double sum;

    stored_sums(subject->values, &row.n, &sum);
    row.plain = nj_data_plain(subject->values);
    row.weighted = nj_data_ratio(subject->values, subject->spread);
    row.bias = nj_data_bias(subject->values, subject->spread);
    row.n_eff = nj_data_design(subject->values).kish;
    if (!sample->is_textbook)
        row.weighted =
            nj_sample_skew_limits(sample, row.weighted, subject->spread, row.n_eff, scratch);
    if (!sample->is_real) /* a duration */
        row.weighted = nj_estimate_within(row.weighted, 0, INFINITY);
    row_put(results, subject, &row, outcome);
}

static double
value_at(const struct nj_sample *sample, size_t rank)
{
    return rank == NJ_NO_RANK ? (double)NAN : nj_sample_value(sample, sample->key[rank]);
}

static enum nj_status
quantiles_put(struct nj_results *results, const struct nj_sampling_subject *subject,
              struct nj_sampling_outcome *outcome, struct nj_arena *scratch,
              struct nj_error *err)
{
    const struct nj_sample *sample = subject->sample;
    struct nj_quantile quantiles[QUANTILES];
    struct nj_estimate biases[QUANTILES];
    double n, sum;

    stored_sums(subject->values, &n, &sum);
    for (size_t q = 0; q < QUANTILES; q++)
        quantiles[q] = (struct nj_quantile){.p = ps[q]};
    enum nj_status st =
        nj_sample_quantiles(sample, subject->spread, quantiles, QUANTILES, scratch, err);
    if (st == NJ_OK)
        st = nj_sample_bias(sample, subject->spread, ps, QUANTILES, biases, scratch, err);
    for (size_t q = 0; q < QUANTILES && st == NJ_OK; q++) {
        const struct nj_quantile *of = &quantiles[q];
        struct row row = {
            .metric = p_names[q],
            .plain = nj_sample_value(sample, of->plain),
            .n = n,
            .n_eff = of->n_eff,
            .weighted = {value_at(sample, of->at), value_at(sample, of->lo),
                         value_at(sample, of->hi), (double)NAN},
            .bias = biases[q],
        };
        row_put(results, subject, &row, outcome);
    }
    return st;
}

enum nj_status
nj_sampling_rows_put(struct nj_results *results, const struct nj_sampling_subject *subject,
                     struct nj_sampling_outcome *outcome, struct nj_arena *scratch,
                     struct nj_error *err)
{
    if (subject->errors.len > 0)
        error_rate_put(results, subject, outcome);
    if (subject->values.len == 0)
        return NJ_OK;
    mean_put(results, subject, outcome, scratch);
    return quantiles_put(results, subject, outcome, scratch, err);
}

struct range {
    double weight_lo, weight_hi; /* of what is not known */
};

static struct nj_bounded
bounded_of(double value, double weight, double rest, double rows, const struct range *range)
{
    if (rest == 1)
        return (struct nj_bounded){value, rows * range->weight_lo, rows * range->weight_hi};
    return (struct nj_bounded){value, rows * weight, rows * weight};
}

static void
bound_put(struct nj_results *results, const struct nj_sampling_subject *subject,
          const char *metric, const struct range *range, struct nj_bounds bounds)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_sampling_bounds);
    size_t at = nj_table_add(t);

    nj_table_put_text(t, at, NJ_COL_sampling_bounds_agent, subject->agent);
    nj_table_put_text(t, at, NJ_COL_sampling_bounds_metric, nj_slice_of(metric));
    nj_table_put_real(t, at, NJ_COL_sampling_bounds_rate_lo, 1 / range->weight_hi);
    nj_table_put_real(t, at, NJ_COL_sampling_bounds_rate_hi, 1 / range->weight_lo);
    nj_table_put_real(t, at, NJ_COL_sampling_bounds_lo, bounds.lo);
    nj_table_put_real(t, at, NJ_COL_sampling_bounds_hi, bounds.hi);
}

/* Of strata the share of events: rows of value 0 and 1. */
static enum nj_status
share_bounds_put(struct nj_results *results, const struct nj_sampling_subject *subject,
                 const struct range *range, struct nj_arena *scratch, struct nj_error *err)
{
    size_t len = subject->errors.len;
    struct nj_bounded *rows = NJ_NEW_RAW(scratch, struct nj_bounded, 2 * len);
    double lo = 0, hi = 0;

    if (!rows)
        return nj_fail(err, NJ_ENOMEM, "no memory for bounds");
    for (size_t i = 0; i < len; i++) {
        const struct nj_stratum *s = &subject->errors.strata[i];
        rows[i] = bounded_of(0, s->weight, s->rest, s->x - s->y, range);
        rows[len + i] = bounded_of(1, s->weight, s->rest, s->y, range);
        lo += rows[i].lo + rows[len + i].lo;
        hi += rows[i].hi + rows[len + i].hi;
    }
    if (nj_slice_eq(subject->agent, NJ_SLICE("*")))
        bound_put(results, subject, "traces", range, (struct nj_bounds){lo, hi});
    bound_put(results, subject, "error_rate", range, nj_bounds_mean(rows, 2 * len));
    return NJ_OK;
}

enum nj_status
nj_sampling_bounds_put(struct nj_results *results, const struct nj_sampling_subject *subject,
                       double rate_lo, double rate_hi, struct nj_arena *scratch,
                       struct nj_error *err)
{
    const struct range range = {1 / rate_hi, 1 / rate_lo};
    const struct nj_sample *s = subject->sample;
    size_t len = subject->values.len > 0 ? s->stored_len : 0;
    struct nj_bounded *rows = NJ_NEW_RAW(scratch, struct nj_bounded, len);
    enum nj_status st = NJ_OK;

    if (!rows)
        return nj_fail(err, NJ_ENOMEM, "no memory for bounds");
    if (subject->errors.len > 0)
        st = share_bounds_put(results, subject, &range, scratch, err);
    if (st < 0 || len == 0)
        return st;
    for (size_t i = 0; i < len; i++) {
        const struct nj_cell *cell = s->stored_cell ? &s->stored_cell[i] : NULL;
        const struct nj_carrier *carrier = cell ? NULL : &s->carriers[s->stored[i].carrier];
        rows[i] = cell ? bounded_of(nj_sample_value(s, cell->key), cell->weight, cell->rest,
                                    cell->rows, &range)
                       : bounded_of(nj_sample_value(s, s->stored[i].key), carrier->weight,
                                    carrier->rest, 1, &range);
    }
    bound_put(results, subject, "mean", &range, nj_bounds_mean(rows, len));
    for (size_t q = 0; q < QUANTILES; q++)
        bound_put(results, subject, p_names[q], &range, nj_bounds_quantile(rows, len, ps[q]));
    return NJ_OK;
}
