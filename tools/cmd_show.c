/* cmd_show.c - nightjar show: one trace as a waterfall in the terminal. */
#include "analyzers/waterfall.h"
#include "analyzers/what_if.h"
#include "base/clock.h"
#include "base/plural.h"
#include "reports/grid.h"
#include "schema/facts.h"
#include "schema/ids.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    WIDTH_DEFAULT = 100,
    WIDTH_MIN = 60,
    WIDTH_MAX = 400,
    ROWS_MAX = 400,
    FOLDED_ROWS = 40, /* above so many rows those that look alike become one */
    TIME = 9
};

/* Columns of characters; 0: left out. */
struct layout {
    size_t name, agent, kind, critical, slack, bar;
};

struct drawing {
    const char *wanted; /* the id as given */
    bool was_found, has_colour;
    struct layout layout;
    struct nj_buf out;
    /* of the trace that is drawn */
    int64_t from_ns, to_ns;
    int64_t *critical_ns, *slack_ns; /* of spans; slack INT64_MAX: nothing waits for it */
    uint32_t *segment_at;            /* of spans: a segment, or UINT32_MAX */
    uint32_t *segment_next;          /* of segments: the next one of the same span */
};

/* Colours only on a terminal, and not where the user says so. */
static const char *
colour(const struct drawing *d, const char *code)
{
    return d->has_colour ? code : "";
}

static size_t
terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;

    if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    if (width <= 0)
        return WIDTH_DEFAULT;
    return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : (size_t)width;
}

/* What a narrow terminal has no room for is left out, last things first. */
static struct layout
layout_of(size_t width)
{
    struct layout l = {.agent = width < 90 ? 12 : 16,
                       .kind = width < 90 ? 5 : 9,
                       .critical = width < 110 ? 0 : TIME,
                       .slack = width < 130 ? 0 : TIME,
                       .bar = width / 5 + (width > 100 ? (width - 100) / 4 : 0)};
    size_t used = 2 + 1 + l.agent + 1 + l.kind + 1 + TIME + 1 + l.bar + 2;

    used += (l.critical ? l.critical + 1 : 0) + (l.slack ? l.slack + 1 : 0);
    l.name = width - used;
    return l;
}

static void
text_put(struct nj_buf *out, struct nj_slice text, size_t columns)
{
    struct nj_buf clean = {0};
    size_t used = 0, i = 0;

    nj_terminal_put(&clean, text);
    struct nj_slice s = nj_buf_slice(&clean);
    bool is_cut = nj_text_columns(s) > columns;
    while (i < s.len && used + is_cut < columns) {
        do
            nj_buf_put_char(out, s.ptr[i++]);
        while (i < s.len && ((unsigned char)s.ptr[i] & 0xC0) == 0x80);
        used++;
    }
    if (is_cut && columns > 0) {
        nj_buf_put_text(out, "\xE2\x80\xA6");
        used++;
    }
    for (; used < columns; used++)
        nj_buf_put_char(out, ' ');
    nj_buf_fini(&clean);
}

static size_t
column_of(const struct drawing *d, int64_t t_ns)
{
    double range = (double)(d->to_ns - d->from_ns);
    double at = range > 0 ? (double)(t_ns - d->from_ns) / range * (double)d->layout.bar : 0;

    return at < (double)d->layout.bar ? (size_t)at : d->layout.bar - 1;
}

/* The bar of a span: '=' on the critical path, '-' off it, as many columns as its share. */
static void
bar_put(struct drawing *d, const struct nj_trace *t, const struct nj_critical_path *path,
        uint32_t span)
{
    char *bar = nj_buf_reserve(&d->out, d->layout.bar);

    if (!bar)
        return;
    memset(bar, ' ', d->layout.bar);
    for (size_t k = column_of(d, t->start_ns[span]); k <= column_of(d, t->end_ns[span]); k++)
        bar[k] = '-';
    for (uint32_t s = d->segment_at[span]; s != UINT32_MAX; s = d->segment_next[s]) {
        size_t c = column_of(d, path->segments[s].start_ns);
        size_t e = column_of(d, path->segments[s].end_ns - 1);
        for (size_t k = c; k <= e; k++)
            bar[k] = '=';
    }
    d->out.len += d->layout.bar;
}

/* A duration at the right edge of its column; < 0: blank. */
static void
time_put(struct drawing *d, int64_t ns)
{
    char time[NJ_DURATION_TEXT] = "";

    if (ns >= 0)
        nj_duration_print(time, (double)ns);
    for (size_t k = nj_text_columns(nj_slice_of(time)); k <= TIME; k++)
        nj_buf_put_char(&d->out, ' ');
    nj_buf_put_text(&d->out, time);
}

static void
name_put(struct drawing *d, const struct nj_run *run, const struct nj_trace *t,
         struct nj_waterfall_row row)
{
    uint32_t i = row.span;
    size_t step = d->layout.name >= 40 ? 2 : 1, indent = t->depth[i] * step;
    struct nj_buf name = {0};

