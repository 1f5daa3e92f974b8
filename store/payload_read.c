/* payload_read.c - reading back what payload.c wrote. Nothing in the bytes is believed. */
#include "store/payload.h"

#include "store/payload_parts.h"

/* After a failed read every read fails and gives nothing. */
struct reader {
    const uint8_t *at, *end;
    struct nj_arena *arena;
    bool is_broken;  /* the bytes are not whole */
    bool *is_failed; /* no memory */
};

static uint64_t
number_read(struct reader *r)
{
    uint64_t value = 0;

    if (r->is_broken || !nj_varint_read(&r->at, r->end, &value)) {
        r->is_broken = true;
        return 0;
    }
    return value;
}

static uint32_t
number32_read(struct reader *r)
{
    uint64_t value = number_read(r);

    r->is_broken |= value > UINT32_MAX;
    return (uint32_t)value;
}

static struct nj_slice
bytes_read(struct reader *r, uint64_t len)
{
    if (r->is_broken || len > (uint64_t)(r->end - r->at)) {
        r->is_broken = true;
        return (struct nj_slice){"", 0};
    }
    struct nj_slice bytes = {(const char *)r->at, (size_t)len};
    r->at += len;
    return bytes;
}

static struct nj_slice
text_read(struct reader *r)
{
    return bytes_read(r, number_read(r));
}

static uint8_t
byte_read(struct reader *r)
{
    struct nj_slice byte = bytes_read(r, 1);
    return byte.len ? (uint8_t)byte.ptr[0] : 0;
}

static uint64_t
u64_read(struct reader *r)
{
    struct nj_slice bytes = bytes_read(r, 8);
    uint64_t value = 0;

    for (size_t i = 0; i < bytes.len; i++)
        value |= (uint64_t)(uint8_t)bytes.ptr[i] << (8 * i);
    return value;
}

/* An array of `len` elements, each of which takes at least `bytes_min` bytes of what is left.
 */
static void *
array_new(struct reader *r, uint64_t len, size_t bytes_min, size_t size)
{
    if (r->is_broken || len > (uint64_t)(r->end - r->at) / bytes_min) {
        r->is_broken = true;
        return NULL;
    }
    void *array = nj_arena_alloc(r->arena, (size_t)len, size);
    if (len && !array) {
        *r->is_failed = true;
        r->is_broken = true;
    }
    return array;
}

static void
attrs_read(struct reader *r, struct nj_attrs *out)
{
    uint64_t len = number_read(r);
    struct nj_attr *list = array_new(r, len, 2, sizeof *list);

    for (uint64_t i = 0; i < len && !r->is_broken; i++)
        r->is_broken = !nj_pair_read(&r->at, r->end, &list[i]);
    if (!r->is_broken) {
        out->list = list;
        out->len = (size_t)len;
    }
}

static void
events_read(struct reader *r, struct nj_span *out)
{
    uint64_t len = number_read(r);
    struct nj_event *events = array_new(r, len, 4, sizeof *events);

    for (uint64_t i = 0; i < len && !r->is_broken; i++) {
        uint64_t delta = (uint64_t)nj_unzigzag(number_read(r));
        events[i].time_ns = (int64_t)(delta + (uint64_t)out->start_ns);
        events[i].name = text_read(r);
        events[i].attrs.dropped = number32_read(r);
        attrs_read(r, &events[i].attrs);
    }
    if (!r->is_broken) {
        out->events = events;
        out->events_len = (size_t)len;
    }
}

static void
link_read(struct reader *r, struct nj_link *link)
{
    unsigned parts = byte_read(r);
    struct nj_slice id = bytes_read(r, sizeof link->trace_id.bytes);

    if (id.len)
        memcpy(link->trace_id.bytes, id.ptr, id.len);
    link->span_id = u64_read(r);
    if (parts & LINK_TEXTS) {
        link->trace_text = text_read(r);
        link->span_text = text_read(r);
    }
    if (parts & LINK_STATE)
        link->trace_state = text_read(r);
    if (parts & LINK_FLAGS) {
        link->flags = number32_read(r);
        link->attrs.dropped = number32_read(r);
    }
    attrs_read(r, &link->attrs);
}

