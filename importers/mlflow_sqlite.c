/* mlflow_sqlite.c - the tracking database of MLflow 3: spans as JSON in a table, what is said
 * of their traces in others. */
#include "base/jsonw.h"
#include "importers/importer.h"
#include "importers/json_value.h"
#include "importers/mlflow_span.h"
#include "importers/sqlite_beside.h"
#include "importers/sqlite_input.h"
#include "importers/trace_header.h"

#include <inttypes.h>
#include <stdio.h>

enum { PLACE_BYTES = 512, ARENA_BLOCK_BYTES = 64 << 10 };

struct reading {
    struct nj_span_reader reader; /* first: the span format gets this address */
    struct nj_trace_header header;
    struct nj_json_records records; /* for places: every row is a text of its own */
    struct nj_input row;
    char place[PLACE_BYTES];
    const char *path;
    struct nj_buf text; /* of one member of the header */
    struct nj_sqlite_beside infos, tags, metadata, assessments, spans;
    uint64_t spans_len; /* rows of the table of spans so far */
};

/* Members of every span; the rest stands on the root. */
static const char *const shared[] = {"mlflow.trace.session", "mlflow.trace.user", NULL};

/* A text as a member of the header. */
static enum nj_status
text_put(struct reading *r, const char *prefix, struct nj_slice key, struct nj_slice text,
         struct nj_error *err)
{
    struct nj_jsonw w = nj_jsonw_of(&r->text);
    struct nj_json json;

    r->text.len = 0;
    nj_jsonw_text(&w, text);
    if (r->text.is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for what is said of a trace");
    nj_json_init(&json, nj_buf_slice(&r->text), false, r->records.arena);
    return nj_trace_header_put(&r->header, prefix, key, nj_json_name_find(shared, key) != NULL,
                               &json, err);
}

/* The columns of the trace's own row but those that times and ids say. */
static enum nj_status
info_put(struct reading *r, struct nj_error *err)
{
    static const char *const told[] = {"request_id", "execution_time_ms", NULL};
    const struct nj_sqlite_rows *rows = r->infos.rows;
    enum nj_status st = NJ_OK;

    for (int i = 1; i < nj_sqlite_columns(rows) && st == NJ_OK; i++) {
        struct nj_slice name = nj_sqlite_column(rows, i), text = nj_sqlite_text(rows, i);
        if (text.len && !nj_json_name_find(told, name))
            st = text_put(r, "mlflow.trace.", name, text, err);
    }
    return st;
}

/* Rows of (trace, key, value). */
static enum nj_status
pairs_put(struct reading *r, struct nj_sqlite_beside *pairs, const struct nj_value *id,
          struct nj_error *err)
{
    bool is_there;
    enum nj_status st = nj_sqlite_beside_seek(pairs, id, &is_there, err);

