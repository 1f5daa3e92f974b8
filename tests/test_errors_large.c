/* test_errors_large.c - traces of very many errors in shapes that tempt to quadratic work; with
 * such work these would not end. NJ_SPANS sets another size than 30 000. */
#include "analyzers/errors_print.h"
#include "schema/facts.h"
#include "tests/build.h"
#include "tests/test.h"

#include <stdio.h>

/* A trace that is being put together from rows. */
struct large {
    struct test_corpus *corpus;
    struct nj_row *rows;
    uint32_t len, cap;
    uint32_t tool, agent_name;
    struct nj_arena *facts, *arena;
    struct nj_errors errors;
};

static uint32_t
size_wanted(void)
{
    const char *text = getenv("NJ_SPANS");
    return text ? (uint32_t)strtoul(text, NULL, 10) : 30000;
}

static int
setup(void **state)
{
    struct large *l = calloc(1, sizeof *l);

    *state = l;
    if (!l)
        return -1;
    l->cap = size_wanted() + 8;
    l->rows = calloc(l->cap, sizeof *l->rows);
    l->corpus = test_corpus_new();
    l->facts = nj_arena_new(1 << 20);
    l->arena = nj_arena_new(1 << 20);
    if (!l->rows || !l->facts || !l->arena)
        return -1;
    l->tool = test_name(l->corpus, "search");
    l->agent_name = test_name(l->corpus, "agent");
    return 0;
}

static int
teardown(void **state)
{
    struct large *l = *state;

    test_corpus_free(l->corpus);
    nj_arena_free(l->facts);
    nj_arena_free(l->arena);
    free(l->rows);
    free(l);
    return 0;
}

/* Appends a span whose parent is row `parent` (its own index: a root), of milliseconds; with a
 * message it is an error. */
static void
span_add(struct large *l, uint32_t parent, int64_t start, int64_t end, enum nj_kind kind,
         const char *message)
{
    struct nj_buf facts = {0};
    struct nj_row *row = &l->rows[l->len];

    assert_true(l->len < l->cap);
    *row = (struct nj_row){.span_id = l->len + 1,
                           .parent_id = parent + 1,
                           .digest = l->len,
                           .start_ns = start * 1000000,
                           .end_ns = end * 1000000,
                           .tokens = {-1, -1, -1, -1, -1},
                           .name = l->tool,
                           .operation = l->tool,
                           .flags = parent == l->len ? 0 : NJ_ROW_HAS_PARENT,
                           .kind = (uint8_t)kind};
    if (kind == NJ_KIND_AGENT) {
        row->agent = l->agent_name;
        row->how = NJ_HOW_GEN_AI_AGENT_NAME;
    }
    if (message) {
        row->status = NJ_STATUS_ERROR;
        nj_fact_put_int(&facts, NJ_FACT_EXCEPTION_TIME, row->end_ns);
        nj_fact_put_text(&facts, NJ_FACT_EXCEPTION_TYPE, NJ_SLICE("TimeoutError"));
        nj_fact_put_text(&facts, NJ_FACT_EXCEPTION_MESSAGE, nj_slice_of(message));
        row->facts = nj_arena_copy(l->facts, nj_buf_slice(&facts));
        assert_non_null(row->facts.ptr);
        nj_buf_fini(&facts);
    }
    l->len++;
}

static const struct nj_errors *
found(struct large *l)
{
    struct nj_error err = {0};
    struct nj_buf buf = {0};
    struct nj_jsonw out = nj_jsonw_of(&buf);
    const struct nj_trace *trace;

    (void)test_scope(l->corpus, "", "", 1);
    trace = test_tree(l->corpus, test_add_rows(l->corpus, "large", l->rows, l->len), NULL);
    assert_int_equal(nj_errors_find(&l->errors, trace, NJ_SIDEWAYS_CHAIN, l->arena, &err),
                     NJ_OK);
    assert_int_equal(nj_errors_print(&l->errors, false, &out, &err), NJ_OK);
    nj_buf_fini(&buf);
    return &l->errors;
}