static void
links_read(struct reader *r, struct nj_span *out)
{
    uint64_t len = number_read(r);
    struct nj_link *links = array_new(r, len, 26, sizeof *links);

    for (uint64_t i = 0; i < len && !r->is_broken; i++)
        link_read(r, &links[i]);
    if (!r->is_broken) {
        out->links = links;
        out->links_len = (size_t)len;
    }
}

static void
fixed_from_row(struct nj_span *out, const struct nj_row *row)
{
    out->span_id = row->span_id;
    out->has_parent = (row->flags & NJ_ROW_HAS_PARENT) != 0;
    out->parent_id = out->has_parent ? row->parent_id : 0;
    out->start_ns = row->flags & NJ_ROW_NO_START ? NJ_NO_TIME : row->start_ns;
    out->end_ns = row->flags & NJ_ROW_NO_END ? NJ_NO_TIME : row->end_ns;
    out->otel_kind = (enum nj_otel_kind)row->otel_kind;
    out->status = (enum nj_status_code)row->status;
}

static void
fixed_read(struct reader *r, struct nj_span *out)
{
    out->span_id = u64_read(r);
    out->parent_id = u64_read(r);
    out->start_ns = (int64_t)u64_read(r);
    out->end_ns = (int64_t)u64_read(r);
    out->has_parent = byte_read(r) != 0;
    unsigned kind = byte_read(r), status = byte_read(r);
    r->is_broken |= kind > NJ_OTEL_CONSUMER || status > NJ_STATUS_ERROR;
    if (!r->is_broken) {
        out->otel_kind = (enum nj_otel_kind)kind;
        out->status = (enum nj_status_code)status;
    }
}

static void
parts_read(struct reader *r, struct nj_span *out, unsigned parts)
{
    if (parts & PART_SPAN_TEXT)
        out->span_text = text_read(r);
    if (parts & PART_PARENT_TEXT)
        out->parent_text = text_read(r);
    if (parts & PART_STATE)
        out->trace_state = text_read(r);
    if (parts & PART_MESSAGE)
        out->status_message = text_read(r);
    if (parts & PART_FLAGS)
        out->flags = number32_read(r);
    if (parts & PART_DROPPED) {
        out->attrs.dropped = number32_read(r);
        out->events_dropped = number32_read(r);
        out->links_dropped = number32_read(r);
    }
    if (parts & PART_EVENTS)
        events_read(r, out);
    if (parts & PART_LINKS)
        links_read(r, out);
}

/* The bytes of `from` copied into the arena, so that slices of them may stay. */
static struct reader
copy_open(struct nj_slice from, struct nj_arena *arena, bool *is_failed)
{
    struct nj_slice copy = nj_arena_copy(arena, from);
    struct reader r = {.arena = arena, .is_failed = is_failed, .is_broken = !copy.ptr};

    *is_failed |= !copy.ptr;
    if (copy.ptr) {
        r.at = (const uint8_t *)copy.ptr;
        r.end = r.at + copy.len;
    }
    return r;
}

/* The record at `offset` of a chunk. */
static struct reader
record_open(struct nj_slice chunk, uint64_t offset, struct nj_arena *arena, bool *is_failed)
{
    struct nj_slice bytes = nj_slice_from(chunk, (size_t)offset);
    const uint8_t *b = (const uint8_t *)bytes.ptr;
    size_t len = 0;

    if (bytes.len < LENGTH_BYTES)
        return (struct reader){.is_broken = true};
    for (unsigned i = 0; i < LENGTH_BYTES; i++)
        len |= (size_t)b[i] << (8 * i);
    if (len > bytes.len - LENGTH_BYTES)
        return (struct reader){.is_broken = true};
    return copy_open((struct nj_slice){bytes.ptr + LENGTH_BYTES, len}, arena, is_failed);
}

