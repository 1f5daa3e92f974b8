/* stream.c - bytes in: a window over a file, a pipe or memory, with compression undone. */
#include "base/stream.h"

#include "base/digest.h"
#include "base/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 128 << 10 };
/* Under the sanitizers a window moves whenever it may, so that they see who kept a pointer. */
#ifdef NJ_DEBUG_ARENA
enum { ALWAYS_MOVES = 1 };
#else
enum { ALWAYS_MOVES = 0 };
#endif

struct nj_stream {
    char *name; /* for messages */
    int fd;     /* -1: memory */
    struct nj_slice memory;
    struct nj_inflate *inflate; /* NULL: the bytes are as they are */
    char *raw;                  /* READ_BYTES; raw[raw_at .. raw_len) is still to be used */
    size_t raw_at, raw_len;
    char *buf; /* the window is buf[at .. at + len); cap has room for the pad on top */
    size_t at, len, cap;
    size_t step;
    uint64_t offset, raw_read, raw_size;
    enum nj_codec codec;
    bool is_raw_end, is_damaged;
    struct nj_digest *digest;
};

static enum nj_status
raw_read(struct nj_stream *s, char *out, size_t cap, size_t *got, struct nj_error *err)
{
    if (cap > s->step)
        cap = s->step;
    if (s->fd < 0) {
        *got = cap < s->memory.len ? cap : s->memory.len;
        if (*got)
            memcpy(out, s->memory.ptr, *got);
        s->memory = nj_slice_from(s->memory, *got);
    } else {
        ssize_t n;
        do
            n = read(s->fd, out, cap);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            return nj_fail(err, NJ_EIO, "cannot read %s: %s", s->name, strerror(errno));
        *got = (size_t)n;
    }
    s->is_raw_end = *got == 0;
    s->raw_read += *got;
    nj_digest_add(s->digest, (struct nj_slice){out, *got});
    return NJ_OK;
}

/* Reads until the first bytes can be told apart, and prepares for what they are. */
static enum nj_status
codec_find(struct nj_stream *s, struct nj_error *err)
{
    while (s->raw_len < NJ_CODEC_SNIFF_BYTES && !s->is_raw_end) {
        size_t got;
        enum nj_status st =
            raw_read(s, s->raw + s->raw_len, READ_BYTES - s->raw_len, &got, err);
        if (st < 0)
            return st;
        s->raw_len += got;
    }
    s->codec = nj_codec_of((struct nj_slice){s->raw, s->raw_len});
    if (s->codec != NJ_CODEC_NONE && !(s->inflate = nj_inflate_new(s->codec)))
        return nj_fail(err, NJ_ENOMEM, "no memory to decompress %s", s->name);
    return NJ_OK;
}

static enum nj_status
stream_new(struct nj_stream **out, const char *name, int fd, struct nj_slice memory,
           struct nj_error *err)
{
    struct nj_stream *s = calloc(1, sizeof *s);

    *out = NULL;
    if (!s) {
        if (fd > STDIN_FILENO)
            (void)close(fd);
        return nj_fail(err, NJ_ENOMEM, "no memory to read %s", name);
    }
    s->fd = fd;
    s->memory = memory;
    s->step = SIZE_MAX;
    s->name = strdup(name);
    s->raw = malloc(READ_BYTES);
    s->digest = nj_digest_new();
    struct stat st;
    if (fd < 0)
        s->raw_size = memory.len;
    else if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        s->raw_size = (uint64_t)st.st_size;
    enum nj_status status = NJ_OK;
    if (!s->name || !s->raw || !s->digest)
        status = nj_fail(err, NJ_ENOMEM, "no memory to read %s", name);
    if (status == NJ_OK)
        status = codec_find(s, err);
    if (status == NJ_OK)
        *out = s;
    else
        nj_stream_close(s);
    return status;
}

