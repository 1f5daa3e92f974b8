/* weigh_subset.c - the highest threshold of each service and hour where thresholds differ. */
#include "analyzers/weigh_subset.h"

#include "trees/weights.h"

#include <stdlib.h>

struct nj_weigh_highest {
    struct nj_weigh_stratum of;
    uint64_t threshold;
};

static int
highest_cmp(const void *a, const void *b)
{
    const struct nj_weigh_highest *l = a, *r = b;

    if (l->of.service != r->of.service)
        return l->of.service < r->of.service ? -1 : 1;
    if (l->of.hour != r->of.hour)
        return l->of.hour < r->of.hour ? -1 : 1;
    return (l->threshold < r->threshold) - (l->threshold > r->threshold);
}

enum nj_status
nj_weigh_subset_find(struct nj_weigh_subset *out, const struct nj_scanned *traces, size_t len,
                     struct nj_names *names, struct nj_arena *arena, struct nj_error *err)
{
    struct nj_weigh_highest *list = NJ_NEW_RAW(arena, struct nj_weigh_highest, len);
    size_t mixed = 0, kept = 0;

    out->source = nj_names_intern(names, NJ_SLICE("ot.th:complete"));
    if (!list || out->source == UINT32_MAX)
        return nj_fail(err, NJ_ENOMEM, "no memory for thresholds");
    for (size_t i = 0; i < len; i++)
        if (traces[i].is_mixed)
            list[mixed++] = (struct nj_weigh_highest){traces[i].of, traces[i].threshold};
    qsort(list, mixed, sizeof *list, highest_cmp);
    for (size_t i = 0; i < mixed; i++)
        if (i == 0 || list[i].of.service != list[i - 1].of.service ||
            list[i].of.hour != list[i - 1].of.hour)
            list[kept++] = list[i];
    out->list = list;
    out->len = kept;
    return NJ_OK;
}

static const struct nj_weigh_highest *
highest_find(const struct nj_weigh_subset *subset, struct nj_weigh_stratum of)
{
    struct nj_weigh_highest wanted = {of, UINT64_MAX};
    size_t lo = 0, hi = subset->len;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (highest_cmp(&subset->list[mid], &wanted) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    bool is_found = lo < subset->len && subset->list[lo].of.service == of.service &&
                    subset->list[lo].of.hour == of.hour;
    return is_found ? &subset->list[lo] : NULL;
}

void
nj_weigh_subset_apply(const struct nj_weigh_subset *subset, struct nj_weigh_stratum stratum,
                      struct nj_trace *trace)
{
    const struct nj_weigh_highest *highest = highest_find(subset, stratum);
    struct nj_weight_reading reading;

    if (!highest)
        return;
    nj_weight_read(&reading, trace);
    if (!reading.has_threshold || reading.threshold == highest->threshold)
        return;
    bool is_whole = reading.randomness >= highest->threshold;
    trace->weight.value = is_whole ? nj_threshold_weight(highest->threshold) : 0;
    trace->weight.status = is_whole ? NJ_WEIGHT_OK : NJ_WEIGHT_ZERO;
    trace->weight.source = subset->source;
}
