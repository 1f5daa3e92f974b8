/* results_json.c - results.json: everything, for other programs. */
#include "reports/files.h"
#include "reports/view.h"

static void
table_put(struct nj_jsonw *w, const struct nj_results *results, enum nj_table_id id)
{
    nj_json_table(w, nj_table_specs[id].name, results, id);
}

static void
one_row_put(struct nj_jsonw *w, const char *key, const struct nj_results *results,
            enum nj_table_id id)
{
    const struct nj_table *t = nj_results_view(results, id);

    nj_jsonw_key(w, key);
    if (nj_table_len(t) > 0)
        nj_json_row(w, t, 0, 0, (unsigned)nj_table_spec(t)->columns_len);
    else
        nj_jsonw_null(w);
}

void
nj_results_json_write(const struct nj_results *results, bool is_redacted, struct nj_buf *out)
{
    static const enum nj_table_id tables[] = {
        NJ_TABLE_checks, NJ_TABLE_metrics,     NJ_TABLE_agents,    NJ_TABLE_kinds,
        NJ_TABLE_inputs, NJ_TABLE_diagnostics, NJ_TABLE_provenance};
    const struct nj_view_options options = {.is_redacted = is_redacted};
    struct nj_jsonw w = nj_jsonw_of(out);

    nj_jsonw_object(&w);
    nj_jsonw_key(&w, "nightjar");
    nj_jsonw_object(&w);
    nj_jsonw_key_text(&w, "version", NJ_SLICE(NJ_VERSION));
    nj_jsonw_key_int(&w, "schema", 1);
    nj_jsonw_object_end(&w);
    one_row_put(&w, "verdict", results, NJ_TABLE_verdict);
    one_row_put(&w, "summary", results, NJ_TABLE_summary);
    for (size_t i = 0; i < NJ_LEN(tables); i++)
        table_put(&w, results, tables[i]);
    for (size_t i = 0; i < nj_views_len; i++) {
        nj_jsonw_key(&w, nj_views[i]->name);
        nj_views[i]->json(results, &options, &w);
    }
    nj_jsonw_object_end(&w);
    nj_buf_put_char(out, '\n');
}
