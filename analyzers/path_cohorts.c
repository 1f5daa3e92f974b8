/* path_cohorts.c - what the critical paths of fast and of slow traces are made of. */
#include "analyzers/path_cohorts.h"

#include "base/loghist.h"
#include "base/sum.h"

/* Parts of a path: kinds, waits and gaps, and attempts that failed and were made again. */
enum { PART_RETRY = NJ_PATH_KINDS, PARTS };

/* All traces whose durations fall into one cell of a histogram and whose weights are equal. */
struct cell {
    uint64_t traces;
    struct nj_wide ns[PARTS];
};

static const struct {
    const char *name;
    double until; /* share of all traces, from the fastest */
} cohorts[] = {{"fastest half", 0.5}, {"p50-p90", 0.9}, {"p90-p99", 0.99}, {"slowest 1 %", 1}};

/* Whether `i` failed and the next sibling does the same again. */
static bool
is_retried(const struct nj_trace *trace, uint32_t i, uint32_t next)
{
    return trace->status[i] == NJ_STATUS_ERROR && trace->start_ns[next] >= trace->end_ns[i] &&
           trace->kind[i] == trace->kind[next] && trace->agent[i] == trace->agent[next] &&
           trace->operation[i] == trace->operation[next];
}

/* Marks spans that failed and were tried again, and all inside them. NULL in *out: there are
 * none. */
static bool
retries_mark(bool **out, const struct nj_trace *trace, struct nj_arena *arena)
{
    bool is_any = false;

    *out = NULL;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        is_any |= trace->status[i] == NJ_STATUS_ERROR;
    if (!is_any)
        return true;
    bool *marks = NJ_NEW(arena, bool, trace->spans_len);
    if (!marks)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        for (uint32_t k = trace->child_at[i]; k + 1 < trace->child_at[i + 1]; k++)
            marks[trace->children[k]] =
                is_retried(trace, trace->children[k], trace->children[k + 1]);
    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (trace->parent[i] != NJ_NO_SPAN && marks[trace->parent[i]])
            marks[i] = true;
    *out = marks;
    return true;
}

static uint64_t
cell_key(uint32_t cell, uint32_t class)
{
    return (uint64_t)cell << NJ_PATH_CLASS_BITS | class;
}

bool
nj_path_cohorts_add(struct nj_path_totals *totals, struct nj_run *run,
                    const struct nj_trace *trace, const struct nj_critical_path *path,
                    uint32_t class)
{
    uint32_t at = nj_loghist_cell(path->end_ns - path->start_ns, NJ_LOGHIST_BITS);
    bool *retried;

    if (!retries_mark(&retried, trace, run->scratch))
        return false;
    struct cell *cell = nj_tally_at(&totals->cohorts, cell_key(at, class));
    if (!cell)
        return false;
    cell->traces++;
    for (uint32_t i = 0; i < path->segments_len; i++) {
        const struct nj_segment *s = &path->segments[i];
        unsigned part =
            retried && retried[s->span] ? (unsigned)PART_RETRY : trace->kind[s->span];
        nj_wide_add(&cell->ns[part], (uint64_t)(s->end_ns - s->start_ns));
    }
    return true;
}

bool
nj_path_cohorts_merge(struct nj_path_totals *into, const struct nj_path_totals *from,
                      const uint32_t *classes)
{
    for (size_t i = 0; i < from->cohorts.len; i++) {
        const struct cell *f = nj_tally_get(&from->cohorts, i);
        uint64_t key = nj_tally_key(&from->cohorts, i);
        uint32_t class = (uint32_t)(key & ((1u << NJ_PATH_CLASS_BITS) - 1));
        struct cell *t = nj_tally_at(
            &into->cohorts, cell_key((uint32_t)(key >> NJ_PATH_CLASS_BITS), classes[class]));
        if (!t)
            return false;
        t->traces += f->traces;
        for (int p = 0; p < PARTS; p++)
            nj_wide_add_wide(&t->ns[p], f->ns[p]);
    }
    return true;
}

size_t
nj_path_cohort_bytes(void)
{
    return sizeof(struct cell);
}

/* One cohort, added up. */
struct cohort {
    uint64_t traces;
    struct nj_sum weight, ns[PARTS], whole;
};

