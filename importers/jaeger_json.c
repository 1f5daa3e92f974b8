/* jaeger_json.c - Jaeger's JSON: answers of the query API, what the UI downloads, lists of
 * traces, bare traces, and the documents of its Elasticsearch store. */
#include "importers/importer.h"
#include "importers/jaeger_span.h"
#include "importers/json_sniff.h"
#include "importers/json_value.h"

#include <stdlib.h>

enum { PROCESS_BLOCK_BYTES = 4096 };

/* A process of the trace, as JSON text. */
struct process {
    struct nj_slice id, text;
};

struct reading {
    struct nj_jaeger jaeger; /* first: its reader is the context of the span format */
    struct nj_arena *arena;  /* what was said around the spans of a trace */
    struct process *processes;
    size_t processes_len, processes_cap;
    bool is_sorted;
    struct nj_slice only_process; /* of a Thrift batch: JSON text */
    struct nj_slice warnings;     /* of the trace, JSON text, until a span has them */
    struct nj_trace_id trace_id;  /* of the trace … */
    struct nj_slice trace_text;
    bool has_trace;
};

static void
trace_clear(struct reading *r)
{
    nj_arena_reset(r->arena);
    r->processes_len = 0;
    r->only_process = r->warnings = r->trace_text = (struct nj_slice){0};
    r->has_trace = false;
}

static bool
process_put(struct reading *r, struct nj_slice id, struct nj_slice text)
{
    if (r->processes_len == r->processes_cap) {
        size_t cap = r->processes_cap ? r->processes_cap * 2 : 16;
        void *p = realloc(r->processes, cap * sizeof *r->processes);
        if (!p)
            return false;
        r->processes = p;
        r->processes_cap = cap;
    }
    struct process *process = &r->processes[r->processes_len++];
    *process = (struct process){nj_arena_copy(r->arena, id), nj_arena_copy(r->arena, text)};
    r->is_sorted = false;
    return process->id.ptr && process->text.ptr;
}

static int
process_compare(const void *a, const void *b)
{
    return nj_slice_cmp(((const struct process *)a)->id, ((const struct process *)b)->id);
}

static const struct process *
process_find(struct reading *r, struct nj_slice id)
{
    struct process key = {.id = id};

    if (!r->is_sorted && r->processes_len > 0)
        qsort(r->processes, r->processes_len, sizeof *r->processes, process_compare);
    r->is_sorted = true;
    return r->processes_len == 0 ? NULL
                                 : bsearch(&key, r->processes, r->processes_len,
                                           sizeof *r->processes, process_compare);
}

static enum nj_status
begin(void *context, const char *container, struct nj_error *err)
{
    (void)container;
    (void)err;
    trace_clear(context);
    return NJ_OK;
}

/* {"p1": {…}, …} */
static bool
processes_read(struct reading *r, struct nj_json *json)
{
    struct nj_slice id, text;

    if (nj_json_peek(json) != NJ_JSON_OBJECT)
        return nj_json_skip(json);
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &id))
        if (nj_json_raw(json, &text) && !process_put(r, id, text))
            return false;
    return true;
}

/* [{"processId": "p1", "process": {…}}, …] */
static bool
process_list_read(struct reading *r, struct nj_json *json)
{
    struct nj_slice key, id, text;

    if (nj_json_peek(json) != NJ_JSON_ARRAY)
        return nj_json_skip(json);
    (void)nj_json_array(json);
    while (nj_json_array_next(json) && nj_json_object(json)) {
        id = text = (struct nj_slice){"", 0};
        while (nj_json_object_next(json, &key)) {
            if (nj_slice_eq(key, NJ_SLICE("process")))
                (void)nj_json_raw(json, &text);
            else
                (void)nj_json_any_text(json, &id);
        }
        if (!process_put(r, id, text))
            return false;
    }
    return true;
}

static enum nj_status
member(void *context, const char *container, struct nj_slice key, struct nj_json *json,
       struct nj_error *err)
{
    struct reading *r = context;
    struct nj_slice text;
    bool has_memory = true;

    (void)container;
    if (nj_slice_eq(key, NJ_SLICE("processes"))) {
        has_memory = processes_read(r, json);
    } else if (nj_slice_eq(key, NJ_SLICE("processMap"))) {
        has_memory = process_list_read(r, json);
    } else if (nj_slice_eq(key, NJ_SLICE("process")) && nj_json_raw(json, &text)) {
        r->only_process = nj_arena_copy(r->arena, text);
        has_memory = r->only_process.ptr != NULL;
    } else if (nj_slice_eq(key, NJ_SLICE("warnings")) && nj_json_raw(json, &text)) {
        bool is_empty =
            nj_slice_eq(text, NJ_SLICE("null")) || nj_slice_eq(text, NJ_SLICE("[]"));
        r->warnings = is_empty ? (struct nj_slice){0} : nj_arena_copy(r->arena, text);
        has_memory = is_empty || r->warnings.ptr;
    } else if (nj_slice_eq(key, NJ_SLICE("traceID")) && nj_json_any_text(json, &text)) {
        text = nj_arena_copy(r->arena, text);
        r->has_trace = text.ptr && nj_trace_id_parse(text, &r->trace_id, &r->trace_text);
        has_memory = text.ptr != NULL;
    } else {
        (void)nj_json_skip(json);
    }
    return has_memory || json->error ? NJ_OK : nj_fail(err, NJ_ENOMEM, "out of memory");
}

