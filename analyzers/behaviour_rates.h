/* behaviour_rates.h - per agent and trace: how many steps and loops, and which findings; as
 * metrics for gates (floor 3). */
#ifndef NJ_ANALYZERS_BEHAVIOUR_RATES_H
#define NJ_ANALYZERS_BEHAVIOUR_RATES_H

#include "analyzers/behaviour.h"
#include "analyzers/series.h"

struct nj_behaviour_rates {
    struct nj_series series;  /* groups: name ids of agents, and the whole store */
    struct nj_tally of_trace; /* the same keys -> what the current trace has */
};

void nj_behaviour_rates_init(struct nj_behaviour_rates *rates, struct nj_run *run);
void nj_behaviour_rates_fini(struct nj_behaviour_rates *rates);

/* A finding of the trace at hand; then the trace itself. false: no memory. */
bool nj_behaviour_rates_case(struct nj_behaviour_rates *rates, const struct nj_case *found);
bool nj_behaviour_rates_trace(struct nj_behaviour_rates *rates, const struct nj_trace *trace,
                              struct nj_arena *scratch);
bool nj_behaviour_rates_merge(struct nj_behaviour_rates *into, struct nj_behaviour_rates *from);

/* Table metrics: steps and loops a trace, and for every finding the share of traces that have
 * it, among those in which the agent works. */
enum nj_status nj_behaviour_rates_rows(struct nj_behaviour_rates *rates, struct nj_run *run,
                                       struct nj_results *results) NJ_CHECKED;

#endif
