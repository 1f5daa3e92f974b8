/* frames.c - how wide the frames of the merged call tree were before. */
#include "gates/frames.h"

#include "base/grow.h"
#include "schema/frames.h"

#include <stdlib.h>

enum { TOP = -1, GONE = -2, BELOW_GONE = -3 }; /* in place of a frame's row */

/* A frame of these results, or one that is gone. */
struct frame {
    int64_t under, row; /* rows of call_tree */
    struct nj_slice agent, kind, operation;
    double sums[NJ_FRAME_WIDTHS];
    bool was_there;
};

struct frames {
    struct frame *now, *gone; /* now: by frame_cmp */
    size_t now_len, gone_len, gone_cap;
    int64_t *row_of; /* of a night's frames: row, GONE or BELOW_GONE */
    size_t *at;      /* of a row: its place in `now` */
    double traces;
    int64_t nights;
};

static int
frame_cmp(const void *left, const void *right)
{
    const struct frame *a = left, *b = right;
    int c = (a->under > b->under) - (a->under < b->under);

    if (c == 0)
        c = nj_slice_cmp(a->agent, b->agent);
    if (c == 0)
        c = nj_slice_cmp(a->kind, b->kind);
    return c ? c : nj_slice_cmp(a->operation, b->operation);
}

static struct frame
frame_of(const struct nj_table *tree, size_t r, int64_t under, int64_t row)
{
    return (struct frame){.under = under,
                          .row = row,
                          .agent = nj_table_text(tree, r, NJ_COL_call_tree_agent),
                          .kind = nj_table_text(tree, r, NJ_COL_call_tree_kind),
                          .operation = nj_table_text(tree, r, NJ_COL_call_tree_operation)};
}

static void
sums_add(struct frame *frame, const struct nj_table *tree, size_t r)
{
    for (size_t w = 0; w < NJ_FRAME_WIDTHS; w++)
        frame->sums[w] += (double)nj_table_int(tree, r, nj_frame_widths[w]);
    frame->was_there = true;
}

/* Row of the frame that frame `r` of a night stands under, or TOP, GONE or BELOW_GONE. */
static int64_t
under_of(const struct frames *f, const struct nj_table *tree, size_t r)
{
    size_t parent = nj_frame_parent(tree, r);
    return parent == SIZE_MAX ? TOP : f->row_of[parent];
}

/* false: no memory. */
static bool
night_add(struct frames *f, const struct nj_table *tree)
{
    free(f->row_of);
    f->row_of = calloc(nj_table_len(tree) + 1, sizeof *f->row_of);
    for (size_t r = 0; f->row_of && r < nj_table_len(tree); r++) {
        int64_t under = under_of(f, tree, r);
        struct frame wanted = frame_of(tree, r, under, GONE);
        struct frame *found = bsearch(&wanted, f->now, f->now_len, sizeof *f->now, frame_cmp);
        f->row_of[r] = found ? found->row : under >= TOP ? GONE : BELOW_GONE;
        if (!found && under >= TOP) {
            struct frame *gone = nj_grow(f->gone, f->gone_len, &f->gone_cap, sizeof *gone);
            if (!gone)
                return false;
            f->gone = gone;
            found = &f->gone[f->gone_len++];
            *found = wanted;
        }
        if (found)
            sums_add(found, tree, r);
    }
    return f->row_of != NULL;
}

static void
row_put(struct nj_table *t, const struct frames *f, const struct frame *frame)
{
    static const unsigned columns[NJ_FRAME_WIDTHS] = {
        NJ_COL_frame_changes_wall_ns, NJ_COL_frame_changes_self_ns,
        NJ_COL_frame_changes_critical_ns, NJ_COL_frame_changes_tokens};
    size_t row = nj_table_add(t);

    if (frame->row >= 0)
        nj_table_put_int(t, row, NJ_COL_frame_changes_frame, frame->row);
    if (frame->under >= 0)
        nj_table_put_int(t, row, NJ_COL_frame_changes_under, frame->under);
    nj_table_put_text(t, row, NJ_COL_frame_changes_agent, frame->agent);
    nj_table_put_text(t, row, NJ_COL_frame_changes_kind, frame->kind);
    nj_table_put_text(t, row, NJ_COL_frame_changes_operation, frame->operation);
    nj_table_put_int(t, row, NJ_COL_frame_changes_nights, f->nights);
    for (size_t w = 0; w < NJ_FRAME_WIDTHS; w++)
        nj_table_put_real(t, row, columns[w], frame->sums[w] / f->traces);
}

/* In the order of the call tree; behind them what is gone, each frame once. */
static void
rows_put(struct nj_table *t, struct frames *f)
{
    for (size_t r = 0; r < f->now_len; r++)
        if (f->now[f->at[r]].was_there)
            row_put(t, f, &f->now[f->at[r]]);
    if (f->gone_len > 1)
        qsort(f->gone, f->gone_len, sizeof *f->gone, frame_cmp);
    for (size_t i = 0; i < f->gone_len; i++) {
        struct frame *frame = &f->gone[i];
        while (i + 1 < f->gone_len && frame_cmp(frame, &f->gone[i + 1]) == 0) {
            i++;
            for (size_t w = 0; w < NJ_FRAME_WIDTHS; w++)
                frame->sums[w] += f->gone[i].sums[w];
        }
        row_put(t, f, frame);
    }
}

/* The frames of these results, and where each stands. false: no memory. */
static bool
now_make(struct frames *f, const struct nj_table *tree)
{
    size_t len = nj_table_len(tree);

    f->now = calloc(len + 1, sizeof *f->now);
    f->at = calloc(len + 1, sizeof *f->at);
    if (!f->now || !f->at)
        return false;
    for (size_t r = 0; r < len; r++) {
        size_t parent = nj_frame_parent(tree, r);
        f->now[r] = frame_of(tree, r, parent == SIZE_MAX ? TOP : (int64_t)parent, (int64_t)r);
    }
    f->now_len = len;
    if (len > 1)
        qsort(f->now, len, sizeof *f->now, frame_cmp);
    for (size_t i = 0; i < len; i++)
        f->at[f->now[i].row] = i;
    return true;
}

enum nj_status
nj_frames_compare(struct nj_results *now, const struct nj_night *const *before,
                  size_t before_len, struct nj_error *err)
{
    struct nj_table *t = nj_results_table(now, NJ_TABLE_frame_changes);
    struct frames f = {0};
    bool ok = now_make(&f, nj_results_view(now, NJ_TABLE_call_tree));

    nj_table_clear(t);
    for (size_t i = 0; i < before_len && ok; i++) {
        const struct nj_table *tree = nj_results_view(before[i]->rows, NJ_TABLE_call_tree);
        if (nj_table_len(tree) == 0 || before[i]->traces == 0)
            continue;
        f.nights++;
        f.traces += (double)before[i]->traces;
        ok = night_add(&f, tree);
    }
    if (ok && f.nights > 0)
        rows_put(t, &f);
    free(f.now);
    free(f.gone);
    free(f.row_of);
    free(f.at);
    return ok ? NJ_OK : nj_fail(err, NJ_ENOMEM, "no memory to compare call trees");
}
