/* phoenix_sqlite.c - Phoenix's SQLite database: spans with nested attributes, projects as
 * resources, annotations and costs of spans in tables of their own. */
#include "base/clock.h"
#include "importers/importer.h"
#include "importers/json_flatten.h"
#include "importers/phoenix_span.h"
#include "importers/sqlite_beside.h"
#include "importers/sqlite_span.h"

#include <inttypes.h>
#include <stdio.h>

static const struct nj_field_spec fields[] = {
    {"rowid", NJ_FIELD_SKIP, NULL},         {"trace_id", NJ_FIELD_TRACE_ID, NULL},
    {"span_id", NJ_FIELD_SPAN_ID, NULL},    {"parent_id", NJ_FIELD_PARENT_ID, NULL},
    {"name", NJ_FIELD_NAME, NULL},          {"span_kind", NJ_FIELD_SPECIAL, NULL},
    {"start_time", NJ_FIELD_START, NULL},   {"end_time", NJ_FIELD_END, NULL},
    {"attributes", NJ_FIELD_SPECIAL, NULL}, {"events", NJ_FIELD_SPECIAL, NULL},
    {"status_code", NJ_FIELD_STATUS, NULL}, {"status_message", NJ_FIELD_MESSAGE, NULL},
    {"project", NJ_FIELD_SPECIAL, NULL},    {"session", NJ_FIELD_SPECIAL, NULL},
};

struct reading {
    struct nj_sqlite_spans spans;
    struct nj_sqlite_beside annotations, costs;
    struct nj_arena *arena; /* of the project's name */
    struct nj_slice project;
    uint32_t scope;
    bool has_scope;
};

static void
kept_put(struct nj_draft *draft, struct nj_slice key, struct nj_value value)
{
    if (value.type == NJ_VALUE_NULL)
        return;
    if (value.type == NJ_VALUE_STRING || value.type == NJ_VALUE_BYTES) {
        value.bytes = nj_arena_copy(draft->arena, value.bytes);
        draft->is_failed |= !value.bytes.ptr;
    }
    nj_attr_list_put(&draft->attrs, key, value);
}

/* Annotations as OpenInference spells them: annotations.0.annotation.label. */
static enum nj_status
annotations_read(struct reading *r, const struct nj_value *rowid, struct nj_error *err)
{
    static const char *const columns[] = {"name", "label", "score", "explanation",
                                          "annotator_kind"};
    struct nj_draft *draft = &r->spans.draft;
    char key[64];
    bool is_there;
    enum nj_status st = nj_sqlite_beside_seek(&r->annotations, rowid, &is_there, err);

    for (unsigned number = 0; st == NJ_OK && is_there; number++) {
        for (size_t i = 0; i < NJ_LEN(columns); i++) {
            int len =
                snprintf(key, sizeof key, "annotations.%u.annotation.%s", number, columns[i]);
            kept_put(draft, nj_arena_copy(draft->arena, (struct nj_slice){key, (size_t)len}),
                     nj_sqlite_value(r->annotations.rows, (int)i + 1));
        }
        st = nj_sqlite_beside_next(&r->annotations, rowid, &is_there, err);
    }
    return st;
}

static enum nj_status
costs_read(struct reading *r, const struct nj_value *rowid, struct nj_error *err)
{
    static const struct nj_slice keys[] = {
        {"llm.cost.total", 14}, {"llm.cost.prompt", 15}, {"llm.cost.completion", 19}};
    bool is_there;
    enum nj_status st = nj_sqlite_beside_seek(&r->costs, rowid, &is_there, err);

    for (size_t i = 0; st == NJ_OK && is_there && i < NJ_LEN(keys); i++)
        kept_put(&r->spans.draft, keys[i], nj_sqlite_value(r->costs.rows, (int)i + 1));
    return st;
}

/* The project is the resource. */
static enum nj_status
scope_find(struct reading *r, struct nj_error *err)
{
    struct nj_slice project = nj_sqlite_spans_text(&r->spans, "project");
    struct nj_attr attr = {NJ_SLICE("openinference.project.name"),
                           {.type = NJ_VALUE_STRING, .bytes = project}};
    struct nj_scope scope = {.resource = {.list = &attr, .len = project.len > 0}};

    if (r->has_scope && nj_slice_eq(project, r->project))
        return NJ_OK;
    nj_arena_reset(r->arena);
    r->project = nj_arena_copy(r->arena, project);
    if (!r->project.ptr)
        return nj_fail(err, NJ_ENOMEM, "no memory for the name of a project");
    r->has_scope = true;
    return r->spans.sink->scope(r->spans.sink, &scope, &r->scope, err);
}

