/* langsmith_json.c - LangSmith runs: lists, lines, and runs with their child runs inside. Times
 * have no zone and are UTC; the order text of a run says its trace and parent as well. */
#include "importers/importer.h"
#include "importers/json_sniff.h"
#include "importers/json_span.h"
#include "importers/json_value.h"

static const struct nj_field_spec fields[] = {
    {"id", NJ_FIELD_SPAN_ID, NULL},
    {"run_id", NJ_FIELD_SPAN_ID, NULL}, /* of the CLI, as some more below */
    {"trace_id", NJ_FIELD_TRACE_ID, NULL},
    {"parent_run_id", NJ_FIELD_PARENT_ID, NULL},
    {"name", NJ_FIELD_NAME, NULL},
    {"start_time", NJ_FIELD_START, NULL},
    {"end_time", NJ_FIELD_END, NULL},
    {"run_type", NJ_FIELD_TEXT, "langsmith.span.kind"},
    {"status", NJ_FIELD_STATUS, NULL},
    {"error", NJ_FIELD_SPECIAL, NULL},
    {"dotted_order", NJ_FIELD_SPECIAL, "langsmith.dotted_order"},
    {"extra", NJ_FIELD_SPECIAL, NULL},
    {"metadata", NJ_FIELD_ATTRS, "langsmith.metadata."},
    {"custom_metadata", NJ_FIELD_ATTRS, "langsmith.metadata."},
    {"token_usage", NJ_FIELD_ATTR, "langsmith.usage_metadata"},
    {"inputs", NJ_FIELD_ATTR, "gen_ai.prompt"},
    {"outputs", NJ_FIELD_ATTR, "gen_ai.completion"},
    {"prompt_tokens", NJ_FIELD_ATTR, "gen_ai.usage.input_tokens"},
    {"completion_tokens", NJ_FIELD_ATTR, "gen_ai.usage.output_tokens"},
    {"total_tokens", NJ_FIELD_ATTR, "gen_ai.usage.total_tokens"},
    {"prompt_token_details", NJ_FIELD_ATTR, "gen_ai.usage.input_token_details"},
    {"completion_token_details", NJ_FIELD_ATTR, "gen_ai.usage.output_token_details"},
    {"total_cost", NJ_FIELD_ATTR, "gen_ai.usage.cost"},
    {"prompt_cost", NJ_FIELD_ATTR, "llm.cost.prompt"},
    {"completion_cost", NJ_FIELD_ATTR, "llm.cost.completion"},
    {"first_token_time", NJ_FIELD_TEXT, "langsmith.first_token_time"},
    {"session_id", NJ_FIELD_TEXT, "langsmith.trace.session_id"}, /* of the project */
    {"session_name", NJ_FIELD_TEXT, "langsmith.trace.session_name"},
    {"events", NJ_FIELD_SPECIAL, NULL},
    {"child_runs", NJ_FIELD_SPECIAL, NULL},
    {"child_run_ids", NJ_FIELD_SKIP, NULL},
    {"parent_run_ids", NJ_FIELD_SKIP, NULL},
    {"latency", NJ_FIELD_SKIP, NULL},
};

/* Runs inside the run that was read last, with the trace that they inherit. */
struct nested {
    struct nj_slice list; /* JSON text */
    struct nj_trace_id trace_id;
    struct nj_slice trace_text;
    struct nested *next;
};

struct reading {
    struct nj_span_reader reader; /* first: the span format gets this address */
    struct nj_slice child_runs;   /* JSON text */
    struct nj_slice order;
};

static void
error_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_span *span = &reader->draft.span;

    if (nj_json_any_text(json, &span->status_message) && span->status_message.len > 0)
        span->status = NJ_STATUS_ERROR;
}

/* {"metadata": {…}, "runtime": {…}, …} */
static void
extra_read(struct nj_span_reader *reader, struct nj_json *json)
{
    struct nj_slice key;
    struct nj_value value;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        (void)nj_json_attrs(json, "langsmith.extra.", &reader->draft.attrs);
        return;
    }
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        if (nj_slice_eq(key, NJ_SLICE("metadata")))
            (void)nj_json_attrs(json, "langsmith.metadata.", &reader->draft.attrs);
        else if (nj_json_value(json, &value) && !nj_value_is_empty(&value))
            nj_attr_list_put(
                &reader->draft.attrs,
                nj_key_join(reader->draft.arena, NJ_SLICE("langsmith.extra."), key), value);
    }
}

static void
special_read(struct nj_span_reader *reader, struct nj_slice key, struct nj_json *json)
{
    struct reading *r = (struct reading *)reader;

    if (nj_slice_eq(key, NJ_SLICE("error"))) {
        error_read(reader, json);
    } else if (nj_slice_eq(key, NJ_SLICE("extra"))) {
        extra_read(reader, json);
    } else if (nj_slice_eq(key, NJ_SLICE("events"))) {
        nj_span_reader_events(reader, json);
    } else if (nj_slice_eq(key, NJ_SLICE("child_runs"))) {
        (void)nj_json_raw(json, &r->child_runs);
    } else if (nj_json_any_text(json, &r->order)) {
        nj_attr_list_put_text(&reader->draft.attrs, "langsmith.dotted_order", r->order);
    }
}

