/* plan.c - which files an import reads, in which order, and with which importer. */
#include "importers/plan.h"

#include "base/grow.h"
#include "base/hash.h"
#include "importers/sqlite_input.h"
#include "importers/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HASH_BLOCK = 1 << 20, DIGEST_HEX = 32 };

enum nj_status
nj_plan_open(struct nj_stream **out, const char *path, struct nj_error *err)
{
    enum nj_status st = nj_stream_open(out, path, err);

    if (st < 0)
        return st;
    st = nj_stream_want(*out, NJ_SNIFF_BYTES, err);
    /* A damaged stream may show enough to be read and counted. */
    if (st == NJ_EFORMAT && nj_stream_window(*out).len > 0) {
        if (err)
            nj_error_clear(err);
        return NJ_OK;
    }
    if (st < 0)
        nj_stream_close(*out);
    return st;
}

/* What would have been read, for the message about a file that is not. */
static enum nj_status
not_a_trace(const char *path, struct nj_slice head, struct nj_error *err)
{
    char names[NJ_ERROR_TEXT_MAX / 2];
    size_t len = 0;

    names[0] = '\0';
    for (size_t i = 0; i < nj_importers_len && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "",
                                nj_importers[i]->name);
    if (head.len == 0)
        return nj_fail(err, NJ_EFORMAT, "%s: byte 0: the file is empty, expected a trace (%s)",
                       path, names);
    return nj_fail(err, NJ_EFORMAT, "%s: byte 0: not a trace in a known format (%s)", path,
                   names);
}

static struct nj_planned *
input_add(struct nj_plan *plan)
{
    struct nj_planned *inputs = nj_grow(plan->inputs, plan->len, &plan->cap, sizeof *inputs);

    if (!inputs)
        return NULL;
    plan->inputs = inputs;
    plan->inputs[plan->len] = (struct nj_planned){0};
    return &plan->inputs[plan->len++];
}

/* Adds one file. NJ_DONE: it is no trace; *err says why. */
static enum nj_status
file_plan(struct nj_plan *plan, const char *path, struct nj_error *err)
{
    struct stat info = {0};
    struct nj_stream *stream;
    bool is_stdin = strcmp(path, "-") == 0;

    if (!is_stdin && stat(path, &info) != 0)
        return nj_fail(err, NJ_EIO, "%s: %s", path, strerror(errno));
    enum nj_status st = nj_plan_open(&stream, path, err);
    if (st < 0)
        return st;
    struct nj_slice head = nj_stream_window(stream);
    bool is_whole = head.len < NJ_SNIFF_BYTES;
    const struct nj_importer *importer = nj_importer_sniff(head, is_whole);
    if (!importer && !is_stdin && nj_sqlite_sniff(head) && !nj_stream_is_compressed(stream))
        st = nj_sqlite_importer_find(&importer, path, err);
    if (st < 0) {
        nj_stream_close(stream);
        return st;
    }
    if (!importer) {
        (void)not_a_trace(path, head, err);
        nj_stream_close(stream);
        return NJ_DONE;
    }
    struct nj_planned *input = input_add(plan);
    if (!input) {
        nj_stream_close(stream);
        return nj_fail(err, NJ_ENOMEM, "no memory to plan the import");
    }
    input->path = path;
    input->importer = importer;
    if (!is_stdin && S_ISREG(info.st_mode)) {
        input->bytes = (uint64_t)info.st_size;
        input->modified_ns =
            (int64_t)info.st_mtim.tv_sec * 1000000000 + (int64_t)info.st_mtim.tv_nsec;
        nj_stream_close(stream);
    } else {
        input->stream = stream;
    }
    return NJ_OK;
}

static enum nj_status
folder_plan(struct nj_plan *plan, const char *path, struct nj_diags *diags,
            struct nj_error *err)
{
    struct nj_paths files;
    enum nj_status st = nj_walk(&files, path, plan->arena, err);

    for (size_t i = 0; i < files.len && st == NJ_OK; i++) {
        struct nj_error skipped = {0};
        st = file_plan(plan, files.list[i], &skipped);
        if (st == NJ_DONE || st == NJ_EIO) {
            nj_diag_at(diags, NJ_DIAG_FILE_SKIPPED, "%s", files.list[i]);
            st = NJ_OK;
        } else if (st < 0) {
            *err = skipped;
        }
    }
    free(files.list);
    return st;
}

enum nj_status
nj_plan_make(struct nj_plan *plan, const char *const *paths, size_t len, struct nj_diags *diags,
             struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    *plan = (struct nj_plan){.arena = nj_arena_new(64 << 10)};
    if (!plan->arena)
        return nj_fail(err, NJ_ENOMEM, "no memory to plan the import");
    for (size_t i = 0; i < len && st == NJ_OK; i++) {
        struct stat info;
        if (strcmp(paths[i], "-") != 0 && stat(paths[i], &info) == 0 && S_ISDIR(info.st_mode))
            st = folder_plan(plan, paths[i], diags, err);
        else
            st = file_plan(plan, paths[i], err);
    }
    return st == NJ_DONE ? NJ_EFORMAT : st;
}

void
nj_plan_fini(struct nj_plan *plan)
{
    for (size_t i = 0; i < plan->len; i++)
        nj_stream_close(plan->inputs[i].stream);
    free(plan->inputs);
    nj_arena_free(plan->arena);
    *plan = (struct nj_plan){0};
}

