/* conventions_table.c - the tables of conventions, and finding rows by key and kinds by
 * spelling. */
#include "base/hash.h"
#include "base/search.h"
#include "schema/conventions_engine.h"

#include <stdlib.h>

const struct nj_convention nj_convention_table[] = {
#define NJ_CONVENTION(dialect, concept, reading, key)                                          \
    {NJ_DIALECT_##dialect, NJ_CONCEPT_##concept, NJ_READING_##reading, key},
#include "schema/conventions.def"
#undef NJ_CONVENTION
#define NJ_WEIGHT(symbol, key, reading, help)                                                  \
    {NJ_DIALECT_SAMPLING, NJ_CONCEPT_WEIGHT, NJ_READING_TEXT, key},
#include "schema/weights.def"
#undef NJ_WEIGHT
};
const size_t nj_convention_table_len = NJ_LEN(nj_convention_table);

enum {
#define NJ_WEIGHT(symbol, key, reading, help) WEIGHT_##symbol,
#include "schema/weights.def"
#undef NJ_WEIGHT
    WEIGHTS_LEN
};

static const struct nj_spelling spellings[] = {
#define NJ_SPELLING(dialect, value, kind, strength)                                            \
    {{value, sizeof value - 1}, NJ_DIALECT_##dialect, NJ_KIND_##kind, NJ_STRENGTH_##strength},
#include "schema/spellings.def"
#undef NJ_SPELLING
};

static const char *const dialect_labels[NJ_DIALECTS_LEN] = {
#define NJ_DIALECT(symbol, label) label,
#include "schema/dialects.def"
#undef NJ_DIALECT
};

static const char *const concept_labels[NJ_CONCEPTS_LEN] = {
#define NJ_CONCEPT(symbol, label) label,
#include "schema/concepts.def"
#undef NJ_CONCEPT
};

static const char *const reading_notes[NJ_READINGS_LEN] = {
#define NJ_READING(symbol, note) note,
#include "schema/readings.def"
#undef NJ_READING
};

static const char *const weight_helps[WEIGHTS_LEN] = {
#define NJ_WEIGHT(symbol, key, reading, help) help,
#include "schema/weights.def"
#undef NJ_WEIGHT
};

enum { KEY_MAX = 128, SPELLING_MAX = 32 }; /* longer texts are in no table */

_Static_assert(NJ_LEN(nj_convention_table) * 2 < NJ_KEY_SLOTS,
               "the key table is at most half full");
_Static_assert(NJ_LEN(spellings) * 2 < NJ_SPELLING_SLOTS, "and the table of spellings");

uint32_t
nj_convention_weight(const struct nj_convention *row)
{
    return (uint32_t)(row - nj_convention_table) -
           (uint32_t)(nj_convention_table_len - WEIGHTS_LEN);
}

size_t
nj_conventions_len(void)
{
    return nj_convention_table_len + NJ_LEN(spellings);
}

struct nj_convention_info
nj_conventions_get(size_t i)
{
    if (i >= nj_convention_table_len) {
        const struct nj_spelling *s = &spellings[i - nj_convention_table_len];
        const char *note = s->strength == NJ_STRENGTH_FIRM   ? ""
                           : s->strength == NJ_STRENGTH_WEAK ? "where nothing else tells more"
                                                             : "not a span of its own";
        return (struct nj_convention_info){dialect_labels[s->dialect], s->value.ptr,
                                           nj_kind_label((enum nj_kind)s->kind), note};
    }
    const struct nj_convention *row = &nj_convention_table[i];
    const char *note = row->concept == NJ_CONCEPT_WEIGHT
                           ? weight_helps[nj_convention_weight(row)]
                           : reading_notes[row->reading];
    return (struct nj_convention_info){dialect_labels[row->dialect], row->key,
                                       concept_labels[row->concept], note};
}

/* By key, then by rank. */
static int
by_key_cmp(const void *a, const void *b)
{
    uint16_t i = *(const uint16_t *)a, j = *(const uint16_t *)b;
    int c = strcmp(nj_convention_table[i].key, nj_convention_table[j].key);
    return c ? c : (i > j) - (i < j);
}

static const struct nj_key_slot *
key_slot(const struct nj_conventions *c, struct nj_slice key)
{
    uint64_t hash = nj_hash(key);
    uint32_t tag = (uint32_t)(hash >> 32);

    for (size_t i = (size_t)hash % NJ_KEY_SLOTS;; i = (i + 1) % NJ_KEY_SLOTS) {
        const struct nj_key_slot *slot = &c->keys[i];
        if (!slot->len)
            return slot;
        if (slot->tag != tag)
            continue;
        const char *text = nj_convention_table[c->by_key[slot->first]].key;
        if (memcmp(text, key.ptr, key.len) == 0 && text[key.len] == '\0')
            return slot;
    }
}

static size_t
spelling_slot(const struct nj_conventions *c, struct nj_slice value)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < value.len; i++)
        hash = (hash ^ (unsigned char)nj_char_lower(value.ptr[i])) * 16777619u;
    size_t slot = (hash ^ hash >> 15) % NJ_SPELLING_SLOTS;
    for (; c->spellings[slot]; slot = (slot + 1) % NJ_SPELLING_SLOTS) {
        struct nj_slice known = spellings[c->spellings[slot] - 1].value;
        size_t same = 0;
        while (same < value.len && same < known.len &&
               nj_char_lower(value.ptr[same]) == nj_char_lower(known.ptr[same]))
            same++;
        if (same == value.len && same == known.len)
            break;
    }
    return slot;
}