    if (indent > d->layout.name / 2)
        indent = d->layout.name / 2;
    for (size_t k = 0; k < indent; k++)
        nj_buf_put_char(&name, ' ');
    if (row.repeats > 1)
        nj_buf_printf(&name, "%u x ", row.repeats);
    nj_buf_put_slice(&name, t->flags[i] & NJ_SPAN_RECONSTRUCTED
                                ? NJ_SLICE("(missing span)")
                                : nj_names_get(run->names, t->name[i]));
    text_put(&d->out, nj_buf_slice(&name), d->layout.name);
    nj_buf_fini(&name);
}

static void
row_put(struct drawing *d, const struct nj_run *run, const struct nj_trace *t,
        struct nj_waterfall_row row)
{
    uint32_t i = row.span;
    bool is_error = t->status[i] == NJ_STATUS_ERROR, is_critical = d->critical_ns[i] > 0;

    nj_buf_put_text(&d->out, is_error      ? colour(d, "\x1b[31m")
                             : is_critical ? colour(d, "\x1b[1m")
                                           : "");
    nj_buf_put_char(&d->out, is_critical ? '*' : ' ');
    nj_buf_put_char(&d->out, is_error ? 'x' : ' ');
    nj_buf_put_char(&d->out, ' ');
    name_put(d, run, t, row);
    nj_buf_put_text(&d->out, is_error || is_critical ? colour(d, "\x1b[0m") : "");
    nj_buf_put_char(&d->out, ' ');
    text_put(&d->out, nj_names_get(run->names, t->agent[i]), d->layout.agent);
    nj_buf_put_char(&d->out, ' ');
    text_put(&d->out, nj_slice_of(nj_kind_name((enum nj_kind)t->kind[i])), d->layout.kind);
    time_put(d, nj_trace_raw_ns(t, i));
    if (d->layout.critical)
        time_put(d, is_critical ? d->critical_ns[i] : -1);
    if (d->layout.slack)
        time_put(d, is_critical || d->slack_ns[i] == INT64_MAX ? -1 : d->slack_ns[i]);
    nj_buf_put_char(&d->out, '|');
    bar_put(d, t, run->path, i);
    nj_buf_put_text(&d->out, "|\n");
}

/* Names of the columns, and how long the bars' axis is. */
static void
titles_put(struct drawing *d)
{
    char time[NJ_DURATION_TEXT];

    nj_duration_print(time, (double)(d->to_ns - d->from_ns));
    nj_buf_put_text(&d->out, "   ");
    text_put(&d->out, NJ_SLICE("span"), d->layout.name);
    nj_buf_put_char(&d->out, ' ');
    text_put(&d->out, NJ_SLICE("agent"), d->layout.agent);
    nj_buf_put_char(&d->out, ' ');
    text_put(&d->out, NJ_SLICE("kind"), d->layout.kind);
    nj_buf_put_text(&d->out, "      took");
    nj_buf_put_text(&d->out, d->layout.critical ? "  critical" : "");
    nj_buf_put_text(&d->out, d->layout.slack ? "     slack" : "");
    nj_buf_put_text(&d->out, "|0");
    for (size_t k = nj_text_columns(nj_slice_of(time)) + 1; k < d->layout.bar; k++)
        nj_buf_put_char(&d->out, ' ');
    nj_buf_printf(&d->out, "%s|\n", time);
}

/* What a sampled trace stands for; nothing of one that was kept for certain. */
static void
weight_put(struct drawing *d, const struct nj_weight *weight)
{
    char count[32];

    if (weight->status == NJ_WEIGHT_ZERO)
        nj_buf_put_text(&d->out, "  kept for other reasons than chance: counted nowhere");
    if (weight->status != NJ_WEIGHT_OK || weight->value == 1)
        return;
    nj_count_print(count, weight->value);
    nj_buf_printf(&d->out, "  stands for about %s traces", count);
}

static void
head_put(struct drawing *d, const struct nj_run *run, const struct nj_trace *t)
{
    char hex[NJ_TRACE_HEX + 1], time[NJ_TIME_TEXT], duration[NJ_DURATION_TEXT];
    uint32_t errors = 0;

    for (uint32_t i = 0; i < t->spans_len; i++)
        errors += t->status[i] == NJ_STATUS_ERROR;
    nj_time_print(time, t->raw_start_ns[t->root]);
    nj_duration_print(duration, (double)nj_trace_raw_ns(t, t->root));
    nj_buf_printf(&d->out, "%strace ", colour(d, "\x1b[1m"));
    nj_terminal_put(&d->out, nj_trace_id_show(&t->id, t->text, hex));
    nj_buf_printf(&d->out, "%s\n%.19sZ  %s  %u span%s  %u error%s%s", colour(d, "\x1b[0m"),
                  time, duration, t->spans_len, nj_plural(t->spans_len), errors,
                  nj_plural(errors), t->is_complete ? "" : "  incomplete");
    weight_put(d, &t->weight);
    nj_buf_put_char(&d->out, '\n');
    (void)run;
}

