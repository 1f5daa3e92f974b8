/* otlp_message.c - the protobuf messages of OTLP traces, to spans. Field numbers are those of
 * opentelemetry-proto's trace.proto, common.proto and resource.proto. */
#include "importers/otlp_message.h"

#define BYTES(number)   NJ_PB_TAG(number, NJ_PB_BYTES)
#define VARINT(number)  NJ_PB_TAG(number, NJ_PB_VARINT)
#define FIXED64(number) NJ_PB_TAG(number, NJ_PB_FIXED64)
#define FIXED32(number) NJ_PB_TAG(number, NJ_PB_FIXED32)

enum nj_status
nj_otlp_reader_init(struct nj_otlp_reader *reader, struct nj_error *err)
{
    *reader = (struct nj_otlp_reader){.scope_arena = nj_arena_new(4096)};
    enum nj_status st = nj_draft_init(&reader->draft, err);
    if (st == NJ_OK && !reader->scope_arena)
        st = nj_fail(err, NJ_ENOMEM, "out of memory");
    if (st < 0)
        nj_otlp_reader_fini(reader);
    return st;
}

void
nj_otlp_reader_fini(struct nj_otlp_reader *reader)
{
    nj_draft_fini(&reader->draft);
    nj_attr_list_fini(&reader->resource_attrs);
    nj_attr_list_fini(&reader->scope_attrs);
    nj_arena_free(reader->scope_arena);
    nj_buf_fini(&reader->nested);
    *reader = (struct nj_otlp_reader){0};
}

bool
nj_otlp_is_span_field(const void *at, const void *end)
{
    struct nj_pb pb = {at, end, NULL};
    struct nj_pb_field field;

    if (pb.at >= pb.end || *pb.at != BYTES(2) || !nj_pb_next(&pb, &field))
        return false;
    pb = nj_pb_open(field.bytes);
    return nj_pb_next(&pb, &field) && field.tag == BYTES(1) &&
           field.bytes.len == NJ_TRACE_ID_BYTES && nj_pb_next(&pb, &field) &&
           field.tag == BYTES(2) && field.bytes.len == sizeof(uint64_t);
}

bool
nj_otlp_damage(struct nj_otlp_reader *r, enum nj_diag_id id, const void *at,
               const char *expected)
{
    nj_diag_at(r->sink->diags, id, "%s: byte %llu: expected %s", r->path, nj_otlp_offset(r, at),
               expected);
    return false;
}

/* 0 stands for "not known"; false: beyond the year 2262. */
static bool
time_of(uint64_t wire, int64_t *out_ns)
{
    *out_ns = wire ? (int64_t)wire : NJ_NO_TIME;
    return wire <= INT64_MAX;
}

static void
event_read(struct nj_otlp_reader *r, struct nj_slice message)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;
    struct nj_event event = {.time_ns = NJ_NO_TIME};
    bool is_time_good = true;

    while (nj_pb_next(&pb, &field))
        switch (field.tag) {
        case FIXED64(1):
            is_time_good = time_of(field.integer, &event.time_ns);
            break;
        case BYTES(2):
            event.name = nj_otlp_text(r, field.bytes);
            break;
        case BYTES(3):
            nj_otlp_attribute(r, &r->draft.event_attrs, field.bytes);
            break;
        case VARINT(4):
            event.attrs.dropped = (uint32_t)field.integer;
        }
    if (!pb.error && is_time_good) {
        nj_draft_event(&r->draft, &event);
        return;
    }
    nj_draft_event_drop(&r->draft);
    (void)nj_otlp_damage(r, NJ_DIAG_ATTRIBUTE_INVALID, message.ptr, "an event");
}

static void
link_read(struct nj_otlp_reader *r, struct nj_slice message)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;
    struct nj_link link = {0};
    bool has_trace = false, has_span = false;

    while (nj_pb_next(&pb, &field))
        switch (field.tag) {
        case BYTES(1):
            has_trace = nj_trace_id_of_bytes(field.bytes, &link.trace_id);
            break;
        case BYTES(2):
            has_span = nj_span_id_of_bytes(field.bytes, &link.span_id);
            break;
        case BYTES(3):
            link.trace_state = nj_otlp_text(r, field.bytes);
            break;
        case BYTES(4):
            nj_otlp_attribute(r, &r->draft.link_attrs, field.bytes);
            break;
        case VARINT(5):
            link.attrs.dropped = (uint32_t)field.integer;
            break;
        case FIXED32(6):
            link.flags = (uint32_t)field.integer;
        }
    if (!pb.error && has_trace && has_span) {
        nj_draft_link(&r->draft, &link);
        return;
    }
    nj_draft_link_drop(&r->draft);
    (void)nj_otlp_damage(r, NJ_DIAG_ATTRIBUTE_INVALID, message.ptr, "a link");
}

