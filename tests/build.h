/* build.h - traces for tests out of a short notation, in memory, without a store.
 *
 *     planner[0,100] agent=planner; ask<planner[10,60] kind=llm model=m tokens=900+40
 *
 * A span is NAME, `<PARENT` where it has one, and [start,end] in milliseconds (fractions to the
 * nanosecond); `[5,]` has no end, `[,9]` no start. Spans end with `;` or a new line. Then
 * blanks and KEY=VALUE, where a value with blanks stands in 'quotes': name op agent model
 * provider tool          texts; name and op are NAME unless given how kind status otel
 * 'agent_name', 'llm', 'error', 'client', … service host lib grain                     resource
 * and scope; grain: the clock's, in ns tokens=IN+OUT  cached write reasoning      counts
 *   id=NAME                                    another span's id: a duplicate
 *   throws='TYPE: MESSAGE'                     status error, and an exception at the span's end
 *   link=SPAN  link=TRACE/SPAN  follows=SPAN   links; TRACE is the name given to test_add
 *   ERROR_TYPE=… STATUS_MESSAGE=… …            any fact of facts.def but LINK, once or more; an
 *                                              INT that is no number is the hash of its text
 *   @key=value                                 an attribute that the payload shows
 * and the words `pending` and `shared`. A name of up to 8 bytes is its own span id, so that ids
 * sort as names do; a longer one is hashed. A mistake in the notation ends the test. */
#ifndef NJ_TESTS_BUILD_H
#define NJ_TESTS_BUILD_H

#include "trees/tree.h"

struct test_corpus;

struct test_corpus *test_corpus_new(void);
void test_corpus_free(struct test_corpus *corpus);

/* One trace more; its number. `id`: any text, NULL for one of its own. */
uint64_t test_add(struct test_corpus *corpus, const char *id, const char *spans);
/* One of 1 to `spans_max` random spans, odd in every way that trees repair where `is_odd`. */
uint64_t test_add_random(struct test_corpus *corpus, uint64_t *seed, uint32_t spans_max,
                         bool is_odd);
/* A copy of trace `number` of another corpus, its rows in another order, its names with other
 * numbers. */
uint64_t test_add_shuffled(struct test_corpus *corpus, const struct test_corpus *from,
                           uint64_t number, uint64_t *seed);
/* Rows made by hand; names are of test_name, scopes of test_scope. Copied, their facts not;
 * `id` is not NULL. */
uint64_t test_add_rows(struct test_corpus *corpus, const char *id, const struct nj_row *rows,
                       uint32_t len);
uint32_t test_name(struct test_corpus *corpus, const char *text);
uint32_t test_scope(struct test_corpus *corpus, const char *service, const char *host,
                    uint32_t granularity_ns);

/* What nj_analyze and nj_tree_build take. Valid until the next trace is added. */
const struct nj_corpus *test_view(struct test_corpus *corpus);
struct nj_raw_trace test_raw(const struct test_corpus *corpus, uint64_t number);

/* Trace `number` as a tree; lives as long as the corpus. NULL: default options. */
const struct nj_trace *test_tree(struct test_corpus *corpus, uint64_t number,
                                 const struct nj_tree_options *options);
/* test_add and test_tree in one. */
const struct nj_trace *test_trace(struct test_corpus *corpus, const char *spans);

/* The index of the (first) span of this name. */
uint32_t test_span(const struct nj_trace *trace, const char *name);
/* The ids that the notation gives a span of this name; a trace's is nj_trace_id_of_text. */
uint64_t test_span_id(const char *name);
/* Everything that a trace says, as text: equal for equal traces. Free with free(). */
char *test_dump(const struct nj_trace *trace);

#endif
