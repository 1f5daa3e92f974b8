/* analyze.c - the one pass: chunks of traces to threads, one state a thread, merged at the end.
 */
#include "analyzers/analyze.h"

#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CHUNKS_PER_JOB = 8 };

/* What all threads share. */
struct pass {
    const struct nj_corpus *corpus;
    const struct nj_options *options;
    const struct nj_analyzer *const *analyzers;
    size_t analyzers_len;
    const struct nj_weigher *weigher;
    const struct nj_progress *progress;
    struct worker *workers;
    unsigned jobs; /* how many they are */
    uint64_t chunks_len;
    _Atomic uint64_t next_chunk, traces_done, spans_done;
    _Atomic bool is_stopped;
    struct nj_results **results; /* of each analyzer */
    _Atomic size_t next_finish;  /* the analyzer to be finished next */
};

struct worker {
    struct pass *pass;
    struct nj_run run;
    struct nj_error err;
    struct nj_visit visit;
    void **states;
    enum nj_status status;
    bool tells; /* this one reports progress */
    pthread_t thread;
};

static enum nj_status
trace_analyze(void *context, struct nj_run *run, const struct nj_trace *trace)
{
    struct worker *w = context;
    const struct pass *pass = w->pass;

    for (size_t i = 0; i < pass->analyzers_len; i++) {
        enum nj_status st = pass->analyzers[i]->trace(run, w->states[i], trace);
        if (st < 0)
            return st;
    }
    return NJ_OK;
}

static enum nj_status
chunk_analyze(struct worker *w, uint64_t chunk)
{
    struct pass *pass = w->pass;
    uint64_t len = pass->corpus->traces_len;
    uint64_t first = len * chunk / pass->chunks_len,
             last = len * (chunk + 1) / pass->chunks_len;
    struct nj_source *source;
    struct nj_raw_trace raw;
    enum nj_status st = pass->corpus->open(pass->corpus, first, last, &source, &w->err);

    if (st < 0)
        return st;
    w->run.source = source;
    while (!pass->is_stopped && (st = source->next(source, &raw, &w->err)) == NJ_OK) {
        st = nj_visit_trace(&w->visit, &raw, trace_analyze, w);
        if (st < 0)
            break;
        uint64_t done = atomic_fetch_add(&pass->traces_done, 1) + 1;
        uint64_t spans = atomic_fetch_add(&pass->spans_done, raw.rows_len) + raw.rows_len;
        if (w->tells && pass->progress)
            pass->progress->tell(pass->progress->context, done, len, spans);
    }
    source->close(source);
    w->run.source = NULL;
    return st < 0 ? st : NJ_OK;
}

static void *
worker_main(void *context)
{
    struct worker *w = context;
    uint64_t chunk;

    while (!w->pass->is_stopped && w->status >= 0 &&
           (chunk = atomic_fetch_add(&w->pass->next_chunk, 1)) < w->pass->chunks_len) {
        w->status = chunk_analyze(w, chunk);
    }
    if (w->status < 0)
        w->pass->is_stopped = true;
    return NULL;
}

static enum nj_status
worker_init(struct worker *w, struct pass *pass)
{
    w->pass = pass;
    enum nj_status st =
        nj_visit_init(&w->visit, &w->run, pass->corpus, pass->options, pass->weigher, &w->err);
    if (st < 0)
        return st;
    w->states = calloc(pass->analyzers_len + 1, sizeof *w->states);
    if (!w->states)
        return nj_fail(&w->err, NJ_ENOMEM, "no memory for the analysis");
    for (size_t i = 0; i < pass->analyzers_len; i++) {
        const struct nj_analyzer *a = pass->analyzers[i];
        w->states[i] = calloc(1, a->state_bytes ? a->state_bytes : 1);
        if (!w->states[i])
            return nj_fail(&w->err, NJ_ENOMEM, "no memory for analyzer %s", a->name);
        st = a->begin ? a->begin(&w->run, w->states[i]) : NJ_OK;
        if (st < 0)
            return st;
    }
    return NJ_OK;
}

static void
worker_fini(struct worker *w)
{
    for (size_t i = 0; w->states && i < w->pass->analyzers_len; i++) {
        if (w->states[i] && w->pass->analyzers[i]->fini)
            w->pass->analyzers[i]->fini(w->states[i]);
        free(w->states[i]);
    }
    free(w->states);
    nj_visit_fini(&w->visit);
}

static unsigned
jobs_choose(const struct nj_options *options, uint64_t traces_len)
{
    unsigned threads = nj_threads_of(options->jobs);

    return traces_len >= threads ? threads : traces_len ? (unsigned)traces_len : 1;
}