/* Kind or status code; a number that OTLP does not know is counted and reads as 0. */
static uint64_t
enum_of(struct nj_otlp_reader *r, const struct nj_pb *pb, uint64_t wire, uint64_t max)
{
    if (wire <= max)
        return wire;
    (void)nj_otlp_damage(r, NJ_DIAG_ATTRIBUTE_INVALID, pb->at,
                         "a known span kind or status code");
    return 0;
}

static bool
status_read(struct nj_otlp_reader *r, struct nj_slice message)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;
    struct nj_span *span = &r->draft.span;

    while (nj_pb_next(&pb, &field)) {
        if (field.tag == BYTES(2))
            span->status_message = nj_otlp_text(r, field.bytes);
        else if (field.tag == VARINT(3))
            span->status = (enum nj_status_code)enum_of(r, &pb, field.integer, NJ_STATUS_ERROR);
    }
    return !pb.error;
}

/* The plain fields of a span; false: none of them. */
static bool
span_scalar(struct nj_otlp_reader *r, const struct nj_pb *pb, const struct nj_pb_field *field)
{
    struct nj_span *span = &r->draft.span;

    switch (field->tag) {
    case BYTES(3):
        span->trace_state = nj_otlp_text(r, field->bytes);
        return true;
    case BYTES(4):
        span->has_parent = nj_span_id_of_bytes(field->bytes, &span->parent_id);
        return true;
    case BYTES(5):
        span->name = nj_otlp_text(r, field->bytes);
        return true;
    case VARINT(6):
        span->otel_kind = (enum nj_otel_kind)enum_of(r, pb, field->integer, NJ_OTEL_CONSUMER);
        return true;
    case VARINT(10):
        span->attrs.dropped = (uint32_t)field->integer;
        return true;
    case VARINT(12):
        span->events_dropped = (uint32_t)field->integer;
        return true;
    case VARINT(14):
        span->links_dropped = (uint32_t)field->integer;
        return true;
    case FIXED32(16):
        span->flags = (uint32_t)field->integer;
        return true;
    default:
        return false;
    }
}

/* What makes a span usable, beside the wire format. */
struct span_check {
    bool has_trace, has_span, is_time_bad;
};

static bool
span_field(struct nj_otlp_reader *r, const struct nj_pb *pb, const struct nj_pb_field *field,
           struct span_check *check)
{
    struct nj_span *span = &r->draft.span;

    switch (field->tag) {
    case BYTES(1):
        check->has_trace = nj_trace_id_of_bytes(field->bytes, &span->trace_id);
        return true;
    case BYTES(2):
        check->has_span = nj_span_id_of_bytes(field->bytes, &span->span_id);
        return true;
    case FIXED64(7):
        check->is_time_bad |= !time_of(field->integer, &span->start_ns);
        return true;
    case FIXED64(8):
        check->is_time_bad |= !time_of(field->integer, &span->end_ns);
        return true;
    case BYTES(9):
        nj_otlp_attribute(r, &r->draft.attrs, field->bytes);
        return true;
    case BYTES(11):
        event_read(r, field->bytes);
        return true;
    case BYTES(13):
        link_read(r, field->bytes);
        return true;
    case BYTES(15):
        return status_read(r, field->bytes);
    default:
        (void)span_scalar(r, pb, field);
        return true;
    }
}

static enum nj_status
span_read(struct nj_otlp_reader *r, struct nj_slice message, struct nj_error *err)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;
    struct span_check check = {0};

    uint32_t scope = r->draft.span.scope;
    nj_draft_clear(&r->draft);
    r->draft.span.scope = scope;
    r->arena = r->draft.arena;
    bool is_whole = true;
    while (is_whole && nj_pb_next(&pb, &field))
        is_whole = span_field(r, &pb, &field, &check);
    if (!is_whole || pb.error) {
        (void)nj_otlp_damage(r, NJ_DIAG_RECORD_INVALID, pb.at,
                             pb.error ? pb.error : "a status");
        return NJ_OK;
    }
    if (!check.has_trace || !check.has_span || check.is_time_bad) {
        (void)nj_otlp_damage(r, NJ_DIAG_SPAN_INVALID, message.ptr,
                             "a trace id of 16 bytes, a span id of 8 and times before 2262");
        return NJ_OK;
    }
    r->spans_len++;
    return nj_draft_send(&r->draft, r->sink, err);
}

