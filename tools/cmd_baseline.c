/* cmd_baseline.c - nightjar baseline: what was accepted, when and why. */
#include "base/clock.h"
#include "base/jsonw.h"
#include "base/plural.h"
#include "reports/grid.h"
#include "store/baseline.h"
#include "tools/command.h"
#include "tools/gating.h"
#include "tools/output.h"

#include <stdio.h>

static void
time_cell(struct nj_grid *g, int64_t time_ns)
{
    char text[NJ_TIME_TEXT] = "";

    if (time_ns)
        nj_time_print_seconds(text, time_ns);
    nj_grid_text(g, nj_slice_of(text));
}

static const char *
state_name(const struct nj_night *night)
{
    return night->state == NJ_NIGHT_ACCEPTED ? "accepted" : "seen";
}

static void
night_row(struct nj_grid *g, const struct nj_night *night)
{
    nj_grid_text(g, (struct nj_slice){night->digest.ptr, 12});
    nj_grid_text(g, nj_slice_of(state_name(night)));
    time_cell(g, night->start_ns);
    nj_grid_int(g, (int64_t)night->traces);
    time_cell(g, night->accepted_ns);
    nj_grid_text(g, night->reason);
}

static void
nights_columns(struct nj_grid *g)
{
    nj_grid_column(g, "night", "night", false);
    nj_grid_column(g, "state", "state", false);
    nj_grid_column(g, "traces from", "start", false);
    nj_grid_column(g, "traces", "traces", true);
    nj_grid_column(g, "accepted", "accepted", false);
    nj_grid_column(g, "reason", "reason", false);
}

static void
night_json(struct nj_jsonw *w, const struct nj_night *night)
{
    nj_jsonw_object(w);
    nj_jsonw_key_text(w, "night", night->digest);
    nj_jsonw_key_text(w, "state", nj_slice_of(state_name(night)));
    nj_jsonw_key_int(w, "start_ns", night->start_ns);
    nj_jsonw_key_int(w, "end_ns", night->end_ns);
    nj_jsonw_key_int(w, "recorded_ns", night->recorded_ns);
    nj_jsonw_key_int(w, "accepted_ns", night->accepted_ns);
    nj_jsonw_key_int(w, "traces", (int64_t)night->traces);
    nj_jsonw_key_text(w, "reason", night->reason);
    nj_jsonw_key_text(w, "version", night->version);
    nj_jsonw_key_text(w, "policy_digest", night->policy_digest);
    nj_jsonw_key_text(w, "sampling", night->sampling);
    nj_jsonw_key_text(w, "models", night->models);
    nj_jsonw_object_end(w);
}

static void
whole_json(const struct nj_baseline *b, struct nj_buf *out)
{
    struct nj_jsonw w = nj_jsonw_of(out);

    nj_jsonw_object(&w);
    nj_jsonw_key_int(&w, "accepted", (int64_t)nj_baseline_accepted(b));
    nj_jsonw_key(&w, "nights");
    nj_jsonw_array(&w);
    for (size_t i = 0; i < b->nights_len; i++)
        night_json(&w, &b->nights[i]);
    nj_jsonw_array_end(&w);
    nj_jsonw_key(&w, "events");
    nj_jsonw_array(&w);
    for (size_t i = 0; i < b->events_len; i++) {
        nj_jsonw_object(&w);
        nj_jsonw_key_int(&w, "time_ns", b->events[i].time_ns);
        nj_jsonw_key_text(&w, "action", b->events[i].action);
        nj_jsonw_key_text(&w, "night", b->events[i].digest);
        nj_jsonw_key_text(&w, "reason", b->events[i].reason);
        nj_jsonw_object_end(&w);
    }
    nj_jsonw_array_end(&w);
    nj_jsonw_object_end(&w);
    nj_buf_put_char(out, '\n');
}

static void
grid_write(const struct nj_settings *settings, const struct nj_grid *g, struct nj_buf *out)
{
    if (settings->format == NJ_FORMAT_CSV)
        nj_grid_write_csv(g, out);
    else
        nj_grid_write_text(g, out);
}

static void
events_write(const struct nj_settings *settings, const struct nj_baseline *b,
             struct nj_buf *out)
{
    struct nj_grid g;

    nj_grid_init(&g, "what was done", settings->format == NJ_FORMAT_CSV);
    nj_grid_column(&g, "time", "time", false);
    nj_grid_column(&g, "action", "action", false);
    nj_grid_column(&g, "night", "night", false);
    nj_grid_column(&g, "reason", "reason", false);
    for (size_t i = 0; i < b->events_len; i++) {
        const struct nj_baseline_event *e = &b->events[i];
        time_cell(&g, e->time_ns);
        nj_grid_text(&g, e->action);
        nj_grid_text(&g,
                     (struct nj_slice){e->digest.ptr, e->digest.len < 12 ? e->digest.len : 12});
        nj_grid_text(&g, e->reason);
    }
    grid_write(settings, &g, out);
    nj_grid_fini(&g);
}

