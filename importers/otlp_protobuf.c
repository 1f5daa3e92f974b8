/* otlp_protobuf.c - OTLP traces as protobuf: bare requests, one behind the other, or the
 * length-prefixed records of the collector's file exporter, which may be compressed one by one
 * and then also hold JSON. */
#include "base/protobuf.h"
#include "importers/importer.h"
#include "importers/otlp_message.h"

#include <stdio.h>

extern const struct nj_importer nj_importer_otlp_json;

enum {
    FRAME_HEAD_BYTES = 4,  /* length of a record, big endian */
    FIELD_HEAD_BYTES = 20, /* a tag and a length, or any field of fixed size */
    FRAME_CHECK_BYTES = 64,
};

static uint32_t
frame_len(struct nj_slice head)
{
    const uint8_t *b = (const uint8_t *)head.ptr;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool
is_zstd(struct nj_slice body)
{
    return nj_slice_starts(body, NJ_SLICE("\x28\xB5\x2F\xFD"));
}

/* Bytes of the field that begins here, judged by its head. */
static bool
field_size(struct nj_slice head, uint64_t *out)
{
    struct nj_pb pb = nj_pb_open(head);
    struct nj_pb_field field;
    uint64_t tag, len = 0;

    if (!nj_pb_next(&pb, &field)) {
        if (pb.error != nj_pb_cut)
            return false;
        pb = nj_pb_open(head);
        if (!nj_pb_varint(&pb, &tag) || !nj_pb_varint(&pb, &len) || len > INT64_MAX)
            return false;
    }
    *out = (uint64_t)((const char *)pb.at - head.ptr) + len;
    return true;
}

/* The first field `tag` in a message whose first field must be one of the three that
 * ResourceSpans and ScopeSpans have. NULL `error` or nj_pb_cut: it may come later. */
static bool
member_find(struct nj_slice message, uint32_t tag, struct nj_slice *out, const char **error)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;
    bool is_first = true;

    while (nj_pb_next(&pb, &field) || pb.error == nj_pb_cut) {
        *error = "resource, scope or spans";
        if (is_first && ((field.tag & 7) != NJ_PB_BYTES || field.tag >> 3 > 3))
            return false;
        *out = field.bytes;
        if (field.tag == tag)
            return true;
        is_first = false;
        if (pb.error)
            break;
    }
    *error = pb.error;
    return false;
}

/* How sure that a request begins here; looks as deep as the ids of the first span, where logs
 * and metrics, which have the same outer shape, differ. */
static int
request_sureness(struct nj_slice bytes)
{
    static const uint32_t path[] = {NJ_PB_TAG(2, NJ_PB_BYTES), NJ_PB_TAG(2, NJ_PB_BYTES)};
    struct nj_pb pb = nj_pb_open(bytes);
    struct nj_pb_field field;
    const char *error = NULL;

    if (bytes.len < 2 || bytes.ptr[0] != NJ_OTLP_RESOURCE_SPANS_TAG ||
        (!nj_pb_next(&pb, &field) && pb.error != nj_pb_cut))
        return 0;
    for (size_t i = 0; i < NJ_LEN(path); i++)
        if (!member_find(field.bytes, path[i], &field.bytes, &error))
            return !error || error == nj_pb_cut ? 60 : 0;
    pb = nj_pb_open(field.bytes);
    if (!nj_pb_next(&pb, &field))
        return pb.error && pb.error != nj_pb_cut ? 0 : 60;
    return field.tag == NJ_PB_TAG(1, NJ_PB_BYTES) && field.bytes.len == NJ_TRACE_ID_BYTES ? 95
                                                                                          : 0;
}

/* Whether the length at the front of a record is one, and fits the request behind it. */
static bool
frame_is_plausible(struct nj_slice bytes)
{
    struct nj_slice body = nj_slice_from(bytes, FRAME_HEAD_BYTES);
    uint64_t inner;

    if (bytes.len < FRAME_HEAD_BYTES + 2 || frame_len(bytes) > NJ_STREAM_WINDOW_MAX)
        return false;
    if (is_zstd(body))
        return true;
    return body.ptr[0] == NJ_OTLP_RESOURCE_SPANS_TAG && field_size(body, &inner) &&
           inner <= frame_len(bytes);
}

