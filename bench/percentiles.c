/* percentiles.c - speed of weighted percentiles with intervals, by agent.
 *
 * usage: nj_percentiles [VALUES] [REPEATS]
 *
 * Durations of 20 agents in traces of 25 spans, every trace of one of three weights, by the
 * code that reports use: all values kept, sorted by radix and estimated exactly; counted into
 * the cells of a log-linear histogram and estimated from these, as above the memory bound.
 * Beside them the same values only counted into plain histograms of the same cells, one an
 * agent, which is what HdrHistogram does: no weights, no clusters, no intervals. Seconds of CPU
 * in user mode on one core, fastest of the repeats, from the first value to the last
 * percentile. */
#include "analyzers/series.h"
#include "base/heap.h"
#include "base/loghist.h"
#include "bench/clock.h"
#include "bench/generate.h"

#include <math.h>
#include <stdlib.h>

enum { AGENTS = 20, SPANS = 25 };

static const double ps[] = {0.5, 0.9, 0.95, 0.99};

struct load {
    size_t len;
    int64_t *value;
    uint8_t *agent;
    struct nj_names *names;
};

static double
normal(uint64_t *seed)
{
    double a = ((double)(random_next(seed) >> 11) + 0.5) / 9007199254740992.0;
    double b = ((double)(random_next(seed) >> 11) + 0.5) / 9007199254740992.0;
    return sqrt(-2 * log(a)) * cos(6.283185307179586 * b);
}

static double
user_seconds(void)
{
    return nj_cpu_now().user;
}

static void
fail(const char *what)
{
    (void)fprintf(stderr, "nj_percentiles: %s\n", what);
    exit(EXIT_FAILURE);
}

static void
trace_add(struct nj_series *series, const struct load *load, size_t first, size_t number,
          struct nj_arena *scratch)
{
    static const double weights[] = {1, 4, 20};
    struct nj_trace trace = {.spans_len = SPANS};

    memcpy(trace.id.bytes, &number, sizeof number);
    trace.weight = (struct nj_weight){.value = weights[number % NJ_LEN(weights)],
                                      .cluster = number * 0x9E3779B97F4A7C15u,
                                      .status = NJ_WEIGHT_OK};
    if (!nj_series_begin(series, &trace))
        fail("no memory");
    for (size_t i = first; i < load->len && i < first + SPANS; i++) {
        struct nj_observation o = {.groups_len = 1, .value = {load->value[i]}};
        o.groups[0] = nj_series_group(series, load->agent[i]);
        if (!nj_series_add(series, &o))
            fail("no memory");
    }
    if (!nj_series_end(series, scratch))
        fail("no memory");
    nj_arena_reset(scratch);
}

/* All percentiles of all agents; the sum of the estimates. */
static double
series_run(const struct load *load, bool is_counted, double seconds[2])
{
    const struct nj_series_shape shape = {1, 1, 1, is_counted};
    struct nj_arena *arena = nj_arena_new(1 << 22);
    struct nj_series series;
    double begin = user_seconds(), sum = 0;

    nj_series_init(&series, &shape, load->names);
    for (size_t at = 0; at < load->len; at += SPANS)
        trace_add(&series, load, at, at / SPANS, arena);
    seconds[0] = user_seconds() - begin;
    if (nj_series_close(&series, NULL) < 0)
        fail("no memory");
    for (uint32_t g = 0; g < nj_series_len(&series); g++) {
        struct nj_quantile quantiles[NJ_LEN(ps)];
        struct nj_sample sample;
        for (size_t q = 0; q < NJ_LEN(ps); q++)
            quantiles[q] = (struct nj_quantile){.p = ps[q]};
        if (nj_series_sample(&series, g, 0, arena, &sample, NULL) < 0 ||
            nj_sample_quantiles(&sample, NJ_SPREAD_FINITE, quantiles, NJ_LEN(ps), arena, NULL) <
                0)
            fail("no memory");
        for (size_t q = 0; q < NJ_LEN(ps); q++)
            sum += (double)nj_key_int(sample.key[quantiles[q].at]);
        nj_arena_reset(arena);
    }
    seconds[1] = user_seconds() - begin;
    nj_series_fini(&series);
    nj_arena_free(arena);
    return sum;
}

/* Plain percentiles out of one histogram an agent. */
static double
histogram_run(const struct load *load, double seconds[2])
{
    uint32_t(*cells)[NJ_LOGHIST_CELLS] = calloc(AGENTS, sizeof *cells);
    double begin = user_seconds(), sum = 0;
    size_t lens[AGENTS] = {0};

    if (!cells)
        fail("no memory");
    for (size_t i = 0; i < load->len; i++) {
        cells[load->agent[i]][nj_loghist_cell(load->value[i], NJ_LOGHIST_BITS)]++;
        lens[load->agent[i]]++;
    }
    seconds[0] = user_seconds() - begin;
    for (size_t a = 0; a < AGENTS; a++)
        for (size_t q = 0; q < NJ_LEN(ps); q++) {
            double wanted = ps[q] * (double)lens[a], seen = 0;
            uint32_t cell = 0;
            while ((seen += cells[a][cell]) < wanted)
                cell++;
            sum += (double)nj_loghist_middle(cell, NJ_LOGHIST_BITS);
        }
    seconds[1] = user_seconds() - begin;
    free(cells);
    return sum;
}

int
main(int argc, char **argv)
{
    static const char *const names[] = {"exact, weighted, intervals",
                                        "cells, weighted, intervals", "plain histogram"};
    size_t len = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    unsigned long repeats = argc > 2 ? strtoul(argv[2], NULL, 10) : 3;
    struct load load = {len, calloc(len + 1, sizeof(int64_t)), calloc(len + 1, 1),
                        nj_names_new()};
    double best[3][2] = {{INFINITY, INFINITY}, {INFINITY, INFINITY}, {INFINITY, INFINITY}};
    double sums[3] = {0};
    uint64_t seed = 1;

    nj_heap_prepare();
    if (!load.value || !load.agent || !load.names)
        fail("no memory");
    for (size_t i = 0; i < len; i++) {
        load.agent[i] = (uint8_t)random_below(&seed, AGENTS);
        load.value[i] = (int64_t)(1e9 * exp(0.1 * load.agent[i] + normal(&seed)));
    }
    for (unsigned long r = 0; r < repeats; r++)
        for (int k = 0; k < 3; k++) {
            double seconds[2];
            sums[k] =
                k < 2 ? series_run(&load, k == 1, seconds) : histogram_run(&load, seconds);
            for (int part = 0; part < 2; part++)
                best[k][part] = fmin(best[k][part], seconds[part]);
        }
    for (int k = 0; k < 3; k++)
        printf("%s: %.3f s to collect, %.3f s in all, %.1f ns a value; sum %.6g\n", names[k],
               best[k][0], best[k][1], best[k][1] * 1e9 / (double)len, sums[k]);
    nj_names_free(load.names);
    free(load.value);
    free(load.agent);
    return 0;
}
