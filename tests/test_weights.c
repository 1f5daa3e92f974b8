/* test_weights.c - what a stored trace stands for, from every source that records it. */
#include "base/json.h"
#include "tests/build.h"
#include "tests/test.h"
#include "trees/weights.h"

#include <math.h>
#include <stdio.h>

static struct nj_weight_reading
reading_of(const char *spans)
{
    struct test_corpus *corpus = test_corpus_new();
    struct nj_weight_reading reading;

    nj_weight_read(&reading, test_trace(corpus, spans));
    test_corpus_free(corpus);
    return reading;
}

static void
reads_a_threshold_as_an_exact_fraction(void **unused)
{
    (void)unused;
    struct nj_weight_reading r = reading_of("a[0,1] TRACE_STATE='ot=th:c;rv:ff000000000000'");
    assert_true(r.value == 4.0);
    assert_int_equal(r.status, NJ_WEIGHT_OK);
    assert_string_equal(r.source, "ot.th");
    assert_true(r.has_rv);
    r = reading_of("a[0,1] TRACE_STATE='ot=th:e666;rv:ff000000000000'");
    assert_true(r.value == 65536.0 / 6554.0);
}

static void
takes_the_largest_threshold_of_a_trace_and_says_that_they_differ(void **unused)
{
    (void)unused;
    struct nj_weight_reading r =
        reading_of("a[0,9] TRACE_STATE='ot=th:8;rv:ff000000000000'\n"
                   "b<a[1,2] TRACE_STATE='ot=th:c;rv:ff000000000000'; c<a[3,4]");
    assert_true(r.value == 4.0);
    assert_true(r.is_mixed && r.is_partial);
    r = reading_of("a[0,9] TRACE_STATE='ot=th:8;rv:90000000000000'\n"
                   "b<a[1,2] TRACE_STATE='ot=th:c;rv:90000000000000'");
    assert_int_equal(r.status, NJ_WEIGHT_INCONSISTENT);
    assert_true(r.value == 1.0);
}

static void
falls_back_on_the_next_source_where_a_threshold_cannot_be_true(void **unused)
{
    (void)unused;
    struct nj_weight_reading r =
        reading_of("a[0,9] TRACE_STATE='ot=th:c;rv:10000000000000' WEIGHT_SOURCE=10 "
                   "WEIGHT_VALUE=20");
    assert_string_equal(r.source, "SampleRate");
    assert_int_equal(r.status, NJ_WEIGHT_OK);
    assert_true(r.value == 20.0);
    assert_true(r.is_inconsistent);
}

static void
prefers_the_threshold_and_tells_of_a_source_that_disagrees(void **unused)
{
    (void)unused;
    const char *close = "a[0,9] TRACE_STATE='ot=th:c;rv:f0000000000000' WEIGHT_SOURCE=10 "
                        "WEIGHT_VALUE=4";
    const char *far = "a[0,9] TRACE_STATE='ot=th:c;rv:f0000000000000'; b<a[1,2] "
                      "WEIGHT_SOURCE=10 WEIGHT_VALUE=5";
    struct nj_weight_reading r = reading_of(close);
    assert_string_equal(r.source, "ot.th");
    assert_false(r.has_conflict);
    r = reading_of(far);
    assert_string_equal(r.source, "ot.th");
    assert_true(r.value == 4.0 && r.has_conflict);
}

static void
says_unknown_without_any_source_and_takes_the_trace_id_for_the_unit(void **unused)
{
    (void)unused;
    struct test_corpus *corpus = test_corpus_new();
    struct nj_weight a, b, c;
    struct nj_error err = {0};

    assert_int_equal(nj_weight_of_trace(&a, test_trace(corpus, "a[0,1]"), &err), NJ_OK);
    assert_int_equal(nj_weight_of_trace(&b, test_trace(corpus, "a[0,1]"), &err), NJ_OK);
    assert_int_equal(a.status, NJ_WEIGHT_UNKNOWN);
    assert_int_equal(a.source, NJ_NO_NAME);
    assert_true(a.value == 1.0 && a.cluster != b.cluster);
    const char *session = "a[0,1] TRACE_STATE='ot=th:0;rv:0123456789abcd'";
    assert_int_equal(nj_weight_of_trace(&b, test_trace(corpus, session), &err), NJ_OK);
    assert_int_equal(nj_weight_of_trace(&c, test_trace(corpus, session), &err), NJ_OK);
    assert_true(b.cluster == c.cluster);
    assert_slice_equal(nj_names_get(test_view(corpus)->names, b.source), "ot.th");
    test_corpus_free(corpus);
}