static void
scope_read(struct nj_otlp_reader *r, struct nj_slice message)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;

    while (nj_pb_next(&pb, &field))
        switch (field.tag) {
        case BYTES(1):
            r->scope.name = nj_otlp_text(r, field.bytes);
            break;
        case BYTES(2):
            r->scope.version = nj_otlp_text(r, field.bytes);
            break;
        case BYTES(3):
            nj_otlp_attribute(r, &r->scope_attrs, field.bytes);
            break;
        case VARINT(4):
            r->scope.attrs.dropped = (uint32_t)field.integer;
        }
    if (pb.error)
        (void)nj_otlp_damage(r, NJ_DIAG_RECORD_INVALID, pb.at, pb.error);
}

static void
resource_read(struct nj_otlp_reader *r, struct nj_slice message)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;

    while (nj_pb_next(&pb, &field)) {
        if (field.tag == BYTES(1))
            nj_otlp_attribute(r, &r->resource_attrs, field.bytes);
        else if (field.tag == VARINT(2))
            r->scope.resource.dropped = (uint32_t)field.integer;
    }
    if (pb.error)
        (void)nj_otlp_damage(r, NJ_DIAG_RECORD_INVALID, pb.at, pb.error);
}

/* Reads the scope before any span: nothing says that it comes first, and its schema URL comes
 * last. */
static enum nj_status
scope_open(struct nj_otlp_reader *r, struct nj_slice message, struct nj_error *err)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;

    r->scope_attrs.len = 0;
    r->scope.attrs.dropped = 0;
    r->scope.name = r->scope.version = r->scope.schema_url = (struct nj_slice){"", 0};
    r->arena = r->scope_arena;
    while (nj_pb_next(&pb, &field)) {
        if (field.tag == BYTES(1))
            scope_read(r, field.bytes);
        else if (field.tag == BYTES(3))
            r->scope.schema_url = nj_otlp_text(r, field.bytes);
    }
    if (r->scope_attrs.is_failed || r->resource_attrs.is_failed)
        return nj_fail(err, NJ_ENOMEM, "out of memory for the attributes of a resource");
    r->scope.attrs.list = r->scope_attrs.list;
    r->scope.attrs.len = r->scope_attrs.len;
    r->scope.resource.list = r->resource_attrs.list;
    r->scope.resource.len = r->resource_attrs.len;
    return r->sink->scope(r->sink, &r->scope, &r->draft.span.scope, err);
}

/* One wrong byte in a length must not cost the spans behind it: moves on to the next. */
static void
span_resync(struct nj_otlp_reader *r, struct nj_pb *pb)
{
    const uint8_t *start = pb->at;

    while (++pb->at < pb->end && !nj_otlp_is_span_field(pb->at, pb->end))
        ;
    if (!r->is_cut || pb->at < pb->end)
        (void)nj_otlp_damage(r, NJ_DIAG_RECORD_INVALID, start, pb->error);
    pb->error = NULL;
}

static enum nj_status
scope_spans_read(struct nj_otlp_reader *r, struct nj_slice message, struct nj_error *err)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field;
    enum nj_status st = scope_open(r, message, err);

    while (st == NJ_OK) {
        if (nj_pb_next(&pb, &field)) {
            if (field.tag == BYTES(2))
                st = span_read(r, field.bytes, err);
            continue;
        }
        if (!pb.error)
            break;
        span_resync(r, &pb);
    }
    return st;
}

enum nj_status
nj_otlp_resource_spans(struct nj_otlp_reader *r, struct nj_slice message, struct nj_error *err)
{
    struct nj_pb pb = nj_pb_open(message);
    struct nj_pb_field field = {0};
    enum nj_status st = NJ_OK;

    nj_arena_reset(r->scope_arena);
    r->arena = r->scope_arena;
    r->resource_attrs.len = 0;
    r->scope = (struct nj_scope){0};
    while (nj_pb_next(&pb, &field)) {
        if (field.tag == BYTES(1))
            resource_read(r, field.bytes);
        else if (field.tag == BYTES(3))
            r->scope.resource_schema_url = nj_otlp_text(r, field.bytes);
    }
    pb = nj_pb_open(message);
    while (st == NJ_OK && nj_pb_next(&pb, &field))
        if (field.tag == BYTES(2))
            st = scope_spans_read(r, field.bytes, err);
    if (st == NJ_OK && pb.error == nj_pb_cut && field.tag == BYTES(2))
        st = scope_spans_read(r, field.bytes, err);
    else if (st == NJ_OK && pb.error && !r->is_cut)
        (void)nj_otlp_damage(r, NJ_DIAG_RECORD_INVALID, pb.at, pb.error);
    return st;
}
