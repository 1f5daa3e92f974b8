/* path_totals.c - critical time by key over all traces: exact sums for each weight. */
#include "analyzers/path_totals.h"

#include "analyzers/path_cohorts.h"
#include "analyzers/path_savings.h"
#include "base/hash.h"
#include "base/loghist.h"

#include <stdlib.h>

enum {
    VALUES_KEPT = 1 << 23,
    WEIGHT_BITS_KEPT = 12, /* of the mantissa, where values are not kept one by one */
};

static const char *const by_names[NJ_PATH_BYS] = {"agent", "operation", "tool",
                                                  "model", "kind",      "path"};

const char *
nj_path_by_name(enum nj_path_by by)
{
    return by_names[by];
}

const char *
nj_path_kind_name(unsigned kind)
{
    return kind == NJ_PATH_WAIT  ? "wait"
           : kind == NJ_PATH_GAP ? "gap"
                                 : nj_kind_name((enum nj_kind)kind);
}

static enum nj_status
asked_set(struct nj_path_totals *totals, struct nj_run *run)
{
    const struct nj_options *o = run->options;
    int by = 0;

    totals->asked_by = NJ_PATH_BYS;
    if (o->what_if_key.len == 0)
        return NJ_OK;
    while (by < NJ_PATH_BY_PATH && !nj_slice_eq(o->what_if_key, nj_slice_of(by_names[by])))
        by++;
    if (by >= NJ_PATH_BY_KIND)
        return nj_fail(run->err, NJ_EUSAGE,
                       "--what-if asks for agent, operation, tool or model, not for '%.*s'",
                       NJ_FMT(o->what_if_key));
    totals->asked_by = (enum nj_path_by)by;
    totals->asked_id = nj_names_intern(run->names, o->what_if_value);
    return totals->asked_id == UINT32_MAX ? nj_fail(run->err, NJ_ENOMEM, "no memory for names")
                                          : NJ_OK;
}

enum nj_status
nj_path_totals_init(struct nj_path_totals *totals, struct nj_run *run)
{
    uint64_t max = run->options->kept_values_max;

    *totals = (struct nj_path_totals){.is_counted =
                                          run->corpus->spans_len > (max ? max : VALUES_KEPT)};
    totals->values = (struct nj_blocks){.size = sizeof(struct nj_path_value)};
    nj_call_paths_init(&totals->paths, run->names);
    nj_tally_init(&totals->nodes, sizeof(struct nj_call_node));
    nj_tally_init(&totals->keys, sizeof(struct nj_path_key));
    nj_tally_init(&totals->classes, sizeof(uint64_t));
    nj_tally_init(&totals->sums, sizeof(struct nj_path_sums));
    nj_tally_init(&totals->wholes, sizeof(struct nj_path_whole));
    nj_tally_init(&totals->units, sizeof(struct nj_path_unit));
    nj_tally_init(&totals->cells, sizeof(struct nj_path_cell));
    nj_tally_init(&totals->cohorts, nj_path_cohort_bytes());
    return asked_set(totals, run);
}

void
nj_path_totals_fini(struct nj_path_totals *totals)
{
    struct nj_tally *tallies[] = {&totals->nodes, &totals->keys,   &totals->classes,
                                  &totals->sums,  &totals->wholes, &totals->units,
                                  &totals->cells, &totals->cohorts};

    nj_call_paths_fini(&totals->paths);
    for (size_t i = 0; i < NJ_LEN(tallies); i++)
        nj_tally_fini(tallies[i]);
    for (int by = 0; by < NJ_PATH_BY_PATH; by++)
        free(totals->index[by]);
    nj_blocks_fini(&totals->values);
    free(totals->touched);
}

uint64_t
nj_path_id_of(const struct nj_trace *trace, uint32_t i, enum nj_path_by by)
{
    uint8_t kind = trace->kind[i];
    uint32_t name = NJ_NO_NAME;

    switch (by) {
    case NJ_PATH_BY_AGENT:
        return trace->agent[i];
    case NJ_PATH_BY_OPERATION:
        return trace->operation[i];
    case NJ_PATH_BY_KIND:
        return kind;
    case NJ_PATH_BY_TOOL:
        if (kind == NJ_KIND_TOOL)
            name = trace->tool[i] != NJ_NO_NAME ? trace->tool[i] : trace->operation[i];
        break;
    case NJ_PATH_BY_MODEL:
        if (kind == NJ_KIND_LLM || kind == NJ_KIND_EMBEDDING)
            name = trace->model[i];
        break;
    case NJ_PATH_BY_PATH:
    case NJ_PATH_BYS:
        break;
    }
    return name == NJ_NO_NAME ? UINT64_MAX : name;
}

