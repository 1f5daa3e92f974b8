/* facts.c - the compact list of facts that travels with a stored span. */
#include "schema/facts.h"

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

bool
nj_facts_find(struct nj_slice facts, enum nj_fact fact, struct nj_fact_cursor *out)
{
    *out = nj_facts_open(facts);
    while (nj_facts_next(out))
        if (out->fact == fact)
            return true;
    return false;
}
