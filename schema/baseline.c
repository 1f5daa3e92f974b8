/* baseline.c - nights in memory. */
#include "schema/baseline.h"

#include "base/buf.h"
#include "base/grow.h"
#include "base/hash.h"
#include "base/plural.h"
#include "schema/frames.h"

#include <stdio.h>
#include <stdlib.h>

const enum nj_table_id nj_night_tables[] = {NJ_TABLE_metrics, NJ_TABLE_distributions,
                                            NJ_TABLE_error_keys, NJ_TABLE_errors_summary,
                                            NJ_TABLE_call_tree};
const size_t nj_night_tables_len = NJ_LEN(nj_night_tables);

struct nj_baseline *
nj_baseline_new(void)
{
    struct nj_baseline *baseline = calloc(1, sizeof *baseline);

    if (baseline)
        baseline->arena = nj_arena_new(16 << 10);
    if (baseline && !baseline->arena) {
        free(baseline);
        return NULL;
    }
    return baseline;
}

void
nj_baseline_free(struct nj_baseline *baseline)
{
    if (!baseline)
        return;
    for (size_t i = 0; i < baseline->nights_len; i++)
        nj_results_free(baseline->nights[i].rows);
    free(baseline->nights);
    free(baseline->events);
    nj_arena_free(baseline->arena);
    free(baseline);
}

static void
table_copy(struct nj_table *to, const struct nj_table *from)
{
    const struct nj_table_spec *spec = nj_table_spec(from);

    for (size_t r = 0; r < nj_table_len(from); r++) {
        size_t row = nj_table_add(to);
        for (unsigned c = 0; c < spec->columns_len; c++) {
            if (nj_table_is_null(from, r, c))
                continue;
            if (spec->columns[c].type == NJ_COLUMN_INT)
                nj_table_put_int(to, row, c, nj_table_int(from, r, c));
            else if (spec->columns[c].type == NJ_COLUMN_REAL)
                nj_table_put_real(to, row, c, nj_table_real(from, r, c));
            else
                nj_table_put_text(to, row, c, nj_table_text(from, r, c));
        }
    }
}

/* XXH3-128 of the metrics, cell by cell. */
static struct nj_slice
digest_make(struct nj_arena *arena, const struct nj_table *t)
{
    XXH3_state_t *state = XXH3_createState();
    char text[33];

    if (!state)
        return (struct nj_slice){0};
    (void)XXH3_128bits_reset(state);
    for (size_t r = 0; r < nj_table_len(t); r++) {
        for (unsigned c = 0; c < nj_table_spec(t)->columns_len; c++) {
            enum nj_column_type type = nj_table_spec(t)->columns[c].type;
            bool is_text = type == NJ_COLUMN_TEXT || type == NJ_COLUMN_BLOB;
            struct nj_slice cell = is_text ? nj_table_text(t, r, c) : (struct nj_slice){0};
            double real = is_text ? (double)cell.len : nj_table_real(t, r, c);
            unsigned char mark = nj_table_is_null(t, r, c);
            (void)XXH3_128bits_update(state, &mark, sizeof mark);
            if (!mark)
                (void)XXH3_128bits_update(state, &real, sizeof real);
            (void)XXH3_128bits_update(state, cell.ptr, cell.len);
        }
    }
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    (void)snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)hash.high64,
                   (unsigned long long)hash.low64);
    return nj_arena_copy(arena, nj_slice_of(text));
}

/* Of the call tree what is wide enough to be drawn; all of the other tables. */
static bool
tables_keep(struct nj_results *to, const struct nj_results *from)
{
    for (size_t i = 0; i < nj_night_tables_len; i++)
        if (nj_night_tables[i] != NJ_TABLE_call_tree)
            table_copy(nj_results_table(to, nj_night_tables[i]),
                       nj_results_view(from, nj_night_tables[i]));
    return nj_frames_keep(nj_results_table(to, NJ_TABLE_call_tree),
                          nj_results_view(from, NJ_TABLE_call_tree));
}

static struct nj_slice
models_make(struct nj_arena *arena, const struct nj_results *results)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_models);
    struct nj_buf text = {0};

    for (size_t r = 0; r < nj_table_len(t); r++) {
        struct nj_slice provider = nj_table_text(t, r, NJ_COL_models_provider);
        if (text.len)
            nj_buf_put_char(&text, '\n');
        nj_buf_put_slice(&text, provider.len ? provider : NJ_SLICE("?"));
        nj_buf_put_char(&text, '/');
        nj_buf_put_slice(&text, nj_table_text(t, r, NJ_COL_models_model));
    }
    struct nj_slice models = nj_arena_copy(arena, nj_buf_slice(&text));
    nj_buf_fini(&text);
    return models;
}

static struct nj_slice
sampling_make(struct nj_arena *arena, const struct nj_results *results)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_sampling);
    char text[120] = "";

    if (nj_table_len(t) > 0) {
        struct nj_slice mode = nj_table_text(t, 0, NJ_COL_sampling_mode);
        (void)snprintf(text, sizeof text, "%.*s, %.0f trace%s for %.0f", (int)mode.len,
                       mode.ptr, nj_table_real(t, 0, NJ_COL_sampling_traces),
                       nj_plural(nj_table_real(t, 0, NJ_COL_sampling_traces)),
                       nj_table_real(t, 0, NJ_COL_sampling_estimated));
    }
    return nj_arena_copy(arena, nj_slice_of(text));
}

