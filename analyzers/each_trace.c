/* each_trace.c - one trace after the other, in an order that does not depend on storage. */
#include "analyzers/analyze.h"

#include <stdlib.h>

struct place {
    const struct nj_trace_info *info;
    uint64_t number;
};

static int
place_cmp(const void *a, const void *b)
{
    const struct nj_trace_info *x = ((const struct place *)a)->info;
    const struct nj_trace_info *y = ((const struct place *)b)->info;
    int c;

    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    c = nj_slice_cmp(x->text, y->text);
    return c ? c : memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

static enum nj_status
places_sort(const struct nj_corpus *corpus, struct nj_arena *arena, struct place **out,
            struct nj_error *err)
{
    struct nj_trace_info *infos;
    enum nj_status st = corpus->infos(corpus, arena, &infos, err);

    if (st < 0)
        return st;
    *out = NJ_NEW_RAW(arena, struct place, corpus->traces_len);
    if (!*out)
        return nj_fail(err, NJ_ENOMEM, "no memory to sort the traces");
    for (uint64_t i = 0; i < corpus->traces_len; i++)
        (*out)[i] = (struct place){&infos[i], i};
    qsort(*out, corpus->traces_len, sizeof **out, place_cmp);
    return NJ_OK;
}

static enum nj_status
place_visit(struct nj_visit *visit, uint64_t number, nj_visit_fn *fn, void *context)
{
    struct nj_raw_trace raw;
    enum nj_status st = visit->corpus->open(visit->corpus, number, number + 1,
                                            &visit->run->source, visit->run->err);

    if (st < 0)
        return st;
    st = visit->run->source->next(visit->run->source, &raw, visit->run->err);
    if (st == NJ_OK)
        st = nj_visit_trace(visit, &raw, fn, context);
    visit->run->source->close(visit->run->source);
    visit->run->source = NULL;
    return st;
}

enum nj_status
nj_each_trace(const struct nj_corpus *corpus, const struct nj_options *options, nj_visit_fn *fn,
              void *context, struct nj_diags *diags, struct nj_error *err)
{
    struct nj_arena *arena = nj_arena_new(64 << 10);
    struct nj_weigher *weigher = NULL;
    struct nj_run run;
    struct nj_visit visit = {0};
    struct place *places = NULL;
    enum nj_status st = NJ_OK;

    if (!arena)
        return nj_fail(err, NJ_ENOMEM, "no memory to sort the traces");
    st = places_sort(corpus, arena, &places, err);
    if (st == NJ_OK)
        st = nj_weigher_new(&weigher, corpus, options, err);
    if (st == NJ_OK)
        st = nj_visit_init(&visit, &run, corpus, options, weigher, err);
    for (uint64_t i = 0; i < corpus->traces_len && st == NJ_OK; i++)
        if (!options->only ||
            memcmp(&places[i].info->id, options->only, sizeof *options->only) == 0)
            st = place_visit(&visit, places[i].number, fn, context);
    if (visit.total)
        nj_diags_merge(diags, visit.total);
    nj_visit_fini(&visit);
    nj_weigher_free(weigher);
    nj_arena_free(arena);
    return st < 0 ? st : NJ_OK;
}
