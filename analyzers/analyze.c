/* analyze.c - the one pass: chunks of traces to threads, one state a thread, merged at the end.
 */
#include "analyzers/analyze.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNKS_PER_JOB = 8, JOBS_MAX = 256 };

/* What all threads share. */
struct pass {
    const struct nj_corpus *corpus;
    const struct nj_options *options;
    const struct nj_analyzer *const *analyzers;
    size_t analyzers_len;
    const struct nj_weigher *weigher;
    const struct nj_progress *progress;
    uint64_t chunks_len;
    _Atomic uint64_t next_chunk, traces_done, spans_done;
    _Atomic bool is_stopped;
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
    long cores = options->jobs ? (long)options->jobs : sysconf(_SC_NPROCESSORS_ONLN);

    if (cores < 1)
        cores = 1;
    if (cores > JOBS_MAX)
        cores = JOBS_MAX;
    return traces_len < (uint64_t)cores ? (unsigned)(traces_len ? traces_len : 1)
                                        : (unsigned)cores;
}

/* Runs all workers; the first one on this thread. */
static enum nj_status
workers_run(struct worker *workers, unsigned jobs, struct nj_error *err)
{
    enum nj_status st = NJ_OK;
    unsigned started = 1;

    for (; started < jobs; started++)
        if (pthread_create(&workers[started].thread, NULL, worker_main, &workers[started]) != 0)
            break; /* the threads that could be started do all the work */
    (void)worker_main(&workers[0]);
    for (unsigned i = 1; i < started; i++)
        (void)pthread_join(workers[i].thread, NULL);
    for (unsigned i = 0; i < jobs && st == NJ_OK; i++) {
        if (workers[i].status < 0) {
            *err = workers[i].err;
            st = workers[i].status;
        }
    }
    return st;
}

static enum nj_status
states_finish(struct worker *workers, unsigned jobs, struct nj_results *results)
{
    struct worker *first = &workers[0];
    enum nj_status st = NJ_OK;

    for (unsigned i = 1; i < jobs; i++)
        nj_visit_merge(&first->visit, &workers[i].visit);
    for (size_t a = 0; a < first->pass->analyzers_len && st >= 0; a++) {
        const struct nj_analyzer *analyzer = first->pass->analyzers[a];
        for (unsigned i = 1; i < jobs && st >= 0; i++)
            st = analyzer->merge(&first->run, first->states[a], workers[i].states[a]);
        nj_arena_reset(first->run.scratch);
        if (st >= 0)
            st = analyzer->finish(&first->run, first->states[a], results);
    }
    if (st >= 0)
        nj_visit_finish(&first->visit, results);
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
                        .chunks_len = jobs == 1 ? 1 : (uint64_t)jobs * CHUNKS_PER_JOB};
    struct worker *workers = calloc(jobs, sizeof *workers);
    struct nj_weigher *weigher = NULL;
    enum nj_status st = NJ_OK;

    if (!workers)
        return nj_fail(err, NJ_ENOMEM, "no memory for %u threads", jobs);
    while (pass.analyzers[pass.analyzers_len])
        pass.analyzers_len++;
    st = nj_weigher_new(&weigher, corpus, options, err);
    pass.weigher = weigher;
    for (unsigned i = 0; i < jobs && st == NJ_OK; i++) {
        st = worker_init(&workers[i], &pass);
        if (st < 0)
            *err = workers[i].err;
    }
    workers[0].tells = true;
    if (st == NJ_OK)
        st = workers_run(workers, jobs, err);
    if (st == NJ_OK) {
        st = states_finish(workers, jobs, results);
        nj_diags_merge(diags, workers[0].visit.total);
        if (st < 0)
            *err = workers[0].err;
    }
    for (unsigned i = 0; i < jobs; i++)
        if (workers[i].pass)
            worker_fini(&workers[i]);
    free(workers);
    nj_weigher_free(weigher);
    return st < 0 ? st : nj_results_check(results, err);
}