enum nj_status
nj_night_make(struct nj_night *out, struct nj_baseline *baseline,
              const struct nj_results *results, struct nj_error *err)
{
    const struct nj_table *summary = nj_results_view(results, NJ_TABLE_summary);
    struct nj_arena *arena = baseline->arena;

    *out = (struct nj_night){.digest =
                                 digest_make(arena, nj_results_view(results, NJ_TABLE_metrics)),
                             .version = NJ_SLICE(NJ_VERSION),
                             .sampling = sampling_make(arena, results),
                             .models = models_make(arena, results),
                             .rows = nj_results_new()};
    if (nj_table_len(summary) > 0) {
        out->start_ns = nj_table_int(summary, 0, NJ_COL_summary_start_ns);
        out->end_ns = nj_table_int(summary, 0, NJ_COL_summary_end_ns);
        out->traces = (uint64_t)nj_table_int(summary, 0, NJ_COL_summary_traces);
    }
    bool is_short = !out->digest.ptr || !out->sampling.ptr || !out->models.ptr || !out->rows;
    if (is_short || !tables_keep(out->rows, results) || nj_results_check(out->rows, err) < 0) {
        nj_results_free(out->rows);
        out->rows = NULL;
        return nj_fail(err, NJ_ENOMEM, "no memory for a night of the baseline");
    }
    return NJ_OK;
}

static int
night_cmp(const struct nj_night *a, const struct nj_night *b)
{
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    if (a->recorded_ns != b->recorded_ns)
        return a->recorded_ns < b->recorded_ns ? -1 : 1;
    return nj_slice_cmp(a->digest, b->digest);
}

enum nj_status
nj_baseline_add(struct nj_baseline *b, const struct nj_night *night, struct nj_error *err)
{
    struct nj_night *nights = nj_grow(b->nights, b->nights_len, &b->nights_cap, sizeof *nights);
    size_t at = b->nights_len;

    if (!nights) {
        nj_results_free(night->rows);
        return nj_fail(err, NJ_ENOMEM, "no memory for the nights of the baseline");
    }
    b->nights = nights;
    while (at > 0 && night_cmp(&nights[at - 1], night) > 0)
        at--;
    memmove(nights + at + 1, nights + at, (b->nights_len - at) * sizeof *nights);
    nights[at] = *night;
    b->nights_len++;
    return NJ_OK;
}

size_t
nj_baseline_find(const struct nj_baseline *b, struct nj_slice digest)
{
    size_t found = SIZE_MAX;

    for (size_t i = 0; i < b->nights_len; i++) {
        if (nj_slice_eq(b->nights[i].digest, digest))
            return i;
        if (digest.len < 4 || !nj_slice_starts(b->nights[i].digest, digest))
            continue;
        if (found != SIZE_MAX)
            return SIZE_MAX;
        found = i;
    }
    return found;
}

void
nj_baseline_remove(struct nj_baseline *b, size_t night)
{
    nj_results_free(b->nights[night].rows);
    b->nights_len--;
    memmove(b->nights + night, b->nights + night + 1,
            (b->nights_len - night) * sizeof *b->nights);
}

size_t
nj_baseline_accepted(const struct nj_baseline *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->nights_len; i++)
        n += b->nights[i].state == NJ_NIGHT_ACCEPTED;
    return n;
}

enum nj_status
nj_baseline_log(struct nj_baseline *b, const struct nj_baseline_event *event,
                struct nj_error *err)
{
    struct nj_baseline_event *events =
        nj_grow(b->events, b->events_len, &b->events_cap, sizeof *events);

    if (events) {
        b->events = events;
        events[b->events_len] = (struct nj_baseline_event){
            event->time_ns, nj_arena_copy(b->arena, event->action),
            nj_arena_copy(b->arena, event->digest), nj_arena_copy(b->arena, event->reason)};
        const struct nj_baseline_event *e = &events[b->events_len];
        if (e->action.ptr && e->digest.ptr && e->reason.ptr) {
            b->events_len++;
            return NJ_OK;
        }
    }
    return nj_fail(err, NJ_ENOMEM, "no memory for the history of the baseline");
}

void
nj_baseline_retain(struct nj_baseline *b, size_t accepted_max)
{
    size_t kept[2] = {0}, max[2];

    max[NJ_NIGHT_ACCEPTED] = accepted_max;
    max[NJ_NIGHT_SEEN] = accepted_max > SIZE_MAX / 3 ? SIZE_MAX : 3 * accepted_max;
    for (size_t i = b->nights_len; i-- > 0;) { /* newest first */
        enum nj_night_state state = b->nights[i].state;
        if (kept[state] == max[state]) {
            nj_baseline_remove(b, i);
            continue;
        }
        kept[state]++;
        if (state == NJ_NIGHT_SEEN || kept[state] > NJ_BASELINE_VALUES) {
            nj_table_clear(nj_results_table(b->nights[i].rows, NJ_TABLE_distributions));
            nj_table_clear(nj_results_table(b->nights[i].rows, NJ_TABLE_call_tree));
        }
    }
}