static const struct nj_span_format format = {fields, NJ_LEN(fields), "langsmith.",
                                             special_read};

/* The id in one part of an order text, "20230914T223155647Z" and a UUID. */
static struct nj_slice
order_id(struct nj_slice part)
{
    const char *zone = part.len ? memchr(part.ptr, 'Z', part.len) : NULL;
    return zone ? nj_slice_from(part, (size_t)(zone - part.ptr) + 1) : (struct nj_slice){0};
}

/* What the run does not say itself: from its order text, from the run around it, or, for a
 * trace of its own, from its id. */
static void
ids_complete(struct reading *r, const struct nested *around)
{
    struct nj_span_reader *reader = &r->reader;
    struct nj_span *span = &reader->draft.span;
    struct nj_slice rest = r->order, trace = {0}, parent = {0}, id = {0};

    for (const char *dot; rest.len > 0;
         rest = nj_slice_from(rest, (size_t)(dot - rest.ptr) + 1)) {
        dot = memchr(rest.ptr, '.', rest.len);
        dot = dot ? dot : rest.ptr + rest.len;
        parent = id;
        id = order_id((struct nj_slice){rest.ptr, (size_t)(dot - rest.ptr)});
        trace = trace.len ? trace : id;
    }
    if (!reader->has_span)
        reader->has_span = nj_span_id_parse(id, &span->span_id, &span->span_text);
    if (!span->has_parent)
        span->has_parent = nj_span_id_parse(parent, &span->parent_id, &span->parent_text);
    if (reader->has_trace)
        return;
    reader->has_trace = nj_trace_id_parse(trace, &span->trace_id, &span->trace_text);
    if (!reader->has_trace && around) {
        span->trace_id = around->trace_id;
        span->trace_text = around->trace_text;
        reader->has_trace = true;
    } else if (!reader->has_trace && !span->has_parent && reader->has_span) {
        char hex[NJ_SPAN_HEX + 1];
        struct nj_slice own = nj_span_id_show(span->span_id, span->span_text, hex), text;
        reader->has_trace = nj_trace_id_parse(own, &span->trace_id, &text);
        span->trace_text = span->span_text;
    }
}

/* Reads one run and sends it; its child runs go behind *last. */
static enum nj_status
run_read(struct reading *r, struct nj_json *json, const struct nested *around,
         struct nested ***last, struct nj_error *err)
{
    const struct nj_span *span = &r->reader.draft.span;

    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        nj_span_reader_damage(&r->reader, json, "a run");
        (void)nj_json_skip(json);
        return NJ_OK;
    }
    nj_span_reader_clear(&r->reader);
    r->child_runs = r->order = (struct nj_slice){0};
    nj_span_reader_read(&r->reader, json);
    if (json->error)
        return NJ_OK;
    ids_complete(r, around);
    enum nj_status st = nj_span_reader_send(&r->reader, json, err);
    if (st < 0 || r->child_runs.len == 0)
        return st;
    struct nested *nested = NJ_NEW(json->arena, struct nested, 1);
    if (!nested)
        return nj_fail(err, NJ_ENOMEM, "out of memory for child runs");
    *nested = (struct nested){r->child_runs, span->trace_id, span->trace_text, NULL};
    **last = nested;
    *last = &nested->next;
    return NJ_OK;
}

static enum nj_status
record(void *context, struct nj_json *json, struct nj_error *err)
{
    struct reading *r = context;
    struct nested *first = NULL, **last = &first;

    enum nj_status st = run_read(r, json, NULL, &last, err);
    for (struct nested *at = first; st == NJ_OK && at; at = at->next) {
        struct nj_json inside = nj_json_inside(json, at->list);
        if (nj_json_peek(&inside) != NJ_JSON_ARRAY || !nj_json_array(&inside)) {
            if (nj_json_peek(&inside) != NJ_JSON_NULL)
                nj_span_reader_damage(&r->reader, json, "a list of child runs");
            continue;
        }
        while (st == NJ_OK && nj_json_array_next(&inside))
            st = run_read(r, &inside, at, &last, err);
        if (inside.error)
            nj_span_reader_damage(&r->reader, json, "runs in child_runs");
    }
    return st;
}

static int
sniff(struct nj_slice head, bool is_whole)
{
    static const struct nj_json_look looks[] = {
        {"", "run_type", "dotted_order trace_id start_time id run_id", ""},
        {"runs", "run_type", "dotted_order trace_id start_time id", ""},
    };

    (void)is_whole;
    return nj_json_sniff(head, looks, NJ_LEN(looks), "run_type start_time");
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    static const char *const lists[] = {"runs", NULL};
    static const char *const marks[] = {"run_type", "dotted_order", "parent_run_id", NULL};
    static const struct nj_json_shape shape = {lists, NULL, marks};
    struct reading r = {.order = {0}};
    struct nj_json_records records = {
        .shape = &shape, .input = input, .sink = sink, .context = &r, .record = record};

    enum nj_status st = nj_span_reader_init(&r.reader, &format, &records, err);
    if (st == NJ_OK)
        st = nj_json_records_read(&records, err);
    nj_span_reader_fini(&r.reader);
    return st;
}

const struct nj_importer nj_importer_langsmith_json = {
    .name = "langsmith-json",
    .summary = "LangSmith runs: lists, lines, runs with their child runs",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
