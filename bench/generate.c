/* generate.c - writes made-up OTLP requests of a multi-agent system: spans of some fifty traces
 * at a time, scattered over requests in the order in which they end.
 * usage: nj_generate [--spans N] [--seed S] [--no-prompts] [--spaced] [--format jsonl|proto] */
#include "bench/generate.h"

#include <stdio.h>
#include <stdlib.h>

enum { OPEN_TRACES = 50, ARENA_BYTES = 64 << 10 };

struct options {
    uint64_t spans_len, seed;
    bool has_prompts, is_spaced, is_proto;
};

static bool
options_read(struct options *o, int argc, char **argv)
{
    *o = (struct options){.spans_len = 100000, .seed = 1, .has_prompts = true};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--no-prompts") == 0)
            o->has_prompts = false;
        else if (strcmp(argv[i], "--spaced") == 0)
            o->is_spaced = true;
        else if (strcmp(argv[i], "--spans") == 0 && ++i)
            o->spans_len = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && ++i)
            o->seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--format") == 0 && ++i)
            o->is_proto = strcmp(value, "proto") == 0;
        else
            return false;
    }
    return o->spans_len > 0;
}

struct generator {
    struct made_trace open[OPEN_TRACES];
    struct made_trace done[OPEN_TRACES]; /* ended, but the request still shows its spans */
    size_t done_len;
    uint64_t seed;
    int64_t now_ns;
    bool has_prompts;
};

static bool
trace_open(struct generator *g, struct made_trace *trace)
{
    trace->arena = nj_arena_new(ARENA_BYTES);
    int64_t start_ns = g->now_ns + (int64_t)random_below(&g->seed, 2000000000);
    return trace->arena && trace_make(trace, &g->seed, start_ns, g->has_prompts);
}

static void
trace_close(struct made_trace *trace)
{
    nj_arena_free(trace->arena);
    free(trace->spans);
    *trace = (struct made_trace){0};
}

/* The open trace whose next span ends first. */
static struct made_trace *
earliest(struct generator *g)
{
    struct made_trace *best = &g->open[0];

    for (size_t i = 1; i < OPEN_TRACES; i++)
        if (g->open[i].spans[g->open[i].next].end_ns < best->spans[best->next].end_ns)
            best = &g->open[i];
    return best;
}

/* Fills a batch with the next `len` spans; false: no memory. */
static bool
batch_fill(struct generator *g, struct batch *batch, size_t len)
{
    for (batch->len = 0; batch->len < len && g->done_len < OPEN_TRACES;) {
        struct made_trace *trace = earliest(g);
        struct nj_span *span = &trace->spans[trace->next++];
        batch->spans[batch->len++] = span;
        g->now_ns = span->end_ns;
        if (trace->next < trace->spans_len)
            continue;
        g->done[g->done_len++] = *trace;
        *trace = (struct made_trace){0};
        if (!trace_open(g, trace))
            return false;
    }
    return true;
}

static bool
request_put(const struct options *o, const struct batch *batch, struct nj_buf *out,
            const struct nj_attrs *resources)
{
    out->len = 0;
    if (o->is_proto) {
        request_write_protobuf(out, batch, resources);
    } else {
        request_write_json(out, batch, resources, o->is_spaced);
        nj_buf_put_char(out, '\n');
    }
    if (out->is_failed)
        return false;
    unsigned char head[4] = {(unsigned char)(out->len >> 24), (unsigned char)(out->len >> 16),
                             (unsigned char)(out->len >> 8), (unsigned char)out->len};
    if (o->is_proto && fwrite(head, 1, sizeof head, stdout) != sizeof head)
        return false;
    return fwrite(out->ptr, 1, out->len, stdout) == out->len;
}

static bool
generate(const struct options *o, struct generator *g, struct nj_arena *arena)
{
    struct nj_attrs resources[SERVICES_LEN];
    struct nj_buf out = {0};
    bool is_good = true;

    for (unsigned i = 0; i < SERVICES_LEN; i++)
        resources[i] = resource_make(arena, i);
    for (size_t i = 0; i < OPEN_TRACES && is_good; i++)
        is_good = trace_open(g, &g->open[i]);
    for (uint64_t left = o->spans_len; left > 0 && is_good;) {
        struct batch batch;
        size_t len = 64 + (size_t)random_below(&g->seed, 449);
        is_good = batch_fill(g, &batch, len < left ? len : (size_t)left) &&
                  request_put(o, &batch, &out, resources);
        left -= batch.len;
        while (g->done_len > 0)
            trace_close(&g->done[--g->done_len]);
    }
    nj_buf_fini(&out);
    return is_good;
}

int
main(int argc, char **argv)
{
    struct options o;
    struct generator g = {.now_ns = INT64_C(1790000000000000000)};
    struct nj_arena *arena = nj_arena_new(ARENA_BYTES);

    if (!arena || !options_read(&o, argc, argv)) {
        fprintf(stderr, "usage: nj_generate [--spans N] [--seed S] [--no-prompts] [--spaced] "
                        "[--format jsonl|proto]\n");
        return 2;
    }
    g.seed = o.seed;
    g.has_prompts = o.has_prompts;
    bool is_good = generate(&o, &g, arena) && fflush(stdout) == 0;
    for (size_t i = 0; i < OPEN_TRACES; i++)
        trace_close(&g.open[i]);
    nj_arena_free(arena);
    return is_good ? 0 : 1;
}
