/* path_waits.h - clues lifted to where a walk can use them: between siblings, and between spans
 * that nothing encloses (floor 3). */
#ifndef NJ_ANALYZERS_PATH_WAITS_H
#define NJ_ANALYZERS_PATH_WAITS_H

#include "analyzers/path_evidence.h"

/* Who waited for whom, by waiter. */
struct nj_waits {
    const struct nj_clue *list; /* by (waiter, on); no pair twice */
    const uint32_t *at; /* of waiter i: list[at[i] .. at[i + 1]); NULL: there are none */
    uint32_t len;
};

/* Between children of one span: s waited for its sibling p when s, or a span inside it, has a
 * clue that leads to p, or to a span inside that. Siblings that cannot block, and markers
 * without length, are left out. O((n + clues) log n). */
enum nj_status nj_waits_among(struct nj_waits *out, const struct nj_trace *trace,
                              const struct nj_clues *clues, struct nj_arena *arena,
                              struct nj_error *err) NJ_CHECKED;

/* Between items: `item[i]` is the nearest span at or above i that has no parent or does not
 * block it. The item of a span waited for a span in another item that has a length. */
enum nj_status nj_waits_across(struct nj_waits *out, const struct nj_trace *trace,
                               const struct nj_clues *clues, const uint32_t *item,
                               struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;

/* The waits of one span. */
static inline const struct nj_clue *
nj_waits_of(const struct nj_waits *waits, uint32_t waiter, uint32_t *len)
{
    *len = waits->at ? waits->at[waiter + 1] - waits->at[waiter] : 0;
    return *len ? waits->list + waits->at[waiter] : NULL;
}

/* What `waiter`, which started at t_ns, waited for longest. */
struct nj_waited {
    uint32_t on; /* NJ_NO_SPAN: nothing that is recorded */
    uint8_t evidence;
    bool is_cut; /* it was still active at t_ns */
    bool is_tie; /* another one ended within a tick of the clock */
};
/* Of the waits whose span started before t_ns the one that ended last; those that were active
 * at t_ns count as ended then. */
struct nj_waited nj_waits_last(const struct nj_waits *waits, const struct nj_trace *trace,
                               uint32_t waiter, int64_t t_ns);

/* Whether `waiter` waited for `on`. O(log n). */
bool nj_waits_has(const struct nj_waits *waits, uint32_t waiter, uint32_t on);

#endif