/* XXH3-128 of a file's bytes in hexadecimal, as the ledger has it. */
static enum nj_status
file_digest(char out[DIGEST_HEX + 1], const char *path, struct nj_error *err)
{
    XXH3_state_t *hash = XXH3_createState();
    char *block = malloc(HASH_BLOCK);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum nj_status st = NJ_OK;
    ssize_t len = 1;

    if (fd < 0)
        st = nj_fail(err, NJ_EIO, "%s: %s", path, strerror(errno));
    else if (!hash || !block || XXH3_128bits_reset(hash) != XXH_OK)
        st = nj_fail(err, NJ_ENOMEM, "no memory to read %s", path);
    while (st == NJ_OK && len != 0) {
        len = read(fd, block, HASH_BLOCK);
        if (len < 0 && errno != EINTR)
            st = nj_fail(err, NJ_EIO, "%s: %s", path, strerror(errno));
        else if (len > 0)
            (void)XXH3_128bits_update(hash, block, (size_t)len);
    }
    if (st == NJ_OK) {
        XXH128_hash_t digest = XXH3_128bits_digest(hash);
        (void)snprintf(out, DIGEST_HEX + 1, "%016llx%016llx", (unsigned long long)digest.high64,
                       (unsigned long long)digest.low64);
    }
    if (fd >= 0)
        (void)close(fd);
    free(block);
    (void)XXH3_freeState(hash);
    return st;
}

/* A log beside an SQLite file holds part of its content: its bytes alone say too little. */
static bool
has_log(const char *path, struct nj_arena *arena)
{
    struct stat info;
    size_t len = strlen(path);
    char *log = nj_arena_alloc(arena, len + sizeof "-wal", 1);

    if (!log)
        return true;
    memcpy(log, path, len);
    memcpy(log + len, "-wal", sizeof "-wal");
    return stat(log, &info) == 0 && info.st_size > 0;
}

/* Bytes that are in the store, or will be: a finished input of the ledger or a planned file. */
struct content {
    uint64_t bytes;
    size_t order;                /* ledger first, then the plan */
    struct nj_planned *planned;  /* NULL: of the ledger */
    char digest[DIGEST_HEX + 1]; /* empty: not needed, nothing else has this size */
};

static int
by_size(const void *left, const void *right)
{
    const struct content *a = left, *b = right;

    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static int
by_digest(const void *left, const void *right)
{
    const struct content *a = left, *b = right;
    int c = strcmp(a->digest, b->digest);

    return c ? c : by_size(left, right);
}

/* Hashes the files that share their size with something else. */
static enum nj_status
digests_fill(struct content *contents, size_t len, struct nj_error *err)
{
    enum nj_status st = NJ_OK;

    qsort(contents, len, sizeof *contents, by_size);
    for (size_t i = 0; i < len && st == NJ_OK; i++) {
        bool is_shared = (i > 0 && contents[i - 1].bytes == contents[i].bytes) ||
                         (i + 1 < len && contents[i + 1].bytes == contents[i].bytes);
        if (is_shared && contents[i].planned)
            st = file_digest(contents[i].digest, contents[i].planned->path, err);
        else if (!is_shared)
            contents[i].digest[0] = '\0';
    }
    return st;
}

/* All that a planned file could repeat. */
static enum nj_status
contents_gather(struct content **out, size_t *len, struct nj_plan *plan,
                const struct nj_store *store, struct nj_error *err)
{
    struct nj_store_input *inputs;
    size_t inputs_len, n = 0;
    enum nj_status st = nj_store_inputs(store, plan->arena, &inputs, &inputs_len, err);

    if (st < 0)
        return st;
    struct content *contents = calloc(inputs_len + plan->len + 1, sizeof *contents);
    if (!contents)
        return nj_fail(err, NJ_ENOMEM, "no memory to plan the import");
    for (size_t i = 0; i < inputs_len; i++) {
        if (!inputs[i].is_finished || inputs[i].digest.len != DIGEST_HEX)
            continue;
        contents[n] = (struct content){.bytes = inputs[i].bytes, .order = n};
        memcpy(contents[n++].digest, inputs[i].digest.ptr, DIGEST_HEX);
    }
    for (size_t i = 0; i < plan->len; i++) {
        struct nj_planned *input = &plan->inputs[i];
        if (!input->stream && !has_log(input->path, plan->arena)) {
            contents[n] = (struct content){.bytes = input->bytes, .order = n, .planned = input};
            n++;
        }
    }
    *out = contents;
    *len = n;
    return NJ_OK;
}

enum nj_status
nj_plan_drop_known(struct nj_plan *plan, const struct nj_store *store, struct nj_error *err)
{
    struct content *contents = NULL;
    size_t len = 0, kept = 0;
    enum nj_status st = contents_gather(&contents, &len, plan, store, err);

    if (st < 0)
        return st;
    st = digests_fill(contents, len, err);
    qsort(contents, len, sizeof *contents, by_digest);
    for (size_t i = 1; i < len && st == NJ_OK; i++) {
        struct nj_planned *input = contents[i].planned;
        bool is_begun = false;
        if (!input || !contents[i].digest[0] ||
            strcmp(contents[i].digest, contents[i - 1].digest))
            continue;
        st = nj_store_is_begun(store, nj_slice_of(input->path), &is_begun, err);
        bool has_more = input->importer->sqlite_tables && nj_sqlite_has_log(input->path);
        if (!is_begun && !has_more)
            input->importer = NULL;
    }
    free(contents);
    for (size_t i = 0; i < plan->len; i++)
        if (plan->inputs[i].importer)
            plan->inputs[kept++] = plan->inputs[i];
    plan->known_len = plan->len - kept;
    plan->len = kept;
    return st;
}
