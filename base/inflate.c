/* inflate.c - undoing gzip (isa-l where it was found, else zlib) and zstd. */
#include "base/inflate.h"

#include <stdint.h>
#include <stdlib.h>
#include <zstd.h>
#ifdef NJ_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif

struct nj_inflate {
    enum nj_codec codec;
    bool is_whole; /* no member or frame is open */
    ZSTD_DStream *zstd;
#ifdef NJ_HAVE_ISAL
    struct inflate_state gzip;
#else
    z_stream gzip;
#endif
};

static bool
starts_with(struct nj_slice head, const char *magic, size_t len)
{
    return head.len >= len && memcmp(head.ptr, magic, len) == 0;
}

enum nj_codec
nj_codec_of(struct nj_slice head)
{
    if (starts_with(head, "\x1f\x8b", 2))
        return NJ_CODEC_GZIP;
    if (starts_with(head, "\x28\xb5\x2f\xfd", 4))
        return NJ_CODEC_ZSTD;
    /* a skippable frame may come first, as parallel compressors write it */
    if (head.len >= 4 && ((unsigned char)head.ptr[0] & 0xF0) == 0x50 &&
        memcmp(head.ptr + 1, "\x2a\x4d\x18", 3) == 0)
        return NJ_CODEC_ZSTD;
    return NJ_CODEC_NONE;
}

const char *
nj_codec_name(enum nj_codec codec)
{
    static const char *const names[] = {"none", "gzip", "zstd"};
    return names[codec];
}

#ifdef NJ_HAVE_ISAL
static bool
gzip_begin(struct nj_inflate *z)
{
    isal_inflate_init(&z->gzip);
    z->gzip.crc_flag = ISAL_GZIP;
    return true;
}

static void
gzip_fini(struct nj_inflate *z)
{
    (void)z;
}

/* isa-l counts in 32 bits; a stream hands over far less at once. */
static bool
gzip_step(struct nj_inflate *z, struct nj_slice *in, char *out, uint32_t cap, size_t *out_len)
{
    struct inflate_state *s = &z->gzip;

    if (z->is_whole) {
        isal_inflate_reset(s);
        s->crc_flag = ISAL_GZIP;
        z->is_whole = false;
    }
    s->next_in = (uint8_t *)in->ptr;
    s->avail_in = in->len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)in->len;
    s->next_out = (uint8_t *)out;
    s->avail_out = cap;
    int rc = isal_inflate(s);
    *in = nj_slice_from(*in, (size_t)((const char *)s->next_in - in->ptr));
    *out_len = cap - s->avail_out;
    z->is_whole = s->block_state == ISAL_BLOCK_FINISH;
    return rc == ISAL_DECOMP_OK || rc == ISAL_END_INPUT;
}
#else
static bool
gzip_begin(struct nj_inflate *z)
{
    return inflateInit2(&z->gzip, 15 + 16) == Z_OK;
}

static void
gzip_fini(struct nj_inflate *z)
{
    (void)inflateEnd(&z->gzip);
}

static bool
gzip_step(struct nj_inflate *z, struct nj_slice *in, char *out, uint32_t cap, size_t *out_len)
{
    z_stream *s = &z->gzip;

    if (z->is_whole) {
        if (inflateReset(s) != Z_OK)
            return false;
        z->is_whole = false;
    }
    s->next_in = (z_const Bytef *)in->ptr;
    s->avail_in = in->len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)in->len;
    s->next_out = (Bytef *)out;
    s->avail_out = cap;
    int rc = inflate(s, Z_NO_FLUSH);
    *in = nj_slice_from(*in, (size_t)((const char *)s->next_in - in->ptr));
    *out_len = cap - s->avail_out;
    z->is_whole = rc == Z_STREAM_END;
    return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR;
}
#endif

static bool
zstd_step(struct nj_inflate *z, struct nj_slice *in, char *out, size_t cap, size_t *out_len)
{
    ZSTD_inBuffer from = {in->ptr, in->len, 0};
    ZSTD_outBuffer to = {out, cap, 0};
    size_t rc = ZSTD_decompressStream(z->zstd, &to, &from);

    *in = nj_slice_from(*in, from.pos);
    *out_len = to.pos;
    z->is_whole = rc == 0;
    return !ZSTD_isError(rc);
}

struct nj_inflate *
nj_inflate_new(enum nj_codec codec)
{
    struct nj_inflate *z = calloc(1, sizeof *z);

    if (!z)
        return NULL;
    z->codec = codec;
    if (codec == NJ_CODEC_GZIP ? gzip_begin(z) : (z->zstd = ZSTD_createDStream()) != NULL)
        return z;
    free(z);
    return NULL;
}

void
nj_inflate_free(struct nj_inflate *z)
{
    if (!z)
        return;
    if (z->codec == NJ_CODEC_GZIP)
        gzip_fini(z);
    else
        (void)ZSTD_freeDStream(z->zstd);
    free(z);
}

enum nj_status
nj_inflate_run(struct nj_inflate *z, struct nj_slice *in, char *out, size_t cap,
               size_t *out_len)
{
    *out_len = 0;
    /* tape archivers pad with zeros behind the last member */
    while (z->is_whole && in->len && *in->ptr == 0)
        *in = nj_slice_from(*in, 1);
    if (z->is_whole && in->len == 0)
        return NJ_OK;
    if (cap > UINT32_MAX / 2)
        cap = UINT32_MAX / 2;
    bool is_good = z->codec == NJ_CODEC_GZIP ? gzip_step(z, in, out, (uint32_t)cap, out_len)
                                             : zstd_step(z, in, out, cap, out_len);
    return is_good ? NJ_OK : NJ_EFORMAT;
}

bool
nj_inflate_is_whole(const struct nj_inflate *z)
{
    return z->is_whole;
}
