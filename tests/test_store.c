/* test_store.c - what is put into a store comes out of it. */
#include "tests/filling.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPANS = 3000 };

static char path[64];

static int
path_make(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "test_store_%d.db", (int)getpid());
    (void)unlink(path);
    return 0;
}

static int
path_remove(void **state)
{
    (void)state;
    (void)unlink(path);
    return 0;
}

static struct nj_store *
store_of(enum nj_store_mode mode)
{
    struct nj_store *store;
    struct nj_error err = {0};

    if (nj_store_open(&store, path, mode, &err) != NJ_OK)
        fail_msg("%s", err.causes[0]);
    return store;
}

/* Reads all traces of [first, last); every span must be the one it was. */
static uint64_t
spans_expect(const struct nj_corpus *corpus, uint64_t first, uint64_t last,
             const struct nj_span *want)
{
    struct nj_arena *arena = nj_arena_new(64 << 10);
    struct nj_source *source;
    struct nj_raw_trace trace;
    struct nj_error err = {0};
    enum nj_status st;
    uint64_t spans = 0;

    assert_int_equal(corpus->open(corpus, first, last, &source, &err), NJ_OK);
    while ((st = source->next(source, &trace, &err)) == NJ_OK) {
        assert_true(trace.number >= first && trace.number < last);
        for (uint32_t i = 0; i < trace.rows_len; i++) {
            struct nj_span span;
            struct nj_scope scope;
            assert_int_equal(corpus->payload(source, &trace.rows[i], arena, &span, &err),
                             NJ_OK);
            assert_slice_equal(span.attrs.list[0].key, "n");
            uint64_t n = (uint64_t)span.attrs.list[0].value.integer;
            filling_expect_equal(&span, &want[n]);
            assert_int_equal(corpus->scope(source, trace.rows[i].scope, arena, &scope, &err),
                             NJ_OK);
            assert_int_equal(scope.resource.len, filling_scope(arena, n % 4).resource.len);
            nj_arena_reset(arena);
            spans++;
        }
    }
    assert_int_equal(st, NJ_DONE);
    source->close(source);
    nj_arena_free(arena);
    return spans;
}

static void
gives_back_every_span_as_it_was(void **state)
{
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct nj_span *want = NJ_NEW(arena, struct nj_span, SPANS);
    struct filling_seed from = {7, SPANS};
    uint64_t seed = from.seed;

    (void)state;
    for (uint64_t i = 0; i < SPANS; i++)
        want[i] = filling_span(arena, &seed, i, SPANS / 50 + 1);
    struct nj_store *store = store_of(NJ_STORE_WRITE);
    filling_import(store, "a", filling_random, &from);
    const struct nj_corpus *corpus = nj_store_corpus(store);
    assert_int_equal(corpus->spans_len, SPANS);
    assert_int_equal(spans_expect(corpus, 0, corpus->traces_len, want), SPANS);
    nj_store_close(store);

    store = store_of(NJ_STORE_READ);
    corpus = nj_store_corpus(store);
    assert_int_equal(corpus->spans_len, SPANS);
    uint64_t middle = corpus->traces_len / 2;
    assert_int_equal(spans_expect(corpus, 0, middle, want) +
                         spans_expect(corpus, middle, corpus->traces_len, want),
                     SPANS);
    nj_store_close(store);
    nj_arena_free(arena);
}

/* The same spans twice: the store must know the second ones, too. */
static void
feed_twice(struct nj_sink *sink, void *from)
{
    filling_random(sink, from);
    filling_random(sink, from);
}

static void
a_skeleton_has_the_rows_of_a_store_but_no_contents(void **state)
{
    const enum nj_store_mode modes[] = {NJ_STORE_TEMPORARY, NJ_STORE_SKELETON};
    struct filling_seed from = {7, SPANS};
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct nj_store *stores[2];
    struct nj_source *sources[2];
    struct nj_raw_trace traces[2];
    struct nj_span span;
    struct nj_error err = {0};
    uint64_t rows = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(nj_store_open(&stores[i], NULL, modes[i], &err), NJ_OK);
        assert_int_equal(nj_store_has_contents(stores[i]), i == 0);
        filling_import(stores[i], "a", feed_twice, &from);
        const struct nj_corpus *corpus = nj_store_corpus(stores[i]);
        assert_int_equal(corpus->open(corpus, 0, corpus->traces_len, &sources[i], &err), NJ_OK);
    }
    while (sources[0]->next(sources[0], &traces[0], &err) == NJ_OK) {
        assert_int_equal(sources[1]->next(sources[1], &traces[1], &err), NJ_OK);
        assert_int_equal(traces[0].rows_len, traces[1].rows_len);
        for (uint32_t i = 0; i < traces[0].rows_len; i++) {
            const struct nj_row *full = &traces[0].rows[i], *bare = &traces[1].rows[i];
            assert_true(full->span_id == bare->span_id && full->digest == bare->digest &&
                        full->parent_id == bare->parent_id &&
                        full->start_ns == bare->start_ns && full->end_ns == bare->end_ns &&
                        full->operation == bare->operation);
            assert_true(nj_slice_eq(full->facts, bare->facts));
            const struct nj_corpus *corpus = nj_store_corpus(stores[1]);
            assert_int_equal(corpus->payload(sources[1], bare, arena, &span, &err), NJ_EBUG);
            nj_error_clear(&err);
            rows++;
        }
    }
    assert_int_equal(sources[1]->next(sources[1], &traces[1], &err), NJ_DONE);
    assert_int_equal(rows, SPANS);
    for (int i = 0; i < 2; i++) {
        sources[i]->close(sources[i]);
        nj_store_close(stores[i]);
    }
    nj_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_back_every_span_as_it_was, path_make,
                                        path_remove),
        cmocka_unit_test(a_skeleton_has_the_rows_of_a_store_but_no_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
