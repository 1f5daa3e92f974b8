/* view_info.c - `nightjar info`: what is in the inputs. */
#include "base/clock.h"
#include "reports/view.h"

static const struct nj_view_column input_columns[] = {
    {NJ_COL_inputs_path, "input", NJ_CELL_TEXT},
    {NJ_COL_inputs_format, "format", NJ_CELL_TEXT},
    {NJ_COL_inputs_bytes, "bytes", NJ_CELL_INT},
    {NJ_COL_inputs_spans, "spans", NJ_CELL_INT},
    {NJ_COL_inputs_repeated, "repeated", NJ_CELL_INT},
    {NJ_COL_inputs_digest, "digest", NJ_CELL_TEXT},
};
static const struct nj_view_column agent_columns[] = {
    {NJ_COL_agents_agent, "agent", NJ_CELL_TEXT},
    {NJ_COL_agents_how, "name found by", NJ_CELL_TEXT},
    {NJ_COL_agents_spans, "spans", NJ_CELL_INT},
    {NJ_COL_agents_invocations, "invocations", NJ_CELL_INT},
};
static const struct nj_view_column kind_columns[] = {
    {NJ_COL_kinds_kind, "kind", NJ_CELL_TEXT},
    {NJ_COL_kinds_spans, "spans", NJ_CELL_INT},
    {NJ_COL_kinds_errors, "errors", NJ_CELL_INT},
};
static const struct nj_view_column diag_columns[] = {
    {NJ_COL_diagnostics_severity, "severity", NJ_CELL_TEXT},
    {NJ_COL_diagnostics_id, "diagnostic", NJ_CELL_TEXT},
    {NJ_COL_diagnostics_count, "count", NJ_CELL_INT},
    {NJ_COL_diagnostics_help, "meaning", NJ_CELL_TEXT},
};

/* Where it happened: below the tables, a line a place, so that rows stay short. */
static void
places_put(const struct nj_table *t, struct nj_buf *out)
{
    for (size_t r = 0; r < nj_table_len(t); r++) {
        struct nj_slice rest = nj_table_text(t, r, NJ_COL_diagnostics_places);
        if (rest.len > 0)
            nj_buf_printf(out, "\n%.*s, first at\n",
                          NJ_FMT(nj_table_text(t, r, NJ_COL_diagnostics_id)));
        while (rest.len > 0) {
            const char *newline = memchr(rest.ptr, '\n', rest.len);
            size_t len = newline ? (size_t)(newline - rest.ptr) : rest.len;
            nj_buf_printf(out, "  %.*s\n", (int)len, rest.ptr);
            rest = nj_slice_from(rest, len + 1);
        }
    }
}

static const struct nj_view_table views[] = {
    {NJ_TABLE_inputs, NULL, input_columns, NJ_LEN(input_columns), NULL, 50},
    {NJ_TABLE_agents, NULL, agent_columns, NJ_LEN(agent_columns), NULL, 100},
    {NJ_TABLE_kinds, NULL, kind_columns, NJ_LEN(kind_columns), NULL, 0},
    {NJ_TABLE_diagnostics, NULL, diag_columns, NJ_LEN(diag_columns), NULL, 0},
};

