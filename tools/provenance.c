/* provenance.c - which version ran, on what, with which options, where, and what it cost. */
#include "tools/provenance.h"

#include "base/clock.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

static void
row_put(struct nj_table *t, const char *key, const char *value, bool is_volatile)
{
    size_t r = nj_table_add(t);

    nj_table_put_text(t, r, NJ_COL_provenance_key, nj_slice_of(key));
    nj_table_put_text(t, r, NJ_COL_provenance_value, nj_slice_of(value));
    nj_table_put_int(t, r, NJ_COL_provenance_is_volatile, is_volatile);
}

/* Options that change numbers, as they were given. */
static void
options_put(const struct nj_settings *settings, struct nj_table *t)
{
    static const char *const overruns[] = {"auto", "clip", "detach"};
    const struct nj_options *o = &settings->analysis;
    char text[NJ_TIME_TEXT + 64];

    (void)snprintf(text, sizeof text, "overrun %s, skew %s, follows-from %s, sideways %s",
                   overruns[o->tree.overrun], o->tree.is_skew_off ? "off" : "on",
                   o->tree.is_follows_from_blocking ? "block" : "ignore",
                   o->sideways == NJ_SIDEWAYS_CHAIN ? "chain" : "suspect");
    row_put(t, "options", text, false);
    if (o->since_ns) {
        nj_time_print(text, o->since_ns);
        row_put(t, "since", text, false);
    }
    if (o->until_ns) {
        nj_time_print(text, o->until_ns);
        row_put(t, "until", text, false);
    }
}

static void
machine_put(struct nj_table *t)
{
    struct utsname name;
    char text[512];

    if (uname(&name) == 0) {
        (void)snprintf(text, sizeof text, "%s, %s %s %s, %ld cores", name.nodename,
                       name.sysname, name.release, name.machine, sysconf(_SC_NPROCESSORS_ONLN));
        row_put(t, "machine", text, true);
    }
}

static void
cost_put(int64_t started_ns, struct nj_table *t)
{
    struct rusage usage;
    char text[128];

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    (void)snprintf(text, sizeof text, "%.2f s, %.2f s of CPU time, %.0f MB of memory at most",
                   (double)(nj_clock_monotonic_ns() - started_ns) / 1e9, cpu,
                   (double)usage.ru_maxrss / 1024);
    row_put(t, "cost", text, true);
}

void
nj_provenance_put(const struct nj_settings *settings, const char *command, int64_t started_ns,
                  struct nj_results *results)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_provenance);
    char time[NJ_TIME_TEXT];

    row_put(t, "nightjar", NJ_VERSION, false);
    row_put(t, "command", command, false);
    options_put(settings, t);
    nj_time_print(time, settings->now_ns ? settings->now_ns : nj_clock_now_ns());
    row_put(t, "time", time, true);
    if (settings->now_ns)
        return;
    machine_put(t);
    cost_put(started_ns, t);
}
