/* test_errors_invariants.c - what holds of the errors of every trace, on random ones. */
#include "tests/errors_text.h"
#include "tests/random_errors.h"

#include "analyzers/errors_print.h"

enum { ROUNDS = 500, TEXT = 32000 };

static const struct test_errors_style plain = {.prefix = 's'};

/* Everything about one random trace; `free` it. */
struct world {
    struct test_corpus *corpus;
    struct nj_arena *arena;
    const struct nj_trace *trace;
    struct nj_errors errors;
};

static void
world_find(struct world *w, enum nj_sideways sideways)
{
    struct nj_error err = {0};
    w->arena = nj_arena_new(1 << 16);
    assert_non_null(w->arena);
    assert_int_equal(nj_errors_find(&w->errors, w->trace, sideways, w->arena, &err), NJ_OK);
}

static struct world
world_new(uint64_t seed, const struct test_errors_style *style)
{
    static char spans[TEST_ERRORS_TEXT];
    struct world w = {.corpus = test_corpus_new()};

    test_errors_write(spans, sizeof spans, seed, style);
    w.trace = test_trace(w.corpus, spans);
    world_find(&w, seed % 4 ? NJ_SIDEWAYS_CHAIN : NJ_SIDEWAYS_SUSPECT);
    return w;
}

static void
world_free(struct world *w)
{
    nj_arena_free(w->arena);
    test_corpus_free(w->corpus);
}

/* Random traces as they are, for all tests; world k is of seed k + 1. */
static struct world worlds[ROUNDS];

static int
setup(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < ROUNDS; k++)
        worlds[k] = world_new(k + 1, &plain);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < ROUNDS; k++)
        world_free(&worlds[k]);
    return 0;
}

static bool
is_strong(const struct nj_error_edge *edge)
{
    return edge->conf != NJ_CONF_C;
}

static bool
has_strong_cause(const struct nj_errors *e, uint32_t node)
{
    for (uint32_t k = 0; k < e->edges_len; k++)
        if (is_strong(&e->edges[k]) && e->edges[k].to == node)
            return true;
    return false;
}

/* By asking again and again which nodes have an edge to one that is known. */
static void
reach_fill(bool *reaches, const struct nj_errors *e)
{
    bool has_changed = true;

    for (uint32_t n = 0; n < e->nodes_len; n++)
        reaches[n] = e->nodes[n].span == e->tree.root;
    while (has_changed) {
        has_changed = false;
        for (uint32_t k = 0; k < e->edges_len; k++) {
            const struct nj_error_edge *edge = &e->edges[k];
            if (is_strong(edge) && edge->type != NJ_EDGE_CANCEL && reaches[edge->to] &&
                !reaches[edge->from])
                has_changed = reaches[edge->from] = true;
        }
    }
}

static bool
is_ancestor(const struct nj_errors *e, uint32_t above, uint32_t span)
{
    while (span != NJ_NO_SPAN && span != above)
        span = e->tree.parent[span];
    return span == above;
}

static void
draws_no_cycle(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct world *w = &worlds[round];
        const struct nj_errors *e = &w->errors;
        uint32_t left = e->edges_len, last = left + 1;
        bool taken[6 * TEST_ERRORS_SPANS_MAX] = {false};
        assert_true(e->edges_len < 6 * TEST_ERRORS_SPANS_MAX);
        while (left < last) { /* drop edges from nodes that have no edge to them any more */
            last = left;
            for (uint32_t k = 0; k < e->edges_len; k++) {
                bool is_caused = false;
                for (uint32_t o = 0; o < e->edges_len; o++)
                    is_caused |= !taken[o] && is_strong(&e->edges[o]) &&
                                 e->edges[o].to == e->edges[k].from;
                if (!taken[k] && (!is_caused || !is_strong(&e->edges[k]))) {
                    taken[k] = true;
                    left--;
                }
            }
        }
        assert_int_equal(left, 0);
    }
}

static void
calls_nothing_an_origin_that_has_a_cause(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct world *w = &worlds[round];
        for (uint32_t k = 0; k < w->errors.origins_len; k++)
            assert_false(has_strong_cause(&w->errors, w->errors.origins[k].node));
    }
}

static bool
is_in(const uint32_t *list, uint32_t len, uint32_t value)
{
    for (uint32_t k = 0; k < len; k++)
        if (list[k] == value)
            return true;
    return false;
}

