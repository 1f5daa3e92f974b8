/* frames.h - the merged call tree as a night of the baseline keeps it (floor 1). */
#ifndef NJ_SCHEMA_FRAMES_H
#define NJ_SCHEMA_FRAMES_H

#include "schema/results.h"

/* Four widths of a frame, descendants included: columns of table call_tree. */
enum { NJ_FRAME_WIDTHS = 4 };
extern const unsigned nj_frame_widths[NJ_FRAME_WIDTHS];

/* Row of what a frame of table call_tree stands under; SIZE_MAX: it is at the top. Files may
 * have been tampered with: what does not stand before its frame is none. */
size_t nj_frame_parent(const struct nj_table *tree, size_t row);
/* Sums over the top frames, one a width. */
void nj_frames_total(double out[NJ_FRAME_WIDTHS], const struct nj_table *tree);
/* Copies those frames of table call_tree that are at least 1/NJ_FRAME_LEAST of the whole in one
 * of the widths (what a page draws), or fewer where those are more than NJ_FRAMES_MAX. A
 * frame's ancestors are as wide as it is, so they are among them; ids are given anew. false: no
 * memory. */
enum { NJ_FRAME_LEAST = 1500, NJ_FRAMES_MAX = 1000 };
bool nj_frames_keep(struct nj_table *to, const struct nj_table *tree);

#endif
