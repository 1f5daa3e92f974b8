/* tally.h - a map from a 64-bit key to a zeroed record, that can be sorted when all is counted
 * (floor 3). The shape of most analyzers' states. */
#ifndef NJ_ANALYZERS_TALLY_H
#define NJ_ANALYZERS_TALLY_H

#include "base/names.h"

#include <string.h>

struct nj_tally {
    char *records;   /* each a key, and its value behind it: one place in memory */
    uint64_t *slots; /* half the key's hash, then index + 1; 0: empty. NULL after a sort */
    size_t value_bytes, stride, len, cap, slots_len;
};

void nj_tally_init(struct nj_tally *tally, size_t value_bytes);
void nj_tally_fini(struct nj_tally *tally);
/* Forgets all records; keeps the memory unless it is much. */
void nj_tally_clear(struct nj_tally *tally);

/* The record of `key`, zeroed when it is new; NULL: no memory. Lives until the next new key. */
void *nj_tally_at(struct nj_tally *tally, uint64_t key);
/* Of keys that will be looked up soon: fetch their slots, and later their records, into the
 * cache. For a batch of keys, first the one for all, then the other, then `at_hash`; the first
 * gives the hash that the others take. */
uint64_t nj_tally_expect_slot(const struct nj_tally *tally, uint64_t key);
void nj_tally_expect_record(const struct nj_tally *tally, uint64_t hash);
void *nj_tally_at_hash(struct nj_tally *tally, uint64_t key, uint64_t hash);

/* The record of `key`, or NULL. */
void *nj_tally_find(const struct nj_tally *tally, uint64_t key);

static inline void *
nj_tally_get(const struct nj_tally *tally, size_t i)
{
    return tally->records + i * tally->stride + sizeof(uint64_t);
}

static inline uint64_t
nj_tally_key(const struct nj_tally *tally, size_t i)
{
    uint64_t key;

    memcpy(&key, tally->records + i * tally->stride, sizeof key);
    return key;
}

/* The number i of a record that at, find or get gave. */
static inline size_t
nj_tally_index(const struct nj_tally *tally, const void *value)
{
    return (size_t)((const char *)value - tally->records) / tally->stride;
}

/* Orders the records by any rule; afterwards only get and key may be called, until at. */
bool nj_tally_sort(struct nj_tally *tally,
                   int (*cmp)(const void *context, uint64_t key_a, const void *a,
                              uint64_t key_b, const void *b),
                   const void *context);
/* By key as a number; by the text of keys that are name ids. */
bool nj_tally_sort_keys(struct nj_tally *tally);
bool nj_tally_sort_names(struct nj_tally *tally, const struct nj_names *names);

#endif