static void
finds_all_origins_of_a_star(void **state)
{
    struct large *l = *state;
    uint32_t n = size_wanted();
    char message[64];
    const struct nj_errors *e;

    span_add(l, 0, 0, 3 * (int64_t)n + 9, NJ_KIND_AGENT, NULL);
    for (uint32_t i = 1; i < n; i++) {
        (void)snprintf(message, sizeof message, "no answer from shard %u of the index", i);
        span_add(l, 0, 3 * (int64_t)i, 3 * (int64_t)i + 2,
                 i % 2 ? NJ_KIND_TOOL : NJ_KIND_RETRIEVER, message);
    }
    e = found(l);
    assert_int_equal(e->origins_len, n - 1);
    assert_false(e->has_failed);
}

static void
follows_one_error_up_a_very_deep_chain(void **state)
{
    struct large *l = *state;
    uint32_t n = size_wanted();
    const struct nj_errors *e;

    for (uint32_t i = 0; i < n; i++)
        span_add(l, i ? i - 1 : 0, i, 2 * (int64_t)n - i, i % 2 ? NJ_KIND_AGENT : NJ_KIND_TOOL,
                 "no answer from shard 7 of the index");
    e = found(l);
    assert_int_equal(e->origins_len, 1);
    assert_int_equal(e->edges_len, n - 1);
    assert_int_equal(e->origins[0].state, NJ_STATE_SURFACED);
}

static void
takes_a_very_long_run_of_attempts_as_one(void **state)
{
    struct large *l = *state;
    uint32_t n = size_wanted();
    const struct nj_errors *e;

    span_add(l, 0, 0, 3 * (int64_t)n + 3, NJ_KIND_AGENT, "no answer from shard 7 of the index");
    for (uint32_t i = 1; i < n; i++)
        span_add(l, 0, 3 * (int64_t)i, 3 * (int64_t)i + 2, NJ_KIND_TOOL,
                 "no answer from shard 7 of the index");
    e = found(l);
    assert_int_equal(e->origins_len, 1);
    assert_int_equal(e->origins[0].equivalents_len, n - 2);
    assert_int_equal(e->failed_attempts, n - 2);
}

/* At every level of a deep chain of spans that record nothing, an error more waits. */
static void
lets_few_errors_wait_in_a_deep_chain_without_status(void **state)
{
    struct large *l = *state;
    uint32_t n = size_wanted() / 2;
    const struct nj_errors *e;

    for (uint32_t i = 0; i < n; i++)
        span_add(l, i ? i - 1 : 0, i, 3 * (int64_t)n - i, NJ_KIND_OTHER,
                 i ? NULL : "the end of shard 7");
    for (uint32_t i = 0; i < n; i++)
        span_add(l, i, 2 * (int64_t)n - i, 2 * (int64_t)n - i, NJ_KIND_TOOL,
                 "no answer from shard 7 of the index");
    e = found(l);
    assert_true(e->has_failed);
    assert_true(e->origins_len > n / 2);
}

/* A deep chain that fails, beside each level of it a branch that fails too. */
static void
counts_parallel_failures_all_the_way_up(void **state)
{
    struct large *l = *state;
    uint32_t n = size_wanted() / 2;
    const struct nj_errors *e;

    for (uint32_t i = 0; i < n; i++)
        span_add(l, i ? i - 1 : 0, i, 3 * (int64_t)n - i, NJ_KIND_AGENT,
                 "no answer from shard 7 of the index");
    for (uint32_t i = 0; i + 1 < n; i++)
        span_add(l, i, i + 1, 3 * (int64_t)n - i - 1, NJ_KIND_TOOL, "quota of 900 is used up");
    e = found(l);
    assert_int_equal(e->origins_len, n);
    assert_int_equal(e->edges_len, 2 * (n - 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_all_origins_of_a_star, setup, teardown),
        cmocka_unit_test_setup_teardown(follows_one_error_up_a_very_deep_chain, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(takes_a_very_long_run_of_attempts_as_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lets_few_errors_wait_in_a_deep_chain_without_status,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(counts_parallel_failures_all_the_way_up, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("errors_large", tests, NULL, NULL);
}
