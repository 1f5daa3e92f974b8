/* test_what_if.c - savings and slack against the longest way through an explicit event graph.
 */
#include "tests/path_model.h"

#include "analyzers/what_if.h"

enum { ROUNDS = 400, SPANS_MAX = 16, NODES_MAX = 1024, EDGES_MAX = 4096 };

static const struct nj_options defaults;

static int
arena_setup(void **state)
{
    *state = nj_arena_new(1 << 16);
    return *state ? 0 : -1;
}

static int
arena_teardown(void **state)
{
    nj_arena_free(*state);
    return 0;
}

static int64_t
saving_of(struct nj_what_if *what_if, const uint32_t *spans, uint32_t len, uint32_t saved)
{
    nj_what_if_ask(what_if, spans, len);
    return nj_what_if_saving(what_if, saved);
}

/* The event graph as its definition says it, edge by edge. Node 2 i is the start of span i,
 * 2 i + 1 its end; the others are moments in between. */
struct edge {
    uint32_t from, to;
    uint32_t span; /* whose time it is */
    int64_t ns;
};

struct dag {
    const struct model *model;
    struct edge edges[EDGES_MAX];
    size_t edges_len;
    uint32_t nodes_len;
};

static void
edge_add(struct dag *d, uint32_t from, uint32_t to, uint32_t span, int64_t ns)
{
    assert_true(d->edges_len < EDGES_MAX);
    d->edges[d->edges_len++] = (struct edge){from, to, span, ns};
}

/* Everything of x up to t_ns, then x's own time until `to`. */
static void
progress_add(struct dag *d, uint32_t x, int64_t t_ns, uint32_t to)
{
    const struct nj_trace *t = d->model->trace;
    uint32_t join = d->nodes_len++;
    int64_t last_ns = t->start_ns[x];

    assert_true(d->nodes_len < NODES_MAX);
    edge_add(d, 2 * x, join, x, 0);
    for (uint32_t c = 0; c < t->spans_len; c++) {
        if (!model_is_candidate(t, x, c) || t->end_ns[c] > t_ns)
            continue;
        edge_add(d, 2 * c + 1, join, x, 0);
        last_ns = t->end_ns[c] > last_ns ? t->end_ns[c] : last_ns;
    }
    edge_add(d, join, to, x, t_ns - last_ns);
}

static void
start_add(struct dag *d, uint32_t x, uint32_t c)
{
    const struct model *m = d->model;
    const struct nj_trace *t = m->trace;
    int64_t t_ns = t->start_ns[c], ready_ns = t->start_ns[x];
    uint32_t recorded = NJ_NO_SPAN;
    bool is_timing;
    uint32_t chosen = model_choose(m, x, t_ns, c, &is_timing);

    for (uint32_t p = 0; p < t->spans_len; p++)
        if (t->start_ns[p] < t_ns && model_waited(m, x, c, p))
            recorded = p;
    if (recorded == NJ_NO_SPAN) {
        progress_add(d, x, t_ns, 2 * c);
    } else if (is_timing) {
        edge_add(d, 2 * chosen + 1, 2 * c, x, t_ns - t->end_ns[chosen]);
    } else {
        uint32_t join = d->nodes_len++;
        for (uint32_t p = 0; p < t->spans_len; p++) {
            if (t->start_ns[p] >= t_ns || !model_waited(m, x, c, p))
                continue;
            if (t->end_ns[p] <= t_ns)
                edge_add(d, 2 * p + 1, join, x, 0);
            else
                progress_add(d, p, t_ns, join);
            int64_t end_ns = model_cut(t, p, t_ns);
            ready_ns = end_ns > ready_ns ? end_ns : ready_ns;
        }
        edge_add(d, join, 2 * c, x, t_ns - ready_ns);
    }
}

static void
dag_build(struct dag *d, const struct model *model)
{
    const struct nj_trace *t = model->trace;

    d->model = model;
    d->edges_len = 0;
    d->nodes_len = 2 * t->spans_len;
    for (uint32_t x = 0; x < t->spans_len; x++) {
        progress_add(d, x, t->end_ns[x], 2 * x + 1);
        if (t->parent[x] != NJ_NO_SPAN && model_is_candidate(t, t->parent[x], x))
            start_add(d, t->parent[x], x);
    }
}

/* Longest distances from `source` (or, backwards, to it), with times of asked spans at `kept`
 * and `extra` more in the last own time of span `longer`. INT64_MIN: cannot be reached. */
