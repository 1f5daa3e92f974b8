/* digest.h - XXH3-128 of bytes that come in pieces (floor 0). */
#ifndef NJ_BASE_DIGEST_H
#define NJ_BASE_DIGEST_H

#include "base/slice.h"

enum { NJ_DIGEST_TEXT = 33 }; /* 32 hexadecimal digits and NUL */

struct nj_digest;

struct nj_digest *nj_digest_new(void); /* NULL: no memory */
void nj_digest_free(struct nj_digest *digest);
void nj_digest_add(struct nj_digest *digest, struct nj_slice bytes);
/* Of what was added so far. */
void nj_digest_print(const struct nj_digest *digest, char out[NJ_DIGEST_TEXT]);

#endif
