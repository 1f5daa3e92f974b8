/* test_json.c - the JSON cursor accepts, refuses and reads what jansson does. */
#include "tests/random_json.h"

#include "base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

static struct nj_arena *arena;

static int
set_up(void **state)
{
    (void)state;
    arena = nj_arena_new(4096);
    return arena ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    nj_arena_free(arena);
    return 0;
}

static struct nj_json
json_of(const char *text)
{
    struct nj_json json;
    nj_json_init(&json, nj_slice_of(text), false, arena);
    return json;
}

/* The next value as jansson's tree; NULL after an error. */
static json_t *
tree_read(struct nj_json *json)
{
    struct nj_json_number number;
    struct nj_slice text;
    json_t *tree = NULL, *member;
    bool flag;

    switch (nj_json_peek(json)) {
    case NJ_JSON_INVALID:
        return NULL;
    case NJ_JSON_NULL:
        return nj_json_null(json) ? json_null() : NULL;
    case NJ_JSON_BOOL:
        return nj_json_bool(json, &flag) ? json_boolean(flag) : NULL;
    case NJ_JSON_NUMBER:
        if (!nj_json_number(json, &number))
            return NULL;
        assert_true(number.text.len > 0);
        /* jansson has no infinity */
        return number.is_integer       ? json_integer(number.integer)
               : isfinite(number.real) ? json_real(number.real)
                                       : json_null();
    case NJ_JSON_STRING:
        return nj_json_string(json, &text) ? json_stringn_nocheck(text.ptr, text.len) : NULL;
    case NJ_JSON_ARRAY:
        tree = json_array();
        for (bool go = nj_json_array(json); go && nj_json_array_next(json);)
            if (!(go = (member = tree_read(json)) != NULL) ||
                json_array_append_new(tree, member) != 0)
                break;
        break;
    case NJ_JSON_OBJECT:
        tree = json_object();
        for (bool go = nj_json_object(json); go && nj_json_object_next(json, &text);)
            if (!(go = (member = tree_read(json)) != NULL) ||
                json_object_setn_new_nocheck(tree, text.len ? text.ptr : "", text.len, member))
                break;
        break;
    }
    if (!json->error)
        return tree;
    json_decref(tree);
    return NULL;
}

static bool
is_beyond_the_oracle(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
}

static void
assert_like_jansson(struct nj_slice text)
{
    json_error_t error;
    json_t *theirs = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    struct nj_json json, skip;

    if (!theirs && is_beyond_the_oracle(&error))
        return;
    nj_json_init(&json, text, false, arena);
    json_t *ours = tree_read(&json);
    bool is_whole = ours && nj_json_at_end(&json);
    if ((is_whole && !json.has_bad_utf8) != (theirs != NULL) ||
        (theirs && !json_equal(ours, theirs)))
        fail_msg("we say %s, jansson says %s: %.*s", is_whole ? "good" : json.error,
                 theirs ? "good" : error.text, NJ_FMT(text));
    if (ours && !is_whole && !json.error)
        assert_true(json.at < json.end);
    if (!ours) {
        assert_non_null(json.error ? json.error : "nothing there");
        assert_true(json.at >= json.begin && json.at <= json.end);
    }
    nj_json_init(&skip, text, false, arena);
    assert_true((nj_json_skip(&skip) && nj_json_at_end(&skip)) == is_whole);
    json_decref(ours);
    json_decref(theirs);
}

/* A copy that ends where its memory ends, so that a sanitizer sees a read past it. */
static void
assert_tight_like_jansson(const struct nj_buf *text)
{
    char *tight = malloc(text->len + (text->len == 0));
    assert_non_null(tight);
    if (text->len)
        memcpy(tight, text->ptr, text->len);
    assert_like_jansson((struct nj_slice){tight, text->len});
    free(tight);
}

static void
reads_random_documents_as_jansson_does(void **state)
{
    uint64_t seed = 11;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct nj_buf text = {0};
        random_value(&text, &seed, 6);
        assert_tight_like_jansson(&text);
        nj_buf_fini(&text);
        nj_arena_reset(arena);
    }
}

