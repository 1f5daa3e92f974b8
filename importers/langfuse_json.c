/* langfuse_json.c - Langfuse: the UI's download of a trace, a trace as the API gives it, lists
 * and lines of observations. Durations are computed from times: what exports call latency comes
 * in two units. */
#include "importers/importer.h"
#include "importers/json_sniff.h"
#include "importers/json_span.h"
#include "importers/json_value.h"

static const struct nj_field_spec fields[] = {
    {"id", NJ_FIELD_SPAN_ID, NULL},
    {"traceId", NJ_FIELD_TRACE_ID, NULL},
    {"parentObservationId", NJ_FIELD_PARENT_ID, NULL},
    {"name", NJ_FIELD_NAME, NULL},
    {"startTime", NJ_FIELD_START, NULL},
    {"endTime", NJ_FIELD_END, NULL},
    {"type", NJ_FIELD_SPECIAL, "langfuse.observation.type"},
    {"level", NJ_FIELD_SPECIAL, "langfuse.observation.level"},
    {"statusMessage", NJ_FIELD_MESSAGE, NULL},
    {"metadata", NJ_FIELD_SPECIAL, NULL},
    {"usage", NJ_FIELD_SPECIAL, NULL},
    {"usageDetails", NJ_FIELD_ATTR, "langfuse.observation.usage_details"},
    {"costDetails", NJ_FIELD_ATTR, "langfuse.observation.cost_details"},
    {"providedCostDetails", NJ_FIELD_ATTR, "langfuse.observation.provided_cost_details"},
    {"model", NJ_FIELD_TEXT, "langfuse.observation.model.name"},
    {"modelParameters", NJ_FIELD_ATTR, "langfuse.observation.model.parameters"},
    {"input", NJ_FIELD_ATTR, "langfuse.observation.input"},
    {"output", NJ_FIELD_ATTR, "langfuse.observation.output"},
    {"completionStartTime", NJ_FIELD_TEXT, "langfuse.observation.completion_start_time"},
    {"promptName", NJ_FIELD_TEXT, "langfuse.observation.prompt.name"},
    {"promptVersion", NJ_FIELD_ATTR, "langfuse.observation.prompt.version"},
    {"environment", NJ_FIELD_TEXT, "langfuse.environment"},
    {"release", NJ_FIELD_TEXT, "langfuse.release"},
    {"version", NJ_FIELD_TEXT, "langfuse.version"},
    {"userId", NJ_FIELD_TEXT, "langfuse.user.id"},
    {"sessionId", NJ_FIELD_TEXT, "langfuse.session.id"},
    {"traceName", NJ_FIELD_TEXT, "langfuse.trace.name"},
    {"latency", NJ_FIELD_SKIP, NULL},
};

/* Members of a trace. Those with `is_shared` go to all of its spans; everything goes to its
 * first root, or, when there is none, to the first observation. */
static const struct trace_field {
    const char *key, *attr;
    bool is_shared;
} trace_fields[] = {
    {"name", "langfuse.trace.name", true},          {"userId", "langfuse.user.id", true},
    {"sessionId", "langfuse.session.id", true},     {"release", "langfuse.release", false},
    {"environment", "langfuse.environment", false},
};

/* A member of the trace, as JSON. */
struct trace_member {
    struct nj_slice attr, json;
    bool is_shared;
    struct trace_member *next;
};

struct reading {
    struct nj_span_reader reader; /* first: the span format gets this address */
    struct nj_json_records *records;
    struct nj_arena *arena; /* what the trace says */
    struct trace_member *members, **members_end;
    struct nj_slice trace_id;
    bool is_in_trace; /* inside the member `trace` of a download … */
    uint64_t copies;  /* … whose observations are copies of those beside it */
    uint64_t observations;
    bool is_said;        /* a span has the members that are not shared */
    struct nj_buf first; /* an observation below others that waits for a root to say them */
    uint64_t first_offset;
    struct nj_slice usage; /* of the old form, JSON text */
};

static void
attr_put(struct nj_draft *draft, struct nj_slice key, struct nj_slice text)
{
    nj_attr_list_put(&draft->attrs, key,
                     (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text});
}

/* A value that says something. */
static void
json_put(struct nj_draft *draft, struct nj_slice key, struct nj_json json)
{
    struct nj_value value;

    if (nj_json_value(&json, &value) && !nj_value_is_empty(&value))
        nj_attr_list_put(&draft->attrs, key, value);
}

static bool
attr_is_there(const struct nj_draft *draft, struct nj_slice key)
{
    for (size_t i = 0; i < draft->attrs.len; i++)
        if (nj_slice_eq(draft->attrs.list[i].key, key))
            return true;
    return false;
}

/* {"name": …, "version": …, "attributes": {…}} */
static void
scope_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice key;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        (void)nj_json_attrs(json, "langfuse.observation.metadata.scope.", &reader->draft.attrs);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("name")))
            (void)nj_json_any_text(json, &reader->scope.name);
        else if (nj_slice_eq(key, NJ_SLICE("version")))
            (void)nj_json_any_text(json, &reader->scope.version);
        else
            (void)nj_json_attrs(json, "", &reader->scope_attrs);
    }
}

