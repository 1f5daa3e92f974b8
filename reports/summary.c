/* summary.c - summary.md, for the job page of a CI system. */
#include "base/clock.h"
#include "base/plural.h"
#include "reports/files.h"
#include "reports/view.h"

#include <math.h>

enum { FAILING_MAX = 50, CHANGES_MAX = 5, AGENTS_MAX = 20 };

static void
check_row(struct nj_grid *g, const struct nj_table *t, size_t r)
{
    nj_grid_cell_text(g, t, r, NJ_COL_checks_name);
    nj_grid_cell_text(g, t, r, NJ_COL_checks_verdict);
    nj_grid_cell_value(g, t, r, NJ_COL_checks_est, NJ_COL_checks_unit);
    nj_grid_cell_value(g, t, r, NJ_COL_checks_baseline, NJ_COL_checks_unit);
    nj_grid_cell_change(g, t, r, NJ_COL_checks_change, NJ_COL_checks_unit);
    nj_grid_cell_text(g, t, r, NJ_COL_checks_why);
}

static void
check_columns(struct nj_grid *g)
{
    nj_grid_column(g, "check", "check", false);
    nj_grid_column(g, "verdict", "verdict", false);
    nj_grid_column(g, "measured", "measured", true);
    nj_grid_column(g, "baseline", "baseline", true);
    nj_grid_column(g, "change", "change", true);
    nj_grid_column(g, "why", "why", false);
}

static void
failing_write(const struct nj_table *t, struct nj_buf *out)
{
    struct nj_grid g;
    size_t all = 0;

    nj_grid_init(&g, NULL, false);
    check_columns(&g);
    for (size_t r = 0; r < nj_table_len(t); r++)
        if (nj_table_int(t, r, NJ_COL_checks_is_red) && all++ < FAILING_MAX)
            check_row(&g, t, r);
    if (all > 0) {
        nj_buf_printf(out, "### %zu failing %s\n\n", all, all == 1 ? "check" : "checks");
        nj_grid_write_markdown(&g, out);
        nj_buf_put_char(out, '\n');
    }
    nj_grid_fini(&g);
}

/* The largest changes that do not fail anything. */
static void
changes_write(const struct nj_table *t, struct nj_buf *out)
{
    size_t top[CHANGES_MAX], len = 0;
    struct nj_grid g;

    for (size_t r = 0; r < nj_table_len(t); r++) {
        double size = fabs(nj_table_real(t, r, NJ_COL_checks_change));
        size_t at = len;
        if (nj_table_is_null(t, r, NJ_COL_checks_change) ||
            nj_table_int(t, r, NJ_COL_checks_is_red) ||
            nj_slice_eq(nj_table_text(t, r, NJ_COL_checks_verdict), NJ_SLICE("insufficient")))
            continue;
        while (at > 0 && fabs(nj_table_real(t, top[at - 1], NJ_COL_checks_change)) < size)
            at--;
        if (at == CHANGES_MAX)
            continue;
        len += len < CHANGES_MAX;
        memmove(top + at + 1, top + at, (len - 1 - at) * sizeof *top);
        top[at] = r;
    }
    if (len == 0)
        return;
    nj_grid_init(&g, NULL, false);
    check_columns(&g);
    for (size_t i = 0; i < len; i++)
        check_row(&g, t, top[i]);
    nj_buf_put_text(out, "### Largest other changes\n\n");
    nj_grid_write_markdown(&g, out);
    nj_buf_put_char(out, '\n');
    nj_grid_fini(&g);
}

static void
agents_write(const struct nj_results *results, struct nj_buf *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_critical_path);
    struct nj_grid g;
    size_t shown = 0;

    nj_grid_init(&g, NULL, false);
    nj_grid_column(&g, "agent", "agent", false);
    nj_grid_column(&g, "share of critical path", "share", true);
    nj_grid_column(&g, "mean a trace", "mean", true);
    nj_grid_column(&g, "saved if 25 % faster", "saving", true);
    for (size_t r = 0; r < nj_table_len(t) && shown < AGENTS_MAX; r++) {
        if (!nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_group_by),
                         NJ_SLICE("agent")) ||
            !nj_slice_eq(nj_table_text(t, r, NJ_COL_critical_path_scope), NJ_SLICE("root")))
            continue;
        shown++;
        nj_grid_cell_text(&g, t, r, NJ_COL_critical_path_key);
        nj_grid_cell_ratio(&g, t, r, NJ_COL_critical_path_share);
        nj_grid_cell_duration(&g, t, r, NJ_COL_critical_path_mean);
        nj_grid_cell_ratio(&g, t, r, NJ_COL_critical_path_saving_25);
    }
    if (shown > 0) {
        nj_buf_put_text(out, "### Where the time goes\n\n");
        nj_grid_write_markdown(&g, out);
        nj_buf_put_char(out, '\n');
    }
    nj_grid_fini(&g);
}

/* What to know of the comparison. */
static void
remarks_write(const struct nj_results *results, struct nj_buf *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_remarks);

    for (size_t r = 0; r < nj_table_len(t); r++) {
        nj_buf_put_text(out, "- ");
        nj_markdown_put(out, nj_table_text(t, r, NJ_COL_remarks_text));
        nj_buf_put_char(out, '\n');
    }
    if (nj_table_len(t) > 0)
        nj_buf_put_char(out, '\n');
}

static void
what_write(const struct nj_results *results, struct nj_buf *out)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_summary);
    char traces[32], spans[32], failed[32];

    if (nj_table_len(t) == 0)
        return;
    nj_count_print(traces, nj_table_real(t, 0, NJ_COL_summary_traces));
    nj_count_print(spans, nj_table_real(t, 0, NJ_COL_summary_spans));
    nj_count_print(failed, nj_table_real(t, 0, NJ_COL_summary_failed_traces));
    nj_buf_printf(
        out, "%s trace%s, %s span%s, %s failed trace%s. The whole report is `report.html`.\n\n",
        traces, nj_plural(nj_table_real(t, 0, NJ_COL_summary_traces)), spans,
        nj_plural(nj_table_real(t, 0, NJ_COL_summary_spans)), failed,
        nj_plural(nj_table_real(t, 0, NJ_COL_summary_failed_traces)));
}

void
nj_summary_write(const struct nj_results *results, struct nj_buf *out)
{
    const struct nj_table *v = nj_results_view(results, NJ_TABLE_verdict);
    const struct nj_table *checks = nj_results_view(results, NJ_TABLE_checks);
    size_t from = out->len;

    if (nj_table_len(v) > 0) {
        struct nj_slice verdict = nj_table_text(v, 0, NJ_COL_verdict_verdict);
        nj_buf_printf(out, "## nightjar: %.*s\n\n", NJ_FMT(verdict));
        nj_markdown_put(out, nj_table_text(v, 0, NJ_COL_verdict_sentence));
        nj_buf_put_text(out, "\n\n");
    } else {
        nj_buf_put_text(out, "## nightjar\n\n");
    }
    remarks_write(results, out);
    what_write(results, out);
    failing_write(checks, out);
    changes_write(checks, out);
    agents_write(results, out);
    if (!out->is_failed && out->len - from > NJ_SUMMARY_BYTES_MAX) {
        out->len = from + NJ_SUMMARY_BYTES_MAX - 64;
        while (((unsigned char)out->ptr[out->len] & 0xC0) == 0x80) /* not inside a character */
            out->len--;
        nj_buf_put_text(out, "\n\nCut; the whole is in report.html.\n");
    }
}