enum nj_status
nj_stream_open(struct nj_stream **out, const char *path, struct nj_error *err)
{
    struct stat st;

    *out = NULL;
    if (strcmp(path, "-") == 0)
        return stream_new(out, "standard input", STDIN_FILENO, (struct nj_slice){0}, err);
    if (stat(path, &st) != 0)
        return nj_fail(err, NJ_EIO, "cannot open %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
        return nj_fail(err, NJ_EIO, "%s is %s, expected a file or a pipe", path,
                       S_ISDIR(st.st_mode) ? "a directory" : "a device or socket");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return nj_fail(err, NJ_EIO, "cannot open %s: %s", path, strerror(errno));
    return stream_new(out, path, fd, (struct nj_slice){0}, err);
}

enum nj_status
nj_stream_open_memory(struct nj_stream **out, struct nj_slice bytes, struct nj_error *err)
{
    return stream_new(out, "memory", -1, bytes, err);
}

void
nj_stream_close(struct nj_stream *s)
{
    if (!s)
        return;
    if (s->fd > STDIN_FILENO)
        (void)close(s->fd);
    nj_inflate_free(s->inflate);
    nj_digest_free(s->digest);
    free(s->name);
    free(s->raw);
    free(s->buf);
    free(s);
}

struct nj_slice
nj_stream_window(const struct nj_stream *s)
{
    return (struct nj_slice){s->buf ? s->buf + s->at : "", s->len};
}

/* Room for at least half a read behind the window: move it to the front where that frees as
 * much as it costs, else double the buffer. Either way a byte is moved a constant number of
 * times. */
static enum nj_status
room_make(struct nj_stream *s, struct nj_error *err)
{
    if (!ALWAYS_MOVES && s->cap - s->at - s->len >= READ_BYTES / 2)
        return NJ_OK;
    if (s->len >= NJ_STREAM_WINDOW_MAX)
        return nj_fail(err, NJ_ELIMIT,
                       "%s: byte %" PRIu64 ": a record is longer than %zu bytes", s->name,
                       s->offset, NJ_STREAM_WINDOW_MAX);
    if (ALWAYS_MOVES || s->at < s->len || s->cap - s->len < READ_BYTES / 2) {
        bool has_room = s->cap - s->len >= READ_BYTES / 2;
        size_t cap = s->cap == 0 ? READ_BYTES : has_room && ALWAYS_MOVES ? s->cap : s->cap * 2;
        char *buf = malloc(cap + NJ_STREAM_PAD);
        if (!buf)
            return nj_fail(err, NJ_ENOMEM, "no memory for a record of %s", s->name);
        if (s->len)
            memcpy(buf, s->buf + s->at, s->len);
        free(s->buf);
        s->buf = buf;
        s->cap = cap;
    } else if (s->len) {
        memmove(s->buf, s->buf + s->at, s->len);
    }
    s->at = 0;
    return NJ_OK;
}

/* Bytes that are not compressed: what was read to look at them, then straight from the input.
 */
static enum nj_status
plain_fill(struct nj_stream *s, char *out, size_t cap, size_t *got, struct nj_error *err)
{
    if (s->raw_at == s->raw_len)
        return s->is_raw_end ? (*got = 0, NJ_OK) : raw_read(s, out, cap, got, err);
    *got = s->raw_len - s->raw_at;
    if (*got > cap)
        *got = cap;
    if (*got > s->step)
        *got = s->step;
    memcpy(out, s->raw + s->raw_at, *got);
    s->raw_at += *got;
    return NJ_OK;
}

static enum nj_status
damage(struct nj_stream *s, const char *what, struct nj_error *err)
{
    s->is_damaged = true;
    return nj_fail(err, NJ_EFORMAT, "%s: byte %" PRIu64 " of the %s data: %s", s->name,
                   s->raw_read - (s->raw_len - s->raw_at), nj_codec_name(s->codec), what);
}

static enum nj_status
inflate_fill(struct nj_stream *s, char *out, size_t cap, size_t *got, struct nj_error *err)
{
    *got = 0;
    if (s->is_damaged)
        return damage(s, "damaged", err);
    if (cap > s->step)
        cap = s->step;
    for (;;) {
        struct nj_slice in = {s->raw + s->raw_at, s->raw_len - s->raw_at};
        enum nj_status st = nj_inflate_run(s->inflate, &in, out, cap, got);
        s->raw_at = s->raw_len - in.len;
        s->is_damaged = st < 0;
        if (*got)
            return NJ_OK;
        if (st < 0)
            return damage(s, "damaged", err);
        if (in.len)
            continue;
        if (s->is_raw_end)
            return nj_inflate_is_whole(s->inflate) ? NJ_OK
                                                   : damage(s, "ends in the middle", err);
        s->raw_at = 0;
        s->raw_len = 0;
        st = raw_read(s, s->raw, READ_BYTES, &s->raw_len, err);
        if (st < 0)
            return st;
    }
}

enum nj_status
nj_stream_more(struct nj_stream *s, struct nj_error *err)
{
    size_t got = 0;
    enum nj_status st = room_make(s, err);

    if (st < 0)
        return st;
    char *out = s->buf + s->at + s->len;
    size_t cap = s->cap - s->at - s->len;
    if (cap > READ_BYTES)
        cap = READ_BYTES; /* what was read is still in the cache when it is looked at */
    st = s->inflate ? inflate_fill(s, out, cap, &got, err) : plain_fill(s, out, cap, &got, err);
    memset(out + got, 0, NJ_STREAM_PAD);
    s->len += got;
    if (st < 0)
        return st;
    return got ? NJ_OK : NJ_DONE;
}

enum nj_status
nj_stream_want(struct nj_stream *s, size_t len, struct nj_error *err)
{
    enum nj_status st = NJ_OK;
    while (st == NJ_OK && s->len < len)
        st = nj_stream_more(s, err);
    return st < 0 ? st : NJ_OK;
}

void
nj_stream_skip(struct nj_stream *s, size_t len)
{
    NJ_CHECK(len <= s->len);
    s->at += len;
    s->len -= len;
    s->offset += len;
}

enum nj_status
nj_stream_skip_to(struct nj_stream *s, uint64_t offset, struct nj_error *err)
{
    while (s->offset < offset) {
        if (s->len == 0) {
            enum nj_status st = nj_stream_more(s, err);
            if (st != NJ_OK)
                return st;
        }
        uint64_t left = offset - s->offset;
        nj_stream_skip(s, left < s->len ? (size_t)left : s->len);
    }
    return NJ_OK;
}

void
nj_stream_limit_step(struct nj_stream *s, size_t bytes)
{
    s->step = bytes;
}

uint64_t
nj_stream_offset(const struct nj_stream *s)
{
    return s->offset;
}

uint64_t
nj_stream_raw_read(const struct nj_stream *s)
{
    return s->raw_read;
}

uint64_t
nj_stream_raw_size(const struct nj_stream *s)
{
    return s->raw_size;
}

void
nj_stream_digest(const struct nj_stream *s, char out[33])
{
    nj_digest_print(s->digest, out);
}

bool
nj_stream_is_compressed(const struct nj_stream *s)
{
    return s->inflate != NULL;
}
