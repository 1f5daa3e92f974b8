/* path_rows.c - from sums of critical time to tables. */
#include "analyzers/path_rows.h"

#include "analyzers/path_cohorts.h"
#include "analyzers/path_samples.h"
#include "analyzers/what_if.h"
#include "base/hash.h"
#include "base/sum.h"

#include <stdlib.h>

/* Sums of one key and one weight; of the same rank there may be two. */
struct part {
    uint32_t rank; /* of the weight */
    const struct nj_path_sums *sums;
};

/* One key in one scope. */
struct row {
    uint32_t key;
    uint64_t traces;
    struct nj_wide ns;
    double weighted_ns, weight; /* weight: of traces with the key on the path */
    double lost_ns[NJ_PATH_SAVINGS];
    struct nj_slice text;
};

/* One scope on its way into tables. */
struct rows {
    struct nj_path_totals *totals;
    struct nj_run *run;
    struct nj_results *results;
    const struct nj_carrier *carriers; /* of classes */
    const uint32_t *order;             /* classes by weight */
    uint32_t *rank;                    /* and back */
    struct nj_path_samples *samples;
    struct nj_arena *arena, *scratch;
    enum nj_path_scope scope;
    enum nj_path_in own; /* what counts for this scope beside NJ_PATH_IN_BOTH */
    /* of this scope */
    struct part *parts; /* of key k: parts[part_at[k] .. part_at[k + 1]) by rank */
    size_t *part_at;
    struct nj_stratum *wholes; /* by rank; x is the duration */
    double whole_ns, whole_weight;
};

static const char *const scope_names[] = {"root", "trace"};

static enum nj_status
out_of_memory(struct nj_run *run)
{
    return nj_fail(run->err, NJ_ENOMEM, "no memory for the tables of critical paths");
}

/* A sum as a column has it: hundreds of years at most. */
static int64_t
wide_int(struct nj_wide sum)
{
    return sum.high > 0 || sum.low > INT64_MAX ? INT64_MAX : (int64_t)sum.low;
}

static struct nj_wide
wide_plus(struct nj_wide a, struct nj_wide b)
{
    nj_wide_add_wide(&a, b);
    return a;
}

static struct nj_path_whole
whole_of(const struct rows *r, uint32_t class)
{
    const enum nj_path_in ins[] = {NJ_PATH_IN_BOTH, r->own};
    struct nj_path_whole all = {0};

    for (size_t i = 0; i < NJ_LEN(ins); i++) {
        const struct nj_path_whole *w =
            nj_tally_find(&r->totals->wholes, nj_path_sums_key(ins[i], 0, class));
        if (!w)
            continue;
        all.traces += w->traces;
        all.units += w->units;
        all.ns = wide_plus(all.ns, w->ns);
        all.square = wide_plus(all.square, w->square);
        all.ambiguous = wide_plus(all.ambiguous, w->ambiguous);
        all.waiting = wide_plus(all.waiting, w->waiting);
        all.gap = wide_plus(all.gap, w->gap);
        all.asked = wide_plus(all.asked, w->asked);
        all.asked_traces += w->asked_traces;
    }
    return all;
}

static void
total_put(struct rows *r)
{
    struct nj_table *table = nj_results_table(r->results, NJ_TABLE_critical_path_total);
    struct nj_path_whole all = {0};
    size_t row = nj_table_add(table);

    for (uint32_t c = 0; c < (uint32_t)r->totals->classes.len; c++) {
        struct nj_path_whole w = whole_of(r, c);
        all.traces += w.traces;
        all.ns = wide_plus(all.ns, w.ns);
        all.ambiguous = wide_plus(all.ambiguous, w.ambiguous);
        all.waiting = wide_plus(all.waiting, w.waiting);
        all.gap = wide_plus(all.gap, w.gap);
    }
    const struct {
        unsigned column;
        int64_t value;
    } cells[] = {
        {NJ_COL_critical_path_total_traces, (int64_t)all.traces},
        {NJ_COL_critical_path_total_duration_ns, wide_int(all.ns)},
        {NJ_COL_critical_path_total_ambiguous_ns, wide_int(all.ambiguous)},
        {NJ_COL_critical_path_total_wait_ns, wide_int(all.waiting)},
        {NJ_COL_critical_path_total_gap_ns, wide_int(all.gap)},
    };
    nj_table_put_text(table, row, NJ_COL_critical_path_total_scope,
                      nj_slice_of(scope_names[r->scope]));
    for (size_t i = 0; i < NJ_LEN(cells); i++)
        nj_table_put_int(table, row, cells[i].column, cells[i].value);
    nj_table_put_real(table, row, NJ_COL_critical_path_total_weighted_ns, r->whole_ns);
}

