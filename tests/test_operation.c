/* test_operation.c - names without run ids. */
#include "schema/operation.h"
#include "tests/test.h"

#include <stdio.h>

static void
expect(const char *name, const char *model, const char *want)
{
    struct nj_buf out = {0};
    bool has_masked = nj_operation_write(&out, nj_slice_of(name), nj_slice_of(model));

    assert_slice_equal(nj_buf_slice(&out), want);
    assert_int_equal(has_masked, strcmp(name, want) != 0);
    nj_buf_fini(&out);
}

static void
masks_ids_and_numbers_that_change_from_run_to_run(void **unused)
{
    (void)unused;
    expect("Step 7", "", "Step #");
    expect("step-7", "", "step-#");
    expect("(run 12)", "", "(run #)");
    expect("GET /users/123/orders/7", "", "GET /users/#/orders/#");
    expect("agent.f9f77d1a-8b9f-5c60-8a61-ba5a3bfdb108", "", "agent.#");
    expect("invoke_agent 8251550b-8b9f-5c60-8a61-ba5a3bfdb108", "", "invoke_agent #");
    expect("run 4bf92f3577b34da6", "", "run #");
    expect("call_Zx8k2bQ0aKJd81mN", "", "call_#");
    expect("report 2026-11-23T14:32:00Z", "", "report #");
    expect("report 2026-11-23", "", "report #");
    expect("took 1,204.5 units", "", "took # units");
    expect("at 0xdeadbeef", "", "at #");
    expect("task_3", "", "task_#");
}

static void
keeps_digits_that_belong_to_a_name(void **unused)
{
    (void)unused;
    expect("chat gpt-4o-mini", "", "chat gpt-4o-mini");
    expect("chat gpt-4", "", "chat gpt-4");
    expect("chat claude-3-5-sonnet", "", "chat claude-3-5-sonnet");
    expect("chat gpt-3.5-turbo", "", "chat gpt-3.5-turbo");
    expect("s3.put v2 http2", "", "s3.put v2 http2");
    expect("chat claude-3-5-sonnet-20241022", "claude-3-5-sonnet-20241022",
           "chat claude-3-5-sonnet-20241022");
    expect("chat Llama 3.1 8B 17", "Llama 3.1 8B", "chat Llama 3.1 8B #");
    expect("deadbeef", "", "deadbeef");
    expect("", "gpt-4", "");
}

static void
tells_ids_from_names(void **unused)
{
    (void)unused;
    assert_true(nj_text_is_id(NJ_SLICE("8251550b-8b9f-5c60-8a61-ba5a3bfdb108")));
    assert_true(nj_text_is_id(NJ_SLICE("agent_8251550b8b9f5c60")));
    assert_true(nj_text_is_id(NJ_SLICE("agent.f9f77d1a-8b9f-5c60-8a61-ba5a3bfdb108")));
    assert_true(nj_text_is_id(NJ_SLICE("llm_3fa9c1")));
    assert_true(nj_text_is_id(NJ_SLICE("4711")));
    assert_false(nj_text_is_id(NJ_SLICE("agent_1")));
    assert_false(nj_text_is_id(NJ_SLICE("Billing")));
    assert_false(nj_text_is_id(NJ_SLICE("hotel_researcher")));
    assert_false(nj_text_is_id(NJ_SLICE("Senior Researcher\n")));
    assert_false(nj_text_is_id(NJ_SLICE("")));
}

/* Whatever stands in a name: nothing longer comes out, and names that differ in one number
 * alone become one. */
static void
groups_names_that_differ_in_a_number_alone(void **unused)
{
    (void)unused;
    static const char letters[] = "abx .-_:/f#()\xc3\xa4";
    uint64_t state = 7;

    for (int round = 0; round < 5000; round++) {
        char name[2][64];
        int len = (int)(test_random(&state) % 20), number = (int)(test_random(&state) % 100000);
        char around[20];
        for (int i = 0; i < len; i++)
            around[i] = letters[test_random(&state) % (sizeof letters - 1)];
        struct nj_buf out[2] = {{0}, {0}};
        for (int k = 0; k < 2; k++) {
            int n = snprintf(name[k], sizeof name[k], "%.*s %d %.*s", len, around, number + k,
                             len, around);
            struct nj_slice text = {name[k], (size_t)n};
            assert_true(nj_operation_write(&out[k], text, (struct nj_slice){0}));
            assert_true(out[k].len <= text.len);
        }
        assert_int_equal(out[0].len, out[1].len);
        assert_memory_equal(out[0].ptr, out[1].ptr, out[0].len);
        nj_buf_fini(&out[0]);
        nj_buf_fini(&out[1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_ids_and_numbers_that_change_from_run_to_run),
        cmocka_unit_test(keeps_digits_that_belong_to_a_name),
        cmocka_unit_test(tells_ids_from_names),
        cmocka_unit_test(groups_names_that_differ_in_a_number_alone),
    };
    return cmocka_run_group_tests_name("operation", tests, NULL, NULL);
}