static void
refuses_random_damage_as_jansson_does(void **state)
{
    uint64_t seed = 12;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct nj_buf text = {0};
        random_value(&text, &seed, 3);
        random_damage(&text, &seed);
        assert_tight_like_jansson(&text);
        nj_buf_fini(&text);
        nj_arena_reset(arena);
    }
}

static void
refuses_what_the_grammar_refuses(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "[",
        "]",
        "{",
        "}",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{,}",
        "{1:2}",
        "[1 2]",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "Infinity",
        "tru",
        "nul",
        "truely",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\t\"",
        "'a'",
        "[1]]",
        "{}{}",
        "// x\n1",
        "\xef\xbb\xbf{}",
        "\"\n\"",
        "-a",
        "--1",
        "[1}",
        "{\"a\":1]",
    };

    (void)state;
    for (size_t i = 0; i < NJ_LEN(bad); i++) {
        struct nj_json json = json_of(bad[i]);
        if (nj_json_skip(&json) && nj_json_at_end(&json))
            fail_msg("accepted: %s", bad[i]);
        assert_like_jansson(nj_slice_of(bad[i]));
    }
}

static void
refuses_a_nul_between_tokens(void **state)
{
    struct nj_json json;

    (void)state;
    nj_json_init(&json, NJ_SLICE("[1\0]"), false, arena);
    assert_false(nj_json_skip(&json));
    nj_json_init(&json, NJ_SLICE("1\0"), false, arena);
    assert_true(nj_json_skip(&json));
    assert_false(nj_json_at_end(&json));
}

static void
says_where_and_what_was_expected(void **state)
{
    struct nj_json json = json_of("{\"a\" : [1, 2, oops]}");
    struct nj_slice key;

    (void)state;
    assert_false(nj_json_skip(&json));
    assert_int_equal(json.at - json.begin, 14);
    assert_string_equal(json.error, "a value");
    assert_false(nj_json_object_next(&json, &key));
    assert_int_equal(nj_json_peek(&json), NJ_JSON_INVALID);
    assert_false(nj_json_at_end(&json));
    assert_string_equal(json.error, "a value");
}

static void
keeps_plain_strings_as_slices_of_the_text(void **state)
{
    const char *text = "[\"plain\", \"a\\nb\", \"c\\u0000d\"]";
    struct nj_json json = json_of(text);
    struct nj_slice got;

    (void)state;
    assert_true(nj_json_array(&json) && nj_json_array_next(&json));
    assert_true(nj_json_string(&json, &got));
    assert_ptr_equal(got.ptr, text + 2);
    assert_true(nj_json_array_next(&json) && nj_json_string(&json, &got));
    assert_slice_equal(got, "a\nb");
    assert_true(nj_json_array_next(&json) && nj_json_string(&json, &got));
    assert_int_equal(got.len, 3);
    assert_memory_equal(got.ptr, "c\0d", 3);
    assert_false(nj_json_array_next(&json));
    assert_true(nj_json_at_end(&json));
}

static void
keeps_bytes_that_are_not_utf8_and_says_so(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"\"a\xff\"", "a\xff"},
        {"\"\\n\xc0\xaf\"", "\n\xc0\xaf"},
        {"\"\\ud800x\"", "\xef\xbf\xbdx"},
        {"\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                               "A"},
    };
    struct nj_slice got;

    (void)state;
    for (size_t i = 0; i < NJ_LEN(cases); i++) {
        struct nj_json json = json_of(cases[i].text);
        assert_true(nj_json_string(&json, &got));
        assert_slice_equal(got, cases[i].want);
        assert_true(json.has_bad_utf8);
    }
}

