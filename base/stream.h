/* stream.h - bytes in: files, standard input and memory, gzip and zstd undone (floor 0).
 *
 * A stream shows a window of contiguous bytes. `more` makes the window longer, `skip` drops
 * bytes from its front; the window may move in memory when `more` is called, so pointers into
 * it live until then. NJ_STREAM_PAD bytes after the window may be read (they are zero). */
#ifndef NJ_BASE_STREAM_H
#define NJ_BASE_STREAM_H

#include "base/slice.h"
#include "base/status.h"

#include <stdint.h>

enum { NJ_STREAM_PAD = 64 };
/* Longest record that is held in memory at once; longer ones are skipped and counted. */
#define NJ_STREAM_WINDOW_MAX ((size_t)1 << 30)

struct nj_stream;

/* Opens a file ("-": standard input) and looks at its first bytes: gzip (several members) and
 * zstd (several frames) are decompressed. A path must name a regular file or a FIFO. NJ_EIO
 * names the path. */
enum nj_status nj_stream_open(struct nj_stream **out, const char *path,
                              struct nj_error *err) NJ_CHECKED;
/* Over bytes that the caller keeps; also decompressed. */
enum nj_status nj_stream_open_memory(struct nj_stream **out, struct nj_slice bytes,
                                     struct nj_error *err) NJ_CHECKED;
void nj_stream_close(struct nj_stream *stream);

/* What can be seen now; empty at the start. */
struct nj_slice nj_stream_window(const struct nj_stream *stream);
/* Makes the window longer by at least a byte: NJ_OK, NJ_DONE at the end of the input, NJ_ELIMIT
 * when it would exceed NJ_STREAM_WINDOW_MAX, NJ_EIO, NJ_EFORMAT for a damaged compressed stream
 * (what came before the damage has been shown). */
enum nj_status nj_stream_more(struct nj_stream *stream, struct nj_error *err) NJ_CHECKED;
/* Makes the window at least `len` long, or all that is left. NJ_OK even when less is left. */
enum nj_status nj_stream_want(struct nj_stream *stream, size_t len,
                              struct nj_error *err) NJ_CHECKED;
void nj_stream_skip(struct nj_stream *stream, size_t len); /* len <= window */
/* Goes on to decompressed byte `offset` (>= nj_stream_offset), reading what lies between so
 * that the digest stays that of the whole. NJ_OK, NJ_DONE when the input ends before it, or as
 * more. */
enum nj_status nj_stream_skip_to(struct nj_stream *stream, uint64_t offset,
                                 struct nj_error *err) NJ_CHECKED;
/* From now on `more` adds at most `bytes` at a time; tests cut input into small pieces. */
void nj_stream_limit_step(struct nj_stream *stream, size_t bytes);

/* Decompressed offset of the window's first byte. */
uint64_t nj_stream_offset(const struct nj_stream *stream);
/* Raw bytes read so far, and in all (0: not known); for progress. */
uint64_t nj_stream_raw_read(const struct nj_stream *stream);
uint64_t nj_stream_raw_size(const struct nj_stream *stream);
/* XXH3-128 of the raw bytes, as 32 hex digits and NUL; call it after the end was reached. */
void nj_stream_digest(const struct nj_stream *stream, char out[33]);
/* Whether the raw bytes were gzip or zstd. */
bool nj_stream_is_compressed(const struct nj_stream *stream);

#endif