/* What came by OpenTelemetry stands in the metadata: attributes, resource and scope of the
 * span. */
static void
metadata_members_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice key;
    struct nj_value value;

    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        bool is_object = nj_json_peek(json) == NJ_JSON_OBJECT;
        if (is_object && nj_slice_eq(key, NJ_SLICE("attributes")))
            (void)nj_json_attrs(json, "", &reader->draft.attrs);
        else if (is_object && nj_slice_eq(key, NJ_SLICE("resourceAttributes")))
            (void)nj_json_attrs(json, "", &reader->resource_attrs);
        else if (is_object && nj_slice_eq(key, NJ_SLICE("scope")))
            scope_read(reader, json);
        else if (nj_json_value(json, &value))
            nj_attr_list_put(&reader->draft.attrs,
                             nj_key_join(reader->draft.arena,
                                         NJ_SLICE("langfuse.observation.metadata."), key),
                             value);
    }
}

/* Metadata is an object, or text that may be one. */
static void
metadata_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice text;

    if (nj_json_peek(json) == NJ_JSON_OBJECT) {
        metadata_members_read(reader, json);
        return;
    }
    if (!nj_json_any_text(json, &text) || text.len == 0)
        return;
    struct nj_json check = nj_json_inside(json, text), inside = check;
    if (nj_json_peek(&check) == NJ_JSON_OBJECT && nj_json_skip(&check) &&
        nj_json_at_end(&check))
        metadata_members_read(reader, &inside);
    else
        attr_put(&reader->draft, NJ_SLICE("langfuse.observation.metadata"), text);
}

static void
special_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    struct nj_slice text;

    if (nj_slice_eq(key, NJ_SLICE("metadata"))) {
        metadata_read(reader, json);
    } else if (nj_slice_eq(key, NJ_SLICE("usage"))) {
        (void)nj_json_raw(json, &((struct reading *)reader)->usage);
    } else if (nj_slice_eq(key, NJ_SLICE("level")) && nj_json_any_text(json, &text)) {
        if (nj_slice_eq(text, NJ_SLICE("ERROR")))
            reader->draft.span.status = NJ_STATUS_ERROR;
        attr_put(&reader->draft, NJ_SLICE("langfuse.observation.level"), text);
    } else if (nj_json_any_text(json, &text)) {
        attr_put(&reader->draft, NJ_SLICE("langfuse.observation.type"), text);
        reader->is_instant = nj_slice_eq(text, NJ_SLICE("EVENT"));
    }
}

static const struct nj_span_format format = {fields, NJ_LEN(fields), "langfuse.observation.",
                                             special_read};

static enum nj_status
begin(void *context, const char *container, struct nj_error *err)
{
    struct reading *r = context;

    (void)err;
    if (container && strcmp(container, "trace") == 0) {
        r->is_in_trace = true;
        return NJ_OK;
    }
    nj_arena_reset(r->arena);
    r->members = NULL;
    r->members_end = &r->members;
    r->trace_id = (struct nj_slice){0};
    r->copies = r->observations = 0;
    r->is_said = false;
    return NJ_OK;
}

/* Keeps a member of the trace for its spans. */
static enum nj_status
member(void *context, const char *container, struct nj_slice key, struct nj_json *json,
       struct nj_error *err)
{
    struct reading *r = context;
    const struct trace_field *known = NULL;
    struct nj_slice text;

    (void)container;
    if (nj_slice_eq(key, NJ_SLICE("id")) && nj_json_any_text(json, &text)) {
        r->trace_id = nj_arena_copy(r->arena, text);
        return r->trace_id.ptr ? NJ_OK : nj_fail(err, NJ_ENOMEM, "out of memory for a trace");
    }
    bool is_paging = nj_slice_eq(key, NJ_SLICE("meta"));
    if (!nj_json_raw(json, &text) || nj_slice_eq(text, NJ_SLICE("null")) || is_paging ||
        nj_slice_eq(key, NJ_SLICE("latency")))
        return NJ_OK;
    for (size_t i = 0; i < NJ_LEN(trace_fields); i++)
        if (nj_slice_eq(key, nj_slice_of(trace_fields[i].key)))
            known = &trace_fields[i];
    struct trace_member *m = NJ_NEW(r->arena, struct trace_member, 1);
    if (!m)
        return nj_fail(err, NJ_ENOMEM, "out of memory for a trace");
    m->attr = known ? nj_slice_of(known->attr)
                    : nj_key_join(r->arena, NJ_SLICE("langfuse.trace."), key);
    m->json = nj_arena_copy(r->arena, text);
    m->is_shared = known && known->is_shared;
    if (!m->attr.ptr || !m->json.ptr)
        return nj_fail(err, NJ_ENOMEM, "out of memory for a trace");
    *r->members_end = m;
    r->members_end = &m->next;
    return NJ_OK;
}

