/* path_totals.h - critical time by key over all traces: exact sums for each weight, and kept
 * values for quantiles (floor 3).
 *
 * Most traces have one root and nothing detached: their path is the same in both scopes and is
 * counted once. */
#ifndef NJ_ANALYZERS_PATH_TOTALS_H
#define NJ_ANALYZERS_PATH_TOTALS_H

#include "analyzers/analyzer.h"
#include "analyzers/call_paths.h"
#include "analyzers/critical_path.h"
#include "analyzers/tally.h"
#include "base/blocks.h"
#include "base/wide.h"

/* What time is divided by; the order of the tables. */
enum nj_path_by {
    NJ_PATH_BY_AGENT,
    NJ_PATH_BY_OPERATION,
    NJ_PATH_BY_TOOL,
    NJ_PATH_BY_MODEL,
    NJ_PATH_BY_KIND,
    NJ_PATH_BY_PATH,
    NJ_PATH_BYS
};
const char *nj_path_by_name(enum nj_path_by by);

/* "Kinds" of time that no span is active in. */
enum { NJ_PATH_WAIT = NJ_KINDS_LEN, NJ_PATH_GAP, NJ_PATH_KINDS };
const char *nj_path_kind_name(unsigned kind);

/* What span i belongs to; UINT64_MAX: nothing (no tool, no model). Not for call paths. */
uint64_t nj_path_id_of(const struct nj_trace *trace, uint32_t i, enum nj_path_by by);

/* Which scopes the path of a trace counts for. */
enum nj_path_in { NJ_PATH_IN_BOTH, NJ_PATH_IN_ROOT, NJ_PATH_IN_TRACE, NJ_PATH_INS };

/* Shares saved that savings are kept for, in 1 / NJ_WHAT_IF_UNIT. */
enum { NJ_PATH_SAVINGS = 4 };
extern const uint32_t nj_path_saved[NJ_PATH_SAVINGS];

struct nj_path_key {
    uint64_t id;       /* name id; kind; number of a call path */
    uint8_t by;        /* enum nj_path_by */
    int64_t now_ns;    /* in the current trace; 0: not on its path */
    uint32_t spans_at; /* first of its spans in the current trace, NJ_NO_SPAN: none */
    uint32_t last_class, last_sums; /* of scopes in both: index + 1 of the sums used last */
};

/* Of one key in the traces of one weight. Lost is what savings fall short of the bound share
 * saved times critical time, in 1 / NJ_WHAT_IF_UNIT ns: mostly nothing. */
struct nj_path_sums {
    uint64_t traces;
    struct nj_wide ns, square, with_whole;
    struct nj_wide lost[NJ_PATH_SAVINGS];
};

/* Of whole traces of one weight. `units` are clusters. */
struct nj_path_whole {
    uint64_t traces, units;
    struct nj_wide ns, square;
    struct nj_wide ambiguous, waiting, gap;
    struct nj_wide asked;  /* saving of --what-if, in 1 / NJ_WHAT_IF_UNIT ns */
    uint64_t asked_traces; /* those with a span that it asks about */
};

#define NJ_PATH_WHOLE UINT32_MAX

/* Time of traces that were sampled together, until all of them are known. */
struct nj_path_unit {
    uint64_t cluster;
    uint32_t key, class; /* key NJ_PATH_WHOLE: of the whole trace */
    uint8_t scope;       /* enum nj_path_scope */
    uint64_t ns;
};

/* Time of one key on the path of one trace, and of all traces whose times fall into one cell
 * of a histogram (loghist.h). */
struct nj_path_value {
    int64_t ns;
    uint32_t key, class;
    uint8_t in;
};

struct nj_path_cell {
    uint64_t traces;
    int64_t least_ns; /* the value that stands for them: observed, at most 0.1 % below each */
};

struct nj_path_totals {
    struct nj_call_paths paths;
    struct nj_tally nodes;   /* number of a call path -> struct nj_call_node */
    struct nj_tally keys;    /* by and id -> struct nj_path_key */
    struct nj_tally classes; /* bits of a weight, sign: not known -> nothing */
    struct nj_tally sums;    /* in, key, class -> struct nj_path_sums */
    struct nj_tally wholes;  /* in, class -> struct nj_path_whole */
    struct nj_tally units;   /* hash -> struct nj_path_unit */
    struct nj_tally cells;   /* in, key, cell, class -> struct nj_path_cell */
    struct nj_tally cohorts; /* duration and class -> what path_cohorts.c keeps of it */
    struct nj_blocks values; /* of struct nj_path_value; instead of cells, unless is_counted */
    uint32_t *index[NJ_PATH_BY_PATH]; /* of a name id or kind: its key + 1 */
    uint32_t index_len[NJ_PATH_BY_PATH];
    uint32_t *touched; /* keys on the path of the current trace */
    size_t touched_len, touched_cap;
    enum nj_path_by asked_by; /* of --what-if; NJ_PATH_BYS: not asked */
    uint64_t asked_id;
    bool is_counted; /* cells instead of values */
    bool has_items;  /* scopes differ by more than the tolerance somewhere */
};