static void
reads_each_vendors_attributes_as_the_vendor_means_them(void **unused)
{
    (void)unused;
    static const struct {
        const char *key, *value, *other_key, *other_value;
        const char *source;
        double weight;
        enum nj_weight_status status;
    } rows[] = {
        {"SampleRate", "20", NULL, NULL, "SampleRate", 20, NJ_WEIGHT_OK},
        {"sampleRate", "2.5", "SampleRate", "9", "sampleRate", 3, NJ_WEIGHT_OK},
        {"SampleRate", "-3", NULL, NULL, "SampleRate", 1, NJ_WEIGHT_OK},
        {"SampleRate", "many", NULL, NULL, "SampleRate", 1, NJ_WEIGHT_INVALID},
        {"meta.refinery.final_sample_rate", "40", "SampleRate", "4",
         "meta.refinery.final_sample_rate", 40, NJ_WEIGHT_OK},
        {"_dd.p.ksr", "0.25", NULL, NULL, "_dd.p.ksr", 4, NJ_WEIGHT_OK},
        {"_dd.rule_psr", "0.5", "_dd.limit_psr", "0.5", "_dd.rule_psr", 4, NJ_WEIGHT_OK},
        {"_dd.limit_psr", "0.5", NULL, NULL, NULL, 1, NJ_WEIGHT_UNKNOWN},
        {"_dd.p.dm", "-4", "_dd.agent_psr", "0.1", "_dd.p.dm", 0, NJ_WEIGHT_ZERO},
        {"_dd.p.dm", "-3", "_dd.agent_psr", "0.1", "_dd.agent_psr", 10, NJ_WEIGHT_OK},
        {"sampler.type", "probabilistic", "sampler.param", "0.01", "sampler.param", 100,
         NJ_WEIGHT_OK},
        {"sampler.type", "probabilistic", "sampler.param", "0", "sampler.param", 1,
         NJ_WEIGHT_INVALID},
        {"sampler.type", "const", "sampler.param", "true", "sampler.param", 1, NJ_WEIGHT_OK},
        {"sampler.type", "lowerbound", "sampler.param", "0.1", "sampler.param", 0,
         NJ_WEIGHT_ZERO},
        {"sampler.type", "ratelimiting", "sampler.param", "2", NULL, 1, NJ_WEIGHT_UNKNOWN},
        {"sampling.adjusted_count", "0", NULL, NULL, "sampling.adjusted_count", 0,
         NJ_WEIGHT_ZERO},
        {"sentry.client_sample_rate", "0.25", "sentry.server_sample_rate", "0.5",
         "sentry.client_sample_rate", 8, NJ_WEIGHT_OK},
        {"sentry.server_sample_rate", "0.5", NULL, NULL, "sentry.client_sample_rate", 2,
         NJ_WEIGHT_OK},
        {"microsoft.sample_rate", "12.5", NULL, NULL, "microsoft.sample_rate", 8, NJ_WEIGHT_OK},
        {"microsoft.sample_rate", "120", NULL, NULL, "microsoft.sample_rate", 1,
         NJ_WEIGHT_INVALID},
        {"logfire.sample_rate", "0.5", NULL, NULL, "logfire.sample_rate", 2, NJ_WEIGHT_OK},
        {"_sample_rate", "0", NULL, NULL, "_sample_rate", 1, NJ_WEIGHT_OK},
        {"sampling.threshold", "c", "sampling.randomness", "d0000000000000",
         "sampling.threshold", 4, NJ_WEIGHT_OK},
        {"tailsampling.policy", "errors", NULL, NULL, NULL, 1, NJ_WEIGHT_UNKNOWN},
    };

    for (size_t i = 0; i < NJ_LEN(rows); i++) {
        struct nj_weight_record record = {0};
        struct nj_weight_reading r;
        record.values[nj_weight_row_find(nj_slice_of(rows[i].key))] =
            nj_slice_of(rows[i].value);
        if (rows[i].other_key)
            record.values[nj_weight_row_find(nj_slice_of(rows[i].other_key))] =
                nj_slice_of(rows[i].other_value);
        nj_weight_of_record(&r, &record);
        if (r.value != rows[i].weight || r.status != rows[i].status ||
            !r.source != !rows[i].source || (r.source && strcmp(r.source, rows[i].source) != 0))
            fail_msg("%s=%s: %g, status %d, from %s", rows[i].key, rows[i].value, r.value,
                     (int)r.status, r.source ? r.source : "nothing");
    }
}

/* The vectors: values as they stand in JSON, by key. */
struct vector {
    struct nj_weight_record record;
    char status[24];
    double weight; /* NaN: null or not given */
    bool has_weight;
};

static struct nj_slice
text_read(struct nj_json *json, struct nj_arena *arena)
{
    struct nj_slice text = {0};
    struct nj_json_number number;
    bool flag;

    switch (nj_json_peek(json)) {
    case NJ_JSON_STRING:
        assert_true(nj_json_string(json, &text));
        return nj_arena_copy(arena, text);
    case NJ_JSON_BOOL:
        assert_true(nj_json_bool(json, &flag));
        return flag ? NJ_SLICE("true") : NJ_SLICE("false");
    case NJ_JSON_NUMBER:
        assert_true(nj_json_number(json, &number));
        return nj_arena_copy(arena, number.text);
    case NJ_JSON_NULL:
        assert_true(nj_json_null(json));
        return text;
    case NJ_JSON_INVALID:
    case NJ_JSON_ARRAY:
    case NJ_JSON_OBJECT:
        assert_true(nj_json_skip(json));
        return text;
    }
    return text;
}

