/* sqlite_span.h - one span out of one row of a query, by a table of its columns (floor 3).
 *
 * Columns that the table does not name become attributes, their names behind a prefix; NULL is
 * the same as nothing. */
#ifndef NJ_IMPORTERS_SQLITE_SPAN_H
#define NJ_IMPORTERS_SQLITE_SPAN_H

#include "importers/draft.h"
#include "importers/json_span.h"
#include "importers/sqlite_input.h"

enum { NJ_SQLITE_COLUMNS_MAX = 100 };

struct nj_sqlite_spans {
    /* Set by the caller. */
    const char *path;
    const char *table;                  /* for places */
    const struct nj_field_spec *fields; /* `key` is the name of a column; ATTRS need `attr` */
    size_t fields_len;
    const char *prefix; /* before columns that become attributes: "mastra." */
    struct nj_sink *sink;

    struct nj_draft draft; /* the span of the current row */
    bool has_trace, has_span;
    struct nj_sqlite_rows *rows;
    uint64_t row; /* counted from 1 */
    struct nj_arena *names;
    int columns_len;
    struct column {
        enum nj_field field;
        struct nj_slice name, attr;
    } columns[NJ_SQLITE_COLUMNS_MAX];
};

/* Starts a query. NJ_EFORMAT where the file has not its tables and columns. */
enum nj_status nj_sqlite_spans_open(struct nj_sqlite_spans *spans, struct nj_sqlite *db,
                                    const char *sql, struct nj_error *err) NJ_CHECKED;
/* Whether it was opened or not, if it was zeroed before. */
void nj_sqlite_spans_close(struct nj_sqlite_spans *spans);

/* Reads the next row into the draft: NJ_OK, or NJ_DONE after the last. Texts are borrowed until
 * the next call. */
enum nj_status nj_sqlite_spans_next(struct nj_sqlite_spans *spans,
                                    struct nj_error *err) NJ_CHECKED;
/* Text of a column of the current row; empty where there is no such column. */
struct nj_slice nj_sqlite_spans_text(const struct nj_sqlite_spans *spans, const char *column);
/* The value of a column of the current row; NULL where there is no such column. */
struct nj_value nj_sqlite_spans_value(const struct nj_sqlite_spans *spans, const char *column);
/* Hands the span over; one without usable ids is counted instead. */
enum nj_status nj_sqlite_spans_send(struct nj_sqlite_spans *spans,
                                    struct nj_error *err) NJ_CHECKED;
/* Counts damage of the current row. */
void nj_sqlite_spans_damage(struct nj_sqlite_spans *spans, enum nj_diag_id id,
                            struct nj_slice column);

#endif
