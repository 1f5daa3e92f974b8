/* json_span.c - one span out of one JSON object, by a table of its members. */
#include "importers/json_span.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "importers/json_value.h"

/* A word and the number that it stands for. */
struct word {
    const char *text;
    int number;
};

static const struct word status_words[] = {
    {"ok", NJ_STATUS_OK},       {"success", NJ_STATUS_OK},   {"1", NJ_STATUS_OK},
    {"error", NJ_STATUS_ERROR}, {"failed", NJ_STATUS_ERROR}, {"failure", NJ_STATUS_ERROR},
    {"2", NJ_STATUS_ERROR},     {"unset", NJ_STATUS_UNSET},  {"0", NJ_STATUS_UNSET},
    {"", NJ_STATUS_UNSET},
};

static const struct word kind_words[] = {
    {"internal", NJ_OTEL_INTERNAL},
    {"1", NJ_OTEL_INTERNAL},
    {"server", NJ_OTEL_SERVER},
    {"2", NJ_OTEL_SERVER},
    {"client", NJ_OTEL_CLIENT},
    {"3", NJ_OTEL_CLIENT},
    {"producer", NJ_OTEL_PRODUCER},
    {"4", NJ_OTEL_PRODUCER},
    {"consumer", NJ_OTEL_CONSUMER},
    {"5", NJ_OTEL_CONSUMER},
    {"unspecified", NJ_OTEL_UNSPECIFIED},
    {"0", NJ_OTEL_UNSPECIFIED},
    {"", NJ_OTEL_UNSPECIFIED},
};

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/* Whether `text`, in any case, is `word`. */
static bool
is_word(struct nj_slice text, const char *word)
{
    size_t i = 0;

    while (i < text.len && word[i] && lower(text.ptr[i]) == word[i])
        i++;
    return i == text.len && !word[i];
}

/* `text` without what stands before the last `separator`, if it begins with `prefix`. */
static struct nj_slice
prefix_cut(struct nj_slice text, const char *prefix)
{
    struct nj_slice head = nj_slice_of(prefix);

    if (text.len >= head.len && is_word((struct nj_slice){text.ptr, head.len}, prefix))
        return nj_slice_from(text, head.len);
    return text;
}

static bool
word_find(const struct word *words, size_t len, struct nj_slice text, int *out)
{
    for (size_t i = 0; i < len; i++)
        if (is_word(text, words[i].text)) {
            *out = words[i].number;
            return true;
        }
    return false;
}

bool
nj_status_code_parse(struct nj_slice text, enum nj_status_code *out)
{
    int number;

    text = prefix_cut(prefix_cut(text, "status_code_"), "statuscode.");
    if (!word_find(status_words, NJ_LEN(status_words), text, &number))
        return false;
    *out = (enum nj_status_code)number;
    return true;
}

bool
nj_otel_kind_parse(struct nj_slice text, enum nj_otel_kind *out)
{
    int number;

    text = prefix_cut(prefix_cut(text, "span_kind_"), "spankind.");
    if (!word_find(kind_words, NJ_LEN(kind_words), text, &number))
        return false;
    *out = (enum nj_otel_kind)number;
    return true;
}

enum nj_status
nj_span_reader_init(struct nj_span_reader *reader, const struct nj_span_format *format,
                    struct nj_json_records *records, struct nj_error *err)
{
    *reader = (struct nj_span_reader){.format = format, .records = records};
    return nj_draft_init(&reader->draft, err);
}

void
nj_span_reader_fini(struct nj_span_reader *reader)
{
    nj_draft_fini(&reader->draft);
    nj_attr_list_fini(&reader->resource_attrs);
    nj_attr_list_fini(&reader->scope_attrs);
}

void
nj_span_reader_clear(struct nj_span_reader *reader)
{
    nj_draft_clear(&reader->draft);
    reader->resource_attrs.len = reader->scope_attrs.len = 0;
    reader->scope = (struct nj_scope){0};
    reader->duration_ns = NJ_NO_TIME;
    reader->has_trace = reader->has_span = reader->has_status = false;
    reader->is_instant = false;
}

void
nj_span_reader_damage(struct nj_span_reader *reader, const struct nj_json *json,
                      const char *expected)
{
    /* JSON inside a text has no place of its own in the input. */
    const char *at = json->begin == reader->records->text ? json->at : reader->record;

    if (!json->error)
        nj_json_records_damage(reader->records, NJ_DIAG_ATTRIBUTE_INVALID, at, expected);
}

int64_t
nj_span_reader_time(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice text;
    int64_t time_ns = NJ_NO_TIME;

    if (nj_json_any_text(json, &text) && text.len > 0 && !nj_time_parse(text, &time_ns)) {
        time_ns = NJ_NO_TIME;
        nj_span_reader_damage(reader, json, "a time");
    }
    return time_ns;
}

