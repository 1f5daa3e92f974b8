/* cmd_export.c - nightjar export: traces and call graphs for other tools. */
#include "base/outfile.h"
#include "reports/export.h"
#include "reports/otlp.h"
#include "tools/chrome.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/session.h"

#include <stdlib.h>

/* Exports that go trace by trace. */
struct streaming {
    struct nj_buf buf;
    bool is_first;
};

/* Rows of one scope, as they are exported. */
struct group {
    const struct nj_row **rows;
    size_t len;
};

static int
by_start(const struct nj_row *x, const struct nj_row *y)
{
    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    if (x->span_id != y->span_id)
        return x->span_id < y->span_id ? -1 : 1;
    return (x->digest > y->digest) - (x->digest < y->digest);
}

static int
by_scope_then_start(const void *a, const void *b)
{
    const struct nj_row *x = *(const struct nj_row *const *)a;
    const struct nj_row *y = *(const struct nj_row *const *)b;

    if (x->scope != y->scope)
        return x->scope < y->scope ? -1 : 1;
    return by_start(x, y);
}

/* The number of a scope is an order of storage, so scopes come by their first spans. */
static int
by_first_row(const void *a, const void *b)
{
    return by_start(((const struct group *)a)->rows[0], ((const struct group *)b)->rows[0]);
}

/* The rows of a trace by scope; NULL: no memory. */
static struct group *
groups_make(const struct nj_raw_trace *raw, struct nj_arena *arena, size_t *len)
{
    const struct nj_row **rows = NJ_NEW_RAW(arena, const struct nj_row *, raw->rows_len);
    struct group *groups = NJ_NEW_RAW(arena, struct group, raw->rows_len);

    *len = 0;
    if (!rows || !groups)
        return NULL;
    for (uint32_t i = 0; i < raw->rows_len; i++)
        rows[i] = &raw->rows[i];
    qsort(rows, raw->rows_len, sizeof *rows, by_scope_then_start);
    for (uint32_t i = 0; i < raw->rows_len; i++) {
        if (i == 0 || rows[i]->scope != rows[i - 1]->scope)
            groups[(*len)++] = (struct group){&rows[i], 0};
        groups[*len - 1].len++;
    }
    qsort(groups, *len, sizeof *groups, by_first_row);
    return groups;
}

static enum nj_status
group_put(struct nj_otlp *otlp, const struct group *group, const struct nj_corpus *corpus,
          struct nj_source *source, struct nj_arena *arena, struct nj_error *err)
{
    struct nj_scope scope = {0};
    struct nj_span span;
    enum nj_status st = corpus->scope(source, group->rows[0]->scope, arena, &scope, err);

    for (size_t i = 0; i < group->len && st == NJ_OK; i++) {
        st = corpus->payload(source, group->rows[i], arena, &span, err);
        if (st == NJ_OK)
            nj_otlp_span(otlp, &span, &scope);
    }
    return st;
}

/* One request of a trace a line; spans of one scope together. */
static enum nj_status
otlp_trace(struct streaming *s, const struct nj_corpus *corpus, struct nj_source *source,
           const struct nj_raw_trace *raw, struct nj_arena *arena, struct nj_error *err)
{
    struct nj_jsonw w = nj_jsonw_of(&s->buf);
    struct nj_otlp otlp;
    size_t len;
    const struct group *groups = groups_make(raw, arena, &len);
    enum nj_status st = NJ_OK;

    if (!groups)
        return nj_fail(err, NJ_ENOMEM, "no memory to export a trace");
    s->buf.len = 0;
    nj_otlp_begin(&otlp, &w);
    for (size_t i = 0; i < len && st == NJ_OK; i++)
        st = group_put(&otlp, &groups[i], corpus, source, arena, err);
    nj_otlp_end(&otlp);
    nj_buf_put_char(&s->buf, '\n');
    return st == NJ_OK ? nj_output_print(&s->buf, err) : st;
}

