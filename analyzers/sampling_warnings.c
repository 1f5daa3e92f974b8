/* sampling_warnings.c - what to know before believing the numbers: warnings with stable ids. */
#include "analyzers/sampling.h"

#include <stdlib.h>

#define TOP_SHARE_MAX  0.5
#define LOST_SHARE_MAX 0.01
#define UNIFORMITY_MIN 1e-3
/* Hours with fewer traces say nothing of a change. */
#define HOUR_TRACES_MIN 30

struct modal {
    int64_t hour;
    double weight, carried; /* the rate that stands for most, and for how much */
    uint64_t traces;
};

static int
hour_cmp(const void *a, const void *b)
{
    const struct nj_sampling_hour *l = *(const struct nj_sampling_hour *const *)a;
    const struct nj_sampling_hour *r = *(const struct nj_sampling_hour *const *)b;

    if (l->hour != r->hour)
        return l->hour < r->hour ? -1 : 1;
    return (l->weight > r->weight) - (l->weight < r->weight);
}

/* Hours whose most important rate is another than in the hour before. */
static uint64_t
changed_hours(struct nj_sampling_run *s)
{
    const struct nj_tally *hours = &s->state->hours;
    size_t len = hours->len;
    const struct nj_sampling_hour **list =
        NJ_NEW_RAW(s->arena, const struct nj_sampling_hour *, len);
    struct modal last = {0};
    uint64_t changed = 0;

    if (!list)
        return 0;
    for (size_t i = 0; i < len; i++)
        list[i] = nj_tally_get(hours, i);
    if (len > 1)
        qsort(list, len, sizeof(*list), hour_cmp);
    for (size_t at = 0; at < len;) {
        struct modal now = {.hour = list[at]->hour};
        for (; at < len && list[at]->hour == now.hour; at++) {
            double carried = list[at]->weight * (double)list[at]->traces;
            now.traces += list[at]->traces;
            if (carried >= now.carried) {
                now.carried = carried;
                now.weight = list[at]->weight;
            }
        }
        if (now.traces < HOUR_TRACES_MIN)
            continue;
        changed += last.traces > 0 && last.weight != now.weight;
        last = now;
    }
    return changed;
}

static void
warning_put(struct nj_sampling_run *s, const char *id, uint64_t count, const char *text)
{
    struct nj_table *t = nj_results_table(s->results, NJ_TABLE_sampling_warnings);

    if (count == 0)
        return;
    size_t row = nj_table_add(t);
    nj_table_put_text(t, row, NJ_COL_sampling_warnings_id, nj_slice_of(id));
    nj_table_put_int(t, row, NJ_COL_sampling_warnings_count, (int64_t)count);
    nj_table_put_text(t, row, NJ_COL_sampling_warnings_text, nj_slice_of(text));
}

void
nj_sampling_warnings_put(struct nj_sampling_run *s)
{
    const struct nj_sampling *state = s->state;
    const struct nj_sampling_findings *f = &s->found;
    uint64_t unknown = f->by_status[NJ_WEIGHT_UNKNOWN];
    uint64_t with_weight = f->known + f->recovered + f->assumed + f->stratified;
    uint64_t mixed = (with_weight > 0 ? unknown : 0) + state->partial;
    double lost = state->child_spans ? (double)f->orphans_lost / (double)state->child_spans : 0;
    uint64_t uneven = f->uniformity_p < UNIFORMITY_MIN ? state->even_traces : 0;
    /* S017 compares two runs: gates/judge.c says it. */
    const struct {
        const char *id;
        uint64_t count;
        const char *text;
    } warnings[] = {
        {"S001", with_weight == 0 ? unknown : 0,
         "traces without a rate at which they were kept: numbers describe what is stored, "
         "which need not be what happened"},
        {"S002", f->recovered,
         "traces whose weight was recovered from the trace ids, not recorded"},
        {"S003", state->conflicting,
         "traces with two rates that differ by more than 1 % (from a stratum's number: by more "
         "than chance); the one of higher precedence counts"},
        {"S004", mixed,
         "traces without a rate, or with one on some of their spans only, although others in "
         "the store have one"},
        {"S005", f->by_status[NJ_WEIGHT_INCONSISTENT],
         "traces with a recorded threshold that their own randomness does not reach: it cannot "
         "be true"},
        {"S006", state->label_conflicts,
         "traces labelled with another sampling rule than the one that decides their "
         "probability"},
        {"S007", state->mixed,
         "traces with spans that were kept by different thresholds; only those that reach the "
         "highest count"},
        {"S008", changed_hours(s), "hours in which another sampling rate prevails than before"},
        {"S009", f->top_share > TOP_SHARE_MAX ? f->top_traces : 0,
         "traces, 1 % of all, that carry more than half of the weight: estimates hang on them"},
        {"S010", f->unbounded_rows,
         "percentiles without an upper limit: too few traces lie above them"},
        {"S011", f->biased_rows, "plain numbers that are off by more than 5 %"},
        {"S012", uneven, "trace ids that are not evenly spread, as sampling by them assumes"},
        {"S013", f->has_second_sampler ? f->recovered : 0,
         "traces that passed two samplers, one after the other: their rates multiply"},
        {"S014", lost > LOST_SHARE_MAX ? f->orphans_lost : 0,
         "spans whose parent is missing without sampling explaining it: spans were lost"},
        {"S015", state->grouped,
         "traces that may share their sampling decision with others and count as one unit with "
         "them"},
        {"S016", state->rate_limited,
         "traces that were kept by a rate limiter, whose probability is not known"},
        {"S018", f->is_error_share_biased ? f->error_traces : 0,
         "traces with an error: their share of what is stored is an effect of sampling"},
        {"S019", f->empty_parts,
         "strata of a known number of traces of which none is stored: what happened in them is "
         "in no number"},
    };

    for (size_t i = 0; i < NJ_LEN(warnings); i++)
        warning_put(s, warnings[i].id, warnings[i].count, warnings[i].text);
}
