/* waterfall.h - one trace as rows in preorder, repeats folded: what the page and `show` draw
 * (floor 3). */
#ifndef NJ_ANALYZERS_WATERFALL_H
#define NJ_ANALYZERS_WATERFALL_H

#include "analyzers/analyzer.h"
#include "analyzers/critical_path.h"

/* One row: span `span`, and the `repeats` - 1 siblings after it that look the same. */
struct nj_waterfall_row {
    uint32_t span;
    uint32_t repeats;
};

/* What is to be drawn of a trace, and how much of it. */
struct nj_waterfall_view {
    const char *why;     /* as in table exemplars */
    uint32_t rows_max;   /* 0: all */
    uint32_t fold_above; /* rows from which alike ones are folded; 0: rows_max */
    const bool *must;    /* by span: rows that come before all others, their ancestors marked
                            too; NULL: none */
    /* Share of comparable spans that are not longer; NULL: not known. */
    double (*rank)(const void *context, const struct nj_trace *trace, uint32_t span);
    const void *context;
};

/* Rows in preorder into `arena`, at most view->rows_max. Where there are more, runs of siblings
 * without children that share agent, kind and operation and are off the path are folded first,
 * then the deepest and shortest rows off the path are left out; the root is always there.
 * Iterative. NJ_ENOMEM. */
enum nj_status nj_waterfall_rows(struct nj_waterfall_row **out, uint32_t *len,
                                 const struct nj_trace *trace,
                                 const struct nj_critical_path *path,
                                 const struct nj_waterfall_view *view, struct nj_arena *arena,
                                 struct nj_error *err) NJ_CHECKED;

/* Adds the trace to tables exemplars and exemplar_spans. NJ_ENOMEM. */
enum nj_status nj_waterfall_put(struct nj_run *run, const struct nj_trace *trace,
                                const struct nj_critical_path *path,
                                const struct nj_waterfall_view *view,
                                struct nj_results *results) NJ_CHECKED;

#endif
