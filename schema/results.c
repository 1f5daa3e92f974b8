/* results.c - tables of results in memory. */
#include "schema/results.h"

#include "base/arena.h"
#include "base/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NJ_TABLE_BEGIN(table, help)          static const struct nj_column_spec columns_##table[] = {
#define NJ_COLUMN(table, column, type, help) {#column, NJ_COLUMN_##type, help},
#define NJ_TABLE_END(table)                                                                    \
    }                                                                                          \
    ;
#include "schema/results.def"
#undef NJ_TABLE_BEGIN
#undef NJ_COLUMN
#undef NJ_TABLE_END

const struct nj_table_spec nj_table_specs[NJ_TABLES_LEN] = {
#define NJ_TABLE_BEGIN(table, help) {#table, help, columns_##table, NJ_LEN(columns_##table)},
#define NJ_COLUMN(table, column, type, help)
#define NJ_TABLE_END(table)
#include "schema/results.def"
#undef NJ_TABLE_BEGIN
#undef NJ_COLUMN
#undef NJ_TABLE_END
};

struct cell {
    union {
        int64_t integer;
        double real;
        struct nj_slice text;
    };
    bool is_set;
};

struct nj_table {
    const struct nj_table_spec *spec;
    struct nj_arena *texts;
    struct cell *cells; /* rows_cap * columns_len */
    size_t rows_len, rows_cap;
    bool is_failed;
};

struct nj_results {
    struct nj_results *taken; /* whose texts are shown here as well */
    struct nj_arena *texts;
    struct nj_table tables[NJ_TABLES_LEN];
};

struct nj_results *
nj_results_new(void)
{
    struct nj_results *results = calloc(1, sizeof *results);

    if (!results)
        return NULL;
    results->texts = nj_arena_new(16 << 10);
    if (!results->texts) {
        free(results);
        return NULL;
    }
    for (size_t i = 0; i < NJ_TABLES_LEN; i++) {
        results->tables[i].spec = &nj_table_specs[i];
        results->tables[i].texts = results->texts;
    }
    return results;
}

void
nj_results_free(struct nj_results *results)
{
    while (results) {
        struct nj_results *taken = results->taken;
        for (size_t i = 0; i < NJ_TABLES_LEN; i++)
            free(results->tables[i].cells);
        nj_arena_free(results->texts);
        free(results);
        results = taken;
    }
}

struct nj_table *
nj_results_table(struct nj_results *results, enum nj_table_id id)
{
    return &results->tables[id];
}

const struct nj_table *
nj_results_view(const struct nj_results *results, enum nj_table_id id)
{
    return &results->tables[id];
}

/* Room for `more` rows; false: the table has failed. */
static bool
rows_reserve(struct nj_table *table, size_t more)
{
    size_t cap = table->rows_cap ? table->rows_cap : 16;

    if (table->is_failed || table->rows_len + more <= table->rows_cap)
        return !table->is_failed;
    while (cap < table->rows_len + more)
        cap *= 2;
    struct cell *cells = realloc(table->cells, cap * table->spec->columns_len * sizeof *cells);
    table->is_failed = !cells;
    if (!cells)
        return false;
    table->cells = cells;
    table->rows_cap = cap;
    return true;
}

/* Columns that hold the number of a row of a table. */
static const struct {
    enum nj_table_id table;
    unsigned column;
    enum nj_table_id of;
} row_numbers[] = {
    {NJ_TABLE_exemplars, NJ_COL_exemplars_id, NJ_TABLE_exemplars},
    {NJ_TABLE_exemplar_spans, NJ_COL_exemplar_spans_exemplar, NJ_TABLE_exemplars},
    {NJ_TABLE_exemplar_links, NJ_COL_exemplar_links_exemplar, NJ_TABLE_exemplars},
    {NJ_TABLE_latency_quantiles, NJ_COL_latency_quantiles_row, NJ_TABLE_latency},
};

