/* sampling_values.c - reads a table of weighted values and estimates from it. */
#include "analyzers/sampling_values.h"

#include "analyzers/sampling_rows.h"
#include "analyzers/tally.h"
#include "base/hash.h"
#include "base/stream.h"

#include <math.h>
#include <stdlib.h>

enum column { TRACE_ID, VALUE, WEIGHT, ERR, STRATUM, POPULATION, COLUMNS };
enum { NUMBER_MAX = 64, PARTS_MAX = 1 << 16 };

static const char *const column_names[COLUMNS] = {"trace_id", "value",   "weight",
                                                  "err",      "stratum", "population"};

#define HEADER_WANTED                                                                          \
    "expected a header with trace_id, value, weight (or stratum and population) and perhaps "  \
    "err"

/* A stratum whose number of traces is known. */
struct part {
    double population; /* 0: not yet read */
    uint32_t stored;   /* traces in the table */
    uint32_t number;   /* in an order that does not depend on that of the rows, from 1 on */
};

/* The table as arrays that grow together. */
struct table {
    const char *path;
    unsigned long line;
    size_t at[COLUMNS]; /* place in a line; SIZE_MAX: not there */
    struct nj_carrier *carriers;
    struct nj_keyed *items;
    struct nj_term *values, *errors;
    size_t len, cap;
    bool has_parts;        /* weights come from numbers of strata */
    struct nj_tally parts; /* hash of a stratum -> struct part */
    struct nj_error *err;
};

static enum nj_status
reject(const struct table *t, const char *what)
{
    return nj_fail(t->err, NJ_EFORMAT, "%s:%lu: %s", t->path, t->line, what);
}

/* The next cell of a line; quotes around it are taken off, doubled ones inside are kept as they
 * stand. false: there is none. */
static bool
cell_next(struct nj_slice *rest, struct nj_slice *out)
{
    bool is_quoted = false;
    size_t len = 0;

    if (!rest->ptr)
        return false;
    for (; len < rest->len && (is_quoted || rest->ptr[len] != ','); len++)
        is_quoted ^= rest->ptr[len] == '"';
    *out = (struct nj_slice){rest->ptr, len};
    *rest = len < rest->len ? nj_slice_from(*rest, len + 1) : (struct nj_slice){NULL, 0};
    while (out->len && (out->ptr[0] == ' ' || out->ptr[0] == '\t'))
        *out = nj_slice_from(*out, 1);
    while (out->len && (out->ptr[out->len - 1] == ' ' || out->ptr[out->len - 1] == '\t'))
        out->len--;
    if (out->len >= 2 && out->ptr[0] == '"' && out->ptr[out->len - 1] == '"')
        *out = (struct nj_slice){out->ptr + 1, out->len - 2};
    return true;
}

static enum nj_status
header_read(struct table *t, struct nj_slice line)
{
    struct nj_slice cell;

    if (nj_slice_starts(line, NJ_SLICE("\xEF\xBB\xBF")))
        line = nj_slice_from(line, 3);
    for (size_t c = 0; c < COLUMNS; c++)
        t->at[c] = SIZE_MAX;
    for (size_t i = 0; cell_next(&line, &cell); i++)
        for (size_t c = 0; c < COLUMNS; c++)
            if (nj_slice_eq(cell, nj_slice_of(column_names[c])))
                t->at[c] = i;
    t->has_parts = t->at[STRATUM] != SIZE_MAX && t->at[POPULATION] != SIZE_MAX;
    bool is_half = (t->at[STRATUM] == SIZE_MAX) != (t->at[POPULATION] == SIZE_MAX);
    if (t->at[TRACE_ID] == SIZE_MAX || t->at[VALUE] == SIZE_MAX || is_half ||
        (t->at[WEIGHT] == SIZE_MAX && !t->has_parts))
        return reject(t, HEADER_WANTED);
    return NJ_OK;
}

