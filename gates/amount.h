/* amount.h - limits with their units, by metric (floor 4). */
#ifndef NJ_GATES_AMOUNT_H
#define NJ_GATES_AMOUNT_H

#include "gates/policy.h"

enum nj_unit { NJ_UNIT_NS, NJ_UNIT_RATIO, NJ_UNIT_COUNT, NJ_UNIT_TOKENS, NJ_UNIT_COST };

/* A metric that gates can judge: rows of schema/metrics.def, and for each of
 * schema/behaviours.def the share of traces that have it. */
struct nj_metric {
    const char *id;
    enum nj_unit unit;
    bool is_up_worse; /* a rise is bad, else a fall */
    double quantile;  /* 0 to 1; 0: it is none */
    const char *label;
};
/* NULL: there is none of this name. */
const struct nj_metric *nj_metric_find(struct nj_slice id);
bool nj_metric_is_known(struct nj_slice id);

/* "ns", "ratio", "count", "tokens", "cost". */
const char *nj_unit_name(enum nj_unit unit);

/* Reads a limit or an allowed change of a metric: "20s" for times, "5%" (of the baseline, or
 * for a share the share itself), "1pp" for shares, plain numbers for counts. false: *expected
 * says what would be right. */
bool nj_amount_parse(struct nj_slice text, struct nj_slice metric, bool is_change,
                     struct nj_amount *out, const char **expected);

#endif
