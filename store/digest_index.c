/* digest_index.c - dense numbers for 64-bit digests. */
#include "store/digest_index.h"

#include <stdlib.h>

enum { CAP_MIN = 64, SLOTS_PER_DIGEST = 2 };

void
nj_digest_index_fini(struct nj_digest_index *index)
{
    free(index->digests);
    free(index->slots);
    *index = (struct nj_digest_index){0};
}

/* The slot of this digest, or the empty one where it belongs. */
static uint32_t *
slot_find(const struct nj_digest_index *index, uint64_t digest)
{
    uint32_t mask = index->cap * SLOTS_PER_DIGEST - 1, i = (uint32_t)digest & mask;

    while (index->slots[i] && index->digests[index->slots[i] - 1] != digest)
        i = (i + 1) & mask;
    return &index->slots[i];
}

uint32_t
nj_digest_index_find(const struct nj_digest_index *index, uint64_t digest)
{
    return index->cap ? *slot_find(index, digest) - 1 : NJ_NO_INDEX;
}

static bool
index_grow(struct nj_digest_index *index)
{
    uint32_t cap = index->cap ? index->cap * 2 : CAP_MIN;
    uint64_t *digests = realloc(index->digests, cap * sizeof *digests);

    if (!digests)
        return false;
    index->digests = digests;
    uint32_t *slots = calloc((size_t)cap * SLOTS_PER_DIGEST, sizeof *slots);
    if (!slots)
        return false;
    free(index->slots);
    index->slots = slots;
    index->cap = cap;
    for (uint32_t i = 0; i < index->len; i++)
        *slot_find(index, digests[i]) = i + 1;
    return true;
}

bool
nj_digest_index_add(struct nj_digest_index *index, uint64_t digest)
{
    if (index->len == index->cap && !index_grow(index))
        return false;
    uint32_t *slot = slot_find(index, digest);
    index->digests[index->len++] = digest;
    *slot = index->len;
    return true;
}
