/* notation.h - one span of the notation of build.h, read but not yet interned. */
#ifndef NJ_TESTS_NOTATION_H
#define NJ_TESTS_NOTATION_H

#include "base/arena.h"
#include "schema/row.h"

enum { TEST_TEXT_MAX = 96, TEST_ATTRS_MAX = 8 };

struct test_attrs {
    struct nj_attr list[TEST_ATTRS_MAX];
    size_t len;
};

struct test_span_note {
    struct nj_row row; /* all but what the texts below name */
    char name[TEST_TEXT_MAX], operation[TEST_TEXT_MAX], agent[TEST_TEXT_MAX];
    char model[TEST_TEXT_MAX], provider[TEST_TEXT_MAX], tool[TEST_TEXT_MAX];
    char service[TEST_TEXT_MAX], host[TEST_TEXT_MAX], library[TEST_TEXT_MAX];
    uint32_t granularity_ns;
    struct test_attrs *attrs; /* NULL: none */
    struct nj_buf facts;      /* while reading */
    const struct nj_trace_id *trace;
};

/* The next span of trace `self` from *at, which moves past it; false at the end. Facts and
 * attributes live in `arena`. A mistake fails the test. */
bool test_note_read(const char **at, struct test_span_note *out, const struct nj_trace_id *self,
                    struct nj_arena *arena);

#endif