static void
cohort_put(const struct cohort *c, const char *name, struct nj_table *table)
{
    for (unsigned p = 0; p < PARTS; p++) {
        double ns = nj_sum_of(&c->ns[p]);
        if (!(ns > 0))
            continue;
        size_t row = nj_table_add(table);
        const char *kind = p == PART_RETRY ? "retry" : nj_path_kind_name(p);
        nj_table_put_text(table, row, NJ_COL_critical_path_cohorts_cohort, nj_slice_of(name));
        nj_table_put_text(table, row, NJ_COL_critical_path_cohorts_kind, nj_slice_of(kind));
        nj_table_put_int(table, row, NJ_COL_critical_path_cohorts_traces, (int64_t)c->traces);
        nj_table_put_real(table, row, NJ_COL_critical_path_cohorts_weighted_ns, ns);
        nj_table_put_real(table, row, NJ_COL_critical_path_cohorts_share,
                          ns / nj_sum_of(&c->whole));
        nj_table_put_real(table, row, NJ_COL_critical_path_cohorts_mean,
                          ns / nj_sum_of(&c->weight));
    }
}

/* Cells of durations in order, weights within them. */
static int
cell_cmp(const void *context, uint64_t key_a, const void *a, uint64_t key_b, const void *b)
{
    const struct nj_carrier *carriers = context;
    uint64_t cell_a = key_a >> NJ_PATH_CLASS_BITS, cell_b = key_b >> NJ_PATH_CLASS_BITS;
    const struct nj_carrier *l = &carriers[key_a & ((1u << NJ_PATH_CLASS_BITS) - 1)];
    const struct nj_carrier *r = &carriers[key_b & ((1u << NJ_PATH_CLASS_BITS) - 1)];

    (void)a, (void)b;
    if (cell_a != cell_b)
        return cell_a < cell_b ? -1 : 1;
    return (l->weight > r->weight) - (l->weight < r->weight);
}

static double
cell_weight(const struct nj_tally *cells, size_t i, const struct nj_carrier *carriers)
{
    return carriers[nj_tally_key(cells, i) & ((1u << NJ_PATH_CLASS_BITS) - 1)].weight;
}

static void
cohort_add(struct cohort *c, const struct cell *cell, double weight)
{
    c->traces += cell->traces;
    nj_sum_add(&c->weight, weight * (double)cell->traces);
    for (int p = 0; p < PARTS; p++) {
        nj_sum_add(&c->ns[p], weight * nj_wide_real(cell->ns[p]));
        nj_sum_add(&c->whole, weight * nj_wide_real(cell->ns[p]));
    }
}

/* A cell belongs to the first cohort that its first trace belongs to. */
bool
nj_path_cohorts_put(struct nj_path_totals *totals, const struct nj_carrier *carriers,
                    struct nj_table *table)
{
    const struct nj_tally *cells = &totals->cohorts;
    struct nj_sum all = {0}, reach = {0};
    struct cohort cohort = {0};
    size_t at = 0;

    if (!nj_tally_sort(&totals->cohorts, cell_cmp, carriers))
        return false;
    for (size_t i = 0; i < cells->len; i++)
        nj_sum_add(&all, cell_weight(cells, i, carriers) *
                             (double)((const struct cell *)nj_tally_get(cells, i))->traces);
    for (size_t i = 0; i < cells->len; i++) {
        const struct cell *cell = nj_tally_get(cells, i);
        bool is_new = i == 0 || nj_tally_key(cells, i) >> NJ_PATH_CLASS_BITS !=
                                    nj_tally_key(cells, i - 1) >> NJ_PATH_CLASS_BITS;
        while (is_new && at + 1 < NJ_LEN(cohorts) &&
               nj_sum_of(&reach) >= cohorts[at].until * nj_sum_of(&all)) {
            cohort_put(&cohort, cohorts[at++].name, table);
            cohort = (struct cohort){0};
        }
        cohort_add(&cohort, cell, cell_weight(cells, i, carriers));
        nj_sum_add(&reach, cell_weight(cells, i, carriers) * (double)cell->traces);
    }
    cohort_put(&cohort, cohorts[at].name, table);
    return true;
}