/* Everything that is stored, whatever the options select: an export loses nothing. */
static enum nj_status
otlp_export(const struct nj_session *session, struct nj_error *err)
{
    const struct nj_corpus *corpus = session->corpus;
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct streaming s = {0};
    struct nj_source *source;
    struct nj_raw_trace raw;

    if (!arena)
        return nj_fail(err, NJ_ENOMEM, "no memory to export");
    enum nj_status st = corpus->open(corpus, 0, corpus->traces_len, &source, err);
    if (st == NJ_OK) {
        while ((st = source->next(source, &raw, err)) == NJ_OK) {
            nj_arena_reset(arena);
            st = otlp_trace(&s, corpus, source, &raw, arena, err);
            if (st < 0)
                break;
        }
        source->close(source);
    }
    nj_buf_fini(&s.buf);
    nj_arena_free(arena);
    return st < 0 ? st : NJ_OK;
}

static enum nj_status
chrome_trace(void *context, struct nj_run *run, const struct nj_trace *trace)
{
    struct streaming *s = context;

    s->buf.len = 0;
    enum nj_status st = nj_chrome_trace(run, trace, s->is_first, &s->buf);
    s->is_first = false;
    return st < 0 ? st : nj_output_print(&s->buf, run->err);
}

static enum nj_status
chrome_export(const struct nj_session *session, struct nj_error *err)
{
    struct streaming s = {.is_first = true};

    nj_buf_put_text(&s.buf, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
    enum nj_status st = nj_output_print(&s.buf, err);
    if (st == NJ_OK)
        st = nj_each_trace(session->corpus, &session->settings->analysis, chrome_trace, &s,
                           session->diags, err);
    s.buf.len = 0;
    nj_buf_put_text(&s.buf, "\n]}\n");
    if (st == NJ_OK)
        st = nj_output_print(&s.buf, err);
    nj_buf_fini(&s.buf);
    return st;
}

static enum nj_status
calls_export(struct nj_session *session, const struct nj_export *to, struct nj_error *err)
{
    const struct nj_analyzer *const analyzers[] = {nj_analyzer_find(NJ_SLICE("calls")), NULL};
    const char *by = session->settings->analysis.by ? session->settings->analysis.by : "wall";
    struct nj_results *results = NULL;
    struct nj_buf out = {0};

    enum nj_status st = nj_session_analyze(session, "export", analyzers, &results, err);
    if (st == NJ_OK) {
        to->write(results, by, &out);
        st = nj_output_print(&out, err);
    }
    nj_buf_fini(&out);
    nj_results_free(results);
    return st;
}

static enum nj_status
export_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    const char *to = settings->to;
    const struct nj_export *calls = to ? nj_export_find(to) : NULL;
    bool is_otlp = to && strcmp(to, "otlp") == 0, is_chrome = to && strcmp(to, "chrome") == 0;
    struct nj_settings asking = *settings;
    struct nj_session session;

    (void)exit_code;
    asking.reads_contents = is_otlp;
    if (!calls && !is_otlp && !is_chrome)
        return nj_fail(err, NJ_EUSAGE,
                       "--to: expected otlp, chrome, folded, speedscope, dot or mermaid");
    enum nj_status st =
        nj_session_open(&session, &asking, settings->inputs, settings->inputs_len, err);
    if (st == NJ_OK)
        st = calls       ? calls_export(&session, calls, err)
             : is_chrome ? chrome_export(&session, err)
                         : otlp_export(&session, err);
    nj_session_close(&session);
    return st;
}

const struct nj_command nj_cmd_export = {
    .name = "export",
    .arguments = "INPUT… --to FORMAT",
    .summary = "traces and call graphs for other tools",
    .details =
        "otlp: every span with all it carried, as OTLP JSON lines. chrome: trace events for "
        "Perfetto. folded, speedscope: the merged call tree for flame graph viewers, by wall, "
        "self, critical or tokens (--by). dot, mermaid: the call graph. On standard output.",
    .examples = "nightjar export traces.db --to otlp > traces.jsonl\n"
                "nightjar export traces.jsonl --to folded --by critical\n"
                "nightjar export traces.jsonl --to dot | dot -Tsvg > calls.svg",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_EXPORT,
    .words_min = 1,
    .run = export_run,
};
