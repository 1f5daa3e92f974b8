/* view.c - what all views share. */
#include "reports/view.h"

#include "base/glob.h"

#include <stdio.h>

#define NJ_VIEW(id) extern const struct nj_view nj_view_##id;
#include "reports/registry.def"
#undef NJ_VIEW

#define NJ_VIEW(id) &nj_view_##id,
const struct nj_view *const nj_views[] = {
#include "reports/registry.def"
};
#undef NJ_VIEW

const size_t nj_views_len = NJ_LEN(nj_views);

const struct nj_view *
nj_view_find(const char *name)
{
    for (size_t i = 0; i < nj_views_len; i++)
        if (strcmp(nj_views[i]->name, name) == 0)
            return nj_views[i];
    return NULL;
}

bool
nj_view_wants(const struct nj_view_options *options, struct nj_slice agent)
{
    return !options->agent_glob || nj_glob_match(nj_slice_of(options->agent_glob), agent);
}

void
nj_grid_cell_text(struct nj_grid *grid, const struct nj_table *t, size_t row, unsigned column)
{
    if (nj_table_is_null(t, row, column))
        nj_grid_empty(grid);
    else
        nj_grid_text(grid, nj_table_text(t, row, column));
}

void
nj_grid_cell_int(struct nj_grid *grid, const struct nj_table *t, size_t row, unsigned column)
{
    if (nj_table_is_null(t, row, column))
        nj_grid_empty(grid);
    else
        nj_grid_int(grid, nj_table_int(t, row, column));
}

void
nj_grid_cell_real(struct nj_grid *grid, const struct nj_table *t, size_t row, unsigned column)
{
    nj_grid_real(grid, nj_table_real(t, row, column));
}

void
nj_grid_cell_duration(struct nj_grid *grid, const struct nj_table *t, size_t row,
                      unsigned column)
{
    nj_grid_duration(grid, nj_table_real(t, row, column));
}

void
nj_grid_cell_ratio(struct nj_grid *grid, const struct nj_table *t, size_t row, unsigned column)
{
    nj_grid_ratio(grid, nj_table_real(t, row, column));
}

static bool
is_unit(const struct nj_table *t, size_t row, unsigned unit_column, const char *unit)
{
    return nj_slice_eq(nj_table_text(t, row, unit_column), nj_slice_of(unit));
}

void
nj_grid_cell_value(struct nj_grid *grid, const struct nj_table *t, size_t row, unsigned column,
                   unsigned unit_column)
{
    if (is_unit(t, row, unit_column, "ns"))
        nj_grid_cell_duration(grid, t, row, column);
    else if (is_unit(t, row, unit_column, "ratio"))
        nj_grid_cell_ratio(grid, t, row, column);
    else
        nj_grid_cell_real(grid, t, row, column);
}

void
nj_grid_cell_change(struct nj_grid *grid, const struct nj_table *t, size_t row, unsigned column,
                    unsigned unit_column)
{
    char text[40];

    if (grid->is_raw || nj_table_is_null(t, row, column)) {
        nj_grid_cell_real(grid, t, row, column);
        return;
    }
    (void)snprintf(text, sizeof text, "%+.3g %s", nj_table_real(t, row, column) * 100,
                   is_unit(t, row, unit_column, "ratio") ? "pp" : "%");
    nj_grid_text(grid, nj_slice_of(text));
}

/* "a\nb" as "a → b", for people. */
static void
lines_put(struct nj_grid *grid, struct nj_slice text)
{
    struct nj_buf joined = {0};

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n')
            nj_buf_put_text(&joined, grid->is_raw ? " " : " \xE2\x86\x92 ");
        else
            nj_buf_put_char(&joined, text.ptr[i]);
    }
    nj_grid_text(grid, nj_buf_slice(&joined));
    nj_buf_fini(&joined);
}

