/* test_conventions_span.c - what conventions take from a span besides its attributes: ids,
 * times, links, tracestate; and the printed table. */
#include "schema/conventions.h"
#include "schema/facts.h"
#include "tests/test.h"

struct reader {
    struct nj_names *names;
    struct nj_conventions *conventions;
    struct nj_scope_facts scope;
    struct nj_row row;
    struct nj_buf facts;
};

static int
reader_open(void **state)
{
    struct reader *reader = calloc(1, sizeof *reader);

    reader->names = nj_names_new();
    reader->conventions = nj_conventions_new(reader->names);
    *state = reader;
    return 0;
}

static int
reader_close(void **state)
{
    struct reader *reader = *state;

    nj_conventions_free(reader->conventions);
    nj_names_free(reader->names);
    nj_buf_fini(&reader->facts);
    free(reader);
    return 0;
}

static struct nj_slice
facts_of(struct reader *reader, const struct nj_span *span)
{
    reader->facts.len = 0;
    assert_int_equal(nj_conventions_row(reader->conventions, span, &reader->scope, &reader->row,
                                        &reader->facts, NULL),
                     NJ_OK);
    return nj_buf_slice(&reader->facts);
}

static void
keeps_ids_and_says_which_are_text(void **state)
{
    struct reader *reader = *state;
    struct nj_fact_cursor fact;
    struct nj_span span = {.span_id = 7,
                           .parent_id = 9,
                           .has_parent = true,
                           .scope = 3,
                           .otel_kind = NJ_OTEL_CLIENT,
                           .span_text = NJ_SLICE("run-17"),
                           .parent_text = NJ_SLICE("run-16"),
                           .name = NJ_SLICE("Step 7")};
    struct nj_slice facts = facts_of(reader, &span);

    assert_int_equal(reader->row.span_id, 7);
    assert_int_equal(reader->row.parent_id, 9);
    assert_int_equal(reader->row.scope, 3);
    assert_int_equal(reader->row.otel_kind, NJ_OTEL_CLIENT);
    assert_int_equal(reader->row.flags, NJ_ROW_HAS_PARENT | NJ_ROW_SPAN_TEXT);
    assert_slice_equal(nj_names_get(reader->names, reader->row.name), "Step 7");
    assert_slice_equal(nj_names_get(reader->names, reader->row.operation), "Step #");
    assert_true(nj_facts_find(facts, NJ_FACT_SPAN_TEXT, &fact));
    assert_slice_equal(fact.bytes, "run-17");
    assert_true(nj_facts_find(facts, NJ_FACT_PARENT_TEXT, &fact));
    assert_slice_equal(fact.bytes, "run-16");
}

static void
flags_times_that_were_not_recorded(void **state)
{
    struct reader *reader = *state;
    struct nj_span span = {.start_ns = 5, .end_ns = NJ_NO_TIME};

    (void)facts_of(reader, &span);
    assert_int_equal(reader->row.flags, NJ_ROW_NO_END);
    assert_int_equal(reader->row.end_ns, 5);
    span = (struct nj_span){.start_ns = NJ_NO_TIME, .end_ns = 9};
    (void)facts_of(reader, &span);
    assert_int_equal(reader->row.flags, NJ_ROW_NO_START);
    assert_int_equal(reader->row.start_ns, 0);
    assert_int_equal(reader->row.end_ns, 9);
    span = (struct nj_span){.start_ns = NJ_NO_TIME, .end_ns = NJ_NO_TIME};
    (void)facts_of(reader, &span);
    assert_int_equal(reader->row.flags, NJ_ROW_NO_START | NJ_ROW_NO_END);
    assert_int_equal(reader->row.end_ns, 0);
}

static void
keeps_a_tracestate_only_for_its_ot_member(void **state)
{
    struct reader *reader = *state;
    struct nj_fact_cursor fact;
    static const struct {
        const char *state;
        bool is_kept;
    } cases[] = {
        {"ot=th:8", true},           {"vendor=1,ot=th:8;rv:0", true},
        {"vendor=1, ot=p:3", true},  {"tenant@ot=th:8", false},
        {"vendor=ot=1", false},      {"", false},
        {"vendor=a,robot=1", false},
    };
    for (size_t i = 0; i < NJ_LEN(cases); i++) {
        struct nj_span span = {.trace_state = nj_slice_of(cases[i].state), .flags = 257};
        struct nj_slice facts = facts_of(reader, &span);
        bool is_kept = nj_facts_find(facts, NJ_FACT_TRACE_STATE, &fact);
        assert_int_equal(is_kept, cases[i].is_kept);
        assert_true(nj_facts_find(facts, NJ_FACT_TRACE_FLAGS, &fact));
        assert_int_equal(fact.integer, 257);
    }
}