static bool
is_accounted_for(const struct nj_errors *e, uint32_t span)
{
    uint32_t node = e->node_of ? e->node_of[span] : NJ_NO_NODE;

    if (is_in(e->control_flow, e->control_flow_len, span))
        return true;
    if (node == NJ_NO_NODE)
        return false;
    if (has_strong_cause(e, node) || (e->nodes[node].flags & NJ_ERROR_IS_CANCELLED))
        return true;
    for (uint32_t k = 0; k < e->origins_len; k++)
        if (e->origins[k].node == node || is_in(e->equivalents + e->origins[k].equivalents_at,
                                                e->origins[k].equivalents_len, node))
            return true;
    return false;
}

static void
accounts_for_every_span_of_error_status(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct world *w = &worlds[round];
        for (uint32_t i = 0; i < w->trace->spans_len; i++)
            if (w->trace->status[i] == NJ_STATUS_ERROR)
                assert_true(is_accounted_for(&w->errors, i));
    }
}

static void
calls_surfaced_what_has_a_way_to_the_root(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct world *w = &worlds[round];
        const struct nj_errors *e = &w->errors;
        bool reaches[2 * TEST_ERRORS_SPANS_MAX];
        uint32_t surfaced = 0;
        reach_fill(reaches, e);
        for (uint32_t k = 0; k < e->origins_len; k++) {
            assert_int_equal(e->origins[k].state == NJ_STATE_SURFACED,
                             reaches[e->origins[k].node]);
            surfaced += e->origins[k].state == NJ_STATE_SURFACED;
        }
        if (e->has_failed)
            assert_true(surfaced > 0);
        else
            assert_int_equal(surfaced, 0);
    }
}

static void
absorbs_errors_at_ancestors_of_their_chains(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct world *w = &worlds[round];
        const struct nj_errors *e = &w->errors;
        for (uint32_t k = 0; k < e->origins_len; k++) {
            const struct nj_error_node *last = &e->nodes[e->nodes[e->origins[k].node].terminal];
            if (e->origins[k].state != NJ_STATE_SURFACED && last->absorbed_at != NJ_NO_SPAN)
                assert_true(last->absorbed_at != last->span &&
                            is_ancestor(e, last->absorbed_at, last->span));
        }
    }
}

static void
draws_up_edges_from_children_to_parents(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct world *w = &worlds[round];
        const struct nj_errors *e = &w->errors;
        for (uint32_t k = 0; k < e->edges_len; k++)
            if (e->edges[k].type == NJ_EDGE_UP)
                assert_int_equal(e->tree.parent[e->nodes[e->edges[k].from].span],
                                 e->nodes[e->edges[k].to].span);
    }
}

static char *
printed(const struct world *w)
{
    struct nj_buf buf = {0};
    struct nj_jsonw out = nj_jsonw_of(&buf);
    struct nj_error err = {0};

    assert_int_equal(nj_errors_print(&w->errors, false, &out, &err), NJ_OK);
    nj_buf_put_char(&buf, '\0');
    assert_false(buf.is_failed);
    return buf.ptr;
}

static void
prints_the_same_whatever_the_order_of_input(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS / 2; round++) {
        const struct world *w = &worlds[round];
        struct world shuffled = {.corpus = test_corpus_new()};
        uint64_t random = round;
        char *a, *b;
        shuffled.trace = test_tree(
            shuffled.corpus, test_add_shuffled(shuffled.corpus, w->corpus, 0, &random), NULL);
        world_find(&shuffled, w->errors.sideways);
        a = printed(w);
        b = printed(&shuffled);
        assert_string_equal(a, b);
        free(a);
        free(b);
        world_free(&shuffled);
    }
}

/* The same trace written in another way has the same errors. */
static void
assert_same_as_plain(const struct test_errors_style *style)
{
    static char a[TEXT], b[TEXT];

    for (uint32_t round = 0; round < ROUNDS / 2; round++) {
        struct world other = world_new(round + 1, style);
        test_errors_text(a, sizeof a, &worlds[round].errors);
        test_errors_text(b, sizeof b, &other.errors);
        for (char *c = b; *c; c++)
            if (*c == style->prefix && c[1] >= '0' && c[1] <= '9')
                *c = plain.prefix;
        assert_string_equal(b, a);
        world_free(&other);
    }
}

