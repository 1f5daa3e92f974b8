/* base64.h - bytes as base64 text and back (floor 0). */
#ifndef NJ_BASE_BASE64_H
#define NJ_BASE_BASE64_H

#include "base/buf.h"

/* Bytes that `len` characters can at most stand for. */
static inline size_t
nj_base64_bytes(size_t len)
{
    return len / 4 * 3 + 3;
}

/* Decodes the standard and the URL-safe alphabet (RFC 4648), with or without padding, into
 * `out` of nj_base64_bytes(text.len) bytes. false: not base64. */
bool nj_base64_decode(struct nj_slice text, char *out, size_t *out_len);
/* Appends the standard alphabet with padding. */
void nj_base64_encode(struct nj_buf *buf, struct nj_slice bytes);

#endif