int64_t
nj_span_reader_number(struct nj_span_reader *reader, struct nj_json *json, int scale)
{
    struct nj_slice text;
    int64_t number = NJ_NO_TIME;

    if (nj_json_any_text(json, &text) && text.len > 0 &&
        !nj_decimal_parse(text, scale, &number)) {
        number = NJ_NO_TIME;
        nj_span_reader_damage(reader, json, "a number");
    }
    return number;
}

/* The name under which a member becomes an attribute. */
static struct nj_slice
attr_key(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key)
{
    if (spec && spec->attr)
        return nj_slice_of(spec->attr);
    return nj_key_join(r->draft.arena, nj_slice_of(r->format->prefix), key);
}

static void
attr_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
          struct nj_json *json)
{
    struct nj_value value;
    bool is_text = spec && spec->field == NJ_FIELD_TEXT;

    if (is_text)
        value.type = NJ_VALUE_STRING;
    if (!(is_text ? nj_json_any_text(json, &value.bytes) : nj_json_value(json, &value)))
        return;
    if (!nj_value_is_empty(&value))
        nj_attr_list_put(&r->draft.attrs, attr_key(r, spec, key), value);
}

static void
status_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
            struct nj_json *json)
{
    struct nj_slice text;

    if (!nj_json_any_text(json, &text))
        return;
    r->has_status = nj_status_code_parse(text, &r->draft.span.status);
    if (!r->has_status)
        nj_attr_list_put(&r->draft.attrs, attr_key(r, spec, key),
                         (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text});
}

static void
kind_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
          struct nj_json *json)
{
    struct nj_slice text;

    if (nj_json_any_text(json, &text) && !nj_otel_kind_parse(text, &r->draft.span.otel_kind))
        nj_attr_list_put(&r->draft.attrs, attr_key(r, spec, key),
                         (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text});
}

/* Members of an object as attributes; anything else under its own name. */
static void
attrs_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
           struct nj_json *json)
{
    if (nj_json_peek(json) == NJ_JSON_OBJECT)
        (void)nj_json_attrs(json, spec->attr, &r->draft.attrs);
    else
        attr_read(r, NULL, key, json);
}

static void
resource_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
              struct nj_json *json)
{
    (void)spec;
    (void)key;
    (void)nj_json_attrs(json, "", &r->resource_attrs);
}

static void
skip_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
          struct nj_json *json)
{
    (void)r;
    (void)spec;
    (void)key;
    (void)nj_json_skip(json);
}

static void
special_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
             struct nj_json *json)
{
    (void)spec;
    r->format->special(r, key, json);
}

/* Ids may be text or numbers; zeros and nothing are no id. "0x" is what some consoles print. */
static void
id_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
        struct nj_json *json)
{
    struct nj_span *span = &r->draft.span;
    struct nj_slice text;

    (void)key;
    if (!nj_json_any_text(json, &text))
        return;
    if (nj_slice_starts(text, NJ_SLICE("0x")))
        text = nj_slice_from(text, 2);
    if (spec->field == NJ_FIELD_TRACE_ID)
        r->has_trace = nj_trace_id_parse(text, &span->trace_id, &span->trace_text);
    else if (spec->field == NJ_FIELD_SPAN_ID)
        r->has_span = nj_span_id_parse(text, &span->span_id, &span->span_text);
    else
        span->has_parent = nj_span_id_parse(text, &span->parent_id, &span->parent_text);
}

static void
text_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
          struct nj_json *json)
{
    struct nj_span *span = &r->draft.span;
    struct nj_slice *slot = spec->field == NJ_FIELD_NAME      ? &span->name
                            : spec->field == NJ_FIELD_MESSAGE ? &span->status_message
                                                              : &span->trace_state;

    (void)key;
    (void)nj_json_any_text(json, slot);
}

static void
time_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
          struct nj_json *json)
{
    int64_t time_ns = nj_span_reader_time(r, json);

    (void)key;
    if (spec->field == NJ_FIELD_START)
        r->draft.span.start_ns = time_ns;
    else
        r->draft.span.end_ns = time_ns;
}

/* A time or duration in nanoseconds, or in microseconds. */
static void
number_read(struct nj_span_reader *r, const struct nj_field_spec *spec, struct nj_slice key,
            struct nj_json *json)
{
    bool is_us = spec->field == NJ_FIELD_START_US || spec->field == NJ_FIELD_DURATION_US;
    int64_t number_ns = nj_span_reader_number(r, json, is_us ? 3 : 0);

    (void)key;
    if (spec->field == NJ_FIELD_START_NS || spec->field == NJ_FIELD_START_US)
        r->draft.span.start_ns = number_ns;
    else if (spec->field == NJ_FIELD_END_NS)
        r->draft.span.end_ns = number_ns;
    else
        r->duration_ns = number_ns;
}