/* Strata of whole traces, by weight. */
static void
wholes_find(struct rows *r)
{
    struct nj_sum ns = {0}, weight = {0};

    for (uint32_t i = 0; i < (uint32_t)r->totals->classes.len; i++) {
        const struct nj_carrier *c = &r->carriers[r->order[i]];
        struct nj_path_whole w = whole_of(r, r->order[i]);
        r->wholes[i] = (struct nj_stratum){.weight = c->weight,
                                           .rest = c->rest,
                                           .units = (double)w.units,
                                           .x = nj_wide_real(w.ns),
                                           .xx = nj_wide_real(w.square)};
        nj_sum_add(&ns, c->weight * nj_wide_real(w.ns));
        nj_sum_add(&weight, c->weight * (double)w.traces);
    }
    r->whole_ns = nj_sum_of(&ns);
    r->whole_weight = nj_sum_of(&weight);
}

static int
part_cmp(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static bool
counts_for(const struct rows *r, struct nj_path_place place)
{
    return place.in == NJ_PATH_IN_BOTH || place.in == r->own;
}

/* Groups all sums of this scope by key. */
static bool
parts_group(struct rows *r)
{
    const struct nj_tally *sums = &r->totals->sums;
    size_t keys = r->totals->keys.len;
    size_t *next = NJ_NEW(r->arena, size_t, keys + 1);

    r->parts = NJ_NEW_RAW(r->arena, struct part, sums->len);
    r->part_at = NJ_NEW(r->arena, size_t, keys + 1);
    if (!r->parts || !r->part_at || !next)
        return false;
    for (size_t i = 0; i < sums->len; i++) {
        struct nj_path_place place = nj_path_place_of(nj_tally_key(sums, i));
        r->part_at[place.key + 1] += counts_for(r, place);
    }
    for (size_t k = 0; k < keys; k++)
        next[k + 1] = r->part_at[k + 1] += r->part_at[k];
    for (size_t i = 0; i < sums->len; i++) {
        struct nj_path_place place = nj_path_place_of(nj_tally_key(sums, i));
        if (counts_for(r, place))
            r->parts[next[place.key]++] =
                (struct part){r->rank[place.class], nj_tally_get(sums, i)};
    }
    for (size_t k = 0; k < keys; k++)
        if (r->part_at[k + 1] - r->part_at[k] > 1)
            qsort(r->parts + r->part_at[k], r->part_at[k + 1] - r->part_at[k], sizeof *r->parts,
                  part_cmp);
    return true;
}

static struct row
row_of(const struct rows *r, uint32_t key)
{
    struct row row = {.key = key};
    struct nj_sum ns = {0}, weight = {0}, lost[NJ_PATH_SAVINGS] = {{0}};

    for (size_t i = r->part_at[key]; i < r->part_at[key + 1]; i++) {
        const struct nj_path_sums *s = r->parts[i].sums;
        double w = r->carriers[r->order[r->parts[i].rank]].weight;
        row.traces += s->traces;
        row.ns = wide_plus(row.ns, s->ns);
        nj_sum_add(&ns, w * nj_wide_real(s->ns));
        nj_sum_add(&weight, w * (double)s->traces);
        for (int k = 0; k < NJ_PATH_SAVINGS; k++)
            nj_sum_add(&lost[k], w * nj_wide_real(s->lost[k]) / NJ_WHAT_IF_UNIT);
    }
    row.weighted_ns = nj_sum_of(&ns);
    row.weight = nj_sum_of(&weight);
    for (int k = 0; k < NJ_PATH_SAVINGS; k++)
        row.lost_ns[k] = nj_sum_of(&lost[k]);
    return row;
}

/* Share of all critical time, with its standard error. */
static struct nj_estimate
row_share(const struct rows *r, const struct row *row, enum nj_spread spread)
{
    size_t len = r->totals->classes.len;
    struct nj_stratum *strata = NJ_NEW_RAW(r->scratch, struct nj_stratum, len);
    const struct nj_estimate none = {NAN, NAN, NAN, NAN};

    if (!strata)
        return none;
    memcpy(strata, r->wholes, len * sizeof *strata);
    for (size_t i = r->part_at[row->key]; i < r->part_at[row->key + 1]; i++) {
        struct nj_stratum *stratum = &strata[r->parts[i].rank];
        stratum->y += nj_wide_real(r->parts[i].sums->ns);
        stratum->yy += nj_wide_real(r->parts[i].sums->square);
        stratum->xy += nj_wide_real(r->parts[i].sums->with_whole);
    }
    return nj_estimate_within(nj_data_ratio(nj_data_of_strata(strata, len), spread), 0, 1);
}

/* One step of a call path: the operation, and the agent where it is not that of the step above.
 */
static void
step_put(const struct rows *r, const struct nj_call_node *node,
         const struct nj_call_node *above, struct nj_buf *buf)
{
    struct nj_slice name = nj_names_get(r->run->names, node->operation);

    if (node->is_rest) {
        nj_buf_put_text(buf, "(deeper)");
        return;
    }
    if (!above || above->agent != node->agent) {
        nj_buf_put_slice(buf, nj_names_get(r->run->names, node->agent));
        nj_buf_put_text(buf, ": ");
    }
    nj_buf_put_slice(buf, name.len > 0 ? name : NJ_SLICE("(missing span)"));
}

/* The call path as text: operations from the top, the middle of long ones left out. */
static struct nj_slice
path_text(const struct rows *r, uint64_t number)
{
    enum { SHOWN = 12 };
    const struct nj_call_node *chain[NJ_CALL_DEPTH_MAX + 1];
    struct nj_buf buf = {0};
    size_t len = 0;

    for (; number && len <= NJ_CALL_DEPTH_MAX; number = chain[len++]->parent)
        chain[len] = nj_tally_find(&r->totals->nodes, number);
    for (size_t i = len; i-- > 0;) {
        if (len > SHOWN && i < len - SHOWN / 2 && i >= SHOWN / 2) {
            nj_buf_put_text(&buf, i == SHOWN / 2 ? " > ..." : "");
            continue;
        }
        nj_buf_put_text(&buf, i + 1 < len ? " > " : "");
        step_put(r, chain[i], i + 1 < len ? chain[i + 1] : NULL, &buf);
    }
    struct nj_slice text = nj_arena_copy(r->arena, nj_buf_slice(&buf));
    nj_buf_fini(&buf);
    return text;
}

static struct nj_slice
key_text(const struct rows *r, uint32_t at)
{
    const struct nj_path_key *key = nj_tally_get(&r->totals->keys, at);

    if (key->by == NJ_PATH_BY_KIND)
        return nj_slice_of(nj_path_kind_name((unsigned)key->id));
    if (key->by == NJ_PATH_BY_PATH)
        return path_text(r, key->id);
    return nj_names_get(r->run->names, (uint32_t)key->id);
}

/* Largest first; then by text. */
static int
row_cmp(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->weighted_ns != y->weighted_ns)
        return x->weighted_ns > y->weighted_ns ? -1 : 1;
    return nj_slice_cmp(x->text, y->text);
}

