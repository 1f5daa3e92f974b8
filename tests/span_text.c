/* span_text.c - a sink for tests that writes down what it gets, one line a thing. */
#include "tests/span_text.h"

#include "base/base64.h"
#include "base/jsonw.h"
#include "importers/importer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void
quoted_put(struct nj_buf *text, struct nj_slice value)
{
    struct nj_jsonw w = nj_jsonw_of(text);
    nj_jsonw_text(&w, value);
}

/* Doubles always show that they are: "8.0". */
static void
real_put(struct nj_buf *text, double value)
{
    char digits[33] = "NaN or infinite";

    if (value - value == 0)
        (void)nj_real_print(digits, value);
    nj_buf_put_text(text, digits);
    if (!strpbrk(digits, ".eN"))
        nj_buf_put_text(text, ".0");
}

static void value_put(struct nj_buf *text, const struct nj_value *value);

/* Tests may recurse: their values are small. */
static void
elements_put(struct nj_buf *text, const struct nj_value *value)
{
    const uint8_t *at = (const uint8_t *)value->bytes.ptr, *end = at + value->bytes.len;
    bool is_map = value->type == NJ_VALUE_MAP;

    nj_buf_put_char(text, is_map ? '{' : '[');
    for (const char *comma = ""; at && at < end; comma = ", ") {
        struct nj_attr attr;
        nj_buf_put_text(text, comma);
        if (is_map ? !nj_pair_read(&at, end, &attr) : !nj_value_read(&at, end, &attr.value)) {
            nj_buf_put_text(text, "BROKEN");
            break;
        }
        if (is_map) {
            quoted_put(text, attr.key);
            nj_buf_put_text(text, ": ");
        }
        value_put(text, &attr.value);
    }
    nj_buf_put_char(text, is_map ? '}' : ']');
}

static void
value_put(struct nj_buf *text, const struct nj_value *value)
{
    switch (value->type) {
    case NJ_VALUE_NULL:
        nj_buf_put_text(text, "null");
        break;
    case NJ_VALUE_STRING:
        quoted_put(text, value->bytes);
        break;
    case NJ_VALUE_BOOL:
        nj_buf_put_text(text, value->boolean ? "true" : "false");
        break;
    case NJ_VALUE_INT:
        nj_buf_printf(text, "%" PRId64, value->integer);
        break;
    case NJ_VALUE_DOUBLE:
        real_put(text, value->real);
        break;
    case NJ_VALUE_BYTES:
        nj_buf_put_text(text, "base64:");
        nj_base64_encode(text, value->bytes);
        break;
    case NJ_VALUE_ARRAY:
    case NJ_VALUE_MAP:
        elements_put(text, value);
        break;
    }
}

static void
attrs_put(struct nj_buf *text, const char *label, const struct nj_attrs *attrs)
{
    for (size_t i = 0; i < attrs->len; i++) {
        nj_buf_put_text(text, label);
        quoted_put(text, attrs->list[i].key);
        nj_buf_put_text(text, " = ");
        value_put(text, &attrs->list[i].value);
        nj_buf_put_char(text, '\n');
    }
    if (attrs->dropped)
        nj_buf_printf(text, "%sdropped %" PRIu32 "\n", label, attrs->dropped);
}

/* ` label "text"`, nothing for an empty text. */
static void
word_put(struct nj_buf *text, const char *label, struct nj_slice value)
{
    if (value.len == 0)
        return;
    nj_buf_printf(text, " %s ", label);
    quoted_put(text, value);
}

static void
time_put(struct nj_buf *text, const char *label, int64_t time_ns)
{
    if (time_ns == NJ_NO_TIME)
        nj_buf_printf(text, " %s none", label);
    else
        nj_buf_printf(text, " %s %" PRId64, label, time_ns);
}

static void
trace_id_put(struct nj_buf *text, const struct nj_trace_id *id, struct nj_slice name)
{
    char hex[NJ_TRACE_HEX + 1];
    nj_buf_put_slice(text, nj_trace_id_show(id, name, hex));
}

static void
span_id_put(struct nj_buf *text, uint64_t id, struct nj_slice name)
{
    char hex[NJ_SPAN_HEX + 1];
    nj_buf_put_slice(text, nj_span_id_show(id, name, hex));
}

static enum nj_status
record_scope(struct nj_sink *sink, const struct nj_scope *scope, uint32_t *out,
             struct nj_error *err)
{
    struct span_text *record = (struct span_text *)sink;
    struct nj_buf text = {0};

    word_put(&text, "scope", scope->name);
    word_put(&text, "version", scope->version);
    word_put(&text, "schema", scope->schema_url);
    word_put(&text, "resource-schema", scope->resource_schema_url);
    nj_buf_put_char(&text, '\n');
    attrs_put(&text, "  resource ", &scope->resource);
    attrs_put(&text, "  scope ", &scope->attrs);
    for (*out = 0; *out < record->scopes_len; (*out)++)
        if (nj_slice_eq(nj_buf_slice(&record->scopes[*out]), nj_buf_slice(&text))) {
            nj_buf_fini(&text);
            return NJ_OK;
        }
    void *p = realloc(record->scopes, (record->scopes_len + 1) * sizeof *record->scopes);
    if (!p)
        return nj_fail(err, NJ_ENOMEM, "out of memory");
    record->scopes = p;
    record->scopes[record->scopes_len++] = text;
    return NJ_OK;
}

