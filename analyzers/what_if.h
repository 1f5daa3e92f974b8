/* what_if.h - how much sooner a trace would end if some of its spans were faster, exactly
 * (floor 3).
 *
 * The event graph stays as it was recorded; only own times shrink. With f(x) = 1 - share saved
 * for the spans asked about and 1 for all others, M the latest ready time of what a child
 * waited for and a its recorded time, forward through the children of x by start: end'(c) = M +
 * f(x) (start(c) - a) + dur'(c) dur'(x) = max end' + f(x) (end(x) - max end) The saving is
 * concave in the share saved, so that equality with the bound share times critical time at one
 * share holds for all smaller ones. */
#ifndef NJ_ANALYZERS_WHAT_IF_H
#define NJ_ANALYZERS_WHAT_IF_H

#include "analyzers/path_graph.h"

enum {
    NJ_WHAT_IF_UNIT = 1000, /* parts of a nanosecond, and of a whole share */
};

struct nj_what_if;

/* Prepares questions about a trace, in `arena`: O(n). NJ_ENOMEM. */
enum nj_status nj_what_if_new(struct nj_what_if **out, const struct nj_event_graph *graph,
                              struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;

/* Savings are counted in 2^shift / NJ_WHAT_IF_UNIT ns. The shift is 0, and all is exact, up to
 * a duration of 53 days. */
unsigned nj_what_if_shift(const struct nj_what_if *what_if);

/* Says what the next savings are about. No span twice. O(spans asked about + knots of the
 * trace: spans where it is parallel, and those above). */
void nj_what_if_ask(struct nj_what_if *what_if, const uint32_t *spans, uint32_t len);

/* What the root's duration would shrink by if the own times of the spans asked about shrank by
 * saved / NJ_WHAT_IF_UNIT of themselves. O(k log k) where k spans lie where the trace is
 * parallel. */
int64_t nj_what_if_saving(struct nj_what_if *what_if, uint32_t saved);

/* Total float: how much later each span could end without moving the end of the root, with all
 * else as recorded; INT64_MAX where nothing waits for it. `slack_ns` has spans_len elements.
 * O(n log n). NJ_ENOMEM. */
enum nj_status nj_slack_find(int64_t *slack_ns, const struct nj_event_graph *graph,
                             struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;

#endif
