/* grid.c - a table of cells on its way to a terminal, a CSV file or Markdown. */
#include "reports/grid.h"

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void
nj_grid_init(struct nj_grid *grid, const char *title, bool is_raw)
{
    *grid = (struct nj_grid){.title = title, .is_raw = is_raw};
}

void
nj_grid_fini(struct nj_grid *grid)
{
    nj_buf_fini(&grid->text);
    nj_buf_fini(&grid->cells);
}

void
nj_grid_column(struct nj_grid *grid, const char *header, const char *raw_header, bool is_right)
{
    NJ_CHECK(grid->columns_len < NJ_GRID_COLUMNS_MAX);
    grid->headers[grid->columns_len] = header;
    grid->raw_headers[grid->columns_len] = raw_header;
    grid->is_right[grid->columns_len++] = is_right;
}

void
nj_grid_text(struct nj_grid *grid, struct nj_slice text)
{
    uint32_t offset = (uint32_t)grid->text.len;

    nj_buf_put(&grid->cells, &offset, sizeof offset);
    if (grid->is_raw)
        nj_buf_put_slice(&grid->text, text);
    else
        nj_terminal_put(&grid->text, text);
    nj_buf_put_char(&grid->text, '\0');
}

void
nj_grid_empty(struct nj_grid *grid)
{
    nj_grid_text(grid, grid->is_raw ? NJ_SLICE("") : NJ_SLICE("-"));
}

void
nj_grid_int(struct nj_grid *grid, int64_t value)
{
    char text[32];

    if (grid->is_raw)
        (void)snprintf(text, sizeof text, "%" PRId64, value);
    else
        nj_count_print(text, (double)value);
    nj_grid_text(grid, nj_slice_of(text));
}

/* Puts the number as it is in raw mode; false when a person is to read it. */
static bool
raw_put(struct nj_grid *grid, double value)
{
    char text[33];

    if (!isfinite(value)) {
        nj_grid_empty(grid);
        return true;
    }
    if (!grid->is_raw)
        return false;
    nj_grid_text(grid, (struct nj_slice){text, nj_real_print(text, value)});
    return true;
}

void
nj_grid_real(struct nj_grid *grid, double value)
{
    char text[32];

    if (raw_put(grid, value))
        return;
    nj_count_print(text, value);
    nj_grid_text(grid, nj_slice_of(text));
}

void
nj_grid_duration(struct nj_grid *grid, double ns)
{
    char text[NJ_DURATION_TEXT];

    if (raw_put(grid, ns))
        return;
    nj_duration_print(text, ns);
    nj_grid_text(grid, nj_slice_of(text));
}

void
nj_grid_ratio(struct nj_grid *grid, double ratio)
{
    char text[32];

    if (raw_put(grid, ratio))
        return;
    nj_ratio_print(text, ratio);
    nj_grid_text(grid, nj_slice_of(text));
}

void
nj_ratio_print(char out[32], double ratio)
{
    double v = fabs(ratio) * 100;
    int decimals = v == 0 || v >= 99.95 ? 0 : v >= 9.995 ? 1 : v >= 0.0995 ? 2 : 3;

    (void)snprintf(out, 32, "%.*f %%", decimals, ratio * 100);
}

void
nj_count_print(char out[32], double value)
{
    char digits[32];
    double size = fabs(value);
    int decimals = size == floor(size) || size >= 99.95 ? 0
                   : size >= 9.995                      ? 1
                   : size >= 0.995                      ? 2
                                                        : 3;
    int len = snprintf(digits, sizeof digits, "%.*f", decimals, value);
    int whole = decimals ? len - decimals - 1 : len, first = digits[0] == '-', n = 0;

    for (int i = 0; i < len && n < 30; i++) {
        if (i > first && i < whole && (whole - i) % 3 == 0 && whole - first > 4)
            out[n++] = ' ';
        out[n++] = digits[i];
    }
    out[n] = '\0';
}

size_t
nj_grid_rows(const struct nj_grid *grid)
{
    return grid->columns_len ? grid->cells.len / sizeof(uint32_t) / grid->columns_len : 0;
}

static struct nj_slice
cell_get(const struct nj_grid *grid, size_t row, unsigned column)
{
    uint32_t offset;
    size_t at = (row * grid->columns_len + column) * sizeof offset;

    memcpy(&offset, grid->cells.ptr + at, sizeof offset);
    return nj_slice_of(grid->text.ptr + offset);
}

void
nj_terminal_put(struct nj_buf *out, struct nj_slice text)
{
    const char *p = text.ptr, *end = text.len ? p + text.len : p;

    while (p < end) {
        unsigned n = nj_utf8_len(p, (size_t)(end - p));
        unsigned char c = (unsigned char)*p;
        bool is_c1 = n == 2 && c == 0xC2 && (unsigned char)p[1] < 0xA0;
        bool is_bidi = n == 3 && c == 0xE2 &&
                       (((unsigned char)p[1] == 0x80 && (unsigned char)p[2] >= 0xAA &&
                         (unsigned char)p[2] <= 0xAE) ||
                        ((unsigned char)p[1] == 0x81 && (unsigned char)p[2] >= 0xA6 &&
                         (unsigned char)p[2] <= 0xA9));
        if (n == 0 || c < 32 || c == 127 || is_c1 || is_bidi)
            nj_buf_put_text(out, "\xEF\xBF\xBD");
        else
            nj_buf_put(out, p, n);
        p += n ? n : 1;
    }
}

