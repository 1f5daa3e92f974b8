/* errors_text.h - the errors of a trace as short text, for tests to compare.
 *
 *     "tool surfaced A leaf; b absorbed at A retry A leaf (=c,d) (inferred llm) | tool>A up A"
 *
 * Origins in their order, then edges by the names of their ends; spans by their names. */
#ifndef NJ_TESTS_ERRORS_TEXT_H
#define NJ_TESTS_ERRORS_TEXT_H

#include "analyzers/errors_graph.h"
#include "tests/build.h"
#include "tests/test.h"

#include <stdio.h>

enum { TEST_EDGE_TEXT = 200 };

struct test_text {
    char *at;
    size_t room;
};

static void test_text_put(struct test_text *t, const char *fmt, ...) NJ_PRINTF(2, 3);

static void
test_text_put(struct test_text *t, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(t->at, t->room, fmt, args);
    va_end(args);
    assert_true(len >= 0 && (size_t)len < t->room);
    t->at += len;
    t->room -= (size_t)len;
}

static const char *
test_span_name(const struct nj_errors *e, uint32_t span)
{
    return span == NJ_NO_SPAN ? "none"
                              : nj_names_get(e->trace->corpus->names, e->trace->name[span]).ptr;
}

static const char *
test_node_name(const struct nj_errors *e, uint32_t node)
{
    return test_span_name(e, e->nodes[node].span);
}

static void
test_origin_put(struct test_text *t, const struct nj_errors *e,
                const struct nj_error_origin *origin)
{
    const struct nj_error_node *node = &e->nodes[origin->node];
    const char *how = nj_error_how_name(origin->how);

    test_text_put(t, "%s %s", test_span_name(e, node->span),
                  nj_error_state_name(origin->state));
    if (how)
        test_text_put(t, " at %s %s", test_span_name(e, e->nodes[node->terminal].absorbed_at),
                      how);
    test_text_put(t, " %s %s", nj_conf_name(origin->conf), nj_error_kind_name(e, origin->node));
    for (uint32_t k = 0; k < origin->equivalents_len; k++)
        test_text_put(t, "%s%s", k ? "," : " (=",
                      test_node_name(e, e->equivalents[origin->equivalents_at + k]));
    if (origin->equivalents_len > 0)
        test_text_put(t, ")");
    if (node->suspect != NJ_NO_SPAN)
        test_text_put(t, " (%s %s)", node->is_suspect_recorded ? "recorded" : "inferred",
                      test_span_name(e, node->suspect));
}

static int
test_edge_cmp(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void
test_errors_text(char *out, size_t size, const struct nj_errors *e)
{
    struct test_text t = {out, size};
    char(*edges)[TEST_EDGE_TEXT] = calloc(e->edges_len + 1, sizeof *edges);

    assert_non_null(edges);
    for (uint32_t k = 0; k < e->origins_len; k++) {
        test_text_put(&t, "%s", k ? "; " : "");
        test_origin_put(&t, e, &e->origins[k]);
    }
    for (uint32_t k = 0; k < e->edges_len; k++) {
        const struct nj_error_edge *edge = &e->edges[k];
        (void)snprintf(edges[k], sizeof edges[k], "%s>%s %s %s", test_node_name(e, edge->from),
                       test_node_name(e, edge->to),
                       nj_edge_type_name((enum nj_edge_type)edge->type),
                       nj_conf_name((enum nj_conf)edge->conf));
    }
    qsort(edges, e->edges_len, sizeof *edges, test_edge_cmp);
    test_text_put(&t, " |");
    for (uint32_t k = 0; k < e->edges_len; k++)
        test_text_put(&t, "%s %s", k ? "," : "", edges[k]);
    free(edges);
}

#endif
