/* history.c - every metric of these results beside the same metric of earlier nights. */
#include "gates/history.h"

#include <math.h>
#include <stdlib.h>

/* A row of table metrics of one night. */
struct source {
    const struct nj_table *table;
    size_t row, night;
    const struct nj_metric *metric;
};

static int
text_cmp(const struct source *a, const struct source *b, unsigned column)
{
    return nj_slice_cmp(nj_table_text(a->table, a->row, column),
                        nj_table_text(b->table, b->row, column));
}

static int
series_cmp(const struct source *a, const struct source *b)
{
    static const unsigned columns[] = {NJ_COL_metrics_group_by, NJ_COL_metrics_agent,
                                       NJ_COL_metrics_kind, NJ_COL_metrics_key};
    double x = nj_table_real(a->table, a->row, NJ_COL_metrics_over);
    double y = nj_table_real(b->table, b->row, NJ_COL_metrics_over);

    if (a->metric != b->metric)
        return a->metric < b->metric ? -1 : 1;
    if (isfinite(x) && isfinite(y) && (x < y || x > y))
        return x < y ? -1 : 1;
    for (size_t i = 0; i < NJ_LEN(columns); i++) {
        int c = text_cmp(a, b, columns[i]);
        if (c)
            return c;
    }
    return 0;
}

static int
source_cmp(const void *left, const void *right)
{
    const struct source *a = left, *b = right;
    int c = series_cmp(a, b);

    if (c)
        return c;
    if (a->night != b->night)
        return a->night < b->night ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

/* Picks the nights; false: no memory. */
static bool
nights_pick(struct nj_histories *all, const struct nj_baseline *b, const struct nj_night *now,
            size_t accepted_max)
{
    size_t len = b ? b->nights_len : 0, skip = b ? nj_baseline_accepted(b) : 0;

    skip = skip > accepted_max ? skip - accepted_max : 0;
    all->nights = NJ_NEW(all->arena, const struct nj_night *, len + 1);
    all->is_accepted = NJ_NEW(all->arena, bool, len + 1);
    if (!all->nights || !all->is_accepted)
        return false;
    for (size_t i = 0; i < len; i++) {
        const struct nj_night *night = &b->nights[i];
        bool is_accepted = night->state == NJ_NIGHT_ACCEPTED;
        if (is_accepted && skip > 0) {
            skip--;
            continue;
        }
        if (!is_accepted &&
            (night->start_ns > now->start_ns || nj_slice_eq(night->digest, now->digest)))
            continue;
        all->is_accepted[all->nights_len] = is_accepted;
        all->nights[all->nights_len++] = night;
        all->accepted_len += is_accepted;
    }
    return true;
}

static size_t
sources_add(struct source *list, size_t len, const struct nj_results *results, size_t night)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_metrics);

    for (size_t r = 0; r < nj_table_len(t); r++) {
        const struct nj_metric *metric =
            nj_metric_find(nj_table_text(t, r, NJ_COL_metrics_metric));
        if (metric)
            list[len++] = (struct source){t, r, night, metric};
    }
    return len;
}

static struct nj_point
point_of(const struct source *s)
{
    const struct nj_table *t = s->table;
    size_t r = s->row;

    return (struct nj_point){.est = nj_table_real(t, r, NJ_COL_metrics_est),
                             .lo = nj_table_real(t, r, NJ_COL_metrics_lo),
                             .hi = nj_table_real(t, r, NJ_COL_metrics_hi),
                             .se = nj_table_real(t, r, NJ_COL_metrics_se),
                             .n = nj_table_real(t, r, NJ_COL_metrics_n),
                             .traces = nj_table_real(t, r, NJ_COL_metrics_traces),
                             .n_eff = nj_table_real(t, r, NJ_COL_metrics_n_eff),
                             .events = nj_table_real(t, r, NJ_COL_metrics_events),
                             .is_there = !nj_table_is_null(t, r, NJ_COL_metrics_est)};
}

static bool
series_collect(struct nj_histories *all, const struct source *list, size_t len)
{
    const double none = (double)NAN;
    size_t width = all->nights_len + 1;

    for (size_t i = 0; i < len; i++)
        all->len += i == 0 || series_cmp(&list[i - 1], &list[i]) != 0;
    all->list = NJ_NEW(all->arena, struct nj_history, all->len + 1);
    struct nj_point *points = NJ_NEW(all->arena, struct nj_point, all->len * width + 1);
    if (!all->list || !points)
        return false;
    for (size_t i = 0; i < all->len * width; i++)
        points[i] = (struct nj_point){none, none, none, none, none, none, none, none, false};
    struct nj_history *h = all->list - 1;
    for (size_t i = 0; i < len; i++) {
        const struct source *s = &list[i];
        if (i == 0 || series_cmp(&list[i - 1], s) != 0) {
            h++;
            *h = (struct nj_history){s->metric,
                                     nj_table_text(s->table, s->row, NJ_COL_metrics_group_by),
                                     nj_table_text(s->table, s->row, NJ_COL_metrics_agent),
                                     nj_table_text(s->table, s->row, NJ_COL_metrics_kind),
                                     nj_table_text(s->table, s->row, NJ_COL_metrics_key),
                                     nj_table_real(s->table, s->row, NJ_COL_metrics_over),
                                     points + (size_t)(h - all->list) * width};
        }
        h->points[s->night] = point_of(s);
    }
    return true;
}

static size_t
metrics_len(const struct nj_results *results)
{
    return nj_table_len(nj_results_view(results, NJ_TABLE_metrics));
}

enum nj_status
nj_histories_make(struct nj_histories *out, const struct nj_results *now,
                  const struct nj_baseline *baseline, size_t accepted_max,
                  struct nj_arena *arena, struct nj_error *err)
{
    struct nj_baseline *scratch = nj_baseline_new(); /* for the digest of `now` */
    struct nj_night night = {0};
    enum nj_status st = scratch ? nj_night_make(&night, scratch, now, err)
                                : nj_fail(err, NJ_ENOMEM, "no memory for the comparison");

    *out = (struct nj_histories){.arena = arena, .now = now};
    bool ok = st == NJ_OK && nights_pick(out, baseline, &night, accepted_max);
    size_t len = metrics_len(now), filled = 0;
    for (size_t i = 0; ok && i < out->nights_len; i++)
        len += metrics_len(out->nights[i]->rows);
    struct source *list = ok ? malloc((len + 1) * sizeof *list) : NULL;
    if (list) {
        for (size_t i = 0; i < out->nights_len; i++)
            filled = sources_add(list, filled, out->nights[i]->rows, i);
        filled = sources_add(list, filled, now, out->nights_len);
        qsort(list, filled, sizeof *list, source_cmp);
    }
    ok = ok && list && series_collect(out, list, filled);
    free(list);
    nj_results_free(night.rows);
    nj_baseline_free(scratch);
    return ok ? NJ_OK : st < 0 ? st : nj_fail(err, NJ_ENOMEM, "no memory for the comparison");
}
