/* build.c - traces for tests: the corpus in memory. The notation is in notation.c. */
#include "tests/build.h"

#include "tests/notation.h"
#include "tests/test.h"

#include <stdio.h>

struct test_corpus {
    struct nj_corpus view;
    struct nj_names *names;
    struct nj_arena *arena;
    struct nj_scope_info *scopes;
    uint32_t scopes_len, scopes_cap;
    struct nj_raw_trace *traces;
    size_t traces_len, traces_cap;
    const struct test_attrs **payloads; /* by nj_row.payload */
    size_t payloads_len, payloads_cap;
    struct nj_diags **diags;
    size_t diags_len, diags_cap;
};

/* Room for one more element; `list` is the address of a pointer. */
static void
grow(void *list, size_t len, size_t *cap, size_t size)
{
    void **at = list, *moved;

    if (len < *cap)
        return;
    *cap = *cap ? *cap * 2 : 16;
    moved = realloc(*at, *cap * size);
    assert_non_null(moved);
    *at = moved;
}

struct reader {
    struct nj_source source;
    const struct test_corpus *corpus;
    uint64_t at, last;
};

static enum nj_status
reader_next(struct nj_source *source, struct nj_raw_trace *out, struct nj_error *err)
{
    struct reader *reader = (struct reader *)source;

    (void)err;
    if (reader->at == reader->last)
        return NJ_DONE;
    *out = test_raw(reader->corpus, reader->at++);
    return NJ_OK;
}

static void
reader_close(struct nj_source *source)
{
    free(source);
}

static enum nj_status
corpus_open(const struct nj_corpus *view, uint64_t first, uint64_t last, struct nj_source **out,
            struct nj_error *err)
{
    struct reader *reader = calloc(1, sizeof *reader);

    (void)err;
    assert_non_null(reader);
    *reader = (struct reader){
        {reader_next, reader_close}, (const struct test_corpus *)view, first, last};
    *out = &reader->source;
    return NJ_OK;
}

static enum nj_status
corpus_infos(const struct nj_corpus *view, struct nj_arena *arena, struct nj_trace_info **out,
             struct nj_error *err)
{
    const struct test_corpus *corpus = (const struct test_corpus *)view;

    (void)err;
    *out = NJ_NEW(arena, struct nj_trace_info, corpus->traces_len);
    assert_non_null(*out);
    for (size_t i = 0; i < corpus->traces_len; i++) {
        const struct nj_raw_trace *raw = &corpus->traces[i];
        (*out)[i] = (struct nj_trace_info){raw->id, raw->text, INT64_MAX, raw->rows_len};
        for (uint32_t k = 0; k < raw->rows_len; k++)
            if (raw->rows[k].start_ns < (*out)[i].start_ns)
                (*out)[i].start_ns = raw->rows[k].start_ns;
    }
    return NJ_OK;
}

static enum nj_status
corpus_payload(struct nj_source *source, const struct nj_row *row, struct nj_arena *arena,
               struct nj_span *out, struct nj_error *err)
{
    const struct test_corpus *corpus = ((struct reader *)source)->corpus;
    const struct test_attrs *attrs = corpus->payloads[row->payload];

    (void)arena;
    (void)err;
    *out = (struct nj_span){.span_id = row->span_id,
                            .parent_id = row->parent_id,
                            .start_ns = row->start_ns,
                            .has_parent = (row->flags & NJ_ROW_HAS_PARENT) != 0,
                            .end_ns = row->end_ns,
                            .name = nj_names_get(corpus->names, row->name),
                            .scope = row->scope,
                            .status = row->status,
                            .otel_kind = row->otel_kind};
    if (attrs)
        out->attrs = (struct nj_attrs){attrs->list, attrs->len, 0};
    return NJ_OK;
}

