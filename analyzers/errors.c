/* errors.c - what error caused what, and what became of it: the plug-in. */
#include "analyzers/analyzer.h"
#include "analyzers/errors_count.h"
#include "analyzers/errors_print.h"
#include "analyzers/errors_sums.h"

struct state {
    struct nj_error_counts counts;
    struct nj_error_sums sums;
};

static enum nj_status
errors_begin(struct nj_run *run, void *state)
{
    nj_error_sums_init(&((struct state *)state)->sums, run);
    return NJ_OK;
}

static void
errors_fini(void *state)
{
    nj_error_sums_fini(&((struct state *)state)->sums);
}

static enum nj_status
errors_trace(struct nj_run *run, void *state, const struct nj_trace *trace)
{
    struct state *s = state;
    struct nj_errors found;
    enum nj_status st =
        nj_errors_find(&found, trace, run->options->sideways, run->scratch, run->err);

    if (st < 0)
        return st;
    if (!nj_error_counts_add(&s->counts, &found, run->path) ||
        !nj_error_sums_add(&s->sums, &found))
        return nj_fail(run->err, NJ_ENOMEM, "errors: no memory for the sums");
    return NJ_OK;
}

static enum nj_status
errors_merge(struct nj_run *run, void *into, void *from)
{
    struct state *a = into;
    struct state *b = from;

    nj_error_counts_merge(&a->counts, &b->counts);
    if (!nj_error_sums_merge(&a->sums, &b->sums))
        return nj_fail(run->err, NJ_ENOMEM, "errors: no memory for the sums");
    return NJ_OK;
}

static enum nj_status
errors_finish(struct nj_run *run, void *state, struct nj_results *results)
{
    struct state *s = state;
    struct nj_table *summary = nj_results_table(results, NJ_TABLE_errors_summary);
    enum nj_status st;

    nj_error_counts_put(&s->counts, summary, nj_table_add(summary));
    st = nj_error_sums_put(&s->sums, run, results);
    return st < 0 ? st : nj_error_exemplars_put(&s->sums, run, results);
}

static enum nj_status
errors_print_trace(struct nj_run *run, const struct nj_trace *trace, struct nj_jsonw *out)
{
    struct nj_errors found;
    enum nj_status st =
        nj_errors_find(&found, trace, run->options->sideways, run->scratch, run->err);

    return st < 0 ? st : nj_errors_print(&found, run->options->is_redacted, out, run->err);
}

const struct nj_analyzer nj_analyzer_errors = {
    .name = "errors",
    .summary = "what error caused what, and what became of it",
    .state_bytes = sizeof(struct state),
    .begin = errors_begin,
    .trace = errors_trace,
    .merge = errors_merge,
    .finish = errors_finish,
    .fini = errors_fini,
    .print_trace = errors_print_trace,
};
