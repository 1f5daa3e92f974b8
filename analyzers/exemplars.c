/* exemplars.c - traces worth looking at: a median one, a slow one, the slowest. Those of errors
 * are chosen by the chains: errors_exemplars.c.
 *
 * Per bucket of durations the state keeps one trace, so memory does not grow with their number;
 * the chosen few are read again at the end. */
#include "analyzers/revisit.h"
#include "analyzers/tally.h"
#include "analyzers/waterfall.h"
#include "base/hash.h"

enum { SUB_BITS = 5, BUCKET_BITS = 12, BUCKET_MASK = (1 << BUCKET_BITS) - 1, ROWS_MAX = 60 };
/* Neighbouring buckets are counted together: a cache line. */
enum { LINE_BITS = 3, LINE_LEN = 1 << LINE_BITS, LINE_MASK = LINE_LEN - 1 };

/* The smallest trace of a bucket by (duration, id), and how many share it. */
struct candidate {
    int64_t duration_ns;
    uint64_t number;
    struct nj_trace_id id;
    double weight; /* of this trace */
    uint64_t traces;
    bool is_set;
};

struct exemplars {
    struct nj_tally buckets; /* bucket of duration -> struct candidate */
    struct nj_tally spans;   /* group and line of buckets -> struct line */
    struct candidate slowest;
};

/* Numbers of spans. */
struct line {
    uint64_t of[LINE_LEN];
};

/* Buckets of equal relative width: 32 a power of two (Tene 2012: HdrHistogram). */
static uint64_t
bucket_of(int64_t ns)
{
    uint64_t v = ns > 0 ? (uint64_t)ns : 0;
    unsigned bits = v ? 64 - (unsigned)__builtin_clzll(v) : 0;

    if (bits <= SUB_BITS + 1)
        return v;
    unsigned shift = bits - SUB_BITS - 1;
    return ((uint64_t)shift << SUB_BITS) + (v >> shift);
}

/* Spans of the same agent, kind and operation; the low bits are left for a bucket. */
static uint64_t
group_of(const struct nj_trace *trace, uint32_t i)
{
    uint64_t parts[] = {(uint64_t)trace->agent[i] << 32 | trace->operation[i], trace->kind[i]};
    return nj_hash((struct nj_slice){(const char *)parts, sizeof parts}) << BUCKET_BITS;
}

static enum nj_status
exemplars_begin(struct nj_run *run, void *state)
{
    struct exemplars *e = state;

    (void)run;
    nj_tally_init(&e->buckets, sizeof(struct candidate));
    nj_tally_init(&e->spans, sizeof(struct line));
    return NJ_OK;
}

static void
exemplars_fini(void *state)
{
    struct exemplars *e = state;

    nj_tally_fini(&e->buckets);
    nj_tally_fini(&e->spans);
}

static enum nj_status
out_of_memory(struct nj_run *run)
{
    return nj_fail(run->err, NJ_ENOMEM, "exemplars: no memory");
}

static bool
is_before(const struct candidate *a, const struct candidate *b)
{
    if (a->duration_ns != b->duration_ns)
        return a->duration_ns < b->duration_ns;
    return nj_trace_id_before(&a->id, &b->id);
}

static void
candidate_add(struct candidate *into, const struct candidate *from)
{
    uint64_t traces = into->traces + from->traces;

    if (from->is_set && (!into->is_set || is_before(from, into)))
        *into = *from;
    into->traces = traces;
}

/* The longest; among equals the smallest id. */
static void
slowest_add(struct candidate *into, const struct candidate *from)
{
    if (from->is_set && (!into->is_set || from->duration_ns > into->duration_ns ||
                         (from->duration_ns == into->duration_ns && is_before(from, into))))
        *into = *from;
}

static enum nj_status
exemplars_trace(struct nj_run *run, void *state, const struct nj_trace *trace)
{
    struct exemplars *e = state;
    const struct candidate one = {.duration_ns = nj_trace_raw_ns(trace, trace->root),
                                  .number = trace->number,
                                  .id = trace->id,
                                  .weight = trace->weight.value,
                                  .traces = 1,
                                  .is_set = true};
    uint64_t bucket = bucket_of(one.duration_ns);
    struct candidate *at = nj_tally_at(&e->buckets, bucket);

    if (!at)
        return out_of_memory(run);
    candidate_add(at, &one);
    slowest_add(&e->slowest, &one);
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint64_t in = bucket_of(nj_trace_raw_ns(trace, i));
        struct line *line = nj_tally_at(&e->spans, group_of(trace, i) | in >> LINE_BITS);
        if (!line)
            return out_of_memory(run);
        line->of[in & LINE_MASK]++;
    }
    return NJ_OK;
}