static void
summary_put(const struct nj_table *t, struct nj_buf *out)
{
    char from[NJ_TIME_TEXT], to[NJ_TIME_TEXT], traces[32], spans[32];
    char finest[NJ_DURATION_TEXT], coarsest[NJ_DURATION_TEXT];

    if (nj_table_len(t) == 0)
        return;
    nj_time_print(from, nj_table_int(t, 0, NJ_COL_summary_start_ns));
    nj_time_print(to, nj_table_int(t, 0, NJ_COL_summary_end_ns));
    nj_count_print(traces, nj_table_real(t, 0, NJ_COL_summary_traces));
    nj_count_print(spans, nj_table_real(t, 0, NJ_COL_summary_spans));
    nj_buf_printf(out, "%s span%s in %s trace%s, %lld of them complete, %s to %s\n", spans,
                  strcmp(spans, "1") ? "s" : "", traces, strcmp(traces, "1") ? "s" : "",
                  (long long)nj_table_int(t, 0, NJ_COL_summary_complete_traces), from, to);
    int64_t finest_ns = nj_table_int(t, 0, NJ_COL_summary_finest_clock_ns);
    int64_t coarsest_ns = nj_table_int(t, 0, NJ_COL_summary_coarsest_clock_ns);
    nj_duration_print(finest, (double)finest_ns);
    nj_duration_print(coarsest, (double)coarsest_ns);
    if (finest_ns == coarsest_ns)
        nj_buf_printf(out, "clock granularity %s\n", finest);
    else
        nj_buf_printf(out, "clock granularity %s to %s, by trace\n", finest, coarsest);
}

static void
info_grids(const struct nj_results *results, const struct nj_view_options *options,
           void (*write)(const struct nj_grid *grid, struct nj_buf *out), struct nj_buf *out)
{
    if (options->is_raw) { /* one table a file is what CSV can hold */
        nj_view_put_table(&views[1], results, options, write, out);
        return;
    }
    for (size_t i = 0; i < NJ_LEN(views); i++) {
        nj_view_put_table(&views[i], results, options, write, out);
        if (i == 0)
            summary_put(nj_results_view(results, NJ_TABLE_summary), out);
        if (i + 1 < NJ_LEN(views) &&
            nj_table_len(nj_results_view(results, views[i + 1].id)) > 0)
            nj_buf_put_char(out, '\n');
    }
    places_put(nj_results_view(results, NJ_TABLE_diagnostics), out);
}

static void
info_json(const struct nj_results *results, const struct nj_view_options *options,
          struct nj_jsonw *out)
{
    static const struct {
        const char *key;
        unsigned column;
    } numbers[] = {{"spans", NJ_COL_summary_spans},
                   {"traces", NJ_COL_summary_traces},
                   {"complete_traces", NJ_COL_summary_complete_traces},
                   {"start_ns", NJ_COL_summary_start_ns},
                   {"end_ns", NJ_COL_summary_end_ns},
                   {"finest_clock_ns", NJ_COL_summary_finest_clock_ns},
                   {"coarsest_clock_ns", NJ_COL_summary_coarsest_clock_ns}};
    const struct nj_table *s = nj_results_view(results, NJ_TABLE_summary);
    const struct nj_table *agents = nj_results_view(results, NJ_TABLE_agents);

    nj_jsonw_object(out);
    nj_json_table(out, "inputs", results, NJ_TABLE_inputs);
    for (size_t i = 0; i < NJ_LEN(numbers) && nj_table_len(s) > 0; i++) {
        nj_jsonw_key(out, numbers[i].key);
        nj_json_cell(out, s, 0, numbers[i].column);
    }
    nj_jsonw_key(out, "agents");
    nj_jsonw_array(out);
    for (size_t r = 0; r < nj_table_len(agents); r++) {
        if (!nj_view_wants(options, nj_table_text(agents, r, NJ_COL_agents_agent)))
            continue;
        nj_jsonw_object(out);
        nj_jsonw_key_text(out, "name", nj_table_text(agents, r, NJ_COL_agents_agent));
        nj_jsonw_key_text(out, "how", nj_table_text(agents, r, NJ_COL_agents_how));
        nj_jsonw_key_int(out, "spans", nj_table_int(agents, r, NJ_COL_agents_spans));
        nj_jsonw_key_int(out, "invocations",
                         nj_table_int(agents, r, NJ_COL_agents_invocations));
        nj_jsonw_object_end(out);
    }
    nj_jsonw_array_end(out);
    nj_json_table(out, "kinds", results, NJ_TABLE_kinds);
    nj_json_table(out, "diagnostics", results, NJ_TABLE_diagnostics);
    nj_jsonw_object_end(out);
}

const struct nj_view nj_view_info = {"info", info_grids, info_json};
