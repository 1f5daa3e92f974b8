/* series.h - the values of many groups over weighted traces: kept one by one while there is
 * room for them, counted into the cells of a histogram where there is not (floor 3).
 *
 * Analyzers add observations (a span, a step of an agent) to groups; afterwards every group has
 * its design and strata for means and shares, and a sample for quantiles. The state is integers
 * and kept values, so merging is exact and free of order. Sums within a trace, or within traces
 * that share a recorded randomness, are one unit.
 *
 * Whether values are kept is known before the first one, from the size of the corpus, so that
 * every thread does the same. Values are integers >= 0. */
#ifndef NJ_ANALYZERS_SERIES_H
#define NJ_ANALYZERS_SERIES_H

#include "analyzers/analyzer.h"
#include "analyzers/tally.h"
#include "base/blocks.h"
#include "base/quantile.h"
#include "base/wide.h"

enum {
    NJ_SERIES_MEASURES = 4,   /* kinds of values that an observation may have */
    NJ_SERIES_EVENTS = 16,    /* things that can be true of an observation */
    NJ_SERIES_GROUPS_MAX = 6, /* groups that one observation belongs to */
};
/* Values kept by default: about 130 MB. */
#define NJ_SERIES_KEPT_DEFAULT ((uint64_t)1 << 23)
/* "This observation has no such value." */
#define NJ_NO_VALUE INT64_MIN

struct nj_series_trace {
    struct nj_trace_id id;
    uint64_t cluster;
    uint32_t text;  /* name id of an id that is not hex */
    uint32_t class; /* index in classes */
};

struct nj_series_values {
    struct nj_blocks kept; /* of struct nj_series_value, until close */
    /* after close: values of combo c start at list[combo_at[c]] */
    struct nj_series_value *list;
    size_t *combo_at;
};

struct nj_series_shape {
    unsigned measures_len; /* values an observation */
    unsigned summed_len;   /* of which the first are added up, for means */
    unsigned events_len;   /* events that are counted, for shares */
    bool is_counted;       /* cells instead of values */
};

struct nj_observation {
    uint32_t groups[NJ_SERIES_GROUPS_MAX]; /* from nj_series_group, all different */
    unsigned groups_len;
    int64_t value[NJ_SERIES_MEASURES]; /* >= 0, or NJ_NO_VALUE; a summed one must be there */
    uint32_t events;                   /* bit i: event i */
};

/* What is known of a group without estimating. */
struct nj_series_group {
    uint64_t key;
    uint64_t observations, traces;
    uint64_t events[NJ_SERIES_EVENTS];
    int64_t min[NJ_SERIES_MEASURES], max[NJ_SERIES_MEASURES];
};

/* Lives in an analyzer's state; the fields are for series.c and series_close.c alone. */
struct nj_series {
    struct nj_series_shape shape;
    struct nj_names *names;
    struct nj_tally groups;  /* key -> struct nj_series_total */
    struct nj_tally classes; /* bits of a weight, sign: not known; of a part of known size
                                their hash -> struct nj_series_class */
    struct nj_tally moments; /* group and class -> struct nj_series_moments */
    struct nj_tally pending; /* group, class, cluster -> struct nj_series_unit */
    struct nj_tally cells;   /* group, measure, cell, class -> struct nj_series_cell */
    struct nj_tally wholes;  /* group, measure, class -> struct nj_series_whole */
    struct nj_tally combos;  /* hash of groups -> struct nj_series_combo */
    struct nj_series_values values[NJ_SERIES_MEASURES];
    struct nj_series_trace *traces;
    size_t traces_len, traces_cap;
    /* the current trace */
    struct nj_series_trace current;
    bool is_current_grouped;
    uint32_t *touched; /* groups with an observation in it */
    size_t touched_len, touched_cap;
    struct nj_keyed *counted; /* cells hit by it */
    size_t counted_len, counted_cap;
    /* after nj_series_close */
    struct nj_carrier *carriers; /* of traces */
    uint32_t *class_order;       /* ascending by weight */
    size_t *group_at;            /* combos of group g: group_combos[group_at[g] …] */
    uint32_t *group_combos;
};

/* Whether a corpus of so many spans, with so many values a span, is to be counted into cells.
 */
bool nj_series_must_count(const struct nj_run *run, unsigned values_per_span);

/* `names` belongs to the run: ids of traces that are not hex go into it. */
void nj_series_init(struct nj_series *series, const struct nj_series_shape *shape,
                    struct nj_names *names);
void nj_series_fini(struct nj_series *series);

/* The number of the group with this key, new if need be; UINT32_MAX: no memory. */
uint32_t nj_series_group(struct nj_series *series, uint64_t key);

/* Observations of one trace stand between begin and end. false: no memory. */
bool nj_series_begin(struct nj_series *series, const struct nj_trace *trace);
bool nj_series_add(struct nj_series *series, const struct nj_observation *observation);
bool nj_series_end(struct nj_series *series, struct nj_arena *scratch);

/* Takes the values out of `from`. */
bool nj_series_merge(struct nj_series *into, struct nj_series *from);

/* After the last trace and merge, before what follows. NJ_ENOMEM. */
enum nj_status nj_series_close(struct nj_series *series, struct nj_error *err) NJ_CHECKED;

/* Groups are in no order. */
size_t nj_series_len(const struct nj_series *series);
void nj_series_get(const struct nj_series *series, uint32_t group, struct nj_series_group *out);

/* What the sums of a stratum are about; x is the number of observations. */
enum nj_series_sum { NJ_SUM_OF_MEASURE, NJ_SUM_OF_EVENT };

/* The strata of a group in `arena`, ascending by weight. `len` is 0 when memory is exhausted.
 */
struct nj_data nj_series_strata(const struct nj_series *series, uint32_t group,
                                enum nj_series_sum what, unsigned which,
                                struct nj_arena *arena);

/* What a sample of the largest group and its quantiles take at most, about: for the blocks of the
 * arena that samples are made in one after the other. Blocks that are too small are taken from
 * the heap, and touched for the first time, while other threads wait for it. */
size_t nj_series_sample_bytes(const struct nj_series *series);

/* The sample of a measure of a group, keys by nj_key_of_int. NJ_ENOMEM, NJ_ELIMIT. */
enum nj_status nj_series_sample(const struct nj_series *series, uint32_t group,
                                unsigned measure, struct nj_arena *arena, struct nj_sample *out,
                                struct nj_error *err) NJ_CHECKED;

/* The id of a trace with an observation of this rank's value (in its cell): of all such traces
 * with a weight the first by text. Written into `hex` or borrowed from names. */
struct nj_slice nj_series_exemplar(const struct nj_series *series, uint32_t group,
                                   unsigned measure, const struct nj_sample *sample,
                                   size_t rank, char hex[NJ_TRACE_HEX + 1]);

#endif
