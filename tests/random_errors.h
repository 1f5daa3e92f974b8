/* random_errors.h - random traces full of errors, in the notation of build.h. */
#ifndef NJ_TESTS_RANDOM_ERRORS_H
#define NJ_TESTS_RANDOM_ERRORS_H

#include "tests/test.h"

#include <stdio.h>
#include <string.h>

enum { TEST_ERRORS_SPANS_MAX = 40, TEST_ERRORS_TEXT = 24000 };

/* How a trace is written down; what is in it depends on the seed alone. */
struct test_errors_style {
    char prefix;      /* of names, and so of ids */
    int64_t shift_ms; /* added to every time */
    bool
        has_clean_child; /* a child of length 0 and without errors, before the others of each */
    bool has_no_evidence; /* statuses, exceptions and results left out */
};

struct test_errors_writer {
    char *at, *end;
};

static void test_errors_put(struct test_errors_writer *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
test_errors_put(struct test_errors_writer *w, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(w->at, (size_t)(w->end - w->at), fmt, args);
    va_end(args);
    assert_true(len >= 0 && len < w->end - w->at);
    w->at += len;
}

static void
test_errors_evidence(struct test_errors_writer *w, uint64_t pick, int64_t end_ms)
{
    static const char *const types[] = {
        "TimeoutError",   "ValidationError", "StepError",      "Exception",
        "app.LimitError", "CancelledError",  "GraphInterrupt", "AgentExecutionError"};
    static const char *const texts[] = {"no answer from index 7 in 30 s",
                                        "field \"price\" is required",
                                        "step failed",
                                        "agent gave up: no answer from index 7 in 30 s",
                                        "quota of 900 used up by 77fa",
                                        "",
                                        "stop",
                                        "run: no answer from index 9 in 31 s"};
    const char *type = types[pick % 8], *text = texts[pick / 8 % 8];

    switch (pick / 64 % 12) {
    case 0:
    case 1:
    case 2:
    case 3:
        test_errors_put(w, " throws='%s: %s'", type, text);
        break;
    case 4:
    case 5:
        test_errors_put(w, " status=error STATUS_MESSAGE='%s: %s'", type, text);
        break;
    case 6:
        test_errors_put(w, " status=error");
        break;
    case 7:
        test_errors_put(w,
                        " EXCEPTION_TIME=%lld000000 EXCEPTION_TYPE=%s EXCEPTION_MESSAGE='%s'",
                        (long long)end_ms, type, text);
        break;
    case 8:
        test_errors_put(w, " TOOL_FAILED=1 TOOL_FAILED_TEXT='%s'", text);
        break;
    case 9:
        test_errors_put(w, " EVALUATION_LABEL=fail");
        break;
    case 10:
        test_errors_put(w, " HTTP_STATUS=%d", 399 + (int)(pick / 768 % 3) * 101);
        break;
    default:
        test_errors_put(w, " FINISH_REASON=refusal");
        break;
    }
}

/* One span after the other; parents are drawn from those before, so that trees grow deep, and
 * sometimes from nowhere. Times mostly lie within the parent's, one after the other. */
static void
test_errors_write(char *out, size_t size, uint64_t seed, const struct test_errors_style *style)
{
    static const char *const kinds[] = {"agent", "llm", "tool", "chain", "other", "tool"};
    struct test_errors_writer w = {out, out + size};
    int64_t start[TEST_ERRORS_SPANS_MAX], end[TEST_ERRORS_SPANS_MAX];
    int64_t next[TEST_ERRORS_SPANS_MAX];
    unsigned len = 1 + (unsigned)(test_random(&seed) % TEST_ERRORS_SPANS_MAX);

    for (unsigned i = 0; i < len; i++) {
        uint64_t r = test_random(&seed), evidence = test_random(&seed);
        unsigned parent = i ? (unsigned)(r % i) : 0;
        bool is_root = i == 0 || r / 64 % 31 == 0, is_orphan = !is_root && r / 2048 % 23 == 0;
        parent = i > 3 && r / 131072 % 2 ? i - 1 - (unsigned)(r % 3) : parent;
        start[i] = i == 0 ? 2 : next[parent] + (int64_t)(r >> 20 & 7);
        end[i] = i == 0 ? 4000 : start[i] + (int64_t)((r >> 24) % 400);
        if (i > 0 && !is_root && end[i] > end[parent] && r >> 40 & 7)
            end[i] = end[parent] > start[i] ? end[parent] - 1 : start[i];
        if (end[i] < start[i])
            end[i] = start[i];
        next[i] = start[i] + 1;
        if (i > 0 && r >> 43 & 3)
            next[parent] = end[i] + 1; /* else the next sibling runs beside this one */
        test_errors_put(&w, "%c%02u", style->prefix, i);
        if (!is_root)
            test_errors_put(&w, "<%c%02u", is_orphan ? style->prefix + 1 : style->prefix,
                            parent);
        test_errors_put(&w, "[%lld,%lld] kind=%s op=%s%d",
                        (long long)(start[i] + style->shift_ms),
                        (long long)(end[i] + style->shift_ms), kinds[r >> 45 & 3],
                        r >> 47 & 3 ? "work" : "step", (int)(r >> 49 & 1));
        if (r >> 50 & 1)
            test_errors_put(&w, " otel=%s", r >> 51 & 1 ? "client" : "server");
        if (i > 0 && (r >> 52 & 7) == 0)
            test_errors_put(&w, " link=%c%02u", style->prefix, (unsigned)(evidence % i));
        if ((r >> 55 & 7) == 0)
            test_errors_put(&w, " %s=%d", r >> 58 & 1 ? "INPUT_HASH" : "OUTPUT_HASH",
                            (int)(r >> 59 & 1));
        if ((r >> 60 & 7) == 0)
            test_errors_put(&w, " RETRY_COUNT=1");
        if (!style->has_no_evidence && evidence >> 40 & 1)
            test_errors_evidence(&w, evidence, end[i] + style->shift_ms);
        else if (evidence >> 41 & 1)
            test_errors_put(&w, " status=ok");
        test_errors_put(&w, "\n");
        if (style->has_clean_child)
            test_errors_put(&w, "%c%02uc<%c%02u[%lld,%lld] kind=other op=clean\n",
                            style->prefix, i, style->prefix, i,
                            (long long)(start[i] + style->shift_ms),
                            (long long)(start[i] + style->shift_ms));
    }
}

#endif
