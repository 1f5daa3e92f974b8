/* view.h - what a command prints of the results: one file an analyzer, one line in
 * registry.def. Text and CSV come from grids; the shapes of JSON are promises to other
 * programs (floor 5). */
#ifndef NJ_REPORTS_VIEW_H
#define NJ_REPORTS_VIEW_H

#include "base/jsonw.h"
#include "reports/grid.h"
#include "schema/results.h"

struct nj_view_options {
    const char *agent_glob; /* rows of other agents are left out; NULL: all */
    const char *by;         /* grouping, where there is a choice; NULL: the view's default */
    const char *scope;      /* of critical paths, "root" or "trace"; NULL: rows of both */
    bool is_raw;            /* numbers for programs */
    bool is_redacted;       /* no texts of errors, prompts or arguments */
};

struct nj_view {
    const char *name; /* of the command and analyzer */
    /* Appends one grid after the other: `write` is called for each when it is filled. */
    void (*grids)(const struct nj_results *results, const struct nj_view_options *options,
                  void (*write)(const struct nj_grid *grid, struct nj_buf *out),
                  struct nj_buf *out);
    /* One JSON object. */
    void (*json)(const struct nj_results *results, const struct nj_view_options *options,
                 struct nj_jsonw *out);
};

extern const struct nj_view *const nj_views[];
extern const size_t nj_views_len;
const struct nj_view *nj_view_find(const char *name);

/* Whether a row of this agent is wanted. */
bool nj_view_wants(const struct nj_view_options *options, struct nj_slice agent);

enum nj_cell_format {
    NJ_CELL_TEXT,
    NJ_CELL_LINES, /* text of several lines, shown with arrows between */
    NJ_CELL_INT,
    NJ_CELL_REAL,
    NJ_CELL_DURATION, /* nanoseconds */
    NJ_CELL_RATIO,    /* 0 to 1 */
    NJ_CELL_SECRET,   /* text that redaction leaves out */
};

/* How one column of a table of results is shown. */
struct nj_view_column {
    unsigned column;
    const char *header;
    enum nj_cell_format format;
};

/* A grid of a whole table: rows for which `wants` (NULL: all) says so. The headers for programs
 * are the names of the columns. */
struct nj_view_table {
    enum nj_table_id id;
    const char *title;
    const struct nj_view_column *columns;
    size_t columns_len;
    bool (*wants)(const struct nj_table *table, size_t row,
                  const struct nj_view_options *options);
    size_t rows_max; /* for people; 0: all */
};
void nj_view_put_table(const struct nj_view_table *view, const struct nj_results *results,
                       const struct nj_view_options *options,
                       void (*write)(const struct nj_grid *grid, struct nj_buf *out),
                       struct nj_buf *out);

/* Cells of a results table, null as an empty cell. */
void nj_grid_cell_text(struct nj_grid *grid, const struct nj_table *t, size_t row,
                       unsigned column);
void nj_grid_cell_int(struct nj_grid *grid, const struct nj_table *t, size_t row,
                      unsigned column);
void nj_grid_cell_real(struct nj_grid *grid, const struct nj_table *t, size_t row,
                       unsigned column);
void nj_grid_cell_duration(struct nj_grid *grid, const struct nj_table *t, size_t row,
                           unsigned column);
void nj_grid_cell_ratio(struct nj_grid *grid, const struct nj_table *t, size_t row,
                        unsigned column);

/* A value whose unit, ns, ratio or another, stands in `unit_column`. */
void nj_grid_cell_value(struct nj_grid *grid, const struct nj_table *t, size_t row,
                        unsigned column, unsigned unit_column);
/* A change of such a value: "+12 %", or "+1.2 pp" of shares; a number for programs. */
void nj_grid_cell_change(struct nj_grid *grid, const struct nj_table *t, size_t row,
                         unsigned column, unsigned unit_column);

/* One row of a table as a JSON object with the names of its columns; columns [first, last). */
void nj_json_row(struct nj_jsonw *out, const struct nj_table *table, size_t row, unsigned first,
                 unsigned last);
/* A value of a table, null where there is none. */
void nj_json_cell(struct nj_jsonw *out, const struct nj_table *table, size_t row,
                  unsigned column);
/* "key": {"est":…,"lo":…,"hi":…} from three columns. */
void nj_json_interval(struct nj_jsonw *out, const char *key, const struct nj_table *table,
                      size_t row, unsigned est, unsigned lo, unsigned hi);
/* "key": [rows as objects]. */
void nj_json_table(struct nj_jsonw *out, const char *key, const struct nj_results *results,
                   enum nj_table_id id);

#endif
