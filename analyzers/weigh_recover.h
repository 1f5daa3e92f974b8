/* weigh_recover.h - rates recovered from trace ids, for the services and hours of a store
 * (floor 3). */
#ifndef NJ_ANALYZERS_WEIGH_RECOVER_H
#define NJ_ANALYZERS_WEIGH_RECOVER_H

#include "analyzers/weigh.h"

/* `= {0}`: nothing is recovered. */
struct nj_weigh_recovery {
    const struct nj_weigh_recovered *list;        /* as nj_weigher_recovered tells */
    const struct nj_weigh_recovered **by_stratum; /* the same but the first, for searching */
    size_t len;
    uint32_t sources[NJ_ID_HASHES_LEN]; /* name ids of "recovered:<hash>" */
};

/* Whether the ids of all traces give a reason to look closer. NJ_ENOMEM. */
enum nj_status nj_weigh_recovery_probe(bool *out, const struct nj_trace_info *infos, size_t len,
                                       struct nj_arena *scratch,
                                       struct nj_error *err) NJ_CHECKED;

/* Looks for thresholds in all traces of unknown weight, in those of each service, and in each
 * hour of a service. NJ_ENOMEM. */
enum nj_status nj_weigh_recovery_fit(struct nj_weigh_recovery *recovery,
                                     const struct nj_scanned *traces, size_t len,
                                     struct nj_names *names, struct nj_arena *arena,
                                     struct nj_arena *scratch, struct nj_error *err) NJ_CHECKED;

/* The weight of a trace by the narrowest accepted rate: 1 / rate where its id alone was reason
 * to keep it, 0 where there must have been another. false: no rate is known for it. */
bool nj_weigh_recovery_apply(const struct nj_weigh_recovery *recovery,
                             struct nj_weigh_stratum stratum, const struct nj_trace_id *id,
                             struct nj_weight *out);

#endif
