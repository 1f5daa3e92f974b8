/* facts.c - the compact list of facts that travels with a stored span. */
#include "schema/facts.h"

enum { LINK_BYTES = NJ_TRACE_ID_BYTES + 8 + 1 };

static const uint8_t types[NJ_FACTS_LEN] = {
#define NJ_FACT(symbol, type, meaning) NJ_FACT_IS_##type,
#include "schema/facts.def"
#undef NJ_FACT
};

enum nj_fact_type
nj_fact_type(enum nj_fact fact)
{
    return (enum nj_fact_type)types[fact];
}

void
nj_fact_put_text(struct nj_buf *buf, enum nj_fact fact, struct nj_slice text)
{
    nj_buf_put_varint(buf, fact);
    nj_buf_put_varint(buf, text.len);
    nj_buf_put_slice(buf, text);
}

void
nj_fact_put_int(struct nj_buf *buf, enum nj_fact fact, int64_t value)
{
    nj_buf_put_varint(buf, fact);
    nj_buf_put_varint(buf, nj_zigzag(value));
}

void
nj_fact_put_real(struct nj_buf *buf, enum nj_fact fact, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    nj_buf_put_varint(buf, fact);
    nj_buf_put_u64le(buf, bits);
}

void
nj_fact_put_link(struct nj_buf *buf, const struct nj_fact_link *link)
{
    nj_buf_put_varint(buf, NJ_FACT_LINK);
    nj_buf_put_varint(buf, LINK_BYTES);
    nj_buf_put(buf, link->trace_id.bytes, NJ_TRACE_ID_BYTES);
    for (unsigned shift = 64; shift > 0; shift -= 8)
        nj_buf_put_char(buf, (char)(link->span_id >> (shift - 8)));
    nj_buf_put_char(buf, (char)link->is_follows_from);
}

struct nj_fact_cursor
nj_facts_open(struct nj_slice facts)
{
    const uint8_t *at = (const uint8_t *)facts.ptr;
    return (struct nj_fact_cursor){.at = at, .end = facts.len ? at + facts.len : at};
}

static bool
bytes_next(struct nj_fact_cursor *c)
{
    uint64_t len;

    if (!nj_varint_read(&c->at, c->end, &len) || len > (uint64_t)(c->end - c->at))
        return false;
    c->bytes = (struct nj_slice){(const char *)c->at, (size_t)len};
    c->at += len;
    return true;
}

static bool
real_next(struct nj_fact_cursor *c)
{
    uint64_t bits = 0;

    if (c->end - c->at < 8)
        return false;
    for (unsigned i = 0; i < 8; i++)
        bits |= (uint64_t)c->at[i] << (8 * i);
    memcpy(&c->real, &bits, sizeof bits);
    c->at += 8;
    return true;
}

bool
nj_facts_next(struct nj_fact_cursor *c)
{
    uint64_t fact, raw;

    if (c->at == c->end || !nj_varint_read(&c->at, c->end, &fact) || fact >= NJ_FACTS_LEN)
        return false;
    c->fact = (enum nj_fact)fact;
    switch (nj_fact_type(c->fact)) {
    case NJ_FACT_IS_TEXT:
    case NJ_FACT_IS_BYTES:
        return bytes_next(c);
    case NJ_FACT_IS_REAL:
        return real_next(c);
    case NJ_FACT_IS_INT:
        if (!nj_varint_read(&c->at, c->end, &raw))
            return false;
        c->integer = nj_unzigzag(raw);
        return true;
    }
    return false;
}

uint64_t
nj_facts_set(struct nj_slice facts)
{
    struct nj_fact_cursor cursor = nj_facts_open(facts);
    uint64_t set = 0;

    while (nj_facts_next(&cursor))
        set |= UINT64_C(1) << cursor.fact;
    return set;
}

bool
nj_facts_find(struct nj_slice facts, enum nj_fact fact, struct nj_fact_cursor *out)
{
    *out = nj_facts_open(facts);
    while (nj_facts_next(out))
        if (out->fact == fact)
            return true;
    return false;
}

bool
nj_fact_link(const struct nj_fact_cursor *cursor, struct nj_fact_link *out)
{
    const uint8_t *at = (const uint8_t *)cursor->bytes.ptr;

    if (cursor->fact != NJ_FACT_LINK || cursor->bytes.len != LINK_BYTES)
        return false;
    memcpy(out->trace_id.bytes, at, NJ_TRACE_ID_BYTES);
    out->span_id = 0;
    for (unsigned i = 0; i < 8; i++)
        out->span_id = out->span_id << 8 | at[NJ_TRACE_ID_BYTES + i];
    out->is_follows_from = at[LINK_BYTES - 1] != 0;
    return true;
}
