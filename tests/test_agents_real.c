/* test_agents_real.c - real traces of three libraries: agents come out with the names that the
 * programs gave them, and tokens as an independent sum. Needs NIGHTJAR_DATA. */
#include "importers/pipeline.h"
#include "tests/test.h"

#include <stdio.h>

enum { AGENTS_MAX = 8 };

static const struct real {
    const char *file;
    uint64_t spans, model_calls;
    int64_t input, output, cached;
    const char *agents[AGENTS_MAX]; /* found on spans themselves */
} reals[] = {
    {"langgraph_oi",
     513,
     80,
     3024,
     1423,
     1176,
     {"planner", "flight_researcher", "hotel_researcher", "weather_researcher", "writer"}},
    {"openai_agents_oi",
     195,
     44,
     5875,
     882,
     0,
     {"Triage", "Billing", "Shipping", "Calculator"}},
    {"vercel_genai",
     335,
     105,
     7689,
     2634,
     3121,
     {"orchestrator", "docs_agent", "order_agent", "risk_agent", "writer"}},
};

/* What was seen of one file. */
struct sums {
    uint64_t spans, model_calls;
    int64_t tokens[NJ_TOKENS_LEN];
    bool has_agent[AGENTS_MAX];
};

static void
agent_check(struct sums *sums, const struct real *real, struct nj_slice agent)
{
    for (size_t i = 0; i < AGENTS_MAX && real->agents[i]; i++)
        if (nj_slice_eq(agent, nj_slice_of(real->agents[i]))) {
            sums->has_agent[i] = true;
            return;
        }
    fail_msg("%s has no agent %.*s", real->file, NJ_FMT(agent));
}

static void
row_sum(struct sums *sums, const struct real *real, const struct nj_corpus *corpus,
        const struct nj_row *row)
{
    sums->spans++;
    if (row->agent != NJ_NO_NAME)
        agent_check(sums, real, nj_names_get(corpus->names, row->agent));
    if (row->kind != NJ_KIND_LLM)
        return;
    sums->model_calls++;
    for (int i = 0; i < NJ_TOKENS_LEN; i++)
        sums->tokens[i] += row->tokens[i] > 0 ? row->tokens[i] : 0;
}

static void
real_check(const struct real *real, const char *data)
{
    char path[512];
    const char *const inputs[] = {path};
    struct nj_import_options options = {.jobs = 1};
    struct nj_import_report *report = calloc(1, sizeof *report);
    struct nj_store *store;
    struct nj_source *source;
    struct nj_raw_trace trace;
    struct sums sums = {0};

    (void)snprintf(path, sizeof path, "%s/producers/%s.binpb", data, real->file);
    assert_int_equal(nj_store_open(&store, NULL, NJ_STORE_TEMPORARY, NULL), NJ_OK);
    assert_int_equal(nj_import(store, inputs, 1, &options, report, NULL), NJ_OK);
    const struct nj_corpus *corpus = nj_store_corpus(store);
    assert_int_equal(corpus->open(corpus, 0, corpus->traces_len, &source, NULL), NJ_OK);
    while (source->next(source, &trace, NULL) == NJ_OK)
        for (uint32_t i = 0; i < trace.rows_len; i++)
            row_sum(&sums, real, corpus, &trace.rows[i]);
    source->close(source);
    assert_int_equal(sums.spans, real->spans);
    assert_int_equal(sums.model_calls, real->model_calls);
    assert_int_equal(sums.tokens[NJ_TOKEN_INPUT], real->input);
    assert_int_equal(sums.tokens[NJ_TOKEN_OUTPUT], real->output);
    assert_int_equal(sums.tokens[NJ_TOKEN_CACHED], real->cached);
    for (size_t i = 0; i < AGENTS_MAX && real->agents[i]; i++)
        assert_true(sums.has_agent[i]);
    nj_store_close(store);
    free(report);
}

static void
finds_the_agents_that_programs_named_and_the_tokens_they_counted(void **unused)
{
    const char *data = getenv("NIGHTJAR_DATA");

    (void)unused;
    if (!data)
        skip();
    for (size_t i = 0; i < NJ_LEN(reals); i++)
        real_check(&reals[i], data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_agents_that_programs_named_and_the_tokens_they_counted),
    };
    return cmocka_run_group_tests_name("agents_real", tests, NULL, NULL);
}
