/* recover.h - sampling rates out of trace ids: most samplers keep a trace where a hash of its
 * id lies beyond a threshold, and a threshold shows in the ids that were kept (floor 3).
 *
 * Every known hash maps ids to [0, 1), turned so that what is kept is high. Where ids are kept
 * at one rate above a threshold and at a lower one below it, the density has a step there. The
 * method is a likelihood-ratio test for one step, for each hash (docs/methods/sampling.md). */
#ifndef NJ_ANALYZERS_RECOVER_H
#define NJ_ANALYZERS_RECOVER_H

#include "base/arena.h"
#include "base/status.h"
#include "schema/ids.h"

enum nj_id_hash {
#define NJ_ID_HASH(symbol, name, help) NJ_ID_HASH_##symbol,
#include "analyzers/recover.def"
#undef NJ_ID_HASH
    NJ_ID_HASHES_LEN
};
const char *nj_id_hash_name(enum nj_id_hash hash);
/* In [0, 1). */
double nj_id_hash_of(enum nj_id_hash hash, const struct nj_trace_id *id);
/* The hashes, bit by bit, for which these ids leave to chance what is kept. Not those that read
 * first what a way of making ids fixes: version and variant of a UUID; zeros before a number of
 * 64 bits, and the zero that such a number often begins with (Datadog, Jaeger). A fixed bit
 * would look like a rate of one half. */
uint32_t nj_id_hashes_apt(const struct nj_trace_id *ids, size_t len);

/* A step of this log-likelihood ratio is evidence; the hash must beat the next one by a margin.
 */
#define NJ_RECOVER_LLR    18.0
#define NJ_RECOVER_MARGIN 3.0
/* Nobody keeps less; what looks so are ids whose first bits are always the same. */
#define NJ_RECOVER_RATE_MIN 1e-6
/* So many ids settle the matter; more are thinned out by a hash of their own. */
#define NJ_RECOVER_IDS_MAX ((size_t)1 << 17)

struct nj_recovered {
    enum nj_id_hash hash;
    double threshold; /* kept by its id alone: hash >= threshold */
    double p;         /* 1 - threshold */
    double lo, hi;    /* 95 % limits of p */
    double llr;
    double estimated; /* traces that happened: those above the threshold / p */
    size_t ids, above;
    bool is_accepted;
    uint32_t apt; /* hashes that were tried, as nj_id_hashes_apt tells */
    /* A second sampler with another hash decides as well: both keep p times second_p. */
    bool has_second;
    enum nj_id_hash second;
    double second_threshold, second_p;
};

/* Fits all hashes to `ids`. Without ids, or a step, is_accepted is false and the rest describes
 * the best attempt. NJ_ENOMEM. */
enum nj_status nj_recover(struct nj_recovered *out, const struct nj_trace_id *ids, size_t len,
                          struct nj_arena *scratch, struct nj_error *err) NJ_CHECKED;

/* Whether the id alone was reason enough to keep the trace: it then stands for 1 / rate. */
bool nj_recovered_keeps(const struct nj_recovered *recovered, const struct nj_trace_id *id);
double nj_recovered_rate(const struct nj_recovered *recovered);

/* The log-likelihood ratio of ids under the threshold of `recovered` against no threshold; to
 * compare two thresholds of one hash. */
double nj_recovered_llr(const struct nj_recovered *recovered, const struct nj_trace_id *ids,
                        size_t len);

#endif
