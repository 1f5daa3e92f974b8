/* cmd_show.c - nightjar show: one trace as a waterfall in the terminal. */
#include "analyzers/waterfall.h"
#include "base/clock.h"
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

enum { WIDTH_DEFAULT = 100, WIDTH_MIN = 60, NAME_MAX_SHARE = 45, ROWS_MAX = 400 };

struct drawing {
    const char *wanted; /* the id as given */
    bool was_found, has_colour;
    size_t width;
    struct nj_buf out;
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
    return width <= 0 ? WIDTH_DEFAULT : width < WIDTH_MIN ? WIDTH_MIN : (size_t)width;
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

/* The bar of a span: '=' on the critical path, '-' off it, as many columns as its share. */
static void
bar_put(struct drawing *d, const struct nj_trace *t, const struct nj_critical_path *path,
        uint32_t span, size_t columns, int64_t from, int64_t range)
{
    char *bar = nj_buf_reserve(&d->out, columns);

    if (!bar)
        return;
    memset(bar, ' ', columns);
    double scale = range > 0 ? (double)columns / (double)range : 0;
    size_t a = (size_t)((double)(t->start_ns[span] - from) * scale);
    size_t b = (size_t)((double)(t->end_ns[span] - from) * scale);
    for (size_t k = a; k <= b && k < columns; k++)
        bar[k] = '-';
    for (uint32_t s = 0; s < path->segments_len; s++) {
        if (path->segments[s].span != span)
            continue;
        size_t c = (size_t)((double)(path->segments[s].start_ns - from) * scale);
        size_t e = (size_t)((double)(path->segments[s].end_ns - from) * scale);
        for (size_t k = c; (k < e || k == c) && k < columns; k++)
            bar[k] = '=';
    }
    d->out.len += columns;
}

static void
row_put(struct drawing *d, const struct nj_run *run, const struct nj_trace *t,
        struct nj_waterfall_row row, int64_t from, int64_t range)
{
    uint32_t i = row.span;
    size_t names = d->width * NAME_MAX_SHARE / 100, agents = 14, kinds = 6, times = 9;
    size_t bars = d->width - names - agents - kinds - times - 5;
    bool is_error = t->status[i] == NJ_STATUS_ERROR;
    struct nj_buf name = {0};
    char time[NJ_DURATION_TEXT];

    for (uint32_t k = 0; k < t->depth[i] && k < 20; k++)
        nj_buf_put_text(&name, "  ");
    if (is_error)
        nj_buf_put_text(&name, "x ");
    nj_buf_put_slice(&name, t->flags[i] & NJ_SPAN_RECONSTRUCTED
                                ? NJ_SLICE("(missing span)")
                                : nj_names_get(run->names, t->name[i]));
    if (row.repeats > 1)
        nj_buf_printf(&name, " x%u", row.repeats);
    nj_duration_print(time, (double)nj_trace_raw_ns(t, i));
    nj_buf_put_text(&d->out, is_error ? colour(d, "\x1b[31m") : "");
    text_put(&d->out, nj_buf_slice(&name), names);
    nj_buf_put_text(&d->out, is_error ? colour(d, "\x1b[0m") : "");
    nj_buf_put_char(&d->out, ' ');
    text_put(&d->out, nj_names_get(run->names, t->agent[i]), agents);
    nj_buf_put_char(&d->out, ' ');
    text_put(&d->out, nj_slice_of(nj_kind_name((enum nj_kind)t->kind[i])), kinds);
    nj_buf_put_char(&d->out, ' ');
    for (size_t k = nj_text_columns(nj_slice_of(time)); k < times; k++)
        nj_buf_put_char(&d->out, ' ');
    nj_buf_put_text(&d->out, time);
    nj_buf_put_char(&d->out, '|');
    bar_put(d, t, run->path, i, bars, from, range);
    nj_buf_put_text(&d->out, "|\n");
    nj_buf_fini(&name);
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
    nj_buf_printf(&d->out, "%s  %s  %s  %u spans  %u errors%s\n", colour(d, "\x1b[0m"), time,
                  duration, t->spans_len, errors, t->is_complete ? "" : "  incomplete");
    (void)run;
}

static bool
is_wanted(const struct drawing *d, const struct nj_trace *t)
{
    struct nj_trace_id id;
    struct nj_slice text;

    return nj_trace_id_parse(nj_slice_of(d->wanted), &id, &text) &&
           memcmp(id.bytes, t->id.bytes, sizeof id.bytes) == 0;
}

static enum nj_status
trace_draw(void *context, struct nj_run *run, const struct nj_trace *t)
{
    struct drawing *d = context;
    const struct nj_waterfall_view view = {.rows_max = ROWS_MAX};
    struct nj_waterfall_row *rows;
    uint32_t len, folded = 0;
    int64_t from = INT64_MAX, to = INT64_MIN;

    if (!is_wanted(d, t))
        return NJ_OK;
    d->was_found = true;
    enum nj_status st =
        nj_waterfall_rows(&rows, &len, t, run->path, &view, run->scratch, run->err);
    if (st < 0)
        return st;
    for (uint32_t i = 0; i < t->spans_len; i++) {
        from = t->start_ns[i] < from ? t->start_ns[i] : from;
        to = t->end_ns[i] > to ? t->end_ns[i] : to;
    }
    head_put(d, run, t);
    for (uint32_t k = 0; k < len; k++) {
        row_put(d, run, t, rows[k], from, to - from);
        folded += rows[k].repeats;
    }
    if (folded < t->spans_len)
        nj_buf_printf(&d->out, "%u of %u spans shown\n", folded, t->spans_len);
    nj_buf_put_text(&d->out, "= on the critical path of the main root, - not; x failed\n");
    st = nj_output_print(&d->out, run->err);
    return st < 0 ? st : NJ_DONE;
}

static enum nj_status
show_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    struct drawing d = {.wanted = settings->inputs[settings->inputs_len - 1],
                        .has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
                        .width = terminal_width()};
    struct nj_session session;
    enum nj_status st =
        nj_session_open(&session, settings, settings->inputs, settings->inputs_len - 1, err);

    (void)exit_code;
    if (st == NJ_OK)
        st = nj_each_trace(session.corpus, &settings->analysis, trace_draw, &d, session.diags,
                           err);
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
        "The tree of one trace with agents, kinds, durations and bars over time. What the "
        "caller waited for is drawn with =, the rest with -; failed spans begin with x. Rows "
        "that look alike are folded where there are very many.",
    .examples = "nightjar show traces.jsonl 4bf92f3577b34da6a3ce929d0e0e4736",
    .groups = NJ_GROUP_INPUT,
    .words_min = 2,
    .run = show_run,
};