static bool
number_read(struct nj_slice text, double *out)
{
    char copy[NUMBER_MAX + 1], *end;

    if (text.len == 0 || text.len > NUMBER_MAX)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *out = strtod(copy, &end);
    return *end == '\0' && isfinite(*out);
}

static enum nj_status
room_make(struct table *t)
{
    size_t cap = t->cap ? t->cap * 2 : 1024;

    if (t->len < t->cap)
        return NJ_OK;
    if (t->len == INT32_MAX)
        return nj_fail(t->err, NJ_ELIMIT, "%s: too many rows", t->path);
    struct nj_carrier *carriers = realloc(t->carriers, cap * sizeof *carriers);
    t->carriers = carriers ? carriers : t->carriers;
    struct nj_keyed *items = realloc(t->items, cap * sizeof *items);
    t->items = items ? items : t->items;
    struct nj_term *values = realloc(t->values, cap * sizeof *values);
    t->values = values ? values : t->values;
    struct nj_term *errors = realloc(t->errors, cap * sizeof *errors);
    t->errors = errors ? errors : t->errors;
    if (!carriers || !items || !values || !errors)
        return nj_fail(t->err, NJ_ENOMEM, "%s: no memory for its rows", t->path);
    t->cap = cap;
    return NJ_OK;
}

/* The stratum of a row. */
static enum nj_status
part_read(struct table *t, const struct nj_slice cells[COLUMNS], struct nj_known *out)
{
    double population;

    if (cells[STRATUM].len == 0)
        return reject(t, "expected a stratum");
    if (!number_read(cells[POPULATION], &population) || population < 1)
        return reject(t, "expected a number of 1 or more as population");
    struct part *part = nj_tally_at(&t->parts, nj_hash(cells[STRATUM]));
    if (!part)
        return nj_fail(t->err, NJ_ENOMEM, "%s: no memory for its strata", t->path);
    if (t->parts.len > PARTS_MAX)
        return reject(t, "too many strata");
    if (part->population != 0 && part->population != population)
        return reject(t, "this stratum had another population in a row before");
    part->population = population;
    *out = (struct nj_known){(uint32_t)nj_tally_index(&t->parts, part) + 1, 0};
    return NJ_OK;
}

static enum nj_status
row_read(struct table *t, struct nj_slice line)
{
    struct nj_slice cells[COLUMNS] = {{NULL, 0}}, cell;
    double value, weight = 1, error = 0;
    struct nj_known known = {0, 0};
    enum nj_status st = NJ_OK;

    for (size_t i = 0; cell_next(&line, &cell); i++)
        for (size_t c = 0; c < COLUMNS; c++)
            if (t->at[c] == i)
                cells[c] = cell;
    if (cells[TRACE_ID].len == 0)
        return reject(t, "expected a trace_id");
    if (!number_read(cells[VALUE], &value))
        return reject(t, "expected a number as value");
    if (t->has_parts && (st = part_read(t, cells, &known)) < 0)
        return st;
    if (!t->has_parts && (!number_read(cells[WEIGHT], &weight) || weight < 0))
        return reject(t, "expected a number of 0 or more as weight");
    if (t->at[ERR] != SIZE_MAX &&
        (!number_read(cells[ERR], &error) || (error != 0 && error != 1)))
        return reject(t, "expected 0 or 1 as err");
    if ((st = room_make(t)) < 0)
        return st;
    struct nj_carrier carrier = nj_carrier_of(nj_hash(cells[TRACE_ID]), weight, true);
    carrier.known = known;
    t->carriers[t->len] = carrier;
    t->items[t->len] = (struct nj_keyed){nj_key_of_real(value), (uint32_t)t->len, 0};
    t->values[t->len] = (struct nj_term){carrier, 1, value};
    t->errors[t->len++] = (struct nj_term){carrier, 1, error};
    return NJ_OK;
}

static enum nj_status
line_read(struct table *t, struct nj_slice line)
{
    t->line++;
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (t->line == 1)
        return header_read(t, line);
    return line.len ? row_read(t, line) : NJ_OK;
}

