/* facts.h - the compact list of facts that travels with a stored span (floor 1).
 *
 * A fact is one varint (number of the fact), then by type: TEXT and BYTES a varint length and
 * the bytes, INT a zigzag varint, REAL eight bytes little endian. Order is the order written.
 */
#ifndef NJ_SCHEMA_FACTS_H
#define NJ_SCHEMA_FACTS_H

#include "base/buf.h"
#include "schema/ids.h"

enum nj_fact {
#define NJ_FACT(symbol, type, meaning) NJ_FACT_##symbol,
#include "schema/facts.def"
#undef NJ_FACT
    NJ_FACTS_LEN
};

enum nj_fact_type { NJ_FACT_IS_TEXT, NJ_FACT_IS_INT, NJ_FACT_IS_REAL, NJ_FACT_IS_BYTES };
enum nj_fact_type nj_fact_type(enum nj_fact fact);

void nj_fact_put_text(struct nj_buf *buf, enum nj_fact fact, struct nj_slice text);
void nj_fact_put_int(struct nj_buf *buf, enum nj_fact fact, int64_t value);
void nj_fact_put_real(struct nj_buf *buf, enum nj_fact fact, double value);

/* What a LINK says. */
struct nj_fact_link {
    struct nj_trace_id trace_id;
    uint64_t span_id;
    bool is_follows_from;
};
void nj_fact_put_link(struct nj_buf *buf, const struct nj_fact_link *link);

/* A cursor over the facts of one span; borrows the bytes. */
struct nj_fact_cursor {
    const uint8_t *at, *end;
    enum nj_fact fact;     /* of the fact just read */
    struct nj_slice bytes; /* TEXT, BYTES */
    int64_t integer;       /* INT */
    double real;           /* REAL */
};
struct nj_fact_cursor nj_facts_open(struct nj_slice facts);
/* false at the end, or where the bytes are not whole. */
bool nj_facts_next(struct nj_fact_cursor *cursor);
/* Facts as a set: bit NJ_FACT_BIT(X) for each kind that is in the list. */
#define NJ_FACT_BIT(symbol) (UINT64_C(1) << NJ_FACT_##symbol)
_Static_assert(NJ_FACTS_LEN <= 64, "a set of facts is one word");
uint64_t nj_facts_set(struct nj_slice facts);
/* The first fact of this kind; false if there is none. */
bool nj_facts_find(struct nj_slice facts, enum nj_fact fact, struct nj_fact_cursor *out);

/* The fact just read as a link; false if it is none. */
bool nj_fact_link(const struct nj_fact_cursor *cursor, struct nj_fact_link *out);

#endif