const struct nj_spelling *
nj_spelling_find(const struct nj_conventions *c, struct nj_slice value)
{
    if (value.len == 0 || value.len > SPELLING_MAX)
        return NULL;
    uint8_t found = c->spellings[spelling_slot(c, value)];
    return found ? &spellings[found - 1] : NULL;
}

bool
nj_conventions_index(struct nj_conventions *c)
{
    c->by_key = calloc(nj_convention_table_len, sizeof *c->by_key);
    if (!c->by_key)
        return false;
    for (size_t i = 0; i < nj_convention_table_len; i++)
        c->by_key[i] = (uint16_t)i;
    qsort(c->by_key, nj_convention_table_len, sizeof *c->by_key, by_key_cmp);
    for (size_t i = 0; i < nj_convention_table_len; i++) {
        struct nj_slice key = nj_slice_of(nj_convention_table[c->by_key[i]].key);
        struct nj_key_slot *slot = &c->keys[key_slot(c, key) - c->keys];
        if (!slot->len)
            *slot = (struct nj_key_slot){(uint32_t)(nj_hash(key) >> 32), (uint16_t)i, 0};
        slot->len++;
    }
    for (size_t i = 0; i < NJ_LEN(spellings); i++)
        c->spellings[spelling_slot(c, spellings[i].value)] = (uint8_t)(i + 1);
    return true;
}

/* The key with every number that stands alone between dots as N. Empty: there is none. */
static struct nj_slice
key_generalise(char out[KEY_MAX], uint32_t *number, struct nj_slice key)
{
    size_t len = 0, i = 0;
    bool has_number = false;

    while (i < key.len) {
        size_t digits = 0;
        if (i > 0 && key.ptr[i - 1] == '.')
            while (i + digits < key.len && key.ptr[i + digits] >= '0' &&
                   key.ptr[i + digits] <= '9')
                digits++;
        bool is_alone =
            digits > 0 && digits < 9 && i + digits < key.len && key.ptr[i + digits] == '.';
        if (is_alone && !has_number)
            for (size_t d = 0; d < digits; d++)
                *number = *number * 10 + (uint32_t)(key.ptr[i + d] - '0');
        has_number |= is_alone;
        out[len++] = is_alone ? 'N' : key.ptr[i];
        i += is_alone ? digits : 1;
    }
    return (struct nj_slice){out, has_number ? len : 0};
}

static struct nj_seen_slot
key_find(const struct nj_conventions *c, struct nj_slice key)
{
    char general[KEY_MAX];
    struct nj_seen_slot found = {0};
    const struct nj_key_slot *slot = key_slot(c, key);

    if (!slot->len && (key = key_generalise(general, &found.number, key)).len)
        slot = key_slot(c, key);
    found.first = slot->first;
    found.rows_len = slot->len;
    return found;
}

struct nj_convention_rows
nj_convention_find(struct nj_conventions *c, struct nj_slice key)
{
    struct nj_seen_slot found = {0}, *seen = NULL;

    if (key.len == 0 || key.len > KEY_MAX)
        return (struct nj_convention_rows){0};
    if (key.len <= NJ_SEEN_BYTES) {
        seen = &c->seen[nj_quick_hash(key) % NJ_SEEN_SLOTS];
        if (seen->len == key.len && memcmp(seen->key, key.ptr, key.len) == 0)
            return (struct nj_convention_rows){c->by_key + seen->first, seen->rows_len,
                                               seen->number};
    }
    found = key_find(c, key);
    if (seen) {
        found.len = (uint32_t)key.len;
        memcpy(found.key, key.ptr, key.len);
        *seen = found;
    }
    return (struct nj_convention_rows){c->by_key + found.first, found.rows_len, found.number};
}