static void
event_member(struct nj_json *json, struct nj_slice key, struct nj_event *event,
             struct nj_draft *draft)
{
    struct nj_slice text;

    if (nj_slice_eq(key, NJ_SLICE("name"))) {
        (void)nj_json_any_text(json, &event->name);
    } else if (nj_slice_eq(key, NJ_SLICE("timestamp"))) {
        if (nj_json_any_text(json, &text) && !nj_time_parse(text, &event->time_ns))
            event->time_ns = NJ_NO_TIME;
    } else if (nj_slice_eq(key, NJ_SLICE("attributes")) &&
               nj_json_peek(json) == NJ_JSON_OBJECT) {
        (void)nj_json_flatten(json, nj_phoenix_whole, &draft->event_attrs);
    } else {
        (void)nj_json_skip(json);
    }
}

/* false: the text is no list of events; those before the damage are kept. */
static bool
events_read(struct nj_draft *draft, struct nj_slice text)
{
    struct nj_json json;
    struct nj_slice key;
    bool is_good = true;

    nj_json_init(&json, text, false, draft->arena);
    if (nj_json_peek(&json) == NJ_JSON_NULL || !nj_json_array(&json))
        return !json.error;
    while (nj_json_array_next(&json)) {
        struct nj_event event = {.time_ns = NJ_NO_TIME};
        if (!nj_json_object(&json))
            return false;
        while (nj_json_object_next(&json, &key))
            event_member(&json, key, &event, draft);
        is_good &= event.time_ns != NJ_NO_TIME && !json.error;
        if (event.time_ns == NJ_NO_TIME || json.error)
            nj_draft_event_drop(draft);
        else
            nj_draft_event(draft, &event);
    }
    return is_good && !json.error;
}

static bool
has_attr(const struct nj_draft *draft, struct nj_slice key)
{
    for (size_t i = 0; i < draft->attrs.len; i++)
        if (nj_slice_eq(draft->attrs.list[i].key, key))
            return true;
    return false;
}

/* What Phoenix put into columns of their own and did not leave among the attributes. */
static void
column_put(struct reading *r, struct nj_slice key, const char *column)
{
    struct nj_slice text = nj_sqlite_spans_text(&r->spans, column);

    if (text.len && !nj_slice_eq(text, NJ_SLICE("UNKNOWN")) && !has_attr(&r->spans.draft, key))
        kept_put(&r->spans.draft, key,
                 (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text});
}

static void
json_read(struct reading *r)
{
    struct nj_draft *draft = &r->spans.draft;
    struct nj_slice text = nj_sqlite_spans_text(&r->spans, "attributes");
    struct nj_json json;

    nj_json_init(&json, text, false, draft->arena);
    if (text.len && (nj_json_peek(&json) != NJ_JSON_OBJECT ||
                     !nj_json_flatten(&json, nj_phoenix_whole, &draft->attrs)))
        nj_sqlite_spans_damage(&r->spans, NJ_DIAG_ATTRIBUTE_INVALID, NJ_SLICE("attributes"));
    text = nj_sqlite_spans_text(&r->spans, "events");
    if (text.len && !events_read(draft, text))
        nj_sqlite_spans_damage(&r->spans, NJ_DIAG_ATTRIBUTE_INVALID, NJ_SLICE("events"));
    column_put(r, NJ_SLICE("openinference.span.kind"), "span_kind");
    column_put(r, NJ_SLICE("session.id"), "session");
}

/* SQLite's binary JSON can only be read by the SQLite that wrote it. */
static enum nj_status
json_check(const struct reading *r, struct nj_error *err)
{
    static const char *const columns[] = {"attributes", "events"};

    for (size_t i = 0; i < NJ_LEN(columns); i++)
        if (nj_sqlite_spans_value(&r->spans, columns[i]).type == NJ_VALUE_BYTES)
            return nj_fail(err, NJ_EFORMAT,
                           "%s: table spans row %" PRIu64
                           ": %s are binary JSON; make them text first: UPDATE spans SET %s = "
                           "json(%s)",
                           r->spans.path, r->spans.row, columns[i], columns[i], columns[i]);
    return NJ_OK;
}

static enum nj_status
span_read(struct reading *r, struct nj_error *err)
{
    struct nj_value rowid = nj_sqlite_spans_value(&r->spans, "rowid");
    enum nj_status st = json_check(r, err);

    if (st < 0)
        return st;
    json_read(r);
    st = annotations_read(r, &rowid, err);
    if (st == NJ_OK)
        st = costs_read(r, &rowid, err);
    if (st == NJ_OK)
        st = scope_find(r, err);
    r->spans.draft.span.scope = r->scope;
    return st == NJ_OK ? nj_sqlite_spans_send(&r->spans, err) : st;
}