/* A list of keys and types; the values are still to come. */
static struct nj_attr *
keys_read(struct reader *r, size_t *len)
{
    uint64_t count = number_read(r);
    struct nj_attr *list = array_new(r, count, 2, sizeof *list);

    for (uint64_t i = 0; i < count && !r->is_broken; i++) {
        list[i].key = text_read(r);
        uint8_t type = byte_read(r);
        r->is_broken |= type > NJ_VALUE_MAP;
        list[i].value.type = (enum nj_value_type)type;
    }
    *len = r->is_broken ? 0 : (size_t)count;
    return list;
}

static struct nj_attr *
shape_read(struct reader *r, struct nj_slice chunk, size_t *len)
{
    uint64_t at_plus_1 = number_read(r);

    if (r->is_broken || at_plus_1 == 0)
        return keys_read(r, len);
    struct nj_slice bytes = nj_slice_from(chunk, (size_t)at_plus_1 - 1);
    struct reader earlier = *r;
    earlier.at = (const uint8_t *)bytes.ptr;
    earlier.end = earlier.at + bytes.len;
    struct nj_attr *list = keys_read(&earlier, len);
    /* Where the list ends is only known now, so its keys are copied one by one. */
    for (size_t i = 0; i < *len && !earlier.is_broken; i++) {
        list[i].key = nj_arena_copy(r->arena, list[i].key);
        earlier.is_broken = !list[i].key.ptr;
        *r->is_failed |= earlier.is_broken;
    }
    r->is_broken = earlier.is_broken;
    return list;
}

static void
value_read(struct reader *r, struct nj_value *value)
{
    switch (value->type) {
    case NJ_VALUE_NULL:
        break;
    case NJ_VALUE_BOOL:
        value->boolean = byte_read(r) != 0;
        break;
    case NJ_VALUE_INT:
        value->integer = nj_unzigzag(number_read(r));
        break;
    case NJ_VALUE_DOUBLE: {
        uint64_t bits = u64_read(r);
        memcpy(&value->real, &bits, sizeof bits);
        break;
    }
    case NJ_VALUE_STRING:
    case NJ_VALUE_BYTES:
    case NJ_VALUE_ARRAY:
    case NJ_VALUE_MAP:
        value->bytes = text_read(r);
        break;
    }
}

bool
nj_payload_read(struct nj_span *out, struct nj_slice chunk, const struct nj_row *row,
                const struct nj_names *names, struct nj_arena *arena, bool *is_failed)
{
    struct reader r = record_open(chunk, row->payload & UINT32_MAX, arena, is_failed);
    unsigned parts = number32_read(&r);

    *out = (struct nj_span){.scope = row->scope};
    out->name = parts & PART_NAME ? text_read(&r) : nj_names_get(names, row->operation);
    if (parts & PART_FIXED)
        fixed_read(&r, out);
    else
        fixed_from_row(out, row);
    size_t len = 0;
    struct nj_attr *list = shape_read(&r, chunk, &len);
    parts_read(&r, out, parts);
    for (size_t i = 0; i < len && !r.is_broken; i++)
        value_read(&r, &list[i].value);
    out->attrs.list = list;
    out->attrs.len = len;
    return !r.is_broken;
}

bool
nj_scope_read(struct nj_scope *out, struct nj_slice bytes, struct nj_arena *arena,
              bool *is_failed)
{
    struct reader r = copy_open(bytes, arena, is_failed);

    *out = (struct nj_scope){0};
    out->resource.dropped = number32_read(&r);
    attrs_read(&r, &out->resource);
    out->resource_schema_url = text_read(&r);
    out->name = text_read(&r);
    out->version = text_read(&r);
    out->schema_url = text_read(&r);
    out->attrs.dropped = number32_read(&r);
    attrs_read(&r, &out->attrs);
    return !r.is_broken;
}