struct test_corpus *
test_corpus_new(void)
{
    struct test_corpus *corpus = calloc(1, sizeof *corpus);

    assert_non_null(corpus);
    corpus->names = nj_names_new();
    corpus->arena = nj_arena_new(256 << 10);
    assert_true(corpus->names && corpus->arena);
    grow(&corpus->payloads, 0, &corpus->payloads_cap, sizeof(void *));
    corpus->payloads[corpus->payloads_len++] = NULL;
    return corpus;
}

void
test_corpus_free(struct test_corpus *corpus)
{
    for (size_t i = 0; i < corpus->diags_len; i++)
        free(corpus->diags[i]);
    free(corpus->diags);
    free(corpus->payloads);
    free(corpus->traces);
    free(corpus->scopes);
    nj_arena_free(corpus->arena);
    nj_names_free(corpus->names);
    free(corpus);
}

uint32_t
test_name(struct test_corpus *corpus, const char *text)
{
    uint32_t id = nj_names_intern(corpus->names, nj_slice_of(text));
    assert_int_not_equal(id, UINT32_MAX);
    return id;
}

static uint32_t
scope_add(struct test_corpus *corpus, struct nj_scope_info scope)
{
    for (uint32_t i = 0; i < corpus->scopes_len; i++)
        if (memcmp(&corpus->scopes[i], &scope, sizeof scope) == 0)
            return i;
    size_t cap = corpus->scopes_cap;
    grow(&corpus->scopes, corpus->scopes_len, &cap, sizeof scope);
    corpus->scopes_cap = (uint32_t)cap;
    corpus->scopes[corpus->scopes_len] = scope;
    return corpus->scopes_len++;
}

uint32_t
test_scope(struct test_corpus *corpus, const char *service, const char *host,
           uint32_t granularity_ns)
{
    return scope_add(corpus,
                     (struct nj_scope_info){test_name(corpus, service), test_name(corpus, host),
                                            granularity_ns, NJ_NO_NAME});
}

uint64_t
test_add_rows(struct test_corpus *corpus, const char *id, const struct nj_row *rows,
              uint32_t len)
{
    struct nj_row *copy = NJ_NEW_RAW(corpus->arena, struct nj_row, len);

    assert_non_null(copy);
    if (len)
        memcpy(copy, rows, len * sizeof *rows);
    grow(&corpus->traces, corpus->traces_len, &corpus->traces_cap, sizeof *corpus->traces);
    corpus->traces[corpus->traces_len] =
        (struct nj_raw_trace){.number = corpus->traces_len,
                              .id = nj_trace_id_of_text(nj_slice_of(id)),
                              .rows = copy,
                              .rows_len = len};
    return corpus->traces_len++;
}

uint64_t
test_add(struct test_corpus *corpus, const char *id, const char *spans)
{
    struct nj_row *rows = NULL;
    size_t len = 0, cap = 0;
    struct test_span_note note;
    char number[24];

    (void)snprintf(number, sizeof number, "%zu", corpus->traces_len);
    id = id ? id : number;
    const struct nj_trace_id self = nj_trace_id_of_text(nj_slice_of(id));
    for (const char *at = spans; test_note_read(&at, &note, &self, corpus->arena);) {
        grow(&rows, len, &cap, sizeof *rows);
        struct nj_row *row = &rows[len++];
        *row = note.row;
        row->name = test_name(corpus, note.name);
        row->operation = test_name(corpus, note.operation);
        row->agent = test_name(corpus, note.agent);
        row->model = test_name(corpus, note.model);
        row->provider = test_name(corpus, note.provider);
        row->tool = test_name(corpus, note.tool);
        row->scope = scope_add(corpus, (struct nj_scope_info){test_name(corpus, note.service),
                                                              test_name(corpus, note.host),
                                                              note.granularity_ns,
                                                              test_name(corpus, note.library)});
        grow(&corpus->payloads, corpus->payloads_len, &corpus->payloads_cap, sizeof(void *));
        row->payload = corpus->payloads_len;
        corpus->payloads[corpus->payloads_len++] = note.attrs;
    }
    uint64_t added = test_add_rows(corpus, id, rows, (uint32_t)len);
    free(rows);
    return added;
}

