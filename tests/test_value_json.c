/* test_value_json.c - attribute values as JSON. */
#include "schema/value_json.h"
#include "tests/test.h"

#include <math.h>

static struct nj_value
text(const char *t)
{
    return (struct nj_value){.type = NJ_VALUE_STRING, .bytes = nj_slice_of(t)};
}

static void
expect(const struct nj_value *value, const char *want)
{
    struct nj_buf out = {0};
    struct nj_jsonw w = nj_jsonw_of(&out);

    nj_value_json(&w, value);
    assert_slice_equal(nj_buf_slice(&out), want);
    nj_buf_fini(&out);
}

static void
writes_every_type(void **unused)
{
    (void)unused;
    struct nj_value values[] = {
        text("a\"b"),
        {.type = NJ_VALUE_INT, .integer = -5},
        {.type = NJ_VALUE_DOUBLE, .real = 0.5},
        {.type = NJ_VALUE_DOUBLE, .real = NAN},
        {.type = NJ_VALUE_BOOL, .boolean = true},
        {.type = NJ_VALUE_NULL},
        {.type = NJ_VALUE_BYTES, .bytes = NJ_SLICE("abc")},
    };
    static const char *const want[] = {"\"a\\\"b\"", "-5",   "0.5",     "null",
                                       "true",       "null", "\"YWJj\""};
    struct nj_buf elements = {0}, pairs = {0};

    for (size_t i = 0; i < NJ_LEN(values); i++) {
        expect(&values[i], want[i]);
        nj_value_write(&elements, &values[i]);
    }
    struct nj_value array = {.type = NJ_VALUE_ARRAY, .bytes = nj_buf_slice(&elements)};
    expect(&array, "[\"a\\\"b\",-5,0.5,null,true,null,\"YWJj\"]");
    struct nj_attr inner[] = {{NJ_SLICE("list"), array}, {NJ_SLICE("n"), values[1]}};
    nj_pair_write(&pairs, &inner[0]);
    nj_pair_write(&pairs, &inner[1]);
    struct nj_value map = {.type = NJ_VALUE_MAP, .bytes = nj_buf_slice(&pairs)};
    expect(&map, "{\"list\":[\"a\\\"b\",-5,0.5,null,true,null,\"YWJj\"],\"n\":-5}");
    struct nj_value empty = {.type = NJ_VALUE_MAP, .bytes = {NULL, 0}};
    expect(&empty, "{}");
    nj_buf_fini(&elements);
    nj_buf_fini(&pairs);
}

static void
stops_at_the_limit_of_nesting(void **unused)
{
    (void)unused;
    struct nj_buf levels[2] = {{0}, {0}}, want = {0};
    struct nj_value value = {.type = NJ_VALUE_ARRAY, .bytes = {NULL, 0}};

    for (int i = 0; i < NJ_VALUE_DEPTH_MAX; i++) {
        struct nj_buf *out = &levels[i % 2];
        out->len = 0;
        nj_value_write(out, &value);
        value.bytes = nj_buf_slice(out);
    }
    for (int i = 0; i < NJ_VALUE_DEPTH_MAX; i++)
        nj_buf_put_char(&want, '[');
    nj_buf_put_text(&want, "null");
    for (int i = 0; i < NJ_VALUE_DEPTH_MAX; i++)
        nj_buf_put_char(&want, ']');
    nj_buf_put_char(&want, '\0');
    expect(&value, want.ptr);
    nj_buf_fini(&levels[0]);
    nj_buf_fini(&levels[1]);
    nj_buf_fini(&want);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_every_type),
        cmocka_unit_test(stops_at_the_limit_of_nesting),
    };
    return cmocka_run_group_tests_name("value_json", tests, NULL, NULL);
}
