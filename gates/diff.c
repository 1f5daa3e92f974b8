/* diff.c - two results side by side. */
#include "gates/diff.h"

#include "base/fisher.h"
#include "base/grow.h"
#include "base/special.h"
#include "gates/chains.h"
#include "gates/check.h"
#include "gates/compare.h"

#include <math.h>
#include <stdlib.h>

#define NONE ((double)NAN)
#define Z95  1.959963984540054
/* How much a percentage point of a share weighs against a percent of anything else. */
#define POINT_WEIGHT 10

enum change { WORSE, BETTER, NEW, GONE, SAME, FEW };
static const char *const change_names[] = {"worse", "better", "new", "gone", "same", "few"};

/* One line. */
struct line {
    const char *area, *metric, *label;
    struct nj_slice group_by, agent, key;
    enum nj_unit unit;
    bool is_up_worse;
    enum change change;
    double before, after, value, lo, hi, p, q;
    double size; /* what is certain of the change */
};

struct diff {
    struct line *lines;
    size_t len, cap;
};

static struct line *
line_add(struct diff *d, const struct line *line)
{
    struct line *lines = nj_grow(d->lines, d->len, &d->cap, sizeof *d->lines);

    if (!lines)
        return NULL;
    d->lines = lines;
    lines[d->len] = *line;
    return &lines[d->len++];
}

static struct line
line_of(const struct nj_histories *all, const struct nj_history *h)
{
    return (struct line){.area = nj_metric_suite(h->metric),
                         .metric = h->metric->id,
                         .label = h->metric->label,
                         .group_by = h->group_by,
                         .agent = h->agent,
                         .key = h->key,
                         .unit = h->metric->unit,
                         .is_up_worse = h->metric->is_up_worse,
                         .before = h->points[0].est,
                         .after = nj_history_now(all, h)->est,
                         .value = NONE,
                         .lo = NONE,
                         .hi = NONE,
                         .p = NONE,
                         .q = NONE};
}

static enum nj_status
metrics_compare(struct diff *d, const struct nj_histories *all, const struct nj_fits *fits,
                struct nj_error *err)
{
    struct nj_comparing comparing = {.all = all, .fits = fits, .min_traces = 1};

    for (size_t i = 0; i < all->len; i++) {
        struct line line = line_of(all, &all->list[i]);
        struct nj_comparison m;
        enum nj_status st = nj_compare(&m, &comparing, i, 0, true, err);
        if (st < 0)
            return st;
        line.value = m.change;
        line.lo = m.lo;
        line.hi = m.hi;
        line.change = m.gap == NJ_GAP_NEW                                 ? NEW
                      : m.gap == NJ_GAP_MISSING || m.gap == NJ_GAP_ABSENT ? GONE
                      : m.gap == NJ_GAP_NONE                              ? SAME
                                                                          : FEW;
        if (line.change == SAME)
            line.p = m.change > 0 || m.change < 0 ? 2 * fmin(m.p, 1 - m.p) : 1;
        if (!line_add(d, &line))
            return nj_fail(err, NJ_ENOMEM, "no memory for the differences");
    }
    return NJ_OK;
}

/* Edges of the call graph. */
struct edge {
    struct nj_slice caller, callee, callee_kind;
    double calls, traces; /* weighted calls; stored traces */
};

static int
edge_cmp(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    int c = nj_slice_cmp(x->caller, y->caller);

    if (c == 0)
        c = nj_slice_cmp(x->callee, y->callee);
    return c ? c : nj_slice_cmp(x->callee_kind, y->callee_kind);
}

struct edges {
    struct edge *list;
    size_t len;
    double weight, traces; /* of all traces */
};

static bool
edges_read(struct edges *out, const struct nj_results *results)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_call_edges);
    const struct nj_table *summary = nj_results_view(results, NJ_TABLE_summary);

    *out = (struct edges){.list = calloc(nj_table_len(t) + 1, sizeof *out->list)};
    if (!out->list)
        return false;
    if (nj_table_len(summary) > 0) {
        out->weight = nj_table_real(summary, 0, NJ_COL_summary_weight);
        out->traces = nj_table_real(summary, 0, NJ_COL_summary_traces);
    }
    for (size_t r = 0; r < nj_table_len(t); r++)
        out->list[out->len++] =
            (struct edge){nj_table_text(t, r, NJ_COL_call_edges_caller),
                          nj_table_text(t, r, NJ_COL_call_edges_callee),
                          nj_table_text(t, r, NJ_COL_call_edges_callee_kind),
                          nj_table_real(t, r, NJ_COL_call_edges_weight),
                          nj_table_real(t, r, NJ_COL_call_edges_traces)};
    qsort(out->list, out->len, sizeof *out->list, edge_cmp);
    return true;
}

