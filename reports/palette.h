/* palette.h - one colour a kind, everywhere; the fills that stand in the SVG for viewers
 * without the stylesheet (floor 5). Tol's "bright" scheme and neighbours (Tol 2021). */
#ifndef NJ_REPORTS_PALETTE_H
#define NJ_REPORTS_PALETTE_H

#include "base/slice.h"

struct nj_colour {
    const char *name;    /* kind, or wait, gap, retry */
    const char *label;   /* for legends */
    const char *classes; /* "k-llm" */
    const char *fill;    /* light fill, "#4477AA" */
};

/* The colour of a kind's name; unknown names get that of "other". Never NULL. */
const struct nj_colour *nj_colour_of(struct nj_slice kind);
extern const struct nj_colour nj_palette[];
extern const size_t nj_palette_len;

#endif