static void
field_set(struct vector *v, struct nj_slice key, struct nj_slice text)
{
    struct nj_slice unused;

    if (nj_slice_eq(key, NJ_SLICE("tracestate")))
        v->record.trace_state = text;
    else if (nj_slice_eq(key, NJ_SLICE("trace_id")))
        assert_true(nj_trace_id_parse(text, &v->record.trace_id, &unused));
    else if (nj_slice_eq(key, NJ_SLICE("status")))
        (void)snprintf(v->status, sizeof v->status, "%.*s", NJ_FMT(text));
    else if (nj_slice_eq(key, NJ_SLICE("weight")) ||
             nj_slice_eq(key, NJ_SLICE("adjusted_count"))) {
        v->has_weight = true;
        v->weight = text.len ? strtod(text.ptr, NULL) : NAN;
    }
}

static void
vector_read(struct nj_json *json, struct vector *v, struct nj_arena *arena)
{
    struct nj_slice key, inner;

    *v = (struct vector){.weight = NAN};
    assert_true(nj_json_object(json));
    while (nj_json_object_next(json, &key)) {
        if (nj_json_peek(json) != NJ_JSON_OBJECT) {
            field_set(v, key, text_read(json, arena));
            continue;
        }
        assert_true(nj_json_object(json));
        while (nj_json_object_next(json, &inner)) {
            enum nj_weight_row row = nj_weight_row_find(inner);
            struct nj_slice text = text_read(json, arena);
            if (nj_slice_eq(key, NJ_SLICE("expect")))
                field_set(v, inner, text);
            else if (row < NJ_WEIGHT_ROWS_LEN)
                v->record.values[row] = text;
        }
    }
}

/* The status of a reading in the words of the vectors. */
static const char *
status_word(const struct nj_weight_reading *r)
{
    static const char *const words[] = {"ok", "unknown", "zero", "inconsistent", "invalid"};

    if (r->status != NJ_WEIGHT_OK || !r->source)
        return words[r->status];
    if (strcmp(r->source, "ot.p") == 0)
        return r->is_without_r ? "ok_legacy_no_r" : "ok_legacy";
    if (strcmp(r->source, "th") == 0)
        return "ok_nonstandard";
    return r->is_rv_invalid ? "invalid_rv" : "ok";
}

static void
vector_check(const struct vector *v)
{
    struct nj_weight_reading r;

    nj_weight_of_record(&r, &v->record);
    if (v->status[0])
        assert_string_equal(status_word(&r), v->status);
    if (isnan(v->weight))
        assert_true(!v->has_weight || (r.status != NJ_WEIGHT_OK && r.status != NJ_WEIGHT_ZERO));
    else if (fabs(r.value - v->weight) > 1e-7 * v->weight)
        fail_msg("weight %.17g, expected %.17g", r.value, v->weight);
}

static void
agrees_with_every_vector(void **unused)
{
    (void)unused;
    struct nj_arena *arena = nj_arena_new(1 << 16);
    char path[512], text[32 << 10];
    const char *data = getenv("NIGHTJAR_DATA");
    struct nj_slice key;
    struct nj_json json;
    struct vector v;
    unsigned vectors = 0;

    (void)snprintf(path, sizeof path, "%s/sampling/weight_vectors.json", data ? data : "");
    FILE *file = data ? fopen(path, "rb") : NULL;
    if (!file) {
        nj_arena_free(arena);
        skip();
    }
    size_t len = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    nj_json_init(&json, (struct nj_slice){text, len}, false, arena);
    assert_true(nj_json_object(&json));
    while (nj_json_object_next(&json, &key)) {
        assert_true(nj_json_array(&json));
        while (nj_json_array_next(&json)) {
            vector_read(&json, &v, arena);
            vector_check(&v);
            vectors++;
        }
    }
    assert_null(json.error);
    assert_int_equal(vectors, 57);
    nj_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_threshold_as_an_exact_fraction),
        cmocka_unit_test(takes_the_largest_threshold_of_a_trace_and_says_that_they_differ),
        cmocka_unit_test(falls_back_on_the_next_source_where_a_threshold_cannot_be_true),
        cmocka_unit_test(prefers_the_threshold_and_tells_of_a_source_that_disagrees),
        cmocka_unit_test(says_unknown_without_any_source_and_takes_the_trace_id_for_the_unit),
        cmocka_unit_test(reads_each_vendors_attributes_as_the_vendor_means_them),
        cmocka_unit_test(agrees_with_every_vector),
    };
    return cmocka_run_group_tests_name("weights", tests, NULL, NULL);
}