static size_t
row_begin(const struct rows *r, enum nj_path_by by, struct nj_slice key, const struct row *row)
{
    struct nj_table *table = nj_results_table(r->results, NJ_TABLE_critical_path);
    size_t at = nj_table_add(table);

    nj_table_put_text(table, at, NJ_COL_critical_path_scope,
                      nj_slice_of(scope_names[r->scope]));
    nj_table_put_text(table, at, NJ_COL_critical_path_group_by,
                      nj_slice_of(nj_path_by_name(by)));
    nj_table_put_text(table, at, NJ_COL_critical_path_key, key);
    nj_table_put_int(table, at, NJ_COL_critical_path_critical_ns, wide_int(row->ns));
    nj_table_put_real(table, at, NJ_COL_critical_path_weighted_ns, row->weighted_ns);
    nj_table_put_real(table, at, NJ_COL_critical_path_share, row->weighted_ns / r->whole_ns);
    return at;
}

static enum nj_status
row_put(const struct rows *r, enum nj_path_by by, const struct row *row)
{
    static const double p[] = {0.5, 0.95};
    struct nj_table *table = nj_results_table(r->results, NJ_TABLE_critical_path);
    size_t at = row_begin(r, by, row->text, row);
    struct nj_estimate share = row_share(r, row, NJ_SPREAD_PROCESS);
    int64_t quantiles[NJ_LEN(p)];
    bool has_values;
    enum nj_status st =
        nj_path_samples_quantiles(r->samples, row->key, r->own, p, quantiles, NJ_LEN(p),
                                  &has_values, r->scratch, r->run->err);

    if (st < 0)
        return st;
    nj_table_put_int(table, at, NJ_COL_critical_path_traces, (int64_t)row->traces);
    nj_table_put_real(table, at, NJ_COL_critical_path_share_se, share.se);
    nj_table_put_real(table, at, NJ_COL_critical_path_criticality,
                      row->weight / r->whole_weight);
    nj_table_put_real(table, at, NJ_COL_critical_path_mean, row->weighted_ns / row->weight);
    if (has_values) {
        nj_table_put_int(table, at, NJ_COL_critical_path_p50, quantiles[0]);
        nj_table_put_int(table, at, NJ_COL_critical_path_p95, quantiles[1]);
    }
    static const unsigned columns[NJ_PATH_SAVINGS] = {
        NJ_COL_critical_path_saving_10, NJ_COL_critical_path_saving_25,
        NJ_COL_critical_path_saving_50, NJ_COL_critical_path_saving_100};
    for (int k = 0; k < NJ_PATH_SAVINGS; k++) {
        double saved = row->weighted_ns * nj_path_saved[k] / NJ_WHAT_IF_UNIT - row->lost_ns[k];
        if (by != NJ_PATH_BY_PATH && r->scope == NJ_SCOPE_ROOT)
            nj_table_put_real(table, at, columns[k], saved / r->whole_ns);
    }
    return NJ_OK;
}