/* What the trace says of all its spans. */
static void
trace_apply(struct reading *r, struct nj_json *json)
{
    struct nj_jaeger *j = &r->jaeger;
    struct nj_slice text = r->only_process;

    if (!j->has_process && j->process_id.len > 0) {
        const struct process *process = process_find(r, j->process_id);
        if (process)
            text = process->text;
        else
            nj_span_reader_damage(&j->reader, json, "a process of the trace");
    }
    if (!j->has_process && text.len > 0) {
        struct nj_json inside = nj_json_inside(json, text);
        nj_jaeger_process(j, &inside);
    }
    if (!j->reader.has_trace && r->has_trace) {
        j->reader.draft.span.trace_id = r->trace_id;
        j->reader.draft.span.trace_text = r->trace_text;
        j->reader.has_trace = true;
    }
    if (r->warnings.len > 0) {
        struct nj_json inside = nj_json_inside(json, r->warnings);
        struct nj_value value;
        if (nj_json_value(&inside, &value))
            nj_attr_list_put(&j->reader.draft.attrs, NJ_SLICE("jaeger.trace.warnings"), value);
        r->warnings.len = 0;
    }
}

static enum nj_status
record(void *context, struct nj_json *json, struct nj_error *err)
{
    struct reading *r = context;

    nj_jaeger_clear(&r->jaeger);
    nj_span_reader_read(&r->jaeger.reader, json);
    if (!json->error) {
        trace_apply(r, json);
        nj_jaeger_finish(&r->jaeger, json);
    }
    return nj_span_reader_send(&r->jaeger.reader, json, err);
}

/* Processes stand behind the spans of their trace, so spans wait. */
static bool
waits(void *context)
{
    (void)context;
    return true;
}

static int
sniff(struct nj_slice head, bool is_whole)
{
    static const struct nj_json_look looks[] = {
        {"data/spans", "operationName", "spanID spanId", ""},
        {"spans", "operationName", "spanID spanId", ""},
        {"", "operationName", "spanID spanId", ""},
        {"hits/hits/_source", "operationName", "spanID spanId", ""},
        {"_source", "operationName", "spanID spanId", ""},
    };

    (void)is_whole;
    return nj_json_sniff(head, looks, NJ_LEN(looks), "traceID spanID operationName");
}

/* Elasticsearch writes binary tags as hexadecimal digits; its documents say startTimeMillis, or
 * are no trace with a list of spans. */
static bool
is_elastic(struct nj_slice head)
{
    static const struct nj_json_look looks[] = {
        {"", "operationName spanID", "", ""},
        {"hits/hits/_source", "spanID", "", ""},
        {"_source", "spanID", "", ""},
    };

    return nj_json_sniff(head, looks, NJ_LEN(looks), "startTimeMillis") > 0;
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    static const char *const lists[] = {"spans", NULL};
    static const char *const containers[] = {"data", "hits", "_source", NULL};
    static const char *const marks[] = {"spanID", "spanId", NULL};
    static const struct nj_json_shape shape = {lists, containers, marks};
    struct reading r = {.arena = nj_arena_new(PROCESS_BLOCK_BYTES)};
    struct nj_json_records records = {
        .shape = &shape,
        .input = input,
        .sink = sink,
        .context = &r,
        .record = record,
        .member = member,
        .begin = begin,
        .waits = waits,
    };

    enum nj_status st = nj_span_reader_init(&r.jaeger.reader, &nj_jaeger_format, &records, err);
    if (st == NJ_OK && !r.arena)
        st = nj_fail(err, NJ_ENOMEM, "out of memory");
    if (st == NJ_OK) {
        r.jaeger.is_binary_hex = is_elastic(nj_stream_window(input->stream));
        st = nj_json_records_read(&records, err);
    }
    nj_span_reader_fini(&r.jaeger.reader);
    nj_arena_free(r.arena);
    free(r.processes);
    return st;
}

const struct nj_importer nj_importer_jaeger_json = {
    .name = "jaeger-json",
    .summary =
        "Jaeger JSON: query API, UI download, lists, bare traces, Elasticsearch documents",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
