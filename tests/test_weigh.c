/* test_weigh.c - weights of traces: recorded, by policy, recovered from ids, assumed. */
#include "tests/build.h"
#include "tests/test.h"

#include "analyzers/weigh.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* The weights of all traces of a corpus, by number, and the names of their sources. */
struct weighed {
    struct nj_weight of[4000];
    struct nj_slice source[4000];
};

static enum nj_status
weigh(struct test_corpus *corpus, const struct nj_options *options, struct weighed *out,
      struct nj_error *err)
{
    const struct nj_corpus *view = test_view(corpus);
    struct nj_weigher *weigher;
    struct nj_run run = {.names = view->names, .corpus = view, .err = err};
    enum nj_status st = nj_weigher_new(&weigher, view, options, err);

    run.scratch = nj_arena_new(1 << 16);
    for (uint64_t i = 0; i < view->traces_len && st == NJ_OK; i++) {
        struct nj_trace trace = *test_tree(corpus, i, NULL);
        assert_int_equal(view->open(view, i, i + 1, &run.source, err), NJ_OK);
        st = nj_weigher_apply(weigher, &run, &trace);
        run.source->close(run.source);
        out->of[i] = trace.weight;
        out->source[i] = nj_names_get(view->names, trace.weight.source);
    }
    nj_arena_free(run.scratch);
    nj_weigher_free(weigher);
    return st;
}

static void
believes_what_is_recorded_before_what_is_assumed(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    struct nj_options options = {.assume_rate = 0.25};
    static struct weighed w;

    (void)state;
    test_add(corpus, NULL, "a[0,5] TRACE_STATE='ot=th:8;rv:ffffffffffffff'");
    test_add(corpus, NULL, "a[0,5]");
    test_add(corpus, NULL, "a[0,5] TRACE_STATE='ot=p:63;r:5'");
    assert_int_equal(weigh(corpus, &options, &w, NULL), NJ_OK);
    assert_true(w.of[0].value == 2 && w.of[0].status == NJ_WEIGHT_OK && w.of[0].is_grouped);
    assert_true(w.of[1].value == 4 && w.of[1].status == NJ_WEIGHT_OK);
    assert_slice_equal(w.source[1], "assumed");
    assert_true(w.of[2].value == 0 && w.of[2].status == NJ_WEIGHT_ZERO);
    options.assume_rate = 0;
    assert_int_equal(weigh(corpus, &options, &w, NULL), NJ_OK);
    assert_true(w.of[1].value == 1 && w.of[1].status == NJ_WEIGHT_UNKNOWN);
    test_corpus_free(corpus);
}

