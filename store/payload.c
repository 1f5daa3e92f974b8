/* payload.c - writing the full content of a span, and of a scope; payload_read.c reads it back.
 *
 * A record is: length of the rest; bits that say which parts follow; name and fixed columns,
 * only where the row says something else; the keys of the attributes (shape.h); then what the
 * digest is made of: the parts, and the values. */
#include "store/payload.h"

#include "base/hash.h"
#include "store/payload_parts.h"

/* What a value takes at most beside its own bytes. */
enum { VALUE_BYTES_MAX = 16 };

static void
text_write(struct nj_buf *buf, struct nj_slice text)
{
    nj_buf_put_varint(buf, text.len);
    nj_buf_put_slice(buf, text);
}

static void
attrs_write(struct nj_buf *buf, const struct nj_attrs *attrs)
{
    nj_buf_put_varint(buf, attrs->len);
    for (size_t i = 0; i < attrs->len; i++)
        nj_pair_write(buf, &attrs->list[i]);
}

/* Whether the row gives back the span's fixed columns. */
static bool
is_in_row(const struct nj_span *span, const struct nj_row *row)
{
    bool has_start = !(row->flags & NJ_ROW_NO_START), has_end = !(row->flags & NJ_ROW_NO_END);

    return row->span_id == span->span_id && row->otel_kind == span->otel_kind &&
           row->status == span->status &&
           span->has_parent == ((row->flags & NJ_ROW_HAS_PARENT) != 0) &&
           (!span->has_parent || row->parent_id == span->parent_id) &&
           (has_start ? row->start_ns : NJ_NO_TIME) == span->start_ns &&
           (has_end ? row->end_ns : NJ_NO_TIME) == span->end_ns;
}

static unsigned
parts_of(const struct nj_span *span, const struct nj_row *row, const struct nj_names *names)
{
    unsigned parts = 0;

    parts |= nj_slice_eq(span->name, nj_names_get(names, row->operation)) ? 0 : PART_NAME;
    parts |= is_in_row(span, row) ? 0 : PART_FIXED;
    parts |= span->span_text.len ? PART_SPAN_TEXT : 0;
    parts |= span->parent_text.len ? PART_PARENT_TEXT : 0;
    parts |= span->trace_state.len ? PART_STATE : 0;
    parts |= span->status_message.len ? PART_MESSAGE : 0;
    parts |= span->flags ? PART_FLAGS : 0;
    parts |=
        span->attrs.dropped || span->events_dropped || span->links_dropped ? PART_DROPPED : 0;
    parts |= span->events_len ? PART_EVENTS : 0;
    parts |= span->links_len ? PART_LINKS : 0;
    return parts;
}

static void
fixed_write(struct nj_buf *buf, const struct nj_span *span)
{
    nj_buf_put_u64le(buf, span->span_id);
    nj_buf_put_u64le(buf, span->parent_id);
    nj_buf_put_u64le(buf, (uint64_t)span->start_ns);
    nj_buf_put_u64le(buf, (uint64_t)span->end_ns);
    nj_buf_put_char(buf, span->has_parent ? 1 : 0);
    nj_buf_put_char(buf, (char)span->otel_kind);
    nj_buf_put_char(buf, (char)span->status);
}

/* Event times are near their span's, so the difference is short. Wraps, and back. */
static uint64_t
time_code(int64_t time_ns, int64_t near_ns)
{
    return nj_zigzag((int64_t)((uint64_t)time_ns - (uint64_t)near_ns));
}

static void
events_write(struct nj_buf *buf, const struct nj_span *span)
{
    nj_buf_put_varint(buf, span->events_len);
    for (size_t i = 0; i < span->events_len; i++) {
        const struct nj_event *event = &span->events[i];
        nj_buf_put_varint(buf, time_code(event->time_ns, span->start_ns));
        text_write(buf, event->name);
        nj_buf_put_varint(buf, event->attrs.dropped);
        attrs_write(buf, &event->attrs);
    }
}

static void
link_write(struct nj_buf *buf, const struct nj_link *link)
{
    unsigned parts = 0;

    parts |= link->trace_text.len || link->span_text.len ? LINK_TEXTS : 0;
    parts |= link->trace_state.len ? LINK_STATE : 0;
    parts |= link->flags || link->attrs.dropped ? LINK_FLAGS : 0;
    nj_buf_put_char(buf, (char)parts);
    nj_buf_put(buf, link->trace_id.bytes, sizeof link->trace_id.bytes);
    nj_buf_put_u64le(buf, link->span_id);
    if (parts & LINK_TEXTS) {
        text_write(buf, link->trace_text);
        text_write(buf, link->span_text);
    }
    if (parts & LINK_STATE)
        text_write(buf, link->trace_state);
    if (parts & LINK_FLAGS) {
        nj_buf_put_varint(buf, link->flags);
        nj_buf_put_varint(buf, link->attrs.dropped);
    }
    attrs_write(buf, &link->attrs);
}

