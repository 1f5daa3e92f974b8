/* weigh_recover.c - looks for thresholds in the trace ids of services and hours. */
#include "analyzers/weigh_recover.h"

#include <stdlib.h>

/* A stratum of its own needs so many ids. */
enum { STRATUM_MIN = 100 };
/* Ids of all services together may hide a step behind others: this much is a reason to look. */
#define PROBE_LLR 6.0
/* A fit of its own must be so much likelier than the wider one (two parameters, 1 in 1000). */
#define OWN_LLR 7.0

enum nj_status
nj_weigh_recovery_probe(bool *out, const struct nj_trace_info *infos, size_t len,
                        struct nj_arena *scratch, struct nj_error *err)
{
    struct nj_trace_id *ids = NJ_NEW_RAW(scratch, struct nj_trace_id, len);
    struct nj_recovered found;
    size_t hex = 0;

    if (!ids)
        return nj_fail(err, NJ_ENOMEM, "no memory for %zu trace ids", len);
    for (size_t i = 0; i < len; i++)
        if (infos[i].text.len == 0)
            ids[hex++] = infos[i].id;
    enum nj_status st = nj_recover(&found, ids, hex, scratch, err);
    *out = found.llr > PROBE_LLR;
    return st;
}

/* The traces of unknown weight, in the order of (service by text, hour, id). */
struct work {
    struct nj_weigh_recovery *recovery;
    const struct nj_names *names;
    const struct nj_scanned **traces;
    size_t len;
    struct nj_trace_id *ids; /* of the same */
    struct nj_weigh_recovered *list;
    struct nj_arena *scratch;
    struct nj_error *err;
};

struct sorted {
    const struct nj_scanned *trace;
    struct nj_slice service;
};

static int
sorted_cmp(const void *a, const void *b)
{
    const struct sorted *l = a, *r = b;
    int c = nj_slice_cmp(l->service, r->service);

    if (c == 0 && l->trace->of.hour != r->trace->of.hour)
        return l->trace->of.hour < r->trace->of.hour ? -1 : 1;
    return c ? c : memcmp(l->trace->id.bytes, r->trace->id.bytes, NJ_TRACE_ID_BYTES);
}

static enum nj_status
work_init(struct work *w, const struct nj_scanned *traces, size_t len, struct nj_arena *arena)
{
    struct sorted *sorted = NJ_NEW_RAW(w->scratch, struct sorted, len);
    size_t services = 0;

    w->traces = NJ_NEW_RAW(w->scratch, const struct nj_scanned *, len);
    w->ids = NJ_NEW_RAW(w->scratch, struct nj_trace_id, len);
    if (!sorted || !w->traces || !w->ids)
        return nj_fail(w->err, NJ_ENOMEM, "no memory for %zu trace ids", len);
    for (size_t i = 0; i < len; i++)
        if (!traces[i].is_known && traces[i].has_hex_id)
            sorted[w->len++] =
                (struct sorted){&traces[i], nj_names_get(w->names, traces[i].of.service)};
    qsort(sorted, w->len, sizeof *sorted, sorted_cmp);
    for (size_t i = 0; i < w->len; i++) {
        w->traces[i] = sorted[i].trace;
        w->ids[i] = sorted[i].trace->id;
        services += i == 0 || sorted[i].trace->of.service != sorted[i - 1].trace->of.service;
    }
    /* one for all, one a service, one an hour that has enough */
    w->list = NJ_NEW(arena, struct nj_weigh_recovered, 1 + services + w->len / STRATUM_MIN);
    return w->list ? NJ_OK : nj_fail(w->err, NJ_ENOMEM, "no memory for recovered rates");
}

static struct nj_weigh_recovered *
entry_add(struct work *w, struct nj_weigh_stratum of, const struct nj_recovered *found)
{
    struct nj_weigh_recovered *entry = &w->list[w->recovery->len++];

    *entry = (struct nj_weigh_recovered){of, w->recovery->len == 1, *found};
    return entry;
}

/* Hours of a service whose ids speak for a threshold of their own. */
static enum nj_status
hours_fit(struct work *w, size_t first, size_t last, const struct nj_recovered *wider)
{
    for (size_t at = first, end; at < last; at = end) {
        struct nj_recovered own;
        int64_t hour = w->traces[at]->of.hour;
        for (end = at; end < last && w->traces[end]->of.hour == hour;)
            end++;
        if (end - at < STRATUM_MIN || (at == first && end == last))
            continue;
        enum nj_status st = nj_recover(&own, w->ids + at, end - at, w->scratch, w->err);
        if (st < 0)
            return st;
        double llr = wider->is_accepted ? nj_recovered_llr(wider, w->ids + at, end - at) : 0;
        if (own.is_accepted && nj_recovered_llr(&own, w->ids + at, end - at) > llr + OWN_LLR)
            (void)entry_add(w, w->traces[at]->of, &own);
    }
    return NJ_OK;
}