/* The class of a weight. Where there are too many traces to keep values, weights lose all but
 * some bits, so that classes stay few; decided by the size of the corpus, not by its order. */
static bool
class_find(struct nj_path_totals *totals, const struct nj_carrier *carrier, uint32_t *class)
{
    const unsigned dropped = 52 - WEIGHT_BITS_KEPT;
    uint64_t bits;

    memcpy(&bits, &carrier->weight, sizeof bits);
    if (totals->is_counted)
        bits = (bits + ((uint64_t)1 << (dropped - 1))) >> dropped << dropped;
    if (carrier->rest == 1)
        bits |= (uint64_t)1 << 63;
    const uint64_t *found = nj_tally_at(&totals->classes, bits);
    if (!found || totals->classes.len > 1 << NJ_PATH_CLASS_BITS)
        return false;
    *class = (uint32_t)nj_tally_index(&totals->classes, found);
    return true;
}

/* Remembers a node of a call path and all above it. */
static bool
node_keep(struct nj_path_totals *totals, const struct nj_trace *trace, uint32_t i,
          const uint64_t *numbers)
{
    for (; i != NJ_NO_SPAN; i = trace->parent[i]) {
        if (nj_tally_find(&totals->nodes, numbers[i]))
            return true;
        if (trace->depth[i] > totals->paths.depth_max)
            continue; /* shares the number of one further up */
        struct nj_call_node *node = nj_tally_at(&totals->nodes, numbers[i]);
        if (!node)
            return false;
        *node = nj_call_node_of(&totals->paths, trace, i, numbers);
    }
    return true;
}

static uint64_t
key_number(enum nj_path_by by, uint64_t id)
{
    return by == NJ_PATH_BY_PATH ? id | (uint64_t)1 << 63 : (uint64_t)by << 32 | id;
}

uint32_t
nj_path_key_find(struct nj_path_totals *totals, enum nj_path_by by, uint64_t id)
{
    size_t before = totals->keys.len;
    struct nj_path_key *key = nj_tally_at(&totals->keys, key_number(by, id));

    if (!key || totals->keys.len > 1 << NJ_PATH_KEY_BITS)
        return UINT32_MAX;
    if (totals->keys.len > before)
        *key = (struct nj_path_key){.id = id, .by = (uint8_t)by};
    return (uint32_t)nj_tally_index(&totals->keys, key);
}

/* The same by a table of ids, which are small numbers. */
static uint32_t
key_of_id(struct nj_path_totals *totals, enum nj_path_by by, uint64_t id)
{
    if (id >= totals->index_len[by]) {
        uint32_t len = (uint32_t)id + 1 + totals->index_len[by];
        uint32_t *grown = realloc(totals->index[by], len * sizeof *grown);
        if (!grown)
            return UINT32_MAX;
        memset(grown + totals->index_len[by], 0, (len - totals->index_len[by]) * sizeof *grown);
        totals->index[by] = grown;
        totals->index_len[by] = len;
    }
    if (totals->index[by][id] == 0)
        totals->index[by][id] = nj_path_key_find(totals, by, id) + 1;
    return totals->index[by][id] - 1;
}

static bool
time_add(struct nj_path_totals *totals, uint32_t at, int64_t ns)
{
    if (at == UINT32_MAX)
        return false;
    struct nj_path_key *key = nj_tally_get(&totals->keys, at);
    if (key->now_ns == 0) {
        if (totals->touched_len == totals->touched_cap) {
            size_t cap = totals->touched_cap ? totals->touched_cap * 2 : 256;
            uint32_t *grown = realloc(totals->touched, cap * sizeof *grown);
            if (!grown)
                return false;
            totals->touched = grown;
            totals->touched_cap = cap;
        }
        totals->touched[totals->touched_len++] = at;
        key->spans_at = NJ_NO_SPAN;
    }
    key->now_ns += ns;
    return true;
}

/* Divides one segment by everything that divides. */
static bool
segment_divide(struct nj_path_totals *totals, const struct nj_trace *trace,
               const struct nj_segment *segment, const uint64_t *numbers)
{
    int64_t ns = segment->end_ns - segment->start_ns;
    uint64_t number = numbers[segment->span];

    for (int by = 0; by < NJ_PATH_BY_PATH; by++) {
        uint64_t id = nj_path_id_of(trace, segment->span, (enum nj_path_by)by);
        if (by == NJ_PATH_BY_KIND && segment->part != NJ_PART_SELF)
            id = segment->part == NJ_PART_WAIT ? NJ_PATH_WAIT : NJ_PATH_GAP;
        if (id != UINT64_MAX &&
            !time_add(totals, key_of_id(totals, (enum nj_path_by)by, id), ns))
            return false;
    }
    size_t before = totals->keys.len;
    uint32_t at = nj_path_key_find(totals, NJ_PATH_BY_PATH, number);
    return (totals->keys.len == before || node_keep(totals, trace, segment->span, numbers)) &&
           time_add(totals, at, ns);
}

