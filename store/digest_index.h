/* digest_index.h - dense numbers for 64-bit digests, in the order in which they were added;
 * only files of store/ include it. */
#ifndef NJ_STORE_DIGEST_INDEX_H
#define NJ_STORE_DIGEST_INDEX_H

#include <stdbool.h>
#include <stdint.h>

/* `= {0}` makes an empty one. */
struct nj_digest_index {
    uint64_t *digests; /* by number */
    uint32_t len, cap;
    uint32_t *slots; /* open addressing: number + 1 */
};

#define NJ_NO_INDEX UINT32_MAX

void nj_digest_index_fini(struct nj_digest_index *index);
/* The number of this digest, or NJ_NO_INDEX. */
uint32_t nj_digest_index_find(const struct nj_digest_index *index, uint64_t digest);
/* Adds a digest that is not there; its number is the old length. false: no memory. */
bool nj_digest_index_add(struct nj_digest_index *index, uint64_t digest);

#endif