static bool
frame_is_whole(struct nj_slice bytes)
{
    return bytes.len >= FRAME_HEAD_BYTES && bytes.len - FRAME_HEAD_BYTES >= frame_len(bytes);
}

/* How sure that a length-prefixed record begins here. */
static int
frame_sureness(struct nj_slice bytes)
{
    struct nj_slice body = nj_slice_from(bytes, FRAME_HEAD_BYTES);

    if (!frame_is_plausible(bytes))
        return 0;
    return is_zstd(body) ? 70 : request_sureness(body);
}

static bool
is_bare(struct nj_slice head)
{
    return head.len > 0 && head.ptr[0] == NJ_OTLP_RESOURCE_SPANS_TAG &&
           request_sureness(head) >= frame_sureness(head);
}

static int
sniff(struct nj_slice head, bool is_whole)
{
    (void)is_whole;
    int bare = request_sureness(head), framed = frame_sureness(head);

    if (bare > 0 || framed > 0)
        return bare > framed ? bare : framed;
    for (size_t i = 0; i < head.len; i++) /* damage at the front hides what it is */
        if (nj_otlp_is_span_field(head.ptr + i, head.ptr + head.len))
            return 40;
    return 0;
}

/* Where bytes come from: the input, or one compressed record of it. */
struct source {
    struct nj_stream *stream;
    struct nj_otlp_reader *reader;
    bool is_input;
    bool is_damaged; /* decompression failed: what is there is all there is */
};

static enum nj_status
damage(struct source *src, enum nj_diag_id id, uint64_t offset, const char *expected)
{
    struct nj_otlp_reader *r = src->reader;

    nj_diag_at(r->sink->diags, id, "%s: byte %llu: expected %s", r->path,
               (unsigned long long)offset, expected);
    return NJ_DONE;
}

/* The next `len` bytes, or as many as are left. */
static enum nj_status
bytes_want(struct source *src, uint64_t len, struct nj_slice *out, struct nj_error *err)
{
    enum nj_status st = nj_stream_want(src->stream, (size_t)len, err);

    if (st == NJ_EFORMAT) {
        if (!src->is_damaged)
            (void)damage(src, NJ_DIAG_INPUT_CUT, nj_stream_offset(src->stream),
                         "whole compressed data");
        src->is_damaged = true;
        nj_error_clear(err);
        st = NJ_OK;
    }
    *out = nj_stream_window(src->stream);
    if (out->len > len)
        out->len = (size_t)len;
    return st;
}

/* Past `len` bytes, however many. */
static enum nj_status
bytes_drop(struct source *src, uint64_t len, struct nj_error *err)
{
    struct nj_slice bytes;
    enum nj_status st = NJ_OK;

    while (st == NJ_OK && len > 0) {
        st = bytes_want(src, len < NJ_SNIFF_BYTES ? len : NJ_SNIFF_BYTES, &bytes, err);
        if (bytes.len == 0)
            break;
        nj_stream_skip(src->stream, bytes.len);
        len -= bytes.len;
    }
    return st;
}

static enum nj_status
checkpoint(struct source *src, struct nj_error *err)
{
    struct nj_sink *sink = src->reader->sink;
    return src->is_input ? sink->checkpoint(sink, nj_stream_offset(src->stream), err) : NJ_OK;
}

/* One field of a request that has `size` bytes; NJ_DONE where the input ends inside it. */
static enum nj_status
field_read(struct source *src, uint64_t size, struct nj_error *err)
{
    struct nj_otlp_reader *r = src->reader;
    uint64_t offset = nj_stream_offset(src->stream);
    struct nj_slice bytes;
    struct nj_pb_field field;

    if (size > NJ_STREAM_WINDOW_MAX) {
        (void)damage(src, NJ_DIAG_RECORD_TOO_LONG, offset, "at most a gibibyte");
        return bytes_drop(src, size, err);
    }
    enum nj_status st = bytes_want(src, size, &bytes, err);
    if (st < 0)
        return st;
    struct nj_pb pb = nj_pb_open(bytes);
    (void)nj_pb_next(&pb, &field);
    r->begin = bytes.ptr;
    r->offset = offset;
    r->is_cut = bytes.len < size;
    if (field.tag == NJ_OTLP_RESOURCE_SPANS_TAG)
        st = nj_otlp_resource_spans(r, field.bytes, err);
    nj_stream_skip(src->stream, bytes.len);
    if (st == NJ_OK && r->is_cut)
        return src->is_damaged ? NJ_DONE
                               : damage(src, NJ_DIAG_INPUT_CUT, offset, "a whole message");
    return st;
}