static void
distances(const struct dag *d, bool is_back, uint32_t source, const bool *asked, int64_t kept,
          int64_t *out)
{
    for (uint32_t i = 0; i < d->nodes_len; i++)
        out[i] = INT64_MIN;
    out[source] = 0;
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (size_t e = 0; e < d->edges_len; e++) {
            const struct edge *edge = &d->edges[e];
            uint32_t from = is_back ? edge->to : edge->from;
            uint32_t to = is_back ? edge->from : edge->to;
            int64_t weight = edge->ns * (asked && asked[edge->span] ? kept : NJ_WHAT_IF_UNIT);
            if (out[from] != INT64_MIN && out[from] + weight > out[to]) {
                out[to] = out[from] + weight;
                is_changed = true;
            }
        }
    }
}

/* Random trace with links between siblings more often than not, and its models. */
static void
scene_make(struct nj_arena *arena, struct nj_trace *trace, struct model *model, int round,
           uint64_t *seed)
{
    struct column_span spans[SPANS_MAX];
    const struct column_shape shape = {SPANS_MAX, round % 2 ? 30 : 100000, 9, 3, 4};
    uint32_t n = columns_random(spans, &shape, seed);
    struct nj_trace_link *links = NJ_NEW(arena, struct nj_trace_link, 8);

    if (round % 3 == 0) /* wide: many siblings */
        for (uint32_t i = 1; i < n; i++)
            spans[i].parent = spans[i].parent % 2;
    for (uint32_t i = 1; i < n; i++) { /* and inside their new parents */
        const struct column_span *p = &spans[spans[i].parent];
        if (spans[i].flags == 0 && spans[i].start_ns < p->start_ns)
            spans[i].start_ns = p->start_ns;
        if (spans[i].flags == 0 && spans[i].end_ns > p->end_ns)
            spans[i].end_ns = p->end_ns;
        if (spans[i].end_ns < spans[i].start_ns)
            spans[i].start_ns = spans[i].end_ns = p->start_ns;
    }
    *trace = columns_trace(arena, NULL, spans, n);
    *model = (struct model){.trace = trace};
    trace->links = links;
    for (uint32_t i = (uint32_t)(test_random(seed) % 8); i-- > 0;) {
        uint32_t from = (uint32_t)(test_random(seed) % n);
        uint32_t target = (uint32_t)(test_random(seed) % n);
        links[trace->links_len++] = (struct nj_trace_link){.from = from, .target = target};
        if (from != target)
            model->clues[model->clues_len++] = (struct model_clue){from, target};
    }
}

static struct nj_event_graph
graph_of(struct nj_arena *arena, const struct nj_trace *trace)
{
    struct nj_event_graph graph;
    struct nj_error err = {0};
    assert_int_equal(nj_event_graph_build(&graph, trace, &defaults, arena, &err), NJ_OK);
    return graph;
}

static struct nj_what_if *
what_if_of(struct nj_arena *arena, const struct nj_event_graph *graph)
{
    struct nj_what_if *what_if;
    struct nj_error err = {0};
    assert_int_equal(nj_what_if_new(&what_if, graph, arena, &err), NJ_OK);
    return what_if;
}

/* The spans of agent 1, as a list and as flags. */
static uint32_t
agent_spans(const struct nj_trace *trace, uint32_t *list, bool *flags)
{
    uint32_t len = 0;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        flags[i] = trace->agent[i] == 1;
        if (flags[i])
            list[len++] = i;
    }
    return len;
}

static void
a_saving_is_what_the_longest_way_loses(void **state)
{
    uint64_t seed = 21;
    static struct dag dag;
    int64_t far[NODES_MAX];
    int moved = 0;

    for (int round = 0; round < ROUNDS; round++) {
        struct nj_trace trace;
        struct model model;
        uint32_t list[SPANS_MAX];
        bool flags[SPANS_MAX];
        scene_make(*state, &trace, &model, round, &seed);
        struct nj_event_graph graph = graph_of(*state, &trace);
        struct nj_what_if *what_if = what_if_of(*state, &graph);
        uint32_t len = agent_spans(&trace, list, flags);
        int64_t length = (trace.end_ns[trace.root] - trace.start_ns[trace.root]);
        dag_build(&dag, &model);
        for (uint32_t saved = 0; saved <= NJ_WHAT_IF_UNIT; saved += 125) {
            distances(&dag, false, 2 * trace.root, flags, NJ_WHAT_IF_UNIT - (int64_t)saved,
                      far);
            int64_t want = length * NJ_WHAT_IF_UNIT - far[2 * trace.root + 1];
            assert_int_equal(saving_of(what_if, list, len, saved), want);
            moved += want > 0;
        }
        nj_arena_reset(*state);
    }
    assert_true(moved > ROUNDS);
}

