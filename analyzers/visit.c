/* visit.c - what happens to every trace before analyzers see it. */
#include "analyzers/visit.h"

#include "base/glob.h"

#include <stdlib.h>

enum { SCRATCH_BYTES = 1 << 20, KEEP_BYTES = 256 << 10 };

enum nj_status
nj_visit_init(struct nj_visit *visit, struct nj_run *run, const struct nj_corpus *corpus,
              const struct nj_options *options, const struct nj_weigher *weigher,
              struct nj_error *err)
{
    *visit =
        (struct nj_visit){.run = run, .corpus = corpus, .options = options, .weigher = weigher};
    *run = (struct nj_run){.options = options,
                           .corpus = corpus,
                           .names = corpus->names,
                           .keep = nj_arena_new(KEEP_BYTES),
                           .scratch = nj_arena_new(SCRATCH_BYTES),
                           .path = &visit->path,
                           .err = err,
                           .weigher = weigher};
    visit->of_trace = nj_diags_new();
    visit->total = nj_diags_new();
    if (!run->keep || !run->scratch || !visit->of_trace || !visit->total)
        return nj_fail(err, NJ_ENOMEM, "no memory for the analysis");
    return NJ_OK;
}

void
nj_visit_fini(struct nj_visit *visit)
{
    if (!visit->run)
        return;
    nj_arena_free(visit->run->keep);
    nj_arena_free(visit->run->scratch);
    free(visit->of_trace);
    free(visit->total);
}

/* Whether a span of the trace has the attribute of --where; reads full contents, so it is only
 * done when asked for. */
static enum nj_status
where_matches(struct nj_visit *visit, const struct nj_raw_trace *raw, bool *out)
{
    const struct nj_options *o = visit->options;
    struct nj_span span;

    *out = false;
    for (uint32_t i = 0; i < raw->rows_len && !*out; i++) {
        enum nj_status st = visit->corpus->payload(visit->run->source, &raw->rows[i],
                                                   visit->run->scratch, &span, visit->run->err);
        if (st < 0)
            return st;
        *out = nj_attrs_have(&span.attrs, o->where_key, o->where_value);
    }
    return NJ_OK;
}

/* Whether a span of the trace belongs to a service that --service names. */
static bool
service_matches(const struct nj_visit *visit, const struct nj_trace *trace)
{
    struct nj_slice glob = nj_slice_of(visit->options->service_glob);
    uint32_t last = UINT32_MAX;

    if (glob.len == 0)
        return true;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        if (trace->service[i] == last)
            continue;
        last = trace->service[i];
        if (nj_glob_match(glob, nj_names_get(visit->run->names, last)))
            return true;
    }
    return false;
}

static bool
is_in_window(struct nj_visit *visit, const struct nj_trace *trace)
{
    const struct nj_options *o = visit->options;
    int64_t start = trace->raw_start_ns[trace->root], end = trace->raw_end_ns[trace->root];
    bool is_cut = (o->since_ns && start < o->since_ns && end > o->since_ns) ||
                  (o->until_ns && start < o->until_ns && end > o->until_ns);

    if (is_cut) {
        visit->edge_traces++;
        nj_diag_add(visit->of_trace, NJ_DIAG_TRACE_AT_EDGE, 1);
    }
    return (!o->since_ns || start >= o->since_ns) && (!o->until_ns || start < o->until_ns);
}

static enum nj_status
trace_visit(struct nj_visit *visit, struct nj_trace *trace, nj_visit_fn *fn, void *context)
{
    struct nj_run *run = visit->run;
    enum nj_status st = nj_weigher_apply(visit->weigher, run, trace);

    if (st >= 0)
        st = nj_critical_path_walk(&visit->path, trace, NJ_SCOPE_ROOT, visit->options,
                                   run->scratch, run->err);
    return st < 0 ? st : fn(context, run, trace);
}

/* Adds what the trace counted and empties it, touching only what was used. */
static void
diags_move(struct nj_visit *visit)
{
    for (int i = 0; i < NJ_DIAGS_LEN; i++) {
        if (visit->of_trace->counts[i].count == 0)
            continue;
        visit->total->counts[i].count += visit->of_trace->counts[i].count;
        for (uint32_t k = 0; k < visit->of_trace->counts[i].places_len; k++)
            nj_diag_keep(visit->total, (enum nj_diag_id)i,
                         visit->of_trace->counts[i].places[k]);
        visit->of_trace->counts[i].count = 0;
        visit->of_trace->counts[i].places_len = 0;
    }
}

enum nj_status
nj_visit_trace(struct nj_visit *visit, const struct nj_raw_trace *raw, nj_visit_fn *fn,
               void *context)
{
    struct nj_run *run = visit->run;
    struct nj_trace trace;
    bool is_wanted = true;

    nj_arena_reset(run->scratch);
    enum nj_status st = nj_tree_build(&trace, raw, visit->corpus, &visit->options->tree,
                                      run->scratch, visit->of_trace, run->err);
    if (st == NJ_ELIMIT) {
        nj_error_clear(run->err);
        visit->skipped_traces++;
        diags_move(visit);
        return NJ_OK;
    }
    if (st >= 0 && trace.spans_len > 0) {
        is_wanted = is_in_window(visit, &trace) && service_matches(visit, &trace);
        if (is_wanted && visit->options->where_key.len)
            st = where_matches(visit, raw, &is_wanted);
        if (st >= 0 && is_wanted)
            st = trace_visit(visit, &trace, fn, context);
        else
            visit->skipped_traces++;
    }
    diags_move(visit);
    return st;
}

void
nj_visit_merge(struct nj_visit *into, const struct nj_visit *from)
{
    nj_diags_merge(into->total, from->total);
    into->skipped_traces += from->skipped_traces;
    into->edge_traces += from->edge_traces;
}

void
nj_visit_finish(const struct nj_visit *visit, struct nj_results *results)
{
    struct nj_table *summary = nj_results_table(results, NJ_TABLE_summary);

    if (nj_table_len(summary) > 0) {
        nj_table_put_int(summary, 0, NJ_COL_summary_edge_traces, (int64_t)visit->edge_traces);
        nj_table_put_int(summary, 0, NJ_COL_summary_skipped_traces,
                         (int64_t)visit->skipped_traces);
    }
}
