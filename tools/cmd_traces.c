/* cmd_traces.c - nightjar traces: the traces, worst first, with ids to show. */
#include "reports/grid.h"
#include "schema/ids.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/session.h"

#include <stdlib.h>

enum { LIMIT_DEFAULT = 20 };
enum sort { SORT_DURATION, SORT_ERRORS, SORT_TOKENS, SORT_START };

struct line {
    int64_t key; /* larger is worse */
    int64_t start_ns, duration_ns, tokens;
    uint32_t spans, errors, agents;
    uint32_t name; /* of the main root */
    bool is_failed, is_complete;
    double weight;
    char id[128]; /* longer ones are cut */
};

/* The `cap` worst lines seen, as a heap with the best of them on top. */
struct worst {
    struct line *heap;
    size_t len, cap;
    enum sort sort;
};

/* Whether a is worse than b; ties by start and id, so that the order of input does not show. */
static bool
is_worse(const struct line *a, const struct line *b)
{
    if (a->key != b->key)
        return a->key > b->key;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns;
    return strcmp(a->id, b->id) < 0;
}

static void
swap(struct line *a, struct line *b)
{
    struct line c = *a;

    *a = *b;
    *b = c;
}

static void
sift_down(struct worst *w, size_t i)
{
    for (;;) {
        size_t best = i;
        for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < w->len; c++)
            if (is_worse(&w->heap[best], &w->heap[c]))
                best = c;
        if (best == i)
            return;
        swap(&w->heap[i], &w->heap[best]);
        i = best;
    }
}