/* Requests one behind the other: by the encoding, that is one request. */
static enum nj_status
requests_read(struct source *src, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    while (st == NJ_OK) {
        struct nj_slice head;
        uint64_t size;
        st = bytes_want(src, FIELD_HEAD_BYTES, &head, err);
        if (st < 0 || head.len == 0)
            break;
        if (!field_size(head, &size))
            return damage(src, NJ_DIAG_RECORD_INVALID, nj_stream_offset(src->stream),
                          "a field of a trace request");
        st = field_read(src, size, err);
        if (st == NJ_OK)
            st = checkpoint(src, err);
    }
    return st;
}

/* A sink for the JSON in one record: hands everything on but checkpoints, whose offsets mean
 * nothing outside. */
struct body_sink {
    struct nj_sink sink;
    struct nj_sink *outer;
    uint64_t spans_len;
};

static enum nj_status
body_scope(struct nj_sink *sink, const struct nj_scope *scope, uint32_t *out,
           struct nj_error *err)
{
    struct nj_sink *outer = ((struct body_sink *)sink)->outer;
    return outer->scope(outer, scope, out, err);
}

static enum nj_status
body_span(struct nj_sink *sink, const struct nj_span *span, struct nj_error *err)
{
    struct body_sink *body = (struct body_sink *)sink;

    body->spans_len++;
    return body->outer->span(body->outer, span, err);
}

static enum nj_status
body_checkpoint(struct nj_sink *sink, uint64_t offset, struct nj_error *err)
{
    (void)sink;
    (void)offset;
    (void)err;
    return NJ_OK;
}

/* Where the exporter is told to write JSON and to compress it, the records hold that. */
static enum nj_status
body_json_read(struct nj_otlp_reader *r, struct nj_stream *stream, struct nj_error *err)
{
    struct nj_input input = {.path = r->path, .stream = stream};
    struct body_sink body = {.sink = {body_scope, body_span, body_checkpoint, r->sink->diags},
                             .outer = r->sink};

    enum nj_status st = nj_importer_otlp_json.read(&input, &body.sink, err);
    r->spans_len += body.spans_len;
    if (st == NJ_EFORMAT) {
        nj_diag_at(r->sink->diags, NJ_DIAG_RECORD_INVALID, "%s: expected a trace request",
                   r->path);
        nj_error_clear(err);
        return NJ_OK;
    }
    return st;
}

/* A compressed record: as many bytes of it as there are are decompressed. */
static enum nj_status
frame_unpack(struct source *src, struct nj_slice body, uint64_t offset, struct nj_error *err)
{
    struct nj_otlp_reader *r = src->reader;
    struct source inner = {.reader = r};
    const char *path = r->path;
    char place[NJ_DIAG_PLACE_BYTES];
    struct nj_slice head;

    enum nj_status st = nj_stream_open_memory(&inner.stream, body, err);
    if (st < 0)
        return st;
    (void)snprintf(place, sizeof place, "%s: record at byte %llu", path,
                   (unsigned long long)offset);
    r->path = place;
    st = bytes_want(&inner, NJ_SNIFF_BYTES, &head, err);
    bool is_json = head.len > 0 && (head.ptr[0] == '{' || head.ptr[0] == '[');
    if (st == NJ_OK)
        st = is_json ? body_json_read(r, inner.stream, err) : requests_read(&inner, err);
    r->path = path;
    nj_stream_close(inner.stream);
    return st;
}

/* All fields of one uncompressed record; *used says how far they could be read. */
static enum nj_status
frame_parse(struct source *src, struct nj_slice body, size_t *used, struct nj_error *err)
{
    struct nj_pb pb = nj_pb_open(body);
    struct nj_pb_field field;
    enum nj_status st = NJ_OK;

    while (st == NJ_OK && (nj_pb_next(&pb, &field) || pb.error == nj_pb_cut)) {
        if (field.tag == NJ_OTLP_RESOURCE_SPANS_TAG)
            st = nj_otlp_resource_spans(src->reader, field.bytes, err);
        if (pb.error)
            break;
    }
    *used =
        pb.error && pb.error != nj_pb_cut ? (size_t)((const char *)pb.at - body.ptr) : body.len;
    return st;
}

