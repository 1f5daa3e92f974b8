/* lanes.h - batches of several inputs on their way to one writer (floor 3).
 *
 * Readers fill batches, packers compress them, one writer takes them: first all of the first
 * input, in its order, then all of the second. Readers of later inputs run ahead as far as
 * there is room, so what is stored, and in which order, does not depend on who was fast. All
 * functions may be called by any thread. */
#ifndef NJ_IMPORTERS_LANES_H
#define NJ_IMPORTERS_LANES_H

#include "store/batch.h"

struct nj_lanes;

struct nj_lanes *nj_lanes_new(size_t lanes_len); /* NULL: no memory */
void nj_lanes_free(struct nj_lanes *lanes);

/* Nobody shall wait any more: everything below says at once that it is over. */
void nj_lanes_stop(struct nj_lanes *lanes);

/* For readers. The next input that nobody reads yet, SIZE_MAX after the last. */
size_t nj_lanes_claim(struct nj_lanes *lanes);
/* An empty batch for input `lane`; waits for room. NULL: stopped, or no memory. */
struct nj_batch *nj_lanes_take(struct nj_lanes *lanes, size_t lane, struct nj_error *err);
/* The batch that was taken last for `lane`, filled. `bytes` were read for it, for progress. */
void nj_lanes_put(struct nj_lanes *lanes, size_t lane, struct nj_batch *batch, uint64_t bytes);
/* `lane` was read; what its reader wrote before this call, the writer sees. */
void nj_lanes_finish(struct nj_lanes *lanes, size_t lane);

/* For packers. The earliest batch that is not compressed; NULL: there will be none. */
struct nj_batch *nj_lanes_pack_begin(struct nj_lanes *lanes);
void nj_lanes_pack_end(struct nj_lanes *lanes, const struct nj_batch *batch);

/* For the writer. The next batch of `lane`, packed or not; NULL: it is finished and there is no
 * more. */
struct nj_batch *nj_lanes_get(struct nj_lanes *lanes, size_t lane);
/* The batch was written and may be filled again. */
void nj_lanes_recycle(struct nj_lanes *lanes, const struct nj_batch *batch);

/* Raw bytes read so far of all inputs. */
uint64_t nj_lanes_bytes(struct nj_lanes *lanes);

#endif
