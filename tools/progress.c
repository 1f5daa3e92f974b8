/* progress.c - how far long work is, on standard error. */
#include "tools/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { BAR = 24 };
static const int64_t SECOND = 1000000000;

void
nj_bar_start(struct nj_bar *bar, const char *what, const char *unit, bool is_quiet)
{
    *bar = (struct nj_bar){.what = what,
                           .unit = unit,
                           .is_quiet = is_quiet,
                           .is_terminal = isatty(STDERR_FILENO) == 1,
                           .start_ns = nj_clock_monotonic_ns()};
    bar->last_ns = bar->start_ns;
}

static void
line_print(const struct nj_bar *bar, uint64_t done, uint64_t all, uint64_t spans, int64_t now)
{
    double seconds = (double)(now - bar->start_ns) / 1e9;
    double share = all ? (double)done / (double)all : 0;
    double left = share > 0 ? seconds / share - seconds : 0;

    if (all)
        (void)fprintf(stderr, "%s %3.0f %%, ", bar->what, share * 100);
    else
        (void)fprintf(stderr, "%s %" PRIu64 " %s, ", bar->what, done, bar->unit);
    (void)fprintf(stderr, "%.3g k spans, %.3g k spans/s", (double)spans / 1e3,
                  (double)spans / 1e3 / seconds);
    if (all)
        (void)fprintf(stderr, ", %.0f s left", left);
}

static void
bar_draw(double share)
{
    int full = (int)(share * BAR);

    (void)fputs("\r\033[K[", stderr);
    for (int i = 0; i < BAR; i++)
        (void)fputc(i < full ? '#' : '.', stderr);
    (void)fputs("] ", stderr);
}

void
nj_bar_tell(struct nj_bar *bar, uint64_t done, uint64_t all, uint64_t spans)
{
    int64_t now, step = bar->is_terminal ? SECOND / 5 : 10 * SECOND;

    if (bar->is_quiet)
        return;
    now = nj_clock_monotonic_ns();
    if (now - bar->last_ns < step || now - bar->start_ns < SECOND)
        return;
    bar->last_ns = now;
    bar->was_shown = true;
    if (bar->is_terminal)
        bar_draw(all ? (double)done / (double)all : 0);
    line_print(bar, done, all, spans, now);
    if (!bar->is_terminal)
        (void)fputc('\n', stderr);
    (void)fflush(stderr);
}

void
nj_bar_end(struct nj_bar *bar)
{
    if (bar->was_shown && bar->is_terminal)
        (void)fputs("\r\033[K", stderr);
}
