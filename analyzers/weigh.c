/* weigh.c - weights for every trace: what is recorded, and what options add to it. */
#include "analyzers/weigh.h"

#include "base/hash.h"
#include "trees/weights.h"

#include <stdlib.h>

struct nj_weigher {
    double assume_weight;   /* 0: nothing is assumed */
    uint32_t assume_source; /* name id */
};

enum nj_status
nj_weigher_new(struct nj_weigher **out, const struct nj_corpus *corpus,
               const struct nj_options *options, struct nj_error *err)
{
    struct nj_weigher *weigher = calloc(1, sizeof *weigher);

    *out = weigher;
    if (!weigher)
        return nj_fail(err, NJ_ENOMEM, "no memory for weights");
    if (options->assume_rate > 0) {
        weigher->assume_weight = 1 / options->assume_rate;
        weigher->assume_source = nj_names_intern(corpus->names, NJ_SLICE("assumed"));
        if (weigher->assume_source == UINT32_MAX)
            return nj_fail(err, NJ_ENOMEM, "no memory for weights");
    }
    return NJ_OK;
}

void
nj_weigher_free(struct nj_weigher *weigher)
{
    free(weigher);
}

enum nj_status
nj_weigher_apply(const struct nj_weigher *weigher, struct nj_run *run, struct nj_trace *trace)
{
    struct nj_weight_reading reading;
    enum nj_status st = nj_weight_of_trace(&trace->weight, trace, run->err);

    if (st < 0)
        return st;
    nj_weight_read(&reading, trace);
    trace->weight.is_grouped = reading.has_rv;
    if (trace->weight.status == NJ_WEIGHT_UNKNOWN && weigher->assume_weight > 0) {
        trace->weight.value = weigher->assume_weight;
        trace->weight.source = weigher->assume_source;
        trace->weight.status = NJ_WEIGHT_OK;
    }
    return NJ_OK;
}