/* Runs `main` for all workers; for the first one on this thread. */
static enum nj_status
workers_run(struct pass *pass, void *(*main)(void *worker), struct nj_error *err)
{
    struct worker *workers = pass->workers;
    enum nj_status st = NJ_OK;
    unsigned started = 1;

    for (; started < pass->jobs; started++)
        if (pthread_create(&workers[started].thread, NULL, main, &workers[started]) != 0)
            break; /* the threads that could be started do all the work */
    (void)main(&workers[0]);
    for (unsigned i = 1; i < started; i++)
        (void)pthread_join(workers[i].thread, NULL);
    for (unsigned i = 0; i < pass->jobs && st == NJ_OK; i++) {
        if (workers[i].status < 0) {
            *err = workers[i].err;
            st = workers[i].status;
        }
    }
    return st;
}

/* Puts the states of all workers together and makes tables of them. */
static enum nj_status
state_finish(struct worker *w, size_t a)
{
    struct pass *pass = w->pass;
    const struct nj_analyzer *analyzer = pass->analyzers[a];
    void *state = pass->workers[0].states[a];
    enum nj_status st = NJ_OK;

    for (unsigned i = 1; i < pass->jobs && st >= 0; i++)
        st = analyzer->merge(&w->run, state, pass->workers[i].states[a]);
    nj_arena_reset(w->run.scratch);
    pass->results[a] = nj_results_new();
    if (st >= 0 && !pass->results[a])
        st = nj_fail(&w->err, NJ_ENOMEM, "no memory for the results of %s", analyzer->name);
    return st < 0 ? st : analyzer->finish(&w->run, state, pass->results[a]);
}

/* Analyzers know nothing of each other, so each is finished by whoever is free. */
static void *
finish_main(void *context)
{
    struct worker *w = context;
    size_t a;

    while (w->status >= 0 &&
           (a = atomic_fetch_add(&w->pass->next_finish, 1)) < w->pass->analyzers_len)
        w->status = state_finish(w, a);
    return NULL;
}

/* The tables of all analyzers, in the order of the registry. */
static enum nj_status
states_finish(struct pass *pass, struct nj_results *results, struct nj_error *err)
{
    struct nj_visit *visit = &pass->workers[0].visit;

    pass->results = calloc(pass->analyzers_len + 1, sizeof(*pass->results));
    if (!pass->results)
        return nj_fail(err, NJ_ENOMEM, "no memory for the results");
    enum nj_status st = workers_run(pass, finish_main, err);
    for (size_t a = 0; a < pass->analyzers_len; a++) {
        if (st >= 0)
            nj_results_take(results, pass->results[a]);
        else
            nj_results_free(pass->results[a]);
    }
    free(pass->results);
    for (unsigned i = 1; i < pass->jobs; i++)
        nj_visit_merge(visit, &pass->workers[i].visit);
    if (st >= 0)
        nj_visit_finish(visit, results);
    return st < 0 ? st : NJ_OK;
}

enum nj_status
nj_analyze(const struct nj_corpus *corpus, const struct nj_options *options,
           const struct nj_analyzer *const *analyzers, const struct nj_progress *progress,
           struct nj_diags *diags, struct nj_results *results, struct nj_error *err)
{
    unsigned jobs = jobs_choose(options, corpus->traces_len);
    struct pass pass = {.corpus = corpus,
                        .options = options,
                        .progress = progress,
                        .analyzers = analyzers ? analyzers : nj_analyzers,
                        .workers = calloc(jobs, sizeof(struct worker)),
                        .jobs = jobs,
                        .chunks_len = jobs == 1 ? 1 : (uint64_t)jobs * CHUNKS_PER_JOB};
    struct nj_weigher *weigher = NULL;

    if (!pass.workers)
        return nj_fail(err, NJ_ENOMEM, "no memory for %u threads", jobs);
    while (pass.analyzers[pass.analyzers_len])
        pass.analyzers_len++;
    enum nj_status st = nj_weigher_new(&weigher, corpus, options, err);
    pass.weigher = weigher;
    for (unsigned i = 0; i < jobs && st == NJ_OK; i++) {
        st = worker_init(&pass.workers[i], &pass);
        if (st < 0)
            *err = pass.workers[i].err;
    }
    pass.workers[0].tells = true;
    if (st == NJ_OK)
        st = workers_run(&pass, worker_main, err);
    if (st == NJ_OK)
        st = states_finish(&pass, results, err);
    if (st == NJ_OK)
        nj_diags_merge(diags, pass.workers[0].visit.total);
    for (unsigned i = 0; i < jobs; i++)
        if (pass.workers[i].pass)
            worker_fini(&pass.workers[i]);
    free(pass.workers);
    nj_weigher_free(weigher);
    return st < 0 ? st : nj_results_check(results, err);
}
