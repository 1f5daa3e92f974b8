/* weigh_scan.c - reads the rows of traces for what they say of sampling. */
#include "analyzers/weigh_scan.h"

#include "base/hash.h"
#include "trees/weights.h"

#include <stdlib.h>

/* The root as trees choose it: longest, then earliest, then smallest id. */
static const struct nj_row *
root_of(const struct nj_raw_trace *raw)
{
    const struct nj_row *best = NULL;

    for (uint32_t i = 0; i < raw->rows_len; i++) {
        const struct nj_row *row = &raw->rows[i];
        if (row->flags & (NJ_ROW_HAS_PARENT | NJ_ROW_PENDING))
            continue;
        int64_t length = row->end_ns - row->start_ns;
        int64_t best_length = best ? best->end_ns - best->start_ns : 0;
        if (!best || length > best_length ||
            (length == best_length &&
             (row->start_ns < best->start_ns ||
              (row->start_ns == best->start_ns && row->span_id < best->span_id))))
            best = row;
    }
    return best;
}

static enum nj_status
trace_scan(struct nj_scanned *out, const struct nj_raw_trace *raw,
           const struct nj_corpus *corpus, struct nj_arena *scratch, struct nj_error *err)
{
    const struct nj_row **rows = NJ_NEW_RAW(scratch, const struct nj_row *, raw->rows_len);
    uint64_t *facts_set = NJ_NEW_RAW(scratch, uint64_t, raw->rows_len);
    const struct nj_row *root = root_of(raw);
    struct nj_weight_reading reading;

    if (!rows || !facts_set)
        return nj_fail(err, NJ_ENOMEM, "no memory to look at a trace");
    for (uint32_t i = 0; i < raw->rows_len; i++) {
        rows[i] = &raw->rows[i];
        facts_set[i] = nj_facts_set(raw->rows[i].facts);
    }
    const struct nj_trace bare = {.corpus = corpus,
                                  .id = raw->id,
                                  .spans_len = raw->rows_len,
                                  .row = rows,
                                  .facts_set = facts_set};
    nj_weight_read(&reading, &bare);
    *out = (struct nj_scanned){.id = raw->id,
                               .of = {root ? corpus->scopes[root->scope].service : NJ_NO_NAME,
                                      root ? root->start_ns / NJ_HOUR_NS : INT64_MIN},
                               .threshold = reading.threshold,
                               .has_hex_id = raw->text.len == 0,
                               .is_known = reading.status != NJ_WEIGHT_UNKNOWN,
                               .is_mixed = reading.is_mixed};
    return NJ_OK;
}

/* Traces [first, last) into out[0 …]. */
static enum nj_status
range_scan(struct nj_scanned *out, const struct nj_corpus *corpus, uint64_t first,
           uint64_t last, struct nj_error *err)
{
    struct nj_arena *scratch = nj_arena_new(1 << 16);
    struct nj_source *source = NULL;
    struct nj_raw_trace raw;
    enum nj_status st = scratch ? corpus->open(corpus, first, last, &source, err)
                                : nj_fail(err, NJ_ENOMEM, "no memory to look at traces");

    for (size_t i = 0; st == NJ_OK && (st = source->next(source, &raw, err)) == NJ_OK; i++) {
        st = trace_scan(&out[i], &raw, corpus, scratch, err);
        nj_arena_reset(scratch);
    }
    if (source)
        source->close(source);
    nj_arena_free(scratch);
    return st < 0 ? st : NJ_OK;
}

struct choice {
    uint64_t hash, number;
};

static int
choice_cmp(const void *a, const void *b)
{
    const struct choice *l = a, *r = b;

    return (l->hash > r->hash) - (l->hash < r->hash);
}

enum nj_status
nj_scan_some(struct nj_scanned **out, size_t *out_len, size_t max,
             const struct nj_corpus *corpus, const struct nj_trace_info *infos,
             struct nj_arena *arena, struct nj_error *err)
{
    size_t len = corpus->traces_len, chosen = 0;
    /* about twice as many as wanted have a hash below the limit */
    uint64_t limit = len > 4 * max ? UINT64_MAX / len * 2 * max : UINT64_MAX;
    struct choice *choices = NJ_NEW_RAW(arena, struct choice, len);
    enum nj_status st = NJ_OK;

    *out = NJ_NEW(arena, struct nj_scanned, len < max ? len : max);
    if (!choices || !*out)
        return nj_fail(err, NJ_ENOMEM, "no memory to look at traces");
    for (size_t i = 0; i < len; i++) {
        struct nj_slice id = {(const char *)infos[i].id.bytes, NJ_TRACE_ID_BYTES};
        uint64_t hash = nj_hash(id);
        if (hash <= limit)
            choices[chosen++] = (struct choice){hash, i};
    }
    qsort(choices, chosen, sizeof *choices, choice_cmp);
    *out_len = chosen < max ? chosen : max;
    for (size_t i = 0; i < *out_len && st == NJ_OK; i++)
        st = range_scan(&(*out)[i], corpus, choices[i].number, choices[i].number + 1, err);
    return st;
}

static int
scanned_cmp(const void *a, const void *b)
{
    const struct nj_scanned *l = a, *r = b;

    return memcmp(l->id.bytes, r->id.bytes, NJ_TRACE_ID_BYTES);
}

enum nj_status
nj_scan_all(struct nj_scanned **out, size_t *out_len, const struct nj_corpus *corpus,
            struct nj_arena *arena, struct nj_error *err)
{
    *out_len = corpus->traces_len;
    *out = NJ_NEW(arena, struct nj_scanned, *out_len);
    if (!*out)
        return nj_fail(err, NJ_ENOMEM, "no memory to look at %zu traces", *out_len);
    enum nj_status st = range_scan(*out, corpus, 0, *out_len, err);
    if (st == NJ_OK)
        qsort(*out, *out_len, sizeof **out, scanned_cmp);
    return st;
}
