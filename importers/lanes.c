/* lanes.c - batches of several inputs on their way to one writer. */
#include "importers/lanes.h"

#include <pthread.h>
#include <stdlib.h>

/* Batches in flight; of these, those of inputs whose turn has not come; and inputs that are
 * begun before their turn. */
enum { SLOTS_LEN = 32, SLOTS_AHEAD = 16, LANES_AHEAD = 32 };

enum slot_state {
    SLOT_FREE,
    SLOT_FILLING,
    SLOT_FILLED,
    SLOT_PACKING,
    SLOT_PACKED,
    SLOT_WRITING
};

struct slot {
    enum slot_state state;
    size_t lane;
    uint64_t sequence;      /* grows within a lane */
    struct nj_batch *batch; /* NULL: not made yet, or with its reader */
};

struct nj_lanes {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_stopped;
    uint64_t bytes, sequence;
    size_t lanes_len, next, current; /* not claimed yet; being written */
    bool *is_finished;               /* by lane */
    struct slot slots[SLOTS_LEN];
};

struct nj_lanes *
nj_lanes_new(size_t lanes_len)
{
    struct nj_lanes *lanes = calloc(1, sizeof *lanes);

    if (!lanes)
        return NULL;
    lanes->is_finished = calloc(lanes_len + 1, sizeof *lanes->is_finished);
    if (!lanes->is_finished) {
        free(lanes);
        return NULL;
    }
    lanes->lanes_len = lanes_len;
    (void)pthread_mutex_init(&lanes->lock, NULL);
    (void)pthread_cond_init(&lanes->changed, NULL);
    return lanes;
}

void
nj_lanes_free(struct nj_lanes *lanes)
{
    if (!lanes)
        return;
    for (size_t i = 0; i < SLOTS_LEN; i++)
        nj_batch_free(lanes->slots[i].batch);
    (void)pthread_cond_destroy(&lanes->changed);
    (void)pthread_mutex_destroy(&lanes->lock);
    free(lanes->is_finished);
    free(lanes);
}

static void
lanes_lock(struct nj_lanes *lanes)
{
    (void)pthread_mutex_lock(&lanes->lock);
}

/* Something changed: whoever waits looks again. */
static void
lanes_unlock(struct nj_lanes *lanes)
{
    (void)pthread_cond_broadcast(&lanes->changed);
    (void)pthread_mutex_unlock(&lanes->lock);
}

static void
lanes_wait(struct nj_lanes *lanes)
{
    (void)pthread_cond_wait(&lanes->changed, &lanes->lock);
}

void
nj_lanes_stop(struct nj_lanes *lanes)
{
    lanes_lock(lanes);
    lanes->is_stopped = true;
    lanes_unlock(lanes);
}

size_t
nj_lanes_claim(struct nj_lanes *lanes)
{
    size_t lane = SIZE_MAX;

    lanes_lock(lanes);
    while (!lanes->is_stopped && lanes->next < lanes->lanes_len &&
           lanes->next > lanes->current + LANES_AHEAD)
        lanes_wait(lanes);
    if (!lanes->is_stopped && lanes->next < lanes->lanes_len)
        lane = lanes->next++;
    lanes_unlock(lanes);
    return lane;
}

/* A free slot for `lane`. The input whose turn it is always finds room in the end, because the
 * others may not fill all of it. */
static struct slot *
slot_free(struct nj_lanes *lanes, size_t lane)
{
    struct slot *found = NULL;
    size_t ahead = 0;

    for (size_t i = 0; i < SLOTS_LEN; i++) {
        const struct slot *slot = &lanes->slots[i];
        if (slot->state == SLOT_FREE)
            found = &lanes->slots[i];
        else if (slot->lane != lanes->current)
            ahead++;
    }
    return lane != lanes->current && ahead >= SLOTS_AHEAD ? NULL : found;
}

static struct slot *
slot_of_batch(struct nj_lanes *lanes, const struct nj_batch *batch)
{
    size_t i = 0;

    while (lanes->slots[i].batch != batch)
        NJ_CHECK(++i < SLOTS_LEN);
    return &lanes->slots[i];
}

/* The earliest slot of `lane` (SIZE_MAX: of any) in this state. */
static struct slot *
slot_first(struct nj_lanes *lanes, size_t lane, enum slot_state state)
{
    struct slot *first = NULL;

    for (size_t i = 0; i < SLOTS_LEN; i++) {
        struct slot *slot = &lanes->slots[i];
        if (slot->state != state || (lane != SIZE_MAX && slot->lane != lane))
            continue;
        if (!first || slot->lane < first->lane ||
            (slot->lane == first->lane && slot->sequence < first->sequence))
            first = slot;
    }
    return first;
}

