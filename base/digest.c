/* digest.c - XXH3-128 of bytes that come in pieces. Every byte of every input goes through here,
 * so the library's choice of the widest registers is taken where it offers one. */
#include "base/digest.h"

#ifdef NJ_HAVE_XXH_DISPATCH
#include <xxh_x86dispatch.h>
#else
#define XXH_INLINE_ALL
#include <xxhash.h>
#endif

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct nj_digest {
    XXH3_state_t *state;
};

struct nj_digest *
nj_digest_new(void)
{
    struct nj_digest *digest = calloc(1, sizeof *digest);

    if (!digest)
        return NULL;
    digest->state = XXH3_createState();
    if (digest->state && XXH3_128bits_reset(digest->state) == XXH_OK)
        return digest;
    nj_digest_free(digest);
    return NULL;
}

void
nj_digest_free(struct nj_digest *digest)
{
    if (!digest)
        return;
    (void)XXH3_freeState(digest->state);
    free(digest);
}

void
nj_digest_add(struct nj_digest *digest, struct nj_slice bytes)
{
    if (bytes.len)
        (void)XXH3_128bits_update(digest->state, bytes.ptr, bytes.len);
}

void
nj_digest_print(const struct nj_digest *digest, char out[NJ_DIGEST_TEXT])
{
    XXH128_hash_t h = XXH3_128bits_digest(digest->state);
    (void)snprintf(out, NJ_DIGEST_TEXT, "%016" PRIx64 "%016" PRIx64, (uint64_t)h.high64,
                   (uint64_t)h.low64);
}
