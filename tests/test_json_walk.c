/* test_json_walk.c - the walker sees in a stream what the cursor sees in memory, whatever the
 * size of the pieces. */
#include "tests/test.h"

#include "base/json.h"

static struct nj_stream *
stream_of(const char *text, size_t step)
{
    struct nj_stream *s;
    struct nj_error err = {0};

    assert_int_equal(nj_stream_open_memory(&s, nj_slice_of(text), &err), NJ_OK);
    nj_stream_limit_step(s, step);
    return s;
}

static const char document[] =
    "{\"resource\" : {\"n\\u0061me\":\"x\\\"]}\"}, \"list\":[1,-2.5e3 ,true,null,\"}\",[],{}],"
    "\n\t\"last\":\"end\"}  {\"second\":[[[1]]]}";

static void
takes_and_skips_in_windows_of_every_size(void **state)
{
    (void)state;
    for (size_t step = 1; step <= sizeof document; step++) {
        struct nj_stream *s = stream_of(document, step);
        struct nj_error err = {0};
        struct nj_json_walk w;
        struct nj_slice key, value;

        nj_json_walk_init(&w, s, &err);
        assert_int_equal(nj_json_walk_peek(&w), NJ_JSON_OBJECT);
        assert_true(nj_json_walk_object(&w));
        assert_true(nj_json_walk_object_next(&w, &key));
        assert_slice_equal(key, "resource");
        assert_true(nj_json_walk_object(&w));
        assert_true(nj_json_walk_object_next(&w, &key));
        assert_slice_equal(key, "name");
        assert_true(nj_json_walk_take(&w, 1000, &value));
        assert_slice_equal(value, "\"x\\\"]}\"");
        assert_false(nj_json_walk_object_next(&w, &key));
        assert_true(nj_json_walk_object_next(&w, &key));
        assert_true(nj_json_walk_array(&w));
        static const char *const members[] = {"1", "-2.5e3", "true", "null", "\"}\"", "[]"};
        for (size_t i = 0; i < NJ_LEN(members); i++) {
            assert_true(nj_json_walk_array_next(&w));
            assert_true(nj_json_walk_take(&w, 1000, &value));
            assert_slice_equal(value, members[i]);
        }
        assert_true(nj_json_walk_array_next(&w));
        assert_true(nj_json_walk_skip(&w));
        assert_false(nj_json_walk_array_next(&w));
        assert_true(nj_json_walk_object_next(&w, &key));
        assert_slice_equal(key, "last");
        assert_true(nj_json_walk_skip(&w));
        assert_false(nj_json_walk_object_next(&w, &key));
        assert_null(w.error);
        assert_true(nj_json_walk_take(&w, 1000, &value));
        assert_slice_equal(value, "{\"second\":[[[1]]]}");
        assert_int_equal(nj_json_walk_peek(&w), NJ_JSON_INVALID);
        assert_null(w.error);
        assert_int_equal(nj_json_walk_offset(&w), sizeof document - 1);
        nj_stream_close(s);
    }
}

static void
gives_up_on_a_value_that_is_too_long_and_may_still_enter_it(void **state)
{
    struct nj_stream *s = stream_of("[[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",7]]", 5);
    struct nj_error err = {0};
    struct nj_json_walk w;
    struct nj_slice value;

    (void)state;
    nj_json_walk_init(&w, s, &err);
    assert_true(nj_json_walk_array(&w));
    assert_true(nj_json_walk_array_next(&w));
    assert_false(nj_json_walk_take(&w, 10, &value));
    assert_true(w.is_too_long);
    assert_null(w.error);
    assert_true(nj_json_walk_array(&w));
    assert_true(nj_json_walk_array_next(&w));
    assert_true(nj_json_walk_skip(&w));
    assert_true(nj_json_walk_array_next(&w));
    assert_true(nj_json_walk_take(&w, 10, &value));
    assert_slice_equal(value, "7");
    assert_false(nj_json_walk_array_next(&w));
    assert_false(nj_json_walk_array_next(&w));
    assert_null(w.error);
    nj_stream_close(s);
}

static void
says_where_and_what_was_expected(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{\"a\":[1,2}", "here: byte 9: expected a comma or ]"},
        {"{\"a\" 1}", "here: byte 5: expected a colon"},
        {"{\"a\":tru}", "here: byte 5: expected true or false"},
        {"{\"a\":\"\\q\"}", "here: byte 7: expected an escape such as \\n or \\u0041"},
        {"{\"a\":01}", "here: byte 5: expected a number"},
        {"{\"a\":", "here: byte 5: expected a value"},
        {"{a:1}", "here: byte 1: expected a key in quotes"},
    };

    (void)state;
    for (size_t i = 0; i < NJ_LEN(cases); i++) {
        struct nj_stream *s = stream_of(cases[i].text, 3);
        struct nj_error err = {0};
        struct nj_json_walk w;
        nj_json_walk_init(&w, s, &err);
        assert_false(nj_json_walk_skip(&w));
        assert_int_equal(nj_json_walk_fail(&w, "here"), NJ_EFORMAT);
        assert_string_equal(err.causes[0], cases[i].message);
        nj_stream_close(s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_and_skips_in_windows_of_every_size),
        cmocka_unit_test(gives_up_on_a_value_that_is_too_long_and_may_still_enter_it),
        cmocka_unit_test(says_where_and_what_was_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
