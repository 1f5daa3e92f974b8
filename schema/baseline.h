/* baseline.h - the nights that were accepted, and those that were only seen: what gates compare
 * with, and what the baseline file keeps (floor 1).
 *
 * A night is one run over one night's traces. It keeps those tables of its results that can be
 * compared; everything is in memory while it is worked with. */
#ifndef NJ_SCHEMA_BASELINE_H
#define NJ_SCHEMA_BASELINE_H

#include "base/arena.h"
#include "schema/results.h"

enum nj_night_state {
    NJ_NIGHT_SEEN,     /* judged, not accepted: drift is looked for over these */
    NJ_NIGHT_ACCEPTED, /* what later nights are compared with */
};

struct nj_night {
    struct nj_slice digest; /* of the numbers: equal numbers are the same night */
    enum nj_night_state state;
    int64_t start_ns, end_ns;         /* of its traces; start_ns is the order of nights */
    int64_t recorded_ns, accepted_ns; /* accepted_ns 0: it was not */
    struct nj_slice reason;           /* why it was accepted */
    struct nj_slice version;          /* of nightjar */
    struct nj_slice policy_digest;
    struct nj_slice sampling; /* in words: mode, stored and estimated traces */
    struct nj_slice models;   /* "provider/model" lines, sorted: the fingerprint */
    uint64_t traces;
    struct nj_results *rows; /* only the tables of nj_night_tables are filled */
};

/* What was done to the baseline, and why; it is only ever added to. */
struct nj_baseline_event {
    int64_t time_ns;
    struct nj_slice action; /* accept, bootstrap, remove, restart */
    struct nj_slice digest; /* of the night; empty: none */
    struct nj_slice reason;
};

struct nj_baseline {
    struct nj_arena *arena;  /* texts */
    struct nj_night *nights; /* by (start_ns, recorded_ns, digest) */
    size_t nights_len, nights_cap;
    struct nj_baseline_event *events; /* as they happened */
    size_t events_len, events_cap;
};

/* The tables of results that a night keeps; of call_tree the wide frames (schema/frames.h). */
extern const enum nj_table_id nj_night_tables[];
extern const size_t nj_night_tables_len;

struct nj_baseline *nj_baseline_new(void); /* NULL: no memory */
void nj_baseline_free(struct nj_baseline *baseline);

/* A night out of the results of a run; texts and tables are copied into `baseline`, which does
 * not hold it yet. NJ_ENOMEM. */
enum nj_status nj_night_make(struct nj_night *out, struct nj_baseline *baseline,
                             const struct nj_results *results, struct nj_error *err) NJ_CHECKED;
/* Takes the night (with its rows) into the order. NJ_ENOMEM: the rows are released. */
enum nj_status nj_baseline_add(struct nj_baseline *baseline, const struct nj_night *night,
                               struct nj_error *err) NJ_CHECKED;
/* The index of the night with this digest, or of the only one whose digest begins so and has at
 * least 4 digits; SIZE_MAX: none, or more than one. */
size_t nj_baseline_find(const struct nj_baseline *baseline, struct nj_slice digest);
void nj_baseline_remove(struct nj_baseline *baseline, size_t night);
size_t nj_baseline_accepted(const struct nj_baseline *baseline);
enum nj_status nj_baseline_log(struct nj_baseline *baseline,
                               const struct nj_baseline_event *event,
                               struct nj_error *err) NJ_CHECKED;

/* Keeps the newest `accepted_max` accepted nights and three times as many seen ones, and the
 * values behind quantiles and the call tree only of the newest NJ_BASELINE_VALUES accepted
 * nights: more nights than that are compared without them. */
enum { NJ_BASELINE_VALUES = 4 };
void nj_baseline_retain(struct nj_baseline *baseline, size_t accepted_max);

#endif
