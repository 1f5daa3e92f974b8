/* names.c - interned names. Texts live in pages that never move, so a reader needs no lock. */
#include "base/names.h"

#include "base/arena.h"
#include "base/hash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { PAGE_BITS = 12, PAGE_LEN = 1 << PAGE_BITS, PAGES_MAX = 1 << 16, SLOTS_MIN = 1024 };

struct slot {
    uint32_t tag; /* high half of the hash */
    uint32_t id_plus_1;
};

struct nj_names {
    pthread_mutex_t lock;
    struct nj_arena *texts;
    struct slot *slots;
    size_t slots_len; /* a power of two */
    _Atomic uint32_t len;
    struct nj_slice *pages[PAGES_MAX];
};

static struct slot *
slot_find(struct nj_names *names, struct nj_slice text, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    size_t mask = names->slots_len - 1;

    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &names->slots[i];
        if (!slot->id_plus_1 ||
            (slot->tag == tag && nj_slice_eq(nj_names_get(names, slot->id_plus_1 - 1), text)))
            return slot;
    }
}

static bool
slots_grow(struct nj_names *names)
{
    size_t len = names->slots_len * 2;
    struct slot *slots = calloc(len, sizeof *slots), *old = names->slots;

    if (!slots)
        return false;
    names->slots = slots;
    names->slots_len = len;
    for (uint32_t id = 0; id < names->len; id++) {
        uint64_t hash = nj_hash(nj_names_get(names, id));
        *slot_find(names, nj_names_get(names, id), hash) =
            (struct slot){(uint32_t)(hash >> 32), id + 1};
    }
    free(old);
    return true;
}

struct nj_names *
nj_names_new(void)
{
    struct nj_names *names = calloc(1, sizeof *names);

    if (!names)
        return NULL;
    names->texts = nj_arena_new(64 << 10);
    names->slots = calloc(SLOTS_MIN, sizeof *names->slots);
    names->slots_len = SLOTS_MIN;
    (void)pthread_mutex_init(&names->lock, NULL);
    if (!names->texts || !names->slots || nj_names_intern(names, NJ_SLICE("")) != NJ_NO_NAME) {
        nj_names_free(names);
        return NULL;
    }
    return names;
}

void
nj_names_free(struct nj_names *names)
{
    if (!names)
        return;
    for (size_t i = 0; i < PAGES_MAX && names->pages[i]; i++)
        free(names->pages[i]);
    nj_arena_free(names->texts);
    free(names->slots);
    (void)pthread_mutex_destroy(&names->lock);
    free(names);
}

static uint32_t
name_add(struct nj_names *names, struct nj_slice text, struct slot *slot, uint64_t hash)
{
    uint32_t id = names->len;
    size_t page = id >> PAGE_BITS;
    struct nj_slice copy = nj_arena_copy(names->texts, text);

    if (!copy.ptr || page >= PAGES_MAX)
        return UINT32_MAX;
    if (!names->pages[page])
        names->pages[page] = calloc(PAGE_LEN, sizeof **names->pages);
    if (!names->pages[page])
        return UINT32_MAX;
    names->pages[page][id & (PAGE_LEN - 1)] = copy;
    *slot = (struct slot){(uint32_t)(hash >> 32), id + 1};
    names->len = id + 1;
    if (names->len * 2ULL > names->slots_len && !slots_grow(names))
        return UINT32_MAX;
    return id;
}

uint32_t
nj_names_intern(struct nj_names *names, struct nj_slice text)
{
    uint64_t hash = nj_hash(text);

    (void)pthread_mutex_lock(&names->lock);
    struct slot *slot = slot_find(names, text, hash);
    uint32_t id = slot->id_plus_1 ? slot->id_plus_1 - 1 : name_add(names, text, slot, hash);
    (void)pthread_mutex_unlock(&names->lock);
    return id;
}

struct nj_slice
nj_names_get(const struct nj_names *names, uint32_t id)
{
    return names->pages[id >> PAGE_BITS][id & (PAGE_LEN - 1)];
}

uint32_t
nj_names_len(const struct nj_names *names)
{
    return names->len;
}
