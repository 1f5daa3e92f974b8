/* series_state.h - what a series keeps, shared by series.c and series_close.c (floor 3). */
#ifndef NJ_ANALYZERS_SERIES_STATE_H
#define NJ_ANALYZERS_SERIES_STATE_H

#include "analyzers/series.h"

struct nj_series_value {
    int64_t value;
    uint32_t trace, combo;
};

struct nj_series_combo {
    uint32_t groups[NJ_SERIES_GROUPS_MAX];
    uint32_t len;
};

/* A group's counts, and its sums in the current trace: measures, then events. */
struct nj_series_total {
    uint64_t observations, traces;
    uint64_t events[NJ_SERIES_EVENTS];
    int64_t min[NJ_SERIES_MEASURES], max[NJ_SERIES_MEASURES]; /* where seen[m] > 0 */
    uint64_t seen[NJ_SERIES_MEASURES];
    uint64_t x, y[NJ_SERIES_MEASURES + NJ_SERIES_EVENTS];
};

/* A weight: its bits, with the sign where it is not known, and its part of known size. */
struct nj_series_class {
    uint64_t bits;
    struct nj_known known;
};

/* Sums over the units of one group and weight. */
struct nj_series_moments {
    uint64_t units, x;
    struct nj_wide xx;
    struct {
        struct nj_wide y, xy, yy;
    } of[]; /* summed measures, then events */
};

/* A unit that more traces may belong to. */
struct nj_series_unit {
    uint64_t cluster;
    uint32_t group, class;
    uint64_t x, y[];
};

/* Of the traces with a row of a measure: how many, and the sum of their squared rows. */
struct nj_series_whole {
    uint64_t traces, squares;
};

struct nj_series_cell {
    uint64_t rows, aa, ab;
    struct nj_trace_id id; /* of the first trace by text that has a weight; else text is NONE */
    uint32_t text, most;   /* most: rows that one trace has here or above, at most */
};

enum {
    NJ_SERIES_CLASS_BITS = 20,
    NJ_SERIES_CELL_BITS = 16,
    NJ_SERIES_MEASURE_BITS = 2,
    NJ_SERIES_GROUPS_LIMIT = 1 << 26,
};
#define NJ_SERIES_NONE UINT32_MAX

/* A measure, or a cell, too many is the first key beyond. */
static inline uint64_t
nj_series_cell_key(uint32_t group, unsigned measure, uint32_t cell, uint32_t class)
{
    uint64_t key = ((uint64_t)group << NJ_SERIES_MEASURE_BITS) + measure;

    key = (key << NJ_SERIES_CELL_BITS) + cell;
    return key << NJ_SERIES_CLASS_BITS | class;
}

static inline uint64_t
nj_series_moments_key(uint32_t group, uint32_t class)
{
    return (uint64_t)group << 32 | class;
}

static inline uint64_t
nj_series_whole_key(uint32_t group, unsigned measure, uint32_t class)
{
    return nj_series_cell_key(group, measure, 0, class);
}

/* Number of sums that moments hold. */
static inline unsigned
nj_series_sums(const struct nj_series *series)
{
    return series->shape.summed_len + series->shape.events_len;
}

/* Adds a unit's sums; false: no memory. */
bool nj_series_moments_add(struct nj_series *series, uint32_t group, uint32_t class, uint64_t x,
                           const uint64_t *y);

#endif
