/* trace_header.c - what a document says of a whole trace, put on the spans of it. */
#include "importers/trace_header.h"

#include "importers/json_value.h"

enum { HEADER_BLOCK_BYTES = 16 << 10 };

struct nj_trace_member {
    struct nj_slice attr, json;
    bool is_shared;
    struct nj_trace_member *next;
};

static enum nj_status
memory_fail(struct nj_error *err)
{
    return nj_fail(err, NJ_ENOMEM, "out of memory for what is said of a trace");
}

enum nj_status
nj_trace_header_init(struct nj_trace_header *header, struct nj_span_reader *reader,
                     void (*read)(struct nj_span_reader *, struct nj_json *),
                     struct nj_error *err)
{
    *header = (struct nj_trace_header){
        .reader = reader, .read = read, .arena = nj_arena_new(HEADER_BLOCK_BYTES)};
    header->members_end = &header->members;
    return header->arena ? NJ_OK : memory_fail(err);
}

void
nj_trace_header_fini(struct nj_trace_header *header)
{
    nj_arena_free(header->arena);
    nj_buf_fini(&header->first);
}

void
nj_trace_header_clear(struct nj_trace_header *header)
{
    nj_arena_reset(header->arena);
    header->members = NULL;
    header->members_end = &header->members;
    header->trace_id = (struct nj_slice){0};
    header->is_said = false;
    header->first.len = 0;
}

enum nj_status
nj_trace_header_put(struct nj_trace_header *header, const char *prefix, struct nj_slice key,
                    bool is_shared, struct nj_json *json, struct nj_error *err)
{
    static const char *const nothing[] = {"null", "[]", "{}", NULL};
    struct nj_slice text;

    if (!nj_json_raw(json, &text) || nj_json_name_find(nothing, text))
        return NJ_OK;
    struct nj_trace_member *member = NJ_NEW(header->arena, struct nj_trace_member, 1);
    if (!member)
        return memory_fail(err);
    key = nj_arena_copy(header->arena, key);
    member->attr = nj_key_join(header->arena, nj_slice_of(prefix), key);
    member->json = nj_arena_copy(header->arena, text);
    member->is_shared = is_shared;
    if (!key.ptr || !member->attr.ptr || !member->json.ptr)
        return memory_fail(err);
    *header->members_end = member;
    header->members_end = &member->next;
    return NJ_OK;
}

enum nj_status
nj_trace_header_put_id(struct nj_trace_header *header, struct nj_json *json,
                       struct nj_error *err)
{
    struct nj_slice text;

    if (!nj_json_any_text(json, &text))
        return NJ_OK;
    header->trace_id = nj_arena_copy(header->arena, text);
    return header->trace_id.ptr ? NJ_OK : memory_fail(err);
}

static bool
attr_is_there(const struct nj_attr_list *attrs, struct nj_slice key)
{
    for (size_t i = 0; i < attrs->len; i++)
        if (nj_slice_eq(attrs->list[i].key, key))
            return true;
    return false;
}

/* Puts what goes to all spans, or everything. What the span says itself counts more. */
static void
members_put(struct nj_trace_header *header, const struct nj_json *outer, bool is_everything)
{
    struct nj_span *span = &header->reader->draft.span;
    struct nj_attr_list *attrs = &header->reader->draft.attrs;
    struct nj_value value;

    for (const struct nj_trace_member *m = header->members; m; m = m->next) {
        if (!(m->is_shared || is_everything) || attr_is_there(attrs, m->attr))
            continue;
        struct nj_json json = nj_json_inside(outer, m->json);
        if (nj_json_value(&json, &value))
            nj_attr_list_put(attrs, m->attr, value);
    }
    header->is_said |= is_everything;
    if (!header->reader->has_trace)
        header->reader->has_trace =
            nj_trace_id_parse(header->trace_id, &span->trace_id, &span->trace_text);
}

enum nj_status
nj_trace_header_end(struct nj_trace_header *header, struct nj_error *err)
{
    struct nj_json_records *records = header->reader->records;
    struct nj_slice text = nj_buf_slice(&header->first);
    struct nj_json json;

    if (text.len == 0)
        return NJ_OK;
    nj_json_init(&json, text, false, records->arena);
    records->text = text.ptr;
    records->offset = header->first_offset;
    nj_span_reader_clear(header->reader);
    header->read(header->reader, &json);
    members_put(header, &json, !header->is_said);
    header->first.len = 0;
    return nj_span_reader_send(header->reader, &json, err);
}

enum nj_status
nj_trace_header_record(struct nj_trace_header *header, struct nj_json *json,
                       struct nj_error *err)
{
    const struct nj_span *span = &header->reader->draft.span;

    nj_span_reader_clear(header->reader);
    header->read(header->reader, json);
    if (json->error)
        return NJ_OK;
    bool is_root = !span->has_parent;
    if (!is_root && !header->is_said && header->members && header->first.len == 0) {
        nj_buf_put(&header->first, json->begin, (size_t)(json->end - json->begin));
        header->first_offset = header->reader->records->offset;
        return header->first.is_failed ? memory_fail(err) : NJ_OK;
    }
    members_put(header, json, is_root && !header->is_said);
    enum nj_status st = nj_span_reader_send(header->reader, json, err);
    return st == NJ_OK && is_root ? nj_trace_header_end(header, err) : st;
}