static void
events_put(struct nj_buf *text, const struct nj_span *span)
{
    for (size_t i = 0; i < span->events_len; i++) {
        const struct nj_event *event = &span->events[i];
        nj_buf_put_text(text, "  event");
        word_put(text, "name", event->name);
        time_put(text, "at", event->time_ns);
        nj_buf_put_char(text, '\n');
        attrs_put(text, "    ", &event->attrs);
    }
    if (span->events_dropped)
        nj_buf_printf(text, "  events dropped %" PRIu32 "\n", span->events_dropped);
}

static void
links_put(struct nj_buf *text, const struct nj_span *span)
{
    for (size_t i = 0; i < span->links_len; i++) {
        const struct nj_link *link = &span->links[i];
        nj_buf_put_text(text, "  link ");
        trace_id_put(text, &link->trace_id, link->trace_text);
        nj_buf_put_char(text, ' ');
        span_id_put(text, link->span_id, link->span_text);
        word_put(text, "state", link->trace_state);
        if (link->flags)
            nj_buf_printf(text, " flags %" PRIu32, link->flags);
        nj_buf_put_char(text, '\n');
        attrs_put(text, "    ", &link->attrs);
    }
    if (span->links_dropped)
        nj_buf_printf(text, "  links dropped %" PRIu32 "\n", span->links_dropped);
}

static enum nj_status
record_span(struct nj_sink *sink, const struct nj_span *span, struct nj_error *err)
{
    static const char *const statuses[] = {"", " ok", " error"};
    static const char *const kinds[] = {"",        " internal", " server",
                                        " client", " producer", " consumer"};
    struct span_text *record = (struct span_text *)sink;
    struct nj_buf *text = &record->text;

    if (span->scope >= record->scopes_len)
        return nj_fail(err, NJ_EBUG, "a span in a scope that was not announced");
    record->spans_len++;
    nj_buf_put_text(text, "span ");
    trace_id_put(text, &span->trace_id, span->trace_text);
    nj_buf_put_char(text, ' ');
    span_id_put(text, span->span_id, span->span_text);
    if (span->has_parent) {
        nj_buf_put_text(text, " under ");
        span_id_put(text, span->parent_id, span->parent_text);
    }
    word_put(text, "name", span->name);
    nj_buf_put_text(text, kinds[span->otel_kind]);
    time_put(text, "start", span->start_ns);
    time_put(text, "end", span->end_ns);
    nj_buf_put_text(text, statuses[span->status]);
    word_put(text, "message", span->status_message);
    word_put(text, "state", span->trace_state);
    if (span->flags)
        nj_buf_printf(text, " flags %" PRIu32, span->flags);
    nj_buf_put_slice(text, nj_buf_slice(&record->scopes[span->scope]));
    attrs_put(text, "  ", &span->attrs);
    events_put(text, span);
    links_put(text, span);
    return text->is_failed ? nj_fail(err, NJ_ENOMEM, "out of memory") : NJ_OK;
}

static enum nj_status
record_checkpoint(struct nj_sink *sink, uint64_t offset, struct nj_error *err)
{
    struct span_text *record = (struct span_text *)sink;

    if (offset < record->checkpoint)
        return nj_fail(err, NJ_EBUG, "a checkpoint that goes back");
    record->checkpoint = offset;
    return NJ_OK;
}

void
span_text_init(struct span_text *record)
{
    *record = (struct span_text){
        .sink = {record_scope, record_span, record_checkpoint, nj_diags_new()}};
}

void
span_text_fini(struct span_text *record)
{
    nj_buf_fini(&record->text);
    for (uint32_t i = 0; i < record->scopes_len; i++)
        nj_buf_fini(&record->scopes[i]);
    free(record->scopes);
    free(record->sink.diags);
    *record = (struct span_text){0};
}

enum nj_status
span_text_read(struct span_text *record, const struct nj_importer *importer,
               struct nj_slice bytes, const char *name, struct nj_error *err)
{
    struct nj_input input = {.path = name};
    enum nj_status st = nj_stream_open_memory(&input.stream, bytes, err);

    if (st < 0)
        return st;
    st = nj_stream_want(input.stream, NJ_SNIFF_BYTES, err);
    struct nj_slice head = nj_stream_window(input.stream);
    bool is_whole = head.len < NJ_SNIFF_BYTES;
    if (head.len > NJ_SNIFF_BYTES)
        head.len = NJ_SNIFF_BYTES;
    if (!importer)
        importer = nj_importer_sniff(head, is_whole);
    if (st >= 0 && !importer)
        st = nj_fail(err, NJ_EFORMAT, "%s: no importer recognises it", name);
    if (st >= 0 || importer)
        st = importer->read(&input, &record->sink, err);
    nj_stream_close(input.stream);
    return st;
}

void
span_text_put_diags(struct span_text *record)
{
    for (size_t i = 0; i < NJ_DIAGS_LEN; i++) {
        const struct nj_diag_count *count = &record->sink.diags->counts[i];
        if (count->count)
            nj_buf_printf(&record->text, "diagnostic %s %" PRIu64 "\n", nj_diag_specs[i].id,
                          count->count);
        for (uint32_t k = 0; k < count->places_len; k++)
            nj_buf_printf(&record->text, "  %s\n", count->places[k]);
    }
}

struct nj_slice
file_read(const char *path)
{
    struct nj_buf bytes = {0};
    FILE *file = fopen(path, "rb");
    char *at;

    if (!file)
        return (struct nj_slice){0};
    while ((at = nj_buf_reserve(&bytes, 1 << 16)) != NULL) {
        size_t got = fread(at, 1, 1 << 16, file);
        bytes.len += got;
        if (got == 0)
            break;
    }
    (void)fclose(file);
    if (nj_buf_reserve(&bytes, NJ_STREAM_PAD))
        memset(bytes.ptr + bytes.len, 0, NJ_STREAM_PAD);
    return nj_buf_slice(&bytes);
}