/* The share of one agent as gates and diffs read it. */
static void
metric_put(const struct rows *r, const struct row *row)
{
    struct nj_table *table = nj_results_table(r->results, NJ_TABLE_metrics);
    struct nj_estimate share = row_share(r, row, NJ_SPREAD_FINITE);
    struct nj_estimate process = row_share(r, row, NJ_SPREAD_PROCESS);
    struct nj_design design =
        nj_data_design(nj_data_of_strata(r->wholes, r->totals->classes.len));
    double whole_ns = 0;
    size_t at = nj_table_add(table);

    for (size_t i = 0; i < r->totals->classes.len; i++)
        whole_ns += r->wholes[i].x;
    nj_table_put_text(table, at, NJ_COL_metrics_metric, NJ_SLICE("critical_path_share"));
    nj_table_put_text(table, at, NJ_COL_metrics_group_by, NJ_SLICE("agent"));
    nj_table_put_text(table, at, NJ_COL_metrics_agent, row->text);
    nj_table_put_real(table, at, NJ_COL_metrics_est, share.est);
    nj_table_put_real(table, at, NJ_COL_metrics_lo, share.lo);
    nj_table_put_real(table, at, NJ_COL_metrics_hi, share.hi);
    nj_table_put_real(table, at, NJ_COL_metrics_naive, nj_wide_real(row->ns) / whole_ns);
    nj_table_put_real(table, at, NJ_COL_metrics_se, process.se);
    nj_table_put_int(table, at, NJ_COL_metrics_n, (int64_t)row->traces);
    nj_table_put_int(table, at, NJ_COL_metrics_traces, (int64_t)row->traces);
    nj_table_put_real(table, at, NJ_COL_metrics_n_eff, design.kish);
}