static uint64_t
unit_number(uint64_t cluster, uint32_t key, uint32_t class, enum nj_path_scope scope)
{
    const uint64_t words[] = {cluster, (uint64_t)key << 32 | class, (uint64_t)scope};
    return nj_hash((struct nj_slice){(const char *)words, sizeof words});
}

const struct nj_path_unit *
nj_path_unit_find(const struct nj_path_totals *totals, uint64_t cluster, uint32_t key,
                  uint32_t class, enum nj_path_scope scope)
{
    return nj_tally_find(&totals->units, unit_number(cluster, key, class, scope));
}

bool
nj_path_unit_add(struct nj_path_totals *totals, uint64_t cluster, uint32_t key, uint32_t class,
                 enum nj_path_scope scope, uint64_t ns)
{
    struct nj_path_unit *unit =
        nj_tally_at(&totals->units, unit_number(cluster, key, class, scope));

    if (!unit)
        return false;
    *unit = (struct nj_path_unit){cluster, key, class, (uint8_t)scope, unit->ns + ns};
    return true;
}

/* A trace that was sampled together with others waits for them. */
static bool
units_add(struct nj_path_totals *totals, const struct nj_trace *trace, uint32_t key,
          uint32_t class, enum nj_path_in in, uint64_t ns)
{
    uint64_t cluster = trace->weight.cluster;

    return (in == NJ_PATH_IN_TRACE ||
            nj_path_unit_add(totals, cluster, key, class, NJ_SCOPE_ROOT, ns)) &&
           (in == NJ_PATH_IN_ROOT ||
            nj_path_unit_add(totals, cluster, key, class, NJ_SCOPE_TRACE, ns));
}

bool
nj_path_value_keep(struct nj_path_totals *totals, uint32_t key, uint32_t class,
                   enum nj_path_in in, int64_t ns)
{
    if (totals->is_counted) {
        uint32_t at = nj_loghist_cell(ns, NJ_LOGHIST_BITS);
        struct nj_path_cell *cell =
            nj_tally_at(&totals->cells, nj_path_cell_key(in, key, at, class));
        if (!cell)
            return false;
        if (cell->traces++ == 0 || ns < cell->least_ns)
            cell->least_ns = ns;
        return true;
    }
    struct nj_path_value *value = nj_blocks_add(&totals->values);
    if (value)
        *value = (struct nj_path_value){ns, key, class, (uint8_t)in};
    return value != NULL;
}

/* The sums of a key; most traces have the weight of the one before. */
static struct nj_path_sums *
sums_find(struct nj_path_totals *totals, uint32_t at, uint32_t class, enum nj_path_in in)
{
    struct nj_path_key *key = nj_tally_get(&totals->keys, at);

    if (in == NJ_PATH_IN_BOTH && key->last_sums && key->last_class == class)
        return nj_tally_get(&totals->sums, key->last_sums - 1);
    struct nj_path_sums *sums = nj_tally_at(&totals->sums, nj_path_sums_key(in, at, class));
    if (sums && in == NJ_PATH_IN_BOTH) {
        key->last_class = class;
        key->last_sums = (uint32_t)nj_tally_index(&totals->sums, sums) + 1;
    }
    return sums;
}

/* What all touched keys of a trace add to the same way. */
struct adding {
    const struct nj_trace *trace;
    uint64_t whole_ns;
    uint32_t class;
    enum nj_path_in in;
};

static bool
key_add(struct nj_path_totals *totals, const struct adding *a, uint32_t at,
        struct nj_path_savings *savings)
{
    struct nj_path_key *key = nj_tally_get(&totals->keys, at);
    struct nj_path_sums *sums = sums_find(totals, at, a->class, a->in);
    uint64_t ns = (uint64_t)key->now_ns;
    int64_t lost[NJ_PATH_SAVINGS];

    if (!sums)
        return false;
    sums->traces++;
    nj_wide_add(&sums->ns, ns);
    if (a->in != NJ_PATH_IN_TRACE && key->by != NJ_PATH_BY_PATH &&
        nj_path_savings_lost(savings, key, lost))
        for (int s = 0; s < NJ_PATH_SAVINGS; s++)
            nj_wide_add_product(&sums->lost[s], (uint64_t)lost[s],
                                (uint64_t)1 << savings->shift);
    if (!a->trace->weight.is_grouped) {
        nj_wide_add_product(&sums->square, ns, ns);
        nj_wide_add_product(&sums->with_whole, ns, a->whole_ns);
    } else if (!units_add(totals, a->trace, at, a->class, a->in, ns)) {
        return false;
    }
    return nj_path_value_keep(totals, at, a->class, a->in, key->now_ns);
}

