/* weigh_scan.h - a look at traces before the pass: what the store as a whole says of sampling
 * (floor 3). Rows are read, trees are not built. */
#ifndef NJ_ANALYZERS_WEIGH_SCAN_H
#define NJ_ANALYZERS_WEIGH_SCAN_H

#include "schema/trace.h"

#define NJ_HOUR_NS ((int64_t)3600 * 1000000000)

/* What sampling rates are asked of: one service's roots in one hour, or in all. */
struct nj_weigh_stratum {
    uint32_t service; /* name id of the root's service; NJ_NO_NAME where there is no root */
    int64_t hour;     /* since 1970; INT64_MIN: all */
};

struct nj_scanned {
    struct nj_trace_id id;
    struct nj_weigh_stratum of;
    uint64_t threshold; /* largest recorded one */
    bool has_hex_id;    /* the id is what the sampler saw */
    bool is_known;      /* something about its weight is recorded */
    bool is_mixed;      /* thresholds differ between its spans */
};

/* Some traces, chosen by a hash of their ids so that the choice is the same in any order, or
 * all of them, in the order of their ids. `infos` are those of the corpus. NJ_ENOMEM, and
 * whatever the corpus fails with. */
enum nj_status nj_scan_some(struct nj_scanned **out, size_t *out_len, size_t max,
                            const struct nj_corpus *corpus, const struct nj_trace_info *infos,
                            struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;
enum nj_status nj_scan_all(struct nj_scanned **out, size_t *out_len,
                           const struct nj_corpus *corpus, struct nj_arena *arena,
                           struct nj_error *err) NJ_CHECKED;

#endif
