/* filling.h - random spans, and stores filled with them, for tests of everything that stores.
 */
#ifndef NJ_TESTS_FILLING_H
#define NJ_TESTS_FILLING_H

#include "store/encoder.h"
#include "store/store.h"
#include "store/writer.h"
#include "tests/test.h"

/* Every kind of value, text, time and id that a span can have; in `arena`. Its trace is one of
 * `traces_len`; the first attribute is "n" with the number `n`. */
struct nj_span filling_span(struct nj_arena *arena, uint64_t *seed, uint64_t n,
                            unsigned traces_len);
/* One of four scopes. */
struct nj_scope filling_scope(struct nj_arena *arena, uint64_t number);

/* Gives spans to a sink; as an importer would. */
typedef void filling_feed(struct nj_sink *sink, void *context);

/* Imports one input of this name (and 10 bytes) into the store; `digest` as in the ledger. */
void filling_import(struct nj_store *store, const char *path, filling_feed *feed,
                    void *context);
/* `len` random spans of this seed, 50 a trace. */
void filling_random(struct nj_sink *sink, void *seed_and_len);
struct filling_seed {
    uint64_t seed, len;
};

/* Fails the test where two spans differ in anything but their scope. */
void filling_expect_equal(const struct nj_span *got, const struct nj_span *want);

/* All rows of all tables of a store, as text: equal for equal content. Free with free(). */
char *filling_dump(const char *path);

#endif