struct nj_batch *
nj_lanes_take(struct nj_lanes *lanes, size_t lane, struct nj_error *err)
{
    struct nj_batch *batch = NULL;
    struct slot *slot = NULL;

    lanes_lock(lanes);
    while (!lanes->is_stopped && !(slot = slot_free(lanes, lane)))
        lanes_wait(lanes);
    if (slot) {
        slot->state = SLOT_FILLING;
        slot->lane = lane;
        slot->sequence = lanes->sequence++;
        batch = slot->batch;
        slot->batch = NULL;
    }
    lanes_unlock(lanes);
    if (!slot) {
        (void)nj_fail(err, NJ_EIO, "the import was stopped");
        return NULL;
    }
    if (!batch && !(batch = nj_batch_new()))
        (void)nj_fail(err, NJ_ENOMEM, "no memory for a batch of spans");
    return batch;
}

void
nj_lanes_put(struct nj_lanes *lanes, size_t lane, struct nj_batch *batch, uint64_t bytes)
{
    lanes_lock(lanes);
    struct slot *slot = slot_first(lanes, lane, SLOT_FILLING);
    NJ_CHECK(slot);
    slot->batch = batch;
    slot->state = SLOT_FILLED;
    lanes->bytes += bytes;
    lanes_unlock(lanes);
}

void
nj_lanes_finish(struct nj_lanes *lanes, size_t lane)
{
    lanes_lock(lanes);
    lanes->is_finished[lane] = true;
    lanes_unlock(lanes);
}

struct nj_batch *
nj_lanes_pack_begin(struct nj_lanes *lanes)
{
    struct slot *slot = NULL;

    lanes_lock(lanes);
    while (!lanes->is_stopped && lanes->current < lanes->lanes_len &&
           !(slot = slot_first(lanes, SIZE_MAX, SLOT_FILLED)))
        lanes_wait(lanes);
    if (slot)
        slot->state = SLOT_PACKING;
    lanes_unlock(lanes);
    return slot ? slot->batch : NULL;
}

void
nj_lanes_pack_end(struct nj_lanes *lanes, const struct nj_batch *batch)
{
    lanes_lock(lanes);
    slot_of_batch(lanes, batch)->state = SLOT_PACKED;
    lanes_unlock(lanes);
}

/* The slot that the writer takes next; NULL: it has to wait. A batch that nobody packs yet is
 * packed by the writer rather than waited for. */
static struct slot *
slot_next(struct nj_lanes *lanes, size_t lane)
{
    struct slot *packing = slot_first(lanes, lane, SLOT_PACKING);
    struct slot *packed = slot_first(lanes, lane, SLOT_PACKED);
    struct slot *filled = slot_first(lanes, lane, SLOT_FILLED);
    struct slot *next =
        packed && (!filled || packed->sequence < filled->sequence) ? packed : filled;

    return next && packing && packing->sequence < next->sequence ? NULL : next;
}

struct nj_batch *
nj_lanes_get(struct nj_lanes *lanes, size_t lane)
{
    struct slot *slot = NULL;

    lanes_lock(lanes);
    lanes->current = lane;
    /* Those who were ahead are not any more. */
    (void)pthread_cond_broadcast(&lanes->changed);
    while (!lanes->is_stopped && !(slot = slot_next(lanes, lane)) &&
           (!lanes->is_finished[lane] || slot_first(lanes, lane, SLOT_PACKING)))
        lanes_wait(lanes);
    if (slot)
        slot->state = SLOT_WRITING;
    else
        lanes->current = lane + 1;
    lanes_unlock(lanes);
    return slot ? slot->batch : NULL;
}

void
nj_lanes_recycle(struct nj_lanes *lanes, const struct nj_batch *batch)
{
    lanes_lock(lanes);
    struct slot *slot = slot_of_batch(lanes, batch);
    nj_batch_clear(slot->batch);
    slot->state = SLOT_FREE;
    lanes_unlock(lanes);
}

uint64_t
nj_lanes_bytes(struct nj_lanes *lanes)
{
    lanes_lock(lanes);
    uint64_t bytes = lanes->bytes;
    lanes_unlock(lanes);
    return bytes;
}
