/* analysis.c - how fast traces in memory are analysed: the walk of the critical path, and each
 * analyzer, on one thread.
 * usage: nj_analysis STORE [REPEATS [SPANS [NAME]]]; builds the trees of the first SPANS
 * (200 000) spans, then prints CPU time a span and millions of spans a second, best of REPEATS
 * (5); of the walk and all analyzers, or of the one of this NAME. */
#include "analyzers/analyze.h"
#include "base/heap.h"
#include "bench/clock.h"
#include "store/store.h"
#include "trees/tree.h"

#include <stdlib.h>

enum { ARENA_BYTES = 4 << 20 };

struct kept {
    struct nj_trace trace;
    struct nj_critical_path path;
};

struct bench {
    const struct nj_corpus *corpus;
    struct nj_options options;
    struct nj_arena *arena; /* of kept traces */
    struct nj_diags *diags;
    struct nj_weigher *weigher;
    struct nj_run run;
    struct nj_error err;
    struct kept *list;
    size_t len;
    uint64_t spans;
};

/* Rows of a source live until the next trace; those of kept traces for ever. */
static bool
rows_copy(struct nj_arena *arena, struct nj_raw_trace *raw)
{
    struct nj_row *rows = NJ_NEW_RAW(arena, struct nj_row, raw->rows_len);

    if (!rows)
        return false;
    memcpy(rows, raw->rows, raw->rows_len * sizeof *rows);
    for (uint32_t i = 0; i < raw->rows_len; i++)
        rows[i].facts = nj_arena_copy(arena, rows[i].facts);
    raw->text = nj_arena_copy(arena, raw->text);
    raw->rows = rows;
    return true;
}

static enum nj_status
traces_keep(struct bench *b, uint64_t spans_max)
{
    struct nj_raw_trace raw;
    enum nj_status st =
        b->corpus->open(b->corpus, 0, b->corpus->traces_len, &b->run.source, &b->err);

    b->list = calloc(b->corpus->traces_len, sizeof *b->list);
    if (st == NJ_OK && !b->list)
        st = nj_fail(&b->err, NJ_ENOMEM, "no memory");
    while (st == NJ_OK && b->spans < spans_max) {
        struct kept *kept = &b->list[b->len];
        st = b->run.source->next(b->run.source, &raw, &b->err);
        if (st != NJ_OK || !rows_copy(b->arena, &raw))
            break;
        st = nj_tree_build(&kept->trace, &raw, b->corpus, &b->options.tree, b->arena, b->diags,
                           &b->err);
        if (st == NJ_OK)
            st = nj_weigher_apply(b->weigher, &b->run, &kept->trace);
        if (st == NJ_OK)
            st = nj_critical_path_walk(&kept->path, &kept->trace, NJ_SCOPE_ROOT, &b->options,
                                       b->arena, &b->err);
        b->spans += kept->trace.spans_len;
        b->len++;
    }
    return st < 0 ? st : NJ_OK;
}

/* Walks all traces once, or gives them to one analyzer; CPU seconds, < 0: failed. */
static double
round_run(struct bench *b, const struct nj_analyzer *analyzer)
{
    void *state = analyzer ? calloc(1, analyzer->state_bytes + 1) : NULL;
    enum nj_status st = analyzer && analyzer->begin ? analyzer->begin(&b->run, state) : NJ_OK;
    struct nj_critical_path path;
    struct nj_cpu begin = nj_cpu_now();

    for (size_t i = 0; i < b->len && st >= 0; i++) {
        nj_arena_reset(b->run.scratch);
        b->run.path = &b->list[i].path;
        st = analyzer ? analyzer->trace(&b->run, state, &b->list[i].trace)
                      : nj_critical_path_walk(&path, &b->list[i].trace, NJ_SCOPE_ROOT,
                                              &b->options, b->run.scratch, &b->err);
    }
    struct nj_cpu end = nj_cpu_now();
    if (analyzer && analyzer->fini)
        analyzer->fini(state);
    free(state);
    return st < 0 ? -1 : end.user + end.kernel - begin.user - begin.kernel;
}

static double
row_print(struct bench *b, const char *name, const struct nj_analyzer *analyzer, int repeats)
{
    double best = -1;

    for (int r = 0; r < repeats; r++) {
        double seconds = round_run(b, analyzer);
        best = best < 0 || seconds < best ? seconds : best;
    }
    printf("%-16s %7.1f ns/span %8.2f M spans/s\n", name, best * 1e9 / (double)b->spans,
           (double)b->spans / best / 1e6);
    return best;
}

static enum nj_status
bench_open(struct bench *b, const struct nj_store *store)
{
    b->corpus = nj_store_corpus(store);
    b->arena = nj_arena_new(ARENA_BYTES);
    b->diags = nj_diags_new();
    b->run = (struct nj_run){.options = &b->options,
                             .corpus = b->corpus,
                             .names = b->corpus->names,
                             .keep = nj_arena_new(ARENA_BYTES),
                             .scratch = nj_arena_new(ARENA_BYTES),
                             .err = &b->err};
    if (!b->arena || !b->diags || !b->run.keep || !b->run.scratch)
        return nj_fail(&b->err, NJ_ENOMEM, "no memory");
    enum nj_status st = nj_weigher_new(&b->weigher, b->corpus, &b->options, &b->err);
    b->run.weigher = b->weigher;
    return st;
}

static void
table_print(struct bench *b, int repeats, const char *only)
{
    double all = 0;

    printf("%zu traces of %llu spans in memory, one thread, best of %d\n", b->len,
           (unsigned long long)b->spans, repeats);
    if (!only || strcmp(only, "walk") == 0)
        all += row_print(b, "walk", NULL, repeats);
    for (size_t i = 0; i < nj_analyzers_len; i++)
        if (!only || strcmp(only, nj_analyzers[i]->name) == 0)
            all += row_print(b, nj_analyzers[i]->name, nj_analyzers[i], repeats);
    printf("%-16s %7.1f ns/span %8.2f M spans/s\n", "all", all * 1e9 / (double)b->spans,
           (double)b->spans / all / 1e6);
}

int
main(int argc, char **argv)
{
    int repeats = argc > 2 ? atoi(argv[2]) : 5;
    uint64_t spans_max = argc > 3 ? strtoull(argv[3], NULL, 10) : 200000;
    struct bench b = {0};
    struct nj_store *store = NULL;

    nj_heap_prepare();
    if (argc < 2)
        return 2;
    enum nj_status st = nj_store_open(&store, argv[1], NJ_STORE_READ, &b.err);
    if (st == NJ_OK)
        st = bench_open(&b, store);
    if (st == NJ_OK)
        st = traces_keep(&b, spans_max);
    if (st == NJ_OK)
        table_print(&b, repeats, argc > 4 ? argv[4] : NULL);
    else
        fprintf(stderr, "%s\n", b.err.causes[0]);
    if (b.run.source)
        b.run.source->close(b.run.source);
    nj_weigher_free(b.weigher);
    nj_arena_free(b.run.keep);
    nj_arena_free(b.run.scratch);
    nj_arena_free(b.arena);
    free(b.diags);
    free(b.list);
    nj_store_close(store);
    return st == NJ_OK ? 0 : 1;
}