/* A service with enough traces has a fit of its own; a small one shares that of all, if its own
 * ids do not speak against it. */
static enum nj_status
service_fit(struct work *w, size_t first, size_t last)
{
    struct nj_recovered found = w->list[0].found;
    struct nj_weigh_stratum of = {w->traces[first]->of.service, INT64_MIN};

    if (last - first >= STRATUM_MIN && last - first < w->len) {
        enum nj_status st =
            nj_recover(&found, w->ids + first, last - first, w->scratch, w->err);
        if (st < 0)
            return st;
    } else if (nj_recovered_llr(&found, w->ids + first, last - first) <= 0) {
        found.is_accepted = false;
    }
    const struct nj_weigh_recovered *entry = entry_add(w, of, &found);
    return hours_fit(w, first, last, &entry->found);
}

static int
stratum_cmp(const struct nj_weigh_stratum *a, const struct nj_weigh_stratum *b)
{
    if (a->service != b->service)
        return a->service < b->service ? -1 : 1;
    return (a->hour > b->hour) - (a->hour < b->hour);
}

static int
entry_cmp(const void *a, const void *b)
{
    const struct nj_weigh_recovered *const *l = a, *const *r = b;

    return stratum_cmp(&(*l)->of, &(*r)->of);
}

static enum nj_status
index_make(struct work *w, struct nj_names *names, struct nj_arena *arena)
{
    struct nj_weigh_recovery *r = w->recovery;

    r->list = w->list;
    r->by_stratum = NJ_NEW_RAW(arena, const struct nj_weigh_recovered *, r->len);
    if (!r->by_stratum)
        return nj_fail(w->err, NJ_ENOMEM, "no memory for recovered rates");
    for (size_t i = 1; i < r->len; i++)
        r->by_stratum[i - 1] = &w->list[i];
    qsort(r->by_stratum, r->len - 1, sizeof(*r->by_stratum), entry_cmp);
    for (unsigned h = 0; h < NJ_ID_HASHES_LEN; h++) {
        struct nj_buf text = {0};
        nj_buf_printf(&text, "recovered:%s", nj_id_hash_name((enum nj_id_hash)h));
        r->sources[h] =
            text.is_failed ? UINT32_MAX : nj_names_intern(names, nj_buf_slice(&text));
        nj_buf_fini(&text);
        if (r->sources[h] == UINT32_MAX)
            return nj_fail(w->err, NJ_ENOMEM, "no memory for recovered rates");
    }
    return NJ_OK;
}

enum nj_status
nj_weigh_recovery_fit(struct nj_weigh_recovery *recovery, const struct nj_scanned *traces,
                      size_t len, struct nj_names *names, struct nj_arena *arena,
                      struct nj_arena *scratch, struct nj_error *err)
{
    struct work w = {.recovery = recovery, .names = names, .scratch = scratch, .err = err};
    struct nj_recovered all;
    enum nj_status st = work_init(&w, traces, len, arena);

    if (st == NJ_OK)
        st = nj_recover(&all, w.ids, w.len, scratch, err);
    if (st < 0)
        return st;
    (void)entry_add(&w, (struct nj_weigh_stratum){NJ_NO_NAME, INT64_MIN}, &all);
    for (size_t at = 0, end; at < w.len && st == NJ_OK; at = end) {
        for (end = at; end < w.len && w.traces[end]->of.service == w.traces[at]->of.service;)
            end++;
        st = service_fit(&w, at, end);
    }
    return st < 0 ? st : index_make(&w, names, arena);
}

static const struct nj_weigh_recovered *
entry_find(const struct nj_weigh_recovery *recovery, struct nj_weigh_stratum stratum)
{
    size_t lo = 0, hi = recovery->len - 1;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = stratum_cmp(&recovery->by_stratum[mid]->of, &stratum);
        if (c == 0)
            return recovery->by_stratum[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

bool
nj_weigh_recovery_apply(const struct nj_weigh_recovery *recovery,
                        struct nj_weigh_stratum stratum, const struct nj_trace_id *id,
                        struct nj_weight *out)
{
    const struct nj_weigh_recovered *entry;

    if (recovery->len == 0)
        return false;
    if (!(entry = entry_find(recovery, stratum))) {
        stratum.hour = INT64_MIN;
        entry = entry_find(recovery, stratum);
    }
    if (!entry || !entry->found.is_accepted)
        return false;
    bool is_kept = nj_recovered_keeps(&entry->found, id);
    out->value = is_kept ? 1 / nj_recovered_rate(&entry->found) : 0;
    out->status = is_kept ? NJ_WEIGHT_OK : NJ_WEIGHT_ZERO;
    out->source = recovery->sources[entry->found.hash];
    return true;
}