static void
reads_integers_of_both_kinds_and_reals(void **state)
{
    struct nj_json_number n;
    struct nj_json json = json_of("18446744073709551615");

    (void)state;
    assert_true(nj_json_number(&json, &n));
    assert_true(n.is_integer && n.is_unsigned && (uint64_t)n.integer == UINT64_MAX);
    json = json_of("18446744073709551616");
    assert_true(nj_json_number(&json, &n));
    assert_true(!n.is_integer && n.real == 18446744073709551616.0);
    json = json_of("-9223372036854775809");
    assert_true(nj_json_number(&json, &n));
    assert_true(!n.is_integer && n.real == -9223372036854775808.0);
    json = json_of("0.1000000000000000055511151231257827021181583404541015625000000000000001");
    assert_true(nj_json_number(&json, &n));
    assert_true(!n.is_integer && n.real == 0.1);
}

static void
reads_reals_as_the_c_library_does(void **state)
{
    uint64_t seed = 17;
    char text[64];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct nj_json_number n;
        (void)snprintf(text, sizeof text, "%s%llu.%0*llu%s", random_below(&seed, 2) ? "-" : "",
                       (unsigned long long)(test_random(&seed) >> random_below(&seed, 64)),
                       (int)random_below(&seed, 15),
                       (unsigned long long)random_below(&seed, 1000),
                       random_below(&seed, 4) ? "" : "e-7");
        struct nj_json json = json_of(text);
        assert_true(nj_json_number(&json, &n));
        assert_true(!n.is_integer && n.real == strtod(text, NULL));
    }
}

static void
limits_nesting(void **state)
{
    char text[2 * NJ_JSON_DEPTH_MAX + 4];

    (void)state;
    for (size_t depth = NJ_JSON_DEPTH_MAX; depth <= NJ_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        struct nj_json json = json_of(text);
        assert_true(nj_json_skip(&json) == (depth == NJ_JSON_DEPTH_MAX));
    }
}

/* The text of the next value of a stream and of memory, and whether they end alike. */
static void
assert_walk_like_cursor(struct nj_slice text, size_t step)
{
    struct nj_stream *stream;
    struct nj_error err = {0};
    struct nj_json_walk walk;
    struct nj_json json;
    struct nj_slice taken, raw;

    nj_json_init(&json, text, false, arena);
    bool is_good = nj_json_raw(&json, &raw);
    const char *end = json.at;
    is_good = is_good && nj_json_at_end(&json);
    for (int is_take = 0; is_take < 2; is_take++) {
        assert_int_equal(nj_stream_open_memory(&stream, text, &err), NJ_OK);
        nj_stream_limit_step(stream, step);
        nj_json_walk_init(&walk, stream, &err);
        bool went =
            is_take ? nj_json_walk_take(&walk, text.len, &taken) : nj_json_walk_skip(&walk);
        if (is_take && is_good)
            assert_true(went && nj_slice_eq(taken, raw));
        if (went && is_good)
            assert_int_equal(nj_json_walk_offset(&walk), end - text.ptr);
        if (!is_take)
            assert_true((went && nj_json_walk_peek(&walk) == NJ_JSON_INVALID && !walk.error) ==
                        is_good);
        nj_stream_close(stream);
    }
}

static void
walks_what_the_cursor_reads(void **state)
{
    uint64_t seed = 13;

    (void)state;
    for (int i = 0; i < 6000; i++) {
        struct nj_buf text = {0};
        random_value(&text, &seed, 4);
        if (i % 2)
            random_damage(&text, &seed);
        assert_walk_like_cursor(nj_buf_slice(&text), 1 + random_below(&seed, text.len + 1));
        nj_buf_fini(&text);
        nj_arena_reset(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_random_documents_as_jansson_does),
        cmocka_unit_test(refuses_random_damage_as_jansson_does),
        cmocka_unit_test(refuses_what_the_grammar_refuses),
        cmocka_unit_test(refuses_a_nul_between_tokens),
        cmocka_unit_test(says_where_and_what_was_expected),
        cmocka_unit_test(keeps_plain_strings_as_slices_of_the_text),
        cmocka_unit_test(keeps_bytes_that_are_not_utf8_and_says_so),
        cmocka_unit_test(reads_integers_of_both_kinds_and_reals),
        cmocka_unit_test(reads_reals_as_the_c_library_does),
        cmocka_unit_test(limits_nesting),
        cmocka_unit_test(walks_what_the_cursor_reads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
