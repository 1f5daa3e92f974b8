/* rank.c - radix sort of keyed numbers. */
#include "base/rank.h"

enum { DIGITS = 8, DIGIT_VALUES = 256, SHORT = 48 };

static void
insertion_sort(struct nj_keyed *items, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        struct nj_keyed item = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].key > item.key; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static unsigned
digit_of(uint64_t key, unsigned digit)
{
    return (unsigned)(key >> (8 * digit)) & 0xff;
}

/* Moves all items to where their digit puts them; counts become positions. */
static void
scatter(struct nj_keyed *to, const struct nj_keyed *from, size_t len, unsigned digit,
        size_t counts[DIGIT_VALUES])
{
    size_t at = 0;

    for (unsigned value = 0; value < DIGIT_VALUES; value++) {
        size_t count = counts[value];
        counts[value] = at;
        at += count;
    }
    for (size_t i = 0; i < len; i++)
        to[counts[digit_of(from[i].key, digit)]++] = from[i];
}

enum nj_status
nj_keyed_sort(struct nj_keyed *items, size_t len, struct nj_arena *scratch,
              struct nj_error *err)
{
    size_t counts[DIGITS][DIGIT_VALUES] = {{0}};

    if (len <= SHORT) {
        insertion_sort(items, len);
        return NJ_OK;
    }
    struct nj_keyed *other = NJ_NEW_RAW(scratch, struct nj_keyed, len);
    if (!other)
        return nj_fail(err, NJ_ENOMEM, "no memory to sort %zu values", len);
    for (size_t i = 0; i < len; i++)
        for (unsigned digit = 0; digit < DIGITS; digit++)
            counts[digit][digit_of(items[i].key, digit)]++;

    struct nj_keyed *from = items, *to = other;
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        if (counts[digit][digit_of(items[0].key, digit)] == len)
            continue;
        scatter(to, from, len, digit, counts[digit]);
        struct nj_keyed *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, len * sizeof *items);
    return NJ_OK;
}