/* Critical time and slack of every span, its segments, and the range of the bars. */
static enum nj_status
trace_measure(struct drawing *d, struct nj_run *run, const struct nj_trace *t)
{
    const struct nj_critical_path *path = run->path;
    struct nj_event_graph graph;

    d->critical_ns = NJ_NEW(run->scratch, int64_t, t->spans_len);
    d->slack_ns = NJ_NEW_RAW(run->scratch, int64_t, t->spans_len);
    d->segment_at = NJ_NEW_RAW(run->scratch, uint32_t, t->spans_len);
    d->segment_next = NJ_NEW_RAW(run->scratch, uint32_t, (size_t)path->segments_len + 1);
    if (!d->critical_ns || !d->slack_ns || !d->segment_at || !d->segment_next)
        return nj_fail(run->err, NJ_ENOMEM, "no memory to draw a trace");
    d->from_ns = INT64_MAX;
    d->to_ns = INT64_MIN;
    for (uint32_t i = 0; i < t->spans_len; i++) {
        d->from_ns = t->start_ns[i] < d->from_ns ? t->start_ns[i] : d->from_ns;
        d->to_ns = t->end_ns[i] > d->to_ns ? t->end_ns[i] : d->to_ns;
        d->segment_at[i] = UINT32_MAX;
    }
    for (uint32_t s = 0; s < path->segments_len; s++) {
        const struct nj_segment *segment = &path->segments[s];
        d->critical_ns[segment->span] += segment->end_ns - segment->start_ns;
        d->segment_next[s] = d->segment_at[segment->span];
        d->segment_at[segment->span] = s;
    }
    enum nj_status st = nj_event_graph_build(&graph, t, run->options, run->scratch, run->err);
    return st < 0 ? st : nj_slack_find(d->slack_ns, &graph, run->scratch, run->err);
}

static enum nj_status
trace_draw(void *context, struct nj_run *run, const struct nj_trace *t)
{
    struct drawing *d = context;
    const struct nj_waterfall_view view = {.rows_max = ROWS_MAX, .fold_above = FOLDED_ROWS};
    struct nj_waterfall_row *rows;
    uint32_t len, shown = 0;

    d->was_found = true;
    enum nj_status st =
        nj_waterfall_rows(&rows, &len, t, run->path, &view, run->scratch, run->err);
    if (st >= 0)
        st = trace_measure(d, run, t);
    if (st < 0)
        return st;
    head_put(d, run, t);
    titles_put(d);
    for (uint32_t k = 0; k < len; k++) {
        row_put(d, run, t, rows[k]);
        shown += rows[k].repeats;
    }
    if (shown < t->spans_len)
        nj_buf_printf(&d->out, "%u of %u spans shown\n", shown, t->spans_len);
    nj_buf_put_text(&d->out, "* and = on the critical path: the caller was waiting for it; "
                             "x failed\n");
    st = nj_output_print(&d->out, run->err);
    return st < 0 ? st : NJ_DONE;
}

static enum nj_status
show_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    struct drawing d = {.wanted = settings->inputs[settings->inputs_len - 1],
                        .has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
                        .layout = layout_of(terminal_width())};
    struct nj_options options = settings->analysis;
    struct nj_trace_id id;
    struct nj_slice text;
    struct nj_session session;
    enum nj_status st =
        nj_session_open(&session, settings, settings->inputs, settings->inputs_len - 1, err);

    (void)exit_code;
    options.only = &id;
    if (st == NJ_OK && nj_trace_id_parse(nj_slice_of(d.wanted), &id, &text))
        st = nj_each_trace(session.corpus, &options, trace_draw, &d, session.diags, err);
    if (st == NJ_OK && !d.was_found)
        st = nj_fail(err, NJ_EFORMAT, "no trace %s here; `nightjar traces` lists them",
                     d.wanted);
    nj_buf_fini(&d.out);
    nj_session_close(&session);
    return st;
}

const struct nj_command nj_cmd_show = {
    .name = "show",
    .arguments = "INPUT… TRACE_ID",
    .summary = "one trace as a waterfall in the terminal, critical path marked",
    .details =
        "The tree of one trace with agents, kinds, durations and bars over time, as wide as "
        "the terminal. Spans on the critical path, which the caller was waiting for, are "
        "marked with * and drawn with =, failed ones are marked with x. Where there is room, "
        "critical is how much of the whole duration a span accounts for, and slack how much "
        "later it could have ended without delaying the end. Rows that look alike are folded "
        "(12 x search), and the least important are left out of very large traces.",
    .examples = "nightjar show traces.jsonl 4bf92f3577b34da6a3ce929d0e0e4736",
    .groups = NJ_GROUP_INPUT,
    .words_min = 2,
    .run = show_run,
};
