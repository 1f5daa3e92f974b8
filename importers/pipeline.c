/* pipeline.c - files of any format into a store, on all cores. */
#include "importers/pipeline.h"

#include "base/clock.h"
#include "importers/lanes.h"
#include "importers/plan.h"
#include "store/encoder.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 64, TELL_EVERY_NS = 100000000 };

/* One input. Its reader fills in what is below the line, the writer reads it when the lane is
 * finished. */
struct job {
    const struct nj_planned *planned;
    struct nj_writer_input ledger;
    bool has_contents;
    struct nj_diags *diags; /* those of a stored part, else NULL until it is begun */
    /* --- */
    struct nj_encoder *encoder;
    enum nj_status status;
    struct nj_error *err; /* NULL: none, or no memory for one */
    uint64_t bytes;
    char digest[33];
};

struct import {
    struct nj_plan plan;
    struct job *jobs; /* plan.len */
    struct nj_lanes *lanes;
    struct nj_writer *writer;
    const struct nj_import_options *options;
    struct nj_import_report *report;
    bool has_contents; /* of spans, in the store */
    uint64_t bytes_len;
    int64_t told_ns;
    pthread_t threads[THREADS_MAX];
    size_t threads_len;
};

/* What the encoder of a job knows of the world. */
struct exit {
    struct nj_lanes *lanes;
    size_t lane;
    const struct nj_stream *stream;
    uint64_t bytes; /* told so far */
};

static struct nj_batch *
exit_take(void *context, struct nj_error *err)
{
    struct exit *exit = context;
    return nj_lanes_take(exit->lanes, exit->lane, err);
}

static enum nj_status
exit_put(void *context, struct nj_batch *batch, struct nj_error *err)
{
    struct exit *exit = context;
    uint64_t bytes = nj_stream_raw_read(exit->stream);

    (void)err;
    nj_lanes_put(exit->lanes, exit->lane, batch, bytes - exit->bytes);
    exit->bytes = bytes;
    return NJ_OK;
}

/* To where an interrupted import left off. */
static enum nj_status
stream_resume(struct nj_stream *stream, const struct job *job, struct nj_error *err)
{
    enum nj_status st = nj_stream_skip_to(stream, job->ledger.resume_offset, err);

    if (st == NJ_DONE)
        return nj_fail(err, NJ_EFORMAT, "%s: ends before byte %llu, where its import stopped",
                       job->planned->path, (unsigned long long)job->ledger.resume_offset);
    return st < 0 ? st : nj_stream_want(stream, NJ_SNIFF_BYTES, err);
}

/* The digest is that of the whole file, however much of it the importer wanted. */
static void
stream_drain(struct job *job, struct nj_stream *stream)
{
    struct nj_error ignored = {0};

    do
        nj_stream_skip(stream, nj_stream_window(stream).len);
    while (nj_stream_more(stream, &ignored) == NJ_OK);
    job->bytes = nj_stream_raw_read(stream);
    nj_stream_digest(stream, job->digest);
}

static enum nj_status
job_read(struct job *job, struct nj_stream *stream, struct exit *exit, struct nj_error *err)
{
    const struct nj_planned *planned = job->planned;
    struct nj_batch_exit batches = {exit_put, exit_take, exit};
    struct nj_input input = {planned->path, stream, job->ledger.resume_offset};
    unsigned flags =
        (planned->importer->can_resume && !planned->stream ? NJ_ENCODE_CHECKPOINTS : 0u) |
        (job->has_contents ? NJ_ENCODE_CONTENTS : 0u);
    enum nj_status st = NJ_OK;

    if (input.resume_offset > 0)
        st = stream_resume(stream, job, err);
    if (st == NJ_OK)
        st = nj_encoder_new(&job->encoder, &batches, flags, job->diags, err);
    if (st < 0)
        return st;
    st = planned->importer->read(&input, nj_encoder_sink(job->encoder), err);
    if (st == NJ_OK)
        st = nj_encoder_finish(job->encoder, err);
    if (st == NJ_OK)
        stream_drain(job, stream);
    return st;
}