static void
keeps_links_and_what_they_mean(void **state)
{
    struct reader *reader = *state;
    struct nj_attr reference = {NJ_SLICE("opentracing.ref_type"),
                                {.type = NJ_VALUE_STRING, .bytes = NJ_SLICE("follows_from")}};
    struct nj_link links[] = {
        {.trace_id = {{1, 2}}, .span_id = 0x0102030405060708},
        {.trace_id = {{3}}, .span_id = 5, .attrs = {.list = &reference, .len = 1}},
    };
    struct nj_span span = {.links = links, .links_len = NJ_LEN(links)};
    struct nj_fact_cursor cursor = nj_facts_open(facts_of(reader, &span));
    struct nj_fact_link link;

    for (size_t i = 0; i < NJ_LEN(links); i++) {
        assert_true(nj_facts_next(&cursor));
        assert_true(nj_fact_link(&cursor, &link));
        assert_memory_equal(link.trace_id.bytes, links[i].trace_id.bytes, NJ_TRACE_ID_BYTES);
        assert_true(link.span_id == links[i].span_id);
        assert_int_equal(link.is_follows_from, i == 1);
    }
    assert_false(nj_facts_next(&cursor));
}

static void
appends_facts_behind_those_of_other_spans(void **state)
{
    struct reader *reader = *state;
    struct nj_span span = {.status_message = NJ_SLICE("m"), .flags = 1};
    struct nj_slice alone = facts_of(reader, &span);
    size_t len = alone.len;

    assert_int_equal(nj_conventions_row(reader->conventions, &span, &reader->scope,
                                        &reader->row, &reader->facts, NULL),
                     NJ_OK);
    assert_int_equal(reader->facts.len, 2 * len);
    assert_memory_equal(reader->facts.ptr, reader->facts.ptr + len, len);
}

/* Attributes as many and as long as a hostile file can make them. */
static void
bounds_what_it_keeps_of_one_span(void **state)
{
    enum { MANY = 20000 };
    struct reader *reader = *state;
    struct nj_attr *attrs = calloc(MANY, sizeof *attrs);
    struct nj_buf keys = {0};

    for (size_t i = 0; i < MANY; i++) {
        size_t at = keys.len;
        nj_buf_printf(&keys, "llm.input_messages.%zu.message.tool_call_id", i);
        attrs[i].key.len = keys.len - at;
        attrs[i].value = (struct nj_value){.type = NJ_VALUE_INT, .integer = (int64_t)i};
    }
    for (size_t i = 0, at = 0; i < MANY; at += attrs[i++].key.len)
        attrs[i].key.ptr = keys.ptr + at;
    struct nj_attr kind = {NJ_SLICE("openinference.span.kind"),
                           {.type = NJ_VALUE_STRING, .bytes = NJ_SLICE("LLM")}};
    attrs[MANY - 1] = kind;
    struct nj_span span = {.attrs = {.list = attrs, .len = MANY}};
    assert_true(facts_of(reader, &span).len < 64000);
    assert_int_equal(reader->row.kind, NJ_KIND_LLM);
    free(attrs);
    nj_buf_fini(&keys);
}

static void
prints_its_table_with_every_dialect(void **state)
{
    (void)state;
    bool has_rule = false, has_spelling = false, has_weight = false;

    for (size_t i = 0; i < nj_conventions_len(); i++) {
        struct nj_convention_info info = nj_conventions_get(i);
        assert_true(*info.dialect && *info.key && *info.concept);
        has_rule |= strcmp(info.key, "gen_ai.agent.name") == 0 &&
                    strcmp(info.concept, "agent (rule 1)") == 0;
        has_spelling |= strcmp(info.key, "chat_model") == 0 &&
                        strcmp(info.concept, "model call") == 0;
        has_weight |= strcmp(info.key, "sampler.param") == 0;
    }
    assert_true(has_rule && has_spelling && has_weight);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_ids_and_says_which_are_text),
        cmocka_unit_test(flags_times_that_were_not_recorded),
        cmocka_unit_test(keeps_a_tracestate_only_for_its_ot_member),
        cmocka_unit_test(keeps_links_and_what_they_mean),
        cmocka_unit_test(appends_facts_behind_those_of_other_spans),
        cmocka_unit_test(bounds_what_it_keeps_of_one_span),
        cmocka_unit_test(prints_its_table_with_every_dialect),
    };
    return cmocka_run_group_tests_name("conventions_span", tests, reader_open, reader_close);
}