static void
rows_take(struct nj_table *into, const struct nj_table *from)
{
    size_t columns = into->spec->columns_len;

    into->is_failed |= from->is_failed;
    if (from->rows_len == 0 || !rows_reserve(into, from->rows_len))
        return;
    memcpy(into->cells + into->rows_len * columns, from->cells,
           from->rows_len * columns * sizeof *from->cells);
    into->rows_len += from->rows_len;
}

void
nj_results_take(struct nj_results *into, struct nj_results *from)
{
    struct nj_results *last = from;

    for (size_t i = 0; i < NJ_LEN(row_numbers); i++) {
        struct nj_table *t = &from->tables[row_numbers[i].table];
        for (size_t r = 0; r < t->rows_len; r++)
            t->cells[r * t->spec->columns_len + row_numbers[i].column].integer +=
                (int64_t)into->tables[row_numbers[i].of].rows_len;
    }
    for (int i = 0; i < NJ_TABLES_LEN; i++)
        rows_take(&into->tables[i], &from->tables[i]);
    while (last->taken)
        last = last->taken;
    last->taken = into->taken;
    into->taken = from;
}

size_t
nj_table_add(struct nj_table *table)
{
    size_t columns = table->spec->columns_len;

    if (!rows_reserve(table, 1))
        return SIZE_MAX;
    memset(table->cells + table->rows_len * columns, 0, columns * sizeof *table->cells);
    return table->rows_len++;
}

void
nj_table_clear(struct nj_table *table)
{
    table->rows_len = 0;
}

static struct cell *
cell_at(const struct nj_table *table, size_t row, unsigned column)
{
    if (table->is_failed)
        return NULL;
    NJ_CHECK(row < table->rows_len && column < table->spec->columns_len);
    return &table->cells[row * table->spec->columns_len + column];
}

void
nj_table_put_int(struct nj_table *table, size_t row, unsigned column, int64_t value)
{
    struct cell *cell = cell_at(table, row, column);

    if (!cell)
        return;
    NJ_CHECK(table->spec->columns[column].type == NJ_COLUMN_INT);
    cell->integer = value;
    cell->is_set = true;
}

void
nj_table_put_real(struct nj_table *table, size_t row, unsigned column, double value)
{
    struct cell *cell = cell_at(table, row, column);

    if (!cell)
        return;
    NJ_CHECK(table->spec->columns[column].type == NJ_COLUMN_REAL);
    cell->real = value;
    cell->is_set = isfinite(value);
}

void
nj_table_put_text(struct nj_table *table, size_t row, unsigned column, struct nj_slice value)
{
    struct cell *cell = cell_at(table, row, column);

    if (!cell)
        return;
    enum nj_column_type type = table->spec->columns[column].type;
    NJ_CHECK(type == NJ_COLUMN_TEXT || type == NJ_COLUMN_BLOB);
    cell->text = nj_arena_copy(table->texts, value);
    cell->is_set = cell->text.ptr != NULL;
    table->is_failed |= !cell->is_set;
}

enum nj_status
nj_results_check(const struct nj_results *results, struct nj_error *err)
{
    for (size_t i = 0; i < NJ_TABLES_LEN; i++)
        if (results->tables[i].is_failed)
            return nj_fail(err, NJ_ENOMEM, "no memory for table %s of the results",
                           nj_table_specs[i].name);
    return NJ_OK;
}