/* Calls a trace, as a ratio of two rates whose units are traces; an edge that only one side has
 * by the exact test on traces. */
static struct line
edge_line(const struct edges *before, const struct edges *after, const struct edge *x,
          const struct edge *y)
{
    const struct edge *any = x ? x : y;
    struct line line = {.area = "calls",
                        .metric = "calls",
                        .label = "calls a trace",
                        .group_by = NJ_SLICE("edge"),
                        .agent = any->caller,
                        .key = any->callee,
                        .unit = NJ_UNIT_COUNT,
                        .is_up_worse = true,
                        .before = x ? x->calls / before->weight : 0,
                        .after = y ? y->calls / after->weight : 0,
                        .value = NONE,
                        .lo = NONE,
                        .hi = NONE,
                        .q = NONE};

    if (x && y) {
        double d = log(line.after / line.before), s = sqrt(1 / x->traces + 1 / y->traces);
        line.change = SAME;
        line.value = expm1(d);
        line.lo = expm1(d - Z95 * s);
        line.hi = expm1(d + Z95 * s);
        line.p = 2 * nj_normal_cdf(-fabs(d) / s);
        return line;
    }
    const struct nj_count was = {x ? (uint64_t)x->traces : 0, (uint64_t)before->traces};
    const struct nj_count is = {y ? (uint64_t)y->traces : 0, (uint64_t)after->traces};
    line.change = y ? NEW : GONE;
    line.p = fmin(1, 2 * (y ? nj_fisher_more(was, is) : nj_fisher_more(is, was)));
    return line;
}

static enum nj_status
edges_compare(struct diff *d, const struct nj_results *before, const struct nj_results *after,
              struct nj_error *err)
{
    struct edges a = {0}, b = {0};
    bool ok = edges_read(&a, before) && edges_read(&b, after);

    for (size_t i = 0, k = 0; ok && (i < a.len || k < b.len);) {
        int c = i == a.len ? 1 : k == b.len ? -1 : edge_cmp(&a.list[i], &b.list[k]);
        struct line line =
            edge_line(&a, &b, c <= 0 ? &a.list[i] : NULL, c >= 0 ? &b.list[k] : NULL);
        ok = line_add(d, &line) != NULL;
        i += c <= 0;
        k += c >= 0;
    }
    free(a.list);
    free(b.list);
    return ok ? NJ_OK : nj_fail(err, NJ_ENOMEM, "no memory for the differences");
}

/* What is certain of the change, in percent of anything. */
static double
size_of(const struct line *line)
{
    double lo = line->lo, hi = line->hi;
    double sure = lo > 0 ? lo : hi < 0 ? -hi : 0;

    return line->unit == NJ_UNIT_RATIO ? POINT_WEIGHT * sure : sure;
}

static enum nj_status
family_judge(struct diff *d, struct nj_error *err)
{
    struct nj_hypothesis *family = calloc(d->len + 1, sizeof *family);
    size_t len = 0;

    if (!family)
        return nj_fail(err, NJ_ENOMEM, "no memory for the differences");
    for (size_t i = 0; i < d->len; i++)
        if (isfinite(d->lines[i].p))
            family[len++].p = d->lines[i].p;
    enum nj_status st = nj_discoveries_find(family, len, NJ_DIFF_RATE, err);
    for (size_t i = 0, at = 0; i < d->len && st == NJ_OK; i++) {
        struct line *line = &d->lines[i];
        line->size = size_of(line);
        if (!isfinite(line->p))
            continue;
        line->q = family[at].q;
        if (!family[at++].is_rejected)
            line->change = SAME;
        else if (line->change == SAME)
            line->change = (line->value > 0) == line->is_up_worse ? WORSE : BETTER;
    }
    free(family);
    return st;
}

static int
line_cmp(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int c;

    if (x->change != y->change)
        return x->change < y->change ? -1 : 1;
    if (x->size < y->size || x->size > y->size)
        return x->size > y->size ? -1 : 1;
    c = strcmp(x->area, y->area);
    if (c == 0)
        c = nj_slice_cmp(x->group_by, y->group_by);
    if (c == 0)
        c = nj_slice_cmp(x->agent, y->agent);
    if (c == 0)
        c = nj_slice_cmp(x->key, y->key);
    return c ? c : strcmp(x->metric, y->metric);
}