static void
job_run(struct import *import, size_t lane)
{
    struct job *job = &import->jobs[lane];
    struct nj_stream *stream = job->planned->stream;
    struct nj_error err = {0};

    if (!job->diags)
        job->diags = nj_diags_new();
    job->status = job->diags ? NJ_OK : nj_fail(&err, NJ_ENOMEM, "no memory for diagnostics");
    if (job->status == NJ_OK && !stream)
        job->status = nj_plan_open(&stream, job->planned->path, &err);
    if (job->status == NJ_OK) {
        struct exit exit = {import->lanes, lane, stream, 0};
        job->status = job_read(job, stream, &exit, &err);
        if (!job->planned->stream)
            nj_stream_close(stream);
    }
    if (job->status < 0) {
        job->err = malloc(sizeof *job->err);
        if (job->err)
            *job->err = err;
    }
    nj_lanes_finish(import->lanes, lane);
}

static void *
reader_main(void *context)
{
    struct import *import = context;

    for (size_t lane; (lane = nj_lanes_claim(import->lanes)) != SIZE_MAX;)
        job_run(import, lane);
    return NULL;
}

/* A packer that fails goes home; the writer finds the batch unpacked and says why. */
static void *
packer_main(void *context)
{
    struct import *import = context;
    struct nj_packer *packer = nj_packer_new();
    struct nj_batch *batch;
    enum nj_status st = packer ? NJ_OK : NJ_ENOMEM;

    while (st == NJ_OK && (batch = nj_lanes_pack_begin(import->lanes))) {
        st = nj_batch_pack(batch, packer, NULL);
        nj_lanes_pack_end(import->lanes, batch);
    }
    nj_packer_free(packer);
    return NULL;
}

static void
progress_tell(struct import *import, size_t done)
{
    int64_t now_ns = nj_clock_monotonic_ns();

    if (!import->options->tell || now_ns - import->told_ns < TELL_EVERY_NS)
        return;
    import->told_ns = now_ns;
    struct nj_import_progress progress = {
        .bytes_read = nj_lanes_bytes(import->lanes),
        .bytes_len = import->bytes_len,
        .spans = nj_writer_spans(import->writer),
        .inputs_done = done,
        .inputs_len = import->plan.len,
    };
    import->options->tell(import->options->context, &progress);
}

static enum nj_status
batches_write(struct import *import, size_t lane, struct nj_packer *packer,
              struct nj_error *err)
{
    struct nj_batch *batch;
    enum nj_status st = NJ_OK;

    while (st == NJ_OK && (batch = nj_lanes_get(import->lanes, lane))) {
        if (!batch->is_packed)
            st = nj_batch_pack(batch, packer, err);
        if (st == NJ_OK)
            st = nj_writer_put(import->writer, batch, err);
        nj_lanes_recycle(import->lanes, batch);
        progress_tell(import, lane);
    }
    return st;
}

static enum nj_status
job_write(struct import *import, size_t lane, struct nj_packer *packer, struct nj_error *err)
{
    struct job *job = &import->jobs[lane];
    struct nj_store_input about = {
        .path = nj_slice_of(job->planned->path),
        .format = nj_slice_of(job->planned->importer->name),
        .bytes = job->planned->bytes,
        .modified_ns = job->planned->modified_ns,
    };
    enum nj_status st = NJ_OK;

    /* What cannot be read twice is stored whole or not at all, and alone. */
    if (job->planned->stream)
        st = nj_writer_commit(import->writer, err);
    if (st == NJ_OK)
        st = nj_writer_begin(import->writer, &job->ledger, &about, err);
    if (st == NJ_OK)
        st = batches_write(import, lane, packer, err);
    if (st < 0)
        return st;
    if (job->status < 0) {
        if (job->err && err)
            *err = *job->err;
        return job->status;
    }
    st = nj_writer_end(import->writer, job->bytes, nj_slice_of(job->digest), job->diags, err);
    if (st < 0)
        return st;
    nj_diags_merge(&import->report->diags, job->diags);
    import->report->bytes += job->bytes;
    import->report->inputs++;
    nj_encoder_free(job->encoder);
    job->encoder = NULL;
    free(job->diags);
    job->diags = NULL;
    return NJ_OK;
}