/* Everything behind the rows that are shown. */
static void
others_put(const struct rows *r, enum nj_path_by by, const struct row *rows, size_t len)
{
    struct row all = {0};
    struct nj_sum weighted = {0};

    for (size_t i = 0; i < len; i++) {
        all.ns = wide_plus(all.ns, rows[i].ns);
        nj_sum_add(&weighted, rows[i].weighted_ns);
    }
    all.weighted_ns = nj_sum_of(&weighted);
    if (len > 0)
        (void)row_begin(r, by, NJ_SLICE("(other)"), &all);
}

static enum nj_status
division_put(struct rows *r, enum nj_path_by by)
{
    size_t keys = r->totals->keys.len, len = 0;
    struct row *list = NJ_NEW_RAW(r->arena, struct row, keys);
    enum nj_status st = NJ_OK;

    if (!list)
        return out_of_memory(r->run);
    for (uint32_t k = 0; k < keys; k++) {
        const struct nj_path_key *key = nj_tally_get(&r->totals->keys, k);
        if (key->by != by || r->part_at[k] == r->part_at[k + 1])
            continue;
        list[len] = row_of(r, k);
        list[len].text = key_text(r, k);
        if (!list[len++].text.ptr)
            return out_of_memory(r->run);
    }
    if (len > 1)
        qsort(list, len, sizeof *list, row_cmp);
    for (size_t i = 0; i < len && i < NJ_PATH_ROWS_MAX && st == NJ_OK; i++) {
        nj_arena_reset(r->scratch);
        st = row_put(r, by, &list[i]);
        if (by == NJ_PATH_BY_AGENT && r->scope == NJ_SCOPE_ROOT)
            metric_put(r, &list[i]);
    }
    if (len > NJ_PATH_ROWS_MAX)
        others_put(r, by, list + NJ_PATH_ROWS_MAX, len - NJ_PATH_ROWS_MAX);
    return st;
}

static enum nj_status
scope_put(struct rows *r, enum nj_path_scope scope)
{
    enum nj_status st = NJ_OK;

    r->scope = scope;
    r->own = scope == NJ_SCOPE_ROOT ? NJ_PATH_IN_ROOT : NJ_PATH_IN_TRACE;
    r->wholes = NJ_NEW(r->arena, struct nj_stratum, r->totals->classes.len);
    if (!r->wholes || !parts_group(r))
        return out_of_memory(r->run);
    wholes_find(r);
    total_put(r);
    for (int by = 0; by < NJ_PATH_BYS && st == NJ_OK; by++)
        st = division_put(r, (enum nj_path_by)by);
    return st;
}

static void
what_if_put(const struct rows *r)
{
    const struct nj_path_totals *t = r->totals;
    struct nj_table *table = nj_results_table(r->results, NJ_TABLE_what_if);
    struct nj_sum saved = {0};
    uint64_t traces = 0;

    if (t->asked_by == NJ_PATH_BYS)
        return;
    for (size_t i = 0; i < t->classes.len; i++) {
        struct nj_path_whole whole = whole_of(r, r->order[i]);
        nj_sum_add(&saved, r->carriers[r->order[i]].weight * nj_wide_real(whole.asked));
        traces += whole.asked_traces;
    }
    double ns = nj_sum_of(&saved) / NJ_WHAT_IF_UNIT;
    size_t at = nj_table_add(table);
    nj_table_put_text(table, at, NJ_COL_what_if_group_by,
                      nj_slice_of(nj_path_by_name(t->asked_by)));
    nj_table_put_text(table, at, NJ_COL_what_if_key,
                      nj_names_get(r->run->names, (uint32_t)t->asked_id));
    nj_table_put_int(table, at, NJ_COL_what_if_traces, (int64_t)traces);
    nj_table_put_real(table, at, NJ_COL_what_if_faster, r->run->options->what_if_faster);
    nj_table_put_real(table, at, NJ_COL_what_if_saving, ns / r->whole_ns);
    nj_table_put_real(table, at, NJ_COL_what_if_mean, ns / r->whole_weight);
    nj_table_put_real(table, at, NJ_COL_what_if_duration, (r->whole_ns - ns) / r->whole_weight);
}

/* Units of several traces are complete now: their squares, by unit. They go where only one
 * scope counts them. */
