/* history.h - every metric of these results beside the same metric of earlier nights (floor 4).
 */
#ifndef NJ_GATES_HISTORY_H
#define NJ_GATES_HISTORY_H

#include "gates/amount.h"
#include "schema/baseline.h"

/* One metric of one group in one night; numbers are NaN where there are none. */
struct nj_point {
    double est, lo, hi, se; /* as in table metrics: se of the logarithm but for shares */
    double n, traces, n_eff, events;
    bool is_there;
};

/* One series. `points` are one a night, in the order of nights, and behind them that of these
 * results. */
struct nj_history {
    const struct nj_metric *metric;
    struct nj_slice group_by, agent, kind, key;
    double over; /* limit of slow_share; NaN for others */
    struct nj_point *points;
};

struct nj_histories {
    struct nj_arena *arena;
    const struct nj_results *now;
    const struct nj_night **nights; /* those that count, by time; later seen ones do not */
    bool *is_accepted;
    size_t nights_len, accepted_len;
    double min_traces;       /* nights with fewer are not judged; set by the caller */
    struct nj_history *list; /* by metric, over, group_by, agent, kind, key */
    size_t len;
};

/* Collects all series of `now` and of the nights of `baseline` (NULL: there are none): the
 * newest `accepted_max` accepted nights, and the nights before `now` that were only seen.
 * Everything lives in `arena` and in what was given. NJ_ENOMEM. */
enum nj_status nj_histories_make(struct nj_histories *out, const struct nj_results *now,
                                 const struct nj_baseline *baseline, size_t accepted_max,
                                 struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;

static inline const struct nj_point *
nj_history_now(const struct nj_histories *all, const struct nj_history *h)
{
    return &h->points[all->nights_len];
}

#endif