static void
parts_write(struct nj_buf *buf, const struct nj_span *span, unsigned parts)
{
    if (parts & PART_SPAN_TEXT)
        text_write(buf, span->span_text);
    if (parts & PART_PARENT_TEXT)
        text_write(buf, span->parent_text);
    if (parts & PART_STATE)
        text_write(buf, span->trace_state);
    if (parts & PART_MESSAGE)
        text_write(buf, span->status_message);
    if (parts & PART_FLAGS)
        nj_buf_put_varint(buf, span->flags);
    if (parts & PART_DROPPED) {
        nj_buf_put_varint(buf, span->attrs.dropped);
        nj_buf_put_varint(buf, span->events_dropped);
        nj_buf_put_varint(buf, span->links_dropped);
    }
    if (parts & PART_EVENTS)
        events_write(buf, span);
    if (parts & PART_LINKS) {
        nj_buf_put_varint(buf, span->links_len);
        for (size_t i = 0; i < span->links_len; i++)
            link_write(buf, &span->links[i]);
    }
}

static char *
varint_put(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(value | 0x80);
    *at++ = (char)value;
    return at;
}

/* A value without its type, which stands in the shape. */
static char *
value_put(char *at, const struct nj_value *value)
{
    switch (value->type) {
    case NJ_VALUE_NULL:
        break;
    case NJ_VALUE_BOOL:
        *at++ = value->boolean ? 1 : 0;
        break;
    case NJ_VALUE_INT:
        return varint_put(at, nj_zigzag(value->integer));
    case NJ_VALUE_DOUBLE: {
        uint64_t bits;
        memcpy(&bits, &value->real, sizeof bits);
        for (unsigned i = 0; i < 8; i++)
            *at++ = (char)(bits >> (8 * i));
        break;
    }
    case NJ_VALUE_STRING:
    case NJ_VALUE_BYTES:
    case NJ_VALUE_ARRAY:
    case NJ_VALUE_MAP:
        at = varint_put(at, value->bytes.len);
        if (value->bytes.len)
            memcpy(at, value->bytes.ptr, value->bytes.len);
        return at + value->bytes.len;
    }
    return at;
}

/* All values in one go: this is most of what an import writes. */
static void
values_write(struct nj_buf *buf, const struct nj_attrs *attrs)
{
    size_t room = attrs->len * VALUE_BYTES_MAX;

    for (size_t i = 0; i < attrs->len; i++)
        room += attrs->list[i].value.type >= NJ_VALUE_BYTES ||
                        attrs->list[i].value.type == NJ_VALUE_STRING
                    ? attrs->list[i].value.bytes.len
                    : 0;
    char *begin = nj_buf_reserve(buf, room), *at = begin;
    if (!begin)
        return;
    for (size_t i = 0; i < attrs->len; i++)
        at = value_put(at, &attrs->list[i].value);
    buf->len += (size_t)(at - begin);
}

/* What stands around the bytes, for the digest. */
struct digest_seed {
    uint64_t scope, name, shape, span_id, parent_id, start_ns, end_ns;
    uint32_t parts, otel_kind, status, has_parent;
    struct nj_trace_id trace_id;
};

static uint64_t
seed_of(const struct nj_span *span, unsigned parts, uint64_t scope, uint64_t shape)
{
    struct digest_seed seed = {
        .scope = scope,
        .name = nj_hash(span->name),
        .shape = shape,
        .span_id = span->span_id,
        .parent_id = span->has_parent ? span->parent_id : 0,
        .start_ns = (uint64_t)span->start_ns,
        .end_ns = (uint64_t)span->end_ns,
        .parts = parts & ~(unsigned)PARTS_OF_ROW,
        .otel_kind = span->otel_kind,
        .status = span->status,
        .has_parent = span->has_parent,
        .trace_id = span->trace_id,
    };
    return XXH3_64bits(&seed, sizeof seed);
}

uint64_t
nj_payload_write(struct nj_buf *chunk, struct nj_shapes *shapes, const struct nj_span *span,
                 const struct nj_row *row, const struct nj_names *names, uint64_t scope_digest)
{
    unsigned parts = parts_of(span, row, names);
    size_t begin = chunk->len;

    nj_buf_put(chunk, (const char[LENGTH_BYTES]){0}, LENGTH_BYTES);
    nj_buf_put_varint(chunk, parts);
    if (parts & PART_NAME)
        text_write(chunk, span->name);
    if (parts & PART_FIXED)
        fixed_write(chunk, span);
    uint64_t shape = nj_shape_write(chunk, shapes, row->operation, &span->attrs);
    size_t content = chunk->len;
    parts_write(chunk, span, parts);
    values_write(chunk, &span->attrs);
    if (chunk->is_failed)
        return 0;
    size_t len = chunk->len - begin - LENGTH_BYTES;
    for (unsigned i = 0; i < LENGTH_BYTES; i++)
        chunk->ptr[begin + i] = (char)(len >> (8 * i));
    return XXH3_64bits_withSeed(chunk->ptr + content, chunk->len - content,
                                seed_of(span, parts, scope_digest, shape));
}

void
nj_scope_write(struct nj_buf *buf, const struct nj_scope *scope)
{
    nj_buf_put_varint(buf, scope->resource.dropped);
    attrs_write(buf, &scope->resource);
    text_write(buf, scope->resource_schema_url);
    text_write(buf, scope->name);
    text_write(buf, scope->version);
    text_write(buf, scope->schema_url);
    nj_buf_put_varint(buf, scope->attrs.dropped);
    attrs_write(buf, &scope->attrs);
}
