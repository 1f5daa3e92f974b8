/* path_savings.h - what faster spans would save in the trace that is being counted (floor 3).
 */
#ifndef NJ_ANALYZERS_PATH_SAVINGS_H
#define NJ_ANALYZERS_PATH_SAVINGS_H

#include "analyzers/path_totals.h"
#include "analyzers/what_if.h"

/* Answers for one trace; its arrays live in the scratch arena. */
struct nj_path_savings {
    const struct nj_trace *trace;
    const struct nj_path_totals *totals;
    struct nj_what_if *what_if; /* NULL: the trace is serial, savings are simply shares */
    unsigned shift;             /* of the unit that savings are counted in */
    uint32_t *next;             /* of a span: the next one of its key */
    uint32_t *list;
};

/* NJ_ENOMEM. `path` is of scope root. */
enum nj_status nj_path_savings_init(struct nj_path_savings *savings, struct nj_run *run,
                                    const struct nj_path_totals *totals,
                                    const struct nj_trace *trace,
                                    const struct nj_critical_path *path) NJ_CHECKED;

/* Chains the spans of every touched key of division `by`, from key->spans_at on. */
void nj_path_savings_chain(struct nj_path_savings *savings, enum nj_path_by by);

/* lost[s]: by how much the saving at nj_path_saved[s] falls short of that share of the key's
 * critical time, in 2^shift / NJ_WHAT_IF_UNIT ns. false: nothing is lost. */
bool nj_path_savings_lost(struct nj_path_savings *savings, const struct nj_path_key *key,
                          int64_t lost[NJ_PATH_SAVINGS]);

/* The saving at any share, of the spans whose division `by` has this id, in
 * 1 / NJ_WHAT_IF_UNIT ns. */
struct nj_wide nj_path_savings_ask(struct nj_path_savings *savings,
                                   const struct nj_critical_path *path, enum nj_path_by by,
                                   uint64_t id, uint32_t saved);

#endif