static uint32_t
name_carry(struct test_corpus *to, const struct test_corpus *from, uint32_t name)
{
    return test_name(to, nj_names_get(from->names, name).ptr);
}

uint64_t
test_add_shuffled(struct test_corpus *corpus, const struct test_corpus *from, uint64_t number,
                  uint64_t *seed)
{
    const struct nj_raw_trace *raw = &from->traces[number];
    struct nj_row *rows = NJ_NEW_RAW(corpus->arena, struct nj_row, raw->rows_len);
    char junk[24];

    assert_non_null(rows);
    (void)snprintf(junk, sizeof junk, "%llx", (unsigned long long)test_random(seed));
    (void)test_name(corpus, junk);
    for (uint32_t i = 0; i < raw->rows_len; i++) {
        uint32_t at = (uint32_t)(test_random(seed) % (i + 1));
        rows[i] = rows[at];
        rows[at] = raw->rows[i];
    }
    for (uint32_t i = 0; i < raw->rows_len; i++) {
        uint32_t *const names[] = {&rows[i].tool,     &rows[i].agent,     &rows[i].model,
                                   &rows[i].provider, &rows[i].operation, &rows[i].name};
        for (size_t k = 0; k < NJ_LEN(names); k++)
            *names[k] = name_carry(corpus, from, *names[k]);
        struct nj_scope_info scope = from->scopes[rows[i].scope];
        scope.host = name_carry(corpus, from, scope.host);
        scope.service = name_carry(corpus, from, scope.service);
        scope.scope_name = name_carry(corpus, from, scope.scope_name);
        rows[i].scope = scope_add(corpus, scope);
        rows[i].payload = 0;
    }
    uint64_t added = test_add_rows(corpus, junk, rows, raw->rows_len);
    corpus->traces[added].id = raw->id;
    return added;
}

const struct nj_corpus *
test_view(struct test_corpus *corpus)
{
    uint64_t spans = 0;

    for (size_t i = 0; i < corpus->traces_len; i++)
        spans += corpus->traces[i].rows_len;
    corpus->view = (struct nj_corpus){.names = corpus->names,
                                      .scopes = corpus->scopes,
                                      .scopes_len = corpus->scopes_len,
                                      .traces_len = corpus->traces_len,
                                      .spans_len = spans,
                                      .open = corpus_open,
                                      .infos = corpus_infos,
                                      .payload = corpus_payload};
    return &corpus->view;
}

struct nj_raw_trace
test_raw(const struct test_corpus *corpus, uint64_t number)
{
    assert_true(number < corpus->traces_len);
    return corpus->traces[number];
}

const struct nj_trace *
test_tree(struct test_corpus *corpus, uint64_t number, const struct nj_tree_options *options)
{
    static const struct nj_tree_options defaults;
    struct nj_trace *trace = NJ_NEW(corpus->arena, struct nj_trace, 1);
    struct nj_raw_trace raw = test_raw(corpus, number);
    struct nj_diags *diags = nj_diags_new();

    assert_true(trace && diags);
    grow(&corpus->diags, corpus->diags_len, &corpus->diags_cap, sizeof(void *));
    corpus->diags[corpus->diags_len++] = diags;
    assert_int_equal(nj_tree_build(trace, &raw, test_view(corpus),
                                   options ? options : &defaults, corpus->arena, diags, NULL),
                     NJ_OK);
    trace->weight = (struct nj_weight){.value = 1, .status = NJ_WEIGHT_UNKNOWN};
    return trace;
}

const struct nj_trace *
test_trace(struct test_corpus *corpus, const char *spans)
{
    return test_tree(corpus, test_add(corpus, NULL, spans), NULL);
}

uint32_t
test_span(const struct nj_trace *trace, const char *name)
{
    for (uint32_t i = 0; i < trace->spans_len; i++)
        if (nj_slice_eq(nj_names_get(trace->corpus->names, trace->name[i]), nj_slice_of(name)))
            return i;
    fail_msg("no span '%s'", name);
    return NJ_NO_SPAN;
}