/* Takes options of the run: what --what-if asks for, and whether the corpus is too large to
 * keep all values. NJ_EUSAGE: there is nothing to divide by that has the name of --what-if's
 * key. */
enum nj_status nj_path_totals_init(struct nj_path_totals *totals,
                                   struct nj_run *run) NJ_CHECKED;
void nj_path_totals_fini(struct nj_path_totals *totals);

/* Adds one path of a trace. NJ_ENOMEM. */
enum nj_status nj_path_totals_add(struct nj_path_totals *totals, struct nj_run *run,
                                  const struct nj_trace *trace,
                                  const struct nj_critical_path *path,
                                  enum nj_path_in in) NJ_CHECKED;
/* false: no memory. */
bool nj_path_totals_merge(struct nj_path_totals *into, struct nj_path_totals *from);

/* Limits of what is told apart, so that keys of tallies fit 64 bits. */
enum { NJ_PATH_KEY_BITS = 26, NJ_PATH_CLASS_BITS = 20, NJ_PATH_CELL_BITS = 16 };

/* Keys in `sums` and, with key 0, in `wholes`. */
static inline uint64_t
nj_path_sums_key(enum nj_path_in in, uint32_t key, uint32_t class)
{
    return ((uint64_t)in << 62) | ((uint64_t)key << NJ_PATH_CLASS_BITS) | class;
}

static inline uint64_t
nj_path_cell_key(enum nj_path_in in, uint32_t key, uint32_t cell, uint32_t class)
{
    uint64_t of_key = ((uint64_t)in << NJ_PATH_KEY_BITS) | key;
    return ((of_key << NJ_PATH_CELL_BITS | cell) << NJ_PATH_CLASS_BITS) | class;
}

/* And back. */
struct nj_path_place {
    enum nj_path_in in;
    uint32_t key, cell, class;
};

static inline struct nj_path_place
nj_path_place_of(uint64_t key)
{
    const uint64_t one = 1;
    return (struct nj_path_place){
        .in = (enum nj_path_in)(key >> 62),
        .key = (uint32_t)(key >> NJ_PATH_CLASS_BITS & ((one << NJ_PATH_KEY_BITS) - 1)),
        .class = (uint32_t)(key & ((one << NJ_PATH_CLASS_BITS) - 1))};
}

static inline struct nj_path_place
nj_path_place_of_cell(uint64_t key)
{
    const uint64_t one = 1;
    uint64_t of_key = key >> (NJ_PATH_CELL_BITS + NJ_PATH_CLASS_BITS);
    return (struct nj_path_place){
        .in = (enum nj_path_in)(of_key >> NJ_PATH_KEY_BITS),
        .key = (uint32_t)(of_key & ((one << NJ_PATH_KEY_BITS) - 1)),
        .cell = (uint32_t)(key >> NJ_PATH_CLASS_BITS & ((one << NJ_PATH_CELL_BITS) - 1)),
        .class = (uint32_t)(key & ((one << NJ_PATH_CLASS_BITS) - 1))};
}

/* For path_merge.c and path_rows.c. The index of a key, new if need be, UINT32_MAX: no
 * memory, or too many. The others: false when there is no memory. */
uint32_t nj_path_key_find(struct nj_path_totals *totals, enum nj_path_by by, uint64_t id);
bool nj_path_unit_add(struct nj_path_totals *totals, uint64_t cluster, uint32_t key,
                      uint32_t class, enum nj_path_scope scope, uint64_t ns);
const struct nj_path_unit *nj_path_unit_find(const struct nj_path_totals *totals,
                                             uint64_t cluster, uint32_t key, uint32_t class,
                                             enum nj_path_scope scope);
bool nj_path_value_keep(struct nj_path_totals *totals, uint32_t key, uint32_t class,
                        enum nj_path_in in, int64_t ns);

#endif
