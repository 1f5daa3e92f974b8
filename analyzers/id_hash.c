/* id_hash.c - the functions of a trace id by which samplers decide. */
#include "analyzers/recover.h"

#include "base/sha1.h"

#include <math.h>

static const char *const names[] = {
#define NJ_ID_HASH(symbol, name, help) name,
#include "analyzers/recover.def"
#undef NJ_ID_HASH
};

const char *
nj_id_hash_name(enum nj_id_hash hash)
{
    return names[hash];
}

static uint64_t
bytes_read(const struct nj_trace_id *id, unsigned first, unsigned len, bool is_little)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < len; i++)
        value = value << 8 | id->bytes[is_little ? first + len - 1 - i : first + i];
    return value;
}

/* The magnitude of a signed number; of the smallest one 2^63. */
static uint64_t
magnitude(uint64_t bits)
{
    return bits >> 63 ? ~bits + 1 : bits;
}

static uint32_t
fnv32(uint32_t hash, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

static uint64_t
fnv64(uint64_t hash, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

/* The first 32 bits of SHA-1 of the id as text and of `salt`. */
static uint32_t
sha1_of(const struct nj_trace_id *id, struct nj_slice salt)
{
    char text[NJ_TRACE_HEX + 1 + 32];
    uint32_t digest[NJ_SHA1_WORDS];

    nj_trace_id_print(text, id);
    memcpy(text + NJ_TRACE_HEX, salt.ptr, salt.len);
    nj_sha1(digest, (struct nj_slice){text, NJ_TRACE_HEX + salt.len});
    return digest[0];
}

/* Bernstein's hash of the id as text in 32 bits with a sign, of which the magnitude counts; the
 * smallest number counts as the largest. */
static uint32_t
djb2_of(const struct nj_trace_id *id)
{
    char text[NJ_TRACE_HEX + 1];
    uint32_t hash = 5381;

    nj_trace_id_print(text, id);
    for (size_t i = 0; i < NJ_TRACE_HEX; i++)
        hash = hash * 33 + (uint8_t)text[i];
    if (hash == (uint32_t)1 << 31)
        return INT32_MAX;
    return hash >> 31 ? ~hash + 1 : hash;
}

/* Of a number below 2^bits, low ones kept: turned around, to the middle of its step. */
static double
low_kept(uint64_t value, unsigned bits)
{
    uint64_t turned = ~(value << (64 - bits)) >> 11; /* 53 bits, so below 1 */

    if (bits < 53)
        turned = (turned >> (53 - bits) << (53 - bits)) + ((uint64_t)1 << (52 - bits));
    return (double)turned / 9007199254740992.0;
}

double
nj_id_hash_of(enum nj_id_hash hash, const struct nj_trace_id *id)
{
    static const uint8_t no_seed[4] = {0}, salt[] = "default-hash-seed";
    uint64_t high = bytes_read(id, 0, 8, false), low = bytes_read(id, 8, 8, false);

    switch (hash) {
    case NJ_ID_HASH_LOW56:
        return (double)((low & (((uint64_t)1 << 56) - 1)) >> 3) / 9007199254740992.0;
    case NJ_ID_HASH_LOW64:
        return low_kept(low, 64);
    case NJ_ID_HASH_HIGH64:
        return low_kept(high, 64);
    case NJ_ID_HASH_JAVA:
        return low_kept(magnitude(low) - (magnitude(low) >> 63), 63);
    case NJ_ID_HASH_DOTNET:
        return low_kept(magnitude(high) - (magnitude(high) >> 63), 63);
    case NJ_ID_HASH_CPP:
        return low_kept(bytes_read(id, 0, 8, true), 64);
    case NJ_ID_HASH_JS_XOR:
        return low_kept((high ^ high >> 32 ^ low ^ low >> 32) & UINT32_MAX, 32);
    case NJ_ID_HASH_FNV14:
        return low_kept(fnv32(fnv32(2166136261u, no_seed, 4), id->bytes, 16) & 0x3fff, 14);
    case NJ_ID_HASH_FNV64:
        return low_kept(
            fnv64(fnv64(14695981039346656037u, salt, sizeof salt - 1), id->bytes, 16), 64);
    case NJ_ID_HASH_JAEGER:
        return low_kept(low & INT64_MAX, 63);
    case NJ_ID_HASH_DATADOG:
        return low_kept(low * 1111111111111111111u, 64);
    case NJ_ID_HASH_LOW52:
        return low_kept(low & (((uint64_t)1 << 52) - 1), 52);
    case NJ_ID_HASH_REFINERY:
        return low_kept(sha1_of(id, NJ_SLICE("5VQ8l2jE5aJLPVqk")), 32);
    case NJ_ID_HASH_BEELINE:
        return low_kept(sha1_of(id, NJ_SLICE("")), 32);
    case NJ_ID_HASH_AZURE:
        return low_kept(djb2_of(id), 31);
    case NJ_ID_HASHES_LEN:
        break;
    }
    return 0;
}

/* Whether an id looks like a UUID made of the time or of random bits: version 1, 4 or 7. */
static bool
is_uuid(const struct nj_trace_id *id)
{
    unsigned version = id->bytes[6] >> 4;

    return (version == 1 || version == 4 || version == 7) && id->bytes[8] >> 6 == 2;
}

/* Whether so many of n ids look like UUIDs that there must be some. Of random ids 3 in 64 do, 3
 * in 32 where a threshold left only one value of the bit that belongs to the variant. */
static bool
has_uuids(double uuids, double n)
{
    const double by_chance = 3.0 / 32;

    return uuids > by_chance * n + 4 * sqrt(by_chance * (1 - by_chance) * n);
}

uint32_t
nj_id_hashes_apt(const struct nj_trace_id *ids, size_t len)
{
    const uint32_t by_low = 1u << NJ_ID_HASH_LOW64 | 1u << NJ_ID_HASH_JAVA;
    const uint32_t by_high =
        1u << NJ_ID_HASH_HIGH64 | 1u << NJ_ID_HASH_DOTNET | 1u << NJ_ID_HASH_CPP;
    uint32_t apt = (1u << NJ_ID_HASHES_LEN) - 1;
    size_t uuids = 0, numbers = 0, large = 0;

    for (size_t i = 0; i < len; i++) {
        const uint8_t *word = &ids[i].bytes[4];
        bool is_number = (word[0] | word[1] | word[2] | word[3]) == 0;
        uuids += is_uuid(&ids[i]);
        numbers += is_number;
        large += is_number && word[4] >> 7;
    }
    if (has_uuids((double)uuids, (double)len))
        apt &= ~(by_low | 1u << NJ_ID_HASH_JAEGER);
    if (100 * numbers > len)
        apt &= ~(large == 0 ? by_low | by_high : by_high);
    return apt;
}
