/* generate.h - made-up traces of a multi-agent system, for measuring. */
#ifndef NJ_BENCH_GENERATE_H
#define NJ_BENCH_GENERATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "schema/span.h"

/* A seeded generator (Vigna 2015, splitmix64). */
static inline uint64_t
random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline uint64_t
random_below(uint64_t *state, uint64_t n)
{
    return random_next(state) % n;
}

/* The services that spans are recorded by; nj_span.scope is an index. */
enum { SERVICES_LEN = 12 };
extern const char *const service_names[SERVICES_LEN];

/* A trace that is being handed out span by span, in order of their ends. */
struct made_trace {
    struct nj_arena *arena;
    struct nj_span *spans;
    size_t spans_len, next;
    size_t spans_cap;
};

/* Makes a trace that begins at `start_ns`: about 25 spans, an agent that plans, calls models
 * and tools and hands over to others. false: no memory. */
bool trace_make(struct made_trace *trace, uint64_t *seed, int64_t start_ns, bool has_prompts);

/* Attributes of the resource of a service, into `arena`. */
struct nj_attrs resource_make(struct nj_arena *arena, unsigned service);

/* One request with these spans, grouped by service, as the collector writes it. */
struct batch {
    struct nj_span *spans[512];
    size_t len;
};
void request_write_json(struct nj_buf *out, const struct batch *batch,
                        const struct nj_attrs resources[SERVICES_LEN], bool is_spaced);
void request_write_protobuf(struct nj_buf *out, const struct batch *batch,
                            const struct nj_attrs resources[SERVICES_LEN]);

#endif