static void
does_not_change_with_the_clock(void **state)
{
    (void)state;
    assert_same_as_plain(&(struct test_errors_style){.prefix = 's', .shift_ms = 1700000000000});
}

static void
does_not_change_when_ids_are_renamed_in_order(void **state)
{
    (void)state;
    assert_same_as_plain(&(struct test_errors_style){.prefix = 'v'});
}

static void
does_not_change_with_clean_spans_of_no_length(void **state)
{
    (void)state;
    assert_same_as_plain(&(struct test_errors_style){.prefix = 's', .has_clean_child = true});
}

static void
claims_nothing_without_evidence(void **state)
{
    (void)state;
    static const struct test_errors_style clean = {.prefix = 's', .has_no_evidence = true};

    for (uint64_t seed = 1; seed <= ROUNDS / 4; seed++) {
        struct world w = world_new(seed, &clean);
        assert_int_equal(w.errors.nodes_len + w.errors.origins_len + w.errors.edges_len, 0);
        assert_false(w.errors.has_failed);
        world_free(&w);
    }
}

static void
blames_no_neighbour_by_default(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct nj_errors *e = &worlds[round].errors;
        for (uint32_t k = 0; k < e->edges_len; k++)
            if (e->edges[k].type == NJ_EDGE_SIDE && e->sideways == NJ_SIDEWAYS_SUSPECT)
                assert_int_equal(e->edges[k].conf, NJ_CONF_C);
    }
}

static void
has_met_every_kind_of_edge_state_and_way(void **state)
{
    (void)state;
    unsigned edges[NJ_EDGE_CANCEL + 1][NJ_CONF_C + 1] = {{0}}, whys[NJ_WHYS_LEN] = {0};
    unsigned states[NJ_STATE_CANCELLED + 1] = {0}, hows[NJ_ABSORBED_CANCELLED + 1] = {0};

    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct world *w = &worlds[round];
        for (uint32_t k = 0; k < w->errors.edges_len; k++) {
            edges[w->errors.edges[k].type][w->errors.edges[k].conf]++;
            whys[w->errors.edges[k].why]++;
        }
        for (uint32_t k = 0; k < w->errors.origins_len; k++) {
            states[w->errors.origins[k].state]++;
            hows[w->errors.origins[k].how]++;
        }
    }
    assert_true(edges[NJ_EDGE_UP][NJ_CONF_A] && edges[NJ_EDGE_UP][NJ_CONF_B] &&
                edges[NJ_EDGE_UP][NJ_CONF_C] && edges[NJ_EDGE_BRIDGED][NJ_CONF_B] &&
                edges[NJ_EDGE_SIDE][NJ_CONF_A] && edges[NJ_EDGE_SIDE][NJ_CONF_B] &&
                edges[NJ_EDGE_SIDE][NJ_CONF_C] && edges[NJ_EDGE_RETRY][NJ_CONF_B] &&
                edges[NJ_EDGE_CANCEL][NJ_CONF_B]);
    for (size_t i = 0; i < NJ_LEN(whys); i++)
        assert_true(whys[i] > 0);
    for (size_t i = 0; i < NJ_LEN(states); i++)
        assert_true(states[i] > 0);
    for (size_t i = 0; i < NJ_LEN(hows); i++)
        assert_true(hows[i] > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_met_every_kind_of_edge_state_and_way),
        cmocka_unit_test(draws_no_cycle),
        cmocka_unit_test(calls_nothing_an_origin_that_has_a_cause),
        cmocka_unit_test(accounts_for_every_span_of_error_status),
        cmocka_unit_test(calls_surfaced_what_has_a_way_to_the_root),
        cmocka_unit_test(absorbs_errors_at_ancestors_of_their_chains),
        cmocka_unit_test(draws_up_edges_from_children_to_parents),
        cmocka_unit_test(prints_the_same_whatever_the_order_of_input),
        cmocka_unit_test(does_not_change_with_the_clock),
        cmocka_unit_test(does_not_change_when_ids_are_renamed_in_order),
        cmocka_unit_test(does_not_change_with_clean_spans_of_no_length),
        cmocka_unit_test(claims_nothing_without_evidence),
        cmocka_unit_test(blames_no_neighbour_by_default),
    };
    return cmocka_run_group_tests_name("errors_invariants", tests, setup, teardown);
}