/* Puts what the trace says of all its spans, or everything that it says. */
static void
trace_apply(struct reading *r, const struct nj_json *outer, bool is_everything)
{
    struct nj_draft *draft = &r->reader.draft;
    struct nj_span *span = &draft->span;

    for (const struct trace_member *m = r->members; m; m = m->next)
        if ((m->is_shared || is_everything) && !attr_is_there(draft, m->attr))
            json_put(draft, m->attr, nj_json_inside(outer, m->json));
    r->is_said |= is_everything;
    if (!r->reader.has_trace)
        r->reader.has_trace =
            nj_trace_id_parse(r->trace_id, &span->trace_id, &span->trace_text);
    if (r->usage.len > 0) {
        struct nj_slice details = NJ_SLICE("langfuse.observation.usage_details");
        bool is_known = attr_is_there(draft, details);
        json_put(draft, is_known ? NJ_SLICE("langfuse.observation.usage") : details,
                 nj_json_inside(outer, r->usage));
    }
}

static void
observation_read(struct reading *r, struct nj_json *json)
{
    nj_span_reader_clear(&r->reader);
    r->usage = (struct nj_slice){0};
    nj_span_reader_read(&r->reader, json);
}

/* Sends the observation that waited for a root. */
static enum nj_status
first_send(struct reading *r, struct nj_error *err)
{
    struct nj_json json;
    struct nj_slice text = nj_buf_slice(&r->first);

    if (text.len == 0)
        return NJ_OK;
    nj_json_init(&json, text, false, r->records->arena);
    r->records->text = text.ptr;
    r->records->offset = r->first_offset;
    observation_read(r, &json);
    trace_apply(r, &json, !r->is_said);
    r->first.len = 0;
    return nj_span_reader_send(&r->reader, &json, err);
}

static enum nj_status
record(void *context, struct nj_json *json, struct nj_error *err)
{
    struct reading *r = context;

    if (r->is_in_trace) {
        r->copies++;
        (void)nj_json_skip(json);
        return NJ_OK;
    }
    r->observations++;
    observation_read(r, json);
    if (json->error)
        return NJ_OK;
    bool is_root = !r->reader.draft.span.has_parent;
    if (!is_root && !r->is_said && r->members && r->first.len == 0) {
        nj_buf_put(&r->first, json->begin, (size_t)(json->end - json->begin));
        r->first_offset = r->records->offset;
        return r->first.is_failed ? nj_fail(err, NJ_ENOMEM, "out of memory") : NJ_OK;
    }
    trace_apply(r, json, is_root && !r->is_said);
    enum nj_status st = nj_span_reader_send(&r->reader, json, err);
    return st == NJ_OK && is_root ? first_send(r, err) : st;
}

static enum nj_status
end(void *context, const char *container, struct nj_error *err)
{
    struct reading *r = context;

    if (container && strcmp(container, "trace") == 0) {
        r->is_in_trace = false;
        return NJ_OK;
    }
    if (r->copies > 0 && r->observations == 0)
        nj_json_records_damage(r->records, NJ_DIAG_RECORD_INVALID, r->records->text,
                               "observations beside the trace");
    return first_send(r, err);
}

/* A trace may say what it is behind its observations. Copies are passed over at once. */
static bool
waits(void *context)
{
    return !((struct reading *)context)->is_in_trace;
}

static int
sniff(struct nj_slice head, bool is_whole)
{
    static const struct nj_json_look looks[] = {
        {"trace", "id timestamp", "", "resourceSpans"},
        {"", "id timestamp", "observations htmlPath bookmarked", "traceId"},
        {"observations", "id startTime type", "", ""},
        {"", "id traceId startTime type", "", ""},
        {"data", "id traceId startTime type", "", ""},
    };

    (void)is_whole;
    return nj_json_sniff(head, looks, NJ_LEN(looks), "traceId parentObservationId startTime");
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    static const char *const lists[] = {"observations", NULL};
    static const char *const containers[] = {"trace", "data", NULL};
    static const char *const marks[] = {"traceId", "parentObservationId", NULL};
    static const struct nj_json_shape shape = {lists, containers, marks};
    struct reading r = {.arena = nj_arena_new(NJ_SNIFF_BYTES)};
    struct nj_json_records records = {
        .shape = &shape,
        .input = input,
        .sink = sink,
        .context = &r,
        .record = record,
        .member = member,
        .begin = begin,
        .end = end,
        .waits = waits,
    };

    r.records = &records;
    r.members_end = &r.members;
    enum nj_status st = nj_span_reader_init(&r.reader, &format, &records, err);
    if (st == NJ_OK && !r.arena)
        st = nj_fail(err, NJ_ENOMEM, "out of memory");
    if (st == NJ_OK)
        st = nj_json_records_read(&records, err);
    nj_span_reader_fini(&r.reader);
    nj_arena_free(r.arena);
    nj_buf_fini(&r.first);
    return st;
}

const struct nj_importer nj_importer_langfuse_json = {
    .name = "langfuse-json",
    .summary = "Langfuse: a trace from the UI or the API, lists and lines of observations",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