typedef void field_function(struct nj_span_reader *r, const struct nj_field_spec *spec,
                            struct nj_slice key, struct nj_json *json);

static field_function *const field_functions[] = {
    [NJ_FIELD_ATTR] = attr_read,          [NJ_FIELD_TEXT] = attr_read,
    [NJ_FIELD_ATTRS] = attrs_read,        [NJ_FIELD_SKIP] = skip_read,
    [NJ_FIELD_SPECIAL] = special_read,    [NJ_FIELD_TRACE_ID] = id_read,
    [NJ_FIELD_SPAN_ID] = id_read,         [NJ_FIELD_PARENT_ID] = id_read,
    [NJ_FIELD_TRACE_STATE] = text_read,   [NJ_FIELD_NAME] = text_read,
    [NJ_FIELD_KIND] = kind_read,          [NJ_FIELD_STATUS] = status_read,
    [NJ_FIELD_MESSAGE] = text_read,       [NJ_FIELD_RESOURCE] = resource_read,
    [NJ_FIELD_START] = time_read,         [NJ_FIELD_END] = time_read,
    [NJ_FIELD_START_NS] = number_read,    [NJ_FIELD_END_NS] = number_read,
    [NJ_FIELD_START_US] = number_read,    [NJ_FIELD_DURATION_US] = number_read,
    [NJ_FIELD_DURATION_NS] = number_read,
};

void
nj_span_reader_member(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    const struct nj_span_format *format = reader->format;

    if (nj_json_peek(json) == NJ_JSON_NULL) {
        (void)nj_json_null(json);
        return;
    }
    for (size_t i = 0; i < format->fields_len; i++)
        if (nj_slice_eq(key, nj_slice_of(format->fields[i].key))) {
            field_functions[format->fields[i].field](reader, &format->fields[i], key, json);
            return;
        }
    attr_read(reader, NULL, key, json);
}

void
nj_span_reader_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice key;

    reader->record = json->at;
    if (!nj_json_object(json))
        return;
    while (nj_json_object_next(json, &key))
        nj_span_reader_member(reader, key, json);
}

enum nj_status
nj_span_reader_send(struct nj_span_reader *reader, const struct nj_json *json,
                    struct nj_error *err)
{
    struct nj_span *span = &reader->draft.span;
    struct nj_scope *scope = &reader->scope;
    struct nj_sink *sink = reader->records->sink;

    if (json->error)
        return NJ_OK;
    if (!reader->has_trace || !reader->has_span) {
        nj_json_records_damage(reader->records, NJ_DIAG_SPAN_INVALID, reader->record,
                               "a span with a trace id and a span id");
        return NJ_OK;
    }
    if (span->end_ns == NJ_NO_TIME && span->start_ns != NJ_NO_TIME &&
        reader->duration_ns != NJ_NO_TIME &&
        __builtin_add_overflow(span->start_ns, reader->duration_ns, &span->end_ns)) {
        span->end_ns = NJ_NO_TIME;
        nj_span_reader_damage(reader, json, "a duration that ends before 2262");
    }
    if (reader->is_instant && span->end_ns == NJ_NO_TIME)
        span->end_ns = span->start_ns;
    if (span->start_ns == NJ_NO_TIME && reader->duration_ns != NJ_NO_TIME)
        nj_attr_list_put(
            &reader->draft.attrs, NJ_SLICE("duration_ns"),
            (struct nj_value){.type = NJ_VALUE_INT, .integer = reader->duration_ns});
    if (reader->resource_attrs.is_failed || reader->scope_attrs.is_failed)
        return nj_fail(err, NJ_ENOMEM, "out of memory for the attributes of a resource");
    scope->resource.list = reader->resource_attrs.list;
    scope->resource.len = reader->resource_attrs.len;
    scope->attrs.list = reader->scope_attrs.list;
    scope->attrs.len = reader->scope_attrs.len;
    enum nj_status st = sink->scope(sink, scope, &span->scope, err);
    if (st < 0)
        return st;
    reader->records->spans_len++;
    return nj_draft_send(&reader->draft, sink, err);
}

enum nj_status
nj_span_reader_record(void *context, struct nj_json *json, struct nj_error *err)
{
    struct nj_span_reader *reader = context;

    nj_span_reader_clear(reader);
    nj_span_reader_read(reader, json);
    return nj_span_reader_send(reader, json, err);
}

enum nj_status
nj_json_spans_read(const struct nj_span_format *format, const struct nj_json_shape *shape,
                   struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    struct nj_span_reader reader;
    struct nj_json_records records = {.shape = shape,
                                      .input = input,
                                      .sink = sink,
                                      .context = &reader,
                                      .record = nj_span_reader_record};

    enum nj_status st = nj_span_reader_init(&reader, format, &records, err);
    if (st == NJ_OK)
        st = nj_json_records_read(&records, err);
    nj_span_reader_fini(&reader);
    return st;
}
