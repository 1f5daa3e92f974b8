/* icicle.h - the merged call tree as a flame graph, top down (floor 5). */
#ifndef NJ_REPORTS_ICICLE_H
#define NJ_REPORTS_ICICLE_H

#include "reports/html.h"
#include "schema/results.h"

/* One way to measure the width of a frame. */
struct nj_icicle_variant {
    const char *id;    /* "wall" */
    const char *label; /* of the tab */
    const char *about; /* what width means */
    unsigned column;   /* of call_tree: width of a frame, descendants included */
    unsigned before;   /* of frame_changes: the same in the baseline */
    bool is_time;      /* nanoseconds; else tokens */
};
extern const struct nj_icicle_variant nj_icicle_variants[];
extern const size_t nj_icicle_variants_len;

/* What is drawn. */
struct nj_icicle {
    const struct nj_table *tree; /* call_tree */
    const struct nj_table
        *before;   /* frame_changes; no rows: there is nothing to compare with */
    double traces; /* stored traces that the tree is of */
};

/* Sum over the top frames; 0: nothing to draw. */
double nj_icicle_total(const struct nj_table *tree, const struct nj_icicle_variant *variant);
/* The flame graph and tables: of its widest frames and, where there is something to compare
 * with, of those that changed most. Frames are then coloured by change, and by kind for a
 * reader who asks for it (class names of both). */
void nj_icicle_write(struct nj_html *h, const struct nj_icicle *icicle,
                     const struct nj_icicle_variant *variant, size_t frames_max);

/* A legend of the shades of change, in words. */
void nj_icicle_legend(struct nj_html *h);

/* The change of a frame that was `before` a trace and is `now`: relative; NaN: not there
 * before. */
double nj_frame_change(double before, double now);
/* Appends "+34 %", "new", or nothing where it is within 5 %. */
void nj_frame_mark(struct nj_buf *out, double change);
/* "1.2 s", or a number of tokens. */
void nj_frame_amount(struct nj_html *h, const struct nj_icicle_variant *variant, double amount);
/* A table of the frames whose amount a trace changed most, what is gone among them; `before`:
 * one a row of the tree, NaN: not there. */
void nj_icicle_changes(struct nj_html *h, const struct nj_icicle *icicle,
                       const struct nj_icicle_variant *variant, const double *before);

#endif
