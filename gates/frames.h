/* frames.h - how wide the frames of the merged call tree were before (floor 4). */
#ifndef NJ_GATES_FRAMES_H
#define NJ_GATES_FRAMES_H

#include "schema/baseline.h"

/* Finds the frames of `before` (accepted nights; those without a call tree do not count) in the
 * call tree of `now`, by agent, kind and operation of the frame and of all above it, and fills
 * table frame_changes of `now`: how much of each width there was in a stored trace of those
 * nights, all of them as one. A frame that a night did not keep was 0 there. Of what is gone
 * the uppermost frames are listed. NJ_ENOMEM. */
enum nj_status nj_frames_compare(struct nj_results *now, const struct nj_night *const *before,
                                 size_t before_len, struct nj_error *err) NJ_CHECKED;

#endif
