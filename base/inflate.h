/* inflate.h - undoing gzip and zstd, a piece at a time (floor 0). */
#ifndef NJ_BASE_INFLATE_H
#define NJ_BASE_INFLATE_H

#include "base/slice.h"
#include "base/status.h"

enum nj_codec { NJ_CODEC_NONE, NJ_CODEC_GZIP, NJ_CODEC_ZSTD };
enum { NJ_CODEC_SNIFF_BYTES = 4 };

/* What the first NJ_CODEC_SNIFF_BYTES bytes say. */
enum nj_codec nj_codec_of(struct nj_slice head);
/* "gzip", "zstd", "none". */
const char *nj_codec_name(enum nj_codec codec);

struct nj_inflate;

/* GZIP or ZSTD. NULL: no memory. */
struct nj_inflate *nj_inflate_new(enum nj_codec codec);
void nj_inflate_free(struct nj_inflate *inflate);

/* Undoes a piece of *in into out[0 .. cap), moves *in past what was used and sets *out_len.
 * Members and frames may follow one another; zero bytes after the last are ignored. NJ_OK, also
 * when there was nothing to do; NJ_EFORMAT when the bytes are damaged, with what could still be
 * undone in `out`. Both outputs empty and *in used up: give it more. */
enum nj_status nj_inflate_run(struct nj_inflate *inflate, struct nj_slice *in, char *out,
                              size_t cap, size_t *out_len) NJ_CHECKED;
/* Whether the input may end here: no member or frame is open. */
bool nj_inflate_is_whole(const struct nj_inflate *inflate);

#endif
