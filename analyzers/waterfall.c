/* waterfall.c - one trace as rows in preorder, repeats folded. */
#include "analyzers/waterfall.h"

#include "schema/ids.h"

#include <stdlib.h>

/* How much a span matters for the picture. */
enum mark { MARK_NONE, MARK_CRITICAL, MARK_MUST };

/* What rows are chosen by when there is not room for all. */
struct choice {
    uint32_t row; /* place in preorder */
    uint32_t depth;
    int64_t length_ns;
    uint8_t mark; /* enum mark */
    bool is_error;
};

/* What must be there, then shallow rows first, so that whatever is kept has its ancestors; then
 * what matters. */
static int
choice_cmp(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;

    if ((x->mark == MARK_MUST) != (y->mark == MARK_MUST))
        return x->mark == MARK_MUST ? -1 : 1;
    if (x->depth != y->depth)
        return x->depth < y->depth ? -1 : 1;
    if (x->mark != y->mark)
        return x->mark > y->mark ? -1 : 1;
    if (x->is_error != y->is_error)
        return x->is_error ? -1 : 1;
    if (x->length_ns != y->length_ns)
        return x->length_ns > y->length_ns ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static bool
is_alike(const struct nj_trace *t, uint32_t a, uint32_t b, const uint8_t *marks)
{
    return t->child_at[a] == t->child_at[a + 1] && t->child_at[b] == t->child_at[b + 1] &&
           t->agent[a] == t->agent[b] && t->kind[a] == t->kind[b] &&
           t->operation[a] == t->operation[b] && t->status[a] == t->status[b] && !marks[a] &&
           !marks[b];
}

/* All rows in preorder; siblings that are alike become one row when `folds`. */
static uint32_t
preorder(struct nj_waterfall_row *rows, uint32_t *stack, const struct nj_trace *t,
         const uint8_t *marks, bool folds)
{
    uint32_t len = 0, top = 0;

    for (uint32_t i = t->spans_len; i-- > 0;)
        if (t->parent[i] == NJ_NO_SPAN && i != t->root)
            stack[top++] = i;
    stack[top++] = t->root;
    while (top > 0) {
        uint32_t i = stack[--top];
        struct nj_waterfall_row *last = len ? &rows[len - 1] : NULL;
        if (folds && last && t->parent[i] != NJ_NO_SPAN &&
            t->parent[last->span] == t->parent[i] && is_alike(t, last->span, i, marks))
            last->repeats++;
        else
            rows[len++] = (struct nj_waterfall_row){i, 1};
        for (uint32_t k = t->child_at[i + 1]; k > t->child_at[i]; k--)
            stack[top++] = t->children[k - 1];
    }
    return len;
}

/* Keeps rows_max rows, in preorder. */
static bool
rows_choose(struct nj_waterfall_row *rows, uint32_t *len, const struct nj_trace *t,
            const uint8_t *marks, uint32_t rows_max, struct nj_arena *arena)
{
    struct choice *choices = NJ_NEW_RAW(arena, struct choice, *len);
    bool *kept = NJ_NEW(arena, bool, *len);
    uint32_t n = 0;

    if (!choices || !kept)
        return false;
    for (uint32_t r = 0; r < *len; r++) {
        uint32_t i = rows[r].span;
        choices[r] = (struct choice){r, t->depth[i], nj_trace_raw_ns(t, i), marks[i],
                                     t->status[i] == NJ_STATUS_ERROR};
        if (i == t->root)
            choices[r].length_ns = INT64_MAX;
    }
    qsort(choices, *len, sizeof *choices, choice_cmp);
    for (uint32_t k = 0; k < rows_max; k++)
        kept[choices[k].row] = true;
    for (uint32_t r = 0; r < *len; r++)
        if (kept[r])
            rows[n++] = rows[r];
    *len = n;
    return true;
}

static void
marks_fill(uint8_t *marks, const struct nj_trace *trace, const struct nj_critical_path *path,
           const bool *must)
{
    for (uint32_t s = 0; s < path->segments_len; s++)
        marks[path->segments[s].span] = MARK_CRITICAL;
    for (uint32_t i = 0; must && i < trace->spans_len; i++)
        if (must[i])
            marks[i] = MARK_MUST;
}

enum nj_status
nj_waterfall_rows(struct nj_waterfall_row **out, uint32_t *len, const struct nj_trace *trace,
                  const struct nj_critical_path *path, const struct nj_waterfall_view *view,
                  struct nj_arena *arena, struct nj_error *err)
{
    const uint32_t rows_max = view->rows_max;
    uint8_t *marks = NJ_NEW(arena, uint8_t, trace->spans_len);
    uint32_t *stack = NJ_NEW_RAW(arena, uint32_t, (size_t)trace->spans_len + 1);

    *out = NJ_NEW_RAW(arena, struct nj_waterfall_row, (size_t)trace->spans_len + 1);
    if (!marks || !stack || !*out)
        return nj_fail(err, NJ_ENOMEM, "no memory to draw a trace of %u spans",
                       trace->spans_len);
    marks_fill(marks, trace, path, view->must);
    *len = preorder(*out, stack, trace, marks, false);
    if (rows_max && *len > (view->fold_above ? view->fold_above : rows_max))
        *len = preorder(*out, stack, trace, marks, true);
    if (rows_max && *len > rows_max && !rows_choose(*out, len, trace, marks, rows_max, arena))
        return nj_fail(err, NJ_ENOMEM, "no memory to draw a trace of %u spans",
                       trace->spans_len);
    return NJ_OK;
}

/* For each span the list of its segments, as indices into the path: first[span], next[segment].
 */
struct chains {
    uint32_t *first, *next;
};

static bool
chains_make(struct chains *c, const struct nj_trace *trace, const struct nj_critical_path *path,
            struct nj_arena *arena)
{
    c->first = NJ_NEW_RAW(arena, uint32_t, trace->spans_len);
    c->next = NJ_NEW_RAW(arena, uint32_t, (size_t)path->segments_len + 1);
    if (!c->first || !c->next)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        c->first[i] = UINT32_MAX;
    for (uint32_t s = path->segments_len; s-- > 0;) {
        c->next[s] = c->first[path->segments[s].span];
        c->first[path->segments[s].span] = s;
    }
    return true;
}

static struct nj_slice
name_of(const struct nj_run *run, uint32_t id)
{
    return nj_names_get(run->names, id);
}

static void
critical_put(struct nj_table *t, size_t row, const struct nj_critical_path *path,
             uint32_t segment, const uint32_t *next, int64_t origin)
{
    struct nj_buf text = {0};

    for (; segment != UINT32_MAX; segment = next[segment])
        nj_buf_printf(&text, "%s%lld:%lld", text.len ? " " : "",
                      (long long)(path->segments[segment].start_ns - origin),
                      (long long)(path->segments[segment].end_ns - origin));
    if (text.len)
        nj_table_put_text(t, row, NJ_COL_exemplar_spans_critical, nj_buf_slice(&text));
    nj_buf_fini(&text);
}

static void
span_put(const struct nj_run *run, const struct nj_trace *trace, struct nj_waterfall_row row,
         int64_t origin, struct nj_table *t)
{
    char hex[NJ_SPAN_HEX + 1];
    uint32_t i = row.span;
    size_t r = nj_table_len(t) - 1;

    nj_table_put_text(t, r, NJ_COL_exemplar_spans_span, nj_trace_span_show(trace, i, hex));
    nj_table_put_int(t, r, NJ_COL_exemplar_spans_depth, trace->depth[i]);
    nj_table_put_text(t, r, NJ_COL_exemplar_spans_name,
                      trace->flags[i] & NJ_SPAN_RECONSTRUCTED ? NJ_SLICE("(missing span)")
                                                              : name_of(run, trace->name[i]));
    nj_table_put_text(t, r, NJ_COL_exemplar_spans_agent, name_of(run, trace->agent[i]));
    nj_table_put_text(t, r, NJ_COL_exemplar_spans_kind,
                      nj_slice_of(nj_kind_name((enum nj_kind)trace->kind[i])));
    nj_table_put_int(t, r, NJ_COL_exemplar_spans_start_ns, trace->start_ns[i] - origin);
    nj_table_put_int(t, r, NJ_COL_exemplar_spans_end_ns, trace->end_ns[i] - origin);
    nj_table_put_int(t, r, NJ_COL_exemplar_spans_is_error, trace->status[i] == NJ_STATUS_ERROR);
    nj_table_put_int(t, r, NJ_COL_exemplar_spans_repeats, row.repeats);
}

static void
exemplar_put(const struct nj_trace *trace, const char *why, uint32_t rows, struct nj_table *t)
{
    char hex[NJ_TRACE_HEX + 1];
    size_t r = nj_table_add(t);

    nj_table_put_int(t, r, NJ_COL_exemplars_id, (int64_t)r);
    nj_table_put_text(t, r, NJ_COL_exemplars_why, nj_slice_of(why));
    nj_table_put_text(t, r, NJ_COL_exemplars_trace,
                      nj_trace_id_show(&trace->id, trace->text, hex));
    nj_table_put_int(t, r, NJ_COL_exemplars_start_ns, trace->raw_start_ns[trace->root]);
    nj_table_put_int(t, r, NJ_COL_exemplars_duration_ns, nj_trace_raw_ns(trace, trace->root));
    nj_table_put_int(t, r, NJ_COL_exemplars_spans, trace->spans_len);
    nj_table_put_int(t, r, NJ_COL_exemplars_shown, rows);
    nj_table_put_real(t, r, NJ_COL_exemplars_weight, trace->weight.value);
}

enum nj_status
nj_waterfall_put(struct nj_run *run, const struct nj_trace *trace,
                 const struct nj_critical_path *path, const struct nj_waterfall_view *view,
                 struct nj_results *results)
{
    struct nj_table *exemplars = nj_results_table(results, NJ_TABLE_exemplars);
    struct nj_table *spans = nj_results_table(results, NJ_TABLE_exemplar_spans);
    struct nj_waterfall_row *rows;
    struct chains chains;
    uint32_t len;
    int64_t origin = INT64_MAX, id = (int64_t)nj_table_len(exemplars);
    enum nj_status st =
        nj_waterfall_rows(&rows, &len, trace, path, view, run->scratch, run->err);

    if (st < 0)
        return st;
    if (!chains_make(&chains, trace, path, run->scratch))
        return nj_fail(run->err, NJ_ENOMEM, "no memory to draw a trace");
    for (uint32_t i = 0; i < trace->spans_len; i++)
        origin = trace->start_ns[i] < origin ? trace->start_ns[i] : origin;
    exemplar_put(trace, view->why, len, exemplars);
    for (uint32_t k = 0; k < len; k++) {
        size_t r = nj_table_add(spans);
        nj_table_put_int(spans, r, NJ_COL_exemplar_spans_exemplar, id);
        span_put(run, trace, rows[k], origin, spans);
        critical_put(spans, r, path, chains.first[rows[k].span], chains.next, origin);
        if (view->rank)
            nj_table_put_real(spans, r, NJ_COL_exemplar_spans_rank,
                              view->rank(view->context, trace, rows[k].span));
    }
    return NJ_OK;
}