static enum nj_status
baseline_print(const struct nj_settings *settings, const struct nj_baseline *b, bool has_events,
               struct nj_error *err)
{
    struct nj_buf out = {0};
    struct nj_grid g;

    nj_grid_init(&g, has_events ? "nights" : NULL, settings->format == NJ_FORMAT_CSV);
    nights_columns(&g);
    for (size_t i = 0; i < b->nights_len; i++)
        night_row(&g, &b->nights[i]);
    if (settings->format == NJ_FORMAT_JSON)
        whole_json(b, &out);
    else
        grid_write(settings, &g, &out);
    if (has_events && settings->format == NJ_FORMAT_TEXT)
        events_write(settings, b, &out);
    enum nj_status st = nj_output_print(&out, err);
    nj_grid_fini(&g);
    nj_buf_fini(&out);
    return st;
}

static enum nj_status
night_remove(const struct nj_settings *settings, struct nj_baseline *b, struct nj_error *err)
{
    size_t i;

    if (settings->inputs_len != 2 || !settings->reason)
        return nj_fail(err, NJ_EUSAGE,
                       "usage: nightjar baseline remove NIGHT -b BASELINE --reason TEXT");
    i = nj_baseline_find(b, nj_slice_of(settings->inputs[1]));
    if (i == SIZE_MAX)
        return nj_fail(err, NJ_EUSAGE,
                       "there is no one night '%s'; `nightjar baseline list` shows them",
                       settings->inputs[1]);
    const struct nj_baseline_event event = {nj_gating_now(settings), NJ_SLICE("remove"),
                                            b->nights[i].digest, nj_slice_of(settings->reason)};
    enum nj_status st = nj_baseline_log(b, &event, err);
    if (st == NJ_OK) {
        size_t left = nj_baseline_accepted(b) - (b->nights[i].state == NJ_NIGHT_ACCEPTED);
        (void)printf("removed night %.12s; %zu accepted night%s %s left\n",
                     b->nights[i].digest.ptr, left, nj_plural((double)left),
                     left == 1 ? "is" : "are");
        nj_baseline_remove(b, i);
        st = nj_baseline_save(b, settings->baseline, err);
    }
    return st;
}

static enum nj_status
baseline_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    const char *word = settings->inputs_len ? settings->inputs[0] : "list";
    bool is_list = strcmp(word, "list") == 0, is_show = strcmp(word, "show") == 0;
    struct nj_baseline_lock lock = {NULL, -1};
    struct nj_baseline *b = NULL;
    enum nj_status st = NJ_OK;

    (void)exit_code;
    if (!is_list && !is_show && strcmp(word, "remove") != 0)
        return nj_fail(err, NJ_EUSAGE, "expected list, show or remove, not '%s'", word);
    if (!settings->baseline)
        return nj_fail(err, NJ_EUSAGE, "baseline needs the file: -b BASELINE");
    if (!is_list && !is_show)
        st = nj_baseline_lock(&lock, settings->baseline, err);
    if (st == NJ_OK)
        st = nj_baseline_load(&b, settings->baseline, err);
    if (st == NJ_OK && !b)
        st = nj_fail(err, NJ_EIO, "there is no baseline %s", settings->baseline);
    if (st == NJ_OK)
        st = is_list || is_show ? baseline_print(settings, b, is_show, err)
                                : night_remove(settings, b, err);
    nj_baseline_unlock(&lock);
    nj_baseline_free(b);
    return st;
}

const struct nj_command nj_cmd_baseline = {
    .name = "baseline",
    .arguments = "list|show|remove [NIGHT] -b BASELINE",
    .summary = "what was accepted, when and why",
    .details =
        "list prints the nights of a baseline: accepted ones, which later nights are compared "
        "with, and seen ones, over which slow drift is looked for. show adds everything that "
        "was ever done to it, with reasons. remove takes out a night, named by the first "
        "digits "
        "of its number, and asks for a --reason.",
    .examples = "nightjar baseline list -b baseline.db\n"
                "nightjar baseline show -b baseline.db\n"
                "nightjar baseline remove 3f2a -b baseline.db --reason \"load test\"",
    .groups = NJ_GROUP_BASELINE | NJ_GROUP_REASON | NJ_GROUP_FORMAT,
    .run = baseline_run,
};
