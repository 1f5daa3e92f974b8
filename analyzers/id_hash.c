/* id_hash.c - the functions of a trace id by which samplers decide. */
#include "analyzers/recover.h"

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
    case NJ_ID_HASHES_LEN:
        break;
    }
    return 0;
}
