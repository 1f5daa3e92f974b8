/* test_json_flatten.c - nested attributes made flat. */
#include "importers/json_flatten.h"
#include "schema/value_json.h"
#include "tests/test.h"

#include <stdio.h>

/* "key=value key=value" of what was read; "!" at the end where the JSON was damaged. */
static void
expect(const char *text, const char *want)
{
    static const char *const whole[] = {"metadata", "tool.parameters", NULL};
    struct nj_arena *arena = nj_arena_new(4096);
    struct nj_attr_list attrs = {0};
    struct nj_buf out = {0};
    struct nj_jsonw w;
    struct nj_json json;

    nj_json_init(&json, nj_slice_of(text), false, arena);
    bool is_good = nj_json_flatten(&json, whole, &attrs);
    for (size_t i = 0; i < attrs.len; i++) {
        nj_buf_printf(&out, "%s%.*s=", i ? " " : "", NJ_FMT(attrs.list[i].key));
        w = nj_jsonw_of(&out);
        nj_value_json(&w, &attrs.list[i].value);
    }
    nj_buf_put_text(&out, is_good ? "" : "!");
    assert_slice_equal(nj_buf_slice(&out), want);
    nj_buf_fini(&out);
    nj_attr_list_fini(&attrs);
    nj_arena_free(arena);
}

static void
joins_the_names_that_lead_to_a_value(void **unused)
{
    (void)unused;
    expect("{}", "");
    expect("{\"a\":1}", "a=1");
    expect("{\"a\":{\"b\":{\"c\":\"x\"},\"d\":true},\"e\":0.5}", "a.b.c=\"x\" a.d=true e=0.5");
    expect("{\"m\":[{\"r\":1},{\"r\":2,\"s\":{\"t\":3}}]}", "m.0.r=1 m.1.r=2 m.1.s.t=3");
    expect("{\"v\":[1,2],\"w\":[],\"n\":null,\"o\":{},\"p\":[[{\"a\":1}]]}",
           "v=[1,2] w=[] o={} p=[[{\"a\":1}]]");
    expect("{\"m\":[{\"a\":1},5,{\"b\":2}]}", "m.0.a=1 m.1=5 m.2.b=2");
}

static void
leaves_what_was_text_as_text(void **unused)
{
    (void)unused;
    expect("{\"metadata\":{\"a\":1},\"x\":{\"metadata\":[1]},\"xmetadata\":{\"a\":1}}",
           "metadata=\"{\\\"a\\\":1}\" x.metadata=\"[1]\" xmetadata.a=1");
    expect("{\"tool\":{\"parameters\":{\"q\":2}}}", "tool.parameters=\"{\\\"q\\\":2}\"");
    expect("{\"metadata\":5}", "metadata=5");
}

static void
keeps_what_came_before_damage(void **unused)
{
    (void)unused;
    expect("{\"a\":{\"b\":1,\"c\":", "a.b=1!");
    expect("[1]", "!");
    expect("{\"a\":1,}", "a=1!");
}

static void
does_not_recurse(void **unused)
{
    enum { DEPTH = 400 };
    struct nj_arena *arena = nj_arena_new(4096);
    static const char *const whole[] = {NULL};
    struct nj_attr_list attrs = {0};
    struct nj_buf text = {0};
    struct nj_json json;

    (void)unused;
    for (int i = 0; i < DEPTH; i++)
        nj_buf_put_text(&text, "{\"a\":");
    nj_buf_put_text(&text, "1");
    for (int i = 0; i < DEPTH; i++)
        nj_buf_put_char(&text, '}');
    nj_json_init(&json, nj_buf_slice(&text), false, arena);
    assert_true(nj_json_flatten(&json, whole, &attrs));
    assert_int_equal(attrs.len, 1);
    assert_int_equal(attrs.list[0].key.len, 2 * 32 - 1);
    nj_attr_list_fini(&attrs);
    nj_buf_fini(&text);
    nj_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_the_names_that_lead_to_a_value),
        cmocka_unit_test(leaves_what_was_text_as_text),
        cmocka_unit_test(keeps_what_came_before_damage),
        cmocka_unit_test(does_not_recurse),
    };
    return cmocka_run_group_tests_name("json_flatten", tests, NULL, NULL);
}
