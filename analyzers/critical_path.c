/* critical_path.c - analyzer: where the time of whole traces goes. */
#include "analyzers/critical_path.h"

#include "analyzers/path_blockers.h"
#include "analyzers/path_rows.h"

static enum nj_status
critical_path_begin(struct nj_run *run, void *state)
{
    return nj_path_totals_init(state, run);
}

/* Whether the whole job can differ from what the main root waited for. */
static bool
has_more_items(const struct nj_trace *trace)
{
    bool has = trace->roots_len > 1;

    for (uint32_t i = 0; i < trace->spans_len && !has; i++)
        has = !nj_span_blocks(trace, i);
    return has;
}

/* Beyond the tolerance that trees allow a child to outlive its parent by. */
static bool
differs(const struct nj_critical_path *root, const struct nj_critical_path *whole)
{
    enum { TOLERANCE_NS = 1000000, PARTS = 100 };
    int64_t root_ns = root->end_ns - root->start_ns;
    int64_t more_ns = whole->end_ns - whole->start_ns - root_ns;

    return more_ns > TOLERANCE_NS && more_ns > root_ns / PARTS;
}

static enum nj_status
critical_path_trace(struct nj_run *run, void *state, const struct nj_trace *trace)
{
    struct nj_path_totals *totals = state;
    struct nj_critical_path whole;

    if (!has_more_items(trace))
        return nj_path_totals_add(totals, run, trace, run->path, NJ_PATH_IN_BOTH);
    enum nj_status st = nj_critical_path_walk(&whole, trace, NJ_SCOPE_TRACE, run->options,
                                              run->scratch, run->err);
    if (st == NJ_OK)
        st = nj_path_totals_add(totals, run, trace, run->path, NJ_PATH_IN_ROOT);
    if (st == NJ_OK)
        st = nj_path_totals_add(totals, run, trace, &whole, NJ_PATH_IN_TRACE);
    totals->has_items = totals->has_items || (st == NJ_OK && differs(run->path, &whole));
    return st;
}

static enum nj_status
critical_path_merge(struct nj_run *run, void *into, void *from)
{
    return nj_path_totals_merge(into, from)
               ? NJ_OK
               : nj_fail(run->err, NJ_ENOMEM, "no memory to merge critical paths");
}

static enum nj_status
critical_path_finish(struct nj_run *run, void *state, struct nj_results *results)
{
    return nj_path_rows_put(state, run, results);
}

static void
critical_path_fini(void *state)
{
    nj_path_totals_fini(state);
}

static const char *const scope_names[] = {"root", "trace"};
static const char *const part_names[] = {"self", "wait", "gap"};
static const char *const evidence_names[] = {"tool-call", "link", "stream", "timing", "parent"};

static void
segment_print(const struct nj_trace *trace, const struct nj_segment *s, struct nj_jsonw *out)
{
    const struct nj_names *names = trace->corpus->names;
    char hex[NJ_SPAN_HEX + 1];

    nj_jsonw_object(out);
    nj_jsonw_key_text(out, "span_id", nj_trace_span_show(trace, s->span, hex));
    nj_jsonw_key_text(out, "agent", nj_names_get(names, trace->agent[s->span]));
    nj_jsonw_key_text(out, "kind",
                      nj_slice_of(nj_kind_name((enum nj_kind)trace->kind[s->span])));
    nj_jsonw_key_text(out, "name", nj_names_get(names, trace->name[s->span]));
    nj_jsonw_key_int(out, "start_ns", s->start_ns);
    nj_jsonw_key_int(out, "end_ns", s->end_ns);
    nj_jsonw_key_text(out, "part", nj_slice_of(part_names[s->part]));
    nj_jsonw_key_text(out, "evidence", nj_slice_of(evidence_names[s->evidence]));
    nj_jsonw_object_end(out);
}

/* The span id in a place such as "trace 4bf9 span 00f0"; empty where it names none. */
static struct nj_slice
place_span(const struct nj_diag_count *count)
{
    const char *at = count->places_len > 0 ? strstr(count->places[0], " span ") : NULL;
    return at ? nj_slice_of(at + strlen(" span ")) : (struct nj_slice){0};
}

static void
diagnostics_print(const struct nj_diags *diags, struct nj_jsonw *out)
{
    nj_jsonw_key(out, "diagnostics");
    nj_jsonw_array(out);
    for (int d = 0; diags && d < NJ_DIAGS_LEN; d++) {
        const struct nj_diag_count *count = &diags->counts[d];
        if (count->count == 0)
            continue;
        struct nj_slice span = place_span(count);
        nj_jsonw_object(out);
        nj_jsonw_key_text(out, "id", nj_slice_of(nj_diag_specs[d].id));
        if (span.len > 0)
            nj_jsonw_key_text(out, "span_id", span);
        else
            nj_jsonw_key_null(out, "span_id");
        nj_jsonw_key_int(out, "count", (int64_t)count->count);
        nj_jsonw_object_end(out);
    }
    nj_jsonw_array_end(out);
}

static enum nj_status
critical_path_print(struct nj_run *run, const struct nj_trace *trace, struct nj_jsonw *out)
{
    const struct nj_critical_path *path = run->path;
    struct nj_critical_path whole;
    char trace_hex[NJ_TRACE_HEX + 1], span_hex[NJ_SPAN_HEX + 1];

    if (run->options->scope == NJ_SCOPE_TRACE) {
        enum nj_status st = nj_critical_path_walk(&whole, trace, NJ_SCOPE_TRACE, run->options,
                                                  run->scratch, run->err);
        if (st < 0)
            return st;
        path = &whole;
    }
    nj_jsonw_object(out);
    nj_jsonw_key_text(out, "trace_id", nj_trace_id_show(&trace->id, trace->text, trace_hex));
    nj_jsonw_key_text(out, "scope", nj_slice_of(scope_names[path->scope]));
    nj_jsonw_key_text(out, "root_span_id", nj_trace_span_show(trace, trace->root, span_hex));
    nj_jsonw_key_int(out, "start_ns", path->start_ns);
    nj_jsonw_key_int(out, "end_ns", path->end_ns);
    nj_jsonw_key_int(out, "duration_ns", path->end_ns - path->start_ns);
    nj_jsonw_key_int(out, "ambiguous_ns", path->ambiguous_ns);
    nj_jsonw_key_bool(out, "complete", trace->is_complete);
    nj_jsonw_key(out, "segments");
    nj_jsonw_array(out);
    for (uint32_t i = 0; i < path->segments_len; i++)
        segment_print(trace, &path->segments[i], out);
    nj_jsonw_array_end(out);
    diagnostics_print(trace->diags, out);
    nj_jsonw_object_end(out);
    return NJ_OK;
}

const struct nj_analyzer nj_analyzer_critical_path = {
    .name = "critical-path",
    .summary = "where the time of whole traces goes, and what faster agents would save",
    .state_bytes = sizeof(struct nj_path_totals),
    .begin = critical_path_begin,
    .trace = critical_path_trace,
    .merge = critical_path_merge,
    .finish = critical_path_finish,
    .fini = critical_path_fini,
    .print_trace = critical_path_print,
};