static enum nj_status
lines_read(struct table *t, struct nj_stream *stream)
{
    enum nj_status st = NJ_OK;
    bool is_end = false;

    while (st == NJ_OK && !is_end) {
        struct nj_slice seen = nj_stream_window(stream);
        const char *end = seen.len ? memchr(seen.ptr, '\n', seen.len) : NULL;
        if (!end) {
            st = nj_stream_more(stream, t->err);
            is_end = st == NJ_DONE;
            if (st != NJ_DONE)
                continue;
            st = NJ_OK;
            seen = nj_stream_window(stream);
            if (seen.len == 0)
                break;
            end = seen.ptr + seen.len;
        }
        size_t len = (size_t)(end - seen.ptr);
        st = line_read(t, (struct nj_slice){seen.ptr, len});
        nj_stream_skip(stream, is_end ? len : len + 1);
    }
    if (st == NJ_OK && t->line == 0) {
        t->line = 1;
        st = reject(t, HEADER_WANTED);
    }
    return st < 0 ? st : NJ_OK;
}

/* Counts the traces of each stratum, of terms that are sorted by trace. */
static enum nj_status
parts_count(struct table *t)
{
    for (size_t i = 0; i < t->len; i++) {
        const struct nj_carrier *now = &t->values[i].carrier;
        const struct nj_carrier *last = i > 0 ? &t->values[i - 1].carrier : NULL;
        if (last && last->cluster == now->cluster && last->known.number != now->known.number)
            return nj_fail(t->err, NJ_EFORMAT, "%s: a trace has rows in two strata", t->path);
        struct part *part = nj_tally_get(&t->parts, now->known.number - 1);
        part->stored += !last || last->cluster != now->cluster;
    }
    for (size_t i = 0; i < t->parts.len; i++) {
        const struct part *part = nj_tally_get(&t->parts, i);
        if (part->population < part->stored)
            return nj_fail(t->err, NJ_EFORMAT,
                           "%s: a stratum of %g traces has %u of them in the table", t->path,
                           part->population, part->stored);
    }
    return NJ_OK;
}

static enum nj_status
parts_number(struct table *t, struct nj_arena *arena)
{
    struct nj_keyed *order = NJ_NEW_RAW(arena, struct nj_keyed, t->parts.len);

    if (!order)
        return nj_fail(t->err, NJ_ENOMEM, "%s: no memory for its strata", t->path);
    for (uint32_t i = 0; i < t->parts.len; i++)
        order[i] = (struct nj_keyed){nj_tally_key(&t->parts, i), i, 0};
    enum nj_status st = nj_keyed_sort(order, t->parts.len, arena, t->err);
    for (uint32_t i = 0; i < t->parts.len && st == NJ_OK; i++)
        ((struct part *)nj_tally_get(&t->parts, order[i].carrier))->number = i + 1;
    return st;
}

static void
carrier_weigh(const struct table *t, struct nj_carrier *carrier)
{
    const struct part *part = nj_tally_get(&t->parts, carrier->known.number - 1);
    struct nj_known known = {part->number, part->stored};

    *carrier = nj_carrier_of(carrier->cluster, part->population / part->stored, true);
    carrier->known = known;
}

/* Gives all rows the weights of their strata. */
static enum nj_status
parts_weigh(struct table *t, struct nj_arena *arena)
{
    enum nj_status st = parts_count(t);

    if (st == NJ_OK)
        st = parts_number(t, arena);
    for (size_t i = 0; i < t->len && st == NJ_OK; i++) {
        carrier_weigh(t, &t->carriers[i]);
        carrier_weigh(t, &t->values[i].carrier);
        carrier_weigh(t, &t->errors[i].carrier);
    }
    return st;
}