static void
savings_are_concave_and_never_above_the_critical_time(void **state)
{
    uint64_t seed = 22;

    for (int round = 0; round < ROUNDS; round++) {
        struct nj_trace trace;
        struct model model;
        struct nj_critical_path path;
        struct nj_error err = {0};
        uint32_t list[SPANS_MAX];
        bool flags[SPANS_MAX];
        int64_t critical = 0, saving[11];
        scene_make(*state, &trace, &model, round, &seed);
        struct nj_event_graph graph = graph_of(*state, &trace);
        struct nj_what_if *what_if = what_if_of(*state, &graph);
        uint32_t len = agent_spans(&trace, list, flags);
        assert_int_equal(
            nj_critical_path_walk(&path, &trace, NJ_SCOPE_ROOT, &defaults, *state, &err),
            NJ_OK);
        for (uint32_t i = 0; i < path.segments_len; i++)
            if (flags[path.segments[i].span])
                critical += path.segments[i].end_ns - path.segments[i].start_ns;
        for (uint32_t i = 0; i <= 10; i++) {
            saving[i] = saving_of(what_if, list, len, i * 100);
            assert_true(saving[i] >= 0);
            assert_true(saving[i] <= (int64_t)i * 100 * critical);
            assert_true(i == 0 || saving[i] >= saving[i - 1]);
            assert_true(i < 2 || saving[i] - saving[i - 1] <= saving[i - 1] - saving[i - 2]);
        }
        assert_int_equal(saving[0], 0);
        nj_arena_reset(*state);
    }
}

static void
slack_is_what_the_longest_way_through_a_span_lacks(void **state)
{
    uint64_t seed = 23;
    static struct dag dag;
    int64_t to[NODES_MAX], from[NODES_MAX], slack[SPANS_MAX];
    int positive = 0;

    for (int round = 0; round < ROUNDS; round++) {
        struct nj_trace trace;
        struct model model;
        struct nj_error err = {0};
        scene_make(*state, &trace, &model, round, &seed);
        struct nj_event_graph graph = graph_of(*state, &trace);
        assert_int_equal(nj_slack_find(slack, &graph, *state, &err), NJ_OK);
        dag_build(&dag, &model);
        distances(&dag, false, 2 * trace.root, NULL, 0, to);
        distances(&dag, true, 2 * trace.root + 1, NULL, 0, from);
        for (uint32_t i = 0; i < trace.spans_len; i++) {
            bool counts = (graph.marks[i] & NJ_GRAPH_COUNTS) != 0;
            int64_t whole = (trace.end_ns[trace.root] - trace.start_ns[trace.root]);
            if (!counts || from[2 * i + 1] == INT64_MIN) {
                assert_true(counts || slack[i] == INT64_MAX);
                continue;
            }
            int64_t through = to[2 * i + 1] + from[2 * i + 1];
            assert_int_equal(slack[i], whole - through / NJ_WHAT_IF_UNIT);
            positive += slack[i] > 0;
        }
        nj_arena_reset(*state);
    }
    assert_true(positive > ROUNDS);
}

/* I11: the longest way with a leaf made longer. */
static void
a_leaf_may_grow_by_its_slack_and_not_by_more(void **state)
{
    uint64_t seed = 24;
    static struct dag dag;
    int64_t far[NODES_MAX], slack[SPANS_MAX];

    for (int round = 0; round < ROUNDS; round++) {
        struct nj_trace trace;
        struct model model;
        struct nj_error err = {0};
        scene_make(*state, &trace, &model, round, &seed);
        struct nj_event_graph graph = graph_of(*state, &trace);
        uint32_t leaf = (uint32_t)(test_random(&seed) % trace.spans_len);
        int64_t whole = (trace.end_ns[trace.root] - trace.start_ns[trace.root]);
        assert_int_equal(nj_slack_find(slack, &graph, *state, &err), NJ_OK);
        if ((graph.marks[leaf] & NJ_GRAPH_COUNTS) && graph.kids_len[leaf] == 0) {
            for (int64_t more = 0; more <= 1; more++) {
                dag_build(&dag, &model);
                for (size_t e = 0; e < dag.edges_len; e++)
                    if (dag.edges[e].to == 2 * leaf + 1)
                        dag.edges[e].ns += slack[leaf] + more;
                distances(&dag, false, 2 * trace.root, NULL, 0, far);
                assert_int_equal(far[2 * trace.root + 1], (whole + more) * NJ_WHAT_IF_UNIT);
            }
        }
        nj_arena_reset(*state);
    }
}

