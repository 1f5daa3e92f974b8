/* mlflow_json.c - MLflow's traces.json: traces with their info and spans, or what is in one
 * trace's data. */
#include "importers/importer.h"
#include "importers/json_sniff.h"
#include "importers/json_value.h"
#include "importers/mlflow_span.h"
#include "importers/trace_header.h"

struct reading {
    struct nj_span_reader reader; /* first: the span format gets this address */
    struct nj_trace_header header;
};

/* Members of these objects keep their names, which are MLflow's already. */
static const char *const named[] = {"trace_metadata", "request_metadata", "tags", NULL};
/* Those go to all spans of the trace. */
static const char *const shared[] = {"mlflow.trace.session", "mlflow.trace.user", NULL};
/* What times say better, or ids. */
static const char *const derived[] = {"execution_time_ms", "execution_duration",
                                      "execution_duration_ms", NULL};

/* A trace stands by itself, in a list of them, or in the answer to a search. */
static bool
is_trace(const char *container)
{
    return !container || strcmp(container, "traces") == 0;
}

static enum nj_status
begin(void *context, const char *container, struct nj_error *err)
{
    struct reading *r = context;

    (void)err;
    if (is_trace(container))
        nj_trace_header_clear(&r->header);
    return NJ_OK;
}

static enum nj_status
named_read(struct reading *r, struct nj_json *json, struct nj_error *err)
{
    struct nj_slice key;
    enum nj_status st = NJ_OK;

    (void)nj_json_object(json);
    while (st == NJ_OK && nj_json_object_next(json, &key))
        st = nj_trace_header_put(&r->header, "", key, nj_json_name_find(shared, key) != NULL,
                                 json, err);
    return st;
}

/* One member of `info`, or of the data beside the spans. */
static enum nj_status
info_member_read(struct reading *r, const char *prefix, struct nj_slice key,
                 struct nj_json *json, struct nj_error *err)
{
    static const char *const ids[] = {"trace_id", "request_id", NULL};

    if (nj_json_name_find(ids, key) && r->header.trace_id.len == 0) {
        enum nj_status st = nj_trace_header_put_id(&r->header, json, err);
        r->header.trace_id = nj_mlflow_trace_id(r->header.trace_id);
        return st;
    }
    if (nj_json_name_find(derived, key) || nj_json_name_find(ids, key)) {
        (void)nj_json_skip(json);
        return NJ_OK;
    }
    if (nj_json_name_find(named, key) && nj_json_peek(json) == NJ_JSON_OBJECT)
        return named_read(r, json, err);
    return nj_trace_header_put(&r->header, prefix, key, false, json, err);
}

static enum nj_status
member(void *context, const char *container, struct nj_slice key, struct nj_json *json,
       struct nj_error *err)
{
    struct reading *r = context;
    enum nj_status st = NJ_OK;

    (void)container;
    if (!nj_slice_eq(key, NJ_SLICE("info")) || nj_json_peek(json) != NJ_JSON_OBJECT)
        return info_member_read(r, "mlflow.data.", key, json, err);
    (void)nj_json_object(json);
    while (st == NJ_OK && nj_json_object_next(json, &key))
        st = info_member_read(r, "mlflow.trace.", key, json, err);
    return st;
}

static enum nj_status
record(void *context, struct nj_json *json, struct nj_error *err)
{
    struct reading *r = context;

    return nj_trace_header_record(&r->header, json, err);
}

static enum nj_status
end(void *context, const char *container, struct nj_error *err)
{
    struct reading *r = context;

    return is_trace(container) ? nj_trace_header_end(&r->header, err) : NJ_OK;
}

/* The info may stand behind the spans. */
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
        {"data/spans", "name attributes", "start_time_unix_nano context span_id",
         "operationName resourceSpans span_kind"},
        {"info", "", "trace_id request_id", "resourceSpans"},
        {"traces/info", "", "trace_id request_id", ""},
        {"spans", "name attributes", "start_time_unix_nano context span_id",
         "operationName resourceSpans span_kind"},
    };

    (void)is_whole;
    return nj_json_sniff(head, looks, NJ_LEN(looks), "spans mlflow.traceRequestId");
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    static const char *const lists[] = {"spans", NULL};
    static const char *const containers[] = {"data", "traces", NULL};
    static const char *const marks[] = {"span_id", "context", "start_time_unix_nano", NULL};
    static const struct nj_json_shape shape = {lists, containers, marks};
    struct reading r = {.header = {0}};
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

    enum nj_status st = nj_span_reader_init(&r.reader, &nj_mlflow_format, &records, err);
    if (st == NJ_OK)
        st = nj_trace_header_init(&r.header, &r.reader, nj_span_reader_read, err);
    if (st == NJ_OK)
        st = nj_json_records_read(&records, err);
    nj_span_reader_fini(&r.reader);
    nj_trace_header_fini(&r.header);
    return st;
}

const struct nj_importer nj_importer_mlflow_json = {
    .name = "mlflow-json",
    .summary = "MLflow traces.json, and what its search finds: traces with info and spans",
    .can_resume = true,
    .sniff = sniff,
    .read = read_input,
};
