/* tally.c - a map from a 64-bit key to a record, that can be sorted when all is counted. */
#include "analyzers/tally.h"

#include "base/rank.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 64, SLOTS_KEPT = 4096 };

void
nj_tally_init(struct nj_tally *tally, size_t value_bytes)
{
    size_t words = (value_bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t);

    *tally =
        (struct nj_tally){.value_bytes = value_bytes, .stride = (1 + words) * sizeof(uint64_t)};
}

void
nj_tally_fini(struct nj_tally *tally)
{
    free(tally->records);
    free(tally->slots);
    nj_tally_init(tally, tally->value_bytes);
}

void
nj_tally_clear(struct nj_tally *tally)
{
    if (tally->slots_len > SLOTS_KEPT || !tally->slots) {
        nj_tally_fini(tally);
        return;
    }
    memset(tally->slots, 0, tally->slots_len * sizeof *tally->slots);
    tally->len = 0;
}

/* Mixes all bits of the key into the low ones (Steele and others, 2014: splitmix64's finisher).
 */
static uint64_t
key_hash(uint64_t key)
{
    key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9u;
    key = (key ^ (key >> 27)) * 0x94D049BB133111EBu;
    return key ^ (key >> 31);
}

/* The record that a slot in use points to. */
static uint32_t
index_of(uint64_t slot)
{
    return (uint32_t)slot - 1;
}

static bool
is_same_half(uint64_t slot, uint64_t hash)
{
    return slot >> 32 == hash >> 32;
}

/* The slot of a key, or the empty one where it belongs. Keys lie elsewhere, so they are only
 * looked at where half of the hash is right. */
static uint64_t *
slot_of(const struct nj_tally *tally, uint64_t key, uint64_t hash)
{
    size_t mask = tally->slots_len - 1, i = (size_t)hash & mask;

    while (tally->slots[i] && !(is_same_half(tally->slots[i], hash) &&
                                nj_tally_key(tally, index_of(tally->slots[i])) == key))
        i = (i + 1) & mask;
    return &tally->slots[i];
}

static void
slot_fill(uint64_t *slot, uint64_t hash, size_t index)
{
    *slot = hash >> 32 << 32 | (uint32_t)(index + 1);
}

uint64_t
nj_tally_expect_slot(const struct nj_tally *tally, uint64_t key)
{
    uint64_t hash = key_hash(key);

    if (tally->slots)
        __builtin_prefetch(&tally->slots[hash & (tally->slots_len - 1)]);
    return hash;
}

void
nj_tally_expect_record(const struct nj_tally *tally, uint64_t hash)
{
    size_t mask = tally->slots_len - 1, i = (size_t)hash & mask;

    while (tally->slots && tally->slots[i] && !is_same_half(tally->slots[i], hash))
        i = (i + 1) & mask;
    if (!tally->slots || !tally->slots[i])
        return;
    const char *record = tally->records + index_of(tally->slots[i]) * tally->stride;
    __builtin_prefetch(record);
    __builtin_prefetch(record + tally->stride - 1);
}

/* Room for one more record and a slot table that is at most half full. */
static bool
room_make(struct nj_tally *tally)
{
    if (tally->len == tally->cap) {
        size_t cap = tally->cap ? tally->cap * 2 : 16;
        char *records = realloc(tally->records, cap * tally->stride);
        if (!records)
            return false;
        tally->records = records;
        tally->cap = cap;
    }
    if (tally->slots && (tally->len + 1) * 2 <= tally->slots_len)
        return true;
    size_t slots_len = SLOTS_MIN;
    while (slots_len < (tally->len + 1) * 4)
        slots_len *= 2;
    uint64_t *slots = calloc(slots_len, sizeof *slots);
    if (!slots)
        return false;
    free(tally->slots);
    tally->slots = slots;
    tally->slots_len = slots_len;
    for (size_t i = 0; i < tally->len; i++) {
        uint64_t hash = key_hash(nj_tally_key(tally, i));
        slot_fill(slot_of(tally, nj_tally_key(tally, i), hash), hash, i);
    }
    return true;
}

void *
nj_tally_find(const struct nj_tally *tally, uint64_t key)
{
    const uint64_t *slot = tally->slots ? slot_of(tally, key, key_hash(key)) : NULL;
    return slot && *slot ? nj_tally_get(tally, index_of(*slot)) : NULL;
}