static void
the_end_of_whatever_is_on_the_path_has_no_slack(void **state)
{
    uint64_t seed = 25;
    int64_t slack[SPANS_MAX];

    for (int round = 0; round < ROUNDS; round++) {
        struct nj_trace trace;
        struct model model;
        struct nj_critical_path path;
        struct nj_error err = {0};
        scene_make(*state, &trace, &model, round, &seed);
        struct nj_event_graph graph = graph_of(*state, &trace);
        assert_int_equal(nj_slack_find(slack, &graph, *state, &err), NJ_OK);
        assert_int_equal(
            nj_critical_path_walk(&path, &trace, NJ_SCOPE_ROOT, &defaults, *state, &err),
            NJ_OK);
        for (uint32_t i = 0; i < path.segments_len; i++) {
            const struct nj_segment *s = &path.segments[i];
            if (s->end_ns == trace.end_ns[s->span])
                assert_int_equal(slack[s->span], 0);
        }
        nj_arena_reset(*state);
    }
}

static void
the_slowest_of_a_fan_out_can_only_save_up_to_the_next(void **state)
{
    const struct column_span spans[] = {ROOT(0, 1000),     SPAN(0, 10, 200),
                                        SPAN(0, 200, 600), SPAN_OF(0, 200, 850, .agent = 1),
                                        SPAN(0, 200, 450), SPAN(0, 850, 990)};
    struct nj_trace trace = columns_trace(*state, NULL, spans, NJ_LEN(spans));
    struct nj_event_graph graph = graph_of(*state, &trace);
    struct nj_what_if *what_if = what_if_of(*state, &graph);
    const uint32_t slowest = 3;
    int64_t slack[6];
    struct nj_error err = {0};

    assert_int_equal(saving_of(what_if, &slowest, 1, 100), 65 * NJ_WHAT_IF_UNIT);
    assert_int_equal(saving_of(what_if, &slowest, 1, 250), 162500);
    assert_int_equal(saving_of(what_if, &slowest, 1, 500), 250 * NJ_WHAT_IF_UNIT);
    assert_int_equal(saving_of(what_if, &slowest, 1, 1000), 250 * NJ_WHAT_IF_UNIT);
    assert_int_equal(nj_slack_find(slack, &graph, *state, &err), NJ_OK);
    assert_int_equal(slack[2], 250);
    assert_int_equal(slack[3], 0);
    assert_int_equal(slack[4], 400);
}

static void
a_duration_of_centuries_does_not_overflow(void **state)
{
    const int64_t century_ns = (int64_t)1 << 61;
    const struct column_span spans[] = {ROOT(-century_ns, century_ns), SPAN(0, -century_ns, 0),
                                        SPAN(0, -century_ns, century_ns)};
    struct nj_trace trace = columns_trace(*state, NULL, spans, NJ_LEN(spans));
    struct nj_event_graph graph = graph_of(*state, &trace);
    struct nj_what_if *what_if = what_if_of(*state, &graph);
    const uint32_t slow = 2;
    double unit_ns = (double)((int64_t)1 << nj_what_if_shift(what_if)) / NJ_WHAT_IF_UNIT;
    double saving = (double)saving_of(what_if, &slow, 1, NJ_WHAT_IF_UNIT / 4);

    assert_true(nj_what_if_shift(what_if) > 0);
    assert_true(saving * unit_ns > 0.2499999 * 2 * (double)century_ns);
    assert_true(saving * unit_ns < 0.2500001 * 2 * (double)century_ns);
}

#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, arena_setup, arena_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(a_saving_is_what_the_longest_way_loses),
        IN_ARENA(savings_are_concave_and_never_above_the_critical_time),
        IN_ARENA(slack_is_what_the_longest_way_through_a_span_lacks),
        IN_ARENA(a_leaf_may_grow_by_its_slack_and_not_by_more),
        IN_ARENA(the_end_of_whatever_is_on_the_path_has_no_slack),
        IN_ARENA(the_slowest_of_a_fan_out_can_only_save_up_to_the_next),
        IN_ARENA(a_duration_of_centuries_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