static bool
candidates_merge(struct nj_tally *into, const struct nj_tally *from)
{
    for (size_t i = 0; i < from->len; i++) {
        struct candidate *at = nj_tally_at(into, nj_tally_key(from, i));
        if (!at)
            return false;
        candidate_add(at, nj_tally_get(from, i));
    }
    return true;
}

static enum nj_status
exemplars_merge(struct nj_run *run, void *into, void *from)
{
    struct exemplars *a = into;
    const struct exemplars *b = from;

    if (!candidates_merge(&a->buckets, &b->buckets))
        return out_of_memory(run);
    for (size_t i = 0; i < b->spans.len; i++) {
        struct line *line = nj_tally_at(&a->spans, nj_tally_key(&b->spans, i));
        const struct line *from_line = nj_tally_get(&b->spans, i);
        if (!line)
            return out_of_memory(run);
        for (int k = 0; k < LINE_LEN; k++)
            line->of[k] += from_line->of[k];
    }
    slowest_add(&a->slowest, &b->slowest);
    return NJ_OK;
}

/* The trace in whose bucket quantile p of the stored traces lies; buckets sorted. */
static const struct candidate *
at_quantile(const struct nj_tally *buckets, double p)
{
    uint64_t all = 0, seen = 0;

    for (size_t i = 0; i < buckets->len; i++)
        all += ((const struct candidate *)nj_tally_get(buckets, i))->traces;
    for (size_t i = 0; i < buckets->len; i++) {
        const struct candidate *c = nj_tally_get(buckets, i);
        seen += c->traces;
        if ((double)seen >= p * (double)all)
            return c;
    }
    return NULL;
}

/* Share of the spans of the same group that are not longer (to the width of a bucket). */
static double
rank_of(const void *context, const struct nj_trace *trace, uint32_t i)
{
    const struct nj_tally *spans = context; /* sorted by key */
    uint64_t group = group_of(trace, i), bucket = bucket_of(nj_trace_raw_ns(trace, i));
    uint64_t all = 0, below = 0;
    size_t lo = 0, hi = spans->len;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (nj_tally_key(spans, mid) < group)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < spans->len && nj_tally_key(spans, lo) - group <= BUCKET_MASK; lo++) {
        const struct line *line = nj_tally_get(spans, lo);
        uint64_t first = (nj_tally_key(spans, lo) & BUCKET_MASK) << LINE_BITS;
        for (uint64_t k = 0; k < LINE_LEN; k++) {
            all += line->of[k];
            below += first + k <= bucket ? line->of[k] : 0;
        }
    }
    return all ? (double)below / (double)all : 0;
}

/* One exemplar on its way into the tables. */
struct picture {
    struct nj_waterfall_view view;
    struct nj_results *results;
};

static enum nj_status
picture_put(struct nj_run *run, const struct nj_trace *trace,
            const struct nj_critical_path *path, const void *context)
{
    const struct picture *picture = context;
    return nj_waterfall_put(run, trace, path, &picture->view, picture->results);
}

static enum nj_status
candidate_put(struct nj_run *run, const struct nj_tally *spans, const char *why,
              const struct candidate *c, struct nj_results *results)
{
    const struct picture picture = {
        {.why = why, .rows_max = ROWS_MAX, .rank = rank_of, .context = spans}, results};
    const struct nj_kept_trace kept = {c->number, c->weight};

    return nj_trace_revisit(run, &kept, picture_put, &picture);
}

static enum nj_status
exemplars_finish(struct nj_run *run, void *state, struct nj_results *results)
{
    struct exemplars *e = state;

    if (!nj_tally_sort_keys(&e->buckets) || !nj_tally_sort_keys(&e->spans))
        return out_of_memory(run);
    const struct {
        const char *why;
        const struct candidate *candidate;
    } wanted[] = {{"slowest", &e->slowest},
                  {"median", at_quantile(&e->buckets, 0.5)},
                  {"p95", at_quantile(&e->buckets, 0.95)}};
    enum nj_status st = NJ_OK;

    for (size_t i = 0; i < NJ_LEN(wanted) && st >= 0; i++) {
        const struct candidate *c = wanted[i].candidate;
        bool is_new = c && c->is_set;
        for (size_t k = 0; k < i && is_new; k++)
            is_new = !wanted[k].candidate || wanted[k].candidate->number != c->number;
        if (is_new)
            st = candidate_put(run, &e->spans, wanted[i].why, c, results);
    }
    return st < 0 ? st : NJ_OK;
}

const struct nj_analyzer nj_analyzer_exemplars = {
    .name = "exemplars",
    .summary = "traces worth looking at, with their critical path",
    .state_bytes = sizeof(struct exemplars),
    .begin = exemplars_begin,
    .trace = exemplars_trace,
    .merge = exemplars_merge,
    .finish = exemplars_finish,
    .fini = exemplars_fini,
};