static void
cell_put(struct nj_grid *g, const struct nj_table *t, size_t row,
         const struct nj_view_column *c, bool is_redacted)
{
    switch (c->format) {
    case NJ_CELL_SECRET:
        if (is_redacted) {
            nj_grid_empty(g);
            return;
        }
        nj_grid_cell_text(g, t, row, c->column);
        return;
    case NJ_CELL_TEXT:
        nj_grid_cell_text(g, t, row, c->column);
        return;
    case NJ_CELL_LINES:
        lines_put(g, nj_table_text(t, row, c->column));
        return;
    case NJ_CELL_INT:
        nj_grid_cell_int(g, t, row, c->column);
        return;
    case NJ_CELL_REAL:
        nj_grid_cell_real(g, t, row, c->column);
        return;
    case NJ_CELL_DURATION:
        nj_grid_cell_duration(g, t, row, c->column);
        return;
    case NJ_CELL_RATIO:
        nj_grid_cell_ratio(g, t, row, c->column);
        return;
    }
}

void
nj_view_put_table(const struct nj_view_table *view, const struct nj_results *results,
                  const struct nj_view_options *options,
                  void (*write)(const struct nj_grid *grid, struct nj_buf *out),
                  struct nj_buf *out)
{
    const struct nj_table *t = nj_results_view(results, view->id);
    size_t shown = 0, wanted = 0;
    struct nj_grid g;

    nj_grid_init(&g, view->title, options->is_raw);
    for (size_t c = 0; c < view->columns_len; c++) {
        const struct nj_view_column *column = &view->columns[c];
        nj_grid_column(&g, column->header, nj_table_spec(t)->columns[column->column].name,
                       column->format >= NJ_CELL_INT && column->format <= NJ_CELL_RATIO);
    }
    for (size_t r = 0; r < nj_table_len(t); r++) {
        if (view->wants && !view->wants(t, r, options))
            continue;
        wanted++;
        if (view->rows_max && shown == view->rows_max && !options->is_raw)
            continue;
        shown++;
        for (size_t c = 0; c < view->columns_len; c++)
            cell_put(&g, t, r, &view->columns[c], options->is_redacted);
    }
    if (wanted > 0 || options->is_raw)
        write(&g, out);
    if (wanted > shown)
        nj_buf_printf(out, "… and %zu more\n", wanted - shown);
    nj_grid_fini(&g);
}

void
nj_json_cell(struct nj_jsonw *out, const struct nj_table *table, size_t row, unsigned column)
{
    if (nj_table_is_null(table, row, column)) {
        nj_jsonw_null(out);
        return;
    }
    switch (nj_table_spec(table)->columns[column].type) {
    case NJ_COLUMN_TEXT:
    case NJ_COLUMN_BLOB:
        nj_jsonw_text(out, nj_table_text(table, row, column));
        break;
    case NJ_COLUMN_INT:
        nj_jsonw_int(out, nj_table_int(table, row, column));
        break;
    case NJ_COLUMN_REAL:
        nj_jsonw_real(out, nj_table_real(table, row, column));
        break;
    }
}

void
nj_json_row(struct nj_jsonw *out, const struct nj_table *table, size_t row, unsigned first,
            unsigned last)
{
    nj_jsonw_object(out);
    for (unsigned c = first; c < last; c++) {
        if (nj_table_spec(table)->columns[c].type == NJ_COLUMN_BLOB)
            continue; /* bytes for our own use */
        nj_jsonw_key(out, nj_table_spec(table)->columns[c].name);
        nj_json_cell(out, table, row, c);
    }
    nj_jsonw_object_end(out);
}

void
nj_json_interval(struct nj_jsonw *out, const char *key, const struct nj_table *table,
                 size_t row, unsigned est, unsigned lo, unsigned hi)
{
    nj_jsonw_key(out, key);
    nj_jsonw_object(out);
    nj_jsonw_key(out, "est");
    nj_json_cell(out, table, row, est);
    nj_jsonw_key(out, "lo");
    nj_json_cell(out, table, row, lo);
    nj_jsonw_key(out, "hi");
    nj_json_cell(out, table, row, hi);
    nj_jsonw_object_end(out);
}

void
nj_json_table(struct nj_jsonw *out, const char *key, const struct nj_results *results,
              enum nj_table_id id)
{
    const struct nj_table *table = nj_results_view(results, id);

    nj_jsonw_key(out, key);
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(table); r++)
        nj_json_row(out, table, r, 0, (unsigned)nj_table_spec(table)->columns_len);
    nj_jsonw_array_end(out);
}