size_t
nj_text_columns(struct nj_slice text)
{
    size_t columns = 0;

    for (size_t i = 0; i < text.len; i++)
        columns += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return columns;
}

static void
blanks_put(struct nj_buf *out, size_t n)
{
    while (n-- > 0)
        nj_buf_put_char(out, ' ');
}

static void
aligned_put(struct nj_buf *out, struct nj_slice text, size_t width, bool is_right, bool is_last)
{
    size_t columns = nj_text_columns(text), pad = width > columns ? width - columns : 0;

    if (is_right)
        blanks_put(out, pad);
    nj_buf_put_slice(out, text);
    if (!is_last) {
        if (!is_right)
            blanks_put(out, pad);
        blanks_put(out, 2);
    }
}

void
nj_grid_write_text(const struct nj_grid *grid, struct nj_buf *out)
{
    size_t widths[NJ_GRID_COLUMNS_MAX], rows = nj_grid_rows(grid);
    unsigned n = grid->columns_len;

    if (grid->title)
        nj_buf_printf(out, "%s\n", grid->title);
    for (unsigned c = 0; c < n; c++) {
        widths[c] = nj_text_columns(nj_slice_of(grid->headers[c]));
        for (size_t r = 0; r < rows; r++) {
            size_t w = nj_text_columns(cell_get(grid, r, c));
            widths[c] = w > widths[c] ? w : widths[c];
        }
    }
    for (unsigned c = 0; c < n; c++)
        aligned_put(out, nj_slice_of(grid->headers[c]), widths[c], grid->is_right[c],
                    c + 1 == n);
    nj_buf_put_char(out, '\n');
    for (size_t r = 0; r < rows; r++) {
        for (unsigned c = 0; c < n; c++)
            aligned_put(out, cell_get(grid, r, c), widths[c], grid->is_right[c], c + 1 == n);
        nj_buf_put_char(out, '\n');
    }
}

static void
csv_put(struct nj_buf *out, struct nj_slice text, bool is_number)
{
    bool is_formula = !is_number && text.len && strchr("=+-@\t\r", text.ptr[0]) != NULL;
    bool needs_quotes = is_formula;

    for (size_t i = 0; i < text.len; i++)
        needs_quotes |= strchr(",\"\r\n", text.ptr[i]) != NULL;
    if (needs_quotes)
        nj_buf_put_char(out, '"');
    if (is_formula)
        nj_buf_put_char(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            nj_buf_put_char(out, '"');
        nj_buf_put_char(out, text.ptr[i]);
    }
    if (needs_quotes)
        nj_buf_put_char(out, '"');
}

void
nj_grid_write_csv(const struct nj_grid *grid, struct nj_buf *out)
{
    unsigned n = grid->columns_len;

    for (unsigned c = 0; c < n; c++)
        nj_buf_printf(out, "%s%s", c ? "," : "", grid->raw_headers[c]);
    nj_buf_put_text(out, "\r\n");
    for (size_t r = 0; r < nj_grid_rows(grid); r++) {
        for (unsigned c = 0; c < n; c++) {
            if (c)
                nj_buf_put_char(out, ',');
            csv_put(out, cell_get(grid, r, c), grid->is_right[c]);
        }
        nj_buf_put_text(out, "\r\n");
    }
}

void
nj_markdown_put(struct nj_buf *out, struct nj_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '<')
            nj_buf_put_text(out, "&lt;");
        else if (c == '&')
            nj_buf_put_text(out, "&amp;");
        else if (c == '\n' || c == '\r')
            nj_buf_put_char(out, ' ');
        else if (strchr("|`*_[]\\>#~!", c))
            nj_buf_printf(out, "\\%c", c);
        else
            nj_buf_put_char(out, c);
    }
}

void
nj_grid_write_markdown(const struct nj_grid *grid, struct nj_buf *out)
{
    unsigned n = grid->columns_len;

    for (unsigned c = 0; c < n; c++)
        nj_buf_printf(out, "| %s ", grid->headers[c]);
    nj_buf_put_text(out, "|\n");
    for (unsigned c = 0; c < n; c++)
        nj_buf_put_text(out, grid->is_right[c] ? "| ---: " : "| --- ");
    nj_buf_put_text(out, "|\n");
    for (size_t r = 0; r < nj_grid_rows(grid); r++) {
        for (unsigned c = 0; c < n; c++) {
            nj_buf_put_text(out, "| ");
            nj_markdown_put(out, cell_get(grid, r, c));
            nj_buf_put_char(out, ' ');
        }
        nj_buf_put_text(out, "|\n");
    }
}