static bool
units_fold(struct nj_path_totals *totals)
{
    for (size_t i = 0; i < totals->units.len; i++) {
        const struct nj_path_unit *u = nj_tally_get(&totals->units, i);
        enum nj_path_in in = u->scope == NJ_SCOPE_ROOT ? NJ_PATH_IN_ROOT : NJ_PATH_IN_TRACE;
        if (u->key == NJ_PATH_WHOLE) {
            struct nj_path_whole *whole =
                nj_tally_at(&totals->wholes, nj_path_sums_key(in, 0, u->class));
            if (!whole)
                return false;
            whole->units++;
            nj_wide_add_product(&whole->square, u->ns, u->ns);
            continue;
        }
        const struct nj_path_unit *whole = nj_path_unit_find(
            totals, u->cluster, NJ_PATH_WHOLE, u->class, (enum nj_path_scope)u->scope);
        struct nj_path_sums *sums =
            nj_tally_at(&totals->sums, nj_path_sums_key(in, u->key, u->class));
        if (!sums || !whole)
            return false;
        nj_wide_add_product(&sums->square, u->ns, u->ns);
        nj_wide_add_product(&sums->with_whole, u->ns, whole->ns);
    }
    return true;
}

static int
class_cmp(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b; /* weight bits, unknown last of equals; number */
    uint64_t l = x[0] << 1 | x[0] >> 63, r = y[0] << 1 | y[0] >> 63;
    return (l > r) - (l < r);
}

/* Weights of classes, and their order. */
static bool
classes_order(struct rows *r, struct nj_carrier *carriers, uint32_t *order)
{
    const struct nj_tally *classes = &r->totals->classes;
    const uint64_t unknown = (uint64_t)1 << 63;
    uint64_t(*pairs)[2] = nj_arena_alloc_raw(r->arena, classes->len + 1, sizeof *pairs);

    r->rank = NJ_NEW_RAW(r->arena, uint32_t, classes->len + 1);
    if (!pairs || !r->rank || !carriers || !order)
        return false;
    for (size_t i = 0; i < classes->len; i++) {
        uint64_t key = nj_tally_key(classes, i), bits = key & ~unknown;
        double weight;
        memcpy(&weight, &bits, sizeof weight);
        carriers[i] = nj_carrier_of(0, weight, key == bits);
        pairs[i][0] = key;
        pairs[i][1] = i;
    }
    if (classes->len > 1)
        qsort(pairs, classes->len, sizeof *pairs, class_cmp);
    for (size_t i = 0; i < classes->len; i++) {
        order[i] = (uint32_t)pairs[i][1];
        r->rank[order[i]] = (uint32_t)i;
    }
    r->carriers = carriers;
    r->order = order;
    return true;
}

static enum nj_status
tables_put(struct rows *r)
{
    struct nj_path_totals *t = r->totals;
    size_t classes = t->classes.len + 1;

    if (!units_fold(t) || !classes_order(r, NJ_NEW(r->arena, struct nj_carrier, classes),
                                         NJ_NEW(r->arena, uint32_t, classes)))
        return out_of_memory(r->run);
    enum nj_status st = nj_path_samples_new(&r->samples, t, r->carriers, r->arena, r->run->err);
    if (st == NJ_OK)
        st = scope_put(r, NJ_SCOPE_ROOT);
    if (st == NJ_OK)
        what_if_put(r);
    if (st == NJ_OK && (t->has_items || r->run->options->scope == NJ_SCOPE_TRACE))
        st = scope_put(r, NJ_SCOPE_TRACE);
    if (st == NJ_OK &&
        !nj_path_cohorts_put(t, r->carriers,
                             nj_results_table(r->results, NJ_TABLE_critical_path_cohorts)))
        return out_of_memory(r->run);
    return st;
}

enum nj_status
nj_path_rows_put(struct nj_path_totals *totals, struct nj_run *run, struct nj_results *results)
{
    struct rows r = {.totals = totals,
                     .run = run,
                     .results = results,
                     .arena = nj_arena_new(1 << 20),
                     .scratch = nj_arena_new(1 << 16)};
    enum nj_status st = NJ_OK;

    if (!r.arena || !r.scratch)
        st = out_of_memory(run);
    else if (totals->classes.len > 0)
        st = tables_put(&r);
    nj_arena_free(r.arena);
    nj_arena_free(r.scratch);
    return st;
}
