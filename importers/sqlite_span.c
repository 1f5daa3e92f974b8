/* sqlite_span.c - one span out of one row of a query, by a table of its columns. */
#include "importers/sqlite_span.h"

#include "base/clock.h"
#include "importers/json_value.h"

#include <inttypes.h>

enum { NAMES_BLOCK = 4096 };

/* What each column of the query is. */
static bool
columns_find(struct nj_sqlite_spans *s)
{
    s->columns_len = nj_sqlite_columns(s->rows);
    if (s->columns_len > NJ_SQLITE_COLUMNS_MAX)
        s->columns_len = NJ_SQLITE_COLUMNS_MAX;
    for (int i = 0; i < s->columns_len; i++) {
        struct column *column = &s->columns[i];
        const char *attr = NULL;
        column->name = nj_arena_copy(s->names, nj_sqlite_column(s->rows, i));
        column->field = NJ_FIELD_ATTR;
        for (size_t k = 0; k < s->fields_len; k++)
            if (nj_slice_eq(column->name, nj_slice_of(s->fields[k].key))) {
                column->field = s->fields[k].field;
                attr = s->fields[k].attr;
            }
        column->attr = attr ? nj_slice_of(attr)
                            : nj_key_join(s->names, nj_slice_of(s->prefix), column->name);
        if (!column->name.ptr || !column->attr.ptr)
            return false;
    }
    return true;
}

enum nj_status
nj_sqlite_spans_open(struct nj_sqlite_spans *s, struct nj_sqlite *db, const char *sql,
                     struct nj_error *err)
{
    s->rows = NULL;
    s->row = 0;
    s->names = nj_arena_new(NAMES_BLOCK);
    enum nj_status st = nj_draft_init(&s->draft, err);
    if (st == NJ_OK)
        st = nj_sqlite_query(&s->rows, db, sql, err);
    if (st == NJ_OK && (!s->names || !columns_find(s)))
        st = nj_fail(err, NJ_ENOMEM, "no memory for the columns of a table");
    return st < 0 ? nj_fail(err, st, "%s: reading table %s", s->path, s->table) : st;
}

void
nj_sqlite_spans_close(struct nj_sqlite_spans *s)
{
    nj_sqlite_rows_close(s->rows);
    nj_draft_fini(&s->draft);
    nj_arena_free(s->names);
}

void
nj_sqlite_spans_damage(struct nj_sqlite_spans *s, enum nj_diag_id id, struct nj_slice column)
{
    nj_diag_at(s->sink->diags, id, "%s: table %s row %" PRIu64 ": %.*s", s->path, s->table,
               s->row, NJ_FMT(column));
}

/* A JSON object as attributes; what is none stays text. */
static void
attrs_read(struct nj_sqlite_spans *s, const struct column *column, struct nj_slice text)
{
    struct nj_attr_list *attrs = &s->draft.attrs;
    struct nj_json json;
    size_t before = attrs->len;

    nj_json_init(&json, text, false, s->draft.arena);
    if (nj_json_attrs(&json, column->attr.ptr, attrs) && nj_json_at_end(&json))
        return;
    attrs->len = before;
    nj_attr_list_put(attrs, nj_key_join(s->draft.arena, nj_slice_of(s->prefix), column->name),
                     (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text});
    nj_sqlite_spans_damage(s, NJ_DIAG_ATTRIBUTE_INVALID, column->name);
}

static int64_t
time_read(struct nj_sqlite_spans *s, const struct column *column, struct nj_slice text)
{
    int64_t time_ns;

    if (nj_time_parse(text, &time_ns))
        return time_ns;
    nj_sqlite_spans_damage(s, NJ_DIAG_ATTRIBUTE_INVALID, column->name);
    return NJ_NO_TIME;
}

static void
column_read(struct nj_sqlite_spans *s, const struct column *column, int i)
{
    struct nj_span *span = &s->draft.span;
    struct nj_slice text = nj_sqlite_text(s->rows, i);

    switch (column->field) {
    case NJ_FIELD_TRACE_ID:
        s->has_trace = nj_trace_id_parse(text, &span->trace_id, &span->trace_text);
        break;
    case NJ_FIELD_SPAN_ID:
        s->has_span = nj_span_id_parse(text, &span->span_id, &span->span_text);
        break;
    case NJ_FIELD_PARENT_ID:
        span->has_parent = nj_span_id_parse(text, &span->parent_id, &span->parent_text);
        break;
    case NJ_FIELD_NAME:
        span->name = text;
        break;
    case NJ_FIELD_MESSAGE:
        span->status_message = text;
        break;
    case NJ_FIELD_STATUS:
        (void)nj_status_code_parse(text, &span->status);
        break;
    case NJ_FIELD_START:
        span->start_ns = time_read(s, column, text);
        break;
    case NJ_FIELD_END:
        span->end_ns = time_read(s, column, text);
        break;
    case NJ_FIELD_ATTRS:
        attrs_read(s, column, text);
        break;
    case NJ_FIELD_TEXT:
        nj_attr_list_put(&s->draft.attrs, column->attr,
                         (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text});
        break;
    case NJ_FIELD_ATTR:
        nj_attr_list_put(&s->draft.attrs, column->attr, nj_sqlite_value(s->rows, i));
        break;
    case NJ_FIELD_SKIP:
    case NJ_FIELD_SPECIAL:
    case NJ_FIELD_TRACE_STATE:
    case NJ_FIELD_KIND:
    case NJ_FIELD_RESOURCE:
    case NJ_FIELD_START_NS:
    case NJ_FIELD_END_NS:
    case NJ_FIELD_START_US:
    case NJ_FIELD_DURATION_US:
    case NJ_FIELD_DURATION_NS:
        break;
    }
}

enum nj_status
nj_sqlite_spans_next(struct nj_sqlite_spans *s, struct nj_error *err)
{
    enum nj_status st = nj_sqlite_next(s->rows, err);

    if (st < 0)
        return nj_fail(err, st, "%s: reading table %s", s->path, s->table);
    if (st == NJ_DONE)
        return NJ_DONE;
    s->row++;
    s->has_trace = s->has_span = false;
    nj_draft_clear(&s->draft);
    for (int i = 0; i < s->columns_len; i++)
        if (nj_sqlite_value(s->rows, i).type != NJ_VALUE_NULL)
            column_read(s, &s->columns[i], i);
    return NJ_OK;
}

static int
column_index(const struct nj_sqlite_spans *s, const char *name)
{
    for (int i = 0; i < s->columns_len; i++)
        if (nj_slice_eq(s->columns[i].name, nj_slice_of(name)))
            return i;
    return -1;
}

struct nj_slice
nj_sqlite_spans_text(const struct nj_sqlite_spans *s, const char *name)
{
    int i = column_index(s, name);
    return i < 0 ? (struct nj_slice){"", 0} : nj_sqlite_text(s->rows, i);
}

struct nj_value
nj_sqlite_spans_value(const struct nj_sqlite_spans *s, const char *name)
{
    int i = column_index(s, name);
    return i < 0 ? (struct nj_value){.type = NJ_VALUE_NULL} : nj_sqlite_value(s->rows, i);
}

enum nj_status
nj_sqlite_spans_send(struct nj_sqlite_spans *s, struct nj_error *err)
{
    if (s->has_trace && s->has_span)
        return nj_draft_send(&s->draft, s->sink, err);
    nj_sqlite_spans_damage(s, NJ_DIAG_SPAN_INVALID,
                           s->has_trace ? NJ_SLICE("no span id") : NJ_SLICE("no trace id"));
    return NJ_OK;
}