void
nj_results_put_diags(struct nj_results *results, const struct nj_diags *diags)
{
    struct nj_table *table = &results->tables[NJ_TABLE_diagnostics];
    char places[NJ_DIAG_PLACES_MAX * (NJ_DIAG_PLACE_BYTES + 1)];

    for (int i = 0; i < NJ_DIAGS_LEN; i++) {
        const struct nj_diag_spec *spec = &nj_diag_specs[i];
        const struct nj_diag_count *c = &diags->counts[i];
        size_t len = 0;
        if (c->count == 0)
            continue;
        size_t row = nj_table_add(table);
        for (uint32_t k = 0; k < c->places_len; k++) {
            size_t n = strlen(c->places[k]);
            if (k)
                places[len++] = '\n';
            memcpy(places + len, c->places[k], n);
            len += n;
        }
        nj_table_put_text(table, row, NJ_COL_diagnostics_id, nj_slice_of(spec->id));
        nj_table_put_text(table, row, NJ_COL_diagnostics_severity,
                          nj_slice_of(nj_severity_name(spec->severity)));
        nj_table_put_int(table, row, NJ_COL_diagnostics_count, (int64_t)c->count);
        nj_table_put_text(table, row, NJ_COL_diagnostics_help, nj_slice_of(spec->help));
        nj_table_put_text(table, row, NJ_COL_diagnostics_places,
                          (struct nj_slice){places, len});
    }
}

/* A text as a number that says nothing about it, so that equal ones can still be told. */
static void
text_hide(struct nj_table *t, struct cell *cell)
{
    char hidden[24];

    if (!cell->is_set || cell->text.len == 0)
        return;
    (void)snprintf(hidden, sizeof hidden, "#%016llx", (unsigned long long)nj_hash(cell->text));
    cell->text = nj_arena_copy(t->texts, nj_slice_of(hidden));
    t->is_failed |= !cell->text.ptr;
}

void
nj_results_redact(struct nj_results *results)
{
    static const struct {
        enum nj_table_id table;
        unsigned column;
    } secrets[] = {
        {NJ_TABLE_error_chains, NJ_COL_error_chains_chain},
        {NJ_TABLE_error_chains, NJ_COL_error_chains_origin_key},
        {NJ_TABLE_error_chains, NJ_COL_error_chains_fingerprint},
        {NJ_TABLE_error_chains, NJ_COL_error_chains_template},
        {NJ_TABLE_error_possible, NJ_COL_error_possible_cause},
        {NJ_TABLE_error_possible, NJ_COL_error_possible_effect},
        {NJ_TABLE_error_keys, NJ_COL_error_keys_key},
        {NJ_TABLE_exemplars, NJ_COL_exemplars_chain},
        {NJ_TABLE_error_changes, NJ_COL_error_changes_key},
    };

    for (size_t i = 0; i < NJ_LEN(secrets); i++) {
        struct nj_table *t = &results->tables[secrets[i].table];
        for (size_t r = 0; r < t->rows_len; r++)
            text_hide(t, &t->cells[r * t->spec->columns_len + secrets[i].column]);
    }
}

size_t
nj_table_len(const struct nj_table *table)
{
    return table->rows_len;
}

const struct nj_table_spec *
nj_table_spec(const struct nj_table *table)
{
    return table->spec;
}

bool
nj_table_is_null(const struct nj_table *table, size_t row, unsigned column)
{
    const struct cell *cell = cell_at(table, row, column);
    return !cell || !cell->is_set;
}

int64_t
nj_table_int(const struct nj_table *table, size_t row, unsigned column)
{
    const struct cell *cell = cell_at(table, row, column);

    NJ_CHECK(table->spec->columns[column].type == NJ_COLUMN_INT);
    return cell && cell->is_set ? cell->integer : 0;
}

double
nj_table_real(const struct nj_table *table, size_t row, unsigned column)
{
    const struct cell *cell = cell_at(table, row, column);

    if (!cell || !cell->is_set)
        return (double)NAN;
    if (table->spec->columns[column].type == NJ_COLUMN_INT)
        return (double)cell->integer;
    NJ_CHECK(table->spec->columns[column].type == NJ_COLUMN_REAL);
    return cell->real;
}

struct nj_slice
nj_table_text(const struct nj_table *table, size_t row, unsigned column)
{
    const struct cell *cell = cell_at(table, row, column);

    return cell && cell->is_set ? cell->text : (struct nj_slice){"", 0};
}