/* The record that begins here; NJ_DONE where the input ends inside it. */
static enum nj_status
frame_read(struct source *src, struct nj_error *err)
{
    struct nj_otlp_reader *r = src->reader;
    uint64_t offset = nj_stream_offset(src->stream);
    uint64_t size = FRAME_HEAD_BYTES + (uint64_t)frame_len(nj_stream_window(src->stream));
    struct nj_slice bytes;
    size_t used;

    enum nj_status st = bytes_want(src, size, &bytes, err);
    if (st < 0)
        return st;
    struct nj_slice body = nj_slice_from(bytes, FRAME_HEAD_BYTES);
    r->begin = bytes.ptr;
    r->offset = offset;
    r->is_cut = bytes.len < size;
    used = body.len;
    if (is_zstd(body))
        st = frame_unpack(src, body, offset, err);
    else
        st = frame_parse(src, body, &used, err);
    nj_stream_skip(src->stream, bytes.len - body.len + used);
    if (st < 0)
        return st;
    if (used < body.len) /* the length may be what is wrong: look there for the next record */
        (void)damage(src, NJ_DIAG_RECORD_INVALID, offset, "a trace request of this length");
    else if (r->is_cut)
        return src->is_damaged ? NJ_DONE
                               : damage(src, NJ_DIAG_INPUT_CUT, offset, "a whole record");
    return NJ_OK;
}

/* After something that is no record: on to the next place that looks like one. */
static enum nj_status
frame_resync(struct source *src, struct nj_error *err)
{
    struct nj_slice bytes;
    enum nj_status st;

    (void)damage(src, NJ_DIAG_RECORD_INVALID, nj_stream_offset(src->stream),
                 "the length of a record and a trace request");
    do {
        st = bytes_want(src, NJ_SNIFF_BYTES, &bytes, err);
        size_t i = 0;
        while (i < bytes.len && !frame_sureness(nj_slice_from(bytes, i)) &&
               (bytes.len < NJ_SNIFF_BYTES || i + FRAME_CHECK_BYTES < bytes.len))
            i++;
        nj_stream_skip(src->stream, i);
        bytes = nj_slice_from(bytes, i);
    } while (st == NJ_OK && bytes.len > 0 && !frame_sureness(bytes));
    return st;
}

static enum nj_status
frames_read(struct source *src, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    while (st == NJ_OK) {
        struct nj_slice head;
        st = bytes_want(src, FRAME_CHECK_BYTES, &head, err);
        if (st < 0 || head.len == 0)
            break;
        if (head.len < FRAME_HEAD_BYTES + FIELD_HEAD_BYTES && !frame_is_whole(head))
            return damage(src, NJ_DIAG_INPUT_CUT, nj_stream_offset(src->stream),
                          "a whole record");
        if (frame_len(head) == 0)
            nj_stream_skip(src->stream, FRAME_HEAD_BYTES);
        else if (frame_is_plausible(head))
            st = frame_read(src, err);
        else
            st = frame_resync(src, err);
        if (st == NJ_OK)
            st = checkpoint(src, err);
    }
    return st;
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    struct nj_otlp_reader reader;
    struct source src = {.stream = input->stream, .reader = &reader, .is_input = true};
    struct nj_slice head;

    enum nj_status st = nj_otlp_reader_init(&reader, err);
    if (st < 0)
        return st;
    reader.sink = sink;
    reader.path = input->path;
    st = bytes_want(&src, NJ_SNIFF_BYTES, &head, err);
    if (st == NJ_OK)
        st = is_bare(head) ? requests_read(&src, err) : frames_read(&src, err);
    if (st >= 0 && reader.spans_len == 0 && input->resume_offset == 0)
        st = nj_fail(err, NJ_EFORMAT, "%s: byte 0: expected an OTLP trace request with spans",
                     input->path);
    nj_otlp_reader_fini(&reader);
    return st == NJ_DONE ? NJ_OK : st;
}

const struct nj_importer nj_importer_otlp_protobuf = {
    .name = "otlp-protobuf",
    .summary = "OTLP protobuf: a bare request, or the collector's length-prefixed records",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
