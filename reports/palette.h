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

/* Shades of change, from much less to much more: Tol's "BuRd" (Tol 2021), of which the ends are
 * light enough for dark text; and one for what was not there. */
struct nj_shade {
    double up_to;        /* change below which the shade holds, 0.05 is 5 % */
    const char *label;   /* for legends */
    const char *classes; /* "c-up2" */
    const char *fill;
};
/* The shade of a relative change; NaN: was not there. Never NULL. */
const struct nj_shade *nj_shade_of(double change);
extern const struct nj_shade nj_shades[];
extern const size_t nj_shades_len;

#endif
