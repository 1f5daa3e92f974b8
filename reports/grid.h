/* grid.h - a table of cells on its way to a terminal, a CSV file or Markdown (floor 5).
 *
 * A view fills the grid once; a cell holds text, and in raw mode numbers stay as they are
 * (nanoseconds, ratios), for programs. */
#ifndef NJ_REPORTS_GRID_H
#define NJ_REPORTS_GRID_H

#include "base/buf.h"

enum { NJ_GRID_COLUMNS_MAX = 32 };

struct nj_grid {
    const char *title;
    const char *headers[NJ_GRID_COLUMNS_MAX];     /* for people */
    const char *raw_headers[NJ_GRID_COLUMNS_MAX]; /* for programs: snake case, unit last */
    bool is_right[NJ_GRID_COLUMNS_MAX];
    unsigned columns_len;
    bool is_raw;
    struct nj_buf text;  /* all cells, NUL between */
    struct nj_buf cells; /* uint32_t offsets into text */
};

void nj_grid_init(struct nj_grid *grid, const char *title, bool is_raw);
void nj_grid_fini(struct nj_grid *grid);
void nj_grid_column(struct nj_grid *grid, const char *header, const char *raw_header,
                    bool is_right);

/* Cells, row by row, left to right. A NaN is an empty cell, or "-" for people. */
void nj_grid_text(struct nj_grid *grid, struct nj_slice text);
void nj_grid_int(struct nj_grid *grid, int64_t value);
void nj_grid_real(struct nj_grid *grid, double value);
void nj_grid_duration(struct nj_grid *grid, double ns);
void nj_grid_ratio(struct nj_grid *grid, double ratio); /* "12.3 %" */
void nj_grid_empty(struct nj_grid *grid);
size_t nj_grid_rows(const struct nj_grid *grid);

/* Appends the grid: aligned columns; RFC 4180 CSV (cells that a spreadsheet would take for a
 * formula get a quote before them); a Markdown table. */
void nj_grid_write_text(const struct nj_grid *grid, struct nj_buf *out);
void nj_grid_write_csv(const struct nj_grid *grid, struct nj_buf *out);
void nj_grid_write_markdown(const struct nj_grid *grid, struct nj_buf *out);

/* Appends text escaped for Markdown. */
void nj_markdown_put(struct nj_buf *out, struct nj_slice text);

/* Three significant digits with blanks between thousands: "1 240", "0.0312". */
void nj_count_print(char out[32], double value);
void nj_ratio_print(char out[32], double ratio);

/* Appends text for a terminal: control characters and bytes that are no UTF-8 are made visible.
 */
void nj_terminal_put(struct nj_buf *out, struct nj_slice text);
/* Columns that UTF-8 text takes on a terminal (one a character; good enough for alignment). */
size_t nj_text_columns(struct nj_slice text);

#endif
