/* clock.h - CPU time of a benchmark, with and without what the kernel does for it. Reading a
 * file costs the kernel the same whoever asks, so readers are compared without it. */
#ifndef NJ_BENCH_CLOCK_H
#define NJ_BENCH_CLOCK_H

#include "bench/checksum.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>

struct nj_cpu {
    double user, kernel; /* seconds since the process began */
};

static inline double
nj_timeval_seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static inline struct nj_cpu
nj_cpu_now(void)
{
    struct rusage usage = {0};
    struct nj_cpu now;

    (void)getrusage(RUSAGE_SELF, &usage);
    now.user = nj_timeval_seconds(usage.ru_utime);
    now.kernel = nj_timeval_seconds(usage.ru_stime);
    return now;
}

/* What every reader prints after a round over `bytes` that began at `begin`. */
static inline void
nj_round_print(double bytes, struct nj_cpu begin, const struct nj_checksum *c)
{
    struct nj_cpu end = nj_cpu_now();
    double user = end.user - begin.user, all = user + end.kernel - begin.kernel;

    printf("%.3f GB/s %.0f ns/span (with the kernel %.3f GB/s), %llu spans %llu attributes "
           "%llu events %016llx\n",
           bytes / user / 1e9, user * 1e9 / (double)c->spans, bytes / all / 1e9,
           (unsigned long long)c->spans, (unsigned long long)c->attrs,
           (unsigned long long)c->events, (unsigned long long)c->sum);
}

#endif