    while (st == NJ_OK && is_there) {
        st = text_put(r, "", nj_sqlite_text(pairs->rows, 1), nj_sqlite_text(pairs->rows, 2),
                      err);
        if (st == NJ_OK)
            st = nj_sqlite_beside_next(pairs, id, &is_there, err);
    }
    return st;
}

static void
text_member(struct nj_jsonw *w, const char *key, struct nj_slice text)
{
    if (text.len)
        nj_jsonw_key_text(w, key, text);
}

/* One assessment as traces.json has it; its value is JSON already. */
static void
assessment_write(struct reading *r, struct nj_jsonw *w)
{
    const struct nj_sqlite_rows *rows = r->assessments.rows;
    struct nj_slice value = nj_sqlite_text(rows, 2);
    struct nj_json check;

    nj_json_init(&check, value, false, r->records.arena);
    bool is_json = nj_json_skip(&check) && nj_json_at_end(&check);
    nj_jsonw_object(w);
    text_member(w, "name", nj_sqlite_text(rows, 1));
    nj_jsonw_key(w, "feedback");
    nj_jsonw_object(w);
    nj_jsonw_key(w, "value");
    if (is_json)
        nj_jsonw_raw(w, value);
    else
        nj_jsonw_text(w, value);
    nj_jsonw_object_end(w);
    text_member(w, "rationale", nj_sqlite_text(rows, 3));
    text_member(w, "source_type", nj_sqlite_text(rows, 4));
    text_member(w, "span_id", nj_sqlite_text(rows, 5));
    nj_jsonw_object_end(w);
}

static enum nj_status
assessments_put(struct reading *r, const struct nj_value *id, struct nj_error *err)
{
    struct nj_jsonw w = nj_jsonw_of(&r->text);
    struct nj_json json;
    bool is_there;
    enum nj_status st = nj_sqlite_beside_seek(&r->assessments, id, &is_there, err);

    if (st < 0 || !is_there)
        return st;
    r->text.len = 0;
    nj_jsonw_array(&w);
    while (st == NJ_OK && is_there) {
        assessment_write(r, &w);
        st = nj_sqlite_beside_next(&r->assessments, id, &is_there, err);
    }
    nj_jsonw_array_end(&w);
    if (r->text.is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for the assessments of a trace");
    nj_json_init(&json, nj_buf_slice(&r->text), false, r->records.arena);
    return st < 0 ? st
                  : nj_trace_header_put(&r->header, "mlflow.trace.", NJ_SLICE("assessments"),
                                        false, &json, err);
}

/* The current row of the table of spans. */
static enum nj_status
span_read(struct reading *r, struct nj_error *err)
{
    struct nj_slice content = nj_sqlite_text(r->spans.rows, 1);
    struct nj_json json;

    (void)snprintf(r->place, sizeof r->place, "%s: table spans row %" PRIu64, r->path,
                   ++r->spans_len);
    nj_arena_reset(r->records.arena);
    r->records.text = content.ptr;
    nj_json_init(&json, content, false, r->records.arena);
    enum nj_status st = nj_trace_header_record(&r->header, &json, err);
    if (json.error)
        nj_json_records_damage(&r->records, NJ_DIAG_RECORD_INVALID, json.at, json.error);
    return st;
}

static struct nj_value
key_of(struct nj_slice text)
{
    return (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text};
}

/* The spans of one trace, with what is said of it where it has a row of its own. */
static enum nj_status
trace_read(struct reading *r, const struct nj_value *id, bool has_info, struct nj_error *err)
{
    uint64_t before = r->spans_len;
    bool is_there;
    enum nj_status st = has_info ? info_put(r, err) : NJ_OK;

    if (st == NJ_OK)
        st = pairs_put(r, &r->metadata, id, err);
    if (st == NJ_OK)
        st = pairs_put(r, &r->tags, id, err);
    if (st == NJ_OK)
        st = assessments_put(r, id, err);
    if (st == NJ_OK)
        st = nj_sqlite_beside_seek(&r->spans, id, &is_there, err);
    while (st == NJ_OK && is_there) {
        st = span_read(r, err);
        if (st == NJ_OK)
            st = nj_sqlite_beside_next(&r->spans, id, &is_there, err);
    }
    if (st == NJ_OK && r->spans_len == before)
        nj_diag_at(r->records.sink->diags, NJ_DIAG_SPANS_ELSEWHERE, "%s: trace %.*s", r->path,
                   NJ_FMT(id->bytes));
    return st < 0 ? st : nj_trace_header_end(&r->header, err);
}

/* Traces by id; spans whose trace has no row come in the same order. */
static enum nj_status
traces_read(struct reading *r, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    while (st == NJ_OK && (r->infos.has_row || r->spans.has_row)) {
        struct nj_slice info = {0}, span = {0}, first;
        bool unused;
        if (r->infos.has_row)
            info = nj_sqlite_text(r->infos.rows, 0);
        if (r->spans.has_row)
            span = nj_sqlite_text(r->spans.rows, 0);
        bool has_info =
            r->infos.has_row && (!r->spans.has_row || nj_slice_cmp(info, span) <= 0);
        nj_trace_header_clear(&r->header);
        first = nj_arena_copy(r->header.arena, has_info ? info : span);
        if (!first.ptr)
            return nj_fail(err, NJ_ENOMEM, "no memory for the id of a trace");
        struct nj_value id = key_of(first);
        r->header.trace_id = nj_mlflow_trace_id(first);
        st = trace_read(r, &id, has_info, err);
        if (st == NJ_OK && has_info)
            st = nj_sqlite_beside_next(&r->infos, &id, &unused, err);
    }
    return st;
}

static enum nj_status
tables_open(struct reading *r, struct nj_sqlite *db, struct nj_error *err)
{
    const struct {
        struct nj_sqlite_beside *beside;
        const char *table, *sql;
    } tables[] = {
        {&r->infos, "trace_info",
         "SELECT request_id, * FROM trace_info ORDER BY trace_info.request_id"},
        {&r->tags, "trace_tags",
         "SELECT request_id, key, value FROM trace_tags ORDER BY request_id, key"},
        {&r->metadata, "trace_request_metadata",
         "SELECT request_id, key, value FROM trace_request_metadata ORDER BY request_id, key"},
        {&r->assessments, "assessments",
         "SELECT trace_id, name, value, rationale, source_type, span_id FROM assessments"
         " ORDER BY trace_id, assessment_id"},
        {&r->spans, "spans",
         "SELECT trace_id, content FROM spans ORDER BY trace_id, start_time_unix_nano, "
         "span_id"},
    };
    enum nj_status st = NJ_OK;

    for (size_t i = 0; i < NJ_LEN(tables) && st == NJ_OK; i++) {
        st = nj_sqlite_beside_open(tables[i].beside, db, tables[i].table, tables[i].sql, err);
        if (st < 0)
            (void)nj_fail(err, st, "%s: reading table %s", r->path, tables[i].table);
    }
    return st;
}

static void
reading_fini(struct reading *r)
{
    struct nj_sqlite_beside *const all[] = {&r->infos, &r->tags, &r->metadata, &r->assessments,
                                            &r->spans};

    for (size_t i = 0; i < NJ_LEN(all); i++)
        nj_sqlite_beside_close(all[i]);
    nj_span_reader_fini(&r->reader);
    nj_trace_header_fini(&r->header);
    nj_arena_free(r->records.arena);
    nj_buf_fini(&r->text);
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    struct reading r = {.path = input->path,
                        .records = {.sink = sink, .arena = nj_arena_new(ARENA_BLOCK_BYTES)}};
    struct nj_sqlite *db = NULL;
    enum nj_status st = r.records.arena
                            ? nj_sqlite_input_rescue(&db, input, sink->diags, err)
                            : nj_fail(err, NJ_ENOMEM, "no memory to read %s", input->path);

    r.row.path = r.place;
    r.records.input = &r.row;
    if (st == NJ_OK)
        st = nj_span_reader_init(&r.reader, &nj_mlflow_format, &r.records, err);
    if (st == NJ_OK)
        st = nj_trace_header_init(&r.header, &r.reader, nj_span_reader_read, err);
    if (st == NJ_OK)
        st = tables_open(&r, db, err);
    if (st == NJ_OK)
        st = traces_read(&r, err);
    reading_fini(&r);
    nj_sqlite_close(db);
    return st;
}

const struct nj_importer nj_importer_mlflow_sqlite = {
    .name = "mlflow-sqlite",
    .summary = "MLflow 3's SQLite database (tables trace_info, spans)",
    .sqlite_tables = "trace_info trace_tags", /* spans may be elsewhere, which is told */
    .read = read_input,
};