/* Annotations of things that are no spans have no place in a trace; they are counted. */
static enum nj_status
others_count(struct reading *r, struct nj_sqlite *db, struct nj_error *err)
{
    static const char *const tables[] = {"trace_annotations", "document_annotations",
                                         "project_session_annotations"};
    enum nj_status st = NJ_OK;

    for (size_t i = 0; i < NJ_LEN(tables) && st == NJ_OK; i++) {
        struct nj_sqlite_rows *rows = NULL;
        char sql[80];
        (void)snprintf(sql, sizeof sql, "SELECT id FROM %s ORDER BY id", tables[i]);
        if (nj_sqlite_has_table(db, tables[i]))
            st = nj_sqlite_query(&rows, db, sql, err);
        while (rows && st == NJ_OK && (st = nj_sqlite_next(rows, err)) == NJ_OK)
            nj_diag_at(r->spans.sink->diags, NJ_DIAG_ANNOTATION_SKIPPED,
                       "%s: table %s row %.*s", r->spans.path, tables[i],
                       NJ_FMT(nj_sqlite_text(rows, 0)));
        nj_sqlite_rows_close(rows);
        st = st == NJ_DONE ? NJ_OK : st;
    }
    return st;
}

/* Sessions are younger than the other tables. */
#define SPANS_SQL(session, join)                                                               \
    "SELECT s.id AS rowid, t.trace_id AS trace_id, s.span_id AS span_id,"                      \
    " nullif(s.parent_id, 'None') AS parent_id, s.name AS name, s.span_kind AS span_kind,"                     \
    " s.start_time AS start_time, s.end_time AS end_time, s.attributes AS attributes,"         \
    " s.events AS events, s.status_code AS status_code, s.status_message AS status_message,"   \
    " p.name AS project" session " FROM spans s LEFT JOIN traces t ON t.id = s.trace_rowid"    \
    " LEFT JOIN projects p ON p.id = t.project_rowid" join " ORDER BY s.id"

static enum nj_status
tables_open(struct reading *r, struct nj_sqlite *db, struct nj_error *err)
{
    bool has_sessions = nj_sqlite_has_column(db, "traces", "project_session_rowid");
    const char *sql =
        has_sessions
            ? SPANS_SQL(", x.session_id AS session",
                        " LEFT JOIN project_sessions x ON x.id = t.project_session_rowid")
            : SPANS_SQL("", "");
    enum nj_status st = nj_sqlite_spans_open(&r->spans, db, sql, err);

    if (st == NJ_OK)
        st = nj_sqlite_beside_open(
            &r->annotations, db, "span_annotations",
            "SELECT span_rowid, name, label, score, explanation, annotator_kind"
            " FROM span_annotations ORDER BY span_rowid, id",
            err);
    if (st == NJ_OK)
        st = nj_sqlite_beside_open(&r->costs, db, "span_costs",
                                   "SELECT span_rowid, total_cost, prompt_cost, completion_cost"
                                   " FROM span_costs ORDER BY span_rowid, id",
                                   err);
    return st;
}

static enum nj_status
read_input(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    struct reading r = {.spans = {.path = input->path,
                                  .table = "spans",
                                  .fields = fields,
                                  .fields_len = NJ_LEN(fields),
                                  .prefix = "phoenix.",
                                  .sink = sink},
                        .arena = nj_arena_new(1024)};
    struct nj_sqlite *db = NULL;
    enum nj_status st = r.arena ? nj_sqlite_input_rescue(&db, input, sink->diags, err)
                                : nj_fail(err, NJ_ENOMEM, "no memory to read %s", input->path);

    if (st == NJ_OK)
        st = tables_open(&r, db, err);
    while (st == NJ_OK && (st = nj_sqlite_spans_next(&r.spans, err)) == NJ_OK)
        st = span_read(&r, err);
    if (st == NJ_DONE)
        st = others_count(&r, db, err);
    nj_sqlite_spans_close(&r.spans);
    nj_sqlite_beside_close(&r.annotations);
    nj_sqlite_beside_close(&r.costs);
    nj_sqlite_close(db);
    nj_arena_free(r.arena);
    return st;
}

const struct nj_importer nj_importer_phoenix_sqlite = {
    .name = "phoenix-sqlite",
    .summary = "Phoenix's SQLite database (tables projects, traces, spans)",
    .sqlite_tables = "projects traces spans",
    .read = read_input,
};