/* A file with this content; its name. */
static const char *
file_write(const char *text)
{
    static char path[] = "test_weigh.policy.json";
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char policy[] =
    "{\"rules\": [\n"
    "  {\"name\": \"baseline\", \"rate\": \"5%\"},\n"
    "  {\"name\": \"errors\", \"rate\": 1, \"when\": {\"status\": \"error\"}},\n"
    "  {\"name\": \"slow\", \"rate\": 0.5, \"when\": {\"duration_over\": \"100ms\", "
    "\"agent\": \"plan*\"}},\n"
    "  {\"name\": \"vip\", \"rate\": 0.8, \"when\": {\"attribute\": {\"key\": \"tier\", "
    "\"value\": \"gold\"}}}\n"
    "]}\n";

static void
takes_the_largest_rate_of_all_rules_that_a_trace_satisfies(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    struct nj_options options = {.sampling_policy = file_write(policy)};
    static struct weighed w;

    (void)state;
    test_add(corpus, NULL, "a[0,5] agent=planner");
    test_add(corpus, NULL, "a[0,5] agent=planner; b<a[1,2] status=error");
    test_add(corpus, NULL, "a[0,500] agent=planner");
    test_add(corpus, NULL, "a[0,500] agent=coder");
    test_add(corpus, NULL, "a[0,500] agent=planner; b<a[1,2] @tier=gold");
    test_add(corpus, NULL, "a[0,5] TRACE_STATE='ot=th:8;rv:ffffffffffffff'");
    assert_int_equal(weigh(corpus, &options, &w, NULL), NJ_OK);
    const double weights[] = {20, 1, 2, 20, 1.25, 20};
    const char *const sources[] = {"policy:baseline", "policy:errors", "policy:slow",
                                   "policy:baseline", "policy:vip",    "policy:baseline"};
    for (size_t i = 0; i < NJ_LEN(weights); i++) {
        assert_true(fabs(w.of[i].value - weights[i]) < 1e-12);
        assert_slice_equal(w.source[i], sources[i]);
        assert_int_equal(w.of[i].has_conflict, i == 5); /* recorded: 2 */
    }
    test_corpus_free(corpus);
    (void)unlink(options.sampling_policy);
}

/* Failed traces and those of a tenant were counted: 8 and 12 of them; others only record. */
static void
weighs_strata_by_how_many_traces_of_them_happened(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    struct nj_options options = {
        .sampling_policy = file_write(
            "{\"strata\": [{\"name\": \"failed\", \"population\": 8, \"when\": {\"status\": "
            "\"error\"}}, {\"name\": \"gold\", \"population\": 12, \"when\": {\"attribute\": "
            "{\"key\": \"tier\", \"value\": \"gold\"}}}, {\"name\": \"few\", \"population\": "
            "1, "
            "\"when\": {\"agent\": \"x\"}}], \"rules\": [{\"name\": \"slow\", \"rate\": 1, "
            "\"when\": {\"duration_over\": \"1s\"}}]}")};
    static struct weighed w;

    (void)state;
    test_add(corpus, NULL, "a[0,5] status=error @tier=gold");
    test_add(corpus, NULL, "a[0,5] status=error");
    test_add(corpus, NULL, "a[0,5] @tier=gold");
    test_add(corpus, NULL, "a[0,5] @tier=gold TRACE_STATE='ot=th:8;rv:ffffffffffffff'");
    test_add(corpus, NULL, "a[0,5] @tier=gold TRACE_STATE='ot=p:63;r:5'");
    test_add(corpus, NULL, "a[0,2000] @tier=gold");
    test_add(corpus, NULL, "a[0,2000]");
    test_add(corpus, NULL, "a[0,5] TRACE_STATE='ot=th:c;rv:ffffffffffffff'");
    test_add(corpus, NULL, "a[0,5] agent=x");
    test_add(corpus, NULL, "a[0,5] agent=x");
    assert_int_equal(weigh(corpus, &options, &w, NULL), NJ_OK);
    const double weights[] = {4, 4, 4, 4, 0, 4, 1, 4, 1, 1};
    const uint32_t parts[] = {1, 1, 2, 2, 0, 2, 0, 0, 3, 3}, quotas[] = {0, 2, 3, 2};
    for (size_t i = 0; i < NJ_LEN(weights); i++) {
        assert_true(w.of[i].value == weights[i]);
        assert_int_equal(w.of[i].known.number, parts[i]);
        assert_int_equal(w.of[i].known.quota, quotas[parts[i]]);
        assert_int_equal(w.of[i].has_conflict, parts[i] == 3); /* two of one trace */
    }
    assert_slice_equal(w.source[2], "strata:gold");
    assert_slice_equal(w.source[6], "policy:slow");
    assert_slice_equal(w.source[7], "ot.th");
    test_corpus_free(corpus);
    (void)unlink(options.sampling_policy);
}

static void
says_where_a_policy_is_wrong(void **state)
{
    static const struct {
        const char *text, *place;
    } cases[] = {
        {"", ":1:1:"},
        {"{\"rules\": []}", "at least one rule"},
        {"{\"rules\": [{\"name\": \"a\"}]}", "needs a name and a rate"},
        {"{\"rules\": [\n {\"name\": \"a\", \"rate\": 2}]}", ":2:"},
        {"{\"rules\": [{\"name\": \"a\", \"rate\": \"2\"}]}", "0.05"},
        {"{\"rules\": [{\"name\": \"a\", \"rate\": 1, \"rate\": 1}]}", "each once"},
        {"{\"rules\": [{\"name\": \"a\", \"rate\": 1, \"when\": {\"color\": \"red\"}}]}",
         "conditions are"},
        {"{\"rules\": [{\"name\": \"a\", \"rate\": 1, \"when\": {\"status\": \"bad\"}}]}",
         "\"error\" or \"ok\""},
        {"{\"rules\": [{\"name\": \"a\", \"rate\": 1, \"when\": {\"duration_over\": \"x\"}}]}",
         "duration"},
        {"{\"rules\": [{\"name\": \"a\", \"rate\": 1}]} x", ":1:"},
        {"{\"rules\": [{\"name\": \"a\", \"rate\": 1}", ":1:"},
        {"{\"other\": []}", "rules"},
        {"{}", "strata"},
        {"{\"strata\": [{\"name\": \"a\", \"rate\": 1}]}", "population"},
        {"{\"strata\": [{\"name\": \"a\", \"population\": 1.5}]}", "whole number of traces"},
        {"{\"strata\": [{\"name\": \"a\", \"population\": 0}]}", "at least 1"},
        {"{\"strata\": [{\"name\": \"a\", \"population\": 2}], \"strata\": []}", "once each"},
    };
    struct test_corpus *corpus = test_corpus_new();
    static struct weighed w;

    (void)state;
    test_add(corpus, NULL, "a[0,5]");
    for (size_t i = 0; i < NJ_LEN(cases); i++) {
        struct nj_options options = {.sampling_policy = file_write(cases[i].text)};
        struct nj_error err = {0};
        assert_int_equal(weigh(corpus, &options, &w, &err), NJ_EUSAGE);
        if (!strstr(err.causes[0], cases[i].place) ||
            !strstr(err.causes[0], "test_weigh.policy.json:"))
            fail_msg("%s: %s", cases[i].text, err.causes[0]);
    }
    (void)unlink("test_weigh.policy.json");
    test_corpus_free(corpus);
}

/* Adds traces of a service as a ratio sampler keeps them, and one in 50 of the rest. */
static void
store_fill(struct test_corpus *corpus, const char *service, enum nj_id_hash hash, double p,
           unsigned happened)
{
    char id[32], spans[64];

    for (unsigned i = 0; i < happened; i++) {
        (void)snprintf(id, sizeof id, "%s-%u", service, i);
        struct nj_trace_id trace_id = nj_trace_id_of_text(nj_slice_of(id));
        bool is_kept = nj_id_hash_of(hash, &trace_id) >= 1 - p;
        (void)snprintf(spans, sizeof spans, "a[0,5] service=%s", service);
        if (is_kept || i % 50 == 0)
            test_add(corpus, id, spans);
    }
}

static void
recovers_a_rate_for_each_service(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_options none = {0};
    static struct weighed w;
    double total = 0;

    (void)state;
    store_fill(corpus, "python", NJ_ID_HASH_LOW64, 0.1, 4000);
    store_fill(corpus, "js", NJ_ID_HASH_JS_XOR, 0.25, 1500);
    store_fill(corpus, "whole", NJ_ID_HASH_LOW64, 1, 300);
    size_t len = test_view(corpus)->traces_len;
    assert_int_equal(weigh(corpus, &none, &w, NULL), NJ_OK);
    for (size_t i = 0; i < len; i++) {
        const struct nj_weight *weight = &w.of[i];
        total += weight->value;
        if (nj_slice_eq(w.source[i], NJ_SLICE("recovered:low64")))
            assert_true(weight->value == 0 || fabs(weight->value - 10) < 0.5);
        else if (nj_slice_eq(w.source[i], NJ_SLICE("recovered:js-xor")))
            assert_true(weight->value == 0 || fabs(weight->value - 4) < 0.2);
        else
            assert_true(weight->value == 1 && weight->status == NJ_WEIGHT_UNKNOWN);
    }
    assert_true(fabs(total / 5800 - 1) < 0.1);
    test_corpus_free(corpus);
}

static void
recovers_nothing_where_everything_was_kept(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_options none = {0};
    struct nj_weigher *weigher;
    size_t len;

    (void)state;
    store_fill(corpus, "a", NJ_ID_HASH_LOW64, 1, 400);
    store_fill(corpus, "b", NJ_ID_HASH_LOW64, 1, 400);
    assert_int_equal(nj_weigher_new(&weigher, test_view(corpus), &none, NULL), NJ_OK);
    const struct nj_weigh_recovered *list = nj_weigher_recovered(weigher, &len);
    for (size_t i = 0; i < len; i++)
        assert_false(list[i].found.is_accepted);
    nj_weigher_free(weigher);
    test_corpus_free(corpus);
}

/* The front keeps every second trace, the back one in four: only traces that reach the back's
 * threshold are whole. */
static void
counts_only_traces_that_reach_the_highest_threshold(void **state)
{
    struct test_corpus *corpus = test_corpus_new();
    const struct nj_options none = {0};
    static struct weighed w;
    char spans[200];
    uint64_t seed = 3;
    unsigned happened = 4000;
    double total = 0;

    (void)state;
    for (unsigned i = 0; i < happened; i++) {
        unsigned r = (unsigned)(test_random(&seed) % 256);
        if (r < 0x80)
            continue;
        (void)snprintf(spans, sizeof spans,
                       "a[0,9] service=front TRACE_STATE='ot=th:8;rv:%02x%012x'%s", r, i,
                       r >= 0xc0 ? "; b<a[2,5] service=back TRACE_STATE='ot=th:c'" : "");
        test_add(corpus, NULL, spans);
    }
    size_t len = test_view(corpus)->traces_len;
    assert_int_equal(weigh(corpus, &none, &w, NULL), NJ_OK);
    for (size_t i = 0; i < len; i++) {
        assert_true(w.of[i].value == 4 || w.of[i].value == 0);
        total += w.of[i].value;
    }
    assert_true(fabs(total / happened - 1) < 0.1);
    test_corpus_free(corpus);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(believes_what_is_recorded_before_what_is_assumed),
        cmocka_unit_test(takes_the_largest_rate_of_all_rules_that_a_trace_satisfies),
        cmocka_unit_test(weighs_strata_by_how_many_traces_of_them_happened),
        cmocka_unit_test(says_where_a_policy_is_wrong),
        cmocka_unit_test(recovers_a_rate_for_each_service),
        cmocka_unit_test(recovers_nothing_where_everything_was_kept),
        cmocka_unit_test(counts_only_traces_that_reach_the_highest_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