void *
nj_tally_at_hash(struct nj_tally *tally, uint64_t key, uint64_t hash)
{
    if (!tally->slots && !room_make(tally)) /* empty, or sorted */
        return NULL;
    uint64_t *slot = slot_of(tally, key, hash);
    if (*slot)
        return nj_tally_get(tally, index_of(*slot));
    if (tally->len == UINT32_MAX - 1 || !room_make(tally))
        return NULL;
    char *record = tally->records + tally->len * tally->stride;
    memcpy(record, &key, sizeof key);
    slot_fill(slot_of(tally, key, hash), hash, tally->len++);
    return memset(record + sizeof key, 0, tally->stride - sizeof key);
}

void *
nj_tally_at(struct nj_tally *tally, uint64_t key)
{
    return nj_tally_at_hash(tally, key, key_hash(key));
}

struct order {
    const struct nj_tally *tally;
    int (*cmp)(const void *context, uint64_t key_a, const void *a, uint64_t key_b,
               const void *b);
    const void *context;
};

static int
order_cmp(const struct order *o, uint32_t a, uint32_t b)
{
    return o->cmp(o->context, nj_tally_key(o->tally, a), nj_tally_get(o->tally, a),
                  nj_tally_key(o->tally, b), nj_tally_get(o->tally, b));
}

/* Merge sort of indices, bottom up: qsort has no place for a context. */
static void
indices_sort(uint32_t *index, uint32_t *spare, size_t len, const struct order *order)
{
    for (size_t width = 1; width < len; width *= 2) {
        for (size_t lo = 0; lo < len; lo += 2 * width) {
            size_t mid = lo + width < len ? lo + width : len;
            size_t hi = lo + 2 * width < len ? lo + 2 * width : len, a = lo, b = mid;
            for (size_t k = lo; k < hi; k++) {
                bool takes_a =
                    a < mid && (b == hi || order_cmp(order, index[a], index[b]) <= 0);
                spare[k] = takes_a ? index[a++] : index[b++];
            }
        }
        memcpy(index, spare, len * sizeof *index);
    }
}

/* Puts the records into the order of `index`, and forgets the slots. */
static bool
records_reorder(struct nj_tally *tally, const uint32_t *index)
{
    size_t len = tally->len, stride = tally->stride;
    char *records = malloc((len + 1) * stride);

    if (!records)
        return false;
    for (size_t i = 0; i < len; i++)
        memcpy(records + i * stride, tally->records + index[i] * stride, stride);
    nj_tally_fini(tally);
    tally->records = records;
    tally->len = len;
    tally->cap = len + 1;
    return true;
}

bool
nj_tally_sort(struct nj_tally *tally,
              int (*cmp)(const void *context, uint64_t key_a, const void *a, uint64_t key_b,
                         const void *b),
              const void *context)
{
    const struct order order = {tally, cmp, context};
    uint32_t *index = malloc((tally->len + 1) * 2 * sizeof *index);

    if (!index)
        return false;
    for (size_t i = 0; i < tally->len; i++)
        index[i] = (uint32_t)i;
    indices_sort(index, index + tally->len, tally->len, &order);
    bool is_done = records_reorder(tally, index);
    free(index);
    return is_done;
}

bool
nj_tally_sort_keys(struct nj_tally *tally)
{
    struct nj_arena *arena = nj_arena_new((2 * tally->len + 1) * sizeof(struct nj_keyed));
    struct nj_keyed *items = arena ? NJ_NEW_RAW(arena, struct nj_keyed, tally->len) : NULL;
    uint32_t *index = arena ? NJ_NEW_RAW(arena, uint32_t, tally->len) : NULL;
    bool is_done = items && index;

    for (size_t i = 0; is_done && i < tally->len; i++)
        items[i] = (struct nj_keyed){nj_tally_key(tally, i), (uint32_t)i, 0};
    is_done = is_done && nj_keyed_sort(items, tally->len, arena, NULL) == NJ_OK;
    for (size_t i = 0; is_done && i < tally->len; i++)
        index[i] = items[i].carrier;
    is_done = is_done && records_reorder(tally, index);
    nj_arena_free(arena);
    return is_done;
}

static int
by_name(const void *context, uint64_t key_a, const void *a, uint64_t key_b, const void *b)
{
    (void)a, (void)b;
    return nj_slice_cmp(nj_names_get(context, (uint32_t)key_a),
                        nj_names_get(context, (uint32_t)key_b));
}

bool
nj_tally_sort_names(struct nj_tally *tally, const struct nj_names *names)
{
    return nj_tally_sort(tally, by_name, names);
}
