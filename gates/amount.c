/* amount.c - limits with their units, by metric. */
#include "gates/amount.h"

#include "base/clock.h"

#include <stdlib.h>

#define UP   true
#define DOWN false
static const struct nj_metric metrics[] = {
#define NJ_METRIC(id, unit, worse, quantile, label)                                            \
    {#id, NJ_UNIT_##unit, worse, quantile, label},
#include "schema/metrics.def"
#undef NJ_METRIC
#define NJ_BEHAVIOUR(symbol, id, help) {id, NJ_UNIT_RATIO, UP, 0, id},
#include "schema/behaviours.def"
#undef NJ_BEHAVIOUR
};
#undef UP
#undef DOWN

const struct nj_metric *
nj_metric_find(struct nj_slice id)
{
    for (size_t i = 0; i < NJ_LEN(metrics); i++)
        if (nj_slice_eq(id, nj_slice_of(metrics[i].id)))
            return &metrics[i];
    return NULL;
}

bool
nj_metric_is_known(struct nj_slice id)
{
    return nj_metric_find(id) != NULL;
}

const char *
nj_unit_name(enum nj_unit unit)
{
    static const char *const names[] = {"ns", "ratio", "count", "tokens", "cost"};
    return names[unit];
}

/* A number and what stands behind it; false: no number. */
static bool
number_read(struct nj_slice text, double *value, struct nj_slice *unit)
{
    char *stop;

    if (text.len == 0 || !((text.ptr[0] >= '0' && text.ptr[0] <= '9') || text.ptr[0] == '.'))
        return false;
    *value = strtod(text.ptr, &stop);
    while (*stop == ' ')
        stop++;
    *unit = (struct nj_slice){stop, text.len - (size_t)(stop - text.ptr)};
    return *value >= 0 && *value < 1e18;
}

bool
nj_amount_parse(struct nj_slice text, struct nj_slice metric, bool is_change,
                struct nj_amount *out, const char **expected)
{
    const struct nj_metric *m = nj_metric_find(metric);
    struct nj_slice unit = {0};
    double value = 0;
    int64_t ns;

    *out = (struct nj_amount){.is_set = true};
    bool is_number = number_read(text, &value, &unit);
    bool is_percent = is_number && nj_slice_eq(unit, NJ_SLICE("%"));
    switch (m->unit) {
    case NJ_UNIT_NS:
        *expected = is_change ? "a share of the baseline such as 10%" : "a time such as 20s";
        if (is_change && is_percent) {
            *out = (struct nj_amount){value / 100, true, true};
            return true;
        }
        if (is_change || !nj_duration_parse(text, &ns))
            return false;
        out->value = (double)ns;
        return true;
    case NJ_UNIT_RATIO:
        *expected = is_change ? "percentage points such as 1pp" : "a share such as 8%";
        out->value = value / 100;
        return is_number && (is_change ? nj_slice_eq(unit, NJ_SLICE("pp")) : is_percent);
    case NJ_UNIT_COUNT:
    case NJ_UNIT_TOKENS:
    case NJ_UNIT_COST:
        *expected = is_change ? "a share of the baseline such as 10%" : "a number such as 5000";
        if (is_change) {
            *out = (struct nj_amount){is_number ? value / 100 : 0, true, true};
            return is_percent;
        }
        out->value = value;
        return is_number && unit.len == 0;
    }
    return false;
}
