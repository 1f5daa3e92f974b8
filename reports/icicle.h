/* icicle.h - the merged call tree as a flame graph, top down (floor 5). */
#ifndef NJ_REPORTS_ICICLE_H
#define NJ_REPORTS_ICICLE_H

#include "reports/html.h"
#include "schema/results.h"

/* One way to measure the width of a frame: columns of table call_tree. */
struct nj_icicle_variant {
    const char *id;    /* "wall" */
    const char *label; /* of the tab */
    const char *about; /* what width means */
    unsigned column;   /* width of a frame, descendants included */
    bool is_time;      /* nanoseconds; else tokens */
};
extern const struct nj_icicle_variant nj_icicle_variants[];
extern const size_t nj_icicle_variants_len;

/* Sum over the top frames; 0: nothing to draw. */
double nj_icicle_total(const struct nj_table *tree, const struct nj_icicle_variant *variant);
/* The flame graph and a table of its widest frames. */
void nj_icicle_write(struct nj_html *h, const struct nj_table *tree,
                     const struct nj_icicle_variant *variant, size_t frames_max);

#endif
