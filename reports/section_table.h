/* section_table.h - a table of results as a table on the page, described by data (floor 5). */
#ifndef NJ_REPORTS_SECTION_TABLE_H
#define NJ_REPORTS_SECTION_TABLE_H

#include "reports/page.h"
#include "reports/view.h"

/* The first column is the header of its row; cell formats are those of views. */
struct nj_page_table {
    const char *label; /* accessible name of the region */
    enum nj_table_id id;
    const struct nj_view_column *columns;
    size_t columns_len;
    bool (*wants)(const struct nj_page *page, const struct nj_table *t,
                  size_t r); /* NULL: all */
    size_t rows_max;
};

/* Writes it, and says in a line how many rows were left out. */
void nj_page_table_write(const struct nj_page *page, struct nj_html *h,
                         const struct nj_page_table *table);

#endif