/* Whether the trace has a span that --what-if asks about. */
static bool
is_asked(const struct nj_path_totals *totals, const struct nj_trace *trace)
{
    for (uint32_t i = 0; totals->asked_by != NJ_PATH_BYS && i < trace->spans_len; i++)
        if (nj_path_id_of(trace, i, totals->asked_by) == totals->asked_id)
            return true;
    return false;
}

static bool
whole_add(struct nj_path_totals *totals, const struct adding *a,
          const struct nj_critical_path *path, struct nj_wide asked)
{
    struct nj_path_whole *whole =
        nj_tally_at(&totals->wholes, nj_path_sums_key(a->in, 0, a->class));

    if (!whole)
        return false;
    whole->traces++;
    nj_wide_add(&whole->ns, a->whole_ns);
    nj_wide_add(&whole->ambiguous, (uint64_t)path->ambiguous_ns);
    nj_wide_add_wide(&whole->asked, asked);
    whole->asked_traces += is_asked(totals, a->trace);
    for (uint32_t i = 0; i < path->segments_len; i++) {
        const struct nj_segment *s = &path->segments[i];
        if (s->part != NJ_PART_SELF)
            nj_wide_add(s->part == NJ_PART_WAIT ? &whole->waiting : &whole->gap,
                        (uint64_t)(s->end_ns - s->start_ns));
    }
    if (a->trace->weight.is_grouped)
        return units_add(totals, a->trace, NJ_PATH_WHOLE, a->class, a->in, a->whole_ns);
    whole->units++;
    nj_wide_add_product(&whole->square, a->whole_ns, a->whole_ns);
    return true;
}

/* The saving that --what-if asks for; nothing where it does not. */
static struct nj_wide
asked_saving(struct nj_path_totals *totals, const struct nj_options *options,
             struct nj_path_savings *savings, const struct nj_critical_path *path)
{
    if (totals->asked_by == NJ_PATH_BYS || path->scope != NJ_SCOPE_ROOT)
        return (struct nj_wide){0};
    return nj_path_savings_ask(savings, path, totals->asked_by, totals->asked_id,
                               (uint32_t)(options->what_if_faster * NJ_WHAT_IF_UNIT + 0.5));
}

/* Adds what the current trace has of every touched key. Chains of spans hold for one division
 * at a time. */
static bool
keys_add(struct nj_path_totals *totals, const struct adding *a, struct nj_path_savings *savings)
{
    bool is_done = true;
    int rounds = savings->what_if ? NJ_PATH_BYS : 1;

    for (int by = 0; by < rounds && is_done; by++) {
        if (savings->what_if && by != NJ_PATH_BY_PATH)
            nj_path_savings_chain(savings, (enum nj_path_by)by);
        for (size_t i = 0; i < totals->touched_len && is_done; i++) {
            const struct nj_path_key *key = nj_tally_get(&totals->keys, totals->touched[i]);
            if (rounds == 1 || key->by == by)
                is_done = key_add(totals, a, totals->touched[i], savings);
        }
    }
    for (size_t i = 0; i < totals->touched_len; i++)
        ((struct nj_path_key *)nj_tally_get(&totals->keys, totals->touched[i]))->now_ns = 0;
    totals->touched_len = 0;
    return is_done;
}

enum nj_status
nj_path_totals_add(struct nj_path_totals *totals, struct nj_run *run,
                   const struct nj_trace *trace, const struct nj_critical_path *path,
                   enum nj_path_in in)
{
    struct nj_carrier carrier = nj_trace_carrier(trace);
    struct adding adding = {trace, (uint64_t)(path->end_ns - path->start_ns), 0, in};
    uint64_t *numbers = NJ_NEW_RAW(run->scratch, uint64_t, trace->spans_len);
    struct nj_path_savings savings = {.trace = trace, .totals = totals};
    bool is_done = numbers && class_find(totals, &carrier, &adding.class) &&
                   nj_call_paths_number(&totals->paths, trace, numbers);

    for (uint32_t i = 0; is_done && i < path->segments_len; i++)
        is_done = segment_divide(totals, trace, &path->segments[i], numbers);
    if (is_done && in != NJ_PATH_IN_TRACE) {
        is_done = nj_path_cohorts_add(totals, run, trace, path, adding.class);
        enum nj_status st = nj_path_savings_init(&savings, run, totals, trace, path);
        if (st < 0)
            return st;
    }
    is_done =
        is_done && keys_add(totals, &adding, &savings) &&
        whole_add(totals, &adding, path, asked_saving(totals, run->options, &savings, path));
    return is_done ? NJ_OK : nj_fail(run->err, NJ_ENOMEM, "no memory for critical time by key");
}