/* The sums of each stratum over its traces; terms are sorted by trace. */
static struct nj_data
parts_of(const struct table *t, const struct nj_term *terms, struct nj_arena *arena)
{
    struct nj_stratum *strata = NJ_NEW(arena, struct nj_stratum, t->parts.len);

    for (size_t i = 0, next; strata && i < t->len; i = next) {
        const struct nj_carrier *carrier = &terms[i].carrier;
        struct nj_stratum *s = &strata[carrier->known.number - 1];
        double x = 0, y = 0;
        for (next = i; next < t->len && terms[next].carrier.cluster == carrier->cluster;) {
            x += terms[next].x;
            y += terms[next++].y;
        }
        s->weight = carrier->weight;
        s->rest = carrier->rest;
        s->known = carrier->known;
        s->units++;
        s->x += x;
        s->y += y;
        s->xx += x * x;
        s->xy += x * y;
        s->yy += y * y;
    }
    return nj_data_of_strata(strata, strata ? t->parts.len : 0);
}

static struct nj_data
data_of(const struct table *t, const struct nj_term *terms, struct nj_arena *arena)
{
    return t->has_parts ? parts_of(t, terms, arena) : nj_data_of_terms(terms, t->len);
}

static enum nj_status
table_estimate(struct table *t, struct nj_results *results, struct nj_arena *arena)
{
    struct nj_table *store = nj_results_table(results, NJ_TABLE_sampling);
    struct nj_sampling_outcome outcome = {0};
    struct nj_sample sample;

    nj_terms_sort(t->values, t->len);
    nj_terms_sort(t->errors, t->len);
    enum nj_status st = t->has_parts ? parts_weigh(t, arena) : NJ_OK;
    if (st == NJ_OK)
        st = nj_sample_build(&sample, t->items, t->len, t->carriers, arena, t->err);
    if (st < 0)
        return st;
    sample.is_real = sample.is_textbook = true;
    struct nj_sampling_subject subject = {.agent = NJ_SLICE("*"),
                                          .values = data_of(t, t->values, arena),
                                          .sample = &sample,
                                          .spread = NJ_SPREAD_PROCESS};
    if (t->at[ERR] != SIZE_MAX)
        subject.errors = data_of(t, t->errors, arena);
    if (subject.values.len == 0)
        return nj_fail(t->err, NJ_ENOMEM, "%s: no memory for its strata", t->path);
    struct nj_design design = nj_data_design(subject.values);
    size_t row = nj_table_add(store);
    nj_table_put_text(store, row, NJ_COL_sampling_mode,
                      t->has_parts ? NJ_SLICE("stratified") : NJ_SLICE("known"));
    nj_table_put_int(store, row, NJ_COL_sampling_traces, (int64_t)t->len);
    nj_table_put_real(store, row, NJ_COL_sampling_estimated, sample.weight_sum);
    nj_table_put_int(store, row, NJ_COL_sampling_units, (int64_t)design.units);
    nj_table_put_real(store, row, NJ_COL_sampling_kish_n_eff, design.kish);
    nj_table_put_real(store, row, NJ_COL_sampling_deff, design.units / design.kish);
    return nj_sampling_rows_put(results, &subject, &outcome, arena, t->err);
}

enum nj_status
nj_sampling_values(const char *path, struct nj_results *results, struct nj_error *err)
{
    struct table t = {.path = path, .err = err};
    struct nj_stream *stream;
    struct nj_arena *arena = nj_arena_new(1 << 20);
    nj_tally_init(&t.parts, sizeof(struct part));
    enum nj_status st = arena ? nj_stream_open(&stream, path, err)
                              : nj_fail(err, NJ_ENOMEM, "no memory for a table of values");

    if (st == NJ_OK) {
        st = lines_read(&t, stream);
        nj_stream_close(stream);
        if (st == NJ_OK && t.len == 0)
            st = nj_fail(err, NJ_EFORMAT, "%s: no rows after the header", path);
        if (st == NJ_OK)
            st = table_estimate(&t, results, arena);
    }
    free(t.carriers);
    free(t.items);
    free(t.values);
    free(t.errors);
    nj_tally_fini(&t.parts);
    nj_arena_free(arena);
    return st;
}
