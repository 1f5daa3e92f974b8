/* call_paths.c - the call path of a span as one number. */
#include "analyzers/call_paths.h"

#include "base/hash.h"

#include <stdlib.h>

void
nj_call_paths_init(struct nj_call_paths *paths, const struct nj_names *names)
{
    *paths = (struct nj_call_paths){.names = names, .depth_max = NJ_CALL_DEPTH_MAX};
}

void
nj_call_paths_fini(struct nj_call_paths *paths)
{
    free(paths->hash);
}

/* Hashes of all names that there are by now. */
static bool
hashes_extend(struct nj_call_paths *paths)
{
    uint32_t len = nj_names_len(paths->names);
    uint64_t *hash = realloc(paths->hash, (size_t)len * 2 * sizeof *hash);

    if (!hash)
        return false;
    for (uint32_t i = paths->hash_len; i < len; i++)
        hash[i] = nj_hash(nj_names_get(paths->names, i));
    paths->hash = hash;
    paths->hash_len = len;
    return true;
}

static bool
name_hash(struct nj_call_paths *paths, uint32_t name, uint64_t *out)
{
    if (name >= paths->hash_len && !hashes_extend(paths))
        return false;
    *out = paths->hash[name];
    return true;
}

/* Spreads all bits of `x` (Moremur's constants, Evensen 2019). */
static uint64_t
bits_mix(uint64_t x)
{
    x = (x ^ (x >> 27)) * 0x3C79AC492BA7B653u;
    x = (x ^ (x >> 33)) * 0x1C69B3F74AC4AE35u;
    return x ^ (x >> 27);
}

uint64_t
nj_call_rest_number(uint64_t parent)
{
    return bits_mix(parent + 1) | 1;
}

bool
nj_call_paths_number(struct nj_call_paths *paths, const struct nj_trace *trace,
                     uint64_t *numbers)
{
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint32_t p = trace->parent[i];
        uint64_t above = p == NJ_NO_SPAN ? 0 : numbers[p], agent, operation;
        if (!name_hash(paths, trace->agent[i], &agent) ||
            !name_hash(paths, trace->operation[i], &operation))
            return false;
        if (trace->depth[i] > paths->depth_max)
            numbers[i] = above;
        else if (trace->depth[i] == paths->depth_max)
            numbers[i] = nj_call_rest_number(above);
        else
            numbers[i] = bits_mix(bits_mix(above + agent) + operation + trace->kind[i]) | 1;
    }
    return true;
}

struct nj_call_node
nj_call_node_of(const struct nj_call_paths *paths, const struct nj_trace *trace, uint32_t i,
                const uint64_t *numbers)
{
    bool is_rest = trace->depth[i] >= paths->depth_max;

    while (trace->depth[i] > paths->depth_max)
        i = trace->parent[i];
    uint32_t p = trace->parent[i];
    return (struct nj_call_node){
        .parent = p == NJ_NO_SPAN ? 0 : numbers[p],
        .agent = is_rest ? NJ_NO_NAME : trace->agent[i],
        .operation = is_rest ? NJ_NO_NAME : trace->operation[i],
        .depth = trace->depth[i],
        .kind = is_rest ? (uint8_t)NJ_KIND_OTHER : trace->kind[i],
        .is_rest = is_rest,
    };
}
