/* test_template.c - messages with their variable parts masked. */
#include "base/template.h"
#include "tests/test.h"

#include <stdio.h>

static struct nj_slice
made(const char *message)
{
    static char text[NJ_TEMPLATE_OUT];
    return (struct nj_slice){text, nj_template_make(text, nj_slice_of(message))};
}

static void
masks_each_kind_of_variable_part(void **unused)
{
    (void)unused;
    static const char *const cases[][2] = {
        {"see https://a.example/x?y=1, please", "see <url>, please"},
        {"sent to jo.doe+x@mail.example.org.", "sent to <mail>."},
        {"row 0f8fad5b-d9cb-469f-a165-70867728950e gone", "row <uuid> gone"},
        {"at 2026-11-23T14:32:00.123Z and 2026-11-23 and 07:15:09", "at <time> and <time> and "
                                                                    "<time>"},
        {"field 'table' and \"a b\" and `x`", "field <text> and <text> and <text>"},
        {"body {\"a\": {\"b\": 1}} end", "body <object> end"},
        {"codes [1, 2] left", "codes <list> left"},
        {"cannot open /srv/in/plan.csv: gone", "cannot open <path>: gone"},
        {"C:\\temp\\x.txt and ~/notes and ../up", "<path> and <path> and <path>"},
        {"10.1.2.3:5432 refused", "<ip> refused"},
        {"hash 0xDEADBEEF or 7f3a99bc01", "hash <hex> or <hex>"},
        {"request req_916bfe37e665 failed", "request <id> failed"},
        {"batch 77fa of 5xx in 10ms", "batch <id> of <n>xx in <n>ms"},
        {"took 5000 ms, 1,250 rows, -3.5e-7", "took <n> ms, <n> rows, <n>"},
        {"a  b\t c ", "a b c"},
        {"first line 1\nsecond line", "first line <n>"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_slice_equal(made(cases[i][0]), cases[i][1]);
}

static void
leaves_apostrophes_inside_words(void **unused)
{
    (void)unused;
    assert_slice_equal(made("the model's limit, don't ask"), "the model's limit, don't ask");
}

static void
keeps_words_in_brackets(void **unused)
{
    (void)unused;
    assert_slice_equal(made("[get route][failed] for [7]"), "[get route][failed] for <list>");
}

static void
takes_a_sign_only_at_the_beginning_of_a_word(void **unused)
{
    (void)unused;
    assert_slice_equal(made("org-123 at -5"), "org-<n> at <n>");
    assert_slice_equal(made("org-1a2b at 5"), "org-<id> at <n>");
}

static void
gives_a_quotation_that_was_cut_the_rest(void **unused)
{
    (void)unused;
    assert_slice_equal(made("nothing found for 'shell beads of"), "nothing found for <text>");
    assert_slice_equal(made("with {\"a\": 1, \"b"), "with <object>");
}

static void
reads_on_behind_code_of_several_lines(void **unused)
{
    (void)unused;
    assert_slice_equal(made("failed at 'x = f(\n  1)' due to: NameError\nmore"),
                       "failed at <text> due to: NameError");
}

static void
is_the_same_when_made_again_from_itself(void **unused)
{
    (void)unused;
    char once[NJ_TEMPLATE_OUT], twice[NJ_TEMPLATE_OUT], message[200];
    static const char letters[] = "ab 0 1.-:/'[]{}@_x\"\xc3\xa9\n,=";
    uint64_t seed = 11;

    for (int round = 0; round < 5000; round++) {
        size_t len = test_random(&seed) % sizeof message;
        for (size_t i = 0; i < len; i++)
            message[i] = letters[test_random(&seed) % (sizeof letters - 1)];
        size_t n = nj_template_make(once, (struct nj_slice){message, len});
        assert_true(n <= NJ_TEMPLATE_OUT);
        assert_int_equal(nj_template_make(twice, (struct nj_slice){message, len}), n);
        assert_memory_equal(once, twice, n);
        for (size_t i = 0; i < n; i++)
            assert_false(once[i] >= '0' && once[i] <= '9');
    }
}

static void
never_writes_past_its_limit_or_half_a_character(void **unused)
{
    (void)unused;
    char message[700], out[NJ_TEMPLATE_OUT];

    for (size_t i = 0; i + 1 < sizeof message; i += 2)
        memcpy(message + i, "\xc3\xa9", 2);
    message[0] = 'a';
    message[1] = ' ';
    memmove(message + 1, message + 2, sizeof message - 2);
    assert_int_equal(nj_template_make(out, (struct nj_slice){message, sizeof message - 1}),
                     NJ_TEMPLATE_OUT - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_each_kind_of_variable_part),
        cmocka_unit_test(leaves_apostrophes_inside_words),
        cmocka_unit_test(keeps_words_in_brackets),
        cmocka_unit_test(takes_a_sign_only_at_the_beginning_of_a_word),
        cmocka_unit_test(gives_a_quotation_that_was_cut_the_rest),
        cmocka_unit_test(reads_on_behind_code_of_several_lines),
        cmocka_unit_test(is_the_same_when_made_again_from_itself),
        cmocka_unit_test(never_writes_past_its_limit_or_half_a_character),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
