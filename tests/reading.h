/* reading.h - what the conventions make of a span, from text to text.
 *
 * A span is its name on the first line, then `key=text`, or `key:=12`, `:=0.5`, `:=true` for
 * other types, one a line. `!name 250` begins an event 250 ms after the start of the span; the
 * attributes below it are the event's. `status=error MESSAGE` sets the status. `^key=value` is
 * an attribute of the resource, `~key=value` of the scope. The span lasts one second.
 *
 * What was read is one line: kind, then whatever is not empty of `op agent(how) model provider
 * tool in cached write out reasoning`, flags, and the facts by name in the order written; a
 * hash is printed as the text behind it where the text is one word of the span. */
#ifndef NJ_TESTS_READING_H
#define NJ_TESTS_READING_H

#include "schema/conventions.h"
#include "tests/test.h"

enum { READING_START_MS = 1767225600 };
#define READING_START_NS ((int64_t)READING_START_MS * 1000000000)

enum reading_form {
    READING_AS_GIVEN,
    READING_NUMBERS_AS_TEXT,
    READING_NUMBERS_AS_DOUBLES,
};

/* Free with free(). Attributes are shuffled by `seed` where it is not 0. */
char *reading_of(const char *span, enum reading_form form, uint64_t seed);

struct reading_case {
    const char *span, *want;
};
/* Every case as given, shuffled, and with its numbers as text and as doubles. */
void reading_expect_all(const struct reading_case *cases, size_t len);

#endif