static void
line_put(const struct line *line, struct nj_table *t)
{
    size_t row = nj_table_add(t);
    bool is_edge = nj_slice_eq(line->group_by, NJ_SLICE("edge"));
    struct nj_buf name = {0};
    const struct {
        unsigned column;
        double value;
    } reals[] = {{NJ_COL_changes_before, line->before},
                 {NJ_COL_changes_after, line->after},
                 {NJ_COL_changes_change, line->value},
                 {NJ_COL_changes_change_lo, line->lo},
                 {NJ_COL_changes_change_hi, line->hi},
                 {NJ_COL_changes_p, line->p},
                 {NJ_COL_changes_q, line->q}};

    if (line->agent.len || is_edge)
        nj_buf_printf(&name, "%.*s%s", NJ_FMT(line->agent),
                      !is_edge          ? " "
                      : line->agent.len ? " \xE2\x86\x92 "
                                        : "\xE2\x86\x92 ");
    if (line->key.len)
        nj_buf_printf(&name, "%.*s ", NJ_FMT(line->key));
    nj_buf_put_text(&name, line->label);
    nj_table_put_text(t, row, NJ_COL_changes_area, nj_slice_of(line->area));
    nj_table_put_text(t, row, NJ_COL_changes_metric, nj_slice_of(line->metric));
    nj_table_put_text(t, row, NJ_COL_changes_group_by, line->group_by);
    if (line->agent.len)
        nj_table_put_text(t, row, NJ_COL_changes_agent, line->agent);
    if (line->key.len)
        nj_table_put_text(t, row, NJ_COL_changes_key, line->key);
    nj_table_put_text(t, row, NJ_COL_changes_name, nj_buf_slice(&name));
    nj_table_put_text(t, row, NJ_COL_changes_unit, nj_slice_of(nj_unit_name(line->unit)));
    nj_table_put_text(t, row, NJ_COL_changes_verdict, nj_slice_of(change_names[line->change]));
    for (size_t i = 0; i < NJ_LEN(reals); i++)
        nj_table_put_real(t, row, reals[i].column, reals[i].value);
    nj_buf_fini(&name);
}

/* The first results as a baseline of one night. */
static enum nj_status
baseline_of(struct nj_baseline *b, const struct nj_results *before, struct nj_error *err)
{
    struct nj_night night;
    enum nj_status st = nj_night_make(&night, b, before, err);

    if (st < 0)
        return st;
    night.state = NJ_NIGHT_ACCEPTED;
    return nj_baseline_add(b, &night, err);
}

static enum nj_status
all_compare(struct diff *d, struct nj_results *after, const struct nj_results *before,
            const struct nj_baseline *baseline, struct nj_arena *arena, struct nj_error *err)
{
    struct nj_histories all;
    struct nj_fits fits;
    struct nj_chain_counts counts;
    enum nj_status st = nj_histories_make(&all, after, baseline, 1, arena, err);

    if (st == NJ_OK)
        st = nj_fits_make(&fits, &all, err);
    if (st == NJ_OK)
        st = metrics_compare(d, &all, &fits, err);
    if (st == NJ_OK)
        st = edges_compare(d, before, after, err);
    if (st == NJ_OK)
        st = nj_chains_compare(after, &before, 1, NJ_CHAINS_RATE, &counts, err);
    return st == NJ_OK ? family_judge(d, err) : st;
}

enum nj_status
nj_diff(struct nj_results *after, const struct nj_results *before, struct nj_error *err)
{
    struct nj_baseline *baseline = nj_baseline_new();
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct nj_table *t = nj_results_table(after, NJ_TABLE_changes);
    struct diff d = {0};
    enum nj_status st = baseline && arena ? baseline_of(baseline, before, err)
                                          : nj_fail(err, NJ_ENOMEM, "no memory to compare");

    if (st == NJ_OK)
        st = all_compare(&d, after, before, baseline, arena, err);
    nj_table_clear(t);
    if (st == NJ_OK && d.len > 0)
        qsort(d.lines, d.len, sizeof *d.lines, line_cmp);
    for (size_t i = 0; st == NJ_OK && i < d.len; i++)
        line_put(&d.lines[i], t);
    free(d.lines);
    nj_arena_free(arena);
    nj_baseline_free(baseline);
    return st == NJ_OK ? nj_results_check(after, err) : st;
}