/* Every input into the ledger before the first is read, so that a killed import is known. */
static enum nj_status
inputs_announce(struct import *import, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    for (size_t i = 0; i < import->plan.len && st == NJ_OK; i++) {
        struct job *job = &import->jobs[i];
        job->planned = &import->plan.inputs[i];
        job->has_contents = import->has_contents;
        struct nj_store_input about = {
            .path = nj_slice_of(job->planned->path),
            .bytes = job->planned->bytes,
            .modified_ns = job->planned->modified_ns,
        };
        st = nj_writer_announce(import->writer, &about, &job->ledger, err);
        if (st == NJ_OK && job->ledger.resume_offset > 0) {
            job->diags = nj_diags_new();
            st = job->diags ? nj_writer_diags(import->writer, &job->ledger, job->diags, err)
                            : nj_fail(err, NJ_ENOMEM, "no memory for diagnostics");
        }
        import->bytes_len += job->planned->bytes;
    }
    return st < 0 ? st : nj_writer_commit(import->writer, err);
}

static enum nj_status
thread_start(struct import *import, void *(*run)(void *), struct nj_error *err)
{
    if (pthread_create(&import->threads[import->threads_len], NULL, run, import) != 0)
        return nj_fail(err, NJ_ENOMEM, "cannot start a thread");
    import->threads_len++;
    return NJ_OK;
}

/* As many readers as cores, and a packer for every two: the writer packs when it has time. */
static enum nj_status
threads_start(struct import *import, struct nj_error *err)
{
    long cores =
        import->options->jobs ? (long)import->options->jobs : sysconf(_SC_NPROCESSORS_ONLN);
    size_t readers = cores < 1 ? 1 : cores > THREADS_MAX / 2 ? THREADS_MAX / 2 : (size_t)cores;
    size_t packers = readers / 2;
    enum nj_status st = NJ_OK;

    if (readers > import->plan.len)
        readers = import->plan.len;
    for (size_t i = 0; i < readers && st == NJ_OK; i++)
        st = thread_start(import, reader_main, err);
    for (size_t i = 0; i < packers && st == NJ_OK; i++)
        st = thread_start(import, packer_main, err);
    return st;
}

static enum nj_status
inputs_write(struct import *import, struct nj_error *err)
{
    struct nj_packer *packer = nj_packer_new();
    enum nj_status st =
        packer ? threads_start(import, err) : nj_fail(err, NJ_ENOMEM, "no memory to compress");

    for (size_t i = 0; i < import->plan.len && st == NJ_OK; i++)
        st = job_write(import, i, packer, err);
    nj_lanes_stop(import->lanes);
    for (size_t i = 0; i < import->threads_len; i++)
        (void)pthread_join(import->threads[i], NULL);
    nj_packer_free(packer);
    return st;
}

/* The plan stands; everything from here on is in the store's transaction. */
static enum nj_status
plan_run(struct import *import, struct nj_store *store, struct nj_error *err)
{
    enum nj_status st = nj_writer_open(&import->writer, store, err);

    if (st < 0)
        return st;
    import->jobs = calloc(import->plan.len + 1, sizeof *import->jobs);
    import->lanes = nj_lanes_new(import->plan.len);
    if (!import->jobs || !import->lanes)
        st = nj_fail(err, NJ_ENOMEM, "no memory for the import");
    if (st == NJ_OK)
        st = inputs_announce(import, err);
    if (st == NJ_OK)
        st = inputs_write(import, err);
    import->report->spans = nj_writer_spans(import->writer);
    import->report->repeated = nj_writer_repeated(import->writer);
    if (st == NJ_OK)
        return nj_writer_close(import->writer, err);
    nj_writer_abandon(import->writer);
    return st;
}

static void
jobs_free(struct import *import)
{
    for (size_t i = 0; i < import->plan.len && import->jobs; i++) {
        nj_encoder_free(import->jobs[i].encoder);
        free(import->jobs[i].diags);
        free(import->jobs[i].err);
    }
    free(import->jobs);
    nj_lanes_free(import->lanes);
}

enum nj_status
nj_import(struct nj_store *store, const char *const *inputs, size_t inputs_len,
          const struct nj_import_options *options, struct nj_import_report *report,
          struct nj_error *err)
{
    struct import import = {
        .options = options, .report = report, .has_contents = nj_store_has_contents(store)};

    *report = (struct nj_import_report){0};
    enum nj_status st = nj_plan_make(&import.plan, inputs, inputs_len, &report->diags, err);
    if (st == NJ_OK)
        st = nj_plan_drop_known(&import.plan, store, err);
    report->known = import.plan.known_len;
    if (st == NJ_OK && import.plan.len > 0)
        st = plan_run(&import, store, err);
    jobs_free(&import);
    nj_plan_fini(&import.plan);
    return st;
}