static void
line_add(struct worst *w, const struct line *line)
{
    if (w->len == w->cap) {
        if (!is_worse(line, &w->heap[0]))
            return;
        w->heap[0] = *line;
        sift_down(w, 0);
        return;
    }
    size_t i = w->len++;
    w->heap[i] = *line;
    while (i > 0 && is_worse(&w->heap[(i - 1) / 2], &w->heap[i])) {
        swap(&w->heap[i], &w->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static struct line
line_of(const struct nj_trace *t)
{
    static const int counted[] = {NJ_TOKEN_INPUT, NJ_TOKEN_OUTPUT};
    struct line line = {.start_ns = t->raw_start_ns[t->root],
                        .duration_ns = nj_trace_raw_ns(t, t->root),
                        .name = t->name[t->root],
                        .is_failed = t->status[t->root] == NJ_STATUS_ERROR,
                        .is_complete = t->is_complete,
                        .weight = t->weight.value};
    char hex[NJ_TRACE_HEX + 1];
    struct nj_slice id = nj_trace_id_show(&t->id, t->text, hex);
    size_t len = id.len < sizeof line.id - 1 ? id.len : sizeof line.id - 1;

    memcpy(line.id, id.ptr, len);
    line.id[len] = '\0';
    for (uint32_t i = 0; i < t->spans_len; i++) {
        line.spans += !(t->flags[i] & NJ_SPAN_RECONSTRUCTED);
        line.errors += t->status[i] == NJ_STATUS_ERROR;
        line.agents += (t->flags[i] & (NJ_SPAN_OPENS_AGENT | NJ_SPAN_SAME_INVOCATION)) ==
                       NJ_SPAN_OPENS_AGENT;
        if (t->flags[i] & NJ_SPAN_HAS_USAGE)
            for (int k = 0; k < 2; k++)
                line.tokens += t->tokens[i][counted[k]] > 0 ? t->tokens[i][counted[k]] : 0;
    }
    return line;
}

static enum nj_status
trace_take(void *context, struct nj_run *run, const struct nj_trace *trace)
{
    struct worst *w = context;
    struct line line = line_of(trace);

    (void)run;
    switch (w->sort) {
    case SORT_DURATION:
        line.key = line.duration_ns;
        break;
    case SORT_ERRORS:
        line.key = line.errors;
        break;
    case SORT_TOKENS:
        line.key = line.tokens;
        break;
    case SORT_START:
        line.key = -line.start_ns;
        break;
    }
    line_add(w, &line);
    return NJ_OK;
}

static int
worst_first(const void *a, const void *b)
{
    return is_worse(a, b) ? -1 : is_worse(b, a) ? 1 : 0;
}

static void
grid_fill(struct nj_grid *g, const struct worst *w, const struct nj_names *names)
{
    nj_grid_column(g, "trace", "trace_id", false);
    nj_grid_column(g, "duration", "duration_ns", true);
    nj_grid_column(g, "spans", "spans", true);
    nj_grid_column(g, "errors", "errors", true);
    nj_grid_column(g, "agents", "agent_invocations", true);
    nj_grid_column(g, "tokens", "tokens", true);
    nj_grid_column(g, "stands for", "weight", true);
    nj_grid_column(g, "state", "state", false);
    nj_grid_column(g, "root", "root", false);
    for (size_t i = 0; i < w->len; i++) {
        const struct line *l = &w->heap[i];
        nj_grid_text(g, nj_slice_of(l->id));
        nj_grid_duration(g, (double)l->duration_ns);
        nj_grid_int(g, l->spans);
        nj_grid_int(g, l->errors);
        nj_grid_int(g, l->agents);
        nj_grid_int(g, l->tokens);
        nj_grid_real(g, l->weight);
        nj_grid_text(g, !l->is_complete ? NJ_SLICE("incomplete")
                        : l->is_failed  ? NJ_SLICE("failed")
                                        : NJ_SLICE("ok"));
        nj_grid_text(g, nj_names_get(names, l->name));
    }
}

static void
json_write(struct nj_buf *out, const struct worst *w, const struct nj_names *names)
{
    struct nj_jsonw j = nj_jsonw_of(out);

    nj_jsonw_object(&j);
    nj_jsonw_key(&j, "traces");
    nj_jsonw_array(&j);
    for (size_t i = 0; i < w->len; i++) {
        const struct line *l = &w->heap[i];
        nj_jsonw_object(&j);
        nj_jsonw_key_text(&j, "trace_id", nj_slice_of(l->id));
        nj_jsonw_key_int(&j, "start_ns", l->start_ns);
        nj_jsonw_key_int(&j, "duration_ns", l->duration_ns);
        nj_jsonw_key_int(&j, "spans", l->spans);
        nj_jsonw_key_int(&j, "errors", l->errors);
        nj_jsonw_key_int(&j, "agent_invocations", l->agents);
        nj_jsonw_key_int(&j, "tokens", l->tokens);
        nj_jsonw_key_real(&j, "weight", l->weight);
        nj_jsonw_key_bool(&j, "failed", l->is_failed);
        nj_jsonw_key_bool(&j, "complete", l->is_complete);
        nj_jsonw_key_text(&j, "root", nj_names_get(names, l->name));
        nj_jsonw_object_end(&j);
    }
    nj_jsonw_array_end(&j);
    nj_jsonw_object_end(&j);
    nj_buf_put_char(out, '\n');
}

static enum nj_status
lines_print(const struct nj_settings *settings, struct worst *w, const struct nj_names *names,
            struct nj_error *err)
{
    struct nj_buf out = {0};
    struct nj_grid g;

    qsort(w->heap, w->len, sizeof *w->heap, worst_first);
    if (settings->format == NJ_FORMAT_JSON) {
        json_write(&out, w, names);
    } else {
        nj_grid_init(&g, NULL, settings->format == NJ_FORMAT_CSV);
        grid_fill(&g, w, names);
        (settings->format == NJ_FORMAT_CSV ? nj_grid_write_csv : nj_grid_write_text)(&g, &out);
        nj_grid_fini(&g);
    }
    enum nj_status st = nj_output_print(&out, err);
    nj_buf_fini(&out);
    return st;
}

static enum nj_status
traces_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    struct worst w = {.sort = (enum sort)settings->sort};
    struct nj_session session;
    enum nj_status st =
        nj_session_open(&session, settings, settings->inputs, settings->inputs_len, err);

    (void)exit_code;
    if (st == NJ_OK) {
        uint64_t limit = settings->limit ? settings->limit : LIMIT_DEFAULT;
        w.cap =
            (size_t)(limit < session.corpus->traces_len ? limit : session.corpus->traces_len);
        w.heap = malloc((w.cap + 1) * sizeof *w.heap);
        if (!w.heap)
            st = nj_fail(err, NJ_ENOMEM, "no memory for %zu traces", w.cap);
    }
    if (st == NJ_OK)
        st = nj_each_trace(session.corpus, &settings->analysis, trace_take, &w, session.diags,
                           err);
    if (st == NJ_OK)
        st = lines_print(settings, &w, session.corpus->names, err);
    free(w.heap);
    nj_session_close(&session);
    return st;
}

const struct nj_command nj_cmd_traces = {
    .name = "traces",
    .arguments = "INPUT… [--sort duration|errors|tokens|start] [--limit N]",
    .summary = "the traces, worst first, with ids to show",
    .details =
        "One row a trace: id, duration of its main root, spans, errors, invocations of agents, "
        "tokens, how many traces it stands for, and whether it failed or is incomplete. The 20 "
        "worst by default.",
    .examples =
        "nightjar traces traces.jsonl\nnightjar traces traces.jsonl --sort errors --limit 5",
    .groups = NJ_GROUP_INPUT | NJ_GROUP_FORMAT | NJ_GROUP_TRACES | NJ_GROUP_SAMPLING,
    .words_min = 1,
    .run = traces_run,
};
