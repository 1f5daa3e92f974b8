/* langfuse_json.c - Langfuse: the UI's download of a trace, a trace as the API gives it, lists
 * and lines of observations. Durations are computed from times: what exports call latency comes
 * in two units. */
#include "importers/importer.h"
#include "importers/json_sniff.h"
#include "importers/json_span.h"
#include "importers/json_value.h"
#include "importers/trace_header.h"

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
    /* what an export into a bucket calls them */
    {"trace_id", NJ_FIELD_TRACE_ID, NULL},
    {"parent_observation_id", NJ_FIELD_PARENT_ID, NULL},
    {"start_time", NJ_FIELD_START, NULL},
    {"end_time", NJ_FIELD_END, NULL},
    {"status_message", NJ_FIELD_MESSAGE, NULL},
    {"provided_model_name", NJ_FIELD_TEXT, "langfuse.observation.model.name"},
    {"model_parameters", NJ_FIELD_ATTR, "langfuse.observation.model.parameters"},
    {"completion_start_time", NJ_FIELD_TEXT, "langfuse.observation.completion_start_time"},
    {"prompt_name", NJ_FIELD_TEXT, "langfuse.observation.prompt.name"},
    {"prompt_version", NJ_FIELD_ATTR, "langfuse.observation.prompt.version"},
    {"user_id", NJ_FIELD_TEXT, "langfuse.user.id"},
    {"session_id", NJ_FIELD_TEXT, "langfuse.session.id"},
    {"trace_name", NJ_FIELD_TEXT, "langfuse.trace.name"},
};

/* Members of a trace under other names; those that are shared go to all of its spans. */
static const struct {
    const char *key, *prefix, *name;
    bool is_shared;
} trace_fields[] = {
    {"name", "langfuse.trace.", "name", true},
    {"userId", "langfuse.user.", "id", true},
    {"sessionId", "langfuse.session.", "id", true},
    {"release", "langfuse.", "release", false},
    {"environment", "langfuse.", "environment", false},
};

struct reading {
    struct nj_span_reader reader; /* first: the span format gets this address */
    struct nj_trace_header header;
    struct nj_json_records *records;
    bool is_in_trace; /* inside the member `trace` of a download … */
    uint64_t copies;  /* … whose observations are copies of those beside it */
    uint64_t observations;
    struct nj_slice usage; /* of the old form, JSON text */
};

static void
attr_put(struct nj_draft *draft, struct nj_slice key, struct nj_slice text)
{
    nj_attr_list_put(&draft->attrs, key,
                     (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text});
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

/* One observation; the old form of its usage counts only where there is no other. */
static void
observation_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct reading *r = (struct reading *)reader;
    struct nj_slice details = NJ_SLICE("langfuse.observation.usage_details");
    struct nj_value value;

    r->usage = (struct nj_slice){0};
    nj_span_reader_read(reader, json);
    if (r->usage.len == 0)
        return;
    struct nj_json usage = nj_json_inside(json, r->usage);
    for (size_t i = 0; i < reader->draft.attrs.len; i++)
        if (nj_slice_eq(reader->draft.attrs.list[i].key, details))
            details = NJ_SLICE("langfuse.observation.usage");
    if (nj_json_value(&usage, &value))
        nj_attr_list_put(&reader->draft.attrs, details, value);
}

static bool
is_trace(const char *container)
{
    return container && strcmp(container, "trace") == 0;
}

static enum nj_status
begin(void *context, const char *container, struct nj_error *err)
{
    struct reading *r = context;

    (void)err;
    r->is_in_trace = is_trace(container);
    if (!r->is_in_trace) {
        nj_trace_header_clear(&r->header);
        r->copies = r->observations = 0;
    }
    return NJ_OK;
}

static enum nj_status
member(void *context, const char *container, struct nj_slice key, struct nj_json *json,
       struct nj_error *err)
{
    static const char *const derived[] = {"latency", "meta", NULL};
    struct reading *r = context;

    (void)container;
    if (nj_slice_eq(key, NJ_SLICE("id")))
        return nj_trace_header_put_id(&r->header, json, err);
    if (nj_json_name_find(derived, key)) {
        (void)nj_json_skip(json);
        return NJ_OK;
    }
    for (size_t i = 0; i < NJ_LEN(trace_fields); i++)
        if (nj_slice_eq(key, nj_slice_of(trace_fields[i].key)))
            return nj_trace_header_put(&r->header, trace_fields[i].prefix,
                                       nj_slice_of(trace_fields[i].name),
                                       trace_fields[i].is_shared, json, err);
    return nj_trace_header_put(&r->header, "langfuse.trace.", key, false, json, err);
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
    return nj_trace_header_record(&r->header, json, err);
}

static enum nj_status
end(void *context, const char *container, struct nj_error *err)
{
    struct reading *r = context;

    if (is_trace(container)) {
        r->is_in_trace = false;
        return NJ_OK;
    }
    if (r->copies > 0 && r->observations == 0)
        nj_json_records_damage(r->records, NJ_DIAG_RECORD_INVALID, r->records->text,
                               "observations beside the trace");
    return nj_trace_header_end(&r->header, err);
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
        {"", "id trace_id start_time type", "parent_observation_id level", "run_type"},
    };

    (void)is_whole;
    return nj_json_sniff(head, looks, NJ_LEN(looks), "traceId parentObservationId startTime");
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    static const char *const lists[] = {"observations", NULL};
    static const char *const containers[] = {"trace", "data", NULL};
    static const char *const marks[] = {"traceId", "parentObservationId", "trace_id",
                                        "parent_observation_id", NULL};
    static const struct nj_json_shape shape = {lists, containers, marks};
    struct reading r = {.copies = 0};
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
    enum nj_status st = nj_span_reader_init(&r.reader, &format, &records, err);
    if (st == NJ_OK)
        st = nj_trace_header_init(&r.header, &r.reader, observation_read, err);
    if (st == NJ_OK)
        st = nj_json_records_read(&records, err);
    nj_span_reader_fini(&r.reader);
    nj_trace_header_fini(&r.header);
    return st;
}

const struct nj_importer nj_importer_langfuse_json = {
    .name = "langfuse-json",
    .summary = "Langfuse: a trace from the UI or the API, lists and lines of observations",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
